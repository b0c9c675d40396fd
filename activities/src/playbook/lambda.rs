//! Rules for Lambda functions: near the timeout, throttled, failing since a change, out of memory.
//!
//! Owns the thresholds. A function that waits for something that does not answer is not helped by a longer timeout, and
//! one that fails since a release is helped by none of the actions: both are said and left to a human.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::{Candidate, Case};
use crate::action::{ActionName, Configuration, LambdaFunction};
use crate::context::short_number;
use crate::shape::{Change, NoProposal, RiskLevel, Topic};
use crate::time::instant_or_none;
use crate::tool::ToolInput;

/// Decides about an alarm on a function.
pub(super) fn decide(case: &Case<'_>) -> Option<ToolInput> {
    let Some(Configuration::LambdaFunction(function)) = case.configuration() else {
        let reason = "the function's configuration could not be read: without it no value can be justified";
        return Some(case.nothing(NoProposal::Undetermined, String::new(), &[], reason));
    };
    let logs = Logs::of(&case.messages());
    if case.watches("Throttles") {
        return Some(throttled(case, &function));
    }
    if case.watches("Errors") {
        return Some(failing(case, &function, &logs));
    }
    (case.watches("Duration")).then(|| slow(case, &function, &logs))
}

/// What the log says in numbers.
struct Logs {
    timeouts: usize,
    unreachable: usize,
    out_of_memory: usize,
    /// MB that the hungriest invocation used.
    used_memory: Option<u32>,
}

impl Logs {
    fn of(messages: &[String]) -> Self {
        let count = |pattern: &Regex| messages.iter().filter(|message| pattern.is_match(message)).count();
        let used =
            messages.iter().filter_map(|message| USED_MEMORY.captures(message)?.get(1)?.as_str().parse().ok()).max();
        Self {
            timeouts: count(&TIMED_OUT).max(count(&REPORTED_TIMEOUT)),
            unreachable: count(&UNREACHABLE),
            out_of_memory: count(&OUT_OF_MEMORY),
            used_memory: used,
        }
    }

    fn memory_is_near(&self, function: &LambdaFunction) -> bool {
        self.used_memory.is_some_and(|used| f64::from(used) >= f64::from(function.memory_size) * NEAR_MEMORY)
    }
}

/// Duration near the timeout.
fn slow(case: &Case<'_>, function: &LambdaFunction, logs: &Logs) -> ToolInput {
    let topics = [Topic::Metrics, Topic::Configuration, Topic::Logs];
    let limit = f64::from(function.timeout) * 1_000.0;
    let Some(longest) = case.most("duration_maximum").or_else(|| case.most("watched")) else {
        return case.nothing(
            NoProposal::Undetermined,
            String::new(),
            &topics,
            "no duration was measured: no value can be justified",
        );
    };
    if logs.unreachable >= MANY {
        let cause = format!(
            "The function waits for something that does not answer: {} so.",
            counted(logs.unreachable, "log line says", "log lines say")
        );
        return case.nothing(
            NoProposal::Undetermined,
            cause,
            &topics,
            "a longer timeout would only wait longer: look at what the function calls",
        );
    }
    if longest < limit * NEAR_TIMEOUT && logs.timeouts == 0 {
        let cause = format!(
            "The longest invocation took {} of {} ms: the timeout is not what holds it back.",
            short_number(longest),
            short_number(limit)
        );
        return case.nothing(
            NoProposal::Undetermined,
            cause,
            &topics,
            "the function became slower for a reason that the rules do not see",
        );
    }
    let mut candidates: Vec<Candidate> = longer(function, longest, logs).into_iter().collect();
    let memory = more_memory(function, logs);
    let cause = if logs.memory_is_near(function) {
        // Whoever is short of memory is slow because of it; a longer timeout only hides that.
        candidates.splice(0..0, memory);
        let used = logs.used_memory.unwrap_or_default();
        format!(
            "The function is short of memory ({used} of {} MB used) and comes near its timeout of {} s ({} ms measured).",
            function.memory_size,
            function.timeout,
            short_number(longest)
        )
    } else {
        candidates.extend(memory);
        let cut = if logs.timeouts > 0 {
            format!("; {} cut off", counted(logs.timeouts, "invocation was", "invocations were"))
        } else {
            String::new()
        };
        format!(
            "Invocations come near the function's timeout: the longest took {} ms of {} ms{cut}.",
            short_number(longest),
            short_number(limit)
        )
    };
    case.propose(&case.node, cause, &topics, RiskLevel::Low, candidates)
}

