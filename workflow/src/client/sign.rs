//! The signing side of AWS Signature Version 4.
//!
//! Owns which headers of a request are signed: all that it has. How a signature is made is `signature`'s.

use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use jiff::Timestamp;

use super::Request;
use crate::signature::{self, ALGORITHM, Canonical, Credentials, DAY, FORMAT, Scope};

/// What a signature is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) region: &'a str,
    /// The name in the scope.
    pub(super) service: &'a str,
    pub(super) now: Timestamp,
}

impl Signer<'_> {
    /// The headers of a signed request to a host; `None` when one of them cannot be sent.
    pub(super) fn sign(&self, request: &Request, host: &str) -> Option<HeaderMap> {
        let date = self.now.strftime(FORMAT).to_string();
        let digest = signature::digest(&request.body);
        let mut headers = HeaderMap::new();
        let own = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let token = self.credentials.session_token.as_deref();
        let is_s3 = self.service == "s3";
        let added = [
            ("host", Some(host)),
            ("x-amz-date", Some(date.as_str())),
            ("x-amz-security-token", token),
            ("x-amz-content-sha256", is_s3.then_some(digest.as_str())),
        ];
        for (name, value) in own.chain(added.into_iter().filter_map(|(name, value)| Some((name, value?)))) {
            let name = axum::http::HeaderName::try_from(name).ok()?;
            headers.append(name, HeaderValue::try_from(value).ok()?);
        }
        let mut signed: Vec<String> = headers.keys().map(|name| name.as_str().to_owned()).collect();
        signed.sort_unstable();
        let signed: Vec<&str> = signed.iter().map(String::as_str).collect();
        // Every service but S3 signs the path encoded once more than it is sent.
        let path = if is_s3 { request.path.clone() } else { super::encode_path(&request.path) };
        let query = request.canonical_query();
        let canonical = Canonical {
            method: request.method.as_str(),
            path: &path,
            query: &query,
            signed_headers: &signed,
            digest: &digest,
        };
        let scope = Scope { day: &date[..DAY], region: self.region, service: self.service };
        let signature = scope.sign(&self.credentials.secret_access_key, &date, &canonical.text(&headers)?);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.credentials.access_key_id,
            signed.join(";")
        );
        let mut authorization = HeaderValue::try_from(authorization).ok()?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        Some(headers)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    fn check(service: &str, request: &Request, signature: &str) {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let signer = Signer { credentials: &credentials, region: "us-east-1", service, now };
        let headers = signer.sign(request, "example.amazonaws.com").unwrap();
        let authorization = headers["authorization"].to_str().unwrap();
        assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
    }

    #[test]
    fn the_published_examples_are_signed_as_published() {
        let get = Request::new(Method::GET, "/");
        check("service", &get, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        let sorted = Request::new(Method::GET, "/").parameter("Param2", "value2").parameter("Param1", "value1");
        check("service", &sorted, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
        let post = Request::new(Method::POST, "/");
        check("service", &post, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
    }
}
