//! What is stored of one state file: its nodes and edges in a form that is used as it was read.
//!
//! Owns the bytes. A head of fixed size says where the sections are, the sections ([`super::view`]) hold everything but the
//! attributes, and the attributes of all nodes follow as one text. So whoever needs a few nodes of a hundred thousand
//! reads the index, and of the text only what they need. [`TopologyObject::to_json_ld`] writes the same for other programs.
//!
//! ```text
//! offset 0     8     12    16      24        32            40           48         56        64     72     76
//!        magic format -    serial  sequence  bytes of index bytes of text sum of index sum of text seed nodes edges
//! offset 80: for each of 12 sections where it begins and how long it is (words); 176: the sum of the head
//! ```

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::build::Sections;
use super::hash::checksum;
use super::lookup::Words;
use super::state::{State, SuccessionError};
use super::view::View;

/// What is stored of one state file.
///
/// `sequence` grows with every write of the object: its content alone cannot tell that it was changed and changed back.
/// Clones share their content.
#[derive(Clone, Debug)]
pub struct TopologyObject {
    head: ObjectHead,
    about: Arc<About>,
    index: Index,
    texts: Arc<dyn Texts>,
}

/// The sections: in one piece as they were read, or each by itself as they were made.
#[derive(Clone)]
enum Index {
    Read(Arc<Vec<u8>>),
    Made(Arc<[Vec<u8>; SECTIONS]>),
}

/// Where the attributes of an object's nodes are read from.
///
/// In memory they are a text; who keeps them elsewhere reads of them what is asked for.
pub trait Texts: Debug + Send + Sync {
    /// Reads `length` bytes that begin `start` bytes behind the beginning of the text, or says why not.
    fn read(&self, start: u32, length: u32) -> Result<Cow<'_, str>, String>;
}

/// The first bytes of a stored object: what it is, and how long its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// The version of the state.
    pub serial: u64,
    /// The version of the object.
    pub sequence: u64,
    /// How many bytes the index has, these included; the text follows it.
    pub index_bytes: u64,
    /// How many bytes the text has.
    pub text_bytes: u64,
    index_sum: u64,
    text_sum: u64,
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

/// Why bytes are no topology object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ObjectError {
    /// They are something else.
    #[error("this is no topology object; collect the state again")]
    NotAnObject,
    /// They have a form that this version does not know.
    #[error(
        "the topology object has format `{format}`, this version reads format {}; collect the state again",
        TopologyObject::FORMAT
    )]
    UnsupportedFormat {
        /// The format found.
        format: u32,
    },
    /// They are not what was written.
    #[error("the topology object is damaged: {what}; collect the state again")]
    Damaged {
        /// What does not fit.
        what: &'static str,
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
        Ok(Self::with_sequence(state, self.source().to_owned(), self.sequence() + 1))
    }

    fn with_sequence(state: State, source: String, sequence: u64) -> Self {
        let mut state = state;
        let sections = Sections::of(&mut state);
        let about = About { source, lineage: state.lineage, terraform_version: state.terraform_version };
        let mut head = ObjectHead {
            serial: state.serial,
            sequence,
            index_bytes: 0,
            text_bytes: state.text.len() as u64,
            index_sum: 0,
            text_sum: state.text_sum,
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
        Self { head, about: Arc::new(about), index: Index::Made(Arc::new(parts)), texts: Arc::new(Held(state.text)) }
    }

    /// Reads a whole stored object.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Result<Self, ObjectError> {
        let head = ObjectHead::read(&bytes)?;
        let split = usize::try_from(head.index_bytes).map_err(|_| CUT)?;
        if bytes.len() < split || (bytes.len() - split) as u64 != head.text_bytes {
            return Err(CUT);
        }
        let text = bytes.split_off(split);
        if checksum(&text) != head.text_sum {
            return Err(ObjectError::Damaged { what: "its attributes are not what was written" });
        }
        let text = String::from_utf8(text).map_err(|_| ObjectError::Damaged { what: "its attributes are no text" })?;
        Self::from_index(bytes, Arc::new(Held(text)))
    }

    /// Reads the index of a stored object, whose text `texts` reads.
    pub fn from_index(index: Vec<u8>, texts: Arc<dyn Texts>) -> Result<Self, ObjectError> {
        let head = ObjectHead::read(&index)?;
        if index.len() as u64 != head.index_bytes || index.len() < HEAD_BYTES {
            return Err(CUT);
        }
        let sections = (0..SECTIONS).map(|at| index.get(section(&head, at)).unwrap_or_default());
        if sum_of(sections) != head.index_sum || !is_whole(&head, &index) {
            return Err(ObjectError::Damaged { what: "its index is not what was written" });
        }
        let about = index.get(section(&head, 0)).and_then(|about| serde_json::from_slice(about).ok());
        let about = about.ok_or(ObjectError::Damaged { what: "it does not say where it comes from" })?;
        Ok(Self { head, about: Arc::new(about), index: Index::Read(Arc::new(index)), texts })
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

    /// Calls `write` with the stored form up to the text, piece by piece.
    pub fn each_piece_of_index<E>(&self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        write(&self.head.stored())?;
        for at in 0..SECTIONS {
            write(self.part(at))?;
            write(padding(self.part(at).len()))?;
        }
        Ok(())
    }

    /// The whole stored form, for those who want it in one piece.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let text = self.text()?;
        let mut bytes = Vec::with_capacity(usize::try_from(self.head.index_bytes).unwrap_or_default() + text.len());
        self.each_piece_of_index(|piece| {
            bytes.extend_from_slice(piece);
            Ok::<(), String>(())
        })?;
        bytes.extend_from_slice(text.as_bytes());
        Ok(bytes)
    }

    /// The stored form from the text on: the attributes of all nodes.
    pub fn text(&self) -> Result<Cow<'_, str>, String> {
        let length = u32::try_from(self.head.text_bytes).map_err(|error| error.to_string())?;
        self.texts.read(0, length)
    }

    /// Whether another object says the same of the same state.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let same_head = ObjectHead { sequence: other.head.sequence, ..self.head.clone() } == other.head;
        same_head && (0..SECTIONS).all(|at| self.part(at) == other.part(at))
    }

    /// The attributes of a node, as JSON text.
    pub(super) fn attributes(&self, at: u32) -> Result<Cow<'_, str>, String> {
        let (start, length) = self.view().attributes(at);
        self.texts.read(start, length)
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

