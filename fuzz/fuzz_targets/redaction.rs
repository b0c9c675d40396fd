//! Redaction of any text: it ends, and doing it again takes nothing more out.
#![no_main]

use activities::text::{is_secret_name, redact};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let once = redact(text);
    let _ = is_secret_name(text);
    let secret = format!("{text} aws_secret_access_key=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab {text}");
    assert!(!redact(&secret).contains("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"));
    assert!(redact(&once).len() <= once.len() + 64);
});
