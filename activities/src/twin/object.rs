//! What is stored of one state file: its nodes and edges in a form that is used as it was read.
//!
//! Owns the bytes. A head of fixed size says where the sections are, the sections ([`super::view`]) hold everything but the
//! attributes, and the attributes of all nodes follow as one text. So whoever needs a few nodes of a hundred thousand
//! reads the index, and of the text only what they need. Every part carries its sum: what was damaged is noticed when it is
//! read.
//!
//! ```text
//! offset 0     8     12    16      24        32             40            48           56    64     68
//!        magic format -    serial  sequence  bytes of index bytes of text sum of index seed  nodes  edges
//! offset 72: for each of 12 sections where it begins and how long it is (words); 168: the sum of the head
//! ```

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::build::Sections;
use super::hash::{checksum, short_sum};
use super::lookup::Words;
use super::state::{State, SuccessionError};
use super::view::View;

/// What is stored of one state file.
///
/// `sequence` grows with every write of the object: its content alone cannot tell that it was changed and changed back.
/// Clones share their content.
#[derive(Clone, Debug)]
pub struct TopologyObject {
    head: Head,
    about: Arc<About>,
    index: Index,
    text: Arc<Text>,
}

/// The sections: in one piece as they were read, or each by itself as they were made.
#[derive(Clone)]
enum Index {
    Read(Arc<Vec<u8>>),
    Made(Arc<[Vec<u8>; SECTIONS]>),
}

/// The attributes of all nodes.
enum Text {
    /// In memory.
    Held(String),
    /// Where they are stored, behind the index.
    Stored(Mutex<Box<dyn Source>>),
}

/// What a stored object is read from.
trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// The first bytes of a stored object: what it is, and how long its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    serial: u64,
    sequence: u64,
    /// How many bytes the index has, these included; the text follows it.
    index_bytes: u64,
    text_bytes: u64,
    index_sum: u64,
    seed: u64,
    nodes: u32,
    edges: u32,
    sections: [(u32, u32); SECTIONS],
}

/// What an object says of where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    source: String,
    lineage: String,
    terraform_version: String,
}

/// Why a stored topology object cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ObjectError {
    /// It is something else.
    #[error("this is no topology object; collect the state again")]
    NotAnObject,
    /// It has a form that this version does not know.
    #[error(
        "the topology object has format `{format}`, this version reads format {}; collect the state again",
        TopologyObject::FORMAT
    )]
    UnsupportedFormat {
        /// The format found.
        format: u32,
    },
    /// It is not what was written.
    #[error("the topology object is damaged: {what}; collect the state again")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// What it is read from failed.
    #[error("the topology object cannot be read: {problem}")]
    Unreadable {
        /// What the system said.
        problem: String,
    },
}

impl TopologyObject {
    /// The version of the stored form.
    pub const FORMAT: u32 = 2;

    /// Makes the first object of a state file.
    pub fn of(state: State, source: impl Into<String>) -> Self {
        Self::with_sequence(state, source.into(), 1)
    }

    /// Makes the object that follows this one, unless the state is older or another.
    pub fn succeed(&self, state: State) -> Result<Self, SuccessionError> {
        state.accepts(self.lineage(), self.serial())?;
        Ok(self.replaced_by(state))
    }

    /// Makes the object that takes this one's place, whatever the age and the lineage of its state.
    pub fn replaced_by(&self, state: State) -> Self {
        Self::with_sequence(state, self.source().to_owned(), self.sequence() + 1)
    }

    fn with_sequence(state: State, source: String, sequence: u64) -> Self {
        let mut state = state;
        let sections = Sections::of(&mut state);
        let about = About { source, lineage: state.lineage, terraform_version: state.terraform_version };
        let mut head = Head {
            serial: state.serial,
            sequence,
            index_bytes: 0,
            text_bytes: state.text.len() as u64,
            index_sum: 0,
            seed: sections.seed,
            nodes: u32::try_from(state.records.len()).unwrap_or(u32::MAX),
            edges: u32::try_from(sections.edges).unwrap_or(u32::MAX),
            sections: [(0, 0); SECTIONS],
        };
        let parts = [
            serde_json::to_vec(&about).unwrap_or_default(),
            sections.strings,
            sections.types,
            sections.records,
            sections.places,
            sections.names,
            sections.by_name,
            sections.by_address,
            sections.starts,
            sections.others,
            sections.kinds,
            sections.open,
        ];
        let mut end = HEAD_BYTES;
        for (place, part) in head.sections.iter_mut().zip(&parts) {
            // The size of a state's file is bounded so that no section begins or ends beyond what a word holds.
            let word = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
            *place = (word(end), word(part.len()));
            end = (end + part.len()).next_multiple_of(8);
        }
        head.index_bytes = end as u64;
        head.index_sum = sum_of(parts.iter().map(Vec::as_slice));
        Self {
            head,
            about: Arc::new(about),
            index: Index::Made(Arc::new(parts)),
            text: Arc::new(Text::Held(state.text)),
        }
    }

