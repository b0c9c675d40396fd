//! What a round asks of a human: the same for the mail and for the page.
//!
//! Owns what is missing for a yes, and the words for who reasoned. Does not own how a mail or a page is laid out.

use jiff::Timestamp;

use super::digest::proposal_digest;
use crate::shape::{Context, Decision, Incident, Piece, Proposal, ReasonerKind, Round};

/// One round of asking about a proposal.
#[derive(Clone, Copy, Debug)]
pub struct RoundView<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// The proposal.
    pub proposal: &'a Proposal,
    /// The digest that the round was opened with.
    pub digest: &'a str,
    /// The context, for the evidence that the proposal cites.
    pub context: &'a Context,
    /// The number of the round.
    pub number: u32,
    /// The round.
    pub round: &'a Round,
    /// When the round ends.
    pub ends_at: Timestamp,
    /// The approvals so far.
    pub approvals: &'a [Decision],
}

impl<'a> RoundView<'a> {
    /// What is missing for a yes: the digest must fit, and every cited piece of evidence must be here to be read.
    pub fn incomplete(&self) -> Option<String> {
        match proposal_digest(self.proposal) {
            Ok(digest) if digest == self.digest => {}
            Ok(_) => {
                return Some("The proposal was changed after it was made: its digest does not fit.".to_owned());
            }
            Err(error) => return Some(format!("The digest cannot be computed: {error}.")),
        }
        let missing: Vec<&str> =
            self.proposal.cause.evidence.iter().map(String::as_str).filter(|id| self.piece(id).is_none()).collect();
        if missing.is_empty() { None } else { Some(format!("Evidence is missing: {}.", missing.join(", "))) }
    }

    /// The piece of evidence of this id.
    pub(super) fn piece(&self, id: &str) -> Option<&'a Piece> {
        self.context.pieces.iter().find(|piece| piece.evidence == id)
    }

    /// Who reasoned, said so that nobody takes rules for a model.
    pub(super) fn who_reasoned(&self) -> String {
        let name = &self.proposal.reasoner.name;
        match self.proposal.reasoner.kind {
            ReasonerKind::Rules => format!("Rules reasoned, not a model ({name})."),
            ReasonerKind::Model => format!("A model reasoned ({name})."),
            ReasonerKind::Human => format!("A person set these values ({name})."),
            ReasonerKind::Request => format!("Nobody reasoned: it was requested by what calls itself {name}."),
        }
    }
}
