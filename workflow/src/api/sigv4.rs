//! AWS Signature Version 4, the verifying side, for requests that are `POST /` with a signed body.
//!
//! Owns what is demanded of a signed request, and the comparison; how a signature is made is `signature`'s. Everything arrives
//! as an argument, the time too. It verifies only what this protocol needs: signatures in the `Authorization` header, over the whole body, without a query.

use axum::http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::TimeZone};
use statemachine::Millis;

use crate::signature::{self, ALGORITHM, Canonical, DAY, FORMAT, Scope, TERMINATOR};

pub use crate::signature::Credentials;

/// Why a signature was not accepted; the message goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureError {
    /// The request is not signed.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// The request is signed, but not in the way that this endpoint verifies.
    #[error("{0}")]
    Incomplete(String),
    /// The access key or the session token is another.
    #[error("The security token included in the request is invalid.")]
    Unrecognized,
    /// The scope or the time does not fit.
    #[error("{0}")]
    Unfit(String),
    /// The signature is not the one that the secret makes.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SignatureError {
    /// The exception's name on the wire.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::Unrecognized => "UnrecognizedClientException",
            Self::Unfit(_) | Self::Mismatch => "InvalidSignatureException",
        }
    }
}

/// What signatures are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verifier<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Verifier<'_> {
    /// Accepts a request that was signed with the credentials, for this region and service, within five minutes of `now`.
    pub(super) fn verify(&self, parts: &Parts, body: &[u8], now: Millis) -> Result<(), SignatureError> {
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(SignatureError::Incomplete(
                "The request must be signed in its Authorization header and have no query".into(),
            ));
        }
        let authorization = Authorization::read(&parts.headers)?;
        let date = one(&parts.headers, "x-amz-date")
            .ok_or_else(|| SignatureError::Incomplete("The header X-Amz-Date is missing".into()))?;
        self.check_scope(&authorization, date)?;
        check_time(date, now)?;
        check_signed(&authorization, &parts.headers)?;
        self.check_key(&authorization, &parts.headers)?;
        let digest = check_body(&parts.headers, body)?;

        let canonical = Canonical {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: "",
            signed_headers: &authorization.signed_headers,
            digest: &digest,
        };
        // A header that is signed and gone was taken away.
        let canonical = canonical.text(&parts.headers).ok_or(SignatureError::Mismatch)?;
        let scope = Scope { day: &date[..DAY], region: self.region, service: self.service };
        let signature = scope.sign(&self.credentials.secret_access_key, date, &canonical);
        if is_equal(signature.as_bytes(), authorization.signature.as_bytes()) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    fn check_scope(&self, authorization: &Authorization<'_>, date: &str) -> Result<(), SignatureError> {
        let unfit = |message: String| Err(SignatureError::Unfit(message));
        let parts: Vec<&str> = authorization.scope.split('/').collect();
        let [day, region, service, end] = parts[..] else {
            return Err(SignatureError::Incomplete(
                "Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request".into(),
            ));
        };
        if region != self.region {
            return unfit(format!(
                "Credential should be scoped to a valid region, not '{region}': this endpoint's is '{}'. ",
                self.region
            ));
        }
        if service != self.service {
            return unfit(format!("Credential should be scoped to correct service: '{}'. ", self.service));
        }
        if end != TERMINATOR {
            return unfit(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{end}'. "
            ));
        }
        if date.get(..DAY) != Some(day) {
            return unfit(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{date}'."
            ));
        }
        Ok(())
    }

    fn check_key(&self, authorization: &Authorization<'_>, headers: &HeaderMap) -> Result<(), SignatureError> {
        let token = headers.get("x-amz-security-token").map(|value| value.as_bytes());
        let expected = self.credentials.session_token.as_ref().map(String::as_bytes);
        let fits = match (token, expected) {
            (None, None) => true,
            (Some(token), Some(expected)) => is_equal(token, expected),
            _ => false,
        };
        if fits && authorization.access_key_id == self.credentials.access_key_id {
            Ok(())
        } else {
            Err(SignatureError::Unrecognized)
        }
    }
}

