//! `sao demo`: one whole incident, here and now.
//!
//! Owns the order of what is shown and asked. Everything that happens is done by the platform, as in `sao up`: the same engine,
//! workflow, functions, approval page and signed decision. Only the world is small: the shop of the fixtures, in an account
//! that is a directory.

mod ask;
mod report;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use activities::shape::DecisionKind;
use edge::{DecideError, EdgeError, Taken};
use jiff::{SignedDuration, Timestamp};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use self::ask::{Answer, Decider};
use crate::{
    cli,
    command::{Ending, shown},
    embedded::{self, Platform, Setup},
    error::CommandError,
    follow::Follow,
    history,
    home::{Asked, Home},
    http::{listen, pages},
    shop,
    show::{self, Screen},
    story::Moment,
};

pub(crate) async fn run(options: cli::Demo) -> Result<Ending, CommandError> {
    let screen = Screen::new(options.output.json);
    let listener = listen_near(options.public_listen, &screen).await?;
    let now = now();
    let event = shop::event(now)?;
    embedded::check_free(&options.data.data)?;
    let (state, observations) = shop::lay_out(&options.data.data)?;
    let setup = setup(&options, observations, &listener, &event)?;
    let platform = Platform::open(setup).await?;
    let (stop, stopped) = watch::channel(false);
    let pages: JoinHandle<std::io::Result<()>> =
        tokio::spawn(listen::serve(listener, pages::router(platform.clone()), stopped));
    let ended = Run { platform: &platform, options: &options, state, screen: &screen }.incident(&event).await;
    screen.idle();
    let _ = stop.send(true);
    // The page that just decided is still being answered.
    let _ = pages.await;
    platform.close().await;
    ended
}

struct Run<'a> {
    platform: &'a Platform,
    options: &'a cli::Demo,
    state: PathBuf,
    screen: &'a Screen,
}

