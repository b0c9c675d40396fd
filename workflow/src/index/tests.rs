//! The index answers the same whether it is kept, deleted, stale or wrong.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{
    engine::ExecutionStatus,
    journal::{
        Journal,
        entry::{BatchHead, Born, Head, Standing},
    },
};

/// A data directory, opened.
struct Opened {
    journal: Journal,
    index: Arc<Index>,
    /// How many entries were read at the opening.
    read: usize,
}

fn open(data: &Path) -> Opened {
    let unread = Unread::open(&data.join("journal")).unwrap();
    let index = Arc::new(Index::open(data, &unread).unwrap());
    let observer = Arc::clone(&index);
    let mut read = 0;
    let visit = &mut |entry| {
        read += 1;
        index.observe(vec![entry]);
    };
    let journal =
        unread.replay(index.mark().applied, visit, Box::new(move |entries| observer.observe(entries))).unwrap();
    index.caught_up();
    index.flush().unwrap();
    Opened { journal, index, read }
}

fn close(opened: Opened) {
    opened.journal.close();
    opened.index.close();
}

async fn start(journal: &Journal, execution: ExecutionId, name: &str) -> Offset {
    let born = Born { name: name.into(), definition: [0; 32], saved_at: 16, trace_header: None };
    let standing = Standing::Running { due: Some(70), busy: false };
    let head =
        BatchHead { execution, machine: "m".into(), previous: None, at: 100, standing, born: Some(Box::new(born)) };
    journal.append(Head::Batch(head), &[]).await.unwrap()
}

async fn go_on(journal: &Journal, execution: ExecutionId, previous: Offset, standing: Standing) -> Offset {
    let head = BatchHead { execution, machine: "m".into(), previous: Some(previous), at: 200, standing, born: None };
    journal.append(Head::Batch(head), &[]).await.unwrap()
}

/// One that ended, one that runs and moved, one that just started; with a flush now and then.
async fn scenario(opened: &Opened, flushes: u8) -> [Offset; 3] {
    let Opened { journal, index, .. } = opened;
    let flush = |when: u8| {
        if flushes & when != 0 {
            index.flush().unwrap();
        }
    };
    let first = start(journal, 1, "ended").await;
    flush(1);
    let second = start(journal, 2, "moved").await;
    flush(2);
    let ended = go_on(journal, 1, first, Standing::Failed).await;
    flush(4);
    let moved = go_on(journal, 2, second, Standing::Running { due: None, busy: true }).await;
    flush(8);
    let third = start(journal, 3, "started").await;
    flush(16);
    [ended, moved, third]
}

fn check(index: &Index, [ended, moved, started]: [Offset; 3]) {
    let row = |name: &str, status, stopped, head| ExecutionRow {
        name: name.into(),
        status,
        started: 100,
        stopped,
        head,
        origin: None,
        redrives: 0,
        redriven: None,
    };
    let (number, found) = index.find("m", "ended").unwrap().unwrap();
    assert_eq!((number, found), (1, row("ended", ExecutionStatus::Failed, Some(200), ended)));
    let (number, found) = index.find("m", "started").unwrap().unwrap();
    assert_eq!((number, found), (3, row("started", ExecutionStatus::Running, None, started)));
    let (number, found) = index.find("m", "moved").unwrap().unwrap();
    assert_eq!((number, found.status), (2, ExecutionStatus::Running));
    assert_eq!(index.find("m", "nobody").unwrap(), None);
    assert_eq!(index.find("n", "ended").unwrap(), None);

    let mut running = Vec::new();
    index.running(&mut |number, row| running.push((number, row.head, row.due, row.busy))).unwrap();
    running.sort_unstable();
    assert_eq!(running, [(2, moved, None, true), (3, started, Some(70), false)]);

    let list = |before, limit| {
        let rows = index.list("m", before, limit, &|_| Some(true)).unwrap();
        rows.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
    };
    assert_eq!(list(ExecutionId::MAX, 10), [3, 2, 1]);
    assert_eq!(list(3, 1), [2]);
    let running = index.list("m", ExecutionId::MAX, 10, &|row| Some(row.status == ExecutionStatus::Running)).unwrap();
    assert_eq!(running.len(), 2);
    assert_eq!(index.mark().next_execution, 4);
}

