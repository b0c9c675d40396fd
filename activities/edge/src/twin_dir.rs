//! The digital twin in a directory.
//!
//! ```text
//! twin/topology/<state>.twin   one object for each state file; written by `collect`
//! twin/governance/*.cedar      what people permit and forbid; twin/governance.json and twin/governance/*.json likewise
//! twin/constraints.json        maintenance windows, forbidden operations; further files in twin/constraints/
//! twin/precedents/             one record for each incident, and their vectors; written by `remember`
//! ```
//!
//! Owns where the layers are and that a layer of people's which is missing or unreadable is an error, never empty. Does not
//! own what the layers mean.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use activities::approval::sha256_hex;
use activities::shape::{LayerAnswer, LayerDocument};
use activities::twin::{DEFAULT_POLICIES, Topology, TopologyObject};
use jiff::Timestamp;

use crate::error::{EdgeError, FileError};
use crate::files::{self, Privacy};
use crate::topology_file;

/// The twin's directory.
#[derive(Debug)]
pub struct TwinDir {
    root: PathBuf,
    cache: Mutex<Option<(Signature, Arc<Topology>)>>,
}

/// What tells that the topology's files are the same: names, times and lengths.
type Signature = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// Writes the default policies and empty constraints where people have written none; answers what was written.
pub fn initialise(data_dir: &Path) -> Result<Vec<PathBuf>, EdgeError> {
    let root = data_dir.join("twin");
    let mut written = Vec::new();
    let defaults = [
        (GOVERNANCE, "governance/default.cedar", DEFAULT_POLICIES),
        (CONSTRAINTS, "constraints.json", DEFAULT_CONSTRAINTS),
    ];
    for (layer, file, text) in defaults {
        let path = root.join(file);
        let there = root.join(layer).is_dir() || root.join(format!("{layer}.json")).exists();
        if !there && files::create(&path, text.as_bytes(), Privacy::Shared)? {
            written.push(path);
        }
    }
    Ok(written)
}

impl TwinDir {
    /// The twin in `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root, cache: Mutex::default() }
    }

    /// The topology of all states together.
    pub fn topology(&self) -> Result<Arc<Topology>, EdgeError> {
        let signature = self.signature()?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, topology)) = cache.as_ref().filter(|(known, _)| *known == signature) {
            tracing::trace!(files = known.len(), "topology unchanged");
            return Ok(Arc::clone(topology));
        }
        let topology =
            Topology::merge(self.objects()?).map_err(|error| EdgeError::new("Sao.BrokenFile", error.to_string()))?;
        let topology = Arc::new(topology);
        *cache = Some((signature, Arc::clone(&topology)));
        Ok(topology)
    }

    /// The stored objects, one for each state.
    pub fn objects(&self) -> Result<Vec<TopologyObject>, FileError> {
        let mut objects = Vec::new();
        for path in files::list(&self.root.join(TOPOLOGY), OBJECT)? {
            objects.extend(topology_file::read(&path)?);
        }
        Ok(objects)
    }

    /// When the state of this name was read into the twin; nothing where that cannot be told.
    pub fn collected_at(&self, source: &str) -> Option<Timestamp> {
        let path = self.root.join(TOPOLOGY).join(format!("{}.{OBJECT}", files::name_for(source)));
        let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
        Timestamp::try_from(modified).ok()
    }

    /// Writes the object of a state in the place of the one that it follows; false when another one stands there by now.
    pub(crate) fn put_object(&self, object: &TopologyObject) -> Result<bool, FileError> {
        let name = format!("{}.{OBJECT}", files::name_for(object.source()));
        topology_file::write(&self.root.join(TOPOLOGY).join(name), object)
    }

    /// The governance layer as people wrote it.
    pub fn governance(&self) -> Result<LayerAnswer, EdgeError> {
        self.layer(GOVERNANCE)
    }

    /// The constraints layer as people wrote it.
    pub fn constraints(&self) -> Result<LayerAnswer, EdgeError> {
        self.layer(CONSTRAINTS)
    }

    fn layer(&self, layer: &str) -> Result<LayerAnswer, EdgeError> {
        let mut paths = vec![self.root.join(format!("{layer}.json"))];
        let inside = self.root.join(layer);
        for form in FORMS {
            paths.extend(files::list(&inside, form)?);
        }
        paths.sort();
        let (mut documents, mut problems) = (Vec::new(), Vec::new());
        for path in paths {
            match text(&path) {
                Ok(None) => {}
                Ok(Some(text)) => {
                    let name = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned();
                    documents.push(LayerDocument { name, text });
                }
                Err(error) => problems.push(error.to_string()),
            }
        }
        // One file that cannot be read may be the one that forbids: the others are no layer without it.
        if !problems.is_empty() {
            return Err(EdgeError::new("Sao.BrokenFile", problems.join("; ")));
        }
        if documents.is_empty() {
            let path = self.root.join(format!("{layer}.json"));
            return Err(EdgeError::new(
                "NotFound",
                format!("the twin has no {layer} layer: `{}` does not exist", path.display()),
            ));
        }
        Ok(LayerAnswer { version: version(&documents), documents })
    }

    fn signature(&self) -> Result<Signature, FileError> {
        let mut signature = Vec::new();
        for path in files::list(&self.root.join(TOPOLOGY), OBJECT)? {
            let metadata = std::fs::metadata(&path).map_err(|source| FileError::Io {
                action: "read",
                path: path.clone(),
                source,
            })?;
            signature.push((path, metadata.modified().ok(), metadata.len()));
        }
        Ok(signature)
    }
}

