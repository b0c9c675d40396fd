//! The playbook: deterministic rules that reason when no model can.
//!
//! Owns the rules and the form of their answer, which is that of a model's tool use and is marked as the rules' own. A
//! rule claims only what it measured, cites the evidence for it, and would rather say nothing than guess. Each service
//! has its file; what precedents teach stands in `playbook/track.rs`.

mod ecs;
mod lambda;
mod rds;
mod track;

use serde_json::Value;

use crate::action::{ActionName, Configuration};
use crate::context::metric_digest;
use crate::facts::Facts;
use crate::observe::{configuration_of, physical_name};
use crate::shape::{
    Context, Incident, InferAnswer, NoProposal, ReasonRequest, Reasoner, ReasonerKind, RiskLevel, Topic,
    TopologyAnswer, Usage,
};
use crate::tool::{self, ActionChoice, ProposeAction, ToolInput, Undetermined};
use crate::twin::Node;

/// What the proposals of these rules say of who reasoned.
pub const PLAYBOOK: &str = "playbook v1";

/// Answers with the rules.
pub(crate) fn answer(request: &ReasonRequest) -> InferAnswer {
    let input = match Case::of(request) {
        Ok(case) => case.decide(),
        Err(reason) => undetermined(NoProposal::Undetermined, String::new(), Vec::new(), reason),
    };
    InferAnswer {
        reasoner: Reasoner { kind: ReasonerKind::Rules, name: PLAYBOOK.to_owned() },
        content: tool::content(&format!("rules-{}", request.turn), &input),
        stop_reason: tool::STOP_REASON.to_owned(),
        usage: Usage::default(),
        cost_usd: 0.0,
        latency_ms: 0,
        note: None,
    }
}

/// What the rules look at.
struct Case<'a> {
    incident: &'a Incident,
    context: &'a Context,
    facts: Facts<'a>,
    topology: TopologyAnswer,
    node: Node,
}

/// An action that would help, with its reasons.
struct Candidate {
    action: ActionName,
    parameters: Value,
    /// Why these values, with the numbers.
    rationale: String,
}

impl<'a> Case<'a> {
    fn of(request: &'a ReasonRequest) -> Result<Self, String> {
        let facts = Facts::new(&request.observations);
        let topology = facts.topology()?;
        let node =
            topology.node.clone().ok_or("the alarmed resource is not in the twin: no action can be proposed for it")?;
        Ok(Self { incident: &request.incident, context: &request.context, facts, topology, node })
    }

    fn decide(&self) -> ToolInput {
        let decided = match self.node.resource_type.as_str() {
            "aws_lambda_function" => lambda::decide(self),
            "aws_ecs_service" | "aws_lb_target_group" | "aws_alb_target_group" => ecs::decide(self),
            "aws_db_instance" => rds::decide(self),
            _ => None,
        };
        decided.unwrap_or_else(|| {
            let reason = format!(
                "no rule of the playbook fits alarm `{}` on `{}`: a human should look",
                self.incident.alarm.name, self.node.id
            );
            undetermined(NoProposal::Undetermined, String::new(), Vec::new(), reason)
        })
    }

    /// Whether the alarm watches this metric.
    fn watches(&self, metric: &str) -> bool {
        self.incident.alarm.metrics.iter().any(|watched| watched.name == metric)
    }

    /// The configuration of the alarmed resource as it is now.
    fn configuration(&self) -> Option<Configuration> {
        let answer = self.facts.configuration(&self.node.resource_type, &physical_name(&self.node)).ok()?;
        configuration_of(&answer).ok()
    }

    /// The greatest value of a series.
    fn most(&self, series: &str) -> Option<f64> {
        Some(metric_digest(&self.facts.series(series)?)?.most)
    }

    /// The newest value of a series.
    fn last(&self, series: &str) -> Option<f64> {
        Some(metric_digest(&self.facts.series(series)?)?.last)
    }

    /// The evidence on these topics, first the alarm.
    fn evidence(&self, topics: &[Topic]) -> Vec<String> {
        let cited = |topic: Topic| topic == Topic::Alarm || topics.contains(&topic);
        self.context.pieces.iter().filter(|piece| cited(piece.topic)).map(|piece| piece.evidence.clone()).collect()
    }

    /// All log messages that were read.
    fn messages(&self) -> Vec<String> {
        self.facts.logs().into_iter().flat_map(|logs| logs.lines).map(|line| line.message).collect()
    }

    /// Proposes the first candidate that experience does not speak against, one that it speaks for before the others.
    fn propose(
        &self,
        target: &Node,
        cause: String,
        topics: &[Topic],
        risk: RiskLevel,
        candidates: Vec<Candidate>,
    ) -> ToolInput {
        let precedents = self.facts.precedents().unwrap_or_default().precedents;
        let track = track::of(&precedents, target);
        let evidence = self.evidence(topics);
        let Some((candidate, lesson)) = track.choose(candidates) else {
            let reason = format!("what the rules would do has failed before: {}", track.failures());
            return undetermined(NoProposal::Undetermined, cause, self.with_precedents(evidence, true), reason);
        };
        let cites = lesson.is_some();
        let rationale =
            lesson.map_or_else(|| candidate.rationale.clone(), |lesson| format!("{} {lesson}", candidate.rationale));
        ToolInput::Propose(ProposeAction {
            cause,
            evidence: self.with_precedents(evidence, cites),
            rationale,
            target: target.id.to_string(),
            action: ActionChoice { name: candidate.action.word().to_owned(), parameters: candidate.parameters },
            risk,
        })
    }

    fn with_precedents(&self, mut evidence: Vec<String>, cites: bool) -> Vec<String> {
        let pieces = self.context.pieces.iter().filter(|piece| cites && piece.topic == Topic::Precedents);
        for piece in pieces {
            if !evidence.contains(&piece.evidence) {
                evidence.push(piece.evidence.clone());
            }
        }
        evidence
    }

    fn nothing(&self, verdict: NoProposal, cause: String, topics: &[Topic], reason: &str) -> ToolInput {
        undetermined(verdict, cause, self.evidence(topics), reason.to_owned())
    }
}

fn undetermined(verdict: NoProposal, cause: String, evidence: Vec<String>, reason: String) -> ToolInput {
    ToolInput::Undetermined(Undetermined { verdict, cause, evidence, reason })
}

#[cfg(test)]
mod tests;
