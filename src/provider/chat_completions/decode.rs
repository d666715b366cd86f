//! A decoder for replies in the chat-completions format, whole or streamed.

use super::calls::ToolCallDeltas;
use crate::error::{Error, ErrorKind, Result, from_reported};
use crate::event::{ChatEvent, Events};
use crate::headers::Headers;
use crate::json::{Json, Kind, View, Writer};
use crate::message::{AiMessage, Content, StopReason};
use crate::provider::body::object;
use crate::provider::invoke::{self, ChunkDecoder, Counts};
use crate::provider::reasoning::ReasoningTags;
use crate::provider::text_blocks::TextBlocks;

/// Reads a whole reply as a stream of one chunk.
pub(super) fn message(tags: ReasoningTags, body: &[u8], headers: &Headers) -> Result<AiMessage> {
    let view = object(body)?;
    let (mut events, mut counts) = (Events::default(), Counts::default());
    let mut decoder = ChatCompletionsDecoder { whole: true, ..ChatCompletionsDecoder::new(tags) };
    decoder.chunk(view, &mut counts, &mut events)?;
    if view.get("choices").is_none_or(|choices| choices.items().next().is_none()) {
        return Err(Error::new(
            ErrorKind::Decode,
            "the reply has no `choices`; it is not in the chat-completions format",
        ));
    }
    decoder.end(&mut events);
    Ok(invoke::message(events, counts, headers))
}

/// A decoder for one reply. Streams end with the stop reason, Writer's also with `[DONE]`.
#[derive(Debug)]
pub(super) struct ChatCompletionsDecoder {
    blocks: TextBlocks,
    calls: ToolCallDeltas,
    whole: bool,
    /// The id of the reply, once it has begun.
    id: Option<String>,
    refused: bool,
    logprobs: Vec<Json>,
    /// The metadata so far, as every chunk repeats it.
    seen: Vec<(String, String)>,
    ended: bool,
    complete: bool,
}

impl ChunkDecoder for ChatCompletionsDecoder {
    fn chunk(&mut self, chunk: View<'_>, counts: &mut Counts, out: &mut Events) -> Result<()> {
        if chunk.word() == "[DONE]" {
            self.done(out);
            return Ok(());
        }
        if chunk.kind() != Kind::Object {
            out.unknown("chunk", chunk.raw().as_bytes());
            return Ok(());
        }
        if chunk.get("error").is_some() {
            return Err(from_reported(chunk));
        }
        // A router's first chunk may have an empty id, and no choices.
        let id = chunk.string_at("id");
        let is_router = id.as_deref() == Some("") && chunk.list("choices").next().is_none();
        if self.id.is_none() && !is_router {
            let id = id.filter(|id| !id.is_empty());
            self.id = Some(id.clone().unwrap_or_else(|| "call".into()));
            out.push(ChatEvent::Start { id, model: chunk.string_at("model").filter(|model| !model.is_empty()) });
        }
        for (key, value) in chunk.raw_entries() {
            match key {
                "choices" => self.choices(value, out),
                "usage" => {
                    *counts = counts.or_later(read_counts(value));
                    self.metadata("usage", value, out);
                }
                "id" | "model" | "object" => {}
                other if invoke::common_field(other, value, counts, out) => {}
                other => self.metadata(other, value, out),
            }
        }
        Ok(())
    }

