//! Measures a map run of many Pass children beside as many plain executions, in one run of one program.
//!
//! `cargo run -p workflow --example map_run [COUNT]`; the figures are only good beside each other.

use std::time::{Duration, Instant};

use serde_json::json;
use workflow::engine::{Config, Engine, ExecutionStatus, NewStateMachine, StartExecution};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(10_000), |count| count.parse())?;
    let items: Vec<usize> = (0..count).collect();
    for round in 1..=3 {
        let (_plain_data, plain) = measured(async |engine: Engine| plain(&engine, count).await).await?;
        print!("round {round}: {count} executions {:.2} s", plain.as_secs_f64());
        for kind in ["STANDARD", "EXPRESS"] {
            let input = json!(items).to_string();
            let (_data, mapped) = measured(async |engine: Engine| mapped(&engine, kind, input).await).await?;
            let ratio = mapped.as_secs_f64() / plain.as_secs_f64();
            print!("; {kind} children {:.2} s, {ratio:.2} times", mapped.as_secs_f64());
        }
        println!();
    }
    Ok(())
}

async fn measured(
    work: impl AsyncFnOnce(Engine) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(tempfile::TempDir, Duration), Box<dyn std::error::Error>> {
    let data = tempfile::tempdir()?;
    let engine = Engine::open(Config::new(data.path())).await?;
    let begun = Instant::now();
    work(engine.clone()).await?;
    let took = begun.elapsed();
    engine.shutdown().await;
    Ok((data, took))
}

async fn plain(engine: &Engine, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let definition = json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }).to_string();
    let machine = NewStateMachine { name: "plain".into(), definition, ..NewStateMachine::default() };
    engine.create_state_machine(machine).await?;
    let state_machine_arn = format!("arn:aws:states:{}:{}:stateMachine:plain", engine.region(), engine.account());
    let start = |n: usize| StartExecution {
        state_machine_arn: state_machine_arn.clone(),
        input: Some(n.to_string()),
        ..StartExecution::default()
    };
    futures::future::try_join_all((0..count).map(|n| engine.start_execution(start(n)))).await?;
    Ok(())
}

async fn mapped(engine: &Engine, kind: &str, input: String) -> Result<(), Box<dyn std::error::Error>> {
    let processor = json!({ "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": kind },
        "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } });
    let map = json!({ "Type": "Map", "Label": "L", "End": true, "ItemProcessor": processor });
    let definition = json!({ "StartAt": "M", "States": { "M": map } }).to_string();
    let machine = NewStateMachine { name: "mapped".into(), definition, ..NewStateMachine::default() };
    engine.create_state_machine(machine).await?;
    let state_machine_arn = format!("arn:aws:states:{}:{}:stateMachine:mapped", engine.region(), engine.account());
    let start = StartExecution { state_machine_arn, input: Some(input), ..StartExecution::default() };
    let started = engine.start_execution(start).await?;
    let ended = engine.wait_until_ended(&started.execution_arn).await?;
    match ended.item.status {
        ExecutionStatus::Succeeded => Ok(()),
        _ => Err(format!("the map run failed: {:?} {:?}", ended.error, ended.cause).into()),
    }
}
