//! What somebody may have meant by a name that the twin does not know.
//!
//! Owns the measure of likeness and its bounds. It helps people who mistype; nothing else may act upon it.

use super::topology::Topology;

impl Topology {
    /// The addresses and names that are most like `name`, the likeliest first, at most `most`.
    pub fn likely(&self, name: &str, most: usize) -> Vec<String> {
        let wanted = name.to_lowercase();
        let mut found: Vec<(usize, String)> = Vec::new();
        for node in self.nodes().take(MOST_COMPARED) {
            let id = node.id();
            let best = std::iter::once(id.as_str())
                .chain(node.names())
                .filter_map(|known| Some((distance(&wanted, &known.to_lowercase())?, known)))
                .min();
            if let Some((distance, known)) = best {
                found.push((distance, known.to_owned()));
            }
        }
        found.sort();
        found.dedup();
        found.into_iter().take(most).map(|(_, name)| name).collect()
    }
}

/// How unlike two names are; nothing when they are not alike at all.
fn distance(wanted: &str, known: &str) -> Option<usize> {
    if known.contains(wanted) && wanted.len() >= SHORTEST_PART {
        return Some(1);
    }
    let (a, b): (Vec<char>, Vec<char>) = (wanted.chars().collect(), known.chars().collect());
    let bound = (a.len() / 4).min(MOST_EDITS);
    if a.len().abs_diff(b.len()) > bound || a.len() > LONGEST {
        return None;
    }
    let edits = edits(&a, &b);
    (edits <= bound).then_some(edits + 1)
}

/// How many letters must be put in, taken out or changed.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = corner + usize::from(letter != other);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

const SHORTEST_PART: usize = 3;
const MOST_EDITS: usize = 5;
const LONGEST: usize = 200;
/// In a larger twin the first so many are compared.
const MOST_COMPARED: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_parts_are_alike() {
        for (wanted, known, expect) in [
            ("shop-prod-ordres", "shop-prod-orders", Some(3)),
            ("orders", "module.orders.aws_lambda_function.this", Some(1)),
            ("orders", "bookings", None),
            ("", "a", None),
        ] {
            assert_eq!(distance(wanted, known), expect, "{wanted} and {known}");
        }
    }
}
