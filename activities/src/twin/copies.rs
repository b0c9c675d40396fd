//! Copies of secrets: finding them wherever a text repeats them, however many secrets there are.
//!
//! Owns the search. A secret has at least eight bytes; the first eight of each are looked up at every place of the text, so
//! that the time depends on the text's length alone. Owns no judgement of what is a secret.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::text::REDACTED;

/// Texts to look for.
pub(super) struct Copies {
    /// A bit for each hash of a beginning that there is.
    bits: Vec<u64>,
    /// The texts by their beginning, longest first.
    by_start: HashMap<u64, Vec<String>>,
}

impl Copies {
    /// Prepares the search; what is shorter than eight bytes cannot be looked for and is left out.
    pub(super) fn of(texts: impl IntoIterator<Item = String>) -> Self {
        let mut copies = Self { bits: vec![0; BITS / 64], by_start: HashMap::new() };
        let texts: HashSet<String> = texts.into_iter().collect();
        for text in texts {
            let Some(start) = eight(text.as_bytes()) else { continue };
            let bit = bit_of(start);
            copies.bits[bit / 64] |= 1 << (bit % 64);
            copies.by_start.entry(start).or_default().push(text);
        }
        for texts in copies.by_start.values_mut() {
            texts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        }
        copies
    }

    /// Whether any of the texts occurs.
    pub(super) fn occur_in(&self, text: &str) -> bool {
        self.next(text.as_bytes(), 0).is_some()
    }

    /// Puts the mark in the place of each occurrence, the longest first where several begin.
    pub(super) fn replaced<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = String::new();
        let mut done = 0;
        while let Some((at, length)) = self.next(text.as_bytes(), done) {
            // What begins and ends like a text within a text does so between letters.
            clean.push_str(text.get(done..at).unwrap_or_default());
            clean.push_str(REDACTED);
            done = at + length;
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(clean)
    }

    /// The place and length of the next occurrence.
    fn next(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let rest = text.get(from..)?;
        rest.windows(8).enumerate().find_map(|(offset, window)| {
            let start = eight(window)?;
            let bit = bit_of(start);
            if self.bits[bit / 64] & (1 << (bit % 64)) == 0 {
                return None;
            }
            let at = from + offset;
            let texts = self.by_start.get(&start)?;
            let found = texts.iter().find(|known| text[at..].starts_with(known.as_bytes()))?;
            Some((at, found.len()))
        })
    }
}

fn eight(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|eight| u64::from_le_bytes(*eight))
}

fn bit_of(start: u64) -> usize {
    (start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 46) as usize % BITS
}

/// Bits for beginnings: with a few thousand secrets, one place of fifty is looked at twice.
const BITS: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(texts: &[&str], text: &str, expect: &str) {
        assert_eq!(Copies::of(texts.iter().map(ToString::to_string)).replaced(text), expect);
    }

    #[test]
    fn every_copy_goes_and_the_longest_first() {
        check(&["hunter-22", "hunter-22-hunter"], "<hunter-22-hunter><hunter-22>", "<[redacted]><[redacted]>");
        check(&["hunter-22"], "hunter-2", "hunter-2");
        check(&["päßwörter"], "ä päßwörter ö", "ä [redacted] ö");
    }

    #[test]
    fn nothing_to_look_for_finds_nothing() {
        let none = Copies::of(["short".to_owned()]);
        assert!(!none.occur_in("short"));
    }

    proptest! {
        #[test]
        fn the_search_finds_what_is_there(texts in proptest::collection::vec("[ab]{8,11}", 1..5), text in "[ab]{0,60}") {
            let copies = Copies::of(texts.clone());
            prop_assert_eq!(copies.occur_in(&text), texts.iter().any(|known| text.contains(known.as_str())));
            let clean = copies.replaced(&text);
            prop_assert!(!texts.iter().any(|known| clean.contains(known.as_str())));
        }
    }
}
