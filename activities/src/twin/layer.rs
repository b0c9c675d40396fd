//! A layer of the twin that people write: it is there, it is missing, or it cannot be read.
//!
//! Owns that these three are told apart, so that nobody can mistake a missing layer for one that forbids nothing.

use thiserror::Error;

/// A layer that people write.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer<T> {
    /// It was read.
    Present(T),
    /// There is none.
    Missing,
    /// It is there and cannot be read.
    Broken(String),
}

/// Why a file of a layer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{file}`: {what}")]
pub struct LayerError {
    /// The file.
    pub file: String,
    /// What is wrong, naming the field.
    pub what: String,
}

/// One file of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// The file's name.
    pub name: &'a str,
    /// The file's text.
    pub text: &'a str,
}

impl<T> Layer<T> {
    /// Reads a layer from its files: none means missing, one that cannot be read breaks the layer.
    pub fn read(documents: &[Document<'_>], parse: impl Fn(&[Document<'_>]) -> Result<T, LayerError>) -> Self {
        if documents.is_empty() {
            return Self::Missing;
        }
        match parse(documents) {
            Ok(layer) => Self::Present(layer),
            Err(error) => Self::Broken(error.to_string()),
        }
    }

    /// The layer, or a sentence on why there is none; `name` is what people call the layer.
    pub fn required(&self, name: &str) -> Result<&T, String> {
        match self {
            Self::Present(layer) => Ok(layer),
            Self::Missing => Err(format!(
                "the {name} layer is missing, so nothing may be changed; write it, if only with empty lists"
            )),
            Self::Broken(what) => Err(format!("the {name} layer cannot be read, so nothing may be changed: {what}")),
        }
    }
}
