//! A text embedding that needs no model: words and parts of words, hashed into a vector.
//!
//! Owns which features a text has and how they are weighted. It knows no synonyms; it knows that two texts share names
//! and words, which is what similar incidents share. The same text gives the same vector on every machine.

use super::vector::{Vector, VectorError};

/// The name of the embedding, as it stands in its vectors.
pub const LOCAL_MODEL: &str = "sao-local-v1";

/// The dimension of the embedding.
pub const LOCAL_DIMENSION: usize = 256;

/// Embeds a text; one without any word has no direction and is refused.
///
/// ```
/// use activities::twin::embed_local;
///
/// let one = embed_local("orders duration near its timeout")?;
/// let other = embed_local("duration of orders close to the timeout")?;
/// assert!(one.cosine(&other)? > 0.5);
/// # Ok::<(), activities::twin::VectorError>(())
/// ```
pub fn embed_local(text: &str) -> Result<Vector, VectorError> {
    let mut values = vec![0.0_f32; LOCAL_DIMENSION];
    let words = words(text);
    for word in words.iter().filter(|word| !COMMON.contains(&word.as_str())) {
        add(&mut values, "w", word, WORD);
        let letters: Vec<char> = format!("^{word}$").chars().collect();
        // Short words have few parts; each word weighs the same in all.
        let weight = PARTS / (letters.len() as f32).sqrt();
        for part in letters.windows(3) {
            add(&mut values, "c", &part.iter().collect::<String>(), weight);
        }
    }
    for pair in words.windows(2) {
        add(&mut values, "p", &format!("{} {}", pair[0], pair[1]), PAIR);
    }
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|value| *value /= length);
    }
    Vector::new(LOCAL_MODEL, values)
}

/// The words of a text in lower case; numbers become `0`, so that a measured value does not tell two incidents apart.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for letter in text.chars().take(MOST_LETTERS) {
        // `DatabaseConnections` is two words.
        let humps = before.is_lowercase() && letter.is_uppercase();
        if (!letter.is_alphanumeric() || humps) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            match letter {
                '0'..='9' if word.ends_with('0') => {}
                '0'..='9' => word.push('0'),
                other => word.extend(other.to_lowercase()),
            }
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty() && word != "0");
    words
}

/// Adds a feature at the place, and with the sign, that its hash says.
fn add(values: &mut [f32], kind: &str, feature: &str, weight: f32) {
    let hash = hash(kind.bytes().chain(feature.bytes()));
    let at = usize::try_from(hash % LOCAL_DIMENSION as u64).unwrap_or_default();
    values[at] += if hash >> 63 == 0 { weight } else { -weight };
}

/// FNV-1a with a final mixing: the plain one leaves its high bits almost alone in short texts.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

const WORD: f32 = 1.0;
const PARTS: f32 = 0.5;
const PAIR: f32 = 0.35;

/// The longest text that is looked at.
const MOST_LETTERS: usize = 20_000;

/// Words that are in nearly every incident's text and tell none from another.
const COMMON: [&str; 28] = [
    "a",
    "alarm",
    "an",
    "and",
    "are",
    "arn",
    "at",
    "aws",
    "by",
    "for",
    "in",
    "is",
    "it",
    "its",
    "metric",
    "node",
    "of",
    "on",
    "or",
    "prod",
    "production",
    "resource",
    "that",
    "the",
    "to",
    "type",
    "was",
    "were",
];

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str =
        "alarm shop-prod-orders-duration resource aws_lambda_function shop-prod-orders metric AWS/Lambda Duration";

    /// Checks that the similarity of two texts lies between two bounds.
    #[track_caller]
    fn check(one: &str, other: &str, least: f32, most: f32) {
        let found = embed_local(one).unwrap().cosine(&embed_local(other).unwrap()).unwrap();
        assert!((least..=most).contains(&found), "{found}");
    }

    #[test]
    fn the_same_incident_is_the_same() {
        check(ORDERS, ORDERS, 0.999, 1.001);
    }

    #[test]
    fn a_measured_value_does_not_tell_two_incidents_apart() {
        check(&format!("{ORDERS} 9412.66 of 10000"), &format!("{ORDERS} 9987.21 of 10000"), 0.999, 1.001);
    }

    #[test]
    fn the_same_trouble_elsewhere_is_similar() {
        check(
            ORDERS,
            "alarm shop-prod-invoice-duration resource aws_lambda_function shop-prod-invoice metric AWS/Lambda Duration",
            0.55,
            0.9,
        );
    }

    #[test]
    fn other_troubles_are_clearly_less_similar() {
        check(
            ORDERS,
            "alarm shop-prod-db-connections resource aws_db_instance shop-prod-db metric AWS/RDS DatabaseConnections",
            -0.2,
            0.4,
        );
        check(
            ORDERS,
            "alarm shop-prod-web-cpu resource aws_ecs_service shop-prod/web metric AWS/ECS CPUUtilization",
            -0.2,
            0.4,
        );
        check(ORDERS, "the certificate of the mail relay expires next week", -0.2, 0.25);
    }

    #[test]
    fn a_text_without_words_is_refused() {
        assert_eq!(embed_local(" 17 -- "), Err(VectorError::Zero));
    }

    #[test]
    fn the_vector_of_a_text_never_changes() {
        let vector = embed_local("orders").unwrap();
        assert_eq!((vector.model(), vector.dimension()), ("sao-local-v1", 256));
        let set: Vec<usize> =
            vector.values().iter().enumerate().filter(|(_, value)| **value != 0.0).map(|(at, _)| at).collect();
        assert_eq!(set, STORED, "another vector for the same text needs another model name");
    }

    const STORED: [usize; 7] = [29, 53, 94, 142, 145, 172, 179];
}
