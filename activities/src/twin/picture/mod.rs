//! A picture of what stands around a node, as SVG.
//!
//! Owns what is drawn: who breaks with the node to its left, what the node needs to its right, each two edges far, and below
//! it what only watches it or takes its logs. Bounded on any twin: a column shows so many and says how many more there are.
//! How it is drawn is [`draw`]'s. The same twin gives the same bytes.

mod draw;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::edge::Relation;
use super::topology::{NodeRef, Topology};
use super::view::Link;

/// Draws what stands around a node; nothing when the twin does not hold it.
pub fn picture(topology: &Topology, id: &str) -> Option<String> {
    let start = topology.position(id)?;
    Some(draw::svg(&Scene::around(topology, start)))
}

/// What is drawn.
#[derive(Debug, Default)]
struct Scene {
    /// The whole in one sentence each, for who cannot see it.
    title: String,
    description: String,
    /// From left to right; the node itself is the first of the column of its own.
    columns: Vec<Column>,
    arrows: Vec<Arrow>,
}

/// One column.
#[derive(Debug)]
struct Column {
    heading: &'static str,
    boxes: Vec<Card>,
    /// How many are not shown.
    more: usize,
}

/// One resource.
#[derive(Debug)]
struct Card {
    at: u32,
    noun: String,
    name: String,
    id: String,
    family: &'static str,
    centre: bool,
}

/// The edges from one resource to another, in one line.
#[derive(Debug)]
struct Arrow {
    from: u32,
    to: u32,
    relations: Vec<&'static str>,
}

impl Scene {
    fn around(topology: &Topology, start: u32) -> Self {
        let turned = |at: u32, link: Link| Link { other: at, outgoing: !link.outgoing, ..link };
        let mut seen = HashSet::from([start]);
        let left = Side::walk(topology, start, &mut seen, &|_, link| topology.carries_failure(link));
        let right = Side::walk(topology, start, &mut seen, &|at, link| topology.carries_failure(turned(at, link)));
        let beside =
            ring(topology, &[start], &mut seen, MOST_BESIDE, &|_, link| !matches!(link.relation, Relation::DependsOn));
        let node = topology.at(start);
        let own = Column {
            heading: "",
            boxes: std::iter::once(card(node, start, true)).chain(beside.boxes).collect(),
            more: beside.more,
        };
        let mut columns = vec![
            Column { heading: "breaks with those", ..left.far },
            Column { heading: "breaks with it", ..left.near },
            own,
            Column { heading: "it needs", ..right.near },
            Column { heading: "those need", ..right.far },
        ];
        columns.retain(|column| !column.boxes.is_empty());
        let mut scene = Self { columns, ..Self::default() };
        scene.arrows = arrows(topology, start, &scene.columns);
        scene.title = format!("What stands around {} {}", node.noun(), node.name());
        scene.description = description(topology, &scene.arrows);
        scene
    }
}

/// What stands on one side of the node, one edge and two edges far.
struct Side {
    near: Column,
    far: Column,
}

impl Side {
    fn walk(topology: &Topology, start: u32, seen: &mut HashSet<u32>, follow: &dyn Fn(u32, Link) -> bool) -> Self {
        let near = ring(topology, &[start], seen, MOST_NEAR, follow);
        let shown: Vec<u32> = near.boxes.iter().map(|one| one.at).collect();
        let far = ring(topology, &shown, seen, MOST_FAR, follow);
        Self { near, far }
    }
}

/// The nodes one edge away from some nodes, those of the same kind together, shared infrastructure last.
fn ring(
    topology: &Topology,
    from: &[u32],
    seen: &mut HashSet<u32>,
    most: usize,
    follow: &dyn Fn(u32, Link) -> bool,
) -> Column {
    let mut found = Vec::new();
    for at in from.iter().copied() {
        // Everything runs in a VPC: what stands around shared infrastructure says nothing of the node.
        if from.len() > 1 && topology.kind(at).is_some_and(|kind| kind.shared) {
            continue;
        }
        for link in topology.links(at).into_iter().filter(|link| follow(at, *link)) {
            if seen.insert(link.other) {
                found.push(link.other);
            }
        }
    }
    found.sort_by_cached_key(|at| {
        let node = topology.at(*at);
        (node.kind().is_none_or(|kind| kind.shared), node.noun().to_owned(), node.name().to_owned(), *at)
    });
    let more = found.len().saturating_sub(most);
    found.truncate(most);
    Column { heading: "", boxes: found.iter().map(|at| card(topology.at(*at), *at, false)).collect(), more }
}

fn card(node: NodeRef<'_>, at: u32, centre: bool) -> Card {
    Card {
        at,
        noun: node.noun().to_owned(),
        name: node.name().to_owned(),
        id: node.id().to_string(),
        family: family(node.kind().map_or("", |kind| kind.service)),
        centre,
    }
}

