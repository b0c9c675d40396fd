//! Takes the secrets out of a state, and remembers them just long enough to find their copies.
//!
//! Owns three ways in which an attribute is known to be secret: the state says so (`sensitive_attributes`, sensitive
//! outputs), its name says so, or its text looks like it. A value that is secret in one place is then taken out
//! wherever else the state repeats it. Owns no parsing. [`Secrets`] is never stored, shown or cloned.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use super::copies::Copies;
use crate::text::{REDACTED, is_secret_name, redact};

/// Secret values met so far, in order to find their copies.
#[derive(Default)]
pub(super) struct Secrets {
    values: HashSet<String>,
}

impl Secrets {
    /// Remembers the sensitive outputs of a state; none of the outputs is kept.
    pub(super) fn take_outputs(&mut self, outputs: &Map<String, Value>) {
        for output in outputs.values() {
            if output.get("sensitive").and_then(Value::as_bool) == Some(true)
                && let Some(value) = output.get("value")
            {
                self.remember(value);
            }
        }
    }

    /// Whether none was met.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Forgets what is no secret, even if the state marks a place that repeats it.
    ///
    /// What a resource is called is none: a map of variables that holds one secret is often marked whole, names of tables
    /// and hosts included.
    pub(super) fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// The secrets as they stand in a text.
    pub(super) fn copies(&self) -> Copies {
        Copies::of(self.values.iter().flat_map(|value| spellings(value)))
    }

    /// The secrets as they stand in JSON text, inside of a string.
    pub(super) fn quoted_copies(&self) -> Copies {
        Copies::of(self.values.iter().flat_map(|value| spellings(value)).map(|text| inside_of_quotes(&text)))
    }

    /// Replaces a value by the mark, whatever its type, and remembers it.
    fn hide(&mut self, value: &mut Value) {
        let empty = value.is_null() || value.as_str() == Some("");
        if !empty {
            self.remember(value);
            *value = Value::String(REDACTED.to_owned());
        }
    }

    /// Remembers the texts of a value, as far as they can be told from ordinary words.
    pub(super) fn remember(&mut self, value: &Value) {
        match value {
            Value::String(text) if is_telling(text) => {
                // A secret JSON document (`secret_string`) is copied in parts more often than whole.
                if let Ok(document @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(text) {
                    self.remember_parts(&document);
                }
                self.values.insert(text.clone());
            }
            Value::Array(_) | Value::Object(_) => self.remember_parts(value),
            _ => {}
        }
    }

    fn remember_parts(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.remember_parts(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.remember_parts(field)),
            Value::String(text) if is_telling(text) => {
                self.values.insert(text.clone());
            }
            _ => {}
        }
    }

