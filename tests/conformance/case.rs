//! Recorded calls: the requests of several clients ("peers") for the same question, and their results for the same
//! answer.

mod read;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use read::{base64, compact, folder};

/// The operation of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Invoke,
    InvokeStream,
    Converse,
    ConverseStream,
    Responses,
    ResponsesStream,
    Chat,
    ChatStream,
    Messages,
    MessagesStream,
    CountTokens,
}

impl Operation {
    /// The operations, with their names in the recordings.
    const ALL: [(Self, &str); 11] = [
        (Self::Invoke, "invoke"),
        (Self::InvokeStream, "invoke-stream"),
        (Self::Converse, "converse"),
        (Self::ConverseStream, "converse-stream"),
        (Self::Responses, "responses"),
        (Self::ResponsesStream, "responses-stream"),
        (Self::Chat, "chat"),
        (Self::ChatStream, "chat-stream"),
        (Self::Messages, "messages"),
        (Self::MessagesStream, "messages-stream"),
        (Self::CountTokens, "count-tokens"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(operation, _)| *operation == self).unwrap().1
    }

    fn parse(name: &str) -> Option<Self> {
        Some(Self::ALL.into_iter().find(|(_, known)| *known == name)?.0)
    }

    pub(crate) fn is_converse(self) -> bool {
        matches!(self, Self::Converse | Self::ConverseStream)
    }

    pub(crate) fn is_stream(self) -> bool {
        self.name().ends_with("-stream")
    }

    pub(crate) fn is_responses(self) -> bool {
        matches!(self, Self::Responses | Self::ResponsesStream)
    }

    pub(crate) fn is_chat(self) -> bool {
        matches!(self, Self::Chat | Self::ChatStream)
    }

    pub(crate) fn is_messages(self) -> bool {
        matches!(self, Self::Messages | Self::MessagesStream | Self::CountTokens)
    }

    /// Returns whether the operation belongs to an API whose streams are server-sent events. These recordings have
    /// the host and the authentication of a request, and were made without retries, unless a scenario is about them.
    pub(crate) fn is_sse_api(self) -> bool {
        self.is_responses() || self.is_chat() || self.is_messages()
    }
}

/// One question and its answer, and the requests and results of the clients.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) operation: Operation,
    /// Whether the call is sent to `bedrock-mantle`, not to `bedrock-runtime`.
    pub(crate) at_mantle: bool,
    pub(crate) model: String,
    pub(crate) region: String,
    pub(crate) options: Map<String, Value>,
    pub(crate) messages: Vec<Value>,
    /// The answers to the attempts before the last, if they differ from the last answer.
    pub(crate) earlier: Vec<Response>,
    /// The answer to the last attempt, and to any other. `None` if no client sent anything.
    pub(crate) response: Option<Response>,
    pub(crate) peers: Vec<Peer>,
}

/// The service's response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The HTTP status; 0 if the connection failed.
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

    pub(crate) fn is_sse(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The recorded behavior of one client.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// One of the tags in `data/README.md`.
    pub(crate) tag: String,
    /// `None` if the client raised an error before it sent anything.
    pub(crate) request: Option<PeerRequest>,
    /// How many times the client sent the request.
    pub(crate) attempts: u64,
    /// The message that the client made of the answer.
    pub(crate) parsed: Option<Value>,
    /// The error that the client raised.
    pub(crate) error: Option<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct PeerRequest {
    /// Recorded for the APIs whose streams are server-sent events.
    pub(crate) host: Option<String>,
    pub(crate) auth: Option<Auth>,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// How a request was authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    Bearer,
    /// With Signature Version 4, for this service in this region.
    Signature {
        service: String,
        region: String,
    },
}

impl Scenario {
    /// Whether another scenario is the same question at the same endpoint.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.operation, self.at_mantle, &self.model, &self.options, &self.messages)
            == (&other.name, other.operation, other.at_mantle, &other.model, &other.options, &other.messages)
    }

    pub(crate) fn option(&self, key: &str) -> Option<&Value> {
        self.options.get(key)
    }

    /// Returns whether an option is set, or a body field with the same meaning.
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

/// A recorded call of an operation that the judge does not support.
#[derive(Clone, Debug)]
pub(crate) struct Unsupported {
    pub(crate) name: String,
    pub(crate) operation: String,
}
