//! One resource of the embedded account: what Terraform declared, and every change since.
//!
//! Owns the rule that a configuration is what was declared, with the changes in effect laid over it: there is no second copy
//! that could disagree. A change carries the key of the request that made it, so that a request that comes twice finds it.

use activities::shape::Fields;
use activities::twin::Node;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceRecord {
    /// The ARN.
    pub arn: String,
    /// The node of the twin.
    pub node: String,
    /// The Terraform type.
    pub resource_type: String,
    /// The physical name that people use; `cluster/service` for an ECS service.
    pub name: String,
    /// All physical names.
    pub names: Vec<String>,
    /// When it was first taken in.
    #[serde(with = "crate::time::as_text")]
    pub created_at: Timestamp,
    /// The attributes as they were when it was first taken in.
    pub base: Fields,
    /// The attributes as Terraform last declared them.
    pub declared: Fields,
    /// The changes, in order.
    pub changes: Vec<ChangeRecord>,
}

/// One change of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// The idempotency key of the request that made it.
    pub key: String,
    /// What made it.
    pub kind: ChangeKind,
    /// The action's name in the catalogue, or the API action of a change from elsewhere.
    pub action: String,
    /// Who, as the audit trail names them.
    pub by: String,
    /// The execution on whose behalf, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The changed attributes before.
    pub before: Fields,
    /// The changed attributes after.
    pub after: Fields,
    /// When it was begun.
    #[serde(with = "crate::time::as_text")]
    pub begun_at: Timestamp,
    /// When it is in effect.
    #[serde(with = "crate::time::as_text")]
    pub effective_at: Timestamp,
}

/// What made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// An approved action.
    Action,
    /// An action that the policy decided.
    Automatic,
    /// The undo of an action.
    Undo,
    /// Terraform.
    Terraform,
}

impl ResourceRecord {
    /// A resource as a node declares it.
    pub fn of(node: &Node, arn: &str, at: Timestamp) -> Self {
        Self {
            arn: arn.to_owned(),
            node: node.id.as_str().to_owned(),
            resource_type: node.resource_type.clone(),
            name: physical_name(node),
            names: node.names.clone(),
            created_at: at,
            base: node.attributes.clone(),
            declared: node.attributes.clone(),
            changes: Vec::new(),
        }
    }

    /// The attributes in effect at `now`.
    pub fn configuration(&self, now: Timestamp) -> Fields {
        let mut fields = self.base.clone();
        for change in self.changes.iter().filter(|change| change.effective_at <= now) {
            fields.extend(change.after.clone());
        }
        fields
    }

    /// The attributes as they will be once every change is in effect.
    pub fn intended(&self) -> Fields {
        self.configuration(Timestamp::MAX)
    }

    /// The change that a request of this key made.
    pub fn change(&self, key: &str) -> Option<&ChangeRecord> {
        self.changes.iter().find(|change| change.key == key)
    }

    /// The last change that is still taking effect at `now`.
    pub fn in_progress(&self, now: Timestamp) -> Option<&ChangeRecord> {
        self.changes.iter().rev().find(|change| change.effective_at > now)
    }

    /// When it was last changed, by `now`.
    pub fn modified_at(&self, now: Timestamp) -> Timestamp {
        self.changes.iter().map(|change| change.begun_at).filter(|begun| *begun <= now).max().unwrap_or(self.created_at)
    }

    /// Takes a newer declaration: what Terraform changed is changed here; what drifted otherwise stays drifted.
    pub(super) fn redeclare(&mut self, node: &Node, at: Timestamp, source: &str) -> bool {
        let changed: Fields = node
            .attributes
            .iter()
            .filter(|(name, value)| self.declared.get(*name) != Some(*value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let same = changed.is_empty() && self.node == node.id.as_str() && self.declared.len() == node.attributes.len();
        if same {
            return false;
        }
        self.declared = node.attributes.clone();
        node.id.as_str().clone_into(&mut self.node);
        self.name = physical_name(node);
        self.names = node.names.clone();
        if !changed.is_empty() {
            self.terraform(changed, at, format!("terraform:{source}"));
        }
        true
    }

    /// Sets what drifted back to what Terraform declares; says whether anything had.
    pub(super) fn reapply(&mut self, at: Timestamp) -> bool {
        let now = self.intended();
        let drifted: Fields = self
            .declared
            .iter()
            .filter(|(name, value)| now.get(*name) != Some(*value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let any = !drifted.is_empty();
        if any {
            self.terraform(drifted, at, "terraform apply".to_owned());
        }
        any
    }

    fn terraform(&mut self, after: Fields, at: Timestamp, by: String) {
        let now = self.intended();
        let before = after.keys().filter_map(|name| Some((name.clone(), now.get(name)?.clone()))).collect();
        self.changes.push(ChangeRecord {
            key: format!("terraform {} {at}", self.changes.len()),
            kind: ChangeKind::Terraform,
            action: "TerraformApply".to_owned(),
            by,
            execution: None,
            before,
            after,
            begun_at: at,
            effective_at: at,
        });
    }
}

/// The name that requests use: `cluster/service` for an ECS service, else the first physical name.
fn physical_name(node: &Node) -> String {
    match (node.cluster_name(), node.text("name")) {
        (Some(cluster), Some(service)) => format!("{cluster}/{service}"),
        _ => node.name().to_owned(),
    }
}
