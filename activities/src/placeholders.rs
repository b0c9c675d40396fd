//! The placeholders of `statemachine/incident.asl.json`: their names, what they mean, and the embedded defaults.
//!
//! Owns the list that Terraform, `sao` and replay fill the definition from, and the filling itself. Owns no ARN: the
//! functions' ARNs are given by whoever deploys them.
//!
//! A placeholder is `${name}`, always inside a JSON string, so that the unfilled file is JSON. Where the machine needs a
//! number, the string is a JSONata expression: `"{% ${settle_seconds} %}"`.

use crate::ActivityError;

/// One placeholder of the incident workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// The name between `${` and `}`.
    pub name: &'static str,
    /// What it may be filled with.
    pub kind: PlaceholderKind,
    /// What the embedded default fills it with; empty for an ARN, which has none.
    pub embedded: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

/// What a placeholder may be filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceholderKind {
    /// The ARN of a function, with or without a qualifier.
    FunctionArn,
    /// A number that is not negative.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Letters, digits and `. : / _ -`.
    Word,
}

/// Lists the placeholders in the order in which they are documented.
pub fn placeholders() -> &'static [Placeholder] {
    PLACEHOLDERS
}

/// Fills a definition's placeholders.
///
/// `value` gives the text for a name, or `None` for the embedded default.
///
/// # Errors
///
/// `Sao.BadInput` names every placeholder that has no value, that is not in the list, or whose value does not fit.
pub fn fill(definition: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, ActivityError> {
    let mut problems = Vec::new();
    let mut filled = String::with_capacity(definition.len());
    let mut rest = definition;
    while let Some(start) = rest.find("${") {
        filled.push_str(&rest[..start]);
        let Some(length) = rest[start..].find('}') else {
            problems.push("a placeholder is not closed".to_owned());
            rest = "";
            break;
        };
        let name = &rest[start + 2..start + length];
        match value_of(name, &value) {
            Ok(text) => filled.push_str(&text),
            Err(problem) => problems.push(problem),
        }
        rest = &rest[start + length + 1..];
    }
    filled.push_str(rest);
    if problems.is_empty() { Ok(filled) } else { Err(ActivityError::bad_input(problems.join("; "))) }
}

fn value_of(name: &str, value: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let Some(placeholder) = PLACEHOLDERS.iter().find(|known| known.name == name) else {
        return Err(format!("`${{{name}}}` is not a placeholder of the incident workflow"));
    };
    let text = value(name).unwrap_or_else(|| placeholder.embedded.to_owned());
    if placeholder.kind.fits(&text) {
        Ok(text)
    } else {
        Err(format!("`{name}` cannot be `{text}`: it is {}", placeholder.kind.wants()))
    }
}

impl PlaceholderKind {
    /// Says whether a text may stand for a placeholder of this kind.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::FunctionArn => text.starts_with("arn:") && is_word(text),
            Self::Number => text.parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0),
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Word => is_word(text),
        }
    }

    /// Says what fits, for a message.
    pub fn wants(self) -> &'static str {
        match self {
            Self::FunctionArn => "the ARN of a function",
            Self::Number => "a number that is not negative",
            Self::Boolean => "`true` or `false`",
            Self::Word => "one or more letters, digits and `. : / _ -`",
        }
    }
}

/// Says whether a text can stand inside a JSON string as it is.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".:/_-".contains(c))
}

const fn arn(name: &'static str, meaning: &'static str) -> Placeholder {
    Placeholder { name, kind: PlaceholderKind::FunctionArn, embedded: "", meaning }
}

const fn number(name: &'static str, embedded: &'static str, meaning: &'static str) -> Placeholder {
    Placeholder { name, kind: PlaceholderKind::Number, embedded, meaning }
}

const PLACEHOLDERS: &[Placeholder] = &[
    arn("detect_function_arn", "the function `detect`"),
    arn("observe_function_arn", "the function `observe`"),
    arn("context_function_arn", "the function `context`"),
    arn("reason_function_arn", "the function `reason`"),
    arn("infer_function_arn", "the function `infer`"),
    arn("propose_function_arn", "the function `propose`"),
    arn("notify_function_arn", "the function `notify`"),
    arn("act_function_arn", "the function `act`"),
    arn("verify_function_arn", "the function `verify`"),
    arn("record_function_arn", "the function `record`"),
    arn("remember_function_arn", "the function `remember`"),
    Placeholder {
        name: "mode",
        kind: PlaceholderKind::Word,
        embedded: "ask",
        meaning: "who decides: `shadow` (nobody, nothing is executed), `ask` (a human), `policy` (LOW executes by itself)",
    },
    number("approval_seconds", "3600", "seconds from the first ask until the proposal expires"),
    number("reminder_seconds", "900", "seconds from the first ask until the reminder"),
    number("escalation_seconds", "1800", "seconds from the first ask until a manager is asked"),
    number("high_approvals", "2", "how many different people must approve a HIGH proposal, 1 or 2"),
    number("poll_seconds", "1", "seconds between two looks at an action that is taking effect"),
    number("effect_seconds", "120", "seconds that an action may take until it is effective"),
    number("settle_seconds", "2", "seconds between two observations while a change is verified"),
    number("verify_seconds", "60", "seconds from the effect of a change until its verdict is final"),
    Placeholder {
        name: "undo_unchanged",
        kind: PlaceholderKind::Boolean,
        embedded: "false",
        meaning: "whether a change that helped nothing is undone, too",
    },
    number("max_turns", "4", "how many times the model may be asked in one incident"),
    number("max_cost_usd", "0.25", "US dollars that the model may cost in one incident"),
    number("context_tokens", "8000", "the budget of the context in estimated tokens"),
    Placeholder {
        name: "model_id",
        kind: PlaceholderKind::Word,
        embedded: "none",
        meaning: "the Bedrock model or inference profile; `none` leaves the reasoning to the rules",
    },
    number("automatic_per_hour", "3", "how many actions mode `policy` may execute by itself in an hour"),
    Placeholder {
        name: "platform_prefix",
        kind: PlaceholderKind::Word,
        embedded: "sao-",
        meaning: "the prefix of the platform's own alarms, which never become incidents",
    },
];
