//! Map runs: what a distributed Map asks for, what its parent keeps, and that it can be cut anywhere.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod driven;

use serde_json::{Value, json};
use statemachine::{Command, MapRunReport, MapRunStatus, Refused, Signal, Status};

use driven::{Run, check, failed, succeeded};

impl Run {
    /// The inputs of the children that were asked for.
    fn inputs(&self) -> Vec<&str> {
        self.asked
            .iter()
            .filter_map(|command| match command {
                Command::StartChild(start) => Some(start.input.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Which children were asked for, and how often each was redriven.
    fn starts(&self) -> Vec<(u64, u32)> {
        self.asked
            .iter()
            .filter_map(|command| match command {
                Command::StartChild(start) => Some((start.index, start.redrives)),
                _ => None,
            })
            .collect()
    }

    fn report(&self) -> MapRunReport {
        self.execution.map_runs().last().unwrap()
    }
}

/// A machine of one distributed Map named `M`, whose children run these states, with further fields.
fn machine(states: Value, fields: Value) -> Value {
    let start = states.as_object().unwrap().keys().next().unwrap().clone();
    let mut map = json!({ "Type": "Map", "Label": "L", "End": true, "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" }, "StartAt": start, "States": states } });
    for (name, value) in fields.as_object().unwrap() {
        map[name] = value.clone();
    }
    let mut states = json!({ "M": map });
    if !fields["Catch"].is_null() {
        states["Mend"] = json!({ "Type": "Pass", "End": true });
    }
    json!({ "StartAt": "M", "States": states })
}

fn pass() -> Value {
    json!({ "P": { "Type": "Pass", "End": true } })
}

fn reader() -> Value {
    json!({ "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "b", "Key.$": "$.key" },
        "ReaderConfig": { "InputType": "JSON" } })
}

fn writer() -> Value {
    json!({ "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "b", "Prefix": "p" } })
}

fn exceeded() -> Status {
    failed("States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded")
}

const STARTED: &str = "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapRunStarted ";
const ENDED: &str = "5<4 MapRunSucceeded 6<5 MapStateSucceeded 7<5 MapStateExited 8<7 ExecutionSucceeded";
const FAILED: &str = "5<4 MapRunFailed 6<5 MapStateFailed 7<6 ExecutionFailed";

#[test]
fn results_have_the_order_of_the_items() {
    let rows = STARTED.to_owned() + ENDED;
    let run = check(machine(pass(), json!({})), "[1,2,3]", "last\n child\n child", &rows, succeeded("[1,2,3]"));
    let report = run.report();
    assert_eq!((report.status, report.items.succeeded, report.executions.total), (MapRunStatus::Succeeded, 3, 3));
    let arn = &run.events()[3]["mapRunStartedEventDetails"]["mapRunArn"];
    assert_eq!(arn, &json!(report.map_run_arn));
    assert!(report.map_run_arn.starts_with("arn:aws:states:eu-west-1:123456789012:mapRun:m/L:"), "{arn}");
}

#[test]
fn a_map_run_of_nothing_succeeds() {
    check(machine(pass(), json!({})), "[]", "", &(STARTED.to_owned() + ENDED), succeeded("[]"));
}

#[test]
fn children_wait_for_their_turn() {
    let mut run = Run::start(machine(pass(), json!({ "MaxConcurrency": 2 })), "[1,2,3,4]");
    assert_eq!(run.inputs(), ["1", "2"]);
    run.play("child");
    assert_eq!(run.inputs(), ["2", "3"]);
    let report = run.report();
    assert_eq!((report.items.pending, report.items.running, report.items.succeeded), (1, 2, 1));
    assert!(!run.execution.is_parked());
    let id = report.id;
    let more =
        Signal::UpdateMapRun { run: id, concurrency: Some(9), tolerated_count: None, tolerated_percentage: None };
    run.signal(Some(more)).unwrap();
    assert_eq!(run.inputs(), ["2", "3", "4"]);
    assert_eq!(run.report().max_concurrency, 9);
}

#[test]
fn a_child_ends_once() {
    let mut run = Run::start(machine(pass(), json!({})), "[1,2]");
    let Command::StartChild(start) = run.asked[0].clone() else { panic!() };
    run.play("child");
    let again = Signal::ChildEnded { run: start.run, index: start.index, status: succeeded("1") };
    assert_eq!(run.signal(Some(again)), Err(Refused::MapRunDoesNotExist));
}

#[test]
fn a_reader_brings_the_items() {
    let definition = machine(pass(), json!({ "ItemReader": reader(), "ItemsPath": "$.nowhere" }));
    let mut run = Run::start(&definition, r#"{"key":"k"}"#);
    let Command::ReadItems(read) = &run.asked[0] else { panic!() };
    assert_eq!(read.reader.arguments, json!({ "Bucket": "b", "Key": "k" }));
    run.play("read [7, {\"a\":  1}]\n child\n child");
    assert_eq!(run.rows().join(" "), STARTED.to_owned() + ENDED);
    assert_eq!(run.execution.status(), &succeeded(r#"[7,{"a":1}]"#));
    assert_eq!(run.events()[2]["mapStateStartedEventDetails"]["length"], json!(0));
}

#[test]
fn what_cannot_be_read_can_be_caught() {
    let catch = json!([{ "ErrorEquals": ["States.ItemReaderFailed"], "ResultPath": "$.error", "Next": "Mend" }]);
    check(
        machine(pass(), json!({ "ItemReader": reader(), "Catch": catch })),
        r#"{"key":"k"}"#,
        "unread no such key",
        &(STARTED.to_owned()
            + "5<4 MapRunFailed 6<5 MapStateFailed 7<6 MapStateExited 8<7 PassStateEntered 9<8 PassStateExited 10<9 ExecutionSucceeded"),
        succeeded(r#"{"key":"k","error":{"Error":"States.ItemReaderFailed","Cause":"no such key"}}"#),
    );
    let definition = machine(pass(), json!({ "ItemReader": reader() }));
    let cause = "Attempting to map over non-iterable node.";
    check(
        definition,
        r#"{"key":"k"}"#,
        "read 7",
        &(STARTED.to_owned() + FAILED),
        failed("States.ItemReaderFailed", cause),
    );
}

#[test]
fn what_is_wrong_with_a_reader_shows_as_its_map_run_starts() {
    let mut with_path = reader();
    with_path["ReaderConfig"] = json!({ "InputType": "JSON", "MaxItemsPath": "$.most" });
    let definition = machine(pass(), json!({ "ItemReader": with_path }));
    let input = |most: &str| format!(r#"{{"key":"k","most":{most}}}"#);
    let negative = failed("States.ItemReaderFailed", "field MaxItems must be positive");
    check(definition.clone(), &input("-1"), "", &(STARTED.to_owned() + FAILED), negative);
    check(
        definition,
        &input("1.5"),
        "",
        "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 ExecutionFailed",
        failed(
            "States.Runtime",
            "An error occurred while executing the state 'M' (entered at the event id #2). \
             The MaxItemsPath field refers to value \"1.5\" which is not a valid integer: $.most",
        ),
    );
}

#[test]
fn too_many_failures_end_the_map_run_and_its_children() {
    let definition = machine(pass(), json!({ "ToleratedFailureCount": 1, "MaxConcurrency": 3 }));
    let run = check(definition, "[1,2,3,4,5]", "fail A\n fail B", &(STARTED.to_owned() + FAILED), exceeded());
    let [Command::AbortChildren(abort)] = run.asked.as_slice() else { panic!("{:?}", run.asked) };
    assert_eq!(abort.execution_arns.len(), 2);
    assert!(abort.execution_arns[0].starts_with("arn:aws:states:eu-west-1:123456789012:execution:m/L:"));
    let report = run.report();
    assert_eq!(report.status, MapRunStatus::Failed);
    let items = report.items;
    assert_eq!((items.failed, items.aborted, items.pending, items.total), (2, 2, 1, 5));
}

#[test]
fn a_tolerated_failure_shows_in_the_result() {
    let definition = machine(pass(), json!({ "ToleratedFailurePercentage": 50 }));
    let mut run = Run::start(&definition, "[1,2]");
    run.play("fail Broken\n child");
    let Status::Succeeded { output } = run.execution.status() else { panic!() };
    let output: Value = serde_json::from_str(output).unwrap();
    assert_eq!(
        (&output[0]["Status"], &output[0]["Error"], &output[0]["Input"]),
        (&json!("FAILED"), &json!("Broken"), &json!("1"))
    );
    assert_eq!(output[1], json!(2));
}

#[test]
fn a_retry_is_another_map_run() {
    let retry = json!([{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    let run = check(
        machine(pass(), json!({ "Retry": retry })),
        "[1]",
        "fail A\n tick\n child",
        &(STARTED.to_owned()
            + "5<4 MapRunFailed 6<5 MapStateStarted 7<6 MapRunStarted 8<7 MapRunSucceeded 9<8 MapStateSucceeded 10<8 MapStateExited
               11<10 ExecutionSucceeded"),
        succeeded("[1]"),
    );
    let arns: Vec<String> = run.execution.map_runs().map(|report| report.map_run_arn).collect();
    assert_ne!(arns[0], arns[1]);
}

#[test]
fn items_are_selected_and_batched() {
    let selector = json!({ "v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "s.$": "$$.Map.Item.Source" });
    let batcher = json!({ "MaxItemsPerBatchPath": "$.most", "BatchInput": { "all.$": "$.most" } });
    let fields = json!({ "ItemsPath": "$.items", "ItemSelector": selector, "ItemBatcher": batcher });
    let mut run = Run::start(machine(pass(), fields), r#"{"items":["a","b","c"],"most":2}"#);
    let item = |value: &str, index: u32| format!(r#"{{"s":"STATE_DATA","v":"{value}","i":{index}}}"#);
    let first = format!(r#"{{"BatchInput":{{"all":2}},"Items":[{},{}]}}"#, item("a", 0), item("b", 1));
    let second = format!(r#"{{"BatchInput":{{"all":2}},"Items":[{}]}}"#, item("c", 2));
    assert_eq!(run.inputs(), [first.as_str(), second.as_str()]);
    assert_eq!((run.report().items.running, run.report().executions.running), (3, 2));
    run.play("fail A");
    let items = run.report().items;
    assert_eq!((items.failed, items.aborted), (2, 1), "a batch fails with all its items");
}

#[test]
fn the_fields_of_an_object_are_items() {
    let run = Run::start(machine(pass(), json!({})), r#"{"a":1,"b":[2]}"#);
    assert_eq!(run.inputs(), [r#"{"Key":"a","Value":1}"#, r#"{"Key":"b","Value":[2]}"#]);
    let selector = json!({ "ItemSelector": { "k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value" } });
    let run = Run::start(machine(pass(), selector), r#"{"a":1}"#);
    assert_eq!(run.inputs(), [r#"{"v":1,"k":"a"}"#]);
}

#[test]
fn results_are_written_where_the_writer_says() {
    let mut run = Run::start(machine(pass(), json!({ "ResultWriter": writer() })), "[1,2]");
    run.play("child\n child");
    let Command::WriteResults(write) = &run.asked[0] else { panic!() };
    let name = run.report().map_run_arn.rsplit(':').next().unwrap().to_owned();
    let keys: Vec<&str> = write.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, [format!("p/{name}/SUCCEEDED_0.json"), format!("p/{name}/manifest.json")]);
    run.play("written");
    assert_eq!(run.rows().join(" "), STARTED.to_owned() + ENDED);
    let details = json!({ "Bucket": "b", "Key": format!("p/{name}/manifest.json") });
    let output = json!({ "MapRunArn": run.report().map_run_arn, "ResultWriterDetails": details });
    assert_eq!(run.execution.status(), &succeeded(&output.to_string()));
    assert_eq!(run.report().items.results_written, 2);
}

#[test]
fn what_failed_is_written_too() {
    let definition = machine(pass(), json!({ "ResultWriter": writer(), "MaxConcurrency": 2 }));
    let mut run = Run::start(&definition, "[1,2,3]");
    run.play("fail A");
    let Some(Command::WriteResults(write)) = run.asked.iter().find(|c| matches!(c, Command::WriteResults(_))) else {
        panic!()
    };
    let names: Vec<&str> = write.objects.iter().map(|object| object.key.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["FAILED_0.json", "PENDING_0.json", "manifest.json"]);
    let failed: Value = serde_json::from_str(&write.objects[0].body).unwrap();
    assert_eq!((&failed[0]["Status"], &failed[1]["Status"]), (&json!("FAILED"), &json!("ABORTED")));
    assert_eq!(run.execution.status(), &Status::Running);
    let abort = run.asked.iter().position(|command| matches!(command, Command::AbortChildren(_))).unwrap();
    assert_eq!(abort, 0, "the children are stopped first");
    let aborted = run.asked.remove(0);
    run.asked.push(aborted);
    run.play("written");
    assert_eq!(run.rows().join(" "), STARTED.to_owned() + FAILED);
    assert_eq!(run.execution.status(), &exceeded());
}

#[test]
fn results_that_cannot_be_written_fail_the_state() {
    check(
        machine(pass(), json!({ "ResultWriter": writer() })),
        "[1]",
        "child\n unwritten no such bucket",
        &(STARTED.to_owned() + FAILED),
        failed("States.ResultWriterFailed", "no such bucket"),
    );
}

#[test]
fn a_stopped_execution_stops_its_children() {
    let mut run = Run::start(machine(pass(), json!({})), "[1,2]");
    run.play("child\n stop");
    assert_eq!(run.rows().join(" "), STARTED.to_owned() + "5<0 ExecutionAborted");
    let [Command::AbortChildren(abort)] = run.asked.as_slice() else { panic!("{:?}", run.asked) };
    assert_eq!(abort.execution_arns.len(), 1);
    let report = run.report();
    assert_eq!((report.status, report.items.succeeded, report.items.aborted), (MapRunStatus::Aborted, 1, 1));
}

#[test]
fn a_failed_branch_takes_a_map_run_down() {
    let mut map = machine(pass(), json!({}))["States"]["M"].clone();
    map["ItemsPath"] = json!("$.items");
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f", "End": true });
    let branches = json!([{ "StartAt": "T", "States": { "T": task } }, { "StartAt": "M", "States": { "M": map } }]);
    let definition =
        json!({ "StartAt": "B", "States": { "B": { "Type": "Parallel", "End": true, "Branches": branches } } });
    let run = check(
        definition,
        r#"{"items":[1]}"#,
        "fail Broken",
        "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered 5<4 LambdaFunctionScheduled
         6<5 LambdaFunctionStarted 7<3 MapStateEntered 8<7 MapStateStarted 9<8 MapRunStarted 10<6 LambdaFunctionFailed
         11<10 TaskStateAborted 12<9 MapRunAborted 13<12 MapStateAborted 14<10 ParallelStateFailed 15<14 ExecutionFailed",
        failed("Broken", "because"),
    );
    assert_eq!(run.report().status, MapRunStatus::Aborted);
    assert!(matches!(run.asked.as_slice(), [Command::AbortChildren(_)]));
}

#[test]
fn a_child_is_an_execution_of_its_own() {
    let seen = json!({ "id": "{% $states.context.Execution.Id %}", "machine": "{% $states.context.StateMachine.Name %}",
        "input": "{% $states.context.Execution.Input %}", "item": "{% $exists($states.context.Map) %}",
        "variable": "{% $exists($outer) %}" });
    let child = json!({ "P": { "Type": "Pass", "QueryLanguage": "JSONata", "Output": seen, "End": true } });
    let mut definition = machine(child, json!({}));
    definition["StartAt"] = json!("A");
    definition["TimeoutSeconds"] = json!(5);
    definition["States"]["A"] = json!({ "Type": "Pass", "Assign": { "outer": 1 }, "Next": "M" });
    let mut run = Run::start(&definition, "[7]");
    let Command::StartChild(start) = run.asked[0].clone() else { panic!() };
    assert!(start.execution_arn.ends_with(&format!(":execution:m/L:{}", start.name)));
    assert_eq!(start.state_machine_arn, "arn:aws:states:eu-west-1:123456789012:stateMachine:m/L");
    assert_eq!(run.child(&start).execution.next_due(), None);
    run.play("child");
    let output = json!([{ "id": start.execution_arn, "machine": "m/L", "input": 7, "item": false, "variable": false }]);
    assert_eq!(run.execution.status(), &succeeded(&output.to_string()));
}

#[test]
fn an_express_child_has_five_minutes() {
    let wait = json!({ "W": { "Type": "Wait", "Seconds": 900, "End": true } });
    let mut definition = machine(wait, json!({}));
    definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    let run = Run::start(&definition, "[7]");
    let Command::StartChild(start) = &run.asked[0] else { panic!() };
    assert!(start.part.express && start.execution_arn.contains(&format!(":express:m/L:{}:", start.name)));
    let mut child = run.child(start);
    assert_eq!(child.execution.next_due(), Some(1_000_000 + 300_000));
    child.play("tick");
    assert!(matches!(child.execution.status(), Status::TimedOut { .. }));
}

#[test]
fn map_runs_nest() {
    let inner = machine(pass(), json!({ "Label": "Inner" }))["States"]["M"].clone();
    let definition = machine(json!({ "I": inner }), json!({}));
    let rows = STARTED.to_owned() + ENDED;
    check(definition, "[[1,2],[3]]", "child\n child", &rows, succeeded("[[1,2],[3]]"));
}

#[test]
fn a_selection_that_fails_ends_the_map_run() {
    let definition = machine(pass(), json!({ "ItemSelector": { "x.$": "$.nowhere" } }));
    let mut run = Run::start(&definition, "[1]");
    run.play("");
    assert_eq!(run.rows()[4], "5<4 MapRunFailed");
    assert!(matches!(run.execution.status(), Status::Failed { error: Some(error), .. } if error == "States.Runtime"));
    assert_eq!(run.report().status, MapRunStatus::Failed);
}

const REDRIVEN: &str = " 8<7 ExecutionRedriven 9<8 MapRunRedriven ";
const ENDED_THEN: &str = "10<9 MapRunSucceeded 11<10 MapStateSucceeded 12<10 MapStateExited 13<12 ExecutionSucceeded";

#[test]
fn a_redriven_map_run_goes_on_with_what_did_not_succeed() {
    let definition = machine(pass(), json!({ "ToleratedFailureCount": 1, "MaxConcurrency": 2 }));
    let mut run = Run::start(&definition, "[1,2,3,4,5]");
    // 0 succeeds, 1 and 2 fail, 3 is aborted, 4 never starts.
    run.play("child\n fail A\n fail B\n redrive");
    assert_eq!(run.starts(), [(1, 1), (2, 1)]);
    let report = run.report();
    assert_eq!((report.status, report.redrives, report.redriven_at), (MapRunStatus::Running, 1, Some(run.now)));
    let counts = report.executions;
    assert_eq!((counts.succeeded, counts.failed, counts.running, counts.pending_redrive), (1, 0, 2, 1));
    assert_eq!((counts.pending, counts.total, report.ended_at), (1, 5, None));
    run.play("child");
    assert_eq!(run.starts(), [(2, 1), (3, 1)]);
    run.play("child");
    assert_eq!(run.starts(), [(3, 1), (4, 0)]);
    run.play("child\n child");
    assert_eq!(run.execution.status(), &succeeded("[1,2,3,4,5]"));
    assert_eq!(run.rows().join(" "), STARTED.to_owned() + FAILED + REDRIVEN + ENDED_THEN);
    let details = &run.events()[8]["mapRunRedrivenEventDetails"];
    assert_eq!(details, &json!({ "mapRunArn": run.report().map_run_arn, "redriveCount": 1 }));
    assert_eq!(run.report().executions.succeeded, 5);
}

#[test]
fn a_map_run_that_fails_again_is_redriven_again() {
    let mut run = Run::start(machine(pass(), json!({ "MaxConcurrency": 1 })), "[1,2,3]");
    run.play("child\n fail A\n redrive\n fail B");
    let report = run.report();
    assert_eq!((report.status, report.redrives, report.executions.failed), (MapRunStatus::Failed, 1, 1));
    run.play("redrive");
    assert_eq!(run.starts(), [(1, 2)]);
    run.play("child\n child");
    assert_eq!(run.execution.status(), &succeeded("[1,2,3]"));
    assert_eq!(run.report().redrives, 2);
}

#[test]
fn what_a_redrive_did_not_come_to_stays_as_it_was() {
    let mut run = Run::start(machine(pass(), json!({ "ToleratedFailureCount": 1, "MaxConcurrency": 2 })), "[1,2,3]");
    run.play("fail A\n fail B\n redrive\n fail C\n fail D");
    let items = run.report().items;
    assert_eq!((items.failed, items.aborted, items.pending_redrive, items.running), (2, 1, 0, 0));
    run.play("redrive\n child\n child\n child");
    assert_eq!(run.execution.status(), &succeeded("[1,2,3]"));
}

#[test]
fn a_stopped_map_run_goes_on_where_it_was_stopped() {
    let mut run = Run::start(machine(pass(), json!({})), "[1,2]");
    run.play("child\n stop\n redrive");
    assert_eq!((run.starts(), run.report().executions.aborted), (vec![(1, 1)], 0));
    run.play("child");
    assert_eq!(run.execution.status(), &succeeded("[1,2]"));
}

#[test]
fn a_map_run_that_did_not_begin_begins_anew() {
    let definition = machine(pass(), json!({ "ItemReader": reader() }));
    let mut run = Run::start(&definition, r#"{"key":"k"}"#);
    run.play("unread gone\n redrive\n read [1]\n child");
    assert_eq!(run.execution.status(), &succeeded("[1]"));
    let kinds: Vec<Value> = run.events().iter().map(|event| event["type"].clone()).collect();
    assert!(!kinds.contains(&json!("MapRunRedriven")), "{kinds:?}");
    assert_eq!(run.execution.map_runs().count(), 2);
}

#[test]
fn results_that_could_not_be_written_are_written_by_a_redrive() {
    let definition = machine(pass(), json!({ "ItemReader": reader(), "ResultWriter": writer() }));
    let mut run = Run::start(&definition, r#"{"key":"k"}"#);
    run.play("read [1,2]\n child\n child\n unwritten full\n redrive\n written");
    assert!(matches!(run.execution.status(), Status::Succeeded { .. }), "{:?}", run.execution.status());
    assert_eq!(run.report().items.results_written, 2);

    let mut run = Run::start(&definition, r#"{"key":"k"}"#);
    run.play("read [1]\n fail A\n written\n redrive\n child");
    let [Command::WriteResults(write)] = run.asked.as_slice() else { panic!("{:?}", run.asked) };
    let written: Vec<&str> = write.objects.iter().map(|object| object.body.as_str()).collect();
    assert!(written.iter().any(|text| text.contains(r#""RedriveCount":1"#)), "{written:?}");
}

#[test]
fn a_map_run_in_a_branch_is_redriven_with_it() {
    let mut map = machine(pass(), json!({}))["States"]["M"].clone();
    map["ItemsPath"] = json!("$.items");
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f", "End": true });
    let branches = json!([{ "StartAt": "T", "States": { "T": task } }, { "StartAt": "M", "States": { "M": map } }]);
    let definition =
        json!({ "StartAt": "B", "States": { "B": { "Type": "Parallel", "End": true, "Branches": branches } } });
    let mut run = Run::start(&definition, r#"{"items":[1]}"#);
    run.play("fail Broken\n redrive");
    assert_eq!(run.starts(), [(0, 1)]);
    let rows = run.rows().join(" ");
    assert!(rows.contains("16<15 ExecutionRedriven") && rows.contains("<16 MapRunRedriven"), "{rows}");
    assert!(rows.contains("<16 LambdaFunctionScheduled"), "{rows}");
}

#[test]
fn an_express_child_that_is_redriven_is_another_execution() {
    let mut definition = machine(pass(), json!({}));
    definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    let mut run = Run::start(&definition, "[1]");
    let arn = |run: &Run| match run.asked.as_slice() {
        [Command::StartChild(start)] => (start.name.clone(), start.execution_arn.clone()),
        other => panic!("{other:?}"),
    };
    let before = arn(&run);
    run.play("fail A\n redrive");
    let after = arn(&run);
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1);
    assert_eq!(run.execution.map_run_child(run.report().id, 0, 1), Some(after));
}
