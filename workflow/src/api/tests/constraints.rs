//! The constraints on the members of each action, as the service's model has them: one row a member.

use super::*;

/// What may be wrong with a member.
enum Rule {
    /// It must be there.
    Required,
    /// A text has so many characters.
    Length(usize, usize),
    /// As `Length`; the text is not repeated.
    Hidden(usize, usize),
    /// A number lies between these.
    Number(i64, i64),
    /// A text is one of these.
    Words(&'static str),
}

use Rule::{Hidden, Length, Number, Required, Words};

/// A member and what holds for it.
type Member = (&'static str, &'static [Rule]);

/// The members of the actions. A dotted name leads into objects, a `1` into a list.
const MEMBERS: &[(&str, &[Member])] = &[
    ("CreateActivity", &[("name", &[Required, Length(1, 80)]), TAG_KEY, TAG_VALUE, ENCRYPTION]),
    (
        "CreateStateMachine",
        &[
            ("name", &[Required, Length(1, 80)]),
            ("definition", &[Required, Hidden(1, MANY)]),
            ("roleArn", ARN),
            ("type", MACHINE_TYPE),
            ("versionDescription", &[Hidden(0, 256)]),
            ("loggingConfiguration.level", &[Words("ALL, ERROR, FATAL, OFF")]),
            TAG_KEY,
            TAG_VALUE,
            ENCRYPTION,
        ],
    ),
    (
        "CreateStateMachineAlias",
        &[
            ("description", &[Hidden(0, 256)]),
            ("name", &[Required, Length(0, 80)]),
            ("routingConfiguration", &[Required]),
            ("routingConfiguration.1.stateMachineVersionArn", &[Length(1, 256)]),
            ("routingConfiguration.1.weight", &[Number(0, 100)]),
        ],
    ),
    ("DeleteActivity", &[("activityArn", ARN)]),
    ("DeleteStateMachine", &[("stateMachineArn", ARN)]),
    ("DeleteStateMachineAlias", &[("stateMachineAliasArn", ARN)]),
    ("DeleteStateMachineVersion", &[("stateMachineVersionArn", &[Required, Length(1, 2000)])]),
    ("DescribeActivity", &[("activityArn", ARN)]),
    ("DescribeExecution", &[("executionArn", ARN), INCLUDED]),
    ("DescribeMapRun", &[("mapRunArn", &[Required, Length(1, 2000)])]),
    ("DescribeStateMachine", &[("stateMachineArn", ARN), INCLUDED]),
    ("DescribeStateMachineAlias", &[("stateMachineAliasArn", ARN)]),
    ("DescribeStateMachineForExecution", &[("executionArn", ARN), INCLUDED]),
    ("GetActivityTask", &[("activityArn", ARN), ("workerName", &[Length(1, 80)])]),
    ("GetExecutionHistory", &[("executionArn", ARN), PAGE_SIZE, PAGE_TOKEN]),
    ("ListActivities", &[PAGE_SIZE, PAGE_TOKEN]),
    (
        "ListExecutions",
        &[
            ("stateMachineArn", &[Length(1, 256)]),
            ("mapRunArn", &[Length(1, 2000)]),
            ("statusFilter", &[Words("RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE")]),
            ("redriveFilter", &[Words("REDRIVEN, NOT_REDRIVEN")]),
            PAGE_SIZE,
            ("nextToken", &[Length(1, 3096)]),
        ],
    ),
    ("ListMapRuns", &[("executionArn", ARN), PAGE_SIZE, PAGE_TOKEN]),
    ("ListStateMachineAliases", &[("stateMachineArn", ARN), PAGE_SIZE, PAGE_TOKEN]),
    ("ListStateMachineVersions", &[("stateMachineArn", ARN), PAGE_SIZE, PAGE_TOKEN]),
    ("ListStateMachines", &[PAGE_SIZE, PAGE_TOKEN]),
    ("ListTagsForResource", &[("resourceArn", ARN)]),
    ("PublishStateMachineVersion", &[("stateMachineArn", ARN), ("description", &[Hidden(0, 256)])]),
    ("RedriveExecution", &[("executionArn", ARN), ("clientToken", &[Length(1, 64)])]),
    ("SendTaskFailure", &[TOKEN, ("error", &[Hidden(0, 256)]), ("cause", &[Hidden(0, 32_768)])]),
    ("SendTaskHeartbeat", &[TOKEN]),
    ("SendTaskSuccess", &[TOKEN, ("output", &[Required, Hidden(0, 262_144)])]),
    ("StartExecution", STARTED),
    ("StartSyncExecution", STARTED),
    ("StartSyncExecution", &[INCLUDED]),
    ("StopExecution", &[("executionArn", ARN), ("error", &[Hidden(0, 256)]), ("cause", &[Hidden(0, 32_768)])]),
    ("TagResource", &[("resourceArn", ARN), ("tags", &[Required]), TAG_KEY, TAG_VALUE]),
    ("UntagResource", &[("resourceArn", ARN), ("tagKeys", &[Required]), ("tagKeys.1", &[Length(1, 128)])]),
    (
        "UpdateMapRun",
        &[
            ("mapRunArn", &[Required, Length(1, 2000)]),
            ("maxConcurrency", &[Number(0, i64::MAX)]),
            ("toleratedFailureCount", &[Number(0, i64::MAX)]),
        ],
    ),
    (
        "UpdateStateMachine",
        &[
            ("stateMachineArn", ARN),
            ("definition", &[Hidden(1, MANY)]),
            ("roleArn", &[Length(1, 256)]),
            ("versionDescription", &[Hidden(0, 256)]),
            ENCRYPTION,
        ],
    ),
    (
        "UpdateStateMachineAlias",
        &[
            ("stateMachineAliasArn", ARN),
            ("description", &[Hidden(0, 256)]),
            ("routingConfiguration.1.weight", &[Number(0, 100)]),
        ],
    ),
    (
        "ValidateStateMachineDefinition",
        &[
            ("definition", &[Required, Hidden(1, MANY)]),
            ("type", MACHINE_TYPE),
            ("severity", &[Words("ERROR, WARNING")]),
            ("maxResults", &[Number(0, 100)]),
        ],
    ),
    (
        "TestState",
        &[
            ("definition", &[Required, Hidden(1, MANY)]),
            ("roleArn", &[Length(1, 256)]),
            ("input", &[Hidden(0, 262_144)]),
            ("inspectionLevel", &[Words("INFO, DEBUG, TRACE")]),
            ("variables", &[Hidden(0, 262_144)]),
            ("stateName", &[Hidden(1, 80)]),
            ("mock.result", &[Hidden(0, 262_144)]),
            ("mock.errorOutput.error", &[Hidden(0, 256)]),
            ("mock.errorOutput.cause", &[Hidden(0, 32_768)]),
            ("mock.fieldValidationMode", &[Words("STRICT, PRESENT, NONE")]),
            ("context", &[Hidden(0, 262_144)]),
            ("stateConfiguration.errorCausedByState", &[Hidden(1, 80)]),
            ("stateConfiguration.mapItemReaderData", &[Hidden(0, 262_144)]),
        ],
    ),
];

const ARN: &[Rule] = &[Required, Length(1, 256)];
const MACHINE_TYPE: &[Rule] = &[Words("STANDARD, EXPRESS")];
const INCLUDED: (&str, &[Rule]) = ("includedData", &[Words("ALL_DATA, METADATA_ONLY")]);
const PAGE_SIZE: (&str, &[Rule]) = ("maxResults", &[Number(0, 1000)]);
const PAGE_TOKEN: (&str, &[Rule]) = ("nextToken", &[Length(1, 1024)]);
const TOKEN: (&str, &[Rule]) = ("taskToken", &[Required, Hidden(1, 2048)]);
const TAG_KEY: (&str, &[Rule]) = ("tags.1.key", &[Length(1, 128)]);
const TAG_VALUE: (&str, &[Rule]) = ("tags.1.value", &[Length(0, 256)]);
const ENCRYPTION: (&str, &[Rule]) =
    ("encryptionConfiguration.type", &[Required, Words("AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY")]);
const STARTED: &[(&str, &[Rule])] = &[
    ("stateMachineArn", ARN),
    ("name", &[Length(1, 80)]),
    ("input", &[Hidden(0, 262_144)]),
    ("traceHeader", &[Length(0, 256)]),
];

/// A bound that a request cannot reach: it would be too large as a whole.
const MANY: usize = usize::MAX;

/// A body in which every member of the action is in order.
fn sound(members: &[(&str, &[Rule])]) -> Value {
    let mut body = json!({
        "stateMachineArn": MACHINE, "executionArn": EXECUTION, "name": "n", "definition": "{}", "roleArn": ROLE,
        "activityArn": "a", "mapRunArn": "r", "resourceArn": MACHINE, "taskToken": "t", "output": "{}",
        "stateMachineAliasArn": "a", "stateMachineVersionArn": "v",
    });
    for (at, _) in members {
        match at.split('.').next().unwrap() {
            list @ "tags" => body[list] = json!([{ "key": "k", "value": "v" }]),
            list @ "tagKeys" => body[list] = json!(["k"]),
            list @ "routingConfiguration" => {
                body[list] = json!([{ "stateMachineVersionArn": "v", "weight": 100 }]);
            }
            object @ "encryptionConfiguration" => body[object] = json!({ "type": "AWS_OWNED_KEY" }),
            _ => {}
        }
    }
    body
}

fn set(body: &mut Value, at: &str, value: Value) {
    let mut place = body;
    for step in at.split('.') {
        place = match step.parse::<usize>() {
            Ok(number) => &mut place[number - 1],
            Err(_) => &mut place[step],
        };
    }
    *place = value;
}

/// A member as the service names it: `tags.1.key` is `tags.1.member.key`.
fn shown(at: &str) -> String {
    at.replace(".1", ".1.member")
}

/// The values that break a rule, and what is said of each.
fn broken(at: &str, rule: &Rule) -> Vec<(Value, String)> {
    let at = shown(at);
    let text = |length: usize, hidden: bool, bound: &str, limit: usize| {
        let text = "x".repeat(length);
        let what = if hidden { format!("Value at '{at}'") } else { format!("Value '{text}' at '{at}'") };
        (
            json!(text),
            format!("{what} failed to satisfy constraint: Member must have length {bound} than or equal to {limit}"),
        )
    };
    let number = |value: i64, bound: &str, limit: i64| {
        let what = format!("Value '{value}' at '{at}'");
        (
            json!(value),
            format!("{what} failed to satisfy constraint: Member must have value {bound} than or equal to {limit}"),
        )
    };
    match *rule {
        Required => {
            vec![(Value::Null, format!("Value null at '{at}' failed to satisfy constraint: Member must not be null"))]
        }
        Length(least, most) | Hidden(least, most) => {
            let hidden = matches!(rule, Hidden(..));
            let short = (least > 0).then(|| text(least - 1, hidden, "greater", least));
            let long = (most < MANY).then(|| text(most + 1, hidden, "less", most));
            short.into_iter().chain(long).collect()
        }
        Number(least, most) => {
            let small = Some(number(least - 1, "greater", least));
            let large = (most < i64::MAX).then(|| number(most + 1, "less", most));
            small.into_iter().chain(large).collect()
        }
        Words(words) => vec![(
            json!("NONSENSE"),
            format!(
                "Value 'NONSENSE' at '{at}' failed to satisfy constraint: Member must satisfy enum value set: [{words}]"
            ),
        )],
    }
}

#[tokio::test]
async fn every_member_keeps_to_its_constraints_or_is_named() {
    let bench = Bench::new().await;
    for (action, members) in MEMBERS {
        for (at, rules) in *members {
            for (value, violation) in rules.iter().flat_map(|rule| broken(at, rule)) {
                let mut body = sound(members);
                set(&mut body, at, value);
                let said = bench.refused(action, body).await;
                let expected = format!("1 validation error detected: {violation}");
                assert_eq!(said, ("ValidationException".to_owned(), expected), "{action} {at}");
            }
        }
    }
}

#[test]
fn every_action_with_members_has_its_row() {
    let rows: std::collections::BTreeSet<&str> = MEMBERS.iter().map(|(action, _)| *action).collect();
    assert_eq!(rows, refusals::ACTIONS.into_iter().collect());
}
