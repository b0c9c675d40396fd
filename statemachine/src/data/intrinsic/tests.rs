//! What the eighteen functions give, what they refuse, and in which words.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn run(text: &str, input: Value) -> Result<Value, DataError> {
    let context =
        json!({ "StateMachine": { "Name": "one-two-three" }, "Execution": { "Input": { "csv": "a,b\n,,c" } } });
    let Value::Object(variables) = json!({ "x": 44, "bias": 4.3 }) else { unreachable!() };
    let mut draws = 0u64;
    let mut chance = || {
        draws = draws.wrapping_add(0x9e37_79b9_7f4a_7c15);
        draws
    };
    evaluate(&Call::parse(text).unwrap(), &Env { input: &input, context: &context, variables: &variables }, &mut chance)
}

#[track_caller]
fn check(text: &str, input: Value, expect: Value) {
    assert_eq!(run(text, input), Ok(expect), "{text}");
}

#[track_caller]
fn check_failure(text: &str, input: Value, reason: &str) {
    let error = run(text, input).unwrap_err();
    assert_eq!(error.error, "States.IntrinsicFailure", "{text}");
    assert_eq!(error.cause, format!("The function '{text}' had the following error: {reason}"));
}

#[test]
fn array_keeps_its_arguments_as_they_are() {
    check("States.Array()", json!({}), json!([]));
    check(
        "States.Array($.a, 1, 1.5, 'x', true, null, States.Array('y'))",
        json!({ "a": { "b": [] } }),
        json!([{ "b": [] }, 1, 1.5, "x", true, null, ["y"]]),
    );
}

#[test]
fn array_contains_compares_whole_values() {
    check("States.ArrayContains($.a, $.b)", json!({ "a": [[1, 2], 2], "b": [1, 2] }), json!(true));
    check("States.ArrayContains($.a, $.b)", json!({ "a": [{ "k": [] }], "b": [] }), json!(false));
    check("States.ArrayContains($.a, null)", json!({ "a": [] }), json!(false));
    check_failure("States.ArrayContains('ab', 'a')", json!({}), "Invalid arguments in States.ArrayContains");
}

#[test]
fn array_get_item_takes_an_index_that_is_there() {
    check("States.ArrayGetItem($.a, 1)", json!({ "a": [1, { "k": 2 }] }), json!({ "k": 2 }));
    for index in ["2", "-1", "0.5", "'0'"] {
        let error = run(&format!("States.ArrayGetItem($.a, {index})"), json!({ "a": [1, 2] })).unwrap_err();
        assert_eq!(error.error, "States.IntrinsicFailure", "{index}");
    }
}

#[test]
fn array_length_partition_range_and_unique() {
    check("States.ArrayLength($.a)", json!({ "a": [1, [2, 3]] }), json!(2));
    check("States.ArrayLength($.a[*].nope)", json!({ "a": [1, 2] }), json!(0));
    check("States.ArrayPartition($.a, 2)", json!({ "a": [0, 1, 2] }), json!([[0, 1], [2]]));
    check("States.ArrayPartition($.a, 5)", json!({ "a": [] }), json!([]));
    check("States.ArrayRange(1, 9, 2)", json!({}), json!([1, 3, 5, 7, 9]));
    check("States.ArrayRange(0, 10, 3)", json!({}), json!([0, 3, 6, 9]));
    check("States.ArrayRange(1, 9, 9)", json!({}), json!([1]));
    check("States.ArrayRange(3, 0, -1)", json!({}), json!([3, 2, 1, 0]));
    check("States.ArrayRange(1, 0, 1)", json!({}), json!([]));
    check("States.ArrayRange(0.6, 2.4, 1)", json!({}), json!([1, 2]));
    check("States.ArrayUnique($.a)", json!({ "a": [1, 2, 2, "2", [1], [1], 1] }), json!([1, 2, "2", [1]]));
    check_failure(
        "States.ArrayPartition($.a, 0)",
        json!({ "a": [1] }),
        "Invalid arguments in States.ArrayPartition: the chunk size must be a positive integer",
    );
    check_failure(
        "States.ArrayRange(1, 2, 0)",
        json!({}),
        "Invalid arguments in States.ArrayRange: the increment must not be 0",
    );
    check_failure(
        "States.ArrayRange(1, 1001, 1)",
        json!({}),
        "Invalid arguments in States.ArrayRange: a range must have 1000 items or fewer",
    );
    assert_eq!(run("States.ArrayRange(1, 1000, 1)", json!({})).unwrap().as_array().unwrap().len(), 1000);
    assert!(run("States.ArrayRange(-9223372036854775807, 9223372036854775807, 1)", json!({})).is_err());
}

