//! Log lines reduced to templates: the words that repeat stay, what differs from line to line becomes a placeholder.
//!
//! Owns which parts of a line are variable, and which templates tell most. A thousand lines that say the same become one
//! template with a count and a few samples, which is what a reader (and a model's budget) needs.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

/// A line of a log, its secrets taken out already.
#[derive(Clone, Copy, Debug)]
pub struct LoggedLine<'a> {
    /// When it was written.
    pub at: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Lines that say the same, as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The common text, its variable parts as `<n>`, `<id>`, `<hex>`, `<time>` and `<ip>`.
    pub pattern: String,
    /// How many lines fit it.
    pub count: u64,
    /// When the first and the last of them were written.
    pub first: String,
    /// See `first`.
    pub last: String,
    /// The first lines that fit it.
    pub samples: Vec<String>,
}

/// Reduces one line to its template.
pub fn template(line: &str) -> String {
    let mut reduced = line.trim().to_owned();
    if !reduced.bytes().any(|byte| byte.is_ascii_digit()) {
        return reduced;
    }
    for (pattern, placeholder) in VARIABLE_PARTS.iter() {
        if let std::borrow::Cow::Owned(replaced) = pattern.replace_all(&reduced, *placeholder) {
            reduced = replaced;
        }
    }
    reduced
}

/// Groups lines by template: those that speak of trouble first, then the most frequent, then in order of appearance.
pub fn cluster<'a>(lines: impl IntoIterator<Item = LoggedLine<'a>>, samples: usize) -> Vec<Template> {
    let mut groups: Vec<Template> = Vec::new();
    let mut by_pattern: HashMap<String, usize> = HashMap::new();
    for line in lines {
        let pattern = template(line.text);
        let at = *by_pattern.entry(pattern).or_insert_with_key(|pattern| {
            let first = line.at.to_owned();
            groups.push(Template {
                pattern: pattern.clone(),
                count: 0,
                last: first.clone(),
                first,
                samples: Vec::new(),
            });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.count += 1;
        if line.at < group.first.as_str() {
            group.first = line.at.to_owned();
        }
        if line.at > group.last.as_str() {
            group.last = line.at.to_owned();
        }
        if group.samples.len() < samples {
            group.samples.push(line.text.trim().to_owned());
        }
    }
    groups.sort_by_cached_key(|group| (trouble(&group.pattern), std::cmp::Reverse(group.count)));
    groups
}

/// How much a line speaks of trouble: 0 most, 2 least.
fn trouble(pattern: &str) -> u8 {
    let text = pattern.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&TROUBLE) {
        0
    } else if says(&WORRY) {
        1
    } else {
        2
    }
}

const TROUBLE: [&str; 20] = [
    "error",
    "exception",
    "fatal",
    "panic",
    "critical",
    "traceback",
    "timed out",
    "timeout",
    "refused",
    "denied",
    "unauthorized",
    "forbidden",
    "throttl",
    "out of memory",
    "oom",
    "killed",
    "fail",
    "unavailable",
    "exhausted",
    "deadlock",
];
const WORRY: [&str; 5] = ["warn", "retry", "slow", "exceed", "limit"];

static VARIABLE_PARTS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    PATTERNS
        .iter()
        .map(|&(pattern, placeholder)| {
            #[expect(clippy::expect_used, reason = "a test compiles every pattern")]
            let pattern = Regex::new(pattern).expect("the pattern compiles");
            (pattern, placeholder)
        })
        .collect()
});

const PATTERNS: [(&str, &str); 5] = [
    (
        r"(?-u:\b)[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
        "<time>",
    ),
    (r"(?-u:\b)[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?-u:\b)", "<id>"),
    (r"(?-u:\b)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?-u:\b)", "<ip>"),
    (r"(?-u:\b)(?:0x)?[0-9a-fA-F]*(?:[0-9][a-fA-F]|[a-fA-F][0-9])[0-9a-fA-F]{6,}(?-u:\b)", "<hex>"),
    (r"[0-9]+(?:\.[0-9]+)?", "<n>"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        assert_eq!(template(line), expect);
    }

    #[test]
    fn numbers_and_ids_are_variable() {
        check(
            "REPORT RequestId: 6f1c1c1e-9a3b-4a55-8b57-0e7a5c1f2d3e Duration: 9987.21 ms",
            "REPORT RequestId: <id> Duration: <n> ms",
        );
        check("2026-11-23T10:15:30.123Z GET /orders/17 from 10.20.0.7", "<time> GET /orders/<n> from <ip>");
        check("commit 9f8e7d6c5b4a39281706", "commit <hex>");
    }

    fn of(lines: &[(&'static str, &'static str)]) -> Vec<Template> {
        cluster(lines.iter().map(|&(at, text)| LoggedLine { at, text }), 2)
    }

    #[test]
    fn equal_lines_become_one_with_their_times() {
        let groups = of(&[("2", "took 3 ms"), ("1", "started"), ("1", "took 4 ms"), ("3", "took 5 ms")]);
        assert_eq!(groups.len(), 2);
        let expect = Template {
            pattern: "took <n> ms".into(),
            count: 3,
            first: "1".into(),
            last: "3".into(),
            samples: vec!["took 3 ms".into(), "took 4 ms".into()],
        };
        assert_eq!(groups[0], expect);
    }

    #[test]
    fn one_error_tells_more_than_many_reports() {
        let groups = of(&[("", "REPORT 1"), ("", "REPORT 2"), ("", "slow 3"), ("", "Task timed out"), ("", "slow 4")]);
        let patterns: Vec<&str> = groups.iter().map(|group| group.pattern.as_str()).collect();
        assert_eq!(patterns, ["Task timed out", "slow <n>", "REPORT <n>"]);
    }
}
