//! Questions that one may ask of a definition without running it.

use super::{Catcher, Definition, Next, QueryLanguage, Retrier, State, StateId, StateKind};

impl Definition {
    /// The first state of this name; names are unique in a machine.
    #[must_use]
    pub fn state_named(&self, name: &str) -> Option<StateId> {
        let index = self.states.iter().position(|state| state.name == name)?;
        u32::try_from(index).ok().map(StateId)
    }
}

impl State {
    /// The place of the state as the service writes it, such as `/States/A/Branches[0]/States/B`.
    #[must_use]
    pub fn location(&self) -> String {
        let mut steps = self.pointer.split('/').skip(1);
        let mut location = String::new();
        while let Some(step) = steps.next() {
            location.push('/');
            location.push_str(step);
            match step {
                "States" => {
                    let name = steps.next().unwrap_or_default();
                    location.push('/');
                    location.push_str(&name.replace("~1", "/").replace("~0", "~"));
                }
                "Branches" => location.push_str(&format!("[{}]", steps.next().unwrap_or_default())),
                _ => {}
            }
        }
        location
    }

    /// `Next` or `End`; `None` for the types that have neither (Choice, Succeed, Fail).
    #[must_use]
    pub fn next(&self) -> Option<Next> {
        match &self.kind {
            StateKind::Pass { next, .. } | StateKind::Wait { next, .. } | StateKind::Parallel { next, .. } => {
                Some(*next)
            }
            StateKind::Task(task) => Some(task.next),
            StateKind::Map(map) => Some(map.next),
            StateKind::Choice { .. } | StateKind::Succeed | StateKind::Fail { .. } => None,
        }
    }

    /// Every state that this one can go to, in the order of the text.
    #[must_use]
    pub fn targets(&self) -> Vec<StateId> {
        if let StateKind::Choice { rules, default } = &self.kind {
            return rules.iter().map(|rule| rule.next).chain(*default).collect();
        }
        let next = match self.next() {
            Some(Next::To(state)) => Some(state),
            _ => None,
        };
        next.into_iter().chain(self.catchers().iter().map(|catcher| catcher.next)).collect()
    }

    /// `Retry`, empty for the types that have none.
    #[must_use]
    pub fn retriers(&self) -> &[Retrier] {
        match &self.kind {
            StateKind::Task(task) => &task.retry,
            StateKind::Map(map) => &map.retry,
            StateKind::Parallel { retry, .. } => retry,
            _ => &[],
        }
    }

    /// `Catch`, empty for the types that have none.
    #[must_use]
    pub fn catchers(&self) -> &[Catcher] {
        match &self.kind {
            StateKind::Task(task) => &task.catch,
            StateKind::Map(map) => &map.catch,
            StateKind::Parallel { catch, .. } => catch,
            _ => &[],
        }
    }

    /// The type's name as the definition writes it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            StateKind::Pass { .. } => "Pass",
            StateKind::Task(_) => "Task",
            StateKind::Choice { .. } => "Choice",
            StateKind::Wait { .. } => "Wait",
            StateKind::Succeed => "Succeed",
            StateKind::Fail { .. } => "Fail",
            StateKind::Parallel { .. } => "Parallel",
            StateKind::Map(_) => "Map",
        }
    }
}

impl QueryLanguage {
    /// The name as the definition writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}
