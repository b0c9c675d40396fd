//! A task token from anywhere: what parses is written back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use statemachine::token::Token;

fuzz_target!(|text: &str| {
    if let Some(token) = Token::parse(text) {
        assert_eq!(token.to_string(), text);
    }
});
