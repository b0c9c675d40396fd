//! What expressions give, in which words they fail, and that nothing grows or runs without end.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

const NOW_MS: i64 = 1_735_689_600_123;

fn bindings() -> Map<String, Value> {
    let Value::Object(bindings) = json!({
        "states": {
            "input": {
                "n": 5, "s": "abc", "arr": [1, 2, 3], "one": [1], "none": [], "nul": null, "float": 1.0, "third": 0.1,
                "big": 9_223_372_036_854_775_807_i64, "huge": 9_223_372_036_854_775_808_u64, "mixed": [1, "a"],
                "items": [{ "id": "a", "price": 10, "tags": ["x"] }, { "id": "b", "price": 5.5, "tags": ["x", "y"] }],
                "body": "{\"b\":1,\"a\":[2]}", "wide key": { "x y": 1 }
            },
            "context": { "Execution": { "Id": "arn:1" } },
            "result": { "Payload": { "ok": true } }
        },
        "answer": 42,
        "hash": "a variable may have a function's name"
    }) else {
        unreachable!()
    };
    bindings
}

fn run(expression: &str) -> Result<Option<Value>, JsonataError> {
    let mut draws = 0u64;
    evaluate(expression, &bindings(), NOW_MS, &mut || {
        draws += 1;
        draws
    })
}

#[track_caller]
fn check_value(expression: &str, expect: Value) {
    assert_eq!(run(expression), Ok(Some(expect)), "{expression}");
}

#[track_caller]
fn check_nothing(expression: &str) {
    assert_eq!(run(expression), Ok(None), "{expression}");
}

#[track_caller]
fn check_failure(expression: &str, expect: &str) {
    assert_eq!(run(expression).unwrap_err().to_string(), expect, "{expression}");
}

#[test]
fn delimiters_stand_at_the_very_ends() {
    for text in ["{% 1 %}", "{%1%}", "{%%}"] {
        assert!(is_expression(text), "{text}");
    }
    for text in [" {% 1 %} ", "{% 1", "1 %}", "{%}", "a {% 1 %}", ""] {
        assert!(!is_expression(text), "{text}");
    }
    assert_eq!(source("{% $states.input %}"), "$states.input");
    check_value("{% 1 + 1 %}", json!(2));
    check_value("1 + 1", json!(2));
}

#[test]
fn bindings_are_variables() {
    check_value("$answer", json!(42));
    check_value("$states.input.s", json!("abc"));
    check_value("$states.context.Execution.Id", json!("arn:1"));
    check_value("$states.result.Payload.ok", json!(true));
    check_value("$states.input.\"wide key\".\"x y\"", json!(1));
    check_value("$states.input.`wide key`", json!({ "x y": 1 }));
    check_value("$hash", json!("a variable may have a function's name"));
    check_value("$hash & '!'", json!("a variable may have a function's name!"));
    check_nothing("$nothing");
    check_nothing("$states.input.absent");
    check_nothing("$states.input.s.x");
    check_nothing("$states.input.nul.x");
}

#[test]
fn paths_map_over_arrays_and_unwrap_single_results() {
    check_value("$states.input.items.id", json!(["a", "b"]));
    check_value("$states.input.items.tags", json!(["x", "x", "y"]));
    check_value("$states.input.items[price > 6].id", json!("a"));
    check_value("$states.input.items[price > 6].id[]", json!(["a"]));
    check_value("$states.input.items[-1].price", json!(5.5));
    check_value("$states.input.one", json!([1]));
    check_value("$states.input.none", json!([]));
    check_value("$states.input.items.{'k': id}", json!([{ "k": "a" }, { "k": "b" }]));
    check_value("$states.input.items{id: price}", json!({ "a": 10, "b": 5.5 }));
    check_value("$states.input.items^(price).id", json!(["b", "a"]));
    check_value("[$states.input.items.price]", json!([10, 5.5]));
    check_value("$states.input.nul", json!(null));
    check_value("[1, 'two', 3]", json!([1, "two", 3]));
    check_value("$variable := 1", json!(1));
}

