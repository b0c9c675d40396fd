//! Who may approve, and the proof that it is them.
//!
//! Each approver has a name, a role and a secret from which one-time codes are made (`DATA/keys/approvers.json`, 0600). A code
//! works once. Owns enrolment and authentication. Does not own what a role may decide.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use activities::approval::{enrolment_address, hex, matching_step, one_time_code, same_person};
use activities::shape::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{EdgeError, FileError};
use crate::files::{self, Privacy};
use crate::keys::{random, unhex};

/// Someone who may approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// The name under which they decide.
    pub name: String,
    /// Their role.
    pub role: Role,
}

/// The enrolled approvers.
#[derive(Debug)]
pub struct Approvers {
    file: PathBuf,
    used: PathBuf,
    /// When a code was last wrong, by name; guessing is slow.
    failures: Mutex<BTreeMap<String, VecDeque<Timestamp>>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Enrolled {
    name: String,
    role: Role,
    secret: String,
}

/// Why somebody is not who they say.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The name is not enrolled, or the code is not its present one. Which of the two is not told.
    #[error("The name or the one-time code is wrong.")]
    Wrong,
    /// The code was right, and was used before.
    #[error("This one-time code was used already. Wait for the next one.")]
    Used,
    /// There were too many wrong codes lately.
    #[error("There were too many wrong codes for this name. Try again in {minutes} minutes.")]
    TooMany {
        /// How long to wait.
        minutes: i64,
    },
    /// The enrolment cannot be read.
    #[error(transparent)]
    Storage(#[from] EdgeError),
}

impl Approvers {
    /// Opens the approvers of a data directory; on first use `operator` is enrolled, as a manager.
    pub fn open(data_dir: &Path, operator: &str) -> Result<Self, EdgeError> {
        let approvers = Self {
            file: data_dir.join("keys/approvers.json"),
            used: data_dir.join("approvals/used-codes.json"),
            failures: Mutex::default(),
        };
        if approvers.enrolled()?.is_empty() {
            approvers.enrol(operator, Role::Manager)?;
        }
        Ok(approvers)
    }

    /// All approvers, in the order of their enrolment.
    pub fn list(&self) -> Result<Vec<Approver>, EdgeError> {
        Ok(self.enrolled()?.into_iter().map(|one| Approver { name: one.name, role: one.role }).collect())
    }

    /// The approver of this name.
    pub fn find(&self, name: &str) -> Result<Option<Approver>, EdgeError> {
        Ok(self.list()?.into_iter().find(|approver| same_person(&approver.name, name)))
    }

