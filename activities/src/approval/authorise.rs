//! Whether a proposal may be executed: the last look, made by whoever executes, with public keys only.
//!
//! Owns the rule: the digest is the proposal's, it has not expired, and the decisions are genuine, about this very proposal,
//! of enough different people and of the role that the risk demands. Does not own the state of the world (pre-state, lock,
//! windows), which the executor looks at itself.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::decision::{DecisionError, Verifier};
use super::digest::{DigestError, proposal_digest};
use super::mac;
use crate::shape::{Decision, DecisionKind, Mode, Proposal, ReasonerKind, RiskLevel, Role};

/// What is to be executed, by whose leave.
#[derive(Clone, Copy, Debug)]
pub struct Authorisation<'a> {
    /// The proposal, as it reached the executor.
    pub proposal: &'a Proposal,
    /// The digest that was approved.
    pub digest: &'a str,
    /// The decisions.
    pub decisions: &'a [Decision],
    /// The mode that the executor itself is configured for; never the one that a request names.
    pub mode: Mode,
    /// The executor's clock.
    pub now: Timestamp,
}

/// Why a proposal must not be executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The proposal has no digest.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The proposal is not the one that was approved.
    #[error("the proposal's digest is `{actual}`, but `{approved}` was approved")]
    Changed {
        /// The digest of what reached the executor.
        actual: String,
        /// The digest that was approved.
        approved: String,
    },
    /// An instant cannot be read.
    #[error("`{field}` is `{value}`, which is not an RFC 3339 instant")]
    BadInstant {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// The proposal expired.
    #[error("the proposal expired at `{expires_at}`")]
    Expired {
        /// When it expired.
        expires_at: String,
    },
    /// A decision is not genuine.
    #[error("the decision of `{subject}` does not count: {problem}")]
    NotGenuine {
        /// Whose decision it claims to be.
        subject: String,
        /// What is wrong with it.
        problem: DecisionError,
    },
    /// A decision is about something else, or says something other than yes.
    #[error("the decision of `{subject}` does not approve this proposal: {problem}")]
    NotThisProposal {
        /// Whose decision it is.
        subject: String,
        /// What differs.
        problem: &'static str,
    },
    /// Whoever proposed also approved.
    #[error("`{subject}` made this proposal and must not approve it")]
    OwnProposal {
        /// Who.
        subject: String,
    },
    /// Nobody of the demanded role approved.
    #[error("a {risk} proposal needs the approval of a {role}", risk = risk_word(*risk), role = role_word(*role))]
    RoleMissing {
        /// The proposal's risk.
        risk: RiskLevel,
        /// The role that is missing.
        role: Role,
    },
    /// Too few different people approved.
    #[error("{given} of {needed} approvals by different people were given")]
    TooFew {
        /// How many different people approved.
        given: u32,
        /// How many are needed.
        needed: u32,
    },
    /// The policy decided where it may not.
    #[error("the policy must not decide here: {problem}")]
    PolicyMayNot {
        /// Why not.
        problem: &'static str,
    },
}

/// Checks that the proposal may be executed now; answers who approved it.
pub fn authorise(verifier: &Verifier, request: &Authorisation<'_>) -> Result<Vec<String>, Refusal> {
    check_unchanged(request)?;
    let expires_at = instant("expires_at", &request.proposal.expires_at)?;
    if request.now >= expires_at {
        return Err(Refusal::Expired { expires_at: request.proposal.expires_at.clone() });
    }
    authorise_decisions(verifier, request, expires_at)
}

/// Checks that the approved undo of an executed proposal may be executed: all of [`authorise`], expiry of the present moment
/// excepted, because the undo was approved with the action.
pub fn authorise_undo(verifier: &Verifier, request: &Authorisation<'_>) -> Result<Vec<String>, Refusal> {
    check_unchanged(request)?;
    let expires_at = instant("expires_at", &request.proposal.expires_at)?;
    authorise_decisions(verifier, request, expires_at)
}

/// The role that the next approver must have, given the approvals so far.
///
/// Only the approval that completes the number must bring the demanded role, where no earlier one did.
pub fn required_role(proposal: &Proposal, approvals: &[Decision]) -> Role {
    let demanded = demanded_role(proposal);
    let brought = approvals.iter().any(|decision| decision.role >= Some(demanded));
    let completes = approvals.len() + 1 >= usize::try_from(proposal.approval.approvals).unwrap_or(usize::MAX);
    if completes && !brought { demanded } else { Role::OnCall }
}

