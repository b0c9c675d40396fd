//! What can be typed after `sao incident`.
//!
//! Owns the words, as its parent does.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Data, Endpoint, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum Incident {
    /// Hand over an alarm event, as EventBridge delivers it.
    Start(IncidentStart),
    /// List incidents, the latest first.
    List(IncidentList),
    /// Show one incident: its steps, its proposal and how it stands.
    Show(IncidentShow),
    /// Approve the proposal that an incident waits with.
    Approve(IncidentDecide),
    /// Reject the proposal that an incident waits with.
    Reject(IncidentDecide),
}

impl Incident {
    /// How the answer is printed.
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Start(one) => one.output,
            Self::List(one) => one.output,
            Self::Show(one) => one.output,
            Self::Approve(one) | Self::Reject(one) => one.output,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct IncidentStart {
    /// The event, a JSON file; `-` reads standard input.
    #[arg(value_name = "EVENT.json")]
    pub(crate) event: PathBuf,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct IncidentList {
    /// Only those that stand so: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct IncidentShow {
    /// The incident: its name (`inc-...`), the beginning of it, or its execution's ARN.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct IncidentDecide {
    /// The incident: its name (`inc-...`), the beginning of it, or its execution's ARN.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Why, in your words; it is signed with the decision and remembered.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// The enrolled approver who decides.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The role in which you decide; refused when you are not enrolled in it.
    #[arg(long, value_parser = ["on-call", "manager"])]
    pub(crate) role: Option<String>,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}
