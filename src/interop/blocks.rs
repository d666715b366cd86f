//! Content blocks from the forms in which LangChain's and OpenAI's users write them.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View};
use crate::message::{
    CachePoint, CacheTtl, Content, Document, GuardContent, InvalidToolCall, JsonContent, Media, MediaSource,
    RedactedThinking, SearchResult, Text, Thinking, ToolCall, ToolResult,
};

/// The blocks of a message's content: a text, or a list of blocks.
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
        _ => Err(Error::new(ErrorKind::Encode, "the content of a message is neither a text nor a list of blocks")),
    }
}

fn string(view: View<'_>, key: &str) -> Option<String> {
    view.string_at(key)
}

fn first(view: View<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| string(view, key))
}

/// A call in any form: `{id, name, args | input}`, or OpenAI's with `function`. Arguments that are a text
/// and no JSON object, as a model may have written them, make it an invalid one.
pub(super) fn tool_call(view: View<'_>) -> Content {
    let inner = view.get("function").unwrap_or(view);
    let id = first(view, &["id", "tool_use_id", "toolUseId", "call_id"]).unwrap_or_default();
    let name = string(inner, "name").unwrap_or_default();
    let args = ["args", "input", "arguments"].iter().find_map(|key| inner.get(key));
    let Some(text) = args.and_then(View::string) else {
        return Content::ToolCall(ToolCall { id, name, args: args.map_or_else(Json::empty_object, Json::from) });
    };
    let error = match Json::parse(&text) {
        Ok(args) if args.view().kind() == Kind::Object => return Content::ToolCall(ToolCall { id, name, args }),
        Err(_) if text.trim().is_empty() => {
            return Content::ToolCall(ToolCall { id, name, args: Json::empty_object() });
        }
        Ok(_) => "the arguments are not a JSON object".to_owned(),
        Err(error) => ["the arguments are not JSON: ", &error.to_string()].concat(),
    };
    Content::InvalidToolCall(InvalidToolCall { id, name, args: text, error })
}

/// A block, and the cache point that Anthropic's form has inside it.
fn block(view: View<'_>, out: &mut Vec<Content>) -> Result<()> {
    if let Some(text) = view.str() {
        out.push(Content::text(text));
        return Ok(());
    }
    // What an aggregated stream left of its tool calls; the whole of them is in `tool_calls`.
    if view.word_at("type") == "input_json_delta" {
        return Ok(());
    }
    let known = match typed(view)? {
        Some(known) => Some(known),
        None => of_converse(view)?,
    };
    match known {
        Some(known) => {
            out.push(known);
            if let Some(control) = view.get("cache_control") {
                out.push(cache_point(control));
            }
        }
        // A block in no form that is known is passed as it is.
        None => out.push(Content::raw(view)),
    }
    Ok(())
}

fn cache_point(view: View<'_>) -> Content {
    Content::CachePoint(CachePoint { ttl: CacheTtl::parse(view.word_at("ttl")) })
}

