//! Measures the engine: starts acknowledged per second, memory of what is parked, the way back after a kill.
//!
//! ```text
//!   measure passes DIR PRODUCERS SECONDS    runs of seven Pass states, closed loop
//!   measure park DIR COUNT                  parks executions behind a question, then ends without a goodbye
//!   measure resume DIR                      opens what was left, and answers every question
//!   measure write DIR ACKS                  starts and answers until it is killed, noting what was acknowledged
//!   measure verify DIR ACKS                 fails unless everything that was noted is there
//! ```
//!
//! Figures of one machine compare with each other only; the profile that this is built in counts.

use std::{
    error::Error,
    fs,
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};
use workflow::{
    engine::{Config, Engine, NewStateMachine, StartExecution},
    task::{FunctionError, Invocation, Registry},
};

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |place: usize| arguments.get(place).map(String::as_str).ok_or("an argument is missing, see the file");
    let number = |place: usize| -> Result<usize, Box<dyn Error>> { Ok(text(place)?.parse()?) };
    match text(0)? {
        "passes" => passes(text(1)?, number(2)?, number(3)?).await,
        "park" => park(text(1)?, number(2)?).await,
        "resume" => resume(text(1)?).await,
        "write" => write(text(1)?, text(2)?).await,
        "verify" => verify(text(1)?, text(2)?).await,
        other => Err(format!("`{other}` is not a measurement").into()),
    }
}

async fn passes(data: &str, producers: usize, seconds: usize) -> Outcome {
    let engine = Engine::open(Config::new(data)).await?;
    let machine = create(&engine, "passes", seven_passes()).await?;
    let input = json!({"text": "x".repeat(1000)}).to_string();
    let done = Arc::new(AtomicBool::new(false));
    let started = Arc::new(AtomicUsize::new(0));
    let before = proc("/proc/self/io", "write_bytes");
    let (begun, ticks) = (Instant::now(), cpu());
    let workers: Vec<_> = (0..producers)
        .map(|_| {
            let (engine, machine, input) = (engine.clone(), machine.clone(), input.clone());
            let (done, started) = (Arc::clone(&done), Arc::clone(&started));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let start = StartExecution {
                        state_machine_arn: machine.clone(),
                        input: Some(input.clone()),
                        ..StartExecution::default()
                    };
                    if engine.start_execution(start).await.is_err() {
                        break;
                    }
                    waits.push(begun.elapsed());
                    started.fetch_add(1, Ordering::Relaxed);
                }
                waits
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
    done.store(true, Ordering::Relaxed);
    let mut waits: Vec<Duration> = Vec::new();
    for worker in workers {
        waits.extend(worker.await?);
    }
    let elapsed = begun.elapsed();
    waits.sort_unstable();
    let count = started.load(Ordering::Relaxed);
    let at = |share: usize| waits.get(waits.len() * share / 100).copied().unwrap_or_default();
    println!(
        "{producers} producers: {:.0} runs/s, p50 {:?}, p99 {:?}, {} bytes written/run, {:.0} us of processor/run, {} KB of memory",
        count as f64 / elapsed.as_secs_f64(),
        at(50),
        at(99),
        (proc("/proc/self/io", "write_bytes") - before) / count.max(1),
        (cpu() - ticks) as f64 * 10_000.0 / count.max(1) as f64,
        proc("/proc/self/status", "VmRSS")
    );
    engine.shutdown().await;
    Ok(())
}

async fn park(data: &str, count: usize) -> Outcome {
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let engine = Engine::open(Config { functions: asking(Arc::clone(&tokens)), ..Config::new(data) }).await?;
    let machine = create(&engine, "question", question()).await?;
    let before = proc("/proc/self/status", "VmRSS");
    let begun = Instant::now();
    let input = json!({"n": 1, "text": "x".repeat(1000)}).to_string();
    let starts = futures::stream::iter(0..count).map(|_| {
        let start = StartExecution {
            state_machine_arn: machine.clone(),
            input: Some(input.clone()),
            ..StartExecution::default()
        };
        engine.start_execution(start)
    });
    let failed = starts.buffer_unordered(256).filter(|started| std::future::ready(started.is_err())).count().await;
    while engine.running().1 > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let elapsed = begun.elapsed();
    let tokens = std::mem::take(&mut *tokens.lock().map_err(|error| error.to_string())?);
    fs::write(format!("{data}/tokens"), tokens.join("\n"))?;
    drop(tokens);
    println!(
        "{count} parked ({failed} failed) in {elapsed:?}, {:.0}/s; {} KB of memory before, {} after, {} now running",
        count as f64 / elapsed.as_secs_f64(),
        before,
        proc("/proc/self/status", "VmRSS"),
        engine.running().0
    );
    std::process::abort();
}

async fn resume(data: &str) -> Outcome {
    let begun = Instant::now();
    let engine = Engine::open(Config { functions: asking(Arc::default()), ..Config::new(data) }).await?;
    println!(
        "open after {:?}, {} run, {} KB of memory",
        begun.elapsed(),
        engine.running().0,
        proc("/proc/self/status", "VmRSS")
    );
    let tokens = fs::read_to_string(format!("{data}/tokens"))?;
    let tokens: Vec<&str> = tokens.lines().collect();
    if let Some(first) = tokens.first() {
        engine.send_task_success(first, "1".into()).await?;
        println!("first one answered {:?} after the start", begun.elapsed());
    }
    let begun = Instant::now();
    let answers = futures::stream::iter(tokens.iter().skip(1)).map(|token| engine.send_task_success(token, "1".into()));
    let answered = answers.buffer_unordered(256).filter(|sent| std::future::ready(sent.is_ok())).count().await;
    println!("{answered} resumed in {:?}, {:.0}/s", begun.elapsed(), answered as f64 / begun.elapsed().as_secs_f64());
    engine.shutdown().await;
    Ok(())
}

async fn write(data: &str, acks: &str) -> Outcome {
    let (sender, mut tokens) = tokio::sync::mpsc::unbounded_channel();
    let mut functions = Registry::default();
    functions.insert("ask", move |call: Invocation| {
        let told = call.payload["token"].as_str().map(|token| sender.send((token.to_owned(), call.payload["n"].clone())));
        async move { if told.is_some() { Ok(Value::Null) } else { Err(FunctionError::new("NoToken", "no token came")) } }.boxed()
    });
    let engine = Engine::open(Config { functions, ..Config::new(data) }).await?;
    let machine = create(&engine, "question", question()).await?;
    let acks = Arc::new(fs::OpenOptions::new().create(true).append(true).open(acks)?);
    let (answering, answered) = (engine.clone(), Arc::clone(&acks));
    tokio::spawn(async move {
        while let Some((token, n)) = tokens.recv().await {
            let (engine, acks) = (answering.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                if engine.send_task_success(&token, n.to_string()).await.is_ok() {
                    let _ = (&*acks).write_all(format!("end {n}\n").as_bytes());
                }
            });
        }
    });
    let begun = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos() as u64;
    let starts = futures::stream::iter(begun..).map(|n| {
        let input = Some(json!({"n": n, "text": "x".repeat((n % 3000) as usize)}).to_string());
        let start = StartExecution {
            state_machine_arn: machine.clone(),
            name: Some(n.to_string()),
            input,
            ..StartExecution::default()
        };
        let (engine, acks) = (&engine, &acks);
        async move {
            let started = engine.start_execution(start).await;
            started.is_ok() && (&**acks).write_all(format!("start {n}\n").as_bytes()).is_ok()
        }
    });
    let failed = starts.buffer_unordered(32).filter(|done| std::future::ready(!done)).next().await;
    Err(format!("the engine stopped: {failed:?}, {:?}", engine.stopped()).into())
}

