//! Any text as plain characters on one line.
//!
//! Owns which characters hide, reorder or imitate others. What is written in look-alikes of ASCII, or split by what cannot be
//! seen, is found by nobody who looks for it: so that is undone before anyone looks.

/// Makes one line of the first `most` characters that can be seen: line breaks and control characters become one blank, what
/// cannot be seen goes, look-alikes of ASCII become ASCII. A text that was cut ends before its last, perhaps halved word.
pub fn plain(text: &str, most: usize) -> String {
    let mut flat = String::with_capacity(text.len().min(most));
    let mut left = most;
    for letter in text.chars().filter(|letter| !is_invisible(*letter)) {
        if left == 0 {
            let whole = flat.rfind(' ').filter(|end| flat.len() - end < LONGEST_WORD).unwrap_or(flat.len());
            flat.truncate(whole);
            break;
        }
        left -= 1;
        if letter.is_control() || is_line_break(letter) || letter == ' ' {
            // Blanks that people wrote stay; of a run of breaks one is enough.
            if letter == ' ' || !flat.ends_with(' ') {
                flat.push(' ');
            }
        } else {
            flat.push(folded(letter));
        }
    }
    flat
}

/// The text without what cannot be seen, its lines as they are.
pub fn visible(text: &str) -> String {
    text.chars().filter(|letter| !is_invisible(*letter)).collect()
}

/// The ASCII that a letter imitates.
fn folded(letter: char) -> char {
    match letter {
        // Full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{2043}' => '-',
        '\u{2039}' | '\u{2329}' | '\u{27e8}' | '\u{3008}' | '\u{fe64}' => '<',
        '\u{203a}' | '\u{232a}' | '\u{27e9}' | '\u{3009}' | '\u{fe65}' => '>',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// Line and paragraph separators, which `char::is_control` does not count.
fn is_line_break(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{85}')
}

/// Characters that hide or reorder text: zero-width ones, direction marks, variation selectors, tags.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Beyond this a run without a blank is no word that a secret could be.
const LONGEST_WORD: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, most: usize, expect: &str) {
        assert_eq!(plain(text, most), expect);
    }

    #[test]
    fn a_cut_text_ends_with_a_whole_word() {
        check("one two three", 9, "one two");
        check("one two three", 13, "one two three");
        check("onetwo", 3, "one");
    }

    #[test]
    fn breaks_become_one_blank() {
        check("a\r\n\tb  c", 99, "a b  c");
    }

    #[test]
    fn what_cannot_be_seen_goes() {
        check("a\u{200b}\u{202e}\u{e0041}b\u{fe0f}", 99, "ab");
        assert_eq!(visible("a\u{200b}\nb"), "a\nb");
    }
}
