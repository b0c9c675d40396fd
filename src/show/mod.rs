//! What people see on a terminal: lines, colours, a spinner, a question.
//!
//! Owns where text goes (standard output, or standard error when `--json` has the former) and whether it is coloured: only on
//! a terminal, never with `NO_COLOR` or a dumb terminal. Owns no facts. Text that comes from outside is stripped of what would
//! steer the terminal.

mod proposal;
mod step;

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) use self::{
    proposal::proposal,
    step::{describe, meaning},
};
use crate::error::CommandError;

/// A place to write to.
#[derive(Debug)]
pub(crate) struct Screen {
    to: To,
    style: Style,
    /// What turns while something is going on; `None` while nothing is.
    spinner: Mutex<Option<ProgressBar>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Output,
    Error,
}

impl Screen {
    /// Standard output; standard error when a JSON document is to have standard output for itself.
    pub(crate) fn new(json: bool) -> Self {
        let (to, terminal) =
            if json { (To::Error, io::stderr().is_terminal()) } else { (To::Output, io::stdout().is_terminal()) };
        Self { to, style: Style::new(terminal), spinner: Mutex::default() }
    }

    /// The colours.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Writes a line, above the spinner when there is one.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        let write = || self.write(&format!("{}\n", text.as_ref()));
        match self.spinner().as_ref() {
            Some(spinner) => spinner.suspend(write),
            None => write(),
        }
    }

    /// Writes lines.
    pub(crate) fn lines(&self, lines: impl IntoIterator<Item = String>) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    /// An empty line.
    pub(crate) fn gap(&self) {
        self.line("");
    }

    /// Shows what is going on now; on a terminal only.
    pub(crate) fn busy(&self, what: &str) {
        if self.style.moves {
            self.spinner().get_or_insert_with(|| turning(self.to)).set_message(what.to_owned());
        }
    }

    /// Takes the spinner away.
    pub(crate) fn idle(&self) {
        if let Some(spinner) = self.spinner().take() {
            spinner.finish_and_clear();
        }
    }

    /// Writes a question without a line break.
    pub(crate) fn ask(&self, question: &str) {
        self.idle();
        self.write(question);
    }

    fn write(&self, text: &str) {
        // A reader that went away (`| head`) is no reason to stop an incident half way.
        let _ = match self.to {
            To::Output => write!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()),
            To::Error => write!(io::stderr(), "{text}").and_then(|()| io::stderr().flush()),
        };
    }

    fn spinner(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.spinner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn turning(to: To) -> ProgressBar {
    let target = match to {
        To::Output => ProgressDrawTarget::stdout(),
        To::Error => ProgressDrawTarget::stderr(),
    };
    let spinner = ProgressBar::with_draw_target(None, target);
    if let Ok(look) = ProgressStyle::with_template("  {spinner} {msg}") {
        spinner.set_style(look);
    }
    spinner.enable_steady_tick(Duration::from_millis(80));
    spinner
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    colours: bool,
    moves: bool,
}

impl Style {
    fn new(terminal: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { colours: terminal && !dumb && !set("NO_COLOR"), moves: terminal && !dumb }
    }

    /// No colours.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colours: false, moves: false }
    }

    /// Bold.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Less important.
    pub(crate) fn soft(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Good news.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Bad news.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// Something to look at.
    pub(crate) fn warn(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Something to follow.
    pub(crate) fn link(self, text: &str) -> String {
        self.paint("36", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Prints a JSON document on standard output.
pub(crate) fn json(document: &serde_json::Value) {
    let text = serde_json::to_string_pretty(document).unwrap_or_else(|_| document.to_string());
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints why a command failed; for programs also as the document that they wait for.
pub(crate) fn failure(error: &CommandError, document: bool) {
    if document {
        json(&serde_json::json!({ "error": error.kind(), "message": error.to_string() }));
    }
    let style = Style::new(io::stderr().is_terminal());
    let _ = writeln!(io::stderr(), "{} {}", style.bad("error:"), clean(&error.to_string()));
}

/// Sends the platform's own log to standard error: warnings, or what `SAO_LOG` says.
pub(crate) fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SAO_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(Style::new(io::stderr().is_terminal()).colours);
    // A second log in one process changes nothing.
    let _ = log.try_init();
}

/// A text without the characters that would steer a terminal or hide what is written.
pub(crate) fn clean(text: &str) -> String {
    let hides =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    text.chars().map(|c| if (c.is_control() && c != '\n' && c != '\t') || hides(c) { '\u{fffd}' } else { c }).collect()
}

/// One line of a text, cut to so many characters.
pub(crate) fn short(text: &str, most: usize) -> String {
    let line = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most { line } else { line.chars().take(most.saturating_sub(1)).chain(['…']).collect() }
}

/// A text in lines of at most `width` characters, each behind `indent` blanks.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in clean(text).lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width.saturating_sub(indent) {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.into_iter().map(|line| format!("{:indent$}{line}", "")).collect()
}

/// Milliseconds as people say them: `12 ms`, `1.4 s`, `3 min 20 s`.
pub(crate) fn elapsed(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{} ms", milliseconds.max(0)),
        1_000..60_000 => format!("{:.1} s", milliseconds as f64 / 1_000.0),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1_000),
    }
}

/// How this command was called, for the commands that are suggested.
pub(crate) fn me() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "sao" }
}

/// The width that text is wrapped to.
pub(crate) const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_speech() {
        let check = |milliseconds, expect: &str| assert_eq!(elapsed(milliseconds), expect);
        check(-3, "0 ms");
        check(12, "12 ms");
        check(1_440, "1.4 s");
        check(200_000, "3 min 20 s");
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\r"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(short("one\n two   three", 8), "one two…");
    }

    #[test]
    fn long_text_is_wrapped_at_words() {
        assert_eq!(wrapped("one two three", 2, 10), ["  one two", "  three"]);
    }

    #[test]
    fn without_a_terminal_there_are_no_colours() {
        assert_eq!(Style::plain().bad("x"), "x");
    }
}