#[test]
fn the_language_is_all_there() {
    check_value("($x := 3; $f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f($x))", json!(6));
    check_value("$map([1..3], function($v, $i) { $v * $i })", json!([0, 2, 6]));
    check_value("$filter([1..5], function($v) { $v % 2 = 0 })", json!([2, 4]));
    check_value("$reduce([1..5], function($a, $b) { $a + $b })", json!(15));
    check_value("$states.input.arr ~> $sum", json!(6));
    check_value("[1..3] ~> $map(function($v) { $v + 1 }) ~> $sum()", json!(9));
    check_value("$sum($states.input.items.price) + $answer", json!(57.5));
    check_value("'a' & 1 & true & null & $nothing", json!("a1truenull"));
    check_value("$states.input.n > 3 and $not(false) ? 'yes' : 'no'", json!("yes"));
    check_value("$string({'a': [1, 'x']})", json!("{\"a\":[1,\"x\"]}"));
    check_value("$join(['a', 'b', 'c'], '-')", json!("a-b-c"));
    check_value("['a', 'b'] ~> $join(', ')", json!("a, b"));
    check_value("$join('a')", json!("a"));
    check_value("$join(['a', 'b'])", json!("ab"));
    check_value("$pad('x', 3) & $pad('x', -3, '0') & $pad('xyz', 2)", json!("x  00xxyz"));
    check_value("$pad('a', 6, 'bc')", json!("abcbcb"));
    check_value("$split('a,b;c', /[,;]/)", json!(["a", "b", "c"]));
    check_value("$replace('abracadabra', /a(b)?/, '<$1>')", json!("<b>r<>c<>d<b>r<>"));
    check_value("$replace('aXbX', 'X', '-', 1)", json!("a-bX"));
    check_value("$replace('abc', /b/, function($m) { $uppercase($m.match) })", json!("aBc"));
    check_value("$match('ab12', /([a-z]+)(\\d+)/).groups", json!(["ab", "12"]));
    check_value("$contains('hello$world', /^hello\\$/)", json!(true));
    check_value("$contains('hello$world', /^hello\\ /)", json!(false));
    check_value("$contains('Hello', /hello/i)", json!(true));
    check_value("$merge([{'a': 1}, {'b': 2}])", json!({ "a": 1, "b": 2 }));
    check_value("$zip([1, 2], ['a', 'b'])", json!([[1, "a"], [2, "b"]]));
    check_value("$lookup($states.input, 'n')", json!(5));
    check_value("$exists($states.input.nul) and $type($states.input.nul) = 'null'", json!(true));
    check_value("$count(null)", json!(1));
    check_value("($states.input ~> |items|{'price': price * 2}, ['tags']|).items.price", json!([20, 11]));
    check_value("$sort($states.input.items, function($l, $r) { $l.price > $r.price }).id", json!(["b", "a"]));
    check_value("$base64encode('hello')", json!("aGVsbG8="));
    check_value("$formatNumber(1234.5678, '#,##0.00')", json!("1,234.57"));
}

#[test]
fn whole_numbers_are_written_without_a_fraction() {
    check_value("$states.input.float", json!(1));
    check_value("$states.input.big", json!(9_223_372_036_854_775_807_i64));
    check_value("$states.input.huge", json!(9.223372036854776e18));
    check_value("[$states.input.third, 2.0, 4 / 2, 1e2]", json!([0.1, 2, 2, 100]));
    check_value("$parse('1.0')", json!(1));
    check_value(
        "$string(1e20) & ' ' & $string(1e21) & ' ' & $string(1/3)",
        json!("100000000000000000000 1e+21 0.333333333333333"),
    );
}

#[test]
fn numbers_that_json_cannot_write_are_texts() {
    check_value("1/0", json!("Infinity"));
    check_value("-1/0", json!("-Infinity"));
    check_value("[1/0, 2]", json!(["Infinity", 2]));
    check_value("{'k': 0/0}", json!({ "k": "NaN" }));
    check_value("$parseInteger('abc', '0')", json!("NaN"));
}

#[test]
fn partition_cuts_into_chunks() {
    check_value("$partition([0], 3)", json!([[0]]));
    check_value("$partition([0, 1, 2], 2)", json!([[0, 1], [2]]));
    check_value("$partition([1, 2, 3])", json!([[1, 2, 3]]));
    check_value("$partition([1, 2, 3, 4, 5], 2.9)", json!([[1, 2], [3, 4], [5]]));
    check_value("$partition($states.input.arr, 1)", json!([[1], [2], [3]]));
    for nothing in ["$partition([], 2)", "$partition([1], 0)", "$partition($nothing, 1)", "$partition([1, 2], -0.5)"] {
        check_nothing(nothing);
    }
    check_failure("$partition([1], -1)", "D3137: Second argument must be zero or greater");
    assert_eq!(run("$partition(null, 2)").unwrap_err().code(), Some("T0412"));
    check_failure(
        "$partition([1], 2, 3)",
        "T0410: Argument 3 of function \"partition\" does not match function signature",
    );
}

