//! Who may talk to the loopback listener: programs of this machine, and no web page.
//!
//! A page in a browser can make requests to `127.0.0.1`, and can make its own name point there. So the `Host` must be a name
//! of the loopback, and an `Origin`, which browsers send and programs do not, must be one, too. Owns this check for our own
//! endpoints; the Step Functions API makes its own.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem;

/// Lets a request through, or refuses it.
pub(crate) async fn admit(request: Request<Body>, next: Next) -> Response {
    match refusal(request.headers()) {
        None => next.run(request).await,
        Some(what) => problem(StatusCode::FORBIDDEN, "Forbidden", &what).into_response(),
    }
}

fn refusal(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text(header::HOST) {
        Some(host) if is_loopback(host) => {}
        host => return Some(format!("the host `{}` is not this machine's loopback", host.unwrap_or_default())),
    }
    match text(header::ORIGIN) {
        None => None,
        Some(origin) if origin.strip_prefix("http://").is_some_and(is_loopback) => None,
        Some(origin) => Some(format!("the origin `{origin}` is not this machine's loopback")),
    }
}

/// Whether a host, with or without a port, is the loopback.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, rest)) => (name, rest.strip_prefix(':').unwrap_or(rest)),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let named = name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    named && port.chars().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: Option<&str>, origin: Option<&str>, admitted: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::HOST, host), (header::ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        assert_eq!(refusal(&headers).is_none(), admitted, "{host:?} {origin:?}");
    }

    #[test]
    fn programs_of_this_machine_are_admitted() {
        check(Some("127.0.0.1:8083"), None, true);
        check(Some("localhost:8083"), None, true);
        check(Some("[::1]:8083"), Some("http://localhost:3000"), true);
    }

    #[test]
    fn foreign_names_and_pages_are_not() {
        check(None, None, false);
        check(Some("rebound.example.com:8083"), None, false);
        check(Some("127.0.0.1.example.com"), None, false);
        check(Some("127.0.0.1:8083"), Some("https://example.com"), false);
        check(Some("127.0.0.1:8083"), Some("null"), false);
    }
}
