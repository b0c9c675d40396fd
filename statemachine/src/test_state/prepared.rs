//! A test as far as it gets without the world, and what it waits for.

use super::{
    admit::Admitted,
    answer::Answer,
    error::{TestStateError, refuse},
    mock::Mocked,
    request::Request,
    subject::{Stop, Subject},
};
use crate::{
    command::InvokeTask,
    data::Chance,
    definition::StateKind,
    history::wire_names,
    record::Millis,
    state::{DATA_LIMIT_EXCEEDED, LARGEST_PAYLOAD, too_large_a_result},
};

/// How far a test got without the world.
#[derive(Debug)]
pub enum Prepared {
    /// To its end.
    Done(Box<Answer>),
    /// To a call that the caller must make.
    Call(Box<Pending>),
}

/// A test that waits for the answer of a call.
#[derive(Debug)]
pub struct Pending {
    subject: Subject,
    call: InvokeTask,
}

/// What a call answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A result, a JSON text.
    Succeeded(String),
    /// A failure.
    Failed {
        /// The error name.
        error: Option<String>,
        /// The cause.
        cause: Option<String>,
    },
}

impl Pending {
    /// The call to make.
    #[must_use]
    pub fn call(&self) -> &InvokeTask {
        &self.call
    }

    /// Goes on with what the call answered.
    #[must_use]
    pub fn complete(self, outcome: Outcome, now: Millis, chance: &mut dyn Chance) -> Answer {
        let mut subject = self.subject;
        match outcome {
            Outcome::Failed { error, cause } => subject.fail(error, cause, now, chance),
            Outcome::Succeeded(output) if output.len() > LARGEST_PAYLOAD => {
                let cause = too_large_a_result(&wire_names(&self.call.resource).1);
                subject.fail(Some(DATA_LIMIT_EXCEEDED.to_owned()), Some(cause), now, chance)
            }
            Outcome::Succeeded(output) => subject.finish(&output, now, chance),
        }
    }
}

/// Enters the state and goes as far as it can.
pub(super) fn run(
    request: &Request,
    mut admitted: Admitted,
    now: Millis,
    chance: &mut dyn Chance,
) -> Result<Prepared, TestStateError> {
    let mocked = admitted.mocked.take();
    let mut subject = Subject::new(request, admitted, now, chance);
    let calls = matches!(subject.kind(), StateKind::Task(_));
    if calls && let Err(problem) = subject.begin_task(now, chance) {
        return Ok(Prepared::Done(Box::new(subject.fail_by(problem, now, chance))));
    }
    let answer = match mocked {
        None if calls => match subject.call() {
            Some(call) => return Ok(Prepared::Call(Box::new(Pending { subject, call }))),
            None => return refuse("TestState cannot call this resource"),
        },
        None => subject.pass_through(now, chance),
        Some(mocked) => match (subject.survey(request, &mocked, now, chance), mocked) {
            (Err(Stop::Refused(error)), _) => return Err(error),
            (Err(Stop::Failed(problem)), _) => subject.fail_by(problem, now, chance),
            (Ok(()), Mocked::Result(result)) => subject.finish(&result, now, chance),
            (Ok(()), Mocked::Error { error, cause }) => subject.fail(error, cause, now, chance),
        },
    };
    Ok(Prepared::Done(Box::new(answer)))
}
