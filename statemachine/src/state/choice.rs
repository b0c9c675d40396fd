//! Choice: the first rule that matches says where to go.

use std::cmp::Ordering;

use serde_json::Value;

use crate::{
    data::{DataError, Env, jsonpath},
    definition::{ChoiceRule, Condition, Domain, IsKind, Operand, Order, QueryLanguage, Source, StateId, Test},
    execution::Draft,
    state::{Fields, Scope, Shaped, View, fail::unexpected, runtime, wait::parse_time},
};

pub(crate) fn begin(
    view: &View<'_>,
    rules: &[ChoiceRule],
    default: Option<StateId>,
    draft: &mut Draft<'_>,
) -> Result<(), DataError> {
    let scope = view.scope();
    let input = view.effective_input(&scope, draft)?.value(draft);
    let mut chosen = None;
    for (place, rule) in rules.iter().enumerate() {
        if holds(&rule.condition, place, &input, &scope, draft)? {
            chosen = Some((place, rule));
            break;
        }
    }
    let next = chosen.map(|(_, rule)| rule.next).or(default).ok_or_else(no_choice)?;
    let shaped = shape(view, chosen, draft)?;
    view.exit(shaped.output, shaped.assigned, Some(next), view.path.last, draft);
    Ok(())
}

/// A rule's own `Output` and `Assign` stand in for the state's.
fn shape(view: &View<'_>, rule: Option<(usize, &ChoiceRule)>, draft: &mut Draft<'_>) -> Result<Shaped, DataError> {
    let Some((place, rule)) = rule else { return view.shape(None, draft) };
    if view.state.query_language == QueryLanguage::Jsonata {
        let own = Fields::within(&format!("Choices[{place}]/"), rule.output.as_ref(), rule.assign.as_ref());
        let output = own.output.or(view.own_fields().output);
        return view.shape_by_jsonata(Fields { output, ..own }, None, None, draft);
    }
    view.shape_with(rule.assign.as_ref(), draft)
}

/// The specification names this `States.NoChoiceMatched`; Step Functions reports `States.Runtime`, which nothing catches.
fn no_choice() -> DataError {
    runtime("Failed to transition out of the state. The state does not point to a next state.")
}

