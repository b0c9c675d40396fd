//! Cedar text for rules that were written in another form.
//!
//! Owns the spelling: string literals, scopes, and how a pattern with `*`, `?` and `[...]` is said. Cedar's `like` knows only
//! `*` and one text, while a target goes by several names; so patterns on targets are groups that a resource is `in`, and
//! [`super::request`] says which.

use crate::action::ActionName;
use crate::twin::glob;

/// A text as a Cedar string literal.
pub(in crate::twin) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

/// The actions of the catalogue that patterns on service and name mean.
pub(in crate::twin) fn actions(tool: Option<&str>, pattern: &str) -> Vec<ActionName> {
    let means = |action: &ActionName| {
        let named = || std::iter::once(&action.word()).chain(action.other_names()).any(|n| glob::matches(pattern, n));
        action.service().is_some_and(|service| glob::matches(tool.unwrap_or("*"), service)) && named()
    };
    ActionName::ALL.into_iter().filter(means).collect()
}

/// The scope of a rule about some actions and, where it is one pattern, its target.
pub(in crate::twin) fn scope(effect: &str, actions: &[ActionName], target: Option<&str>) -> String {
    let resource = match target {
        None | Some("*") => "resource".to_owned(),
        Some(pattern) => format!("resource in {}", group(pattern)),
    };
    format!("{effect} (principal, {}, {resource})", action_scope(actions))
}

fn action_scope(actions: &[ActionName]) -> String {
    let uid = |action: &ActionName| format!("Action::{}", quoted(action.word()));
    match actions {
        [one] => format!("action == {}", uid(one)),
        all if all.len() == ActionName::ALL.len() - 1 => "action".to_owned(),
        some => format!("action in [{}]", some.iter().map(uid).collect::<Vec<_>>().join(", ")),
    }
}

/// That the target is meant by one of several patterns; `None` where one of them means everything.
pub(in crate::twin) fn any_target(patterns: &[String]) -> Option<String> {
    if patterns.iter().any(|pattern| pattern == "*") {
        return None;
    }
    let groups: Vec<String> = patterns.iter().map(|pattern| group(pattern)).collect();
    Some(format!("resource in [{}]", groups.join(", ")))
}

/// The group of all resources that a pattern means.
fn group(pattern: &str) -> String {
    format!("{PATTERN}::{}", quoted(pattern))
}

/// That a tag, which is there, has a value that follows one of several patterns.
pub(in crate::twin) fn tag_follows(tag: &str, patterns: &[String]) -> String {
    let plain = |pattern: &String| !pattern.contains(['?', '[']);
    if patterns.len() <= MOST_ALTERNATIVES && patterns.iter().all(plain) {
        // `*` means the same to `like`, and nothing else in such a pattern means anything.
        let like = |pattern: &String| format!("resource.getTag({}) like {}", quoted(tag), quoted(pattern));
        let alternatives: Vec<String> = patterns.iter().map(like).collect();
        return if alternatives.is_empty() { "false".to_owned() } else { alternatives.join(" || ") };
    }
    let group = |pattern: &String| format!("{TAGGED}::{}", quoted(&tagged(tag, pattern)));
    format!("resource in [{}]", patterns.iter().map(group).collect::<Vec<_>>().join(", "))
}

/// The name of the group of all resources whose tag follows a pattern: `tag=pattern`, `=` and `\` of the tag escaped.
pub(super) fn tagged(tag: &str, pattern: &str) -> String {
    format!("{}={pattern}", tag.replace('\\', r"\\").replace('=', r"\="))
}

/// Tag and pattern of such a name; `None` where it has no `=`.
pub(super) fn tag_and_pattern(name: &str) -> Option<(String, &str)> {
    let mut tag = String::new();
    let mut letters = name.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '=' => return Some((tag, &name[at + 1..])),
            '\\' => tag.push(letters.next()?.1),
            plain => tag.push(plain),
        }
    }
    None
}

/// More than these are a set: a chain of alternatives nests.
const MOST_ALTERNATIVES: usize = 8;
/// The entity type of groups by name.
pub(super) const PATTERN: &str = "Pattern";
/// The entity type of groups by tag.
pub(super) const TAGGED: &str = "Tagged";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_means_actions_by_service_and_name() {
        let check = |tool: Option<&str>, pattern: &str, expect: &[ActionName]| {
            assert_eq!(actions(tool, pattern), expect, "{tool:?} {pattern}");
        };
        check(Some("rds"), "*", &[ActionName::RdsRebootInstance]);
        check(None, "update_timeout", &[ActionName::LambdaUpdateTimeout]);
        check(None, "ecs_*", &[ActionName::EcsRestartService, ActionName::EcsUpdateDesiredCount]);
        check(Some("ecs"), "stop_service", &[]);
        assert_eq!(actions(None, "*").len(), 6);
    }

    #[test]
    fn a_scope_reads_like_a_sentence() {
        let text = scope("forbid", &[ActionName::RdsRebootInstance], Some("db-?"));
        assert_eq!(text, r#"forbid (principal, action == Action::"rds_reboot_instance", resource in Pattern::"db-?")"#);
        assert_eq!(scope("permit", &actions(None, "*"), Some("*")), "permit (principal, action, resource)");
    }

    proptest! {
        #[test]
        fn tag_and_pattern_come_back(tag in r"[a-z=\\:]{0,6}", pattern in r"[a-z=\\*?]{0,6}") {
            let name = tagged(&tag, &pattern);
            prop_assert_eq!(tag_and_pattern(&name), Some((tag, pattern.as_str())));
        }
    }
}
