//! Sealed links: what a mail carries in place of a task token.
//!
//! A link holds the token, the execution, the round, the proposal's digest, the role that is asked and an expiry, encrypted
//! and authenticated (XChaCha20-Poly1305), written in the URL-safe alphabet. It names an approval; it is no authority to
//! decide it. Owns sealing, opening and the repair of what mail does to long addresses. Does not own keys or pages.
//!
//! ```text
//! version (1) | key id (4) | nonce (24) | ciphertext of the link's JSON, with its tag (16)
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::shape::Role;

/// What a sealed link carries.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The task token of the round; at most 2,048 characters.
    pub token: String,
    /// The ARN of the execution that waits.
    pub execution: String,
    /// The round: 1 for the first mail, one more for each reminder, escalation or second approver.
    pub round: u32,
    /// The digest of the proposal, as `digest` computes it.
    pub digest: String,
    /// The role that is asked.
    pub role: Role,
    /// When the link ends, in seconds since 1970.
    pub expires_at: i64,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token stays out of logs.
        formatter
            .debug_struct("Link")
            .field("execution", &self.execution)
            .field("round", &self.round)
            .field("digest", &self.digest)
            .field("role", &self.role)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A key that seals and opens links.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey {
    bytes: [u8; 32],
}

impl SealingKey {
    /// A key from 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes }
    }

    /// The four bytes by which a link names its key, so that keys can be changed while links are out.
    pub fn id(&self) -> [u8; 4] {
        let digest = Sha256::new().chain_update(DOMAIN).chain_update(self.bytes).finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// A key for another purpose, derived from this one.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        super::mac::hmac_sha256(&self.bytes, purpose.as_bytes())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealingKey({})", super::mac::hex(&self.id()))
    }
}

/// Why a link cannot be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The task token is longer than Step Functions makes them.
    #[error("the task token has {length} characters, at most {MAX_TOKEN} are allowed")]
    TokenTooLong {
        /// The length that was given.
        length: usize,
    },
    /// The link does not encode.
    #[error("the link cannot be sealed")]
    Encoding,
}

/// Why a link does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The text is not a link, or a part of one: a mail program may have cut it.
    #[error("this is not a complete approval link: copy it whole from the mail")]
    Malformed,
    /// The link names a key that is not ours.
    #[error("this link was sealed with a key that is not in use here (key id `{key_id}`)")]
    WrongKey {
        /// The key that the link names, in hexadecimal.
        key_id: String,
    },
    /// The link names one of our keys and was changed since it was sealed.
    #[error("this link was changed since it was sealed: copy it again from the mail")]
    Altered,
    /// The link was ours, and its time is over.
    #[error("this link expired")]
    Expired {
        /// What it carried, to find the round that is current now.
        link: Box<Link>,
    },
}

/// Seals `link` with `key`; `nonce` is 24 random bytes, never used twice with one key.
pub fn seal(key: &SealingKey, nonce: [u8; 24], link: &Link) -> Result<String, SealError> {
    let length = link.token.chars().count();
    if length > MAX_TOKEN {
        return Err(SealError::TokenTooLong { length });
    }
    let plain = serde_json::to_vec(link).map_err(|_| SealError::Encoding)?;
    let header = header(key.id());
    let cipher = XChaCha20Poly1305::new(&key.bytes.into());
    let sealed = cipher
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: &plain, aad: &associated(header) })
        .map_err(|_| SealError::Encoding)?;
    Ok(URL_SAFE_NO_PAD.encode([&header[..], &nonce, &sealed].concat()))
}

