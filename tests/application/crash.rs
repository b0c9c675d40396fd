//! Kill -9 at any moment, start again: the incident goes on where it was, and is done once.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{Up, documents, effects, eventually, files, place, standing};

/// How much is in the journal, in blocks: its files are made longer than what is in them, and filled with zeros.
fn journalled(data: &Path) -> usize {
    let used = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        // A whole block is compared at once: this is looked at again and again, and should see every commit.
        bytes.len()
            - bytes
                .rchunks(BLOCK.len())
                .take_while(|block| *block == &BLOCK[..block.len()])
                .map(<[u8]>::len)
                .sum::<usize>()
    };
    files(&data.join("engine/journal")).iter().map(used).sum()
}

/// Whether the mail that asks is out, and nobody has decided.
fn is_asked(data: &Path) -> bool {
    let rounds: Vec<PathBuf> = files(&data.join("approvals")).iter().flat_map(|directory| files(directory)).collect();
    let has = |end: &str| rounds.iter().any(|path| path.to_string_lossy().ends_with(end));
    has(".round.json") && !has(".decision.json") && !files(&data.join("mailbox")).is_empty()
}

/// Checks that everything was done once, however often it was begun.
#[track_caller]
fn was_done_once(data: &Path) {
    let effects = effects(data);
    assert_eq!(effects.len(), 1, "{effects:?}");
    assert_eq!(documents(&data.join("twin/precedents")).len(), 1);
    let mails = files(&data.join("mailbox"));
    let of_kind = |kind: &str| mails.iter().filter(|path| path.to_string_lossy().contains(kind)).count();
    assert_eq!((of_kind("-ask-"), of_kind("-outcome-")), (1, 1), "{mails:?}");
    assert_eq!(documents(&data.join("account/locks")).len(), 0, "the lock was given back");
}

/// One incident, killed as soon as it is seen to have made something durable; the next life goes on from there, until the end.
#[test]
fn an_incident_survives_being_killed_after_each_bit_of_progress() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    up.kill();
    let mut lives = 0;
    while files(&data.join("history")).is_empty() {
        lives += 1;
        assert!(lives < MOST_LIVES, "no progress");
        if is_asked(&data) {
            let up = Up::start(&data);
            up.until_asked(&incident);
            assert_eq!(up.incident(&["approve", &incident]).code, Some(0));
            up.kill();
            continue;
        }
        let before = journalled(&data);
        let up = Up::spawn(&data);
        let done = || journalled(&data) > before || is_asked(&data) || !files(&data.join("history")).is_empty();
        eventually(|| done().then_some(()), || format!("life {lives} did nothing"));
        up.kill();
    }
    let up = Up::start(&data);
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "recovered"), "after {lives} lives");
    assert!(lives > 8, "only {lives} lives: hardly anything was cut");
    was_done_once(&data);
}

#[test]
fn a_parked_approval_survives_a_kill_and_says_so() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    let proposal = up.until_asked(&incident)["proposal"].clone();
    up.kill();
    let up = Up::start(&data);
    let resumed = json!([{ "incident": incident, "state": "waits for a decision" }]);
    assert_eq!((&up.ready["resumed"], &up.look(&incident)["proposal"]), (&resumed, &proposal));
    assert_eq!(up.incident(&["approve", &incident]).code, Some(0));
    up.kill();
    let up = Up::start(&data);
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "recovered"));
    was_done_once(&data);
}

#[test]
fn the_index_may_be_deleted_while_an_approval_is_parked() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    up.until_asked(&incident);
    up.kill();
    std::fs::remove_dir_all(data.join("engine/index")).unwrap();
    let up = Up::start(&data);
    assert_eq!(up.incident(&["approve", &incident]).code, Some(0));
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "recovered"));
    was_done_once(&data);
}

const BLOCK: [u8; 64] = [0; 64];

/// More lives than commits, because a torn tail is cut when the journal is opened again.
const MOST_LIVES: usize = 400;
