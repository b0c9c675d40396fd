//! The JSON form said in Cedar, rule by rule.
//!
//! Owns the meaning of the form: what is not denied is permitted; a denied action is a `forbid`; a mandatory tag is a `forbid`
//! of everything that lacks it.

use super::form::{Condition, DeniedAction, GovernanceForm};
use crate::twin::policy::rule::{Because, Draft, Effect};
use crate::twin::policy::words::{actions, quoted, scope, tag_follows};

/// The rules that the form means: denied actions, then mandatory tags, then the permission that they take away from.
///
/// `files` says which file each denied action, and each mandatory tag, is from.
pub(super) fn drafts(form: &GovernanceForm, files: &Files) -> Vec<Draft> {
    let denied = form.denied_actions.iter().enumerate();
    let denied = denied.map(|(at, rule)| denied_action(at, rule, files.denied_actions.get(at)));
    let tags = form.mandatory_tags.iter();
    let tags = tags.map(|(tag, values)| mandatory_tag(tag, values, files.mandatory_tags.get(tag)));
    denied.chain(tags).chain([permission(&files.all)]).collect()
}

/// Where the parts of a form are from, for a form that was put together from several files.
#[derive(Default)]
pub(super) struct Files {
    pub(super) all: Vec<String>,
    pub(super) denied_actions: Vec<String>,
    pub(super) mandatory_tags: std::collections::BTreeMap<String, Vec<String>>,
}

fn permission(files: &[String]) -> Draft {
    Draft {
        name: "governance.permit".to_owned(),
        file: files.join(", "),
        effect: Effect::Permit,
        says: "permits what no rule forbids, as the JSON form means it".to_owned(),
        because: Because::Said(String::new()),
        cedar: Some("permit (principal, action, resource);".to_owned()),
    }
}

fn denied_action(at: usize, rule: &DeniedAction, file: Option<&String>) -> Draft {
    let about = actions(rule.tool.as_deref(), &rule.action);
    let denied = match &rule.tool {
        Some(tool) => format!("denies `{}` of `{tool}` on `{}`", rule.action, rule.target),
        None => format!("denies `{}` on `{}`", rule.action, rule.target),
    };
    let reason = if rule.reason.is_empty() { denied.clone() } else { rule.reason.clone() };
    let (when, because) = match &rule.condition {
        None => (String::new(), Because::Said(reason)),
        Some(Condition::Text(text)) => {
            let remark = format!("its condition `{text}` is a sentence that cannot be evaluated, so it applies always");
            (format!(" ({remark})"), Because::Said(format!("{reason} ({remark})")))
        }
        Some(Condition::Tag(condition)) => (
            format!(" where the tag `{}` is `{}` or not known", condition.tag, condition.equals),
            Because::SaidOfTag(reason, condition.tag.clone()),
        ),
    };
    let why = if rule.reason.is_empty() { String::new() } else { format!(": {}", rule.reason) };
    Draft {
        name: format!("governance.denied_actions[{at}]"),
        file: file.cloned().unwrap_or_default(),
        effect: Effect::Forbid,
        says: format!("{denied}{when}{why}"),
        because,
        cedar: (!about.is_empty()).then(|| {
            let unless = match &rule.condition {
                Some(Condition::Tag(condition)) => format!(
                    "\nunless {{ resource.hasTag({}) && !({}) }}",
                    quoted(&condition.tag),
                    tag_follows(&condition.tag, std::slice::from_ref(&condition.equals))
                ),
                None | Some(Condition::Text(_)) => String::new(),
            };
            format!("{}{unless};", scope("forbid", &about, Some(&rule.target)))
        }),
    }
}

fn mandatory_tag(tag: &str, values: &[String], files: Option<&Vec<String>>) -> Draft {
    Draft {
        name: format!("governance.mandatory_tags.{tag}"),
        file: files.map(|files| files.join(", ")).unwrap_or_default(),
        effect: Effect::Forbid,
        says: format!("denies everything on what has no tag `{tag}` of `{}`", values.join("`, `")),
        because: Because::MandatoryTag(tag.to_owned(), values.to_vec()),
        cedar: Some(format!(
            "forbid (principal, action, resource)\nunless {{ resource.hasTag({}) && ({}) }};",
            quoted(tag),
            tag_follows(tag, values)
        )),
    }
}
