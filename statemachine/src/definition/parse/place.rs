//! Where the walk is in the definition's text, and the ledger of what it found there.
//!
//! Owns the two spellings of a place (JSON pointer, and the service's own). A place is a short chain that shares its
//! beginning with its neighbours, so that a long name high up is not copied for each thing below it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::Value;

use crate::definition::{Code, Problem, Severity};
use crate::syntax::Fault;

/// A place in the definition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place(Option<Rc<Node>>);

#[derive(Debug)]
struct Node {
    parent: Place,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Key(Box<str>),
    Index(usize),
}

impl Place {
    /// The field of this name.
    pub(crate) fn key(&self, name: &str) -> Self {
        Self(Some(Rc::new(Node { parent: self.clone(), step: Step::Key(name.into()) })))
    }

    /// The array element at this index.
    pub(crate) fn index(&self, index: usize) -> Self {
        Self(Some(Rc::new(Node { parent: self.clone(), step: Step::Index(index) })))
    }

    /// The place that a JSON pointer names inside the value that stands here.
    pub(crate) fn inside(&self, value: &Value, pointer: &str) -> Self {
        let mut place = self.clone();
        let mut here = Some(value);
        for token in pointer.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            let index = here.filter(|value| value.is_array()).and_then(|_| name.parse::<usize>().ok());
            place = index.map_or_else(|| place.key(&name), |index| place.index(index));
            here = here.and_then(|value| index.map_or_else(|| value.get(&name), |index| value.get(index)));
        }
        place
    }

    /// The JSON pointer, empty at the root.
    pub(crate) fn pointer(&self) -> String {
        self.render(String::new(), |text, step| {
            text.push('/');
            match step {
                Step::Key(name) => text.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => text.push_str(&index.to_string()),
            }
        })
    }

    /// The place as the service writes it, `/` at the root.
    pub(crate) fn location(&self) -> String {
        let text = self.render(String::new(), |text, step| match step {
            Step::Key(name) => {
                text.push('/');
                text.push_str(name);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        });
        if text.is_empty() { "/".to_owned() } else { text }
    }

    fn render(&self, mut text: String, write: impl Fn(&mut String, &Step)) -> String {
        let mut chain = Vec::new();
        let mut here = self;
        while let Some(node) = &here.0 {
            chain.push(&node.step);
            here = &node.parent;
        }
        for step in chain.into_iter().rev() {
            write(&mut text, step);
        }
        text
    }
}

/// All problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    problems: RefCell<Vec<Problem>>,
    errors: Cell<usize>,
    bytes: Cell<usize>,
}

impl Ledger {
    /// Records an error of the most common kind.
    pub(crate) fn schema(&self, place: &Place, message: impl Into<String>) {
        self.error(place, Code::SchemaValidationFailed, message);
    }

    /// Records an error.
    pub(crate) fn error(&self, place: &Place, code: Code, message: impl Into<String>) {
        self.push(place, Severity::Error, code, message.into(), Location::OfPlace);
    }

    /// Records an error whose location is a place in the text.
    pub(crate) fn sourced(&self, place: &Place, code: Code, fault: Fault) {
        self.push(place, Severity::Error, code, fault.message, Location::InText(fault.location));
    }

    /// Records an error that the service reports without a location.
    pub(crate) fn placeless(&self, place: &Place, code: Code, message: impl Into<String>) {
        self.push(place, Severity::Error, code, message.into(), Location::None);
    }

    /// Records a warning.
    pub(crate) fn warning(&self, place: &Place, code: Code, message: impl Into<String>) {
        self.push(place, Severity::Warning, code, message.into(), Location::OfPlace);
    }

    /// How many errors there are.
    pub(crate) fn errors(&self) -> usize {
        self.errors.get()
    }

    /// The problems in the order they were found.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    fn push(&self, place: &Place, severity: Severity, code: Code, message: String, location: Location) {
        if severity == Severity::Error {
            self.errors.set(self.errors.get() + 1);
        }
        // A hostile text can have a long name above very many mistakes; what is said about it stays bounded.
        if self.bytes.get() > MOST_TEXT {
            return;
        }
        let pointer = place.pointer();
        let location = match location {
            Location::OfPlace => Some(place.location()),
            Location::InText(text) => Some(text),
            Location::None => None,
        };
        self.bytes.set(self.bytes.get() + message.len() + pointer.len() + location.as_ref().map_or(0, String::len));
        self.problems.borrow_mut().push(Problem { severity, code, pointer, location, message });
    }
}

/// What is given as a problem's location.
enum Location {
    /// The place as the service writes it.
    OfPlace,
    /// This, which says where the text of the definition breaks.
    InText(String),
    None,
}

/// After this much text about problems no further ones are written down.
const MOST_TEXT: usize = 4 << 20;
