//! Infer, embedded: the rules answer, because this build reaches no model.
//!
//! Owns saying so. The rules' answer is passed on as it is: its `reasoner` says that rules reasoned, its `note` says why.

use activities::shape::{InferAnswer, InferRequest, ReasonerKind};

use crate::error::EdgeError;

/// Answers with the rules and the reason why no model was asked.
pub(crate) fn infer(request: InferRequest) -> Result<InferAnswer, EdgeError> {
    if request.rules.reasoner.kind == ReasonerKind::Request {
        return Ok(request.rules);
    }
    let note = match &request.model_id {
        None => "no model is configured: rules reasoned".to_owned(),
        Some(model) => format!("the model `{model}` cannot be reached from the embedded engine: rules reasoned"),
    };
    Ok(InferAnswer { note: Some(note), ..request.rules })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(model: Option<&str>, part: &str) {
        let rules = json!({
            "reasoner": {"kind": "rules", "name": "playbook v1"}, "content": [{"text": "x"}], "stop_reason": "end_turn",
            "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0}, "cost_usd": 0.0
        });
        let rules: InferAnswer = serde_json::from_value(rules).unwrap();
        let request = InferRequest { model_id: model.map(str::to_owned), request: json!({}), rules: rules.clone() };
        let answer = infer(request).unwrap();
        assert!(answer.note.as_deref().unwrap().contains(part));
        assert_eq!(InferAnswer { note: None, ..answer }, rules);
    }

    #[test]
    fn without_a_model_the_rules_answer_and_say_so() {
        check(None, "no model is configured");
    }

    #[test]
    fn a_model_that_cannot_be_reached_is_named() {
        check(Some("a-model"), "`a-model` cannot be reached");
    }
}
