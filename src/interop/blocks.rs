//! Content blocks from the forms in which LangChain's and OpenAI's users write them.

use super::media::{
    MEDIA_TYPE, cites, converse_media, document, file_data, first, from_url, has_only_texts, has_other, media_block,
};
use super::members;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View};
use crate::message::{
    Content, GuardContent, InvalidToolCall, JsonContent, Media, MediaSource, RedactedThinking, SearchResult, Text,
    Thinking, ToolCall, ToolReference, ToolResult,
};
use crate::request::point_of_json;

/// Returns the blocks of a message's content: a text, or a list of blocks.
pub(super) fn content(view: View<'_>) -> Result<Vec<Content>> {
    match view.kind() {
        Kind::Null => Ok(Vec::new()),
        Kind::String => Ok(view.string().filter(|text| !text.is_empty()).map(Content::text).into_iter().collect()),
        Kind::Array => {
            let mut blocks = Vec::new();
            for item in view.items() {
                block(item, &mut blocks)?;
            }
            Ok(blocks)
        }
        Kind::Object => {
            let mut blocks = Vec::new();
            block(view, &mut blocks)?;
            Ok(blocks)
        }
        _ => Err(Error::new(ErrorKind::Encode, "message content is neither a string nor a list of blocks")),
    }
}

fn string(view: View<'_>, key: &str) -> Option<String> {
    view.string_at(key)
}

/// Returns a call in any form: `{id, name, args | input}`, or OpenAI's with `function`. Arguments that are a text but
/// not a JSON object, as models may write them, make an invalid call.
pub(super) fn tool_call(view: View<'_>) -> Content {
    let inner = view.get("function").unwrap_or(view);
    let id = first(view, &["id", "tool_use_id", "toolUseId", "call_id"]).unwrap_or_default();
    let name = string(inner, "name").unwrap_or_default();
    let args = ["args", "input", "arguments"].iter().find_map(|key| inner.get(key));
    // Claude may add further members to a call, and expects them back.
    let has_members = view.word_at("type") == "tool_use" || view.get("extras").is_some();
    let call = |args: Json| {
        let extra = if has_members { extra(view) } else { Vec::new() };
        Content::ToolCall(ToolCall { extra, ..ToolCall::new(id.clone(), name.clone(), args) })
    };
    let Some(text) = args.and_then(View::string) else {
        return call(args.map_or_else(Json::empty_object, Json::from));
    };
    let error = match Json::parse(&text) {
        Ok(args) if args.view().kind() == Kind::Object => return call(args),
        Err(_) if text.trim().is_empty() => return call(Json::empty_object()),
        Ok(_) => "the arguments are not a JSON object".to_owned(),
        Err(error) => ["the arguments are not JSON: ", &error.to_string()].concat(),
    };
    Content::InvalidToolCall(InvalidToolCall { id, name, args: text, error })
}

/// Returns the members of a call that the crate has no field for, including LangChain's `extras`.
fn extra(view: View<'_>) -> Vec<(String, Json)> {
    const KNOWN: &[&str] =
        &["type", "id", "name", "input", "args", "index", "extras", "cache_control", "partial_json", "metadata"];
    const OWN: &[&str] = &["type", "id", "name", "input"];
    let mut more = Vec::new();
    // In `extras`, a key such as `id` is a further member, and not the block's own `id`.
    let in_extras = KNOWN.strip_prefix(OWN).unwrap_or(KNOWN);
    for (holder, known) in [(Some(view), KNOWN), (view.get("extras"), in_extras)] {
        for (key, value) in holder.into_iter().flat_map(View::entries) {
            if !known.contains(&&*key) && !value.is_null() {
                more.push((key.into_owned(), Json::from(value)));
            }
        }
    }
    more
}

/// The members of reasoning over the Responses API.
const REASONING: &[&str] = &["id", "summary", "content", "status"];

/// Returns those of a block's members that have a value.
fn members_of(view: View<'_>, keys: &[&str]) -> Vec<(String, Json)> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), Json::from(view.get(key)?)))).collect()
}

/// Returns a block, and the cache point that Anthropic's form has inside it.
fn block(view: View<'_>, out: &mut Vec<Content>) -> Result<()> {
    if let Some(text) = view.str() {
        out.push(Content::text(text));
        return Ok(());
    }
    match view.word_at("type") {
        // Remainders of tool calls in an aggregated stream; the complete calls are in `tool_calls`.
        "input_json_delta" | "tool_call_chunk" => return Ok(()),
        // LangChain's wrapper of a provider's own block.
        "non_standard" if view.get("value").is_some() => {
            return view.get("value").map_or(Ok(()), |value| block(value, out));
        }
        _ => {}
    }
    if !members::are_known(view.word_at("type"), view)? {
        out.push(Content::raw(view));
        return Ok(());
    }
    let known = match typed(view)? {
        Some(known) => Some(known),
        None => of_converse(view)?,
    };
    match known {
        Some(block) => {
            let is_point = block.is_cache_point();
            out.push(block);
            let control = view.get("cache_control").or_else(|| view.get("extras")?.get("cache_control"));
            // Responses' form: the prompt up to the end of the part is cached.
            let control = control.or_else(|| view.get("prompt_cache_breakpoint"));
            // In Nova's native format, the cache point is a member of the block.
            let beside = view.get("cachePoint").filter(|_| !is_point);
            if let Some(control) = control.or(beside) {
                out.push(cache_point(control)?);
            }
        }
        // A block in an unknown form is passed on unchanged.
        None => {
            members::check_unread(view)?;
            out.push(Content::raw(view));
        }
    }
    Ok(())
}

