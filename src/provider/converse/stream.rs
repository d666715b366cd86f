//! Decoders for streams in Converse's format: frames over Converse, chunks of InvokeModel for Nova.

use super::decode::{field, stop, whole_block};
use crate::base64;
use crate::error::{Error, ErrorKind, Result, from_exception};
use crate::event::{ChatEvent, Events};
use crate::eventstream::Frame;
use crate::json::{Json, Kind, View, Writer};
use crate::message::Usage;
use crate::provider::StreamDecoder;
use crate::provider::invoke::{ChunkDecoder, Counts, check_end};
use crate::provider::raw_block::Members;

/// A decoder for ConverseStream: one event in each frame, with its type in the frame's header.
#[derive(Debug, Default)]
pub(super) struct ConverseDecoder {
    events: Reader,
    counts: Counts,
    reported: Usage,
    input_has_cached: bool,
}

impl ConverseDecoder {
    /// Creates a decoder for the stream of a model. `input_has_cached` is whether its input tokens include cached
    /// ones.
    pub(super) fn new(input_has_cached: bool) -> Self {
        Self { input_has_cached, ..Self::default() }
    }

    fn usage(&self) -> Option<Usage> {
        let mut counts = self.counts;
        if self.input_has_cached {
            let cached = counts.cache_read.unwrap_or(0).saturating_add(counts.cache_write.unwrap_or(0));
            // If the count is too small to include the cached tokens, the service has already left them out.
            counts.input = counts.input.map(|input| input.checked_sub(cached).unwrap_or(input));
        }
        counts.usage()
    }
}

