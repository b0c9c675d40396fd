//! Vectors of one kind in one piece of memory, and the exact search among them.
//!
//! Owns the matrix, the lengths of its rows, what each row is called, and the order of what is found: most similar first,
//! of equally similar ones the newest, then by key. Owns no file: that is `vector/file.rs`.

use super::file::LONGEST_KEY;
use super::{Vector, VectorError, VectorKind, checked_norm, dot, norm};

/// Vectors of one kind in one piece of memory, for exact search.
///
/// ```
/// use activities::twin::{Label, Vector, VectorIndex, group_of};
///
/// let orders = Vector::new("model", vec![1.0, 0.0])?;
/// let mut index = VectorIndex::new(orders.kind());
/// index.push(Label { key: "inc-1".to_owned(), at: 0, group: group_of(None) }, &orders)?;
/// assert_eq!(index.nearest(&orders, 5, |_| true)?[0].similarity, 1.0);
/// # Ok::<(), activities::twin::VectorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct VectorIndex {
    kind: VectorKind,
    rows: Vec<f32>,
    /// One over the length of each row; lengths are worked out once.
    scales: Vec<f32>,
    labels: Vec<Label>,
}

/// What a row stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The name of the record that it was made from.
    pub key: String,
    /// When that was, in milliseconds of Unix time.
    pub at: i64,
    /// What it is one of, by [`group_of`]; 0 is one of nothing in particular.
    pub group: u64,
}

/// A row that was found, and how like it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The row, in the order in which the rows were added.
    pub row: usize,
    /// The cosine.
    pub similarity: f32,
}

/// The number by which a row's group is stored; 0 for none.
pub fn group_of(name: Option<&str>) -> u64 {
    let Some(name) = name else { return 0 };
    // FNV-1a; 0 is taken.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash.max(1)
}

impl VectorIndex {
    /// Starts an index for vectors of one kind.
    pub fn new(kind: VectorKind) -> Self {
        Self { kind, rows: Vec::new(), scales: Vec::new(), labels: Vec::new() }
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

    /// What the rows stand for, in their order.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The values of a row.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.rows[row * self.kind.dimension..][..self.kind.dimension]
    }

