//! Pages as values: what a person sees behind a link, whole, with the headers that keep it theirs.
//!
//! Owns the frame, the style and the headers. Each page has its file: `proposal` (the approval itself), `settled` (decided,
//! came second, expired, unknown). Text of a reasoner, a log or an alarm is always data: it is escaped, and nothing on a page
//! runs. Does not own links, codes or decisions.

#[cfg(test)]
#[path = "tests.rs"]
mod page_tests;
mod proposal;
mod settled;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub use proposal::{ProposalView, proposal_page};
pub use settled::{SettledView, decided_page, expired_page, not_found_page, refused_page, second_page, unknown_page};

/// A page: its status and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The whole document.
    pub html: String,
}

impl Page {
    /// The headers of every page: nothing is kept, framed, referred to or run.
    pub fn headers() -> Vec<(&'static str, String)> {
        vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("content-security-policy", content_security_policy()),
            ("cache-control", "no-store".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-frame-options", "DENY".to_owned()),
            ("cross-origin-opener-policy", "same-origin".to_owned()),
            ("cross-origin-resource-policy", "same-origin".to_owned()),
            ("permissions-policy", "camera=(), microphone=(), geolocation=()".to_owned()),
            ("x-robots-tag", "noindex, nofollow".to_owned()),
        ]
    }
}

/// Only our own style, named by its digest, applies; forms go back to where the page came from.
fn content_security_policy() -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The frame around a page's body.
fn frame(status: u16, title: &str, body: &Markup) -> Page {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (shown(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    Page { status, html: document.into_string() }
}

/// A text with the characters made visible that would hide or reorder what a reader sees.
///
/// Escaping keeps text from becoming markup; it does not keep `U+202E` from showing a name backwards.
pub(super) fn shown(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        let hides = matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        let control = character.is_control() && !matches!(character, '\n' | '\t');
        if hides || control {
            visible.push_str(&format!("[U+{:04X}]", u32::from(character)));
        } else {
            visible.push(character);
        }
    }
    visible
}

/// An instant as people read it, `23 November 2026, 09:15:34 UTC`; what is no instant stays as it is.
pub(super) fn moment(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(at) => instant(at),
        Err(_) => shown(text),
    }
}

/// An instant in the same words.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}

/// A value as it stands in JSON, but a plain text without its quotation marks.
fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| shown(&value.to_string()), shown)
}

const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str) -> String {
        Page::headers().into_iter().find(|(found, _)| *found == name).unwrap().1
    }

    #[test]
    fn nothing_is_kept_framed_or_referred_to() {
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    }

    #[test]
    fn nothing_inline_runs_but_our_own_style_applies() {
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"));
        assert!(!policy.contains("unsafe"));
        let page = frame(200, "t", &html! { p { "x" } });
        let style = page.html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        let digest = STANDARD.encode(Sha256::digest(style.as_bytes()));
        assert!(policy.contains(&format!("'sha256-{digest}'")));
    }

    #[test]
    fn characters_that_hide_or_reorder_are_made_visible() {
        assert_eq!(shown("a\u{202e}b\u{200b}c\r\n\u{0}"), "a[U+202E]b[U+200B]c[U+000D]\n[U+0000]");
        assert_eq!(shown("Müller → 30 s"), "Müller → 30 s");
    }

    #[test]
    fn an_instant_is_written_for_people() {
        assert_eq!(moment("2026-11-03T09:05:34.123Z"), "3 November 2026, 09:05:34 UTC");
        assert_eq!(moment("soon"), "soon");
    }

    #[test]
    fn a_title_is_data() {
        assert!(frame(200, "<script>", &html! {}).html.contains("<title>&lt;script&gt;</title>"));
    }
}
