//! Choice: rules with conditions, the first that matches wins.
//!
//! Owns the thirty-nine comparison operators: a type, an order, and whether the operand is written or found by a path.

use serde_json::Value;

use super::place::Place;
use super::reader::{Field, Reader, both, expected, jsonata, jsonpath};
use super::wait::{NOT_A_TIMESTAMP, is_timestamp};
use super::{Scope, Walk, flow, suspect};
use crate::definition::{ChoiceRule, Condition, Domain, IsKind, Operand, Order, StateKind, Test};

pub(super) fn choice<'t>(walk: &mut Walk<'t>, reader: &Reader<'t>, scope: &mut Scope<'t>) -> StateKind {
    reader.require(&["Choices"]);
    let place = reader.at("Choices");
    let mut rules = Vec::new();
    for (index, value) in reader.filled_array("Choices").into_iter().flatten().enumerate() {
        rules.extend(rule(walk, reader, place.index(index), value, scope));
    }
    let default = reader.has("Default").then(|| walk.target_field(reader, "Default", scope));
    StateKind::Choice { rules, default }
}

fn rule<'t>(
    walk: &mut Walk<'t>,
    state: &Reader<'t>,
    place: Place,
    value: &'t Value,
    scope: &mut Scope<'t>,
) -> Option<ChoiceRule> {
    let reader =
        Reader::open(state.ledger, place, value, state.language, &[RULE, CONDITION, VARIABLE, JOINTS, OPERATORS])?;
    reader.text("Comment");
    reader.require(&["Next"]);
    let condition = if reader.is_jsonata() { jsonata_condition(&reader) } else { condition(&reader) };
    Some(ChoiceRule {
        condition: condition.unwrap_or(Condition::And(Vec::new())),
        next: walk.target_field(&reader, "Next", scope),
        assign: flow::assign(&reader),
        output: flow::any_template(&reader, "Output"),
    })
}

fn jsonata_condition(reader: &Reader<'_>) -> Option<Condition> {
    reader.require(&["Condition"]);
    let value = reader.get("Condition")?;
    if !value.is_boolean() && flow::expression(value).is_none() {
        reader.wrong_at("Condition", "Value must be a boolean or a JSONata expression");
    }
    flow::check_template(reader, &reader.at("Condition"), value);
    Some(Condition::Jsonata(value.clone()))
}

fn condition(reader: &Reader<'_>) -> Option<Condition> {
    let mut tests: Vec<&'static str> = Vec::new();
    for (name, _) in reader.fields() {
        tests
            .extend(OPERATORS.iter().chain(JOINTS).copied().filter(|(known, _)| known == name).map(|(known, _)| known));
    }
    let selectors = SELECTORS.iter().filter(|name| reader.has(name)).count();
    match tests.as_slice() {
        [name] if selectors <= 1 => single(reader, name),
        [] if reader.has("Variable") => {
            reader.wrong("There should be one comparison operator for the field 'Variable'");
            None
        }
        several if selectors == 1 => {
            reader.wrong(format!("There should only be one of the following fields: [{}]", several.join(", ")));
            None
        }
        _ => {
            reader.wrong("The object must have only one of the following fields, [And, Or, Not, Variable, Condition]");
            None
        }
    }
}

fn single(reader: &Reader<'_>, name: &'static str) -> Option<Condition> {
    match name {
        "And" => Some(Condition::And(nested_list(reader, name))),
        "Or" => Some(Condition::Or(nested_list(reader, name))),
        "Not" => {
            let value = reader.get("Not")?;
            Some(Condition::Not(Box::new(nested(reader, reader.at("Not"), value)?)))
        }
        _ => comparison(reader, name),
    }
}

fn nested_list(reader: &Reader<'_>, name: &str) -> Vec<Condition> {
    let place = reader.at(name);
    let items = reader.filled_array(name).into_iter().flatten();
    items.enumerate().filter_map(|(index, value)| nested(reader, place.index(index), value)).collect()
}

/// A rule inside another: it has no `Next` of its own.
fn nested(outer: &Reader<'_>, place: Place, value: &Value) -> Option<Condition> {
    let reader = Reader::open(outer.ledger, place, value, outer.language, &[COMMENT, VARIABLE, JOINTS, OPERATORS])?;
    condition(&reader)
}

fn comparison(reader: &Reader<'_>, name: &'static str) -> Option<Condition> {
    reader.require(&["Variable"]);
    let variable = reader.text("Variable");
    if let Some(variable) = variable {
        flow::operand_path(reader, "Variable", variable);
    }
    let test = test(reader, name)?;
    Some(Condition::Compare { variable: variable?.to_owned(), test })
}

