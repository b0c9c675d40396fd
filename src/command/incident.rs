//! `sao incident`: start, list, show, approve and reject incidents of a running `sao up`.
//!
//! Owns the printing, and the reading of the operator's secret. Deciding goes the way of the approval page: the platform signs
//! the decision; the secret only proves that it is this machine's operator who asks for that.

use serde_json::{Value, json};

use crate::{
    cli::{Incident, IncidentDecide, IncidentList, IncidentShow, IncidentStart},
    client::Client,
    command::Ending,
    error::CommandError,
    history,
    http::secret,
    show::{self, Screen},
    story::Story,
};

pub(crate) async fn run(command: Incident) -> Result<Ending, CommandError> {
    match command {
        Incident::Start(options) => start(options).await,
        Incident::List(options) => list(options).await,
        Incident::Show(options) => look(options).await,
        Incident::Approve(options) => decide("approve", options).await,
        Incident::Reject(options) => decide("reject", options).await,
    }
}

async fn start(options: IncidentStart) -> Result<Ending, CommandError> {
    let event = super::read_json(&options.event)?;
    let client = Client::new(&options.endpoint)?;
    let (status, answer) = client.start(&event).await?;
    if !matches!(status, 200 | 202) {
        return Err(CommandError::Refused(message(&answer)));
    }
    if options.output.json {
        show::json(&answer);
    }
    let screen = Screen::new(options.output.json);
    let word = |name: &str| show::clean(answer[name].as_str().unwrap_or_default());
    if status == 200 {
        screen.line(format!("Nothing was started: {}", word("reason")));
        return Ok(Ending::Good);
    }
    let arn = word("execution_arn");
    let known = answer["duplicate"].as_bool().unwrap_or_default();
    screen.line(if known { "This transition was handed over before: it stays one incident." } else { "Started." });
    screen.line(format!("  {arn}"));
    screen.line(format!("  {} incident show {}", show::me(), history::name_of(&arn)));
    Ok(Ending::Good)
}

async fn list(options: IncidentList) -> Result<Ending, CommandError> {
    let client = Client::new(&options.endpoint)?;
    let executions = client.list(options.status.as_deref(), options.limit).await?;
    if options.output.json {
        show::json(&json!({ "incidents": executions }));
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    if executions.is_empty() {
        screen.line("No incidents.");
    }
    for one in &executions {
        let story = client.story(one["executionArn"].as_str().unwrap_or_default()).await?;
        let occasion = ["/detail/alarmName", "/detail/action"].iter().find_map(|at| story.input.pointer(at));
        let alarm = show::short(occasion.and_then(Value::as_str).unwrap_or_default(), 40);
        let name = one["name"].as_str().unwrap_or_default();
        screen.line(format!(
            "{name}  {:<10}  {:<40}  {}",
            one["status"].as_str().unwrap_or_default(),
            alarm,
            standing(&story)
        ));
    }
    Ok(Ending::Good)
}

async fn look(options: IncidentShow) -> Result<Ending, CommandError> {
    let client = Client::new(&options.endpoint)?;
    let arn = client.find(&options.id).await?;
    let story = client.story(&arn).await?;
    if options.output.json {
        show::json(&document(&arn, &story));
        return Ok(Ending::Good);
    }
    let screen = Screen::new(false);
    let style = screen.style();
    screen.line(format!("{}  {}", style.bold(history::name_of(&arn)), standing(&story)));
    screen.line(style.soft(&arn));
    screen.gap();
    screen.lines(
        story
            .steps
            .iter()
            .filter(|step| step.is_shown() && step.exited.is_some())
            .map(|step| show::describe(step, style)),
    );
    if let Some(step) = story.current() {
        screen.line(format!("  … {:<16} {:>11}  {}", step.name, "", show::meaning(&step.name)));
    }
    if let Some(proposal) = story.proposal() {
        screen.gap();
        screen.lines(show::proposal(&proposal, story.context().as_ref(), style));
    }
    if story.waits_for_decision() {
        let name = history::name_of(&arn);
        screen.gap();
        screen.line(format!(
            "  Decide: {me} incident approve {name}   or   {me} incident reject {name} --reason '...'",
            me = show::me()
        ));
    }
    Ok(Ending::Good)
}

async fn decide(kind: &str, options: IncidentDecide) -> Result<Ending, CommandError> {
    let client = Client::new(&options.endpoint)?;
    let arn = client.find(&options.id).await?;
    let secret = secret::read(&options.data.data)?;
    let decision = json!({ "execution_arn": arn, "decision": kind, "reason": options.reason, "as": options.name, "role": options.role });
    let (status, answer) = client.decide(&secret, &decision).await?;
    if status != 200 {
        return Err(CommandError::Refused(format!("nothing was decided: {}", message(&answer))));
    }
    if options.output.json {
        show::json(&answer);
    }
    let word = |name: &str| show::clean(answer[name].as_str().unwrap_or_default());
    let screen = Screen::new(options.output.json);
    screen.line(format!("{}, signed as {} ({}).", word("decision"), word("subject"), word("role")));
    screen.line(format!("  {} incident show {}", show::me(), history::name_of(&arn)));
    Ok(Ending::Good)
}

/// An incident as `--json` shows it.
fn document(arn: &str, story: &Story) -> Value {
    json!({
        "execution_arn": arn,
        "name": history::name_of(arn),
        "status": story.end.as_ref().map_or("RUNNING", |end| end.status),
        "state": story.current().map(|step| step.name.clone()),
        "waits_for_decision": story.waits_for_decision(),
        "outcome": story.outcome_value(),
        "proposal": story.value("proposal"),
        "digest": story.value("digest"),
        "decisions": story.value("decisions"),
        "steps": story.steps_json(),
    })
}

/// How an incident stands, in a few words.
fn standing(story: &Story) -> String {
    match (&story.end, story.current()) {
        (Some(end), _) => match story.outcome_value() {
            Value::Object(outcome) => {
                let word = |name: &str| outcome.get(name).and_then(Value::as_str).unwrap_or_default().replace('_', " ");
                format!("{}: {}", word("kind"), show::short(&word("reason"), 70))
            }
            _ => end.failure.as_ref().map_or_else(
                || end.status.to_lowercase(),
                |(error, cause)| format!("{error}: {}", show::short(cause, 70)),
            ),
        },
        (None, Some(_)) if story.waits_for_decision() => "waits for a decision".to_owned(),
        (None, Some(step)) => format!("in {}", step.name),
        (None, None) => "begins".to_owned(),
    }
}

fn message(answer: &Value) -> String {
    let said = ["message", "error"].iter().find_map(|name| answer[*name].as_str()).or_else(|| answer.as_str());
    said.map_or_else(|| answer.to_string(), show::clean)
}
