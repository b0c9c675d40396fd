//! What paths find, what they refuse, and that they agree with another implementation where the dialects overlap.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn store() -> Value {
    json!({
        "store": {
            "book": [
                { "category": "reference", "title": "Sayings", "price": 8.95 },
                { "category": "fiction", "title": "Sword", "price": 12.99 },
                { "category": "fiction", "title": "Moby", "isbn": "0-553", "price": 8.99 },
                { "category": "fiction", "title": "Rings", "isbn": "0-395", "price": 22 }
            ],
            "bicycle": { "color": "red", "price": 19.95 }
        },
        "expensive": 10,
        "k-d": 1,
        "&Ж中": "wide",
        "a.b": "dot",
        "nothing": null,
        "numbers": [3, 1, 2],
        "mixed": [1, 1.0, "1", true, null, [1], {}]
    })
}

fn run(path: &str, input: &Value) -> Result<Value, PathError> {
    let context = json!({ "Execution": { "Id": "arn:1" } });
    let Value::Object(variables) = json!({ "limit": 9, "obj": { "list": [4, 5, 6] } }) else { unreachable!() };
    select(&Path::parse(path).unwrap(), &Env { input, context: &context, variables: &variables })
}

#[track_caller]
fn check(path: &str, expect: Value) {
    assert_eq!(run(path, &store()), Ok(expect), "{path}");
}

#[track_caller]
fn check_error(path: &str, input: Value, expect: &str) {
    let error = run(path, &input).unwrap_err();
    assert_eq!(error.invalid_path(&Path::parse(path).unwrap()), expect);
}

#[track_caller]
fn check_refused(path: &str) {
    assert!(Path::parse(path).is_err(), "{path} was read as {:?}", Path::parse(path));
}

#[test]
fn definite_paths_give_the_value_as_it_stands() {
    check("$.expensive", json!(10));
    check("$.store.book[0].price", json!(8.95));
    check("$['store']['bicycle'].color", json!("red"));
    check("$[\"store\"].bicycle[\"color\"]", json!("red"));
    check("$.store.book[(@.length-1)].price", json!(22));
    check("$.store.book[( @.length - 2 )].title", json!("Moby"));
    check("$.nothing", json!(null));
    check("$", store());
    check("$.['expensive']", json!(10));
    check("$.store.book[ 1 ].title", json!("Sword"));
}

#[test]
fn roots_are_the_input_the_context_and_the_variables() {
    check("$$.Execution.Id", json!("arn:1"));
    check("$$", json!({ "Execution": { "Id": "arn:1" } }));
    check("$limit", json!(9));
    check("$obj.list[1]", json!(5));
    check("$obj['list'][0:2]", json!([4, 5]));
    assert_eq!(run("$missing.a", &json!({})), Err(PathError::Unassigned { name: "missing".into() }));
}

#[test]
fn names_may_be_hyphenated_wide_escaped_or_quoted() {
    check("$.k-d", json!(1));
    check("$.&Ж中", json!("wide"));
    check(r"$.a\.b", json!("dot"));
    check("$['a.b']", json!("dot"));
    check(r"$.\exp\ensive", json!(10));
}

