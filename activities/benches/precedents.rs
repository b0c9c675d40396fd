//! The search for precedents, measured: the five most similar of 100,000 vectors of 1,536 dimensions.
//!
//! Owns the comparison with numpy on the same file in the same run, rounds of both in turn, by processor time of one thread. numpy
//! is asked with its norms kept, once with one thread and once as it comes. Where Python has no numpy this says so. Start it
//! with `cargo bench -p activities --bench precedents [-- ROWS]`; `PYTHON` names the interpreter.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement touches the clock, files and processes"
)]
#![expect(clippy::unwrap_used, reason = "a measurement fails loudly")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use activities::twin::{Label, Vector, VectorIndex, group_of};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

fn main() {
    let rows = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let (index, query) = made(rows);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("precedents.vec");
    let query_path = directory.path().join("query.f32");
    write(&path, &query_path, &index, &query);
    read_back(&path, &index);
    println!(
        "{MOST} nearest of {rows} vectors of {DIMENSION} dimensions, milliseconds of processor time, best and middle of {ROUNDS}:"
    );
    for threads in [Some(1), None] {
        let mut numpy = Numpy::start(&path, &query_path, threads);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (spent, found) = search(&index, &query);
            ours.push(spent);
            if let Some(numpy) = &mut numpy {
                let (spent, top) = numpy.search();
                theirs.push(spent);
                assert_eq!(top, found, "numpy finds other rows");
            }
        }
        report(rows, threads, &mut ours, &mut theirs);
    }
}

/// Random vectors, the same each time.
fn made(rows: usize) -> (VectorIndex, Vector) {
    let mut seed = 5_u64;
    let mut values = || -> Vec<f32> {
        let next = |seed: &mut u64| {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            (*seed >> 40) as f32 / 16_777_216.0 - 0.5
        };
        (0..DIMENSION).map(|_| next(&mut seed)).collect()
    };
    let query = Vector::new("bench", values()).unwrap();
    let mut index = VectorIndex::new(query.kind());
    index.reserve(rows);
    for row in 0..rows {
        let label =
            Label { key: format!("inc-{row:08}"), at: row as i64, group: group_of(Some("aws_lambda_function")) };
        index.push(label, &Vector::new("bench", values()).unwrap()).unwrap();
    }
    (index, query)
}

fn write(path: &Path, query_path: &Path, index: &VectorIndex, query: &Vector) {
    let mut file = File::create(path).unwrap();
    file.write_all(&index.header().encode()).unwrap();
    for start in (0..index.len()).step_by(1_000) {
        file.write_all(&index.encode_rows(start..index.len().min(start + 1_000))).unwrap();
    }
    let bytes: Vec<u8> = query.values().iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(query_path, bytes).unwrap();
}

/// Reads the file back, which checks every row.
fn read_back(path: &Path, index: &VectorIndex) {
    let bytes = std::fs::read(path).unwrap();
    let started = Instant::now();
    let read = VectorIndex::decode(&bytes).unwrap();
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    assert!(read == *index, "what was read is not what was written");
    println!("index of {} MB checked and taken in: {milliseconds:.0} ms", bytes.len() / 1_000_000);
}

fn search(index: &VectorIndex, query: &Vector) -> (f64, Vec<usize>) {
    let before = processor_time();
    let hits = index.nearest(query, MOST, |_| true).unwrap();
    (processor_time() - before, hits.iter().map(|hit| hit.row).collect())
}

/// Milliseconds of processor time of this process.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// A Python that searches the same file.
struct Numpy {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Numpy {
    fn start(path: &Path, query: &Path, threads: Option<u32>) -> Option<Self> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).args([path, query]).arg(DIMENSION.to_string()).arg(MOST.to_string());
        if let Some(threads) = threads {
            command.env("OPENBLAS_NUM_THREADS", threads.to_string()).env("MKL_NUM_THREADS", threads.to_string());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        let mut numpy = Self { child, input, output };
        let ready = numpy.line();
        if ready.is_none() {
            println!("numpy: not there (`PYTHON` may name an interpreter that has it)");
        }
        ready.map(|_| numpy)
    }

    fn search(&mut self) -> (f64, Vec<usize>) {
        self.input.write_all(b"go\n").unwrap();
        let answer: Value = serde_json::from_str(&self.line().unwrap()).unwrap();
        let top = answer["top"].as_array().unwrap().iter().map(|row| row.as_u64().unwrap() as usize).collect();
        (answer["cpu_ms"].as_f64().unwrap(), top)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.output.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line)
    }
}

impl Drop for Numpy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn report(rows: usize, threads: Option<u32>, ours: &mut [f64], theirs: &mut [f64]) {
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let middle = ours[ours.len() / 2];
    println!("  ours   {:7.2} {middle:7.2}", ours[0]);
    if let Some(python) = theirs.get(theirs.len() / 2) {
        let how = if threads.is_some() { "one thread" } else { "as it comes" };
        let ratio = middle / python;
        println!(
            "  numpy  {:7.2} {python:7.2}  {how}; the same {MOST} rows; ours takes {ratio:.2} of its time",
            theirs[0]
        );
    }
    if rows == 100_000 {
        println!("  pure Python took {PYTHON_MS:.0}: ours is {:.0} times as fast", PYTHON_MS / middle);
    }
}

const MOST: usize = 5;
const DIMENSION: usize = 1_536;
const ROUNDS: usize = 15;

/// What a loop over lists of floats took for the same on this kind of machine, in milliseconds of processor time.
const PYTHON_MS: f64 = 23_422.0;

/// Reads the file as it lies there: no decoding.
const PROGRAM: &str = r#"
import json, sys, time
import numpy as np
path, query, dimension, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
padded = -(-dimension * 4 // 64) * 16
row = np.dtype([("values", "<f4", padded), ("tail", "V16"), ("norm", "<f4"), ("rest", "V108")])
rows = np.fromfile(path, dtype=row, offset=256)
m = np.ascontiguousarray(rows["values"][:, :dimension])
norms = np.ascontiguousarray(rows["norm"])
del rows
q = np.fromfile(query, dtype="<f4")
print("ready", flush=True)
for _ in sys.stdin:
    before = time.process_time()
    s = (m @ q) / (norms * np.linalg.norm(q))
    k = np.argpartition(-s, most)[:most]
    k = k[np.argsort(-s[k])]
    spent = time.process_time() - before
    print(json.dumps({"cpu_ms": spent * 1e3, "top": k.tolist()}), flush=True)
"#;
