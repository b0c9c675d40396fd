//! What the tasks of workflows can reach besides the functions of this process: AWS or an emulator, and local Lambda binaries.
//!
//! Owns the reading of the environment, once, at the start, and the words that say what came of it. The variables are those of
//! every AWS SDK; `workflow` knows what they mean.

use workflow::{
    client::{Client, Settings},
    task::{Services, runtime_api::Workers},
};

/// The services, and a line that says what they are.
pub(crate) fn services(region: &str, workers: Workers) -> (Services, String) {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::from_variables(variables);
    let said = said(&settings, region);
    // Without credentials nothing is ever sent, so that a machine with a network behaves as one without.
    let client = settings.credentials.is_some().then(|| Client::new(settings, region));
    (Services::new(client, workers), said)
}

fn said(settings: &Settings, region: &str) -> String {
    let Some(credentials) = &settings.credentials else {
        return "reach functions of this machine; for AWS set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for an emulator AWS_ENDPOINT_URL too".to_owned();
    };
    let mut said = match &settings.endpoint {
        Some(endpoint) => format!("reach {endpoint}"),
        None => format!("reach AWS in {region}, with the access key {}", credentials.access_key_id),
    };
    let mut named: Vec<&String> = settings.endpoints.keys().collect();
    named.sort_unstable();
    for name in named {
        said.push_str(&format!("; {name} at {}", settings.endpoints[name]));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expect: &str) {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        assert_eq!(said(&Settings::from_variables(variables), "eu-west-1"), expect);
    }

    const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "hush");
    const EMULATOR: (&str, &str) = ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000");

    #[test]
    fn what_tasks_reach_is_said_without_the_secret() {
        check(&[ID, SECRET], "reach AWS in eu-west-1, with the access key AKIDEXAMPLE");
        check(&[ID, SECRET, EMULATOR], "reach http://127.0.0.1:5000");
        check(
            &[ID, SECRET, ("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9"), ("AWS_ENDPOINT_URL_SQS", "http://q:1")],
            "reach AWS in eu-west-1, with the access key AKIDEXAMPLE; LAMBDA at http://127.0.0.1:9; SQS at http://q:1",
        );
    }

    #[test]
    fn an_emulator_without_credentials_is_not_reached() {
        let settings = Settings::from_variables([EMULATOR].map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(said(&settings, "eu-west-1").contains("set AWS_ACCESS_KEY_ID"));
    }
}