impl Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read(_) => "Read",
            Self::Made(_) => "Made",
        })
    }
}

impl ObjectHead {
    /// How many bytes a head has.
    pub const BYTES: usize = HEAD_BYTES;

    /// Reads the head of a stored object, or of its beginning.
    pub fn read(bytes: &[u8]) -> Result<Self, ObjectError> {
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
            text_sum: long(56),
            seed: long(64),
            nodes: short(72),
            edges: short(76),
            sections: std::array::from_fn(|at| (short(80 + at * 8), short(84 + at * 8))),
        })
    }

    fn stored(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&u64::from(TopologyObject::FORMAT).to_le_bytes());
        for long in
            [self.serial, self.sequence, self.index_bytes, self.text_bytes, self.index_sum, self.text_sum, self.seed]
        {
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

/// A text in memory.
struct Held(String);

impl Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({} bytes)", self.0.len())
    }
}

impl Texts for Held {
    fn read(&self, start: u32, length: u32) -> Result<Cow<'_, str>, String> {
        let part = self.0.get(start as usize..).and_then(|rest| rest.get(..length as usize));
        part.map(Cow::Borrowed).ok_or_else(|| "the text ends before".to_owned())
    }
}

/// What follows a section, so that the next one stands where a memory map would want it.
fn padding(length: usize) -> &'static [u8] {
    &[0; 8][..length.next_multiple_of(8) - length]
}

/// Whether the sections fill the index, with nothing between them.
fn is_whole(head: &ObjectHead, index: &[u8]) -> bool {
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
fn section(head: &ObjectHead, at: usize) -> Range<usize> {
    let (start, length) = head.sections[at];
    start as usize..start as usize + length as usize
}

const MAGIC: &[u8; 8] = b"saotwin\n";
const SECTIONS: usize = 12;
/// Where the sum of the head stands.
const HEAD_SUM: usize = 80 + SECTIONS * 8;
const HEAD_BYTES: usize = HEAD_SUM + 8;

const CUT: ObjectError = ObjectError::Damaged { what: "it is shorter or longer than it says" };

#[cfg(test)]
mod tests {
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
        object.to_bytes().unwrap()
    }

    #[test]
    fn the_stored_form_reads_back() {
        let object = object();
        let read = TopologyObject::from_bytes(bytes(&object)).unwrap();
        assert!(read.says_the_same(&object) && read.sequence() == 1);
        assert_eq!((read.source(), read.lineage(), read.serial(), read.nodes(), read.edges()), ("shop", "l", 7, 2, 1));
        assert_eq!(read.attributes(0).unwrap(), r#"{"id": "subnet-1", "vpc_id": "vpc-1"}"#);
        assert!(read.view().is_tainted(1) && !read.view().is_tainted(0));
    }

    #[test]
    fn the_index_alone_is_enough_to_walk() {
        #[derive(Debug)]
        struct Gone;
        impl Texts for Gone {
            fn read(&self, _: u32, _: u32) -> Result<Cow<'_, str>, String> {
                Err("gone".to_owned())
            }
        }
        let (object, mut index) = (object(), Vec::new());
        object.each_piece_of_index(|piece| Ok::<(), ()>(index.extend_from_slice(piece))).unwrap();
        let object = TopologyObject::from_index(index, Arc::new(Gone)).unwrap();
        let topology = Topology::merge(vec![object]).unwrap();
        assert_eq!(topology.blast_radius("aws_vpc.b").len(), 1);
        assert!(topology.node("aws_vpc.b").unwrap().read().is_err());
    }

    #[test]
    fn other_bytes_are_refused_with_their_reason() {
        assert_eq!(TopologyObject::from_bytes(b"{}".to_vec()).unwrap_err(), ObjectError::NotAnObject);
        let mut newer = bytes(&object());
        newer[8] = 9;
        assert_eq!(TopologyObject::from_bytes(newer).unwrap_err(), ObjectError::UnsupportedFormat { format: 9 });
    }

    proptest! {
        #[test]
        fn any_change_is_noticed(at in 0usize..4_000, flip in 1u8..=255, cut in any::<bool>()) {
            let mut bytes = bytes(&object());
            let at = at % bytes.len();
            if cut { bytes.truncate(at); } else { bytes[at] ^= flip; }
            prop_assert!(TopologyObject::from_bytes(bytes).is_err());
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
