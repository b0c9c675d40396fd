//! The `sao` command: incident response for AWS on the command line.
//!
//! Owns the start and the exit code. What a person can type is `cli`'s, what it does is `command`'s.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly"))]

mod ask;
mod cli;
mod client;
mod command;
mod embedded;
mod error;
mod follow;
mod history;
mod home;
mod http;
mod mcp;
mod shop;
mod show;
mod story;
mod think;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sao: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    show::log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
        .context("cannot start the runtime")?;
    let json = cli.wants_json();
    let ended = runtime.block_on(command::run(cli.command));
    // A thread may still sit in a read of the terminal; the exit does not wait for it.
    runtime.shutdown_background();
    match ended {
        Ok(ending) => Ok(ExitCode::from(ending.code())),
        Err(error) => {
            let code = error.exit_code();
            show::failure(&error, json);
            Ok(ExitCode::from(code))
        }
    }
}

/// Deep JSONata and deep JSON are evaluated on the runtime's threads.
const STACK: usize = 8 << 20;
