//! By which names AWS knows a resource, and where it stands, taken from its attributes.
//!
//! Owns which attributes are names, the composed names (`cluster/service`, a load balancer's suffix), and how region and
//! account are found. Which attributes name which type stands in [`super::kind`].

use std::borrow::Cow;

use super::attributes::Attributes;
use super::plan::{ARN, CLUSTER, ID, NAME, OWNER, REGION, ZONE};

/// What is special about the names of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Composed {
    /// Nothing.
    Plain,
    /// It is also known as `cluster/service`.
    Service,
    /// CloudWatch calls it `app/shop/0123456789abcdef`, by the end of its ARN.
    Balancer,
    /// CloudWatch calls it `targetgroup/web/...`, by the end of its ARN.
    TargetGroup,
}

impl Composed {
    pub(super) fn of(resource_type: &str) -> Self {
        match resource_type {
            "aws_ecs_service" => Self::Service,
            "aws_lb" | "aws_alb" => Self::Balancer,
            "aws_lb_target_group" | "aws_alb_target_group" => Self::TargetGroup,
            _ => Self::Plain,
        }
    }
}

/// The ARN of a resource, unless it is that of another one.
pub(super) fn arn_of<'a>(attributes: &Attributes<'a>) -> Option<Cow<'a, str>> {
    let slot = match attributes.plan.kind.map_or("arn", |kind| kind.arn) {
        "arn" => ARN,
        "id" => ID,
        _ => return None,
    };
    attributes.at(slot)?.filled().filter(|arn| arn.starts_with("arn:"))
}

/// Calls `add` with each name of a resource, the most usual one first; a name can come more than once.
pub(super) fn each_name(attributes: &Attributes<'_>, arn: Option<&str>, add: &mut impl FnMut(&str)) {
    for (slot, rest) in &attributes.plan.names {
        if let Some(value) = attributes.at(*slot) {
            value.each_text(rest, &mut |name| add(&name));
        }
    }
    if attributes.plan.composed == Composed::Service
        && let (Some(cluster), Some(service)) = (filled(attributes, CLUSTER), filled(attributes, NAME))
    {
        add(&format!("{}/{service}", cluster.rsplit('/').next().unwrap_or_default()));
    }
    if let Some(suffix) = arn.and_then(|arn| balancer_suffix(attributes.plan.composed, arn)) {
        add(suffix);
    }
    if let Some(id) = filled(attributes, ID) {
        add(&id);
    }
}

/// Region and account: from the ARN, else from the attributes that say them.
pub(super) fn place_of<'a>(
    attributes: &Attributes<'a>,
    arn: Option<&'a str>,
) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
    let [_, _, _, region, account, _] = arn.map_or([""; 6], arn_parts);
    let part = |part: &'a str| Some(part).filter(|part| !part.is_empty()).map(Cow::Borrowed);
    let zone = || {
        let zone = filled(attributes, ZONE)?;
        Some(Cow::Owned(zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase()).to_owned()))
    };
    let region = part(region).or_else(|| filled(attributes, REGION)).or_else(zone);
    let account = part(account).or_else(|| filled(attributes, OWNER));
    (region, account)
}

/// `arn`, partition, service, region, account and resource; what is missing is empty.
pub(super) fn arn_parts(arn: &str) -> [&str; 6] {
    let mut parts = [""; 6];
    let (mut start, mut part) = (0, 0);
    for (at, byte) in arn.bytes().enumerate() {
        if byte == b':' && part < 5 {
            parts[part] = &arn[start..at];
            (start, part) = (at + 1, part + 1);
        }
    }
    parts[part] = &arn[start..];
    parts
}

fn filled<'a>(attributes: &Attributes<'a>, slot: u8) -> Option<Cow<'a, str>> {
    attributes.at(slot)?.filled()
}

/// What CloudWatch calls a load balancer or target group.
fn balancer_suffix(composed: Composed, arn: &str) -> Option<&str> {
    match composed {
        Composed::Balancer => arn_parts(arn)[5].strip_prefix("loadbalancer/"),
        Composed::TargetGroup => Some(arn_parts(arn)[5]),
        Composed::Plain | Composed::Service => None,
    }
}
