//! A decoder for replies in Anthropic's format.

use crate::error::{Error, ErrorKind, Result, from_reported};
use crate::event::{ChatEvent, Events};
use crate::headers::Headers;
use crate::json::{Json, Kind, View, merged};
use crate::message::{AiMessage, Content, RedactedThinking, Text, Thinking};
use crate::provider::body::object;
use crate::provider::invoke::{self, ChunkDecoder, Counts};
use crate::provider::raw_block::RawBlock;

/// Reads a whole reply.
pub(super) fn message(body: &[u8], headers: &Headers) -> Result<AiMessage> {
    let view = object(body)?;
    if view.word_at("type") == "error" {
        return Err(from_reported(view));
    }
    let Some(content) = view.get("content").filter(|content| content.kind() == Kind::Array) else {
        return Err(Error::new(ErrorKind::Decode, "the reply has no `content`; it is not in Anthropic's format"));
    };
    let mut events = Events::default();
    let mut counts = Counts::default();
    start(view, &mut events);
    for (index, block) in (0u32..).zip(content.items()) {
        whole_block(index, block, &mut events);
    }
    for (key, value) in view.raw_entries() {
        match key {
            "usage" => {
                counts = counts.or_later(read_counts(value));
                events.metadata("usage", value);
            }
            "stop_reason" => stop(view, &mut events),
            "id" | "type" | "role" | "model" | "content" | "stop_sequence" => {}
            other => {
                if !invoke::common_field(other, value, &mut counts, &mut events) && !value.is_null() {
                    events.raw_metadata(other, value);
                }
            }
        }
    }
    Ok(invoke::message(events, counts, headers))
}

/// A decoder for a stream with one event of Anthropic's in each chunk.
#[derive(Debug, Default)]
pub(super) struct MessagesDecoder {
    usage: Option<Json>,
    /// Blocks of unknown types that are still arriving.
    raw: Vec<RawBlock>,
    complete: bool,
}