/// Whether `subject` made this proposal, by adjusting a former one.
pub fn is_requester(proposal: &Proposal, subject: &str) -> bool {
    let requester = proposal.requester.strip_prefix("human:").unwrap_or(&proposal.requester).trim();
    same_person(requester, subject)
}

/// Whether two names mean one person: case and surrounding blanks do not make another.
pub fn same_person(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

fn check_unchanged(request: &Authorisation<'_>) -> Result<(), Refusal> {
    let actual = proposal_digest(request.proposal)?;
    if mac::same(actual.as_bytes(), request.digest.as_bytes()) {
        Ok(())
    } else {
        Err(Refusal::Changed { actual, approved: request.digest.to_owned() })
    }
}

fn authorise_decisions(
    verifier: &Verifier,
    request: &Authorisation<'_>,
    expires_at: Timestamp,
) -> Result<Vec<String>, Refusal> {
    if let [Decision { kind: DecisionKind::Policy, .. }] = request.decisions {
        check_policy(request)?;
        return Ok(vec!["policy".to_owned()]);
    }
    let mut people = BTreeSet::new();
    let mut approvers = Vec::new();
    for decision in request.decisions {
        check_decision(verifier, request, decision, expires_at)?;
        if people.insert(decision.subject.trim().to_lowercase()) {
            approvers.push(decision.subject.clone());
        }
    }
    let demanded = demanded_role(request.proposal);
    let needed = request.proposal.approval.approvals.max(1);
    let given = u32::try_from(people.len()).unwrap_or(u32::MAX);
    if given < needed {
        return Err(Refusal::TooFew { given, needed });
    }
    if !request.decisions.iter().any(|decision| decision.role >= Some(demanded)) {
        return Err(Refusal::RoleMissing { risk: request.proposal.risk.level, role: demanded });
    }
    Ok(approvers)
}

fn check_decision(
    verifier: &Verifier,
    request: &Authorisation<'_>,
    decision: &Decision,
    expires_at: Timestamp,
) -> Result<(), Refusal> {
    let subject = || decision.subject.clone();
    verifier.verify(decision).map_err(|problem| Refusal::NotGenuine { subject: subject(), problem })?;
    let other = |problem| Err(Refusal::NotThisProposal { subject: subject(), problem });
    if decision.kind != DecisionKind::Approve {
        return other("it is not an approval");
    }
    if decision.execution != request.proposal.execution {
        return other("it is about another execution");
    }
    if decision.digest != request.digest {
        return other("it is about another digest");
    }
    let at = instant("decision.at", &decision.at)?;
    if at >= expires_at {
        return other("it was given after the proposal expired");
    }
    // Another machine's clock may run a little ahead of ours, but not by much.
    if at.duration_since(request.now).as_secs() > AHEAD {
        return other("it was given in the future");
    }
    if is_requester(request.proposal, &decision.subject) {
        return Err(Refusal::OwnProposal { subject: subject() });
    }
    Ok(())
}

fn check_policy(request: &Authorisation<'_>) -> Result<(), Refusal> {
    let refuse = |problem| Err(Refusal::PolicyMayNot { problem });
    match request {
        _ if request.mode != Mode::Policy => refuse("the executor is not in mode `policy`"),
        _ if request.proposal.risk.level != RiskLevel::Low => refuse("the risk is not LOW"),
        _ if request.proposal.reasoner.kind != ReasonerKind::Model => refuse("it was not a model that reasoned"),
        _ if request.proposal.approval.approvals > 1 => refuse("more than one approval is demanded"),
        _ if request.proposal.approval.role > Role::OnCall => refuse("a manager's approval is demanded"),
        _ => Ok(()),
    }
}

/// The role that somebody must bring: the proposal's own rule, and a manager for HIGH whatever the rule says.
fn demanded_role(proposal: &Proposal) -> Role {
    if proposal.risk.level == RiskLevel::High { Role::Manager } else { proposal.approval.role }
}

fn instant(field: &'static str, value: &str) -> Result<Timestamp, Refusal> {
    value.parse().map_err(|_| Refusal::BadInstant { field, value: value.to_owned() })
}

/// A role in words.
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::OnCall => "on-call engineer",
        Role::Manager => "manager",
    }
}

