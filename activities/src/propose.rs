//! Propose: a reasoner's answer becomes a validated proposal, a request for evidence, or neither.
//!
//! Owns the order of the checks and what each outcome means. Reading the answer is `tool`'s; the checks of target,
//! action and policy stand in `propose/build.rs`, the reads that a reasoner may ask for in `propose/evidence.rs`, who
//! decides in `propose/gate.rs`, and the last look before execution in `propose/revalidate.rs`. Everything that is
//! unexpected ends as "undetermined" and reaches a human; nothing unexpected becomes a proposal.

mod build;
mod evidence;
mod gate;
mod policy;
mod revalidate;

use build::{Draft, Refusal};

use crate::ActivityError;
use crate::context::{clean_line, cut, has_evidence};
use crate::facts::Facts;
use crate::shape::{
    Cause, Context, Decision, Incident, InferAnswer, NoProposal, Observation, Proposal, ProposeAnswer, ProposeRequest,
    Reasoner, ReasonerKind, Settings, Turn, Usage,
};
use crate::time::instant;
use crate::tool::{self, ProposeAction, RequestEvidence, ToolInput, Undetermined};

/// Makes what follows from a reasoner's answer, a human's adjustment, or a second look.
///
/// # Errors
///
/// `Sao.BadInput` when an instant of the request cannot be read.
pub fn propose(request: ProposeRequest) -> Result<ProposeAnswer, ActivityError> {
    match request {
        ProposeRequest::Answer { incident, settings, context, observations, answer, turn, usage, at } => {
            instant("at", &at)?;
            let usage = add(usage, &answer);
            let case = Case {
                incident: &incident,
                settings: &settings,
                context: &context,
                observations: &observations,
                at: &at,
            };
            Ok(case.answer(&answer, turn, usage))
        }
        ProposeRequest::Adjust { incident, settings, context, observations, proposal, decision, usage, at } => {
            instant("at", &at)?;
            let case = Case {
                incident: &incident,
                settings: &settings,
                context: &context,
                observations: &observations,
                at: &at,
            };
            Ok(case.adjust(&proposal, &decision, usage))
        }
        ProposeRequest::Revalidate { incident, settings, proposal, observations, automatic, at } => {
            let now = instant("at", &at)?;
            Ok(revalidate::revalidate(&incident, &settings, &proposal, Facts::new(&observations), automatic, now))
        }
    }
}

/// What a proposal is made from.
struct Case<'a> {
    incident: &'a Incident,
    settings: &'a Settings,
    context: &'a Context,
    observations: &'a [Observation],
    at: &'a str,
}

