//! A run in LangSmith's format, the same as LangChain posts for the same call.

mod chat;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::id::{TracePosition, iso};
use crate::interop;
use crate::json::{Json, Writer};
use crate::message::{AiMessage, Content, Media, MediaSource, Message};
use crate::observe::RunConfig;

pub(super) use chat::Chat;

/// The crate's name, sent where LangSmith expects the name of a library.
const LIBRARY: &str = "bedrock-chat";

/// The data of a run at its beginning.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) place: TracePosition,
    pub(super) start: Duration,
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) metadata: Vec<(String, Json)>,
    pub(super) work: Work,
    /// Whether the beginning of the run was not posted, so that the end must contain all of its data.
    pub(super) lost: AtomicBool,
}

impl Started {
    /// Creates a run. `name` is its name if the caller has set none.
    pub(super) fn new(config: &RunConfig, name: &str, start: Duration, place: TracePosition, work: Work) -> Self {
        Self {
            place,
            start,
            name: config.name.clone().unwrap_or_else(|| name.to_owned()),
            tags: config.tags.clone(),
            metadata: config.metadata.clone(),
            work,
            lost: AtomicBool::new(false),
        }
    }
}

/// The kind of a run.
#[derive(Debug)]
pub(super) enum Work {
    /// A call of a model.
    Chat(Box<Chat>),
    /// A custom run of the caller.
    Chain { inputs: Json },
}

/// The data of a run at its end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) end: Duration,
    pub(super) outcome: Outcome,
    /// The arrival times of the answer's pieces.
    pub(super) tokens: Vec<Duration>,
    pub(super) retries: Vec<Retry>,
}

/// The outcome of a run.
#[derive(Debug)]
pub(super) enum Outcome {
    Message(AiMessage),
    Outputs(Json),
    Failed { error: String, partial: Option<AiMessage> },
}

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) at: Duration,
    pub(super) attempt: u32,
    pub(super) error: String,
    pub(super) delay: Duration,
}

/// The parts of runs that must not leave the process.
pub(super) struct Hide {
    pub(super) inputs: bool,
    pub(super) outputs: bool,
    pub(super) metadata: bool,
    pub(super) redact: Option<Box<super::Redact>>,
}

impl Hide {
    fn inputs(&self, inputs: Json) -> Json {
        self.apply(self.inputs, inputs)
    }

    fn outputs(&self, outputs: Json) -> Json {
        self.apply(self.outputs, outputs)
    }

    fn apply(&self, all: bool, value: Json) -> Json {
        match &self.redact {
            _ if all => Json::empty_object(),
            Some(redact) => redact(value),
            None => value,
        }
    }
}

/// One operation on a run, split into the parts in which it is posted.
#[derive(Debug)]
pub(super) struct Post {
    /// `post` for a new run, also if it has already ended; `patch` for a run that was posted before.
    pub(super) operation: &'static str,
    pub(super) id: String,
    /// The run itself, a JSON object.
    pub(super) run: String,
    /// The members of the run that may be large.
    pub(super) parts: Vec<(&'static str, String)>,
}

impl Post {
    /// Returns the total number of bytes.
    pub(super) fn len(&self) -> usize {
        self.parts.iter().fold(self.run.len(), |sum, (_, part)| sum + part.len())
    }

