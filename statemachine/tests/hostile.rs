//! Hostile definitions, inputs and expressions, run whole: each is refused or ends, and what it may hold is bounded.
//!
//! Owns the claim that no text can take the process down: every test runs executions to their end on a clock of their own and then
//! looks at the most memory the process ever held. Single fields are tested where they are read.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]
#![allow(clippy::disallowed_methods, reason = "the test reads how much memory its own process holds")]

use std::sync::Arc;

use serde_json::{Value, json};
use statemachine::{Command, Definition, Execution, Identity, Signal, Status, history::History};

/// Runs a definition to its end; tasks answer `{}`.
fn run(definition: &str, input: &str) -> (usize, Status) {
    let definition =
        Arc::new(Definition::parse(definition).unwrap_or_else(|error| panic!("{}", short(&error.to_string()))));
    let mut execution = Execution::new(Arc::clone(&definition), Arc::new(identity()));
    let mut history = History::new(definition, "role", "eu-west-1");
    let mut draws = 0u64;
    let mut chance = || {
        draws = draws.wrapping_add(0x9e37_79b9_7f4a_7c15);
        draws
    };
    let (mut now, mut events) = (1_000_000, 0);
    let mut calls = Vec::new();
    let mut advance = execution.start(input, now, &mut chance);
    for _ in 0..MOST_STEPS {
        events += advance.records.iter().filter_map(|record| history.push(now, record)).count();
        calls.extend(advance.commands.iter().filter_map(|command| match command {
            Command::InvokeTask(call) => Some(call.task),
            _ => None,
        }));
        now += 1;
        let signal = calls.pop().map(|task| Signal::TaskSucceeded { task, output: "{}".to_owned() });
        if signal.is_none() {
            let Some(due) = execution.next_due() else { break };
            now = now.max(due);
        }
        advance = execution.advance(signal, now, &mut chance).unwrap_or_default();
    }
    within_memory();
    (events, execution.status().clone())
}

#[track_caller]
fn check_fails(definition: &Value, input: &str, expect: &str) {
    match run(&definition.to_string(), input) {
        (_, Status::Failed { error, .. }) => assert_eq!(error.as_deref(), Some(expect)),
        (events, status) => panic!("{} after {events} events, expected {expect}", short(&format!("{status:?}"))),
    }
}

#[track_caller]
fn check_succeeds(definition: &Value, input: &str) -> String {
    match run(&definition.to_string(), input) {
        (_, Status::Succeeded { output }) => output,
        (events, status) => panic!("{} after {events} events", short(&format!("{status:?}"))),
    }
}

#[track_caller]
fn check_refused(definition: &str) {
    assert!(Definition::parse(definition).is_err(), "{}", short(definition));
    within_memory();
}

fn machine(state: Value) -> Value {
    json!({ "StartAt": "A", "States": { "A": state } })
}

/// A machine that never leaves `A` and `Again`, though it could.
fn circle(state: Value) -> Value {
    let never = json!({ "Variable": "$.never", "IsPresent": true, "Next": "End" });
    let again = json!({ "Type": "Choice", "Choices": [never], "Default": "A" });
    json!({ "StartAt": "A", "States": { "A": state, "Again": again, "End": { "Type": "Succeed" } } })
}

fn output_of(expression: &str) -> Value {
    machine(
        json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": format!("{{% {expression} %}}"), "End": true }),
    )
}

