//! Executions of every state but a distributed Map: what happens, and that it can be cut anywhere.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod driven;

use statemachine::{Command, Record, Refused, Signal, Status};

use driven::{Run, check, failed, succeeded};

#[test]
fn seven_passes_are_one_batch() {
    let states: Vec<String> = (1..=7)
        .map(|n| match n {
            7 => r#""S7": {"Type": "Pass", "End": true}"#.to_owned(),
            n => format!(r#""S{n}": {{"Type": "Pass", "Next": "S{}"}}"#, n + 1),
        })
        .collect();
    let definition = format!(r#"{{"StartAt": "S1", "States": {{{}}}}}"#, states.join(","));
    let run = Run::start(&definition, r#"{"kept":   "verbatim"}"#);
    assert_eq!(run.batches.len(), 1);
    assert_eq!(run.execution.status(), &succeeded(r#"{"kept":   "verbatim"}"#));
    let payloads = run.batches[0].1.iter().filter(|record| matches!(record, Record::Payload(_))).count();
    assert_eq!(payloads, 1, "a payload is stored once");
}

#[test]
fn a_wait_survives_and_ends() {
    check(
        r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 30, "Next": "D"}, "D": {"Type": "Succeed"}}}"#,
        "{}",
        "tick",
        "1<0 ExecutionStarted 2<0 WaitStateEntered 3<2 WaitStateExited 4<3 SucceedStateEntered 5<4 SucceedStateExited 6<5 ExecutionSucceeded",
        succeeded("{}"),
    );
}

const CALL: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "TimeoutSeconds": 10,
    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["Broken"], "ResultPath": "$.error", "Next": "Mend"}], "End": true},
    "Mend": {"Type": "Pass", "End": true}}}"#;

#[test]
fn a_retry_repeats_only_the_call() {
    check(
        CALL,
        "{}",
        "fail Busy\n tick\n ok {\"n\":1}",
        "1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskFailed 6<5 TaskScheduled 7<6 TaskStarted
         8<7 TaskSucceeded 9<8 TaskStateExited 10<9 ExecutionSucceeded",
        succeeded(r#"{"n":1}"#),
    );
}

#[test]
fn a_catcher_takes_what_no_retrier_does() {
    check(
        CALL,
        r#"{"a":1}"#,
        "fail Broken",
        "1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskFailed 6<5 TaskStateExited
         7<6 PassStateEntered 8<7 PassStateExited 9<8 ExecutionSucceeded",
        succeeded(r#"{"a":1,"error":{"Error":"Broken","Cause":"because"}}"#),
    );
}

#[test]
fn a_task_that_is_late_times_out() {
    check(
        CALL,
        "{}",
        "tick",
        "1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskTimedOut 6<5 ExecutionFailed",
        Status::Failed { error: Some("States.Timeout".to_owned()), cause: None },
    );
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let mut run = Run::start(CALL, "{}");
    let Command::InvokeTask(call) = &run.asked[0] else { panic!() };
    let task = call.task;
    run.play("fail Busy");
    let late = Signal::TaskSucceeded { task, output: "{}".to_owned() };
    assert_eq!(run.signal(Some(late)), Err(Refused::TaskDoesNotExist));
    run.play("stop");
    assert_eq!(run.signal(Some(Signal::Stop { error: None, cause: None })), Err(Refused::Ended));
}

const ASK: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "HeartbeatSeconds": 60, "TimeoutSeconds": 600,
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}, "End": true}}}"#;

#[test]
fn a_token_completes_once() {
    let mut run = Run::start(ASK, "{}");
    run.play("submit\n heartbeat");
    assert!(run.execution.is_parked());
    let token = run.token();
    run.play("token {\"approved\":true}");
    assert_eq!(run.execution.status(), &succeeded(r#"{"approved":true}"#));
    let again = Signal::TokenSucceeded { token, output: "{}".to_owned() };
    assert_eq!(run.signal(Some(again)), Err(Refused::Ended));
}

#[test]
fn a_foreign_token_is_refused() {
    let mut run = Run::start(ASK, "{}");
    run.play("submit");
    let mut token = run.token();
    let last = if token.ends_with('A') { 'B' } else { 'A' };
    token.replace_range(token.len() - 1.., &last.to_string());
    for token in [token, "nonsense".to_owned()] {
        let signal = Signal::TokenSucceeded { token, output: "{}".to_owned() };
        assert_eq!(run.signal(Some(signal)), Err(Refused::TaskDoesNotExist));
    }
}

#[test]
fn a_silent_worker_times_out_by_its_heartbeat() {
    let mut run = Run::start(ASK, "{}");
    run.play("submit");
    let first = run.execution.next_due().unwrap();
    run.now += 50_000;
    run.play("heartbeat");
    assert!(run.execution.next_due().unwrap() > first);
    run.play("tick");
    assert!(matches!(run.execution.status(), Status::Failed { error: Some(error), .. } if error == "States.Timeout"));
}

#[test]
fn branches_join_in_their_order() {
    check(
        r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:a", "End": true}}},
            {"StartAt": "B", "States": {"B": {"Type": "Pass", "Result": 2, "End": true}}}]}}}"#,
        "{}",
        "ok 1",
        "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered 5<4 LambdaFunctionScheduled
         6<5 LambdaFunctionStarted 7<3 PassStateEntered 8<7 PassStateExited 9<6 LambdaFunctionSucceeded 10<9 TaskStateExited
         11<10 ParallelStateSucceeded 12<10 ParallelStateExited 13<12 ExecutionSucceeded",
        succeeded("[1,2]"),
    );
}

