//! What is read first about an incident, by the type of its resource.
//!
//! Owns the first list of reads and their sizes. The sizes add up to well below what a state may hold, together with
//! the context that is made of the answers.

use crate::shape::{AlarmKind, Fields, Incident, MetricQuery, Read, ReadRequest};

/// Lists the first reads of an incident.
pub(crate) fn first(incident: &Incident) -> Vec<ReadRequest> {
    let alarm = || read("alarm", 2_000, Read::Alarm { name: incident.alarm.name.clone() });
    let history = || {
        let name = incident.alarm.name.clone();
        read("alarm_history", 3_000, Read::AlarmHistory { name, seconds: 7 * 86_400, limit: 20 })
    };
    // Of a requested action there is no alarm to read.
    let is_alarm = incident.request.is_none();
    let mut reads: Vec<ReadRequest> = is_alarm.then(alarm).into_iter().collect();
    reads.extend([
        read(
            "topology",
            16_000,
            Read::Topology {
                namespace: incident.resource.namespace.clone(),
                dimensions: incident.resource.dimensions.clone(),
                aliases: incident.resource.aliases.clone(),
                alarms: incident.alarm.children.clone(),
                depth: 2,
                limit: 40,
            },
        ),
        read("governance", 16_000, Read::Governance {}),
        read("constraints", 8_000, Read::Constraints {}),
        read("kill_switch", 1_000, Read::KillSwitch {}),
        read("recent_actions", 1_000, Read::RecentActions { seconds: 3_600 }),
        read(
            "precedents",
            8_000,
            Read::Precedents {
                text: precedent_text(incident),
                resource_type: incident.resource.kind.clone(),
                limit: 5,
            },
        ),
    ]);
    reads.extend(is_alarm.then(history));
    reads.push(read("active_alarms", 6_000, Read::ActiveAlarms { limit: 20 }));
    if incident.alarm.kind != AlarmKind::Composite {
        let queries = queries(incident);
        if !queries.is_empty() {
            reads.push(read("metrics", 20_000, Read::Metrics { queries, seconds: 2_400 }));
        }
    }
    if let (Some(kind), Some(name)) = (&incident.resource.kind, &incident.resource.name) {
        reads.push(read(
            "configuration",
            4_000,
            Read::Configuration { resource_type: kind.clone(), name: name.clone() },
        ));
        reads.push(read("changes", 3_000, Read::Changes { name: physical(name), seconds: 86_400, limit: 10 }));
        let groups = log_groups(kind, name);
        for (number, group) in groups.iter().enumerate() {
            let id = if number == 0 { "logs".to_owned() } else { format!("logs{}", number + 1) };
            let most = 14_000 / groups.len() as u32;
            let logs = Read::Logs { group: group.clone(), seconds: 1_800, pattern: None, limit: 100 };
            reads.push(read(&id, most, logs));
        }
    }
    reads
}

/// What precedents are compared with: alarm, resource type and symptom in words.
pub(crate) fn precedent_text(incident: &Incident) -> String {
    if let Some(asked) = &incident.request {
        return format!("request {} resource {} {} reason {}", asked.action, asked.kind, asked.name, asked.reason);
    }
    let metrics: Vec<String> =
        incident.alarm.metrics.iter().map(|metric| format!("{} {}", metric.namespace, metric.name)).collect();
    format!(
        "alarm {} resource {} {} metric {}",
        incident.alarm.name,
        incident.resource.kind.as_deref().unwrap_or("unknown"),
        incident.resource.name.as_deref().unwrap_or("unknown"),
        metrics.join(", "),
    )
}