    /// Returns the run with its parts inside, a JSON object.
    pub(super) fn whole(&self) -> String {
        let mut whole = self.run.strip_suffix('}').unwrap_or(&self.run).to_owned();
        for (name, part) in &self.parts {
            whole.push_str(",\"");
            whole.push_str(name);
            whole.push_str("\":");
            whole.push_str(part);
        }
        whole.push('}');
        whole
    }
}

/// Writes one operation: a run's beginning, its end, or both at once.
pub(super) fn post(run: &Started, create: bool, ended: Option<&Ended>, project: &str, hide: &Hide) -> Post {
    let mut w = Writer::new();
    w.begin_object();
    let place = &run.place;
    w.field("id", &place.id);
    w.field("name", &run.name);
    w.field("run_type", if matches!(run.work, Work::Chat(_)) { "llm" } else { "chain" });
    w.field("start_time", &iso(run.start));
    if let Some(ended) = ended {
        w.field("end_time", &iso(ended.end));
    }
    w.field("session_name", project);
    w.field("trace_id", &place.trace_id);
    w.field("dotted_order", &place.dotted_order);
    w.opt_field("parent_run_id", place.parent_id.as_deref());
    w.key("tags").begin_array();
    run.tags.iter().for_each(|tag| w.string(tag));
    w.end_array();
    w.end_object();

    let mut parts = Vec::with_capacity(6);
    if create {
        parts.push(("inputs", hide.inputs(inputs(&run.work)).as_str().to_owned()));
        if let Work::Chat(chat) = &run.work {
            parts.push(("serialized", chat.serialized()));
        }
    }
    if let Some(Ended { outcome, .. }) = ended {
        if let Outcome::Failed { error, .. } = outcome {
            parts.push(("error", Json::string(error).as_str().to_owned()));
        }
        if let Some(outputs) = outputs(outcome, &place.id) {
            parts.push(("outputs", hide.outputs(outputs).as_str().to_owned()));
        }
    }
    parts.push(("extra", extra(run, ended, hide)));
    parts.push(("events", events(run, ended)));
    let operation = if create { "post" } else { "patch" };
    Post { operation, id: place.id.clone(), run: w.finish(), parts }
}

fn inputs(work: &Work) -> Json {
    match work {
        Work::Chat(chat) => chat.inputs(),
        Work::Chain { inputs } => as_object(inputs, "input"),
    }
}

/// LangSmith accepts objects only.
fn as_object(value: &Json, key: &str) -> Json {
    if value.view().kind() == crate::json::Kind::Object {
        return value.clone();
    }
    let mut w = Writer::new();
    w.begin_object();
    w.key(key).raw(value.view());
    w.end_object();
    Json::written(w)
}

fn outputs(outcome: &Outcome, id: &str) -> Option<Json> {
    match outcome {
        Outcome::Message(message) => Some(chat::outputs(message, id)),
        Outcome::Outputs(outputs) => Some(as_object(outputs, "output")),
        Outcome::Failed { partial, .. } => {
            partial.as_ref().filter(|partial| !partial.content.is_empty()).map(|partial| chat::outputs(partial, id))
        }
    }
}

/// Returns the message that arrived, complete or partial.
fn message(ended: Option<&Ended>) -> Option<&AiMessage> {
    match &ended?.outcome {
        Outcome::Message(message) => Some(message),
        Outcome::Failed { partial, .. } => partial.as_ref(),
        Outcome::Outputs(_) => None,
    }
}

fn extra(run: &Started, ended: Option<&Ended>, hide: &Hide) -> String {
    let mut w = Writer::new();
    w.begin_object();
    if let Work::Chat(chat) = &run.work {
        chat.write_parameters(&mut w);
    }
    w.key("metadata").begin_object();
    if !hide.metadata {
        // The caller's metadata overrides: LangSmith finds prices by `ls_provider` and `ls_model_name`.
        let mut own = Writer::new();
        own.begin_object();
        if let Work::Chat(chat) = &run.work {
            chat.write_metadata(&mut own, message(ended));
        }
        own.key("versions").begin_object();
        own.field(LIBRARY, env!("CARGO_PKG_VERSION"));
        own.end_object();
        if let Some(usage) = message(ended).and_then(|message| message.usage) {
            own.key("usage_metadata");
            interop::write_usage(&mut own, usage);
        }
        own.end_object();
        let own = Json::written(own);
        for (key, value) in own.view().entries().filter(|(key, _)| run.metadata.iter().all(|(name, _)| name != key)) {
            w.key(&key).raw(value);
        }
        run.metadata.iter().for_each(|(key, value)| w.key(key).raw(value.view()));
    }
    w.end_object();
    w.key("runtime").begin_object();
    w.field("library", LIBRARY);
    w.field("library_version", env!("CARGO_PKG_VERSION"));
    w.field("runtime", "rust");
    w.field("sdk", LIBRARY);
    w.field("sdk_version", env!("CARGO_PKG_VERSION"));
    w.end_object();
    w.end_object();
    w.finish()
}

fn events(run: &Started, ended: Option<&Ended>) -> String {
    let mut w = Writer::new();
    w.begin_array();
    let mut event = |name: &str, at: Duration, retry: Option<&Retry>| {
        w.begin_object();
        w.field("name", name);
        w.field("time", &iso(at));
        if let Some(retry) = retry {
            w.key("kwargs").begin_object();
            w.key("attempt").u64(retry.attempt.into());
            w.field("error", &retry.error);
            w.key("delay_seconds").f64(retry.delay.as_secs_f64());
            w.end_object();
        }
        w.end_object();
    };
    event("start", run.start, None);
    if let Some(ended) = ended {
        ended.retries.iter().for_each(|retry| event("retry", retry.at, Some(retry)));
        ended.tokens.iter().for_each(|at| event("new_token", *at, None));
        let failed = matches!(ended.outcome, Outcome::Failed { .. });
        event(if failed { "error" } else { "end" }, ended.end, None);
    }
    w.end_array();
    w.finish()
}

/// Returns the approximate memory of messages in bytes, which limits the queue.
pub(super) fn weight(messages: &[Message]) -> usize {
    messages.iter().map(|message| 64 + content_weight(&message.content)).sum()
}

pub(super) fn content_weight(content: &[Content]) -> usize {
    content.iter().map(block_weight).sum()
}

fn block_weight(block: &Content) -> usize {
    let media = |media: &Media| source_weight(&media.source);
    128 + match block {
        Content::Text(text) => text.text.len() + text.citations.iter().map(|json| json.as_str().len()).sum::<usize>(),
        Content::Image(image) | Content::Audio(image) | Content::Video(image) => media(image),
        Content::Document(document) => source_weight(&document.source),
        Content::Thinking(thinking) => thinking.text.len() + thinking.signature.as_ref().map_or(0, String::len),
        Content::RedactedThinking(redacted) => redacted.data.len(),
        Content::ToolCall(call) => call.args.as_str().len(),
        Content::InvalidToolCall(call) => call.args.len(),
        Content::ToolResult(result) => content_weight(&result.content),
        Content::Guard(guard) => guard.text.as_ref().map_or(0, String::len) + guard.image.as_ref().map_or(0, media),
        Content::SearchResult(found) => found.content.iter().map(String::len).sum(),
        Content::Json(json) => json.value.as_str().len(),
        Content::Raw(raw) => raw.block.as_str().len(),
        Content::ToolAddition(tool) | Content::ToolRemoval(tool) => tool.name.len(),
        Content::CachePoint(_) => 0,
    }
}

fn source_weight(source: &MediaSource) -> usize {
    match source {
        MediaSource::Bytes(bytes) => bytes.len(),
        MediaSource::Base64(text) | MediaSource::Url(text) | MediaSource::Text(text) => text.len(),
        MediaSource::S3 { uri, .. } => uri.len(),
        MediaSource::Blocks(texts) => texts.iter().map(String::len).sum(),
    }
}
