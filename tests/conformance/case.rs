//! Recorded calls: what several clients ("peers") sent for the same question, and returned for the same answer.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

/// The operation of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Invoke,
    InvokeStream,
    Converse,
    ConverseStream,
}

impl Operation {
    const ALL: [Self; 4] = [Self::Invoke, Self::InvokeStream, Self::Converse, Self::ConverseStream];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::InvokeStream => "invoke-stream",
            Self::Converse => "converse",
            Self::ConverseStream => "converse-stream",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    pub(crate) fn is_converse(self) -> bool {
        matches!(self, Self::Converse | Self::ConverseStream)
    }

    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::InvokeStream | Self::ConverseStream)
    }
}

/// One question and its answer, and what the clients did with them.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) operation: Operation,
    pub(crate) model: String,
    pub(crate) region: String,
    pub(crate) options: Map<String, Value>,
    pub(crate) messages: Vec<Value>,
    /// `None` if no client sent anything.
    pub(crate) response: Option<Response>,
    pub(crate) peers: Vec<Peer>,
}

/// The service's response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// 0 if the connection failed.
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn is_event_stream(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("application/vnd.amazon.eventstream"))
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The recorded behavior of one client.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// `jsbc`, `pycb`, `pyllm`, `pyconv`, `jsconv`, `aisdk` or `anthsdk`.
    pub(crate) tag: String,
    /// `None` if it raised an error before it sent anything.
    pub(crate) request: Option<PeerRequest>,
    /// How many times it sent the request.
    pub(crate) attempts: u64,
    /// The message that it made of the answer.
    pub(crate) parsed: Option<Value>,
    /// The error that it raised.
    pub(crate) error: Option<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct PeerRequest {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

impl Scenario {
    pub(crate) fn option(&self, key: &str) -> Option<&Value> {
        self.options.get(key)
    }

    /// Whether an option is set, or instead of it a body field of the same meaning.
    pub(crate) fn asks_for(&self, option: &str, fields: &[&str]) -> bool {
        let extra = ["model_kwargs", "additional_model_request_fields"];
        self.options.contains_key(option)
            || extra.iter().any(|key| self.option(key).is_some_and(|map| fields.iter().any(|f| map.get(f).is_some())))
    }

    /// Whether the model speaks Claude's text-completion format.
    pub(crate) fn is_legacy_claude(&self) -> bool {
        self.provider == "anthropic-legacy"
    }
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_object().into_iter().flatten().map(|(key, value)| (key.to_ascii_lowercase(), text(value))).collect()
}

fn response(value: &Value) -> Option<Response> {
    let status = u16::try_from(value.get("status")?.as_u64()?).unwrap();
    let mut headers = strings(&value["headers"]);
    if let Some(kind) = value["content_type"].as_str() {
        headers.insert("content-type".into(), kind.into());
    }
    let body = if let Some(json) = value.get("body") {
        json.to_string().into_bytes()
    } else if let Some(text) = value["body_text"].as_str() {
        text.as_bytes().to_vec()
    } else {
        base64(value["body_base64"].as_str().unwrap_or_default())
    };
    Some(Response { status, headers, body })
}

/// Standard base64.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    aws_smithy_types::base64::decode(text).unwrap()
}

fn peer(tag: &str, value: &Value) -> Peer {
    let present = |key: &str| value.get(key).filter(|value| !value.is_null()).cloned();
    let request = present("request").map(|request| PeerRequest {
        path: request["path"].as_str().unwrap().to_owned(),
        headers: strings(&request["headers"]),
        body: request["body"].clone(),
    });
    // Only the final message of a stream is compared. One client has only the events.
    let parsed = present("parsed").or_else(|| {
        (tag == "anthsdk").then(|| present("parsed_chunks").map(|chunks| super::facts::message_of_events(&chunks)))?
    });
    Peer {
        tag: tag.to_owned(),
        request,
        attempts: value["attempts"].as_u64().unwrap_or(0),
        parsed,
        error: present("error"),
    }
}

/// A recorded call of an operation that the judge does not support.
#[derive(Clone, Debug)]
pub(crate) struct Unsupported {
    pub(crate) name: String,
    pub(crate) operation: String,
}

/// The scenario of a recorded call; `None` if its operation is not supported.
fn scenario(value: &Value) -> Option<Scenario> {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    Some(Scenario {
        name: text("scenario"),
        provider: text("provider"),
        operation: Operation::parse(&text("api"))?,
        model: text("model"),
        region: text("region"),
        options: value["options"].as_object().cloned().unwrap_or_default(),
        messages: value["messages"].as_array().cloned().unwrap_or_default(),
        response: response(&value["response"]),
        peers: Vec::new(),
    })
}

/// Expands long text, which is kept as the text that it repeats.
fn expanded(value: Value) -> Value {
    match value {
        Value::Object(object) => match object.get("$repeat").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(text), times, Value::String(rest)]) => {
                let times = usize::try_from(times.as_u64().unwrap()).unwrap();
                Value::String(text.repeat(times) + rest)
            }
            _ => Value::Object(object.into_iter().map(|(key, value)| (key, expanded(value))).collect()),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(expanded).collect()),
        other => other,
    }
}

/// The project's own recordings: one scenario a line, with all its clients.
pub(crate) fn compact(lines: &str) -> Vec<Scenario> {
    let of_line = |line: &str| {
        let value = expanded(serde_json::from_str(line).unwrap());
        let mut scenario = scenario(&value).unwrap();
        let peers = value["peers"].as_object().unwrap();
        scenario.peers = peers.iter().map(|(tag, value)| peer(tag, value)).collect();
        scenario
    };
    lines.lines().map(of_line).collect()
}

/// A folder of files, one for each call of each client. The calls of one scenario are combined.
pub(crate) fn folder(path: &Path) -> (Vec<Scenario>, Vec<Unsupported>) {
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty(), "no recorded calls in {}", path.display());
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut unsupported = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = value["name"].as_str().unwrap();
        let Some(fresh) = scenario(&value) else {
            let operation = value["api"].as_str().unwrap_or_default().to_owned();
            unsupported.push(Unsupported { name: name.to_owned(), operation });
            continue;
        };
        let tag = name.split("--").next().unwrap().to_owned();
        let same = |known: &&mut Scenario| {
            (&known.name, known.operation, &known.model, &known.options, &known.messages)
                == (&fresh.name, fresh.operation, &fresh.model, &fresh.options, &fresh.messages)
        };
        match scenarios.iter_mut().find(same) {
            Some(known) => {
                known.response = known.response.take().or(fresh.response);
                known.peers.push(peer(&tag, &value));
            }
            None => scenarios.push(Scenario { peers: vec![peer(&tag, &value)], ..fresh }),
        }
    }
    (scenarios, unsupported)
}