fn holds(
    condition: &Condition,
    place: usize,
    input: &Value,
    scope: &Scope,
    draft: &mut Draft<'_>,
) -> Result<bool, DataError> {
    match condition {
        Condition::And(all) => {
            for each in all {
                if !holds(each, place, input, scope, draft)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Condition::Or(any) => {
            for each in any {
                if holds(each, place, input, scope, draft)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Not(inner) => Ok(!holds(inner, place, input, scope, draft)?),
        Condition::Jsonata(Value::Bool(literal)) => Ok(*literal),
        Condition::Jsonata(template) => {
            let field = format!("Choices[{place}]/Condition");
            let bindings = scope.bindings(input, None, None);
            match scope.compute(&field, template, &bindings, draft.now, draft.chance)? {
                Value::Bool(value) => Ok(value),
                other => Err(unexpected(&field, &Source::Jsonata(template.clone()), "boolean", &other)),
            }
        }
        Condition::Compare { variable, test } => compare(variable, test, &scope.env(input)),
    }
}

fn compare(variable: &str, test: &Test, env: &Env<'_>) -> Result<bool, DataError> {
    let found = look_up(variable, env)?;
    if let Test::Is(IsKind::Present, wanted) = test {
        return Ok(found.is_some() == *wanted);
    }
    let found = found.ok_or_else(|| missing(variable))?;
    match test {
        Test::Is(kind, wanted) => Ok(is(*kind, &found) == *wanted),
        Test::StringMatches(pattern) => Ok(found.as_str().is_some_and(|text| wildcard(pattern, text))),
        Test::Ordered(domain, order, Operand::Literal(operand)) => Ok(ordered(*domain, *order, &found, operand)),
        Test::Ordered(domain, order, Operand::Path(path)) => {
            let operand = look_up(path, env)?.ok_or_else(|| missing(path))?;
            Ok(ordered(*domain, *order, &found, &operand))
        }
    }
}

fn missing(path: &str) -> DataError {
    runtime(format!("Invalid path '{path}': The choice state's condition path references an invalid value."))
}

fn look_up(text: &str, env: &Env<'_>) -> Result<Option<Value>, DataError> {
    let path = jsonpath::Path::parse(text).map_err(|error| runtime(error.to_string()))?;
    match jsonpath::select(&path, env) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(runtime(error.invalid_path(&path))),
    }
}

fn is(kind: IsKind, value: &Value) -> bool {
    match kind {
        IsKind::Null => value.is_null(),
        IsKind::Present => true,
        IsKind::Numeric => value.is_number(),
        IsKind::String => value.is_string(),
        IsKind::Boolean => value.is_boolean(),
        IsKind::Timestamp => value.as_str().is_some_and(|text| parse_time(text).is_some()),
    }
}

/// A comparison of values of another type than the operator's is false.
fn ordered(domain: Domain, order: Order, left: &Value, right: &Value) -> bool {
    let ordering = match domain {
        Domain::String => left.as_str().zip(right.as_str()).map(|(l, r)| l.cmp(r)),
        Domain::Boolean => left.as_bool().zip(right.as_bool()).map(|(l, r)| l.cmp(&r)),
        Domain::Numeric => numbers(left, right),
        Domain::Timestamp => {
            let time = |value: &Value| value.as_str().and_then(parse_time);
            time(left).zip(time(right)).map(|(l, r)| l.cmp(&r))
        }
    };
    ordering.is_some_and(|ordering| match order {
        Order::Equals => ordering == Ordering::Equal,
        Order::LessThan => ordering == Ordering::Less,
        Order::GreaterThan => ordering == Ordering::Greater,
        Order::LessThanEquals => ordering != Ordering::Greater,
        Order::GreaterThanEquals => ordering != Ordering::Less,
    })
}

fn numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(l), Some(r)) => Some(l.cmp(&r)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// `StringMatches`: `*` stands for any characters, `\*` for itself.
///
/// Walks both texts once, going back to the last `*` on a mismatch, so a hostile pattern costs at most the product of
/// the lengths.
fn wildcard(pattern: &str, text: &str) -> bool {
    let pattern = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Some(literal)) if *literal == text[t] => (p, t) = (p + 1, t + 1),
            Some(None) => {
                retry = Some((p, t));
                p += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    (p, t) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(Option::is_none)
}

/// Characters, and `None` for a wildcard.
fn tokens(pattern: &str) -> Vec<Option<char>> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('*' | '\\')) => tokens.push(chars.next()),
            ('*', _) => tokens.push(None),
            (c, _) => tokens.push(Some(c)),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_wildcard(pattern: &str, text: &str, expect: bool) {
        assert_eq!(wildcard(pattern, text), expect, "{pattern} {text}");
    }

    #[test]
    fn wildcards_match_any_run() {
        check_wildcard("log-*.txt", "log-1.txt", true);
        check_wildcard("log-*.txt", "log-.txt", true);
        check_wildcard("log-*.txt", "log-1.tx", false);
        check_wildcard("*", "", true);
        check_wildcard("a*b*c", "a-b-b-c", true);
        check_wildcard(r"a\*b", "a*b", true);
        check_wildcard(r"a\*b", "axb", false);
        check_wildcard(r"a\\b", r"a\b", true);
        check_wildcard("", "x", false);
    }

    #[test]
    fn hostile_patterns_end_soon() {
        let text = "a".repeat(10_000);
        check_wildcard(&format!("{}b", "a*".repeat(200)), &text, false);
    }

    #[track_caller]
    fn check(domain: Domain, order: Order, left: Value, right: Value, expect: bool) {
        assert_eq!(ordered(domain, order, &left, &right), expect, "{left} {order:?} {right}");
    }

    #[test]
    fn comparisons_keep_to_their_type() {
        check(Domain::Numeric, Order::Equals, json!(1), json!(1.0), true);
        check(Domain::Numeric, Order::LessThan, json!(1), json!("2"), false);
        check(
            Domain::Numeric,
            Order::GreaterThanEquals,
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992_i64),
            true,
        );
        check(Domain::String, Order::LessThan, json!("a"), json!("b"), true);
        check(Domain::Boolean, Order::Equals, json!(true), json!(true), true);
        check(
            Domain::Timestamp,
            Order::Equals,
            json!("2016-03-14T01:59:00Z"),
            json!("2016-03-14T02:59:00+01:00"),
            true,
        );
        check(Domain::Timestamp, Order::LessThan, json!("2016-03-14"), json!("2016-03-15"), false);
    }
}
