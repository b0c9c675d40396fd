//! What an expression in a state may see: the context object and the variables.

use serde_json::{Map, Value, json};

use crate::{
    data::{Chance, DataError, Env, RUNTIME, intrinsic, jsonata, jsonpath},
    definition::StateKind,
    execution::Path,
    record::Millis,
    state::{View, runtime},
};

/// The context object and the variables, as one moment has them.
pub(crate) struct Scope {
    pub(crate) context: Value,
    pub(crate) variables: Map<String, Value>,
}

impl View<'_> {
    /// The scope of the state's expressions.
    pub(crate) fn scope(&self) -> Scope {
        Scope { context: self.context(), variables: self.variables() }
    }

    /// Inner variables cover outer ones.
    fn variables(&self) -> Map<String, Value> {
        let mut lines: Vec<&Path> = vec![self.path];
        while let Some(parent) = lines.last().and_then(|path| path.parent).and_then(|id| self.execution.paths.get(&id))
        {
            lines.push(parent);
        }
        let outer_first = lines.into_iter().rev();
        outer_first
            .flat_map(|path| path.variables.iter().map(|(name, value)| (name.clone(), Value::clone(value))))
            .filter(|(name, _)| name != OWN_CONTEXT)
            .collect()
    }

    fn context(&self) -> Value {
        if let Some(own) = self.path.variables.get(OWN_CONTEXT) {
            return Value::clone(own);
        }
        let execution = self.execution;
        let identity = &execution.identity;
        let input = execution.input.map(|id| execution.value(id)).unwrap_or_default();
        let mut context = json!({
            "Execution": {
                "Id": identity.execution_arn,
                "Input": input,
                "StartTime": timestamp(execution.started_at),
                "Name": identity.name,
                "RoleArn": identity.role_arn,
                "RedriveCount": execution.redrives().len(),
            },
            "StateMachine": { "Id": identity.state_machine_arn, "Name": identity.state_machine_name },
            "State": { "Name": self.state.name, "EnteredTime": timestamp(self.visit.entered_at) },
        });
        if let Some(last) = execution.redrives().last() {
            context["Execution"]["RedriveTime"] = json!(timestamp(last.at));
        }
        if matches!(self.state.kind, StateKind::Task(_) | StateKind::Parallel { .. } | StateKind::Map(_)) {
            context["State"]["RetryCount"] = json!(self.visit.retry_count);
        }
        if let Some(item) = self.item() {
            context["Map"] = json!({ "Item": { "Index": item.index, "Value": *item.value } });
        }
        context
    }

    /// The item of the innermost Map around the state.
    fn item(&self) -> Option<&crate::execution::Item> {
        let mut path = self.path;
        loop {
            if let Some(item) = &path.item {
                return Some(item);
            }
            path = self.execution.paths.get(&path.parent?)?;
        }
    }
}

impl Scope {
    /// What a JSONPath sees, with `$` as given.
    pub(crate) fn env<'a>(&'a self, input: &'a Value) -> Env<'a> {
        Env { input, context: &self.context, variables: &self.variables }
    }

    /// What a JSONata expression sees.
    pub(crate) fn bindings(&self, input: &Value, result: Option<&Value>, error: Option<&Value>) -> Map<String, Value> {
        let mut states = Map::new();
        states.insert("input".to_owned(), input.clone());
        states.insert("context".to_owned(), self.context.clone());
        if let Some(result) = result {
            states.insert("result".to_owned(), result.clone());
        }
        if let Some(error) = error {
            states.insert("errorOutput".to_owned(), error.clone());
        }
        let mut bindings = self.variables.clone();
        bindings.insert("states".to_owned(), Value::Object(states));
        bindings
    }

    /// The value of a path, or of an intrinsic function call where one is written.
    pub(crate) fn read(&self, text: &str, input: &Value, chance: &mut dyn Chance) -> Result<Value, DataError> {
        let env = self.env(input);
        if text.starts_with("States.") {
            let call = intrinsic::Call::parse(text).map_err(|error| DataError::new(RUNTIME, error.to_string()))?;
            return intrinsic::evaluate(&call, &env, chance);
        }
        let path = jsonpath::Path::parse(text).map_err(|error| DataError::new(RUNTIME, error.to_string()))?;
        jsonpath::select(&path, &env).map_err(|error| runtime(error.invalid_path(&path)))
    }

    /// The value of a JSONata template.
    pub(crate) fn compute(
        &self,
        field: &str,
        template: &Value,
        bindings: &Map<String, Value>,
        now: Millis,
        chance: &mut dyn Chance,
    ) -> Result<Value, DataError> {
        jsonata::evaluate_template(template, field, bindings, now, chance)
    }
}

/// A time as the context object writes it, `2026-01-31T12:00:00.000Z`.
pub(crate) fn timestamp(at: Millis) -> String {
    let time = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    format!("{time:.3}")
}

/// The variable in which a path brings a context object along, to be seen instead of the execution's.
///
/// INVARIANT: the name is reserved, so that no definition assigns it; only a state under test has it.
pub(crate) const OWN_CONTEXT: &str = "states";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(timestamp(1_553_631_253_192), "2019-03-26T20:14:13.192Z");
        assert_eq!(timestamp(1_553_631_253_000), "2019-03-26T20:14:13.000Z");
    }
}
