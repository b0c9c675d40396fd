//! Vectors that stand for texts: what may be one, and what may be compared with what.
//!
//! Owns that only alike is compared with alike: a vector knows its model and its dimension, and one that is poisoned (not
//! a number, infinite, without direction, of another length than it says) never comes to be. Owns the products on which
//! the search rests. Many vectors together, and their file, stand in `vector/`. Owns no embedding.

mod file;
mod index;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use file::LONGEST_KEY;
pub use file::{IndexError, IndexHeader, IndexReader};
pub use index::{Hit, Label, VectorIndex, group_of};

/// A vector that stands for a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Vector {
    model: String,
    values: Vec<f32>,
}

/// Why a vector cannot be used.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum VectorError {
    /// It holds no numbers, or too many.
    #[error("a vector has 1 to {MOST_DIMENSIONS} dimensions, this one has {found}")]
    Dimension {
        /// How many it holds.
        found: usize,
    },
    /// It holds another number of values than it says.
    #[error("the vector says that it has {said} dimensions and has {found}; embed the text again")]
    OtherDimension {
        /// How many it says.
        said: usize,
        /// How many it holds.
        found: usize,
    },
    /// The name of its model is none.
    #[error("`{model}` is not the name of a model: 1 to {LONGEST_MODEL} printable ASCII characters")]
    Model {
        /// The name, cut.
        model: String,
    },
    /// The key of its row has no place in the index.
    #[error("`{key}` is no key of a vector: 1 to {LONGEST_KEY} bytes")]
    Key {
        /// The key, cut.
        key: String,
    },
    /// A value is not a number, or infinite.
    #[error("value {at} of the vector is no finite number; embed the text again")]
    NotFinite {
        /// The position.
        at: usize,
    },
    /// Every value is zero, or as good as, so that it points nowhere.
    #[error("the vector has no length, so nothing can be like it")]
    Zero,
    /// Its values are so large that products with it are no numbers.
    #[error("the vector is longer than {LONGEST:e}, so nothing can be compared with it; embed the text again")]
    TooLong,
    /// Two vectors of different models or dimensions.
    #[error("a vector of `{one}` cannot be compared with one of `{other}`; embed the text again")]
    Unlike {
        /// One model with its dimension.
        one: String,
        /// The other model with its dimension.
        other: String,
    },
}

impl Vector {
    /// Takes the values that a model made of a text.
    pub fn new(model: impl Into<String>, values: Vec<f32>) -> Result<Self, VectorError> {
        let model = model.into();
        if model.is_empty() || model.len() > LONGEST_MODEL || !model.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(VectorError::Model { model: model.chars().take(40).collect() });
        }
        checked_norm(&values)?;
        Ok(Self { model, values })
    }

    /// The model that made it.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// How many values it has.
    pub fn dimension(&self) -> usize {
        self.values.len()
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The cosine of the angle between two vectors of the same model and dimension, -1 to 1.
    pub fn cosine(&self, other: &Self) -> Result<f32, VectorError> {
        self.check_alike(&other.kind())?;
        Ok(dot(&self.values, &other.values) / (norm(&self.values) * norm(&other.values)))
    }

    /// Model and dimension: what must agree for two vectors to be compared.
    pub fn kind(&self) -> VectorKind {
        VectorKind { model: self.model.clone(), dimension: self.values.len() }
    }

    fn check_alike(&self, kind: &VectorKind) -> Result<(), VectorError> {
        if self.model == kind.model && self.values.len() == kind.dimension {
            return Ok(());
        }
        Err(VectorError::Unlike { one: self.kind().to_string(), other: kind.to_string() })
    }
}

/// Model and dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorKind {
    /// The model.
    pub model: String,
    /// The dimension.
    pub dimension: usize,
}

impl std::fmt::Display for VectorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.model, self.dimension)
    }
}

/// The form in which a vector is stored: it says its dimension, so that a cut one is noticed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    model: String,
    dimension: usize,
    values: Vec<f32>,
}

impl TryFrom<Stored> for Vector {
    type Error = VectorError;

    fn try_from(stored: Stored) -> Result<Self, VectorError> {
        if stored.dimension != stored.values.len() {
            return Err(VectorError::OtherDimension { said: stored.dimension, found: stored.values.len() });
        }
        Self::new(stored.model, stored.values)
    }
}

impl From<Vector> for Stored {
    fn from(vector: Vector) -> Self {
        Self { dimension: vector.values.len(), model: vector.model, values: vector.values }
    }
}

/// The length of a vector, or why it has none that can be used.
fn checked_norm(values: &[f32]) -> Result<f32, VectorError> {
    if values.is_empty() || values.len() > MOST_DIMENSIONS {
        return Err(VectorError::Dimension { found: values.len() });
    }
    let norm = norm(values);
    if (SHORTEST..=LONGEST).contains(&norm) {
        // A value that is no number would have made the length none.
        return Ok(norm);
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(VectorError::NotFinite { at }),
        None if norm < SHORTEST => Err(VectorError::Zero),
        None => Err(VectorError::TooLong),
    }
}

/// Sums many lanes side by side, which the compiler turns into vector instructions; the order is fixed, and so the result.
///
/// One row after the other is as fast as memory gives them: measured, rows side by side were no faster.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

fn norm(values: &[f32]) -> f32 {
    dot(values, values).sqrt()
}

/// Enough that no sum waits for the one before it.
const LANES: usize = 32;

/// Beyond what any embedding model makes.
const MOST_DIMENSIONS: usize = 16_384;

/// What the header of an index has room for.
const LONGEST_MODEL: usize = 160;

// Between these lengths no product of two vectors leaves the range of numbers.
const SHORTEST: f32 = 1e-12;
const LONGEST: f32 = 1e12;

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: &[f32]) -> Vector {
        Vector::new("m", values.to_vec()).unwrap()
    }

    #[track_caller]
    fn check(values: &[f32], expect: VectorError) {
        assert_eq!(Vector::new("m", values.to_vec()), Err(expect));
    }

    #[test]
    fn a_poisoned_vector_is_refused() {
        check(&[0.0, 0.0], VectorError::Zero);
        check(&[1e-30, 0.0], VectorError::Zero);
        check(&[1.0, f32::NAN], VectorError::NotFinite { at: 1 });
        check(&[f32::INFINITY], VectorError::NotFinite { at: 0 });
        check(&[f32::NEG_INFINITY, f32::INFINITY], VectorError::NotFinite { at: 0 });
        check(&[f32::MAX, f32::MAX], VectorError::TooLong);
        check(&[], VectorError::Dimension { found: 0 });
    }

    #[test]
    fn a_model_has_a_name() {
        for name in ["", "a b", "a\n", &"x".repeat(161)] {
            assert!(matches!(Vector::new(name, vec![1.0]), Err(VectorError::Model { .. })), "{name}");
        }
    }

    #[test]
    fn a_cut_vector_does_not_parse() {
        assert!(serde_json::from_str::<Vector>(r#"{"model":"m","dimension":3,"values":[1.0,2.0]}"#).is_err());
        let whole = vector(&[1.0, 0.5]);
        assert_eq!(serde_json::from_str::<Vector>(&serde_json::to_string(&whole).unwrap()).unwrap(), whole);
    }

    #[test]
    fn unlike_vectors_are_never_compared() {
        let one = vector(&[1.0, 0.0]);
        for other in [vector(&[1.0, 0.0, 5.0]), Vector::new("n", vec![1.0, 0.0]).unwrap()] {
            assert!(matches!(one.cosine(&other), Err(VectorError::Unlike { .. })));
        }
    }
}
