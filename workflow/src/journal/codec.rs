//! Values as bytes, the one door to bincode.
//!
//! Owns the encoding of journal entries and index rows. It does not know frames, checksums or versions. Shapes that go
//! through here must not use `serde_json::Value`, serde tags or skipped fields: JSON travels as text.
//!
//! bincode is pinned at 2.0.1 and no longer maintained; nothing outside of this file names it, so that another encoding can
//! take its place under a new format version.

use bincode::{
    config::{Configuration, Limit, LittleEndian, Varint},
    serde::{decode_from_slice, encode_into_std_write},
};
use serde::{Serialize, de::DeserializeOwned};

/// Why bytes are not a value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CodecError(String);

/// Appends a value's bytes.
pub(crate) fn encode_into<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    encode_into_std_write(value, bytes, CONFIG).map(drop).map_err(|error| CodecError(error.to_string()))
}

/// Reads a value from the front, and says how many bytes it took.
pub(crate) fn decode_front<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), CodecError> {
    decode_from_slice(bytes, CONFIG).map_err(|error| CodecError(error.to_string()))
}

/// Reads a value that takes all of the bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    match decode_front(bytes)? {
        (value, taken) if taken == bytes.len() => Ok(value),
        (_, taken) => Err(CodecError(format!("{} bytes follow a value of {taken}", bytes.len() - taken))),
    }
}

/// Bounds what a wrong length may allocate.
const LIMIT: usize = 1 << 30;

const CONFIG: Configuration<LittleEndian, Varint, Limit<LIMIT>> = bincode::config::standard().with_limit();

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(bytes in vec(any::<u8>(), 0..400)) {
            let _ = decode::<Vec<(u64, Option<String>)>>(&bytes);
        }

        #[test]
        fn what_is_encoded_decodes_to_itself(value: Vec<(u64, i64, Option<String>)>, rest in vec(any::<u8>(), 0..20)) {
            let mut bytes = Vec::new();
            encode_into(&value, &mut bytes).unwrap();
            prop_assert_eq!(&decode::<Vec<(u64, i64, Option<String>)>>(&bytes).unwrap(), &value);
            let taken = bytes.len();
            bytes.extend(rest);
            prop_assert_eq!(decode_front::<Vec<(u64, i64, Option<String>)>>(&bytes).unwrap(), (value, taken));
        }
    }

    #[test]
    fn a_huge_length_does_not_allocate() {
        let mut bytes = Vec::new();
        encode_into(&(u64::MAX / 2), &mut bytes).unwrap();
        assert!(decode::<String>(&bytes).is_err());
        assert!(decode::<Vec<u64>>(&bytes).is_err());
    }

    #[test]
    fn bytes_that_are_left_over_are_refused() {
        assert!(decode::<u8>(&[1, 2]).is_err());
    }
}
