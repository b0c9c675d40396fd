//! AWS Signature Version 4: what the side that signs and the side that verifies share.
//!
//! Owns access keys, the canonical request and the signature over it. It knows no header but those it is given, no clock, and
//! not what a signature is good for.

use std::fmt;

use axum::http::HeaderMap;
use sha2::{Digest, Sha256};

/// An access key; its secret is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The part that requests name.
    pub access_key_id: String,
    /// The part that only signs.
    pub secret_access_key: String,
    /// The session token that requests must carry, if the key is a temporary one.
    pub session_token: Option<String>,
}

impl Credentials {
    /// A long-lived access key, without a session token.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into(), session_token: None }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A request in the one form that is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Canonical<'a> {
    pub(crate) method: &'a str,
    /// Encoded as the service wants it signed.
    pub(crate) path: &'a str,
    /// Encoded and sorted.
    pub(crate) query: &'a str,
    /// In small letters and sorted.
    pub(crate) signed_headers: &'a [&'a str],
    /// Of the body, in hexadecimal.
    pub(crate) digest: &'a str,
}

impl Canonical<'_> {
    /// The text that is signed; `None` when a signed header is not there.
    pub(crate) fn text(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let mut text = format!("{}\n{}\n{}\n", self.method, self.path, self.query).into_bytes();
        for name in self.signed_headers {
            text.extend([name.as_bytes(), b":"].concat());
            let mut values = headers.get_all(*name).iter().peekable();
            values.peek()?;
            let values: Vec<Vec<u8>> = values.map(|value| squeeze(value.as_bytes())).collect();
            text.extend(values.join(&b','));
            text.push(b'\n');
        }
        text.extend(format!("\n{}\n{}", self.signed_headers.join(";"), self.digest).as_bytes());
        Some(text)
    }
}

/// What a signature is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// `YYYYMMDD`
    pub(crate) day: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Scope<'_> {
    /// The signature of a canonical request, in hexadecimal; `date` is the request's `X-Amz-Date`.
    pub(crate) fn sign(&self, secret: &str, date: &str, canonical: &[u8]) -> String {
        let text = format!("{ALGORITHM}\n{date}\n{self}\n{}", digest(canonical));
        let first = hmac(format!("AWS4{secret}").as_bytes(), self.day.as_bytes());
        let parts = [self.region, self.service, TERMINATOR];
        let key = parts.iter().fold(first, |key, part| hmac(&key, part.as_bytes()));
        hex(&hmac(&key, text.as_bytes()))
    }
}

impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.day, self.region, self.service)
    }
}

/// SHA-256, in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// No spaces at the ends, and one where there are several.
fn squeeze(value: &[u8]) -> Vec<u8> {
    let words = value.split(|b| *b == b' ').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// HMAC-SHA-256, RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
pub(crate) const TERMINATOR: &str = "aws4_request";
/// Of `X-Amz-Date`.
pub(crate) const FORMAT: &str = "%Y%m%dT%H%M%SZ";
/// The length of `YYYYMMDD`.
pub(crate) const DAY: usize = 8;
const BLOCK: usize = 64;
