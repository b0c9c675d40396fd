//! Governance: what may be done to which resource, written by people.
//!
//! Owns the layer's two forms and that both are one thing: Cedar policies. Owns no times ([`super::constraints`]) and no risk
//! (the catalogue's).
//!
//! # Cedar
//!
//! Files that end in `.cedar` hold policies in the [Cedar language](https://docs.cedarpolicy.com). Nothing is permitted that no
//! `permit` permits, and a `forbid` wins over every `permit`. What a policy may speak of is the schema of
//! [`policy_schema`](super::policy_schema), made from the catalogue of actions: a policy that does not parse, or names an action,
//! type or attribute that does not exist, breaks the layer, and a broken layer denies everything. So does a `forbid` whose
//! evaluation fails, for example because nobody said what it turns on.
//!
//! ```cedar
//! // Everything in the catalogue, where nothing below forbids it.
//! permit (principal, action, resource);
//!
//! @id("database-team")
//! @reason("the production database is rebooted by the database team only")
//! forbid (
//!   principal,
//!   action in Action::"rds",
//!   resource in Pattern::"module.database.*"
//! )
//! when { resource.production };
//!
//! @id("small-steps")
//! @reason("a timeout is at most doubled")
//! forbid (principal, action == Action::"lambda_update_timeout", resource)
//! when { context.after.timeout > 2 * context.before.timeout };
//! ```
//!
//! `@id` is the name by which a verdict cites the policy (its file and line where there is none), `@reason` what whoever is
//! refused is told. `resource in Pattern::"..."` holds for a resource whose address, ARN or a physical name follows the pattern,
//! `resource in Tagged::"Owner=team-?"` for one whose tag does; a tag's value is `resource.getTag("Owner")`, to be asked for only
//! behind `resource.hasTag("Owner")`. Constraints are rules beside these, and their windows are in `context.windows`.
//!
//! [`DEFAULT_POLICIES`] is a set to begin with.
//!
//! # JSON
//!
//! All other files hold the JSON form, which permits what it does not deny. It is translated into Cedar, rule by rule.
//!
//! ```json
//! {
//!   "frameworks": ["SOC2"],
//!   "mandatory_tags": {"Environment": ["production", "dev"], "Owner": "*"},
//!   "denied_actions": [{"tool": "rds", "action": "*", "target": "module.database.*",
//!                       "condition": {"tag": "Environment", "equals": "production"}, "reason": "..."}]
//! }
//! ```
//!
//! Both forms may stand side by side: then the JSON form's permission holds, and every `forbid` of both.

mod form;
mod translate;

pub use form::{Condition, DeniedAction, GovernanceForm, TagCondition};

use super::layer::{Document, LayerProblem};
use super::policy::rule::{self, Rule};
use translate::Files;

/// The governance layer, from all of its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Governance {
    /// What stands in the JSON form.
    pub form: GovernanceForm,
    pub(super) rules: Vec<Rule>,
    pub(super) warnings: Vec<LayerProblem>,
}

/// A set of policies to begin with, as the text of a file: permits the catalogue, protects what people have marked.
pub const DEFAULT_POLICIES: &str = include_str!("default.cedar");

impl Governance {
    /// Reads all files of the layer and puts their rules together; all that is wrong with them at once.
    pub fn parse(documents: &[Document<'_>]) -> Result<Self, Vec<LayerProblem>> {
        let (mut form, mut files) = (GovernanceForm::default(), Files::default());
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for document in documents {
            if document.is_cedar() {
                match rule::read(document) {
                    Ok(read) => rules.extend(read),
                    Err(found) => problems.extend(found),
                }
                continue;
            }
            match document.json() {
                Ok(part) => add(&mut form, &mut files, part, document.name),
                Err(problem) => problems.push(problem),
            }
        }
        if !files.all.is_empty() {
            for draft in translate::drafts(&form, &files) {
                match rule::of_draft(draft) {
                    Ok(rule) => rules.push(rule),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        // Policies that parse are validated although others do not, so that all problems are found at once.
        match rule::checked(rules) {
            Ok(checked) if problems.is_empty() => Ok(Self { form, rules: checked.rules, warnings: checked.warnings }),
            Ok(_) => Err(problems),
            Err(found) => Err(problems.into_iter().chain(found).collect()),
        }
    }
}

fn add(form: &mut GovernanceForm, files: &mut Files, part: GovernanceForm, file: &str) {
    files.all.push(file.to_owned());
    files.denied_actions.extend(part.denied_actions.iter().map(|_| file.to_owned()));
    form.frameworks.extend(part.frameworks);
    form.compliance_scope.extend(part.compliance_scope);
    form.denied_actions.extend(part.denied_actions);
    for (tag, values) in part.mandatory_tags {
        files.mandatory_tags.entry(tag.clone()).or_default().push(file.to_owned());
        form.mandatory_tags.entry(tag).or_default().extend(values);
    }
}

#[cfg(test)]
mod tests;
