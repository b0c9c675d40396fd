//! The state under test, in an execution of its own that was entered there.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    admit::Admitted,
    answer::{Answer, ErrorDetails, Inspection, TestStatus},
    around::{self, Taker},
    context,
    error::TestStateError,
    map::{self, Begun},
    mock::Mocked,
    request::{InspectionLevel, Request},
    stages,
};
use crate::{
    command::{Command, InvokeTask},
    data::{Chance, DataError, RUNTIME},
    definition::{Catcher, QueryLanguage, StateId, StateKind},
    execution::{Draft, Execution, ROOT},
    record::{Event, Failure, Millis, PayloadId, Record},
    retry,
    state::{OWN_CONTEXT, View},
};

/// The execution, and what was seen of it.
#[derive(Debug)]
pub(super) struct Subject {
    execution: Execution,
    state: StateId,
    level: InspectionLevel,
    seen: Inspection,
    variables: Map<String, Value>,
    /// How often the state was retried before.
    retries: u64,
    /// How many iterations of the Map failed before.
    failed_iterations: u64,
}

/// Why a state does not come to its mock.
#[derive(Debug)]
pub(super) enum Stop {
    /// What the request says cannot be.
    Refused(TestStateError),
    /// The state fails before.
    Failed(DataError),
}

impl From<DataError> for Stop {
    fn from(problem: DataError) -> Self {
        Self::Failed(problem)
    }
}

impl Subject {
    pub(super) fn new(request: &Request, admitted: Admitted, now: Millis, chance: &mut dyn Chance) -> Self {
        let Admitted { definition, state, input, variables, context: given, .. } = admitted;
        let identity = context::identity(request, chance);
        let retries = request.state_configuration.retrier_retry_count.unwrap_or_default();
        let tested = (&*definition, state);
        let context = given.unwrap_or_else(|| context::of_its_own(&identity, request, tested, &input, retries, now));
        let mut subject = Self {
            execution: Execution::new(definition, Arc::new(identity)),
            state,
            level: request.inspection_level,
            seen: Inspection { input: Some(input.clone()), ..Inspection::default() },
            variables,
            retries,
            failed_iterations: request.state_configuration.map_iteration_failure_count.unwrap_or_default(),
        };
        subject.enter(&input, context, now, chance);
        subject
    }

    /// Starts the execution in the tested state, which need not be where its machine starts.
    fn enter(&mut self, input: &str, context: Value, now: Millis, chance: &mut dyn Chance) {
        let mut draft = Draft::new(&self.execution, now, chance);
        let input = draft.payload(input);
        let started = draft.event(ROOT, 0, Event::ExecutionStarted { input });
        draft.event(ROOT, started, Event::StateEntered { state: self.state, input });
        let records = draft.into_records();
        self.apply(&records, now);
        let definition = &self.execution.definition;
        let places = std::iter::once(self.state).chain(around::around(definition, self.state));
        let retriers = places.map(|place| retry::rules(&definition.state(place).kind).0.len() as u32).max();
        let Some(path) = self.execution.paths.get_mut(&ROOT) else { return };
        path.variables = self.variables.iter().map(|(name, value)| (name.clone(), Arc::new(value.clone()))).collect();
        path.variables.insert(OWN_CONTEXT.to_owned(), Arc::new(context));
        if let Some(visit) = &mut path.visit {
            visit.retry_count = self.retries;
            visit.attempts = (0..retriers.unwrap_or_default()).map(|place| (place, self.retries)).collect();
        }
    }

    fn apply(&mut self, records: &[Record], now: Millis) {
        records.iter().for_each(|record| self.execution.apply(now, record));
    }

    pub(super) fn kind(&self) -> &StateKind {
        &self.execution.definition.state(self.state).kind
    }

    /// One step of the tested state, whose records are applied at once.
    fn step<T>(
        &mut self,
        now: Millis,
        chance: &mut dyn Chance,
        work: impl FnOnce(&View<'_>, &mut Draft<'_>, &mut Inspection) -> T,
    ) -> (T, Vec<Record>) {
        self.step_of(self.state, now, chance, work)
    }

