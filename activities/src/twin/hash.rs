//! Hashes of texts, the same on every machine and for all time: they decide where a stored table keeps what.
//!
//! Owns one function. It is fast and mixes well; it keeps no secret and withstands nobody who can choose the seed, which is
//! why a table's seed is made of what the table belongs to.

/// Hashes bytes under a seed.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = seed.wrapping_add(LAST) ^ (bytes.len() as u64).wrapping_mul(STEP);
    let mut rest = bytes;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        state = fold(state ^ u64::from_le_bytes(*eight), STEP);
        rest = after;
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        state = fold(state ^ u64::from_le_bytes(last), STEP);
    }
    fold(state, LAST)
}

/// The sum that tells whether bytes are what they were: four lanes of [`hash`]'s step, so that it runs at memory speed.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    let mut lanes = [STEP, LAST, STEP.rotate_left(17), LAST.rotate_left(31)];
    let chunks = bytes.chunks_exact(32);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, eight) in lanes.iter_mut().zip(chunk.as_chunks::<8>().0) {
            *lane = fold(*lane ^ u64::from_le_bytes(*eight), STEP);
        }
    }
    let tail = hash(bytes.len() as u64, rest);
    lanes.into_iter().fold(tail, |sum, lane| fold(sum ^ lane, LAST))
}

/// A sum of half the width, for what is one of many.
pub(super) fn short_sum(bytes: &[u8]) -> u32 {
    (checksum(bytes) >> 32) as u32
}

/// Multiplies to twice the width and folds the halves together.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ (product >> 64) as u64
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
const LAST: u64 = 0xd6e8_feb8_6659_fd93;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn likely_texts_are_told_apart_and_spread() {
        let texts: Vec<String> =
            (0..20_000).flat_map(|n| [format!("sg-{n}"), format!("aws_subnet.r{n}[{n}]")]).collect();
        let all: HashSet<u64> = texts.iter().map(|text| hash(7, text.as_bytes())).collect();
        assert_eq!(all.len(), texts.len());
        let mut buckets = [0_u32; 256];
        texts.iter().for_each(|text| buckets[(hash(7, text.as_bytes()) & 255) as usize] += 1);
        assert!(buckets.iter().all(|count| (80..260).contains(count)), "{buckets:?}");
    }

    #[test]
    fn the_hash_of_a_text_never_changes() {
        assert_eq!(
            (hash(0, b""), hash(1, b"aws_vpc.main")),
            STORED,
            "another hash needs another format of the stored object"
        );
    }

    #[test]
    fn any_changed_byte_changes_the_sum() {
        let bytes: Vec<u8> = (0..200).collect();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(checksum(&bytes), checksum(&other));
        }
        assert_ne!(checksum(&[0; 32]), checksum(&[0; 64]));
    }

    const STORED: (u64, u64) = (10340916658631836818, 11883912226262527085);
}