/// The blocks with a `type`.
fn typed(view: View<'_>) -> Result<Option<Content>> {
    let kind = view.word_at("type");
    Ok(match kind {
        "text" | "text_delta" | "input_text" | "output_text" => string(view, "text").map(|text| {
            let citations = view.get("citations").filter(|list| list.kind() == Kind::Array);
            let citations = citations.into_iter().flat_map(View::items).map(Json::from).collect();
            Content::Text(Text { text, citations })
        }),
        "refusal" => string(view, "refusal").map(Content::text),
        "video_url" => {
            view.get("video_url").and_then(|video| string(video, "url")).map(|url| Content::Video(from_url(&url)))
        }
        "image_url" | "input_image" => {
            let url = string(view, "image_url").or_else(|| string(view.get("image_url")?, "url"));
            url.map(|url| Content::Image(from_url(&url)))
        }
        "input_audio" => view.get("input_audio").and_then(|audio| {
            let media_type = format!("audio/{}", string(audio, "format").unwrap_or_default());
            Some(Content::Audio(Media::new(media_type, MediaSource::Base64(string(audio, "data")?))))
        }),
        "image" | "audio" | "video" | "document" => media_block(kind, view),
        "file" => match view.get("file") {
            // OpenAI's.
            Some(file) => string(file, "file_data").map(|data| document(from_url(&data), file)),
            None => media_block("file", view),
        },
        "thinking" => string(view, "thinking")
            .map(|text| Content::Thinking(Thinking { text, signature: string(view, "signature") })),
        "redacted_thinking" => string(view, "data").map(|data| Content::RedactedThinking(RedactedThinking { data })),
        "reasoning" => first(view, &["reasoning", "text"]).map(|text| {
            let signature = string(view, "signature").or_else(|| string(view.get("extras")?, "signature"));
            Content::Thinking(Thinking { text, signature })
        }),
        "reasoning_content" => reasoning(view),
        "tool_use" | "tool_call" => Some(tool_call(view)),
        "tool_result" => match string(view, "tool_use_id") {
            Some(id) => {
                let inner = view.get("content").map(content).transpose()?.unwrap_or_default();
                let is_error = view.get("is_error").and_then(View::bool) == Some(true);
                Some(Content::ToolResult(ToolResult { is_error, ..ToolResult::new(id, inner) }))
            }
            None => None,
        },
        "cache_point" => view.get("cachePoint").map(cache_point),
        "guard_content" | "guardrail_converse_content" => {
            let image = view.get("image").and_then(|image| media_block("image", image));
            let image = image.and_then(|image| if let Content::Image(image) = image { Some(image) } else { None });
            let (text, qualifiers) = (string(view, "text"), strings(view, "qualifiers"));
            (text.is_some() || image.is_some()).then_some(Content::Guard(GuardContent { text, qualifiers, image }))
        }
        "search_result" => string(view, "source").map(|source| {
            let texts = view.list("content");
            Content::SearchResult(SearchResult {
                source,
                title: string(view, "title").unwrap_or_default(),
                content: texts.filter_map(|block| string(block, "text")).collect(),
                citations: cites(view),
            })
        }),
        "json" => view.get("json").map(|value| Content::Json(JsonContent { value: Json::from(value) })),
        _ => None,
    })
}

/// Reasoning as the Converse clients of Python and JavaScript hand it back.
fn reasoning(view: View<'_>) -> Option<Content> {
    let holders = ["reasoningText", "reasoning_content", "reasoningContent"];
    let text = holders.iter().find_map(|key| view.get(key)).unwrap_or(view);
    if let Some(words) = string(text, "text") {
        return Some(Content::Thinking(Thinking { text: words, signature: string(text, "signature") }));
    }
    let data = first(view, &["redactedContent"]).or_else(|| first(text, &["redactedContent", "redacted_content"]))?;
    Some(Content::RedactedThinking(RedactedThinking { data }))
}

/// An address: a data URL is the medium itself.
pub(super) fn from_url(url: &str) -> Media {
    if let Some((media_type, data)) =
        url.strip_prefix("data:").and_then(|rest| crate::text::split_once(rest, ";base64,"))
    {
        return Media::new(media_type, MediaSource::Base64(data.to_owned()));
    }
    if url.starts_with("s3://") {
        return Media::new("", MediaSource::S3 { uri: url.to_owned(), bucket_owner: None });
    }
    Media::new("", MediaSource::Url(url.to_owned()))
}

