//! Messages in LangChain's form.

use crate::json::{Json, Writer};
use crate::message::{
    AiMessage, Content, Document, Media, MediaSource, Message, Role, ToolReference, ToolResult, Usage,
};

/// Returns a conversation as LangChain's messages: a list of `{type, content, …}`.
/// [`read_messages`](super::read_messages) reads it back with these differences: each tool result is a separate
/// message, invalid calls are last, and bytes are base64. A cache point next to tool results is lost.
///
/// ```
/// use bedrock_chat::{interop, Message};
/// let messages = [Message::system("Be brief."), Message::human("hello")];
/// let json = interop::to_langchain(&messages);
/// assert_eq!(json, serde_json::json!([
///     {"type": "system", "content": "Be brief."}, {"type": "human", "content": "hello"},
/// ]));
/// assert_eq!(interop::read_messages(&json)?, messages);
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub fn to_langchain(messages: &[Message]) -> Json {
    let mut w = Writer::new();
    w.begin_array();
    for message in messages {
        if message.role == Role::Tool {
            write_results(&mut w, message);
            continue;
        }
        w.begin_object();
        w.field("type", message.role.as_str());
        write_content(&mut w, &message.content);
        if message.role == Role::Ai {
            write_calls(&mut w, &message.content);
        }
        if let Some(model) = &message.model {
            w.object("response_metadata");
            w.field("model_name", model);
            w.end_object();
        }
        w.end_object();
    }
    w.end_array();
    Json::written(w)
}

/// Returns a reply as LangChain's `AIMessage`: `content`, `tool_calls`, `invalid_tool_calls`, `usage_metadata`,
/// `response_metadata`, `additional_kwargs`, `id`.
///
/// ```
/// use bedrock_chat::{interop, AiMessage, Content};
/// let mut reply = AiMessage::default();
/// reply.content.push(Content::text("Bonjour"));
/// let json = interop::reply_to_langchain(&reply);
/// assert_eq!(json.view().get("content").and_then(|content| content.string()).as_deref(), Some("Bonjour"));
/// ```
pub fn reply_to_langchain(reply: &AiMessage) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", "ai");
    w.opt_field("id", reply.id.as_deref());
    write_content(&mut w, &reply.content);
    write_calls(&mut w, &reply.content);
    if let Some(usage) = reply.usage {
        w.key("usage_metadata");
        write_usage(&mut w, usage);
    }
    w.object("response_metadata");
    w.opt_field("model", reply.model.as_deref());
    w.opt_field("model_name", reply.model.as_deref());
    if let Some(reason) = &reply.stop_reason {
        w.field("stop_reason", reason.as_str());
    }
    w.key("stop_sequence");
    match &reply.stop_sequence {
        Some(sequence) => w.string(sequence),
        None => w.null(),
    }
    for (key, value) in &reply.response_metadata {
        if !matches!(key.as_str(), "stop_reason" | "stop_sequence" | "model" | "model_name") {
            w.member(key, value.view());
        }
    }
    w.opt_field("request_id", reply.request_id.as_deref());
    w.end_object();
    w.object("additional_kwargs");
    w.opt_field("id", reply.id.as_deref());
    w.end_object();
    w.end_object();
    Json::written(w)
}

/// Writes usage in LangChain's form.
pub fn write_usage(w: &mut Writer, usage: Usage) {
    let (read, created) = (usage.input_token_details.cache_read, usage.input_token_details.cache_creation);
    w.begin_object();
    w.key("input_tokens").u64(usage.input_tokens);
    w.key("output_tokens").u64(usage.output_tokens);
    w.key("total_tokens").u64(usage.total_tokens());
    w.object("input_token_details");
    w.key("cache_read").u64(read);
    w.key("cache_creation").u64(created);
    w.end_object();
    w.object("output_token_details");
    w.key("reasoning").u64(usage.output_token_details.reasoning);
    w.end_object();
    w.end_object();
}

/// Writes a single text as a string, no blocks as the empty string, and anything else as a list of blocks.
fn write_content(w: &mut Writer, content: &[Content]) {
    w.key("content");
    match content {
        [] => w.string(""),
        [Content::Text(text)] if text.citations.is_empty() && text.extra.is_empty() => w.string(&text.text),
        blocks => {
            w.begin_array();
            blocks.iter().for_each(|block| write_block(w, block));
            w.end_array();
        }
    }
}

