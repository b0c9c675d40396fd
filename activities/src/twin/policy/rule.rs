//! A rule as it is evaluated: a Cedar policy with the name that people know it by.
//!
//! Owns how texts become rules: parsing, names, validation against the schema, and that all problems of all files are found
//! at once. A rule that was written in another form than Cedar arrives here as the Cedar text that it means.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cedar_policy::{Policy, PolicyId, PolicySet, ValidationMode, ffi::DetailedError};
use serde::Serialize;
use serde_json::Value;

use super::schema::compiled;
use super::split::{Piece, line_of, split};
use crate::action::ActionName;
use crate::twin::layer::{Document, LayerProblem};

/// One rule of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// The name by which verdicts cite it.
    pub name: String,
    /// The file that it is from.
    pub file: String,
    /// The line on which it begins, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// What it says, in a sentence.
    pub says: String,
    /// The Cedar policy that is evaluated; none where the rule can never apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cedar: Option<String>,
    #[serde(skip)]
    pub(super) because: Because,
    #[serde(skip)]
    pub(super) policy: Option<Policy>,
}

/// What a rule does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It permits, unless another rule forbids.
    Permit,
    /// It forbids, whatever permits.
    Forbid,
}

/// What whoever is refused is told.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::twin) enum Because {
    /// A sentence.
    Said(String),
    /// A sentence, and that this tag decides which the target may lack.
    SaidOfTag(String, String),
    /// The values that a mandatory tag may have.
    MandatoryTag(String, Vec<String>),
    /// The maintenance window at this place knows.
    Window(usize),
}

/// A rule that was written in another form, and what it means in Cedar.
pub(in crate::twin) struct Draft {
    pub(in crate::twin) name: String,
    pub(in crate::twin) file: String,
    pub(in crate::twin) effect: Effect,
    pub(in crate::twin) says: String,
    pub(in crate::twin) because: Because,
    /// None where the rule can never apply.
    pub(in crate::twin) cedar: Option<String>,
}

/// Rules with what is odd about them.
pub(in crate::twin) struct Rules {
    pub(in crate::twin) rules: Vec<Rule>,
    pub(in crate::twin) warnings: Vec<LayerProblem>,
}

/// The rules of a file of Cedar policies.
pub(in crate::twin) fn read(document: &Document<'_>) -> Result<Vec<Rule>, Vec<LayerProblem>> {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for piece in split(document)? {
        match rule(document, piece) {
            Ok(rule) => rules.push(rule),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

fn rule(document: &Document<'_>, piece: Piece<'_>) -> Result<Rule, Vec<LayerProblem>> {
    let problem = |what: String| vec![LayerProblem::new(document.name, Some(piece.line), what)];
    let parsed = Policy::parse(None, piece.text);
    let policy = parsed.map_err(|errors| {
        errors
            .iter()
            .map(|error| located(document.name, Some(piece.line), piece.text, error.into()))
            .collect::<Vec<_>>()
    })?;
    let name = match policy.annotation("id") {
        Some(id) if is_name(id) => id.to_owned(),
        Some(id) => return Err(problem(format!("`@id({id:?})` must have 1 to {LONGEST_NAME} visible characters"))),
        None => format!("{}:{}", document.name, piece.line),
    };
    let effect = Effect::of(&policy);
    let reason = policy.annotation("reason").map(str::trim).filter(|reason| !reason.is_empty());
    let says = reason.map_or_else(|| format!("{} what its scope and conditions say", effect.verb()), ToOwned::to_owned);
    let because = reason.map_or_else(|| format!("`{name}` forbids it"), ToOwned::to_owned);
    Ok(Rule {
        policy: Some(policy.new_id(PolicyId::new(&name))),
        name,
        file: document.name.to_owned(),
        line: Some(piece.line),
        effect,
        says,
        cedar: Some(piece.text.to_owned()),
        because: Because::Said(because),
    })
}

/// The rule that a draft means.
pub(in crate::twin) fn of_draft(draft: Draft) -> Result<Rule, LayerProblem> {
    let policy = draft.cedar.as_deref().map(|text| {
        Policy::parse(Some(PolicyId::new(&draft.name)), text)
            // What can be written down in the other form and not be said in Cedar is refused, not left out.
            .map_err(|error| {
                LayerProblem::new(&draft.file, None, format!("`{}` cannot be said in Cedar: {error}", draft.name))
            })
    });
    Ok(Rule {
        policy: policy.transpose()?,
        name: draft.name,
        file: draft.file,
        line: None,
        effect: draft.effect,
        says: draft.says,
        cedar: draft.cedar,
        because: draft.because,
    })
}

/// Checks rules together: no name twice, and every policy against the schema.
pub(in crate::twin) fn checked(rules: Vec<Rule>) -> Result<Rules, Vec<LayerProblem>> {
    let of_schema = |what: &str| vec![LayerProblem::new("schema", None, what)];
    let compiled = compiled().map_err(of_schema)?;
    if rules.len() > MOST_RULES {
        return Err(of_schema(&format!("the layer has {} rules, and at most {MOST_RULES} are read", rules.len())));
    }
    let mut problems = twice(&rules);
    if !problems.is_empty() {
        return Err(problems);
    }
    let policies = PolicySet::from_policies(rules.iter().filter_map(|rule| rule.policy.clone()));
    let policies = policies.map_err(|error| of_schema(&error.to_string()))?;
    let by_name: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.name.as_str(), rule)).collect();
    let place = |id: &PolicyId, error: DetailedError| match by_name.get(AsRef::<str>::as_ref(id)) {
        Some(rule) => located(&rule.file, rule.line, rule.cedar.as_deref().unwrap_or_default(), error),
        None => LayerProblem::new("schema", None, error.message),
    };
    let result = compiled.validator.validate(&policies, ValidationMode::Strict);
    problems.extend(result.validation_errors().map(|error| place(error.policy_id(), error.into())));
    problems.extend(rules.iter().filter_map(guard));
    let mut warnings: Vec<LayerProblem> =
        result.validation_warnings().map(|warning| place(warning.policy_id(), warning.into())).collect();
    warnings.extend(rules.iter().filter(|rule| rule.cedar.is_none()).map(|rule| {
        LayerProblem::new(
            &rule.file,
            rule.line,
            format!("`{}` never applies: it is about none of the catalogue's actions", rule.name),
        )
    }));
    let (problems, warnings) = (once(problems), once(warnings));
    if problems.is_empty() { Ok(Rules { rules, warnings }) } else { Err(problems) }
}

