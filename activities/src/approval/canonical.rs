//! Canonical JSON (RFC 8785): one value, exactly one text, so that a digest means something.
//!
//! Owns the three rules of the standard: keys sorted by UTF-16 code unit, strings with the shortest escapes, numbers as
//! ECMAScript prints them. Does not own what is digested (`digest`) or signed (`decision`).

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// Why a value has no canonical text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// An integer that an IEEE 754 double cannot hold: two such integers could share one canonical text.
    #[error("the integer `{integer}` is not exact as a double: write it as a string")]
    InexactInteger {
        /// The integer, as it was written.
        integer: String,
    },
}

/// Writes `value` as RFC 8785 canonical JSON.
///
/// ```
/// let value = serde_json::json!({"b": 1.0, "a": [1e21, "\u{20ac}"]});
/// assert_eq!(activities::approval::canonical_json(&value).unwrap(), r#"{"a":[1e+21,"€"],"b":1}"#);
/// ```
pub fn canonical_json(value: &Value) -> Result<String, CanonicalError> {
    let mut text = String::new();
    write_value(value, &mut text)?;
    Ok(text)
}

fn write_value(value: &Value, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number_text(number)?),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => write_array(items, out)?,
        Value::Object(members) => write_object(members, out)?,
    }
    Ok(())
}

fn write_array(items: &[Value], out: &mut String) -> Result<(), CanonicalError> {
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_value(item, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_object(members: &Map<String, Value>, out: &mut String) -> Result<(), CanonicalError> {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    // By UTF-16 code unit, not by character: beyond U+FFFF the two orders differ.
    sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    out.push('{');
    for (place, (key, value)) in sorted.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_value(value, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < '\u{20}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

fn number_text(number: &Number) -> Result<String, CanonicalError> {
    let inexact = || CanonicalError::InexactInteger { integer: number.to_string() };
    let double = number.as_f64().ok_or_else(inexact)?;
    let exact = match (number.as_u64(), number.as_i64()) {
        (Some(integer), _) => double as u128 == u128::from(integer),
        (None, Some(integer)) => double as i128 == i128::from(integer),
        (None, None) => true,
    };
    if exact { Ok(ecmascript(double)) } else { Err(inexact()) }
}

/// A double as `Number.prototype.toString` prints it (ECMA-262, Number::toString).
fn ecmascript(double: f64) -> String {
    if double == 0.0 {
        return "0".to_owned();
    }
    let sign = if double < 0.0 { "-" } else { "" };
    // Rust's exponent form holds the shortest digits that read back as this double, as ECMAScript asks.
    let scientific = format!("{:e}", double.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    format!("{sign}{}", place_point(&digits, exponent + 1))
}

/// Places the decimal point after the first `point` digits, or uses an exponent where ECMAScript would.
fn place_point(digits: &str, point: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |many: i32| "0".repeat(usize::try_from(many).unwrap_or(0));
    if count <= point && point <= 21 {
        return format!("{digits}{}", zeros(point - count));
    }
    if 0 < point && point <= 21 {
        let (whole, part) = digits.split_at(usize::try_from(point).unwrap_or(0));
        return format!("{whole}.{part}");
    }
    if -6 < point && point <= 0 {
        return format!("0.{}{digits}", zeros(-point));
    }
    let exponent = point - 1;
    let sign = if exponent < 0 { '-' } else { '+' };
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{first}{dot}{rest}e{sign}{}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(value: Value, expect: &str) {
        assert_eq!(canonical_json(&value).unwrap(), expect);
    }

    /// The doubles of RFC 8785, appendix B, by their bits.
    fn check_bits(bits: u64, expect: &str) {
        assert_eq!(ecmascript(f64::from_bits(bits)), expect, "{bits:016x}");
    }

    #[test]
    fn numbers_of_the_standard_print_as_ecmascript_prints_them() {
        check_bits(0x0000_0000_0000_0000, "0");
        check_bits(0x8000_0000_0000_0000, "0");
        check_bits(0x0000_0000_0000_0001, "5e-324");
        check_bits(0x8000_0000_0000_0001, "-5e-324");
        check_bits(0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308");
        check_bits(0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308");
        check_bits(0x4340_0000_0000_0000, "9007199254740992");
        check_bits(0xc340_0000_0000_0000, "-9007199254740992");
        check_bits(0x4430_0000_0000_0000, "295147905179352830000");
        check_bits(0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22");
        check_bits(0x44b5_2d02_c7e1_4af6, "1e+23");
        check_bits(0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23");
        check_bits(0x444b_1ae4_d6e2_ef4e, "999999999999999700000");
        check_bits(0x444b_1ae4_d6e2_ef4f, "999999999999999900000");
        check_bits(0x444b_1ae4_d6e2_ef50, "1e+21");
        check_bits(0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7");
        check_bits(0x3eb0_c6f7_a0b5_ed8d, "0.000001");
        check_bits(0x41b3_de43_5555_5553, "333333333.3333332");
        check_bits(0x41b3_de43_5555_5557, "333333333.33333343");
    }

    #[test]
    fn keys_are_sorted_by_utf16_code_unit() {
        check(
            json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7}),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}",
        );
    }

    #[test]
    fn strings_use_the_shortest_escapes() {
        check(json!("\u{20ac}$\u{f}\nA'B\"\\\"/\u{8}\u{c}\t\u{7f}"), "\"€$\\u000f\\nA'B\\\"\\\\\\\"/\\b\\f\\t\u{7f}\"");
    }

    #[test]
    fn whole_doubles_and_integers_are_one_number() {
        check(json!([30, 30.0, -0.0, 4.50, 2e-3]), "[30,30,0,4.5,0.002]");
    }

    #[test]
    fn nested_values_keep_the_order_of_arrays() {
        check(json!({"b": [3, 1, {"z": null, "a": true}], "a": {}}), r#"{"a":{},"b":[3,1,{"a":true,"z":null}]}"#);
    }

    #[test]
    fn an_integer_beyond_a_double_is_refused() {
        for integer in [9_007_199_254_740_993_u64, u64::MAX] {
            assert_eq!(
                canonical_json(&json!({ "n": integer })),
                Err(CanonicalError::InexactInteger { integer: integer.to_string() })
            );
        }
        check(json!(9_007_199_254_740_994_u64), "9007199254740994");
        check(json!(i64::MIN), "-9223372036854776000");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_992_i64..=9_007_199_254_740_992).prop_map(Value::from),
            (-1_000_000_i32..1_000_000, 0_i32..6).prop_map(|(n, d)| Value::from(f64::from(n) / 10_f64.powi(d))),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The same value with the members of every object in the opposite order.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(reversed).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect())
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn reading_a_canonical_text_back_gives_the_same_text(value in any_json()) {
            let text = canonical_json(&value).unwrap();
            let again: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(canonical_json(&again).unwrap(), text);
        }

        #[test]
        fn member_order_does_not_matter(value in any_json()) {
            prop_assert_eq!(canonical_json(&reversed(&value)).unwrap(), canonical_json(&value).unwrap());
        }

        #[test]
        fn a_double_reads_back_as_itself(bits in any::<u64>()) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            prop_assert_eq!(ecmascript(double).parse::<f64>().unwrap(), double);
        }

        #[test]
        fn unlike_integers_have_unlike_texts(left in any::<i64>(), right in any::<i64>()) {
            let (a, b) = (canonical_json(&json!(left)), canonical_json(&json!(right)));
            if let (Ok(a), Ok(b)) = (a, b) {
                prop_assert_eq!(a == b, left == right);
            }
        }
    }
}
