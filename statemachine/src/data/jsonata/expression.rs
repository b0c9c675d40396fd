//! A parsed expression and what is known of it before it runs.
//!
//! Owns the cache of parsed expressions: a state machine evaluates the same few over and over; and the language's version. Step
//! Functions speaks JSONata 2.0.6, which does not know `??` and `?:` yet: they are refused as it refuses them.

use std::{collections::BTreeSet, rc::Rc};

use jsonata_core::{
    ast::{AstNode, BinaryOp},
    parser::{self},
};

use super::{JsonataError, PARSED, guard, tree, wording};

/// A parsed expression.
pub(super) struct Expression {
    /// The tree as it was written.
    pub(super) tree: AstNode,
    /// The tree with its growing parts guarded.
    pub(super) guarded: AstNode,
    /// How many levels the guards add at most.
    pub(super) extra_depth: usize,
    /// The variables and functions it names, without `$`.
    pub(super) names: BTreeSet<String>,
    /// Its steps, if it is nothing but a variable and names: it can be looked up without the engine.
    pub(super) plain_path: Option<Vec<String>>,
}

/// Reads an expression, or finds it among those read before.
pub(super) fn parsed(source: &str) -> Result<Rc<Expression>, JsonataError> {
    if let Some(known) = PARSED.with_borrow(|known| known.get(source).cloned()) {
        return Ok(known);
    }
    let expression = Rc::new(read(source)?);
    PARSED.with_borrow_mut(|known| {
        if known.len() >= CACHED {
            known.clear();
        }
        known.insert(source.to_owned(), Rc::clone(&expression));
    });
    Ok(expression)
}

/// Reads an expression.
fn read(source: &str) -> Result<Expression, JsonataError> {
    if source.len() > MAX_SOURCE {
        return Err(JsonataError::uncoded(format!(
            "the expression has {} bytes, and at most {MAX_SOURCE} are read",
            source.len()
        )));
    }
    let tree = parser::parse(source).map_err(|error| wording::of_syntax(&error.to_string(), source))?;
    let mut names = BTreeSet::new();
    let mut newer = None;
    tree::visit(&tree, &mut |node| match node {
        AstNode::Variable(name) | AstNode::Function { name, .. } => {
            names.insert(name.clone());
        }
        AstNode::Binary { op: BinaryOp::Coalesce, .. } => newer = newer.or(Some('?')),
        AstNode::Binary { op: BinaryOp::Default, .. } => newer = newer.or(Some(':')),
        _ => {}
    });
    if let Some(symbol) = newer {
        return Err(JsonataError::Coded {
            code: "S0211".to_owned(),
            message: format!("The symbol \"{symbol}\" cannot be used as a unary operator"),
        });
    }
    let (guarded, extra_depth) = guard::guarded(&tree);
    let plain_path = plain_path(&tree);
    Ok(Expression { tree, guarded, extra_depth, names, plain_path })
}

fn plain_path(tree: &AstNode) -> Option<Vec<String>> {
    let AstNode::Path { steps } = tree else {
        return match tree {
            AstNode::Variable(name) if !name.is_empty() => Some(vec![name.clone()]),
            _ => None,
        };
    };
    let plain = |step: &jsonata_core::ast::PathStep| {
        step.stages.is_empty() && step.focus.is_none() && step.index_var.is_none() && !step.is_tuple
    };
    if !steps.iter().all(plain) {
        return None;
    }
    let (first, rest) = steps.split_first()?;
    let mut path = match &first.node {
        AstNode::Variable(name) if !name.is_empty() => vec![name.clone()],
        _ => return None,
    };
    for step in rest {
        match &step.node {
            AstNode::Name(name) => path.push(name.clone()),
            _ => return None,
        }
    }
    Some(path)
}

/// How many expressions are kept.
const CACHED: usize = 512;

/// The longest expression that is read at all.
const MAX_SOURCE: usize = 256 * 1024;
