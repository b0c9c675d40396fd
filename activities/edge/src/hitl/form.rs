//! What a browser posts: the form's fields, and where it says that it comes from.
//!
//! Owns their reading and the checks that need no person: verb, origin, form token, digest. The form's token ties a post to a
//! page that was shown for this very proposal; nobody can make one without the sealing key.

use activities::approval::{SealingKey, hex, hmac_sha256, same_bytes};
use activities::shape::{DecisionKind, Fields, Proposal};
use serde_json::Value;

use super::DecideError;
use crate::round::{RoundRecord, Verdict};

/// The fields of the approval form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// `approve`, `reject` or `adjust`.
    pub verb: String,
    /// The name that was typed; it is believed only with its code.
    pub name: String,
    /// The one-time code.
    pub code: String,
    /// The reason, or nothing.
    pub reason: String,
    /// The digest of the proposal that was shown.
    pub digest: String,
    /// The token of the page.
    pub form_token: String,
    /// The values that were typed for parameters, by name.
    pub parameters: Vec<(String, String)>,
}

impl Form {
    /// Reads decoded form fields; unknown ones are ignored, and of a repeated one the first counts.
    pub fn of(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            let value: String = value.chars().take(LONGEST).collect();
            let field = match name.as_str() {
                "verb" => &mut form.verb,
                "name" => &mut form.name,
                "code" => &mut form.code,
                "reason" => &mut form.reason,
                "digest" => &mut form.digest,
                "form_token" => &mut form.form_token,
                other => {
                    if let Some(parameter) = other.strip_prefix("parameter.") {
                        form.parameters.push((parameter.to_owned(), value));
                    }
                    continue;
                }
            };
            if field.is_empty() {
                *field = value;
            }
        }
        form.name = form.name.chars().take(LONGEST_NAME).collect();
        form
    }

    /// What is to be decided; an unknown verb decides nothing.
    pub(crate) fn kind(&self) -> Result<DecisionKind, DecideError> {
        match self.verb.as_str() {
            "approve" => Ok(DecisionKind::Approve),
            "reject" => Ok(DecisionKind::Reject),
            "adjust" => Ok(DecisionKind::Adjust),
            "" => refuse(400, "The form has no verb: press one of its buttons."),
            _ => refuse(400, "The verb is neither approve nor reject nor adjust."),
        }
    }

    /// What is decided of this proposal by a form of this kind.
    pub(crate) fn verdict(&self, kind: DecisionKind, proposal: &Proposal) -> Result<Verdict, DecideError> {
        let parameters = if kind == DecisionKind::Adjust { Some(self.adjusted(proposal)?) } else { None };
        let reason = Some(self.reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        Ok(Verdict { kind, reason, parameters })
    }

    /// Checks that the form is of a page that was shown for the round that is open.
    pub(crate) fn check(&self, key: &SealingKey, round: &RoundRecord) -> Result<(), DecideError> {
        if self.digest != round.digest {
            return refuse(
                409,
                "The proposal changed since the page was opened. Open the link again and read the new one.",
            );
        }
        let expected = token(key, &round.incident.execution, &round.digest);
        if same_bytes(expected.as_bytes(), self.form_token.as_bytes()) {
            return Ok(());
        }
        refuse(403, "This form is not of our page. Open the link again and decide there.")
    }

    /// The parameters with the typed values in place of the proposed numbers.
    fn adjusted(&self, proposal: &Proposal) -> Result<Fields, DecideError> {
        let mut fields = proposal.parameters.clone();
        for (name, text) in &self.parameters {
            let Some(proposed) = fields.get(name) else {
                return refuse(400, format!("`{name}` is not a parameter of this action."));
            };
            if !proposed.is_number() {
                return refuse(400, format!("`{name}` cannot be changed here."));
            }
            let Ok(number) = text.trim().parse::<i64>() else {
                return refuse(400, format!("`{text}` is not a whole number."));
            };
            fields.insert(name.clone(), Value::from(number));
        }
        if fields == proposal.parameters {
            return refuse(400, "No value was changed: approve or reject the proposal as it is.");
        }
        Ok(fields)
    }
}

