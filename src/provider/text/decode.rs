//! A decoder for replies of text completion.

use std::borrow::Cow;

use super::{Row, TextPath};
use crate::error::{Error, ErrorKind, Result, from_exception};
use crate::event::{ChatEvent, Events};
use crate::headers::Headers;
use crate::json::{Json, Kind, View, Writer};
use crate::message::{AiMessage, StopReason};
use crate::provider::body::object;
use crate::provider::invoke::{self, ChunkDecoder, Counts};
use crate::provider::text_blocks::TextBlocks;

/// The families' keys for the stop reason. Jurassic-2 has an object there.
const STOP_KEYS: [&str; 4] = ["stop_reason", "finish_reason", "completionReason", "finishReason"];

/// The families' keys for the prompt's tokens.
const INPUT_KEYS: [&str; 3] = ["prompt_token_count", "inputTextTokenCount", "prompt_tokens"];

/// The families' keys for the answer's tokens.
const OUTPUT_KEYS: [&str; 4] =
    ["generation_token_count", "tokenCount", "totalOutputTextTokenCount", "completion_tokens"];

/// Reads a whole reply. `is_open` is whether it begins inside reasoning.
pub(super) fn message(row: &'static Row, is_open: bool, body: &[u8], headers: &Headers) -> Result<AiMessage> {
    let view = object(body)?;
    if is_error(view) {
        return Err(reported(view));
    }
    let missing = |what: &str| {
        Error::of(ErrorKind::Decode, format_args!("the reply has {what}; it is not in the format of {}", row.name))
    };
    let holder = match row.whole.list {
        None => view,
        Some(list) => match view.get(list).map(|list| list.items().next()) {
            None => return Err(missing(&format!("no `{list}`"))),
            Some(None) => return Err(missing(&format!("nothing in `{list}`"))),
            Some(Some(first)) => first,
        },
    };
    let Some(text) = text_at(holder, &row.whole) else {
        return Err(missing(&format!("no text in `{}`", row.whole.text)));
    };
    let (mut events, mut counts) = (Events::default(), Counts::default());
    let mut blocks = TextBlocks::new(row.reasoning, is_open);
    start(view, &mut events);
    blocks.push(&text, &mut events);
    blocks.flush(&mut events);
    about(view, holder, &row.whole, true, &mut counts, &mut events);
    stop(row, holder, &mut events);
    Ok(invoke::message(events, counts, headers))
}

/// A decoder for a stream whose chunks each have a piece of the text.
pub(super) struct TextDecoder {
    row: &'static Row,
    blocks: TextBlocks,
    begun: bool,
    complete: bool,
}

impl TextDecoder {
    pub(super) fn new(row: &'static Row, is_open: bool) -> Self {
        Self { row, blocks: TextBlocks::new(row.reasoning, is_open), begun: false, complete: false }
    }
}

impl ChunkDecoder for TextDecoder {
    fn chunk(&mut self, chunk: View<'_>, counts: &mut Counts, out: &mut Events) -> Result<()> {
        if is_error(chunk) {
            return Err(reported(chunk));
        }
        let path = &self.row.piece;
        let holder = match path.list {
            None => chunk,
            // A chunk without the list may have other fields.
            Some(list) => chunk.get(list).and_then(|list| list.items().next()).unwrap_or(chunk),
        };
        if chunk.kind() != Kind::Object || is_other_generation(self.row, holder) {
            out.unknown("chunk", chunk.raw().as_bytes());
            return Ok(());
        }
        if !self.begun {
            self.begun = true;
            start(chunk, out);
        }
        if let Some(text) = text_at(holder, path) {
            self.blocks.push(&text, out);
        }
        // The service adds its counts to the last chunk of every family.
        let ends = stopped(self.row, holder).is_some()
            || chunk.get("is_finished").and_then(View::bool) == Some(true)
            || chunk.get("amazon-bedrock-invocationMetrics").is_some();
        if ends && !self.complete {
            self.complete = true;
            self.blocks.flush(out);
        }
        about(chunk, holder, path, ends, counts, out);
        stop(self.row, holder, out);
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

/// Returns whether a chunk belongs to another generation than the first. Several generations arrive mixed,
/// each chunk with the index of its generation; for Titan the index is that of the chunk.
fn is_other_generation(row: &Row, holder: View<'_>) -> bool {
    row.config.is_none() && holder.u64_at("index").is_some_and(|index| index > 0)
}

fn is_error(view: View<'_>) -> bool {
    view.word_at("type") == "error"
}

/// Returns the error that a reply with status 200 reports.
fn reported(view: View<'_>) -> Error {
    let error = view.get("error").unwrap_or(view);
    let name = error.string_at("type").unwrap_or_else(|| "api_error".into());
    from_exception(&name, error.raw().as_bytes())
}

fn text_at<'a>(holder: View<'a>, path: &TextPath) -> Option<Cow<'a, str>> {
    let text = holder.get(path.text)?;
    if text.kind() == Kind::Object { text.get("text")?.str() } else { text.str() }
}

