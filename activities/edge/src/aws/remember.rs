//! Remember over AWS: one record for each incident, from which the next one learns.
//!
//! Owns the embedding of what is remembered and asked for; records and vectors are kept by [`super::precedents`].

use activities::shape::{PrecedentsAnswer, RememberAnswer, RememberRequest, SimilarPrecedent};
use activities::twin::{Precedent, RecallError};

use super::{Aws, embedding, precedents};
use crate::error::EdgeError;

/// Writes the precedent; one that exists under its id is left as it is.
pub(super) async fn remember(aws: &Aws, request: RememberRequest) -> Result<RememberAnswer, EdgeError> {
    let id = request.precedent.id.clone();
    let (precedent, total) =
        precedents::put(aws, request.precedent, async |text: &str| embedding::embed(aws, text).await).await?;
    Ok(RememberAnswer { id, embedding: precedent.vector.model().to_owned(), total })
}

/// The precedents that are most like a text, of the same type of resource where it is known.
pub(super) async fn similar(
    aws: &Aws,
    text: &str,
    resource_type: Option<&str>,
    limit: u32,
) -> Result<PrecedentsAnswer, EdgeError> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut known = precedents::known(aws).await?;
    let mut query = embedding::embed(aws, text).await?;
    let found = match known.nearest(&query, resource_type, most) {
        // All that there are were embedded locally: unlike vectors are not compared, the local one is.
        Err(RecallError::NoneOfKind { .. }) => {
            query = embedding::local(text)?;
            known.nearest(&query, resource_type, most)
        }
        other => other,
    };
    let found = found.map_err(|error| EdgeError::new("Sao.NotComparable", error.to_string()))?;
    let records = known.records(aws, found, most).await?;
    let similar = |(found, similarity): (Precedent, f64)| SimilarPrecedent { similarity, precedent: found.note };
    Ok(PrecedentsAnswer {
        precedents: records.into_iter().map(similar).collect(),
        embedding: query.model().to_owned(),
        total: known.total(),
        skipped: known.skipped,
    })
}