    /// Reads a stored object: its index now, the attributes of a node when they are asked for.
    pub fn open(source: impl Read + Seek + Send + 'static) -> Result<Self, ObjectError> {
        let mut source = source;
        let failed = |error: io::Error| ObjectError::Unreadable { problem: error.to_string() };
        let mut index = Vec::with_capacity(HEAD_BYTES);
        source.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut index).map_err(failed)?;
        let head = Head::read(&index)?;
        let length = source.seek(SeekFrom::End(0)).map_err(failed)?;
        // INVARIANT: what is as long as it says fits into memory as far as it stands in the file.
        if head.index_bytes.checked_add(head.text_bytes) != Some(length) || head.index_bytes < HEAD_BYTES as u64 {
            return Err(CUT);
        }
        index.resize(usize::try_from(head.index_bytes).map_err(|_| CUT)?, 0);
        source.rewind().and_then(|()| source.read_exact(&mut index)).map_err(failed)?;
        let sections = (0..SECTIONS).map(|at| index.get(section(&head, at)).unwrap_or_default());
        if sum_of(sections) != head.index_sum || !is_whole(&head, &index) {
            return Err(ObjectError::Damaged { what: "its index is not what was written" });
        }
        let about = index.get(section(&head, 0)).and_then(|about| serde_json::from_slice(about).ok());
        let about = about.ok_or(ObjectError::Damaged { what: "it does not say where it comes from" })?;
        let text = Arc::new(Text::Stored(Mutex::new(Box::new(source))));
        Ok(Self { head, about: Arc::new(about), index: Index::Read(Arc::new(index)), text })
    }

    /// The name under which the state was collected, for example its path or its S3 key.
    pub fn source(&self) -> &str {
        &self.about.source
    }

    /// The id of the state.
    pub fn lineage(&self) -> &str {
        &self.about.lineage
    }

    /// The version of the state.
    pub fn serial(&self) -> u64 {
        self.head.serial
    }

    /// The version of this object.
    pub fn sequence(&self) -> u64 {
        self.head.sequence
    }

    /// How many nodes it holds.
    pub fn nodes(&self) -> usize {
        self.head.nodes as usize
    }

    /// How many edges it holds.
    pub fn edges(&self) -> usize {
        self.head.edges as usize
    }

    /// Writes the stored form.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.head.stored())?;
        for at in 0..SECTIONS {
            out.write_all(self.part(at))?;
            out.write_all(padding(self.part(at).len()))?;
        }
        match &*self.text {
            Text::Held(text) => out.write_all(text.as_bytes()),
            Text::Stored(source) => {
                let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                source.seek(SeekFrom::Start(self.head.index_bytes))?;
                io::copy(&mut *source, out).map(|_| ())
            }
        }
    }

    /// Whether another object says the same of the same state.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let same_head = Head { sequence: other.head.sequence, ..self.head.clone() } == other.head;
        same_head && (0..SECTIONS).all(|at| self.part(at) == other.part(at))
    }

    /// The attributes of a node, as JSON text; or why they cannot be read.
    pub(super) fn attributes(&self, at: u32) -> Result<Cow<'_, str>, String> {
        let attributes = self.view().attributes(at);
        let text = self.text.read(self.head.index_bytes, attributes.start, attributes.length)?;
        if short_sum(text.as_bytes()) == attributes.sum {
            Ok(text)
        } else {
            Err("they are not what was written".to_owned())
        }
    }

    pub(super) fn view(&self) -> View<'_> {
        let part = |at: usize| self.part(at);
        View {
            strings: part(1),
            types: Words(part(2)),
            records: Words(part(3)),
            places: Words(part(4)),
            names: part(5),
            by_name: Words(part(6)),
            by_address: Words(part(7)),
            starts: Words(part(8)),
            others: Words(part(9)),
            kinds: part(10),
            open: Words(part(11)),
            seed: self.head.seed,
        }
    }

    fn part(&self, at: usize) -> &[u8] {
        match &self.index {
            Index::Read(index) => index.get(section(&self.head, at)).unwrap_or_default(),
            Index::Made(parts) => &parts[at],
        }
    }
}

