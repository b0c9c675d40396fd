//! `sao twin check`: what governance and constraints say, what is wrong with them, and why an action is allowed or denied.
//!
//! Owns the printing, and the question that the command line asks. What a rule means is `activities`'; it decides here as it
//! decides about a proposal.

use std::path::Path;

use activities::{
    action::{Action, ActionName, Configuration},
    shape::LayerAnswer,
    twin::{
        Document, Effect, Finding, Layer, LayerProblem, Lookup, Node, Policy, Principal, Question, Rule, Step,
        Topology, Verdict, policy_schema,
    },
};
use edge::{EdgeError, Embedded};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    cli::TwinCheck,
    command::{Ending, context, look_at},
    error::CommandError,
    show::{self, Screen, Style},
};

pub(super) fn run(options: &TwinCheck) -> Result<Ending, CommandError> {
    if options.schema {
        Screen::new(false).line(policy_schema().trim_end());
        return Ok(Ending::Good);
    }
    let edge = look_at(&options.data.data)?.edge_only()?;
    let now = options.at.as_deref().map_or_else(|| Ok(Timestamp::now()), instant)?;
    let read = Read::of(&edge, &options.data.data, now);
    let topology = edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?;
    let asked = match (&options.action, &options.node) {
        (Some(action), Some(node)) => Some(Asked::of(&read.policy, &topology, options, action, node, now)?),
        _ => None,
    };
    let good = read.problems.is_empty() && asked.as_ref().is_none_or(|asked| asked.verdict.allowed);
    if options.output.json {
        show::json(&document(&read, asked.as_ref(), good));
    } else {
        print(&read, asked.as_ref());
    }
    Ok(Ending::when(good))
}

/// Both layers as they are now.
struct Read {
    policy: Policy,
    governance: Vec<String>,
    constraints: Vec<String>,
    problems: Vec<LayerProblem>,
    warnings: Vec<LayerProblem>,
}

impl Read {
    fn of(edge: &Embedded, data: &Path, now: Timestamp) -> Self {
        let (governance, constraints) = (edge.twin().governance(), edge.twin().constraints());
        let policy = Policy::read(&documents(&governance), &documents(&constraints));
        // A layer that is there and cannot be read from the disk is more than missing.
        let unread = [("governance", &governance), ("constraints", &constraints)].into_iter().filter_map(unread);
        let unread: Vec<LayerProblem> = unread.collect();
        let known = |problem: &LayerProblem| unread.iter().any(|unread| unread.file == problem.file);
        let others: Vec<LayerProblem> = policy.problems().into_iter().filter(|problem| !known(problem)).collect();
        let warnings = policy.warnings(now).into_iter().chain(passed_over(data)).collect();
        Self {
            governance: names(&governance),
            constraints: names(&constraints),
            problems: unread.into_iter().chain(others).collect(),
            warnings,
            policy,
        }
    }
}

fn documents(layer: &Result<LayerAnswer, EdgeError>) -> Vec<Document<'_>> {
    let documents = layer.as_ref().map(|layer| layer.documents.as_slice()).unwrap_or_default();
    documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}

fn names(layer: &Result<LayerAnswer, EdgeError>) -> Vec<String> {
    documents(layer).iter().map(|document| document.name.to_owned()).collect()
}

fn unread((name, layer): (&str, &Result<LayerAnswer, EdgeError>)) -> Option<LayerProblem> {
    let error = layer.as_ref().err().filter(|error| error.error != "NotFound")?;
    Some(LayerProblem { file: name.to_owned(), line: None, what: error.to_string(), help: None })
}

