//! Messages in OpenAI's chat form.

use crate::json::{Json, Writer};
use crate::message::{Content, MediaSource, Message};

/// Returns a conversation as OpenAI's chat messages. [`read_messages`](super::read_messages) reads back text, media,
/// calls (also invalid ones) and results. Left out is what the format does not support: reasoning, cache points, guard
/// content, search results, citations, changes of the tools, raw blocks, and whether a tool failed.
///
/// ```
/// use bedrock_chat::{interop, Message};
/// let json = interop::to_openai(&[Message::system("Be brief."), Message::human("hello")]);
/// assert_eq!(json, serde_json::json!([
///     {"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"},
/// ]));
/// ```
pub fn to_openai(messages: &[Message]) -> Json {
    let mut w = Writer::new();
    w.begin_array();
    for message in messages {
        for block in &message.content {
            if let Content::ToolResult(result) = block {
                w.begin_object();
                w.field("role", "tool");
                w.field("tool_call_id", &result.tool_call_id);
                write_content(&mut w, &result.content);
                w.end_object();
            }
        }
        if message.content.iter().all(|block| matches!(block, Content::ToolResult(_))) {
            continue;
        }
        w.begin_object();
        w.field("role", message.role.chat_name());
        write_content(&mut w, &message.content);
        // Arguments are a string in this format, even if they are not valid JSON.
        let calls = message.content.iter().filter_map(|block| match block {
            Content::ToolCall(call) => Some([&call.id, &call.name, call.args.as_str()]),
            Content::InvalidToolCall(call) => Some([&call.id, &call.name, &call.args]),
            _ => None,
        });
        let mut calls = calls.peekable();
        if calls.peek().is_some() {
            w.array("tool_calls");
            for [id, name, arguments] in calls {
                w.begin_object();
                w.field("id", id);
                w.field("type", "function");
                w.object("function");
                w.field("name", name);
                w.field("arguments", arguments);
                w.end_object();
                w.end_object();
            }
            w.end_array();
        }
        w.end_object();
    }
    w.end_array();
    Json::written(w)
}

/// Writes texts alone as one string, and texts with media as a list of parts.
fn write_content(w: &mut Writer, content: &[Content]) {
    w.key("content");
    let is_media = |block: &Content| {
        matches!(block, Content::Image(_) | Content::Audio(_) | Content::Video(_) | Content::Document(_))
    };
    let has_media = content.iter().any(is_media);
    if !has_media {
        let texts: Vec<_> = content.iter().filter_map(text_of).collect();
        if texts.is_empty() {
            return w.null();
        }
        return w.string(&texts.concat());
    }
    w.begin_array();
    for block in content {
        match block {
            Content::Image(medium) | Content::Video(medium) => {
                let kind = if matches!(block, Content::Image(_)) { "image_url" } else { "video_url" };
                w.begin_object();
                w.field("type", kind);
                w.object(kind);
                w.field("url", &url(&medium.media_type, &medium.source));
                w.end_object();
                w.end_object();
            }
            Content::Audio(audio) => {
                w.begin_object();
                w.field("type", "input_audio");
                w.object("input_audio");
                w.field("format", audio.media_type.rsplit('/').next().unwrap_or_default());
                w.field("data", &base64(&audio.source));
                w.end_object();
                w.end_object();
            }
            Content::Document(document) => {
                w.begin_object();
                w.field("type", "file");
                w.object("file");
                w.opt_field("filename", document.name.as_deref());
                w.field("file_data", &url(&document.media_type, &document.source));
                w.end_object();
                w.end_object();
            }
            block => {
                if let Some(text) = text_of(block) {
                    w.begin_object();
                    w.field("type", "text");
                    w.field("text", text);
                    w.end_object();
                }
            }
        }
    }
    w.end_array();
}

fn text_of(block: &Content) -> Option<&str> {
    match block {
        Content::Text(text) => Some(&text.text),
        Content::Json(json) => Some(json.value.as_str()),
        _ => None,
    }
}

fn base64(source: &MediaSource) -> String {
    let mut out = String::new();
    match source {
        MediaSource::Bytes(bytes) => crate::base64::encode(bytes, &mut out),
        MediaSource::Text(text) => crate::base64::encode(text.as_bytes(), &mut out),
        MediaSource::Blocks(texts) => crate::base64::encode(texts.concat().as_bytes(), &mut out),
        MediaSource::Base64(text) | MediaSource::Url(text) | MediaSource::S3 { uri: text, .. } => out.push_str(text),
    }
    out
}

fn url(media_type: &str, source: &MediaSource) -> String {
    match source {
        MediaSource::Url(url) | MediaSource::S3 { uri: url, .. } => url.clone(),
        source => format!("data:{media_type};base64,{}", base64(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interop::read_messages;
    use crate::message::{Media, ToolCall};

    #[test]
    fn openai_messages_round_trip() {
        let image = Content::Image(Media::new("image/png", MediaSource::Base64("iVBO".into())));
        let call = Content::ToolCall(ToolCall::new("1", "now", Json::parse(r#"{"zone":"UTC"}"#).unwrap()));
        let messages = [
            Message::system("Be brief."),
            Message::human("Look").with(image),
            Message::ai("I look it up.").with(call),
            Message::tool("1", "12:00"),
            Message::ai("Noon."),
        ];
        assert_eq!(read_messages(&to_openai(&messages)).unwrap(), messages);
    }
}