/// Where a browser says that a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Browser {
    /// The `Origin` header.
    pub origin: Option<String>,
    /// The `Sec-Fetch-Site` header.
    pub fetch_site: Option<String>,
}

impl Browser {
    /// Refuses what a browser sends on behalf of another site.
    ///
    /// Our pages send no referrer, so that the link leaks nowhere; for such a page a browser writes `Origin: null`, and then
    /// says in `Sec-Fetch-Site` where the request comes from.
    pub(crate) fn check(&self, public_url: &str) -> Result<(), DecideError> {
        let foreign = || refuse(403, "This request comes from another site.");
        match self.fetch_site.as_deref() {
            Some("same-origin") => {}
            Some(_) => return foreign(),
            None if self.origin.as_deref() == Some("null") && is_trustworthy(public_url) => return foreign(),
            None => {}
        }
        match self.origin.as_deref() {
            None | Some("null") => Ok(()),
            Some(origin) if origin_of(public_url).eq_ignore_ascii_case(origin) => Ok(()),
            Some(_) => foreign(),
        }
    }
}

/// The token of the form for a proposal.
pub(crate) fn token(key: &SealingKey, execution: &str, digest: &str) -> String {
    hex(&hmac_sha256(&key.derive("form token"), format!("{execution}\n{digest}").as_bytes()))
}

/// Scheme, host and port of an address.
fn origin_of(address: &str) -> &str {
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find('/').map_or(address.len(), |at| start + at);
    &address[..end]
}

/// Whether browsers send `Sec-Fetch-Site` to this address.
fn is_trustworthy(address: &str) -> bool {
    let origin = origin_of(address);
    let host = origin.strip_prefix("http://").unwrap_or_default();
    origin.starts_with("https://") || ["127.0.0.1", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}

fn refuse<T>(status: u16, problem: impl Into<String>) -> Result<T, DecideError> {
    Err(DecideError::Refused { status, problem: problem.into() })
}

const LONGEST: usize = 2_000;
const LONGEST_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: Option<&str>, fetch_site: Option<&str>, base: &str, allowed: bool) {
        let browser = Browser { origin: origin.map(str::to_owned), fetch_site: fetch_site.map(str::to_owned) };
        assert_eq!(browser.check(base).is_ok(), allowed, "{browser:?} at {base}");
    }

    const BASE: &str = "https://sao.example.com/approvals";

    #[test]
    fn our_own_page_may_post() {
        check(Some("https://sao.example.com"), Some("same-origin"), BASE, true);
        check(Some("null"), Some("same-origin"), BASE, true);
        check(Some("null"), Some("same-origin"), "http://127.0.0.1:8084", true);
    }

    #[test]
    fn another_site_may_not() {
        check(Some("https://evil.example"), Some("cross-site"), BASE, false);
        check(Some("https://evil.example"), None, BASE, false);
        check(Some("null"), Some("cross-site"), BASE, false);
        check(Some("null"), None, BASE, false);
        check(Some("https://sao.example.com.evil.example"), None, BASE, false);
        check(Some("http://sao.example.com"), None, BASE, false);
        check(None, Some("same-site"), BASE, false);
    }

    #[test]
    fn a_program_without_a_browser_may_post() {
        check(None, None, BASE, true);
    }

    #[test]
    fn an_old_address_without_encryption_has_only_the_form_token() {
        check(Some("null"), None, "http://10.0.0.5:8084", true);
    }

    #[test]
    fn of_a_repeated_field_the_first_counts_and_an_unknown_verb_is_none() {
        let fields = [("verb", "reject"), ("verb", "approve"), ("x", "y"), ("parameter.timeout", "20")];
        let form = Form::of(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(form.kind().unwrap(), DecisionKind::Reject);
        assert_eq!(form.parameters, [("timeout".to_owned(), "20".to_owned())]);
        let odd = Form { verb: "execute".to_owned(), ..form };
        assert!(matches!(odd.kind(), Err(DecideError::Refused { status: 400, .. })));
    }
}
