//! Our own cases, in the format of the recorded ones: each says what the language and its documentation say must happen.
//!
//! They stand in `fixtures/cases`, a file each, and all of them must agree. A case that AWS is seen to answer otherwise is wrong,
//! and is corrected there.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::path::Path;

#[test]
fn our_own_cases_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    let report = replay::conformance::run_folder(&folder).unwrap();
    println!("{report}");
    assert!(!report.outcomes.is_empty());
    assert_eq!(report.agreed(), report.outcomes.len(), "{report}");
}
