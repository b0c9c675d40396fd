//! What can be typed: commands, options, their defaults and their help.
//!
//! Owns the words. What a command does stands in the file of its name under `command`.

mod approver;
mod help;
mod incident;
mod twin;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::approver::{Approver, ApproverCode, ApproverEnrol, ApproverList};
pub(crate) use self::incident::{Incident, IncidentDecide, IncidentList, IncidentShow, IncidentStart};
pub(crate) use self::twin::{Twin, TwinCheck, TwinCollect, TwinExport, TwinGraph, TwinPath, TwinRadius, TwinShow};

/// The data directory when none is named.
pub(crate) const DEFAULT_DATA: &str = "sao-data";

/// Incident response for AWS: an alarm becomes an approved, executed, verified and recorded fix.
#[derive(Debug, Parser)]
#[command(name = "sao", version, max_term_width = 100, after_help = help::AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one whole incident on a small shop, here and now.
    #[command(after_help = help::DEMO)]
    Demo(Demo),
    /// Run the platform: engine, Step Functions API, incident endpoints and approval pages.
    #[command(after_help = help::UP)]
    Up(Up),
    /// Start, look at and decide incidents of a running `sao up`.
    #[command(subcommand, after_help = help::INCIDENT)]
    Incident(Incident),
    /// Who may approve: list, enrol, and the present one-time code.
    #[command(subcommand, after_help = help::APPROVER)]
    Approver(Approver),
    /// The digital twin: what Terraform says there is.
    #[command(subcommand, after_help = help::TWIN)]
    Twin(Twin),
    /// Show what a model would be told about one resource.
    #[command(after_help = help::CONTEXT)]
    Context(Context),
    /// Show the exact model request that an alarm event would cause.
    #[command(after_help = help::PROMPT)]
    Prompt(Prompt),
    /// Check a state machine definition: all problems at once.
    #[command(after_help = help::VALIDATE)]
    Validate(Validate),
    /// Run today's code against a recorded execution history.
    #[command(after_help = help::REPLAY)]
    Replay(Replay),
    /// Check that everything is ready: data directory, ports, twin.
    #[command(after_help = help::DOCTOR)]
    Doctor(Doctor),
    /// Serve the twin to an agent over the Model Context Protocol; a change can be requested, and a human decides.
    #[command(after_help = help::MCP)]
    Mcp(Mcp),
}

impl Cli {
    /// Whether standard output is to hold one JSON document.
    pub(crate) fn wants_json(&self) -> bool {
        let output = match &self.command {
            Command::Demo(one) => one.output,
            Command::Up(one) => one.output,
            Command::Incident(one) => one.output(),
            Command::Approver(one) => one.output(),
            Command::Twin(one) => one.output(),
            Command::Context(one) => one.output,
            Command::Prompt(one) => one.output,
            Command::Validate(one) => one.output,
            Command::Replay(one) => one.output,
            Command::Doctor(one) => one.output,
            Command::Mcp(_) => return false,
        };
        output.json
    }
}

/// Where the platform keeps everything.
#[derive(Debug, Clone, Args)]
pub(crate) struct Data {
    /// The data directory: journal, twin, mailbox, keys, histories.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA, env = "SAO_DATA")]
    pub(crate) data: PathBuf,
}

/// How the answer is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// Print one JSON document on standard output; everything else goes to standard error.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A running `sao up`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Endpoint {
    /// The address of a running `sao up`.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8083", env = "SAO_ENDPOINT")]
    pub(crate) endpoint: String,
}

/// Who decides about a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Nobody: proposals are recorded and nothing is executed.
    Shadow,
    /// A human decides about every proposal.
    Ask,
    /// A model's LOW proposals execute by themselves, within an hourly limit; a human decides about the rest.
    Policy,
}

impl Mode {
    /// The word as the state machine's setting has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Ask => "ask",
            Self::Policy => "policy",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Approve without asking.
    #[arg(long, conflicts_with = "reject")]
    pub(crate) yes: bool,
    /// Reject without asking.
    #[arg(long)]
    pub(crate) reject: bool,
    /// Who decides about a proposal.
    #[arg(long, value_enum, default_value = "ask")]
    pub(crate) mode: Mode,
    /// Where the approval page listens; another free port is taken when this one is in use.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8084")]
    pub(crate) public_listen: SocketAddr,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where the Step Functions API and the incident endpoints listen; loopback only.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8083")]
    pub(crate) listen: SocketAddr,
    /// Where the approval pages listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8084")]
    pub(crate) public_listen: SocketAddr,
    /// The address that mails give for the approval pages, when it is not the one that they listen on.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Where local Lambda binaries ask for work, loopback only; one is started with `AWS_LAMBDA_RUNTIME_API=ADDRESS/FUNCTION`,
    /// in Rust `http://ADDRESS/FUNCTION`, and with `ADDRESS` when it is the only one.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) runtime_listen: Option<SocketAddr>,
    /// A function that a local Lambda binary serves, called before its binary has asked for work; may be given several times.
    #[arg(long = "function", value_name = "NAME", requires = "runtime_listen")]
    pub(crate) functions: Vec<String>,
    /// A Terraform state file to read into the twin; may be given several times.
    #[arg(long = "state", value_name = "FILE")]
    pub(crate) states: Vec<PathBuf>,
    /// Who decides about a proposal.
    #[arg(long, value_enum, default_value = "ask")]
    pub(crate) mode: Mode,
    /// The account in ARNs [default: the one of the state]; a data directory keeps the one that it was made with.
    #[arg(long, value_name = "ID", env = "SAO_ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The region in ARNs [default: the one of the state]; a data directory keeps the one that it was made with.
    #[arg(long, env = "SAO_REGION")]
    pub(crate) region: Option<String>,
    /// Fill a placeholder of the incident workflow, for example `settle_seconds=30`; may be given several times.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Recorded metrics, logs and changes that the embedded account shows.
    #[arg(long, value_name = "FILE")]
    pub(crate) observations: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Context {
    /// The resource: its Terraform address, ARN or name.
    #[arg(value_name = "NODE")]
    pub(crate) node: String,
    #[command(flatten)]
    pub(crate) budget: TokenBudget,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// How much a model may be told.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct TokenBudget {
    /// The budget of the context in tokens, 1000 to 9000; that of the platform unless given.
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1_000..=9_000))]
    pub(crate) budget: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Prompt {
    /// The event, a JSON file; `-` reads standard input.
    #[arg(value_name = "EVENT.json")]
    pub(crate) event: PathBuf,
    #[command(flatten)]
    pub(crate) budget: TokenBudget,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The definition, Amazon States Language; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A history, as `aws stepfunctions get-execution-history` writes it.
    #[arg(value_name = "HISTORY.json")]
    pub(crate) history: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Where the Step Functions API would listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8083")]
    pub(crate) listen: SocketAddr,
    /// Where the approval pages would listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8084")]
    pub(crate) public_listen: SocketAddr,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Serve HTTP on this loopback address in place of standard input and output.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// For whom the agent works; the approver reads it beside the name that the agent gives itself.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn yes_and_reject_exclude_each_other() {
        assert!(Cli::try_parse_from(["sao", "demo", "--yes", "--reject"]).is_err());
    }
}