    /// Enrols an approver, or gives one a new role and secret; answers the address for their authenticator.
    pub fn enrol(&self, name: &str, role: Role) -> Result<String, EdgeError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(EdgeError::bad_input(
                "enrol",
                format!("the name `{}` must have 1 to 100 characters", name.escape_debug()),
            ));
        }
        let secret = random::<32>()?;
        let mut all = self.enrolled()?;
        all.retain(|one| !same_person(&one.name, name));
        all.push(Enrolled { name: name.to_owned(), role, secret: hex(&secret) });
        let bytes = serde_json::to_vec_pretty(&all).map_err(|error| EdgeError::bad_input("enrol", error))?;
        files::replace(&self.file, &bytes, Privacy::Secret)?;
        Ok(enrolment_address(name, &secret))
    }

    /// The present code of an approver; for whoever holds the data directory.
    pub fn code(&self, name: &str, now: Timestamp) -> Result<Option<String>, EdgeError> {
        let found = self.enrolled()?.into_iter().find(|one| same_person(&one.name, name));
        found.map(|one| Ok(one_time_code(&self.secret(&one)?, now.as_second()))).transpose()
    }

    /// Checks a name and a code; does not use the code up.
    pub(crate) fn check(&self, name: &str, code: &str, now: Timestamp) -> Result<(Approver, i64), AuthenticationError> {
        let key = name.trim().to_lowercase();
        self.check_failures(&key, now)?;
        let found = self.enrolled()?.into_iter().find(|one| same_person(&one.name, name));
        let step = match &found {
            Some(one) => matching_step(&self.secret(one)?, code, now.as_second()),
            None => None,
        };
        let (Some(one), Some(step)) = (found, step) else {
            self.failures().entry(key).or_default().push_back(now);
            return Err(AuthenticationError::Wrong);
        };
        if self.used()?.get(&key).is_some_and(|last| *last >= step) {
            return Err(AuthenticationError::Used);
        }
        Ok((Approver { name: one.name, role: one.role }, step))
    }

    /// Uses a code up.
    pub(crate) fn use_up(&self, approver: &Approver, step: i64) -> Result<(), EdgeError> {
        let mut used = self.used()?;
        used.insert(approver.name.trim().to_lowercase(), step);
        Ok(files::replace_json(&self.used, &used)?)
    }

    fn check_failures(&self, key: &str, now: Timestamp) -> Result<(), AuthenticationError> {
        let mut failures = self.failures();
        // Names that nobody has must not fill the memory.
        failures.retain(|_, times| times.back().is_some_and(|last| now.duration_since(*last).as_secs() < WINDOW));
        let Some(times) = failures.get_mut(key) else { return Ok(()) };
        times.retain(|time| now.duration_since(*time).as_secs() < WINDOW);
        if times.len() < MOST_FAILURES {
            return Ok(());
        }
        let waited = times.front().map_or(0, |first| now.duration_since(*first).as_secs());
        Err(AuthenticationError::TooMany { minutes: (WINDOW - waited).div_euclid(60) + 1 })
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, VecDeque<Timestamp>>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enrolled(&self) -> Result<Vec<Enrolled>, EdgeError> {
        Ok(files::read_json(&self.file)?.unwrap_or_default())
    }

    fn used(&self) -> Result<BTreeMap<String, i64>, EdgeError> {
        Ok(files::read_json(&self.used)?.unwrap_or_default())
    }

    fn secret(&self, one: &Enrolled) -> Result<[u8; 32], EdgeError> {
        let problem = || format!("the secret of `{}` is not 64 hexadecimal digits", one.name);
        unhex(&one.secret).ok_or_else(|| FileError::Broken { path: self.file.clone(), problem: problem() }.into())
    }
}

/// Wrong codes in this many seconds count together.
const WINDOW: i64 = 15 * 60;
const MOST_FAILURES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn approvers() -> (tempfile::TempDir, Approvers) {
        let directory = tempfile::tempdir().unwrap();
        let approvers = Approvers::open(directory.path(), "operator").unwrap();
        (directory, approvers)
    }

    #[test]
    fn the_operator_is_enrolled_on_first_use_only() {
        let (directory, approvers) = approvers();
        let code = approvers.code("Operator ", time(0)).unwrap().unwrap();
        let again = Approvers::open(directory.path(), "somebody").unwrap();
        assert_eq!(again.code("operator", time(0)).unwrap(), Some(code));
        assert_eq!(again.list().unwrap().len(), 1);
    }

    #[test]
    fn a_code_works_once() {
        let (_directory, approvers) = approvers();
        let code = approvers.code("operator", time(0)).unwrap().unwrap();
        let (approver, step) = approvers.check("operator", &code, time(0)).unwrap();
        approvers.use_up(&approver, step).unwrap();
        assert!(matches!(approvers.check("operator", &code, time(5)), Err(AuthenticationError::Used)));
        let next = approvers.code("operator", time(60)).unwrap().unwrap();
        assert!(approvers.check("operator", &next, time(60)).is_ok());
    }

    #[test]
    fn guessing_ends_after_a_few_attempts_for_that_name_alone() {
        let (_directory, approvers) = approvers();
        approvers.enrol("ana", Role::OnCall).unwrap();
        for _ in 0..MOST_FAILURES {
            assert!(matches!(approvers.check("operator", "000", time(0)), Err(AuthenticationError::Wrong)));
        }
        let code = |name: &str, now| approvers.code(name, now).unwrap().unwrap();
        assert!(matches!(
            approvers.check("operator", &code("operator", time(1)), time(1)),
            Err(AuthenticationError::TooMany { minutes: 15 })
        ));
        assert!(approvers.check("ana", &code("ana", time(1)), time(1)).is_ok());
        assert!(approvers.check("operator", &code("operator", time(WINDOW)), time(WINDOW)).is_ok());
    }

    #[test]
    fn an_unknown_name_and_a_wrong_code_are_not_told_apart() {
        let (_directory, approvers) = approvers();
        let text = |name| approvers.check(name, "000", time(0)).unwrap_err().to_string();
        assert_eq!(text("nobody"), text("operator"));
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (directory, _approvers) = approvers();
        let path = directory.path().join("keys/approvers.json");
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
