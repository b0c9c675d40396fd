//! Reading untyped parameters, so that all their problems are found in one go.
//!
//! Owns the bookkeeping: which parameters were asked for, and what was wrong with each.

use serde_json::{Map, Value};

use super::bounded::Bounded;
use super::configuration::Configuration;
use super::{Action, ActionName, ActionProblem};
use crate::twin::Node;

/// The parameters of one proposed action, and the problems found in them so far.
pub(super) struct Parameters<'a> {
    action: ActionName,
    fields: &'a Map<String, Value>,
    asked: Vec<&'static str>,
    problems: Vec<ActionProblem>,
}

impl<'a> Parameters<'a> {
    pub(super) fn of(action: ActionName, parameters: &'a Value) -> Result<Self, Vec<ActionProblem>> {
        let fields = parameters.as_object().ok_or_else(|| vec![ActionProblem::NotAnObject { action }])?;
        Ok(Self { action, fields, asked: Vec::new(), problems: Vec::new() })
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, parameter: &'static str) -> Option<String> {
        match self.ask(parameter) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Some(other) => self.wrong_type(parameter, "a text that is not empty", other),
            None => self.missing(parameter),
        }
    }

    /// A whole number within the bounds of its type.
    pub(super) fn number<const MIN: u32, const MAX: u32>(
        &mut self,
        parameter: &'static str,
    ) -> Option<Bounded<MIN, MAX>> {
        let number = match self.ask(parameter) {
            Some(Value::Number(number)) if number.is_i64() => number.as_i64()?,
            // Above what fits, it is out of bounds and not of another type.
            Some(Value::Number(number)) if number.is_u64() => i64::MAX,
            Some(other) => return self.wrong_type(parameter, "a whole number", other),
            None => return self.missing(parameter),
        };
        match Bounded::new(number) {
            Ok(bounded) => Some(bounded),
            Err(out) => self.refuse(ActionProblem::OutOfBounds {
                parameter,
                value: out.value,
                min: MIN,
                max: MAX,
                because: String::new(),
            }),
        }
    }

    /// A parameter that repeats the target: it may be left out, but not name another one.
    pub(super) fn target(&mut self, parameter: &'static str, expected: &str) {
        match self.ask(parameter) {
            None => {}
            Some(Value::String(found)) if found == expected => {}
            Some(Value::String(found)) => {
                let (expected, found) = (expected.to_owned(), found.clone());
                self.problems.push(ActionProblem::OtherTarget { parameter, expected, found });
            }
            Some(other) => {
                self.wrong_type::<()>(parameter, "a text", other);
            }
        }
    }

    /// Checks that the configuration is the target's own.
    pub(super) fn configuration(&mut self, current: &Configuration, node: &Node) {
        if !current.is_of(node) {
            self.problems
                .push(ActionProblem::OtherConfiguration { expected: node.name().to_owned(), found: current.name() });
        }
    }

    /// Notes a problem.
    pub(super) fn refuse<T>(&mut self, problem: ActionProblem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// Notes a problem when something holds.
    pub(super) fn refuse_if(&mut self, holds: bool, problem: impl FnOnce() -> ActionProblem) {
        if holds {
            self.problems.push(problem());
        }
    }

    /// Hands the action out, or all problems.
    pub(super) fn finish(mut self, action: Option<Action>) -> Result<Action, Vec<ActionProblem>> {
        for parameter in self.fields.keys().filter(|key| !self.asked.contains(&key.as_str())) {
            self.problems.push(ActionProblem::UnknownParameter { action: self.action, parameter: parameter.clone() });
        }
        match action {
            Some(action) if self.problems.is_empty() => Ok(action),
            _ => Err(self.problems),
        }
    }

    fn ask(&mut self, parameter: &'static str) -> Option<&'a Value> {
        self.asked.push(parameter);
        self.fields.get(parameter)
    }

    fn missing<T>(&mut self, parameter: &'static str) -> Option<T> {
        self.refuse(ActionProblem::MissingParameter { action: self.action, parameter })
    }

    fn wrong_type<T>(&mut self, parameter: &'static str, expected: &'static str, found: &Value) -> Option<T> {
        let found: String = found.to_string().chars().take(80).collect();
        self.refuse(ActionProblem::WrongType { parameter, expected, found })
    }
}
