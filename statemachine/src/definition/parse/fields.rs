//! Which fields each state type has, and in which query language: the table of the Amazon States Language.

use super::reader::{Field, both, jsonata, jsonpath};

/// The state types, in the order in which the service names them.
pub(super) const TYPES: &[&str] = &["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"];

/// The fields of a state type.
pub(super) fn of_type(name: &str) -> Option<&'static [&'static [Field]]> {
    Some(match name {
        "Task" => &[STATE, NEXT, INPUT_OUTPUT, WORK, ARGUMENTS, HANDLERS, TASK],
        "Wait" => &[STATE, NEXT, INPUT_OUTPUT, ASSIGN, WAIT],
        "Pass" => &[STATE, NEXT, INPUT_OUTPUT, ASSIGN, PASS],
        "Succeed" => &[STATE, INPUT_OUTPUT],
        "Fail" => &[STATE, FAIL],
        "Choice" => &[STATE, INPUT_OUTPUT, ASSIGN, CHOICE],
        "Parallel" => &[STATE, NEXT, INPUT_OUTPUT, WORK, ARGUMENTS, HANDLERS, PARALLEL],
        "Map" => &[STATE, NEXT, INPUT_OUTPUT, WORK, HANDLERS, MAP],
        _ => return None,
    })
}

const STATE: &[Field] = &[both("Type"), both("Comment"), both("QueryLanguage")];
const NEXT: &[Field] = &[both("Next"), both("End")];
const INPUT_OUTPUT: &[Field] = &[jsonpath("InputPath"), jsonpath("OutputPath"), jsonata("Output")];
const ASSIGN: &[Field] = &[both("Assign")];
const WORK: &[Field] = &[jsonpath("Parameters"), jsonpath("ResultSelector"), jsonpath("ResultPath"), both("Assign")];
const ARGUMENTS: &[Field] = &[jsonata("Arguments")];
const HANDLERS: &[Field] = &[both("Retry"), both("Catch")];

const TASK: &[Field] = &[
    both("Resource"),
    both("Credentials"),
    both("TimeoutSeconds"),
    jsonpath("TimeoutSecondsPath"),
    both("HeartbeatSeconds"),
    jsonpath("HeartbeatSecondsPath"),
];

const WAIT: &[Field] = &[both("Seconds"), jsonpath("SecondsPath"), both("Timestamp"), jsonpath("TimestampPath")];

const PASS: &[Field] = &[jsonpath("Parameters"), jsonpath("Result"), jsonpath("ResultPath")];

const FAIL: &[Field] = &[both("Error"), jsonpath("ErrorPath"), both("Cause"), jsonpath("CausePath")];

const CHOICE: &[Field] = &[both("Choices"), both("Default")];

const PARALLEL: &[Field] = &[both("Branches")];

const MAP: &[Field] = &[
    both("ItemProcessor"),
    both("Iterator"),
    jsonpath("ItemsPath"),
    jsonata("Items"),
    both("ItemSelector"),
    both("ItemReader"),
    both("ItemBatcher"),
    both("ResultWriter"),
    both("MaxConcurrency"),
    jsonpath("MaxConcurrencyPath"),
    both("ToleratedFailureCount"),
    jsonpath("ToleratedFailureCountPath"),
    both("ToleratedFailurePercentage"),
    jsonpath("ToleratedFailurePercentagePath"),
    both("Label"),
];
