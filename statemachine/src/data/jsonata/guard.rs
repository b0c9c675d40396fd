//! Keeping an expression from growing a value without end, and watching one that failed.
//!
//! Owns two rewritings of an expression's tree. In the guarded tree, the places where a value can grow out of proportion (`&`, array
//! and object constructors, `$string`, `$join`, `$replace`, `$pad`, `$zip`) check its size before it grows further, and texts made
//! for each of many items are counted together; the engine itself bounds only depth, time and the length of sequences. In the watched tree, each call notes its name and each comparison its
//! operands, which the engine's own failures leave out. Neither changes what an expression means.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use jsonata_core::{
    ast::{AstNode, BinaryOp, Stage},
    evaluator::{Evaluator, EvaluatorError, HostFnResult},
    value::JValue,
};

use super::{MAX_BYTES, TOO_LARGE, tree, value};

/// The tree with its growing parts guarded, and how many levels of nesting the guards add at most.
pub(super) fn guarded(tree: &AstNode) -> (AstNode, usize) {
    let mut guarded = tree.clone();
    let levels = guard(&mut guarded, false);
    (guarded, levels)
}

/// Guards a node and what is below it. `repeated` is whether it runs once for each of many items, whose results are kept.
fn guard(node: &mut AstNode, repeated: bool) -> usize {
    let below = guard_children(node, repeated);
    let grows = match node {
        AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } => {
            hold_operand(lhs);
            hold_operand(rhs);
            true
        }
        AstNode::Function { name, args, is_builtin: true } => guard_call(name, args),
        _ => false,
    };
    let holds = matches!(node, AstNode::Array(_) | AstNode::Object(_)) && holds_values(node)
        || matches!(node, AstNode::Function { name, .. } if name == "zip");
    if holds {
        wrap(node, HELD);
    } else if grows && repeated {
        wrap(node, KEPT);
    }
    below + usize::from(grows) + usize::from(holds)
}

fn guard_children(node: &mut AstNode, repeated: bool) -> usize {
    let mut deepest = 0;
    match node {
        AstNode::Path { steps } => {
            for (at, step) in steps.iter_mut().enumerate() {
                deepest = deepest.max(guard_bare(&mut step.node, repeated || at > 0));
                for stage in &mut step.stages {
                    if let Stage::Filter(filter) = stage {
                        deepest = deepest.max(guard(filter, repeated));
                    }
                }
            }
        }
        // The outermost of nested constructors is guarded for all of them.
        AstNode::Array(_) | AstNode::Object(_) => {
            tree::for_each_child(node, &mut |child| deepest = deepest.max(guard_bare(child, repeated)));
        }
        AstNode::Lambda { body, .. } => deepest = guard(body, true),
        // What a reduction's function gives is not kept, but given to the next call.
        AstNode::Function { name, args, .. } if name == "reduce" => {
            for argument in args {
                deepest = deepest.max(match argument {
                    AstNode::Lambda { body, .. } => guard(body, repeated),
                    argument => guard(argument, repeated),
                });
            }
        }
        _ => tree::for_each_child(node, &mut |child| deepest = deepest.max(guard(child, repeated))),
    }
    deepest
}

/// Guards a step's node. A constructor stays bare itself: as a step it is more than a value.
fn guard_bare(node: &mut AstNode, repeated: bool) -> usize {
    match node {
        AstNode::Array(_) | AstNode::Object(_) => guard_children(node, repeated),
        node => guard(node, repeated),
    }
}

/// Guards the arguments of a call that makes a text; whether it is such a call.
fn guard_call(name: &mut String, args: &mut [AstNode]) -> bool {
    match (name.as_str(), args) {
        ("string", [value, ..]) => hold_operand(value),
        ("join", [_] | [_, _]) => name.replace_range(.., JOIN),
        ("replace", [text, _, replacement, ..])
            if !matches!(replacement, AstNode::Lambda { .. } | AstNode::Placeholder) =>
        {
            let taken = std::mem::replace(replacement, AstNode::Undefined);
            *replacement = call(THIN, vec![taken, text.clone()]);
        }
        ("pad", _) => {}
        _ => return false,
    }
    true
}

