//! Edges of the topology: what one resource is to another, and which way a failure travels along it.
//!
//! Owns the relations and their direction. An edge reads as a sentence: `from` *relation* `to` (a function `runs_in` a
//! subnet, a load balancer `exposes` a target group, a queue `triggers` a function).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::node::NodeId;

/// What one resource is to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The subject of the sentence.
    pub from: NodeId,
    /// The object of the sentence.
    pub to: NodeId,
    /// The verb.
    pub relation: Relation,
}

/// The verb of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Is placed inside of: a function in a subnet, a service in a cluster, a subnet in a VPC.
    RunsIn,
    /// Is permitted or protected by: a security group, an IAM role, a key.
    SecuredBy,
    /// Is built from: a service from its task definition, a database from its parameter group.
    Uses,
    /// Offers to others: a load balancer its target group, a target group its service, an API its function.
    Exposes,
    /// Reads data of.
    Reads,
    /// Changes or adds data of.
    Writes,
    /// Makes run: a queue its consumer, a rule its target, a topic its subscribers.
    Triggers,
    /// Uses at run time, in a way that is not known closer.
    Calls,
    /// Writes its log to.
    LogsTo,
    /// Hands what it could not process to.
    DeadLettersTo,
    /// Is an alarm on.
    Watches,
    /// Tells when it changes its state: an alarm its topic.
    Notifies,
    /// Is declared by Terraform to come after; what for is not known.
    DependsOn,
    /// Lets traffic in from: a security group another one.
    Admits,
}

impl Relation {
    /// Which end breaks when the other one does.
    pub fn failure(self) -> Failure {
        match self {
            Self::RunsIn | Self::SecuredBy | Self::Uses | Self::Exposes | Self::Reads | Self::Writes | Self::Calls => {
                Failure::FromBreaksWithTo
            }
            Self::Triggers => Failure::ToBreaksWithFrom,
            Self::LogsTo | Self::DeadLettersTo | Self::Watches | Self::Notifies | Self::DependsOn | Self::Admits => {
                Failure::StaysWhereItIs
            }
        }
    }

    /// Every relation; the position of each is its number in stored objects, which never changes.
    pub const ALL: [Self; 14] = [
        Self::RunsIn,
        Self::SecuredBy,
        Self::Uses,
        Self::Exposes,
        Self::Reads,
        Self::Writes,
        Self::Triggers,
        Self::Calls,
        Self::LogsTo,
        Self::DeadLettersTo,
        Self::Watches,
        Self::Notifies,
        Self::DependsOn,
        Self::Admits,
    ];

    /// The number of the relation in stored objects.
    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// The relation of a number.
    pub(super) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The word of the relation, as it is stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::RunsIn => "runs_in",
            Self::SecuredBy => "secured_by",
            Self::Uses => "uses",
            Self::Exposes => "exposes",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Triggers => "triggers",
            Self::Calls => "calls",
            Self::LogsTo => "logs_to",
            Self::DeadLettersTo => "dead_letters_to",
            Self::Watches => "watches",
            Self::Notifies => "notifies",
            Self::DependsOn => "depends_on",
            Self::Admits => "admits",
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which way a failure travels along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The subject needs the object: when `to` breaks, so does `from`.
    FromBreaksWithTo,
    /// The object waits for the subject: when `from` breaks, `to` no longer runs.
    ToBreaksWithFrom,
    /// Neither needs the other to do its work.
    StaysWhereItIs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_is_stored() {
        for relation in Relation::ALL {
            assert_eq!(serde_json::to_value(relation).unwrap(), relation.word());
        }
    }

    #[test]
    fn the_number_of_a_relation_is_its_place() {
        for (place, relation) in Relation::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(relation.code()), place);
            assert_eq!(Relation::of_code(relation.code()), Some(relation));
        }
        assert_eq!(Relation::of_code(14), None);
    }
}
