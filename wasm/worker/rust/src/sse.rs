//! Events as Anthropic's Messages API streams them.

use bedrock_chat::json::Writer;
use bedrock_chat::{ChatEvent, Error, StopReason, Usage, interop};

use crate::answer;

/// Converts the events of an answer to server-sent events.
pub(crate) struct AnthropicEvents {
    id: Option<String>,
    model: Option<String>,
    begun: bool,
    /// The blocks that have not ended.
    open: Vec<u32>,
    usage: Usage,
    stop: Option<StopReason>,
    sequence: Option<String>,
}

/// The start of a block, and the name of its deltas.
struct Delta {
    /// The empty block, as JSON members.
    block: &'static [(&'static str, &'static str)],
    kind: &'static str,
    member: &'static str,
}

const TEXT: Delta = Delta { block: &[("type", "text"), ("text", "")], kind: "text_delta", member: "text" };
const THINKING: Delta = Delta { block: EMPTY_THINKING, kind: "thinking_delta", member: "thinking" };
const SIGNATURE: Delta = Delta { block: EMPTY_THINKING, kind: "signature_delta", member: "signature" };
const EMPTY_THINKING: &[(&str, &str)] = &[("type", "thinking"), ("thinking", ""), ("signature", "")];
const ARGS: Delta = Delta {
    block: &[("type", "tool_use"), ("id", ""), ("name", "")],
    kind: "input_json_delta",
    member: "partial_json",
};

impl AnthropicEvents {
    pub(crate) fn new() -> Self {
        Self {
            id: None,
            model: None,
            begun: false,
            open: Vec::new(),
            usage: Usage::default(),
            stop: None,
            sequence: None,
        }
    }

    /// Converts an event to no, one or several server-sent events.
    pub(crate) fn event(&mut self, event: ChatEvent) -> String {
        let mut out = String::new();
        match event {
            // The start waits for the next event, as it contains the number of input tokens.
            ChatEvent::Start { id, model } => (self.id, self.model) = (id, model),
            ChatEvent::Usage { usage } => {
                self.usage += usage;
                self.begin(&mut out);
            }
            ChatEvent::Text { index, text } => self.delta(&mut out, index, &TEXT, &text),
            ChatEvent::Thinking { index, text } => self.delta(&mut out, index, &THINKING, &text),
            ChatEvent::ThinkingSignature { index, signature } => self.delta(&mut out, index, &SIGNATURE, &signature),
            ChatEvent::ToolCallDelta { index, args } => self.delta(&mut out, index, &ARGS, &args),
            ChatEvent::ToolCallStart { index, id, name } => {
                self.begin(&mut out);
                self.block(&mut out, index, |w| {
                    w.begin_object();
                    w.field("type", "tool_use");
                    w.field("id", &id);
                    w.field("name", &name);
                    w.key("input").begin_object();
                    w.end_object();
                    w.end_object();
                });
            }
            ChatEvent::Citation { index, citation } => {
                self.begin(&mut out);
                self.block_of(&mut out, index, TEXT.block);
                line(&mut out, "content_block_delta", |w| {
                    w.key("index").u64(index.into());
                    w.key("delta").begin_object();
                    w.field("type", "citations_delta");
                    w.key("citation").raw(citation.view());
                    w.end_object();
                });
            }
            ChatEvent::Block { index, block } => {
                self.begin(&mut out);
                self.block(&mut out, index, |w| interop::write_block(w, &block));
            }
            ChatEvent::BlockStop { index } => self.close(&mut out, index),
            ChatEvent::Stop { reason, sequence } => (self.stop, self.sequence) = (Some(reason), sequence),
            _ => {}
        }
        out
    }

    /// Returns the text after the last event.
    pub(crate) fn end(&mut self) -> String {
        let mut out = String::new();
        self.begin(&mut out);
        for index in std::mem::take(&mut self.open) {
            stopped(&mut out, index);
        }
        line(&mut out, "message_delta", |w| {
            w.key("delta").begin_object();
            optional(w, "stop_reason", self.stop.as_ref().map(StopReason::as_str));
            optional(w, "stop_sequence", self.sequence.as_deref());
            w.end_object();
            usage(w, self.usage);
        });
        line(&mut out, "message_stop", |_| {});
        out
    }

    /// Returns the event that ends an answer that broke off.
    pub(crate) fn error(error: &Error) -> String {
        let mut out = String::new();
        line(&mut out, "error", |w| {
            w.key("error").begin_object();
            w.field("type", answer::type_of(error.kind().as_str()));
            w.field("message", &answer::told_in_stream(error));
            w.field("kind", error.kind().as_str());
            w.end_object();
        });
        out
    }

    fn begin(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        line(out, "message_start", |w| {
            w.key("message").begin_object();
            optional(w, "id", self.id.as_deref());
            w.field("type", "message");
            w.field("role", "assistant");
            optional(w, "model", self.model.as_deref());
            w.key("content").begin_array();
            w.end_array();
            optional(w, "stop_reason", None);
            optional(w, "stop_sequence", None);
            usage(w, self.usage);
            w.end_object();
        });
    }

    fn delta(&mut self, out: &mut String, index: u32, delta: &Delta, text: &str) {
        self.begin(out);
        self.block_of(out, index, delta.block);
        line(out, "content_block_delta", |w| {
            w.key("index").u64(index.into());
            w.key("delta").begin_object();
            w.field("type", delta.kind);
            w.field(delta.member, text);
            w.end_object();
        });
    }

    /// Begins a block, unless it has begun.
    fn block_of(&mut self, out: &mut String, index: u32, members: &[(&str, &str)]) {
        if self.open.contains(&index) {
            return;
        }
        self.block(out, index, |w| {
            w.begin_object();
            for (name, value) in members {
                w.field(name, value);
            }
            w.end_object();
        });
    }

    fn block(&mut self, out: &mut String, index: u32, write: impl FnOnce(&mut Writer)) {
        self.open.push(index);
        line(out, "content_block_start", |w| {
            w.key("index").u64(index.into());
            write(w.key("content_block"));
        });
    }

    fn close(&mut self, out: &mut String, index: u32) {
        if let Some(at) = self.open.iter().position(|open| *open == index) {
            self.open.remove(at);
            stopped(out, index);
        }
    }
}

/// One Server-Sent Event.
fn line(out: &mut String, kind: &str, members: impl FnOnce(&mut Writer)) {
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", kind);
    members(&mut w);
    w.end_object();
    for part in ["event: ", kind, "\ndata: ", &w.finish(), "\n\n"] {
        out.push_str(part);
    }
}

fn stopped(out: &mut String, index: u32) {
    line(out, "content_block_stop", |w| w.key("index").u64(index.into()));
}

fn optional(w: &mut Writer, key: &str, text: Option<&str>) {
    w.key(key);
    match text {
        Some(text) => w.string(text),
        None => w.null(),
    }
}

/// Anthropic counts the tokens of the cache separately from the input.
fn usage(w: &mut Writer, usage: Usage) {
    let cache = usage.input_token_details;
    w.key("usage").begin_object();
    w.key("input_tokens").u64(usage.input_tokens.saturating_sub(cache.cache_read + cache.cache_creation));
    w.key("cache_creation_input_tokens").u64(cache.cache_creation);
    w.key("cache_read_input_tokens").u64(cache.cache_read);
    w.key("output_tokens").u64(usage.output_tokens);
    w.end_object();
}
