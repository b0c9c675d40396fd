//! Running cases, and the table of what came of them.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use serde_json::Value;
use statemachine::{Command, Definition, Execution, Identity, Millis, Status, history::History};

use super::{
    call,
    case::{ACCOUNT, Case, Kind, REGION, Run},
    children::MapRuns,
    compare::Matcher,
};
use crate::answers::Answers;

/// What came of a folder of cases.
#[derive(Debug, Default)]
pub struct Report {
    /// For each case its category and its first difference, if any.
    pub outcomes: BTreeMap<String, (String, Option<String>)>,
}

/// Runs every case of a folder.
///
/// # Errors
/// A folder or a case that cannot be read.
pub fn run_folder(folder: &Path) -> Result<Report, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut report = Report::default();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let case = Case::read(&path)?;
            report.outcomes.insert(case.id.clone(), (case.category.clone(), run(&case).err()));
        }
    }
    Ok(report)
}

impl Report {
    /// How many agree.
    #[must_use]
    pub fn agreed(&self) -> usize {
        self.outcomes.values().filter(|(_, difference)| difference.is_none()).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut categories: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (category, difference) in self.outcomes.values() {
            let row = categories.entry(category).or_default();
            row.0 += usize::from(difference.is_none());
            row.1 += 1;
        }
        for (id, (_, difference)) in &self.outcomes {
            if let Some(difference) = difference {
                writeln!(f, "differs  {id}\n         {difference}")?;
            }
        }
        for (category, (agreed, all)) in categories {
            writeln!(f, "{category:<28} {agreed:>4} of {all:>4}")?;
        }
        writeln!(f, "{:<28} {:>4} of {:>4}", "all", self.agreed(), self.outcomes.len())
    }
}

fn run(case: &Case) -> Result<(), String> {
    match case.kind {
        Kind::Execution | Kind::Outputs => {
            let mut matcher = Matcher::default();
            case.runs.iter().enumerate().try_for_each(|(place, run)| {
                run_one(case, run, &mut matcher).map_err(|difference| format!("run {}: {difference}", place + 1))
            })
        }
        Kind::TestState | Kind::ValidateDefinition => call::run(case).map_or(Ok(()), Err),
    }
}

fn run_one(case: &Case, run: &Run, matcher: &mut Matcher) -> Result<(), String> {
    let definition = if run.definition.is_null() { &case.definition } else { &run.definition };
    let text = definition.as_str().map_or_else(|| definition.to_string(), str::to_owned);
    let definition = Definition::parse(&text).map_err(|error| error.to_string())?;
    let input = input_text(run);
    let (events, status) = simulate(definition, &input, &run.expected_history);
    if case.kind == Kind::Execution {
        return matcher.histories(&run.expected_history, &events).map_or(Ok(()), Err);
    }
    match status {
        Status::Succeeded { output } => {
            let output: Value = serde_json::from_str(&output).unwrap_or_default();
            let expected = run
                .expected_output
                .as_str()
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_else(|| run.expected_output.clone());
            matcher.difference(&expected, &output, "output").map_or(Ok(()), Err)
        }
        other => Err(format!("{other:?}, expected {}", run.expected_output)),
    }
}

/// The input as it was sent: the history keeps a text that is no object verbatim.
fn input_text(run: &Run) -> String {
    let recorded = run.expected_history.first().map(|event| &event["executionStartedEventDetails"]["input"]);
    match (recorded, &run.input) {
        (Some(Value::String(text)), _) => text.clone(),
        (_, Value::String(text)) if serde_json::from_str::<Value>(text).is_ok() => text.clone(),
        (_, Value::Null) => "{}".to_owned(),
        (_, other) => other.to_string(),
    }
}

/// Runs an execution to its end, with the answers and the data sets that its recorded history shows.
fn simulate(definition: Definition, input: &str, recorded: &[Value]) -> (Vec<Value>, Status) {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/machine");
    let identity = Identity {
        number: 1,
        execution_arn: format!("arn:aws:states:{REGION}:{ACCOUNT}:execution:machine:run"),
        name: "run".to_owned(),
        state_machine_arn: format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine"),
        state_machine_name: "machine".to_owned(),
        role_arn: role.clone(),
    };
    let definition = Arc::new(definition);
    let execution = Execution::new(Arc::clone(&definition), Arc::new(identity));
    play(execution, input, &mut Answers::of(recorded), &MapRuns { history: recorded, definition, role })
}

/// Runs an execution to its end on a clock of its own.
pub(super) fn play(
    mut execution: Execution,
    input: &str,
    answers: &mut Answers,
    runs: &MapRuns<'_>,
) -> (Vec<Value>, Status) {
    let mut history = History::new(Arc::clone(execution.definition()), &runs.role, REGION);
    let mut seed = 0x5eed_u64;
    let mut chance = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed ^ (seed >> 33)
    };
    let mut now: Millis = 1_700_000_000_000;
    let mut events = Vec::new();
    let mut signals = Vec::new();
    let mut advance = execution.start(input, now, &mut chance);
    loop {
        events.extend(advance.records.iter().filter_map(|record| history.push(now, record)));
        for command in &advance.commands {
            match command {
                Command::InvokeTask(call) => {
                    signals.extend(answers.next_for(call).into_iter().flat_map(|answer| answer.signals(call)));
                }
                other => signals.extend(runs.answer(other)),
            }
        }
        now += 1;
        advance = if signals.is_empty() {
            let Some(due) = execution.next_due() else { break };
            now = now.max(due);
            execution.advance(None, now, &mut chance)
        } else {
            execution.advance(Some(signals.remove(0)), now, &mut chance)
        }
        .unwrap_or_default();
    }
    (events, execution.status().clone())
}
