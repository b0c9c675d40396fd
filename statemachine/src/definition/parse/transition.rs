//! Transitions: `Next`, `End`, and the resolution of names to states of the same block.

use super::place::Place;
use super::reader::Reader;
use super::{NOWHERE, Scope, Walk};
use crate::definition::{BlockId, Code, Next, State, StateId, StateKind};

impl<'t> Walk<'t> {
    /// The state of this name; a name that the block does not have is a problem at the place.
    pub(super) fn target(&mut self, name: &'t str, place: &Place, scope: &mut Scope<'t>) -> StateId {
        if let Some(state) = scope.names.get(name) {
            return *state;
        }
        if scope.open {
            return self.stand_in(name, scope);
        }
        self.ledger.error(place, Code::MissingTransitionTarget, format!("Missing 'Next' target: {name}"));
        NOWHERE
    }

    /// The state that a field names, which the object must have.
    pub(super) fn target_field(&mut self, reader: &Reader<'t>, field: &str, scope: &mut Scope<'t>) -> StateId {
        match reader.text(field) {
            Some(name) => self.target(name, &reader.at(field), scope),
            None => {
                self.doubt(scope.block);
                NOWHERE
            }
        }
    }

    /// `Next` or `End`.
    pub(super) fn next(&mut self, reader: &Reader<'t>, scope: &mut Scope<'t>) -> Next {
        let ends = reader.boolean("End").unwrap_or(false);
        if reader.has("Next") {
            if ends {
                reader.wrong("There should only be one of the following fields: [Next, End]");
            }
            return Next::To(self.target_field(reader, "Next", scope));
        }
        if !ends {
            self.doubt(scope.block);
            reader.wrong("This object should have only one of the following fields: [Next, End]");
        }
        Next::End
    }

    fn stand_in(&mut self, name: &'t str, scope: &mut Scope<'t>) -> StateId {
        let id = self.reserve(Place::default());
        self.states[id.0 as usize] = Some(State {
            name: name.to_owned(),
            block: BlockId(0),
            pointer: String::new(),
            query_language: self.language,
            flow: Default::default(),
            kind: StateKind::Succeed,
        });
        scope.names.insert(name, id);
        id
    }
}
