//! A decoder for replies in Converse's format, which is also Nova's.

use crate::error::{Error, ErrorKind, Result};
use crate::event::{ChatEvent, Events};
use crate::headers::Headers;
use crate::json::{Kind, View};
use crate::message::{AiMessage, Content, Media, MediaSource, RedactedThinking, Text, Thinking};
use crate::provider::body::object;
use crate::provider::invoke::{self, Counts};
use crate::provider::media::{self, Format};

/// Reads a whole reply.
pub(super) fn message(body: &[u8], headers: &Headers) -> Result<AiMessage> {
    let view = object(body)?;
    let output = view.get("output");
    let message = output.and_then(|output| output.get("message"));
    let content = message.and_then(|message| message.get("content")).filter(|content| content.kind() == Kind::Array);
    let Some(content) = content else {
        return Err(Error::new(
            ErrorKind::Decode,
            "the reply has no `output.message.content`; it is not in Converse's format",
        ));
    };
    let mut events = Events::default();
    let mut counts = Counts::default();
    events.push(ChatEvent::Start { id: None, model: None });
    for (index, block) in (0u32..).zip(content.items()) {
        whole_block(index, block, &mut events);
        events.block_stop(index);
    }
    for (holder, known) in [(output, "message"), (message, "content")] {
        let Some(holder) = holder else { continue };
        for (key, value) in holder.raw_entries() {
            if key != known && key != "role" {
                events.raw_metadata(key, value);
            }
        }
    }
    for (key, value) in view.raw_entries().filter(|(key, value)| !value.is_null() && *key != "output") {
        if key == "stopReason" {
            stop(view, &mut events);
        } else {
            field(key, value, &mut counts, &mut events);
        }
    }
    Ok(invoke::message(events, counts, headers))
}

/// Reads a field of the reply other than the message: usage, or metadata.
pub(super) fn field(key: &str, value: View<'_>, counts: &mut Counts, out: &mut Events) {
    if key == "usage" {
        *counts = counts.or_later(read_counts(value));
    }
    if key == "additionalModelResponseFields" {
        counts.reasoning = reasoning_tokens(value).or(counts.reasoning);
    }
    if !invoke::common_field(key, value, counts, out) {
        out.raw_metadata(key, value);
    }
}

/// Reads the stop reason, and Claude's stop sequence if the caller asked for it.
pub(super) fn stop(holder: View<'_>, out: &mut Events) {
    if let Some(word) = holder.get("stopReason").and_then(View::str) {
        let asked = holder.get("additionalModelResponseFields");
        let sequence = asked.and_then(|fields| {
            let delta = fields.get("delta").and_then(|delta| delta.get("stop_sequence"));
            delta.or_else(|| fields.get("stop_sequence"))?.string()
        });
        out.stop(&word, sequence);
    }
}

/// Returns the tokens of reasoning, if the caller asked for the model's own usage.
fn reasoning_tokens(fields: View<'_>) -> Option<u64> {
    let usage = fields.get("usage")?;
    let detail = |holder: &str, key: &str| usage.get(holder)?.u64_at(key);
    detail("output_tokens_details", "thinking_tokens")
        .or_else(|| detail("output_tokens_details", "reasoning_tokens"))
        .or_else(|| detail("completion_tokens_details", "reasoning_tokens"))
}

/// Reads the member `usage`.
pub(crate) fn read_counts(usage: View<'_>) -> Counts {
    let read = |keys: [&str; 2]| keys.iter().find_map(|key| usage.get(key)?.u64());
    let written = |ttl: &str| {
        let mut details = usage.list("cacheDetails");
        details.find(|detail| detail.word_at("ttl") == ttl)?.get("inputTokens")?.u64()
    };
    Counts {
        input: read(["inputTokens", "inputTokens"]),
        output: read(["outputTokens", "outputTokens"]),
        // Nova's names end in `Count`; Converse sends both names.
        cache_read: read(["cacheReadInputTokens", "cacheReadInputTokenCount"]),
        cache_write: read(["cacheWriteInputTokens", "cacheWriteInputTokenCount"]),
        cache_write_5m: written("5m"),
        cache_write_1h: written("1h"),
        reasoning: None,
    }
}

/// Adds a whole block without its end.
pub(super) fn whole_block(index: u32, block: View<'_>, out: &mut Events) {
    let Some((key, value)) = block.raw_entries().next() else { return };
    // A block has one member. Other members are kept, but not interpreted.
    if block.raw_entries().nth(1).is_some() {
        out.unknown("content", block.raw().as_bytes());
    }
    let content = match key {
        "text" => value.string().map(|text| Content::Text(Text { text, citations: Vec::new(), ..Text::default() })),
        "citationsContent" => cited(value).map(Content::Text),
        // The service runs calls with a `type` itself, so callers must not run them.
        "toolUse" if value.get("type").is_none() => {
            out.call(index, value, "toolUseId", "name");
            // The service sends an empty object for a call that was cut off.
            if let Some(input) = value.get("input").filter(|input| input.raw() != "{}") {
                out.arguments(index, input.raw().to_owned());
            }
            return;
        }
        "reasoningContent" => reasoning(value),
        "image" => media(media::IMAGES, value).map(Content::Image),
        "audio" => media(media::AUDIO, value).map(Content::Audio),
        "video" => media(media::VIDEOS, value).map(Content::Video),
        _ => None,
    };
    let block = content.unwrap_or_else(|| Content::raw(block));
    out.block(index, block);
}

fn cited(value: View<'_>) -> Option<Text> {
    let mut text = String::new();
    for piece in value.get("content")?.items() {
        text.push_str(&piece.get("text")?.str()?);
    }
    Some(Text { text, citations: value.copies("citations"), ..Text::default() })
}

fn reasoning(value: View<'_>) -> Option<Content> {
    if let Some(data) = value.string_at("redactedContent") {
        return Some(Content::RedactedThinking(RedactedThinking { data }));
    }
    let said = value.get("reasoningText")?;
    let text = said.text_at("text");
    Some(Content::Thinking(Thinking { text, signature: said.string_at("signature"), ..Thinking::default() }))
}

/// Returns media of a known type with all of its members; otherwise the block stays raw.
fn media(formats: &'static [Format], value: View<'_>) -> Option<Media> {
    let source = value.get("source")?;
    let format = media::find(formats, "", &value.get("format")?.str()?).ok()?;
    if value.get("error").is_some() {
        return None;
    }
    let source = match source.get("bytes") {
        Some(bytes) => MediaSource::Base64(bytes.string()?),
        None => {
            let location = source.get("s3Location")?;
            let bucket_owner = location.string_at("bucketOwner");
            MediaSource::S3 { uri: location.get("uri")?.string()?, bucket_owner }
        }
    };
    Some(Media::new(format.media_type(), source))
}
