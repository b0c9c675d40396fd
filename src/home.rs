//! Whose data directory it is: the account and the region that its ARNs carry.
//!
//! Owns `DATA/home.json`, written once. ARNs are names: a directory that was made for one account and region is opened for
//! them ever after, so that what it holds is still found.

use std::{fs, io::ErrorKind, path::Path};

use serde::{Deserialize, Serialize};

use crate::error::CommandError;

/// The account and the region of a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Home {
    /// The twelve-digit account.
    pub(crate) account: String,
    /// The region.
    pub(crate) region: String,
}

impl Home {
    /// Finds whose directory it is, or says whose it will be: `asked`, and for what is not asked, the default.
    pub(crate) fn find(data: &Path, asked: &Asked) -> Result<Self, CommandError> {
        let Some(kept) = Self::read(data)? else {
            return Self {
                account: asked.account.clone().unwrap_or_else(|| ACCOUNT.to_owned()),
                region: asked.region.clone().unwrap_or_else(|| REGION.to_owned()),
            }
            .checked();
        };
        let fits = |asked: &Option<String>, kept: &str| asked.as_deref().is_none_or(|asked| asked == kept);
        if fits(&asked.account, &kept.account) && fits(&asked.region, &kept.region) {
            return Ok(kept);
        }
        let wanted = Self {
            account: asked.account.clone().unwrap_or_else(|| kept.account.clone()),
            region: asked.region.clone().unwrap_or_else(|| kept.region.clone()),
        };
        Err(CommandError::Home { path: data.to_owned(), kept: kept.words(), asked: wanted.words() })
    }

    /// Writes it down, the first time.
    pub(crate) fn keep(&self, data: &Path) -> Result<(), CommandError> {
        let path = data.join(FILE);
        if path.exists() {
            return Ok(());
        }
        let failed = |source| CommandError::Write { path: path.clone(), source };
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        let beside = data.join(format!("{FILE}.tmp"));
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(failed)
    }

    fn read(data: &Path) -> Result<Option<Self>, CommandError> {
        let path = data.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|source| CommandError::NotJson { path, source })
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(source) => Err(CommandError::Read { path, source }),
        }
    }

    fn checked(self) -> Result<Self, CommandError> {
        let account = self.account.len() == 12 && self.account.chars().all(|c| c.is_ascii_digit());
        let region = !self.region.is_empty() && self.region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        match (account, region) {
            (true, true) => Ok(self),
            (false, _) => {
                Err(CommandError::Usage(format!("`--account` is `{}` and must have twelve digits", self.account)))
            }
            (_, false) => Err(CommandError::Usage(format!(
                "`--region` is `{}` and must be a region such as `eu-west-1`",
                self.region
            ))),
        }
    }

    fn words(&self) -> String {
        format!("account {} in {}", self.account, self.region)
    }
}

/// What the command line asks for; `None` takes what is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// `--account`
    pub(crate) account: Option<String>,
    /// `--region`
    pub(crate) region: Option<String>,
}

impl Asked {
    /// For what is not asked: the account and the region of the first function, service or database of a Terraform state, or of
    /// the states in a directory.
    pub(crate) fn or_of_state(&mut self, state: &Path) {
        if state.is_dir() {
            return self.or_of_directory(state);
        }
        // A file that cannot be read is refused where it is collected, with the reason.
        let text = fs::read_to_string(state).unwrap_or_default();
        let arns = text.split('"').filter(|text| text.starts_with("arn:aws"));
        let found = arns.filter_map(|arn| {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            let [_, _, "lambda" | "ecs" | "rds", region, account, _] = parts.as_slice() else { return None };
            (!region.is_empty() && account.len() == 12).then_some((*account, *region))
        });
        if let Some((account, region)) = found.into_iter().next() {
            self.account.get_or_insert_with(|| account.to_owned());
            self.region.get_or_insert_with(|| region.to_owned());
        }
    }

    fn or_of_directory(&mut self, directory: &Path) {
        let mut inside: Vec<_> = fs::read_dir(directory).into_iter().flatten().flatten().collect();
        inside.sort_by_key(fs::DirEntry::file_name);
        for entry in inside {
            // A link to a directory may lead back to where it stands.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let path = entry.path();
            if self.account.is_some() && self.region.is_some() {
                return;
            }
            if is_directory && !entry.file_name().to_string_lossy().starts_with('.') {
                self.or_of_directory(&path);
            } else if !path.is_dir() && path.extension().is_some_and(|extension| extension == "tfstate") {
                self.or_of_state(&path);
            }
        }
    }
}

const FILE: &str = "home.json";
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(account: Option<&str>) -> Asked {
        Asked { account: account.map(str::to_owned), region: None }
    }

    #[test]
    fn a_directory_keeps_the_account_that_it_was_made_with() {
        let data = tempfile::tempdir().unwrap();
        let home = Home::find(data.path(), &asked(Some("210987654321"))).unwrap();
        home.keep(data.path()).unwrap();
        assert_eq!(Home::find(data.path(), &asked(None)).unwrap(), home);
        let error = Home::find(data.path(), &asked(Some("111111111111"))).unwrap_err();
        assert!(error.to_string().contains("belongs to account 210987654321"), "{error}");
    }

    #[test]
    fn what_is_not_asked_is_the_states() {
        let data = tempfile::tempdir().unwrap();
        let state = data.path().join("s.tfstate");
        fs::write(
            &state,
            r#"{"a": "arn:aws:iam::111122223333:role/x", "b": "arn:aws:lambda:eu-west-3:444455556666:function:f"}"#,
        )
        .unwrap();
        for place in [state.as_path(), data.path()] {
            let mut asked = Asked { account: None, region: Some("us-west-2".to_owned()) };
            asked.or_of_state(place);
            assert_eq!((asked.account.as_deref(), asked.region.as_deref()), (Some("444455556666"), Some("us-west-2")));
        }
    }

    #[test]
    fn an_account_has_twelve_digits() {
        let error = Home::find(Path::new("/nowhere"), &asked(Some("12"))).unwrap_err();
        assert_eq!((error.exit_code(), error.to_string().contains("`12`")), (2, true));
    }
}