impl Run<'_> {
    async fn incident(&self, event: &serde_json::Value) -> Result<Ending, CommandError> {
        self.introduce(event).await?;
        let mails = mails(&self.platform.setup.data);
        let arn = match self.platform.take_in(event.clone()).await? {
            Taken::Execution(answer) => answer.execution_arn,
            Taken::Noted { state, .. } => return Err(CommandError::BadEvent(format!("the alarm is {state}"))),
        };
        let mut follow = Follow::begin(&self.platform.engine, &arn).await?;
        let mut decider = Decider::of(self.options.yes, self.options.reject);
        let mut asking = false;
        loop {
            tokio::select! {
                moment = follow.next() => match moment? {
                    None => break,
                    Some(Moment::Waits(_)) => {
                        self.screen.idle();
                        self.ask(&follow, &decider, &arn).await?;
                        asking = true;
                    }
                    Some(moment) => {
                        if asking && !follow.story.waits_for_decision() {
                            asking = false;
                            // Decided on the page, or its time is over: the question at the terminal is answered.
                            if matches!(decider, Decider::Terminal(_)) {
                                self.screen.gap();
                            }
                        }
                        self.tell(&follow, moment);
                    }
                },
                answer = decider.answer(), if asking => match self.answered(answer, &arn).await? {
                    Answered::Decided => asking = false,
                    Answered::AskAgain => {}
                    Answered::Gone => return Ok(self.leave(&arn)),
                },
            }
        }
        self.conclude(&follow, &arn, &mails).await
    }

    /// Says what there is, and prepares the shop.
    async fn introduce(&self, event: &serde_json::Value) -> Result<(), CommandError> {
        let (screen, style) = (self.screen, self.screen.style());
        let word =
            |pointer: &str| show::clean(event.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default());
        screen.line(style.bold("SAO demo: one incident on a small shop, from the alarm to the recorded fix"));
        screen.line(style.soft(
            "Engine, account and mailbox live in this process and in one directory; nothing leaves this machine.",
        ));
        screen.gap();
        let row = |title: &str, text: &str| screen.line(format!("  {} {text}", style.soft(&format!("{title:<9}"))));
        let collected = self.platform.collect(vec![self.state.clone()]).await?;
        row("Data", &shown(&self.platform.setup.data));
        let collected = collected.iter().map(|one| {
            format!("{} resources and {} relations of a Terraform state (serial {})", one.nodes, one.edges, one.serial)
        });
        row("Twin", &collected.collect::<Vec<_>>().join("; "));
        row(
            "Alarm",
            &format!("{} is {}", style.bold(&word("/detail/alarmName")), style.bad(&word("/detail/state/value"))),
        );
        for line in show::wrapped(&word("/detail/state/reason"), 0, show::WIDTH - 12) {
            row("", &style.soft(&line));
        }
        row(
            "",
            &style
                .soft("A recorded event; its instants were moved to now, so that each run is an incident of its own."),
        );
        let drifted = self.platform.edge.apply_declared().await.map_err(failed)?;
        if drifted > 0 {
            row("Shop", "A former run changed a setting that Terraform did not know of. As the next `terraform apply`");
            row("", "would, the demo has set it back, so the alarm goes off again for the same reason.");
        }
        let waiting = self.platform.running().await?.len();
        if waiting > 0 {
            row(
                "Waiting",
                &format!("{waiting} earlier incident(s) of this directory still run and go on in the background."),
            );
        }
        screen.gap();
        Ok(())
    }

    fn tell(&self, follow: &Follow, moment: Moment) {
        match moment {
            Moment::Entered(place) => {
                let step = &follow.story.steps[place];
                if step.is_shown() {
                    self.screen.busy(&format!("{:<16} {}", step.name, show::meaning(&step.name)));
                }
            }
            Moment::Left(place) => {
                let step = &follow.story.steps[place];
                if step.is_shown() {
                    self.screen.line(show::describe(step, self.screen.style()));
                }
            }
            Moment::Waits(_) | Moment::Ended => {}
        }
    }

    /// Shows the proposal, and how it can be decided.
    async fn ask(&self, follow: &Follow, decider: &Decider, arn: &str) -> Result<(), CommandError> {
        let (screen, style) = (self.screen, self.screen.style());
        if let Some(proposal) = follow.story.proposal() {
            screen.gap();
            screen.lines(show::proposal(&proposal, follow.story.context().as_ref(), style));
            screen.gap();
        }
        let address = match self.platform.edge.page_address(arn).await {
            Ok(address) => address,
            // Decided already, by a link of the mail that was quicker than this.
            Err(DecideError::Second(_) | DecideError::Expired) => return Ok(()),
            Err(error) => return Err(CommandError::Function(error.to_string())),
        };
        screen.line(format!("  {} {}", style.soft("Page     "), style.link(&address)));
        match decider {
            Decider::Given(DecisionKind::Approve) => {
                screen.line(format!("  {} approve (--yes)", style.soft("Decision ")))
            }
            Decider::Given(_) => screen.line(format!("  {} reject (--reject)", style.soft("Decision "))),
            Decider::Terminal(_) => {
                self.show_code()?;
                screen.gap();
                self.prompt();
            }
            Decider::Page => {
                self.show_code()?;
                screen.line("  Standard input is no terminal: this waits for the decision on the page.");
                screen.line(format!(
                    "  A code changes every 30 seconds: `{} approver code` shows the present one.",
                    show::me()
                ));
            }
        }
        Ok(())
    }

    fn show_code(&self) -> Result<(), CommandError> {
        let config = self.platform.edge.config();
        let code = self.platform.edge.approvers().code(&config.operator, Timestamp::now());
        let code = code.map_err(failed)?.unwrap_or_default();
        let style = self.screen.style();
        self.screen.line(format!(
            "  {} name {}, one-time code {}",
            style.soft("         "),
            style.bold(&config.operator),
            style.bold(&code)
        ));
        Ok(())
    }

    fn prompt(&self) {
        self.screen.ask("  Your decision: [a]pprove, [r]eject, [q]uit (enter: a new code for the page) > ");
    }

    /// Does what was answered at the terminal.
    async fn answered(&self, answer: Answer, arn: &str) -> Result<Answered, CommandError> {
        let kind = match answer {
            Answer::Quit => return Ok(Answered::Gone),
            Answer::Decide(kind) => kind,
            Answer::Code | Answer::Unclear => {
                if answer == Answer::Unclear {
                    self.screen.line("  Please answer a, r or q.");
                } else {
                    self.show_code()?;
                }
                self.prompt();
                return Ok(Answered::AskAgain);
            }
        };
        let edge = &self.platform.edge;
        let operator = edge.config().operator.clone();
        match edge.decide_at_terminal(arn, kind, &operator, None, self.platform).await {
            Ok(_) => {}
            Err(DecideError::Second(first)) => {
                self.screen.line(format!(
                    "  It was decided already, by {}: your answer came second and changed nothing.",
                    first.subject
                ));
            }
            Err(DecideError::Expired) => self.screen.line("  This round of asking is over: your answer came too late."),
            Err(error) => return Err(CommandError::Function(error.to_string())),
        }
        Ok(Answered::Decided)
    }

    /// The person went away: the incident waits.
    fn leave(&self, arn: &str) -> Ending {
        let me = show::me();
        let data = shown(&self.platform.setup.data);
        self.screen.gap();
        self.screen.line("  Nothing was decided. The incident waits in the data directory, also across restarts:");
        self.screen.line(format!("    {me} up --data {data}"));
        self.screen.line(format!("    {me} incident approve {} --data {data}", history::name_of(arn)));
        if self.options.output.json {
            show::json(&serde_json::json!({ "execution_arn": arn, "status": "RUNNING", "outcome": null }));
        }
        Ending::Good
    }

    async fn conclude(&self, follow: &Follow, arn: &str, before: &BTreeSet<PathBuf>) -> Result<Ending, CommandError> {
        self.screen.idle();
        let history = self.platform.archive(arn).await?;
        let mails: Vec<String> = mails(&self.platform.setup.data).difference(before).map(|path| shown(path)).collect();
        let facts = report::Facts { arn, history: &history, data: &self.platform.setup.data, mails: &mails };
        report::summary(&follow.story, &facts, self.screen);
        if self.options.output.json {
            show::json(&report::document(&follow.story, &facts));
        }
        Ok(Ending::when(report::is_good(&follow.story)))
    }
}