fn write_calls(w: &mut Writer, content: &[Content]) {
    w.array("tool_calls");
    for block in content {
        if let Content::ToolCall(call) = block {
            w.begin_object();
            w.field("name", &call.name);
            w.member("args", call.args.view());
            w.field("id", &call.id);
            w.field("type", "tool_call");
            w.end_object();
        }
    }
    w.end_array();
    w.array("invalid_tool_calls");
    for block in content {
        if let Content::InvalidToolCall(call) = block {
            w.begin_object();
            w.field("name", &call.name);
            w.field("args", &call.args);
            w.field("id", &call.id);
            w.field("error", &call.error);
            w.field("type", "invalid_tool_call");
            w.end_object();
        }
    }
    w.end_array();
}

/// Writes each result as a separate message, and the blocks next to results as a human message.
fn write_results(w: &mut Writer, message: &Message) {
    let other = |block: &&Content| !matches!(block, Content::ToolResult(_) | Content::CachePoint(_));
    for block in &message.content {
        if let Content::ToolResult(ToolResult { tool_call_id, content, is_error }) = block {
            w.begin_object();
            w.field("type", "tool");
            w.field("tool_call_id", tool_call_id);
            w.field("status", if *is_error { "error" } else { "success" });
            write_content(w, content);
            w.end_object();
        }
    }
    let others: Vec<Content> = message.content.iter().filter(other).cloned().collect();
    if !others.is_empty() {
        w.begin_object();
        w.field("type", Role::Human.as_str());
        write_content(w, &others);
        w.end_object();
    }
}

/// Writes a block in the form that users of Anthropic and LangChain know.
pub fn write_block(w: &mut Writer, block: &Content) {
    if let Content::Raw(raw) = block {
        return w.raw(raw.block.view());
    }
    // An invalid call is in `invalid_tool_calls`. As a block it would look like a valid one.
    if let Content::InvalidToolCall(_) = block {
        return;
    }
    w.begin_object();
    match block {
        Content::Text(text) => {
            text.write_members(w);
            text.extra.iter().for_each(|(key, value)| w.member(key, value.view()));
        }
        Content::Thinking(thinking) => {
            w.field("type", "thinking");
            w.field("thinking", &thinking.text);
            w.opt_field("signature", thinking.signature.as_deref());
            thinking.extra.iter().for_each(|(key, value)| w.member(key, value.view()));
        }
        Content::RedactedThinking(redacted) => {
            w.field("type", "redacted_thinking");
            w.field("data", &redacted.data);
        }
        Content::ToolCall(call) => {
            w.field("type", "tool_use");
            w.field("id", &call.id);
            w.field("name", &call.name);
            w.member("input", call.args.view());
            write_extra(w, &call.extra);
        }
        Content::ToolResult(result) => {
            w.field("type", "tool_result");
            w.field("tool_use_id", &result.tool_call_id);
            write_content(w, &result.content);
            w.key("is_error").bool(result.is_error);
        }
        Content::Image(media) => write_media(w, "image", media),
        Content::Audio(media) => write_media(w, "audio", media),
        Content::Video(media) => write_media(w, "video", media),
        Content::Document(document) => write_document(w, document),
        Content::CachePoint(point) => {
            w.field("type", "cache_point");
            w.object("cachePoint");
            w.field("type", "default");
            w.opt_field("ttl", point.ttl.map(|ttl| ttl.as_str()));
            w.end_object();
        }
        Content::Guard(guard) => {
            w.field("type", "guard_content");
            w.opt_field("text", guard.text.as_deref());
            w.strings("qualifiers", &guard.qualifiers);
            if let Some(image) = &guard.image {
                w.object("image");
                write_media(w, "image", image);
                w.end_object();
            }
        }
        Content::Json(json) => {
            w.field("type", "json");
            w.member("json", json.value.view());
        }
        Content::SearchResult(found) => {
            w.field("type", "search_result");
            w.field("source", &found.source);
            w.field("title", &found.title);
            w.array("content");
            found.content.iter().for_each(|text| write_block(w, &Content::text(text.as_str())));
            w.end_array();
            write_cites(w, found.citations);
        }
        Content::ToolAddition(tool) => write_tool_change(w, "tool_addition", tool),
        Content::ToolRemoval(tool) => write_tool_change(w, "tool_removal", tool),
        Content::InvalidToolCall(_) | Content::Raw(_) => {}
    }
    w.end_object();
}

fn write_tool_change(w: &mut Writer, kind: &str, tool: &ToolReference) {
    w.field("type", kind);
    w.object("tool");
    w.opt_field("type", tool.reference_type.as_deref());
    w.field("name", &tool.name);
    w.opt_field("server_name", tool.server_name.as_deref());
    w.end_object();
}

fn write_media(w: &mut Writer, kind: &str, media: &Media) {
    w.field("type", kind);
    write_source(w, &media.media_type, &media.source);
    w.opt_field("detail", media.detail.as_deref());
}