pub(super) fn cache_point(view: View<'_>) -> Result<Content> {
    point_of_json(view).map(Content::CachePoint)
}

/// Returns the blocks with a `type`.
fn typed(view: View<'_>) -> Result<Option<Content>> {
    let kind = view.word_at("type");
    Ok(match kind {
        "text" | "text_delta" | "input_text" | "output_text" => string(view, "text").map(|text| {
            let citations = view.get("citations").filter(|list| list.kind() == Kind::Array);
            let citations = citations.into_iter().flat_map(View::items).map(Json::from).collect();
            Content::Text(Text { text, citations, extra: members_of(view, &["phase", "refusal"]) })
        }),
        "refusal" => string(view, "refusal").map(Content::text),
        "video_url" => {
            view.get("video_url").and_then(|video| string(video, "url")).map(|url| Content::Video(from_url(&url)))
        }
        "image_url" | "input_image" => {
            let url = string(view, "image_url").or_else(|| string(view.get("image_url")?, "url"));
            let detail = string(view, "detail").or_else(|| string(view.get("image_url")?, "detail"));
            url.map(|url| Content::Image(Media { detail: detail.filter(|name| name != "auto"), ..from_url(&url) }))
        }
        "input_audio" => view.get("input_audio").and_then(|audio| {
            let media_type = format!("audio/{}", string(audio, "format")?);
            Some(Content::Audio(Media::new(media_type, MediaSource::Base64(string(audio, "data")?))))
        }),
        "image" | "audio" | "video" | "document" => media_block(kind, view),
        "text-plain" => media_block("document", view).map(|block| match block {
            Content::Document(mut document) => {
                document.media_type = first(view, MEDIA_TYPE).unwrap_or_else(|| "text/plain".to_owned());
                Content::Document(document)
            }
            other => other,
        }),
        "input_file" => first(view, &["file_data", "file_url"]).map(|data| document(file_data(&data, view), view)),
        "file" => match view.get("file") {
            // OpenAI's.
            Some(file) => string(file, "file_data").map(|data| document(file_data(&data, file), file)),
            None => media_block("file", view),
        },
        "thinking" => string(view, "thinking").map(|text| {
            // Libraries give ids to blocks, too.
            let is_item = view.word_at("id").starts_with("rs_");
            let extra = if is_item { members_of(view, REASONING) } else { Vec::new() };
            Content::Thinking(Thinking { text, signature: string(view, "signature"), extra })
        }),
        "redacted_thinking" => string(view, "data").map(|data| Content::RedactedThinking(RedactedThinking { data })),
        "reasoning" if first(view, &["reasoning", "text"]).is_some() => {
            first(view, &["reasoning", "text"]).map(|text| {
                let signature = string(view, "signature").or_else(|| string(view.get("extras")?, "signature"));
                Content::Thinking(Thinking { text, signature, ..Thinking::default() })
            })
        }
        // OpenAI's reasoning. Without `encrypted_content` it is not sent back.
        "reasoning" => {
            let parts = if view.list("summary").next().is_some() { "summary" } else { "content" };
            let texts: Vec<_> = view.list(parts).filter_map(|part| string(part, "text")).collect();
            Some(Content::Thinking(Thinking {
                text: texts.join("\n\n"),
                signature: string(view, "encrypted_content"),
                extra: members_of(view, REASONING),
            }))
        }
        "reasoning_content" => reasoning(view),
        "tool_use" | "tool_call" | "function_call" => Some(tool_call(view)),
        "invalid_tool_call" => Some(Content::InvalidToolCall(InvalidToolCall {
            id: view.text_at("id"),
            name: view.text_at("name"),
            args: view.text_at("args"),
            error: view.text_at("error"),
        })),
        "function_call_output" => match string(view, "call_id") {
            Some(id) => {
                let inner = view.get("output").map(content).transpose()?.unwrap_or_default();
                Some(Content::ToolResult(ToolResult::new(id, inner)))
            }
            None => None,
        },
        "tool_result" => match string(view, "tool_use_id") {
            Some(id) => {
                let inner = view.get("content").map(content).transpose()?.unwrap_or_default();
                let is_error = view.get("is_error").and_then(View::bool) == Some(true);
                Some(Content::ToolResult(ToolResult { is_error, ..ToolResult::new(id, inner) }))
            }
            None => None,
        },
        "cache_point" => view.get("cachePoint").map(cache_point).transpose()?,
        "guard_content" | "guardrail_converse_content" => {
            let image = view.get("image").and_then(|image| media_block("image", image));
            let image = image.and_then(|image| if let Content::Image(image) = image { Some(image) } else { None });
            let (text, qualifiers) = (string(view, "text"), view.texts("qualifiers"));
            (text.is_some() || image.is_some()).then_some(Content::Guard(GuardContent { text, qualifiers, image }))
        }
        "search_result" if !has_only_texts(view) => None,
        "search_result" => string(view, "source").map(|source| {
            let texts = view.list("content");
            Content::SearchResult(SearchResult {
                source,
                title: string(view, "title").unwrap_or_default(),
                content: texts.filter_map(|block| string(block, "text")).collect(),
                citations: cites(view),
            })
        }),
        "tool_addition" => tool_change(view, "server_name").map(Content::ToolAddition),
        "tool_removal" => tool_change(view, "server_name").map(Content::ToolRemoval),
        "json" => view.get("json").map(|value| Content::Json(JsonContent { value: Json::from(value) })),
        _ => None,
    })
}

