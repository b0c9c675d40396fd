//! Tables that are found by hash: which node has an address, and which nodes go by a name.
//!
//! Owns their stored form: little-endian words, so that a table is used as it was read. A table of a damaged file finds
//! less and never fails.

use super::hash::hash;

/// Words in stored form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Words<'a>(pub(super) &'a [u8]);

impl Words<'_> {
    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.0.len() / 4
    }

    /// The word at a position; zero behind the end.
    pub(super) fn at(self, at: usize) -> u32 {
        self.0.get(at * 4..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
    }
}

/// Writes words in stored form.
pub(super) fn push(out: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
}

/// A table in stored form: part of a hash and a position plus one, at the place that the hash says or soon after it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Table<'a>(pub(super) Words<'a>);

impl Table<'_> {
    /// The first position of this hash for which `is` holds.
    pub(super) fn find(self, hash: u64, mut is: impl FnMut(usize) -> bool) -> Option<usize> {
        let places = self.0.len() / 2;
        let mask = places.checked_sub(1).filter(|mask| places & mask == 0)?;
        let mut place = hash as usize & mask;
        for _ in 0..places {
            let at = (self.0.at(place * 2 + 1) as usize).checked_sub(1)?;
            // Most of what stands in the way is told by its hash, without a look at its text.
            if self.0.at(place * 2) == tag(hash) && is(at) {
                return Some(at);
            }
            place = (place + 1) & mask;
        }
        None
    }
}

/// A table that is being made, in its stored form from the start.
pub(super) struct TableBuilder {
    stored: Vec<u8>,
    mask: usize,
}

impl TableBuilder {
    /// A table for so many positions.
    pub(super) fn new(positions: usize) -> Self {
        let places = (positions + positions / 4).next_power_of_two().max(8);
        Self { stored: vec![0; places * 8], mask: places - 1 }
    }

    /// Puts a position in, unless there is one already for which `same` holds: then that one is handed back, and the new
    /// position takes its place when `replace` is true.
    pub(super) fn put(&mut self, hash: u64, at: u32, replace: bool, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut place = hash as usize & self.mask;
        loop {
            let words = Words(&self.stored);
            let (there, found) = (words.at(place * 2), words.at(place * 2 + 1));
            match found.checked_sub(1) {
                None => {
                    self.set(place, hash, at);
                    return None;
                }
                Some(found) if there == tag(hash) && same(found) => {
                    if replace {
                        self.set(place, hash, at);
                    }
                    return Some(found);
                }
                Some(_) => place = (place + 1) & self.mask,
            }
        }
    }

    pub(super) fn stored(self) -> Vec<u8> {
        self.stored
    }

    fn set(&mut self, place: usize, hash: u64, at: u32) {
        self.stored[place * 8..place * 8 + 4].copy_from_slice(&tag(hash).to_le_bytes());
        self.stored[place * 8 + 4..place * 8 + 8].copy_from_slice(&(at + 1).to_le_bytes());
    }
}

/// The part of a hash that does not say the place.
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The hash under which a text is kept.
pub(super) fn hash_of(seed: u64, text: &str) -> u64 {
    hash(seed, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(texts: &[String]) -> Vec<u8> {
        let mut builder = TableBuilder::new(texts.len());
        for (at, text) in texts.iter().enumerate() {
            builder.put(hash_of(3, text), at as u32, false, |found| texts[found as usize] == *text);
        }
        builder.stored()
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let texts: Vec<String> = (0..1_000).map(|n| format!("t.r{n}")).collect();
        let stored = table(&texts);
        let find = |text: &str| Table(Words(&stored)).find(hash_of(3, text), |at| texts[at] == text);
        assert!(texts.iter().enumerate().all(|(at, text)| find(text) == Some(at)));
        assert_eq!(find("t.r1000"), None);
    }

    #[test]
    fn a_damaged_table_finds_nothing() {
        for bytes in [&[][..], &[1; 5], &[0; 12], &[9; 64]] {
            assert_eq!(Table(Words(bytes)).find(5, |_| false), None);
        }
    }
}