/// Opens `text`, a sealed link or a whole address that holds one, with the key of `keys` that it names, at `now`.
pub fn open(keys: &[SealingKey], text: &str, now: i64) -> Result<Link, LinkError> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed_part(text)?).map_err(|_| LinkError::Malformed)?;
    let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(LinkError::Malformed)?;
    let (nonce, sealed) = rest.split_first_chunk::<24>().ok_or(LinkError::Malformed)?;
    let [VERSION, key_id @ ..] = *header else {
        return Err(LinkError::Malformed);
    };
    let key = keys
        .iter()
        .find(|key| key.id() == key_id)
        .ok_or_else(|| LinkError::WrongKey { key_id: super::mac::hex(&key_id) })?;
    let plain = XChaCha20Poly1305::new(&key.bytes.into())
        .decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &associated(*header) })
        .map_err(|_| LinkError::Altered)?;
    let link: Link = serde_json::from_slice(&plain).map_err(|_| LinkError::Malformed)?;
    if now >= link.expires_at { Err(LinkError::Expired { link: Box::new(link) }) } else { Ok(link) }
}

fn header(key_id: [u8; 4]) -> [u8; HEADER] {
    [VERSION, key_id[0], key_id[1], key_id[2], key_id[3]]
}

fn associated(header: [u8; HEADER]) -> Vec<u8> {
    [DOMAIN, &header].concat()
}

/// The sealed text within what a person pasted or a server was asked for.
///
/// Mail programs fold long lines, quote replies, wrap addresses in `<>`, percent-encode them, put them inside their own and
/// append parameters. None of these characters are in the alphabet of a link, so each can be undone; a wrong guess cannot do
/// harm, because the text is authenticated.
fn sealed_part(text: &str) -> Result<String, LinkError> {
    if text.len() > MAX_TEXT {
        return Err(LinkError::Malformed);
    }
    let mut decoded = text.trim().to_owned();
    for _ in 0..3 {
        if decoded.contains('%') {
            decoded = percent_decoded(&decoded);
        }
    }
    let joined = unfolded(&decoded);
    let inside = match joined.strip_prefix('<') {
        Some(rest) => rest.split('>').next().unwrap_or(rest),
        None => &joined,
    };
    let tail = inside.rsplit_once(PATH).map_or(inside, |(_, tail)| tail);
    let sealed = tail.split(['?', '#', '&']).next().unwrap_or(tail);
    Ok(sealed.chars().filter(|character| character.is_ascii_alphanumeric() || "-_".contains(*character)).collect())
}

