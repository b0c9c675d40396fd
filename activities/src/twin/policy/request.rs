//! A question as Cedar wants it: principal, action, resource, context and the entities that they are.
//!
//! Owns what is computed for policies because Cedar cannot: which patterns mean the resource, which windows are open, what hour
//! it is. What is not known is left out, so that the evaluation of a rule that needs it fails, and a failing rule forbids.

use std::collections::{BTreeSet, HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::question::{HUMAN, MODEL, Principal, Question, RULES};
use super::schema::Compiled;
use super::words::{PATTERN, TAGGED, tag_and_pattern};
use crate::twin::constraints::Openings;
use crate::twin::glob;
use crate::twin::node::Node;

/// What policies name: groups, and principals.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    groups: BTreeSet<EntityUid>,
    principals: BTreeSet<EntityUid>,
}

/// A question in Cedar's terms, for one principal.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) entities: Entities,
    /// The same as JSON, for whoever wants to see it.
    pub(super) facts: Value,
    /// Who is asking, in words.
    pub(super) principal: String,
}

impl Named {
    /// Notes what a policy names.
    pub(super) fn add(&mut self, policy: &cedar_policy::Policy) {
        for uid in policy.entity_literals() {
            match uid.type_name().to_string().as_str() {
                PATTERN | TAGGED => self.groups.insert(uid),
                MODEL | RULES | HUMAN => self.principals.insert(uid),
                _ => continue,
            };
        }
    }

    /// Who may be asking: whoever it is, or, where that is not known, one of each kind and everybody whom a policy names; a human
    /// whose role is not known in each of them.
    fn principals(&self, question: &Question<'_>) -> Vec<Who> {
        let in_roles = |human: EntityUid| ROLES.map(|role| Who { uid: human.clone(), role: Some(role.to_owned()) });
        match &question.principal {
            Some(Principal::Human { name, role: None }) => in_roles(uid(HUMAN, name)).into(),
            Some(principal) => {
                let role = if let Principal::Human { role, .. } = principal { role.clone() } else { None };
                let (kind, id) = principal.entity();
                vec![Who { uid: uid(kind, id), role }]
            }
            None => {
                let kinds = [MODEL, RULES, HUMAN].into_iter().map(|kind| uid(kind, UNKNOWN));
                let all = kinds.chain(self.principals.iter().cloned());
                let one = |principal: EntityUid| match principal.type_name().basename() {
                    HUMAN => Vec::from(in_roles(principal)),
                    _ => vec![Who { uid: principal, role: None }],
                };
                all.flat_map(one).collect()
            }
        }
    }
}

/// A principal that may be asking.
struct Who {
    uid: EntityUid,
    /// A human's role.
    role: Option<String>,
}

impl Who {
    fn entity(&self) -> Result<Entity, String> {
        let role = self.role.iter().map(|role| ("role".to_owned(), RestrictedExpression::new_string(role.clone())));
        Entity::new(self.uid.clone(), role.collect(), HashSet::new()).map_err(|error| error.to_string())
    }

    fn words(&self) -> String {
        let role = self.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
        format!("{}{role}", self.uid.type_name())
    }
}

/// Puts a question in Cedar's terms, once for each principal that may be asking.
pub(super) fn asked(
    question: &Question<'_>,
    named: &Named,
    openings: &Openings,
    compiled: &Compiled,
) -> Result<Vec<Asked>, String> {
    let resource = uid(resource_type(question.node), question.node.id.as_str());
    let mut facts = json!({ "context": context(question, openings), "resource": resource_facts(question) });
    let entity = resource_entity(resource.clone(), question, named, &facts["resource"])?;
    let context = Context::from_pairs(expressions(&facts["context"])).map_err(|error| error.to_string())?;
    facts["resource"]["tags"] = json!(question.node.tags);
    let action = uid("Action", question.action.word());
    let one = |who: Who| {
        let entities = compiled.actions.iter().cloned().chain([entity.clone(), who.entity()?]);
        let entities = Entities::from_entities(entities, None).map_err(|error| error.to_string())?;
        let request = Request::new(who.uid.clone(), action.clone(), resource.clone(), context.clone(), None);
        let request = request.map_err(|error| error.to_string())?;
        Ok(Asked { request, entities, facts: facts.clone(), principal: who.words() })
    };
    named.principals(question).into_iter().map(one).collect()
}

