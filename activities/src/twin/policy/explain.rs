//! What each rule means for a question, and which of its conditions hold.
//!
//! Owns the explanation. It evaluates each rule by itself, and comes to what the verdict came to: an action is denied exactly
//! where a finding denies it.

use cedar_policy::{ActionConstraint, PolicySet, PrincipalConstraint, ResourceConstraint};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::evaluate::{self, NO_PERMIT, Outcome, QUESTION};
use super::request::Asked;
use super::rule::{Effect, Rule};
use super::{Policy, Question};
use crate::action::ActionName;
use crate::twin::layer::Layer;

/// What one rule means for one action on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's name; a layer's where the layer cannot be asked.
    pub rule: String,
    /// Whether it denies the action.
    pub denies: bool,
    /// Whether it permits the action, where nothing denies it.
    #[serde(default)]
    pub permits: bool,
    /// Why, or why not.
    pub reason: String,
}

/// One condition of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The condition, in Cedar.
    pub condition: String,
    /// Whether it holds; nothing where its evaluation fails.
    pub holds: Option<bool>,
    /// What it turns on, by name; null for what the resource does not have or nobody said.
    pub facts: Vec<(String, Value)>,
    /// Why its evaluation fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Finding {
    fn denies(rule: &str, reason: String) -> Self {
        Self { rule: rule.to_owned(), denies: true, permits: false, reason }
    }
}

/// Says of every rule what it means for what is asked.
pub(super) fn findings(policy: &Policy, question: &Question<'_>) -> Vec<Finding> {
    if question.action == ActionName::None {
        return Vec::new();
    }
    let mut findings: Vec<Finding> =
        evaluate::absent(policy).into_iter().map(|(layer, reason)| Finding::denies(layer, reason)).collect();
    let asked = match evaluate::asked(policy, question) {
        Ok(asked) => asked,
        Err(problem) => {
            findings.push(Finding::denies(QUESTION, problem));
            return findings;
        }
    };
    let mut permitted = vec![false; asked.len()];
    for rule in policy.rules() {
        let outcomes: Vec<Outcome> = asked.iter().map(|asked| alone(rule, asked)).collect();
        for (permitted, outcome) in permitted.iter_mut().zip(&outcomes) {
            *permitted |= rule.effect == Effect::Permit && outcome.applied(rule);
        }
        findings.push(finding(policy, question, rule, &outcomes, &asked));
    }
    let unpermitted = asked.iter().zip(permitted).find(|(_, permitted)| !permitted);
    if let (Layer::Present(_), Some((asked, _))) = (&policy.governance, unpermitted) {
        let outcome = Outcome::of(asked, &policy.set);
        findings.push(Finding::denies(NO_PERMIT, evaluate::no_permit(policy, question, &outcome)));
    }
    findings
}

fn finding(policy: &Policy, question: &Question<'_>, rule: &Rule, outcomes: &[Outcome], asked: &[Asked]) -> Finding {
    let rule_name = rule.name.clone();
    if let Some(outcome) = outcomes.iter().find(|outcome| outcome.forbids(rule)) {
        return Finding::denies(&rule_name, evaluate::reason(policy, question, rule, outcome.failed(rule)));
    }
    if rule.effect == Effect::Permit && outcomes.iter().all(|outcome| outcome.applied(rule)) {
        return Finding { rule: rule_name, denies: false, permits: true, reason: rule.says.clone() };
    }
    let open = asked.first().and_then(|asked| parts(rule, asked).into_iter().find(|step| step.holds != Some(true)));
    let reason = match open {
        Some(Step { condition, holds: None, error, .. }) => {
            format!("does not apply: `{condition}` cannot be evaluated: {}", error.unwrap_or_default())
        }
        Some(Step { condition, .. }) => format!("does not apply: `{condition}` does not hold"),
        None if rule.policy.is_none() => "never applies: it is about none of the catalogue's actions".to_owned(),
        None => "does not apply to everybody who might be asking".to_owned(),
    };
    Finding { rule: rule_name, denies: false, permits: false, reason }
}

/// Says of every rule which of its conditions hold.
pub(super) fn steps<'a>(policy: &'a Policy, question: &Question<'_>) -> Vec<(&'a Rule, Vec<Step>)> {
    let Ok(asked) = evaluate::asked(policy, question) else { return Vec::new() };
    let one = |rule: &'a Rule| {
        // Of those who may be asking, one to whom the rule applies says most.
        let telling = asked.iter().find(|asked| {
            let outcome = alone(rule, asked);
            outcome.applied(rule) || outcome.failed(rule).is_some()
        });
        let steps = telling.or(asked.first()).map(|asked| parts(rule, asked)).unwrap_or_default();
        (rule, steps)
    };
    policy.rules().map(one).collect()
}

/// What a rule does by itself.
fn alone(rule: &Rule, asked: &Asked) -> Outcome {
    let set = PolicySet::from_policies(rule.policy.clone());
    Outcome::of(asked, &set.unwrap_or_default())
}