/// The text without line breaks, the `=` of a soft line break, the `>` of a quoted reply and blanks.
fn unfolded(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for (place, line) in text.lines().enumerate() {
        let line = if place == 0 { line } else { line.trim_start().trim_start_matches(['>', ' ']) };
        joined.extend(line.trim_end().trim_end_matches('=').chars().filter(|character| !character.is_whitespace()));
    }
    joined
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
        {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
            rest = after;
            continue;
        }
        bytes.push(*first);
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The path under which the approval pages are served; what follows it is the sealed text.
pub const PATH: &str = "/hitl/";

/// The longest task token that Step Functions makes, in characters.
pub const MAX_TOKEN: usize = 2_048;

const DOMAIN: &[u8] = b"sao approval link";
const VERSION: u8 = 1;
const HEADER: usize = 5;
const MAX_TEXT: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn key(byte: u8) -> SealingKey {
        SealingKey::new([byte; 32])
    }

    fn link(token: &str) -> Link {
        Link {
            token: token.to_owned(),
            execution: "arn:aws:states:eu-central-1:123456789012:execution:incident:7f3a".to_owned(),
            round: 1,
            digest: "ab".repeat(32),
            role: Role::OnCall,
            expires_at: NOW + 900,
        }
    }

    fn sealed() -> String {
        seal(&key(1), [9; 24], &link("AQCEAAAAKgAAAAMAAAAA")).unwrap()
    }

    fn check(text: &str, expect: Result<Link, LinkError>) {
        assert_eq!(open(&[key(1)], text, NOW), expect, "{text}");
    }

    fn opens(text: &str) {
        check(text, Ok(link("AQCEAAAAKgAAAAMAAAAA")));
    }

    #[test]
    fn a_link_opens_to_what_was_sealed() {
        opens(&sealed());
        opens(&format!("https://sao.example.com/hitl/{}", sealed()));
    }

    #[test]
    fn a_token_of_2048_characters_survives() {
        let long = "Aq/+=".repeat(410)[..2_048].to_owned();
        let text = seal(&key(1), [2; 24], &link(&long)).unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        check(&text, Ok(link(&long)));
        assert_eq!(seal(&key(1), [2; 24], &link(&format!("{long}x"))), Err(SealError::TokenTooLong { length: 2_049 }));
    }

    #[test]
    fn a_folded_link_opens() {
        let address = format!("https://sao.example.com/hitl/{}", sealed());
        for (separator, width) in [("=\r\n", 75), ("\n", 60), ("\r\n> ", 70), (" ", 3), ("\u{a0}\n\t", 40)] {
            let pieces: Vec<String> =
                address.as_bytes().chunks(width).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
            opens(&pieces.join(separator));
        }
    }

    #[test]
    fn a_rewritten_link_opens() {
        let sealed = sealed();
        opens(&format!("https://sao.example.com/hitl/{sealed}?utm_source=mail&fbclid=abc#top"));
        opens(&format!("<https://sao.example.com/hitl/{sealed}>, thanks"));
        let encoded: String = sealed.bytes().map(|byte| format!("%{byte:02X}")).collect();
        opens(&format!("https://sao.example.com/hitl/{encoded}"));
        opens(&format!("https://sao.example.com/hitl/{}", encoded.replace('%', "%25")));
        opens(&format!(
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fsao.example.com%2Fhitl%2F{sealed}\
             %3Fx%3D1&data=05%7C02%7C&reserved=0"
        ));
        opens(&format!("{sealed}&data=05"));
    }

    #[test]
    fn half_a_link_is_malformed_or_altered_but_never_opens() {
        let whole = sealed();
        for length in 0..whole.len() {
            assert!(open(&[key(1)], &whole[..length], NOW).is_err(), "{length}");
        }
        check("", Err(LinkError::Malformed));
        check("hello", Err(LinkError::Malformed));
        check(&"A".repeat(40_000), Err(LinkError::Malformed));
    }

    #[test]
    fn a_link_of_another_key_names_that_key() {
        let text = seal(&key(2), [1; 24], &link("t")).unwrap();
        check(&text, Err(LinkError::WrongKey { key_id: super::super::mac::hex(&key(2).id()) }));
        assert_eq!(open(&[key(1), key(2)], &text, NOW), Ok(link("t")));
    }

    #[test]
    fn an_expired_link_says_so_and_names_its_execution() {
        let text = sealed();
        let at = |now| open(&[key(1)], &text, now);
        assert!(at(NOW + 899).is_ok());
        let expired = LinkError::Expired { link: Box::new(link("AQCEAAAAKgAAAAMAAAAA")) };
        assert_eq!(at(NOW + 900), Err(expired.clone()));
        assert_eq!(at(i64::MAX), Err(expired));
    }

    #[test]
    fn a_link_does_not_print_its_token() {
        assert!(!format!("{:?}", link("secret-token")).contains("secret-token"));
        assert!(!format!("{:?}", key(7)).contains('7'.to_string().repeat(8).as_str()));
    }

    proptest! {
        #[test]
        fn any_change_of_the_bytes_is_noticed(place in 0_usize..200, flip in 1_u8..=255) {
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed()).unwrap();
            let place = place % bytes.len();
            bytes[place] ^= flip;
            prop_assert!(open(&[key(1)], &URL_SAFE_NO_PAD.encode(bytes), NOW).is_err());
        }

        #[test]
        fn opening_never_panics(text in any::<String>()) {
            prop_assert!(open(&[key(1)], &text, NOW).is_err());
        }

        #[test]
        fn every_link_opens(token in "[ -~]{0,64}", execution in any::<String>(), round in any::<u32>()) {
            let link = Link { execution, round, ..link(&token) };
            let text = seal(&key(3), [4; 24], &link).unwrap();
            prop_assert_eq!(open(&[key(3)], &text, NOW), Ok(link));
        }
    }
}
