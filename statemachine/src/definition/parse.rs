//! Text -> definition, collecting every problem on the way.
//!
//! Owns the walk over blocks and states. Each state type has its own file below this one; what needs more than one state
//! is left to [`super::check`]. The walk never stops at a problem: it records it and goes on with a stand-in, and the
//! stand-ins are thrown away with the rest when there was an error.
//!
//! ```text
//!   text --json--> value --walk--> blocks, states --check--> Definition
//!                     \______________\____________\_________> Ledger of problems
//! ```

mod arguments;
mod choice;
mod errors;
mod fail;
mod fields;
mod flow;
mod item;
mod json;
mod map;
mod parallel;
mod pass;
pub(super) mod place;
mod reader;
mod resource;
mod succeed;
mod suspect;
mod task;
mod transition;
mod wait;

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::check;
use super::{
    Block, BlockId, Definition, InvalidDefinition, MachineType, Problem, QueryLanguage, State, StateId, StateKind,
};
use place::{Ledger, Place};
use reader::{Field, Reader, both, expected};

/// Parses the text of a whole machine.
pub(super) fn parse(text: &str, machine: MachineType) -> Result<Definition, InvalidDefinition> {
    let (definition, problems) = examine(text, machine);
    definition.ok_or(InvalidDefinition { problems })
}

/// Finds the problems of a whole machine's text.
pub(super) fn diagnose(text: &str, machine: MachineType) -> Vec<Problem> {
    examine(text, machine).1
}

/// Parses one state on its own; the states that it goes to stand there as Succeed states, so that they have names.
pub(super) fn parse_state(name: &str, text: &str) -> Result<Definition, InvalidDefinition> {
    let ledger = Ledger::default();
    let definition = json::read(text, &ledger).map(|value| {
        let mut walk = Walk::new(&ledger, QueryLanguage::JsonPath);
        walk.lone_state(name, &value);
        check::parts(&walk, MachineType::Standard);
        walk.finish(text, None)
    });
    settle(definition, ledger).map_err(|problems| InvalidDefinition { problems })
}

fn examine(text: &str, machine: MachineType) -> (Option<Definition>, Vec<Problem>) {
    let ledger = Ledger::default();
    let definition = json::read(text, &ledger).and_then(|value| machine_of(text, &value, machine, &ledger));
    let sound = definition.filter(|_| ledger.errors() == 0);
    (sound, ledger.into_problems())
}

fn settle(definition: Option<Definition>, ledger: Ledger) -> Result<Definition, Vec<Problem>> {
    let sound = definition.filter(|_| ledger.errors() == 0);
    sound.ok_or_else(|| ledger.into_problems())
}

fn machine_of(text: &str, value: &Value, machine: MachineType, ledger: &Ledger) -> Option<Definition> {
    let place = Place::default();
    let language = value.get("QueryLanguage").map_or(QueryLanguage::JsonPath, spoken);
    let reader = Reader::open(ledger, place, value, language, &[MACHINE])?;
    reader.require(&["States", "StartAt"]);
    reader.text("Comment");
    reader.word("QueryLanguage", LANGUAGES);
    reader.word("Version", &["1.0"]);
    // The service takes a zero here, which can only mean that there is no limit.
    let timeout_seconds = reader.whole("TimeoutSeconds", 0, MOST_SECONDS).filter(|seconds| *seconds > 0);
    let mut walk = Walk::new(ledger, language);
    walk.block(&reader);
    check::whole(&walk, machine);
    Some(walk.finish(text, timeout_seconds))
}

/// The walk's harvest so far.
pub(super) struct Walk<'t> {
    /// Where problems go.
    pub(super) ledger: &'t Ledger,
    /// Every state met, with its place; a state that is still being read is `None`.
    pub(super) states: Vec<Option<State>>,
    /// Where each state is.
    pub(super) places: Vec<Place>,
    /// Every block met; one that is still being read is `None`.
    pub(super) blocks: Vec<Option<Block>>,
    /// Where each block is, and whether all its transitions are known.
    pub(super) block_notes: Vec<BlockNote>,
    language: QueryLanguage,
}

