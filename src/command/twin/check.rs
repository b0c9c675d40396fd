//! `sao twin check`: what governance and constraints say, what is wrong with them, and why an action is allowed or denied.
//!
//! Owns the printing, and what the command line says of the question. The question itself is [`crate::ask`]'s.

use activities::twin::{Effect, Finding, Principal, Rule, Step, policy_schema};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    ask::{Asked, Layers, Wish, state},
    cli::TwinCheck,
    command::{Ending, look_at},
    error::CommandError,
    show::{self, Screen, Style},
};

pub(super) async fn run(options: &TwinCheck) -> Result<Ending, CommandError> {
    if options.schema {
        Screen::new(false).line(policy_schema().trim_end());
        return Ok(Ending::Good);
    }
    let setup = look_at(&options.data.data)?;
    let edge = setup.edge_only()?;
    let now = options.at.as_deref().map_or_else(|| Ok(Timestamp::now()), instant)?;
    let read = Layers::read(&edge, &options.data.data, now);
    let topology = edge.twin().topology().map_err(|error| CommandError::Function(error.to_string()))?;
    let asked = match (&options.action, &options.node) {
        (Some(action), Some(node)) => {
            let wish = Wish {
                action,
                node,
                parameters: parameters(&options.parameters)?,
                at: now,
                principal: options.principal.as_deref().and_then(Principal::named),
            };
            Some(Asked::of(&edge, &setup.settings()?, &read.policy, &topology, wish).await?)
        }
        _ => None,
    };
    if let Some(asked) = asked.as_ref().filter(|asked| !asked.out_of_bounds.is_empty()) {
        return Err(CommandError::Usage(asked.out_of_bounds.join("; ")));
    }
    let good = read.problems.is_empty() && asked.as_ref().is_none_or(|asked| asked.verdict.allowed);
    if options.output.json {
        show::json(&document(&read, asked.as_ref(), good));
    } else {
        print(&read, asked.as_ref());
    }
    Ok(Ending::when(good))
}

/// `NAME=VALUE`, taken apart; none where nothing is said.
fn parameters(texts: &[String]) -> Result<Option<Map<String, Value>>, CommandError> {
    let mut parameters = Map::new();
    for text in texts {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| CommandError::Usage(format!("`--param {text}` must be `NAME=VALUE`")))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        parameters.insert(name.to_owned(), value);
    }
    Ok(Some(parameters).filter(|parameters| !parameters.is_empty()))
}

fn instant(text: &str) -> Result<Timestamp, CommandError> {
    let wrong =
        || format!("`--at {text}` is no instant; write it with its offset, `2026-12-18T17:00:00Z` or `...+01:00`");
    text.parse().map_err(|_| CommandError::Usage(wrong()))
}

fn document(read: &Layers, asked: Option<&Asked>, good: bool) -> Value {
    let mut document = read.document();
    document["ok"] = good.into();
    document["rules"] = json!(read.policy.rules().collect::<Vec<_>>());
    if let Some(asked) = asked {
        let finding = |finding: &Finding| {
            let mut document = json!(finding);
            document["steps"] = json!(asked.steps_of(&finding.rule));
            document
        };
        document["action"] = asked.action.word().into();
        document["node"] = asked.node.id.as_str().into();
        document["at"] = asked.at.to_string().into();
        document["known"] =
            asked.known.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>().into();
        document["unknown"] = json!(asked.unknown);
        document["verdict"] = json!(asked.verdict);
        document["findings"] = asked.findings.iter().map(finding).collect();
    }
    document
}

fn print(read: &Layers, asked: Option<&Asked>) {
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
    screen.line(style.bold(&show::clean(&format!("{} on {} at {}", asked.action, asked.node.id, asked.at))));
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
