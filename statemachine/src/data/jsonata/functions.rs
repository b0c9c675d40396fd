//! The functions that Step Functions adds to JSONata or takes away, and those whose clock and chance come from outside.
//!
//! Owns `$partition`, `$range`, `$hash`, `$random`, `$uuid`, `$parse`, `$now`, `$millis`, `$shuffle`, and the refusal of `$eval`. A
//! fraction in a whole argument is cut off towards zero, and several arguments that make no sense give nothing rather than fail:
//! so it is on Step Functions.

use std::{borrow::Cow, cell::RefCell, collections::BTreeSet, rc::Rc};

use jsonata_core::{
    ast::AstNode,
    evaluator::{Context, Evaluator, EvaluatorError, HostFnResult},
    parser,
    value::JValue,
};
use serde_json::{Map, Value};

use super::{TOO_LARGE, tree, value};
use crate::data::{
    chance::{Chance, Seeded, shuffle, uniform, uuid_v4},
    digest,
};

/// Registers those of the functions that an expression names.
pub(super) fn register(
    evaluator: &mut Evaluator,
    names: &BTreeSet<String>,
    now_ms: i64,
    draws: Draws,
) -> Result<(), EvaluatorError> {
    let draws = Rc::new(RefCell::new(draws));
    for name in names {
        let draws = Rc::clone(&draws);
        match name.as_str() {
            "parse" => evaluator.register_fn("parse", parse),
            "partition" => evaluator.register_fn("partition", partition),
            "range" => evaluator.register_fn("range", range),
            "hash" => evaluator.register_fn("hash", hash),
            "uuid" => evaluator.register_fn("uuid", move |arguments: &[JValue]| {
                at_most("uuid", arguments, 0)?;
                Ok(JValue::from(uuid_v4(&mut *draws.borrow_mut())))
            }),
            "random" => evaluator
                .register_fn_override("random", move |arguments: &[JValue]| random(arguments, &mut draws.borrow_mut())),
            "shuffle" => evaluator.register_fn_override("shuffle", move |arguments: &[JValue]| {
                shuffled(arguments, &mut draws.borrow_mut())
            }),
            "now" => evaluator.register_fn_override("now", move |arguments: &[JValue]| now(arguments, now_ms)),
            "millis" => evaluator.register_fn_override("millis", move |arguments: &[JValue]| {
                at_most("millis", arguments, 0)?;
                Ok(JValue::from(now_ms))
            }),
            "eval" => evaluator.register_fn_override("eval", |_: &[JValue]| {
                Err(EvaluatorError::ReferenceError("T1006: Attempted to invoke a non-function".to_owned()))
            }),
            _ => Ok(()),
        }?;
    }
    Ok(())
}

/// A tree in which an added function that is passed on as a value, as in `$map(texts, $parse)`, takes only as many arguments as
/// it has parameters.
pub(super) fn as_values<'t>(
    tree: &'t AstNode,
    names: &BTreeSet<String>,
    bindings: &Map<String, Value>,
) -> Cow<'t, AstNode> {
    let passed = ADDED.iter().filter(|(name, _)| names.contains(*name) && !bindings.contains_key(*name));
    let mut wrapped = Cow::Borrowed(tree);
    for (name, parameters) in passed {
        if used_as_value(&wrapped, name) {
            wrap(wrapped.to_mut(), name, *parameters);
        }
    }
    wrapped
}

/// Whether the name stands for the added function, somewhere other than in a call: the expression does not define it itself.
fn used_as_value(tree: &AstNode, name: &str) -> bool {
    let (mut used, mut defined) = (false, false);
    tree::visit(tree, &mut |node| match node {
        AstNode::Variable(variable) if variable == name => used = true,
        AstNode::Lambda { params, .. } => defined |= params.iter().any(|parameter| parameter == name),
        AstNode::Binary { op: jsonata_core::ast::BinaryOp::ColonEqual, lhs, .. } => {
            defined |= matches!(&**lhs, AstNode::Variable(variable) if variable == name);
        }
        _ => {}
    });
    used && !defined
}

