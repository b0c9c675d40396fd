//! The journal is opened after every kind of ending: cut, torn, damaged, full, failed.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use futures::future::join_all;
use proptest::prelude::*;
use statemachine::Record;
use tempfile::TempDir;

use super::{
    entry::{BatchHead, Born, Standing},
    frame,
    segment::{SEGMENT_HEADER, Segment, list, path_of},
    writer::Disk,
    *,
};

/// An entry that is told apart by its number, with so many bytes.
fn head(number: i64, size: usize) -> Head {
    Head::MachineDeleted { name: "m".repeat(size), at: number }
}

fn number_of(head: &Head) -> i64 {
    match head {
        Head::MachineDeleted { at, .. } => *at,
        other => panic!("not an entry of this test: {other:?}"),
    }
}

fn open_on(folder: &Path, disk: Box<dyn Disk>, segment_size: u64) -> Result<(Journal, Vec<Durable>), JournalError> {
    let mut found = Vec::new();
    let journal =
        Unread::open_on(folder, disk, segment_size)?.replay(0, &mut |entry| found.push(entry), Box::new(|_| ()))?;
    Ok((journal, found))
}

fn open(folder: &Path) -> Result<(Journal, Vec<Durable>), JournalError> {
    // Small, so that little is filled with zeros.
    open_on(folder, Box::new(RealDisk), 64 << 10)
}

fn numbers(found: &[Durable]) -> Vec<i64> {
    found.iter().map(|entry| number_of(&entry.head)).collect()
}

/// Bytes of a first segment: groups of frames, each with its number.
fn segment_of(groups: &[&[i64]]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Segment::header(0).to_vec();
    let mut ends = Vec::new();
    for group in groups {
        let start = bytes.len() as u64;
        for number in *group {
            let offset = bytes.len() as u64;
            frame::append(&mut bytes, &encode(&head(*number, 30), &[]).unwrap(), offset, start);
            ends.push(bytes.len());
        }
    }
    (bytes, ends)
}

fn folder_with(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(path_of(folder.path(), 0), bytes).unwrap();
    folder
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, found) = open(folder.path()).unwrap();
    assert_eq!(found, []);
    let records = vec![Record::Payload("{}".into())];
    let born = Born { name: "e".into(), definition: [7; 32], saved_at: 16, trace_header: None };
    let batch = BatchHead {
        execution: 1,
        machine: "m".into(),
        previous: None,
        at: 5,
        standing: Standing::Succeeded,
        born: Some(Box::new(born)),
    };
    let first = journal.append(head(1, 10), &[]).await.unwrap();
    let second = journal.append(Head::Batch(batch.clone()), &records).await.unwrap();
    drop(journal);

    let (journal, found) = open(folder.path()).unwrap();
    assert_eq!(found.iter().map(|entry| entry.offset).collect::<Vec<_>>(), [first, second]);
    assert_eq!(journal.read(first).unwrap(), Entry { head: head(1, 10), records: vec![] });
    assert_eq!(journal.read(second).unwrap(), Entry { head: Head::Batch(batch), records });
    assert!(matches!(journal.read(first + 1), Err(JournalError::Damaged { .. })));
}

#[tokio::test]
async fn a_cut_at_any_byte_loses_only_what_was_not_whole() {
    let (bytes, ends) = segment_of(&[&[1], &[2, 3], &[4]]);
    for cut in SEGMENT_HEADER..=bytes.len() {
        let whole: Vec<i64> = (1..).zip(&ends).filter(|(_, end)| **end <= cut).map(|(number, _)| number).collect();
        let mut zeroed = bytes[..cut].to_vec();
        zeroed.resize(bytes.len() + 5000, 0);
        for left in [&bytes[..cut], &zeroed] {
            let folder = folder_with(left);
            let (journal, found) = open(folder.path()).unwrap();
            assert_eq!(numbers(&found), whole, "cut at {cut}");
            journal.append(head(99, 3), &[]).await.unwrap();
            drop(journal);
            let (_, found) = open(folder.path()).unwrap();
            assert_eq!(numbers(&found), [whole.as_slice(), &[99]].concat(), "cut at {cut}, after going on");
        }
    }
}

#[tokio::test]
async fn a_hole_in_the_last_group_is_cut_and_what_lay_behind_it_never_comes_back() {
    let (mut bytes, ends) = segment_of(&[&[1], &[2, 3, 4]]);
    bytes[ends[1] - 10..ends[1]].fill(0);
    let folder = folder_with(&bytes);
    let (journal, found) = open(folder.path()).unwrap();
    assert_eq!(numbers(&found), [1]);
    // As long as entry 2 was, so that it ends where entry 3 began.
    journal.append(head(5, 30), &[]).await.unwrap();
    drop(journal);
    assert_eq!(numbers(&open(folder.path()).unwrap().1), [1, 5]);
}

