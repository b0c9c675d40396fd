//! With what the platform is opened: directory, account, mode, and the values of the workflow's placeholders.
//!
//! Owns the filling of the incident workflow, and the settings that follow from it. The names and defaults of the placeholders are
//! `activities`'.

use std::path::PathBuf;

use activities::{
    PlaceholderKind,
    shape::{Mode, Settings},
};
use edge::Embedded;
use serde_json::Value;
use statemachine::definition::Definition;
use workflow::task::Services;

use super::open_edge;
use crate::{cli, error::CommandError, home::Home};

/// The incident workflow, with its placeholders.
pub(crate) const DEFINITION: &str = include_str!("../../statemachine/incident.asl.json");

/// With what the platform is opened.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// The account and the region in ARNs.
    pub(crate) home: Home,
    /// Who decides.
    pub(crate) mode: cli::Mode,
    /// Values for placeholders, by name.
    pub(crate) settings: Vec<(String, String)>,
    /// Where people reach the approval pages.
    pub(crate) public_url: String,
    /// The file of metrics, logs and changes of the embedded account.
    pub(crate) observations: Option<PathBuf>,
    /// What the tasks of other workflows can reach: AWS or an emulator, and local Lambda binaries.
    pub(crate) services: Services,
}

impl Setup {
    /// The edge functions' own configuration.
    pub(super) fn edge(&self) -> edge::Config {
        let mut config = edge::Config::new(&self.data);
        config.region.clone_from(&self.home.region);
        config.account.clone_from(&self.home.account);
        config.public_url.clone_from(&self.public_url);
        config.observations.clone_from(&self.observations);
        config.mode = match self.mode {
            cli::Mode::Shadow => Mode::Shadow,
            cli::Mode::Ask => Mode::Ask,
            cli::Mode::Policy => Mode::Policy,
        };
        config
    }

    /// The values of the placeholders, the mode among them.
    fn values(&self) -> Vec<(String, String)> {
        let mut values = vec![("mode".to_owned(), self.mode.word().to_owned())];
        let arn = |name: &str| format!("arn:aws:lambda:{}:{}:function:{name}", self.home.region, self.home.account);
        values.extend(functions().map(|name| (format!("{name}_function_arn"), arn(name))));
        values.extend(self.settings.iter().cloned());
        values
    }

    /// The incident workflow, filled and checked.
    pub(super) fn definition(&self) -> Result<String, CommandError> {
        let text = fill(DEFINITION, &self.values())?;
        Definition::parse(&text).map_err(|invalid| CommandError::Definition(invalid.problems))?;
        Ok(text)
    }

    /// The settings that the workflow gives to `Detect`.
    pub(crate) fn settings(&self) -> Result<Settings, CommandError> {
        let definition: Value =
            serde_json::from_str(&self.definition()?).map_err(|error| CommandError::Function(error.to_string()))?;
        let mut written = definition.pointer("/States/Detect/Arguments/Payload/settings").cloned().unwrap_or_default();
        for value in written.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
            let literal = value.as_str().and_then(|text| text.strip_prefix("{%")?.strip_suffix("%}"));
            if let Some(literal) = literal.and_then(|text| serde_json::from_str(text.trim()).ok()) {
                *value = literal;
            }
        }
        let settings: Settings =
            serde_json::from_value(written).map_err(|error| CommandError::Function(error.to_string()))?;
        let problems = settings.problems();
        if problems.is_empty() { Ok(settings) } else { Err(CommandError::Usage(problems.join("; "))) }
    }

    /// The edge functions alone, without an engine: for commands that only look.
    pub(crate) fn edge_only(&self) -> Result<Embedded, CommandError> {
        open_edge(self)
    }
}

/// Fills a definition's placeholders: with these values, else with the embedded ones.
pub(crate) fn fill(definition: &str, values: &[(String, String)]) -> Result<String, CommandError> {
    let known = activities::placeholders();
    if let Some((name, _)) = values.iter().find(|(name, _)| !known.iter().any(|one| one.name == name)) {
        let names: Vec<&str> =
            known.iter().filter(|one| one.kind != PlaceholderKind::FunctionArn).map(|one| one.name).collect();
        return Err(CommandError::Usage(format!(
            "`{name}` is not a setting of the incident workflow; it has {}",
            names.join(", ")
        )));
    }
    let value = |name: &str| {
        let given = values.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let function =
            || Some(format!("arn:aws:lambda:us-east-1:123456789012:function:{}", name.strip_suffix("_function_arn")?));
        given.or_else(function)
    };
    activities::fill(definition, value).map_err(|error| CommandError::Usage(error.message().to_owned()))
}

fn functions() -> impl Iterator<Item = &'static str> {
    activities::PURE_FUNCTIONS.into_iter().chain(activities::EDGE_FUNCTIONS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::home::Asked;

    fn setup(settings: &[(&str, &str)]) -> Setup {
        Setup {
            data: PathBuf::from("/nowhere"),
            home: Home::find(Path::new("/nowhere"), &Asked::default()).unwrap(),
            mode: cli::Mode::Shadow,
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            public_url: "http://127.0.0.1:8084".to_owned(),
            observations: None,
            services: Services::default(),
        }
    }

    #[test]
    fn the_settings_are_those_of_the_filled_workflow() {
        let settings = setup(&[("settle_seconds", "7")]).settings().unwrap();
        assert_eq!((settings.mode, settings.settle_seconds), (Mode::Shadow, 7));
    }

    #[test]
    fn an_unknown_or_impossible_setting_is_refused() {
        let check = |name, value, expect: &str| {
            let error = setup(&[(name, value)]).settings().unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains(expect), "{error}");
        };
        check("settle", "7", "`settle` is not a setting");
        check("settle_seconds", "x", "`settle_seconds` cannot be `x`");
        check("settle_seconds", "0", "must be 1 to 3600");
    }

    #[test]
    fn every_function_of_the_workflow_has_a_handler() {
        let definition = setup(&[]).definition().unwrap();
        for name in functions() {
            assert!(definition.contains(&format!("function:{name}\"")), "{name}");
        }
    }
}