impl Text {
    fn read(&self, index_bytes: u64, start: u32, length: u32) -> Result<Cow<'_, str>, String> {
        match self {
            Self::Held(text) => {
                let part = text.get(start as usize..).and_then(|rest| rest.get(..length as usize));
                part.map(Cow::Borrowed).ok_or_else(|| "the text ends before".to_owned())
            }
            Self::Stored(source) => {
                let mut bytes = vec![0; length as usize];
                let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                let found = source.seek(SeekFrom::Start(index_bytes + u64::from(start)));
                found.and_then(|_| source.read_exact(&mut bytes)).map_err(|error| error.to_string())?;
                String::from_utf8(bytes).map(Cow::Owned).map_err(|_| "they are no text".to_owned())
            }
        }
    }
}

impl Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(text) => write!(f, "Held({} bytes)", text.len()),
            Self::Stored(_) => f.write_str("Stored"),
        }
    }
}

impl Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read(_) => "Read",
            Self::Made(_) => "Made",
        })
    }
}

impl Head {
    /// Reads the head of a stored object.
    fn read(bytes: &[u8]) -> Result<Self, ObjectError> {
        if !bytes.starts_with(MAGIC) {
            return Err(ObjectError::NotAnObject);
        }
        let bytes = bytes.get(..HEAD_BYTES).ok_or(CUT)?;
        let short = |at: usize| Words(bytes).at(at / 4);
        let long = |at: usize| u64::from(short(at)) | u64::from(short(at + 4)) << 32;
        if short(8) != TopologyObject::FORMAT {
            return Err(ObjectError::UnsupportedFormat { format: short(8) });
        }
        if long(HEAD_SUM) != checksum(&bytes[..HEAD_SUM]) {
            return Err(ObjectError::Damaged { what: "its head is not what was written" });
        }
        Ok(Self {
            serial: long(16),
            sequence: long(24),
            index_bytes: long(32),
            text_bytes: long(40),
            index_sum: long(48),
            seed: long(56),
            nodes: short(64),
            edges: short(68),
            sections: std::array::from_fn(|at| (short(72 + at * 8), short(76 + at * 8))),
        })
    }

    fn stored(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&u64::from(TopologyObject::FORMAT).to_le_bytes());
        for long in [self.serial, self.sequence, self.index_bytes, self.text_bytes, self.index_sum, self.seed] {
            out.extend_from_slice(&long.to_le_bytes());
        }
        let sections = self.sections.iter().flat_map(|(start, length)| [*start, *length]);
        for short in [self.nodes, self.edges].into_iter().chain(sections) {
            out.extend_from_slice(&short.to_le_bytes());
        }
        out.extend_from_slice(&checksum(&out).to_le_bytes());
        out
    }
}

/// What follows a section, so that the next one stands where a memory map would want it.
fn padding(length: usize) -> &'static [u8] {
    &[0; 8][..length.next_multiple_of(8) - length]
}

/// Whether the sections fill the index, with nothing between them.
fn is_whole(head: &Head, index: &[u8]) -> bool {
    let mut end = HEAD_BYTES;
    for at in 0..SECTIONS {
        let section = section(head, at);
        let after = section.end.next_multiple_of(8);
        if section.start != end || index.get(section.end..after).is_none_or(|rest| rest.iter().any(|byte| *byte != 0)) {
            return false;
        }
        end = after;
    }
    end == index.len()
}

/// The sum over all sections.
fn sum_of<'a>(sections: impl Iterator<Item = &'a [u8]>) -> u64 {
    sections.fold(0, |sum, section| checksum(&[sum.to_le_bytes(), checksum(section).to_le_bytes()].concat()))
}

