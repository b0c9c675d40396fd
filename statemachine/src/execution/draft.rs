//! The records of one decision, while they are being written.

use crate::{
    data::Chance,
    execution::Execution,
    record::{Event, EventId, Millis, PathId, PayloadId, Record},
};

/// Records that follow the state of an execution but are not applied yet.
pub(crate) struct Draft<'e> {
    /// The execution as it stands before these records.
    pub(crate) execution: &'e Execution,
    /// The time of the decision.
    pub(crate) now: Millis,
    /// Where randomness comes from.
    pub(crate) chance: &'e mut dyn Chance,
    records: Vec<Record>,
    fresh: Vec<String>,
    events: EventId,
}

impl<'e> Draft<'e> {
    pub(crate) fn new(execution: &'e Execution, now: Millis, chance: &'e mut dyn Chance) -> Self {
        Self { execution, now, chance, records: Vec::new(), fresh: Vec::new(), events: execution.events }
    }

    /// The number of a text, which is recorded if it is new.
    pub(crate) fn payload(&mut self, text: &str) -> PayloadId {
        let known = self.execution.payloads.len();
        if let Some(id) = self.execution.payloads.find(text) {
            return id;
        }
        if let Some(place) = self.fresh.iter().position(|t| t == text) {
            return PayloadId(known + place as u32);
        }
        self.fresh.push(text.to_owned());
        self.records.push(Record::Payload(text.to_owned()));
        PayloadId(known + self.fresh.len() as u32 - 1)
    }

    /// The text of a payload, recorded before or in this draft.
    pub(crate) fn text(&self, id: PayloadId) -> &str {
        let known = self.execution.payloads.len();
        if id.0 < known { self.execution.payloads.get(id) } else { &self.fresh[(id.0 - known) as usize] }
    }

    /// The id that the next event will have.
    pub(crate) fn next_event(&self) -> EventId {
        self.events + 1
    }

    /// Adds an event and answers its id.
    pub(crate) fn event(&mut self, path: PathId, previous: EventId, event: Event) -> EventId {
        self.events += 1;
        self.records.push(Record::Event { path, previous, event });
        self.events
    }

    /// Adds a record that the history does not show.
    pub(crate) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    pub(crate) fn into_records(self) -> Vec<Record> {
        self.records
    }
}