/// The text of a file; nothing where there is none.
fn text(path: &Path) -> Result<Option<String>, FileError> {
    let not_text = |_| FileError::Broken { path: path.to_owned(), problem: "it is not text in UTF-8".to_owned() };
    files::read(path)?.map(String::from_utf8).transpose().map_err(not_text)
}

/// The hash over the names and texts of a layer's documents.
pub(crate) fn version(documents: &[LayerDocument]) -> String {
    let mut whole = String::new();
    for document in documents {
        // The lengths keep the border between two documents from moving unnoticed.
        whole.push_str(&format!(
            "{} {}\n{}{}\n",
            document.name.len(),
            document.text.len(),
            document.name,
            document.text
        ));
    }
    format!("sha256:{}", sha256_hex(whole.as_bytes()))
}

const TOPOLOGY: &str = "topology";
/// The ending of the objects' files.
const OBJECT: &str = "twin";
const GOVERNANCE: &str = "governance";
const CONSTRAINTS: &str = "constraints";
/// The endings of the files of a layer.
const FORMS: [&str; 2] = ["cedar", "json"];
const DEFAULT_CONSTRAINTS: &str = "{\n  \"maintenance_windows\": [],\n  \"forbidden_operations\": []\n}\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn twin() -> (tempfile::TempDir, TwinDir) {
        let directory = tempfile::tempdir().unwrap();
        let twin = TwinDir::new(directory.path().join("twin"));
        (directory, twin)
    }

    #[test]
    fn a_missing_layer_is_an_error_and_not_empty() {
        let (directory, twin) = twin();
        assert_eq!(twin.governance().unwrap_err().error, "NotFound");
        assert_eq!(initialise(directory.path()).unwrap().len(), 2);
        assert_eq!(twin.governance().unwrap().documents.len(), 1);
        assert!(twin.constraints().is_ok());
    }

    #[test]
    fn what_people_wrote_is_never_overwritten() {
        let (directory, twin) = twin();
        let path = directory.path().join("twin/governance.json");
        files::replace(&path, b"{\"denied_actions\": [1]}", Privacy::Shared).unwrap();
        assert_eq!(initialise(directory.path()).unwrap().len(), 1);
        assert_eq!(twin.governance().unwrap().documents[0].text, "{\"denied_actions\": [1]}");
    }

    #[test]
    fn a_version_changes_with_any_text_and_any_name() {
        let document = |name: &str, text: &str| LayerDocument { name: name.to_owned(), text: text.to_owned() };
        let one = version(&[document("a", "bc"), document("d", "")]);
        assert_ne!(one, version(&[document("ab", "c"), document("d", "")]));
        assert_ne!(one, version(&[document("a", "bc")]));
        assert_ne!(one, version(&[document("a", "b"), document("d", "c")]));
    }

    #[test]
    fn further_files_of_a_layer_are_read_in_the_order_of_their_names() {
        let (directory, twin) = twin();
        initialise(directory.path()).unwrap();
        for name in ["b.json", "a.json", "notes.txt"] {
            files::replace(&directory.path().join("twin/governance").join(name), b"{}", Privacy::Shared).unwrap();
        }
        let names: Vec<String> =
            twin.governance().unwrap().documents.into_iter().map(|document| document.name).collect();
        assert_eq!(names, ["governance/a.json", "governance/b.json", "governance/default.cedar"]);
    }
}
