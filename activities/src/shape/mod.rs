//! The data that crosses the state machine: what each function is asked and what it answers.
//!
//! Owns the serde structs of every request and answer in `statemachine/incident.asl.json`. Owns no behaviour beyond
//! reading and writing them, and no policy. Every Task of the machine invokes one function through
//! `arn:aws:states:::lambda:invoke`; its `Payload` is the request below and its `Payload` in the result is the answer.
//!
//! | function | kind | request | answer |
//! |---|---|---|---|
//! | `intake` | edge | [`AlarmEvent`] as EventBridge delivers it | [`IntakeAnswer`]; starts the execution that [`crate::detect::intake`] describes |
//! | `detect` | pure | [`DetectRequest`] | [`DetectAnswer`] |
//! | `observe` | edge | [`ObserveRequest`] | [`ObserveAnswer`] |
//! | `context` | pure | [`ContextRequest`] | [`Context`] |
//! | `reason` | pure | [`ReasonRequest`] | [`InferRequest`] |
//! | `infer` | edge | [`InferRequest`] | [`InferAnswer`] |
//! | `propose` | pure | [`ProposeRequest`] (`mode` is `answer`, `adjust` or `revalidate`) | [`ProposeAnswer`] |
//! | `notify` | edge | [`NotifyRequest`] | [`NotifyAnswer`]; for `ask` the task's result is the [`Decision`] that completes the token |
//! | `act` | edge | [`ActRequest`] (`operation` is `lock`, `begin`, `poll`, `undo` or `unlock`) | [`ActAnswer`] |
//! | `verify` | pure | [`VerifyRequest`] | [`VerifyAnswer`] |
//! | `record` | pure | [`RecordRequest`] | [`RecordAnswer`] |
//! | `remember` | edge | [`RememberRequest`] | [`RememberAnswer`] |
//!
//! Four further edge functions stand outside the machine and exchange nothing with it: `collect` (state files to
//! topology), `hitl` (the approval pages, which complete a token with a [`Decision`]), `api` and `archive`.
//!
//! Conventions. Instants are RFC 3339 strings in UTC (`2026-11-23T10:15:30.123Z`); durations are whole seconds and
//! say so in the name; money is US dollars; sizes are bytes. A function that fails raises an error whose type starts
//! with `Sao.` (see [`crate::ActivityError`]); everything else that a Lambda may raise is transient and retried.
//! Structs that people, models or the wire API can fill refuse unknown fields; structs that AWS fills do not, because
//! AWS adds fields without notice.

mod act;
mod answer;
mod context;
mod decision;
mod event;
mod incident;
mod infer;
mod observe;
mod outcome;
mod proposal;
mod settings;
mod verify;

pub use act::*;
pub use answer::*;
pub use context::*;
pub use decision::*;
pub use event::*;
pub use incident::*;
pub use infer::*;
pub use observe::*;
pub use outcome::*;
pub use proposal::*;
pub use settings::*;
pub use verify::*;

/// A JSON object that keeps the order in which it was written.
pub type Fields = serde_json::Map<String, serde_json::Value>;