    /// One step by the rules of a state.
    #[expect(clippy::expect_used, reason = "the execution stays in its one state until the test ends")]
    fn step_of<T>(
        &mut self,
        state: StateId,
        now: Millis,
        chance: &mut dyn Chance,
        work: impl FnOnce(&View<'_>, &mut Draft<'_>, &mut Inspection) -> T,
    ) -> (T, Vec<Record>) {
        let execution = &self.execution;
        let path = execution.paths.get(&ROOT).expect("the root path is open");
        let visit = path.visit.as_ref().expect("the root path is in a state");
        let view = View { execution, id: ROOT, path, visit, state: execution.definition.state(state) };
        let mut draft = Draft::new(execution, now, chance);
        let done = work(&view, &mut draft, &mut self.seen);
        let records = draft.into_records();
        self.apply(&records, now);
        (done, records)
    }

    pub(super) fn begin_task(&mut self, now: Millis, chance: &mut dyn Chance) -> Result<(), DataError> {
        let (begun, records) = self.step(now, chance, stages::begin_task);
        begun?;
        let arguments = records.iter().find_map(|record| match record {
            Record::Event { event: Event::TaskScheduled { arguments, .. }, .. } => Some(self.text(*arguments)),
            _ => None,
        });
        match self.execution.definition.state(self.state).query_language {
            QueryLanguage::JsonPath => self.seen.after_parameters = arguments,
            QueryLanguage::Jsonata => self.seen.after_arguments = arguments,
        }
        Ok(())
    }

    /// What a Map does before its iterations, and whether so many of them may fail as the request says.
    pub(super) fn survey(
        &mut self,
        request: &Request,
        mocked: &Mocked,
        now: Millis,
        chance: &mut dyn Chance,
    ) -> Result<(), Stop> {
        if !matches!(self.kind(), StateKind::Map(_)) {
            return Ok(());
        }
        let configuration = &request.state_configuration;
        let (begun, iterations) = self.begin_map(configuration.map_item_reader_data.as_deref(), now, chance)?;
        let Some(failures) = configuration.map_iteration_failure_count else { return Ok(()) };
        let iterations = iterations.or_else(|| mocked.items());
        if iterations.is_some_and(|iterations| failures > iterations) {
            let message = "Map iteration failure count must be less than or equal to the number of Map iterations";
            return Err(Stop::Refused(TestStateError::Validation(message.to_owned())));
        }
        Ok(begun.tolerate(failures, iterations)?)
    }

    /// Begins a Map; answers how many iterations there are, where that is known.
    fn begin_map(
        &mut self,
        data: Option<&str>,
        now: Millis,
        chance: &mut dyn Chance,
    ) -> Result<(Begun, Option<u64>), DataError> {
        let (attempt, records) = self.step(now, chance, map::begin);
        attempt?;
        let begun = Begun::read(&records).map_err(|failure| {
            let (error, cause) = self.execution.describe(failure);
            DataError { error: error.unwrap_or_default().into(), cause: cause.unwrap_or_default(), location: None }
        })?;
        let language = self.execution.definition.state(self.state).query_language;
        let iterations = match begun.items(&self.execution, data, language, &mut self.seen)? {
            Some(items) => Some(self.step(now, chance, |view, draft, seen| begun.inputs(items, view, draft, seen)).0?),
            None => None,
        };
        begun.report_limits(&mut self.seen);
        Ok((begun, iterations))
    }

    pub(super) fn finish(&mut self, result: &str, now: Millis, chance: &mut dyn Chance) -> Answer {
        let (outcome, records) = self.step(now, chance, |view, draft, seen| stages::finish(view, result, draft, seen));
        self.settle(outcome, &records, now, chance)
    }

    /// Runs a state that has no work to be mocked.
    pub(super) fn pass_through(&mut self, now: Millis, chance: &mut dyn Chance) -> Answer {
        let (outcome, records) = self.step(now, chance, stages::whole);
        self.settle(outcome, &records, now, chance)
    }

    /// The call that the begun Task waits for.
    pub(super) fn call(&self) -> Option<InvokeTask> {
        self.execution.outstanding().into_iter().find_map(|command| match command {
            Command::InvokeTask(call) => Some(call),
            _ => None,
        })
    }

    /// What came of a step that was to end the state.
    fn settle(
        &mut self,
        outcome: Result<(), DataError>,
        records: &[Record],
        now: Millis,
        chance: &mut dyn Chance,
    ) -> Answer {
        if let Err(problem) = outcome {
            return self.fail_by(problem, now, chance);
        }
        if let Some(failure) = records.iter().find_map(broken) {
            return self.fail(failure.error.clone(), failure.cause.map(|cause| self.text(cause)), now, chance);
        }
        self.leave(records).unwrap_or_else(|| {
            self.fail(Some(RUNTIME.to_owned()), Some("The state did not end.".to_owned()), now, chance)
        })
    }

