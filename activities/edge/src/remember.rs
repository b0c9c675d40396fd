//! Remember, embedded: one record for each incident, from which the next one learns.
//!
//! Owns the embedding of what is remembered and asked for; records and vectors are kept by [`crate::precedents`].

use activities::shape::{PrecedentNote, PrecedentsAnswer, RememberAnswer, RememberRequest, SimilarPrecedent};
use activities::twin::{LOCAL_MODEL, Precedent, embed_local};

use crate::embedded::{Embedded, World};
use crate::error::EdgeError;

/// Writes the precedent; one that exists under its id is left as it is.
pub(crate) fn remember(world: &World, request: RememberRequest) -> Result<RememberAnswer, EdgeError> {
    let note = request.precedent;
    let vector = embed_local(&note.text).map_err(|error| EdgeError::bad_input("remember", error))?;
    let id = note.id.clone();
    let total = world.precedents.put(&Precedent { note, vector })?;
    Ok(RememberAnswer { id, embedding: LOCAL_MODEL.to_owned(), total: u64::try_from(total).unwrap_or(u64::MAX) })
}

/// The precedents that are most like a text, of the same type of resource where it is known.
pub(crate) fn similar(
    world: &World,
    text: &str,
    resource_type: Option<&str>,
    limit: u32,
) -> Result<PrecedentsAnswer, EdgeError> {
    let query = embed_local(text).map_err(|error| EdgeError::new("BadQuery", error.to_string()))?;
    let found = world.precedents.nearest(&query, resource_type, usize::try_from(limit).unwrap_or(usize::MAX))?;
    let similar = |(found, similarity): (Precedent, f64)| SimilarPrecedent { similarity, precedent: found.note };
    Ok(PrecedentsAnswer {
        precedents: found.records.into_iter().map(similar).collect(),
        embedding: LOCAL_MODEL.to_owned(),
        total: u64::try_from(found.total).unwrap_or(u64::MAX),
        skipped: found.skipped,
    })
}

impl Embedded {
    /// What came of former incidents, without the vectors, by incident.
    pub fn precedents(&self) -> Result<Vec<PrecedentNote>, EdgeError> {
        self.world.precedents.notes()
    }
}
