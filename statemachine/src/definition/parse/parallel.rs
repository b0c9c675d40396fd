//! Parallel: branches that run at once, each a block.

use super::errors;
use super::reader::{Field, Reader, both};
use super::{Scope, Walk};
use crate::definition::StateKind;

pub(super) fn parallel<'t>(walk: &mut Walk<'t>, reader: &Reader<'t>, scope: &mut Scope<'t>) -> StateKind {
    reader.require(&["Branches"]);
    let place = reader.at("Branches");
    let mut branches = Vec::new();
    for (index, branch) in reader.filled_array("Branches").into_iter().flatten().enumerate() {
        let block = Reader::open(reader.ledger, place.index(index), branch, reader.language, &[BRANCH]);
        branches.push(walk.nested(block.as_ref()));
    }
    StateKind::Parallel {
        branches,
        retry: errors::retry(reader),
        catch: errors::catch(walk, reader, scope),
        next: walk.next(reader, scope),
    }
}

const BRANCH: &[Field] = &[both("Comment"), both("StartAt"), both("States")];
