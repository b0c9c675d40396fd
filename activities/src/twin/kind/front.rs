//! What stands in front: load balancers, API Gateway, CloudFront, DNS, AppSync, WAF.

use super::{Kind, boolean, document, integer, kept, kind, list, reference, text};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "aws_acm_certificate",
        ("acm", "AWS::CertificateManager::Certificate"),
        "certificate",
        &["domain_name"],
        &[text("domain_name"), text("status"), text("not_after"), text("renewal_eligibility")],
    )
    .shared(),
    kind(
        "aws_alb",
        ("elasticloadbalancing", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        "load balancer",
        &["name", "dns_name", "arn_suffix"],
        &[text("name"), text("load_balancer_type"), text("dns_name"), integer("idle_timeout")],
    ),
    kind(
        "aws_alb_target_group",
        ("elasticloadbalancing", "AWS::ElasticLoadBalancingV2::TargetGroup"),
        "target group",
        &["name", "arn_suffix"],
        &[text("name"), integer("port"), text("protocol"), text("target_type"), document("health_check")],
    ),
    kind(
        "aws_api_gateway_deployment",
        ("apigateway", "AWS::ApiGateway::Deployment"),
        "REST API deployment",
        &[],
        &[reference("rest_api_id"), text("created_date")],
    )
    .arn_in(""),
    kind(
        "aws_api_gateway_integration",
        ("apigateway", ""),
        "REST API integration",
        &[],
        &[
            text("type"),
            text("http_method"),
            reference("uri"),
            integer("timeout_milliseconds"),
            reference("rest_api_id"),
            reference("resource_id"),
        ],
    )
    .arn_in(""),
    kind(
        "aws_api_gateway_rest_api",
        ("apigateway", "AWS::ApiGateway::RestApi"),
        "REST API",
        &["name", "execution_arn"],
        &[text("name"), document("endpoint_configuration")],
    ),
    kind(
        "aws_api_gateway_stage",
        ("apigateway", "AWS::ApiGateway::Stage"),
        "REST API stage",
        &[],
        &[text("stage_name"), reference("rest_api_id"), reference("deployment_id"), boolean("cache_cluster_enabled")],
    ),
    kind(
        "aws_apigatewayv2_api",
        ("apigateway", "AWS::ApiGatewayV2::Api"),
        "HTTP API",
        &["name", "api_endpoint", "execution_arn"],
        &[text("name"), text("protocol_type"), text("api_endpoint"), boolean("disable_execute_api_endpoint")],
    ),
    kind(
        "aws_apigatewayv2_integration",
        ("apigateway", "AWS::ApiGatewayV2::Integration"),
        "HTTP API integration",
        &[],
        &[
            text("integration_type"),
            reference("integration_uri"),
            integer("timeout_milliseconds"),
            text("payload_format_version"),
            reference("api_id"),
        ],
    )
    .arn_in(""),
    kind(
        "aws_apigatewayv2_route",
        ("apigateway", "AWS::ApiGatewayV2::Route"),
        "HTTP API route",
        &[],
        &[text("route_key"), reference("target"), text("authorization_type"), reference("api_id")],
    )
    .arn_in(""),
    kind(
        "aws_apigatewayv2_stage",
        ("apigateway", "AWS::ApiGatewayV2::Stage"),
        "HTTP API stage",
        &[],
        &[text("name"), boolean("auto_deploy"), document("default_route_settings"), reference("api_id")],
    ),
    kind(
        "aws_appsync_graphql_api",
        ("appsync", "AWS::AppSync::GraphQLApi"),
        "GraphQL API",
        &["name"],
        &[text("name"), text("authentication_type"), boolean("xray_enabled")],
    ),
    kind(
        "aws_cloudfront_distribution",
        ("cloudfront", "AWS::CloudFront::Distribution"),
        "CloudFront distribution",
        &["domain_name", "aliases"],
        &[text("domain_name"), list("aliases"), boolean("enabled"), text("status"), kept(document("origin"))],
    ),
    kind(
        "aws_elb",
        ("elasticloadbalancing", "AWS::ElasticLoadBalancing::LoadBalancer"),
        "classic load balancer",
        &["name", "dns_name"],
        &[text("name"), text("dns_name"), integer("idle_timeout"), document("health_check"), reference("instances")],
    ),
    kind(
        "aws_lb",
        ("elasticloadbalancing", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        "load balancer",
        &["name", "dns_name", "arn_suffix"],
        &[
            text("name"),
            text("load_balancer_type"),
            text("dns_name"),
            integer("idle_timeout"),
            boolean("internal"),
            reference("subnets"),
        ],
    ),
    kind(
        "aws_lb_listener",
        ("elasticloadbalancing", "AWS::ElasticLoadBalancingV2::Listener"),
        "listener",
        &[],
        &[integer("port"), text("protocol"), document("default_action"), reference("load_balancer_arn")],
    ),
    kind(
        "aws_lb_listener_rule",
        ("elasticloadbalancing", "AWS::ElasticLoadBalancingV2::ListenerRule"),
        "listener rule",
        &[],
        &[integer("priority"), document("condition"), document("action"), reference("listener_arn")],
    ),
    kind(
        "aws_lb_target_group",
        ("elasticloadbalancing", "AWS::ElasticLoadBalancingV2::TargetGroup"),
        "target group",
        &["name", "arn_suffix"],
        &[
            text("name"),
            integer("port"),
            text("protocol"),
            text("target_type"),
            document("health_check"),
            text("deregistration_delay"),
            text("load_balancing_algorithm_type"),
        ],
    ),
    kind(
        "aws_lb_target_group_attachment",
        ("elasticloadbalancing", ""),
        "target group attachment",
        &[],
        &[reference("target_group_arn"), reference("target_id"), integer("port")],
    ),
    kind(
        "aws_route53_record",
        ("route53", "AWS::Route53::RecordSet"),
        "DNS record",
        &["fqdn", "name"],
        &[text("name"), text("type"), integer("ttl"), list("records"), document("alias")],
    ),
    kind(
        "aws_route53_zone",
        ("route53", "AWS::Route53::HostedZone"),
        "DNS zone",
        &["name", "zone_id"],
        &[text("name"), list("name_servers")],
    )
    .shared(),
    kind(
        "aws_wafv2_web_acl",
        ("wafv2", "AWS::WAFv2::WebACL"),
        "web ACL",
        &["name"],
        &[text("name"), text("scope"), integer("capacity"), document("default_action")],
    )
    .shared(),
];
