//! Tags: keys and values on state machines and activities.
//!
//! Owns their shape on the wire and their limits.

use serde::{Deserialize, Serialize};

use super::{constraint::Constraints, refusal::Refusal, wire::Structure};

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

/// The tags of a request; of a key that is given twice the last value counts.
pub(super) fn read(check: &mut Constraints, given: Option<Vec<Structure<Tag>>>) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for (at, Structure(tag)) in given.unwrap_or_default().into_iter().enumerate() {
        let name = |member: &str| format!("tags.{}.member.{member}", at + 1);
        check.optional(&name("key"), tag.key.as_deref(), 1, 128);
        check.optional(&name("value"), tag.value.as_deref(), 0, 256);
        let key = check.present(&name("key"), tag.key);
        tags.retain(|(there, _)| *there != key);
        tags.push((key, tag.value.unwrap_or_default()));
    }
    tags
}

/// Tags as an answer shows them.
pub(super) fn show(tags: Vec<(String, String)>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

/// Refuses more tags than a resource may have, and tags that nobody may give.
pub(super) fn check(tags: &[(String, String)]) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let why = format!("Too Many Tags: a resource has at most {MOST_TAGS} tags, not {}", tags.len());
        return Err(Refusal::new("TooManyTags", why));
    }
    for text in tags.iter().flat_map(|(key, value)| [key, value]) {
        if let Some(odd) = text.chars().find(|c| !(c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(*c)))
        {
            return Err(Refusal::validation(format!(
                "Tags may only contain Unicode letters, digits, white space, or these symbols: _ . : / = + - @. '{text}' contains '{odd}'"
            )));
        }
    }
    match tags.iter().find(|(key, _)| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))) {
        Some((key, _)) => Err(Refusal::validation(format!("'{key}': tag keys that begin with aws: are reserved"))),
        None => Ok(()),
    }
}

const MOST_TAGS: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Structure<Tag> {
        Structure(Tag { key: Some(key.into()), value: Some(value.into()) })
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        let tags = read(&mut Constraints::default(), Some(vec![tag("a", "1"), tag("b", "2"), tag("a", "3")]));
        assert_eq!(tags, [("b".to_owned(), "2".to_owned()), ("a".to_owned(), "3".to_owned())]);
    }

    #[test]
    fn a_tag_has_bounds() {
        for (tag, at) in [
            (tag("", "v"), "tags.1.member.key"),
            (tag(&"k".repeat(129), "v"), "tags.1.member.key"),
            (tag("k", &"v".repeat(257)), "tags.1.member.value"),
        ] {
            let mut check = Constraints::default();
            read(&mut check, Some(vec![tag]));
            assert!(check.done().unwrap_err().message.contains(at));
        }
        let many: Vec<_> = (0..51).map(|i| (i.to_string(), String::new())).collect();
        assert!(check(&many[..50]).is_ok());
        assert_eq!(check(&many).unwrap_err().code, "TooManyTags");
        for (key, value, good) in [("Straße 1/2", "a+b=c@d:e_f-g.h", true), ("a!", "", false), ("k", "{}", false)] {
            assert_eq!(check(&[(key.into(), value.into())]).is_ok(), good, "{key}: {value}");
        }
        assert_eq!(check(&[("AWS:owner".into(), String::new())]).unwrap_err().code, "ValidationException");
    }
}