/// Files among the layers' that are not read: their names end in neither of the two words.
fn passed_over(data: &Path) -> Vec<LayerProblem> {
    let inside = |layer: &str| {
        let entries = std::fs::read_dir(data.join("twin").join(layer)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.map(|name| format!("{layer}/{name}")).collect::<Vec<_>>()
    };
    let mut files: Vec<String> = ["governance", "constraints"].into_iter().flat_map(inside).collect();
    files.retain(|file| !file.ends_with(".cedar") && !file.ends_with(".json"));
    files.sort();
    let what = "it is not read: the names of files of rules end in `.cedar` or `.json`";
    files.into_iter().map(|file| LayerProblem { file, line: None, what: what.to_owned(), help: None }).collect()
}

/// A question and its answer.
struct Asked {
    action: ActionName,
    node: String,
    at: Timestamp,
    known: Vec<(&'static str, Value)>,
    unknown: Vec<&'static str>,
    verdict: Verdict,
    findings: Vec<Finding>,
    /// The conditions of each rule, by its name.
    steps: Vec<(String, Vec<Step>)>,
}

impl Asked {
    fn of(
        policy: &Policy,
        topology: &Topology,
        options: &TwinCheck,
        action: &str,
        node: &str,
        at: Timestamp,
    ) -> Result<Self, CommandError> {
        let action: ActionName = action.parse().map_err(|problem| usage(&problem))?;
        let node = &target(topology, action, node)?;
        let radius = u32::try_from(topology.blast_radius(node.id.as_str()).len()).unwrap_or(u32::MAX);
        let mut question = Question {
            principal: options.principal.as_deref().and_then(Principal::named),
            radius: Some(radius),
            ..Question::new(action, node, at)
        };
        if let (Some(current), true) = (Configuration::of(node), says_enough(action, options)) {
            let change = change(action, options, node, &current)?;
            question =
                Question { risk: Some(change.risk(&current, node).level), ..question.changing(&change, &current) };
        }
        Ok(Self {
            action,
            node: node.id.to_string(),
            at,
            known: known(&question),
            unknown: question.unknown(),
            verdict: policy.judge(&question),
            findings: policy.findings(&question),
            steps: policy.steps(&question).into_iter().map(|(rule, steps)| (rule.name.clone(), steps)).collect(),
        })
    }

    fn steps_of(&self, rule: &str) -> &[Step] {
        self.steps.iter().find(|(name, _)| name == rule).map_or(&[], |(_, steps)| steps.as_slice())
    }
}

/// The node that a name means; of several that share it, the one that the action can be done to.
fn target(topology: &Topology, action: ActionName, name: &str) -> Result<Node, CommandError> {
    if let Lookup::Ambiguous(ids) = topology.find(name) {
        let nodes = ids.iter().filter_map(|id| topology.node(id.as_str()));
        let fitting: Vec<_> = nodes.filter(|node| action.target_type() == Some(node.resource_type())).collect();
        if let [one] = fitting.as_slice() {
            return one.read().map_err(|error| CommandError::Function(error.to_string()));
        }
    }
    context::find(topology, name)
}

/// Whether the command line says what is to be changed; an action that changes nothing in particular needs no words.
fn says_enough(action: ActionName, options: &TwinCheck) -> bool {
    let schema = activities::action::action_schema(action);
    let parameters = schema.pointer("/properties/parameters/properties").and_then(Value::as_object);
    !options.parameters.is_empty() || parameters.is_none_or(Map::is_empty)
}

fn change(
    action: ActionName,
    options: &TwinCheck,
    node: &Node,
    current: &Configuration,
) -> Result<Action, CommandError> {
    let mut parameters = Map::new();
    for parameter in &options.parameters {
        let (name, value) = parameter
            .split_once('=')
            .ok_or_else(|| CommandError::Usage(format!("`--param {parameter}` must be `NAME=VALUE`")))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        parameters.insert(name.to_owned(), value);
    }
    action.validate(&Value::Object(parameters), node, current).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        CommandError::Usage(problems.join("; "))
    })
}

