//! Walking a value along a path's steps.
//!
//! Owns what each step finds and how a missing step is worded. Until a step that can find several values, a missing member is an
//! error, and after it, it is simply not found.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{NO_INPUT, PathError, Step, filter};
use crate::data::Env;

/// A value that a path found: part of the document, except for a step that names several members, which makes an object.
pub(super) type Found<'v> = Cow<'v, Value>;

/// Finds what the steps lead to, in document order.
pub(super) fn walk<'v>(steps: &[Step], root: &'v Value, env: &Env<'_>) -> Result<Vec<Found<'v>>, PathError> {
    let mut found = vec![Cow::Borrowed(root)];
    let mut definite = true;
    let mut at = 0;
    while at < steps.len() {
        let descends = steps[at] == Step::Descend;
        if descends {
            found = found.into_iter().flat_map(containers).take(MOST_FOUND + 1).collect();
            bounded(&found)?;
            definite = false;
            at += 1;
        }
        let walker = Walker { steps, at, definite, descends, env };
        let mut next = Vec::new();
        for value in found {
            match value {
                Cow::Borrowed(value) => {
                    walker.step(value, &mut next)?;
                    bounded(&next)?;
                }
                Cow::Owned(_) => {
                    let reason = format!("Multi properties can only be used as path leafs: {}", written(&steps[..at]));
                    return Err(PathError::Invalid { reason });
                }
            }
        }
        found = next;
        definite &= steps[at].is_definite();
        at += 1;
    }
    Ok(found)
}

/// Descents multiply: a short path over a small document could find more than any memory holds.
fn bounded(found: &[Found<'_>]) -> Result<(), PathError> {
    if found.len() <= MOST_FOUND {
        return Ok(());
    }
    Err(PathError::Invalid { reason: format!("The path finds more than {MOST_FOUND} values") })
}

/// The most values that a path may find; a whole payload of the smallest items stays below it.
const MOST_FOUND: usize = 150_000;

/// The steps in brackets, `$['a'][0]`, as they are written where nothing was found.
pub(super) fn written(steps: &[Step]) -> String {
    steps.iter().fold(String::from("$"), |mut text, step| {
        text.push_str(&fragment(step));
        text
    })
}

struct Walker<'s> {
    steps: &'s [Step],
    at: usize,
    definite: bool,
    descends: bool,
    env: &'s Env<'s>,
}

