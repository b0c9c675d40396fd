//! UpdateMapRun.

use serde::{Deserialize, Serialize};

use super::{Api, arn, constraint::Constraints, refusal::Refusal};
use crate::engine::MapRunChange;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    map_run_arn: Option<String>,
    max_concurrency: Option<i64>,
    tolerated_failure_percentage: Option<f64>,
    tolerated_failure_count: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {}

pub(super) async fn call(api: Api, request: Request) -> Result<Answer, Refusal> {
    let mut check = Constraints::default();
    let map_run = check.map_run_arn(request.map_run_arn);
    let max_concurrency = at_least_0(&mut check, "maxConcurrency", request.max_concurrency);
    let percentage = request.tolerated_failure_percentage;
    if let Some(value) = percentage {
        if value > 100.0 {
            let what = format!("Value '{value:?}' at 'toleratedFailurePercentage'");
            check.violate(&what, "Member must have value less than or equal to 100");
        }
        if value < 0.0 {
            let what = format!("Value '{value:?}' at 'toleratedFailurePercentage'");
            check.violate(&what, "Member must have value greater than or equal to 0");
        }
    }
    let tolerated_failure_count = at_least_0(&mut check, "toleratedFailureCount", request.tolerated_failure_count);
    check.done()?;
    arn::map_run(&api.config, &map_run)?;
    let change = MapRunChange { max_concurrency, tolerated_failure_count, tolerated_failure_percentage: percentage };
    api.engine.update_map_run(&map_run, change).await?;
    Ok(Answer {})
}

fn at_least_0(check: &mut Constraints, at: &str, value: Option<i64>) -> Option<u64> {
    let value = value?;
    if value < 0 {
        check.violate(&format!("Value '{value}' at '{at}'"), "Member must have value greater than or equal to 0");
    }
    u64::try_from(value).ok()
}