    pub(super) fn fail_by(&mut self, problem: DataError, now: Millis, chance: &mut dyn Chance) -> Answer {
        self.fail(Some(problem.error.into_owned()), Some(problem.cause), now, chance)
    }

    /// What `Retry` and `Catch` make of an error, the state's own or those of the states around it.
    pub(super) fn fail(
        &mut self,
        error: Option<String>,
        cause: Option<String>,
        now: Millis,
        chance: &mut dyn Chance,
    ) -> Answer {
        let Taker { state, error, cause } = self.taker(error, cause);
        let (_, records) = self.step_of(state, now, chance, |view, draft, _| {
            let cause = cause.as_deref().map(|cause| draft.payload(cause));
            let failure = Failure { error: error.clone(), cause, fatal: error.as_deref() == Some(RUNTIME) };
            retry::handle(view, &failure, draft);
        });
        let retried = records.iter().find_map(|record| match record {
            Record::RetryPlanned { retrier, until, .. } => Some(ErrorDetails {
                retry_index: Some(u64::from(*retrier)),
                retry_backoff_interval_seconds: u64::try_from((until - now) / 1000).ok(),
                catch_index: None,
            }),
            _ => None,
        });
        if let Some(details) = retried {
            self.seen.error_details = Some(details);
            return Answer { error, cause, status: TestStatus::Retriable, ..self.closed() };
        }
        if let Some(answer) = self.leave(&records) {
            let catch_index = self.catcher(state, error.as_deref());
            let details = ErrorDetails { catch_index, ..ErrorDetails::default() };
            let inspection_data =
                answer.inspection_data.map(|seen| Inspection { error_details: Some(details), ..seen });
            return Answer { error, cause, inspection_data, status: TestStatus::CaughtError, ..answer };
        }
        // A catcher that fails itself puts its own error in the place of the one that it caught.
        let failed = records.iter().find_map(|record| match record {
            Record::Event { event: Event::ExecutionFailed { failure }, .. } => Some(failure),
            _ => None,
        });
        let (error, cause) = failed.map_or((error, cause), |failure| self.execution.describe(failure));
        Answer { error, cause, status: TestStatus::Failed, ..self.closed() }
    }

    /// The answer of a state that was left.
    fn leave(&mut self, records: &[Record]) -> Option<Answer> {
        let (output, assigned, next) = records.iter().find_map(|record| match record {
            Record::Event { event: Event::StateExited { output, assigned, next, .. }, .. } => {
                Some((*output, assigned, *next))
            }
            _ => None,
        })?;
        for (name, value) in assigned {
            self.variables.insert(name.clone(), self.execution.value(*value));
        }
        let next_state = next.map(|next| self.execution.definition.state(next).name.clone());
        Some(Answer { output: Some(self.text(output)), next_state, ..self.closed() })
    }

    /// An answer that tells no more than what was seen.
    fn closed(&self) -> Answer {
        let variables = (!self.variables.is_empty()).then(|| Value::Object(self.variables.clone()).to_string());
        let inspection_data =
            (self.level != InspectionLevel::Info).then(|| Inspection { variables, ..self.seen.clone() });
        Answer { inspection_data, ..Answer::default() }
    }

    /// The state whose rules take an error; the tested one where none does.
    fn taker(&self, error: Option<String>, cause: Option<String>) -> Taker {
        let taken = match error.as_deref() {
            Some(RUNTIME) => None,
            error => {
                let seen = (error, cause.as_deref());
                around::taker(&self.execution.definition, self.state, seen, self.retries, self.failed_iterations)
            }
        };
        taken.unwrap_or(Taker { state: self.state, error, cause })
    }

    fn catcher(&self, state: StateId, error: Option<&str>) -> Option<u64> {
        let catches = |catcher: &Catcher| retry::matches(&catcher.error_equals, error);
        retry::rules(&self.execution.definition.state(state).kind).1.iter().position(catches).map(|place| place as u64)
    }

    fn text(&self, payload: PayloadId) -> String {
        self.execution.payloads.get(payload).to_owned()
    }
}

fn broken(record: &Record) -> Option<&Failure> {
    match record {
        Record::Broke { failure, .. } => Some(failure),
        _ => None,
    }
}
