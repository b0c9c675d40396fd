//! A state file of any size, always the same: functions, groups, subnets, services and databases that name each other.
//!
//! Owns the text. It is written as Python's `json.dumps` writes it, with the choices that Python's `random.Random(7)` makes,
//! so that a program in Python can measure itself on the same bytes. [`CHECKED`] holds it to that.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The state with `count` resources.
pub(crate) fn state(count: usize) -> String {
    let plan = plan(count);
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    plan.iter().enumerate().for_each(|(at, kind)| positions.entry(kind).or_default().push(at));
    let mut draw = Draw { chance: Twister::new(7), positions };
    let mut out = String::with_capacity(count * 560);
    out.push_str(
        r#"{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x", "outputs": {}, "resources": ["#,
    );
    for (at, kind) in plan.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        resource(&mut out, &mut draw, at, kind);
    }
    out.push_str("]}");
    out
}

/// What share of a state each type has.
const MIX: [(&str, usize); 11] = [
    ("aws_lambda_function", 30),
    ("aws_security_group", 20),
    ("aws_subnet", 8),
    ("aws_instance", 8),
    ("aws_ecs_service", 8),
    ("aws_db_instance", 4),
    ("aws_lb", 3),
    ("aws_ecs_cluster", 2),
    ("aws_vpc", 1),
    ("aws_iam_role", 10),
    ("aws_cloudwatch_log_group", 6),
];

fn plan(count: usize) -> Vec<&'static str> {
    let total: usize = MIX.iter().map(|(_, share)| share).sum();
    let mut plan: Vec<&str> =
        MIX.iter().flat_map(|(kind, share)| std::iter::repeat_n(*kind, (count * share / total).max(1))).collect();
    plan.resize(count, MIX[0].0);
    plan
}

