//! The file of a vector index: a header, then rows of one length, aligned so that it can be mapped as it is.
//!
//! ```text
//! header, 256 bytes   magic 8 | format u32 | dimension u32 | count u64 | row bytes u32 | model length u32 | model 160 | 0 56 | sum u64
//! row                 values f32 x dimension, 0 up to a multiple of 64 | at i64 | group u64 | length f32 | key length u32 | key 96 | sum u64
//! ```
//!
//! Numbers are little-endian. Owns that form and its checks: what is not whole, of another format, or poisoned is refused
//! with its place. A row is added by writing it behind the last one that the header counts, and then the header: a
//! write that was cut leaves the former index. A row's sum covers its number, so that no row stands for another. Owns no
//! reading and no writing of files.

use thiserror::Error;

use super::index::{Label, VectorIndex};
use super::{LONGEST_MODEL, MOST_DIMENSIONS, VectorError, VectorKind, norm};

/// What a file of vectors says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexHeader {
    /// Model and dimension of all its vectors.
    pub kind: VectorKind,
    /// How many rows there are; bytes behind them mean nothing.
    pub count: u64,
}

/// Why a file of vectors cannot be used; it is made anew from the records that it stands for.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum IndexError {
    /// It does not begin as one.
    #[error("it is no index of vectors")]
    NoIndex,
    /// A newer or older form.
    #[error("its format is {found}, and {FORMAT} is read")]
    Format {
        /// The format that it says.
        found: u32,
    },
    /// The header is damaged or says what cannot be.
    #[error("its header is damaged: {problem}")]
    Header {
        /// What is wrong.
        problem: &'static str,
    },
    /// There are fewer rows than the header counts.
    #[error("it holds {found} of the {said} rows that its header counts")]
    Cut {
        /// The rows that it says.
        said: u64,
        /// The whole rows that it has.
        found: u64,
    },
    /// A row is damaged.
    #[error("row {row} is damaged: {problem}")]
    Row {
        /// The row.
        row: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A row holds values that are no vector.
    #[error("row {row}: {source}")]
    Vector {
        /// The row.
        row: usize,
        /// What is wrong.
        source: VectorError,
    },
}

impl IndexHeader {
    /// The bytes of a header.
    pub const BYTES: usize = 256;

    /// Reads a header.
    pub fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        if bytes.len() < Self::BYTES || bytes[..8] != MAGIC {
            return Err(IndexError::NoIndex);
        }
        let found = u32_at(bytes, 8);
        if found != FORMAT {
            return Err(IndexError::Format { found });
        }
        let damaged = |problem| Err(IndexError::Header { problem });
        if u64_at(bytes, SUM_OF_HEADER) != checksum(0, &bytes[..SUM_OF_HEADER]) {
            return damaged("its checksum is another");
        }
        let dimension = u32_at(bytes, 12) as usize;
        if !(1..=MOST_DIMENSIONS).contains(&dimension) {
            return damaged("no vector has as many dimensions");
        }
        let length = u32_at(bytes, 28) as usize;
        let Some(Ok(model)) = bytes[MODEL..SUM_OF_HEADER].get(..length).map(std::str::from_utf8) else {
            return damaged("the model has no name");
        };
        let header = Self { kind: VectorKind { model: model.to_owned(), dimension }, count: u64_at(bytes, 16) };
        if u32_at(bytes, 24) as usize != header.row_bytes() {
            return damaged("its rows have another length");
        }
        Ok(header)
    }

    /// Writes a header.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..16].copy_from_slice(&u32_of(self.kind.dimension).to_le_bytes());
        bytes[16..24].copy_from_slice(&self.count.to_le_bytes());
        bytes[24..28].copy_from_slice(&u32_of(self.row_bytes()).to_le_bytes());
        let model = &self.kind.model.as_bytes()[..self.kind.model.len().min(LONGEST_MODEL)];
        bytes[28..32].copy_from_slice(&u32_of(model.len()).to_le_bytes());
        bytes[MODEL..MODEL + model.len()].copy_from_slice(model);
        let sum = checksum(0, &bytes[..SUM_OF_HEADER]);
        bytes[SUM_OF_HEADER..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The bytes of one row.
    pub fn row_bytes(&self) -> usize {
        self.values_bytes() + TAIL
    }

    /// Where a row begins in the file.
    pub fn offset(&self, row: u64) -> u64 {
        Self::BYTES as u64 + row * self.row_bytes() as u64
    }

    fn values_bytes(&self) -> usize {
        (self.kind.dimension * size_of::<f32>()).next_multiple_of(ALIGNMENT)
    }
}

/// Takes the rows of a file as they are read, so that the file is in memory once.
#[derive(Debug)]
pub struct IndexReader {
    header: IndexHeader,
    index: VectorIndex,
}

