//! Pass: hands its input on, or a fixed result.

use serde_json::Value;

use crate::{
    data::DataError,
    definition::{Next, QueryLanguage},
    execution::Draft,
    state::{Doc, View},
};

pub(crate) fn begin(
    view: &View<'_>,
    result: Option<&Value>,
    next: Next,
    draft: &mut Draft<'_>,
) -> Result<(), DataError> {
    let shaped = match (view.state.query_language, result) {
        (QueryLanguage::Jsonata, _) => view.shape(None, draft)?,
        (QueryLanguage::JsonPath, Some(result)) => view.shape(Some(Doc::Made(result.clone())), draft)?,
        (QueryLanguage::JsonPath, None) => {
            let scope = view.scope();
            let arguments = view.arguments(&scope, draft)?;
            view.shape(Some(arguments), draft)?
        }
    };
    view.leave(shaped, next, draft);
    Ok(())
}
