//! Cases recorded on AWS: `SAO_CONFORMANCE` names the folder; without one, or where it is absent, nothing is compared.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::path::PathBuf;

#[test]
fn recorded_cases_agree() {
    let Some(folder) = std::env::var_os("SAO_CONFORMANCE").map(PathBuf::from).filter(|folder| folder.is_dir()) else {
        println!("no folder of recorded cases: set SAO_CONFORMANCE to compare with AWS");
        return;
    };
    let report = replay::conformance::run_folder(&folder).unwrap();
    println!("{report}");
    let least: usize = std::env::var("SAO_CONFORMANCE_LEAST").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    assert!(report.agreed() >= least, "{} of {} agree, at least {least} must", report.agreed(), report.outcomes.len());
}
