//! A piece of evidence before it has its place: a heading and lines, most telling first.
//!
//! Owns its size. What a draft takes of the budget is counted line by line, so that a hundred thousand lines cost no more than
//! the few that can fit. Shortening takes lines from the end. The words of the lines are written in `context/words.rs`.

use super::fence::{clean_line, cut, render, tokens_of, weight_of};
use crate::shape::{Dropped, Piece, Topic};
use crate::text::REDACTED;

/// A piece of evidence before it is fitted into the budget.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) topic: Topic,
    title: String,
    lines: Vec<String>,
    untrusted: bool,
    source: String,
    /// What the lines weigh together, as they are rendered.
    weight: usize,
    /// How many lines there were in all, and what they weighed.
    all: usize,
    whole: u32,
    number: usize,
}

impl Draft {
    /// Takes a heading and lines; more than any budget holds are counted and not kept.
    pub(super) fn new(
        topic: Topic,
        title: impl AsRef<str>,
        source: &str,
        lines: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut draft = Self {
            topic,
            title: cut(&clean_line(title.as_ref()), LONGEST_TITLE),
            lines: Vec::new(),
            untrusted: false,
            source: source.to_owned(),
            weight: 0,
            all: 0,
            whole: 0,
            number: LARGEST_NUMBER,
        };
        for line in lines {
            draft.all += 1;
            if draft.weight <= LARGEST {
                let line = cut(&clean_line(&line), LONGEST_LINE);
                draft.weight += line_weight(&line);
                draft.lines.push(line);
            }
        }
        draft.whole = draft.tokens();
        draft
    }

    /// Marks the text as written by others, so that it is fenced.
    pub(super) fn untrusted(mut self) -> Self {
        self.untrusted = true;
        self.whole = self.tokens();
        self
    }

    /// Says in the heading that the answer was cut before it came here.
    pub(super) fn was_cut(mut self) -> Self {
        self.title.push_str(" (cut when it was read)");
        self
    }

    /// How much of the budget a draft keeps while a less useful one has more than its own share, in percent.
    pub(super) fn share(&self) -> u32 {
        match self.topic {
            Topic::Alarm | Topic::Configuration => 15,
            Topic::Resource | Topic::Metrics | Topic::Governance | Topic::Neighbours => 15,
            Topic::Logs => 30,
            Topic::Precedents => 20,
            Topic::Changes | Topic::ActiveAlarms | Topic::AlarmHistory => 10,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Tokens of the piece as the model reads it, with the blank line after it.
    pub(super) fn tokens(&self) -> u32 {
        if self.is_empty() {
            return 0;
        }
        let mut empty = self.as_piece(0);
        empty.text.clear();
        // An empty text is rendered as one empty line.
        let frame = weight_of(&render(&empty));
        let bars = if self.untrusted { BAR * self.lines.len() } else { 0 };
        u32::try_from((frame + self.weight + bars).div_ceil(4) + 1).unwrap_or(u32::MAX)
    }

    /// Takes lines from the end until the draft has at most `budget` tokens; this may be all of them.
    pub(super) fn cap(&mut self, budget: u32) {
        while self.tokens() > budget {
            self.weight -= self.lines.pop().map_or(0, |line| line_weight(&line));
        }
    }

    /// Gives the piece its number.
    pub(super) fn numbered(&mut self, number: usize) {
        self.number = number;
    }

    /// How many secrets were taken out of what is left.
    pub(super) fn redactions(&self) -> u32 {
        let found = self.lines.iter().map(|line| line.matches(REDACTED).count()).sum::<usize>();
        u32::try_from(found).unwrap_or(u32::MAX)
    }

    /// What was dropped of it, if anything.
    pub(super) fn dropped(&self) -> Option<Dropped> {
        let lines = self.all - self.lines.len();
        (lines > 0).then(|| Dropped {
            evidence: format!("E{}", self.number),
            topic: self.topic,
            title: cut(&self.title, LONGEST_NAME),
            tokens: self.whole.saturating_sub(self.tokens()),
            whole: self.is_empty(),
            lines: u32::try_from(lines).unwrap_or(u32::MAX),
            of: u32::try_from(self.all).unwrap_or(u32::MAX),
        })
    }

    pub(super) fn piece(&self, turn: u32) -> Piece {
        let mut piece = self.as_piece(turn);
        piece.tokens = tokens_of(&render(&piece)) + 1;
        piece
    }

    fn as_piece(&self, turn: u32) -> Piece {
        Piece {
            evidence: format!("E{}", self.number),
            turn,
            topic: self.topic,
            title: self.title.clone(),
            text: self.lines.join("\n"),
            untrusted: self.untrusted,
            source: self.source.clone(),
            tokens: 0,
        }
    }
}

/// A line with the break before it.
fn line_weight(line: &str) -> usize {
    weight_of(line) + 2
}

const LONGEST_TITLE: usize = 160;
const LONGEST_NAME: usize = 40;
const LONGEST_LINE: usize = 600;
/// What stands before an untrusted line.
const BAR: usize = 2;
/// Until it has its number a piece is as long as with any.
const LARGEST_NUMBER: usize = 9_999;
/// What no budget holds, in bytes.
const LARGEST: usize = 64 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_weighs_what_its_piece_does() {
        for untrusted in [false, true] {
            for lines in [1, 2, 7] {
                let lines = (0..lines).map(|number| format!("line \"{number}\" é"));
                let mut draft = Draft::new(Topic::Logs, "A title", "logs", lines);
                if untrusted {
                    draft = draft.untrusted();
                }
                let exact = tokens_of(&format!("{}\n\n", render(&draft.piece(1))));
                assert!(draft.tokens() >= exact && draft.tokens() <= exact + 2, "{} {exact}", draft.tokens());
            }
        }
    }

    #[test]
    fn more_than_fits_is_counted_and_not_kept() {
        let mut draft =
            Draft::new(Topic::Logs, "t", "logs", (0..100_000).map(|number| format!("{number} {}", "x".repeat(99))));
        assert!(draft.lines.len() < 700);
        draft.cap(100);
        let dropped = draft.dropped().unwrap();
        assert!(draft.tokens() <= 100 && !dropped.whole && dropped.of == 100_000, "{dropped:?}");
        assert_eq!(dropped.lines as usize, 100_000 - draft.lines.len());
        draft.cap(0);
        assert!(draft.is_empty() && draft.dropped().unwrap().whole);
    }
}
