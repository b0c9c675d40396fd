//! The checks that make a proposal: target, action, bounds, policy; then risk, inverse, blast radius.
//!
//! Owns their order and their words. Whatever cannot be checked because something was not observed is refused.

use serde_json::Value;

use super::{Case, gate, policy};
use crate::action::{Action, ActionName, Configuration};
use crate::approval::{proposal_digest, sha256_hex};
use crate::facts::Facts;
use crate::observe::{BESIDE, configuration_of, physical_name};
use crate::shape::{
    BlastRadius, Cause, Fields, Inverse, NoProposal, OutcomeKind, PROPOSAL_SCHEMA, Proposal, ProposeAnswer, Read,
    Reasoner, Risk, RiskLevel, Target, TopologyAnswer, Usage,
};
use crate::twin::Node;

/// What is proposed, before it is checked.
pub(super) struct Draft {
    pub(super) action: String,
    pub(super) parameters: Value,
    pub(super) target: String,
    pub(super) cause: Cause,
    pub(super) rationale: String,
    /// The reasoner's opinion of the risk.
    pub(super) opinion: Option<RiskLevel>,
    pub(super) reasoner: Reasoner,
    pub(super) requester: String,
    /// What the nonce is made of, unique to this proposal.
    pub(super) seed: String,
}

/// Why there is no proposal.
pub(super) enum Refusal {
    /// The target's configuration was not read yet.
    NeedsConfiguration(Box<Read>),
    /// What stands against it.
    Problems(Vec<String>),
}

impl Refusal {
    pub(super) fn problems(self) -> Vec<String> {
        match self {
            Self::NeedsConfiguration(_) => {
                vec!["the target's configuration was not read: the value before the change is not known".to_owned()]
            }
            Self::Problems(problems) => problems,
        }
    }

    fn of(problem: impl Into<String>) -> Self {
        Self::Problems(vec![problem.into()])
    }
}

/// A checked proposal with what the gate needs beside it.
pub(super) struct Built {
    proposal: Proposal,
    declared: Fields,
}

impl Built {
    pub(super) fn answer(self, case: &Case<'_>, usage: Usage) -> ProposeAnswer {
        let facts = Facts::new(case.observations);
        match proposal_digest(&self.proposal) {
            Ok(digest) => ProposeAnswer::Proposal {
                digest,
                gate: gate::gate(case.settings, &self.proposal, facts),
                plan: gate::plan(case, &self.proposal, self.declared),
                proposal: Box::new(self.proposal),
                usage,
            },
            Err(problem) => ProposeAnswer::NoProposal {
                verdict: NoProposal::Undetermined,
                reason: "the proposal has no digest".to_owned(),
                problems: vec![problem.to_string()],
                cause: Some(self.proposal.cause),
                reasoner: self.proposal.reasoner,
                usage,
            },
        }
    }
}

/// Checks a draft and makes the proposal.
pub(super) fn proposal(case: &Case<'_>, draft: Draft) -> Result<Built, Refusal> {
    let facts = Facts::new(case.observations);
    let topology = facts.topology().map_err(Refusal::of)?;
    let target = find(&topology, &draft.target)?;
    let name: ActionName =
        draft.action.parse().map_err(|problem: crate::action::ActionProblem| Refusal::of(problem.to_string()))?;
    if name == ActionName::None {
        return Err(Refusal::of("`none` changes nothing and cannot be proposed as an action"));
    }
    let current = configuration(facts, target)?;
    let action = name
        .validate(&draft.parameters, target, &current.0)
        .map_err(|problems| Refusal::Problems(problems.iter().map(ToString::to_string).collect()))?;
    let place = place(case, target, current.1)?;
    let risk = risk(&draft, &action, target, &current.0, &topology, facts);
    let asked = policy::Asked {
        action: &action,
        target,
        current: &current.0,
        risk: risk.level,
        reasoner: &draft.reasoner,
        topology: &topology,
        settings: case.settings,
        at: case.at,
    };
    let policy = policy::permit(facts, &asked).map_err(Refusal::Problems)?;
    let before =
        fields(action.before(&current.0)).ok_or_else(|| Refusal::of("the value before the change is not known"))?;
    let inverse = action.inverse(&current.0).map(|inverse| Inverse {
        action: inverse.name().word().to_owned(),
        parameters: fields(Some(inverse.parameters())).unwrap_or_default(),
    });
    let irreversible = if inverse.is_some() {
        None
    } else {
        Some(action.irreversible().unwrap_or("its former value cannot be set back").to_owned())
    };
    let declared = declared(target, &before);
    let proposal = Proposal {
        schema: PROPOSAL_SCHEMA.to_owned(),
        incident: case.incident.id.clone(),
        action: name.word().to_owned(),
        target: place,
        parameters: fields(Some(action.parameters())).unwrap_or_default(),
        before,
        inverse,
        irreversible,
        approval: gate::rule(case.settings, risk.level),
        risk,
        cause: draft.cause,
        rationale: draft.rationale,
        blast_radius: blast_radius(&topology, target),
        policy_version: policy,
        requester: draft.requester,
        reasoner: draft.reasoner,
        execution: case.incident.execution.clone(),
        nonce: sha256_hex(format!("{}\n{}", draft.seed, case.at).as_bytes())[..32].to_owned(),
        created_at: case.at.to_owned(),
        expires_at: gate::expires_at(case.settings, case.at),
    };
    Ok(Built { proposal, declared })
}