/// A longer timeout: half as much again as was measured, or twice the present one when invocations were cut off, because
/// then nobody knows how long they would have taken.
fn longer(function: &LambdaFunction, longest: f64, logs: &Logs) -> Option<Candidate> {
    let cut_off = logs.timeouts > 0 || longest >= f64::from(function.timeout) * 1_000.0;
    let wanted =
        if cut_off { function.timeout.saturating_mul(2) } else { (longest * HEADROOM / 1_000.0).ceil() as u32 };
    let timeout = wanted.max(function.timeout + 1).min(function.timeout.saturating_mul(3)).min(LONGEST_TIMEOUT);
    let why = if cut_off {
        format!(
            "Invocations reach the timeout of {} s, so that their true length is unknown: twice as long, {timeout} s, lets them end and be measured.",
            function.timeout
        )
    } else {
        format!("{timeout} s is half as much again as the longest measured invocation of {} ms.", short_number(longest))
    };
    (timeout > function.timeout).then(|| Candidate {
        action: ActionName::LambdaUpdateTimeout,
        parameters: json!({"timeout": timeout}),
        rationale: why,
    })
}

/// Twice the memory, and with it the processor share.
fn more_memory(function: &LambdaFunction, logs: &Logs) -> Option<Candidate> {
    let memory = function.memory_size.saturating_mul(2).min(MOST_MEMORY);
    let used = logs.used_memory.map_or_else(
        || "memory use was not logged".to_owned(),
        |used| format!("{used} of {} MB were used", function.memory_size),
    );
    (memory > function.memory_size).then(|| Candidate {
        action: ActionName::LambdaUpdateMemory,
        parameters: json!({"memory_size": memory}),
        rationale: format!("{used}; {memory} MB also doubles the processor share, which shortens work that computes."),
    })
}

/// Throttles: raise the reservation where there is one and it is used up.
fn throttled(case: &Case<'_>, function: &LambdaFunction) -> ToolInput {
    let topics = [Topic::Metrics, Topic::Configuration];
    let Some(reserved) = function.reserved_concurrent_executions else {
        let cause = "The function is throttled and has no reserved concurrency: the account's limit or its scaling rate is reached.".to_owned();
        return case.nothing(
            NoProposal::None,
            cause,
            &topics,
            "ask AWS for a higher concurrency limit, or find the function that uses it up",
        );
    };
    if reserved == 0 {
        let cause =
            "The function is throttled because its reserved concurrency is 0: somebody switched it off.".to_owned();
        return case.nothing(NoProposal::None, cause, &topics, "switching it on is for a human to decide");
    }
    let Some(most) = case.most("concurrent_executions_maximum") else {
        return case.nothing(
            NoProposal::Undetermined,
            String::new(),
            &topics,
            "no concurrency was measured: no value can be justified",
        );
    };
    if most < f64::from(reserved) * NEAR_CONCURRENCY {
        let cause = format!(
            "The function is throttled although only {} of {reserved} reserved executions ran.",
            short_number(most)
        );
        return case.nothing(
            NoProposal::Undetermined,
            cause,
            &topics,
            "bursts shorter than the metric's period are likely: look at what calls the function",
        );
    }
    let wanted = reserved.saturating_add(reserved.div_ceil(2)).min(MOST_CONCURRENCY);
    let cause = format!(
        "The function's reserved concurrency of {reserved} is used up: {} executions ran at once.",
        short_number(most)
    );
    let candidates = (wanted > reserved).then(|| Candidate {
        action: ActionName::LambdaUpdateReservedConcurrency,
        parameters: json!({"reserved_concurrent_executions": wanted}),
        rationale: format!("{wanted} is half as much again as the reservation that is used up."),
    });
    case.propose(&case.node, cause, &topics, RiskLevel::Medium, candidates.into_iter().collect())
}