impl IndexReader {
    /// Starts with a header and the number of bytes that stand behind it.
    pub fn new(header: IndexHeader, body: u64) -> Result<Self, IndexError> {
        let found = body / header.row_bytes() as u64;
        if found < header.count {
            return Err(IndexError::Cut { said: header.count, found });
        }
        let mut index = VectorIndex::new(header.kind.clone());
        // There are at least as many bytes, so that no header can ask for more memory than its file has.
        index.reserve(usize::try_from(header.count).unwrap_or_default());
        Ok(Self { header, index })
    }

    /// The rows that are still to come.
    pub fn missing(&self) -> u64 {
        self.header.count - self.index.len() as u64
    }

    /// Takes the next rows; what stands behind the last one that the header counts is left alone.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        let missing = usize::try_from(self.missing()).unwrap_or(usize::MAX);
        for row in bytes.chunks_exact(self.header.row_bytes()).take(missing) {
            self.take_row(row)?;
        }
        Ok(())
    }

    /// The index, when all rows were taken.
    pub fn finish(self) -> Result<VectorIndex, IndexError> {
        match self.missing() {
            0 => Ok(self.index),
            missing => Err(IndexError::Cut { said: self.header.count, found: self.header.count - missing }),
        }
    }

    fn take_row(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        let row = self.index.len();
        let damaged = |problem| Err(IndexError::Row { row, problem });
        let sum = bytes.len() - 8;
        if u64_at(bytes, sum) != checksum(row as u64 + 1, &bytes[..sum]) {
            return damaged("its checksum is another");
        }
        let tail = &bytes[self.header.values_bytes()..];
        let key = tail[KEY..KEY + LONGEST_KEY].get(..u32_at(tail, 20) as usize).map(std::str::from_utf8);
        let Some(Ok(key)) = key else { return damaged("its key is no text") };
        let (at, group) = (u64_at(tail, 0).cast_signed(), u64_at(tail, 8));
        let values = bytes.as_chunks::<4>().0.iter().take(self.header.kind.dimension);
        let label = Label { key: key.to_owned(), at, group };
        self.index
            .push_values(label, values.map(|value| f32::from_le_bytes(*value)))
            .map_err(|source| IndexError::Vector { row, source })
    }
}

impl VectorIndex {
    /// What the header of its file says.
    pub fn header(&self) -> IndexHeader {
        IndexHeader { kind: self.kind().clone(), count: self.len() as u64 }
    }

    /// The bytes of some of its rows, as they stand in its file.
    ///
    /// # Panics
    ///
    /// When there are no such rows.
    pub fn encode_rows(&self, rows: std::ops::Range<usize>) -> Vec<u8> {
        let header = self.header();
        let mut bytes = Vec::with_capacity(rows.len() * header.row_bytes());
        for row in rows {
            let (start, label) = (bytes.len(), &self.labels()[row]);
            bytes.extend(self.row(row).iter().flat_map(|value| value.to_le_bytes()));
            bytes.resize(start + header.values_bytes(), 0);
            bytes.extend(label.at.to_le_bytes());
            bytes.extend(label.group.to_le_bytes());
            bytes.extend(norm(self.row(row)).to_le_bytes());
            bytes.extend(u32_of(label.key.len()).to_le_bytes());
            bytes.extend(label.key.as_bytes());
            bytes.resize(start + header.row_bytes() - 8, 0);
            let sum = checksum(row as u64 + 1, &bytes[start..]);
            bytes.extend(sum.to_le_bytes());
        }
        bytes
    }

    /// The whole file.
    pub fn encode(&self) -> Vec<u8> {
        [&self.header().encode()[..], &self.encode_rows(0..self.len())].concat()
    }

    /// Reads a whole file.
    pub fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let header = IndexHeader::decode(bytes)?;
        let body = &bytes[IndexHeader::BYTES..];
        let mut reader = IndexReader::new(header, body.len() as u64)?;
        reader.take(body)?;
        reader.finish()
    }
}

/// A sum that any damaged byte changes: four lanes of multiplications, as fast as memory. It keeps no one from forging.
fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    let mut lanes = [seed ^ PRIMES[0], seed ^ PRIMES[1], seed ^ PRIMES[2], seed ^ PRIMES[3]];
    let (words, _) = bytes.as_chunks::<8>();
    let (fours, rest) = words.as_chunks::<4>();
    for four in fours {
        for (lane, word) in lanes.iter_mut().zip(four) {
            *lane = mixed(*lane, u64::from_le_bytes(*word));
        }
    }
    let whole = rest.iter().fold(seed, |sum, word| mixed(sum, u64::from_le_bytes(*word)));
    let sum = lanes.iter().fold(whole ^ bytes.len() as u64, |sum, lane| mixed(sum, *lane));
    sum ^ (sum >> 29)
}