    fn done(&mut self, out: &mut Events) {
        self.end(out);
        self.complete = true;
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

impl ChatCompletionsDecoder {
    pub(super) fn new(tags: ReasoningTags) -> Self {
        Self {
            blocks: TextBlocks::new(tags, false),
            calls: ToolCallDeltas::default(),
            whole: false,
            id: None,
            refused: false,
            logprobs: Vec::new(),
            seen: Vec::new(),
            ended: false,
            complete: false,
        }
    }

    /// Reads the choices. The first choice is the message; others are kept as metadata.
    fn choices(&mut self, choices: View<'_>, out: &mut Events) {
        let mut others = Writer::new();
        others.begin_array();
        let mut any = false;
        for (at, choice) in choices.items().enumerate() {
            let is_first = if self.whole { at == 0 } else { choice.u64_at("index").unwrap_or(0) == 0 };
            if is_first {
                self.choice(choice, out);
            } else if self.whole {
                others.raw(choice);
                any = true;
            } else {
                out.unknown("choice", choice.raw().as_bytes());
            }
        }
        others.end_array();
        if any {
            out.metadata("other_choices", Json::written(others).view());
        }
    }

    fn choice(&mut self, choice: View<'_>, out: &mut Events) {
        let delta = choice.get("delta").or_else(|| choice.get("message"));
        if let Some(delta) = delta {
            self.delta(delta, out);
        }
        for (key, value) in choice.raw_entries() {
            match key {
                "index" | "delta" | "message" | "finish_reason" => {}
                "stop_reason" if value.kind() == Kind::String => {}
                // `stop_reason` is the number of the token that ended the reply.
                "stop_reason" => self.metadata("stop_token", value, out),
                "text" if delta.is_none() => self.content(value, out),
                "logprobs" if !value.is_null() => self.logprobs.push(Json::from(value)),
                other => self.metadata(other, value, out),
            }
        }
        self.stop(choice, out);
    }

    fn delta(&mut self, delta: View<'_>, out: &mut Events) {
        // Some servers send both members, with the same content.
        if let Some(reasoning) = delta.get("reasoning_content").or_else(|| delta.get("reasoning")) {
            match reasoning.string().or_else(|| reasoning.string_at("text")) {
                Some(text) => self.blocks.add(true, &text, out),
                None => self.metadata("reasoning", reasoning, out),
            }
        }
        if let Some(content) = delta.get("content") {
            self.content(content, out);
        }
        if let Some(refusal) = delta.string_at("refusal") {
            self.refused = true;
            self.blocks.add(false, &refusal, out);
        }
        for call in delta.list("tool_calls") {
            self.blocks.flush(out);
            self.calls.push(call, self.id.as_deref().unwrap_or_default(), &mut self.blocks, out);
        }
        for (key, value) in delta.raw_entries() {
            let known = ["role", "content", "reasoning_content", "reasoning", "refusal", "tool_calls"];
            if !known.contains(&key) {
                self.metadata(key, value, out);
            }
        }
    }

    /// Reads content: a string, or parts.
    fn content(&mut self, content: View<'_>, out: &mut Events) {
        if let Some(text) = content.str() {
            self.blocks.push(&text, out);
            return;
        }
        if content.kind() == Kind::Object {
            self.part(content, out);
        }
        for part in content.items() {
            self.part(part, out);
        }
    }

    fn part(&mut self, part: View<'_>, out: &mut Events) {
        if let Some(thinking) = part.get("thinking") {
            if let Some(text) = thinking.str() {
                self.blocks.add(true, &text, out);
            }
            for piece in thinking.items() {
                self.blocks.add(true, &piece.text_at("text"), out);
            }
        } else if let Some(text) = part.string_at("text") {
            self.blocks.add(false, &text, out);
        } else {
            let index = self.blocks.other(out);
            out.block(index, Content::raw(part));
            out.block_stop(index);
        }
    }

    /// Adds metadata, unless an earlier chunk had the same.
    fn metadata(&mut self, key: &str, value: View<'_>, out: &mut Events) {
        if value.is_null() {
            return;
        }
        match self.seen.iter_mut().find(|(known, _)| known == key) {
            Some((_, seen)) if seen == value.raw() => return,
            Some((_, seen)) => value.raw().clone_into(seen),
            None => self.seen.push((key.to_owned(), value.raw().to_owned())),
        }
        out.raw_metadata(key, value);
    }

    /// Reads the stop reason. Mistral's key is `stop_reason`; next to a `finish_reason` that field is
    /// the stop sequence.
    fn stop(&mut self, choice: View<'_>, out: &mut Events) {
        let word = |key: &str| choice.string_at(key).filter(|word| !word.is_empty());
        let (finish, stop) = (word("finish_reason"), word("stop_reason"));
        let (word, sequence) = match (finish, stop) {
            (Some(word), stop) => (word, stop.filter(|stop| matches!(StopReason::parse(stop), StopReason::Other(_)))),
            (None, Some(word)) => (word, None),
            (None, None) => return,
        };
        self.end(out);
        let reason = match StopReason::parse(&word) {
            _ if self.refused => StopReason::Refusal,
            _ if sequence.is_some() => StopReason::StopSequence,
            // The service reports a forced tool call as an ordinary end, but callers that run tools look for
            // `ToolUse`.
            StopReason::EndTurn if !self.calls.is_empty() => StopReason::ToolUse,
            reason => reason,
        };
        out.stop_for(reason, &word, sequence);
        self.complete = true;
    }

    /// Ends all blocks.
    fn end(&mut self, out: &mut Events) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.blocks.flush(out);
        self.calls.finish(&mut self.blocks, out);
        if let Some(logprobs) = joined(&self.logprobs) {
            out.metadata("logprobs", logprobs.view());
        }
    }
}

/// Joins objects of lists, list by list: each chunk of a stream has the tokens of its text.
fn joined(objects: &[Json]) -> Option<Json> {
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in objects.first()?.view().entries() {
        w.key(&key);
        let known = objects.iter().find_map(|object| object.view().get(&key));
        if known.is_none_or(|known| known.kind() != Kind::Array) {
            w.raw(value);
            continue;
        }
        w.begin_array();
        for object in objects {
            object.view().list(&key).for_each(|item| w.raw(item));
        }
        w.end_array();
    }
    w.end_object();
    Some(Json::written(w))
}

/// Reads the token counts of the API.
pub(crate) fn read_counts(usage: View<'_>) -> Counts {
    let detail = |holder: &str, key: &str| usage.get(holder)?.u64_at(key);
    let cached = detail("prompt_tokens_details", "cached_tokens");
    let count = |key: &str| usage.u64_at(key);
    let (output, reasoning) = (count("completion_tokens"), detail("completion_tokens_details", "reasoning_tokens"));
    // xAI counts reasoning in the total, but not in the output.
    let sum = |more: u64| count("prompt_tokens").unwrap_or(0).saturating_add(output.unwrap_or(0)).saturating_add(more);
    let outside = reasoning.filter(|tokens| *tokens > 0 && count("total_tokens") == Some(sum(*tokens)));
    Counts {
        // Here the prompt's tokens include those from the cache; in `Counts` they do not.
        input: count("prompt_tokens").map(|all| all.saturating_sub(cached.unwrap_or(0))),
        output: output.map(|tokens| tokens.saturating_add(outside.unwrap_or(0))),
        cache_read: cached,
        reasoning,
        ..Counts::default()
    }
}