/// Whether a constructor can hold something large: anything but literals and ranges.
fn holds_values(node: &AstNode) -> bool {
    tree::children(node).into_iter().any(|child| match child {
        AstNode::Array(_) | AstNode::Object(_) => holds_values(child),
        AstNode::Binary { op: BinaryOp::Range, .. } => false,
        child => !is_literal(child),
    })
}

fn is_literal(node: &AstNode) -> bool {
    matches!(node, AstNode::String(_) | AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null | AstNode::Undefined)
}

fn hold_operand(node: &mut AstNode) {
    let chained = matches!(
        node,
        AstNode::Binary { op: BinaryOp::Concatenate, .. } | AstNode::Placeholder | AstNode::Lambda { .. }
    );
    let held = matches!(node, AstNode::Function { name, .. } if name == HELD);
    if !is_literal(node) && !chained && !held {
        wrap(node, HELD);
    }
}

fn wrap(node: &mut AstNode, name: &str) {
    let taken = std::mem::replace(node, AstNode::Undefined);
    *node = call(name, vec![taken]);
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}

/// The tree with its calls and comparisons watched.
pub(super) fn watched(tree: &AstNode) -> AstNode {
    let mut watched = tree.clone();
    watch(&mut watched);
    watched
}

fn watch(node: &mut AstNode) {
    tree::for_each_child(node, &mut watch);
    match node {
        AstNode::Function { name, args, is_builtin: true } => {
            let name = name.clone();
            if let Some(last) = args.last_mut().filter(|last| !matches!(last, AstNode::Placeholder)) {
                let taken = std::mem::replace(last, AstNode::Undefined);
                *last = call(CALLED, vec![AstNode::String(name), taken]);
            }
        }
        AstNode::Binary { op, lhs, rhs } => {
            if let Some(symbol) = compared(*op) {
                for (side, operand) in [(LEFT, lhs), (RIGHT, rhs)] {
                    let taken = std::mem::replace(&mut **operand, AstNode::Undefined);
                    **operand = call(side, vec![AstNode::String(symbol.to_owned()), taken]);
                }
            }
        }
        _ => {}
    }
}

fn compared(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::LessThan => "<",
        BinaryOp::LessThanOrEqual => "<=",
        BinaryOp::GreaterThan => ">",
        BinaryOp::GreaterThanOrEqual => ">=",
        _ => return None,
    })
}

/// What a watched evaluation did last.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Rc<RefCell<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    function: Option<String>,
    left: Vec<String>,
    compared: Option<(String, String, String)>,
}

impl Watch {
    /// The function that was called last.
    pub(super) fn function(&self) -> Option<String> {
        self.0.borrow().function.clone()
    }

    /// The two values that were compared last, as JSON, and the operator between them.
    pub(super) fn compared(&self) -> Option<(String, String, String)> {
        self.0.borrow().compared.clone()
    }
}

/// Registers the functions that the rewritten trees call.
pub(super) fn register(evaluator: &mut Evaluator, watch: Option<Watch>) -> Result<(), EvaluatorError> {
    evaluator.register_fn_override("pad", pad)?;
    let Some(watch) = watch else {
        evaluator.register_fn(HELD, held)?;
        evaluator.register_fn(JOIN, join)?;
        let total = Cell::new(0usize);
        evaluator.register_fn(KEPT, move |arguments: &[JValue]| kept(arguments, &total))?;
        return evaluator.register_fn(THIN, thin);
    };
    let (called, left, right) = (watch.clone(), watch.clone(), watch);
    evaluator.register_fn(CALLED, move |arguments: &[JValue]| {
        called.0.borrow_mut().function = arguments.first().and_then(JValue::as_str).map(str::to_owned);
        last(arguments)
    })?;
    evaluator.register_fn(LEFT, move |arguments: &[JValue]| {
        left.0.borrow_mut().left.push(shown(arguments));
        last(arguments)
    })?;
    evaluator.register_fn(RIGHT, move |arguments: &[JValue]| {
        let mut seen = right.0.borrow_mut();
        let symbol = arguments.first().and_then(JValue::as_str).unwrap_or_default().to_owned();
        seen.compared = seen.left.pop().map(|left| (left, symbol, shown(arguments)));
        last(arguments)
    })
}

fn held(arguments: &[JValue]) -> HostFnResult {
    let value = last(arguments)?;
    if value::is_too_large(&value) { Err(too_large()) } else { Ok(value) }
}

