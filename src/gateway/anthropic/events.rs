//! Streamed replies as Anthropic's server-sent events.

use super::citation::write_citation;
use super::message::{
    begin_call, call_id, message_id, stop_reason, write_block, write_invalid, write_stop, write_usage,
};
use super::signature::marked;
use crate::event::ChatEvent;
use crate::gateway::dialect::EventWriter;
use crate::gateway::openai::line;
use crate::interop;
use crate::json::{Json, View, Writer};
use crate::message::{Content, StopReason, Usage};

/// A writer of events in the strict order of the API: one block after another, with indexes from 0 on. Some
/// clients add each delta to the last block, so only one block may be open at a time. If another block arrives:
///
/// | the open block | what happens |
/// |---|---|
/// | text or reasoning | it ends; later deltas of it begin a new block |
/// | a complete block of another type | it ends |
/// | a tool call whose arguments are complete | it ends |
/// | a tool call with incomplete arguments, or a raw block | the new block waits until it ends |
pub(crate) struct AnthropicEvents {
    model: String,
    nonce: String,
    /// Whether signatures are [marked](marked).
    marks: bool,
    begun: bool,
    /// The blocks that have not ended, in the order of their indexes. Only the first one is written; the others wait.
    blocks: Vec<Block>,
    /// The index of the next block.
    next: u32,
    has_calls: bool,
    usage: Usage,
    stop: Option<StopReason>,
    sequence: Option<String>,
}

/// A block that has begun.
struct Block {
    /// The index in the events of this crate.
    source: u32,
    /// The index that the client receives.
    index: u32,
    part: Part,
    /// Whether its end has arrived.
    ended: bool,
    /// Its events, while it waits.
    waiting: String,
}

enum Part {
    Text,
    /// Reasoning, with the signature and the other JSON members so far.
    Thinking(String, Vec<(String, Json)>),
    /// A tool call, with the arguments so far.
    Call(String),
    /// A block of another type, which may get deltas of text or arguments.
    Raw,
    /// A block that is complete.
    Whole,
}

impl AnthropicEvents {
    /// Creates a writer. `model` is the name that the client asked for, and `nonce` makes ids.
    pub(crate) fn new(model: &str, nonce: &str) -> Self {
        Self {
            model: model.to_owned(),
            nonce: nonce.to_owned(),
            marks: true,
            begun: false,
            blocks: Vec::new(),
            next: 0,
            has_calls: false,
            usage: Usage::default(),
            stop: None,
            sequence: None,
        }
    }

    /// Writes signatures as the model made them, for clients whose requests do not pass through a gateway.
    pub(crate) fn unmarked(self) -> Self {
        Self { marks: false, ..self }
    }

