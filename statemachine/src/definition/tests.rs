//! Tests of the definition room, as data: a definition's text, and what is said of it.

mod accepted;
mod hostile;
mod picture;
mod refused_fields;
mod refused_flow;
mod refused_whole;

use super::{Definition, MachineType, Problem};

/// One line for each problem: its code, where it is as a JSON pointer, what is said.
pub(super) fn lines(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|p| format!("{} {} {}", p.code, if p.pointer.is_empty() { "/" } else { &p.pointer }, p.message))
        .collect()
}

/// Checks all that is said of a machine's text.
#[track_caller]
pub(super) fn check(text: &str, expected: &[&str]) {
    assert_eq!(lines(&Definition::diagnose(text)), expected, "{text}");
}

/// Checks all that is said of a machine made of one state, `A`; its places are written below the state.
#[track_caller]
pub(super) fn check_state(state: &str, expected: &[&str]) {
    let text = format!(r#"{{"StartAt":"A","States":{{"A":{state}}}}}"#);
    let said: Vec<String> =
        lines(&Definition::diagnose(&text)).iter().map(|line| line.replacen(" /States/A", " ", 1)).collect();
    assert_eq!(said, expected, "{text}");
}

/// The same under JSONata.
#[track_caller]
pub(super) fn check_jsonata(state: &str, expected: &[&str]) {
    let text = format!(r#"{{"QueryLanguage":"JSONata","StartAt":"A","States":{{"A":{state}}}}}"#);
    let said: Vec<String> =
        lines(&Definition::diagnose(&text)).iter().map(|line| line.replacen(" /States/A", " ", 1)).collect();
    assert_eq!(said, expected, "{text}");
}

/// Checks all that is said of an Express machine's text.
#[track_caller]
pub(super) fn check_express(text: &str, expected: &[&str]) {
    assert_eq!(lines(&Definition::diagnose_as(text, MachineType::Express)), expected, "{text}");
}
