//! Why an action of the catalogue cannot be done as asked.
//!
//! Owns the messages. They are shown to people, and handed back to a model that may try again: each says what to do.

use thiserror::Error;

use super::ActionName;

/// One reason why an action is refused; all reasons are reported at once.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ActionProblem {
    /// No such action.
    #[error("`{action}` is no action of the catalogue; it has {}", in_order())]
    UnknownAction {
        /// The name given.
        action: String,
    },
    /// The parameters are no JSON object.
    #[error("the parameters of `{action}` must be a JSON object")]
    NotAnObject {
        /// The action.
        action: ActionName,
    },
    /// A parameter that the action does not have.
    #[error("`{action}` has no parameter `{parameter}`; remove it")]
    UnknownParameter {
        /// The action.
        action: ActionName,
        /// The parameter.
        parameter: String,
    },
    /// A parameter that is needed.
    #[error("`{action}` needs the parameter `{parameter}`")]
    MissingParameter {
        /// The action.
        action: ActionName,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter of another type.
    #[error("`{parameter}` is `{found}` and must be {expected}")]
    WrongType {
        /// The parameter.
        parameter: &'static str,
        /// What is wanted, for example "a whole number".
        expected: &'static str,
        /// The JSON that was given.
        found: String,
    },
    /// A number that is too small or too large.
    #[error("`{parameter}` is `{value}` and must be {min} to {max}{because}")]
    OutOfBounds {
        /// The parameter.
        parameter: &'static str,
        /// The number.
        value: i64,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
        /// Why just these bounds, when they depend on the current configuration.
        because: String,
    },
    /// A parameter that names another resource than the target.
    #[error("`{parameter}` is `{found}`, but the target is `{expected}`; an action changes its target only")]
    OtherTarget {
        /// The parameter.
        parameter: &'static str,
        /// The target's name.
        expected: String,
        /// The name given.
        found: String,
    },
    /// The target is of a type that the action does not change.
    #[error("`{action}` changes `{expected}`, the target is `{found}`")]
    NotApplicable {
        /// The action.
        action: ActionName,
        /// The type that it changes.
        expected: &'static str,
        /// The target's type.
        found: String,
    },
    /// The configuration is of another resource than the target.
    #[error("the configuration read is that of `{found}`, the target is `{expected}`; read the configuration again")]
    OtherConfiguration {
        /// The target's name.
        expected: String,
        /// The configuration's name.
        found: String,
    },
    /// The value is what it already is.
    #[error("`{parameter}` is already `{value}`; propose another value or another action")]
    NoChange {
        /// The parameter.
        parameter: &'static str,
        /// The value.
        value: String,
    },
    /// Someone has switched the resource off.
    #[error("`{target}` is switched off (`{parameter}` is 0); switching it on is for a human to decide")]
    SwitchedOff {
        /// The target's name.
        target: String,
        /// The setting.
        parameter: &'static str,
    },
    /// The resource is in no state to be changed.
    #[error("`{target}` is `{status}`; it can be changed when it is `{wanted}`")]
    NotReady {
        /// The target's name.
        target: String,
        /// Its status.
        status: String,
        /// The status in which it can be changed.
        wanted: &'static str,
    },
}

/// The names of all actions, for a message.
pub(super) fn in_order() -> String {
    ActionName::ALL.map(|name| format!("`{name}`")).join(", ")
}