/// A risk level as it is written everywhere.
pub fn risk_word(risk: RiskLevel) -> &'static str {
    match risk {
        RiskLevel::Low => "LOW",
        RiskLevel::Medium => "MEDIUM",
        RiskLevel::High => "HIGH",
    }
}

/// Seconds by which a decision's clock may run ahead.
const AHEAD: i64 = 120;

#[cfg(test)]
mod tests {
    use super::super::decision::SigningKey;
    use super::super::example;
    use super::*;
    use crate::shape::Reasoner;

    struct Case {
        proposal: Proposal,
        digest: Option<String>,
        decisions: Vec<Decision>,
        mode: Mode,
        now: &'static str,
    }

    fn signer() -> SigningKey {
        SigningKey::new([5; 32])
    }

    fn signed(proposal: &Proposal, subject: &str, role: Role) -> Decision {
        let digest = proposal_digest(proposal).unwrap();
        signer()
            .sign(Decision { digest, subject: subject.to_owned(), role: Some(role), ..example::decision() })
            .unwrap()
    }

    fn case(proposal: Proposal, approvers: &[(&str, Role)]) -> Case {
        let decisions = approvers.iter().map(|(name, role)| signed(&proposal, name, *role)).collect();
        Case { proposal, digest: None, decisions, mode: Mode::Ask, now: "2026-11-23T10:20:00Z" }
    }

    fn answer(case: &Case) -> Result<Vec<String>, Refusal> {
        let digest = case.digest.clone().unwrap_or_else(|| proposal_digest(&case.proposal).unwrap());
        let request = Authorisation {
            proposal: &case.proposal,
            digest: &digest,
            decisions: &case.decisions,
            mode: case.mode,
            now: case.now.parse().unwrap(),
        };
        authorise(&Verifier::new([signer().public()]).unwrap(), &request)
    }

    fn check(case: Case, expect: Result<&[&str], Refusal>) {
        assert_eq!(answer(&case), expect.map(|names| names.iter().map(|name| (*name).to_owned()).collect()));
    }

    fn high(approvals: u32) -> Proposal {
        let mut proposal = example::proposal();
        proposal.risk.level = RiskLevel::High;
        proposal.approval.approvals = approvals;
        proposal
    }

    #[test]
    fn what_was_approved_may_be_executed() {
        check(case(example::proposal(), &[("ana", Role::OnCall)]), Ok(&["ana"]));
    }

    #[test]
    fn a_changed_proposal_is_refused() {
        let mut changed = case(example::proposal(), &[("ana", Role::OnCall)]);
        let approved = proposal_digest(&changed.proposal).unwrap();
        changed.proposal.parameters.insert("timeout".to_owned(), 900.into());
        let actual = proposal_digest(&changed.proposal).unwrap();
        changed.digest = Some(approved.clone());
        check(changed, Err(Refusal::Changed { actual, approved }));
    }

    #[test]
    fn a_changed_proposal_with_its_own_digest_is_not_the_approved_one() {
        let mut changed = case(example::proposal(), &[("ana", Role::OnCall)]);
        changed.proposal.target.arn.push('2');
        check(
            changed,
            Err(Refusal::NotThisProposal { subject: "ana".to_owned(), problem: "it is about another digest" }),
        );
    }

    #[test]
    fn an_expired_proposal_is_refused() {
        let mut late = case(example::proposal(), &[("ana", Role::OnCall)]);
        late.now = "2026-11-23T11:15:00Z";
        let expires_at = late.proposal.expires_at.clone();
        check(late, Err(Refusal::Expired { expires_at }));
    }

    #[test]
    fn nobody_is_not_enough() {
        check(case(example::proposal(), &[]), Err(Refusal::TooFew { given: 0, needed: 1 }));
    }

    #[test]
    fn high_needs_a_manager() {
        let missing = Refusal::RoleMissing { risk: RiskLevel::High, role: Role::Manager };
        check(case(high(1), &[("ana", Role::OnCall)]), Err(missing));
        check(case(high(1), &[("bo", Role::Manager)]), Ok(&["bo"]));
    }

    #[test]
    fn two_people_are_two_people() {
        check(case(high(2), &[("bo", Role::Manager)]), Err(Refusal::TooFew { given: 1, needed: 2 }));
        let twice = &[("bo", Role::Manager), (" Bo", Role::Manager)];
        check(case(high(2), twice), Err(Refusal::TooFew { given: 1, needed: 2 }));
        check(case(high(2), &[("ana", Role::OnCall), ("bo", Role::Manager)]), Ok(&["ana", "bo"]));
    }