#[test]
fn iterations_link_to_the_one_before() {
    check(
        r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 1, "End": true,
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}}}"#,
        "[1, [2]]",
        "",
        "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapIterationStarted 5<4 PassStateEntered 6<5 PassStateExited
         7<6 MapIterationSucceeded 8<6 MapIterationStarted 9<8 PassStateEntered 10<9 PassStateExited 11<10 MapIterationSucceeded
         12<11 MapStateSucceeded 13<11 MapStateExited 14<13 ExecutionSucceeded",
        succeeded("[1,[2]]"),
    );
}

#[test]
fn a_map_of_nothing_succeeds() {
    check(
        r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}}}"#,
        "[]",
        "",
        "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapStateSucceeded 5<3 MapStateExited 6<5 ExecutionSucceeded",
        succeeded("[]"),
    );
}

#[test]
fn a_failed_iteration_takes_its_map_and_its_siblings_down() {
    check(
        r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": true}}}}}}"#,
        "[1,2]",
        "fail Broken",
        "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapIterationStarted 5<3 MapIterationStarted 6<4 TaskStateEntered
         7<6 TaskScheduled 8<7 TaskStarted 9<5 TaskStateEntered 10<9 TaskScheduled 11<10 TaskStarted 12<8 TaskFailed
         13<12 MapIterationFailed 14<11 TaskStateAborted 15<11 MapIterationAborted 16<12 MapStateFailed 17<16 ExecutionFailed",
        failed("Broken", "because"),
    );
}

#[test]
fn a_choice_without_a_match_says_so() {
    check(
        r#"{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "D"}]},
            "D": {"Type": "Succeed"}}}"#,
        r#"{"n": 1}"#,
        "",
        "1<0 ExecutionStarted 2<0 ChoiceStateEntered 3<2 ExecutionFailed",
        failed(
            "States.Runtime",
            "An error occurred while executing the state 'C' (entered at the event id #2). \
             Failed to transition out of the state. The state does not point to a next state.",
        ),
    );
}

#[test]
fn the_whole_execution_times_out() {
    check(
        r#"{"StartAt": "W", "TimeoutSeconds": 5, "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}"#,
        "{}",
        "tick",
        "1<0 ExecutionStarted 2<0 WaitStateEntered 3<0 ExecutionTimedOut",
        Status::TimedOut { error: Some("States.Timeout".to_owned()), cause: None },
    );
}

#[test]
fn inner_variables_stay_inside() {
    let mut run = Run::start(
        r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "M"},
            "M": {"Type": "Map", "Items": [1, 2], "ItemProcessor": {"StartAt": "I", "States": {
                "I": {"Type": "Pass", "Assign": {"inner": "{% $outer + $states.input %}"}, "Next": "J"},
                "J": {"Type": "Pass", "Output": "{% $inner %}", "End": true}}}, "Next": "Z"},
            "Z": {"Type": "Pass", "Output": {"sum": "{% $sum($states.input) %}", "seen": "{% $exists($inner) %}"}, "End": true}}}"#,
        "{}",
    );
    run.play("");
    assert_eq!(run.execution.status(), &succeeded(r#"{"sum":5,"seen":false}"#));
}

#[test]
fn time_never_runs_backwards() {
    let mut run =
        Run::start(r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 30, "End": true}}}"#, "{}");
    run.now = 0;
    run.signal(None).unwrap();
    assert!(run.execution.is_running());
    assert_eq!(run.execution.latest(), 1_000_000);
}

#[test]
fn a_history_that_grows_without_end_is_ended() {
    let run = Run::start(
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "C": {"Type": "Succeed"},
            "B": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "C"}], "Default": "A"}}}"#,
        "{}",
    );
    assert_eq!(run.execution.events(), 25_000);
    assert!(matches!(run.execution.status(), Status::Failed { error: Some(error), .. } if error == "States.Runtime"));
}

const ONE: &str = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f"}, "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}], "End": true}}}"#;

/// Two branches, each with one call.
const TWO: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
    {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "a"}, "End": true}}},
    {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "b"}, "End": true}}}]}}}"#;

#[test]
fn a_redrive_calls_again_what_failed() {
    check(
        ONE,
        "{}",
        "fail X\n redrive\n ok 7",
        "1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskFailed 6<5 ExecutionFailed
         7<6 ExecutionRedriven 8<7 TaskScheduled 9<8 TaskStarted 10<9 TaskSucceeded 11<10 TaskStateExited 12<11 ExecutionSucceeded",
        succeeded("7"),
    );
}