#[test]
fn range_counts_both_ways() {
    check_value("$range(0, 10, 2)", json!([0, 2, 4, 6, 8, 10]));
    check_value("$range(5, 1, -1.5)", json!([5, 4, 3, 2, 1]));
    check_value("$range(-1.7, 2, 1)", json!([-1, 0, 1, 2]));
    check_value("$range(3, 3, 1)", json!([3]));
    check_value("$range(1, 9, 9)", json!([1]));
    check_value("$count($range(1, 360145, 1))", json!(360_145));
    for nothing in ["$range(1, 5)", "$range(1, 5, 0)", "$range(5, 1, 1)"] {
        check_nothing(nothing);
    }
    check_failure("$range(1)", "T0410: Argument 2 of function \"range\" does not match function signature");
    check_failure("$range(1, 360146, 1)", TOO_LARGE);
    check_failure("$range(1, 1000000000000, 1)", TOO_LARGE);
}

#[test]
fn hash_and_parse_are_strict() {
    let run = |text: &str| evaluate(text, &Map::new(), 0, &mut || 0);
    assert_eq!(run("$hash('input data', 'SHA-1')"), Ok(Some(json!("aaff4a450a104cd177d28d18d74485e8cae074b7"))));
    assert_eq!(run("$hash('x')"), Ok(None));
    assert_eq!(run("$hash('x', 'md5')").unwrap_err().code(), Some("D3137"));
    assert_eq!(run("$hash(1, 'MD5')").unwrap_err().code(), Some("T0410"));
    check_value("$parse($states.input.body)", json!({ "b": 1, "a": [2] }));
    check_value("$parse($states.input.body).a", json!([2]));
    check_value("$map(['{\"a\":1}', '{\"a\":2}'], $parse).a", json!([1, 2]));
    check_value("$parse('null')", json!(null));
    check_nothing("$parse()");
    for text in ["''", "'  '", "'{\"a\":1}{}'", "'{\"a\":1,\"a\":2}'", "'1e400'", "'nope'"] {
        check_failure(&format!("$parse({text})"), "D3137: Invalid JSON");
    }
    check_failure("$parse(null)", "T0410: Argument 1 of function \"parse\" does not match function signature");
}

#[test]
fn time_and_chance_come_from_the_caller() {
    check_value("$now()", json!("2025-01-01T00:00:00.123Z"));
    check_value("$now('[Y0001]-[M01]-[D01]')", json!("2025-01-01"));
    check_value("$now('[H01]:[m01]', '+0130')", json!("01:30"));
    check_value("$millis()", json!(NOW_MS));
    check_value("$toMillis($now()) = $millis()", json!(true));
    check_value("$random(42)", json!(0.7275636800328681));
    check_value("$random(0.9) = $random(0)", json!(true));
    check_value("$random() < 1 and $random() >= 0 and $random() != $random()", json!(true));
    check_value("$uuid() != $uuid() and $length($uuid()) = 36", json!(true));
    check_value("$sort($shuffle([3, 1, 2]))", json!([1, 2, 3]));
    check_failure("$uuid('x')", "T0410: Argument 1 of function \"uuid\" does not match function signature");
    assert_eq!(
        run("$uuid() & $random() & $string($shuffle([1..9]))"),
        run("$uuid() & $random() & $string($shuffle([1..9]))")
    );
}

#[test]
fn chance_is_drawn_only_by_those_who_need_it() {
    let mut draws = 0;
    let _ = evaluate("$sum([1, 2])", &Map::new(), 0, &mut || {
        draws += 1;
        0
    });
    assert_eq!(draws, 0);
}

