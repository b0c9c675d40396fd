//! The Lambda Runtime API, served by the engine: an unmodified Lambda binary runs as a local worker.
//!
//! Owns the queues between tasks and workers. A worker is started with `AWS_LAMBDA_RUNTIME_API=HOST:PORT/FUNCTION` (the Rust runtime
//! wants `http://` before it; `HOST:PORT` is enough when one function alone was declared), asks for the next invocation and answers it; any number of them may serve one function. An invocation that no worker has taken is kept
//! until its time is over, and one whose worker died fails as Lambda's does: with `Sandbox.Timedout`, which a state may retry.
//!
//! ```text
//!   task ── invoke ──> queue of the function ──> GET  .../invocation/next        (waits until there is one)
//!     ^                                     ┌──  POST .../invocation/ID/response
//!     └────────────────── answer ───────────┴──  POST .../invocation/ID/error
//! ```

mod routes;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

pub use self::routes::router;

/// The functions that local binaries serve; clones are the same.
#[derive(Clone, Default)]
pub struct Workers {
    functions: Arc<Mutex<HashMap<String, Arc<Function>>>>,
    declared: Arc<Mutex<BTreeSet<String>>>,
}

/// What waits for the workers of one function, and what they hold.
#[derive(Default)]
struct Function {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Task>,
    /// By request id.
    taken: HashMap<String, oneshot::Sender<Outcome>>,
    /// What the last worker said when it could not start; the next one that starts takes it back.
    broken: Option<String>,
}

/// A result, or the document of an error: JSON texts.
type Outcome = Result<String, String>;

/// How a function is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Invoked<'a> {
    pub(super) function_arn: &'a str,
    pub(super) request_id: &'a str,
    pub(super) timeout: Option<Duration>,
}

/// An invocation that waits for a worker.
struct Task {
    invocation: Pending,
    answer: oneshot::Sender<Outcome>,
}

/// What a worker is told of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pending {
    request_id: String,
    function_arn: String,
    payload: String,
    /// Milliseconds since 1970.
    deadline: i64,
    trace_id: String,
}

impl Workers {
    /// Names a function that a local binary serves, before its first worker asks for work.
    pub fn declare(&self, function: &str) {
        lock(&self.declared).insert(function.to_owned());
        self.function(function);
    }

    /// The function that was declared, if it is the only one.
    fn sole(&self) -> Option<String> {
        let declared = lock(&self.declared);
        declared.first().filter(|_| declared.len() == 1).cloned()
    }

    /// Whether a local binary serves a function: it was declared, or a worker has asked for its work.
    #[must_use]
    pub fn knows(&self, function: &str) -> bool {
        lock(&self.functions).contains_key(function)
    }

    /// Calls a function with a payload and waits for a worker's answer, at most the longest time that Lambda allows.
    pub(super) async fn invoke(&self, function: &str, call: Invoked<'_>, payload: String) -> Outcome {
        let Invoked { function_arn, request_id, timeout } = call;
        let timeout = timeout.unwrap_or(LONGEST).min(LONGEST);
        let function = self.function(function);
        let trace = uuid::Uuid::new_v4().simple().to_string();
        let now = jiff::Timestamp::now();
        let invocation = Pending {
            request_id: request_id.to_owned(),
            function_arn: function_arn.to_owned(),
            payload,
            deadline: now.as_millisecond().saturating_add(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)),
            trace_id: format!("Root=1-{:08x}-{};Sampled=0", now.as_second(), &trace[..24]),
        };
        let (answer, answered) = oneshot::channel();
        // Whatever becomes of this call, nobody is asked for it any more.
        let _gone = Gone { function: &function, request_id };
        if let Some(why) = function.enqueue(Task { invocation, answer }) {
            return Err(why);
        }
        match tokio::time::timeout_at(Instant::now() + timeout, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(failed("Runtime.ExitError", &format!("RequestId: {request_id} Error: Runtime exited"))),
            Err(_) => {
                let seconds = timeout.as_secs_f64();
                let said = format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
                Err(failed("Sandbox.Timedout", &said))
            }
        }
    }

    fn function(&self, name: &str) -> Arc<Function> {
        Arc::clone(lock(&self.functions).entry(name.to_owned()).or_default())
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(lock(&self.functions).keys()).finish()
    }
}

impl Function {
    /// Queues a task; what is given back is why no worker will come.
    fn enqueue(&self, task: Task) -> Option<String> {
        let mut state = lock(&self.state);
        if let Some(why) = &state.broken {
            return Some(why.clone());
        }
        state.waiting.push_back(task);
        drop(state);
        self.arrived.notify_one();
        None
    }

    /// Waits for an invocation. One is taken off the queue in the same moment in which it is given out: a worker that goes away
    /// while it waits takes nothing with it.
    async fn next(&self) -> Pending {
        lock(&self.state).broken = None;
        loop {
            let arrived = self.arrived.notified();
            if let Some(pending) = self.take() {
                return pending;
            }
            arrived.await;
        }
    }

    fn take(&self) -> Option<Pending> {
        let mut state = lock(&self.state);
        let Task { invocation, answer } = state.waiting.pop_front()?;
        state.taken.insert(invocation.request_id.clone(), answer);
        if !state.waiting.is_empty() {
            // Another worker may have missed its call while this one was on its way.
            self.arrived.notify_one();
        }
        Some(invocation)
    }

    /// A worker's answer; whether the invocation still waits for one.
    fn answer(&self, request_id: &str, outcome: Outcome) -> bool {
        let answer = lock(&self.state).taken.remove(request_id);
        answer.is_some_and(|answer| answer.send(outcome).is_ok())
    }

    /// A worker could not start: what waits fails with its words, and so does what comes, until a worker starts.
    fn fail_to_start(&self, why: String) {
        let mut state = lock(&self.state);
        for task in state.waiting.drain(..) {
            let _ = task.answer.send(Err(why.clone()));
        }
        state.broken = Some(why);
    }
}

/// Takes an invocation out of a function's queue when its caller is done with it.
struct Gone<'a> {
    function: &'a Function,
    request_id: &'a str,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.function.state);
        state.taken.remove(self.request_id);
        state.waiting.retain(|task| task.invocation.request_id != self.request_id);
    }
}

fn failed(error: &str, message: &str) -> String {
    json!({"errorType": error, "errorMessage": message}).to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest time that Lambda allows a function.
const LONGEST: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests;