#[test]
fn damage_where_it_was_durable_is_an_error_and_changes_nothing() {
    let (bytes, ends) = segment_of(&[&[1], &[2], &[3, 4]]);
    for at in SEGMENT_HEADER..ends[1] {
        for damage in [0, 0xff, bytes[at] ^ 1] {
            let mut damaged = bytes.clone();
            damaged[at] = damage;
            if damaged == bytes {
                continue;
            }
            let folder = folder_with(&damaged);
            let error = open(folder.path()).err().unwrap_or_else(|| panic!("byte {at} as {damage}"));
            assert!(matches!(error, JournalError::Damaged { .. }), "byte {at}: {error}");
            assert!(error.to_string().contains("0000000000000000.log"), "{error}");
            assert_eq!(fs::read(path_of(folder.path(), 0)).unwrap(), damaged);
        }
    }
}

#[test]
fn a_page_of_zeros_before_later_entries_is_damage() {
    let (mut bytes, ends) = segment_of(&[&[1], &[2], &[3]]);
    bytes[ends[0]..ends[1]].fill(0);
    assert!(matches!(open(folder_with(&bytes).path()), Err(JournalError::Damaged { .. })));
}

#[test]
fn a_newer_format_is_refused_and_not_cut() {
    let (mut bytes, ends) = segment_of(&[&[1], &[2]]);
    // A version 2 frame with a checksum that fits.
    bytes[ends[0] + 12] = 2;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(ends[0] as u64).to_le_bytes());
    hasher.update(&bytes[ends[0] + 8..]);
    let checksum = hasher.finalize();
    bytes[ends[0] + 4..ends[0] + 8].copy_from_slice(&checksum.to_le_bytes());
    let folder = folder_with(&bytes);
    assert!(matches!(open(folder.path()), Err(JournalError::Newer { version: 2, .. })));
    assert_eq!(fs::read(path_of(folder.path(), 0)).unwrap(), bytes);
}

#[tokio::test]
async fn entries_go_on_over_many_segments() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open_on(folder.path(), Box::new(RealDisk), 2000).unwrap();
    for five in 0..40 {
        let offsets = join_all((0..5).map(|n| journal.append(head(five * 5 + n, 100), &[]))).await;
        for (n, offset) in (0..).zip(offsets) {
            assert_eq!(number_of(&journal.read(offset.unwrap()).unwrap().head), five * 5 + n);
        }
    }
    journal.append(head(200, 10_000), &[]).await.unwrap();
    journal.append(head(201, 10), &[]).await.unwrap();
    drop(journal);
    assert!(list(folder.path()).unwrap().len() > 3);
    let (journal, found) = open_on(folder.path(), Box::new(RealDisk), 2000).unwrap();
    assert_eq!(numbers(&found), (0..202).collect::<Vec<_>>());
    drop(journal);

    // From the end of any entry on, only later ones are visited.
    for (index, entry) in found.iter().enumerate() {
        let mut later = Vec::new();
        let unread = Unread::open_on(folder.path(), Box::new(RealDisk), 2000).unwrap();
        unread.replay(entry.end, &mut |entry| later.push(number_of(&entry.head)), Box::new(|_| ())).unwrap();
        assert_eq!(later.len(), found.len() - index - 1);
    }
}

