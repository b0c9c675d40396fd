//! Checks that need the whole definition.
//!
//! Owns what no single state can know: that names and labels are unique, that a block ends and all its states can be
//! reached, and that an Express machine asks for nothing that only a durable one has. Variables, and what `$states` holds
//! where, have their own files.

mod reserved;
mod variables;

use std::collections::HashSet;

use super::parse::Walk;
use super::parse::place::Place;
use super::{Block, BlockId, Code, MachineType, Map, MapMode, Next, Pattern, ResourceKind, State, StateKind, Task};

pub(super) use variables::assigned;

/// Reports what is wrong with a walked definition as a whole.
pub(super) fn whole(walk: &Walk<'_>, machine: MachineType) {
    unique_names(walk);
    parts(walk, machine);
}

/// The same for a state on its own, whose name is its caller's and not the machine's.
pub(super) fn parts(walk: &Walk<'_>, machine: MachineType) {
    unique_labels(walk);
    variables::unique(walk);
    reserved::offered(walk);
    express_limits(walk, machine);
    for (index, block) in walk.blocks.iter().enumerate() {
        let note = &walk.block_notes[index];
        if let Some(block) = block
            && note.complete
            && ends(walk, block, index, &note.place)
        {
            reaches(walk, block);
        }
    }
}

fn unique_names(walk: &Walk<'_>) {
    let mut seen = HashSet::new();
    for (state, place) in states(walk) {
        if !seen.insert(state.name.as_str()) {
            walk.ledger.error(place, Code::DuplicateStateName, format!("Duplicate State name: {}", state.name));
        }
    }
}

fn unique_labels(walk: &Walk<'_>) {
    let mut seen = HashSet::new();
    for (state, place) in states(walk) {
        if let StateKind::Map(map) = &state.kind
            && let Some(label) = &map.label
            && !seen.insert(label.as_str())
        {
            walk.ledger.error(&place.key("Label"), Code::DuplicateLabelName, format!("Duplicate Label name: {label}"));
        }
    }
}

/// An Express machine, and the Express children of a distributed Map, are not durable: they can wait for nobody.
fn express_limits(walk: &Walk<'_>, machine: MachineType) {
    let mut express: HashSet<BlockId> = HashSet::new();
    if machine == MachineType::Express {
        express.insert(BlockId(0));
    }
    // INVARIANT: a state comes before the states of the blocks inside it, so that each block's fate is known when its states come.
    for (state, place) in states(walk) {
        let inside = express.contains(&state.block);
        match &state.kind {
            StateKind::Task(task) if inside => express_task(walk, task, place),
            StateKind::Parallel { branches, .. } if inside => express.extend(branches),
            StateKind::Map(map) => {
                if inside && map.mode != MapMode::Inline {
                    express_map(walk, map, place);
                }
                if inside || map.mode == (MapMode::Distributed { express: true }) {
                    express.insert(map.processor);
                }
            }
            _ => {}
        }
    }
}

fn express_task(walk: &Walk<'_>, task: &Task, place: &Place) {
    let message = match (&task.resource.kind, task.resource.pattern) {
        (ResourceKind::Activity, _) => "Express state machine does not support Activity ARN",
        // The space at the end is the service's.
        (_, Pattern::WaitForTaskToken) => {
            "Express state machine does not support '.waitForTaskToken' service integration "
        }
        (_, Pattern::Sync | Pattern::Sync2) => "Express state machine does not support '.sync' service integration ",
        (_, Pattern::RequestResponse) => return,
    };
    walk.ledger.schema(&place.key("Resource"), message);
}

fn express_map(walk: &Walk<'_>, map: &Map, place: &Place) {
    let field = if map.legacy { "Iterator" } else { "ItemProcessor" };
    let mode = place.key(field).key("ProcessorConfig").key("Mode");
    walk.ledger
        .schema(&mode, "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines");
}

/// Whether a state of the block ends it; where none does, reachability is not looked at either.
fn ends(walk: &Walk<'_>, block: &Block, index: usize, place: &Place) -> bool {
    let terminal = |state: &State| {
        matches!(state.kind, StateKind::Succeed | StateKind::Fail { .. }) || state.next() == Some(Next::End)
    };
    let found = block.states.iter().filter_map(|id| walk.states[id.0 as usize].as_ref()).any(terminal);
    if !found && index == 0 {
        walk.ledger.placeless(place, Code::MissingEndState, "Workflow has no terminal state");
    } else if !found {
        walk.ledger.warning(place, Code::MissingEndState, "Workflow has no terminal state");
    }
    found
}

fn reaches(walk: &Walk<'_>, block: &Block) {
    let mut reached = HashSet::new();
    let mut open = vec![block.start_at];
    while let Some(id) = open.pop() {
        if let Some(Some(state)) = walk.states.get(id.0 as usize)
            && reached.insert(id)
        {
            open.extend(state.targets());
        }
    }
    for id in block.states.iter().filter(|id| !reached.contains(*id)) {
        if let Some(state) = &walk.states[id.0 as usize] {
            let message = format!("State \"{}\" is not reachable.", state.name);
            walk.ledger.error(&walk.places[id.0 as usize], Code::MissingTransitionTarget, message);
        }
    }
}

fn states<'w>(walk: &'w Walk<'_>) -> impl Iterator<Item = (&'w State, &'w Place)> {
    walk.states.iter().zip(&walk.places).filter_map(|(state, place)| Some((state.as_ref()?, place)))
}
