//! What everything runs in: VPC, subnets, routes, gateways, security groups.

use super::{Kind, boolean, document, integer, kept, kind, list, reference, text};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "aws_ec2_transit_gateway",
        ("ec2", "AWS::EC2::TransitGateway"),
        "transit gateway",
        &[],
        &[text("description"), text("amazon_side_asn")],
    )
    .shared(),
    kind(
        "aws_eip",
        ("ec2", "AWS::EC2::EIP"),
        "elastic address",
        &["public_ip", "allocation_id"],
        &[text("domain"), reference("instance"), kept(text("public_ip"))],
    )
    .shared(),
    kind("aws_internet_gateway", ("ec2", "AWS::EC2::InternetGateway"), "internet gateway", &[], &[reference("vpc_id")])
        .shared(),
    kind(
        "aws_nat_gateway",
        ("ec2", "AWS::EC2::NatGateway"),
        "NAT gateway",
        &["public_ip"],
        &[text("connectivity_type"), reference("subnet_id"), kept(text("public_ip"))],
    )
    .shared(),
    kind(
        "aws_network_acl",
        ("ec2", "AWS::EC2::NetworkAcl"),
        "network ACL",
        &[],
        &[reference("subnet_ids"), document("ingress"), document("egress")],
    )
    .shared(),
    kind(
        "aws_route",
        ("ec2", "AWS::EC2::Route"),
        "route",
        &[],
        &[reference("route_table_id"), text("destination_cidr_block"), text("state")],
    )
    .shared(),
    kind(
        "aws_route_table",
        ("ec2", "AWS::EC2::RouteTable"),
        "route table",
        &[],
        &[reference("vpc_id"), document("route")],
    )
    .shared(),
    kind(
        "aws_route_table_association",
        ("ec2", "AWS::EC2::SubnetRouteTableAssociation"),
        "route table association",
        &[],
        &[reference("subnet_id"), reference("route_table_id")],
    )
    .shared(),
    kind(
        "aws_security_group",
        ("ec2", "AWS::EC2::SecurityGroup"),
        "security group",
        &["name"],
        &[text("name"), text("description"), document("ingress"), document("egress")],
    )
    .shared(),
    kind(
        "aws_security_group_rule",
        ("ec2", ""),
        "security group rule",
        &[],
        &[
            reference("security_group_id"),
            text("type"),
            text("protocol"),
            integer("from_port"),
            integer("to_port"),
            list("cidr_blocks"),
            reference("source_security_group_id"),
        ],
    ),
    kind(
        "aws_subnet",
        ("ec2", "AWS::EC2::Subnet"),
        "subnet",
        &[],
        &[text("availability_zone"), text("cidr_block"), boolean("map_public_ip_on_launch"), reference("vpc_id")],
    )
    .shared(),
    kind("aws_vpc", ("ec2", "AWS::EC2::VPC"), "VPC", &[], &[text("cidr_block"), boolean("enable_dns_hostnames")])
        .shared(),
    kind(
        "aws_vpc_endpoint",
        ("ec2", "AWS::EC2::VPCEndpoint"),
        "VPC endpoint",
        &[],
        &[text("service_name"), text("vpc_endpoint_type"), text("state"), reference("vpc_id")],
    )
    .shared(),
    kind(
        "aws_vpc_security_group_egress_rule",
        ("ec2", "AWS::EC2::SecurityGroupEgress"),
        "egress rule",
        &["security_group_rule_id"],
        RULE,
    ),
    kind(
        "aws_vpc_security_group_ingress_rule",
        ("ec2", "AWS::EC2::SecurityGroupIngress"),
        "ingress rule",
        &["security_group_rule_id"],
        RULE,
    ),
];

const RULE: &[super::Attribute] = &[
    reference("security_group_id"),
    reference("referenced_security_group_id"),
    text("cidr_ipv4"),
    text("ip_protocol"),
    integer("from_port"),
    integer("to_port"),
];
