//! Paging: which part of a list is wanted, and the token that leads on.
//!
//! Owns the shape of the tokens: the last key of the page, tied to the list that it came from.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::error::ApiError;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Gets the next page; `None` on the last.
    pub next_token: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// At most so many items; 0 means 100, and there are never more than 1,000.
    pub max_results: usize,
    /// The former page's `next_token`.
    pub next_token: Option<String>,
}

impl Paging {
    pub(super) fn limit(&self) -> usize {
        if self.max_results == 0 { 100 } else { self.max_results.min(1000) }
    }

    /// The last key of the former page.
    pub(super) fn after(&self, list: &str) -> Result<Option<String>, ApiError> {
        let Some(token) = &self.next_token else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| ApiError::InvalidPage)?;
        let text = String::from_utf8(bytes).map_err(|_| ApiError::InvalidPage)?;
        let key = text.strip_prefix(list).and_then(|rest| rest.strip_prefix('\n')).ok_or(ApiError::InvalidPage)?;
        Ok(Some(key.to_owned()))
    }
}

/// The token that leads on after this key.
pub(super) fn token(list: &str, last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}\n{last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_list_only() {
        let paging = Paging { max_results: 0, next_token: Some(token("a", "key")) };
        assert_eq!(paging.after("a").unwrap().as_deref(), Some("key"));
        assert_eq!(paging.after("b"), Err(ApiError::InvalidPage));
        assert_eq!(Paging { next_token: Some("?".into()), ..paging }.after("a"), Err(ApiError::InvalidPage));
    }
}
