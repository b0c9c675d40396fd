//! Log lines reduced to templates: the words that repeat stay, what differs from line to line becomes a placeholder.
//!
//! Owns which parts of a line are variable. A thousand lines that say the same become one template with a count and
//! a few samples, which is what a reader (and a model's budget) needs.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::redact;

/// Lines that say the same, as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The common text, its variable parts as `<n>`, `<id>`, `<hex>`, `<time>` and `<ip>`.
    pub pattern: String,
    /// How many lines fit it.
    pub count: u64,
    /// The first lines that fit it, redacted.
    pub samples: Vec<String>,
}

/// Reduces one line to its template; secrets are taken out first.
pub fn template(line: &str) -> String {
    let mut reduced = redact(line).trim().to_owned();
    for (pattern, placeholder) in VARIABLE_PARTS.iter() {
        reduced = pattern.replace_all(&reduced, *placeholder).into_owned();
    }
    reduced
}

/// Groups lines by template, most frequent first and equally frequent ones in order of appearance.
pub fn cluster<'a>(lines: impl IntoIterator<Item = &'a str>, samples: usize) -> Vec<Template> {
    let mut groups: Vec<Template> = Vec::new();
    let mut by_pattern: HashMap<String, usize> = HashMap::new();
    for line in lines {
        let pattern = template(line);
        let at = *by_pattern.entry(pattern).or_insert_with_key(|pattern| {
            groups.push(Template { pattern: pattern.clone(), count: 0, samples: Vec::new() });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.count += 1;
        if group.samples.len() < samples {
            group.samples.push(redact(line).trim().to_owned());
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

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

    #[test]
    fn secrets_never_reach_a_template() {
        check("login password=hunter22", "login password=[redacted]");
    }

    #[test]
    fn equal_lines_become_one() {
        let groups = cluster(["took 3 ms", "started", "took 4 ms", "took 5 ms"], 2);
        assert_eq!(groups.len(), 2);
        assert_eq!(
            groups[0],
            Template { pattern: "took <n> ms".into(), count: 3, samples: vec!["took 3 ms".into(), "took 4 ms".into()] }
        );
    }
}
