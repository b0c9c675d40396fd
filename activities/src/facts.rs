//! Observations read back as what they mean.
//!
//! Owns finding the answer of a kind of read among observations, and the sentence that says why there is none. Holds no
//! opinion on what follows.

use serde::de::DeserializeOwned;

use crate::shape::{
    ActiveAlarmsAnswer, AlarmAnswer, ChangesAnswer, ConfigurationAnswer, KillSwitchAnswer, LayerAnswer, LogsAnswer,
    MetricSeries, MetricsAnswer, Observation, PrecedentsAnswer, Read, RecentActionsAnswer, TopologyAnswer,
};

/// A view on observations; of several reads of one kind the latest counts.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    observations: &'a [Observation],
}

impl<'a> Facts<'a> {
    pub(crate) fn new(observations: &'a [Observation]) -> Self {
        Self { observations }
    }

    /// Whether this was read, with an answer or an error.
    pub(crate) fn has_read(self, read: &Read) -> bool {
        self.observations.iter().any(|one| one.read == *read)
    }

    pub(crate) fn topology(self) -> Result<TopologyAnswer, String> {
        self.latest("topology", |_| true)
    }

    pub(crate) fn governance(self) -> Result<LayerAnswer, String> {
        self.whole("governance")
    }

    pub(crate) fn constraints(self) -> Result<LayerAnswer, String> {
        self.whole("constraints")
    }

    pub(crate) fn kill_switch(self) -> Result<KillSwitchAnswer, String> {
        self.latest("kill_switch", |_| true)
    }

    pub(crate) fn recent_actions(self) -> Result<RecentActionsAnswer, String> {
        self.latest("recent_actions", |_| true)
    }

    pub(crate) fn precedents(self) -> Result<PrecedentsAnswer, String> {
        self.latest("precedents", |_| true)
    }

    pub(crate) fn active_alarms(self) -> Result<ActiveAlarmsAnswer, String> {
        self.latest("active_alarms", |_| true)
    }

    pub(crate) fn alarm(self, name: &str) -> Result<AlarmAnswer, String> {
        self.latest("alarm", |read| matches!(read, Read::Alarm { name: asked } if asked == name))
    }

    pub(crate) fn configuration(self, kind: &str, name: &str) -> Result<ConfigurationAnswer, String> {
        self.latest(
            "configuration",
            |read| matches!(read, Read::Configuration { resource_type, name: asked } if resource_type == kind && asked == name),
        )
    }

    pub(crate) fn changes(self) -> Result<ChangesAnswer, String> {
        self.latest("changes", |_| true)
    }

    /// All log answers, those of earlier turns first.
    pub(crate) fn logs(self) -> Vec<LogsAnswer> {
        self.observations.iter().filter(|one| one.read.kind() == "logs").filter_map(|one| answer(one).ok()).collect()
    }

    /// The latest series whose query has this id.
    pub(crate) fn series(self, id: &str) -> Option<MetricSeries> {
        let answers = self.observations.iter().rev().filter(|one| one.read.kind() == "metrics");
        answers
            .filter_map(|one| answer::<MetricsAnswer>(one).ok())
            .find_map(|metrics| metrics.series.into_iter().find(|series| series.id == id))
    }

    /// A layer of rules; one that was cut may lack the rule that denies, so that it counts as unread.
    fn whole(self, kind: &str) -> Result<LayerAnswer, String> {
        if self.observations.iter().rev().find(|one| one.read.kind() == kind).is_some_and(|one| one.truncated) {
            return Err(format!("{kind} was cut when it was read"));
        }
        self.latest(kind, |_| true)
    }

    fn latest<T: DeserializeOwned>(self, kind: &str, wanted: impl Fn(&Read) -> bool) -> Result<T, String> {
        let observation = self.observations.iter().rev().find(|one| one.read.kind() == kind && wanted(&one.read));
        observation.map_or_else(|| Err(format!("{} was not read", kind.replace('_', " "))), answer)
    }
}

/// Reads an observation's answer, or says in one sentence why there is none.
pub(crate) fn answer<T: DeserializeOwned>(observation: &Observation) -> Result<T, String> {
    let kind = observation.read.kind().replace('_', " ");
    if let Some(error) = &observation.error {
        return Err(format!("{kind} could not be read: {}: {}", error.kind, error.message));
    }
    let Some(value) = &observation.answer else {
        return Err(format!("{kind} could not be read: there is no answer"));
    };
    serde_json::from_value(value.clone()).map_err(|problem| format!("{kind} could not be read: {problem}"))
}