impl StreamDecoder for ConverseDecoder {
    fn frame(&mut self, frame: &Frame<'_>, out: &mut Events) -> Result<()> {
        let name = frame.event_type().unwrap_or_default();
        let payload = match View::from_bytes(frame.payload()) {
            Ok(payload) => payload,
            // Heartbeats and other events of unknown types may have any payload, or none.
            Err(_) if !EVENTS.contains(&name) => {
                out.unknown(name, frame.payload());
                return Ok(());
            }
            Err(error) => {
                return Err(Error::of(ErrorKind::Decode, format_args!("a frame's payload is not JSON: {error}")));
            }
        };
        self.events.event(name, payload, &mut self.counts, out)?;
        if let Some(usage) = self.usage() {
            out.usage(&mut self.reported, usage);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Events) -> Result<()> {
        check_end(self.events.complete)
    }
}

/// The events that a message is made of.
const EVENTS: &[&str] =
    &["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];

/// A decoder for the stream of Nova. Each chunk is an object with one event, under the event's name.
#[derive(Debug, Default)]
pub(super) struct NovaDecoder(Reader);

impl ChunkDecoder for NovaDecoder {
    fn chunk(&mut self, chunk: View<'_>, counts: &mut Counts, out: &mut Events) -> Result<()> {
        for (key, value) in chunk.raw_entries() {
            if key.starts_with("amazon-bedrock-") {
                field(key, value, counts, out);
            } else if key.ends_with("Exception") {
                return Err(from_exception(key, value.raw().as_bytes()));
            } else {
                self.0.event(key, value, counts, out)?;
            }
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.0.complete
    }
}

/// A reader of events. A stream is complete after `messageStop`; the usage arrives later.
#[derive(Debug, Default)]
struct Reader {
    complete: bool,
    buffered: Vec<BufferedBlock>,
    /// The block of the last delta of a known type.
    known: Option<u32>,
}

/// A block that can be used only when it is complete.
#[derive(Debug)]
struct BufferedBlock {
    index: u32,
    /// The block's member, for instance `toolResult`, and its value at the start.
    key: String,
    start: Json,
    /// The arguments of a call, as JSON text.
    input: String,
    /// Decoded base64. Its parts cannot be joined before they are decoded.
    bytes: Vec<u8>,
    /// The content of a tool result.
    items: Vec<Json>,
    /// The other members of deltas.
    others: Members,
    /// The value of deltas that are not objects.
    bare: Members,
    /// Whether only deltas of an unknown type have arrived, without a start event.
    loose: bool,
}

impl Reader {
    fn event(&mut self, name: &str, event: View<'_>, counts: &mut Counts, out: &mut Events) -> Result<()> {
        let index = index_of(event);
        match name {
            "contentBlockDelta" => {
                let delta = event.get("delta").and_then(|delta| delta.raw_entries().next());
                match delta {
                    Some((key, value)) if self.delta(index, key, value, out)? => self.known = Some(index),
                    Some((key, value)) if key != "text" && key != "reasoningContent" => {
                        let is_new = !self.buffered.iter().any(|block| block.index == index && block.key == key);
                        let block = self.buffered_block(index, key);
                        block.loose |= is_new;
                        block.add(value);
                    }
                    _ => out.unknown(name, event.raw().as_bytes()),
                }
            }
            "contentBlockStart" => {
                // Text and reasoning have no start event; an empty one is ignored.
                for (key, value) in event.members("start") {
                    self.start(index, key, value, out);
                }
            }
            "contentBlockStop" => {
                self.flush(Some(index), out);
                out.block_stop(index);
            }
            "messageStart" => out.push(ChatEvent::Start { id: None, model: None }),
            "messageStop" => {
                self.complete = true;
                self.flush(None, out);
                for (key, value) in event.raw_entries().filter(|(key, _)| !matches!(*key, "stopReason" | "p")) {
                    field(key, value, counts, out);
                }
                stop(event, out);
            }
            "metadata" => {
                for (key, value) in event.raw_entries().filter(|(key, value)| *key != "p" && !value.is_null()) {
                    field(key, value, counts, out);
                }
            }
            other => out.unknown(other, event.raw().as_bytes()),
        }
        Ok(())
    }

    fn start(&mut self, index: u32, key: &str, value: View<'_>, out: &mut Events) {
        if key == "toolUse" && value.get("type").is_none() {
            out.call(index, value, "toolUseId", "name");
        } else {
            self.buffered_block(index, key).start = Json::from(value);
        }
    }

    /// Reads a delta; returns `false` if its type is not known.
    fn delta(&mut self, index: u32, key: &str, value: View<'_>, out: &mut Events) -> Result<bool> {
        let text = |key: &str| value.string_at(key);
        match key {
            "text" => match value.string() {
                Some(text) => out.text(index, text),
                None => return Ok(false),
            },
            "toolUse" => {
                let args = text("input").unwrap_or_default();
                match self.buffered.iter_mut().find(|block| block.index == index && block.key == key) {
                    Some(block) => {
                        block.input.push_str(&args);
                        let more = value.raw_entries().filter(|(key, _)| *key != "input");
                        more.for_each(|(key, value)| block.others.add(key, value));
                    }
                    None if args.is_empty() => {}
                    None => out.arguments(index, args),
                }
            }
            "reasoningContent" => {
                if let Some(text) = text("text") {
                    out.thinking(index, text);
                } else if let Some(signature) = text("signature") {
                    out.signature(index, signature);
                } else if let Some(data) = text("redactedContent") {
                    self.buffered_block(index, key).decode(&data)?;
                } else {
                    return Ok(false);
                }
            }
            "citation" => out.citation(index, value),
            "toolResult" => value.items().for_each(|item| self.buffered_block(index, key).item(item)),
            "image" => {
                let block = self.buffered_block(index, key);
                for (key, value) in value.raw_entries() {
                    match value.get("bytes").and_then(View::str) {
                        Some(data) if key == "source" => block.decode(&data)?,
                        _ => block.others.add(key, value),
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Returns the incomplete block, or a new one.
    fn buffered_block(&mut self, index: u32, key: &str) -> &mut BufferedBlock {
        let found = self.buffered.iter().position(|block| block.index == index && block.key == key);
        let at = found.unwrap_or_else(|| {
            self.buffered.push(BufferedBlock {
                index,
                key: key.to_owned(),
                start: Json::empty_object(),
                input: String::new(),
                bytes: Vec::new(),
                items: Vec::new(),
                others: Members::default(),
                bare: Members::default(),
                loose: false,
            });
            self.buffered.len() - 1
        });
        #[allow(clippy::indexing_slicing, reason = "the position was just found or made")]
        &mut self.buffered[at]
    }

    /// Adds the blocks that are now complete: those of one index, or all.
    fn flush(&mut self, index: Option<u32>, out: &mut Events) {
        for block in std::mem::take(&mut self.buffered) {
            if index.is_none_or(|index| block.index == index) {
                if block.loose && self.known == Some(block.index) {
                    // The block arrived among the deltas of a known block, and cannot be replayed as a part of that
                    // block.
                    out.unknown("contentBlockDelta", block.whole().finish().as_bytes());
                    continue;
                }
                // The block is read like a block of a whole reply.
                whole_block(block.index, Json::written(block.whole()).view(), out);
            } else {
                self.buffered.push(block);
            }
        }
    }
}

impl BufferedBlock {
    fn decode(&mut self, data: &str) -> Result<()> {
        let mut bytes = Vec::new();
        base64::decode(data.as_bytes(), &mut bytes)?;
        self.bytes.append(&mut bytes);
        Ok(())
    }

    /// Adds a delta of an unknown type.
    fn add(&mut self, value: View<'_>) {
        match value.kind() {
            Kind::Object => value.raw_entries().for_each(|(key, value)| self.others.add(key, value)),
            _ => self.bare.add(&self.key, value),
        }
    }

    /// Adds to a tool result. Text is appended to the text before it.
    fn item(&mut self, item: View<'_>) {
        // A text with other members is a separate text.
        let text = |view: View<'_>| view.string_at("text").filter(|_| view.raw_entries().nth(1).is_none());
        let before = self.items.last().and_then(|last| text(last.view()));
        if let (Some(before), Some(more)) = (before, text(item)) {
            let mut w = Writer::new();
            w.begin_object();
            w.field("text", &(before + &more));
            w.end_object();
            self.items.pop();
            self.items.push(Json::written(w));
            return;
        }
        self.items.push(Json::from(item));
    }

    /// Returns the block as in a reply that is not streamed.
    fn whole(&self) -> Writer {
        let mut w = Writer::new();
        w.begin_object();
        if !self.bare.is_empty() {
            self.bare.write(&mut w, Json::empty_object().view());
            w.end_object();
            return w;
        }
        w.object(&self.key);
        self.others.write(&mut w, self.start.view());
        if self.input.is_empty() && self.key == "toolUse" && self.start.view().get("input").is_none() {
            // A reply that is not streamed has an empty object here, and the member is required.
            w.member("input", Json::empty_object().view());
        } else if !self.input.is_empty() {
            match View::parse(&self.input) {
                Ok(input) => w.member("input", input),
                // Incomplete arguments are kept as text.
                Err(_) => w.field("input", &self.input),
            }
        }
        if self.key == "toolResult" {
            w.array("content");
            self.items.iter().for_each(|item| w.raw(item.view()));
            w.end_array();
        }
        if !self.bytes.is_empty() {
            if self.key == "image" {
                w.object("source");
                w.key("bytes").base64(&self.bytes);
                w.end_object();
            } else {
                w.key("redactedContent").base64(&self.bytes);
            }
        }
        w.end_object();
        w.end_object();
        w
    }
}

fn index_of(event: View<'_>) -> u32 {
    event.index_at("contentBlockIndex")
}
