//! Parallel: runs its branches at once; its result is the list of their outputs.

use crate::{
    data::DataError,
    execution::{Draft, Join},
    record::{Event, PayloadId},
    state::View,
};

pub(crate) fn begin(view: &View<'_>, draft: &mut Draft<'_>) -> Result<(), DataError> {
    let arguments = view.arguments(&view.scope(), draft)?;
    let input = view.limited(&arguments, draft)?;
    draft.event(view.id, view.path.last, Event::ParallelStarted { input });
    Ok(())
}

/// The outputs of all children as one array, each text as it is.
pub(crate) fn joined(join: &Join, draft: &mut Draft<'_>) -> PayloadId {
    let outputs: Vec<&str> = join.results.iter().flatten().map(|id| draft.text(*id)).collect();
    let text = format!("[{}]", outputs.join(","));
    draft.payload(&text)
}
