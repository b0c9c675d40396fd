//! A metric series in one line: extremes, middle, end and trend.
//!
//! Owns the numbers that stand for a series. Points are never made up: a series without points says so.

use crate::shape::{MetricQuery, MetricSeries};

/// The numbers that stand for a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Digest {
    pub(crate) count: usize,
    pub(crate) least: f64,
    pub(crate) mean: f64,
    pub(crate) most: f64,
    pub(crate) last: f64,
    /// The mean of the last quarter over the mean of the first, where the first is not 0.
    pub(crate) trend: Option<f64>,
}

/// Sums a series up; nothing for a series without points.
pub(crate) fn digest(series: &MetricSeries) -> Option<Digest> {
    let values: Vec<f64> = series.points.iter().map(|point| point.value).filter(|value| value.is_finite()).collect();
    let last = *values.last()?;
    let quarter = (values.len() / 4).max(1);
    let (head, tail) = (mean(&values[..quarter]), mean(&values[values.len() - quarter..]));
    Some(Digest {
        count: values.len(),
        least: values.iter().copied().fold(f64::INFINITY, f64::min),
        mean: mean(&values),
        most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        last,
        trend: (values.len() >= 4 && head.abs() > f64::EPSILON).then(|| tail / head),
    })
}

/// Puts a series into one line.
pub(super) fn line(query: &MetricQuery, series: &MetricSeries) -> String {
    let name = format!("{} {} {} per {} s", query.namespace, query.metric, query.statistic, query.period_seconds);
    let Some(digest) = digest(series) else {
        return format!("{name}: no data");
    };
    let unit = series.unit.as_deref().filter(|unit| *unit != "None").map(|unit| format!(" {unit}")).unwrap_or_default();
    let trend =
        digest.trend.map(|trend| format!(", last quarter {} times the first", short(trend))).unwrap_or_default();
    let from = series.points.len().saturating_sub(SHOWN);
    let shown: Vec<String> = series.points[from..].iter().map(|point| short(point.value)).collect();
    format!(
        "{name}:{unit} {} points, least {}, mean {}, most {}, last {}{trend}; newest: {}",
        digest.count,
        short(digest.least),
        short(digest.mean),
        short(digest.most),
        short(digest.last),
        shown.join(", "),
    )
}

/// A number without more digits than it deserves.
pub(crate) fn short(value: f64) -> String {
    if value.abs() >= 100.0 || value == value.trunc() { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

const SHOWN: usize = 8;
