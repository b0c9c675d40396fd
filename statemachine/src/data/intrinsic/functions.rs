//! What each intrinsic function does with its values.
//!
//! Owns the functions and their limits. A number that should be whole is rounded to the nearest, halves upwards.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{Function, parse::shielded};
use crate::data::{
    chance::{Chance, Seeded, uniform_below, uuid_v4},
    digest, order,
};

/// Why a function cannot take its arguments; `None` where a type says it all.
type Refusal = Option<String>;

/// Applies a function to its values, whose number is already checked.
pub(super) fn apply(function: Function, values: Vec<Value>, chance: &mut dyn Chance) -> Result<Value, Refusal> {
    use Function as F;
    match (function, values.as_slice()) {
        (F::Array, _) => Ok(Value::Array(values)),
        (F::ArrayContains, [array, item]) => Ok(items(array)?.contains(item).into()),
        (F::ArrayGetItem, [array, index]) => get_item(items(array)?, index),
        (F::ArrayLength, [array]) => Ok(items(array)?.len().into()),
        (F::ArrayPartition, [array, size]) => partition(items(array)?, whole(size)?),
        (F::ArrayRange, [first, last, step]) => range(whole(first)?, whole(last)?, whole(step)?),
        (F::ArrayUnique, [array]) => Ok(unique(items(array)?)),
        (F::Base64Decode, [text]) => decode(bounded(text)?),
        (F::Base64Encode, [text]) => Ok(BASE64_STANDARD.encode(bounded(text)?).into()),
        (F::Format, [template, arguments @ ..]) => format(text(template)?, arguments),
        (F::Hash, [data, algorithm]) => hash(data, text(algorithm)?),
        (F::JsonMerge, [one, two, deep]) => merge(one, two, deep),
        (F::JsonToString, [value]) => Ok(value.to_string().into()),
        (F::MathAdd, [one, two]) => Ok((within(whole(one)?)? + within(whole(two)?)?).into()),
        (F::MathRandom, [first, last]) => random(whole(first)?, whole(last)?, None, chance),
        (F::MathRandom, [first, last, seed]) => random(whole(first)?, whole(last)?, Some(whole(seed)?), chance),
        (F::StringSplit, [string, splitter]) => Ok(split(text(string)?, text(splitter)?)),
        (F::StringToJson, [json]) => parse(text(json)?),
        (F::Uuid, _) => Ok(uuid_v4(chance).into()),
        _ => Err(None),
    }
}

fn items(value: &Value) -> Result<&Vec<Value>, Refusal> {
    value.as_array().ok_or(None)
}

fn text(value: &Value) -> Result<&str, Refusal> {
    value.as_str().ok_or(None)
}

fn whole(value: &Value) -> Result<i64, Refusal> {
    match value.as_i64() {
        Some(whole) => Ok(whole),
        None => value.as_f64().map(|number| (number + 0.5).floor() as i64).ok_or(None),
    }
}

/// A number that 32 bits hold.
fn within(number: i64) -> Result<i64, Refusal> {
    i32::try_from(number).map(i64::from).map_err(|_| refusal("a number must be between -2147483648 and 2147483647"))
}

fn bounded(value: &Value) -> Result<&str, Refusal> {
    let text = text(value)?;
    if text.chars().count() > MAX_CHARACTERS {
        return Err(refusal(format!("a string must have {MAX_CHARACTERS} characters or fewer")));
    }
    Ok(text)
}

fn get_item(array: &[Value], index: &Value) -> Result<Value, Refusal> {
    let at = index.as_u64().and_then(|index| usize::try_from(index).ok());
    at.and_then(|at| array.get(at))
        .cloned()
        .ok_or_else(|| refusal(format!("index {index} is not in an array of length {}", array.len())))
}

fn partition(array: &[Value], size: i64) -> Result<Value, Refusal> {
    let size = usize::try_from(size)
        .ok()
        .filter(|size| *size > 0)
        .ok_or_else(|| refusal("the chunk size must be a positive integer"))?;
    Ok(array.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect())
}

