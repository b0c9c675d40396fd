//! Paging tokens: opaque to the caller, bound to the request that they came from, good for 24 hours.
//!
//! Owns their bytes: version, time of issue, digest, and the place where the next page begins. The digest covers the other
//! arguments of the request, so that an altered token, or one of another list, is refused instead of leading somewhere. It
//! is no secret: a token leads only to what its bearer may list anyway.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use statemachine::Millis;

use super::{constraint::Constraints, refusal::Refusal};
use crate::engine::Paging;

/// A list as one request asks for it: its action and all arguments but those that page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pager {
    list: String,
    now: Millis,
}

impl Pager {
    pub(super) fn new(action: &str, arguments: &[&str], now: Millis) -> Self {
        // A separator that no argument contains keeps `a, bc` and `ab, c` apart.
        let list = std::iter::once(action).chain(arguments.iter().copied()).collect::<Vec<_>>().join("\0");
        Self { list, now }
    }

    /// The token for the page that begins at `place`.
    pub(super) fn seal(&self, place: &str) -> String {
        let issued = self.now.to_be_bytes();
        let digest = self.digest(issued, place.as_bytes());
        let bytes = [&[VERSION], &issued[..], &digest[..], place.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a token of this list leads to.
    pub(super) fn open(&self, token: &str) -> Result<String, Refusal> {
        self.unpack(token).ok_or_else(Refusal::invalid_page)
    }

    /// The paging that the engine understands, from the token that the caller has.
    pub(super) fn paging(&self, max_results: usize, token: Option<&str>) -> Result<Paging, Refusal> {
        let next_token = token.map(|token| self.open(token)).transpose()?;
        Ok(Paging { max_results, next_token })
    }

    fn unpack(&self, token: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (issued, rest) = rest.split_first_chunk::<8>()?;
        let (digest, place) = rest.split_first_chunk::<DIGEST>()?;
        let age = self.now.checked_sub(Millis::from_be_bytes(*issued))?;
        let good = *version == VERSION && *digest == self.digest(*issued, place) && age < LONGEST_LIFE;
        good.then(|| String::from_utf8(place.to_vec()).ok()).flatten()
    }

    fn digest(&self, issued: [u8; 8], place: &[u8]) -> [u8; DIGEST] {
        let whole = Sha256::new()
            .chain_update(&self.list)
            .chain_update([0])
            .chain_update(issued)
            .chain_update(place)
            .finalize();
        std::array::from_fn(|i| whole[i])
    }
}

/// The constraints on `nextToken`.
pub(super) fn constrain(check: &mut Constraints, next_token: Option<&str>, longest: usize) {
    check.optional("nextToken", next_token, 1, longest);
}

/// The most items of a page.
pub(super) const LARGEST_PAGE: i64 = 1000;
/// The items of a page when the caller does not say.
pub(super) const USUAL_PAGE: usize = 100;
/// The longest `nextToken` of most lists.
pub(super) const LONGEST_TOKEN: usize = 1024;

const VERSION: u8 = 1;
const DIGEST: usize = 16;
const LONGEST_LIFE: Millis = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(now: Millis) -> Pager {
        Pager::new("ListExecutions", &["arn", "FAILED"], now)
    }

    #[test]
    fn a_token_leads_to_its_place() {
        assert_eq!(pager(5).open(&pager(0).seal("key")).unwrap(), "key");
    }

    #[test]
    fn a_foreign_or_altered_token_is_invalid() {
        let token = pager(0).seal("key");
        for other in [
            Pager::new("ListExecutions", &["arn", ""], 0),
            Pager::new("ListMapRuns", &["arn", "FAILED"], 0),
            Pager::new("ListExecutions", &["arnFAILED"], 0),
        ] {
            assert_eq!(other.open(&token).unwrap_err().code, "InvalidToken");
        }
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(pager(0).open(&altered).is_err(), "{altered}");
        }
        for text in ["", "AAAA", "not a token", &token[..20]] {
            assert!(pager(0).open(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_lives_for_24_hours() {
        let token = pager(0).seal("key");
        assert!(pager(LONGEST_LIFE - 1).open(&token).is_ok());
        assert!(pager(LONGEST_LIFE).open(&token).is_err());
    }
}
