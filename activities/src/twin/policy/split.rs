//! A file of Cedar policies cut into its policies, each with the line on which it begins.
//!
//! Owns the cut and the bounds on size and nesting, which hold before any parser sees the text: a parser that recurses must not
//! be handed a tower. Every byte that is no blank and no comment belongs to one of the pieces, so that nothing that people wrote
//! is passed over.

use crate::twin::layer::{Document, LARGEST_DOCUMENT, LayerProblem};

/// The text of one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// The line of its first letter, counted from 1.
    pub(super) line: usize,
}

/// Cuts a file behind each `;` that stands in no string and no comment.
pub(super) fn split<'a>(document: &Document<'a>) -> Result<Vec<Piece<'a>>, Vec<LayerProblem>> {
    let text = document.text;
    if text.len() > LARGEST_DOCUMENT {
        let what = format!("it has {} bytes, and a file of rules at most {LARGEST_DOCUMENT}", text.len());
        return Err(vec![LayerProblem::new(document.name, None, what)]);
    }
    let mut cut = Cut::default();
    let mut rest = text.char_indices().peekable();
    while let Some((at, letter)) = rest.next() {
        match letter {
            '/' if rest.peek().is_some_and(|(_, next)| *next == '/') => {
                // As Cedar has it, a comment ends at a carriage return, too.
                while rest.next_if(|(_, letter)| !['\n', '\r'].contains(letter)).is_some() {}
            }
            '"' => {
                cut.begin(at);
                while let Some((_, letter)) = rest.next() {
                    match letter {
                        '"' => break,
                        '\\' => drop(rest.next()),
                        _ => {}
                    }
                }
            }
            letter if is_word(letter) => {
                cut.begin(at);
                let mut end = at + letter.len_utf8();
                while let Some((at, letter)) = rest.next_if(|(_, letter)| is_word(*letter)) {
                    end = at + letter.len_utf8();
                }
                if NESTING_WORDS.contains(&&text[at..end]) {
                    cut.nest();
                }
            }
            blank if blank.is_whitespace() => {}
            ';' => {
                cut.begin(at);
                cut.end(document, at + 1);
            }
            sign => {
                cut.begin(at);
                cut.sign(sign);
            }
        }
    }
    cut.end(document, text.len());
    if cut.problems.is_empty() { Ok(cut.pieces) } else { Err(cut.problems) }
}

/// The line on which a byte of a text stands, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

#[derive(Default)]
struct Cut<'a> {
    pieces: Vec<Piece<'a>>,
    problems: Vec<LayerProblem>,
    start: Option<usize>,
    /// The brackets that are open, around the level on which no bracket is.
    levels: Vec<Level>,
    level: Level,
}

/// What stands between two brackets, so far.
#[derive(Default)]
struct Level {
    /// Signs and words since the last comma: each may have all before it, or all behind it, within itself.
    chain: usize,
    /// The deepest bracket since the last comma.
    inner: usize,
    /// The deepest of what the commas divide.
    deepest: usize,
}

impl Level {
    fn comma(&mut self) {
        self.deepest = self.depth();
        (self.chain, self.inner) = (0, 0);
    }

    fn depth(&self) -> usize {
        self.deepest.max(self.chain + self.inner)
    }
}

impl<'a> Cut<'a> {
    fn begin(&mut self, at: usize) {
        self.start.get_or_insert(at);
    }

    fn nest(&mut self) {
        self.level.chain += 1;
    }

    fn sign(&mut self, sign: char) {
        match sign {
            '(' | '[' | '{' => self.levels.push(std::mem::take(&mut self.level)),
            ')' | ']' | '}' => self.close(),
            ',' => self.level.comma(),
            _ => self.nest(),
        }
    }

    fn close(&mut self) {
        let Some(outer) = self.levels.pop() else { return self.nest() };
        let inner = std::mem::replace(&mut self.level, outer).depth() + 1;
        self.level.inner = self.level.inner.max(inner);
    }

    /// Ends the piece that was begun, if any.
    fn end(&mut self, document: &Document<'a>, at: usize) {
        while !self.levels.is_empty() {
            self.close();
        }
        let depth = std::mem::take(&mut self.level).depth();
        let Some(start) = self.start.take() else { return };
        let line = line_of(document.text, start);
        if depth <= DEEPEST {
            self.pieces.push(Piece { text: document.text[start..at].trim_end(), line });
            return;
        }
        let what =
            format!("a policy may nest {depth} deep, and at most {DEEPEST} is read: make several of it, or use a set");
        self.problems.push(LayerProblem::new(document.name, Some(line), what));
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Words that have an expression within themselves.
const NESTING_WORDS: [&str; 9] = ["else", "has", "if", "in", "is", "like", "then", "unless", "when"];
/// More than anyone reads, and what fits on the stack of [`super::deep`] several times.
pub(super) const DEEPEST: usize = 300;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &str) -> Vec<(&str, usize)> {
        let document = Document { name: "a.cedar", text };
        split(&document).unwrap().into_iter().map(|piece| (piece.text, piece.line)).collect()
    }

    #[test]
    fn policies_end_at_semicolons() {
        let text = "// one; two\n@id(\"a;b\")\npermit (x) // ;\n;\n\nforbid \"\\\";\" ;";
        assert_eq!(pieces(text), [("@id(\"a;b\")\npermit (x) // ;\n;", 2), ("forbid \"\\\";\" ;", 6)]);
    }

    #[test]
    fn what_is_not_ended_is_a_piece_of_its_own() {
        assert_eq!(pieces("a; b \n// the end\n"), [("a;", 1), ("b \n// the end", 1)]);
        assert_eq!(pieces(" // nothing\n"), []);
    }

    #[test]
    fn towers_are_refused() {
        let refused = |text: &str, expect: &str| {
            let problems = split(&Document { name: "a.cedar", text }).unwrap_err();
            assert!(problems[0].what.contains(expect), "{problems:?}");
        };
        refused(&"(".repeat(301), "nest 301 deep");
        refused(&format!("{}a{}", "(a,".repeat(301), ")".repeat(301)), "nest 301 deep");
        refused(&"a + ".repeat(301), "nest 301 deep");
        refused(&format!("{}{}", "!(".repeat(151), ")".repeat(151)), "nest 302 deep");
        refused(&" ".repeat(LARGEST_DOCUMENT + 1), "at most 262144");
    }

    #[test]
    fn a_long_list_is_no_tower() {
        assert_eq!(pieces(&format!("[{}];", "a.b(c), ".repeat(1_000))).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "([a-c;\"/\\\\\n ]|//){0,40}") {
            let document = Document { name: "a.cedar", text: &text };
            let pieces = split(&document).unwrap();
            // What is left over when the pieces are taken out is blank or comment.
            let idle = |text: &str| text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with("//"));
            let mut done = 0;
            for piece in pieces {
                let at = piece.text.as_ptr() as usize - text.as_ptr() as usize;
                prop_assert!(idle(&text[done..at]));
                done = at + piece.text.len();
            }
            prop_assert!(idle(&text[done..]));
        }
    }
}