async fn verify(data: &str, acks: &str) -> Outcome {
    let begun = Instant::now();
    let engine = Engine::open(Config { functions: asking(Arc::default()), ..Config::new(data) }).await?;
    let opened = begun.elapsed();
    let (mut checked, mut lost) = (0, Vec::new());
    for line in fs::read_to_string(acks).unwrap_or_default().lines() {
        let Some((what, n)) = line.split_once(' ') else { continue };
        let arn = format!("arn:aws:states:{}:{}:execution:question:{n}", engine.region(), engine.account());
        checked += 1;
        match engine.describe_execution(&arn).await {
            Ok(found) if what == "start" && found.input.starts_with(&format!("{{\"n\":{n},")) => {}
            Ok(found) if what == "end" && found.output.as_deref() == Some(n) => {}
            other => lost.push(format!("{line}: {other:?}")),
        }
    }
    println!(
        "{checked} acknowledgements checked, {} lost, open after {opened:?}, {} run",
        lost.len(),
        engine.running().0
    );
    engine.shutdown().await;
    lost.first().map_or(Ok(()), |first| Err(first.as_str().into()))
}

async fn create(engine: &Engine, name: &str, definition: String) -> Result<String, Box<dyn Error>> {
    let new = NewStateMachine { name: name.into(), definition, ..NewStateMachine::default() };
    Ok(engine.create_state_machine(new).await?.0)
}

fn asking(tokens: Arc<Mutex<Vec<String>>>) -> Registry {
    let mut functions = Registry::default();
    functions.insert("ask", move |call: Invocation| {
        if let (Some(token), Ok(mut tokens)) = (call.payload["token"].as_str(), tokens.lock()) {
            tokens.push(token.to_owned());
        }
        async { Ok(Value::Null) }.boxed()
    });
    functions
}

fn seven_passes() -> String {
    let mut states = json!({"P7": {"Type": "Pass", "End": true}});
    for n in 1..7 {
        states[format!("P{n}")] = json!({"Type": "Pass", "Next": format!("P{}", n + 1)});
    }
    json!({"StartAt": "P1", "States": states}).to_string()
}

fn question() -> String {
    let ask = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token", "n.$": "$.n"}}
    });
    json!({"StartAt": "Ask", "States": {"Ask": ask}}).to_string()
}

/// A number that the system tells about this process; 0 where it does not.
fn proc(file: &str, name: &str) -> usize {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or_default()
}

/// Processor time of this process, in hundredths of a second.
fn cpu() -> usize {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<usize>().ok()).sum()
}
