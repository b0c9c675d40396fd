//! What can be typed after `sao approver`.
//!
//! Owns the words, as its parent does.

use clap::{Args, Subcommand};

use super::{Data, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum Approver {
    /// List who may approve, with their roles.
    List(ApproverList),
    /// Enrol an approver, or give one a new role and secret; prints the address for an authenticator.
    Enrol(ApproverEnrol),
    /// Print the present one-time code of an approver, for the approval page.
    Code(ApproverCode),
}

impl Approver {
    /// How the answer is printed.
    pub(super) fn output(&self) -> Output {
        match self {
            Self::List(one) => one.output,
            Self::Enrol(one) => one.output,
            Self::Code(one) => one.output,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ApproverList {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ApproverEnrol {
    /// The name under which they decide.
    pub(crate) name: String,
    /// What they may approve: `on-call` LOW and MEDIUM, `manager` everything.
    #[arg(long, default_value = "on-call", value_parser = ["on-call", "manager"])]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ApproverCode {
    /// The approver.
    #[arg(default_value = "operator")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}