fn context(question: &Question<'_>, openings: &Openings) -> Value {
    let utc = question.now.to_zoned(TimeZone::UTC);
    let mut context = json!({
        "now": question.now.as_millisecond(),
        "hour": utc.hour(),
        "weekday": WEEKDAYS[usize::from(utc.weekday().to_monday_zero_offset().unsigned_abs()) % 7],
        "windows": { "open": openings.open, "frozen": openings.frozen, "admitted": openings.admitted },
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            context[name] = value;
        }
    };
    put("risk", question.risk.map(|risk| risk.to_string().into()));
    put("radius", question.radius.map(Value::from));
    put("before", question.before.clone().map(Value::Object));
    put("after", question.after.clone().map(Value::Object));
    put(
        "budget",
        question.budget.map(|budget| {
            json!({
                "automatic_last_hour": budget.automatic_last_hour, "automatic_per_hour": budget.automatic_per_hour,
            })
        }),
    );
    context
}

fn resource_facts(question: &Question<'_>) -> Value {
    let node = question.node;
    let mut facts = json!({
        "address": address(node), "name": node.name(), "names": node.names, "production": node.is_production(),
        "tainted": node.tainted,
    });
    let known = [("arn", &node.arn), ("account", &node.account), ("region", &node.region)];
    for (name, value) in known.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        facts[name] = Value::from(value.as_str());
    }
    if let Some(radius) = question.radius {
        facts["radius"] = radius.into();
    }
    facts
}

fn resource_entity(
    resource: EntityUid,
    question: &Question<'_>,
    named: &Named,
    facts: &Value,
) -> Result<Entity, String> {
    let node = question.node;
    let groups: HashSet<EntityUid> = named.groups.iter().filter(|group| is_in(node, group)).cloned().collect();
    let text = |value: &String| RestrictedExpression::new_string(value.clone());
    let tags = node.tags.iter().map(|(tag, value)| (tag.clone(), text(value)));
    let attributes: HashMap<String, RestrictedExpression> = expressions(facts).into_iter().collect();
    Entity::new_with_tags(resource, attributes, groups, tags).map_err(|error| error.to_string())
}

/// Whether a node is in a group.
fn is_in(node: &Node, group: &EntityUid) -> bool {
    let name: &str = group.id().unescaped();
    match group.type_name().basename() {
        PATTERN => is_meant(name, node),
        _ => tag_and_pattern(name)
            .is_some_and(|(tag, pattern)| node.tags.get(&tag).is_some_and(|value| glob::matches(pattern, value))),
    }
}

/// Whether a pattern means a node: by address, with or without the state's name behind it, by ARN or by physical name.
pub(in crate::twin) fn is_meant(pattern: &str, node: &Node) -> bool {
    let names = node.names.iter().map(String::as_str).chain(node.arn.as_deref()).chain([address(node)]);
    std::iter::once(node.id.as_str()).chain(names).any(|name| glob::matches(pattern, name))
}

/// The address without the state's name behind it.
fn address(node: &Node) -> &str {
    let id = node.id.as_str();
    id.rsplit_once('@').map_or(id, |(address, _)| address)
}

/// The fields of a JSON object as Cedar values; what is null is left out.
fn expressions(object: &Value) -> Vec<(String, RestrictedExpression)> {
    let fields = object.as_object().into_iter().flatten();
    fields.filter_map(|(name, value)| Some((name.clone(), expression(name, value)?))).collect()
}

fn expression(name: &str, value: &Value) -> Option<RestrictedExpression> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) => RestrictedExpression::new_bool(*truth),
        // An instant, in milliseconds; `datetime` takes them as an offset from the epoch.
        Value::Number(number) if name == "now" => instant(number.as_i64()?),
        Value::Number(number) => RestrictedExpression::new_long(number.as_i64()?),
        Value::String(text) => RestrictedExpression::new_string(text.clone()),
        Value::Array(items) => RestrictedExpression::new_set(items.iter().filter_map(|item| expression("", item))),
        Value::Object(_) => RestrictedExpression::new_record(expressions(value)).ok()?,
    })
}

fn instant(milliseconds: i64) -> RestrictedExpression {
    let instant = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    RestrictedExpression::new_datetime(instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

fn resource_type(node: &Node) -> &str {
    node.kind().map_or("Unlisted", |kind| kind.terraform)
}

fn uid(kind: &str, id: &str) -> EntityUid {
    let name = kind.parse::<EntityTypeName>();
    #[expect(clippy::expect_used, reason = "every kind is a constant of ours or a row of the table of types")]
    EntityUid::from_type_name_and_id(name.expect("a word is a type name"), EntityId::new(id))
}

const UNKNOWN: &str = "unknown";
/// The roles that there are.
const ROLES: [&str; 2] = ["on-call", "manager"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