#[test]
fn base64_is_the_plain_alphabet_without_line_breaks() {
    check("States.Base64Encode('Hello World')", json!({}), json!("SGVsbG8gV29ybGQ="));
    check("States.Base64Decode('SGVsbG8gV29ybGQ=')", json!({}), json!("Hello World"));
    check("States.Base64Encode('>>>')", json!({}), json!("Pj4+"));
    check("States.Base64Encode('')", json!({}), json!(""));
    check_failure(
        "States.Base64Decode('no base64!')",
        json!({}),
        "Invalid arguments in States.Base64Decode: the string is not Base64",
    );
    let long = "a".repeat(10_001);
    check_failure(
        "States.Base64Encode($.s)",
        json!({ "s": long }),
        "Invalid arguments in States.Base64Encode: a string must have 10000 characters or fewer",
    );
    assert!(run("States.Base64Encode($.s)", json!({ "s": "\u{1f600}".repeat(10_000) })).is_ok());
    check_failure("States.Base64Encode(5)", json!({}), "Invalid arguments in States.Base64Encode");
}

#[test]
fn format_fills_its_places_in_order() {
    check(
        "States.Format('Hello {}, welcome to {}!', $.n, 'X')",
        json!({ "n": "John" }),
        json!("Hello John, welcome to X!"),
    );
    check("States.Format($.t, 1, 2.5, true, null)", json!({ "t": "{}|{}|{}|{}" }), json!("1|2.5|true|null"));
    check("States.Format('{}', $.o)", json!({ "o": { "a": [1] } }), json!(r#"{"a":[1]}"#));
    check(r"States.Format('\{\} it\'s {} \\', 1)", json!({}), json!(r"{} it's 1 \"));
    check("States.Format('none')", json!({}), json!("none"));
    let count = "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.";
    check_failure("States.Format('{}{}', 1)", json!({}), count);
    check_failure("States.Format('{}', 1, 2)", json!({}), count);
    check_failure(
        "States.Format('{a}', 1)",
        json!({}),
        "Invalid arguments in States.Format: matching '}' not found for '{'.",
    );
    check_failure(r"States.Format('\n')", json!({}), r"Invalid arguments in States.Format: open escape '\' found");
}

#[test]
fn hash_takes_five_algorithms() {
    for (algorithm, expect) in [
        ("MD5", "812f45842bc6d66ee14572ce20db8e86"),
        ("SHA-1", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("SHA-256", "b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"),
        ("SHA-384", "d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a15562"),
        (
            "SHA-512",
            "6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4",
        ),
    ] {
        check("States.Hash('input data', $.a)", json!({ "a": algorithm }), json!(expect));
    }
    check_failure(
        "States.Hash('x', 'md5')",
        json!({}),
        "Invalid arguments in States.Hash: 'md5' is not one of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
    );
}

#[test]
fn json_functions_read_write_and_merge() {
    for (text, expect) in [
        ("", json!(null)),
        (" ", json!(null)),
        ("-0", json!(0)),
        ("1.1", json!(1.1)),
        ("\"a\"", json!("a")),
        ("[1, {}]", json!([1, {}])),
    ] {
        check("States.StringToJson($.t)", json!({ "t": text }), expect);
    }
    check(r#"States.StringToJson('{"a": "false"}')"#, json!({}), json!({ "a": "false" }));
    check("States.JsonToString($.o)", json!({ "o": { "b": 1, "a": [null, 1.5] } }), json!(r#"{"b":1,"a":[null,1.5]}"#));
    check("States.JsonToString($)", json!({ "o": 1 }), json!(r#"{"o":1}"#));
    let merged = run(
        "States.JsonMerge($.a, $.b, false)",
        json!({ "a": { "a": { "x": 1 }, "b": 2, "d": 3 }, "b": { "a": { "y": 1 }, "c": 3, "d": 4 } }),
    );
    assert_eq!(merged.unwrap().to_string(), r#"{"a":{"y":1},"b":2,"c":3,"d":4}"#);
    check_failure(
        "States.StringToJson('{')",
        json!({}),
        "Invalid arguments in States.StringToJson: the string is not JSON",
    );
    check_failure("States.JsonMerge($, 1, false)", json!({}), "Invalid arguments in States.JsonMerge");
    assert!(run("States.JsonMerge($, $, true)", json!({})).is_err());
}

#[test]
fn math_rounds_to_whole_numbers() {
    check("States.MathAdd(5, -3)", json!({}), json!(2));
    check("States.MathAdd(States.MathAdd($x, 15), $bias)", json!({}), json!(63));
    check("States.MathAdd(1.5, -1.5)", json!({}), json!(1));
    assert!(run("States.MathAdd(2147483648, 1)", json!({})).is_err());
    check_failure("States.MathAdd('1', 1)", json!({}), "Invalid arguments in States.MathAdd");
    assert_eq!(run("States.MathRandom(0, 999, 3)", json!({})), run("States.MathRandom(0, 999, 3)", json!({})));
    assert!(run("States.MathRandom(5, 5)", json!({})).is_err());
}

#[test]
fn string_split_cuts_at_any_of_its_characters() {
    for (text, splitter, expect) in [
        (" ", ",", json!([" "])),
        (", , ,", ",", json!([" ", " "])),
        (",,,,", ",", json!([])),
        ("This.is+a,test=string", ".+,=", json!(["This", "is", "a", "test", "string"])),
        ("split on T and \nnew line", "T\n", json!(["split on ", " and ", "new line"])),
        ("a\u{1f600}b", "\u{1f600}", json!(["a", "b"])),
        ("abc", "", json!(["abc"])),
    ] {
        check("States.StringSplit($.t, $.s)", json!({ "t": text, "s": splitter }), expect);
    }
}

#[test]
fn calls_nest_and_see_every_root() {
    check(
        "States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), States.MathAdd(States.ArrayLength(States.StringSplit($$.StateMachine.Name, '-')), -1))",
        json!({}),
        json!("three"),
    );
    check("States.StringSplit($$.Execution.Input.csv, ',')", json!({}), json!(["a", "b\n", "c"]));
    check("States.Format('{}', $.a[?(@.n == 'x,)')].v)", json!({ "a": [{ "n": "x,)", "v": 1 }] }), json!("[1]"));
    check("States.Array( $.a.length() ,$['b,c'] )", json!({ "a": [1], "b,c": 2 }), json!([1, 2]));
    assert_eq!(run("States.UUID()", json!({})).unwrap().as_str().unwrap().len(), 36);
    let paths = Call::parse("States.Array($.a, States.Array($$.b, $x))").unwrap();
    assert_eq!(paths.paths().iter().map(|path| path.text()).collect::<Vec<_>>(), ["$.a", "$$.b", "$x"]);
}

#[test]
fn a_path_that_finds_nothing_is_a_runtime_failure_that_names_the_whole_call() {
    for (text, named) in [
        ("States.Format('{}', States.Format('{}',$.nope))", "$.nope"),
        ("States.Format('{}', $$.Nope.Deep)", "$.Nope.Deep"),
        ("States.JsonMerge($.nope, $.other, false)", "$.nope"),
    ] {
        let error = run(text, json!({ "other": 1 })).unwrap_err();
        assert_eq!(error.error, "States.Runtime");
        assert_eq!(
            error.cause,
            format!(
                r#"The function '{text}' had the following error: The JsonPath argument for the field '{named}' could not be found in the input '{{"other":1}}'"#
            )
        );
    }
    let error = run("States.Format('{}', $.other[0])", json!({ "other": 1 })).unwrap_err();
    assert_eq!(
        error.cause,
        "The function 'States.Format('{}', $.other[0])' had the following error: Filter: [0] can only be applied to arrays. Current context is: 1"
    );
}

#[test]
fn what_is_not_a_call_is_refused() {
    let deep = format!("{}1{}", "States.Array(".repeat(11), ")".repeat(11));
    for text in [
        "",
        "States",
        "States.",
        "States.Nope()",
        "States.array()",
        "States.Array",
        "States.Array(",
        "States.Array(,)",
        "States.Array(1,)",
        "States.Array('a)",
        "States.Array(a)",
        "States.Array($.)",
        "States.Array() x",
        "States.UUID(1)",
        "States.MathAdd(1)",
        "States.ArrayRange(1, 2)",
        "States.Format()",
        "States.StringSplit('a', 'b')[0]",
        "States.Array(\"a\")",
        &deep,
    ] {
        assert!(Call::parse(text).is_err(), "{text}");
    }
    assert!(Call::parse(&format!("{}1{}", "States.Array(".repeat(10), ")".repeat(10))).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(States[.](Array|Format|MathAdd|UUID)[(]){0,3}[$.a'{}()\\\\, 0-9-]{0,20}") {
        if let Ok(call) = Call::parse(&text) {
            let _ = run(call.text(), json!({ "a": 1 }));
        }
    }

    #[test]
    fn a_text_survives_base64(text in "\\PC{0,40}") {
        prop_assert_eq!(run("States.Base64Decode(States.Base64Encode($.t))", json!({ "t": text })), Ok(json!(text)));
    }

    #[test]
    fn json_survives_its_text(numbers in prop::collection::vec(any::<i64>(), 0..5)) {
        prop_assert_eq!(run("States.StringToJson(States.JsonToString($.n))", json!({ "n": numbers })), Ok(json!(numbers)));
    }

    #[test]
    fn a_random_number_is_within_its_bounds(first in -1000..1000i64, width in 1..1000i64, seed in any::<i64>()) {
        let input = json!({ "a": first, "b": first + width, "s": seed });
        for text in ["States.MathRandom($.a, $.b)", "States.MathRandom($.a, $.b, $.s)"] {
            let drawn = run(text, input.clone()).unwrap().as_i64().unwrap();
            prop_assert!((first..first + width).contains(&drawn));
        }
    }
}
