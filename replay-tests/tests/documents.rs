//! The documents name only what is there: every path in backticks or behind a link leads somewhere.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The paths that a text names, in their order; what stands in a block of code names none.
fn named(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if !fenced && !line.starts_with("    ") {
            found.extend(line.split('`').skip(1).step_by(2).filter(|words| is_path(words)));
            found.extend(line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|to| is_path(to)));
        }
    }
    found
}

/// `src/cli/help.rs` and `CHANGELOG.md` are paths; `twin/` is a folder of a data directory, `/health` is an address.
fn is_path(words: &str) -> bool {
    let plain = words.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-<>".contains(letter));
    let inner = words.trim_end_matches('/').find('/').is_some_and(|at| at > 1);
    plain && (inner || words.ends_with(".md"))
}

/// Whether a path leads somewhere; `src/state/<type>.rs` does when its folder holds such files.
fn leads(path: &str) -> bool {
    let Some((folder, rest)) = path.split_once('<') else { return root().join(path).exists() };
    let ending = rest.split_once('>').unwrap().1;
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return false };
    entries.filter_map(Result::ok).any(|entry| entry.file_name().to_string_lossy().ends_with(ending))
}

#[track_caller]
fn check(document: &str, least: usize) {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let named = named(&text);
    let lost: Vec<&str> = named.iter().copied().filter(|path| !leads(path)).collect();
    assert!(lost.is_empty(), "`{document}` names what is not there: {lost:?}");
    assert!(named.len() >= least, "`{document}` names only {named:?}");
}

#[test]
fn the_readme_names_what_is_there() {
    check("README.md", 20);
}

#[test]
fn the_architecture_names_what_is_there() {
    check("ARCHITECTURE.md", 40);
}

#[test]
fn a_path_that_leads_nowhere_is_found() {
    let text = "see `src/nowhere.rs`, `src/<none>.zig`, `src/cli/` and [it](docs/lost.md), not `twin/` or `a b/c`\n    `x/y/z`";
    assert_eq!(named(text), ["src/nowhere.rs", "src/<none>.zig", "src/cli/", "docs/lost.md"]);
    let lost: Vec<&str> = named(text).into_iter().filter(|path| !leads(path)).collect();
    assert_eq!(lost, ["src/nowhere.rs", "src/<none>.zig", "docs/lost.md"]);
}
