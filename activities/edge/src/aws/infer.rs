//! Infer over AWS: asks the model on Amazon Bedrock exactly what `reason` wrote.
//!
//! Owns the one call, its price and the fall back to the rules: without a model, without its prices (its budget could not be held),
//! or when Bedrock refuses or does not answer beyond the SDK's retries. The answer says then in its `note` why rules reasoned.
//! Never makes an answer up: content and stop reason are the model's own, expected or not.

use activities::shape::{InferAnswer, InferRequest, Prices, Reasoner, ReasonerKind, Usage};
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use serde_json::Value;

use super::Aws;
use super::failure::{failed, is_transient};
use super::wire::Wire;
use crate::error::EdgeError;

/// Performs one model request, or answers with the rules.
pub(super) async fn infer(aws: &Aws, request: InferRequest) -> Result<InferAnswer, EdgeError> {
    let Some(model) = request.model_id else {
        let note = request.rules.note.clone().unwrap_or_else(|| "no model is configured".to_owned());
        return Ok(rules(request.rules, note));
    };
    if !request.request.is_object() {
        return Err(EdgeError::bad_input("infer", "`request` is no JSON object"));
    }
    let Some(prices) = aws.settings().prices(&model)? else {
        let note = format!("no price is known for the model `{model}`, its budget could not be held: rules reasoned");
        return Ok(rules(request.rules, note));
    };
    match converse(aws, &model, &request.request).await {
        Ok(answer) => read(&model, answer, &prices),
        Err(problem) => {
            tracing::warn!(model, problem, "the model could not be asked");
            Ok(rules(request.rules, format!("the model `{model}` could not be asked: {problem}; rules reasoned")))
        }
    }
}

/// The answer of Bedrock as it came, or why there is none.
async fn converse(aws: &Aws, model: &str, body: &Value) -> Result<Value, String> {
    let wire = Wire::sending(body.to_string().into_bytes());
    let config = aws_sdk_bedrockruntime::config::Builder::new()
        .retry_config(retries(aws))
        .timeout_config(TimeoutConfig::builder().operation_timeout(WHOLE).operation_attempt_timeout(ATTEMPT).build());
    let sent = aws
        .bedrock()
        .converse()
        .model_id(model)
        .customize()
        .config_override(config)
        .interceptor(wire.clone())
        .send()
        .await;
    match sent {
        Ok(_) => wire.answer().ok_or_else(|| "its answer was not kept".to_owned()),
        Err(error) if is_transient(&error) => {
            Err(format!("after {ATTEMPTS} attempts {}", failed(CALL, &error).message))
        }
        Err(error) => Err(failed(CALL, &error).message),
    }
}

/// More attempts than other calls get: throttles are Bedrock's normal answer to a storm of incidents.
fn retries(aws: &Aws) -> RetryConfig {
    let own = aws.sdk().retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    own.with_max_attempts(ATTEMPTS)
}

/// Reads a Converse answer; only what it was priced by is looked at.
fn read(model: &str, answer: Value, prices: &Prices) -> Result<InferAnswer, EdgeError> {
    let broken = |what: &str| EdgeError::new(BAD_ANSWER, format!("the answer of the model `{model}` has no {what}"));
    let content =
        answer.pointer("/output/message/content").and_then(Value::as_array).ok_or_else(|| broken("content"))?.clone();
    let stop_reason = answer.get("stopReason").and_then(Value::as_str).ok_or_else(|| broken("stop reason"))?.to_owned();
    let spent = answer.get("usage").ok_or_else(|| broken("usage"))?;
    let tokens = |name: &str| spent.get(name).and_then(Value::as_u64).unwrap_or(0);
    let usage = Usage {
        input_tokens: tokens("inputTokens"),
        output_tokens: tokens("outputTokens"),
        cache_read_tokens: tokens("cacheReadInputTokens"),
        cache_write_tokens: tokens("cacheWriteInputTokens"),
        cost_usd: 0.0,
    };
    Ok(InferAnswer {
        reasoner: Reasoner { kind: ReasonerKind::Model, name: model.to_owned() },
        content,
        stop_reason,
        cost_usd: usage.cost_usd(prices),
        usage,
        latency_ms: answer.pointer("/metrics/latencyMs").and_then(Value::as_u64).unwrap_or(0),
        note: None,
    })
}

fn rules(rules: InferAnswer, note: String) -> InferAnswer {
    InferAnswer { note: Some(note), ..rules }
}

