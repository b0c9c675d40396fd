//! What an alarm event tells of the resource that it is about, before the twin was asked.
//!
//! Owns the form in which `detect` hands it on. What dimensions mean is [`crate::twin`]'s one table of namespaces; whether the
//! twin holds the resource is seen later.

use crate::shape::{Fields, Resource};
use crate::twin::{Node, meanings, metric_of};

/// Says what resource the dimensions of a metric in `namespace` mean.
///
/// A namespace without a rule, or dimensions that name no resource, answer a resource without type whose aliases are
/// the dimensions' values.
pub fn resource_of(namespace: &str, dimensions: &Fields, account: &str, region: &str) -> Resource {
    let pairs: Vec<(&str, &str)> =
        dimensions.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
    let found = meanings(namespace, &pairs).into_iter().find(|meaning| !meaning.types.is_empty());
    let aliases = match &found {
        Some(meaning) => {
            let arn = meaning.arn(account, region).filter(|arn| *arn != meaning.name);
            arn.into_iter().chain([meaning.name.clone()]).collect()
        }
        None => {
            let mut values: Vec<String> = Vec::new();
            for (_, value) in pairs {
                if !value.is_empty() && !values.iter().any(|known| known == value) {
                    values.push(value.to_owned());
                }
            }
            values
        }
    };
    Resource {
        namespace: namespace.to_owned(),
        kind: found.as_ref().and_then(|meaning| meaning.types.first()).map(|kind| (*kind).to_owned()),
        name: found.map(|meaning| meaning.name),
        aliases,
        dimensions: dimensions.clone(),
    }
}

/// The namespace and dimensions under which AWS measures a node, where its type has a rule.
pub(crate) fn namespace_of(node: &Node) -> Option<(&'static str, Fields)> {
    let (namespace, dimensions) = metric_of(node)?;
    Some((namespace, dimensions.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()))
}
