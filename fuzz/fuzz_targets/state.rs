//! A Terraform state: it is refused, or becomes a topology that is stored, read back the same and walked.
#![no_main]

use std::io::Cursor;

use activities::twin::{State, Topology, TopologyObject};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(state) = State::parse(bytes) else { return };
    let object = TopologyObject::of(state, "fuzz");
    let mut stored = Vec::new();
    object.write_to(&mut stored).expect("memory takes it");
    let opened = TopologyObject::open(Cursor::new(stored)).expect("what was stored can be opened");
    assert!(opened.says_the_same(&object));
    let topology = Topology::merge(vec![opened]).expect("one object is a topology");
    for node in topology.nodes().take(64) {
        let read = node.read().expect("what was stored can be read");
        assert_eq!(topology.node(read.id.as_str()).map(|found| found.id()), Some(read.id.clone()));
        let _ = (topology.neighbours(read.id.as_str(), 2), topology.blast_radius(read.id.as_str()));
    }
});
