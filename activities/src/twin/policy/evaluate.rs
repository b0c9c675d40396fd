//! The evaluation: what each rule does for a question, and the verdict that follows.
//!
//! Owns three rules that Cedar leaves open. A `forbid` whose evaluation fails counts as one that applies. Where it is not known
//! who asks, everybody who might must be permitted. Nothing is done under a layer that is missing or broken.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{AuthorizationError, Authorizer, Decision, PolicyId, PolicySet};

use super::request::{self, Asked};
use super::rule::{Because, Effect, Rule};
use super::schema::compiled;
use super::{Policy, Question, Verdict};
use crate::action::ActionName;
use crate::twin::layer::Layer;

/// A question in Cedar's terms, once for each principal that may be asking; a sentence where it cannot be put.
pub(super) fn asked(policy: &Policy, question: &Question<'_>) -> Result<Vec<Asked>, String> {
    let openings = match &policy.constraints {
        Layer::Present(constraints) => constraints.openings(question.action, question.node, question.now),
        Layer::Missing | Layer::Broken(_) => Default::default(),
    };
    let unput = |problem: String| format!("the question cannot be put to the policies: {problem}");
    request::asked(question, &policy.named, &openings, compiled().map_err(|problem| unput(problem.to_owned()))?)
        .map_err(unput)
}

/// Which policies of a set apply, and which fail.
pub(super) struct Outcome {
    /// What Cedar decides, which passes over policies that fail.
    allows: bool,
    /// The names of those that decided.
    applied: BTreeSet<String>,
    /// Why the evaluation of others failed, by their names.
    failed: BTreeMap<String, String>,
}

impl Outcome {
    pub(super) fn of(asked: &Asked, set: &PolicySet) -> Self {
        let response = Authorizer::new().is_authorized(&asked.request, set, &asked.entities);
        let diagnostics = response.diagnostics();
        // What displays an id escapes it.
        let name = |id: &PolicyId| AsRef::<str>::as_ref(id).to_owned();
        let failed = diagnostics.errors().map(|AuthorizationError::PolicyEvaluationError(error)| {
            (name(error.policy_id()), error.inner().to_string())
        });
        let applied = diagnostics.reason().map(name).collect();
        Self { allows: response.decision() == Decision::Allow, applied, failed: failed.collect() }
    }

    pub(super) fn applied(&self, rule: &Rule) -> bool {
        self.applied.contains(&rule.name)
    }

    pub(super) fn failed(&self, rule: &Rule) -> Option<&str> {
        self.failed.get(&rule.name).map(String::as_str)
    }

    /// Whether a rule forbids, by applying or by failing.
    pub(super) fn forbids(&self, rule: &Rule) -> bool {
        rule.effect == Effect::Forbid && (self.applied(rule) || self.failed(rule).is_some())
    }
}

/// Whether what is asked is permitted.
pub(super) fn verdict(policy: &Policy, question: &Question<'_>) -> Verdict {
    if question.action == ActionName::None {
        return Verdict { allowed: true, rule: None, reason: NOTHING_AGAINST.to_owned(), policies: Vec::new() };
    }
    if let Some((layer, reason)) = absent(policy).into_iter().next() {
        return denied(layer.to_owned(), reason, Vec::new());
    }
    let asked = match asked(policy, question) {
        Ok(asked) => asked,
        Err(problem) => return denied(QUESTION.to_owned(), problem, Vec::new()),
    };
    let verdicts = || asked.iter().map(|asked| (asked, one(policy, question, asked)));
    match verdicts().find(|(_, verdict)| !verdict.allowed) {
        Some((asked, mut verdict)) => {
            if verdicts().any(|(_, verdict)| verdict.allowed) {
                verdict.reason.push_str(&format!("; it is not known who asks, and {} may not", asked.principal));
            }
            verdict
        }
        None => verdicts()
            .next()
            .map_or_else(|| denied(QUESTION.to_owned(), "nobody asks".to_owned(), Vec::new()), |(_, verdict)| verdict),
    }
}

