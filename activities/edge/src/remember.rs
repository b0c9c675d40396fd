//! Remember, embedded: one file for each incident, from which the next one learns.
//!
//! Owns writing a precedent once, with its vector, and finding similar ones. A file that cannot be read is passed over with a
//! warning: one broken precedent must not hide the others.

use activities::shape::{PrecedentNote, PrecedentsAnswer, RememberAnswer, RememberRequest};
use activities::twin::{LOCAL_MODEL, Precedent, Recall, embed_local};

use crate::embedded::{Embedded, World};
use crate::error::EdgeError;
use crate::files;

/// Writes the precedent; one that exists under its id is left as it is.
pub(crate) fn remember(world: &World, request: RememberRequest) -> Result<RememberAnswer, EdgeError> {
    let note = request.precedent;
    let vector = embed_local(&note.text).map_err(|error| EdgeError::bad_input("remember", error))?;
    let id = note.id.clone();
    let path = world.twin.precedents().join(format!("{}.json", files::name_for(&id)));
    files::create_json(&path, &Precedent { note, vector })?;
    let total = files::list(&world.twin.precedents(), "json")?.len();
    Ok(RememberAnswer { id, embedding: LOCAL_MODEL.to_owned(), total: u64::try_from(total).unwrap_or(u64::MAX) })
}

/// The precedents that are most like a text, of the same type of resource where it is known.
pub(crate) fn similar(
    world: &World,
    text: &str,
    resource_type: Option<&str>,
    limit: u32,
) -> Result<PrecedentsAnswer, EdgeError> {
    let precedents = load(world)?;
    let total = u64::try_from(precedents.len()).unwrap_or(u64::MAX);
    let fits = |precedent: &Precedent| match (&precedent.note.resource_type, resource_type) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    };
    let recall = Recall::of(precedents.into_iter().filter(fits));
    let mut answer = PrecedentsAnswer { precedents: Vec::new(), embedding: LOCAL_MODEL.to_owned(), total };
    if !recall.is_empty() {
        let query = embed_local(text).map_err(|error| EdgeError::new("BadQuery", error.to_string()))?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        answer.precedents =
            recall.nearest(&query, most).map_err(|error| EdgeError::new("NotComparable", error.to_string()))?;
    }
    Ok(answer)
}

impl Embedded {
    /// What came of former incidents, without the vectors, by incident.
    pub fn precedents(&self) -> Result<Vec<PrecedentNote>, EdgeError> {
        Ok(load(&self.world)?.into_iter().map(|precedent| precedent.note).collect())
    }
}

fn load(world: &World) -> Result<Vec<Precedent>, EdgeError> {
    let mut precedents = Vec::new();
    for path in files::list(&world.twin.precedents(), "json")? {
        match files::read_json(&path) {
            Ok(found) => precedents.extend(found),
            Err(error) => tracing::warn!(%error, "a precedent is passed over"),
        }
    }
    Ok(precedents)
}
