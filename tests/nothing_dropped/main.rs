//! Nothing that a caller sets is dropped silently: the request contains the value, or the call fails before it is
//! sent, with an error that names the option or the block.
//!
//! The tables have a row for every option, field and block. A new option without a row fails the test: the names are
//! read from the crate's `Debug` output.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../every_family/mod.rs"]
mod every_family;

mod blocks;
mod json_blocks;
mod known;
mod options;
mod places;
mod tools;

use std::collections::BTreeMap;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{Api, BedrockChat, ChatOptions, Credentials, Error, ErrorKind, Message, Mode, Result};
use every_family::{models, routes};

/// Whole answers and streams.
const MODES: [Mode; 2] = [Mode::Invoke, Mode::Stream];

/// The request of a call, or the error before a request.
#[derive(Debug)]
enum Outcome {
    Sent(String),
    Refused(Error),
}

fn chat(model: &str, api: Api, options: &ChatOptions, transport: MemoryTransport) -> Result<BedrockChat> {
    BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .api(api)
        .transport(transport)
        .options(options)
        .build()
}

/// Makes a call and returns its request as one text: URL, headers and body.
fn call(model: &str, api: Api, mode: Mode, messages: &[Message], options: &ChatOptions) -> Outcome {
    let transport = MemoryTransport::new([Reply::json(400, r#"{"message":"caught"}"#)]);
    let answer = chat(model, api, options, transport.clone()).and_then(|chat| {
        futures_executor::block_on(async {
            match mode {
                Mode::Invoke => chat.invoke(messages).await.map(drop),
                _ => chat.stream(messages).await.map(drop),
            }
        })
    });
    match (transport.requests().first(), answer) {
        (Some(request), _) => {
            let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let body = String::from_utf8_lossy(&request.body);
            Outcome::Sent(format!("{}\n{}\n{body}", request.url, headers.join("\n")))
        }
        (None, Err(error)) => Outcome::Refused(error),
        (None, Ok(())) => panic!("{model} answered without a request"),
    }
}

/// The expectation of a row.
#[derive(Clone, Debug)]
struct Wanted {
    /// The request must contain one text of each group.
    found: Vec<Vec<String>>,
    /// The error must contain one of these names.
    named: Vec<String>,
}

impl Wanted {
    /// Expects all of `found` in the request, or an error with one of `named`.
    fn new(found: &[&str], named: &[&str]) -> Self {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Self { found: found.iter().map(|text| vec![(*text).to_owned()]).collect(), named: own(named) }
    }

    /// Also expects one of `found` in the request.
    fn or(mut self, found: &[&str]) -> Self {
        self.found.push(found.iter().map(|text| (*text).to_owned()).collect());
        self
    }

    /// Returns the failure of an outcome, if there is one.
    fn fault(&self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::Sent(request) => {
                let missing = |group: &&Vec<String>| !group.iter().any(|text| request.contains(text.as_str()));
                let missing = self.found.iter().find(missing)?;
                Some(format!("dropped in silence: {}", missing.join(" | ")))
            }
            Outcome::Refused(error) => {
                let before = [ErrorKind::Config, ErrorKind::Unsupported, ErrorKind::Encode].contains(&error.kind());
                let message = error.message().to_lowercase();
                let named = self.named.iter().any(|name| message.contains(&name.to_lowercase()));
                match (before, named) {
                    (true, true) => None,
                    (true, false) => Some(format!("the error names none of {:?}: {}", self.named, error.message())),
                    (false, _) => Some(format!("an error of another kind: {error}")),
                }
            }
        }
    }
}

/// Failures by row, each with the calls that failed.
#[derive(Debug, Default)]
struct Faults(BTreeMap<(String, String), Vec<String>>);

impl Faults {
    fn add(&mut self, row: &str, model: &str, api: Api, mode: Mode, fault: String) {
        let place = format!("{model} {api:?}{}", if mode == Mode::Stream { " (stream)" } else { "" });
        self.0.entry((row.to_owned(), fault.replace(model, "[model]"))).or_default().push(place);
    }

    /// Checks a row with every model, API and mode.
    fn try_all(&mut self, row: &str, wanted: &Wanted, make: &dyn Fn() -> (Vec<Message>, ChatOptions)) {
        let (messages, options) = make();
        for (model, api) in routes() {
            for mode in MODES {
                self.try_one(row, wanted, model, api, mode, &messages, &options);
            }
        }
    }

    /// Checks a row with the batch record of every model and API.
    fn try_records(&mut self, row: &str, wanted: &Wanted, messages: &[Message], options: &ChatOptions) {
        for (model, api) in models().into_iter().filter(|(model, api)| !known::is_exempt(row, model, *api)) {
            let chat = chat(model, api, options, MemoryTransport::default());
            let outcome = match chat.and_then(|chat| chat.batch_record("record", messages)) {
                Ok(record) => Outcome::Sent(record),
                Err(error) => Outcome::Refused(error),
            };
            if let Some(fault) = wanted.fault(&outcome) {
                self.add(row, model, api, Mode::Invoke, fault);
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // One place of a table.
    fn try_one(
        &mut self,
        row: &str,
        wanted: &Wanted,
        model: &str,
        api: Api,
        mode: Mode,
        messages: &[Message],
        options: &ChatOptions,
    ) {
        if known::is_exempt(row, model, api) {
            return;
        }
        if let Some(fault) = wanted.fault(&call(model, api, mode, messages, options)) {
            self.add(row, model, api, mode, fault);
        }
    }

    /// Panics with a list of the failures, except known ones.
    fn report(self, table: &str) {
        let lines: Vec<String> = self
            .0
            .iter()
            .filter(|((row, _), _)| !known::KNOWN.iter().any(|known| known == row))
            .map(|((row, fault), places)| {
                let some = places.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
                format!("{row}: {fault}\n    {} places: {some}", places.len())
            })
            .collect();
        assert!(lines.is_empty(), "{table}: {} faults\n{}", lines.len(), lines.join("\n"));
    }
}

/// Returns the names of a struct's fields, from its `Debug` output.
fn members(value: &dyn std::fmt::Debug) -> Vec<String> {
    let printed = format!("{value:#?}");
    let member = |line: &str| {
        let line = line.strip_prefix("    ").filter(|line| !line.starts_with(' '))?;
        let (name, _) = line.split_once(": ")?;
        Some(name.to_owned())
    };
    printed.lines().filter_map(member).collect()
}

/// Panics when a struct has a field without a row in the table. Rows are named `Struct.field`, optionally with more
/// words.
fn has_rows(structure: &str, value: &dyn std::fmt::Debug, rows: &[&str]) {
    let members = members(value);
    assert!(!members.is_empty(), "`{structure}` prints no members");
    for member in members {
        let name = format!("{structure}.{member}");
        let found = rows.iter().any(|row| *row == name || row.starts_with(&format!("{name} ")));
        assert!(found, "`{name}` has no row in the table: say where its value is found in a request");
    }
}
