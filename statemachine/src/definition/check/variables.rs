//! That no block assigns a variable which a block around it may have assigned before.
//!
//! A block reads the variables of the blocks around it, and assigns only its own. What the Parallel or Map state assigns
//! itself, or what comes only after it, is no obstacle: it is assigned when the inner block is over. The children of a
//! distributed Map see nothing of the outside, so that their names are their own affair.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::states;
use crate::definition::parse::Walk;
use crate::definition::{BlockId, Code, MapMode, QueryLanguage, State, StateId, StateKind};

/// Reports every assignment to a variable of an outer block.
pub(super) fn unique(walk: &Walk<'_>) {
    let holders = holders(walk);
    if holders.is_empty() {
        return;
    }
    let mut outer = Outer { walk, writers: writers(walk), followers: HashMap::new() };
    for (state, place) in states(walk) {
        for Assignment { entry, key, name } in assignments(state) {
            let mut block = state.block;
            while let Some(holder) = holders.get(&block) {
                let Some(Some(holding)) = walk.states.get(holder.0 as usize) else { break };
                block = holding.block;
                if outer.writes_before(block, name, *holder) {
                    let message = format!("The variable name '{name}' was already defined in a parent scope.");
                    let writer = entry.map_or_else(|| place.clone(), |(list, index)| place.key(list).index(index));
                    walk.ledger.error(&writer.key("Assign").key(key), Code::DuplicateVariableName, message);
                    break;
                }
            }
        }
    }
}

/// What the states of outer blocks assign, and what may come after them.
struct Outer<'w, 't> {
    walk: &'w Walk<'t>,
    writers: HashMap<(BlockId, &'w str), Vec<StateId>>,
    followers: HashMap<(BlockId, &'w str), HashSet<StateId>>,
}

impl<'w> Outer<'w, '_> {
    /// Whether the holder can be reached from a state of its block that assigns the variable.
    fn writes_before(&mut self, block: BlockId, name: &'w str, holder: StateId) -> bool {
        let Some(writers) = self.writers.get(&(block, name)) else { return false };
        // Each variable costs a walk through its block. A definition with more clashes than this is told of the first ones.
        if self.followers.len() >= MOST_WALKS && !self.followers.contains_key(&(block, name)) {
            return false;
        }
        let followers = self.followers.entry((block, name)).or_insert_with(|| after(self.walk, writers));
        followers.contains(&holder)
    }
}

/// The states that can be reached from one of some states by a transition or more.
fn after(walk: &Walk<'_>, starts: &[StateId]) -> HashSet<StateId> {
    let mut reached = HashSet::new();
    let mut open = starts.to_vec();
    while let Some(id) = open.pop() {
        for to in walk.states.get(id.0 as usize).into_iter().flatten().flat_map(State::targets) {
            if reached.insert(to) {
                open.push(to);
            }
        }
    }
    reached
}

/// The Parallel or Map state that holds each inner block.
fn holders(walk: &Walk<'_>) -> HashMap<BlockId, StateId> {
    let mut holders = HashMap::new();
    for (index, state) in walk.states.iter().enumerate() {
        let Some(id) = u32::try_from(index).ok().map(StateId) else {
            break;
        };
        match state.as_ref().map(|state| &state.kind) {
            Some(StateKind::Parallel { branches, .. }) => holders.extend(branches.iter().map(|branch| (*branch, id))),
            Some(StateKind::Map(map)) if map.mode == MapMode::Inline => {
                holders.insert(map.processor, id);
            }
            _ => {}
        }
    }
    holders
}

fn writers<'w>(walk: &'w Walk<'_>) -> HashMap<(BlockId, &'w str), Vec<StateId>> {
    let mut writers: HashMap<_, Vec<StateId>> = HashMap::new();
    for (index, state) in walk.states.iter().enumerate() {
        let Some(id) = u32::try_from(index).ok().map(StateId) else { break };
        let Some(state) = state else { continue };
        for assignment in assignments(state) {
            writers.entry((state.block, assignment.name)).or_default().push(id);
        }
    }
    writers
}

/// One variable that a state assigns.
struct Assignment<'s> {
    /// The rule or catcher that assigns it, if not the state itself.
    entry: Option<(&'static str, usize)>,
    /// The field of `Assign`.
    key: &'s str,
    /// The variable.
    name: &'s str,
}

/// The names of the variables that a state assigns.
pub(in crate::definition) fn assigned(state: &State) -> impl Iterator<Item = &str> {
    assignments(state).into_iter().map(|assignment| assignment.name)
}

fn assignments(state: &State) -> Vec<Assignment<'_>> {
    let mut found = Vec::new();
    let rules = match &state.kind {
        StateKind::Choice { rules, .. } => rules.as_slice(),
        _ => &[],
    };
    let own = std::iter::once((None, state.flow.assign.as_ref()));
    let by_rules = rules.iter().enumerate().map(|(index, rule)| (Some(("Choices", index)), rule.assign.as_ref()));
    let by_catchers =
        state.catchers().iter().enumerate().map(|(index, catcher)| (Some(("Catch", index)), catcher.assign.as_ref()));
    for (entry, assign) in own.chain(by_rules).chain(by_catchers) {
        let variables = assign.and_then(Value::as_object).into_iter().flat_map(|variables| variables.keys());
        found.extend(variables.map(|key| Assignment { entry, key, name: variable(key, state.query_language) }));
    }
    found
}

fn variable(key: &str, language: QueryLanguage) -> &str {
    match language {
        QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
        QueryLanguage::Jsonata => key,
    }
}

/// The most walks through a block for the sake of one variable.
const MOST_WALKS: usize = 500;
