//! What there is besides executions: tags, versions, aliases, activities; and that all of it survives a cut anywhere.

use super::*;
use crate::engine::{ApiError, NewVersion, Paging, StateMachineChange};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:a";

fn tags(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn version(number: u64) -> String {
    format!("{MACHINE}:{number}")
}

fn routes(routes: &[(u64, u32)]) -> Vec<(String, u32)> {
    routes.iter().map(|(number, weight)| (version(*number), *weight)).collect()
}

fn said(text: &str) -> NewVersion {
    NewVersion { description: Some(text.to_owned()) }
}

/// One change of what there is.
async fn change(engine: &Engine, step: usize) {
    let definition = |definition: String| StateMachineChange { definition: Some(definition), ..Default::default() };
    match step {
        0 => drop(engine.create_activity("a".into(), tags(&[("team", "ops")]), None).await.unwrap()),
        1 => {
            let new = NewStateMachine {
                name: "m".into(),
                definition: passes(),
                tags: tags(&[("a", "1"), ("b", "2")]),
                publish: Some(said("first")),
                ..NewStateMachine::default()
            };
            assert_eq!(engine.create_published(new).await.unwrap().version_arn, Some(version(1)));
        }
        2 => engine.tag_resource(MACHINE, tags(&[("b", "3"), ("c", "4")])).await.unwrap(),
        3 => {
            let change = StateMachineChange { publish: Some(said("second")), ..definition(nap()) };
            assert_eq!(engine.update_state_machine(MACHINE, change).await.unwrap().version_arn, Some(version(2)));
        }
        4 => {
            let alias = engine.create_state_machine_alias("LIVE".into(), None, routes(&[(1, 60), (2, 40)]));
            assert_eq!(alias.await.unwrap().arn, format!("{MACHINE}:LIVE"));
        }
        5 => engine.untag_resource(MACHINE, vec!["a".into(), "x".into()]).await.unwrap(),
        6 => drop(engine.update_state_machine(MACHINE, definition(question())).await.unwrap()),
        7 => {
            let published = engine.publish_state_machine_version(MACHINE, None, said("third")).await.unwrap();
            assert_eq!(published.arn, version(3));
        }
        8 => {
            let alias = format!("{MACHINE}:LIVE");
            engine.update_state_machine_alias(&alias, None, Some(routes(&[(3, 100)]))).await.unwrap();
        }
        9 => engine.delete_state_machine_version(&version(1)).await.unwrap(),
        10 => engine.tag_resource(ACTIVITY, tags(&[("team", "dev")])).await.unwrap(),
        11 => engine.delete_state_machine_alias(&format!("{MACHINE}:LIVE")).await.unwrap(),
        12 => engine.delete_activity(ACTIVITY).await.unwrap(),
        13 => drop(engine.create_activity("a".into(), vec![], None).await.unwrap()),
        14 => engine.delete_state_machine(MACHINE).await.unwrap(),
        _ => panic!("no such step"),
    }
}

const STEPS: usize = 15;

/// All that there is, in words.
async fn seen(engine: &Engine) -> String {
    let mut seen = String::new();
    let mut note = |what: String| seen.push_str(&format!("{what}\n"));
    for activity in engine.list_activities(Paging::default()).await.unwrap().items {
        note(format!("{activity:?} {:?}", engine.list_tags_for_resource(&activity.arn).await.unwrap()));
    }
    for machine in engine.list_state_machines(Paging::default()).await.unwrap().items {
        if machine.deleting {
            continue;
        }
        note(format!("{:?}", engine.describe_state_machine(&machine.arn).await.unwrap()));
        for version in engine.list_state_machine_versions(&machine.arn, Paging::default()).await.unwrap().items {
            note(format!("{:?}", engine.describe_state_machine(&version.arn).await.unwrap()));
        }
        for alias in engine.list_state_machine_aliases(&machine.arn, Paging::default()).await.unwrap().items {
            note(format!("{:?}", engine.describe_state_machine_alias(&alias.arn).await.unwrap()));
        }
    }
    seen
}

#[tokio::test]
async fn what_there_is_survives_a_cut_after_each_change() {
    let bench = Bench::new();
    let engine = bench.open().await;
    let mut views = vec![seen(&engine).await];
    for step in 0..STEPS {
        bench.clock.advance(1000);
        change(&engine, step).await;
        views.push(seen(&engine).await);
    }
    assert_eq!(views.iter().collect::<std::collections::BTreeSet<_>>().len(), STEPS + 1, "each step changes something");
    engine.shutdown().await;
    let (bytes, ends) = journal_of(bench.data.path());
    assert_eq!(ends.len(), STEPS + 1, "each change is one entry");
    for (step, end) in ends.iter().enumerate() {
        let again = Bench::at(data_of(&bytes[..*end]), NOON);
        let engine = again.open().await;
        assert_eq!(seen(&engine).await, views[step], "cut after {step} changes");
        engine.shutdown().await;
        // From the index alone.
        assert_eq!(seen(&again.open().await).await, views[step], "cut after {step} changes, once more");
    }
}

#[tokio::test]
async fn what_there_is_survives_a_kill_with_whatever_the_index_holds() {
    let bench = Bench::new();
    let mut engine = bench.open().await;
    for step in 0..STEPS {
        change(&engine, step).await;
        if step % 3 == 0 {
            engine.inner.index.flush().unwrap();
        }
        let (killed, view) = (bench.killed(), seen(&engine).await);
        assert_eq!(seen(&killed.open().await).await, view, "killed after {step}");
        if step % 4 == 3 {
            engine.shutdown().await;
            engine = bench.open().await;
            assert_eq!(seen(&engine).await, view, "stopped after {step}");
        }
    }
}

#[tokio::test]
async fn tags_are_no_part_of_a_revision() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    change(&engine, 2).await;
    let machine = engine.describe_state_machine(MACHINE).await.unwrap();
    assert_eq!((machine.revision_id, machine.tags), (None, tags(&[("a", "1"), ("b", "3"), ("c", "4")])));
    change(&engine, 3).await;
    assert_eq!(engine.list_tags_for_resource(MACHINE).await.unwrap(), tags(&[("a", "1"), ("b", "3"), ("c", "4")]));
    let many = (0..48).map(|n| (n.to_string(), String::new())).collect();
    let refused = engine.tag_resource(MACHINE, many).await.unwrap_err();
    assert_eq!(refused.code(), "TooManyTags");
    for nobody in [format!("{MACHINE}x"), format!("{ACTIVITY}x")] {
        let refused = engine.tag_resource(&nobody, vec![]).await.unwrap_err();
        assert_eq!(refused, ApiError::ResourceNotFound(nobody));
    }
}