    /// Makes room for more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.rows.reserve_exact(rows.saturating_mul(self.kind.dimension));
        self.scales.reserve_exact(rows);
        self.labels.reserve_exact(rows);
    }

    /// Adds a vector as the next row.
    ///
    /// # Errors
    ///
    /// When the vector is of another model or dimension, or the key is empty or longer than 96 bytes.
    pub fn push(&mut self, label: Label, vector: &Vector) -> Result<(), VectorError> {
        vector.check_alike(&self.kind)?;
        if label.key.is_empty() || label.key.len() > LONGEST_KEY {
            return Err(VectorError::Key { key: label.key.chars().take(40).collect() });
        }
        self.push_values(label, vector.values.iter().copied())
    }

    /// Adds values of the index's own model; they are checked as those of a vector are.
    pub(super) fn push_values(&mut self, label: Label, values: impl Iterator<Item = f32>) -> Result<(), VectorError> {
        let start = self.rows.len();
        self.rows.extend(values);
        let row = &self.rows[start..];
        let checked = if row.len() == self.kind.dimension {
            checked_norm(row)
        } else {
            Err(VectorError::OtherDimension { said: self.kind.dimension, found: row.len() })
        };
        match checked {
            Ok(norm) => {
                self.scales.push(1.0 / norm);
                self.labels.push(label);
                Ok(())
            }
            Err(error) => {
                self.rows.truncate(start);
                Err(error)
            }
        }
    }

    /// Finds the `most` rows among the wanted ones that are most like a vector, best first; every row is compared.
    ///
    /// # Errors
    ///
    /// When the vector is of another model or dimension.
    pub fn nearest(
        &self,
        query: &Vector,
        most: usize,
        wanted: impl Fn(&Label) -> bool,
    ) -> Result<Vec<Hit>, VectorError> {
        query.check_alike(&self.kind)?;
        let scale = 1.0 / norm(&query.values);
        let mut best: Vec<Hit> = Vec::with_capacity(most.min(self.len()) + 1);
        // Below this a row cannot be among the best, whatever its label.
        let mut least = f32::NEG_INFINITY;
        for (row, values) in self.rows.chunks_exact(self.kind.dimension).enumerate() {
            let similarity = dot(&query.values, values) * self.scales[row] * scale;
            if similarity < least || most == 0 || !wanted(&self.labels[row]) {
                continue;
            }
            let hit = Hit { row, similarity };
            let at = best.partition_point(|other| self.comes_first(other, &hit));
            best.insert(at, hit);
            best.truncate(most);
            if best.len() == most {
                least = best[most - 1].similarity;
            }
        }
        Ok(best)
    }

    /// Whether `one` stands before `other`: the more similar, then the newer, then the lesser key, then the earlier row.
    fn comes_first(&self, one: &Hit, other: &Hit) -> bool {
        let (a, b) = (&self.labels[one.row], &self.labels[other.row]);
        let order = other.similarity.total_cmp(&one.similarity).then(b.at.cmp(&a.at));
        order.then_with(|| a.key.cmp(&b.key)).then(one.row.cmp(&other.row)).is_lt()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector(values: &[f32]) -> Vector {
        Vector::new("m", values.to_vec()).unwrap()
    }

    fn label(key: &str, at: i64) -> Label {
        Label { key: key.to_owned(), at, group: group_of(Some("t")) }
    }

    /// Checks the keys that are found for `[1, 0]`, given rows as key, time and values.
    #[track_caller]
    fn check(rows: &[(&str, i64, [f32; 2])], most: usize, expect: &[&str]) {
        let mut index = VectorIndex::new(vector(&[1.0, 0.0]).kind());
        for (key, at, values) in rows {
            index.push(label(key, *at), &vector(values)).unwrap();
        }
        let hits = index.nearest(&vector(&[3.0, 0.0]), most, |_| true).unwrap();
        let found: Vec<&str> = hits.iter().map(|hit| index.labels()[hit.row].key.as_str()).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn the_most_similar_come_first() {
        let rows = [("a", 0, [0.0, 1.0]), ("b", 0, [2.0, 0.0]), ("c", 0, [-1.0, 0.0]), ("d", 0, [1.0, 1.0])];
        check(&rows, 3, &["b", "d", "a"]);
        check(&rows, 0, &[]);
        check(&rows, 9, &["b", "d", "a", "c"]);
    }

    #[test]
    fn of_equally_similar_ones_the_newest_comes_first_and_then_the_key_decides() {
        let rows = [("b", 1, [1.0, 0.0]), ("old", 0, [2.0, 0.0]), ("new", 9, [4.0, 0.0]), ("a", 1, [8.0, 0.0])];
        check(&rows, 4, &["new", "a", "b", "old"]);
        check(&rows, 2, &["new", "a"]);
    }

    #[test]
    fn unlike_vectors_never_enter_and_never_ask() {
        let one = vector(&[1.0, 0.0]);
        for other in [vector(&[1.0, 0.0, 5.0]), Vector::new("n", vec![1.0, 0.0]).unwrap()] {
            let mut index = VectorIndex::new(one.kind());
            assert!(matches!(index.push(label("k", 0), &other), Err(VectorError::Unlike { .. })));
            assert!(matches!(index.nearest(&other, 1, |_| true), Err(VectorError::Unlike { .. })));
            assert!(index.is_empty());
        }
    }

    #[test]
    fn poisoned_values_leave_nothing_behind() {
        let mut index = VectorIndex::new(vector(&[1.0, 0.0]).kind());
        for values in [&[1.0, f32::NAN][..], &[0.0, 0.0], &[1.0], &[1.0, 2.0, 3.0]] {
            assert!(index.push_values(label("k", 0), values.iter().copied()).is_err());
        }
        index.push(label("k", 0), &vector(&[1.0, 0.0])).unwrap();
        assert_eq!((index.len(), index.row(0)), (1, &[1.0, 0.0][..]));
    }

    #[test]
    fn a_group_narrows_the_search() {
        let mut index = VectorIndex::new(vector(&[1.0, 0.0]).kind());
        for (key, group) in [("a", Some("lambda")), ("b", Some("rds")), ("c", None)] {
            index.push(Label { key: key.to_owned(), at: 0, group: group_of(group) }, &vector(&[1.0, 0.0])).unwrap();
        }
        let rds = group_of(Some("rds"));
        let hits = index.nearest(&vector(&[1.0, 0.0]), 5, |label| label.group == rds).unwrap();
        assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [1]);
    }

    proptest! {
        #[test]
        fn the_search_is_exact(rows in proptest::collection::vec(proptest::collection::vec(-1.0f32..1.0, 67), 1..40), most in 1usize..8) {
            let vectors: Vec<Vector> = rows.into_iter().filter_map(|row| Vector::new("m", row).ok()).collect();
            prop_assume!(!vectors.is_empty());
            let mut index = VectorIndex::new(vectors[0].kind());
            for (at, vector) in vectors.iter().enumerate() { index.push(label(&at.to_string(), 0), vector).unwrap(); }
            let hits = index.nearest(&vectors[0], most, |_| true).unwrap();
            // The same in double precision.
            let exact = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            let cosine = |other: &Vector| {
                let (one, other) = (vectors[0].values(), other.values());
                exact(one, other) / (exact(one, one) * exact(other, other)).sqrt()
            };
            let mut all: Vec<f64> = vectors.iter().map(cosine).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(hits.len(), most.min(all.len()));
            for (hit, expect) in hits.iter().zip(all) {
                prop_assert!((f64::from(hit.similarity) - expect).abs() < 1e-5);
            }
        }
    }
}