#[tokio::test]
async fn a_segment_that_was_never_begun_is_made_anew() {
    for left in [vec![], vec![0; 5], vec![0; 4096]] {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = open(folder.path()).unwrap();
        journal.append(head(1, 10), &[]).await.unwrap();
        drop(journal);
        let end = open(folder.path()).unwrap().1[0].end;
        fs::write(path_of(folder.path(), end), left).unwrap();
        let (journal, found) = open(folder.path()).unwrap();
        assert_eq!(numbers(&found), [1]);
        journal.append(head(2, 10), &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_missing_or_damaged_segment_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open_on(folder.path(), Box::new(RealDisk), 500).unwrap();
    for number in 0..20 {
        journal.append(head(number, 100), &[]).await.unwrap();
    }
    drop(journal);
    let files = list(folder.path()).unwrap();
    assert!(files.len() > 3);
    for (_, path) in &files[..files.len() - 1] {
        let bytes = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        assert!(matches!(open(folder.path()), Err(JournalError::Damaged { .. })), "without {}", path.display());
        for at in [0, 20] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(path, damaged).unwrap();
            assert!(
                matches!(open(folder.path()), Err(JournalError::Damaged { .. })),
                "byte {at} of {}",
                path.display()
            );
        }
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(open(folder.path()).unwrap().1.len(), 20);
}

/// A disk with room for so many bytes, or whose every fsync fails from some point on.
struct SmallDisk {
    room: Arc<AtomicI64>,
    syncs: Arc<AtomicI64>,
}

impl Disk for SmallDisk {
    fn write(&mut self, file: &File, bytes: &[u8], position: u64) -> io::Result<()> {
        let room = self.room.fetch_sub(bytes.len() as i64, Ordering::SeqCst);
        if room >= bytes.len() as i64 {
            return file.write_all_at(bytes, position);
        }
        file.write_all_at(&bytes[..room.max(0) as usize], position)?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        if self.syncs.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(io::Error::other("the disk is gone"));
        }
        file.sync_data()
    }
}

#[tokio::test]
async fn a_disk_that_fails_loses_nothing_that_was_acknowledged() {
    for (room, syncs) in [(3_000_000, i64::MAX), (i64::MAX, 40)] {
        let folder = tempfile::tempdir().unwrap();
        let disk = SmallDisk { room: Arc::new(AtomicI64::new(room)), syncs: Arc::new(AtomicI64::new(syncs)) };
        let (journal, _) = open_on(folder.path(), Box::new(disk), 1 << 20).unwrap();
        let journal = Arc::new(journal);
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let errors = join_all((0..16).map(|producer| {
            let (journal, acknowledged) = (Arc::clone(&journal), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for number in 0.. {
                    match journal.append(head(producer * 1_000_000 + number, 2000), &[]).await {
                        Ok(_) => acknowledged.lock().unwrap().push(producer * 1_000_000 + number),
                        Err(error) => return error,
                    }
                }
                unreachable!()
            })
        }))
        .await;
        for error in errors {
            let AppendError::Stopped(why) = error.unwrap() else { panic!("another error") };
            assert!(why.contains(&folder.path().display().to_string()), "{why}");
            assert_eq!(Some(why.as_str()), journal.stopped());
        }
        assert!(matches!(journal.append(head(-1, 1), &[]).await, Err(AppendError::Stopped(_))));
        drop(journal);
        let found = numbers(&open(folder.path()).unwrap().1);
        let acknowledged = acknowledged.lock().unwrap();
        assert!(!acknowledged.is_empty());
        assert!(acknowledged.iter().all(|number| found.contains(number)));
    }
}

#[tokio::test]
async fn the_observer_sees_every_entry_in_order_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&seen);
    let observer: Observer = Box::new(move |entries| observed.lock().unwrap().extend(entries));
    let journal = Unread::open(folder.path()).unwrap().replay(0, &mut |_| (), observer).unwrap();
    for number in 0..50 {
        let offset = journal.append(head(number, 10), &[]).await.unwrap();
        assert_eq!(seen.lock().unwrap().last().unwrap().offset, offset);
    }
    join_all((50..150).map(|number| journal.append(head(number, 10), &[]))).await;
    drop(journal);
    assert_eq!(*seen.lock().unwrap(), open(folder.path()).unwrap().1);
}

#[tokio::test]
async fn a_closed_journal_refuses_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path()).unwrap();
    journal.close();
    assert_eq!(journal.append(head(1, 1), &[]).await, Err(AppendError::Stopped("the engine is shutting down".into())));
}

#[test]
fn a_file_of_something_else_is_an_error() {
    for (bytes, what) in [(b"hello, this is not a journal".as_slice(), "text"), (&[1], "a byte")] {
        let folder = folder_with(bytes);
        assert!(matches!(open(folder.path()), Err(JournalError::Damaged { .. })), "{what}");
        assert_eq!(fs::read(path_of(folder.path(), 0)).unwrap(), bytes);
    }
}

#[test]
fn an_idle_journal_is_small() {
    let folder = tempfile::tempdir().unwrap();
    drop(open_on(folder.path(), Box::new(RealDisk), SEGMENT_SIZE).unwrap());
    let file = OpenOptions::new().read(true).open(path_of(folder.path(), 0)).unwrap();
    assert!(file.metadata().unwrap().len() < 1 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_decodes_to_itself(
        execution: u64, previous: Option<u64>, at: i64, due: Option<i64>, busy: bool, name: String, payloads: Vec<String>,
    ) {
        let born = Born { name: name.clone(), definition: [3; 32], saved_at: 9, trace_header: None };
        let standing = Standing::Running { due, busy };
        let head = Head::Batch(BatchHead { execution, machine: name, previous, at, standing, born: Some(Box::new(born)) });
        let records: Vec<Record> = payloads.into_iter().map(Record::Payload).collect();
        let payload = encode(&head, &records).unwrap();
        prop_assert_eq!(&Head::decode(&payload).unwrap(), &head);
        prop_assert_eq!(Entry::decode(&payload).unwrap(), Entry { head, records });
    }

    #[test]
    fn any_file_is_opened_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), with_header: bool) {
        let mut file = if with_header { Segment::header(0).to_vec() } else { Vec::new() };
        file.extend(bytes);
        let _ = open(folder_with(&file).path());
    }
}
