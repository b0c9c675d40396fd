//! What a sound definition becomes.

use serde_json::{Value, json};

use crate::definition::{
    BlockId, Condition, Definition, Domain, IsKind, MapMode, Next, Operand, Order, Pattern, QueryLanguage, Reach,
    ResourceKind, Source, StateId, StateKind, Test, WaitUntil,
};

fn parsed(text: &str) -> Definition {
    match Definition::parse(text) {
        Ok(definition) => definition,
        Err(refused) => panic!("{refused}\n{text}"),
    }
}

fn kind(state: &str) -> StateKind {
    let text = format!(r#"{{"StartAt":"A","States":{{"A":{state},"B":{{"Type":"Succeed"}}}}}}"#);
    parsed(&text).states[0].kind.clone()
}

fn jsonata_kind(state: &str) -> StateKind {
    let text =
        format!(r#"{{"QueryLanguage":"JSONata","StartAt":"A","States":{{"A":{state},"B":{{"Type":"Succeed"}}}}}}"#);
    parsed(&text).states[0].kind.clone()
}

const HERE: StateId = StateId(0);
const NEXT: Next = Next::To(StateId(1));

#[test]
fn a_definition_is_pinned_by_its_text() {
    let text = r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#;
    let definition = parsed(text);
    assert_eq!(definition.hash.len(), 64);
    assert_eq!(definition.hash, parsed(text).hash);
    assert_ne!(definition.hash, parsed(&format!("{text} ")).hash);
}

#[test]
fn a_zero_timeout_is_no_timeout() {
    let text =
        |seconds| format!(r#"{{"TimeoutSeconds":{seconds},"StartAt":"A","States":{{"A":{{"Type":"Succeed"}}}}}}"#);
    assert_eq!(parsed(&text(30)).timeout_seconds, Some(30));
    assert_eq!(parsed(&text(0)).timeout_seconds, None);
}

#[test]
fn states_are_numbered_block_by_block() {
    let definition = parsed(
        r#"{"StartAt":"P","States":{
            "P":{"Type":"Parallel","Next":"Z","Branches":[
                {"StartAt":"B1","States":{"B1":{"Type":"Pass","End":true}}},
                {"StartAt":"B2","States":{"B2":{"Type":"Pass","Next":"B3"},"B3":{"Type":"Succeed"}}}]},
            "Z":{"Type":"Succeed"}}}"#,
    );
    let names: Vec<&str> = definition.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(names, ["P", "Z", "B1", "B2", "B3"]);
    assert_eq!(definition.state_named("B3"), Some(StateId(4)));
    assert_eq!(definition.state_named("B4"), None);
    assert_eq!(definition.state(StateId(4)).pointer, "/States/P/Branches/1/States/B3");
    assert_eq!(definition.state(StateId(4)).block, BlockId(2));
    assert_eq!(definition.block(BlockId(2)).states, [StateId(3), StateId(4)]);
    assert_eq!(definition.block(BlockId(2)).start_at, StateId(3));
}

#[test]
fn pass_keeps_its_result_and_its_paths() {
    let definition = parsed(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":null,"ResultPath":"$.a.b","OutputPath":"$$.Execution","Parameters":{"x.$":"$.y"},"Result":[1],"End":true}}}"#,
    );
    let state = &definition.states[0];
    assert_eq!(state.kind, StateKind::Pass { result: Some(json!([1])), next: Next::End });
    assert_eq!(state.flow.input_path, Reach::Nothing);
    assert_eq!(state.flow.result_path, Reach::Path("$.a.b".into()));
    assert_eq!(state.flow.output_path, Reach::Path("$$.Execution".into()));
    assert_eq!(state.flow.parameters, Some(json!({ "x.$": "$.y" })));
}

#[test]
fn a_jsonata_state_may_stand_in_a_jsonpath_machine() {
    let definition = parsed(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% 1 %}","Next":"B"},"B":{"Type":"Pass","InputPath":"$","End":true}}}"#,
    );
    let languages: Vec<QueryLanguage> = definition.states.iter().map(|state| state.query_language).collect();
    assert_eq!(languages, [QueryLanguage::Jsonata, QueryLanguage::JsonPath]);
    assert_eq!(definition.states[0].flow.output, Some(json!("{% 1 %}")));
}

