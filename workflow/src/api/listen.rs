//! Where the API may listen.
//!
//! Owns the rule that an endpoint without credentials stays on loopback. Whoever can reach it can run anything that the
//! machines may run.

use std::net::SocketAddr;

use super::sigv4::Credentials;

/// Why the API may not listen on an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Others can reach the address, and nothing would tell them from the owner.
    #[error(
        "will not listen on `{0}` without credentials, for whoever reaches it could run any state machine; listen on a loopback address such as 127.0.0.1, or configure an access key and sign the requests with it"
    )]
    NeedsCredentials(SocketAddr),
    /// The credentials would let everybody in.
    #[error("the configured credentials are empty; give both an access key id and a secret access key")]
    EmptyCredentials,
}

/// Checks an address before it is bound: anything but loopback demands credentials.
///
/// # Errors
/// The address is not loopback and there are no credentials, or the credentials are empty.
pub fn check_listen(address: SocketAddr, credentials: Option<&Credentials>) -> Result<(), ListenError> {
    match credentials {
        Some(credentials) if credentials.access_key_id.is_empty() || credentials.secret_access_key.is_empty() => {
            Err(ListenError::EmptyCredentials)
        }
        None if !address.ip().to_canonical().is_loopback() => Err(ListenError::NeedsCredentials(address)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(address: &str, credentials: Option<Credentials>) -> bool {
        check_listen(address.parse().unwrap(), credentials.as_ref()).is_ok()
    }

    #[test]
    fn without_credentials_only_loopback_is_listened_on() {
        for address in ["127.0.0.1:8083", "127.8.8.8:1", "[::1]:8083", "[::ffff:127.0.0.1]:8083"] {
            assert!(allowed(address, None), "{address}");
        }
        for address in ["0.0.0.0:8083", "[::]:8083", "10.0.0.1:8083", "[::ffff:10.0.0.1]:8083"] {
            assert!(!allowed(address, None), "{address}");
        }
    }

    #[test]
    fn with_credentials_any_address_is_listened_on_unless_they_are_empty() {
        assert!(allowed("0.0.0.0:8083", Some(Credentials::new("AKIDEXAMPLE", "secret"))));
        assert!(!allowed("0.0.0.0:8083", Some(Credentials::new("AKIDEXAMPLE", ""))));
        assert!(!allowed("127.0.0.1:8083", Some(Credentials::new("", "secret"))));
    }
}
