//! A layer of the twin that people write: it is there, it is missing, or it cannot be read.
//!
//! Owns that these three are told apart, so that nobody can mistake a missing layer for one that forbids nothing.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A layer that people write.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer<T> {
    /// It was read.
    Present(T),
    /// There is none.
    Missing,
    /// It is there and cannot be read: everything that is wrong with it.
    Broken(Vec<LayerProblem>),
}

/// One thing that is wrong with a file of a layer, or worth a second look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error, Serialize, Deserialize)]
#[error("`{file}`{}: {what}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
#[serde(deny_unknown_fields)]
pub struct LayerProblem {
    /// The file.
    pub file: String,
    /// The line, counted from 1, where it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What is wrong, naming the field or the rule.
    pub what: String,
    /// A guess at what was meant. It is for people, and no part of the problem's words: two guesses may be equally good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// One file of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// The file's name, by whose ending its form is told: `.cedar`, else JSON.
    pub name: &'a str,
    /// The file's text.
    pub text: &'a str,
}

impl LayerProblem {
    pub(super) fn new(file: &str, line: Option<usize>, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), help: None }
    }
}

impl Document<'_> {
    /// Whether the file holds Cedar policies.
    pub fn is_cedar(&self) -> bool {
        self.name.ends_with(".cedar")
    }

    /// Reads the file as a JSON form, with the line of what is wrong.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, LayerProblem> {
        if self.text.len() > LARGEST_DOCUMENT {
            let what = format!("it has {} bytes, and a file of rules at most {LARGEST_DOCUMENT}", self.text.len());
            return Err(LayerProblem::new(self.name, None, what));
        }
        serde_json::from_str(self.text).map_err(|error| {
            let line = Some(error.line()).filter(|line| *line > 0);
            let place = format!(" at line {} column {}", error.line(), error.column());
            LayerProblem::new(self.name, line, error.to_string().replace(&place, ""))
        })
    }
}

impl<T> Layer<T> {
    /// Reads a layer from its files: none means missing, one that cannot be read breaks the layer.
    pub fn read(documents: &[Document<'_>], parse: impl Fn(&[Document<'_>]) -> Result<T, Vec<LayerProblem>>) -> Self {
        if documents.is_empty() {
            return Self::Missing;
        }
        match parse(documents) {
            Ok(layer) => Self::Present(layer),
            Err(problems) => Self::Broken(problems),
        }
    }

    /// The layer, or a sentence on why there is none; `name` is what people call the layer.
    pub fn required(&self, name: &str) -> Result<&T, String> {
        match self {
            Self::Present(layer) => Ok(layer),
            Self::Missing => Err(format!(
                "the {name} layer is missing, so nothing may be changed; write it, if only with empty lists"
            )),
            Self::Broken(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Err(format!("the {name} layer cannot be read, so nothing may be changed: {}", problems.join("; ")))
            }
        }
    }

    /// What is wrong with the layer; nothing where it is present or missing.
    pub fn problems(&self) -> &[LayerProblem] {
        match self {
            Self::Broken(problems) => problems,
            Self::Present(_) | Self::Missing => &[],
        }
    }
}

/// Bytes of one file: more than anyone reads, less than takes noticeable time.
pub(super) const LARGEST_DOCUMENT: usize = 256 * 1024;