#[test]
fn definitions_nested_without_end_are_refused() {
    for state in ["Parallel", "Map"] {
        let (open, close) = match state {
            "Parallel" => (r#"{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":"#, "}}]}"),
            _ => (r#"{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"A","States":{"A":"#, "}}}"),
        };
        let nested = format!("{}{}{}", open.repeat(5_000), r#"{"Type":"Succeed"}"#, close.repeat(5_000));
        check_refused(&format!(r#"{{"StartAt":"A","States":{{"A":{nested}}}}}"#));
    }
    let rule =
        format!("{}{}{}", r#"{"Not":"#.repeat(20_000), r#"{"Variable":"$.a","IsNull":true}"#, "}".repeat(20_000));
    check_refused(&format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Choice","Choices":[{rule}]}}}}}}"#));
}

#[test]
fn calls_and_paths_nested_without_end_are_refused() {
    let call = format!("{}$.a{}", "States.Array(".repeat(10_000), ")".repeat(10_000));
    check_refused(&machine(json!({ "Type": "Pass", "Parameters": { "a.$": call }, "End": true })).to_string());
    let filter = format!("$.a[?({}@.b{})]", "(".repeat(50_000), ")".repeat(50_000));
    let _ = Definition::diagnose(&machine(json!({ "Type": "Pass", "InputPath": filter, "End": true })).to_string());
    let expression = format!("{{% {}1{} %}}", "(".repeat(50_000), ")".repeat(50_000));
    let state = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": expression, "End": true });
    let _ = Definition::diagnose(&machine(state).to_string());
    within_memory();
}

#[test]
fn an_input_nested_without_end_ends_the_execution_and_nothing_else() {
    let input = format!("{}{}", "[".repeat(120_000), "]".repeat(120_000));
    let (_, status) = run(&machine(json!({ "Type": "Pass", "End": true })).to_string(), &input);
    assert!(!matches!(status, Status::Running), "{}", short(&format!("{status:?}")));
    let text = json!({ "text": input }).to_string();
    let read = machine(json!({ "Type": "Pass", "Parameters": { "a.$": "States.StringToJson($.text)" }, "End": true }));
    check_fails(&read, &text, "States.IntrinsicFailure");
    check_fails(&output_of("$parse($states.input.text)"), &text, "States.QueryEvaluationError");
}

#[test]
fn a_payload_that_doubles_meets_the_limit() {
    let double = json!({ "Type": "Pass", "Parameters": { "s.$": "States.Format('{}{}', $.s, $.s)" }, "Next": "Again" });
    check_fails(&circle(double), r#"{"s":"xxxxxxxx"}"#, "States.DataLimitExceeded");
    let branches = json!({ "Type": "Pass", "Parameters": { "l.$": "$", "r.$": "$" }, "Next": "Again" });
    check_fails(&circle(branches), "{}", "States.DataLimitExceeded");
}

#[test]
fn a_machine_that_turns_in_circles_meets_the_history_limit() {
    let (events, status) = run(&circle(json!({ "Type": "Pass", "Next": "Again" })).to_string(), "{}");
    assert!(events <= MOST_EVENTS, "{events}");
    assert!(matches!(status, Status::Failed { .. }), "{status:?}");
}

#[test]
fn an_express_execution_that_turns_in_circles_lets_go_between_turns() {
    let definition = Definition::parse(&circle(json!({ "Type": "Pass", "Next": "Again" })).to_string()).unwrap();
    let mut execution = Execution::express(Arc::new(definition), Arc::new(identity()));
    let mut chance = || 0;
    let advance = execution.start("{}", 0, &mut chance);
    assert!((10_000..10_100).contains(&advance.records.len()) && execution.can_go_on());
    while execution.events() as usize <= MOST_EVENTS {
        execution.advance(None, 1, &mut chance).unwrap();
    }
    assert!(execution.is_running() && execution.can_go_on());
    execution.advance(None, 300_000, &mut chance).unwrap();
    assert!(matches!(execution.status(), Status::TimedOut { .. }) && !execution.can_go_on());
}

#[test]
fn assigned_variables_meet_their_limit() {
    let grow = json!({
        "Type": "Pass", "QueryLanguage": "JSONata", "Assign": { "v": "{% $join([1..300000].('x')) %}" }, "Next": "B"
    });
    let machine = json!({ "StartAt": "A", "States": { "A": grow, "B": { "Type": "Succeed" } } });
    let (_, status) = run(&machine.to_string(), "{}");
    assert!(matches!(status, Status::Failed { .. }), "{}", short(&format!("{status:?}")));
    let many: serde_json::Map<String, Value> =
        (0..200).map(|n| (format!("v{n}"), json!("{% $pad('', 200000, 'x') %}"))).collect();
    let many = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Assign": many, "Next": "B" });
    let machine = json!({ "StartAt": "A", "States": { "A": many, "B": { "Type": "Succeed" } } });
    let (_, status) = run(&machine.to_string(), "{}");
    assert!(matches!(status, Status::Failed { .. }), "{}", short(&format!("{status:?}")));
}

#[test]
fn expressions_that_recurse_or_grow_fail_alone() {
    for expression in [
        "($f := function($n) { $f($n + 1) + 1 }; $f(0))",
        "($f := function($n) { [$f($n), $f($n)] }; $f(0))",
        "($f := function($s) { $length($s) > 100000000 ? $s : $f($s & $s) }; $f('xx'))",
        "($f := function($l) { $count($l) > 100000000 ? $l : $f($append($l, $l)) }; $f([1, 2]))",
        "[1..9999999].[1..9999999]",
        "$pad('x', 2000000000)",
        "$reduce([1..60], function($a, $b) { [$a, $a] })",
        "$join([1..800000].('xxxxxxxxxxxxxxxxxxxx'), 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy')",
        "$string([1..800000]) & $string([1..800000]) & $string([1..800000])",
    ] {
        check_fails(&output_of(expression), "{}", "States.QueryEvaluationError");
    }
}

#[test]
fn an_expression_without_end_is_stopped() {
    check_fails(&output_of("($f := function($n) { $f($n + 1) }; $f(0))"), "{}", "States.QueryEvaluationError");
}

#[test]
fn patterns_that_explode_elsewhere_end_here() {
    let text = "a".repeat(30_000);
    for pattern in ["(a+)+$", "(a|aa)+$", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a?){25}a{25}x"] {
        let (_, status) = run(
            &output_of(&format!("$contains($states.input & '!', /{pattern}/)")).to_string(),
            &json!(text).to_string(),
        );
        assert!(!matches!(status, Status::Running), "{pattern}");
    }
    let path = "$.l[?(@.s =~ /(a+)+b/)]";
    let state = machine(json!({ "Type": "Pass", "InputPath": path, "End": true }));
    assert_eq!(check_succeeds(&state, &json!({ "l": [{ "s": text }] }).to_string()), "[]");
    let stars = format!("{}b", "*a".repeat(500));
    let choice = json!({
        "StartAt": "A",
        "States": {
            "A": { "Type": "Choice", "Choices": [{ "Variable": "$", "StringMatches": stars, "Next": "B" }], "Default": "B" },
            "B": { "Type": "Succeed" }
        }
    });
    check_succeeds(&choice, &json!(text).to_string());
}

#[test]
fn paths_that_multiply_are_bounded() {
    let mut document = json!({ "a": 1 });
    for _ in 0..60 {
        document = json!({ "a": document, "b": 1 });
    }
    for path in ["$..*", "$..*..*", "$..a..a", "$..['a','b']..['a','b']..['a','b']"] {
        let (_, status) =
            run(&machine(json!({ "Type": "Pass", "InputPath": path, "End": true })).to_string(), &document.to_string());
        assert!(!matches!(status, Status::Running), "{path}");
    }
}

#[test]
fn ten_thousand_branches_end() {
    let branch = |n: usize| json!({ "StartAt": n.to_string(), "States": { n.to_string(): { "Type": "Succeed" } } });
    let branches: Vec<Value> = (0..10_000).map(branch).collect();
    let text = machine(json!({ "Type": "Parallel", "Branches": branches, "End": true })).to_string();
    assert!(text.len() < 1 << 20);
    let (events, status) = run(&text, "{}");
    assert!(events <= MOST_EVENTS, "{events}");
    assert!(!matches!(status, Status::Running));
}

#[test]
fn a_hundred_thousand_items_end() {
    for concurrency in [0, 1] {
        let each = json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "End": true } } });
        let map = json!({
            "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% [1..100000].(1) %}", "ItemProcessor": each,
            "MaxConcurrency": concurrency, "End": true
        });
        let (events, status) = run(&machine(map).to_string(), "{}");
        assert!(events <= MOST_EVENTS, "{events}");
        assert!(matches!(status, Status::Failed { .. }), "{}", short(&format!("{status:?}")));
    }
}

#[test]
fn delays_and_times_beyond_any_clock_do_not_overflow() {
    for wait in [
        json!({ "SecondsPath": "$.most" }),
        json!({ "SecondsPath": "$.large" }),
        json!({ "SecondsPath": "$.negative" }),
        json!({ "SecondsPath": "$.text" }),
        json!({ "TimestampPath": "$.far" }),
        json!({ "TimestampPath": "$.before" }),
        json!({ "TimestampPath": "$.odd" }),
    ] {
        let mut state = json!({ "Type": "Wait", "End": true });
        state.as_object_mut().unwrap().extend(wait.as_object().unwrap().clone());
        let input = json!({
            "most": u64::MAX, "large": 1e300, "negative": -1, "text": "9", "far": "9999-12-31T23:59:59Z",
            "before": "0000-01-01T00:00:00Z", "odd": "2026-02-30T25:61:61Z"
        });
        let (_, status) = run(&machine(state.clone()).to_string(), &input.to_string());
        assert!(!matches!(status, Status::Running), "{state}");
    }
    let retry = json!([{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 99_999_999, "BackoffRate": 1e300, "MaxAttempts": 50 }]);
    let fail = json!({ "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "E" } } });
    let again = machine(json!({ "Type": "Parallel", "Branches": [fail], "Retry": retry, "End": true }));
    check_fails(&again, "{}", "E");
}

#[test]
fn what_is_no_json_ends_too() {
    for input in ["", "{", "nope", "\u{0}", "{\"a\":1}{", "[1,]", "NaN"] {
        let (_, status) = run(&machine(json!({ "Type": "Pass", "InputPath": "$.a", "End": true })).to_string(), input);
        assert!(!matches!(status, Status::Running), "{input:?}");
    }
}

/// The most memory that the process has held so far, where the system tells.
fn within_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: u64 = peak.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    assert!(kilobytes < MOST_MEMORY >> 10, "{kilobytes} kB");
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

fn identity() -> Identity {
    Identity {
        number: 1,
        execution_arn: "arn:aws:states:eu-west-1:123456789012:execution:m:e".to_owned(),
        name: "e".to_owned(),
        state_machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:m".to_owned(),
        state_machine_name: "m".to_owned(),
        role_arn: "role".to_owned(),
    }
}

/// As many events as one history may have.
const MOST_EVENTS: usize = 25_000;
/// As many signals as one test sends at most.
const MOST_STEPS: usize = 200_000;
/// What all of these tests together may hold at once.
const MOST_MEMORY: u64 = 3 << 30;