fn wrap(node: &mut AstNode, name: &str, parameters: usize) {
    if matches!(node, AstNode::Variable(variable) if variable == name) {
        let params: Vec<String> = (0..parameters).map(|at| format!("{name}_{at}")).collect();
        let args = params.iter().cloned().map(AstNode::Variable).collect();
        let body = Box::new(AstNode::Function { name: name.to_owned(), args, is_builtin: true });
        *node = AstNode::Lambda { params, body, signature: None, thunk: false };
        return;
    }
    tree::for_each_child(node, &mut |child| wrap(child, name, parameters));
}

/// Where the random functions of one evaluation draw from: it starts from the caller's chance, and can be started again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws([u64; 2]);

impl Draws {
    /// Takes a start from the caller's chance, if the expression names a function that needs it.
    pub(super) fn for_names(names: &BTreeSet<String>, chance: &mut dyn Chance) -> Self {
        let needed = ["random", "uuid", "shuffle"].iter().any(|name| names.contains(*name));
        Self(if needed { [chance.next_u64(), chance.next_u64()] } else { [0; 2] })
    }
}

impl Chance for Draws {
    fn next_u64(&mut self) -> u64 {
        let [one, two] = &mut self.0;
        *one = one.wrapping_add(0x9e37_79b9_7f4a_7c15);
        *two = two.wrapping_add(0xd1b5_4a32_d192_ed03);
        mix(*one).wrapping_add(mix(*two).rotate_left(32))
    }
}

fn mix(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

fn parse(arguments: &[JValue]) -> HostFnResult {
    at_most("parse", arguments, 1)?;
    let text = match arguments.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::String(text)) => text,
        Some(_) => return Err(mismatch("parse", 1)),
    };
    let value = strict::from_str(text).map_err(|_| refusal("Invalid JSON"))?;
    Ok(value::from_json(&value))
}

fn partition(arguments: &[JValue]) -> HostFnResult {
    at_most("partition", arguments, 2)?;
    let single;
    let items: &[JValue] = match arguments.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::Array(items)) => items,
        Some(JValue::Null) => {
            return Err(EvaluatorError::TypeError(
                "T0412: Argument 1 of function \"partition\" must be an array".to_owned(),
            ));
        }
        Some(other) => {
            single = [other.clone()];
            &single
        }
    };
    let size = match arguments.get(1) {
        None | Some(JValue::Undefined) => items.len() as f64,
        Some(_) => number("partition", arguments, 1)?,
    };
    if size < 0.0 {
        return Err(refusal("Second argument must be zero or greater"));
    }
    if size == 0.0 || items.is_empty() {
        return Ok(JValue::Undefined);
    }
    Ok(JValue::array(items.chunks(size as usize).map(|chunk| JValue::array(chunk.to_vec())).collect()))
}

fn range(arguments: &[JValue]) -> HostFnResult {
    at_most("range", arguments, 3)?;
    let (first, last) = (number("range", arguments, 0)?, number("range", arguments, 1)?);
    let step = match arguments.get(2) {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(_) => number("range", arguments, 2)?,
    };
    if step == 0.0 || (last - first) * step < 0.0 {
        return Ok(JValue::Undefined);
    }
    let count = ((last - first) / step).floor() + 1.0;
    if count > MAX_RANGE {
        return Err(EvaluatorError::EvaluationError(TOO_LARGE.to_owned()));
    }
    // As with `$partition`, one item alone stays in its array.
    Ok(JValue::array((0..count as u64).map(|at| JValue::from(first + at as f64 * step)).collect()))
}

fn hash(arguments: &[JValue]) -> HostFnResult {
    at_most("hash", arguments, 2)?;
    let text = match arguments.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::String(text)) => text,
        Some(_) => return Err(mismatch("hash", 1)),
    };
    let algorithm = match arguments.get(1) {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::String(algorithm)) => algorithm,
        Some(_) => return Err(mismatch("hash", 2)),
    };
    let unknown = || refusal(&format!("{algorithm} is not a supported hash algorithm"));
    digest::hex(text.as_bytes(), algorithm).map(JValue::from).ok_or_else(unknown)
}

fn random(arguments: &[JValue], draws: &mut Draws) -> HostFnResult {
    at_most("random", arguments, 1)?;
    Ok(JValue::from(match arguments.first() {
        None | Some(JValue::Undefined) => uniform(draws),
        Some(_) => Seeded::new(number("random", arguments, 0)? as i64).fraction(),
    }))
}