fn twice(rules: &[Rule]) -> Vec<LayerProblem> {
    let mut seen = HashSet::new();
    let again = rules.iter().filter(|rule| !seen.insert(rule.name.as_str()));
    again
        .map(|rule| LayerProblem::new(&rule.file, rule.line, format!("the name `{}` is used twice", rule.name)))
        .collect()
}

/// Refuses to ask whether there is what always is: where it is not known, the answer would be no, and the rule idle.
fn guard(rule: &Rule) -> Option<LayerProblem> {
    let whole = rule.policy.as_ref()?.to_json().ok()?;
    let name = guarded(whole.get("conditions")?)?;
    let what = format!(
        "`has {name}` is not to be asked: `{name}` is always there, and where it is not known the rule forbids"
    );
    Some(LayerProblem::new(&rule.file, rule.line, what))
}

fn guarded(expression: &Value) -> Option<&str> {
    let asked = expression.get("has").and_then(|has| has.get("attr")).and_then(Value::as_str);
    let inner = || match expression {
        Value::Array(items) => items.iter().find_map(guarded),
        Value::Object(fields) => fields.values().find_map(guarded),
        _ => None,
    };
    asked.filter(|name| ALWAYS_THERE.contains(name)).or_else(inner)
}

/// Problems in the order of their files and lines. Cedar finds one for each action: they are one, that names the actions.
fn once(problems: Vec<LayerProblem>) -> Vec<LayerProblem> {
    type Found = (BTreeSet<&'static str>, BTreeSet<Option<String>>);
    let mut found: BTreeMap<LayerProblem, Found> = BTreeMap::new();
    for mut problem in problems {
        let mut actions = BTreeSet::new();
        for action in ActionName::ALL {
            let without = problem.what.replace(&format!(" for Action::\"{action}\""), "");
            if without != problem.what {
                problem.what = without;
                actions.insert(action.word());
            }
        }
        let help = problem.help.take();
        let known = found.entry(problem).or_default();
        known.0.append(&mut actions);
        known.1.insert(help);
    }
    let one = |(mut problem, (actions, help)): (LayerProblem, Found)| {
        if !actions.is_empty() && actions.len() < ActionName::ALL.len() - 1 {
            let actions: Vec<&str> = actions.into_iter().collect();
            problem.what.push_str(&format!("; this is so for `{}`", actions.join("`, `")));
        }
        problem.help = if help.len() == 1 { help.into_iter().next().flatten() } else { None };
        problem
    };
    found.into_iter().map(one).collect()
}

/// Where an error stands in its file, and what can be done.
fn located(file: &str, first: Option<usize>, text: &str, error: DetailedError) -> LayerProblem {
    let at = error.source_locations.first();
    let line = first.map(|first| first + at.map_or(0, |label| line_of(text, label.loc.start) - 1));
    let label = at.and_then(|at| at.label.as_deref()).filter(|label| !error.message.contains(label));
    // File and line say which policy it is.
    let own =
        |part: &str| part.strip_prefix("for policy `").and_then(|rest| Some(rest.split_once("`, ")?.1.to_owned()));
    let parts = [Some(error.message.as_str()), label].into_iter().flatten();
    let parts = parts.map(|part| own(part).unwrap_or_else(|| part.to_owned()));
    LayerProblem { help: error.help, ..LayerProblem::new(file, line, parts.collect::<Vec<_>>().join("; ")) }
}

fn is_name(id: &str) -> bool {
    let visible = |letter: char| !letter.is_control() && !('\u{200b}'..='\u{206f}').contains(&letter);
    !id.trim().is_empty() && id.chars().count() <= LONGEST_NAME && id.chars().all(visible)
}

impl Effect {
    fn of(policy: &Policy) -> Self {
        match policy.effect() {
            cedar_policy::Effect::Permit => Self::Permit,
            cedar_policy::Effect::Forbid => Self::Forbid,
        }
    }

    /// The word that a sentence has for it.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Permit => "permits",
            Self::Forbid => "forbids",
        }
    }
}

/// What is in every context and of every resource.
const ALWAYS_THERE: [&str; 12] =
    ["account", "after", "arn", "before", "budget", "hour", "now", "radius", "region", "risk", "weekday", "windows"];
const LONGEST_NAME: usize = 100;
const MOST_RULES: usize = 1_000;