impl Case<'_> {
    fn answer(&self, answer: &InferAnswer, turn: u32, usage: Usage) -> ProposeAnswer {
        let reasoner = &answer.reasoner;
        let tool_use = match tool::read(answer) {
            Ok(tool_use) => tool_use,
            Err(problem) => {
                return nothing("the reasoner's answer cannot be used", vec![problem], None, reasoner, usage);
            }
        };
        // Only the tool use is kept of the exchange: what the model thought aloud is not needed to go on.
        let content: Vec<_> = answer.content.iter().filter(|block| block.get("toolUse").is_some()).cloned().collect();
        if serde_json::Value::from(content.clone()).to_string().len() > LARGEST_EXCHANGE {
            let problem = format!("the tool use is larger than {LARGEST_EXCHANGE} bytes");
            return nothing("the reasoner's answer cannot be used", vec![problem], None, reasoner, usage);
        }
        let exchange = |refused| Turn { turn, content: content.clone(), tool_use_id: tool_use.id.clone(), refused };
        match &tool_use.input {
            ToolInput::Propose(input) => self.proposed(input, answer, turn, usage, exchange),
            ToolInput::Evidence(input) => self.evidence(input, reasoner, turn, usage, exchange),
            ToolInput::Undetermined(input) => self.undetermined(input, reasoner, usage),
        }
    }

    fn proposed(
        &self,
        input: &ProposeAction,
        answer: &InferAnswer,
        turn: u32,
        usage: Usage,
        exchange: impl Fn(Vec<String>) -> Turn,
    ) -> ProposeAnswer {
        let problems = self.uncited(&input.cause, &input.evidence);
        let cause = self.cause(&input.cause, &input.evidence);
        if !problems.is_empty() {
            return nothing(
                "the proposed cause is not supported by evidence",
                problems,
                cause,
                &answer.reasoner,
                usage,
            );
        }
        let draft = Draft {
            action: input.action.name.clone(),
            parameters: input.action.parameters.clone(),
            target: input.target.clone(),
            cause: cause.clone().unwrap_or(Cause { statement: String::new(), evidence: Vec::new() }),
            rationale: long_text(&input.rationale),
            opinion: Some(input.risk),
            reasoner: answer.reasoner.clone(),
            requester: answer.reasoner.label(),
            seed: format!("{}\n{turn}", self.incident.execution),
        };
        match build::proposal(self, draft) {
            Ok(built) => built.answer(self, usage),
            Err(Refusal::NeedsConfiguration(read)) if turn < self.settings.max_turns => {
                // The value before the change must be known; the reasoner sees it, too, and decides again.
                ProposeAnswer::Evidence {
                    reads: vec![evidence::numbered(self.settings, *read, turn + 1, 0)],
                    turn: exchange(Vec::new()),
                    usage,
                }
            }
            Err(refusal) => {
                nothing("what was proposed is not admissible", refusal.problems(), cause, &answer.reasoner, usage)
            }
        }
    }

    fn evidence(
        &self,
        input: &RequestEvidence,
        reasoner: &Reasoner,
        turn: u32,
        usage: Usage,
        exchange: impl Fn(Vec<String>) -> Turn,
    ) -> ProposeAnswer {
        if turn >= self.settings.max_turns {
            let problem = format!(
                "it asked for evidence in turn {turn} of {}: {}",
                self.settings.max_turns,
                long_text(&input.why)
            );
            return nothing("the reasoner did not come to a decision", vec![problem], None, reasoner, usage);
        }
        let (reads, refused) =
            evidence::reads(self.incident, self.settings, Facts::new(self.observations), input, turn + 1);
        ProposeAnswer::Evidence { reads, turn: exchange(refused), usage }
    }

    fn undetermined(&self, input: &Undetermined, reasoner: &Reasoner, usage: Usage) -> ProposeAnswer {
        let cause = self.cause(&input.cause, &input.evidence);
        // A cause without evidence is a guess: what it says is kept for the human, as a problem.
        let problems =
            if input.cause.trim().is_empty() { Vec::new() } else { self.uncited(&input.cause, &input.evidence) };
        let verdict = match input.verdict {
            NoProposal::None if problems.is_empty() && cause.is_some() => NoProposal::None,
            _ => NoProposal::Undetermined,
        };
        ProposeAnswer::NoProposal {
            verdict,
            reason: long_text(&input.reason),
            problems,
            cause,
            reasoner: reasoner.clone(),
            usage,
        }
    }

    fn adjust(&self, former: &Proposal, decision: &Decision, usage: Usage) -> ProposeAnswer {
        let reasoner = Reasoner { kind: ReasonerKind::Human, name: clean_line(&decision.subject) };
        let refuse = |problems: Vec<String>| ProposeAnswer::NoProposal {
            verdict: NoProposal::Invalid,
            reason: long_text(&format!(
                "the adjusted parameters are not admissible, nothing was executed: {}",
                problems.join("; ")
            )),
            problems,
            cause: Some(former.cause.clone()),
            reasoner: reasoner.clone(),
            usage,
        };
        let Some(parameters) = &decision.parameters else {
            return refuse(vec!["the decision adjusts and gives no parameters".to_owned()]);
        };
        let remark = decision.reason.as_deref().map(|reason| format!(": {}", long_text(reason))).unwrap_or_default();
        let draft = Draft {
            action: former.action.clone(),
            parameters: serde_json::Value::Object(parameters.clone()),
            target: former.target.node.clone(),
            cause: former.cause.clone(),
            rationale: format!("{} Parameters adjusted by {}{remark}.", former.rationale, reasoner.name),
            opinion: None,
            requester: format!("human:{}", reasoner.name),
            reasoner: reasoner.clone(),
            seed: format!("{}\n{}", self.incident.execution, former.nonce),
        };
        match build::proposal(self, draft) {
            Ok(built) => built.answer(self, usage),
            Err(refusal) => refuse(refusal.problems()),
        }
    }

    /// Problems of a cause that no evidence supports.
    fn uncited(&self, cause: &str, evidence: &[String]) -> Vec<String> {
        let mut problems = Vec::new();
        if clean_line(cause).is_empty() {
            problems.push("no cause is given".to_owned());
        }
        if evidence.is_empty() {
            problems.push("the cause cites no evidence".to_owned());
        }
        let unknown = evidence.iter().filter(|id| !has_evidence(self.context, id));
        problems.extend(unknown.map(|id| format!("there is no evidence `{}`", cut(&clean_line(id), 40))));
        problems
    }

    /// The cause as it is kept: cleaned, with the evidence that exists, each once.
    fn cause(&self, statement: &str, evidence: &[String]) -> Option<Cause> {
        let statement = long_text(statement);
        let mut known: Vec<String> = Vec::new();
        for id in evidence.iter().filter(|id| has_evidence(self.context, id)) {
            if !known.contains(id) {
                known.push(id.clone());
            }
        }
        (!statement.is_empty()).then_some(Cause { statement, evidence: known })
    }
}

fn nothing(
    reason: &str,
    problems: Vec<String>,
    cause: Option<Cause>,
    reasoner: &Reasoner,
    usage: Usage,
) -> ProposeAnswer {
    let reason = long_text(&format!("{reason}: {}", problems.join("; ")));
    ProposeAnswer::NoProposal {
        verdict: NoProposal::Undetermined,
        reason,
        problems,
        cause,
        reasoner: reasoner.clone(),
        usage,
    }
}

/// What the reasoning cost, this answer included.
fn add(usage: Usage, answer: &InferAnswer) -> Usage {
    Usage {
        input_tokens: usage.input_tokens.saturating_add(answer.usage.input_tokens),
        output_tokens: usage.output_tokens.saturating_add(answer.usage.output_tokens),
        cache_read_tokens: usage.cache_read_tokens.saturating_add(answer.usage.cache_read_tokens),
        cache_write_tokens: usage.cache_write_tokens.saturating_add(answer.usage.cache_write_tokens),
        cost_usd: usage.cost_usd + answer.cost_usd,
    }
}

/// Text of a reasoner or a human as it is kept: one line, without secrets, of bounded length.
fn long_text(text: &str) -> String {
    cut(&clean_line(text), LONGEST_TEXT)
}

const LONGEST_TEXT: usize = 1_200;
/// Bytes of a tool use, which is repeated in every further turn.
const LARGEST_EXCHANGE: usize = 4_000;

#[cfg(test)]
mod tests;
