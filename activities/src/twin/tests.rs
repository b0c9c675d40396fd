//! The twin as a whole, on the shop's state as Terraform wrote it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::action::ActionName;

const SHOP: &[u8] = include_bytes!("../../../replay-tests/fixtures/shop/terraform.tfstate");
const GOVERNANCE: &str = include_str!("../../../replay-tests/fixtures/shop/governance.json");
const CONSTRAINTS: &str = include_str!("../../../replay-tests/fixtures/shop/constraints.json");
const ORDERS: &str = "module.orders.aws_lambda_function.this";
const DATABASE: &str = "module.database.aws_db_instance.this";

fn shop_object() -> TopologyObject {
    TopologyObject::of(State::parse(SHOP).unwrap(), "shop")
}

/// The stored form as text, as far as it is one.
fn stored(object: &TopologyObject) -> String {
    let mut bytes = Vec::new();
    object.write_to(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn shop() -> Topology {
    Topology::merge(vec![shop_object()]).unwrap()
}

/// A topology object of a state with these resources, each as address, attributes and dependencies.
fn object(source: &str, resources: &[(&str, Value, &[&str])]) -> TopologyObject {
    let resources: Vec<Value> = resources
        .iter()
        .map(|(address, attributes, dependencies)| {
            let (resource_type, name) = address.split_once('.').unwrap();
            json!({"mode": "managed", "type": resource_type, "name": name, "instances": [{"attributes": attributes, "dependencies": dependencies}]})
        })
        .collect();
    let file = json!({"version": 4, "serial": 1, "lineage": source, "resources": resources});
    TopologyObject::of(State::parse(file.to_string().as_bytes()).unwrap(), source)
}

#[track_caller]
fn check_edges(topology: &Topology, expect: &[(&str, Relation, &str)]) {
    for (from, relation, to) in expect {
        let edge = Edge { from: NodeId::new(from), to: NodeId::new(to), relation: *relation };
        assert!(
            topology.edges().any(|found| found == edge),
            "{from} {relation} {to} in {:#?}",
            topology.edges_of(from)
        );
    }
}

#[track_caller]
fn check_resolves(namespace: &str, dimensions: &[(&str, &str)], expect: Result<&str, &str>) {
    let dimensions: BTreeMap<String, String> =
        dimensions.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    match (shop().resolve(namespace, &dimensions), expect) {
        (Resolution::Node(id), Ok(expect)) => assert_eq!(id.as_str(), expect),
        (Resolution::NotInTwin { what }, Err(expect)) => assert_eq!(what, expect),
        (found, _) => panic!("{found}"),
    }
}

/// The ids of what breaks with a node, in alphabetical order.
fn broken_with(topology: &Topology, id: &str) -> Vec<String> {
    let mut ids: Vec<String> = topology.blast_radius(id).iter().map(|reached| reached.id.to_string()).collect();
    ids.sort();
    ids
}

#[test]
fn every_managed_instance_is_a_node_and_nothing_else_is() {
    let state = State::parse(SHOP).unwrap();
    assert_eq!(state.left_out, LeftOut { data_sources: 12, deposed: 1 });
    let shop = shop();
    assert_eq!(shop.len(), 85);
    assert!(shop.node(r#"module.worker["mailer"].aws_lambda_function.this"#).is_some());
    assert!(shop.node("module.network.aws_subnet.private[1]").is_some());
    assert!(shop.node("aws_instance.bastion").unwrap().is_tainted());
    // The deposed target group has another ARN under the same address.
    let group = shop.node(r#"module.storefront.aws_lb_target_group.this["api"]"#).unwrap();
    assert!(!group.arn().unwrap().contains("1c9a44be07d25f83"));
}

#[test]
fn edges_say_what_resources_are_to_each_other() {
    use Relation::*;
    let web = r#"module.storefront.aws_ecs_service.this["web"]"#;
    let web_tasks = r#"module.storefront.aws_ecs_task_definition.this["web"]"#;
    check_edges(
        &shop(),
        &[
            (ORDERS, RunsIn, "module.network.aws_subnet.private[0]"),
            (ORDERS, SecuredBy, r#"module.network.aws_security_group.this["function"]"#),
            (ORDERS, SecuredBy, "module.orders.aws_iam_role.this"),
            (ORDERS, Reads, "aws_dynamodb_table.orders"),
            (ORDERS, Writes, "aws_dynamodb_table.orders"),
            (ORDERS, Writes, "aws_sqs_queue.invoices"),
            (ORDERS, Calls, DATABASE),
            (ORDERS, DeadLettersTo, "aws_sqs_queue.orders_dlq"),
            (ORDERS, LogsTo, "module.orders.aws_cloudwatch_log_group.this"),
            ("aws_sqs_queue.orders", Triggers, ORDERS),
            ("aws_sqs_queue.orders", DeadLettersTo, "aws_sqs_queue.orders_dlq"),
            ("aws_apigatewayv2_api.shop", Exposes, ORDERS),
            ("aws_cloudwatch_event_rule.nightly", Triggers, r#"module.worker["mailer"].aws_lambda_function.this"#),
            ("module.orders.aws_cloudwatch_metric_alarm.duration", Watches, ORDERS),
            ("module.orders.aws_cloudwatch_metric_alarm.duration", Notifies, "aws_sns_topic.alarms"),
            (web, RunsIn, "module.storefront.aws_ecs_cluster.this"),
            (web, Uses, web_tasks),
            (web_tasks, Calls, DATABASE),
            (web_tasks, Writes, "aws_sqs_queue.orders"),
            (r#"module.storefront.aws_lb_target_group.this["web"]"#, Exposes, web),
            ("module.storefront.aws_lb.this", Exposes, r#"module.storefront.aws_lb_target_group.this["web"]"#),
            (DATABASE, RunsIn, "module.database.aws_db_subnet_group.this"),
            ("module.network.aws_subnet.private[0]", RunsIn, "module.network.aws_vpc.this"),
            (web, DependsOn, "module.storefront.aws_lb_listener.http"),
        ],
    );
}

#[test]
fn a_declared_dependency_on_a_sibling_is_not_kept() {
    let shop = shop();
    let edges = shop.edges_of(ORDERS);
    assert!(!edges.iter().any(|edge| edge.to.as_str().contains(r#"aws_security_group.this["database"]"#)));
}

#[test]
fn a_failure_travels_to_those_who_need_the_broken_one() {
    let shop = shop();
    assert_eq!(
        broken_with(&shop, ORDERS),
        [
            "aws_apigatewayv2_api.shop",
            "aws_apigatewayv2_integration.orders",
            "aws_apigatewayv2_route.orders",
            "aws_apigatewayv2_stage.default",
        ]
    );
    let broken = broken_with(&shop, DATABASE);
    for id in [ORDERS, r#"module.storefront.aws_ecs_service.this["web"]"#, "module.storefront.aws_lb.this"] {
        assert!(broken.iter().any(|found| found == id), "{id}");
    }
}

#[test]
fn a_shared_security_group_does_not_make_everything_affected() {
    let shop = shop();
    let workers = |id: &str| id.starts_with("module.worker");
    assert!(!broken_with(&shop, ORDERS).iter().any(|id| workers(id)));
    let near = shop.neighbours(ORDERS, 2);
    assert!(near.iter().any(|reached| reached.id.as_str().contains("aws_security_group")));
    assert!(
        !near.iter().any(|reached| workers(reached.id.as_str()) && reached.via.as_str().contains("aws_security_group"))
    );
    // When the group itself breaks, all of them do.
    let group = broken_with(&shop, r#"module.network.aws_security_group.this["function"]"#);
    assert_eq!(group.iter().filter(|id| workers(id)).count(), 2);
}

#[test]
fn neighbours_come_nearest_first() {
    let near = shop().neighbours(ORDERS, 3);
    assert!(near.windows(2).all(|two| two[0].hops <= two[1].hops));
    assert!(near.iter().all(|reached| reached.hops <= 3 && reached.id.as_str() != ORDERS));
    assert!(shop().neighbours("aws_gone.x", 3).is_empty());
}

#[test]
fn an_alarm_resolves_to_its_node() {
    let shop = shop();
    let read = |id: &str| shop.node(id).unwrap().read().unwrap();
    let suffix = |id: &str| read(id).text("arn_suffix").unwrap().to_owned();
    let (balancer, group) =
        (suffix("module.storefront.aws_lb.this"), suffix(r#"module.storefront.aws_lb_target_group.this["web"]"#));
    let api = read("aws_apigatewayv2_api.shop").text("id").unwrap().to_owned();
    let bastion = read("aws_instance.bastion").text("id").unwrap().to_owned();
    check_resolves("AWS/Lambda", &[("FunctionName", "shop-prod-orders")], Ok(ORDERS));
    check_resolves(
        "AWS/ECS",
        &[("ClusterName", "shop-prod"), ("ServiceName", "web")],
        Ok(r#"module.storefront.aws_ecs_service.this["web"]"#),
    );
    check_resolves("AWS/ECS", &[("ClusterName", "shop-prod")], Ok("module.storefront.aws_ecs_cluster.this"));
    check_resolves("AWS/RDS", &[("DBInstanceIdentifier", "shop-prod-db")], Ok(DATABASE));
    check_resolves("AWS/ApplicationELB", &[("LoadBalancer", &balancer)], Ok("module.storefront.aws_lb.this"));
    let both = [("LoadBalancer", balancer.as_str()), ("TargetGroup", group.as_str())];
    check_resolves("AWS/ApplicationELB", &both, Ok(r#"module.storefront.aws_lb_target_group.this["web"]"#));
    check_resolves("AWS/EC2", &[("InstanceId", &bastion)], Ok("aws_instance.bastion"));
    check_resolves("AWS/SQS", &[("QueueName", "shop-prod-orders")], Ok("aws_sqs_queue.orders"));
    check_resolves(
        "AWS/DynamoDB",
        &[("TableName", "shop-prod-orders"), ("Operation", "PutItem")],
        Ok("aws_dynamodb_table.orders"),
    );
    check_resolves("AWS/ApiGateway", &[("ApiId", &api), ("Stage", "$default")], Ok("aws_apigatewayv2_api.shop"));
}

#[test]
fn an_alarm_on_something_else_is_clearly_not_in_the_twin() {
    check_resolves(
        "AWS/Lambda",
        &[("FunctionName", "legacy-thumbnailer")],
        Err("Lambda function `legacy-thumbnailer`"),
    );
    check_resolves("AWS/ECS", &[("ClusterName", "other"), ("ServiceName", "web")], Err("ECS service `other/web`"));
    check_resolves("Shop/Sales", &[("Team", "a")], Err("what namespace `Shop/Sales` means with `Team=a`"));
}

#[test]
fn an_alarm_of_another_region_is_about_something_else() {
    let dimensions = BTreeMap::from([("FunctionName".to_owned(), "shop-prod-orders".to_owned())]);
    let place = |region: &str| Place { account: Some("123456789012".into()), region: Some(region.into()) };
    assert_eq!(
        shop().resolve_at("AWS/Lambda", &dimensions, &place("eu-west-1")),
        Resolution::Node(NodeId::new(ORDERS))
    );
    assert!(matches!(shop().resolve_at("AWS/Lambda", &dimensions, &place("us-east-1")), Resolution::NotInTwin { .. }));
}

#[test]
fn a_composite_alarm_resolves_through_the_alarms_of_its_rule() {
    let shop = shop();
    let rule = r#"ALARM("shop-prod-orders-duration") AND ALARM("shop-prod-orders-errors")"#;
    assert_eq!(shop.resolve_rule(rule), Resolution::Node(NodeId::new(ORDERS)));
    assert!(matches!(
        shop.resolve_rule("ALARM(shop-prod-orders-errors) OR ALARM(shop-prod-web-cpu)"),
        Resolution::Ambiguous { .. }
    ));
    assert!(matches!(shop.resolve_rule("ALARM(unheard-of)"), Resolution::NotInTwin { .. }));
    assert_eq!(shop.alarms_on(&NodeId::new(ORDERS)).len(), 2);
}

#[test]
fn names_and_arns_find_their_node() {
    let shop = shop();
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop-prod-orders";
    assert_eq!(shop.find(arn), Lookup::Found(NodeId::new(ORDERS)));
    assert_eq!(
        shop.find("shop-prod/web"),
        Lookup::Found(NodeId::new(r#"module.storefront.aws_ecs_service.this["web"]"#))
    );
    assert_eq!(shop.find("unheard-of"), Lookup::Unknown);
    // A function, a queue, a table and a role go by this name.
    let Lookup::Ambiguous(ids) = shop.find("shop-prod-orders") else { panic!() };
    assert!(ids.len() >= 4 && ids.contains(&NodeId::new(ORDERS)));
}

#[test]
fn no_secret_of_the_state_reaches_the_topology() {
    let text = stored(&shop_object());
    for secret in ["Tr0ub4dor-and-3-horses", "shop-pay-9f8e7d6c5b4a39281706"] {
        assert!(std::str::from_utf8(SHOP).unwrap().contains(secret));
        assert!(!text.contains(secret), "{secret}");
    }
    let function = shop().node(ORDERS).unwrap().read().unwrap();
    let variables = &function.attributes["environment"][0]["variables"];
    assert_eq!(
        (&variables["PAYMENT_API_KEY"], &variables["ORDERS_TABLE"]),
        (&json!("[redacted]"), &json!("shop-prod-orders"))
    );
}

#[test]
fn the_same_state_gives_the_same_object() {
    assert_eq!(stored(&shop_object()), stored(&shop_object()));
    assert!(shop_object().says_the_same(&shop_object()));
}

#[test]
fn an_older_state_does_not_follow_a_newer_one() {
    let newer = shop_object();
    assert_eq!(newer.succeed(State::parse(SHOP).unwrap()).unwrap().sequence(), 2);
    let older = std::str::from_utf8(SHOP).unwrap().replacen("\"serial\": 90", "\"serial\": 89", 1);
    assert!(matches!(
        newer.succeed(State::parse(older.as_bytes()).unwrap()),
        Err(SuccessionError::SerialRegress { held: 90, found: 89 })
    ));
}

#[test]
fn edges_between_states_are_found_in_the_merge() {
    let network = object("network", &[("aws_subnet.a", json!({"id": "subnet-1"}), &[])]);
    let app = object(
        "app",
        &[("aws_lambda_function.f", json!({"function_name": "f", "vpc_config": [{"subnet_ids": ["subnet-1"]}]}), &[])],
    );
    let topology = Topology::merge(vec![network, app]).unwrap();
    check_edges(&topology, &[("aws_lambda_function.f", Relation::RunsIn, "aws_subnet.a")]);
    assert_eq!(topology.sources().len(), 2);
}

#[test]
fn an_address_of_two_states_names_neither() {
    let state = |source: &str, name: &str| {
        object(
            source,
            &[
                ("aws_lambda_function.f", json!({"function_name": name}), &["aws_iam_role.r"]),
                ("aws_iam_role.r", json!({}), &[]),
            ],
        )
    };
    let topology = Topology::merge(vec![state("eu", "f-eu"), state("us", "f-us")]).unwrap();
    assert_eq!(topology.find("f-us"), Lookup::Found(NodeId::new("aws_lambda_function.f@us")));
    let both = vec![NodeId::new("aws_lambda_function.f@eu"), NodeId::new("aws_lambda_function.f@us")];
    assert_eq!(topology.find("aws_lambda_function.f"), Lookup::Ambiguous(both));
    check_edges(&topology, &[("aws_lambda_function.f@eu", Relation::DependsOn, "aws_iam_role.r@eu")]);
}

#[test]
fn objects_that_do_not_fit_together_are_refused() {
    let one = || object("a", &[("aws_vpc.v", json!({}), &[])]);
    assert!(matches!(Topology::merge(vec![one(), one()]), Err(MergeError::SameSource { .. })));
    let state = br#"{"version": 4, "serial": 1, "lineage": "a", "resources": []}"#;
    let copy = TopologyObject::of(State::parse(state).unwrap(), "b");
    assert!(matches!(Topology::merge(vec![one(), copy]), Err(MergeError::SameLineage { .. })));
}

#[test]
fn null_lists_and_missing_arns_do_no_harm() {
    let odd = object(
        "odd",
        &[
            ("aws_db_instance.d", json!({"identifier": "d", "vpc_security_group_ids": null, "tags": null}), &[]),
            ("aws_lb.l", json!({"arn": null, "subnets": null}), &[]),
            (
                "aws_lambda_function.f",
                json!({"vpc_config": [null], "environment": [{"variables": null}], "role": 7}),
                &[],
            ),
            ("aws_unheard_of.u", json!({"id": "u-1", "name": "u"}), &["aws_lb.l"]),
        ],
    );
    let topology = Topology::merge(vec![odd]).unwrap();
    assert_eq!(topology.len(), 4);
    assert_eq!(topology.find("u-1"), Lookup::Found(NodeId::new("aws_unheard_of.u")));
    // Of an unknown type the declared dependency is all that is known.
    assert_eq!(broken_with(&topology, "aws_lb.l"), ["aws_unheard_of.u"]);
}

#[test]
fn the_shops_rules_bear_on_its_nodes() {
    let policy = Policy::read(
        &[Document { name: "governance.json", text: GOVERNANCE }],
        &[Document { name: "constraints.json", text: CONSTRAINTS }],
    );
    let shop = shop();
    let check = |action: ActionName, id: &str, now: &str, expect: Option<&str>| {
        let verdict = policy.permit(action, &shop.node(id).unwrap().read().unwrap(), now.parse().unwrap());
        assert_eq!(verdict.rule.as_deref(), expect, "{}", verdict.reason);
    };
    let alarm = "2026-11-23T09:15:32Z";
    check(ActionName::LambdaUpdateTimeout, ORDERS, alarm, None);
    check(ActionName::LambdaUpdateReservedConcurrency, ORDERS, alarm, Some("governance.denied_actions[1]"));
    check(ActionName::RdsRebootInstance, DATABASE, alarm, Some("governance.denied_actions[0]"));
    check(ActionName::EcsUpdateDesiredCount, r#"module.storefront.aws_ecs_service.this["web"]"#, alarm, None);
    check(
        ActionName::LambdaUpdateTimeout,
        ORDERS,
        "2026-12-24T09:00:00Z",
        Some("constraints.maintenance_windows `christmas freeze`"),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_change_of_one_byte_is_survived(at in 0usize..200_000, byte in any::<u8>()) {
        let mut bytes = SHOP.to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(state) = State::parse(&bytes) {
            let topology = Topology::merge(vec![TopologyObject::of(state, "shop")]).unwrap();
            let _ = topology.blast_radius(ORDERS);
        }
    }

    #[test]
    fn a_secret_put_anywhere_and_marked_is_gone_everywhere(secret in "[A-Za-z]{6}[0-9]{4}[!-~]{4}", node in 0usize..85) {
        let mut file: Value = serde_json::from_slice(SHOP).unwrap();
        let instances: Vec<&mut Value> = file["resources"].as_array_mut().unwrap().iter_mut()
            .flat_map(|resource| resource["instances"].as_array_mut().unwrap()).collect();
        for (at, instance) in instances.into_iter().enumerate() {
            if at == node {
                instance["attributes"]["planted"] = json!({"in": [secret.clone()]});
                instance["sensitive_attributes"] = json!([[{"type": "get_attr", "value": "planted"}, {"type": "get_attr", "value": "in"}]]);
            } else if at % 7 == 0 {
                instance["attributes"]["copy"] = json!(format!("--{secret}--"));
                instance["attributes"]["inner"] = json!(json!({"deep": [secret.clone()]}).to_string());
            }
        }
        let object = TopologyObject::of(State::parse(file.to_string().as_bytes()).unwrap(), "shop");
        let text = stored(&object);
        let quoted = serde_json::to_string(&secret).unwrap();
        let twice = serde_json::to_string(&quoted[1..quoted.len() - 1]).unwrap();
        for spelling in [secret.as_str(), &quoted[1..quoted.len() - 1], &twice[1..twice.len() - 1]] {
            prop_assert!(!text.contains(spelling), "{spelling}");
        }
    }
}
