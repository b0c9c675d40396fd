//! One incident for tests: a function near its timeout, observed, proposed and decided.

use serde_json::{Value, json};

use crate::shape::{Fields, Incident, MetricQuery, Observation, Proposal, Read, Settings};

/// The event as EventBridge delivers it.
pub(crate) fn event() -> Value {
    json!({
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": "2026-11-23T10:15:31Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-orders-duration"],
        "detail": {
            "alarmName": "shop-orders-duration",
            "state": {
                "value": "ALARM",
                "reason": "Threshold Crossed: 1 datapoint [9870.0 (23/11/26 10:14:00)] was greater than the threshold (9000.0).",
                "reasonData": "{}",
                "timestamp": "2026-11-23T10:15:30.123+0000"
            },
            "previousState": {"value": "OK", "reason": "", "timestamp": "2026-11-23T09:15:30.123+0000"},
            "configuration": {
                "description": "Orders come near their timeout",
                "metrics": [{
                    "id": "m1",
                    "metricStat": {
                        "metric": {"namespace": "AWS/Lambda", "name": "Duration", "dimensions": {"FunctionName": "shop-orders"}},
                        "period": 60,
                        "stat": "Maximum"
                    },
                    "returnData": true
                }]
            }
        }
    })
}

/// When a request was made, and is detected.
pub(crate) const AT: &str = "2026-11-23T10:15:40.000Z";

/// The event of a requested action.
pub(crate) fn request() -> Value {
    json!({
        "version": "0", "id": "r-1", "detail-type": "SAO Action Request", "source": "sao.request",
        "account": "123456789012", "region": "eu-west-1", "time": AT, "resources": [],
        "detail": {
            "requester": "agent claude", "action": "lambda_update_timeout", "node": NODE, "type": "aws_lambda_function",
            "name": "shop-orders", "parameters": {"timeout": 20}, "reason": "invocations come near the timeout"
        }
    })
}

pub(crate) fn settings() -> Settings {
    serde_json::from_value(json!({
        "mode": "ask", "approval_seconds": 3600, "reminder_seconds": 900, "escalation_seconds": 1800, "high_approvals": 2,
        "poll_seconds": 1, "effect_seconds": 120, "settle_seconds": 2, "verify_seconds": 300, "undo_unchanged": false, "max_turns": 4,
        "max_cost_usd": 0.25, "context_tokens": 8000, "model_id": "none", "automatic_per_hour": 3, "platform_prefix": "sao-"
    }))
    .unwrap()
}

pub(crate) fn incident() -> Incident {
    serde_json::from_value(json!({
        "id": "inc-00112233445566778899aabbccddeeff",
        "execution": "arn:aws:states:eu-west-1:123456789012:execution:sao-incident:inc-00112233445566778899aabbccddeeff",
        "account": "123456789012",
        "region": "eu-west-1",
        "alarm": {
            "name": "shop-orders-duration",
            "arn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-orders-duration",
            "kind": "metric",
            "description": "Orders come near their timeout",
            "reason": "Threshold Crossed: 1 datapoint [9870.0] was greater than the threshold (9000.0).",
            "metrics": [{
                "namespace": "AWS/Lambda", "name": "Duration", "dimensions": {"FunctionName": "shop-orders"},
                "statistic": "Maximum", "period_seconds": 60
            }]
        },
        "resource": {
            "namespace": "AWS/Lambda", "type": "aws_lambda_function", "name": "shop-orders",
            "aliases": ["arn:aws:lambda:eu-west-1:123456789012:function:shop-orders", "shop-orders"],
            "dimensions": {"FunctionName": "shop-orders"}
        },
        "started_at": "2026-11-23T10:15:30.123Z",
        "detected_at": "2026-11-23T10:15:32.000Z"
    }))
    .unwrap()
}