/// Errors: out of memory and cut-off invocations can be helped, a faulty release cannot.
fn failing(case: &Case<'_>, function: &LambdaFunction, logs: &Logs) -> ToolInput {
    if let Some(change) = release(case) {
        let cause = format!(
            "Errors began after {} by {} at {}.",
            change.action,
            if change.by.is_empty() { "an unknown principal" } else { &change.by },
            change.at
        );
        let topics = [Topic::Changes, Topic::Metrics, Topic::Logs];
        return case.nothing(
            NoProposal::None,
            cause,
            &topics,
            "no action of the catalogue takes a release back: a human should roll it back or fix it",
        );
    }
    if logs.out_of_memory > 0 || logs.memory_is_near(function) {
        let used =
            logs.used_memory.map(|used| format!(", {used} of {} MB used", function.memory_size)).unwrap_or_default();
        let cause = format!(
            "Invocations run out of memory: {} so{used}.",
            counted(logs.out_of_memory, "log line says", "log lines say")
        );
        return case.propose(
            &case.node,
            cause,
            &[Topic::Logs, Topic::Configuration],
            RiskLevel::Low,
            more_memory(function, logs).into_iter().collect(),
        );
    }
    if logs.timeouts > 0 {
        return slow(case, function, logs);
    }
    case.nothing(
        NoProposal::Undetermined,
        String::new(),
        &[Topic::Metrics, Topic::Logs],
        "errors without a change, a timeout or a lack of memory: read the log",
    )
}

/// A number with its noun and verb.
fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A change of code or configuration in the hours before the alarm.
fn release(case: &Case<'_>) -> Option<Change> {
    let alarm = instant_or_none(&case.incident.started_at)?;
    let recent = |change: &Change| {
        let before = instant_or_none(&change.at).map(|at| alarm.duration_since(at).as_secs());
        before.is_some_and(|seconds| (-60..=RECENT_SECONDS).contains(&seconds))
    };
    let releases = |change: &Change| RELEASES.iter().any(|action| change.action.starts_with(action));
    case.facts.changes().ok()?.changes.into_iter().find(|change| recent(change) && releases(change))
}

// Lambda writes both about one invocation: a line of its own, and a status in its report.
static TIMED_OUT: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)task timed out after"));
static REPORTED_TIMEOUT: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)status:\s*timeout"));
static OUT_OF_MEMORY: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)out ?of ?memory|runtime\.outofmemory|signal: killed|heap limit|memoryerror"));
static UNREACHABLE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)econnrefused|econnreset|etimedout|connection (?:refused|reset|timed out)|could not connect|connect timeout|no route to host|too many connections",
    )
});
static USED_MEMORY: LazyLock<Regex> = LazyLock::new(|| compiled(r"Max Memory Used: (\d+) MB"));

#[expect(clippy::expect_used, reason = "the patterns are constants, and the tests of the rules compile them all")]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern compiles")
}

/// The share of the timeout from which on an invocation is near it.
const NEAR_TIMEOUT: f64 = 0.8;
const NEAR_MEMORY: f64 = 0.9;
const NEAR_CONCURRENCY: f64 = 0.9;
const HEADROOM: f64 = 1.5;
/// Log lines from which on something is no accident.
const MANY: usize = 3;
const LONGEST_TIMEOUT: u32 = 900;
const MOST_MEMORY: u32 = 10_240;
const MOST_CONCURRENCY: u32 = 900;
const RECENT_SECONDS: i64 = 6 * 3_600;
const RELEASES: [&str; 4] = ["UpdateFunctionCode", "UpdateFunctionConfiguration", "UpdateAlias", "PublishVersion"];
