//! Where a distributed Map gets its items from, and how it hands its results over: files and listings of Amazon S3.
//!
//! Owns what the bytes mean: JSON, JSON Lines, delimited text, listings, manifests ([`Reader`], [`Reading`]), and the
//! files that a result writer leaves behind ([`Writer`]). Does not own any transfer: [`Reading`] says which object or
//! listing it needs next, the caller brings it.
//!
//! ```text
//!   Reader ─► Reading ─ next ─► Fetch ─► the caller asks S3 ─► Fetched ─ take ─► ... ─ finish ─► Items
//! ```

mod csv;
mod json;
mod manifest;
mod reader;
mod reading;
mod writer;

use serde_json::Value;
use thiserror::Error;

pub use csv::{Csv, Delimiter, Headers};
pub use reader::{Action, InputType, ManifestType, Reader};
pub use reading::{Compression, Fetch, Fetched, Reading, S3Object};
pub use writer::{ChildResult, Destination, OutputType, ResultObject, Transformation, Writer};

/// The items of a data set, read and parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    /// A JSON text: an array of items, or an object whose fields are the items.
    pub data: String,
    /// From which item on the items come from which place, such as `S3://bucket/key`.
    pub sources: Vec<(u64, String)>,
}

/// Why a data set cannot be read; what the message says is the cause of a `States.ItemReaderFailed`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The JSON value holds no list of items.
    #[error("Attempting to map over non-iterable node.")]
    NotIterable,
    /// The file is not JSON.
    #[error("The file is not valid JSON: {0}")]
    InvalidJson(String),
    /// A line is not JSON.
    #[error("Line {line} of the file is not valid JSON: {problem}")]
    InvalidLine {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Two columns have the same name.
    #[error("CSV headers cannot contain duplicates.")]
    DuplicateHeaders,
    /// The header row is too long.
    #[error("CSV headers cannot exceed 10 KiB.")]
    HeadersTooLarge,
    /// `MaxItems` is negative.
    #[error("field MaxItems must be positive")]
    NegativeMaxItems,
    /// The manifest is not one that is known.
    #[error("The manifest cannot be read: {0}")]
    InvalidManifest(String),
    /// The arguments do not say what to read.
    #[error("The field '{0}' of the ItemReader is missing or not a string.")]
    MissingArgument(&'static str),
    /// An input type that this engine does not read.
    #[error("The InputType '{0}' is not supported by this engine.")]
    Unsupported(&'static str),
    /// An item is too large.
    #[error("An item of the data set exceeds 8 MiB.")]
    ItemTooLarge,
    /// The data set is too large.
    #[error("The data set exceeds 256 MiB, the most that this engine reads.")]
    TooLarge,
}

/// Items as they are gathered, within the limits.
#[derive(Debug, Clone, Default)]
struct Gathered {
    items: Vec<Value>,
    bytes: usize,
    most: Option<usize>,
}

impl Gathered {
    /// At most so many items; `None` is as many as there are.
    fn up_to(most: Option<u64>) -> Self {
        Self { most: most.map(|most| usize::try_from(most).unwrap_or(usize::MAX)), ..Self::default() }
    }

    /// Whether no further item is wanted.
    fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.items.len() >= most)
    }

    fn push(&mut self, item: Value, bytes: usize) -> Result<(), ReadError> {
        if self.is_full() {
            return Ok(());
        }
        if bytes > LARGEST_ITEM {
            return Err(ReadError::ItemTooLarge);
        }
        self.bytes += bytes;
        if self.bytes > MOST_BYTES {
            return Err(ReadError::TooLarge);
        }
        self.items.push(item);
        Ok(())
    }
}

/// The error name of a data set that cannot be read.
pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
/// The error name of results that cannot be written.
pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";
/// The most items that a map run processes.
pub const MOST_ITEMS: u64 = 100_000_000;
/// The most bytes of items that are held at once.
pub const MOST_BYTES: usize = 256 * 1024 * 1024;
/// The largest item, before an `ItemSelector` makes it smaller.
const LARGEST_ITEM: usize = 8 * 1024 * 1024;
