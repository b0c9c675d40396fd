//! Remember over AWS: one object for each incident, from which the next one learns.
//!
//! Owns writing a precedent once, with its vector, and finding similar ones.

use activities::shape::{PrecedentsAnswer, RememberAnswer, RememberRequest};
use activities::twin::{Precedent, Recall, RecallError, Vector};

use super::store::When;
use super::{Aws, embedding, twin};
use crate::error::EdgeError;

/// Writes the precedent; one that exists under its id is left as it is.
pub(super) async fn remember(aws: &Aws, request: RememberRequest) -> Result<RememberAnswer, EdgeError> {
    let store = aws.twin()?;
    let note = request.precedent;
    let (id, key) = (note.id.clone(), twin::precedent_key(&note.id));
    let vector = match store.get_json::<Precedent>(&key).await? {
        Some(known) => known.value.vector,
        None => {
            let vector = embedding::embed(aws, &note.text).await?;
            store.put_json(&key, &Precedent { note, vector: vector.clone() }, When::Absent).await?;
            vector
        }
    };
    Ok(RememberAnswer { id, embedding: vector.model().to_owned(), total: twin::count_precedents(&store).await? })
}

/// The precedents that are most like a text, of the same type of resource where it is known.
pub(super) async fn similar(
    aws: &Aws,
    text: &str,
    resource_type: Option<&str>,
    limit: u32,
) -> Result<PrecedentsAnswer, EdgeError> {
    let (precedents, total) = twin::precedents(aws).await?;
    let fits = |precedent: &Precedent| match (&precedent.note.resource_type, resource_type) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    };
    let recall = Recall::of(precedents.into_iter().filter(fits));
    let query = embedding::embed(aws, text).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let answer =
        |query: &Vector, precedents| PrecedentsAnswer { precedents, embedding: query.model().to_owned(), total };
    match recall.nearest(&query, most) {
        Ok(found) => Ok(answer(&query, found)),
        // All that there are were embedded locally: unlike vectors are not compared, the local one is.
        Err(RecallError::NoneOfKind { .. }) => {
            let local = embedding::local(text)?;
            recall.nearest(&local, most).map(|found| answer(&local, found)).map_err(not_comparable)
        }
        Err(error) => Err(not_comparable(error)),
    }
}

fn not_comparable(error: RecallError) -> EdgeError {
    EdgeError::new("Sao.NotComparable", error.to_string())
}
