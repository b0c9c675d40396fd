//! What can be typed after `sao twin`.
//!
//! Owns the words, as its parent does.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Data, Output, help};

#[derive(Debug, Subcommand)]
pub(crate) enum Twin {
    /// Show what the twin holds, or one resource with all that is known of it.
    #[command(after_help = help::TWIN_SHOW)]
    Show(TwinShow),
    /// Read Terraform state files into the twin.
    #[command(after_help = help::TWIN_COLLECT)]
    Collect(TwinCollect),
    /// Explain governance and constraints: every rule, every problem, and why an action is allowed or denied.
    Check(TwinCheck),
    /// Show the shortest way from one resource to another, with what each step means.
    #[command(after_help = help::TWIN_PATH)]
    Path(TwinPath),
    /// Show what breaks when a resource breaks.
    #[command(after_help = help::TWIN_RADIUS)]
    Radius(TwinRadius),
    /// Draw what stands around a resource.
    #[command(after_help = help::TWIN_GRAPH)]
    Graph(TwinGraph),
    /// Write the whole twin as one document of linked data.
    #[command(after_help = help::TWIN_EXPORT)]
    Export(TwinExport),
}

impl Twin {
    /// How the answer is printed.
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Show(one) => one.output,
            Self::Collect(one) => one.output,
            Self::Check(one) => one.output,
            Self::Path(one) => one.output,
            Self::Radius(one) => one.output,
            Self::Graph(one) => one.output,
            // The document is the answer, and has standard output for itself.
            Self::Export(_) => Output { json: true },
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct TwinShow {
    /// A resource (its Terraform address, ARN or name), or a part of the addresses, types or names to list.
    #[arg(value_name = "NODE")]
    pub(crate) node: Option<String>,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TwinCollect {
    /// Terraform state files (version 4), directories that hold such at any depth, or `s3://BUCKET/KEY`.
    #[arg(required = true, value_name = "STATE")]
    pub(crate) states: Vec<String>,
    /// Take a state also when it is older than the one that the twin holds, or another one under its name.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TwinCheck {
    /// The action of the catalogue to ask about, for example `lambda_update_timeout`.
    #[arg(long, value_name = "NAME", requires = "node")]
    pub(crate) action: Option<String>,
    /// The resource to ask about: its Terraform address, ARN or name.
    #[arg(long, value_name = "NODE", requires = "action")]
    pub(crate) node: Option<String>,
    /// A parameter of the action, for example `timeout=20`; may be given several times.
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "action")]
    pub(crate) parameters: Vec<String>,
    /// The instant to ask about, for example `2026-12-24T09:00:00Z` [default: now].
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Who wants it [default: anybody].
    #[arg(long = "as", value_name = "WHO", value_parser = ["model", "rules", "on-call", "manager"], requires = "action")]
    pub(crate) principal: Option<String>,
    /// Print the schema that policies are checked against, and nothing else.
    #[arg(long, conflicts_with_all = ["action", "at", "json"])]
    pub(crate) schema: bool,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TwinPath {
    /// Where the way begins: a Terraform address, ARN or name.
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// Where it ends.
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TwinRadius {
    /// The resource: its Terraform address, ARN or name.
    #[arg(value_name = "NODE")]
    pub(crate) node: String,
    /// Print at most so many resources.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TwinGraph {
    /// The resource: its Terraform address, ARN or name.
    #[arg(value_name = "NODE")]
    pub(crate) node: String,
    /// Write a picture (SVG) to this file; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// How many edges far.
    #[arg(long, value_name = "HOPS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=6))]
    pub(crate) hops: u32,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TwinExport {
    /// Write JSON-LD; the only form so far.
    #[arg(long)]
    pub(crate) jsonld: bool,
    /// Write to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print the JSON Schema of the document, and nothing else.
    #[arg(long)]
    pub(crate) schema: bool,
    #[command(flatten)]
    pub(crate) data: Data,
}