#[tokio::test]
async fn a_revision_is_published_once() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    let publish = |revision: Option<&str>| {
        engine.publish_state_machine_version(MACHINE, revision.map(str::to_owned), said("again"))
    };
    assert_eq!(publish(None).await.unwrap().arn, version(1));
    assert_eq!(publish(Some("INITIAL")).await.unwrap().arn, version(1));
    let refused = publish(Some("other")).await.unwrap_err();
    let why = "Failed to publish the State Machine version for revision other. The current State Machine revision is INITIAL.";
    assert_eq!(refused, ApiError::Conflict(why.into()));

    let change = |definition: String| StateMachineChange {
        definition: Some(definition),
        publish: Some(NewVersion::default()),
        ..StateMachineChange::default()
    };
    let same = engine.update_state_machine(MACHINE, change(passes())).await.unwrap();
    assert_eq!((same.revision_id, same.version_arn), (None, Some(version(1))));
    let other = engine.update_state_machine(MACHINE, change(nap())).await.unwrap();
    assert_eq!(other.version_arn, Some(version(2)));
    let again = engine.update_state_machine(MACHINE, change(nap())).await.unwrap();
    assert_eq!((again.revision_id, again.version_arn), (other.revision_id, other.version_arn));
    let gone = engine.publish_state_machine_version(&format!("{MACHINE}x"), None, said("")).await.unwrap_err();
    assert_eq!(gone.code(), "StateMachineDoesNotExist");
}

