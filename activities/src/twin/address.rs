//! Terraform addresses, with and without instance keys.
//!
//! Owns how an address is written. A resource instance is named by its address with instance keys
//! (`module.worker["mailer"].aws_subnet.this[0]`); a state's `dependencies` name configuration objects without any
//! (`module.worker.aws_subnet.this`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The key by which `count` or `for_each` tells instances of one resource apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InstanceKey {
    /// A key of `count`.
    Number(u64),
    /// A key of `for_each`.
    Text(String),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "[{number}]"),
            Self::Text(text) => write!(f, "[{}]", quoted(text)),
        }
    }
}

/// Writes the address of one resource instance at the end of `out`.
pub(super) fn push_address(out: &mut String, module: &str, resource_type: &str, name: &str, key: Option<&InstanceKey>) {
    if !module.is_empty() {
        out.push_str(module);
        out.push('.');
    }
    out.push_str(resource_type);
    out.push('.');
    out.push_str(name);
    if let Some(key) = key {
        out.push_str(&key.to_string());
    }
}

/// Takes every instance key out of an address.
///
/// ```
/// use activities::twin::config_address;
///
/// assert_eq!(config_address(r#"module.a["x.y"].aws_subnet.b[0]"#), "module.a.aws_subnet.b");
/// ```
pub fn config_address(address: &str) -> String {
    let mut config = String::with_capacity(address.len());
    let mut scan = Scan::default();
    for letter in address.chars() {
        if scan.outside(letter) {
            config.push(letter);
        }
    }
    config
}

/// Splits an address at the dots that stand outside of instance keys.
pub(super) fn steps(address: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut scan = Scan::default();
    let mut start = 0;
    for (at, letter) in address.char_indices() {
        if scan.outside(letter) && letter == '.' {
            steps.push(&address[start..at]);
            start = at + 1;
        }
    }
    steps.push(&address[start..]);
    steps
}

/// Follows brackets and quotes, so that a dot or bracket inside of a key is not taken for one of the address.
#[derive(Default)]
struct Scan {
    in_key: bool,
    in_quotes: bool,
    escaped: bool,
}

impl Scan {
    /// Takes the next letter and reports whether it stands outside of instance keys.
    fn outside(&mut self, letter: char) -> bool {
        if !self.in_key {
            self.in_key = letter == '[';
            return !self.in_key;
        }
        if self.escaped {
            self.escaped = false;
        } else if self.in_quotes && letter == '\\' {
            self.escaped = true;
        } else if letter == '"' {
            self.in_quotes = !self.in_quotes;
        } else if letter == ']' && !self.in_quotes {
            self.in_key = false;
        }
        false
    }
}

/// Writes a text the way that Terraform quotes a `for_each` key.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => out.extend([letter, letter]),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn instance_address(module: &str, resource_type: &str, name: &str, key: Option<&InstanceKey>) -> String {
        let mut address = String::new();
        push_address(&mut address, module, resource_type, name, key);
        address
    }

    #[track_caller]
    fn check(module: &str, key: Option<InstanceKey>, expect: &str) {
        assert_eq!(instance_address(module, "aws_subnet", "a", key.as_ref()), expect);
    }

    #[test]
    fn keys_are_written_as_terraform_writes_them() {
        check("", None, "aws_subnet.a");
        check("", Some(InstanceKey::Number(0)), "aws_subnet.a[0]");
        check("module.n", Some(InstanceKey::Text("eu west".into())), r#"module.n.aws_subnet.a["eu west"]"#);
        check("", Some(InstanceKey::Text("a\"b\\${c}".into())), r#"aws_subnet.a["a\"b\\$${c}"]"#);
    }

    #[test]
    fn a_key_may_hold_dots_and_brackets() {
        assert_eq!(config_address(r#"module.a["x.y]"].aws_subnet.b["\"]."][0]"#), "module.a.aws_subnet.b");
        assert_eq!(steps(r#"module.a["x.y"].aws_subnet.b[0]"#), ["module", r#"a["x.y"]"#, "aws_subnet", "b[0]"]);
    }

    proptest! {
        #[test]
        fn any_key_is_taken_out_again(key in ".*") {
            let address = instance_address("module.m", "t", "n", Some(&InstanceKey::Text(key)));
            prop_assert_eq!(config_address(&address), "module.m.t.n");
        }
    }
}