/// Media in the forms of LangChain v0, v1 and Anthropic.
fn media_block(kind: &str, view: View<'_>) -> Option<Content> {
    let default = match kind {
        "image" => "image/jpeg",
        "file" | "document" => "application/pdf",
        _ => "",
    };
    let media_type = first(view, &["mime_type", "mimeType", "media_type"]).unwrap_or_else(|| default.to_owned());
    let source = view.get("source").filter(|source| source.kind() == Kind::Object);
    let medium = if let Some(source) = source {
        native_source(source)?
    } else if let Some(text) = string(view, "text") {
        Media::new(media_type, MediaSource::Text(text))
    } else if let Some(data) = first(view, &["data", "base64"]) {
        Media::new(media_type, MediaSource::Base64(data))
    } else {
        let mut medium = from_url(&first(view, &["url", "fileUri"])?);
        if let MediaSource::S3 { bucket_owner, .. } = &mut medium.source {
            *bucket_owner = string(view, "bucket_owner");
        }
        if medium.media_type.is_empty() {
            medium.media_type = first(view, &["mime_type", "mimeType", "media_type"]).unwrap_or_default();
        }
        medium
    };
    Some(match kind {
        "image" => Content::Image(medium),
        "audio" => Content::Audio(medium),
        "video" => Content::Video(medium),
        _ => document(medium, view),
    })
}

fn document(medium: Media, view: View<'_>) -> Content {
    let mut document = Document::new(medium.media_type, medium.source);
    let metadata = view.get("metadata");
    document.name =
        first(view, &["title", "name", "filename"]).or_else(|| first(metadata?, &["title", "name", "filename"]));
    document.context = string(view, "context");
    document.citations = cites(view);
    Content::Document(document)
}

/// Whether the model shall cite it.
fn cites(view: View<'_>) -> bool {
    view.get("citations").and_then(|citations| citations.get("enabled")?.bool()) == Some(true)
}

fn strings(view: View<'_>, key: &str) -> Vec<String> {
    view.list(key).filter_map(View::string).collect()
}

/// Anthropic's `source`.
fn native_source(source: View<'_>) -> Option<Media> {
    let media_type = string(source, "media_type").unwrap_or_default();
    Some(match source.word_at("type") {
        "base64" => Media::new(media_type, MediaSource::Base64(string(source, "data")?)),
        "text" => Media::new(media_type, MediaSource::Text(string(source, "data")?)),
        "url" => from_url(&string(source, "url")?),
        "content" => {
            let texts = source.get("content")?.items().filter_map(|block| string(block, "text"));
            Media::new("text/plain", MediaSource::Blocks(texts.collect()))
        }
        _ => return None,
    })
}

/// The blocks of the Converse API, which have one key and no `type` (though some write it as well).
fn of_converse(view: View<'_>) -> Result<Option<Content>> {
    let kind = view.word_at("type");
    let member = view.raw_entries().find(|(key, _)| *key != "type" && (kind.is_empty() || kind == *key));
    let Some((key, inner)) = member else { return Ok(None) };
    Ok(match key {
        "text" => inner.string().map(Content::text),
        "cachePoint" => Some(cache_point(inner)),
        "json" => Some(Content::Json(JsonContent { value: Json::from(inner) })),
        "image" => converse_media("image", inner).map(Content::Image),
        "video" => converse_media("video", inner).map(Content::Video),
        "audio" => converse_media("audio", inner).map(Content::Audio),
        "document" => converse_media("document", inner).map(|medium| document(medium, inner)),
        "guardContent" => {
            inner.get("text").and_then(|text| string(text, "text")).map(|text| Content::Guard(GuardContent::text(text)))
        }
        "reasoningContent" => reasoning(inner),
        "toolUse" => Some(tool_call(inner)),
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

fn converse_media(kind: &str, inner: View<'_>) -> Option<Media> {
    // Formats are known by their own names, too.
    let format = string(inner, "format")?;
    let media_type = if kind == "document" { format } else { format!("{kind}/{format}") };
    let source = inner.get("source")?;
    let source = match (string(source, "bytes"), source.get("s3Location")) {
        (Some(data), _) => MediaSource::Base64(data),
        (None, Some(location)) => {
            MediaSource::S3 { uri: string(location, "uri")?, bucket_owner: string(location, "bucketOwner") }
        }
        (None, None) => MediaSource::Text(string(source, "text")?),
    };
    Some(Media::new(media_type, source))
}
