//! `sao validate`: all problems of a definition at once, each with its JSON pointer.
//!
//! Owns the printing. The checks are `statemachine`'s. The placeholders of the incident workflow are filled with the embedded
//! settings first, so that the file in the repository can be checked as it is.

use serde_json::{Value, json};
use statemachine::definition::{Definition, Problem, Severity};

use crate::{cli::Validate, command::Ending, embedded, error::CommandError, show};

pub(crate) fn run(options: &Validate) -> Result<Ending, CommandError> {
    let text = super::read_text(&options.file)?;
    let problems = Definition::diagnose(&filled(&text));
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if options.output.json {
        let result = if errors == 0 { "OK" } else { "FAIL" };
        show::json(&json!({ "result": result, "diagnostics": problems.iter().map(document).collect::<Vec<Value>>() }));
        return Ok(Ending::when(errors == 0));
    }
    let screen = show::Screen::new(false);
    let style = screen.style();
    for problem in &problems {
        let word = match problem.severity {
            Severity::Error => style.bad("error"),
            Severity::Warning => style.warn("warning"),
        };
        screen.line(format!(
            "{word} {}: {} ({})",
            style.bold(place(problem)),
            show::clean(&problem.message),
            problem.code
        ));
    }
    let file = super::shown(&options.file);
    screen.line(match (errors, problems.len()) {
        (0, 0) => format!("{} {file} is a valid definition", style.good("✓")),
        (0, warnings) => format!("{} {file} is a valid definition, with {warnings} warning(s)", style.good("✓")),
        (errors, _) => format!("{} {file} has {errors} error(s)", style.bad("✗")),
    });
    Ok(Ending::when(errors == 0))
}

/// The text with its placeholders filled, or as it is when it is not the incident workflow.
fn filled(text: &str) -> String {
    embedded::fill(text, &[]).unwrap_or_else(|_| text.to_owned())
}

fn place(problem: &Problem) -> &str {
    if problem.pointer.is_empty() { "/" } else { &problem.pointer }
}

fn document(problem: &Problem) -> Value {
    json!({
        "severity": problem.severity.as_str(),
        "code": problem.code.as_str(),
        "pointer": problem.pointer,
        "location": problem.location,
        "message": problem.message,
    })
}
