//! Where a service is, and who asks.
//!
//! Owns the variables of the environment that every AWS SDK reads. They are read once, by the program; here they are values.

use std::collections::HashMap;

use crate::signature::Credentials;

/// Credentials and endpoints, as the environment names them.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Who asks; without them nothing is sent.
    pub credentials: Option<Credentials>,
    /// `AWS_ENDPOINT_URL`
    pub endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_<SERVICE>`, by the name in capitals, such as `DYNAMODB`.
    pub endpoints: HashMap<String, String>,
}

impl Settings {
    /// Reads the variables of an environment; what is empty counts as absent.
    ///
    /// ```
    /// use workflow::client::Settings;
    ///
    /// let variables = [("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:5000"), ("AWS_ACCESS_KEY_ID", "test")];
    /// let settings = Settings::from_variables(variables.map(|(name, value)| (name.into(), value.into())));
    /// assert_eq!(settings.endpoints["SQS"], "http://127.0.0.1:5000");
    /// assert!(settings.credentials.is_none(), "a key without its secret is none");
    /// ```
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut found: HashMap<String, String> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let ignored = found.remove("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value == "true");
        let credentials = match (found.remove("AWS_ACCESS_KEY_ID"), found.remove("AWS_SECRET_ACCESS_KEY")) {
            (Some(access_key_id), Some(secret_access_key)) => Some(Credentials {
                session_token: found.remove("AWS_SESSION_TOKEN"),
                ..Credentials::new(access_key_id, secret_access_key)
            }),
            _ => None,
        };
        if ignored {
            return Self { credentials, ..Self::default() };
        }
        let endpoint = found.remove("AWS_ENDPOINT_URL");
        let of_service =
            |(name, url): (String, String)| Some((name.strip_prefix("AWS_ENDPOINT_URL_")?.to_owned(), url));
        Self { credentials, endpoint, endpoints: found.into_iter().filter_map(of_service).collect() }
    }

    /// Where a service is: the endpoint without a slash at its end, and whether the environment named it.
    pub(crate) fn endpoint_of(&self, service: &Service<'_>, region: &str) -> (String, bool) {
        let name: String =
            service.id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        match self.endpoints.get(&name).or(self.endpoint.as_ref()) {
            Some(url) => (url.trim_end_matches('/').to_owned(), true),
            None => {
                let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                (format!("https://{}.{region}.{domain}", service.endpoint), false)
            }
        }
    }
}

/// A service, as endpoints and signatures name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service<'a> {
    /// The SDKs' id, such as `Secrets Manager`.
    pub(crate) id: &'a str,
    /// What its host begins with.
    pub(crate) endpoint: &'a str,
    /// Its name in the scope of a signature.
    pub(crate) signing: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expect: (&str, bool)) {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let service = Service { id: "Secrets Manager", endpoint: "secretsmanager", signing: "secretsmanager" };
        let (url, named) = Settings::from_variables(variables).endpoint_of(&service, "eu-west-1");
        assert_eq!((url.as_str(), named), expect);
    }

    #[test]
    fn the_most_particular_variable_names_the_endpoint() {
        let (all, one) = (("AWS_ENDPOINT_URL", "http://a:1/"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://b:2"));
        check(&[all, one], ("http://b:2", true));
        check(&[all, ("AWS_ENDPOINT_URL_SQS", "http://c:3")], ("http://a:1", true));
        check(&[], ("https://secretsmanager.eu-west-1.amazonaws.com", false));
        check(
            &[all, one, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
            ("https://secretsmanager.eu-west-1.amazonaws.com", false),
        );
    }

    #[test]
    fn credentials_come_whole_or_not_at_all() {
        let read = |names: &[&str]| {
            Settings::from_variables(names.iter().map(|name| ((*name).to_owned(), "x".to_owned()))).credentials
        };
        assert_eq!(read(&["AWS_ACCESS_KEY_ID"]), None);
        let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        assert_eq!(read(&[id, secret]), Some(Credentials::new("x", "x")));
        assert_eq!(read(&[id, secret, "AWS_SESSION_TOKEN"]).unwrap().session_token.as_deref(), Some("x"));
    }
}