    #[cfg(test)]
    pub(super) fn same(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

/// Replaces what is secret in the attributes of one object, and remembers it.
pub(super) fn attributes(
    resource_type: &str,
    attributes: &mut Map<String, Value>,
    sensitive: Option<&Value>,
    secrets: &mut Secrets,
) {
    match sensitive {
        None | Some(Value::Null) => {}
        Some(Value::Array(paths)) => paths.iter().for_each(|path| hide_path(attributes, path, secrets)),
        // Not a list of paths: which attributes are meant is unknown, so all are.
        Some(_) => attributes.values_mut().for_each(|value| secrets.hide(value)),
    }
    for (name, value) in attributes.iter_mut() {
        if secret_attributes(resource_type).any(|secret| secret == name) || is_secret_name(name) && is_plain(value) {
            secrets.hide(value);
        } else {
            hide_within(value, secrets);
        }
    }
}

/// Hides what one path of `sensitive_attributes` names; a path that is not understood hides all that it reached.
fn hide_path(attributes: &mut Map<String, Value>, path: &Value, secrets: &mut Secrets) {
    let steps = match path {
        Value::Array(steps) => steps.as_slice(),
        _ => &[],
    };
    let Some((first, rest)) = steps.split_first() else {
        return attributes.values_mut().for_each(|value| secrets.hide(value));
    };
    let Some(name) = step_key(first).and_then(Value::as_str) else {
        return attributes.values_mut().for_each(|value| secrets.hide(value));
    };
    if let Some(value) = attributes.get_mut(name) {
        hide_steps(value, rest, secrets);
    }
}

fn hide_steps(mut value: &mut Value, steps: &[Value], secrets: &mut Secrets) {
    for step in steps {
        let reaches = match (step_key(step), &*value) {
            (Some(Value::String(key)), Value::Object(fields)) => fields.contains_key(key),
            (Some(key), Value::Array(items)) => index_of(key).is_some_and(|at| at < items.len()),
            _ => false,
        };
        if !reaches {
            break;
        }
        value = match (step_key(step), value) {
            (Some(Value::String(key)), Value::Object(fields)) => &mut fields[key.as_str()],
            (Some(key), Value::Array(items)) => &mut items[index_of(key).unwrap_or_default()],
            (_, value) => return secrets.hide(value),
        };
    }
    secrets.hide(value);
}

/// The key of a step: `{type: get_attr, value: "a"}`, `{type: index, value: {value: 0, type: "number"}}` or plainer forms.
fn step_key(step: &Value) -> Option<&Value> {
    let value = step.get("value")?;
    Some(value.get("value").unwrap_or(value))
}

fn index_of(key: &Value) -> Option<usize> {
    let number = key.as_u64().or_else(|| key.as_str().and_then(|text| text.parse().ok()))?;
    usize::try_from(number).ok()
}

/// Hides, inside of a value, fields with secret names and texts that look secret.
fn hide_within(value: &mut Value, secrets: &mut Secrets) {
    match value {
        Value::String(text) => {
            if let Some(clean) = redacted_text(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_within(item, secrets)),
        Value::Object(fields) => hide_fields(fields, secrets),
        _ => {}
    }
}

fn hide_fields(fields: &mut Map<String, Value>, secrets: &mut Secrets) {
    // `{name: "DB_PASSWORD", value: "..."}`, as containers write their environment: the name judges the value.
    let named = fields.get("name").and_then(Value::as_str).is_some_and(is_secret_name);
    for (name, value) in fields.iter_mut() {
        if is_secret_name(name) && is_plain(value) || named && name == "value" {
            secrets.hide(value);
        } else {
            hide_within(value, secrets);
        }
    }
}

/// Redacts one text; nothing when it stays as it is.
pub(super) fn redacted_text(text: &str) -> Option<String> {
    if let Some(document) = redacted_document(text) {
        return document;
    }
    match redact(text) {
        Cow::Owned(clean) => Some(clean),
        Cow::Borrowed(_) => None,
    }
}

/// Redacts a JSON text (container definitions, policies) as the document that it is: nothing when it is none, and nothing
/// inside when it stays as it is.
pub(super) fn redacted_document(text: &str) -> Option<Option<String>> {
    if !text.starts_with(['[', '{']) {
        return None;
    }
    let mut document: Value = serde_json::from_str(text).ok()?;
    let before = document.clone();
    // The copies of these secrets are found by their own names; only the document's own are hidden here.
    hide_within(&mut document, &mut Secrets::default());
    Some((document != before).then(|| document.to_string()))
}

/// Puts the mark in the place of each copy, in names of fields, too.
pub(super) fn scrub(copies: &Copies, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = copies.replaced(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(copies, item)),
        Value::Object(fields) => {
            if fields.keys().any(|key| copies.occur_in(key)) {
                let replaced = std::mem::take(fields).into_iter();
                *fields = replaced.map(|(key, value)| (copies.replaced(&key).into_owned(), value)).collect();
            }
            fields.values_mut().for_each(|field| scrub(copies, field));
        }
        _ => {}
    }
}

/// The attributes of a type that hold a secret although their names do not say so.
pub(super) fn secret_attributes(resource_type: &str) -> impl Iterator<Item = &'static str> {
    SECRET_ATTRIBUTES
        .iter()
        .filter(move |(kind, _)| kind.is_empty() || *kind == resource_type)
        .map(|(_, attribute)| *attribute)
}

/// Whether a value under a secret name is the secret: a switch (`manage_master_user_password`) is none, and of blocks
/// (`secrets` of a container) only the fields are judged.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_plain),
        Value::String(_) | Value::Number(_) => true,
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}

/// Whether a secret can be told from ordinary words, so that its copies can be replaced without harm.
///
/// A short or plain word (`shop`, `postgres`) is hidden where the state marks it, and only there: replaced everywhere
/// it would take names and engines with it.
fn is_telling(text: &str) -> bool {
    let mixed = text.chars().any(|letter| !letter.is_ascii_lowercase());
    text.len() >= 8 && mixed && text != REDACTED
}

/// A secret as it stands, and as it stands inside of a JSON text: Terraform's own `jsonencode` writes `&` as `\u0026`.
fn spellings(value: &str) -> Vec<String> {
    let quoted = inside_of_quotes(value);
    let for_html = quoted.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let mut all = vec![value.to_owned(), quoted, for_html];
    all.dedup();
    all
}