fn range(first: i64, last: i64, step: i64) -> Result<Value, Refusal> {
    if step == 0 {
        return Err(refusal("the increment must not be 0"));
    }
    let count = ((i128::from(last) - i128::from(first)) / i128::from(step) + 1).max(0);
    if (last < first) == (step > 0) && last != first {
        return Ok(Value::Array(Vec::new()));
    }
    if count > MAX_RANGE {
        return Err(refusal(format!("a range must have {MAX_RANGE} items or fewer")));
    }
    Ok((0..count as i64).map(|at| Value::from(first + at * step)).collect())
}

fn unique(array: &[Value]) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for item in array {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    Value::Array(kept)
}

fn decode(text: &str) -> Result<Value, Refusal> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| refusal("the string is not Base64"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// Puts each argument in the place of a `{}`.
fn format(template: &str, arguments: &[Value]) -> Result<Value, Refusal> {
    let mut arguments = arguments.iter();
    let mut out = String::with_capacity(template.len());
    let mut letters = template.chars().peekable();
    let mismatch = || refusal("number of arguments do not match the occurrences of {}.");
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.push(shielded(letters.next()).map_err(Some)?),
            '{' if letters.next_if_eq(&'}').is_some() => match arguments.next().ok_or_else(mismatch)? {
                Value::String(text) => out.push_str(text),
                value => out.push_str(&value.to_string()),
            },
            '{' => return Err(refusal("matching '}' not found for '{'.")),
            '}' => return Err(refusal("matching '{' not found for '}'.")),
            letter => out.push(letter),
        }
    }
    if arguments.next().is_some() { Err(mismatch()) } else { Ok(out.into()) }
}

fn hash(data: &Value, algorithm: &str) -> Result<Value, Refusal> {
    let data = match data {
        Value::String(_) => bounded(data)?.to_owned(),
        other => other.to_string(),
    };
    let unknown = || refusal(format!("'{algorithm}' is not one of MD5, SHA-1, SHA-256, SHA-384, SHA-512"));
    digest::hex(data.as_bytes(), algorithm).map(Value::String).ok_or_else(unknown)
}

fn merge(one: &Value, two: &Value, deep: &Value) -> Result<Value, Refusal> {
    let (Value::Object(one), Value::Object(two), Value::Bool(deep)) = (one, two, deep) else {
        return Err(None);
    };
    if *deep {
        return Err(refusal("deep merging is not supported, so the third argument must be false"));
    }
    let mut merged = one.clone();
    merged.extend(two.clone());
    let fields: Vec<(String, Value)> = merged.into_iter().collect();
    Ok(Value::Object(order::by_bucket(fields, |(name, _)| name).into_iter().collect::<Map<_, _>>()))
}

/// A whole number from `first` up to, but without, `last`.
fn random(first: i64, last: i64, seed: Option<i64>, chance: &mut dyn Chance) -> Result<Value, Refusal> {
    let (first, last) = (within(first)?, within(last)?);
    if first >= last {
        return Err(refusal("the start number must be less than the end number"));
    }
    let bound = (last - first) as u64;
    let drawn = match seed.map(Seeded::new) {
        // The seeded generator draws below 2^31; a wider range scales its fraction.
        Some(mut seeded) => match u32::try_from(bound).ok().filter(|bound| *bound <= i32::MAX as u32) {
            Some(bound) => u64::from(seeded.below(bound)),
            None => (seeded.fraction() * bound as f64) as u64,
        },
        None => uniform_below(chance, bound),
    };
    Ok((first + drawn as i64).into())
}

/// Splits at every character of the splitter; what is empty is left out.
fn split(string: &str, splitter: &str) -> Value {
    let parts = string.split(|letter| splitter.contains(letter));
    parts.filter(|part| !part.is_empty()).map(|part| Value::String(part.to_owned())).collect()
}

/// Reads JSON; a blank text is null, and a negative zero is 0.
fn parse(json: &str) -> Result<Value, Refusal> {
    if json.trim().is_empty() {
        return Ok(Value::Null);
    }
    let value: Value = serde_json::from_str(json).map_err(|_| refusal("the string is not JSON"))?;
    Ok(if json.trim() == "-0" { Value::from(0) } else { value })
}

fn refusal(reason: impl Into<String>) -> Refusal {
    Some(reason.into())
}

/// The longest text that the encoding and hashing functions take.
const MAX_CHARACTERS: usize = 10_000;

/// The longest range.
const MAX_RANGE: i128 = 1000;