/// The parts of a rule that can hold or not: its scope, where it has one, then each condition.
fn parts(rule: &Rule, asked: &Asked) -> Vec<Step> {
    let Some(policy) = &rule.policy else { return Vec::new() };
    let Ok(whole) = policy.to_json() else { return Vec::new() };
    let scope = [
        ("principal", principal_words(&policy.principal_constraint())),
        ("action", action_words(&policy.action_constraint())),
        ("resource", resource_words(&policy.resource_constraint())),
    ];
    let scope = scope.into_iter().filter_map(|(part, words)| {
        let mut alone = bare(&Value::Array(Vec::new()));
        alone[part] = whole[part].clone();
        Some(step(words?, &alone, asked, Vec::new()))
    });
    let conditions = whole["conditions"].as_array().into_iter().flatten().map(|condition| {
        let mut names = Vec::new();
        collect(condition, &mut names);
        let facts = names.into_iter().map(|(name, pointer)| (name, fact(&asked.facts, &pointer))).collect();
        let alone = bare(&json!([condition]));
        step(condition_words(&alone), &alone, asked, facts)
    });
    scope.chain(conditions).collect()
}

/// A policy that permits everything under some conditions.
fn bare(conditions: &Value) -> Value {
    let all = json!({ "op": "All" });
    json!({ "effect": "permit", "principal": all, "action": all, "resource": all, "conditions": conditions })
}

fn step(condition: String, policy: &Value, asked: &Asked, facts: Vec<(String, Value)>) -> Step {
    let failed =
        |error: String| Step { condition: condition.clone(), holds: None, facts: facts.clone(), error: Some(error) };
    let policy = match cedar_policy::Policy::from_json(None, policy.clone()) {
        Ok(policy) => policy,
        Err(error) => return failed(error.to_string()),
    };
    let set = PolicySet::from_policies([policy]).unwrap_or_default();
    let response = cedar_policy::Authorizer::new().is_authorized(&asked.request, &set, &asked.entities);
    match response.diagnostics().errors().next() {
        Some(cedar_policy::AuthorizationError::PolicyEvaluationError(error)) => failed(error.inner().to_string()),
        None => {
            let holds = Some(response.decision() == cedar_policy::Decision::Allow);
            Step { condition: condition.clone(), holds, facts, error: None }
        }
    }
}

/// `when { ... }` or `unless { ... }`, as Cedar writes it.
fn condition_words(policy: &Value) -> String {
    let text =
        cedar_policy::Policy::from_json(None, policy.clone()).map(|policy| policy.to_string()).unwrap_or_default();
    let text = text.trim_end_matches(';');
    let start = ["when {", "unless {"].into_iter().filter_map(|word| text.find(word)).min();
    let words = start.map_or(text, |start| &text[start..]);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn principal_words(constraint: &PrincipalConstraint) -> Option<String> {
    Some(match constraint {
        PrincipalConstraint::Any => return None,
        PrincipalConstraint::In(group) => format!("principal in {group}"),
        PrincipalConstraint::Eq(one) => format!("principal == {one}"),
        PrincipalConstraint::Is(kind) => format!("principal is {kind}"),
        PrincipalConstraint::IsIn(kind, group) => format!("principal is {kind} in {group}"),
    })
}

fn action_words(constraint: &ActionConstraint) -> Option<String> {
    Some(match constraint {
        ActionConstraint::Any => return None,
        ActionConstraint::In(several) => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("action in [{}]", several.join(", "))
        }
        ActionConstraint::Eq(one) => format!("action == {one}"),
    })
}

fn resource_words(constraint: &ResourceConstraint) -> Option<String> {
    Some(match constraint {
        ResourceConstraint::Any => return None,
        ResourceConstraint::In(group) => format!("resource in {group}"),
        ResourceConstraint::Eq(one) => format!("resource == {one}"),
        ResourceConstraint::Is(kind) => format!("resource is {kind}"),
        ResourceConstraint::IsIn(kind, group) => format!("resource is {kind} in {group}"),
    })
}

/// What a condition reads, by name, with the keys that lead to it.
fn collect(expression: &Value, names: &mut Vec<(String, Vec<String>)>) {
    if let Some(path) = path(expression) {
        // A path within a longer one says nothing that the longer one does not.
        if path.len() > 1 {
            let name = path.join(".");
            if !names.iter().any(|(known, _)| *known == name) {
                names.push((name, path));
            }
            return;
        }
    }
    match expression {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, names)),
        _ => {}
    }
}

/// The keys of `context.a.b`, `resource.a` or `resource.getTag("a")`.
fn path(expression: &Value) -> Option<Vec<String>> {
    if let Some(variable) = expression.get("Var").and_then(Value::as_str) {
        return matches!(variable, "context" | "resource").then(|| vec![variable.to_owned()]);
    }
    if let Some(access) = expression.get(".") {
        let mut path = path(access.get("left")?)?;
        path.push(access.get("attr")?.as_str()?.to_owned());
        return Some(path);
    }
    let tag = ["getTag", "hasTag"].into_iter().find_map(|word| expression.get(word))?;
    let mut path = path(tag.get("left")?)?;
    path.extend(["tags".to_owned(), tag.get("right")?.get("Value")?.as_str()?.to_owned()]);
    Some(path)
}

fn fact(facts: &Value, path: &[String]) -> Value {
    path.iter().try_fold(facts, |facts, key| facts.get(key)).cloned().unwrap_or_default()
}