fn inside_of_quotes(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Attributes that hold a secret although their names do not say so; an empty type means every type.
const SECRET_ATTRIBUTES: [(&str, &str); 16] = [
    ("", "master_password"),
    ("", "secret_string"),
    ("", "secret_binary"),
    ("", "private_key_pem"),
    ("", "private_key_openssh"),
    ("", "private_key_pem_pkcs8"),
    ("", "ses_smtp_password_v4"),
    ("", "user_data"),
    ("", "user_data_base64"),
    ("aws_ssm_parameter", "value"),
    ("aws_iam_access_key", "secret"),
    ("aws_kms_ciphertext", "plaintext"),
    ("aws_api_gateway_api_key", "value"),
    ("aws_appsync_api_key", "key"),
    ("random_password", "result"),
    ("random_password", "bcrypt_hash"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::twin::State;

    /// The attributes of the last resource, each resource given as type, attributes and sensitive paths.
    fn redacted(resources: &[(&str, Value, Value)]) -> Value {
        let resources: Vec<Value> = resources
            .iter()
            .enumerate()
            .map(|(at, (kind, attributes, sensitive))| {
                json!({"mode": "managed", "type": kind, "name": format!("r{at}"),
                    "instances": [{"attributes": attributes, "sensitive_attributes": sensitive}]})
            })
            .collect();
        let file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": resources}).to_string();
        Value::Object(State::parse(file.as_bytes()).unwrap().instances().last().unwrap().attributes)
    }

    #[track_caller]
    fn check(kind: &str, attributes: Value, sensitive: Value, expect: Value) {
        assert_eq!(redacted(&[(kind, attributes, sensitive)]), expect);
    }

    #[test]
    fn a_path_that_is_not_understood_hides_all_that_it_reached() {
        check(
            "t",
            json!({"a": {"b": "x"}}),
            json!([[{"type": "get_attr", "value": "a"}, {"type": "splat"}]]),
            json!({"a": REDACTED}),
        );
        check("t", json!({"a": 1, "b": 2}), json!([[{"type": "new"}]]), json!({"a": REDACTED, "b": REDACTED}));
        check("t", json!({"a": 1}), json!("all"), json!({"a": REDACTED}));
    }

    #[test]
    fn names_hide_what_the_state_does_not_mark() {
        check(
            "aws_db_instance",
            json!({"password": "x", "username": "shop"}),
            json!([]),
            json!({"password": REDACTED, "username": "shop"}),
        );
        check(
            "aws_ssm_parameter",
            json!({"name": "/a", "value": "x"}),
            json!([]),
            json!({"name": "/a", "value": REDACTED}),
        );
        check(
            "aws_lambda_function",
            json!({"environment": [{"variables": {"API_KEY": "k", "TABLE": "orders"}}]}),
            json!([]),
            json!({"environment": [{"variables": {"API_KEY": REDACTED, "TABLE": "orders"}}]}),
        );
    }

    #[test]
    fn container_definitions_are_redacted_as_documents() {
        let definitions =
            json!([{"environment": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "PORT", "value": "80"}]}])
                .to_string();
        let expect =
            json!([{"environment": [{"name": "DB_PASSWORD", "value": REDACTED}, {"name": "PORT", "value": "80"}]}])
                .to_string();
        check(
            "aws_ecs_task_definition",
            json!({"container_definitions": definitions}),
            json!([]),
            json!({"container_definitions": expect}),
        );
    }

    #[test]
    fn a_copy_of_a_secret_goes_wherever_it_stands() {
        let source = ("aws_db_instance", json!({"password": "Tr0ub4dor-and-3"}), json!([]));
        let copy = ("aws_lambda_function", json!({"description": "uses Tr0ub4dor-and-3 for now"}), json!([]));
        assert_eq!(redacted(&[source, copy]), json!({"description": "uses [redacted] for now"}));
    }

    #[test]
    fn an_ordinary_word_is_hidden_only_where_it_is_marked() {
        let source = (
            "aws_db_instance",
            json!({"username": "postgres", "engine": "postgres"}),
            json!([[{"type": "get_attr", "value": "username"}]]),
        );
        assert_eq!(redacted(&[source]), json!({"username": REDACTED, "engine": "postgres"}));
    }

    #[test]
    fn what_a_resource_is_called_is_no_secret() {
        let variables = json!([[{"type": "get_attr", "value": "environment"}]]);
        let function = (
            "aws_lambda_function",
            json!({"environment": [{"variables": {"TABLE": "shop-orders", "X": "hunter-2-hunter"}}]}),
            variables,
        );
        let table = ("aws_dynamodb_table", json!({"name": "shop-orders", "hash_key": "hunter-2-hunter"}), json!([]));
        assert_eq!(redacted(&[function, table]), json!({"name": "shop-orders", "hash_key": REDACTED}));
    }

    proptest! {
        #[test]
        fn a_sensitive_value_survives_nowhere(secret in "[A-Za-z0-9 \"\\\\/]{7,30}[A-Z0-9]", in_json in any::<bool>()) {
            let copy = if in_json { json!([{"command": [secret.clone()]}]).to_string() } else { format!("<{secret}>") };
            let attributes = json!({"deep": [{"a": secret.clone()}], "copy": copy, "map": {secret.clone(): 1}});
            let path = json!([[{"type": "get_attr", "value": "deep"}, {"type": "index", "value": 0}, {"type": "get_attr", "value": "a"}]]);
            let found = redacted(&[("t", attributes, path)]);
            fn texts(value: &Value, out: &mut Vec<String>) {
                match value {
                    Value::String(text) => out.push(text.clone()),
                    Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
                    Value::Object(fields) => fields.iter().for_each(|(key, value)| { out.push(key.clone()); texts(value, out); }),
                    _ => {}
                }
            }
            let mut all = Vec::new();
            texts(&found, &mut all);
            let quoted = Value::String(secret.clone()).to_string();
            for text in all {
                prop_assert!(!text.contains(&secret) && !text.contains(&quoted[1..quoted.len() - 1]), "{text}");
            }
        }
    }
}