/// The `Authorization` header, taken apart.
#[derive(Debug)]
struct Authorization<'a> {
    access_key_id: &'a str,
    /// `DATE/REGION/SERVICE/aws4_request`
    scope: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(headers: &'a HeaderMap) -> Result<Self, SignatureError> {
        let text = one(headers, AUTHORIZATION.as_str()).ok_or(SignatureError::Missing)?;
        let fields = text.strip_prefix(ALGORITHM).ok_or_else(|| {
            SignatureError::Incomplete(format!("The Authorization header must begin with {ALGORITHM}"))
        })?;
        let field = |name: &str| {
            let mut found = fields.split(',').filter_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            found
                .next()
                .ok_or_else(|| SignatureError::Incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let credential = field("Credential")?;
        let (access_key_id, scope) = credential.split_once('/').unwrap_or((credential, ""));
        let signed_headers = field("SignedHeaders")?.split(';').collect();
        Ok(Self { access_key_id, scope, signed_headers, signature: field("Signature")? })
    }

    fn signs(&self, header: &str) -> bool {
        self.signed_headers.contains(&header)
    }
}

/// The only value of a header; `None` when it is absent, given twice or not text.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

fn check_time(date: &str, now: Millis) -> Result<(), SignatureError> {
    let wrong = || SignatureError::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date}'."));
    let (Some(signed), Ok(now)) = (read_date(date), Timestamp::from_millisecond(now)) else { return Err(wrong()) };
    let late = now.as_second() - signed.as_second();
    let show = |seconds: i64| {
        Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.strftime(FORMAT).to_string())
    };
    let (now, bound) = (now.as_second(), LONGEST_SKEW);
    if late > bound {
        return Err(SignatureError::Unfit(format!(
            "Signature expired: {date} is now earlier than {} ({} - 5 min.)",
            show(now - bound),
            show(now)
        )));
    }
    if late < -bound {
        return Err(SignatureError::Unfit(format!(
            "Signature not yet current: {date} is still later than {} ({} + 5 min.)",
            show(now + bound),
            show(now)
        )));
    }
    Ok(())
}

fn read_date(date: &str) -> Option<Timestamp> {
    let digits = date.len() == LENGTH_OF_DATE
        && date
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == DAY { b == b'T' } else { i == LENGTH_OF_DATE - 1 || b.is_ascii_digit() });
    let time: DateTime = strtime::parse(FORMAT, date).ok()?.to_datetime().ok()?;
    digits.then(|| time.to_zoned(TimeZone::UTC).ok()).flatten().map(|zoned| zoned.timestamp())
}

/// What is not signed can be changed on the way; so the host and everything of AWS's own must be.
fn check_signed(authorization: &Authorization<'_>, headers: &HeaderMap) -> Result<(), SignatureError> {
    let must = |name: &str| name == "host" || (name.starts_with("x-amz-") && name != "x-amz-user-agent");
    let unsigned =
        headers.keys().map(|name| name.as_str()).chain(["host"]).find(|name| must(name) && !authorization.signs(name));
    match unsigned {
        None => Ok(()),
        Some(name) => Err(SignatureError::Incomplete(format!(
            "There were headers present in the request which were not signed: {name}"
        ))),
    }
}

/// The digest of the body, which must be the one that the request claims.
fn check_body(headers: &HeaderMap, body: &[u8]) -> Result<String, SignatureError> {
    let digest = signature::digest(body);
    let mut claimed = headers.get_all("x-amz-content-sha256").iter();
    if claimed.all(|claimed| claimed.as_bytes() == digest.as_bytes()) {
        return Ok(digest);
    }
    Err(SignatureError::Incomplete(
        "X-Amz-Content-Sha256 must be the SHA-256 of the body: unsigned and chunked payloads are refused".into(),
    ))
}

/// Compares in a time that depends on the lengths only.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && std::hint::black_box(left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b))) == 0
}

const LENGTH_OF_DATE: usize = 16;
/// In seconds.
const LONGEST_SKEW: i64 = 5 * 60;

#[cfg(test)]
mod tests;