    #[test]
    fn whoever_adjusted_a_proposal_does_not_approve_it() {
        let mut own = example::proposal();
        own.requester = "human: Ana".to_owned();
        check(case(own, &[("ana", Role::OnCall)]), Err(Refusal::OwnProposal { subject: "ana".to_owned() }));
    }

    #[test]
    fn an_unsigned_or_forged_decision_is_refused() {
        for problem in [DecisionError::Unsigned, DecisionError::BadSignature] {
            let mut forged = case(example::proposal(), &[("ana", Role::OnCall)]);
            match problem {
                DecisionError::Unsigned => forged.decisions[0].signature = None,
                _ => forged.decisions[0].role = Some(Role::Manager),
            }
            check(forged, Err(Refusal::NotGenuine { subject: "ana".to_owned(), problem }));
        }
    }

    #[test]
    fn a_rejection_does_not_approve() {
        let mut no = case(example::proposal(), &[]);
        let digest = proposal_digest(&no.proposal).unwrap();
        no.decisions =
            vec![signer().sign(Decision { kind: DecisionKind::Reject, digest, ..example::decision() }).unwrap()];
        check(no, Err(Refusal::NotThisProposal { subject: "ana".to_owned(), problem: "it is not an approval" }));
    }

    #[test]
    fn a_decision_of_another_execution_is_refused() {
        let mut other = case(example::proposal(), &[]);
        let digest = proposal_digest(&other.proposal).unwrap();
        let execution = format!("{}-2", other.proposal.execution);
        other.decisions = vec![signer().sign(Decision { execution, digest, ..example::decision() }).unwrap()];
        check(
            other,
            Err(Refusal::NotThisProposal { subject: "ana".to_owned(), problem: "it is about another execution" }),
        );
    }

    #[test]
    fn the_policy_decides_only_low_and_only_where_it_is_configured() {
        let policy = |change: fn(&mut Proposal), mode| {
            let mut proposal = example::proposal();
            proposal.reasoner = Reasoner { kind: ReasonerKind::Model, name: "a-model".to_owned() };
            change(&mut proposal);
            let digest = proposal_digest(&proposal).unwrap();
            let decision = Decision { kind: DecisionKind::Policy, digest, role: None, ..example::decision() };
            Case { decisions: vec![decision], mode, ..case(proposal, &[]) }
        };
        let refused = |problem| Err(Refusal::PolicyMayNot { problem });
        check(policy(|_| {}, Mode::Policy), Ok(&["policy"]));
        check(policy(|_| {}, Mode::Ask), refused("the executor is not in mode `policy`"));
        check(policy(|p| p.risk.level = RiskLevel::Medium, Mode::Policy), refused("the risk is not LOW"));
        check(
            policy(|p| p.reasoner.kind = ReasonerKind::Rules, Mode::Policy),
            refused("it was not a model that reasoned"),
        );
    }

    #[test]
    fn the_undo_is_authorised_after_the_expiry_of_the_action() {
        let late = case(example::proposal(), &[("ana", Role::OnCall)]);
        let digest = proposal_digest(&late.proposal).unwrap();
        let request = Authorisation {
            proposal: &late.proposal,
            digest: &digest,
            decisions: &late.decisions,
            mode: Mode::Ask,
            now: "2026-11-24T00:00:00Z".parse().unwrap(),
        };
        let verifier = Verifier::new([signer().public()]).unwrap();
        assert!(authorise(&verifier, &request).is_err());
        assert_eq!(authorise_undo(&verifier, &request), Ok(vec!["ana".to_owned()]));
    }

    #[test]
    fn the_role_that_is_asked_depends_on_what_was_given() {
        let low = example::proposal();
        assert_eq!(required_role(&low, &[]), Role::OnCall);
        assert_eq!(required_role(&high(1), &[]), Role::Manager);
        assert_eq!(required_role(&high(2), &[]), Role::OnCall);
        assert_eq!(required_role(&high(2), &[signed(&high(2), "ana", Role::OnCall)]), Role::Manager);
        assert_eq!(required_role(&high(2), &[signed(&high(2), "bo", Role::Manager)]), Role::OnCall);
    }
}
