//! The wanted attributes of one object, found without walking over the others.
//!
//! Owns the way from the place of an attribute to its value. Which attributes are wanted is [`super::plan`]'s.

use std::borrow::Cow;

use super::copy::Span;
use super::json::Json;
use super::plan::Plan;

/// The wanted attributes of one object.
#[derive(Clone, Debug)]
pub(super) struct Attributes<'a> {
    text: &'a str,
    pub(super) plan: &'a Plan,
    spans: Cow<'a, [Span]>,
}

impl<'a> Attributes<'a> {
    /// The attributes whose values stand in `text` at `spans`.
    pub(super) fn new(text: &'a str, plan: &'a Plan, spans: Cow<'a, [Span]>) -> Self {
        Self { text, plan, spans }
    }

    /// The wanted ones of an object's attributes, sought in their text.
    pub(super) fn sought(text: &'a str, plan: &'a Plan) -> Self {
        let start_of = |value: &str| value.as_ptr() as usize - text.as_ptr() as usize;
        let mut spans = Vec::new();
        for (name, value) in Json::new(text).fields() {
            let Ok(name) = name.text() else { continue };
            if let Some(wanted) = plan.find(&name) {
                let start = start_of(value.raw());
                let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                spans.extend(Span::new(wanted.slot, place(start), place(start + value.raw().len())));
            }
        }
        Self { text, plan, spans: Cow::Owned(spans) }
    }

    /// The attribute in this place among the wanted ones.
    pub(super) fn at(&self, slot: u8) -> Option<Json<'a>> {
        // Of two with the same name the later one counts, as everywhere in JSON.
        let span = self.spans.iter().rev().find(|span| span.slot() == slot)?;
        self.text.get(span.range()).map(Json::new)
    }

    /// The attribute of this name, which must be among the wanted ones.
    pub(super) fn get(&self, name: &str) -> Option<Json<'a>> {
        self.at(self.plan.slot(name)?)
    }

    /// The text of the attribute of this name, unless it is empty.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.filled()
    }

    /// The objects of a block.
    pub(super) fn blocks(&self, name: &str) -> impl Iterator<Item = Json<'a>> + use<'a> {
        self.get(name).into_iter().flat_map(Json::blocks)
    }
}