const CALL: &str = "bedrock:InvokeModel";
const BAD_ANSWER: &str = "Sao.BadModelAnswer";
const ATTEMPTS: u32 = 4;
/// The state of the machine ends after 180 seconds; the fall back must come before.
const WHOLE: std::time::Duration = std::time::Duration::from_secs(160);
const ATTEMPT: std::time::Duration = std::time::Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::replay::{Exchange, Script};
    use super::*;

    const CONVERSE: &[&str] = &["POST ", "/model/m/converse"];

    fn request(model: Option<&str>) -> Value {
        json!({
            "model_id": model,
            "request": {"system": [{"text": "s"}, {"cachePoint": {"type": "default"}}], "messages": [{"role": "user", "content": [{"text": "u"}]}],
                "toolConfig": {"tools": [{"toolSpec": {"name": "t", "strict": true, "inputSchema": {"json": {"type": "object"}}}}]},
                "a_field_of_tomorrow": [1]},
            "rules": {"reasoner": {"kind": "rules", "name": "playbook v1"}, "content": [{"text": "x"}], "stop_reason": "tool_use",
                "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0}, "cost_usd": 0.0}
        })
    }

    fn answered(stop_reason: &str) -> String {
        json!({"output": {"message": {"role": "assistant", "content": [
                {"toolUse": {"toolUseId": "t1", "name": "t", "input": {"a": 1}}}, {"a_block_of_tomorrow": {"b": 2}}]}},
            "stopReason": stop_reason, "metrics": {"latencyMs": 1234},
            "usage": {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100, "cacheReadInputTokens": 2000, "cacheWriteInputTokens": 400}})
        .to_string()
    }

    /// Asks the model, to which Bedrock answers by the exchange.
    async fn infer(exchange: Exchange) -> (Script, InferAnswer) {
        let script = Script::new([exchange]);
        let answer = script.aws(&[]).call("infer", request(Some("m"))).await.unwrap();
        (script, serde_json::from_value(answer).unwrap())
    }

    /// Checks that rules reasoned, that the answer says why, and how many times the model was asked.
    async fn check_rules(exchange: Exchange, part: &str, attempts: usize) {
        let (script, answer) = infer(exchange).await;
        assert_eq!(answer.reasoner.kind, ReasonerKind::Rules);
        let note = answer.note.clone().unwrap();
        assert!(note.contains(part) && note.contains("rules reasoned"), "{note}");
        assert_eq!(json!(InferAnswer { note: None, ..answer }), json!(rules_alone()));
        assert_eq!(script.asked(CONVERSE).len(), attempts);
    }

    fn rules_alone() -> InferAnswer {
        serde_json::from_value(request(None)["rules"].clone()).unwrap()
    }

    #[tokio::test]
    async fn the_model_is_asked_exactly_what_reason_wrote() {
        let (script, answer) = infer(Exchange::of(CONVERSE, 200, answered("tool_use"))).await;
        let [asked] = script.asked(CONVERSE).try_into().unwrap();
        assert_eq!(asked.text(), request(None)["request"].to_string());
        assert_eq!(asked.headers["content-length"], asked.body.len().to_string());
        assert!(asked.headers["authorization"].starts_with("AWS4-HMAC-SHA256"));
        assert_eq!(answer.reasoner.label(), "model: m");
        assert_eq!(answer.content[1], json!({"a_block_of_tomorrow": {"b": 2}}), "blocks cross as Bedrock wrote them");
        assert_eq!((answer.stop_reason.as_str(), answer.latency_ms, answer.note), ("tool_use", 1234, None));
        assert_eq!((answer.usage.input_tokens, answer.usage.cache_read_tokens), (1000, 2000));
        assert!((answer.cost_usd - 0.0066).abs() < 1e-9, "{}", answer.cost_usd);
    }

    #[tokio::test]
    async fn an_unexpected_stop_reason_crosses_as_it_is() {
        let (_, answer) = infer(Exchange::of(CONVERSE, 200, answered("max_tokens"))).await;
        assert_eq!((answer.stop_reason.as_str(), answer.reasoner.kind), ("max_tokens", ReasonerKind::Model));
    }

    #[tokio::test]
    async fn a_throttle_that_passes_is_not_seen() {
        let throttled = Exchange::of(CONVERSE, 429, r#"{"message": "Too many requests"}"#)
            .with("x-amzn-errortype", "ThrottlingException");
        let (script, answer) = infer(throttled.then(200, answered("tool_use"))).await;
        assert_eq!((answer.reasoner.kind, script.asked(CONVERSE).len()), (ReasonerKind::Model, 2));
    }

    #[tokio::test]
    async fn a_throttle_beyond_the_retries_leaves_it_to_the_rules() {
        let throttled = Exchange::of(CONVERSE, 429, r#"{"message": "Too many requests"}"#)
            .with("x-amzn-errortype", "ThrottlingException");
        check_rules(
            throttled,
            "after 4 attempts `bedrock:InvokeModel` failed with `ThrottlingException`: Too many requests",
            4,
        )
        .await;
    }

    #[tokio::test]
    async fn a_refusal_of_bedrock_leaves_it_to_the_rules_at_once() {
        let denied = Exchange::of(CONVERSE, 403, r#"{"message": "no access to the model"}"#)
            .with("x-amzn-errortype", "AccessDeniedException");
        check_rules(denied, "no access to the model", 1).await;
    }

    #[tokio::test]
    async fn without_a_model_or_its_prices_nothing_is_asked() {
        let script = Script::new([]);
        let answer = script.aws(&[]).call("infer", request(None)).await.unwrap();
        assert_eq!(
            (answer["reasoner"]["kind"].as_str(), answer["note"].as_str()),
            (Some("rules"), Some("no model is configured"))
        );
        let answer = script.aws(&[]).call("infer", request(Some("unpriced"))).await.unwrap();
        assert!(answer["note"].as_str().unwrap().contains("no price is known for the model `unpriced`"), "{answer}");
    }
}