#[tokio::test]
async fn a_number_is_not_given_twice_while_the_machine_lives() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    engine.delete_state_machine_version(&version(1)).await.unwrap();
    engine.delete_state_machine_version(&version(1)).await.unwrap();
    let again = engine.publish_state_machine_version(MACHINE, None, said("again")).await.unwrap();
    assert_eq!(again.arn, version(2));
    let killed = bench.killed();
    let engine = killed.open().await;
    engine.delete_state_machine_version(&version(2)).await.unwrap();
    let again = engine.publish_state_machine_version(MACHINE, None, said("again")).await.unwrap();
    assert_eq!(again.arn, version(3));
}

#[tokio::test]
async fn versions_come_in_pages_the_latest_first() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    change(&engine, 3).await;
    change(&engine, 6).await;
    change(&engine, 7).await;
    let page = |next_token| engine.list_state_machine_versions(MACHINE, Paging { max_results: 2, next_token });
    let first = page(None).await.unwrap();
    let second = page(first.next_token).await.unwrap();
    let arns = |page: Vec<crate::engine::Version>| page.into_iter().map(|version| version.arn).collect::<Vec<_>>();
    assert_eq!((arns(first.items), arns(second.items)), (vec![version(3), version(2)], vec![version(1)]));
    assert_eq!(second.next_token, None);
}

#[tokio::test]
async fn an_alias_leads_to_versions_that_are_there() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    change(&engine, 3).await;
    create(&engine, "n", passes()).await;
    let create = |name: &str, routes: Vec<(String, u32)>| engine.create_state_machine_alias(name.into(), None, routes);
    let foreign = || vec![(version(1), 50), (version(1).replace(":m:", ":n:"), 50)];
    for (given, code) in [
        (routes(&[(1, 60)]), "ValidationException"),
        (routes(&[(1, 60), (2, 60)]), "ValidationException"),
        (routes(&[(1, 50), (1, 50)]), "ValidationException"),
        (foreign(), "ValidationException"),
        (routes(&[(1, 50), (9, 50)]), "ResourceNotFound"),
        (vec![("arn:aws:states:us-east-1:123456789012:stateMachine:x:1".into(), 100)], "ResourceNotFound"),
        (vec![(MACHINE.into(), 100)], "ValidationException"),
        (vec![("m".into(), 100)], "InvalidArn"),
    ] {
        assert_eq!(create("LIVE", given.clone()).await.unwrap_err().code(), code, "{given:?}");
    }
    let alias = create("LIVE", routes(&[(1, 50), (2, 50)])).await.unwrap();
    assert_eq!(create("LIVE", routes(&[(1, 50), (2, 50)])).await.unwrap(), alias);
    assert_eq!(create("LIVE", routes(&[(1, 100)])).await.unwrap_err().code(), "ConflictException");
    create("ONE", routes(&[(1, 100)])).await.unwrap();

    let why = "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [LIVE, ONE]";
    assert_eq!(engine.delete_state_machine_version(&version(1)).await, Err(ApiError::Conflict(why.into())));
    let leading = |arn: String| {
        let engine = engine.clone();
        async move {
            let found = engine.list_state_machine_aliases(&arn, Paging::default()).await.unwrap().items;
            found.into_iter().map(|alias| alias.name).collect::<Vec<_>>()
        }
    };
    assert_eq!(leading(MACHINE.into()).await, ["LIVE", "ONE"]);
    assert_eq!(leading(version(2)).await, ["LIVE"]);

    bench.clock.advance(9);
    let update = |routes| engine.update_state_machine_alias(&alias.arn, None, Some(routes));
    assert_eq!(update(routes(&[(1, 50), (2, 50)])).await.unwrap().update_date, NOON);
    assert_eq!(update(routes(&[(2, 100)])).await.unwrap().update_date, NOON + 9);
    engine.delete_state_machine_alias(&alias.arn).await.unwrap();
    let gone = engine.describe_state_machine_alias(&alias.arn).await.unwrap_err();
    assert_eq!(gone, ApiError::ReferenceDoesNotExist);
}