fn shuffled(arguments: &[JValue], draws: &mut Draws) -> HostFnResult {
    at_most("shuffle", arguments, 1)?;
    match arguments.first() {
        None | Some(JValue::Undefined) => Ok(JValue::Undefined),
        Some(JValue::Array(items)) if items.len() > 1 => {
            let mut items: Vec<JValue> = items.to_vec();
            shuffle(&mut items, draws);
            Ok(JValue::sequence(items))
        }
        Some(JValue::Array(items)) => Ok(JValue::Array(items.clone())),
        Some(other) => Ok(JValue::array(vec![other.clone()])),
    }
}

/// The time that was passed in, in the format that `$fromMillis` gives or takes.
fn now(arguments: &[JValue], now_ms: i64) -> HostFnResult {
    at_most("now", arguments, 2)?;
    let mut context = Context::new();
    context.bind("at".to_owned(), JValue::from(now_ms));
    for (name, argument) in ["picture", "zone"].iter().zip(arguments) {
        context.bind((*name).to_owned(), argument.clone());
    }
    let call = match arguments.len() {
        0 => "$fromMillis($at)",
        1 => "$fromMillis($at, $picture)",
        _ => "$fromMillis($at, $picture, $zone)",
    };
    let tree = parser::parse(call).map_err(|error| EvaluatorError::EvaluationError(error.to_string()))?;
    Evaluator::with_context(context).evaluate(&tree, &JValue::Undefined)
}

fn number(function: &str, arguments: &[JValue], at: usize) -> Result<f64, EvaluatorError> {
    arguments.get(at).and_then(JValue::as_f64).map(f64::trunc).ok_or_else(|| mismatch(function, at + 1))
}

fn at_most(function: &str, arguments: &[JValue], most: usize) -> Result<(), EvaluatorError> {
    if arguments.len() > most { Err(mismatch(function, most + 1)) } else { Ok(()) }
}

fn mismatch(function: &str, argument: usize) -> EvaluatorError {
    EvaluatorError::TypeError(format!(
        "T0410: Argument {argument} of function \"{function}\" does not match function signature"
    ))
}

fn refusal(message: &str) -> EvaluatorError {
    EvaluatorError::EvaluationError(format!("D3137: {message}"))
}

/// The added functions and how many arguments each takes when it is passed on as a value.
const ADDED: [(&str, usize); 6] =
    [("hash", 2), ("parse", 1), ("partition", 2), ("random", 1), ("range", 3), ("uuid", 0)];

/// The most items that `$range` makes.
const MAX_RANGE: f64 = 360_145.0;

/// Reading JSON without leniency: a name that comes twice in an object is an error.
mod strict {
    use std::fmt;

    use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
    use serde_json::{Map, Number, Value};

    /// Reads one JSON value.
    pub(super) fn from_str(text: &str) -> serde_json::Result<Value> {
        serde_json::from_str::<Strict>(text).map(|strict| strict.0)
    }

    struct Strict(Value);

    impl<'de> Deserialize<'de> for Strict {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Seed.deserialize(deserializer).map(Self)
        }
    }

    struct Seed;

    impl<'de> DeserializeSeed<'de> for Seed {
        type Value = Value;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
            deserializer.deserialize_any(self)
        }
    }

    impl<'de> Visitor<'de> for Seed {
        type Value = Value;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("JSON")
        }

        fn visit_unit<E: Error>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }

        fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
            Ok(Value::Bool(value))
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
            Ok(value.into())
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
            Ok(value.into())
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
            Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
        }

        fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
            Ok(value.into())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
            let mut array = Vec::new();
            while let Some(item) = items.next_element_seed(Self)? {
                array.push(item);
            }
            Ok(Value::Array(array))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
            let mut object = Map::new();
            while let Some(name) = members.next_key::<String>()? {
                let value = members.next_value_seed(Self)?;
                if object.insert(name, value).is_some() {
                    return Err(A::Error::custom("a name comes twice"));
                }
            }
            Ok(Value::Object(object))
        }
    }
}