/// Where a section stands in the index.
fn section(head: &Head, at: usize) -> Range<usize> {
    let (start, length) = head.sections[at];
    start as usize..start as usize + length as usize
}

const MAGIC: &[u8; 8] = b"saotwin\n";
const SECTIONS: usize = 12;
/// Where the sum of the head stands.
const HEAD_SUM: usize = 72 + SECTIONS * 8;
const HEAD_BYTES: usize = HEAD_SUM + 8;

const CUT: ObjectError = ObjectError::Damaged { what: "it is shorter or longer than it says" };

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::twin::Topology;

    fn object() -> TopologyObject {
        let state = br#"{"version": 4, "serial": 7, "lineage": "l", "terraform_version": "1.11.4", "resources": [
            {"mode": "managed", "type": "aws_subnet", "name": "a", "instances": [{"attributes": {"id": "subnet-1", "vpc_id": "vpc-1"}}]},
            {"mode": "managed", "type": "aws_vpc", "name": "b", "instances": [{"status": "tainted", "attributes": {"id": "vpc-1", "owner_id": "1"}}]}]}"#;
        TopologyObject::of(State::parse(state).unwrap(), "shop")
    }

    fn bytes(object: &TopologyObject) -> Vec<u8> {
        let mut bytes = Vec::new();
        object.write_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_stored_form_reads_back() {
        let object = object();
        let read = TopologyObject::open(Cursor::new(bytes(&object))).unwrap();
        assert!(read.says_the_same(&object) && read.sequence() == 1);
        assert_eq!((read.source(), read.lineage(), read.serial(), read.nodes(), read.edges()), ("shop", "l", 7, 2, 1));
        assert_eq!(read.attributes(0).unwrap(), r#"{"id": "subnet-1", "vpc_id": "vpc-1"}"#);
        assert!(read.view().is_tainted(1) && !read.view().is_tainted(0));
        assert_eq!(bytes(&read), bytes(&object));
    }

    #[test]
    fn the_index_alone_is_enough_to_walk() {
        let mut bytes = bytes(&object());
        let text = bytes.windows(10).position(|part| part == b"{\"id\": \"su").unwrap();
        bytes[text..].fill(b' ');
        let topology = Topology::merge(vec![TopologyObject::open(Cursor::new(bytes)).unwrap()]).unwrap();
        assert_eq!(topology.blast_radius("aws_vpc.b").len(), 1);
        let error = topology.node("aws_vpc.b").unwrap().read().unwrap_err();
        assert_eq!(error.problem, "they are not what was written");
    }

    #[test]
    fn other_bytes_are_refused_with_their_reason() {
        assert_eq!(TopologyObject::open(Cursor::new(b"{}")).unwrap_err(), ObjectError::NotAnObject);
        let mut newer = bytes(&object());
        newer[8] = 9;
        assert_eq!(TopologyObject::open(Cursor::new(newer)).unwrap_err(), ObjectError::UnsupportedFormat { format: 9 });
    }

    proptest! {
        #[test]
        fn any_change_is_noticed(at in 0usize..4_000, flip in 1u8..=255, cut in any::<bool>()) {
            let mut bytes = bytes(&object());
            let at = at % bytes.len();
            if cut { bytes.truncate(at); } else { bytes[at] ^= flip; }
            let read = TopologyObject::open(Cursor::new(bytes));
            prop_assert!(read.is_err() || read.is_ok_and(|object| (0..2).any(|at| object.attributes(at).is_err())));
        }

        #[test]
        fn a_damaged_view_reads_less_and_never_fails(words in proptest::collection::vec(prop_oneof![0u32..12, any::<u32>()], 0..80)) {
            let mut bytes = Vec::new();
            crate::twin::lookup::push(&mut bytes, &words);
            let all = Words(&bytes);
            let view = View { strings: &bytes, types: all, records: all, places: all, names: &bytes, by_name: all, by_address: all,
                starts: all, others: all, kinds: &bytes, open: all, seed: 1 };
            for at in 0..6 {
                let _ = (view.address(at), view.place(at), view.arn(at), view.names_of(at).count(), view.links(at).count());
            }
            view.named("", &mut |_| true);
            let _ = (view.by_address(""), view.type_names().count());
        }
    }
}