fn known(question: &Question<'_>) -> Vec<(&'static str, Value)> {
    let facts = [
        ("risk", question.risk.map(|risk| json!(risk))),
        ("radius", question.radius.map(|radius| json!(radius))),
        ("before", question.before.clone().map(Value::Object)),
        ("after", question.after.clone().map(Value::Object)),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn instant(text: &str) -> Result<Timestamp, CommandError> {
    let wrong =
        || format!("`--at {text}` is no instant; write it with its offset, `2026-12-18T17:00:00Z` or `...+01:00`");
    text.parse().map_err(|_| CommandError::Usage(wrong()))
}

fn usage(problem: &dyn std::fmt::Display) -> CommandError {
    CommandError::Usage(problem.to_string())
}

fn document(read: &Read, asked: Option<&Asked>, good: bool) -> Value {
    let layer = |state: &str, files: &[String]| json!({ "state": state, "files": files });
    let mut document = json!({
        "ok": good,
        "version": read.policy.version(),
        "governance": layer(state(&read.policy.governance), &read.governance),
        "constraints": layer(state(&read.policy.constraints), &read.constraints),
        "rules": read.policy.rules().collect::<Vec<_>>(),
        "problems": read.problems,
        "warnings": read.warnings,
    });
    if let Some(asked) = asked {
        let finding = |finding: &Finding| {
            let mut document = json!(finding);
            document["steps"] = json!(asked.steps_of(&finding.rule));
            document
        };
        document["action"] = asked.action.word().into();
        document["node"] = asked.node.as_str().into();
        document["at"] = asked.at.to_string().into();
        document["known"] =
            asked.known.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>().into();
        document["unknown"] = json!(asked.unknown);
        document["verdict"] = json!(asked.verdict);
        document["findings"] = asked.findings.iter().map(finding).collect();
    }
    document
}

fn state<T>(layer: &Layer<T>) -> &'static str {
    match layer {
        Layer::Present(_) => "present",
        Layer::Missing => "missing",
        Layer::Broken(_) => "broken",
    }
}

fn print(read: &Read, asked: Option<&Asked>) {
    let screen = Screen::new(false);
    let style = screen.style();
    let layers = [
        ("governance", state(&read.policy.governance), &read.governance),
        ("constraints", state(&read.policy.constraints), &read.constraints),
    ];
    for (name, state, files) in layers {
        let state = if state == "present" { style.good(state) } else { style.bad(state) };
        let files = if files.is_empty() { String::new() } else { format!("  {}", files.join(", ")) };
        screen.line(format!("{} {state}{}", style.bold(name), style.soft(&show::clean(&files))));
    }
    screen.line(style.soft(&format!("version {}", read.policy.version())));
    for problem in &read.problems {
        screen.line(format!("{} {}", style.bad("problem:"), show::clean(&problem.to_string())));
        screen.lines(problem.help.iter().flat_map(|help| show::wrapped(help, 9, show::WIDTH)));
    }
    for warning in &read.warnings {
        screen.line(format!("{} {}", style.warn("look at:"), show::clean(&warning.to_string())));
    }
    match asked {
        None => read.policy.rules().for_each(|rule| print_rule(&screen, style, rule)),
        Some(asked) => print_asked(&screen, style, asked),
    }
}

fn print_rule(screen: &Screen, style: Style, rule: &Rule) {
    let (mark, name) = match rule.effect {
        Effect::Permit => (style.good("permit"), &rule.name),
        Effect::Forbid => (style.bad("forbid"), &rule.name),
    };
    let line = rule.line.map(|line| format!(" line {line}")).unwrap_or_default();
    screen.gap();
    screen.line(format!(
        "{mark} {}  {}",
        style.bold(&show::clean(name)),
        style.soft(&show::clean(&format!("{}{line}", rule.file)))
    ));
    screen.lines(show::wrapped(&rule.says, 7, show::WIDTH));
    let text = rule.cedar.as_deref().unwrap_or("never applies: it is about none of the catalogue's actions");
    screen.lines(show::clean(text).lines().map(|line| style.soft(&format!("       {line}"))));
}

fn print_asked(screen: &Screen, style: Style, asked: &Asked) {
    screen.gap();
    screen.line(style.bold(&show::clean(&format!("{} on {} at {}", asked.action, asked.node, asked.at))));
    let known: Vec<String> = asked.known.iter().map(|(name, value)| format!("{name} {value}")).collect();
    screen.lines(show::wrapped(&format!("known: {}", known.join(", ")), 7, show::WIDTH));
    if !asked.unknown.is_empty() {
        screen.lines(show::wrapped(&format!("not known: {}", asked.unknown.join(", ")), 7, show::WIDTH));
    }
    for finding in &asked.findings {
        let mark = match (finding.denies, finding.permits) {
            (true, _) => style.bad("denies"),
            (_, true) => style.good("permits"),
            (false, false) => style.soft("idle"),
        };
        screen.gap();
        screen.line(format!("{mark} {}", style.bold(&show::clean(&finding.rule))));
        // Of a rule that does not apply the conditions say all.
        if finding.denies || finding.permits || asked.steps_of(&finding.rule).is_empty() {
            screen.lines(show::wrapped(&finding.reason, 7, show::WIDTH));
        }
        screen.lines(asked.steps_of(&finding.rule).iter().flat_map(|step| step_lines(style, step)));
    }
    screen.gap();
    let word = if asked.verdict.allowed { style.good("allowed") } else { style.bad("denied") };
    let by = if asked.verdict.allowed { "by" } else { "because of" };
    let policies = if asked.verdict.policies.is_empty() {
        asked.verdict.rule.clone().into_iter().collect()
    } else {
        asked.verdict.policies.clone()
    };
    screen.line(format!("{word} {}", style.soft(&show::clean(&format!("{by} {}", policies.join(", "))))));
    screen.lines(show::wrapped(&asked.verdict.reason, 7, show::WIDTH));
}

fn step_lines(style: Style, step: &Step) -> Vec<String> {
    let mark = match step.holds {
        Some(true) => style.good("met"),
        Some(false) => style.soft("not met"),
        None => style.bad("cannot be evaluated"),
    };
    let mut lines = vec![format!("       {} {}", style.soft(&show::clean(&step.condition)), mark)];
    lines.extend(
        step.facts
            .iter()
            .map(|(name, value)| format!("         {} is {}", show::clean(name), show::clean(&value.to_string()))),
    );
    lines.extend(step.error.iter().map(|error| format!("         {}", show::clean(error))));
    lines
}
