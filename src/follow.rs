//! Following one execution while it runs.
//!
//! Owns the join of what happened before one listens and what happens after, so that every event is told once and in order.

use std::collections::VecDeque;

use futures::{StreamExt as _, stream::BoxStream};
use workflow::engine::{Engine, ExecutionStatus, Progress};

use crate::{
    error::CommandError,
    story::{Moment, Story},
};

/// An execution that is followed.
pub(crate) struct Follow {
    /// What is known so far.
    pub(crate) story: Story,
    engine: Engine,
    arn: String,
    stream: BoxStream<'static, Progress>,
    moments: VecDeque<Moment>,
    /// Events are missing that the engine has. Kept until they are read, so that `next` may be dropped half way.
    behind: bool,
}

impl Follow {
    /// Begins with the first event, however long ago it was.
    pub(crate) async fn begin(engine: &Engine, arn: &str) -> Result<Self, CommandError> {
        // Listening comes first: what happens between the two is then told twice, and counts once.
        let stream = engine.subscribe(Some(arn));
        let mut follow = Self {
            story: Story::default(),
            engine: engine.clone(),
            arn: arn.to_owned(),
            stream,
            moments: VecDeque::new(),
            behind: true,
        };
        follow.catch_up().await?;
        Ok(follow)
    }

    /// The next moment; `None` after the end. It may be dropped before it answers: nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Option<Moment>, CommandError> {
        loop {
            if let Some(moment) = self.moments.pop_front() {
                return Ok(Some(moment));
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            if self.story.end.is_some() {
                return Ok(None);
            }
            match self.stream.next().await {
                Some(progress) => self.take(&progress),
                None => {
                    // Cut off for being slow: listen again and read what was missed. With nothing missed, the engine is gone.
                    let told = self.story.last_event;
                    self.stream = self.engine.subscribe(Some(&self.arn));
                    self.catch_up().await?;
                    if self.story.last_event == told {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn take(&mut self, progress: &Progress) {
        let first = progress.events.first().and_then(|event| event["id"].as_u64());
        if first.is_some_and(|first| first > self.story.last_event + 1) {
            self.behind = true;
            return;
        }
        self.moments.extend(progress.events.iter().filter_map(|event| self.story.tell(event)));
        self.behind = progress.status != ExecutionStatus::Running && self.story.end.is_none();
    }

    async fn catch_up(&mut self) -> Result<(), CommandError> {
        let events = self.engine.get_execution_history(&self.arn).await?;
        self.moments.extend(events.iter().filter_map(|event| self.story.tell(event)));
        self.behind = false;
        Ok(())
    }
}
