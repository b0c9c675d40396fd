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

/// Makes one harmless line of any text: secrets are taken out, control characters and line breaks become blanks, and
/// nothing in it reads like the fence.
pub fn clean_line(text: &str) -> String {
    let mut flat = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !is_invisible(*letter)) {
        if !letter.is_control() && !is_line_break(letter) {
            flat.push(letter);
        } else if !flat.ends_with(' ') {
            flat.push(' ');
        }
    }
    // Secrets are looked for in the flat text, so that a hidden character cannot split one.
    without_fence(text::redact(flat.trim()).trim())
}

/// Estimates the tokens of a text: four bytes of its JSON are one.
///
/// For plain text that is four characters. Counting what quotes, backslashes and other scripts take in JSON keeps the
/// promise that a budget in tokens also bounds what a state of the machine has to hold.
pub fn tokens_of(text: &str) -> u32 {
    let escaped = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count();
    u32::try_from((text.len() + escaped).div_ceil(4)).unwrap_or(u32::MAX)
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

/// Line and paragraph separators, which `char::is_control` does not count.
fn is_line_break(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{85}')
}

/// Characters that hide or reorder text: zero-width ones, direction marks, tags.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

const WORD: &str = "untrusted-data";
const OPEN: &str = "<untrusted-data>";
const CLOSE: &str = "</untrusted-data>";
const LINE: &str = "| ";
