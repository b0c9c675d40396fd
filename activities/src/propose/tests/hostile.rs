//! Answers, inputs and observations that nobody would write: none panics, none gets past a check.

use proptest::prelude::*;

use super::*;

/// Any JSON, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec!["propose_action", "E1", "LOW", "tool_use", "lambda_update_timeout", example::NODE])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let name = prop::sample::select(vec![
            "toolUse",
            "toolUseId",
            "name",
            "input",
            "action",
            "parameters",
            "timeout",
            "target",
            "evidence",
            "cause",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..5)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_answer_makes_it_panic_or_execute_what_was_not_checked(content in prop::collection::vec(any_json(), 0..3), stop in "[a-z_]{0,12}|tool_use") {
        let mut any = answer("propose_action", input());
        any["content"] = Value::Array(content);
        any["stop_reason"] = json!(stop);
        let outcome = ask(any, example::observed());
        let is_nothing = matches!(outcome, ProposeAnswer::NoProposal { .. });
        prop_assert!(is_nothing, "{outcome:?}");
    }

    #[test]
    fn no_input_makes_it_panic(pointer in prop::sample::select(vec!["/cause", "/evidence", "/target", "/action", "/action/name", "/action/parameters", "/risk"]), value in any_json()) {
        if let ProposeAnswer::Proposal { proposal, .. } = ask(with(pointer, value), example::observed()) {
            prop_assert_eq!(proposal.action, "lambda_update_timeout");
            prop_assert!(proposal.risk.level >= RiskLevel::Low);
        }
    }

    #[test]
    fn no_observation_makes_it_panic_or_lose_the_layers(id in prop::sample::select(vec!["topology", "governance", "constraints", "configuration", "precedents"]), value in any_json()) {
        let answered = ask(answer("propose_action", input()), observed_with(id, value));
        let lost = id == "governance" || id == "constraints" || id == "topology";
        prop_assert!(!(lost && matches!(answered, ProposeAnswer::Proposal { .. })), "{id}");
    }
}