#[test]
fn a_redriven_state_has_all_its_retries_again() {
    let mut run = Run::start(ONE, "{}");
    run.play("fail Busy\n tick\n fail Busy\n redrive\n fail Busy\n tick\n ok 7");
    assert_eq!(run.execution.status(), &succeeded("7"));
    assert_eq!(run.rows().iter().filter(|row| row.ends_with("TaskScheduled")).count(), 4);
}

#[test]
fn a_redrive_runs_only_the_branches_that_did_not_succeed() {
    check(
        TWO,
        "{}",
        "ok 1\n fail X\n redrive\n ok 2",
        "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered 5<4 TaskScheduled
         6<5 TaskStarted 7<3 TaskStateEntered 8<7 TaskScheduled 9<8 TaskStarted 10<6 TaskSucceeded 11<10 TaskStateExited
         12<9 TaskFailed 13<12 TaskStateAborted 14<12 ParallelStateFailed 15<14 ExecutionFailed 16<15 ExecutionRedriven
         17<16 TaskScheduled 18<17 TaskStarted 19<18 TaskSucceeded 20<19 TaskStateExited 21<20 ParallelStateSucceeded
         22<20 ParallelStateExited 23<22 ExecutionSucceeded",
        succeeded("[1,2]"),
    );
}

#[test]
fn a_redrive_runs_the_branches_that_were_taken_down() {
    let mut run = Run::start(TWO, "{}");
    run.play("fail X\n redrive");
    assert_eq!(run.asked.len(), 2);
    run.play("ok 1\n ok 2");
    assert_eq!(run.execution.status(), &succeeded("[1,2]"));
}

#[test]
fn a_redrive_reaches_into_branches_of_branches() {
    let outer = format!(
        r#"{{"StartAt": "O", "States": {{"O": {{"Type": "Parallel", "End": true, "Branches": [{TWO},
            {{"StartAt": "W", "States": {{"W": {{"Type": "Wait", "Seconds": 60, "End": true}}}}}}]}}}}}}"#
    );
    let mut run = Run::start(&outer, "0");
    run.play("ok 1\n fail X\n redrive\n fail Y\n redrive\n ok 2\n tick");
    assert_eq!(run.execution.status(), &succeeded("[[1,2],0]"));
}

#[test]
fn a_redrive_runs_only_the_iterations_that_are_left() {
    let definition = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": {"StartAt": "T",
        "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": true}}}}}}"#;
    let mut run = Run::start(definition, "[1,2,3]");
    run.play("ok 10\n fail X\n redrive\n ok 20\n ok 30");
    assert_eq!(run.execution.status(), &succeeded("[10,20,30]"));
    let started = run.rows().iter().filter(|row| row.ends_with("MapIterationStarted")).count();
    assert_eq!(started, 3);
}

#[test]
fn what_was_stopped_goes_on_with_its_time_anew() {
    let definition = r#"{"StartAt": "W", "TimeoutSeconds": 100, "States": {"W": {"Type": "Wait", "Seconds": 60, "Next": "V"},
        "V": {"Type": "Wait", "Seconds": 60, "End": true}}}"#;
    check(
        definition,
        "{}",
        "stop\n redrive\n tick\n tick\n redrive\n tick",
        "1<0 ExecutionStarted 2<0 WaitStateEntered 3<0 ExecutionAborted 4<3 ExecutionRedriven 5<4 WaitStateExited
         6<5 WaitStateEntered 7<0 ExecutionTimedOut 8<7 ExecutionRedriven 9<8 WaitStateExited 10<9 ExecutionSucceeded",
        succeeded("{}"),
    );
}

#[test]
fn a_fail_state_is_entered_again_and_fails_again() {
    check(
        r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "because"}}}"#,
        "{}",
        "redrive",
        "1<0 ExecutionStarted 2<0 FailStateEntered 3<2 ExecutionFailed 4<3 ExecutionRedriven 5<4 FailStateEntered 6<5 ExecutionFailed",
        failed("E", "because"),
    );
}

#[test]
fn the_context_tells_of_redrives() {
    let definition = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"}, "ResultSelector": {"count.$": "$$.Execution.RedriveCount", "time.$": "$$.Execution.RedriveTime"}, "End": true}}}"#;
    let mut run = Run::start(definition, "{}");
    run.play("fail X\n redrive\n ok 1");
    assert_eq!(run.execution.status(), &succeeded(r#"{"count":1,"time":"1970-01-01T00:16:40.002Z"}"#));
}

#[test]
fn what_cannot_be_redriven_says_why() {
    let mut run = Run::start(ONE, "{}");
    let redrive = || Some(Signal::Redrive { client_token: None });
    let refused = |run: &mut Run| run.signal(redrive()).unwrap_err().to_string();
    assert_eq!(refused(&mut run), "Execution is RUNNING and cannot be redriven");
    run.play("fail X");
    run.now += 14 * 24 * 3_600_000 + 1;
    assert_eq!(refused(&mut run), "Execution redrivable period exceeded");
    // Each step takes a millisecond.
    run.now -= 2;
    run.play("redrive\n ok 1");
    assert_eq!(refused(&mut run), "Execution is SUCCEEDED and cannot be redriven");
}
