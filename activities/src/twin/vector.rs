//! Vectors that stand for texts, and the exact search among them.
//!
//! Owns that only alike is compared with alike: a vector knows its model and its dimension, and one without a direction
//! (zero, or not a number) never comes to be. Owns no embedding.

use serde::{Deserialize, Serialize};
use thiserror::Error;

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
    #[error("the vector says that it has {said} dimensions and has {found}")]
    OtherDimension {
        /// How many it says.
        said: usize,
        /// How many it holds.
        found: usize,
    },
    /// A value is not a number, or infinite.
    #[error("value {at} of the vector is no finite number")]
    NotFinite {
        /// The position.
        at: usize,
    },
    /// Every value is zero, so that it points nowhere.
    #[error("the vector has no length, so nothing can be like it")]
    Zero,
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
        if values.is_empty() || values.len() > MOST_DIMENSIONS {
            return Err(VectorError::Dimension { found: values.len() });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(VectorError::NotFinite { at });
        }
        let norm = norm(&values);
        if norm == 0.0 || !norm.is_finite() {
            return Err(VectorError::Zero);
        }
        Ok(Self { model: model.into(), values })
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
        let own = self.kind();
        if own == *kind { Ok(()) } else { Err(VectorError::Unlike { one: own.to_string(), other: kind.to_string() }) }
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

/// Vectors of one kind in one piece of memory, for exact search.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorIndex {
    kind: VectorKind,
    rows: Vec<f32>,
    /// One over the length of each row; lengths are worked out once.
    scales: Vec<f32>,
}

/// A row that was found, and how like it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The row, in the order in which the rows were added.
    pub row: usize,
    /// The cosine.
    pub similarity: f32,
}

impl VectorIndex {
    /// Starts an index for vectors of one kind.
    pub fn new(kind: VectorKind) -> Self {
        Self { kind, rows: Vec::new(), scales: Vec::new() }
    }

    /// The kind of the vectors in it.
    pub fn kind(&self) -> &VectorKind {
        &self.kind
    }

    /// How many vectors it holds.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Adds a vector as the next row.
    pub fn push(&mut self, vector: &Vector) -> Result<(), VectorError> {
        vector.check_alike(&self.kind)?;
        self.rows.extend_from_slice(&vector.values);
        self.scales.push(1.0 / norm(&vector.values));
        Ok(())
    }

    /// Finds the `most` rows that are most like a vector, best first and equal ones in the order of rows.
    pub fn nearest(&self, query: &Vector, most: usize) -> Result<Vec<Hit>, VectorError> {
        query.check_alike(&self.kind)?;
        let scale = 1.0 / norm(&query.values);
        let mut best: Vec<Hit> = Vec::with_capacity(most.min(self.len()) + 1);
        for (row, values) in self.rows.chunks_exact(self.kind.dimension).enumerate() {
            let similarity = dot(&query.values, values) * self.scales[row] * scale;
            if best.len() == most && best.last().is_none_or(|worst| worst.similarity >= similarity) {
                continue;
            }
            let at = best.partition_point(|hit| hit.similarity >= similarity);
            best.insert(at, Hit { row, similarity });
            best.truncate(most);
        }
        Ok(best)
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

/// Sums eight lanes side by side, which the compiler turns into vector instructions; the order is fixed, and so the result.
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

const LANES: usize = 8;

/// Beyond what any embedding model makes.
const MOST_DIMENSIONS: usize = 16_384;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector(values: &[f32]) -> Vector {
        Vector::new("m", values.to_vec()).unwrap()
    }

    #[test]
    fn a_vector_without_direction_is_refused() {
        assert_eq!(Vector::new("m", vec![0.0, 0.0]), Err(VectorError::Zero));
        assert_eq!(Vector::new("m", vec![1.0, f32::NAN]), Err(VectorError::NotFinite { at: 1 }));
        assert_eq!(Vector::new("m", vec![f32::INFINITY]), Err(VectorError::NotFinite { at: 0 }));
        assert_eq!(Vector::new("m", vec![f32::MAX, f32::MAX]), Err(VectorError::Zero));
        assert_eq!(Vector::new("m", vec![]), Err(VectorError::Dimension { found: 0 }));
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
            let mut index = VectorIndex::new(one.kind());
            assert!(index.push(&other).is_err());
            assert!(index.nearest(&other, 1).is_err());
        }
    }

    #[test]
    fn the_nearest_come_first_and_ties_in_order() {
        let mut index = VectorIndex::new(vector(&[1.0, 0.0]).kind());
        for row in [[0.0, 1.0], [2.0, 0.0], [-1.0, 0.0], [5.0, 0.0]] {
            index.push(&vector(&row)).unwrap();
        }
        let hits = index.nearest(&vector(&[3.0, 0.0]), 3).unwrap();
        assert_eq!(
            hits.iter().map(|hit| (hit.row, hit.similarity)).collect::<Vec<_>>(),
            [(1, 1.0), (3, 1.0), (0, 0.0)]
        );
        assert!(index.nearest(&vector(&[1.0, 1.0]), 0).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn the_search_is_exact(rows in proptest::collection::vec(proptest::collection::vec(-1.0f32..1.0, 19), 1..40), most in 1usize..8) {
            let vectors: Vec<Vector> = rows.into_iter().filter_map(|row| Vector::new("m", row).ok()).collect();
            prop_assume!(!vectors.is_empty());
            let mut index = VectorIndex::new(vectors[0].kind());
            for vector in &vectors { index.push(vector).unwrap(); }
            let hits = index.nearest(&vectors[0], most).unwrap();
            let mut all: Vec<f32> = vectors.iter().map(|vector| vectors[0].cosine(vector).unwrap()).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(hits.len(), most.min(all.len()));
            for (hit, expect) in hits.iter().zip(all) {
                prop_assert!((hit.similarity - expect).abs() < 1e-5);
            }
        }
    }
}
