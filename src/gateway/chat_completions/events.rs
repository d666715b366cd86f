//! Streamed replies.

use super::message::{CitedText, finish_reason, signed_block, write_annotations, write_call, write_head, write_signed};
use super::read;
use crate::event::ChatEvent;
use crate::gateway::dialect::{EventWriter, Given};
use crate::gateway::openai::citations::{UrlCitation, length};
use crate::gateway::openai::line;
use crate::gateway::openai::tools::{CallForm, ToolNames};
use crate::gateway::openai::usage::write_chat;
use crate::json::{Json, Writer};
use crate::message::{Content, StopReason, Thinking, Usage};

/// Writes the chunks of a reply.
pub(super) struct ChatEvents {
    /// The members that begin each chunk, as an object.
    head: Json,
    names: ToolNames,
    /// Whether the client asked for the usage.
    shows_usage: bool,
    model: Option<String>,
    has_begun: bool,
    /// The blocks of the reply, in their order.
    blocks: Vec<Block>,
    calls: u64,
    /// The number of characters of the content so far.
    length: usize,
    signed: Vec<Json>,
    stop: Option<StopReason>,
    usage: Usage,
}

struct Block {
    index: u32,
    position: u64,
    is_open: bool,
    part: Part,
}

enum Part {
    /// Text, and where it begins.
    Text(usize),
    Thinking(Thinking),
    Call {
        at: u64,
        id: String,
        name: String,
        args: String,
        form: CallForm,
    },
    Other,
}

impl ChatEvents {
    pub(super) fn new(given: &Given<'_>) -> Self {
        let mut w = Writer::new();
        w.begin_object();
        write_head(&mut w, given, "chat.completion.chunk");
        w.end_object();
        let options = given.body.get("stream_options");
        Self {
            head: Json::written(w),
            names: read::tool_names(given.body),
            shows_usage: options.and_then(|options| options.get("include_usage")?.bool()) == Some(true),
            model: None,
            has_begun: false,
            blocks: Vec::new(),
            calls: 0,
            length: 0,
            signed: Vec::new(),
            stop: None,
            usage: Usage::default(),
        }
    }

    /// Writes a chunk. `choices` and `usage` write these members.
    fn chunk(&self, out: &mut String, write: impl FnOnce(&mut Writer)) {
        let mut w = Writer::new();
        w.begin_object();
        self.head.view().raw_entries().for_each(|(key, value)| w.raw_member(key, value));
        w.array("choices");
        write(&mut w);
        w.end_object();
        line::push(out, None, &w.finish());
    }

    /// Writes a chunk with a delta.
    fn choice(&self, out: &mut String, reason: Option<&str>, write: impl FnOnce(&mut Writer)) {
        self.chunk(out, |w| {
            w.begin_object();
            w.key("index").u64(0);
            w.object("delta");
            write(w);
            w.end_object();
            w.key("logprobs").null();
            match reason {
                Some(reason) => w.field("finish_reason", reason),
                None => w.key("finish_reason").null(),
            }
            w.end_object();
            w.end_array();
            if self.shows_usage {
                w.key("usage").null();
            }
        });
    }

    fn delta(&mut self, out: &mut String, write: impl FnOnce(&mut Writer)) {
        self.begin(out);
        self.choice(out, None, write);
    }