fn write_source(w: &mut Writer, media_type: &str, source: &MediaSource) {
    if !media_type.is_empty() {
        w.field("mime_type", media_type);
    }
    match source {
        MediaSource::Bytes(bytes) => {
            w.field("source_type", "base64");
            w.key("data").base64(bytes);
        }
        MediaSource::Base64(text) => {
            w.field("source_type", "base64");
            w.field("data", text);
        }
        MediaSource::Url(url) => {
            w.field("source_type", "url");
            w.field("url", url);
        }
        MediaSource::S3 { uri, bucket_owner } => {
            w.field("source_type", "url");
            w.field("url", uri);
            w.opt_field("bucket_owner", bucket_owner.as_deref());
        }
        MediaSource::Text(text) => {
            w.field("source_type", "text");
            w.field("text", text);
        }
        MediaSource::Blocks(texts) => {
            w.object("source");
            w.field("type", "content");
            w.array("content");
            texts.iter().for_each(|text| write_block(w, &Content::text(text.as_str())));
            w.end_array();
            w.end_object();
        }
    }
}

fn write_document(w: &mut Writer, document: &Document) {
    w.field("type", "document");
    write_source(w, &document.media_type, &document.source);
    w.opt_field("title", document.name.as_deref());
    w.opt_field("context", document.context.as_deref());
    write_cites(w, document.citations);
}

fn write_cites(w: &mut Writer, cites: bool) {
    if cites {
        w.object("citations");
        w.key("enabled").bool(true);
        w.end_object();
    }
}

/// Writes the further members of a tool call. A member with the same name as one of the block's own is written into
/// LangChain's `extras`. An example is the `id` of a Responses item, next to the id of the call.
fn write_extra(w: &mut Writer, extra: &[(String, Json)]) {
    let is_own = |key: &str| matches!(key, "type" | "id" | "name" | "input");
    extra.iter().filter(|(key, _)| !is_own(key)).for_each(|(key, value)| w.member(key, value.view()));
    if extra.iter().any(|(key, _)| is_own(key)) {
        w.object("extras");
        extra.iter().filter(|(key, _)| is_own(key)).for_each(|(key, value)| w.member(key, value.view()));
        w.end_object();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interop::read_messages;
    use crate::message::{CachePoint, CacheTtl, RedactedThinking, Text, Thinking, ToolCall};

    #[test]
    fn langchain_messages_round_trip() {
        let args = Json::parse(r#"{"location":"Paris"}"#).unwrap();
        let mut document = Document::new("application/pdf", MediaSource::Base64("JVBERi0=".into()));
        document.name = Some("Report".into());
        document.citations = true;
        let messages = [
            Message::system("Be brief.").with(Content::CachePoint(CachePoint { ttl: Some(CacheTtl::OneHour) })),
            Message::human("Look")
                .with(Content::Image(Media::new("image/png", MediaSource::Base64("iVBO".into()))))
                .with(Content::Document(document)),
            Message::new(
                Role::Ai,
                [
                    Content::Thinking(Thinking {
                        text: "hm".into(),
                        signature: Some("sig==".into()),
                        ..Thinking::default()
                    }),
                    Content::RedactedThinking(RedactedThinking { data: "xyz".into() }),
                    Content::text("I look it up."),
                    Content::ToolCall(
                        ToolCall::new("1", "get_weather", args)
                            .with_extra("status", Json::string("completed"))
                            .with_extra("id", Json::string("fc_1"))
                            .with_extra("type", Json::string("custom_tool_call")),
                    ),
                    Content::raw(Json::parse(r#"{"type":"server_tool_use","id":"s","input":{"q":1}}"#).unwrap()),
                ],
            ),
            Message::tool_error("1", "no such place"),
            Message::new(
                Role::Ai,
                [
                    Content::Thinking(
                        Thinking::new("hm").with_signature("rsn_1").with_extra("id", Json::string("rs_1")),
                    ),
                    Content::Text(Text::new("Done.").with_extra("phase", Json::string("final_answer"))),
                ],
            ),
        ];
        assert_eq!(read_messages(&to_langchain(&messages)).unwrap(), messages);
    }

    #[test]
    fn encrypted_reasoning_of_responses_is_read_with_its_id() {
        let json = r#"[{"role":"ai","content":[{"type":"reasoning","id":"rs_1","encrypted_content":"rsn_1",
            "summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]}]}]"#;
        let messages = read_messages(&Json::parse(json).unwrap()).unwrap();
        let [Content::Thinking(thinking)] = messages[0].content.as_slice() else { panic!("{messages:?}") };
        assert_eq!((thinking.text.as_str(), thinking.signature.as_deref()), ("a\n\nb", Some("rsn_1")));
        assert_eq!(thinking.extra[0], ("id".to_owned(), Json::string("rs_1")));
    }
}
