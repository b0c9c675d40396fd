//! Metric series, one call for each query, all at once.
//!
//! GetMetricStatistics and not GetMetricData: it alone says in which unit the values are.

use activities::shape::{MetricQuery, MetricSeries, MetricsAnswer, Point};
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use futures::future::try_join_all;
use jiff::Timestamp;

use super::super::Aws;
use super::super::failure::failed;
use super::super::instant::{date_time, text, timestamp};
use crate::error::EdgeError;

/// The series in the order of their queries.
pub(super) async fn metrics(
    aws: &Aws,
    queries: &[MetricQuery],
    from: Timestamp,
    to: Timestamp,
) -> Result<MetricsAnswer, EdgeError> {
    Ok(MetricsAnswer { series: try_join_all(queries.iter().map(|query| series(aws, query, from, to))).await? })
}

async fn series(aws: &Aws, query: &MetricQuery, from: Timestamp, to: Timestamp) -> Result<MetricSeries, EdgeError> {
    let dimensions: Vec<Dimension> = query
        .dimensions
        .iter()
        .map(|(name, value)| {
            Dimension::builder()
                .name(name)
                .value(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .build()
        })
        .collect();
    let call = aws.cloudwatch().get_metric_statistics().namespace(&query.namespace).metric_name(&query.metric);
    let call = call.set_dimensions(Some(dimensions)).start_time(date_time(from)).end_time(date_time(to));
    let call = call.period(period(query.period_seconds, to.duration_since(from).as_secs()));
    let call = match statistic(&query.statistic) {
        Some(statistic) => call.statistics(statistic),
        None => call.extended_statistics(&query.statistic),
    };
    let found = call.send().await.map_err(|error| failed("cloudwatch:GetMetricStatistics", &error))?;
    let mut points: Vec<&Datapoint> = found.datapoints().iter().collect();
    points.sort_by_key(|point| point.timestamp().map(timestamp));
    let unit = points.first().and_then(|point| point.unit()).map(|unit| unit.as_str().to_owned());
    let points = points.into_iter().filter_map(|point| {
        Some(Point { at: text(Some(point.timestamp()?)), value: value_of(point, &query.statistic)? })
    });
    Ok(MetricSeries { id: query.id.clone(), unit, points: points.collect() })
}

/// The period, made longer where the service would refuse so many points.
fn period(wanted: u32, window: i64) -> i32 {
    let least = window.div_euclid(MOST_POINTS) + i64::from(window.rem_euclid(MOST_POINTS) > 0);
    let seconds = i64::from(wanted.max(1)).max(least);
    // Above a minute a period is a number of whole minutes.
    let seconds = if seconds > 60 { (seconds + 59).div_euclid(60) * 60 } else { seconds };
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

fn statistic(name: &str) -> Option<Statistic> {
    match name {
        "Average" => Some(Statistic::Average),
        "Maximum" => Some(Statistic::Maximum),
        "Minimum" => Some(Statistic::Minimum),
        "SampleCount" => Some(Statistic::SampleCount),
        "Sum" => Some(Statistic::Sum),
        _ => None,
    }
}

fn value_of(point: &Datapoint, name: &str) -> Option<f64> {
    match name {
        "Average" => point.average(),
        "Maximum" => point.maximum(),
        "Minimum" => point.minimum(),
        "SampleCount" => point.sample_count(),
        "Sum" => point.sum(),
        _ => point.extended_statistics()?.get(name).copied(),
    }
}

/// What GetMetricStatistics gives at once.
const MOST_POINTS: i64 = 1_440;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: u32, window: i64, expect: i32) {
        assert_eq!(period(wanted, window), expect);
        assert!(window / i64::from(expect) <= MOST_POINTS);
    }

    #[test]
    fn a_period_grows_with_the_window() {
        check(60, 3_600, 60);
        check(60, 86_400, 60);
        check(60, 86_401, 120);
        check(60, 7 * 86_400, 420);
        check(300, 3_600, 300);
        check(10, 60, 10);
        check(0, 60, 1);
    }
}