#[test]
fn the_states_inside_a_jsonata_map_speak_the_machines_language() {
    let definition = parsed(
        r#"{"StartAt":"M","States":{"M":{"Type":"Map","QueryLanguage":"JSONata","Items":[1,"{% 2 %}"],"End":true,
            "ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","InputPath":"$.a","End":true}}}}}}"#,
    );
    assert_eq!(definition.states[0].query_language, QueryLanguage::Jsonata);
    assert_eq!(definition.states[1].query_language, QueryLanguage::JsonPath);
    let StateKind::Map(map) = &definition.states[0].kind else { panic!("a Map") };
    assert_eq!(map.items, Some(Source::Jsonata(json!([1, "{% 2 %}"]))));
}

#[test]
fn task_takes_its_resource_apart() {
    let needs = |arn: &str| if arn.contains(":::states:") { "StateMachineArn" } else { "FunctionName" };
    let resource = |arn: &str| match kind(&format!(
        r#"{{"Type":"Task","Resource":"{arn}","Parameters":{{"{}":"a"}},"Next":"B"}}"#,
        needs(arn)
    )) {
        StateKind::Task(task) => (task.resource.kind, task.resource.pattern),
        other => panic!("{other:?}"),
    };
    let service =
        |service: &str, action: &str| ResourceKind::Service { service: service.into(), action: action.into() };
    let sdk = |service: &str, action: &str| ResourceKind::Sdk { service: service.into(), action: action.into() };
    assert_eq!(
        resource("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"),
        (ResourceKind::Lambda, Pattern::RequestResponse)
    );
    assert_eq!(
        resource("arn:aws-us-gov:states:us-gov-west-1:123456789012:activity:a"),
        (ResourceKind::Activity, Pattern::RequestResponse)
    );
    assert_eq!(
        resource("arn:aws:states:::lambda:invoke.waitForTaskToken"),
        (service("lambda", "invoke"), Pattern::WaitForTaskToken)
    );
    assert_eq!(
        resource("arn:aws:states:::states:startExecution.sync:2"),
        (service("states", "startExecution"), Pattern::Sync2)
    );
    assert_eq!(
        resource("arn:aws:states:::bedrock-agentcore:anyAction"),
        (service("bedrock-agentcore", "anyAction"), Pattern::RequestResponse)
    );
    assert_eq!(resource("arn:aws:states:::batch:submitJob.sync"), (service("batch", "submitJob"), Pattern::Sync));
    assert_eq!(
        resource("arn:aws:states:::aws-sdk:ec2:describeInstances"),
        (sdk("ec2", "describeInstances"), Pattern::RequestResponse)
    );
    assert_eq!(
        resource("arn:aws-cn:states:::aws-sdk:sns:publish.waitForTaskToken"),
        (sdk("sns", "publish"), Pattern::WaitForTaskToken)
    );
}

#[test]
fn task_keeps_timeouts_retries_and_catches() {
    let state = kind(
        r#"{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","TimeoutSecondsPath":"$.t","HeartbeatSeconds":5,
            "Credentials":{"RoleArn.$":"$.role"},"Next":"B",
            "Retry":[{"ErrorEquals":["E"],"Comment":"c","MaxDelaySeconds":60,"IntervalSeconds":0,"JitterStrategy":"FULL"},{"ErrorEquals":["States.ALL"],"BackoffRate":1}],
            "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"B"}]}"#,
    );
    let StateKind::Task(task) = state else { panic!("a Task") };
    assert_eq!(task.timeout, Some(Source::Path("$.t".into())));
    assert_eq!(task.heartbeat, Some(Source::Literal(json!(5))));
    assert_eq!(task.credentials, Some(json!({ "RoleArn.$": "$.role" })));
    assert_eq!(task.next, NEXT);
    let delays: Vec<_> = task
        .retry
        .iter()
        .map(|r| (r.interval_seconds, r.max_attempts, r.backoff_rate, r.max_delay_seconds, r.full_jitter))
        .collect();
    assert_eq!(delays, [(0, 3, 2.0, Some(60), true), (1, 3, 1.0, None, false)]);
    assert_eq!(task.catch[0].error_equals, ["States.ALL"]);
    assert_eq!((&task.catch[0].result_path, task.catch[0].next), (&Reach::Nothing, StateId(1)));
}

