//! From an alarm to the resource that it is about.
//!
//! Owns the way from what an alarm says to one node, or to a clear answer why there is none; and which of several resources
//! is the one at fault. What dimensions mean is [`super::namespace`]'s.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::namespace::{Meaning, knows, meanings};
use super::node::NodeId;
use super::topology::{Lookup, NodeRef, Topology};

/// What an alarm's dimensions mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// This node.
    Node(NodeId),
    /// A resource that the twin does not hold.
    NotInTwin {
        /// What was looked for, for example "Lambda function `orders`".
        what: String,
    },
    /// Several nodes, of which none is more likely.
    Ambiguous {
        /// What was looked for.
        what: String,
        /// The nodes, in order.
        nodes: Vec<NodeId>,
    },
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => write!(f, "`{id}`"),
            Self::NotInTwin { what } => {
                write!(f, "{what} is not in the twin; collect the Terraform state that manages it")
            }
            Self::Ambiguous { what, nodes } => {
                let nodes: Vec<String> = nodes.iter().map(|id| format!("`{id}`")).collect();
                write!(f, "{what} could be each of {}", nodes.join(", "))
            }
        }
    }
}

/// Where an alarm was raised; a node that is known to stand elsewhere is not what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The twelve-digit account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
}

impl Place {
    /// Whether the node may stand here: what is not known of it does not speak against it.
    pub fn holds(&self, node: NodeRef<'_>) -> bool {
        let agrees = |ours: &Option<String>, theirs: Option<&str>| {
            ours.is_none() || theirs.is_none() || ours.as_deref() == theirs
        };
        agrees(&self.account, node.account()) && agrees(&self.region, node.region())
    }
}

impl Topology {
    /// Finds the node that a metric's namespace and dimensions mean, anywhere.
    pub fn resolve(&self, namespace: &str, dimensions: &BTreeMap<String, String>) -> Resolution {
        self.resolve_at(namespace, dimensions, &Place::default())
    }

    /// Finds the node that a metric's namespace and dimensions mean in one account and region.
    pub fn resolve_at(&self, namespace: &str, dimensions: &BTreeMap<String, String>, place: &Place) -> Resolution {
        let pairs: Vec<(&str, &str)> = dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let meanings = meanings(namespace, &pairs);
        if meanings.is_empty() {
            let shown: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let shown = if shown.is_empty() { "no dimensions".to_owned() } else { format!("`{}`", shown.join(", ")) };
            return Resolution::NotInTwin { what: format!("what namespace `{namespace}` means with {shown}") };
        }
        let what = sought(&meanings);
        let mut nodes = Vec::new();
        for meaning in &meanings {
            nodes.extend(self.all_called(&meaning.name, |node| {
                (meaning.types.is_empty() || meaning.types.contains(&node.resource_type())) && place.holds(node)
            }));
            // In a namespace of AWS the meanings are the same thing said ever shorter.
            if !nodes.is_empty() && knows(namespace) {
                break;
            }
        }
        Self::one_of(what, nodes)
    }

    /// Finds what an alarm of this name watches, by the alarm's own node.
    ///
    /// An alarm of metric math or a composite one can watch several resources; see [`Topology::resolve_alarms`].
    pub fn resolve_alarm(&self, alarm_name: &str) -> Resolution {
        self.resolve_alarms(&[alarm_name])
    }

    /// Finds what several alarms are about: of all that they watch, the one whose failure reaches all others.
    ///
    /// Where no resource or more than one is such, all are answered. A composite alarm watches what its alarms watch.
    pub fn resolve_alarms<T: AsRef<str>>(&self, alarms: &[T]) -> Resolution {
        let names: Vec<String> = alarms.iter().map(|name| format!("`{}`", name.as_ref())).collect();
        let named = names.join(", ");
        let is_alarm = |node: NodeRef<'_>| ALARMS.contains(&node.resource_type());
        let known: Vec<NodeId> =
            alarms.iter().flat_map(|alarm| self.all_called(alarm.as_ref(), is_alarm)).take(MOST_ALARMS).collect();
        if known.is_empty() {
            return Resolution::NotInTwin { what: format!("alarm {named}") };
        }
        let what = format!("what alarm {named} watches");
        let nodes = self.all_watched(known);
        let nodes = match self.common_cause(&nodes) {
            Some(cause) => vec![cause],
            None => nodes,
        };
        Self::one_of(what, nodes)
    }

    /// Finds what a composite alarm's rule is about, by the alarms that the rule names.
    pub fn resolve_rule(&self, rule: &str) -> Resolution {
        match self.resolve_alarms(&alarm_names(rule)) {
            Resolution::Node(id) => Resolution::Node(id),
            Resolution::NotInTwin { .. } => Resolution::NotInTwin { what: format!("what the rule `{rule}` is about") },
            Resolution::Ambiguous { nodes, .. } => {
                Resolution::Ambiguous { what: format!("what the rule `{rule}` is about"), nodes }
            }
        }
    }