fn start(view: View<'_>, out: &mut Events) {
    let text = |key: &str| view.get(key).map(|value| value.string().unwrap_or_else(|| value.raw().to_owned()));
    out.push(ChatEvent::Start { id: text("id"), model: text("model") });
}

/// Returns the model's stop reason, its meaning, and the stop sequence.
fn stopped<'a>(row: &Row, holder: View<'a>) -> Option<(Cow<'a, str>, StopReason, Option<String>)> {
    let value = STOP_KEYS.iter().find_map(|key| holder.get(key))?;
    if value.kind() == Kind::Object {
        // Jurassic-2, whose name for an ordinary end is `endoftext`.
        let (word, sequence) = (value.get("reason")?.str()?, value.string_at("sequence"));
        let reason = if word == "stop" { StopReason::StopSequence } else { StopReason::parse(&word) };
        return Some((word, reason, sequence));
    }
    let (word, sequence) = (value.str()?, holder.string_at("stop"));
    let reason = StopReason::parse(&word);
    let ends_turn = reason == StopReason::StopSequence && sequence.is_some() && sequence.as_deref() == row.turn_end;
    Some(if ends_turn { (word, StopReason::EndTurn, None) } else { (word, reason, sequence) })
}

fn stop(row: &Row, holder: View<'_>, out: &mut Events) {
    if let Some((word, reason, sequence)) = stopped(row, holder) {
        out.stop_for(reason, &word, sequence);
    }
}

/// Reads all members other than the text: counts and metadata. The service's counts override the model's own. Fields
/// that every chunk repeats are metadata only if the chunk is the `last`.
fn about(view: View<'_>, holder: View<'_>, path: &TextPath, last: bool, counts: &mut Counts, out: &mut Events) {
    let mut fields = Fields { model: Counts::default(), service: Counts::default(), last, out };
    for (key, value) in view.raw_entries() {
        match path.list {
            Some(list) if key == list => {
                fields.first(holder, path.text);
                fields.others(list, value);
            }
            _ if key == "id" || key == "model" => {}
            None if key == path.text => {}
            _ => fields.field(key, value),
        }
    }
    *counts = counts.or_later(fields.model).or_later(fields.service);
}

/// The fields of a reply, sorted into counts and metadata.
struct Fields<'a> {
    model: Counts,
    service: Counts,
    last: bool,
    out: &'a mut Events,
}

impl Fields<'_> {
    /// Adds the fields of the list's first element, without its text.
    fn first(&mut self, holder: View<'_>, text: &str) {
        for (key, value) in holder.raw_entries() {
            if key != text {
                self.field(key, value);
            } else {
                for (key, value) in value.raw_entries().filter(|(key, _)| *key != "text") {
                    self.field(key, value);
                }
            }
        }
    }

    fn field(&mut self, key: &str, value: View<'_>) {
        let is_plain_stop = STOP_KEYS.contains(&key) && value.kind() != Kind::Object;
        if value.is_null() || is_plain_stop || matches!(key, "type" | "is_finished") {
            return;
        }
        if (self.count(key, value) || key == "index") && !self.last {
            return;
        }
        if key == "usage" {
            for (key, value) in value.raw_entries() {
                self.count(key, value);
            }
        }
        if !invoke::common_field(key, value, &mut self.service, self.out) {
            self.out.raw_metadata(key, value);
        }
    }

    fn count(&mut self, key: &str, value: View<'_>) -> bool {
        let count = if INPUT_KEYS.contains(&key) {
            &mut self.model.input
        } else if OUTPUT_KEYS.contains(&key) {
            &mut self.model.output
        } else {
            return false;
        };
        *count = value.u64().or(*count);
        true
    }

    /// Adds generations after the first, as callers may ask for several.
    fn others(&mut self, list: &str, value: View<'_>) {
        let mut others = value.items().skip(1).peekable();
        if others.peek().is_none() {
            return;
        }
        let mut w = Writer::new();
        w.begin_array();
        others.for_each(|other| w.raw(other));
        w.end_array();
        self.out.metadata(list, Json::written(w).view());
    }
}