/// The layers that cannot be asked, and why.
pub(super) fn absent(policy: &Policy) -> Vec<(&'static str, String)> {
    let governance = policy.governance.required(GOVERNANCE).err().map(|reason| (GOVERNANCE, reason));
    let constraints = policy.constraints.required(CONSTRAINTS).err().map(|reason| (CONSTRAINTS, reason));
    governance.into_iter().chain(constraints).collect()
}

/// The verdict for one principal.
fn one(policy: &Policy, question: &Question<'_>, asked: &Asked) -> Verdict {
    let outcome = Outcome::of(asked, &policy.set);
    let forbidding: Vec<&Rule> = policy.rules().filter(|rule| outcome.forbids(rule)).collect();
    let names = |rules: &[&Rule]| rules.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>();
    if let [first, ..] = forbidding.as_slice() {
        let reason = reason(policy, question, first, outcome.failed(first));
        return denied(first.name.clone(), reason, names(&forbidding));
    }
    let permitting: Vec<&Rule> =
        policy.rules().filter(|rule| rule.effect == Effect::Permit && outcome.applied(rule)).collect();
    if permitting.is_empty() || !outcome.allows {
        return denied(NO_PERMIT.to_owned(), no_permit(policy, question, &outcome), Vec::new());
    }
    Verdict { allowed: true, rule: None, reason: NOTHING_AGAINST.to_owned(), policies: names(&permitting) }
}

fn denied(rule: String, reason: String, policies: Vec<String>) -> Verdict {
    Verdict { allowed: false, rule: Some(rule), reason, policies }
}

/// Why nothing permits what is asked.
pub(super) fn no_permit(policy: &Policy, question: &Question<'_>, outcome: &Outcome) -> String {
    let failed = policy.rules().filter_map(|rule| Some(failure(rule, outcome.failed(rule)?, question)));
    let failed: String = failed.map(|sentence| format!("; {sentence}")).collect();
    format!(
        "no policy permits `{}` on `{}`, and what is not permitted is denied{failed}",
        question.action, question.node.id
    )
}

/// Why a rule forbids.
pub(super) fn reason(policy: &Policy, question: &Question<'_>, rule: &Rule, failed: Option<&str>) -> String {
    if let Some(error) = failed {
        return format!(
            "{}, and a rule that forbids and cannot be evaluated counts as one that applies",
            failure(rule, error, question)
        );
    }
    let tags = &question.node.tags;
    match &rule.because {
        Because::Said(sentence) => sentence.clone(),
        Because::SaidOfTag(sentence, tag) if tags.contains_key(tag) => sentence.clone(),
        Because::SaidOfTag(sentence, tag) => format!("{sentence} (the tag `{tag}` of the target is not known)"),
        Because::MandatoryTag(tag, values) => match tags.get(tag) {
            None => format!("the target lacks the mandatory tag `{tag}`, so nobody answers for it"),
            Some(value) => format!("the target has `{tag}={value}`, allowed is `{}`", values.join("`, `")),
        },
        Because::Window(at) => match &policy.constraints {
            Layer::Present(constraints) => constraints.sentence(*at, question.now),
            Layer::Missing | Layer::Broken(_) => String::new(),
        },
    }
}

fn failure(rule: &Rule, error: &str, question: &Question<'_>) -> String {
    let unknown = question.unknown();
    let unknown = if unknown.is_empty() { String::new() } else { format!(" (not known here: {})", unknown.join(", ")) };
    format!("`{}` cannot be evaluated: {error}{unknown}", rule.name)
}

pub(super) const GOVERNANCE: &str = "governance";
pub(super) const CONSTRAINTS: &str = "constraints";
/// What a verdict cites where nothing permits.
pub(super) const NO_PERMIT: &str = "governance.no_permit";
/// What a verdict cites where the question itself cannot be put.
pub(super) const QUESTION: &str = "governance.question";
pub(super) const NOTHING_AGAINST: &str = "no rule stands against it";