/// The watched metrics, then those that tell the cause for the resource's type.
fn queries(incident: &Incident) -> Vec<MetricQuery> {
    let mut queries: Vec<MetricQuery> = Vec::new();
    for (number, metric) in incident.alarm.metrics.iter().take(MOST_WATCHED).enumerate() {
        queries.push(MetricQuery {
            id: if number == 0 { "watched".to_owned() } else { format!("watched{}", number + 1) },
            namespace: metric.namespace.clone(),
            metric: metric.name.clone(),
            dimensions: metric.dimensions.clone(),
            statistic: metric.statistic.clone(),
            period_seconds: metric.period_seconds.max(60),
        });
    }
    let Some(kind) = incident.resource.kind.as_deref() else { return queries };
    for (_, namespace, metric, statistic) in COMPANIONS.iter().filter(|companion| companion.0 == kind) {
        let id = format!("{}_{}", snake(metric), statistic.to_lowercase());
        let dimensions = companion_dimensions(kind, &incident.resource.dimensions);
        let companion = query(&id, namespace, metric, statistic, dimensions);
        let same = |watched: &MetricQuery| MetricQuery { id: companion.id.clone(), ..watched.clone() } == companion;
        if !queries.iter().any(same) {
            queries.push(companion);
        }
    }
    queries
}

fn query(id: &str, namespace: &str, metric: &str, statistic: &str, dimensions: Fields) -> MetricQuery {
    MetricQuery {
        id: id.to_owned(),
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        dimensions,
        statistic: statistic.to_owned(),
        period_seconds: 60,
    }
}

/// The dimensions that name the resource alone: an alarm may watch one alias or one container of it.
fn companion_dimensions(kind: &str, dimensions: &Fields) -> Fields {
    let keep: &[&str] = match kind {
        "aws_lambda_function" => &["FunctionName"],
        "aws_ecs_service" => &["ClusterName", "ServiceName"],
        "aws_db_instance" => &["DBInstanceIdentifier"],
        _ => return dimensions.clone(),
    };
    dimensions
        .iter()
        .filter(|(name, _)| keep.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The log groups that a resource may have, where their names follow from the resource's; most usual first.
pub(crate) fn log_groups(kind: &str, name: &str) -> Vec<String> {
    match kind {
        "aws_lambda_function" => vec![format!("/aws/lambda/{name}")],
        "aws_ecs_service" => vec![format!("/ecs/{}", name.replace('/', "-")), format!("/ecs/{}", physical(name))],
        // Which one there is depends on the engine, which an alarm does not tell.
        "aws_db_instance" => ["postgresql", "error"].map(|log| format!("/aws/rds/instance/{name}/{log}")).to_vec(),
        _ => Vec::new(),
    }
}

/// The last part of a name such as `cluster/service`, as CloudTrail knows the resource.
fn physical(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before_lower {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        before_lower = letter.is_ascii_lowercase();
    }
    snake
}

fn read(id: &str, max_bytes: u32, read: Read) -> ReadRequest {
    ReadRequest { id: id.to_owned(), max_bytes, read }
}

const MOST_WATCHED: usize = 4;

/// Terraform type, namespace, metric, statistic.
const COMPANIONS: &[(&str, &str, &str, &str)] = &[
    ("aws_lambda_function", "AWS/Lambda", "Duration", "Maximum"),
    ("aws_lambda_function", "AWS/Lambda", "Duration", "p99"),
    ("aws_lambda_function", "AWS/Lambda", "Invocations", "Sum"),
    ("aws_lambda_function", "AWS/Lambda", "Errors", "Sum"),
    ("aws_lambda_function", "AWS/Lambda", "Throttles", "Sum"),
    ("aws_lambda_function", "AWS/Lambda", "ConcurrentExecutions", "Maximum"),
    ("aws_ecs_service", "AWS/ECS", "CPUUtilization", "Average"),
    ("aws_ecs_service", "AWS/ECS", "MemoryUtilization", "Average"),
    ("aws_db_instance", "AWS/RDS", "CPUUtilization", "Average"),
    ("aws_db_instance", "AWS/RDS", "DatabaseConnections", "Maximum"),
    ("aws_db_instance", "AWS/RDS", "FreeableMemory", "Minimum"),
    ("aws_sqs_queue", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
    ("aws_sqs_queue", "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"),
    ("aws_lb", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum"),
    ("aws_lb", "AWS/ApplicationELB", "TargetResponseTime", "p99"),
    ("aws_dynamodb_table", "AWS/DynamoDB", "ThrottledRequests", "Sum"),
];