    fn begin(&mut self, id: Option<&str>, out: &mut String) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let id = message_id(id, &self.nonce);
        event(out, "message_start", |w| {
            w.object("message");
            w.field("id", &id);
            w.field("type", "message");
            w.field("role", "assistant");
            w.field("model", &self.model);
            w.array("content");
            w.end_array();
            write_stop(w, None, None);
            write_usage(w, self.usage);
            w.end_object();
        });
    }

    /// Writes a delta of a block, which begins unless it has begun.
    fn delta(&mut self, out: &mut String, source: u32, fresh: Part, write: impl FnOnce(&mut Writer)) {
        let at = self.block(out, source, fresh);
        self.write(out, at, "content_block_delta", |w| {
            w.object("delta");
            write(w);
            w.end_object();
        });
    }

    /// Returns the position of the block that a delta belongs to. It begins unless it has begun.
    fn block(&mut self, out: &mut String, source: u32, fresh: Part) -> usize {
        let takes = |block: &Block| block.source == source && !block.ended && block.part.takes(&fresh);
        let at = self.blocks.iter().rposition(takes);
        match at {
            Some(at) => at,
            None => {
                let id = call_id("", &self.nonce, self.next);
                self.start(out, source, fresh, |w, part| match part {
                    Part::Thinking(..) => {
                        w.begin_object();
                        w.field("type", "thinking");
                        w.field("thinking", "");
                        w.field("signature", "");
                        w.end_object();
                    }
                    // Arguments without the start of their call.
                    Part::Call(_) => {
                        begin_call(w, &id, "");
                        w.member("input", Json::empty_object().view());
                        w.end_object();
                    }
                    Part::Text | Part::Raw | Part::Whole => {
                        w.begin_object();
                        w.field("type", "text");
                        w.field("text", "");
                        w.end_object();
                    }
                })
            }
        }
    }

    /// Begins a block, and returns its position among the open ones.
    fn start(&mut self, out: &mut String, source: u32, part: Part, write: impl FnOnce(&mut Writer, &Part)) -> usize {
        self.begin(None, out);
        self.has_calls |= matches!(part, Part::Call(_));
        let mut w = Writer::new();
        write(&mut w, &part);
        let text = w.finish();
        let index = self.next;
        self.next = self.next.saturating_add(1);
        self.blocks.push(Block { source, index, part, ended: false, waiting: String::new() });
        self.advance(out);
        let at = self.blocks.len().saturating_sub(1);
        self.write(out, at, "content_block_start", |w| w.raw_text("content_block", &text));
        at
    }

    /// Writes an event of a block, or keeps it if the block waits.
    fn write(&mut self, out: &mut String, at: usize, kind: &str, members: impl FnOnce(&mut Writer)) {
        let Some(block) = self.blocks.get_mut(at) else { return };
        let index = block.index;
        let out = if at == 0 { out } else { &mut block.waiting };
        event(out, kind, |w| {
            w.key("index").u64(index.into());
            members(w);
        });
    }

    /// Ends the open block early, as long as another one waits for it.
    fn advance(&mut self, out: &mut String) {
        while let [open, _, ..] = self.blocks.as_slice()
            && open.can_end()
        {
            self.end_block(out, 0);
        }
    }

    /// Marks a block as ended. The open block then ends, and the blocks that waited for it are written.
    fn end_block(&mut self, out: &mut String, at: usize) {
        if let Some(block) = self.blocks.get_mut(at) {
            block.ended = true;
        }
        while let Some(block) = self.blocks.first().filter(|block| block.ended) {
            if let Part::Thinking(signature, members) = &block.part {
                let signature = if self.marks { marked(signature, members) } else { signature.clone() };
                if !signature.is_empty() {
                    self.write(out, 0, "content_block_delta", |w| {
                        w.object("delta");
                        write_delta(w, "signature_delta", "signature", &signature);
                        w.end_object();
                    });
                }
            }
            self.write(out, 0, "content_block_stop", |_| {});
            self.blocks.remove(0);
            if let Some(next) = self.blocks.first_mut() {
                out.push_str(&std::mem::take(&mut next.waiting));
            }
        }
    }

    fn whole(&mut self, out: &mut String, source: u32, block: &Content) {
        match block {
            Content::CachePoint(_) => {}
            Content::Text(text) if text.extra.is_empty() => {
                self.delta(out, source, Part::Text, |w| write_delta(w, "text_delta", "text", &text.text));
                for citation in &text.citations {
                    self.delta(out, source, Part::Text, |w| write_cited(w, citation));
                }
            }
            Content::Thinking(thinking) => {
                self.thinking(out, source, &thinking.text);
                self.sign(out, source, |signature, members| {
                    signature.push_str(thinking.signature.as_deref().unwrap_or_default());
                    members.extend(thinking.extra.iter().cloned());
                });
            }
            Content::ToolCall(call) => {
                self.call(out, source, &call.id, &call.name);
                self.arguments(out, source, call.args.as_str());
            }
            Content::InvalidToolCall(call) => {
                self.has_calls = true;
                let id = call_id(&call.id, &self.nonce, self.next);
                self.start(out, source, Part::Whole, |w, _| write_invalid(w, &id, call));
            }
            Content::RedactedThinking(_) if !self.marks => {
                self.start(out, source, Part::Whole, |w, _| interop::write_block(w, block));
            }
            block => {
                let part = if matches!(block, Content::Raw(_)) { Part::Raw } else { Part::Whole };
                self.start(out, source, part, |w, _| write_block(w, block));
            }
        }
    }

    fn thinking(&mut self, out: &mut String, source: u32, text: &str) {
        self.delta(out, source, Part::THINKING, |w| write_delta(w, "thinking_delta", "thinking", text));
    }

    /// Adds to the signature and the members of reasoning, which are written at the end of its block.
    fn sign(&mut self, out: &mut String, source: u32, add: impl FnOnce(&mut String, &mut Vec<(String, Json)>)) {
        let at = self.block(out, source, Part::THINKING);
        if let Some(Block { part: Part::Thinking(signature, members), .. }) = self.blocks.get_mut(at) {
            add(signature, members);
        }
    }

    fn call(&mut self, out: &mut String, source: u32, id: &str, name: &str) {
        let id = call_id(id, &self.nonce, self.next);
        self.start(out, source, Part::Call(String::new()), |w, _| {
            begin_call(w, &id, name);
            w.member("input", Json::empty_object().view());
            w.end_object();
        });
    }

    fn arguments(&mut self, out: &mut String, source: u32, args: &str) {
        self.delta(out, source, Part::Call(String::new()), |w| {
            write_delta(w, "input_json_delta", "partial_json", args);
        });
        let block = self.blocks.iter_mut().rev().find(|block| block.source == source);
        if let Some(Block { part: Part::Call(all), .. }) = block {
            all.push_str(args);
        }
        self.advance(out);
    }
}

