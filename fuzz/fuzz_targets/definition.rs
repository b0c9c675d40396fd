//! Any text is a definition or is refused, the same both ways, in bounded time and space.
#![no_main]

use libfuzzer_sys::fuzz_target;
use statemachine::definition::{Definition, MachineType, Severity};

fuzz_target!(|text: &str| {
    let problems = Definition::diagnose(text);
    let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    match Definition::parse(text) {
        Ok(definition) => {
            assert!(!refused);
            let _ = definition.graph();
        }
        Err(error) => {
            assert!(refused);
            assert_eq!(error.problems, problems);
        }
    }
    let _ = Definition::diagnose_as(text, MachineType::Express);
    let _ = Definition::parse_state("A", text);
});
