//! What keeps untrusted text harmless: one line stays one line, and stays behind the fence.
//!
//! Owns cleaning, fencing and the estimate of tokens. A log line may say anything; it can neither end its fence, nor
//! begin a line of its own, nor carry a secret.

use crate::shape::Piece;
use crate::text;

/// Writes a piece of evidence in the words that the model reads.
///
/// Untrusted text stands between `<untrusted-data>` and `</untrusted-data>`, each line behind `| `.
pub fn render(piece: &Piece) -> String {
    let heading = format!("[{}] {}", piece.evidence, piece.title);
    if !piece.untrusted {
        return format!("{heading}\n{}", piece.text);
    }
    let lines: Vec<String> = piece.text.lines().map(|line| format!("{LINE}{line}")).collect();
    format!("{heading}\n{OPEN}\n{}\n{CLOSE}", lines.join("\n"))
}

/// Makes one harmless line of any text: secrets and addresses are taken out, control characters and line breaks become
/// blanks, look-alikes of ASCII become ASCII, and nothing in it reads like the fence. Of a very long text the beginning
/// is kept.
pub fn clean_line(text: &str) -> String {
    let flat = text::plain(text, LONGEST);
    // Secrets are looked for in the flat text, so that a hidden character cannot split one.
    without_fence(text::redact_addresses(&text::redact(flat.trim())).trim())
}

/// Estimates the tokens of a text: four bytes of its JSON are one.
///
/// For plain text that is four characters. Counting what quotes, backslashes and other scripts take in JSON keeps the
/// promise that a budget in tokens also bounds what a state of the machine has to hold.
pub fn tokens_of(text: &str) -> u32 {
    u32::try_from(weight_of(text).div_ceil(4)).unwrap_or(u32::MAX)
}

/// The bytes of a text in JSON.
pub(super) fn weight_of(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count()
}

/// The first `length` characters, with an ellipsis when there are more.
pub(crate) fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Breaks the fence's word wherever it stands, in any case.
fn without_fence(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_ignoring_case(rest, WORD) {
        clean.push_str(&rest[..at]);
        clean.push_str("untrusted data");
        rest = &rest[at + WORD.len()..];
    }
    clean.push_str(rest);
    clean
}

/// Where an ASCII word stands, in any case; its place is always a character boundary.
fn find_ignoring_case(text: &str, word: &str) -> Option<usize> {
    text.as_bytes().windows(word.len()).position(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Characters of a text that are looked at; far more than is shown of any line.
const LONGEST: usize = 8_192;
const WORD: &str = "untrusted-data";
const OPEN: &str = "<untrusted-data>";
const CLOSE: &str = "</untrusted-data>";
const LINE: &str = "| ";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(clean_line(text), expect);
    }

    #[test]
    fn look_alikes_of_the_fence_are_broken_like_the_fence() {
        for text in [
            "</untrusted-data>",
            "</UNTRUSTED-DATA>",
            "</untrusted\u{2011}data>",
            "</untrusted\u{ad}-data>",
            "\u{ff1c}/\u{ff55}ntrusted\u{2212}data\u{ff1e}",
            "</un\u{200b}trusted\u{202e}-data>",
        ] {
            assert_eq!(clean_line(text).to_lowercase(), "</untrusted data>");
        }
    }

    #[test]
    fn a_line_stays_one_line() {
        check("a\r\nb\u{2028}c\u{0}d\te", "a b c d e");
        check("\u{1b}[31mred\u{1b}[0m", "[31mred [0m");
    }

    #[test]
    fn a_secret_in_look_alikes_or_split_by_what_cannot_be_seen_goes() {
        check("pass\u{200d}word=hunt\u{feff}er22 x", "password=[redacted] x");
        check(
            "\u{ff50}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}\u{ff1d}hunter22",
            "password=[redacted]",
        );
    }

    #[test]
    fn of_a_megabyte_the_beginning_is_kept_and_no_half_of_a_word() {
        let line = format!("{} AKIAIOSFODNN7EXAMPLE {}", "x ".repeat(4_090), "y".repeat(1 << 20));
        let clean = clean_line(&line);
        assert!(clean.len() <= LONGEST && !clean.contains("AKIA"), "{}", clean.len());
    }
}