#[test]
fn failures_have_the_codes_and_sentences_of_the_reference() {
    for (expression, expect) in [
        ("1 + 'a'", "T2002: The right side of the \"+\" operator must evaluate to a number"),
        ("'a' * 1", "T2001: The left side of the \"*\" operator must evaluate to a number"),
        ("1 < 'a'", "T2009: The values 1 and \"a\" either side of operator \"<\" must be of the same data type"),
        (
            "(2 > 1) and 'a' >= 1",
            "T2009: The values \"a\" and 1 either side of operator \">=\" must be of the same data type",
        ),
        ("{} < 1", "T2010: The expressions either side of operator \"<\" must evaluate to numeric or string values"),
        ("$randomSeeded($states.input.s)", "T1006: Attempted to invoke a non-function"),
        ("$eval('1+1')", "T1006: Attempted to invoke a non-function"),
        ("sum(1)", "T1005: Attempted to invoke a non-function. Did you mean $sum?"),
        ("$sum(['a'])", "T0412: Argument 1 of function \"sum\" must be an array of \"numbers\""),
        ("1 + $sum($map(['a'], $uppercase))", "T0412: Argument 1 of function \"sum\" must be an array of \"numbers\""),
        ("$uppercase(1)", "T0410: Argument 1 of function \"uppercase\" does not match function signature"),
        ("$append(1)", "T0410: Argument 2 of function \"append\" does not match function signature"),
        ("$join([1, 2])", "T0412: Argument 1 of function \"join\" must be an array of \"strings\""),
        ("$each('x', function($v) {$v})", "T0410: Argument 1 of function \"each\" does not match function signature"),
        (
            "($f := function($a)<n:n> {$a}; $f('x'))",
            "T0410: Argument 1 of function \"f\" does not match function signature",
        ),
        ("$number('abc')", "D3030: Unable to cast value to a number: \"abc\""),
        ("$split('a', 'b', -1)", "D3020: Third argument of split function must evaluate to a positive number"),
        ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
        (
            "$reduce([1, 2], function($a) {$a})",
            "D3050: The second argument of reduce function must be a function with at least two arguments",
        ),
        (
            "$single([1, 2], function($x) {true})",
            "D3138: The $single() function expected exactly 1 matching result.  Instead it matched more.",
        ),
        ("$replace('a', '', 'b')", "D3010: Second argument of replace function cannot be an empty string"),
        (
            "$formatNumber(1, 'x')",
            "D3086: The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
        ),
        ("$error('boom')", "D3137: boom"),
        ("$assert(false, 'no')", "D3141: no"),
        ("[1..'a']", "T2004: The right side of the range operator (..) must evaluate to an integer"),
        ("{1: 2}", "T1003: Key in object structure must evaluate to a string; got: 1"),
        ("'a' ~> 1", "T2006: The right side of the function application operator ~> must be a function"),
    ] {
        check_failure(expression, expect);
    }
}

#[test]
fn operators_of_later_versions_are_refused() {
    check_failure("$states.input.nul ?? 1", "S0211: The symbol \"?\" cannot be used as a unary operator");
    check_failure("[$states.input.n ?: 1]", "S0211: The symbol \":\" cannot be used as a unary operator");
    check_value("$states.input.n ? 1 : 2", json!(1));
}

#[test]
fn a_function_is_not_a_result() {
    for expression in ["$fn := function($x){$x}", "$sum", "{'a': function($x){$x}}", "[$parse]", "/a/"] {
        assert_eq!(run(expression), Err(JsonataError::Unsupported), "{expression}");
    }
}

