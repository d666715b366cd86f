//! A decoder for replies in Command R's format.

use crate::error::{Error, ErrorKind, Result};
use crate::event::{ChatEvent, Events};
use crate::headers::Headers;
use crate::json::{Kind, View};
use crate::message::{AiMessage, StopReason};
use crate::provider::body::object;
use crate::provider::invoke::{self, ChunkDecoder, Counts};

/// Reads a whole reply. The last event of a stream has the same form.
pub(super) fn message(body: &[u8], headers: &Headers) -> Result<AiMessage> {
    let view = object(body)?;
    if !["text", "tool_calls", "search_queries"].iter().any(|key| view.get(key).is_some()) {
        return Err(Error::new(
            ErrorKind::Decode,
            "the reply has neither `text` nor `tool_calls`; it is not in Command R's format",
        ));
    }
    let (mut events, mut counts) = (Events::default(), Counts::default());
    let mut stream = CommandDecoder::default();
    stream.answer(view, &mut counts, &mut events);
    stream.end(view.get("finish_reason"), &mut events);
    Ok(invoke::message(events, counts, headers))
}

/// The index of the text block. Tool calls have the indexes after it.
const TEXT: u32 = 0;

/// A decoder for a stream with one event of Cohere's in each chunk. The last has the whole reply.
#[derive(Debug, Default)]
pub(super) struct CommandDecoder {
    begun: bool,
    id: Option<String>,
    has_text: bool,
    has_citations: bool,
    /// The positions of the calls that have begun.
    calls: Vec<u32>,
    complete: bool,
}

impl ChunkDecoder for CommandDecoder {
    fn chunk(&mut self, chunk: View<'_>, counts: &mut Counts, out: &mut Events) -> Result<()> {
        let kind = chunk.text_at("event_type");
        if !kind.is_empty() {
            self.begin(chunk, out);
        }
        match &*kind {
            "text-generation" => self.text(chunk, out),
            "stream-start" => {}
            "tool-calls-chunk" => {
                self.text(chunk, out);
                if let Some(delta) = chunk.get("tool_call_delta") {
                    self.call_delta(delta, out);
                }
            }
            "tool-calls-generation" => {
                if !self.has_text {
                    self.text(chunk, out);
                }
                self.calls(chunk, out);
            }
            "citation-generation" => self.citations(chunk, out),
            "search-queries-generation" | "search-results" => {
                for (key, value) in chunk.raw_entries().filter(|(key, _)| !matches!(*key, "event_type" | "is_finished"))
                {
                    out.raw_metadata(key, value);
                }
            }
            "stream-end" => {
                let response = chunk.get("response");
                if let Some(response) = response {
                    self.answer(response, counts, out);
                }
                let reason = chunk.get("finish_reason").or_else(|| response?.get("finish_reason"));
                self.end(reason, out);
            }
            "" if chunk.raw_entries().all(|(key, _)| key.starts_with("amazon-bedrock-")) => {}
            other => out.unknown(other, chunk.raw().as_bytes()),
        }
        if kind != "text-generation" {
            for (key, value) in chunk.raw_entries() {
                invoke::common_field(key, value, counts, out);
            }
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

impl CommandDecoder {
    fn begin(&mut self, holder: View<'_>, out: &mut Events) {
        if !std::mem::replace(&mut self.begun, true) {
            self.id = holder.string_at("generation_id");
            out.push(ChatEvent::Start { id: self.id.clone(), model: None });
        }
    }

    fn text(&mut self, holder: View<'_>, out: &mut Events) {
        if let Some(text) = holder.string_at("text").filter(|text| !text.is_empty()) {
            self.has_text = true;
            out.text(TEXT, text);
        }
    }

    fn citations(&mut self, holder: View<'_>, out: &mut Events) {
        for citation in holder.list("citations") {
            self.has_citations = true;
            out.citation(TEXT, citation);
        }
    }

    /// Begins a call. Cohere's calls have no ids, but tool results need one.
    fn call(&mut self, place: u32, name: String, out: &mut Events) -> u32 {
        let index = place.saturating_add(1);
        if !self.calls.contains(&place) {
            self.calls.push(place);
            let id = format!("{}-{place}", self.id.as_deref().unwrap_or("call"));
            out.push(ChatEvent::ToolCallStart { index, id, name });
        }
        index
    }

    fn call_delta(&mut self, delta: View<'_>, out: &mut Events) {
        let place = delta.index_at("index");
        if let Some(name) = delta.string_at("name") {
            self.call(place, name, out);
        }
        if let Some(args) = delta.string_at("parameters").filter(|args| !args.is_empty()) {
            out.push(ChatEvent::ToolCallDelta { index: place.saturating_add(1), args });
        }
    }

    /// Adds whole calls, except calls that arrived in deltas.
    fn calls(&mut self, holder: View<'_>, out: &mut Events) {
        for (place, call) in (0u32..).zip(holder.list("tool_calls")) {
            if self.calls.contains(&place) {
                continue;
            }
            let name = call.text_at("name");
            let index = self.call(place, name, out);
            // A call that was cut off also has no parameters.
            if let Some(parameters) = call.get("parameters").filter(|parameters| parameters.raw() != "{}") {
                let args = match parameters.kind() {
                    Kind::String => parameters.string().unwrap_or_default(),
                    _ => parameters.raw().to_owned(),
                };
                out.arguments(index, args);
            }
        }
    }

    /// Adds the parts of the whole reply that were not in earlier events.
    fn answer(&mut self, answer: View<'_>, counts: &mut Counts, out: &mut Events) {
        self.begin(answer, out);
        if !self.has_text {
            self.text(answer, out);
        }
        if !self.has_citations {
            self.citations(answer, out);
        }
        self.calls(answer, out);
        for (key, value) in answer.raw_entries() {
            match key {
                "text" | "tool_calls" => {}
                "meta" => {
                    *counts = read_counts(value).or_later(*counts);
                    out.metadata("meta", value);
                }
                other if value.is_null() || invoke::common_field(other, value, counts, out) => {}
                other => out.raw_metadata(other, value),
            }
        }
    }

    fn end(&mut self, reason: Option<View<'_>>, out: &mut Events) {
        self.complete = true;
        if self.has_text {
            out.block_stop(TEXT);
        }
        for place in &self.calls {
            out.block_stop(place.saturating_add(1));
        }
        let Some(word) = reason.and_then(View::string) else { return };
        let reason = match StopReason::parse(&word) {
            // Cohere reports a tool call as an ordinary end, but callers that run tools look for `ToolUse`.
            StopReason::EndTurn if !self.calls.is_empty() => StopReason::ToolUse,
            reason => reason,
        };
        out.stop_for(reason, &word, None);
    }
}

/// Returns Cohere's own counts, which are used if the service sends none.
fn read_counts(meta: View<'_>) -> Counts {
    let read = |key: &str| {
        let holders = ["tokens", "billed_units"];
        holders.iter().find_map(|holder| meta.get(holder)?.u64_at(key))
    };
    Counts { input: read("input_tokens"), output: read("output_tokens"), ..Counts::default() }
}