impl ChunkDecoder for MessagesDecoder {
    fn chunk(&mut self, chunk: View<'_>, counts: &mut Counts, out: &mut Events) -> Result<()> {
        // Most chunks are deltas, so all their members are found in one pass.
        let (mut kind, mut index, mut delta) = ("", None, None);
        let mut entries = chunk.entries();
        while let Some((key, value)) = entries.next_raw() {
            match key {
                "type" => kind = value.word(),
                "index" => index = value.u64(),
                "delta" => delta = Some(value),
                _ => {}
            }
        }
        if let ("content_block_delta", Some(delta)) = (kind, delta) {
            let index = index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
            if let Some(block) = self.raw.iter_mut().find(|block| block.index == index) {
                add_to_raw(block, delta);
            } else if !read_delta(index, delta, out) {
                out.unknown(kind, chunk.raw().as_bytes());
            }
            return Ok(());
        }
        match kind {
            "content_block_start" => self.block_start(chunk, out),
            "content_block_stop" => {
                let index = index_of(chunk);
                self.flush(Some(index), out);
                out.block_stop(index);
            }
            "message_start" => {
                if let Some(message) = chunk.get("message") {
                    start(message, out);
                    for (index, block) in (0u32..).zip(message.list("content")) {
                        whole_block(index, block, out);
                    }
                    self.usage(message, counts, out);
                }
            }
            "message_delta" => {
                for (key, value) in chunk.members("delta") {
                    if !matches!(key, "stop_reason" | "stop_sequence") && !value.is_null() {
                        out.raw_metadata(key, value);
                    }
                }
                self.usage(chunk, counts, out);
                if let Some(delta) = chunk.get("delta") {
                    stop(delta, out);
                }
            }
            "message_stop" => {
                self.flush(None, out);
                self.complete = true;
            }
            "ping" => {}
            "error" => return Err(from_reported(chunk)),
            "" if chunk.raw_entries().all(|(key, _)| key.starts_with("amazon-bedrock-")) => {}
            other => out.unknown(other, chunk.raw().as_bytes()),
        }
        for (key, value) in chunk.raw_entries() {
            invoke::common_field(key, value, counts, out);
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

impl MessagesDecoder {
    /// Begins a block whose content has yet to arrive.
    fn block_start(&mut self, chunk: View<'_>, out: &mut Events) {
        let index = index_of(chunk);
        let Some(block) = chunk.get("content_block") else { return };
        if !known_start(index, block, out) {
            self.raw.push(RawBlock::new(index, block));
        }
    }

    /// Adds the blocks that are now complete: those of one index, or all.
    fn flush(&mut self, index: Option<u32>, out: &mut Events) {
        for mut block in std::mem::take(&mut self.raw) {
            if index.is_some_and(|index| index != block.index) {
                self.raw.push(block);
                continue;
            }
            block.members.parse("input");
            out.block(block.index, Content::raw(block.whole()));
        }
    }

    /// Adds usage. It arrives in two parts, and each part may lack counts of the other.
    fn usage(&mut self, holder: View<'_>, counts: &mut Counts, out: &mut Events) {
        if let Some(usage) = holder.get("usage") {
            *counts = counts.or_later(read_counts(usage));
            let all = match &self.usage {
                Some(before) => merged(before.view(), usage),
                None => Json::from(usage),
            };
            out.metadata("usage", all.view());
            self.usage = Some(all);
        }
    }
}

/// Adds a delta of any type to a block of an unknown type.
fn add_to_raw(block: &mut RawBlock, delta: View<'_>) {
    for (key, value) in delta.entries() {
        match &*key {
            "type" => {}
            "partial_json" => block.members.add("input", value),
            "citation" => block.members.add_element("citations", value),
            key => block.members.add(key, value),
        }
    }
}

/// Reads a delta; returns `false` if its type is not known.
fn read_delta(index: u32, delta: View<'_>, out: &mut Events) -> bool {
    let (mut kind, mut content) = ("", None);
    let mut entries = delta.entries();
    while let Some((key, value)) = entries.next_raw() {
        match key {
            "type" => kind = value.word(),
            "text" | "partial_json" | "thinking" | "signature" | "citation" => content = Some(value),
            _ => {}
        }
    }
    let Some(content) = content else { return false };
    let text = || content.string().unwrap_or_default();
    match kind {
        "text_delta" => out.text(index, text()),
        "input_json_delta" => {
            out.arguments(index, text());
        }
        "thinking_delta" => out.thinking(index, text()),
        "signature_delta" => out.signature(index, text()),
        "citations_delta" => out.citation(index, content),
        _ => return false,
    }
    true
}

fn index_of(chunk: View<'_>) -> u32 {
    chunk.index_at("index")
}

fn start(message: View<'_>, out: &mut Events) {
    out.push(ChatEvent::Start { id: message.string_at("id"), model: message.string_at("model") });
}

fn stop(holder: View<'_>, out: &mut Events) {
    if let Some(word) = holder.get("stop_reason").and_then(View::str) {
        out.stop(&word, holder.string_at("stop_sequence"));
    }
}

/// Adds the token counts of a whole reply, or of an event of a stream, to those before it.
#[cfg(feature = "gateway")]
pub(crate) fn add_counts(holder: View<'_>, counts: &mut Counts) {
    if let Some(usage) = holder.get("usage").or_else(|| holder.get("message")?.get("usage")) {
        *counts = counts.or_later(read_counts(usage));
    }
    // The service's own counts, which are in the last event, override the model's.
    if let Some(metrics) = holder.get("amazon-bedrock-invocationMetrics") {
        *counts = counts.or_later(Counts::from_metrics(metrics));
    }
}

fn read_counts(usage: View<'_>) -> Counts {
    let read = |key: &str| usage.u64_at(key);
    let by_ttl = |key: &str| usage.get("cache_creation")?.u64_at(key);
    Counts {
        input: read("input_tokens"),
        output: read("output_tokens"),
        cache_read: read("cache_read_input_tokens"),
        cache_write: read("cache_creation_input_tokens"),
        cache_write_5m: by_ttl("ephemeral_5m_input_tokens"),
        cache_write_1h: by_ttl("ephemeral_1h_input_tokens"),
        reasoning: usage.get("output_tokens_details").and_then(|details| details.u64_at("thinking_tokens")),
    }
}

/// Adds a whole block, with its start and end events.
fn whole_block(index: u32, block: View<'_>, out: &mut Events) {
    match block.word_at("type") {
        "text" => {
            let citations = block.copies("citations");
            return out.whole(index, Content::Text(Text { text: block.text_at("text"), citations, ..Text::default() }));
        }
        "tool_use" => {
            out.call(index, block, "id", "name");
            // The service sends an empty object for a call that was cut off.
            if let Some(input) = block.get("input").filter(|input| input.raw() != "{}") {
                out.arguments(index, input.raw().to_owned());
            }
            out.members(index, block, TOOL_USE);
        }
        "thinking" => {
            let signature = block.string_at("signature");
            let thinking = Thinking { text: block.text_at("thinking"), signature, ..Thinking::default() };
            return out.whole(index, Content::Thinking(thinking));
        }
        _ => match redacted(block) {
            Some(redacted) => out.block(index, redacted),
            None => out.block(index, Content::raw(block)),
        },
    }
    out.block_stop(index);
}

/// The members of a call that the crate has a field for, and the arguments.
const TOOL_USE: &[&str] = &["type", "id", "name", "input"];

/// Reads the beginning of a block; returns `false` if its type is not known.
fn known_start(index: u32, block: View<'_>, out: &mut Events) -> bool {
    match block.word_at("type") {
        "text" => {
            out.text(index, block.text_at("text"));
            for citation in block.list("citations") {
                out.citation(index, citation);
            }
        }
        "tool_use" => {
            out.call(index, block, "id", "name");
            // A call may begin with all its arguments. An empty object means that deltas follow.
            if let Some(input) = block.get("input").filter(|input| input.has_members()) {
                out.arguments(index, input.raw().to_owned());
            }
            out.members(index, block, TOOL_USE);
        }
        "thinking" => {
            out.thinking(index, block.text_at("thinking"));
            let signature = block.text_at("signature");
            if !signature.is_empty() {
                out.signature(index, signature);
            }
        }
        _ => match redacted(block) {
            Some(redacted) => out.block(index, redacted),
            None => return false,
        },
    }
    true
}

fn redacted(block: View<'_>) -> Option<Content> {
    let data = block.string_at("data").filter(|_| block.word_at("type") == "redacted_thinking")?;
    Some(Content::RedactedThinking(RedactedThinking { data }))
}