/// An observation of a usual read, by the read's name; `error` in place of the answer makes a failed one.
pub(crate) fn observation(id: &str, answer: Value) -> Observation {
    let (answer, error) = match answer.get("error") {
        Some(error) => (None, Some(serde_json::from_value(error.clone()).unwrap())),
        None => (Some(answer), None),
    };
    let at = "2026-11-23T10:15:33.000Z".to_owned();
    Observation {
        id: id.to_owned(),
        read: read(id),
        asked_at: at.clone(),
        answered_at: at,
        answer,
        error,
        truncated: false,
    }
}

/// What is observed first about the incident, complete and well.
pub(crate) fn observed() -> Vec<Observation> {
    let points = |values: &[f64]| -> Vec<Value> {
        let minute = |at: usize| format!("2026-11-23T10:{:02}:00Z", 15 - values.len() + at);
        values.iter().enumerate().map(|(at, value)| json!({"at": minute(at), "value": value})).collect()
    };
    let answers = json!({
        "alarm": {"name": "shop-orders-duration", "state": "ALARM", "updated_at": "2026-11-23T10:15:30Z", "threshold": 9000.0,
            "comparison": "GreaterThanThreshold"},
        "topology": {
            "node": {
                "id": NODE, "type": "aws_lambda_function", "arn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-orders",
                "names": ["shop-orders"], "region": "eu-west-1", "account": "123456789012",
                "attributes": {"function_name": "shop-orders", "timeout": 10, "memory_size": 256},
                "tags": {"Environment": "production"}
            },
            "neighbours": [
                {"node": {"id": "aws_lambda_function.web", "type": "aws_lambda_function", "names": ["shop-web"],
                    "arn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-web", "attributes": {"function_name": "shop-web"}},
                    "relation": "calls", "direction": "depended_on_by", "distance": 1, "affected": true},
                {"node": {"id": "aws_ecs_service.cart", "type": "aws_ecs_service", "names": ["cart", "shop/cart"],
                    "arn": "arn:aws:ecs:eu-west-1:123456789012:service/shop/cart", "attributes": {"name": "cart", "cluster": "shop"}},
                    "relation": "calls", "direction": "depends_on", "distance": 1}
            ],
            "nodes": 34, "sources": ["shop/7"]
        },
        "governance": {"documents": [{"name": "governance.json", "text": "{\"denied_actions\": []}"}], "version": "sha256:g"},
        "constraints": {"documents": [{"name": "constraints.json", "text": "{\"maintenance_windows\": []}"}], "version": "sha256:c"},
        "kill_switch": {"engaged": false},
        "recent_actions": {"automatic": 0},
        "precedents": {"precedents": [], "embedding": "local", "total": 0},
        "alarm_history": {"transitions": []},
        "active_alarms": {"alarms": []},
        "metrics": {"series": [
            {"id": "watched", "unit": "Milliseconds", "points": points(&[6100.0, 7900.0, 8800.0, 9870.0])},
            {"id": "duration_maximum", "unit": "Milliseconds", "points": points(&[6100.0, 7900.0, 8800.0, 9870.0])}
        ]},
        "configuration": {"resource_type": "aws_lambda_function", "name": "shop-orders",
            "attributes": {"function_name": "shop-orders", "timeout": 10, "memory_size": 256, "last_update_status": "Successful"}},
        "changes": {"changes": []},
        "logs": {"group": "/aws/lambda/shop-orders", "lines": [{"at": "2026-11-23T10:14:03Z",
            "message": "REPORT RequestId: 1 Duration: 9870.00 ms Memory Size: 256 MB Max Memory Used: 98 MB"}]},
    });
    answers.as_object().unwrap().iter().map(|(id, answer)| observation(id, answer.clone())).collect()
}

/// The same with one answer replaced.
pub(crate) fn observed_with(id: &str, answer: Value) -> Vec<Observation> {
    let mut observations = observed();
    match observations.iter_mut().find(|one| one.id == id) {
        Some(found) => *found = observation(id, answer),
        None => observations.push(observation(id, answer)),
    }
    observations
}

