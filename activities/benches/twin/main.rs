//! How fast and how small the topology is: state bytes to stored object, and stored object to the context of one node.
//!
//! Owns the phases, their targets and the printing. Each phase runs in a process of its own, so that its peak of memory is its
//! own; times are processor time, medians. Their reference is what Python's `json.loads` takes on the same bytes in the same run
//! (`PYTHON` names the program), because absolute times differ from machine to machine and hour to hour. A twin in pure Python,
//! measured once beside it at 100,000 resources, took 5.59 times as long to be made, and 4.03 times to be loaded and asked.
//!
//! ```text
//! cargo bench -p activities --bench twin                      # 1,000, 10,000 and 100,000 resources
//! cargo bench -p activities --bench twin -- 100000 --strict   # fails when a target is missed
//! cargo bench -p activities --bench twin -- a.tfstate         # a state of your own
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    reason = "a benchmark reads files, starts processes and ends when it cannot"
)]

mod phase;
mod synth;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use activities::approval::sha256_hex;

use self::phase::Figure;

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [phase, state, object] = arguments.as_slice()
        && let Some(phase) = phase.strip_prefix(PHASE)
    {
        phase::run(phase, Path::new(state), Path::new(object));
        return ExitCode::SUCCESS;
    }
    let (count, hash) = synth::CHECKED;
    assert_eq!(sha256_hex(synth::state(count).as_bytes()), hash, "the synthetic state is not what it was");
    let strict = arguments.iter().any(|argument| argument == "--strict");
    let mut wanted: Vec<&str> = arguments.iter().map(String::as_str).filter(|one| *one != "--strict").collect();
    if wanted.is_empty() {
        wanted = vec!["1000", "10000", "100000"];
    }
    let directory = std::env::temp_dir().join(format!("twin-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for the inputs");
    let missed: usize = wanted.iter().map(|input| measure(input, &directory)).sum();
    std::fs::remove_dir_all(&directory).expect("the directory of the inputs can go");
    println!("{}", if missed == 0 { "all targets are met".to_owned() } else { format!("{missed} targets are missed") });
    if strict && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Measures one input; answers how many targets it missed.
fn measure(input: &str, directory: &Path) -> usize {
    let (state, object) = (input_file(input, directory), directory.join("object.twin"));
    let bytes = std::fs::metadata(&state).expect("the state is there").len();
    let reference = python(&state);
    println!("{input}: {:.1} MB, json.loads in Python {}", bytes as f64 / 1e6, shown(reference, "ms"));
    let collect = child("collect", &state, &object);
    let load = child("load", &state, &object);
    let mut missed = 0;
    for (name, phase, wanted, target) in [
        ("state to stored object", &collect, "object_ms", Target::Times { python: 5.59, wanted: 20.0 }),
        ("  of this, reading the state", &collect, "parse_ms", Target::None),
        ("stored object", &collect, "object_mb", Target::None),
        ("memory to collect, the state's file included", &collect, "peak_mb", Target::Below(300.0)),
        ("load", &load, "load_ms", Target::None),
        ("context of a leaf", &load, "leaf_ms", Target::None),
        ("load and context of a leaf", &load, "whole_ms", Target::Times { python: 4.03, wanted: 100.0 }),
        ("context of the hub", &load, "hub_ms", Target::None),
        ("memory to load and answer", &load, "peak_mb", Target::Below(150.0)),
    ] {
        // The targets are those of a large state; of a small one most of the time is spent on what every state costs.
        let target = if bytes >= LARGE { target } else { Target::None };
        missed += usize::from(!print(name, phase, wanted, target, reference));
    }
    missed
}

/// What a figure is to stay below.
#[derive(Clone, Copy)]
enum Target {
    /// So many times as fast as a twin in pure Python, which takes so many times as long as decoding the same bytes.
    Times {
        python: f64,
        wanted: f64,
    },
    /// So many megabytes.
    Below(f64),
    None,
}

/// Prints a figure; says whether it stays below its target.
fn print(name: &str, phase: &[Figure], wanted: &str, target: Target, reference: Option<f64>) -> bool {
    let value =
        phase.iter().find(|figure| figure.name == wanted).map(|figure| figure.value).expect("the phase measured it");
    let unit = wanted.rsplit('_').next().unwrap_or_default();
    let limit = match target {
        Target::Times { python, wanted } => reference.map(|reference| reference * python / wanted),
        Target::Below(limit) => Some(limit),
        Target::None => None,
    };
    let judged = limit.map_or_else(String::new, |limit| {
        let ratio = match (target, reference) {
            (Target::Times { python, .. }, Some(reference)) => format!(
                ", {:.4} of json.loads, {:.0} times as fast as pure Python",
                value / reference,
                reference * python / value
            ),
            _ => String::new(),
        };
        let verdict = if value <= limit { "met" } else { "MISSED" };
        format!("   {verdict}: at most {}{ratio}", shown(Some(limit), unit))
    });
    println!("  {name:<46} {:>12}{judged}", shown(Some(value), unit));
    limit.is_none_or(|limit| value <= limit)
}

fn shown(value: Option<f64>, unit: &str) -> String {
    let unit = if unit == "mb" { "MB" } else { unit };
    value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.1} {unit}"))
}

/// The state's file: the one that is named, or a synthetic one of so many resources.
fn input_file(input: &str, directory: &Path) -> PathBuf {
    let Ok(count) = input.parse() else { return PathBuf::from(input) };
    let path = directory.join(format!("{input}.tfstate"));
    std::fs::write(&path, synth::state(count)).expect("the input can be written");
    path
}

/// Runs a phase in a process of its own.
fn child(phase: &str, state: &Path, object: &Path) -> Vec<Figure> {
    let program = std::env::current_exe().expect("this program has a path");
    let output =
        Command::new(program).arg(format!("{PHASE}{phase}")).args([state, object]).output().expect("it starts");
    assert!(output.status.success(), "{phase}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().filter_map(Figure::read).collect()
}

/// The processor time in which Python decodes the state, in milliseconds; nothing where there is no Python.
fn python(state: &Path) -> Option<f64> {
    let program = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(program).args(["-c", DECODE]).arg(state).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

const PHASE: &str = "phase=";
/// Bytes of a state with some 50,000 resources.
const LARGE: u64 = 25_000_000;
const DECODE: &str = "
import json, sys, time
raw = open(sys.argv[1], 'rb').read()
times = []
for _ in range(5 if len(raw) < 20_000_000 else 3):
    start = time.process_time()
    json.loads(raw)
    times.append(time.process_time() - start)
print(sorted(times)[len(times) // 2] * 1000)
";