/// What the checks must know of a block besides the block.
pub(super) struct BlockNote {
    /// Where the block is.
    pub(super) place: Place,
    /// `false` when a state could not be read well enough to say where it goes.
    pub(super) complete: bool,
}

/// The names that a transition may use.
pub(super) struct Scope<'t> {
    block: BlockId,
    names: HashMap<&'t str, StateId>,
    /// `true` for a state on its own, whose transitions lead out of what is known.
    open: bool,
}

impl<'t> Walk<'t> {
    fn new(ledger: &'t Ledger, language: QueryLanguage) -> Self {
        Self { ledger, states: Vec::new(), places: Vec::new(), blocks: Vec::new(), block_notes: Vec::new(), language }
    }

    /// Reads the `StartAt` and `States` of an opened object.
    fn block(&mut self, reader: &Reader<'t>) -> BlockId {
        let id = self.open_block(&reader.place);
        let start = reader.text("StartAt");
        let mut scope = Scope { block: id, names: HashMap::new(), open: false };
        let mut states = Vec::new();
        match reader.get("States") {
            Some(Value::Object(all)) => {
                if all.is_empty() {
                    reader.wrong_at("States", "Value cannot be empty");
                }
                let place = reader.at("States");
                for name in all.keys() {
                    let state = self.reserve(place.key(name));
                    scope.names.insert(name, state);
                    states.push(state);
                }
                for ((name, value), state) in all.iter().zip(&states) {
                    self.state(*state, name, value, &mut scope);
                }
            }
            Some(_) => reader.wrong_at("States", expected("Object")),
            None => self.doubt(id),
        }
        let start_at = start.map(|name| self.target(name, &reader.at("StartAt"), &mut scope));
        if start_at.is_none() || states.is_empty() {
            self.doubt(id);
        }
        self.blocks[id.0 as usize] = Some(Block { start_at: start_at.unwrap_or(NOWHERE), states });
        id
    }

    /// Reads a block whose object may not be one.
    fn nested(&mut self, reader: Option<&Reader<'t>>) -> BlockId {
        match reader {
            Some(reader) => {
                reader.require(&["States", "StartAt"]);
                reader.text("Comment");
                self.block(reader)
            }
            None => BlockId(u32::MAX),
        }
    }

    fn lone_state(&mut self, name: &'t str, value: &'t Value) {
        let block = self.open_block(&Place::default());
        let state = self.reserve(Place::default());
        let mut scope = Scope { block, names: HashMap::from([(name, state)]), open: true };
        self.state(state, name, value, &mut scope);
        // Where a state on its own leads is not known, so that nothing can be said of its block.
        self.doubt(block);
        self.blocks[block.0 as usize] = Some(Block { start_at: state, states: vec![state] });
    }

    fn state(&mut self, id: StateId, name: &'t str, value: &'t Value, scope: &mut Scope<'t>) {
        let place = self.places[id.0 as usize].clone();
        self.check_name(name, &place);
        let language = self.language_of(value, &place);
        let kind = value.get("Type").and_then(Value::as_str).and_then(fields::of_type);
        let (flow, kind) = match kind {
            Some(known) => match Reader::open(self.ledger, place.clone(), value, language, known) {
                Some(reader) => {
                    reader.text("Comment");
                    (flow::flow(&reader), self.kind(&reader, scope))
                }
                None => Default::default(),
            },
            None => {
                self.refuse_type(value, &place);
                self.doubt(scope.block);
                Default::default()
            }
        };
        // The text of pointers below a very long name is only worth its bytes in a sound definition.
        let pointer = if self.ledger.errors() == 0 { place.pointer() } else { String::new() };
        let state = State {
            name: name.to_owned(),
            block: scope.block,
            pointer,
            query_language: language,
            flow,
            kind: kind.unwrap_or(StateKind::Succeed),
        };
        self.states[id.0 as usize] = Some(state);
    }

