//! A history as it may be downloaded or edited: it is read or refused, and a replay of it ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use replay::{History, answers::Answers};

fuzz_target!(|text: &str| {
    if let Ok(history) = History::parse(text) {
        let _ = (history.input(), history.role_arn());
        for event in &history.events {
            let _ = history.time_of(event["id"].as_u64().unwrap_or_default());
        }
        let _ = Answers::of(&history.events);
    }
});
