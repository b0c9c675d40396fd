//! Who may talk to a listener on loopback: nobody that a browser was talked into being.
//!
//! A page of any site can make a browser send requests to `127.0.0.1`, and with DNS rebinding can even read the answers;
//! its requests then carry the site's own name in `Host`, or the site's `Origin`. Owns the check of these two headers.

use std::net::IpAddr;

use axum::http::{
    HeaderMap, Uri,
    header::{HOST, ORIGIN},
};

use super::refusal::Refusal;

/// The hosts under which the listener is reached.
#[derive(Debug)]
pub(super) struct Hosts {
    named: Vec<String>,
    /// Whether any address will do. A rebound name is never an address, but without signatures there is no reason to
    /// be reached under one that is not loopback.
    any_address: bool,
}

impl Hosts {
    pub(super) fn new(named: &[String], signed: bool) -> Self {
        Self { named: named.iter().map(|name| bare(name).to_ascii_lowercase()).collect(), any_address: signed }
    }

    /// Refuses a request whose `Host` is not ours, or whose `Origin` is another host.
    pub(super) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(HOST).and_then(|value| value.to_str().ok());
        let host = given.or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
        let several = headers.get_all(HOST).iter().count() > 1 || headers.get_all(ORIGIN).iter().count() > 1;
        if several {
            return Err(Refusal::forbidden("AccessDeniedException", "the request has several Host or Origin headers"));
        }
        if !self.is_ours(host) {
            return Err(Refusal::forbidden(
                "AccessDeniedException",
                format!("the host `{host}` is not one of this endpoint's; use localhost or an address of it"),
            ));
        }
        match headers.get(ORIGIN) {
            None => Ok(()),
            Some(origin) if origin.to_str().is_ok_and(|origin| is_same_host(origin, host)) => Ok(()),
            Some(_) => {
                Err(Refusal::forbidden("AccessDeniedException", "requests of pages of another origin are refused"))
            }
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = bare(host).to_ascii_lowercase();
        // The SDKs call StartSyncExecution and TestState under this prefix.
        let plain = name.strip_prefix("sync-").unwrap_or(&name);
        self.named.iter().any(|ours| ours == plain || *ours == name) || is_loopback(plain, self.any_address)
    }
}

fn is_loopback(name: &str, any_address: bool) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => any_address || address.is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

fn is_same_host(origin: &str, host: &str) -> bool {
    let (authority, port) = match origin.split_once("://") {
        Some(("http", authority)) => (authority, ":80"),
        Some(("https", authority)) => (authority, ":443"),
        _ => return false,
    };
    let strip = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    strip(authority) == strip(host)
}

/// The name or address in an authority: no port, no brackets, no final dot.
fn bare(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((address, after)) if after.is_empty() || after.starts_with(':') => address,
            _ => authority,
        };
    }
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => authority,
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn admits(hosts: &Hosts, host: &'static str, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        hosts.admit(&Uri::from_static("/"), &headers).is_ok()
    }

    #[test]
    fn loopback_names_and_addresses_are_ours() {
        let hosts = Hosts::new(&["Sao.Example".into()], false);
        for host in [
            "127.0.0.1:8083",
            "127.1.2.3",
            "localhost",
            "LOCALHOST:8083",
            "localhost.:1",
            "states.localhost",
            "[::1]:8083",
            "sync-localhost:8083",
            "sync-127.0.0.1:8083",
            "sao.example",
            "SAO.example:443",
            "sync-sao.example",
        ] {
            assert!(admits(&hosts, host, None), "{host}");
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        let hosts = Hosts::new(&["sao.example".into()], false);
        for host in [
            "evil.example",
            "evil.example:8083",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "10.0.0.1",
            "0.0.0.0:8083",
            "[::2]:8083",
            "",
            "x.sao.example",
            "127.0.0.1@evil.example",
            "evil.example:80:127.0.0.1",
            "[::1].evil.example",
            "[::1",
        ] {
            assert!(!admits(&hosts, host, None), "{host}");
        }
        assert!(hosts.admit(&Uri::from_static("/"), &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_second_host_is_not_overlooked() {
        let mut headers = HeaderMap::new();
        headers.append(HOST, HeaderValue::from_static("localhost"));
        headers.append(HOST, HeaderValue::from_static("evil.example"));
        assert!(Hosts::new(&[], false).admit(&Uri::from_static("/"), &headers).is_err());
    }

    #[test]
    fn signed_requests_may_come_to_any_address_but_not_to_any_name() {
        let hosts = Hosts::new(&[], true);
        assert!(admits(&hosts, "10.0.0.1:8083", None));
        assert!(!admits(&hosts, "evil.example", None));
    }

    #[test]
    fn only_pages_of_the_same_host_may_ask() {
        let hosts = Hosts::new(&[], false);
        assert!(admits(&hosts, "127.0.0.1:8083", Some("http://127.0.0.1:8083")));
        assert!(admits(&hosts, "localhost", Some("http://localhost:80")));
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:9999",
            "http://localhost:8083",
            "file://",
            "https://127.0.0.1:8083.evil.example",
        ] {
            assert!(!admits(&hosts, "127.0.0.1:8083", Some(origin)), "{origin}");
        }
    }
}