/// The node that is meant, which must be the alarmed one or stand near it.
pub(super) fn find<'a>(topology: &'a TopologyAnswer, target: &str) -> Result<&'a Node, Refusal> {
    let Some(alarmed) = &topology.node else {
        return Err(Refusal::of("the alarmed resource is not in the twin: nothing can be related to it"));
    };
    let near = topology.neighbours.iter().filter(|near| near.direction != BESIDE).map(|near| &near.node);
    let mut nodes = std::iter::once(alarmed).chain(near);
    nodes.find(|node| node.id.as_str() == target || node.arn.as_deref() == Some(target)).ok_or_else(|| {
        let target = crate::context::cut(&crate::context::clean_line(target), 200);
        Refusal::of(format!("`{target}` is neither the alarmed resource nor near it in the twin; name a resource by its Terraform address"))
    })
}

/// The target's configuration as it was observed, with the ARN that the service gave.
pub(super) fn configuration(facts: Facts<'_>, target: &Node) -> Result<(Configuration, Option<String>), Refusal> {
    let name = physical_name(target);
    let read = Read::Configuration { resource_type: target.resource_type.clone(), name: name.clone() };
    if !facts.has_read(&read) {
        return Err(Refusal::NeedsConfiguration(Box::new(read)));
    }
    let answer = facts.configuration(&target.resource_type, &name).map_err(Refusal::of)?;
    let configuration = configuration_of(&answer).map_err(Refusal::of)?;
    Ok((configuration, answer.arn))
}

/// Where the target is: it must be in the alarm's account and region, and have an ARN.
fn place(case: &Case<'_>, target: &Node, observed: Option<String>) -> Result<Target, Refusal> {
    let named = target.names.iter().find(|name| name.starts_with("arn:")).cloned();
    let arn = target
        .arn
        .clone()
        .or(named)
        .or(observed)
        .ok_or_else(|| Refusal::of(format!("the ARN of `{}` is not known", target.id)))?;
    let part = |at: usize| arn.split(':').nth(at).unwrap_or_default();
    if (part(3), part(4)) != (&case.incident.region, &case.incident.account) {
        return Err(Refusal::of(format!("`{arn}` is not in the alarm's account and region")));
    }
    Ok(Target {
        node: target.id.to_string(),
        kind: target.resource_type.clone(),
        name: physical_name(target),
        account: case.incident.account.clone(),
        region: case.incident.region.clone(),
        arn,
    })
}

/// The catalogue's risk, raised by what the twin and the precedents say, and by the reasoner's opinion; never lowered.
fn risk(
    draft: &Draft,
    action: &Action,
    target: &Node,
    current: &Configuration,
    topology: &TopologyAnswer,
    facts: Facts<'_>,
) -> Risk {
    let mut risk = catalogue_risk(action, target, current);
    let mut raise = |level: RiskLevel, reason: String| {
        risk.level = risk.level.max(level);
        risk.reasons.push(reason);
    };
    if topology.node.as_ref().is_some_and(|alarmed| alarmed.id != target.id) {
        raise(RiskLevel::Medium, "it changes a neighbour and not the alarmed resource".to_owned());
    }
    let affected = blast_radius(topology, target).total;
    if affected >= WIDE {
        raise(RiskLevel::Medium, format!("{affected} resources fail when it fails"));
    }
    if let Some(failure) = failure(action, target, facts) {
        raise(RiskLevel::Medium, failure);
    }
    match draft.opinion {
        Some(opinion) if opinion > risk.level => {
            risk.level = opinion;
            risk.reasons.push("the reasoner thinks that it is riskier than the catalogue says".to_owned());
        }
        _ => {}
    }
    risk
}

/// What the catalogue says of an action's risk.
pub(super) fn catalogue_risk(action: &Action, target: &Node, current: &Configuration) -> Risk {
    let assessed = action.risk(current, target);
    let level = match assessed.level {
        crate::action::Risk::Low => RiskLevel::Low,
        crate::action::Risk::Medium => RiskLevel::Medium,
        crate::action::Risk::High => RiskLevel::High,
    };
    Risk { level, reasons: assessed.reasons.into_iter().map(|reason| reason.text).collect() }
}

/// The same action failed on this node in a similar incident.
fn failure(action: &Action, target: &Node, facts: Facts<'_>) -> Option<String> {
    use OutcomeKind::{Failed, Unchanged, Undone, Worse};
    let precedents = facts.precedents().ok()?.precedents;
    let failed = precedents.iter().map(|found| &found.precedent).find(|past| {
        past.node.as_deref() == Some(target.id.as_str())
            && past.action.as_deref() == Some(action.name().word())
            && matches!(past.outcome, Failed | Unchanged | Undone | Worse)
    })?;
    Some(format!("the same action ended as {} in incident {}", failed.outcome.name(), failed.id))
}

/// What fails when the target fails, as far as the neighbourhood shows.
fn blast_radius(topology: &TopologyAnswer, target: &Node) -> BlastRadius {
    let alarmed = topology.node.iter().filter(|node| node.id != target.id);
    let affected =
        topology.neighbours.iter().filter(|near| near.affected && near.node.id != target.id).map(|near| &near.node);
    let nodes: Vec<String> = alarmed.chain(affected).map(|node| node.id.to_string()).collect();
    let shown = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    let total = policy::radius(topology, target).unwrap_or(shown);
    BlastRadius { nodes: nodes.into_iter().take(MOST_LISTED).collect(), total }
}

/// The changed attributes as Terraform declares them.
fn declared(target: &Node, before: &Fields) -> Fields {
    before.keys().filter_map(|name| Some((name.clone(), target.attributes.get(name)?.clone()))).collect()
}

fn fields(value: Option<Value>) -> Option<Fields> {
    value?.as_object().cloned()
}

/// How many failing resources make an action more than LOW.
const WIDE: u32 = 10;
const MOST_LISTED: usize = 20;
