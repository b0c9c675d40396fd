//! How the tests run `sao`, and what of the world they look at.
//!
//! Nothing here waits for a fixed time: a condition is looked at again and again, so many times and no more.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};

/// The fixtures of the shop.
pub(crate) fn shop(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("replay-tests/fixtures/shop").join(file)
}

/// A `sao` command, without what the environment of the tests might say.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sao"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["SAO_DATA", "SAO_ENDPOINT", "SAO_ACCOUNT", "SAO_REGION", "SAO_LOG", "CARGO"] {
        command.env_remove(name);
    }
    command
}

/// What a command that ended said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The document on standard output, which must hold nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that it failed with this exit code and these words.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, words: &str) {
        assert!(
            self.code == Some(code) && self.err.contains(words),
            "expected exit code {code} and `{words}`: {self:?}"
        );
    }
}

/// Runs a command to its end.
pub(crate) fn sao(arguments: &[&str]) -> Said {
    Said::of(&command(arguments).output().unwrap())
}

/// Runs `sao demo` over a directory, with further arguments.
pub(crate) fn demo(data: &Path, arguments: &[&str]) -> Said {
    let data = data.to_str().unwrap();
    sao(&[&["demo", "--data", data, "--public-listen", "127.0.0.1:0"], arguments].concat())
}

/// A running `sao up`; killed when it is dropped.
pub(crate) struct Up {
    child: Child,
    pub(crate) data: PathBuf,
    pub(crate) endpoint: String,
    /// What it said when it was ready.
    pub(crate) ready: Value,
}

impl Up {
    /// Starts it over a directory, with the shop's state and observations, and waits until it says that it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts it with further arguments.
    pub(crate) fn start_with(data: &Path, arguments: &[&str]) -> Self {
        let mut up = Self::run(data, arguments);
        let mut text = String::new();
        for line in BufReader::new(up.child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            text.push_str(&line);
            if line == "}" {
                break;
            }
        }
        up.ready = serde_json::from_str(&text).expect("`sao up` says that it is ready");
        up.endpoint = up.ready["listen"].as_str().unwrap().to_owned();
        up
    }

    /// Starts it and waits for nothing: it may be killed before it is ready.
    pub(crate) fn spawn(data: &Path) -> Self {
        Self::run(data, &[])
    }

    fn run(data: &Path, arguments: &[&str]) -> Self {
        let (state, observations) = (shop("terraform.tfstate"), shop("observations/orders-duration.json"));
        let always =
            ["up", "--listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0", "--json", "--set", "settle_seconds=1"];
        let child = command(&always)
            .args(["--data", data.to_str().unwrap(), "--state", state.to_str().unwrap()])
            .args(["--observations", observations.to_str().unwrap()])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, data: data.to_owned(), endpoint: String::new(), ready: Value::Null }
    }

    /// Kills it as `kill -9` does: it gets to do nothing any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and answers its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Runs `sao incident ...` against it.
    pub(crate) fn incident(&self, arguments: &[&str]) -> Said {
        let run = command(&["incident"])
            .args(arguments)
            .env("SAO_ENDPOINT", &self.endpoint)
            .env("SAO_DATA", &self.data)
            .output();
        Said::of(&run.unwrap())
    }

    /// Hands over an event of the shop; answers the incident's name.
    pub(crate) fn begin(&self, event: &str) -> String {
        let said = self.incident(&["start", shop(event).to_str().unwrap(), "--json"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let arn = said.json()["execution_arn"].as_str().unwrap().to_owned();
        arn.rsplit(':').next().unwrap().to_owned()
    }

    /// What `sao incident show --json` says.
    pub(crate) fn look(&self, incident: &str) -> Value {
        let said = self.incident(&["show", incident, "--json"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.json()
    }

    /// Looks at an incident until it is as wanted.
    #[track_caller]
    pub(crate) fn until(&self, incident: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(|| Some(self.look(incident)).filter(&wanted), || self.look(incident).to_string())
    }

    /// Looks at an incident until a human is asked.
    #[track_caller]
    pub(crate) fn until_asked(&self, incident: &str) -> Value {
        self.until(incident, |shown| shown["waits_for_decision"] == true && shown["proposal"].is_object())
    }

    /// Looks at an incident until it has ended.
    #[track_caller]
    pub(crate) fn until_ended(&self, incident: &str) -> Value {
        self.until(incident, |shown| shown["status"] != "RUNNING")
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something, and fails when there never is.
#[track_caller]
pub(crate) fn eventually<T>(mut look: impl FnMut() -> Option<T>, otherwise: impl Fn() -> String) -> T {
    for _ in 0..MOST_LOOKS {
        if let Some(found) = look() {
            return found;
        }
        std::thread::yield_now();
    }
    panic!("it never came: {}", otherwise())
}

/// The state of an incident as `(status, outcome)`.
pub(crate) fn standing(shown: &Value) -> (&str, &str) {
    (shown["status"].as_str().unwrap_or_default(), shown["outcome"]["kind"].as_str().unwrap_or_default())
}

/// Everything that actions changed in the embedded account, from Terraform's own changes apart.
pub(crate) fn effects(data: &Path) -> Vec<Value> {
    let changes = documents(&data.join("account/resources"))
        .into_iter()
        .flat_map(|record| record["changes"].as_array().cloned().unwrap_or_default());
    changes.filter(|change| change["kind"] != "terraform").collect()
}

/// The present value of the function's timeout, as Terraform declared it and as changes left it.
pub(crate) fn timeout_of_orders(data: &Path) -> Value {
    let records = documents(&data.join("account/resources"));
    let orders =
        records.iter().find(|record| record["name"] == "shop-prod-orders").expect("the function is in the account");
    let mut changed =
        orders["changes"].as_array().into_iter().flatten().filter_map(|change| change["after"].get("timeout"));
    changed.next_back().unwrap_or(&orders["base"]["timeout"]).clone()
}

/// The JSON documents of a directory, in the order of their names.
pub(crate) fn documents(directory: &Path) -> Vec<Value> {
    files(directory)
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| read(path))
        .collect()
}

/// The files of a directory, without what a killed process left half written; none when it does not exist.
pub(crate) fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let paths = std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    paths.filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))).collect()
}

/// The document in a file.
pub(crate) fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or(json!(null))
}

/// A directory of a test's own, and its `data` inside, which does not exist yet.
pub(crate) fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    (directory, data)
}

/// How often a condition is looked at; each look is a process or a request, so this is minutes at the least.
const MOST_LOOKS: usize = 20_000;