    fn kind(&mut self, reader: &Reader<'t>, scope: &mut Scope<'t>) -> Option<StateKind> {
        Some(match reader.text("Type")? {
            "Task" => task::task(self, reader, scope),
            "Choice" => choice::choice(self, reader, scope),
            "Wait" => wait::wait(self, reader, scope),
            "Pass" => pass::pass(self, reader, scope),
            "Fail" => fail::fail(reader),
            "Parallel" => parallel::parallel(self, reader, scope),
            "Map" => map::map(self, reader, scope),
            _ => succeed::succeed(reader),
        })
    }

    fn refuse_type(&self, value: &Value, place: &Place) {
        match value {
            Value::Object(fields) => match fields.get("Type") {
                None => self.ledger.schema(place, "These fields are required: [Type]"),
                Some(Value::String(_)) => {
                    self.ledger.schema(
                        &place.key("Type"),
                        format!("The field 'Type' should have one of these values: [{}]", fields::TYPES.join(", ")),
                    );
                }
                Some(_) => self.ledger.schema(&place.key("Type"), expected("String")),
            },
            _ => self.ledger.schema(place, expected("Object")),
        }
    }

    fn language_of(&self, value: &Value, place: &Place) -> QueryLanguage {
        let Some(own) = value.get("QueryLanguage") else {
            return self.language;
        };
        let reader_place = place.key("QueryLanguage");
        match own.as_str() {
            None => self.ledger.schema(&reader_place, expected("String")),
            Some(text) if !LANGUAGES.contains(&text) => {
                self.ledger
                    .schema(&reader_place, format!("Value should be one of the following: [{}]", LANGUAGES.join(", ")));
            }
            Some("JSONPath") if self.language == QueryLanguage::Jsonata => {
                self.ledger
                    .schema(place, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
            }
            Some(_) => {}
        }
        spoken(own)
    }

    fn check_name(&self, name: &str, place: &Place) {
        if name.chars().count() > LONGEST_NAME {
            let message = format!(
                "Invalid State name: State '{name}' exceeds the {LONGEST_NAME}-character limit allowed by the service"
            );
            self.ledger.error(place, super::Code::InvalidStateName, message);
        } else if name.is_empty() {
            self.ledger.error(
                place,
                super::Code::InvalidStateName,
                "Invalid State name: a state's name must not be empty",
            );
        }
    }

    fn open_block(&mut self, place: &Place) -> BlockId {
        let id = BlockId(u32::try_from(self.blocks.len()).unwrap_or(u32::MAX));
        self.blocks.push(None);
        self.block_notes.push(BlockNote { place: place.clone(), complete: true });
        id
    }

    fn reserve(&mut self, place: Place) -> StateId {
        let id = StateId(u32::try_from(self.states.len()).unwrap_or(u32::MAX));
        self.states.push(None);
        self.places.push(place);
        id
    }

    /// Notes that it is not known where each state of the block goes.
    fn doubt(&mut self, block: BlockId) {
        self.block_notes[block.0 as usize].complete = false;
    }

    fn finish(self, text: &str, timeout_seconds: Option<u64>) -> Definition {
        Definition {
            hash: format!("{:x}", Sha256::digest(text.as_bytes())),
            timeout_seconds,
            blocks: self.blocks.into_iter().flatten().collect(),
            states: self.states.into_iter().flatten().collect(),
        }
    }
}

/// The service takes every word but `JSONPath` itself for JSONata, whether or not it then accepts the word.
fn spoken(value: &Value) -> QueryLanguage {
    if value.as_str() == Some("JSONPath") { QueryLanguage::JsonPath } else { QueryLanguage::Jsonata }
}

/// Stands for the target of a transition that names no state; never in a definition that was accepted.
pub(super) const NOWHERE: StateId = StateId(u32::MAX);

/// The longest timeout, in seconds.
const MOST_SECONDS: u64 = 99_999_999;

/// The longest name of a state, in characters.
const LONGEST_NAME: usize = 80;

const LANGUAGES: &[&str] = &["JSONPath", "JSONata"];

const MACHINE: &[Field] =
    &[both("Comment"), both("QueryLanguage"), both("StartAt"), both("States"), both("TimeoutSeconds"), both("Version")];