/// A precedent of the incident's node, similar enough to count.
pub(crate) fn precedent(action: &str, parameters: Value, outcome: &str) -> Value {
    json!({"similarity": 0.91, "precedent": {
        "id": "inc-former", "at": "2026-11-01T10:00:00Z", "alarm": "shop-orders-duration", "text": "t", "node": NODE,
        "resource_type": "aws_lambda_function", "action": action, "parameters": parameters, "outcome": outcome, "reason": "r", "execution": "e"
    }})
}

pub(crate) const NODE: &str = "module.api.aws_lambda_function.orders";

/// The usual read of a name, the turn's prefix left out.
fn read(id: &str) -> Read {
    let kind = id.rsplit('.').next().unwrap_or(id);
    match kind {
        "alarm" => Read::Alarm { name: "shop-orders-duration".to_owned() },
        "metrics" => Read::Metrics {
            queries: ["watched", "duration_maximum", "throttles_sum", "errors_sum"].map(query).to_vec(),
            seconds: 3_600,
        },
        "logs" => Read::Logs { group: "/aws/lambda/shop-orders".to_owned(), seconds: 1_800, pattern: None, limit: 100 },
        "configuration" => {
            Read::Configuration { resource_type: "aws_lambda_function".to_owned(), name: "shop-orders".to_owned() }
        }
        "changes" => Read::Changes { name: "shop-orders".to_owned(), seconds: 86_400, limit: 10 },
        "topology" => Read::Topology {
            namespace: "AWS/Lambda".to_owned(),
            dimensions: Fields::new(),
            aliases: vec!["shop-orders".to_owned()],
            alarms: Vec::new(),
            depth: 2,
            limit: 40,
        },
        "governance" => Read::Governance {},
        "constraints" => Read::Constraints {},
        "kill_switch" => Read::KillSwitch {},
        "recent_actions" => Read::RecentActions { seconds: 3_600 },
        "precedents" => {
            Read::Precedents { text: "alarm shop-orders-duration".to_owned(), resource_type: None, limit: 5 }
        }
        "alarm_history" => Read::AlarmHistory { name: "shop-orders-duration".to_owned(), seconds: 604_800, limit: 20 },
        "active_alarms" => Read::ActiveAlarms { limit: 20 },
        other => panic!("no usual read is called `{other}`"),
    }
}

fn query(id: &str) -> MetricQuery {
    MetricQuery {
        id: id.to_owned(),
        namespace: "AWS/Lambda".to_owned(),
        metric: "Duration".to_owned(),
        dimensions: Fields::new(),
        statistic: "Maximum".to_owned(),
        period_seconds: 60,
    }
}

pub(crate) fn proposal() -> Proposal {
    serde_json::from_value(json!({
        "schema": "sao.proposal/1",
        "incident": "inc-00112233445566778899aabbccddeeff",
        "action": "lambda_update_timeout",
        "target": {
            "node": "module.api.aws_lambda_function.orders", "type": "aws_lambda_function", "name": "shop-orders",
            "arn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-orders", "account": "123456789012", "region": "eu-west-1"
        },
        "parameters": {"timeout": 20},
        "before": {"timeout": 10},
        "inverse": {"action": "lambda_update_timeout", "parameters": {"timeout": 10}},
        "risk": {"level": "LOW", "reasons": ["reversible"]},
        "cause": {"statement": "The function runs into its timeout.", "evidence": ["E1"]},
        "rationale": "The longest run took 9.9 s of 10 s.",
        "blast_radius": {"nodes": [], "total": 0},
        "approval": {"role": "on-call", "approvals": 1},
        "policy_version": "sha256:1",
        "requester": "rules: playbook v1",
        "reasoner": {"kind": "rules", "name": "playbook v1"},
        "execution": "arn:aws:states:eu-west-1:123456789012:execution:sao-incident:inc-00112233445566778899aabbccddeeff",
        "nonce": "n1",
        "created_at": "2026-11-23T10:15:40.000Z",
        "expires_at": "2026-11-23T11:20:40.000Z"
    }))
    .unwrap()
}
