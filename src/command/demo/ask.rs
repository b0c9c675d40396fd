//! The question at the terminal, and who answers it.
//!
//! Owns the reading of lines and what they mean. The terminal decides by the same way as the approval page; whoever comes
//! first has decided.

use std::{io::BufRead as _, io::IsTerminal as _};

use activities::shape::DecisionKind;
use tokio::sync::mpsc;

/// Who decides in this run.
#[derive(Debug)]
pub(super) enum Decider {
    /// The command line did already.
    Given(DecisionKind),
    /// Somebody at the terminal, or on the page.
    Terminal(Lines),
    /// Somebody on the page: there is no terminal.
    Page,
}

/// What was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A decision.
    Decide(DecisionKind),
    /// Leave it undecided and go.
    Quit,
    /// Show the code for the page again.
    Code,
    /// Nothing that is understood.
    Unclear,
}

impl Decider {
    /// Finds out who decides.
    pub(super) fn of(yes: bool, reject: bool) -> Self {
        match (yes, reject) {
            (true, _) => Self::Given(DecisionKind::Approve),
            (_, true) => Self::Given(DecisionKind::Reject),
            _ if std::io::stdin().is_terminal() => Self::Terminal(Lines::read()),
            _ => Self::Page,
        }
    }

    /// The next answer; for ever pending where nobody types.
    pub(super) async fn answer(&mut self) -> Answer {
        match self {
            Self::Given(kind) => Answer::Decide(*kind),
            Self::Terminal(lines) => match lines.next().await {
                Some(line) => Answer::of(&line),
                // The terminal was closed: nobody is there any more.
                None => Answer::Quit,
            },
            Self::Page => std::future::pending().await,
        }
    }
}

impl Answer {
    fn of(line: &str) -> Self {
        match line.trim().to_lowercase().as_str() {
            "a" | "approve" | "y" | "yes" => Self::Decide(DecisionKind::Approve),
            "r" | "reject" | "n" | "no" => Self::Decide(DecisionKind::Reject),
            "q" | "quit" => Self::Quit,
            "c" | "code" | "" => Self::Code,
            _ => Self::Unclear,
        }
    }
}

/// The lines of standard input, read on a thread of their own: a read cannot be called off.
#[derive(Debug)]
pub(super) struct Lines {
    lines: mpsc::UnboundedReceiver<String>,
}

impl Lines {
    fn read() -> Self {
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { lines }
    }

    async fn next(&mut self) -> Option<String> {
        self.lines.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_word_or_its_first_letter() {
        let check = |line, expect| assert_eq!(Answer::of(line), expect, "{line}");
        check(" Approve\n", Answer::Decide(DecisionKind::Approve));
        check("r", Answer::Decide(DecisionKind::Reject));
        check("q", Answer::Quit);
        check("", Answer::Code);
        check("approved?", Answer::Unclear);
    }
}
