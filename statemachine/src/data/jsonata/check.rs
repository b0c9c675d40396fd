//! What is wrong with an expression before it runs.
//!
//! Owns the two refusals that a definition gets for its JSONata: an expression that cannot be read, and one that reads a context
//! item. There is none: the input is `$states.input`, a variable is `$name`, so a bare name, `$` or `$$` at the top level means nothing.

use jsonata_core::ast::AstNode;
use serde_json::Value;

use super::{JsonataError, expression, is_expression, source, tree};

/// A problem of a template, found without evaluating it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The JSON pointer of the expression within the template.
    pub pointer: String,
    /// The diagnostic's code: `INVALID_JSONATA_EXPRESSION` or `UNSUPPORTED_JSONATA_EXPRESSION`.
    pub code: &'static str,
    /// What is wrong, as Step Functions words it.
    pub message: String,
}

/// The problems of a template's expressions, each with its JSON pointer and message.
pub fn check(template: &Value) -> Vec<(String, String)> {
    problems(template).into_iter().map(|problem| (problem.pointer, problem.message)).collect()
}

/// The problems of a template's expressions, with the codes of their diagnostics.
///
/// ```
/// use serde_json::json;
/// use statemachine::data::jsonata::problems;
///
/// let found = problems(&json!({ "total": "{% phone %}" }));
/// assert_eq!(found[0].pointer, "/total");
/// assert_eq!(found[0].message, "Reference to 'phone' at the top level is not supported.");
/// ```
pub fn problems(template: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    each_expression(template, String::new(), &mut |pointer, text| {
        problems.extend(problems_of(text).into_iter().map(|(code, message)| Problem {
            pointer: pointer.to_owned(),
            code,
            message,
        }));
    });
    problems
}

/// The names that a template's expressions read or call, without `$`, in order of appearance; `states` and functions among them.
pub fn variables(template: &Value) -> Vec<String> {
    let mut names = Vec::new();
    each_expression(template, String::new(), &mut |_, text| {
        let Ok(expression) = expression::parsed(text) else { return };
        tree::visit(&expression.tree, &mut |node| match node {
            AstNode::Variable(name) if !name.is_empty() && !names.contains(name) => names.push(name.clone()),
            _ => {}
        });
    });
    names
}

/// The members of `$states` that a template's expressions read, each with the JSON pointer of its expression.
pub fn states_members(template: &Value) -> Vec<(String, String)> {
    let mut members: Vec<(String, String)> = Vec::new();
    each_expression(template, String::new(), &mut |pointer, text| {
        let Ok(expression) = expression::parsed(text) else { return };
        tree::visit(&expression.tree, &mut |node| {
            let AstNode::Path { steps } = node else { return };
            let Some((first, second)) = steps.first().zip(steps.get(1)) else { return };
            if let (AstNode::Variable(root), AstNode::Name(member)) = (&first.node, &second.node)
                && root == "states"
            {
                let read = (pointer.to_owned(), member.clone());
                if !members.contains(&read) {
                    members.push(read);
                }
            }
        });
    });
    members
}

fn each_expression(template: &Value, pointer: String, see: &mut dyn FnMut(&str, &str)) {
    match template {
        Value::String(text) if is_expression(text) => see(&pointer, source(text)),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                each_expression(item, format!("{pointer}/{at}"), see);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                each_expression(value, format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), see);
            }
        }
        _ => {}
    }
}

fn problems_of(source: &str) -> Vec<(&'static str, String)> {
    match expression::parsed(source) {
        Err(JsonataError::Coded { message, .. } | JsonataError::Uncoded { message }) => vec![(INVALID, message)],
        Err(JsonataError::Unsupported) => Vec::new(),
        Ok(expression) => {
            let mut messages = Vec::new();
            tree::visit(&expression.tree, &mut |node| {
                if matches!(node, AstNode::ParentVariable(_)) {
                    push(&mut messages, String::from("Reference to '$$' is not supported."));
                }
            });
            top_level(&expression.tree, &mut |name| {
                push(&mut messages, format!("Reference to '{name}' at the top level is not supported."));
            });
            messages.into_iter().map(|message| (UNSUPPORTED, message)).collect()
        }
    }
}

fn push(messages: &mut Vec<String>, message: String) {
    if !messages.contains(&message) {
        messages.push(message);
    }
}

/// Calls `see` with each name that reads the context item of the expression as a whole.
///
/// Only the first step of a path does; its later steps, its filters, the terms of a sort and the pairs of a grouping read items.
fn top_level(node: &AstNode, see: &mut dyn FnMut(&str)) {
    match node {
        AstNode::Name(name) => see(name),
        AstNode::Variable(name) if name.is_empty() => see("$"),
        AstNode::Wildcard => see("*"),
        AstNode::Descendant => see("**"),
        AstNode::Path { steps } => {
            if let Some(first) = steps.first() {
                top_level(&first.node, see);
            }
        }
        AstNode::ObjectTransform { input, .. } | AstNode::Sort { input, .. } => top_level(input, see),
        AstNode::Transform { .. } => {}
        // A name called as a function is refused when it runs, as a call of a non-function.
        AstNode::Call { procedure, args } => {
            if !matches!(&**procedure, AstNode::Name(_)) {
                top_level(procedure, see);
            }
            args.iter().for_each(|argument| top_level(argument, see));
        }
        node => tree::children(node).into_iter().for_each(|child| top_level(child, see)),
    }
}

/// The code of an expression that cannot be read.
const INVALID: &str = "INVALID_JSONATA_EXPRESSION";

/// The code of an expression that reads a context item.
const UNSUPPORTED: &str = "UNSUPPORTED_JSONATA_EXPRESSION";