#[test]
fn a_field_names_its_expression_and_its_place() {
    let fail = |template: Value| evaluate_template(&template, "Output", &bindings(), NOW_MS, &mut || 0).unwrap_err();
    for (template, place, tail) in [
        (
            json!({ "result": "{% $doesNotExist %}" }),
            "Output/result",
            "The JSONata expression '$doesNotExist' specified for the field 'Output/result' returned nothing (undefined).",
        ),
        (
            json!("{% $nope %}"),
            "Output",
            "The JSONata expression '$nope' specified for the field 'Output' returned nothing (undefined).",
        ),
        (
            json!({ "a": { "b": [[1, "{% $nope %}"]] } }),
            "Output/a/b[0][1]",
            "The JSONata expression '$nope' specified for the field 'Output/a/b[0][1]' returned nothing (undefined).",
        ),
        (
            json!({ "FunctionResult": "{% $randomSeeded($states.input.n) %}" }),
            "Output/FunctionResult",
            "The JSONata expression '$randomSeeded($states.input.n)' specified for the field 'Output/FunctionResult' threw an error during evaluation. T1006: Attempted to invoke a non-function",
        ),
        (
            json!({ "f": "{% $fn := function($x){$x} %}" }),
            "Output/f",
            "The JSONata expression '$fn := function($x){$x}' specified for the field 'Output/f' returned an unsupported result type.",
        ),
        (
            json!({ "v": "{% $range(1, 360146, 1) %}" }),
            "Output/v",
            "The JSONata expression '$range(1, 360146, 1)' specified for the field 'Output/v' threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage",
        ),
    ] {
        let error = fail(template);
        assert_eq!(error.error, "States.QueryEvaluationError");
        assert_eq!(error.location.as_deref(), Some(place));
        assert_eq!(error.cause, tail);
    }
    let error = unexpected_type("{% {'foo': 'bar'} %}", "Items", "array", &json!({ "foo": "bar" }));
    assert_eq!(
        error.cause,
        "The JSONata expression '{'foo': 'bar'}' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {\"foo\":\"bar\"}"
    );
}

#[test]
fn a_template_keeps_what_is_not_an_expression() {
    let template = json!([null, 0, 0.1, true, "string", [], "$nosuchvar", " {% $states %} ", "{% $states.input.n %}", { "k.$": "{% true %}", "e": {} }]);
    let expect =
        json!([null, 0, 0.1, true, "string", [], "$nosuchvar", " {% $states %} ", 5, { "k.$": true, "e": {} }]);
    assert_eq!(evaluate_template(&template, "Output", &bindings(), NOW_MS, &mut || 0), Ok(expect));
}