#[test]
fn a_backslash_in_brackets_shields_only_the_quote() {
    let input = json!({ r#"Test\""Name""#: 1, "it's": 2, r"back\slash": 3 });
    assert_eq!(run(r#"$['Test\""Name"']"#, &input), Ok(json!(1)));
    assert_eq!(run(r"$['it\'s']", &input), Ok(json!(2)));
    assert_eq!(run(r#"$["it's"]"#, &input), Ok(json!(2)));
    assert_eq!(run(r"$['back\slash']", &input), Ok(json!(3)));
}

#[test]
fn several_names_make_an_object_of_those_that_are_there() {
    check("$.store.bicycle['color','price']", json!({ "color": "red", "price": 19.95 }));
    check("$[\"expensive\", \"absent\"]", json!({ "expensive": 10 }));
    check(
        "$.store.book[*]['price','isbn']",
        json!([{ "price": 8.95 }, { "price": 12.99 }, { "price": 8.99, "isbn": "0-553" }, { "price": 22, "isbn": "0-395" }]),
    );
    check_error(
        "$['a', 'b'].v",
        json!({ "a": { "v": 1 }, "b": { "v": 2 } }),
        "Invalid path '$['a', 'b'].v' : Multi properties can only be used as path leafs: $['a', 'b']",
    );
}

#[test]
fn indices_and_slices_count_from_both_ends() {
    check("$.numbers[0,2]", json!([3, 2]));
    check("$.numbers[0,9]", json!([3]));
    check("$.numbers[1:]", json!([1, 2]));
    check("$.numbers[:2]", json!([3, 1]));
    check("$.numbers[0:2]", json!([3, 1]));
    check("$.numbers[-2:]", json!([1, 2]));
    check("$.numbers[:-1]", json!([3, 1]));
    check("$.numbers[-3:-1]", json!([3, 1]));
    check("$.numbers[0:-1]", json!([]));
    check("$.numbers[-9:]", json!([3, 1, 2]));
    check("$.numbers[5:9]", json!([]));
    check("$.numbers[*]", json!([3, 1, 2]));
}

#[test]
fn wildcards_and_descents_go_in_document_order() {
    check("$.store.book[*].title", json!(["Sayings", "Sword", "Moby", "Rings"]));
    check("$.store.bicycle.*", json!(["red", 19.95]));
    check("$..price", json!([8.95, 12.99, 8.99, 22, 19.95]));
    check("$..book[0].title", json!(["Sayings"]));
    check("$.store..isbn", json!(["0-553", "0-395"]));
    check("$..book[2:].title", json!(["Moby", "Rings"]));
    check("$.store.bicycle..*", json!(["red", 19.95]));
    check("$.*.color", json!([]));
    check("$..[?(@.isbn)].title", json!(["Moby", "Rings"]));
}

#[test]
fn a_path_that_may_find_several_finds_none_without_failing() {
    for path in [
        "$.item.items[*]",
        "$.item.items[1:5].v",
        "$.items[:1].v",
        "$..absent",
        "$.absent[?(@.a)]",
        "$.numbers[*].a",
        "$.nothing[*]",
    ] {
        check(path, json!([]));
    }
}

#[test]
fn conditions_compare_values_of_one_type() {
    check("$.store.book[?(@.price < 10)].title", json!(["Sayings", "Moby"]));
    check("$.store.book[?(@.price<$.expensive)].title", json!(["Sayings", "Moby"]));
    check("$.store.book[?(@.price<$limit)].title", json!(["Sayings", "Moby"]));
    check("$.store.book[?(@.category == 'fiction' && @.price > 12.5)].title", json!(["Sword", "Rings"]));
    check("$.store.book[?(@.category == \"reference\" || @.price >= 22.0)].title", json!(["Sayings", "Rings"]));
    check("$.store.book[?(@.isbn)].title", json!(["Moby", "Rings"]));
    check("$.store.book[?(!@.isbn)].title", json!(["Sayings", "Sword"]));
    check("$.store.book[?(!(@.price < 10) && @['isbn'])].title", json!(["Rings"]));
    check("$.mixed[?(@ == 1)]", json!([]));
    check("$.mixed[?(@ != 1)]", json!([[1], {}]));
    check("$.mixed[?(!@.a)]", json!([[1], {}]));
    check("$.store.book[?(@.isbn != '0-553')].title", json!(["Sayings", "Sword", "Rings"]));
    check("$.store.book[?(@.isbn == null)]", json!([]));
    check("$.store.bicycle[?(@.color == 'red')].price", json!([19.95]));
}

#[test]
fn conditions_know_lists_patterns_and_sizes() {
    check("$.store.book[?(@.title in ['Moby', \"Rings\"])].price", json!([8.99, 22]));
    check("$.store.book[?(@.title nin ['Moby','Rings'])].price", json!([8.95, 12.99]));
    check("$.store.book[?('Moby' == @.title)].price", json!([8.99]));
    check("$.store.book[?(@.title =~ /s.*/i)].title", json!(["Sayings", "Sword"]));
    check("$.store.book[?(@.title =~ /S/)].title", json!([]));
    check(r"$.store.book[?(@.isbn =~ /0-\d+/)].title", json!(["Moby", "Rings"]));
    check(r"$.store.book[?(@.isbn =~ /0\/1/)].title", json!([]));
    check("$.store[?(@.bicycle)].expensive", json!([]));
    check("$[?(@.numbers size 3)].expensive", json!([10]));
    check("$[?(@.numbers contains 2)].expensive", json!([10]));
    check("$[?(@.numbers anyof [2, 7])].expensive", json!([10]));
    check("$[?(@.numbers subsetof [1,2,3,4])].expensive", json!([10]));
    check("$[?(@.numbers noneof [7])].expensive", json!([10]));
    check("$[?(@.numbers empty false)].expensive", json!([10]));
    check("$[?(@.store.bicycle.color in [])].expensive", json!([]));
}

#[test]
fn a_function_may_end_a_path() {
    check("$.numbers.length()", json!(3));
    check("$.store.book[*].length()", json!(4));
    check("$.store.length()", json!(2));
    check("$.expensive.length()", json!(null));
    for unknown in ["sum", "min", "keys"] {
        let (path, member) = (format!("$.a.{unknown}()"), format!("['{unknown}()']"));
        let told = format!("Invalid path '{path}' : Property {member} not found in path $['a']");
        check_error(&path, json!({ "a": [1] }), &told);
    }
    check_refused("$.a.concat('-', $.b)");
}

#[test]
fn what_is_not_found_is_named_as_step_functions_names_it() {
    check_error(
        "$.NoSuchInputPath",
        json!({ "int-literal": 0 }),
        "Invalid path '$.NoSuchInputPath' : No results for path: $['NoSuchInputPath']",
    );
    check_error("$.a.b.c", json!({ "a": {} }), "Invalid path '$.a.b.c' : Missing property in path $['a']['b']");
    check_error("$.a[3]", json!({ "a": [1] }), "Invalid path '$.a[3]' : No results for path: $['a'][3]");
    check_error("$.a[-1]", json!({ "a": [1] }), "Invalid path '$.a[-1]' : No results for path: $['a'][-1]");
    check_error("$.a.b", json!({ "a": 1 }), "Invalid path '$.a.b' : Property ['b'] not found in path $['a']");
    check_error(
        "$.other[0]",
        json!({ "other": 1 }),
        "Invalid path '$.other[0]' : Filter: [0] can only be applied to arrays. Current context is: 1",
    );
    check_error("$.a", json!(null), "Unable to apply Path transformation to null or empty input.");
}

#[test]
fn only_an_index_past_the_end_is_marked_as_such() {
    for (path, expect) in [("$.a[5]", true), ("$.a", false), ("$.a[5].b", false), ("$.b[0]", false)] {
        let input = if path == "$.a" { json!({}) } else { json!({ "a": [1] }) };
        assert!(matches!(run(path, &input), Err(PathError::Missing { past_end, .. }) if past_end == expect), "{path}");
    }
}

#[test]
fn texts_that_are_not_paths_are_refused() {
    for path in [
        "",
        "a",
        ".a",
        "$.",
        "$..",
        "$a.",
        "$.a b",
        "$.a[",
        "$.a[]",
        "$.a[b]",
        "$.a['b'",
        "$.a['b',]",
        "$.a[1,]",
        "$.a[:]",
        "$.a[1:2:3]",
        "$.a]",
        "$.a)",
        "$.a,b",
        "$.a.nope(1)",
        "$.a[(@.length)]",
        "$.a[(@.length-1]",
        "$.a[(1)]",
        "$.a.length().b",
        "$..length()",
        "$[?(@.a",
        "$[?()]",
        "$[?(@.a == )]",
        "$[?(@.a =~ 'x')]",
        "$[?(@.a =~ /(/)]",
        "$[?(1)]",
        "$[?(@.a == nope)]",
        "$.a[99999999999999999999]",
        "$.a\\",
        "$ .a",
    ] {
        check_refused(path);
    }
    check_refused(&format!("$[?({}@.a{})]", "(".repeat(5000), ")".repeat(5000)));
    check_refused(&format!("$[?(@.a in {}{})]", "[".repeat(5000), "]".repeat(5000)));
    check_refused(&format!("$.{}", "a".repeat(20_000)));
}

#[test]
fn a_path_knows_its_shape() {
    for (path, definite) in [
        ("$.a[0].b", true),
        ("$['a','b']", true),
        ("$.a[0,1]", false),
        ("$.a[*]", false),
        ("$..a", false),
        ("$..a.length()", true),
    ] {
        assert_eq!(Path::parse(path).unwrap().is_definite(), definite, "{path}");
    }
    assert_eq!(Path::parse("$name.a").unwrap().variable(), Some("name"));
    assert!(Path::parse("$$.a").unwrap().is_context());
    assert_eq!(Path::parse(" $.a ").unwrap().text(), " $.a ");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-3..4i64).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(("[abc]", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Paths that both dialects read alike: no filter over objects, no `..` before brackets, no slice between mixed signs.
fn common_path() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        4 => "[.][abc]",
        2 => "\\['[abc]'\\]",
        2 => "\\[[0-2]\\]",
        1 => "\\[[(]@[.]length-[1-3][)]\\]",
        1 => "\\[[0-2]:[0-3]\\]",
        1 => "\\[-?[1-2]:\\]",
        1 => Just(String::from("[*]")),
        1 => Just(String::from(".*")),
        1 => "[.][.][abc]",
    ];
    prop::collection::vec(step, 0..4).prop_map(|steps| format!("${}", steps.concat()))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = Path::parse(&text);
    }

    #[test]
    fn any_text_that_looks_like_a_path_is_read_or_refused(text in "[$][$.a-c\\[\\]'\"()?@=<>!&|~/*:,0-9 \\\\-]{0,30}") {
        if let Ok(path) = Path::parse(&text) {
            let _ = run(path.text(), &store());
        }
    }

    #[test]
    fn a_path_written_in_brackets_reads_as_the_same_steps(path in common_path()) {
        let parsed = Path::parse(&path).unwrap();
        if !parsed.steps.contains(&Step::Descend) {
            prop_assert_eq!(Path::parse(&walk::written(&parsed.steps)).unwrap().steps, parsed.steps);
        }
    }

    #[test]
    fn both_implementations_find_the_same(path in common_path(), value in any_value()) {
        // The other counts from the end by a negative index.
        let other = path.replace("(@.length", "").replace(")]", "]");
        let theirs: Vec<Value> = serde_json_path::JsonPath::parse(&other).unwrap().query(&value).all().into_iter().cloned().collect();
        let parsed = Path::parse(&path).unwrap();
        let ours = match run(&path, &value) {
            Ok(Value::Array(found)) if !parsed.is_definite() => found,
            Ok(found) => vec![found],
            Err(error) => {
                prop_assert!(error.is_missing());
                Vec::new()
            }
        };
        prop_assert_eq!(ours, theirs, "{}", path);
    }

    #[test]
    fn both_implementations_filter_alike(limit in -3..4i64, items in prop::collection::vec(any_value(), 0..6)) {
        let value = Value::Array(items);
        for path in [format!("$[?(@.a > {limit})]"), format!("$[?(@.a == {limit} || @.b)]"), String::from("$[?(@.a == 'a' && !@.b)]")] {
            let theirs: Vec<Value> = serde_json_path::JsonPath::parse(&path).unwrap().query(&value).all().into_iter().cloned().collect();
            prop_assert_eq!(run(&path, &value), Ok(Value::Array(theirs)), "{}", path);
        }
    }
}