enum Answered {
    Decided,
    AskAgain,
    Gone,
}

fn setup(
    options: &cli::Demo,
    observations: PathBuf,
    listener: &TcpListener,
    event: &serde_json::Value,
) -> Result<Setup, CommandError> {
    let data = &options.data.data;
    let word = |name: &str| event[name].as_str().map(str::to_owned);
    let home = Home::find(data, &Asked { account: word("account"), region: word("region") })?;
    Ok(Setup {
        observations: Some(observations),
        data: data.clone(),
        home,
        mode: options.mode,
        // The embedded account reacts within seconds, so the demo looks again after one; `sao up` and AWS take longer.
        settings: vec![("settle_seconds".to_owned(), "1".to_owned())],
        public_url: format!("http://{}", listen::address(listener)?),
        services: workflow::task::Services::default(),
    })
}

/// The mails that are in the mailbox now.
fn mails(data: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(data.join("mailbox")).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "eml"))
        .collect()
}

fn failed(error: EdgeError) -> CommandError {
    CommandError::Function(error.to_string())
}

/// Listens where asked, or, when that is taken, on another port.
async fn listen_near(address: std::net::SocketAddr, screen: &Screen) -> Result<TcpListener, CommandError> {
    match listen::bind(address, PAGES).await {
        Err(CommandError::PortInUse { .. }) => {
            let listener = listen::bind(std::net::SocketAddr::new(address.ip(), 0), PAGES).await?;
            screen.line(format!("{address} is in use, so the approval page is at {}.", listen::address(&listener)?));
            Ok(listener)
        }
        other => other,
    }
}

/// When the alarm goes off in this run: a moment ago, in whole milliseconds as CloudWatch writes them.
fn now() -> Timestamp {
    let now = Timestamp::now();
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    now.checked_sub(SignedDuration::from_secs(1)).unwrap_or(now)
}

const PAGES: &str = "--public-listen";
