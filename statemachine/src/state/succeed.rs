//! Succeed: ends its block well.

use crate::{data::DataError, definition::Next, execution::Draft, state::View};

pub(crate) fn begin(view: &View<'_>, draft: &mut Draft<'_>) -> Result<(), DataError> {
    let shaped = view.shape(None, draft)?;
    view.leave(shaped, Next::End, draft);
    Ok(())
}