fn test(reader: &Reader<'_>, name: &'static str) -> Option<Test> {
    if let Some(kind) = is_kind(name) {
        return reader.boolean(name).map(|wanted| Test::Is(kind, wanted));
    }
    if name == "StringMatches" {
        return reader.text(name).map(|pattern| Test::StringMatches(pattern.to_owned()));
    }
    let (operator, by_path) = name.strip_suffix("Path").map_or((name, false), |operator| (operator, true));
    let (domain, order) =
        DOMAINS.iter().find_map(|(prefix, domain)| Some((*domain, order(operator.strip_prefix(prefix)?)?)))?;
    let operand = if by_path { operand_path(reader, name)? } else { literal(reader, name, domain)? };
    Some(Test::Ordered(domain, order, operand))
}

fn operand_path(reader: &Reader<'_>, name: &str) -> Option<Operand> {
    let text = reader.text(name)?;
    flow::operand_path(reader, name, text);
    Some(Operand::Path(text.to_owned()))
}

fn literal(reader: &Reader<'_>, name: &str, domain: Domain) -> Option<Operand> {
    let value = reader.get(name)?;
    let (fits, kind) = match domain {
        Domain::String | Domain::Timestamp => (value.is_string(), "String"),
        Domain::Numeric => (value.is_number(), "Number"),
        Domain::Boolean => (value.is_boolean(), "Boolean"),
    };
    if !fits {
        reader.wrong_at(name, expected(kind));
    } else if domain == Domain::Timestamp && !value.as_str().is_some_and(is_timestamp) {
        reader.wrong_at(name, NOT_A_TIMESTAMP);
    } else {
        suspect::path(reader, name);
    }
    Some(Operand::Literal(value.clone()))
}

fn order(text: &str) -> Option<Order> {
    Some(match text {
        "Equals" => Order::Equals,
        "LessThan" => Order::LessThan,
        "GreaterThan" => Order::GreaterThan,
        "LessThanEquals" => Order::LessThanEquals,
        "GreaterThanEquals" => Order::GreaterThanEquals,
        _ => return None,
    })
}

fn is_kind(name: &str) -> Option<IsKind> {
    Some(match name {
        "IsNull" => IsKind::Null,
        "IsPresent" => IsKind::Present,
        "IsNumeric" => IsKind::Numeric,
        "IsString" => IsKind::String,
        "IsBoolean" => IsKind::Boolean,
        "IsTimestamp" => IsKind::Timestamp,
        _ => return None,
    })
}

const DOMAINS: &[(&str, Domain)] = &[
    ("String", Domain::String),
    ("Numeric", Domain::Numeric),
    ("Boolean", Domain::Boolean),
    ("Timestamp", Domain::Timestamp),
];

/// The fields of which a rule has exactly one.
const SELECTORS: &[&str] = &["And", "Or", "Not", "Variable"];

const COMMENT: &[Field] = &[both("Comment")];
const RULE: &[Field] = &[both("Comment"), both("Next"), both("Assign"), jsonata("Output")];
const CONDITION: &[Field] = &[jsonata("Condition")];
const VARIABLE: &[Field] = &[jsonpath("Variable")];
const JOINTS: &[Field] = &[jsonpath("And"), jsonpath("Or"), jsonpath("Not")];

const OPERATORS: &[Field] = &[
    jsonpath("IsNull"),
    jsonpath("IsPresent"),
    jsonpath("IsNumeric"),
    jsonpath("IsString"),
    jsonpath("IsBoolean"),
    jsonpath("IsTimestamp"),
    jsonpath("StringMatches"),
    jsonpath("StringEquals"),
    jsonpath("StringEqualsPath"),
    jsonpath("StringLessThan"),
    jsonpath("StringLessThanPath"),
    jsonpath("StringGreaterThan"),
    jsonpath("StringGreaterThanPath"),
    jsonpath("StringLessThanEquals"),
    jsonpath("StringLessThanEqualsPath"),
    jsonpath("StringGreaterThanEquals"),
    jsonpath("StringGreaterThanEqualsPath"),
    jsonpath("NumericEquals"),
    jsonpath("NumericEqualsPath"),
    jsonpath("NumericLessThan"),
    jsonpath("NumericLessThanPath"),
    jsonpath("NumericGreaterThan"),
    jsonpath("NumericGreaterThanPath"),
    jsonpath("NumericLessThanEquals"),
    jsonpath("NumericLessThanEqualsPath"),
    jsonpath("NumericGreaterThanEquals"),
    jsonpath("NumericGreaterThanEqualsPath"),
    jsonpath("TimestampEquals"),
    jsonpath("TimestampEqualsPath"),
    jsonpath("TimestampLessThan"),
    jsonpath("TimestampLessThanPath"),
    jsonpath("TimestampGreaterThan"),
    jsonpath("TimestampGreaterThanPath"),
    jsonpath("TimestampLessThanEquals"),
    jsonpath("TimestampLessThanEqualsPath"),
    jsonpath("TimestampGreaterThanEquals"),
    jsonpath("TimestampGreaterThanEqualsPath"),
    jsonpath("BooleanEquals"),
    jsonpath("BooleanEqualsPath"),
];