/// A text made for one of many items; together, the longer ones must stay within the memory of a machine.
fn kept(arguments: &[JValue], total: &Cell<usize>) -> HostFnResult {
    let value = last(arguments)?;
    let length = value.as_str().map_or(0, str::len);
    if length >= LONG {
        total.set(total.get() + length);
    }
    if total.get() > MAX_KEPT { Err(too_large()) } else { Ok(value) }
}

/// `$join` with its result's size known beforehand.
fn join(arguments: &[JValue]) -> HostFnResult {
    let separator = match arguments.get(1) {
        None | Some(JValue::Undefined) => "",
        Some(JValue::String(separator)) => separator,
        Some(_) => return Err(type_error("T0410: Argument 2 of function \"join\" does not match function signature")),
    };
    let items = match arguments.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(text @ JValue::String(_)) => return Ok(text.clone()),
        Some(JValue::Array(items)) => items,
        Some(_) => return Err(strings_expected()),
    };
    let texts =
        items.iter().map(|item| item.as_str().ok_or_else(strings_expected)).collect::<Result<Vec<&str>, _>>()?;
    let bytes = texts.iter().map(|text| text.len() + separator.len()).fold(0usize, usize::saturating_add);
    if bytes > MAX_BYTES + separator.len() { Err(too_large()) } else { Ok(JValue::from(texts.join(separator))) }
}

fn strings_expected() -> EvaluatorError {
    type_error("T0412: Argument 1 of function \"join\" must be an array of \"strings\"")
}

/// A replacement, unless replacing every character of the text by it would be far too large.
fn thin(arguments: &[JValue]) -> HostFnResult {
    let length = |at: usize| arguments.get(at).and_then(JValue::as_str).map_or(0, str::len);
    if length(0).saturating_mul(length(1) + 1) > MAX_BYTES * 16 {
        return Err(too_large());
    }
    arguments.first().cloned().ok_or_else(|| type_error(TOO_LARGE))
}

/// `$pad`, which fills a text on the right, or for a negative width on the left, up to a number of characters.
fn pad(arguments: &[JValue]) -> HostFnResult {
    let mismatch =
        |at: usize| type_error(&format!("T0410: Argument {at} of function \"pad\" does not match function signature"));
    let text = match arguments.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::String(text)) => text,
        Some(_) => return Err(mismatch(1)),
    };
    let width = arguments.get(1).and_then(JValue::as_f64).ok_or_else(|| mismatch(2))?.trunc();
    let filler = match arguments.get(2) {
        None | Some(JValue::Undefined) => " ",
        Some(JValue::String(filler)) if filler.is_empty() => " ",
        Some(JValue::String(filler)) => filler,
        Some(_) => return Err(mismatch(3)),
    };
    let missing = width.abs() - text.chars().count() as f64;
    if missing > MAX_BYTES as f64 {
        return Err(too_large());
    }
    let (missing, length) = (missing.max(0.0) as usize, filler.chars().count());
    let rest: String = filler.chars().take(missing % length).collect();
    let fill = filler.repeat(missing / length) + &rest;
    Ok(JValue::from(if width < 0.0 { fill + text } else { text.to_string() + &fill }))
}

fn last(arguments: &[JValue]) -> HostFnResult {
    Ok(arguments.last().cloned().unwrap_or(JValue::Undefined))
}

fn shown(arguments: &[JValue]) -> String {
    arguments
        .last()
        .filter(|value| !value::is_too_large(value))
        .and_then(|value| value.to_json_string().ok())
        .unwrap_or_default()
}

fn too_large() -> EvaluatorError {
    EvaluatorError::EvaluationError(TOO_LARGE.to_owned())
}

fn type_error(message: &str) -> EvaluatorError {
    EvaluatorError::TypeError(message.to_owned())
}

/// From how many bytes a text counts towards [`MAX_KEPT`].
const LONG: usize = 512;

/// How many bytes all the longer texts made for items may have, in one evaluation.
const MAX_KEPT: usize = MAX_BYTES * 16;

// Names that no expression can write, since a name of JSONata holds no space.
const HELD: &str = "held value";
const KEPT: &str = "kept value";
const JOIN: &str = "join within bounds";
const THIN: &str = "replacement within bounds";
const CALLED: &str = "called function";
const LEFT: &str = "left side";
const RIGHT: &str = "right side";
