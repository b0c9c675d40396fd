//! The frame: how one entry lies in a segment, and how it is told from what is not one.
//!
//! ```text
//!   length u32 | checksum u32 | back u32 | version u8 | payload (length bytes)          little endian
//! ```
//!
//! The checksum is the CRC-32 of the frame's own offset, `back`, the version and the payload, so that a frame that was copied
//! elsewhere does not count. `back` is the distance to the first frame of its group, which was written and made durable at
//! once: everything before a group was durable before the group was written. That is what tells damage from a torn tail.
//! A length of 0 is what zero-filled space reads as.

use super::entry::Offset;

/// A frame as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Where it begins.
    pub(crate) offset: Offset,
    /// Where its group begins.
    pub(crate) group: Offset,
    pub(crate) checksum: u32,
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    /// Where the next frame begins.
    pub(crate) fn end(&self) -> Offset {
        self.offset + (HEADER + self.payload.len()) as u64
    }
}

/// What lies at an offset.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// Space that was never written, or no space for a header.
    Nothing,
    /// The beginning of a frame that needs so many bytes in all.
    Short(usize),
    /// Bytes that are not a frame, and why.
    Bad(&'static str),
    /// A whole frame of a format version that this program does not know.
    Foreign(u8),
}

/// Looks at the front of the bytes, which lie at this offset.
pub(crate) fn look(bytes: &[u8], offset: Offset) -> Found<'_> {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return if bytes.iter().all(|byte| *byte == 0) { Found::Nothing } else { Found::Short(HEADER) };
    };
    let length = word(header, 0) as usize;
    if length == 0 {
        return if header.iter().all(|byte| *byte == 0) { Found::Nothing } else { Found::Bad("a frame of no length") };
    }
    if length > MAX_PAYLOAD {
        return Found::Bad("a frame of impossible length");
    }
    let Some(payload) = bytes.get(HEADER..HEADER + length) else {
        return Found::Short(HEADER + length);
    };
    let (checksum, back) = (word(header, 4), u64::from(word(header, 8)));
    if checksum != checksum_of(offset, &header[8..], payload) {
        return Found::Bad("a checksum that does not fit");
    }
    if back > offset {
        return Found::Bad("a group that begins before the journal");
    }
    if header[12] != VERSION {
        return Found::Foreign(header[12]);
    }
    Found::Frame(Frame { offset, group: offset - back, checksum, payload })
}

/// Appends the frame of a payload that will lie at `offset`, in the group that begins at `group`; answers its checksum.
pub(crate) fn append(bytes: &mut Vec<u8>, payload: &[u8], offset: Offset, group: Offset) -> u32 {
    let mut tail = [0; 5];
    tail[..4].copy_from_slice(&((offset - group) as u32).to_le_bytes());
    tail[4] = VERSION;
    let checksum = checksum_of(offset, &tail, payload);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(&tail);
    bytes.extend_from_slice(payload);
    checksum
}

/// Whether a frame of a group that was written after `offset` was durable lies anywhere behind it: then what lies at
/// `offset` was durable too, and is damaged rather than torn.
pub(crate) fn proves_durable(bytes: &[u8], base: Offset, offset: Offset) -> bool {
    let mut at = (offset - base) as usize + 1;
    while at + HEADER <= bytes.len() {
        // Most of what is behind a torn tail was never written.
        match bytes[at..].iter().position(|byte| *byte != 0) {
            None => return false,
            // A length is not larger than the bytes at hand, so its upper bytes may be zeros that belong to it.
            Some(zeros) => at += zeros.saturating_sub(3),
        }
        for candidate in at..(at + 4).min(bytes.len()) {
            if let Found::Frame(frame) = look(&bytes[candidate..], base + candidate as u64)
                && frame.group > offset
            {
                return true;
            }
        }
        at += 4;
    }
    false
}

/// The size of what is before the payload.
pub(crate) const HEADER: usize = 13;

/// The largest payload.
pub(crate) const MAX_PAYLOAD: usize = 256 << 20;

const VERSION: u8 = 1;

fn word(bytes: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn checksum_of(offset: Offset, tail: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&offset.to_le_bytes());
    hasher.update(tail);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn frames(payloads: &[Vec<u8>], base: Offset) -> Vec<u8> {
        let mut bytes = Vec::new();
        for payload in payloads {
            let offset = base + bytes.len() as u64;
            append(&mut bytes, payload, offset, base);
        }
        bytes
    }

    proptest! {
        #[test]
        fn frames_are_found_as_they_were_written(payloads in vec(vec(any::<u8>(), 1..60), 1..6), base in 0u64..1 << 40) {
            let mut bytes = frames(&payloads, base);
            bytes.extend([0; 40]);
            let mut offset = base;
            for payload in &payloads {
                let Found::Frame(frame) = look(&bytes[(offset - base) as usize..], offset) else {
                    panic!("no frame at {offset}");
                };
                prop_assert_eq!(frame.payload, &payload[..]);
                prop_assert_eq!(frame.group, base);
                offset = frame.end();
            }
            prop_assert_eq!(look(&bytes[(offset - base) as usize..], offset), Found::Nothing);
        }

        #[test]
        fn a_changed_bit_is_never_a_frame(payload in vec(any::<u8>(), 1..60), base in 0u64..1 << 40, bit in 0usize..1 << 20) {
            let mut bytes = frames(&[payload], base);
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!matches!(look(&bytes, base), Found::Frame(_)));
        }

        #[test]
        fn any_bytes_are_looked_at_without_harm(bytes in vec(any::<u8>(), 0..200), offset: u64) {
            let _ = look(&bytes, offset);
        }

        #[test]
        fn a_frame_elsewhere_does_not_count(payload in vec(any::<u8>(), 1..60), base in 0u64..1 << 40, shift in 1u64..1 << 20) {
            prop_assert!(!matches!(look(&frames(&[payload], base), base + shift), Found::Frame(_)));
        }

        #[test]
        fn only_a_later_group_proves_durability(first in vec(any::<u8>(), 1..60), second in vec(any::<u8>(), 1..60), hole in 0usize..600) {
            let mut bytes = frames(std::slice::from_ref(&first), 0);
            bytes.resize(bytes.len() + hole, 0);
            let mut same_group = bytes.clone();
            append(&mut same_group, &second, bytes.len() as u64, 0);
            prop_assert!(!proves_durable(&same_group, 0, 0));
            let group = bytes.len() as u64;
            append(&mut bytes, &second, group, group);
            prop_assert!(proves_durable(&bytes, 0, 0));
        }
    }
}