#[test]
fn a_jsonata_task_may_compute_its_timeouts() {
    let state = jsonata_kind(
        r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{% $states.input %}","TimeoutSeconds":"{% 10 %}","HeartbeatSeconds":3,"Next":"B"}"#,
    );
    let StateKind::Task(task) = state else { panic!("a Task") };
    assert_eq!(task.timeout, Some(Source::Jsonata(json!("{% 10 %}"))));
    assert_eq!(task.heartbeat, Some(Source::Literal(json!(3))));
}

#[test]
fn every_comparison_operator_is_read() {
    let test = |field: &str| {
        let rule = format!(r#"{{"Type":"Choice","Choices":[{{"Variable":"$.v",{field},"Next":"B"}}]}}"#);
        match kind(&rule) {
            StateKind::Choice { mut rules, .. } => match rules.remove(0).condition {
                Condition::Compare { test, .. } => test,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let orders = [
        ("Equals", Order::Equals),
        ("LessThan", Order::LessThan),
        ("GreaterThan", Order::GreaterThan),
        ("LessThanEquals", Order::LessThanEquals),
        ("GreaterThanEquals", Order::GreaterThanEquals),
    ];
    let domains: [(&str, Domain, Value, usize); 4] = [
        ("String", Domain::String, json!("a"), 5),
        ("Numeric", Domain::Numeric, json!(1.5), 5),
        ("Timestamp", Domain::Timestamp, json!("2026-01-02T03:04:05Z"), 5),
        ("Boolean", Domain::Boolean, json!(true), 1),
    ];
    for (prefix, domain, value, count) in domains {
        for (suffix, order) in &orders[..count] {
            let written = test(&format!(r#""{prefix}{suffix}":{value}"#));
            assert_eq!(written, Test::Ordered(domain, *order, Operand::Literal(value.clone())));
            let found = test(&format!(r#""{prefix}{suffix}Path":"$$.x""#));
            assert_eq!(found, Test::Ordered(domain, *order, Operand::Path("$$.x".into())));
        }
    }
    assert_eq!(test(r#""StringMatches":"a*""#), Test::StringMatches("a*".into()));
    let kinds = [IsKind::Null, IsKind::Present, IsKind::Numeric, IsKind::String, IsKind::Boolean, IsKind::Timestamp];
    for kind in kinds {
        assert_eq!(test(&format!(r#""Is{kind:?}":false"#)), Test::Is(kind, false));
    }
}

#[test]
fn choice_nests_conditions() {
    let state = kind(
        r#"{"Type":"Choice","Default":"B","Choices":[{"Next":"A","Assign":{"v":1},
            "And":[{"Not":{"Variable":"$.a","IsNull":true}},{"Or":[{"Variable":"$b.c","StringEquals":"x"}]}]}]}"#,
    );
    let StateKind::Choice { rules, default } = state else { panic!("a Choice") };
    let is_null = Condition::Compare { variable: "$.a".into(), test: Test::Is(IsKind::Null, true) };
    let equals = Condition::Compare {
        variable: "$b.c".into(),
        test: Test::Ordered(Domain::String, Order::Equals, Operand::Literal(json!("x"))),
    };
    assert_eq!(
        rules[0].condition,
        Condition::And(vec![Condition::Not(Box::new(is_null)), Condition::Or(vec![equals])])
    );
    assert_eq!((rules[0].next, default), (HERE, Some(StateId(1))));
    assert_eq!(rules[0].assign, Some(json!({ "v": 1 })));
}

#[test]
fn a_jsonata_choice_has_conditions() {
    let state = jsonata_kind(
        r#"{"Type":"Choice","Choices":[{"Condition":"{% true %}","Output":1,"Next":"B"},{"Condition":false,"Next":"B"}]}"#,
    );
    let StateKind::Choice { rules, default } = state else { panic!("a Choice") };
    let conditions: Vec<Condition> = rules.iter().map(|rule| rule.condition.clone()).collect();
    assert_eq!(conditions, [Condition::Jsonata(json!("{% true %}")), Condition::Jsonata(json!(false))]);
    assert_eq!((&rules[0].output, default), (&Some(json!(1)), None));
}

#[test]
fn wait_reads_all_four_fields() {
    let until = |field: &str| match kind(&format!(r#"{{"Type":"Wait",{field},"Next":"B"}}"#)) {
        StateKind::Wait { until, .. } => until,
        other => panic!("{other:?}"),
    };
    assert_eq!(until(r#""Seconds":0"#), WaitUntil::Seconds(Source::Literal(json!(0))));
    assert_eq!(until(r#""SecondsPath":"$v.s""#), WaitUntil::Seconds(Source::Path("$v.s".into())));
    assert_eq!(until(r#""TimestampPath":"$.t""#), WaitUntil::Timestamp(Source::Path("$.t".into())));
    let moment = "2026-01-02T03:04:05.678Z";
    assert_eq!(until(&format!(r#""Timestamp":"{moment}""#)), WaitUntil::Timestamp(Source::Literal(json!(moment))));
}

#[test]
fn fail_may_read_its_texts() {
    let text = r#"{"Type":"Fail","ErrorPath":"$.e","CausePath":"States.Format('{}', $.c)"}"#;
    let definition = parsed(&format!(r#"{{"StartAt":"A","States":{{"A":{text}}}}}"#));
    let expected = StateKind::Fail {
        error: Some(Source::Path("$.e".into())),
        cause: Some(Source::Path("States.Format('{}', $.c)".into())),
    };
    assert_eq!(definition.states[0].kind, expected);
}

#[test]
fn an_older_map_is_still_read() {
    let state = kind(
        r#"{"Type":"Map","Iterator":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"ItemsPath":"$$.Execution.Input","Parameters":{"v.$":"$$.Map.Item.Value"},"MaxConcurrency":0,"Next":"B"}"#,
    );
    let StateKind::Map(map) = state else { panic!("a Map") };
    assert!(map.legacy);
    assert_eq!((map.mode, map.processor), (MapMode::Inline, BlockId(1)));
    assert_eq!(map.items, Some(Source::Path("$$.Execution.Input".into())));
    assert_eq!(map.item_selector, Some(json!({ "v.$": "$$.Map.Item.Value" })));
    assert_eq!(map.max_concurrency, Some(Source::Literal(json!(0))));
}

#[test]
fn a_distributed_map_keeps_what_it_reads_and_writes() {
    let state = kind(
        r#"{"Type":"Map","Next":"B","Label":"L","ToleratedFailurePercentage":12.5,"ToleratedFailureCountPath":"$.n",
            "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key.$":"$.k"},"ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","MaxItems":7}},
            "ItemBatcher":{"MaxItemsPerBatch":10,"BatchInput":{"a":1}},
            "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b"},"WriterConfig":{"OutputType":"JSONL","Transformation":"FLATTEN"}},
            "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}}"#,
    );
    let StateKind::Map(map) = state else { panic!("a Map") };
    assert_eq!(map.mode, MapMode::Distributed { express: true });
    assert_eq!(map.label.as_deref(), Some("L"));
    assert_eq!(map.tolerated_failure_percentage, Some(Source::Literal(json!(12.5))));
    assert_eq!(map.tolerated_failure_count, Some(Source::Path("$.n".into())));
    assert_eq!(map.item_reader.as_ref().map(|reader| &reader["ReaderConfig"]["MaxItems"]), Some(&json!(7)));
    assert!(map.item_batcher.is_some() && map.result_writer.is_some());
}

#[test]
fn a_state_on_its_own_names_where_it_goes() {
    let text = r#"{"Type":"Choice","Choices":[{"Variable":"$.a","IsPresent":true,"Next":"There"}],"Default":"Here"}"#;
    let definition = Definition::parse_state("Here", text).expect("a sound state");
    let StateKind::Choice { rules, default } = &definition.states[0].kind else { panic!("a Choice") };
    assert_eq!(definition.state(rules[0].next).name, "There");
    assert_eq!(*default, Some(HERE));
    assert_eq!(definition.block(BlockId(0)).states, [HERE]);
}