impl Walker<'_> {
    fn step<'v>(&self, value: &'v Value, out: &mut Vec<Found<'v>>) -> Result<(), PathError> {
        match &self.steps[self.at] {
            Step::Names(names) => self.names(names, value, out),
            Step::Wildcard => {
                out.extend(children(value).map(Cow::Borrowed));
                Ok(())
            }
            Step::Indices(indices) => {
                let items = self.array(value)?;
                out.extend(indices.iter().filter_map(|&index| nth(items, index)).map(Cow::Borrowed));
                Ok(())
            }
            &Step::FromEnd(back) => {
                let items = self.array(value)?;
                out.extend(nth(items, items.len() as i64 - back).map(Cow::Borrowed));
                Ok(())
            }
            &Step::Slice(from, to) => {
                out.extend(slice(self.array(value)?, from, to).map(Cow::Borrowed));
                Ok(())
            }
            Step::Filter(filter) => {
                self.filter(filter, value, out);
                Ok(())
            }
            Step::Descend => Ok(()),
        }
    }

    fn names<'v>(&self, names: &[String], value: &'v Value, out: &mut Vec<Found<'v>>) -> Result<(), PathError> {
        let Value::Object(members) = value else {
            return self.nothing(|| self.not_an_object(value));
        };
        if let [name] = names {
            match members.get(name) {
                Some(member) => out.push(Cow::Borrowed(member)),
                None if self.at + 1 == self.steps.len() => {}
                None => {
                    return self.nothing(|| format!("Missing property in path {}", written(&self.steps[..=self.at])));
                }
            }
            return Ok(());
        }
        let picked: Map<String, Value> =
            names.iter().filter_map(|name| members.get(name).map(|member| (name.clone(), member.clone()))).collect();
        out.push(Cow::Owned(Value::Object(picked)));
        Ok(())
    }

    /// A filter keeps the items of an array, or an object as a whole.
    fn filter<'v>(&self, filter: &filter::Filter, value: &'v Value, out: &mut Vec<Found<'v>>) {
        match value {
            // Under `..` every object is visited in its own right, so its array must not offer it again.
            Value::Array(items) if !self.descends => {
                out.extend(items.iter().filter(|item| filter::accepts(filter, item, self.env)).map(Cow::Borrowed));
            }
            Value::Object(_) if filter::accepts(filter, value, self.env) => out.push(Cow::Borrowed(value)),
            _ => {}
        }
    }

    fn array<'v>(&self, value: &'v Value) -> Result<&'v [Value], PathError> {
        match value {
            Value::Array(items) => Ok(items),
            _ => self.nothing(|| self.not_an_array(value)).map(|()| &[][..]),
        }
    }

    fn nothing(&self, reason: impl Fn() -> String) -> Result<(), PathError> {
        if self.definite { Err(PathError::Missing { reason: reason(), past_end: false }) } else { Ok(()) }
    }

    fn not_an_object(&self, value: &Value) -> String {
        if value.is_null() && self.at == 0 {
            return String::from(NO_INPUT);
        }
        format!("Property {} not found in path {}", fragment(&self.steps[self.at]), written(&self.steps[..self.at]))
    }

    fn not_an_array(&self, value: &Value) -> String {
        if value.is_null() {
            return format!("The path {} is null", written(&self.steps[..self.at]));
        }
        format!("Filter: {} can only be applied to arrays. Current context is: {value}", fragment(&self.steps[self.at]))
    }
}

fn fragment(step: &Step) -> String {
    match step {
        Step::Names(names) => format!("['{}']", names.join("', '")),
        Step::Wildcard => String::from("[*]"),
        Step::Indices(indices) => {
            let texts: Vec<String> = indices.iter().map(i64::to_string).collect();
            format!("[{}]", texts.join(","))
        }
        Step::FromEnd(back) => format!("[(@.length-{back})]"),
        Step::Slice(from, to) => {
            let text = |bound: &Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
            format!("[{}:{}]", text(from), text(to))
        }
        Step::Filter(_) => String::from("[?]"),
        Step::Descend => String::from(".."),
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The value and every object and array below it, each before what it holds.
fn containers(value: Found<'_>) -> Vec<Found<'_>> {
    let mut out = Vec::new();
    let mut open = match value {
        Cow::Borrowed(value) => vec![value],
        Cow::Owned(_) => Vec::new(),
    };
    while let Some(value) = open.pop() {
        if value.is_object() || value.is_array() {
            out.push(Cow::Borrowed(value));
            let below: Vec<&Value> = children(value).collect();
            open.extend(below.into_iter().rev());
        }
    }
    out
}

/// An item by its index. Step Functions does not count back from the end here: `[-1]` finds nothing.
fn nth(items: &[Value], index: i64) -> Option<&Value> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}

fn at(items: &[Value], index: i64) -> Option<&Value> {
    nth(items, if index < 0 { index + items.len() as i64 } else { index })
}

/// A slice's items. Between two bounds, each index is looked up as it stands, so that `[-3:-1]` counts from the end, while
/// `[0:-1]` is empty: that is how the dialect reads it.
fn slice(items: &[Value], from: Option<i64>, to: Option<i64>) -> Box<dyn Iterator<Item = &Value> + '_> {
    let length = items.len() as i64;
    let from_end = |bound: i64| if bound < 0 { (bound + length).max(0) } else { bound };
    match (from, to) {
        (Some(from), Some(to)) => {
            Box::new((from.max(-length)..to.min(length)).filter_map(move |index| at(items, index)))
        }
        (from, to) => {
            let skipped = from_end(from.unwrap_or(0));
            let taken = (to.map_or(length, from_end) - skipped).max(0);
            Box::new(items.iter().skip(skipped as usize).take(taken as usize))
        }
    }
}
