//! That expressions read of `$states` only what it holds in their place.
//!
//! `$states.result` is there once a Task, Parallel or Map state has done its work, in its `Output` and `Assign`;
//! `$states.errorOutput` in those of a catcher. `$states.input` and `$states.context` are there always.

use serde_json::Value;

use super::states;
use crate::data::jsonata;
use crate::definition::parse::Walk;
use crate::definition::parse::place::Place;
use crate::definition::{Code, Condition, QueryLanguage, Source, State, StateKind, WaitUntil};

/// Reports every expression that reads a result or an error where there is none.
pub(super) fn offered(walk: &Walk<'_>) {
    for (state, place) in states(walk).filter(|(state, _)| state.query_language == QueryLanguage::Jsonata) {
        for Expression { fields, value, offers } in expressions(state) {
            let place = fields.into_iter().fold(place.clone(), Field::of);
            for (pointer, member) in jsonata::states_members(value) {
                if LIMITED.contains(&member.as_str()) && offers != Some(member.as_str()) {
                    let message = format!("Reference to '$states.{member}' is not supported.");
                    walk.ledger.error(&place.inside(value, &pointer), Code::UnsupportedJsonataExpression, message);
                }
            }
        }
    }
}

/// A template, where it stands in its state, and which of the limited members there is for it.
struct Expression<'s> {
    fields: Vec<Field>,
    value: &'s Value,
    offers: Option<&'static str>,
}

enum Field {
    Named(&'static str),
    At(usize),
}

impl Field {
    fn of(place: Place, field: Self) -> Place {
        match field {
            Self::Named(name) => place.key(name),
            Self::At(index) => place.index(index),
        }
    }
}

fn expressions<'s>(state: &'s State) -> Vec<Expression<'s>> {
    let mut found = Vec::new();
    let works = matches!(state.kind, StateKind::Task(_) | StateKind::Parallel { .. } | StateKind::Map(_));
    let result = works.then_some(RESULT);
    let mut add = |fields: Vec<Field>, value: Option<&'s Value>, offers| {
        found.extend(value.map(|value| Expression { fields, value, offers }));
    };
    add(vec![Field::Named("Arguments")], state.flow.arguments.as_ref(), None);
    for (name, source) in sources(state) {
        if let Some(Source::Jsonata(value)) = source {
            add(vec![Field::Named(name)], Some(value), None);
        }
    }
    if let StateKind::Map(map) = &state.kind {
        add(vec![Field::Named("ItemSelector")], map.item_selector.as_ref(), None);
    }
    add(vec![Field::Named("Output")], state.flow.output.as_ref(), result);
    add(vec![Field::Named("Assign")], state.flow.assign.as_ref(), result);
    if let StateKind::Choice { rules, .. } = &state.kind {
        for (index, rule) in rules.iter().enumerate() {
            let at = |name| vec![Field::Named("Choices"), Field::At(index), Field::Named(name)];
            if let Condition::Jsonata(condition) = &rule.condition {
                add(at("Condition"), Some(condition), None);
            }
            add(at("Output"), rule.output.as_ref(), None);
            add(at("Assign"), rule.assign.as_ref(), None);
        }
    }
    for (index, catcher) in state.catchers().iter().enumerate() {
        let at = |name| vec![Field::Named("Catch"), Field::At(index), Field::Named(name)];
        add(at("Output"), catcher.output.as_ref(), Some(ERROR));
        add(at("Assign"), catcher.assign.as_ref(), Some(ERROR));
    }
    found
}

fn sources(state: &State) -> Vec<(&'static str, Option<&Source>)> {
    match &state.kind {
        StateKind::Task(task) => {
            vec![("TimeoutSeconds", task.timeout.as_ref()), ("HeartbeatSeconds", task.heartbeat.as_ref())]
        }
        StateKind::Map(map) => vec![
            ("Items", map.items.as_ref()),
            ("MaxConcurrency", map.max_concurrency.as_ref()),
            ("ToleratedFailureCount", map.tolerated_failure_count.as_ref()),
            ("ToleratedFailurePercentage", map.tolerated_failure_percentage.as_ref()),
        ],
        StateKind::Wait { until: WaitUntil::Seconds(source), .. } => vec![("Seconds", Some(source))],
        StateKind::Wait { until: WaitUntil::Timestamp(source), .. } => vec![("Timestamp", Some(source))],
        StateKind::Fail { error, cause } => vec![("Error", error.as_ref()), ("Cause", cause.as_ref())],
        _ => Vec::new(),
    }
}

const RESULT: &str = "result";
const ERROR: &str = "errorOutput";

/// The members that are not there everywhere.
const LIMITED: [&str; 2] = [RESULT, ERROR];