#[tokio::test]
async fn a_machine_has_at_most_a_thousand_versions_and_a_hundred_aliases() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    for n in 0..100 {
        engine.create_state_machine_alias(format!("A{n}"), None, routes(&[(1, 100)])).await.unwrap();
    }
    let refused = engine.create_state_machine_alias("B".into(), None, routes(&[(1, 100)])).await.unwrap_err();
    assert_eq!(refused.code(), "ServiceQuotaExceededException");
    for n in 1..=1000 {
        let role_arn = Some(format!("role {n}"));
        let change = StateMachineChange { role_arn, publish: Some(NewVersion::default()), ..Default::default() };
        let outcome = engine.update_state_machine(MACHINE, change).await;
        match n {
            1000 => assert_eq!(outcome.unwrap_err().code(), "ServiceQuotaExceededException"),
            _ => assert_eq!(outcome.unwrap().version_arn, Some(version(n + 1))),
        }
    }
}

#[tokio::test]
async fn an_execution_runs_the_version_that_it_was_started_with() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    change(&engine, 3).await;
    let live = engine.create_state_machine_alias("LIVE".into(), None, routes(&[(1, 100)])).await.unwrap().arn;
    let latest = start(&engine, MACHINE, "latest", &json!({})).await;
    let first = start(&engine, &version(1), "first", &json!({})).await;
    let alias = start(&engine, &live, "alias", &json!({})).await;
    let check = |engine: Engine| {
        let (latest, first, alias, live) = (latest.clone(), first.clone(), alias.clone(), live.clone());
        async move {
            for (arn, status, version_arn, alias_arn) in [
                (latest, ExecutionStatus::Running, None, None),
                (first, ExecutionStatus::Succeeded, Some(version(1)), None),
                (alias, ExecutionStatus::Succeeded, Some(version(1)), Some(live.clone())),
            ] {
                let item = engine.describe_execution(&arn).await.unwrap().item;
                assert_eq!((item.status, item.version_arn, item.alias_arn), (status, version_arn, alias_arn), "{arn}");
                assert_eq!(item.state_machine_arn, MACHINE);
            }
            for (of, names) in [
                (MACHINE.to_owned(), vec!["alias", "first", "latest"]),
                (version(1), vec!["alias", "first"]),
                (live, vec!["alias"]),
            ] {
                let found = engine.list_executions(&of, None, Paging::default()).await.unwrap().items;
                assert_eq!(found.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), names, "{of}");
            }
        }
    };
    check(engine.clone()).await;
    let killed = bench.killed();
    check(killed.open().await).await;
    engine.delete_state_machine_alias(&live).await.unwrap();
    engine.delete_state_machine_version(&version(1)).await.unwrap();
    for gone in [live.clone(), version(1), version(7), format!("{MACHINE}:NONE")] {
        let refused = engine.start_execution(of(&gone)).await.unwrap_err();
        assert_eq!(refused, ApiError::StateMachineDoesNotExist(gone));
    }
    assert_eq!(engine.describe_state_machine_for_execution(&first).await.unwrap().definition, passes());
}

#[tokio::test]
async fn an_alias_draws_among_its_versions() {
    let bench = Bench::new();
    let engine = bench.open().await;
    change(&engine, 1).await;
    change(&engine, 3).await;
    let live = engine.create_state_machine_alias("LIVE".into(), None, routes(&[(1, 50), (2, 50)])).await.unwrap().arn;
    let mut drawn = std::collections::BTreeSet::new();
    for _ in 0..64 {
        let started = engine.start_execution(of(&live)).await.unwrap();
        drawn.insert(engine.describe_execution(&started.execution_arn).await.unwrap().item.version_arn);
    }
    assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [Some(version(1)), Some(version(2))]);
}

#[tokio::test]
async fn a_machine_made_anew_has_none_of_the_old_ones_versions() {
    let bench = Bench::new();
    let engine = bench.open().await;
    for step in [1, 2, 3, 4] {
        change(&engine, step).await;
    }
    engine.delete_state_machine(MACHINE).await.unwrap();
    // Its last executions are being aborted; there are none.
    while engine.describe_state_machine(MACHINE).await.is_ok() {
        tokio::task::yield_now().await;
    }
    create(&engine, "m", passes()).await;
    let killed = bench.killed();
    for engine in [engine, killed.open().await] {
        assert_eq!(engine.list_state_machine_versions(MACHINE, Paging::default()).await.unwrap().items, []);
        assert_eq!(engine.list_state_machine_aliases(MACHINE, Paging::default()).await.unwrap().items, []);
        assert_eq!(engine.list_tags_for_resource(MACHINE).await.unwrap(), []);
    }
}