/// All edges between the shown resources, those of the same two in one.
fn arrows(topology: &Topology, start: u32, columns: &[Column]) -> Vec<Arrow> {
    let place: HashMap<u32, usize> = columns
        .iter()
        .enumerate()
        .flat_map(|(column, one)| one.boxes.iter().map(move |card| (card.at, column)))
        .collect();
    let mut found: BTreeMap<(u32, u32), Vec<&'static str>> = BTreeMap::new();
    for (at, column) in &place {
        // A hub's own edges lead to few that are shown; those that are shown know them too.
        let links = if *at == start { Vec::new() } else { topology.links(*at) };
        for link in links.into_iter().take(MOST_LINKS) {
            let neighbour = place
                .get(&link.other)
                .is_some_and(|other| column.abs_diff(*other) == 1 || (column == other && link.other == start));
            // Between known types an order of building says nothing.
            let dependent = if link.outgoing { *at } else { link.other };
            let telling = link.relation != Relation::DependsOn || topology.kind(dependent).is_none();
            if neighbour && telling {
                let ends = if link.outgoing { (*at, link.other) } else { (link.other, *at) };
                found.entry(ends).or_default().push(link.relation.word());
            }
        }
    }
    let arrow = |((from, to), mut relations): ((u32, u32), Vec<&'static str>)| {
        relations.sort_unstable();
        relations.dedup();
        Arrow { from, to, relations }
    };
    found.into_iter().map(arrow).collect()
}

fn description(topology: &Topology, arrows: &[Arrow]) -> String {
    let sentence = |arrow: &Arrow| {
        let verbs = arrow.relations.join(" and ").replace('_', " ");
        format!("{} {verbs} {}.", topology.at(arrow.from).id(), topology.at(arrow.to).id())
    };
    arrows.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

/// The part of AWS that a service belongs to; it has a colour of its own.
fn family(service: &str) -> &'static str {
    match service {
        "lambda" | "ecs" | "eks" | "batch" | "autoscaling" | "application-autoscaling" | "apprunner" | "ecr" => {
            "compute"
        }
        "dynamodb" | "rds" | "s3" | "elasticache" | "es" | "redshift" | "elasticfilesystem" | "timestream" => "data",
        "sqs" | "sns" | "events" | "kinesis" | "firehose" | "states" | "scheduler" | "pipes" | "mq" | "kafka" => {
            "messages"
        }
        "elasticloadbalancing" | "apigateway" | "cloudfront" | "route53" | "appsync" | "wafv2" | "acm" => "front",
        "iam" | "kms" | "secretsmanager" | "ssm" | "cognito-idp" | "cloudwatch" | "logs" => "guard",
        _ => "other",
    }
}

const MOST_NEAR: usize = 10;
const MOST_FAR: usize = 10;
const MOST_BESIDE: usize = 6;
/// Of a shown hub that is not the node itself, so many edges are looked at.
const MOST_LINKS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::{State, TopologyObject};

    fn queue_and_readers(readers: usize) -> Topology {
        let arn = |kind: &str, name: &str| format!("arn:aws:{kind}:eu-west-1:123456789012:{name}");
        let mut resources = vec![serde_json::json!({"mode": "managed", "type": "aws_sqs_queue", "name": "q",
            "instances": [{"attributes": {"name": "a <b> & \"c\"", "arn": arn("sqs", "q")}}]})];
        for number in 0..readers {
            let function = arn("lambda", &format!("function:f{number}"));
            resources.push(
                serde_json::json!({"mode": "managed", "type": "aws_lambda_function", "name": format!("f{number}"),
                "instances": [{"attributes": {"function_name": format!("f{number}"), "arn": function}}]}),
            );
            resources.push(serde_json::json!({"mode": "managed", "type": "aws_lambda_event_source_mapping",
                "name": format!("m{number}"), "instances": [{"attributes": {"event_source_arn": arn("sqs", "q"), "function_arn": function}}]}));
        }
        let state = serde_json::json!({"version": 4, "serial": 1, "lineage": "l", "resources": resources}).to_string();
        Topology::merge(vec![TopologyObject::of(State::parse(state.as_bytes()).unwrap(), "s")]).unwrap()
    }

    #[test]
    fn a_hub_is_bounded_and_says_so() {
        let svg = picture(&queue_and_readers(500), "aws_sqs_queue.q").unwrap();
        assert!(svg.len() < 60_000, "{} bytes", svg.len());
        assert!(svg.contains("and 990 more"), "{svg}");
    }

    #[test]
    fn names_are_text_and_not_markup() {
        let svg = picture(&queue_and_readers(1), "aws_sqs_queue.q").unwrap();
        assert!(svg.contains("a &lt;b&gt; &amp; &quot;c&quot;") && !svg.contains("<b>"));
    }

    #[test]
    fn the_picture_is_the_same_each_time_and_speaks() {
        let topology = queue_and_readers(3);
        let svg = picture(&topology, "aws_lambda_function.f1").unwrap();
        assert_eq!(picture(&topology, "aws_lambda_function.f1").unwrap(), svg);
        assert!(svg.starts_with("<svg ") && svg.contains("role=\"img\"") && svg.contains("<title "));
        assert!(svg.contains("aws_sqs_queue.q triggers aws_lambda_function.f1."), "{svg}");
        assert_eq!(picture(&topology, "aws_gone.x"), None);
    }
}
