//! Message digests by the names that `States.Hash` and `$hash` take.
//!
//! Owns the choice of algorithm, and MD5 and SHA-1 themselves (RFC 1321, RFC 3174), which Step Functions offers for checksums and
//! no other part of this project uses. Nothing here protects a secret.

use sha2::{Digest, Sha256, Sha384, Sha512};

/// The digest of the data in lower-case hexadecimal; `None` for a name that is not one of the five, exactly as written.
pub(crate) fn hex(data: &[u8], algorithm: &str) -> Option<String> {
    Some(match algorithm {
        "MD5" => hex_of(&md5(data)),
        "SHA-1" => hex_of(&sha1(data)),
        "SHA-256" => hex_of(&Sha256::digest(data)),
        "SHA-384" => hex_of(&Sha384::digest(data)),
        "SHA-512" => hex_of(&Sha512::digest(data)),
        _ => return None,
    })
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn md5(data: &[u8]) -> [u8; 16] {
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded(data, u64::to_le_bytes).chunks_exact(64) {
        let words: Vec<u32> = words(block, u32::from_le_bytes);
        let [mut a, mut b, mut c, mut d] = state;
        for round in 0..64 {
            let (mixed, word) = match round / 16 {
                0 => (b & c | !b & d, round),
                1 => (d & b | !d & c, (5 * round + 1) % 16),
                2 => (b ^ c ^ d, (3 * round + 5) % 16),
                _ => (c ^ (b | !d), 7 * round % 16),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(sine(round)).wrapping_add(words[word]);
            let turned = sum.rotate_left(MD5_TURNS[round / 16][round % 4]);
            (a, b, c, d) = (d, b.wrapping_add(turned), b, c);
        }
        add(&mut state, [a, b, c, d]);
    }
    joined(state.map(u32::to_le_bytes))
}

/// The constant of an MD5 round: the whole part of 2^32 times the sine of the round's number.
fn sine(round: usize) -> u32 {
    (((round + 1) as f64).sin().abs() * 4_294_967_296.0) as u32
}

fn sha1(data: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded(data, u64::to_be_bytes).chunks_exact(64) {
        let mut words: Vec<u32> = words(block, u32::from_be_bytes);
        for at in 16..80 {
            words.push((words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in words.into_iter().enumerate() {
            let (mixed, constant) = match round / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
            (a, b, c, d, e) = (sum, a, b.rotate_left(30), c, d);
        }
        add(&mut state, [a, b, c, d, e]);
    }
    joined(state.map(u32::to_be_bytes))
}

/// The data, a one bit, zeros up to a block's last eight bytes, and the length in bits.
fn padded(data: &[u8], length: fn(u64) -> [u8; 8]) -> Vec<u8> {
    let mut padded = data.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).div_ceil(64) * 64 - 8, 0);
    padded.extend(length(data.len() as u64 * 8));
    padded
}

fn words(block: &[u8], word: fn([u8; 4]) -> u32) -> Vec<u32> {
    block.chunks_exact(4).map(|four| word([four[0], four[1], four[2], four[3]])).collect()
}

fn add<const N: usize>(state: &mut [u32; N], block: [u32; N]) {
    for (word, more) in state.iter_mut().zip(block) {
        *word = word.wrapping_add(more);
    }
}

fn joined<const N: usize, const M: usize>(words: [[u8; 4]; N]) -> [u8; M] {
    let mut bytes = [0; M];
    for (to, from) in bytes.iter_mut().zip(words.iter().flatten()) {
        *to = *from;
    }
    bytes
}

/// How far each of MD5's four kinds of round turns its sum.
const MD5_TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(data: &str, algorithm: &str, expect: &str) {
        assert_eq!(hex(data.as_bytes(), algorithm).as_deref(), Some(expect), "{algorithm} of {data:?}");
    }

    #[test]
    fn the_published_examples_hold() {
        check("", "MD5", "d41d8cd98f00b204e9800998ecf8427e");
        check("message digest", "MD5", "f96b697d7cb7938d525a2f31aaf161d0");
        check("", "SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        check("abc", "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "SHA-1",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
        );
        check(&"1234567890".repeat(8), "MD5", "57edf4a22be3c955ac49da2e2107b67a");
        check("abc", "SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check("ñ", "MD5", "94e9342ecbb1458b6043ecd3bfcbc192");
    }

    #[test]
    fn every_length_around_a_block_is_padded_to_whole_blocks() {
        for length in 0..200 {
            let padded = padded(&vec![1; length], u64::to_be_bytes);
            assert_eq!(padded.len() % 64, 0);
            assert!(padded.len() >= length + 9 && padded.len() < length + 9 + 64);
        }
    }

    #[test]
    fn a_name_is_taken_exactly_as_written() {
        for name in ["md5", "SHA256", "sha-256", "SHA3-256", ""] {
            assert_eq!(hex(b"x", name), None);
        }
    }
}
