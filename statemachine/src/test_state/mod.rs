//! TestState: one state, run on its own, with its work mocked or done by the caller.
//!
//! ```text
//!   Request ─ admit ─► Admitted ─ Subject ─► stages of the data flow ─► Answer
//!                                   └──► Pending { call } ── complete(answer of the call) ──► Answer
//! ```
//!
//! Owns what TestState refuses, what it reports of the data flow, and the shapes that mocked results are held against.
//! The state itself is run by the code that runs it in an execution: the subject is an execution of its own, entered
//! at the tested state and left at once. Calls nothing: where a Task state has no mock, the call is the caller's, and
//! so are the limits on the members' lengths and the existence of the role.

mod admit;
mod answer;
mod around;
mod context;
mod error;
mod map;
mod mock;
mod prepared;
mod reader;
mod request;
mod shape;
mod stages;
mod subject;
#[cfg(test)]
mod tests;

pub use answer::{Answer, ErrorDetails, Inspection, TestStatus};
pub use error::TestStateError;
pub use prepared::{Outcome, Pending, Prepared};
pub use request::{ErrorOutput, FieldValidationMode, Home, InspectionLevel, Mock, Request, StateConfiguration};

use crate::{data::Chance, record::Millis};

/// Tests a state that needs nothing from outside: any state but a Task without a mock.
///
/// # Errors
/// A request that is refused; a Task without a mock is refused too, see [`prepare`].
pub fn test_state(request: &Request, now: Millis, chance: &mut dyn Chance) -> Result<Answer, TestStateError> {
    match prepare(request, now, chance)? {
        Prepared::Done(answer) => Ok(*answer),
        Prepared::Call(_) => error::refuse("A Task state without a mock needs its resource to be called"),
    }
}

/// Tests a state up to the call that it makes, if it makes one.
///
/// # Errors
/// A request that is refused.
pub fn prepare(request: &Request, now: Millis, chance: &mut dyn Chance) -> Result<Prepared, TestStateError> {
    let admitted = admit::admit(request)?;
    prepared::run(request, admitted, now, chance)
}
