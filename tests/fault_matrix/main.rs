//! The fault matrix: what callers see for each fault of the local Bedrock, over each API.
//!
//! `faults.json` lists the faults. `cells.json` records the outcome of each: all native ones, and the outcomes in Node
//! and workerd that differ, which `wasm/test/faults.test.mjs` compares. `docs/faults.md` shows them as tables.
//! `make faults` writes the outcomes and the tables again.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code, reason = "the soak uses the rest")]
mod list;
mod run;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use local_bedrock::Fault;
use serde_json::Value;

use list::{List, in_repository};

/// Outcomes by runtime and by [`key`].
type Cells = BTreeMap<String, BTreeMap<String, String>>;

/// The runtimes, in the order of the tables. The others are compared with the first.
const RUNTIMES: [&str; 3] = ["native", "node", "workerd"];

/// Returns the name of an outcome in `cells.json`.
fn key(fault: &str, api: &str, call: &str) -> String {
    format!("{fault} / {api} / {call}")
}

/// Writes a file if `UPDATE=1` is set; fails if its text would change.
fn keep(path: &str, text: &str) {
    let file = in_repository(path);
    let is_update = std::env::var("UPDATE").is_ok_and(|value| value == "1");
    if is_update {
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let changed: Vec<&str> = text.lines().filter(|line| !kept.lines().any(|other| other == *line)).collect();
    assert!(kept == text, "{path} is out of date; run `make faults` and read the change:\n{}", changed.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_matrix_matches_the_recorded_outcomes() {
    let list = List::read();
    let mut cells: Cells = serde_json::from_str(&std::fs::read_to_string(in_repository(CELLS)).unwrap()).unwrap();
    cells.insert("native".into(), run::native(&list).await);
    for runtime in RUNTIMES {
        cells.entry(runtime.into()).or_default();
    }
    keep(CELLS, &format!("{}\n", serde_json::to_string_pretty(&cells).unwrap()));
    keep("docs/faults.md", &table::page(&list, &cells));
}

const CELLS: &str = "tests/fault_matrix/cells.json";

/// Keys that choose requests. They are not faults.
const SELECTORS: [&str; 6] = ["path_contains", "operation", "skip", "times", "forever", "before_auth"];

#[test]
fn fault_list_has_every_fault_of_the_local_bedrock() {
    let list = List::read();
    let used: BTreeSet<String> = list
        .faults
        .iter()
        .filter_map(|fault| fault.fault.as_object())
        .flat_map(|fault| fault.keys().cloned())
        // The same as `body`, for bytes that are not text.
        .chain(["body_base64".to_owned()])
        .collect();
    let known = serde_json::to_value(Fault::default()).unwrap();
    let known = known.as_object().unwrap().keys().filter(|key| !SELECTORS.contains(&key.as_str()));
    let missing: Vec<&String> = known.filter(|key| !used.contains(*key)).collect();
    assert!(missing.is_empty(), "no fault of the list has {missing:?}");
    let inserted: BTreeSet<&str> = list
        .faults
        .iter()
        .filter_map(|fault| fault.fault.get("insert")?.as_array())
        .flatten()
        .filter_map(|frame| frame.get("kind").and_then(Value::as_str))
        .collect();
    assert_eq!(inserted, BTreeSet::from(["chunk", "error", "event", "exception", "failed", "text"]));
    let names: BTreeSet<&str> = list.faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names.len(), list.faults.len(), "each name is used once");
}
