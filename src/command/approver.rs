//! `sao approver`: who may approve, and the codes that prove it.
//!
//! Owns the printing. Enrolment and codes are `edge`'s; whoever can run this holds the data directory and with it every key.

use activities::{approval::role_word, shape::Role};
use edge::approvers::Approvers;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    cli::{Approver, ApproverCode, ApproverEnrol, ApproverList, Data},
    command::Ending,
    error::CommandError,
    show::{self, Screen},
};

pub(crate) fn run(command: Approver) -> Result<Ending, CommandError> {
    match command {
        Approver::List(options) => list(&options),
        Approver::Enrol(options) => enrol(&options),
        Approver::Code(options) => code(&options),
    }
}

fn list(options: &ApproverList) -> Result<Ending, CommandError> {
    let known = open(&options.data)?.list().map_err(failed)?;
    if options.output.json {
        show::json(&json!({ "approvers": known }));
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    for one in known {
        screen.line(format!("{:<24} {}", show::clean(&one.name), role_word(one.role)));
    }
    Ok(Ending::Good)
}

fn enrol(options: &ApproverEnrol) -> Result<Ending, CommandError> {
    let role = if options.role == "manager" { Role::Manager } else { Role::OnCall };
    let address = open(&options.data)?.enrol(&options.name, role).map_err(failed)?;
    if options.output.json {
        show::json(&json!({ "name": options.name, "role": role, "address": address }));
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    screen.line(format!(
        "`{}` is enrolled as {}. Give this address to their authenticator; it is not shown again:",
        show::clean(&options.name),
        role_word(role)
    ));
    screen.line(address);
    Ok(Ending::Good)
}

fn code(options: &ApproverCode) -> Result<Ending, CommandError> {
    let code = open(&options.data)?.code(&options.name, Timestamp::now()).map_err(failed)?;
    let code = code.ok_or_else(|| {
        CommandError::NotFound(format!(
            "`{}` is not an enrolled approver: `sao approver list` shows who is",
            options.name
        ))
    })?;
    if options.output.json {
        show::json(&json!({ "name": options.name, "code": code }));
    } else {
        Screen::new(false).line(code);
    }
    Ok(Ending::Good)
}

fn open(data: &Data) -> Result<Approvers, CommandError> {
    super::look_at(&data.data)?;
    Approvers::open(&data.data, OPERATOR).map_err(failed)
}

fn failed(error: edge::EdgeError) -> CommandError {
    CommandError::Function(error.message)
}

/// The approver that a new data directory has.
const OPERATOR: &str = "operator";
