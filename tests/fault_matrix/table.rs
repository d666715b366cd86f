//! Writes the outcomes as Markdown.

use std::collections::{BTreeMap, BTreeSet};

use crate::list::{Entry, List};
use crate::{Cells, RUNTIMES, key};

pub(crate) fn page(list: &List, cells: &Cells) -> String {
    let mut page = HEAD.to_owned();
    let mut group = "";
    let mut notes: Vec<&str> = Vec::new();
    for entry in &list.faults {
        if entry.group != group {
            end_group(&mut page, &mut notes);
            group = &entry.group;
            page.push_str(&format!("\n## {group}\n\n{COLUMNS}"));
        }
        let mut name = entry.name.clone();
        if let Some(note) = &entry.note {
            notes.push(note);
            name.push_str(&format!(" <sup>{}</sup>", notes.len()));
        }
        for row in rows(list, entry, cells) {
            page.push_str(&format!("| {name} | {row} |\n"));
        }
    }
    end_group(&mut page, &mut notes);
    page
}

const COLUMNS: &str = "| fault | API | call | the caller gets | sent | text that arrived | retryable | transient |
|---|---|---|---|---|---|---|---|
";

fn end_group(page: &mut String, notes: &mut Vec<&str>) {
    for (number, note) in notes.drain(..).enumerate() {
        page.push_str(&format!("\n<sup>{}</sup> {note}\n", number + 1));
    }
}

/// One way to write a set of outcomes: runtimes, APIs and calls whose outcomes are all equal.
type Product = (BTreeSet<usize>, BTreeSet<usize>, BTreeSet<usize>);

fn rows(list: &List, entry: &Entry, cells: &Cells) -> Vec<String> {
    // Positions in `RUNTIMES`, in the list's APIs, and in the fault's calls.
    let mut places: BTreeMap<&str, BTreeSet<(usize, usize, usize)>> = BTreeMap::new();
    for (runtime, name) in RUNTIMES.iter().enumerate() {
        for api in list.apis_of(entry) {
            let at = list.apis.iter().position(|other| other.id == api.id).unwrap();
            for (call, called) in entry.calls.iter().enumerate() {
                let key = key(&entry.name, &api.id, called);
                let cell = cells[*name].get(&key).or_else(|| cells["native"].get(&key)).unwrap();
                places.entry(cell).or_default().insert((runtime, at, call));
            }
        }
    }
    let mut rows: Vec<(Product, &str)> = Vec::new();
    for (cell, places) in &places {
        rows.extend(fewest(places).into_iter().map(|product| (product, *cell)));
    }
    rows.sort();
    rows.into_iter().map(|(product, cell)| row(list, entry, &product, cell)).collect()
}

/// Returns the fewest products that make up a set of places.
fn fewest(places: &BTreeSet<(usize, usize, usize)>) -> Vec<Product> {
    let calls_first = merged(places, |(runtime, api, call)| ((runtime, api), call));
    let by_calls = merged(&calls_first, |((runtime, api), calls)| ((runtime, calls), api));
    let by_calls = merged(&by_calls, |((runtime, calls), apis)| ((apis, calls), runtime));
    let apis_first = merged(places, |(runtime, api, call)| ((runtime, call), api));
    let by_apis = merged(&apis_first, |((runtime, call), apis)| ((runtime, apis), call));
    let by_apis = merged(&by_apis, |((runtime, apis), calls)| ((apis, calls), runtime));
    let shorter = if by_apis.len() < by_calls.len() { by_apis } else { by_calls };
    shorter.into_iter().map(|((apis, calls), runtimes)| (runtimes, apis, calls)).collect()
}

/// Collects the values that have the same rest.
fn merged<T: Clone, R: Ord, V: Ord>(all: &BTreeSet<T>, split: impl Fn(T) -> (R, V)) -> BTreeSet<(R, BTreeSet<V>)> {
    let mut merged: BTreeMap<R, BTreeSet<V>> = BTreeMap::new();
    for (rest, value) in all.iter().cloned().map(split) {
        merged.entry(rest).or_default().insert(value);
    }
    merged.into_iter().collect()
}

fn row(list: &List, entry: &Entry, (runtimes, apis, calls): &Product, cell: &str) -> String {
    let apis = match apis.len() == list.apis.len() {
        true => "all".to_owned(),
        false => joined(apis.iter().map(|api| list.apis[*api].title.clone())),
    };
    let calls = joined(calls.iter().map(|call| format!("`{}`", entry.calls[*call])));
    let place = match runtimes.len() == RUNTIMES.len() {
        true => String::new(),
        false => format!(" ({})", joined(runtimes.iter().map(|runtime| SHOWN[*runtime].to_owned()))),
    };
    let [result, sent, text, flags] =
        <[&str; 4]>::try_from(cell.split('|').map(str::trim).collect::<Vec<_>>()).unwrap();
    let mark = |flag: &str| match (result, flags.contains(flag)) {
        ("message", _) => "",
        (_, true) => "yes",
        (_, false) => "no",
    };
    let result = if result == "message" { "the message".to_owned() } else { format!("`{result}`") };
    format!("{apis} | {calls}{place} | {result} | {sent} | {text} | {} | {}", mark("retryable"), mark("transient"))
}

/// The names of [`RUNTIMES`] in tables.
const SHOWN: [&str; 3] = ["native", "Node", "workerd"];

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

const HEAD: &str = "<!-- Written by `make faults`: change tests/fault_matrix, not this file. -->

# Failed calls, as callers see them

Each row is the outcome of a call under one fault of the
[local Bedrock](../tests/local-bedrock/README.md), which lasts as long as the call. `make faults` tries every fault over
all five APIs, natively, in Node and in workerd, and writes these tables. `make test` fails if an outcome changes.

| column | meaning |
|---|---|
| fault | The failure. To find one, search this page for a status, an exception, `silence`, `lost` (the server closes the connection too early) or `ends` (the reply ends properly, and too early). |
| API | The APIs with this outcome. |
| call | `invoke` asks for a whole answer, `stream` delivers events, and `gathered` is `invoke` with the option `streaming`. In brackets: the only runtimes with this outcome. |
| the caller gets | The whole message, or an error of this kind (`ErrorKind`, `error.kind`). |
| sent | How many requests were sent, with the default of 3 attempts. A call that is sent again succeeds once the fault has passed: the run checks this, too. |
| text that arrived | How many characters of the text are in the error (`Error::partial`, `error.partial`), or `none` if the error has no message. A stream delivers exactly these characters before its error. |
| retryable | Whether the same call may be sent again without the risk of paying twice (`is_retryable`, `retryable`). |
| transient | Whether the cause may pass, so that a fallback or a later call may succeed (`is_transient`, `transient`). |

The run also checks that nothing is lost and nothing is paid for twice. The text of an error is what the stream
delivered and the beginning of the whole text. A call is never sent again after part of its text has arrived.
";