fn resource(out: &mut String, draw: &mut Draw, at: usize, kind: &str) {
    let environment = ["prod", "dev"][draw.chance.below(2)];
    let tags = format!(r#"{{"Environment": "{environment}", "Team": "team-{}"}}"#, at % 40);
    let own = attributes(draw, at, kind);
    // Writing into a text does not fail.
    let _ = write!(
        out,
        r#"{{"mode": "managed", "type": "{kind}", "name": "r{at}", "provider": "provider[\"hashicorp/aws\"]", "instances": [{{"schema_version": 0, "attributes": {{"tags": {tags}, "tags_all": {tags}, {own}}}, "sensitive_attributes": [], "private": "bnVsbA=="}}]}}"#
    );
}

fn attributes(draw: &mut Draw, at: usize, kind: &str) -> String {
    match kind {
        "aws_lambda_function" => {
            let (groups, subnets) = (draw.list("aws_security_group", "sg"), draw.list("aws_subnet", "subnet"));
            format!(
                r#""function_name": "fn-{at}", "runtime": "python3.12", "memory_size": 256, "timeout": 30, "arn": "arn:aws:lambda:us-east-1:123456789012:function:fn-{at}", "handler": "main.handler", "role": "arn:aws:iam::123456789012:role/r-{at}", "environment": [{{"variables": {{"A": "1", "B": "2"}}}}], "vpc_config": [{{"security_group_ids": {groups}, "subnet_ids": {subnets}}}]"#
            )
        }
        "aws_security_group" => {
            let vpc = draw.one("aws_vpc");
            format!(
                r#""id": "sg-{at}", "name": "sg-name-{at}", "vpc_id": "vpc-{vpc}", "ingress": [{{"from_port": 443, "to_port": 443, "protocol": "tcp"}}]"#
            )
        }
        "aws_subnet" => {
            let vpc = draw.one("aws_vpc");
            format!(
                r#""id": "subnet-{at}", "vpc_id": "vpc-{vpc}", "cidr_block": "10.{}.{}.0/24", "availability_zone": "us-east-1a""#,
                at / 250 % 250,
                at % 250
            )
        }
        "aws_instance" => {
            let subnet = draw.one("aws_subnet");
            let groups = draw.list("aws_security_group", "sg");
            format!(
                r#""id": "i-{at}", "instance_id": "i-{at}", "instance_type": "m7g.large", "ami": "ami-1", "subnet_id": "subnet-{subnet}", "vpc_security_group_ids": {groups}, "private_ip": "10.0.0.{}", "public_ip": """#,
                at % 250
            )
        }
        "aws_ecs_service" => {
            let cluster = draw.one("aws_ecs_cluster");
            format!(
                r#""name": "svc-{at}", "cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/cluster-{cluster}", "desired_count": 2, "launch_type": "FARGATE", "task_definition": "td:{at}", "load_balancer": [{{"target_group_arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/tg-{at}/0123456789abcdef"}}]"#
            )
        }
        "aws_db_instance" => {
            let groups = draw.list("aws_security_group", "sg");
            format!(
                r#""identifier": "db-{at}", "engine": "postgres", "engine_version": "16.3", "instance_class": "db.m7g.large", "multi_az": true, "storage_encrypted": true, "vpc_security_group_ids": {groups}"#
            )
        }
        "aws_lb" => format!(
            r#""arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/lb-{at}/0123456789abcdef", "dns_name": "lb-{at}.example.com", "load_balancer_type": "application", "vpc_id": "vpc-1""#
        ),
        "aws_ecs_cluster" => {
            format!(r#""name": "cluster-{at}", "arn": "arn:aws:ecs:us-east-1:123456789012:cluster/cluster-{at}""#)
        }
        "aws_vpc" => format!(r#""id": "vpc-{at}", "cidr_block": "10.0.0.0/16""#),
        _ => format!(r#""id": "x-{at}", "name": "x-{at}""#),
    }
}

/// Draws references to what exists.
struct Draw {
    chance: Twister,
    positions: BTreeMap<&'static str, Vec<usize>>,
}

impl Draw {
    fn one(&mut self, kind: &str) -> usize {
        let pool = &self.positions[kind];
        pool[self.chance.below(pool.len())]
    }

    /// Two names as a JSON list.
    fn list(&mut self, kind: &str, prefix: &str) -> String {
        let (first, second) = (self.one(kind), self.one(kind));
        format!(r#"["{prefix}-{first}", "{prefix}-{second}"]"#)
    }
}

/// The Mersenne Twister, seeded and drawn from as Python does.
struct Twister {
    state: Vec<u32>,
    at: usize,
}

impl Twister {
    fn new(seed: u32) -> Self {
        let mut state = vec![19_650_218_u32];
        for at in 1..SIZE {
            let last = state[at - 1];
            state.push((last ^ last >> 30).wrapping_mul(1_812_433_253).wrapping_add(at as u32));
        }
        // The key has one word, the seed, so that its position never adds anything.
        let mut at = 1;
        for _ in 0..SIZE {
            let last = state[at - 1];
            state[at] = (state[at] ^ (last ^ last >> 30).wrapping_mul(1_664_525)).wrapping_add(seed);
            at = Self::next(&mut state, at);
        }
        for _ in 1..SIZE {
            let last = state[at - 1];
            state[at] = (state[at] ^ (last ^ last >> 30).wrapping_mul(1_566_083_941)).wrapping_sub(at as u32);
            at = Self::next(&mut state, at);
        }
        state[0] = 1 << 31;
        Self { state, at: SIZE }
    }

    fn next(state: &mut [u32], at: usize) -> usize {
        if at + 1 < SIZE {
            return at + 1;
        }
        state[0] = state[SIZE - 1];
        1
    }

    /// A number below `end`: as many bits as `end` has, again until they are below it.
    fn below(&mut self, end: usize) -> usize {
        let bits = usize::BITS - end.leading_zeros();
        loop {
            let drawn = (self.word() >> (32 - bits)) as usize;
            if drawn < end {
                return drawn;
            }
        }
    }

    fn word(&mut self) -> u32 {
        if self.at == SIZE {
            self.twist();
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for at in 0..SIZE {
            let both = (self.state[at] & (1 << 31)) | (self.state[(at + 1) % SIZE] & ((1 << 31) - 1));
            let odd = if both & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[at] = self.state[(at + 397) % SIZE] ^ (both >> 1) ^ odd;
        }
        self.at = 0;
    }
}

const SIZE: usize = 624;

/// The SHA-256 of the state with a thousand resources, as Python wrote it.
pub(crate) const CHECKED: (usize, &str) = (1_000, "85de7e4640a7a8a15f2557db495b2f862010040eceb6480894d60642c8e445d3");
