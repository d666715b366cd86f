//! The list of faults, which the tests in Rust and in JavaScript share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bedrock_chat::{Api as Kind, Service};
use local_bedrock::Fault;
use serde::Deserialize;
use serde_json::Value;

/// Returns the path of a file of the repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `faults.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// The text that is sent.
    pub(crate) question: String,
    pub(crate) apis: Vec<Api>,
    pub(crate) faults: Vec<Entry>,
}

/// One API, and the model that is called over it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// The API's name in the npm package.
    pub(crate) id: String,
    /// A part of the path of its streams, which other APIs do not have.
    pub(crate) stream_path: String,
    /// The API's name in tables.
    pub(crate) title: String,
    pub(crate) model: String,
    service: String,
    /// The numbers that placeholders of faults have over this API: `@middle` is `at["middle"]`.
    at: BTreeMap<String, usize>,
}

impl Api {
    pub(crate) fn kind(&self) -> Kind {
        match self.id.as_str() {
            "invoke" => Kind::Invoke,
            "converse" => Kind::Converse,
            "responses" => Kind::Responses,
            "chatCompletions" => Kind::ChatCompletions,
            "messages" => Kind::Messages,
            other => panic!("unknown API: {other}"),
        }
    }

    pub(crate) fn service(&self) -> Service {
        match self.service.as_str() {
            "bedrock-runtime" => Service::Runtime,
            "bedrock-mantle" => Service::Mantle,
            other => panic!("unknown service: {other}"),
        }
    }
}

/// One fault.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The title of its table.
    pub(crate) group: String,
    pub(crate) name: String,
    /// `invoke`, `stream`, or `gathered`: `invoke` with the option `streaming`.
    pub(crate) calls: Vec<String>,
    /// The APIs that have this fault, by id. Default: all.
    #[serde(default)]
    apis: Option<Vec<String>>,
    /// The fault, as for `POST /_local/faults`, with placeholders.
    pub(crate) fault: Value,
    /// Instead of a fault: there is no server.
    #[serde(default)]
    pub(crate) closed: bool,
    /// The limits on waiting for the response headers and on silence, in milliseconds.
    #[serde(default)]
    pub(crate) limit_ms: Option<u64>,
    /// An explanation of an outcome that is not obvious.
    #[serde(default)]
    pub(crate) note: Option<String>,
}

impl List {
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(in_repository("tests/fault_matrix/faults.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Returns the APIs that a fault is tried over.
    pub(crate) fn apis_of<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Api> {
        self.apis.iter().filter(|api| entry.apis.as_ref().is_none_or(|apis| apis.contains(&api.id)))
    }
}

impl Entry {
    /// Returns the fault over an API.
    pub(crate) fn over(&self, api: &Api) -> Fault {
        let mut text = self.fault.to_string();
        for (name, number) in &api.at {
            text = text.replace(&format!("\"@{name}\""), &number.to_string());
        }
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}: {text}", self.name))
    }
}
