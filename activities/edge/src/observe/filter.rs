//! CloudWatch Logs filter patterns over plain text.
//!
//! Owns the unstructured syntax: words that must all occur, `?word` of which one must, `-word` that must not, and phrases in
//! quotation marks. A pattern for JSON or columns (`{...}`, `[...]`) matches nothing here.

/// Whether a line matches.
pub(super) fn matches(pattern: &str, line: &str) -> bool {
    let pattern = pattern.trim();
    if pattern.starts_with(['{', '[']) {
        return false;
    }
    let terms = terms(pattern);
    let (any, all): (Vec<&Term>, Vec<&Term>) = terms.iter().partition(|term| term.mark == Some('?'));
    let has = |term: &Term| line.contains(&term.text);
    all.iter().all(|term| has(term) != (term.mark == Some('-'))) && (any.is_empty() || any.iter().any(|term| has(term)))
}

struct Term {
    mark: Option<char>,
    text: String,
}

fn terms(pattern: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = pattern.trim_start();
    while !rest.is_empty() {
        let mark = rest.chars().next().filter(|first| "?-".contains(*first));
        let body = &rest[mark.map_or(0, char::len_utf8)..];
        let (text, after) = match body.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => body.split_once(char::is_whitespace).unwrap_or((body, "")),
        };
        if !text.is_empty() {
            terms.push(Term { mark, text: text.to_owned() });
        }
        rest = after.trim_start();
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, line: &str, expect: bool) {
        assert_eq!(matches(pattern, line), expect, "{pattern} / {line}");
    }

    #[test]
    fn every_word_must_occur() {
        check("ERROR timeout", "ERROR: a timeout", true);
        check("ERROR timeout", "ERROR: refused", false);
        check("", "anything", true);
    }

    #[test]
    fn one_of_several_words_may_be_enough() {
        check("?ERROR ?WARN", "WARN: slow", true);
        check("?ERROR ?WARN", "INFO: fine", false);
    }

    #[test]
    fn words_can_be_excluded_and_phrases_quoted() {
        check("\"Task timed out\" -DEBUG", "Task timed out after 10 s", true);
        check("\"Task timed out\" -DEBUG", "DEBUG Task timed out", false);
        check("\"Task timed out\"", "Task was timed out", false);
    }

    #[test]
    fn structured_patterns_match_nothing() {
        check("{ $.level = \"x\" }", "{\"level\": \"x\"}", false);
    }
}