    /// What alarms watch, through the alarms that they watch, in order.
    fn all_watched(&self, alarms: Vec<NodeId>) -> Vec<NodeId> {
        let mut seen: HashSet<NodeId> = alarms.iter().cloned().collect();
        let mut open = alarms;
        let mut nodes = Vec::new();
        while let Some(alarm) = open.pop() {
            for id in self.watched_by(&alarm) {
                if seen.len() > MOST_ALARMS || !seen.insert(id.clone()) {
                    continue;
                }
                let deeper = self.node(id.as_str()).is_some_and(|node| ALARMS.contains(&node.resource_type()));
                if deeper { open.push(id) } else { nodes.push(id) }
            }
        }
        nodes.sort();
        nodes
    }

    /// The one node, of several, whose failure reaches all the others.
    fn common_cause(&self, nodes: &[NodeId]) -> Option<NodeId> {
        if nodes.len() < 2 || nodes.len() > MOST_COMPARED {
            return nodes.first().filter(|_| nodes.len() == 1).cloned();
        }
        let reaches_all = |id: &&NodeId| {
            let reached: HashSet<NodeId> = self.blast_radius(id.as_str()).into_iter().map(|one| one.id).collect();
            nodes.iter().all(|other| other == *id || reached.contains(other))
        };
        let mut causes = nodes.iter().filter(reaches_all);
        let first = causes.next()?;
        causes.next().is_none().then(|| first.clone())
    }

    /// The nodes that go by a name and fit.
    fn all_called(&self, name: &str, fits: impl Fn(NodeRef<'_>) -> bool) -> Vec<NodeId> {
        let mut nodes = match self.candidates(name) {
            Lookup::Unknown => Vec::new(),
            Lookup::Found(id) => vec![id],
            Lookup::Ambiguous(ids) => ids,
        };
        nodes.retain(|id| self.node(id.as_str()).is_some_and(&fits));
        nodes
    }

    fn one_of(what: String, mut nodes: Vec<NodeId>) -> Resolution {
        nodes.sort();
        nodes.dedup();
        match nodes.len() {
            0 => Resolution::NotInTwin { what },
            1 => Resolution::Node(nodes.remove(0)),
            _ => Resolution::Ambiguous { what, nodes },
        }
    }
}

/// What was looked for, in words: "Lambda function `orders`".
fn sought(meanings: &[Meaning]) -> String {
    let name = meanings.first().map_or("", |meaning| meaning.name.as_str());
    let mut nouns: Vec<&str> = Vec::new();
    for meaning in meanings.iter().filter(|meaning| meaning.name == name) {
        if !nouns.contains(&meaning.noun()) {
            nouns.push(meaning.noun());
        }
    }
    format!("{} `{name}`", nouns.join(" or "))
}

/// The names of the alarms in a composite alarm's rule: `ALARM("a") OR ALARM(b)`.
///
/// An alarm may be named by its ARN; its name is the last part.
pub fn alarm_names(rule: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in rule.match_indices('(') {
        let word = rule[..at]
            .trim_end()
            .rsplit(|letter: char| !(letter.is_ascii_alphabetic() || letter == '_'))
            .next()
            .unwrap_or_default();
        if !["ALARM", "OK", "INSUFFICIENT_DATA"].contains(&word) {
            continue;
        }
        let inner = rule[at + 1..].trim_start();
        let name = match inner.strip_prefix(['"', '\'']) {
            Some(rest) => rest.split(['"', '\'']).next(),
            None => inner.split(')').next().map(str::trim),
        };
        if let Some(name) =
            name.map(|name| name.rsplit_once(":alarm:").map_or(name, |(_, last)| last)).filter(|name| !name.is_empty())
        {
            names.push(name.to_owned());
        }
    }
    names.dedup();
    names
}

const ALARMS: &[&str] = &["aws_cloudwatch_composite_alarm", "aws_cloudwatch_metric_alarm"];

/// A rule over more alarms than that is about everything.
const MOST_ALARMS: usize = 1_000;

/// Among more resources than that no single cause is sought.
const MOST_COMPARED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_its_alarms() {
        assert_eq!(
            alarm_names(r#"ALARM("a b") OR (ALARM(c) AND NOT OK(arn:aws:cloudwatch:r:1:alarm:d))"#),
            ["a b", "c", "d"]
        );
        assert!(alarm_names("TRUE").is_empty());
        assert!(alarm_names("ALARM(").is_empty());
    }
}
