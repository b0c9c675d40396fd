//! Task tokens: opaque to everybody else, addresses to the engine.
//!
//! A token names the execution (by the engine's number), the attempt, and carries 128 random bits that make it
//! unguessable. So no index from token to execution is needed; whether it still counts is the execution's word.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{command::TaskId, data::Chance, record::PathId};

/// A task token, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The engine's number of the execution.
    pub execution: u64,
    /// The attempt that it completes.
    pub task: TaskId,
    secret: [u64; 2],
}

impl Token {
    /// A new token for an attempt.
    pub fn draw(execution: u64, task: TaskId, chance: &mut dyn Chance) -> Self {
        Self { execution, task, secret: [chance.next_u64(), chance.next_u64()] }
    }

    /// Takes a text apart; `None` when it is not a token of this engine.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let word = |at: usize| u64::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        let path = u32::from_be_bytes(std::array::from_fn(|i| bytes[9 + i]));
        (bytes[0] == VERSION).then(|| Self {
            execution: word(1),
            task: TaskId { path: PathId(path), scheduled: word(13) },
            secret: [word(21), word(29)],
        })
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend(self.execution.to_be_bytes());
        bytes.extend(self.task.path.0.to_be_bytes());
        bytes.extend(self.task.scheduled.to_be_bytes());
        self.secret.iter().for_each(|word| bytes.extend(word.to_be_bytes()));
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 8 + 4 + 8 + 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text() {
        let task = TaskId { path: PathId(3), scheduled: 17 };
        let token = Token::draw(99, task, &mut || 0xfeed);
        assert_eq!(Token::parse(&token.to_string()), Some(token));
    }

    #[test]
    fn foreign_texts_are_no_tokens() {
        for text in ["", "AAAA", "not base64!", &"A".repeat(2048)] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
