//! Walking an expression's tree.
//!
//! Owns the knowledge of which node has which children, for those who look at trees and those who change them.

use jsonata_core::ast::{AstNode, PathStep, Stage};

/// Calls `see` for a node and everything below it, parents first.
pub(super) fn visit<'t>(node: &'t AstNode, see: &mut dyn FnMut(&'t AstNode)) {
    see(node);
    for child in children(node) {
        visit(child, see);
    }
}

/// A node's children, in the order in which they are written.
pub(super) fn children(node: &AstNode) -> Vec<&AstNode> {
    match node {
        AstNode::Path { steps } => steps.iter().flat_map(step_children).collect(),
        AstNode::Binary { lhs, rhs, .. } => vec![lhs, rhs],
        AstNode::Unary { operand, .. } => vec![operand],
        AstNode::Function { args, .. } => args.iter().collect(),
        AstNode::Call { procedure, args } => std::iter::once(&**procedure).chain(args).collect(),
        AstNode::Lambda { body, .. } => vec![body],
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => items.iter().collect(),
        AstNode::Object(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        AstNode::ObjectTransform { input, pattern } => {
            std::iter::once(&**input).chain(pattern.iter().flat_map(|(key, value)| [key, value])).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            [&**condition, &**then_branch].into_iter().chain(else_branch.as_deref()).collect()
        }
        AstNode::FunctionApplication(inner) => vec![inner],
        AstNode::Sort { input, terms } => std::iter::once(&**input).chain(terms.iter().map(|(term, _)| term)).collect(),
        AstNode::Transform { location, update, delete } => {
            [&**location, &**update].into_iter().chain(delete.as_deref()).collect()
        }
        _ => Vec::new(),
    }
}

/// The nodes of a path's step: its own, and those of its filters.
pub(super) fn step_children(step: &PathStep) -> Vec<&AstNode> {
    let filters = step.stages.iter().filter_map(|stage| match stage {
        Stage::Filter(filter) => Some(&**filter),
        Stage::KeepArray | Stage::Index(_) => None,
    });
    std::iter::once(&step.node).chain(filters).collect()
}

/// Calls `change` for each child of a node.
pub(super) fn for_each_child(node: &mut AstNode, change: &mut dyn FnMut(&mut AstNode)) {
    match node {
        AstNode::Path { steps } => {
            for step in steps {
                change(&mut step.node);
                for stage in &mut step.stages {
                    if let Stage::Filter(filter) = stage {
                        change(filter);
                    }
                }
            }
        }
        AstNode::Binary { lhs, rhs, .. } => {
            change(lhs);
            change(rhs);
        }
        AstNode::Unary { operand, .. } => change(operand),
        AstNode::Function { args, .. } => args.iter_mut().for_each(change),
        AstNode::Call { procedure, args } => {
            change(procedure);
            args.iter_mut().for_each(change);
        }
        AstNode::Lambda { body, .. } => change(body),
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => items.iter_mut().for_each(change),
        AstNode::Object(pairs) => each_pair(pairs, change),
        AstNode::ObjectTransform { input, pattern } => {
            change(input);
            each_pair(pattern, change);
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            change(condition);
            change(then_branch);
            if let Some(branch) = else_branch {
                change(branch);
            }
        }
        AstNode::FunctionApplication(inner) => change(inner),
        AstNode::Sort { input, terms } => {
            change(input);
            terms.iter_mut().for_each(|(term, _)| change(term));
        }
        AstNode::Transform { location, update, delete } => {
            change(location);
            change(update);
            if let Some(delete) = delete {
                change(delete);
            }
        }
        _ => {}
    }
}

fn each_pair(pairs: &mut [(AstNode, AstNode)], change: &mut dyn FnMut(&mut AstNode)) {
    for (key, value) in pairs {
        change(key);
        change(value);
    }
}