#[tokio::test]
async fn the_answers_do_not_depend_on_when_sled_was_fed() {
    for flushes in 0..32 {
        let data = tempfile::tempdir().unwrap();
        let opened = open(data.path());
        let heads = scenario(&opened, flushes).await;
        check(&opened.index, heads);
        opened.index.flush().unwrap();
        check(&opened.index, heads);
        assert_eq!(opened.index.unflushed(), 0);
        close(opened);
    }
}

async fn stopped() -> (TempDir, [Offset; 3]) {
    let data = tempfile::tempdir().unwrap();
    let opened = open(data.path());
    let heads = scenario(&opened, 4).await;
    close(opened);
    (data, heads)
}

#[tokio::test]
async fn after_a_clean_stop_nothing_is_read_again() {
    let (data, heads) = stopped().await;
    let opened = open(data.path());
    assert_eq!(opened.read, 0);
    check(&opened.index, heads);
    close(opened);
}

#[tokio::test]
async fn a_deleted_index_is_rebuilt() {
    let (data, heads) = stopped().await;
    fs::remove_dir_all(data.path().join("index")).unwrap();
    let opened = open(data.path());
    assert_eq!(opened.read, 5);
    check(&opened.index, heads);
    close(opened);
}

#[tokio::test]
async fn an_index_of_another_boot_is_rebuilt() {
    let (data, heads) = stopped().await;
    for left in ["open 00000000-0000-0000-0000-000000000000", "unknown", ""] {
        fs::write(data.path().join("index.trust"), left).unwrap();
        let opened = open(data.path());
        assert_eq!(opened.read, 5, "{left}");
        check(&opened.index, heads);
        close(opened);
    }
}

#[tokio::test]
async fn after_a_crash_only_the_rest_is_read() {
    let data = tempfile::tempdir().unwrap();
    let opened = open(data.path());
    let heads = scenario(&opened, 8).await;
    // What a killed process leaves: the files as they are.
    let left = tempfile::tempdir().unwrap();
    lock(&opened.index.tree).as_ref().unwrap().flush().unwrap();
    copy(data.path(), left.path());
    let again = open(left.path());
    assert_eq!(again.read, 1);
    check(&again.index, heads);
    close(again);
    close(opened);
}

#[tokio::test]
async fn a_flush_that_a_crash_cut_off_is_done_again() {
    let (data, heads) = stopped().await;
    let opened = open(data.path());
    // Everything is in sled, and the mark still says that nothing is: as when only the mark was lost.
    let mark = Mark { next_execution: 1, ..Mark::default() };
    lock(&opened.index.tree).as_ref().unwrap().insert(MARK, bytes(&mark)).unwrap();
    *opened.index.pending() = Pending { replaying: false, ..Pending::from(mark, Catalog::default()) };
    let left = tempfile::tempdir().unwrap();
    lock(&opened.index.tree).as_ref().unwrap().flush().unwrap();
    copy(data.path(), left.path());
    let again = open(left.path());
    assert_eq!(again.read, 5);
    check(&again.index, heads);
    close(again);
}

#[tokio::test]
async fn a_damaged_index_is_rebuilt() {
    let (data, heads) = stopped().await;
    let path = data.path().join("index").join("db");
    let mut bytes = fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(8).step_by(7) {
        *byte ^= 0x55;
    }
    fs::write(&path, bytes).unwrap();
    let opened = open(data.path());
    check(&opened.index, heads);
    close(opened);
}

#[tokio::test]
async fn an_index_ahead_of_its_journal_is_rebuilt() {
    let (data, _) = stopped().await;
    fs::remove_dir_all(data.path().join("journal")).unwrap();
    let opened = open(data.path());
    assert_eq!(opened.index.find("m", "ended").unwrap(), None);
    let heads = scenario(&opened, 0).await;
    check(&opened.index, heads);
    close(opened);
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