impl EventWriter for AnthropicEvents {
    fn event(&mut self, event: ChatEvent, out: &mut String) {
        match event {
            ChatEvent::Start { id, .. } => self.begin(id.as_deref(), out),
            ChatEvent::Text { index, text } => {
                self.delta(out, index, Part::Text, |w| write_delta(w, "text_delta", "text", &text));
            }
            ChatEvent::Thinking { index, text } => self.thinking(out, index, &text),
            ChatEvent::ThinkingSignature { index, signature } => {
                self.sign(out, index, |all, _| all.push_str(&signature));
            }
            ChatEvent::Citation { index, citation } => {
                self.delta(out, index, Part::Text, |w| write_cited(w, &citation));
            }
            ChatEvent::ToolCallStart { index, id, name } => self.call(out, index, &id, &name),
            ChatEvent::ToolCallDelta { index, args } => self.arguments(out, index, &args),
            ChatEvent::Block { index, block } => self.whole(out, index, &block),
            ChatEvent::BlockStop { index } => {
                let open = self.blocks.iter().position(|block| block.source == index && !block.ended);
                if let Some(at) = open {
                    self.end_block(out, at);
                }
            }
            ChatEvent::Stop { reason, sequence } => {
                if StopReason::replace(&mut self.stop, reason) {
                    self.sequence = sequence;
                }
            }
            ChatEvent::Usage { usage } => self.usage += usage,
            ChatEvent::Member { index, key, value } => {
                let mut open = self.blocks.iter_mut().rev().filter(|block| block.source == index && !block.ended);
                // The API has no event for members of text and of calls, and the answer is whole without them.
                if let Some(Block { part: Part::Thinking(_, members), .. }) = open.next() {
                    members.retain(|(known, _)| *known != key);
                    members.push((key, value));
                }
            }
            // The API has no event for other metadata.
            ChatEvent::Metadata { .. } | ChatEvent::Unknown { .. } => {}
        }
    }

    fn end(&mut self, out: &mut String) {
        self.begin(None, out);
        for at in (0..self.blocks.len()).rev() {
            self.end_block(out, at);
        }
        let reason = self.stop.as_ref().map(|reason| stop_reason(reason, self.has_calls));
        event(out, "message_delta", |w| {
            w.object("delta");
            write_stop(w, reason, self.sequence.as_deref());
            w.end_object();
            write_usage(w, self.usage);
        });
        event(out, "message_stop", |_| {});
    }
}

impl Block {
    /// Returns whether the block may end before its end has arrived.
    fn can_end(&self) -> bool {
        match &self.part {
            Part::Text | Part::Thinking(..) | Part::Whole => true,
            Part::Call(args) => View::parse(args).is_ok(),
            Part::Raw => false,
        }
    }
}

impl Part {
    const THINKING: Self = Self::Thinking(String::new(), Vec::new());

    fn takes(&self, delta: &Self) -> bool {
        matches!(
            (self, delta),
            (Self::Text | Self::Raw, Self::Text)
                | (Self::Thinking(..), Self::Thinking(..))
                | (Self::Call(_) | Self::Raw, Self::Call(_))
        )
    }
}

fn write_delta(w: &mut Writer, kind: &str, member: &str, text: &str) {
    w.field("type", kind);
    w.field(member, text);
}

fn write_cited(w: &mut Writer, citation: &Json) {
    w.field("type", "citations_delta");
    write_citation(w.key("citation"), citation);
}

/// Writes one server-sent event.
fn event(out: &mut String, kind: &str, members: impl FnOnce(&mut Writer)) {
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", kind);
    members(&mut w);
    w.end_object();
    line::push(out, Some(kind), &w.finish());
}
