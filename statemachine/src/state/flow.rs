//! How data enters and leaves a state, in both query languages.
//!
//! ```text
//!   JSONPath   input ─ InputPath ─ Parameters ─► work ─ ResultSelector ─ ResultPath ─ OutputPath ─► output
//!   JSONata    input ─ Arguments ──────────────► work ─ Output ───────────────────────────────────► output
//! ```
//!
//! What nothing touches stays the text it was: the history shows it verbatim.

use serde_json::{Map, Value};

use crate::{
    data::{DataError, reference::ReferencePath, template},
    definition::{Catcher, QueryLanguage, Reach, Source},
    execution::Draft,
    record::PayloadId,
    state::{DATA_LIMIT_EXCEEDED, LARGEST_PAYLOAD, Scope, View, runtime, too_large_a_result},
};

/// A document: a payload as it is kept, or a value just made.
#[derive(Debug, Clone)]
pub(crate) enum Doc {
    Kept(PayloadId),
    Made(Value),
}

/// What a state hands on.
#[derive(Debug)]
pub(crate) struct Shaped {
    pub(crate) output: PayloadId,
    pub(crate) assigned: Vec<(String, PayloadId)>,
}

/// What makes the output and the variables in JSONata: each template with the name that a failure gives its field.
#[derive(Debug)]
pub(crate) struct Fields<'t> {
    pub(crate) output: Option<(String, &'t Value)>,
    pub(crate) assign: Option<(String, &'t Value)>,
}

impl<'t> Fields<'t> {
    /// The two fields of what stands at a place in the state; the state itself is at none.
    pub(crate) fn within(place: &str, output: Option<&'t Value>, assign: Option<&'t Value>) -> Self {
        let named = |name: &str, template| (format!("{place}{name}"), template);
        Self {
            output: output.map(|template| named("Output", template)),
            assign: assign.map(|template| named("Assign", template)),
        }
    }
}

impl Doc {
    /// The document's value.
    pub(crate) fn value(&self, draft: &Draft<'_>) -> Value {
        match self {
            Self::Kept(id) => serde_json::from_str(draft.text(*id)).unwrap_or_default(),
            Self::Made(value) => value.clone(),
        }
    }

    /// The document as text: what is kept, as it was.
    pub(crate) fn text(&self, draft: &Draft<'_>) -> String {
        match self {
            Self::Kept(id) => draft.text(*id).to_owned(),
            Self::Made(value) => value.to_string(),
        }
    }

    /// The document as a payload.
    pub(crate) fn payload(&self, draft: &mut Draft<'_>) -> PayloadId {
        match self {
            Self::Kept(id) => *id,
            Self::Made(value) => draft.payload(&value.to_string()),
        }
    }
}

impl View<'_> {
    /// The raw input.
    pub(crate) fn input(&self) -> Doc {
        Doc::Kept(self.visit.input)
    }

    /// The input after `InputPath`; in JSONata the raw input.
    pub(crate) fn effective_input(&self, scope: &Scope, draft: &mut Draft<'_>) -> Result<Doc, DataError> {
        self.reach(&self.state.flow.input_path, self.input(), scope, draft)
    }

    /// What the state works on: `Parameters` or `Arguments`, else the effective input.
    pub(crate) fn arguments(&self, scope: &Scope, draft: &mut Draft<'_>) -> Result<Doc, DataError> {
        let flow = &self.state.flow;
        match (self.state.query_language, &flow.parameters, &flow.arguments) {
            (QueryLanguage::Jsonata, _, Some(arguments)) => {
                let bindings = scope.bindings(&self.input().value(draft), None, None);
                Ok(Doc::Made(scope.compute("Arguments", arguments, &bindings, draft.now, draft.chance)?))
            }
            (QueryLanguage::JsonPath, Some(parameters), _) => {
                let input = self.effective_input(scope, draft)?.value(draft);
                Ok(Doc::Made(template::evaluate(parameters, &scope.env(&input), draft.chance)?))
            }
            _ => self.effective_input(scope, draft),
        }
    }

    /// The output and the variables that follow from a result; `None` for a state that has none of its own.
    pub(crate) fn shape(&self, result: Option<Doc>, draft: &mut Draft<'_>) -> Result<Shaped, DataError> {
        match self.state.query_language {
            QueryLanguage::JsonPath => self.shape_by_paths(result, self.state.flow.assign.as_ref(), draft),
            QueryLanguage::Jsonata => self.shape_by_jsonata(self.own_fields(), result, None, draft),
        }
    }

    /// The state's own `Output` and `Assign`.
    pub(crate) fn own_fields(&self) -> Fields<'_> {
        Fields::within("", self.state.flow.output.as_ref(), self.state.flow.assign.as_ref())
    }

    /// As [`View::shape`] without a result, with another `Assign` than the state's.
    pub(crate) fn shape_with(&self, assign: Option<&Value>, draft: &mut Draft<'_>) -> Result<Shaped, DataError> {
        self.shape_by_paths(None, assign, draft)
    }

    fn shape_by_paths(
        &self,
        result: Option<Doc>,
        assign: Option<&Value>,
        draft: &mut Draft<'_>,
    ) -> Result<Shaped, DataError> {
        let scope = self.scope();
        let (seen, combined) = match result {
            None => {
                let input = self.effective_input(&scope, draft)?;
                (input.clone(), input)
            }
            Some(result) => {
                let selected = self.selected(result, &scope, draft)?;
                (selected.clone(), self.combined(selected, draft)?)
            }
        };
        self.concluded(&seen, combined, assign, &scope, draft)
    }

    /// A result after `ResultSelector`.
    pub(crate) fn selected(&self, result: Doc, scope: &Scope, draft: &mut Draft<'_>) -> Result<Doc, DataError> {
        match &self.state.flow.result_selector {
            Some(selector) => {
                Ok(Doc::Made(template::evaluate(selector, &scope.env(&result.value(draft)), draft.chance)?))
            }
            None => Ok(result),
        }
    }

    /// A selected result after `ResultPath`.
    pub(crate) fn combined(&self, selected: Doc, draft: &mut Draft<'_>) -> Result<Doc, DataError> {
        self.combine(&self.state.flow.result_path, selected, draft)
    }

    /// What the state hands on: the variables that follow from what it saw, and what `OutputPath` leaves.
    pub(crate) fn concluded(
        &self,
        seen: &Doc,
        combined: Doc,
        assign: Option<&Value>,
        scope: &Scope,
        draft: &mut Draft<'_>,
    ) -> Result<Shaped, DataError> {
        let assigned = match assign {
            Some(assign) => {
                let values = template::evaluate(assign, &scope.env(&seen.value(draft)), draft.chance)?;
                self.variables_of(values, draft)?
            }
            None => Vec::new(),
        };
        let output = self.reach(&self.state.flow.output_path, combined, scope, draft)?;
        Ok(Shaped { output: self.limited(&output, draft)?, assigned })
    }

    /// `Output` and `Assign` of a state, a choice rule or a catcher in JSONata.
    pub(crate) fn shape_by_jsonata(
        &self,
        fields: Fields<'_>,
        result: Option<Doc>,
        error: Option<&Value>,
        draft: &mut Draft<'_>,
    ) -> Result<Shaped, DataError> {
        let mut assigned = Vec::new();
        let mut made = None;
        if fields.output.is_some() || fields.assign.is_some() {
            let scope = self.scope();
            let result = result.as_ref().map(|result| result.value(draft));
            let bindings = scope.bindings(&self.input().value(draft), result.as_ref(), error);
            if let Some((field, assign)) = fields.assign {
                let values = scope.compute(&field, assign, &bindings, draft.now, draft.chance)?;
                assigned = self.variables_of(values, draft)?;
            }
            if let Some((field, output)) = fields.output {
                made = Some(Doc::Made(scope.compute(&field, output, &bindings, draft.now, draft.chance)?));
            }
        }
        let kept = || error.map(|error| Doc::Made(error.clone())).or(result).unwrap_or_else(|| self.input());
        let output = made.unwrap_or_else(kept);
        Ok(Shaped { output: self.limited(&output, draft)?, assigned })
    }

    /// The output and the variables of the catcher at a place in `Catch`.
    pub(crate) fn catch(
        &self,
        place: usize,
        catcher: &Catcher,
        caught: &Value,
        draft: &mut Draft<'_>,
    ) -> Result<Shaped, DataError> {
        if self.state.query_language == QueryLanguage::Jsonata {
            let fields = Fields::within(&format!("Catch[{place}]/"), catcher.output.as_ref(), catcher.assign.as_ref());
            return self.shape_by_jsonata(fields, None, Some(caught), draft);
        }
        let scope = self.scope();
        let assigned = match &catcher.assign {
            Some(assign) => {
                let values = template::evaluate(assign, &scope.env(caught), draft.chance)?;
                self.variables_of(values, draft)?
            }
            None => Vec::new(),
        };
        let output = self.combine(&catcher.result_path, Doc::Made(caught.clone()), draft)?;
        Ok(Shaped { output: self.limited(&output, draft)?, assigned })
    }

    /// `ResultPath`: the result alone, the input alone, or the result put into the input.
    fn combine(&self, path: &Reach, result: Doc, draft: &mut Draft<'_>) -> Result<Doc, DataError> {
        match path {
            Reach::Whole => Ok(result),
            Reach::Nothing => Ok(self.input()),
            Reach::Path(text) if text == "$" => Ok(result),
            Reach::Path(text) => {
                let path = ReferencePath::parse(text).map_err(|error| runtime(error.to_string()))?;
                Ok(Doc::Made(path.set(self.input().value(draft), result.value(draft))?))
            }
        }
    }

    fn reach(&self, path: &Reach, doc: Doc, scope: &Scope, draft: &mut Draft<'_>) -> Result<Doc, DataError> {
        match path {
            Reach::Whole => Ok(doc),
            Reach::Nothing => Ok(Doc::Made(Value::Object(Map::new()))),
            Reach::Path(text) if text == "$" => Ok(doc),
            Reach::Path(text) => Ok(Doc::Made(scope.read(text, &doc.value(draft), draft.chance)?)),
        }
    }

    /// A number, a text or a time that is written down or found at run time.
    pub(crate) fn source(
        &self,
        field: &str,
        source: &Source,
        input: &Value,
        scope: &Scope,
        draft: &mut Draft<'_>,
    ) -> Result<Value, DataError> {
        match source {
            Source::Literal(value) => Ok(value.clone()),
            Source::Path(text) => scope.read(text, input, draft.chance),
            Source::Jsonata(template) => {
                let bindings = scope.bindings(input, None, None);
                scope.compute(field, template, &bindings, draft.now, draft.chance)
            }
        }
    }

    fn variables_of(&self, values: Value, draft: &mut Draft<'_>) -> Result<Vec<(String, PayloadId)>, DataError> {
        let Value::Object(values) = values else {
            return Err(runtime("The Assign field must be an object."));
        };
        let mut assigned: Vec<(String, PayloadId)> =
            values.iter().map(|(name, value)| (name.clone(), draft.payload(&value.to_string()))).collect();
        assigned.sort();
        if let Some((name, _)) = assigned.iter().find(|(_, id)| draft.text(*id).len() > LARGEST_PAYLOAD) {
            return Err(too_large(&format!(
                "The variable '{name}' exceeds the maximum number of bytes service limit."
            )));
        }
        // What one Assign sets may together be no larger than one payload.
        let together: usize = assigned.iter().map(|(_, id)| draft.text(*id).len()).sum();
        if together > LARGEST_PAYLOAD {
            return Err(too_large(&format!(
                "The variables that the state/task '{}' assigns exceed the maximum number of bytes service limit.",
                self.state.name
            )));
        }
        Ok(assigned)
    }

    /// What the state made, as a payload, unless it is larger than one may be.
    pub(crate) fn limited(&self, made: &Doc, draft: &mut Draft<'_>) -> Result<PayloadId, DataError> {
        let id = made.payload(draft);
        if draft.text(id).len() <= LARGEST_PAYLOAD {
            return Ok(id);
        }
        Err(too_large(&too_large_a_result(&self.state.name)))
    }
}

fn too_large(cause: &str) -> DataError {
    DataError::new(DATA_LIMIT_EXCEEDED, cause)
}
