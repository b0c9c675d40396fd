//! The picture of a definition: nodes, edges with their labels, and blocks inside nodes.
//!
//! Plain data for whoever draws it. Owns no coordinates and no colours.

use serde::Serialize;

use super::{BlockId, Definition, Next, ResourceKind, State, StateId, StateKind};

/// One block as a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// Which block it shows.
    pub block: BlockId,
    /// Where the block begins.
    pub start: StateId,
    /// The states of the block.
    pub nodes: Vec<Node>,
    /// The transitions between them, in the order of the text.
    pub edges: Vec<Edge>,
}

/// One state in a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Which state it shows.
    pub id: StateId,
    /// The state's name.
    pub name: String,
    /// The state's type, as the definition writes it.
    pub kind: &'static str,
    /// What a Task calls, in short, such as `lambda:invoke`.
    pub calls: Option<String>,
    /// Whether the block ends here.
    pub ends: bool,
    /// The branches of a Parallel state, or the processor of a Map state.
    pub inside: Vec<Graph>,
}

/// One transition in a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Where it leads from.
    pub from: StateId,
    /// Where it leads to.
    pub to: StateId,
    /// Why: `Next`, `Default`, `Choice 1`, `Catch States.Timeout`.
    pub label: String,
    /// Whether it is taken only after an error.
    pub on_error: bool,
}

impl Definition {
    /// The definition as a picture; the blocks of Parallel and Map states are inside their nodes.
    #[must_use]
    pub fn graph(&self) -> Graph {
        self.block_graph(BlockId(0))
    }

    fn block_graph(&self, id: BlockId) -> Graph {
        let block = self.block(id);
        let nodes = block.states.iter().map(|state| self.node(*state)).collect();
        let edges = block.states.iter().flat_map(|state| edges(*state, self.state(*state))).collect();
        Graph { block: id, start: block.start_at, nodes, edges }
    }

    fn node(&self, id: StateId) -> Node {
        let state = self.state(id);
        let (calls, inside) = match &state.kind {
            StateKind::Task(task) => (Some(short(&task.resource.kind, &task.resource.arn)), &[][..]),
            StateKind::Parallel { branches, .. } => (None, branches.as_slice()),
            StateKind::Map(map) => (None, std::slice::from_ref(&map.processor)),
            _ => (None, &[][..]),
        };
        let ends = matches!(state.kind, StateKind::Succeed | StateKind::Fail { .. }) || state.next() == Some(Next::End);
        let inside = inside.iter().map(|block| self.block_graph(*block)).collect();
        Node { id, name: state.name.clone(), kind: state.type_name(), calls, ends, inside }
    }
}

fn edges(from: StateId, state: &State) -> Vec<Edge> {
    let edge = |to: StateId, label: String, on_error: bool| Edge { from, to, label, on_error };
    let mut edges = Vec::new();
    if let Some(Next::To(to)) = state.next() {
        edges.push(edge(to, "Next".to_owned(), false));
    }
    if let StateKind::Choice { rules, default } = &state.kind {
        edges.extend(
            rules.iter().enumerate().map(|(index, rule)| edge(rule.next, format!("Choice {}", index + 1), false)),
        );
        edges.extend(default.map(|to| edge(to, "Default".to_owned(), false)));
    }
    edges.extend(
        state
            .catchers()
            .iter()
            .map(|catcher| edge(catcher.next, format!("Catch {}", catcher.error_equals.join(", ")), true)),
    );
    edges
}

fn short(kind: &ResourceKind, arn: &str) -> String {
    let last = |marker: &str| arn.split_once(marker).map_or(arn, |(_, name)| name).to_owned();
    match kind {
        ResourceKind::Lambda => last(":function:"),
        ResourceKind::Activity => last(":activity:"),
        ResourceKind::Service { service, action } | ResourceKind::Sdk { service, action } => {
            format!("{service}:{action}")
        }
    }
}