    fn begin(&mut self, out: &mut String) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.choice(out, None, |w| {
                w.field("role", "assistant");
                w.field("content", "");
                w.key("refusal").null();
            });
        }
    }

    /// Returns the open block of an index that `fits`, or a new one.
    fn block(&mut self, index: u32, fits: fn(&Part) -> bool, new: impl FnOnce() -> Part) -> Option<&mut Block> {
        let found = self.blocks.iter().rposition(|block| block.index == index && block.is_open && fits(&block.part));
        let at = found.unwrap_or_else(|| {
            let position = self.blocks.len() as u64;
            self.blocks.push(Block { index, position, is_open: true, part: new() });
            self.blocks.len() - 1
        });
        self.blocks.get_mut(at)
    }

    fn text(&mut self, index: u32, text: &str, out: &mut String) {
        let start = self.length;
        self.block(index, |part| matches!(part, Part::Text(_)), || Part::Text(start));
        if !text.is_empty() {
            self.length += length(text);
            self.delta(out, |w| w.field("content", text));
        }
    }

    fn thinking(&mut self, index: u32) -> Option<&mut Thinking> {
        let new = || Part::Thinking(Thinking::default());
        match &mut self.block(index, |part| matches!(part, Part::Thinking(_)), new)?.part {
            Part::Thinking(thinking) => Some(thinking),
            _ => None,
        }
    }

    fn thinking_text(&mut self, index: u32, text: &str, out: &mut String) {
        if let Some(thinking) = self.thinking(index) {
            thinking.text.push_str(text);
        }
        if !text.is_empty() {
            self.delta(out, |w| w.field("reasoning_content", text));
        }
    }

    fn cite(&mut self, index: u32, citation: &Json, out: &mut String) {
        let start = self.length;
        let block = self.block(index, |part| matches!(part, Part::Text(_)), || Part::Text(start));
        let start = match block.map(|block| &block.part) {
            Some(Part::Text(start)) => *start,
            _ => start,
        };
        if let Some(citation) = UrlCitation::read(citation) {
            let cited: [CitedText; 1] = [(citation, start, self.length)];
            self.delta(out, |w| write_annotations(w, &cited));
        }
    }

    fn start_call(&mut self, index: u32, id: String, name: String, out: &mut String) {
        let (at, form) = (self.calls, self.names.form(&name));
        self.calls += 1;
        if form == CallForm::Function {
            self.call_delta(at, out, |w| write_call(w, &id, &name, "", form));
        }
        self.block(index, |_| false, || Part::Call { at, id, name, args: String::new(), form });
    }

    fn call_delta(&mut self, at: u64, out: &mut String, write: impl FnOnce(&mut Writer)) {
        self.delta(out, |w| {
            w.array("tool_calls");
            w.begin_object();
            w.key("index").u64(at);
            write(w);
            w.end_object();
            w.end_array();
        });
    }

    /// Returns the open block of an index.
    fn open(&mut self, index: u32) -> Option<&mut Block> {
        self.blocks.iter_mut().rev().find(|block| block.index == index && block.is_open)
    }

    fn arguments(&mut self, index: u32, more: &str, out: &mut String) {
        // Arguments of a call that never began are dropped, as they do not belong to another call.
        let Some(Part::Call { at, args, form, .. }) = self.open(index).map(|block| &mut block.part) else { return };
        args.push_str(more);
        if *form == CallForm::Function {
            let at = *at;
            self.call_arguments(at, more, out);
        }
    }

    fn call_arguments(&mut self, at: u64, args: &str, out: &mut String) {
        self.call_delta(at, out, |w| {
            w.object("function");
            w.field("arguments", args);
            w.end_object();
        });
    }

    /// Writes a block that arrives whole.
    fn whole(&mut self, index: u32, block: Content, out: &mut String) {
        match block {
            Content::Text(text) => {
                self.text(index, &text.text, out);
                text.citations.iter().for_each(|citation| self.cite(index, citation, out));
            }
            Content::Thinking(thinking) => {
                self.thinking_text(index, &thinking.text, out);
                if let Some(open) = self.thinking(index) {
                    *open = thinking;
                }
            }
            Content::ToolCall(call) => {
                self.start_call(index, call.id, call.name, out);
                self.arguments(index, call.args.as_str(), out);
            }
            Content::InvalidToolCall(call) => {
                self.start_call(index, call.id, call.name, out);
                self.arguments(index, &call.args, out);
            }
            block => {
                let position = self.block(index, |_| false, || Part::Other).map_or(0, |block| block.position);
                self.signed.extend(signed_block(&block, position, self.model.as_deref()));
            }
        }
    }

    fn stop_block(&mut self, index: u32, out: &mut String) {
        let Some(block) = self.open(index) else { return };
        block.is_open = false;
        let position = block.position;
        match std::mem::replace(&mut block.part, Part::Other) {
            Part::Thinking(thinking) => {
                self.signed.extend(signed_block(&Content::Thinking(thinking), position, self.model.as_deref()));
            }
            Part::Call { at, args, form: CallForm::Function, .. } if args.is_empty() => {
                self.call_arguments(at, "{}", out);
            }
            Part::Call { at, id, name, args, form } if form != CallForm::Function => {
                self.call_delta(at, out, |w| write_call(w, &id, &name, &args, form));
            }
            _ => {}
        }
    }
}

impl EventWriter for ChatEvents {
    fn event(&mut self, event: ChatEvent, out: &mut String) {
        match event {
            ChatEvent::Start { model, .. } => {
                self.model = model;
                self.begin(out);
            }
            ChatEvent::Text { index, text } => self.text(index, &text, out),
            ChatEvent::Thinking { index, text } => self.thinking_text(index, &text, out),
            ChatEvent::ThinkingSignature { index, signature } => {
                if let Some(thinking) = self.thinking(index) {
                    thinking.signature.get_or_insert_default().push_str(&signature);
                }
            }
            ChatEvent::Member { index, key, value } => {
                if let Some(Part::Thinking(thinking)) = self.open(index).map(|block| &mut block.part) {
                    thinking.extra.retain(|(known, _)| *known != key);
                    thinking.extra.push((key, value));
                }
            }
            ChatEvent::ToolCallStart { index, id, name } => self.start_call(index, id, name, out),
            ChatEvent::ToolCallDelta { index, args } => self.arguments(index, &args, out),
            ChatEvent::Citation { index, citation } => self.cite(index, &citation, out),
            ChatEvent::Block { index, block } => self.whole(index, block, out),
            ChatEvent::BlockStop { index } => self.stop_block(index, out),
            ChatEvent::Stop { reason, .. } => {
                StopReason::replace(&mut self.stop, reason);
            }
            ChatEvent::Usage { usage } => self.usage += usage,
            ChatEvent::Metadata { .. } | ChatEvent::Unknown { .. } => {}
        }
    }

    fn end(&mut self, out: &mut String) {
        self.begin(out);
        let open: Vec<u32> = self.blocks.iter().filter(|block| block.is_open).map(|block| block.index).collect();
        open.into_iter().for_each(|index| self.stop_block(index, out));
        // In one chunk, as some SDKs keep only the last delta of members that they do not know.
        let signed = std::mem::take(&mut self.signed);
        if !signed.is_empty() {
            self.delta(out, |w| write_signed(w, &signed));
        }
        self.choice(out, Some(finish_reason(self.stop.as_ref(), self.calls > 0)), |_| {});
        if self.shows_usage {
            let usage = self.usage;
            self.chunk(out, |w| {
                w.end_array();
                write_chat(w, usage);
            });
        }
        out.push_str("data: [DONE]\n\n");
    }
}