/// One to one in each of its arguments, so that no single change is lost.
fn mixed(sum: u64, word: u64) -> u64 {
    (sum ^ word).wrapping_mul(PRIMES[0]).rotate_left(27)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// A number that is bounded far below.
fn u32_of(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

const MAGIC: [u8; 8] = *b"SAOVEC\r\n";
const FORMAT: u32 = 1;
const MODEL: usize = 32;
const SUM_OF_HEADER: usize = IndexHeader::BYTES - 8;
const TAIL: usize = 128;
const KEY: usize = 24;
/// A cache line; the header is a multiple of it, and so is each row.
const ALIGNMENT: usize = 64;
/// The longest key of a row.
pub(super) const LONGEST_KEY: usize = TAIL - KEY - 8;
const PRIMES: [u64; 4] = [0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x85eb_ca77_c2b2_ae63];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::twin::Vector;

    fn index(rows: usize, dimension: usize) -> VectorIndex {
        let values = |row: usize| (0..dimension).map(|at| (row * 31 + at * 7 + 1) as f32 % 11.0 - 4.5).collect();
        let mut index = VectorIndex::new(VectorKind { model: "m".to_owned(), dimension });
        for row in 0..rows {
            let label = Label { key: format!("inc-{row}"), at: -5 + row as i64, group: row as u64 };
            index.push(label, &Vector::new("m", values(row)).unwrap()).unwrap();
        }
        index
    }

    #[track_caller]
    fn check(bytes: &[u8], expect: &str) {
        let error = VectorIndex::decode(bytes).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    /// A header that is whole again after `change`.
    fn sealed(mut bytes: Vec<u8>, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        change(&mut bytes);
        let sum = checksum(0, &bytes[..SUM_OF_HEADER]);
        bytes[SUM_OF_HEADER..IndexHeader::BYTES].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    #[test]
    fn an_index_is_read_back_as_it_was_written() {
        for (rows, dimension) in [(0, 1), (1, 1), (3, 16), (5, 17), (2, 1_536)] {
            let written = index(rows, dimension);
            assert_eq!(VectorIndex::decode(&written.encode()).unwrap(), written);
        }
    }

    #[test]
    fn rows_are_aligned() {
        let bytes = index(2, 17).encode();
        let header = IndexHeader::decode(&bytes).unwrap();
        assert_eq!((header.row_bytes() % 64, header.offset(1) % 64), (0, 0));
        assert_eq!(bytes.len() as u64, header.offset(2));
    }

    #[test]
    fn a_row_is_added_behind_the_last_one_and_counts_when_the_header_does() {
        let (one, two) = (index(1, 16), index(2, 16));
        let mut bytes = one.encode();
        bytes.extend(two.encode_rows(1..2));
        assert_eq!(VectorIndex::decode(&bytes).unwrap(), one);
        bytes[..IndexHeader::BYTES].copy_from_slice(&two.header().encode());
        assert_eq!(VectorIndex::decode(&bytes).unwrap(), two);
    }

    #[test]
    fn what_is_no_whole_index_is_refused_with_its_place() {
        let bytes = index(3, 16).encode();
        check(b"", "no index");
        check(&[0; 300], "no index");
        check(&bytes[..bytes.len() - 1], "2 of the 3 rows");
        check(&sealed(bytes.clone(), |bytes| bytes[8] = 9), "format is 9");
        check(&sealed(bytes.clone(), |bytes| bytes[12] = 0), "dimensions");
        check(&sealed(bytes.clone(), |bytes| bytes[12] = 200), "another length");
        check(&sealed(bytes.clone(), |bytes| bytes[28] = 255), "no name");
        check(&sealed(bytes.clone(), |bytes| bytes[23] = 255), "rows that its header counts");
        let swapped = [&bytes[..256], &bytes[448..640], &bytes[256..448], &bytes[640..]].concat();
        check(&swapped, "row 0 is damaged");
    }

    #[test]
    fn a_poisoned_row_is_refused_even_when_its_sum_is_right() {
        let mut bytes = index(2, 16).encode();
        bytes[256..260].copy_from_slice(&f32::NAN.to_le_bytes());
        let sum = checksum(1, &bytes[256..440]);
        bytes[440..448].copy_from_slice(&sum.to_le_bytes());
        check(&bytes, "row 0: value 0 of the vector is no finite number");
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(at in 0_usize..640, change in 1_u8..=255) {
            let written = index(2, 16);
            let mut bytes = written.encode();
            let at = at % bytes.len();
            bytes[at] ^= change;
            prop_assert!(VectorIndex::decode(&bytes).is_err(), "byte {at}");
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..700), begins in any::<bool>()) {
            let mut bytes = bytes;
            if begins && bytes.len() >= 12 { bytes[..8].copy_from_slice(&MAGIC); bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes()); }
            let _ = VectorIndex::decode(&bytes);
        }
    }
}