#[test]
fn problems_are_found_before_running() {
    for (expression, code, message) in [
        ("a[1,2)", "INVALID_JSONATA_EXPRESSION", "Expected \"]\", got \",\""),
        ("\"unterminated", "INVALID_JSONATA_EXPRESSION", "String literal must be terminated by a matching quote"),
        ("1 +", "INVALID_JSONATA_EXPRESSION", "Unexpected end of expression"),
        ("{\"a\":}", "INVALID_JSONATA_EXPRESSION", "The symbol \"}\" cannot be used as a unary operator"),
        ("$x :=", "INVALID_JSONATA_EXPRESSION", "Unexpected end of expression"),
        ("$match(\"a\", /abc", "INVALID_JSONATA_EXPRESSION", "No terminating / in regular expression"),
        ("(1", "INVALID_JSONATA_EXPRESSION", "Expected \")\" before end of expression"),
        ("1 2", "INVALID_JSONATA_EXPRESSION", "Syntax error: \"2.0\""),
        ("$$", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$$' is not supported."),
        ("phone", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to 'phone' at the top level is not supported."),
        ("phone.home", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to 'phone' at the top level is not supported."),
        (
            "$map($states.input.a, function($x){ b })",
            "UNSUPPORTED_JSONATA_EXPRESSION",
            "Reference to 'b' at the top level is not supported.",
        ),
        ("$", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$' at the top level is not supported."),
    ] {
        let found = problems(&json!({ "a/b": [format!("{{% {expression} %}}")] }));
        assert_eq!(found, [Problem { pointer: "/a~1b/0".into(), code, message: message.into() }], "{expression}");
    }
    for expression in [
        "$states.input.items[value > 3]",
        "$states.input.a{b: c}",
        "$states.input.a^(b).c",
        "$states.input.a.(b & $)",
        "$x.*",
        "$f(1)",
    ] {
        assert_eq!(check(&json!(format!("{{% {expression} %}}"))), [], "{expression}");
    }
    assert_eq!(check(&json!({ "plain": "phone", "n": 1 })), []);
    assert_eq!(variables(&json!(["{% $a + $b.c %}", { "x": "{% $map($a, $f) %}" }])), ["a", "b", "f"]);
}

#[test]
fn nesting_ends_where_step_functions_ends_it() {
    let recursion = |depth: u32| format!("($f := function($x){{ $x <= 0 ? 0 : 1 + $f($x-1) }}; $f({depth}))");
    check_value(&recursion(31), json!(31));
    check_value(&format!("1{}", "+1".repeat(99)), json!(100));
    check_value(&format!("{}1{}", "(".repeat(99), ")".repeat(99)), json!(1));
    check_value(&format!("1{}", "~>$string".repeat(99)), json!("1"));
    check_value(&format!("'a'{}", " & 'a'".repeat(98)), json!("a".repeat(99)));
    for expression in [
        recursion(60),
        recursion(1_000_000),
        format!("1{}", "+1".repeat(200)),
        format!("{}1{}", "(".repeat(200), ")".repeat(200)),
    ] {
        check_failure(&expression, TOO_DEEP);
    }
    check_failure(&format!("{}1{}", "(".repeat(50_000), ")".repeat(50_000)), TOO_DEEP);
    check_failure(&format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000)), TOO_DEEP);
}

#[test]
fn a_loop_without_an_end_is_ended() {
    let bindings = Map::new();
    let scope = Scope { timeout_ms: 20, ..Scope::new(&bindings, 0) };
    let result = scope.evaluate("($f := function($x){ $f($x + 1) }; $f(1))", &mut || 0);
    assert_eq!(result.unwrap_err().to_string(), TOO_LONG);
}

#[test]
fn values_do_not_grow_without_end() {
    check_value("[1..873782] ~> $count()", json!(873_782));
    check_value(
        "($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f('x', 22)))",
        json!(4_194_304),
    );
    for expression in [
        "[1..873783] ~> $count()",
        "$sum([1..900000])",
        "[1..100000000]",
        "($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f('x', 40)))",
        "$reduce([1..60], function($p, $c){ $p & $p }, 'x')",
        "$reduce([1..60], function($p, $c){ [$p, $p] }, 1)",
        "$reduce([1..60], function($p, $c){ {'a': $p, 'b': $p} }, 1)",
        "$reduce([1..60], function($p, $c){ $append($p, [$p]) }, [1])",
        "$reduce([1..60], function($p, $c){ $zip($p, $p) }, [1, 2])",
        "$reduce([1..60], function($p, $c){ $append($p, $p) }, [1])",
        "$reduce([1..60], function($p, $c){ $join([$p, $p]) }, 'x')",
        "$reduce([1..60], function($p, $c){ [$p, $p] ~> $join('-') }, 'x')",
        "$replace($pad('x', 1000000, 'x'), 'x', $pad('y', 1000000))",
        "$pad('x', 1000000000000)",
        "$join($map([1..100000], function($v){ $pad('x', 1000000) }))",
        "($x := $pad('x', 1000000); $count([1..100000].($x & 'y')))",
        "$string($map([1..1000], function($v){ $pad('x', 1000000) }))",
        "$map([1..1000], function($v){ $pad('x', 1000000) })",
        "('x' & $map([1..1000], function($v){ $pad('x', 1000000) }))",
    ] {
        check_failure(expression, TOO_LARGE);
    }
    // A loop that keeps nothing may make as many texts as it likes.
    check_value("$length($reduce([1..2000], function($p, $c){ $p & 'xxxxxxxxxx' }, ''))", json!(20_000));
    check_failure("$reduce([1..500], function($p, $c){ {'a': $p} }, 1)", TOO_DEEP);
}

proptest! {
    #[test]
    fn any_text_is_evaluated_or_refused(text in "[$a-c0-3 .,:;?&|~^%*+<>=!@#'\"`/\\\\()\\[\\]{}-]{0,24}") {
        let _ = run(&text);
        let _ = problems(&json!(format!("{{%{text}%}}")));
    }

    #[test]
    fn json_is_an_expression_that_gives_itself(numbers in prop::collection::vec(-1000i64..1000, 2..5), text in "[a-z \\\\\"\u{e9}]{0,8}") {
        let value = json!({ "n": numbers, "t": text, "deep": [{ "x": null }, [true, 0.5]] });
        prop_assert_eq!(run(&value.to_string()), Ok(Some(value)));
    }

    #[test]
    fn a_lookup_without_the_engine_gives_what_the_engine_gives(path in prop::collection::vec(prop::sample::select(vec!["n", "s", "arr", "one", "none", "nul", "items", "id", "mixed", "tags"]), 1..4)) {
        let plain = path.iter().fold(String::from("$states.input"), |text, name| format!("{text}.{name}"));
        // Parentheses keep the expression from being taken for a plain path.
        prop_assert_eq!(run(&plain), run(&format!("({plain})")), "{}", plain);
    }
}