/// Reasoning as the Converse clients of Python and JavaScript hand it back.
fn reasoning(view: View<'_>) -> Option<Content> {
    let holders = ["reasoningText", "reasoning_content", "reasoningContent"];
    let text = holders.iter().find_map(|key| view.get(key)).unwrap_or(view);
    if let Some(words) = string(text, "text") {
        return Some(Content::Thinking(Thinking {
            text: words,
            signature: string(text, "signature"),
            ..Thinking::default()
        }));
    }
    let data = first(view, &["redactedContent"]).or_else(|| first(text, &["redactedContent", "redacted_content"]))?;
    Some(Content::RedactedThinking(RedactedThinking { data }))
}

/// Returns the tool that a block adds or removes. A block with other members, for instance the definition of a
/// tool, is passed on unchanged.
fn tool_change(view: View<'_>, server: &str) -> Option<ToolReference> {
    let tool = view.get("tool").filter(|tool| !has_other(*tool, &["type", "name", server]))?;
    Some(ToolReference {
        server_name: string(tool, server),
        reference_type: string(tool, "type"),
        ..ToolReference::new(string(tool, "name")?)
    })
}

/// Returns the blocks of the Converse API, which have one key and no `type` (though some write it as well).
fn of_converse(view: View<'_>) -> Result<Option<Content>> {
    let kind = view.word_at("type");
    let is_beside = |key: &str| matches!(key, "type" | "cachePoint" | "cache_control" | "index");
    let member = view.raw_entries().find(|(key, _)| !is_beside(key) && (kind.is_empty() || kind == *key));
    let point = || view.raw_entries().find(|(key, _)| *key == "cachePoint");
    let Some((key, inner)) = member.or_else(point) else { return Ok(None) };
    // A block has one member, apart from Nova's cache points.
    if view.raw_entries().any(|(other, _)| other != key && !is_beside(other)) {
        return Ok(None);
    }
    if let Some(text) = inner.get("text").filter(|_| key == "guardContent") {
        members::check_inner(key, text, &["text", "qualifiers"])?;
        members::check_inner(key, inner, &["text"])?;
    }
    Ok(match key {
        "text" => inner.string().map(Content::text),
        "cachePoint" => Some(cache_point(inner)?),
        "json" => Some(Content::Json(JsonContent { value: Json::from(inner) })),
        "image" | "video" | "audio" if has_other(inner, &["format", "source"]) => None,
        "document" if has_other(inner, &["format", "name", "source", "context", "citations"]) => None,
        "image" => converse_media("image", inner).map(Content::Image),
        "video" => converse_media("video", inner).map(Content::Video),
        "audio" => converse_media("audio", inner).map(Content::Audio),
        "document" => converse_media("document", inner).map(|medium| document(medium, inner)),
        "guardContent" => inner
            .get("text")
            .and_then(|text| Some((string(text, "text")?, text.texts("qualifiers"))))
            .map(|(text, qualifiers)| Content::Guard(GuardContent { qualifiers, ..GuardContent::text(text) })),
        "reasoningContent" => reasoning(inner),
        "toolAddition" => tool_change(inner, "serverName").map(Content::ToolAddition),
        "toolRemoval" => tool_change(inner, "serverName").map(Content::ToolRemoval),
        // A block with other members, for instance of a tool that the service runs, is sent back unchanged.
        "toolUse" if has_other(inner, &["toolUseId", "name", "input"]) => None,
        "toolResult" if has_other(inner, &["toolUseId", "content", "status"]) => None,
        "toolUse" => Some(tool_call(inner)),
        "citationsContent" => Some(Content::Text(Text {
            text: inner.list("content").map(|piece| piece.text_at("text")).collect(),
            citations: inner.copies("citations"),
            ..Text::default()
        })),
        "toolResult" => match string(inner, "toolUseId") {
            Some(id) => {
                let blocks = inner.get("content").map(content).transpose()?.unwrap_or_default();
                let is_error = inner.word_at("status") == "error";
                Some(Content::ToolResult(ToolResult { is_error, ..ToolResult::new(id, blocks) }))
            }
            None => None,
        },
        _ => None,
    })
}
