//! Every kind of content block, and unknown members of blocks that are given as JSON.

use bedrock_chat::{
    CachePoint, CacheTtl, ChatOptions, Content, Document, GuardContent, Guardrail, InvalidToolCall, Json, JsonContent,
    Media, MediaSource, Message, Raw, RedactedThinking, Role, SearchResult, Text, Thinking, ToolCall, ToolReference,
    ToolResult,
};

use super::options::tool;
use super::{Faults, Wanted, has_rows};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nneedle image";
const PNG_BASE64: &str = "iVBORw0KGgpuZWVkbGUgaW1hZ2U=";

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn bytes(media_type: &str, bytes: &'static [u8]) -> Media {
    Media::new(media_type, MediaSource::Bytes(bytes.into()))
}

fn in_s3(media_type: &str) -> Media {
    let source = MediaSource::S3 { uri: "s3://needle/key".into(), bucket_owner: Some("123456789012".into()) };
    Media::new(media_type, source)
}

fn document(change: fn(&mut Document)) -> Content {
    let mut document = Document::new("text/plain", MediaSource::Text("needle document".into()));
    change(&mut document);
    Content::Document(document)
}

/// Returns a user turn with a block.
fn said(block: Content) -> Vec<Message> {
    vec![Message::new(Role::Human, [Content::text("hello"), block])]
}

/// Returns a conversation with an AI turn of a block and a text.
fn answered(block: Content) -> Vec<Message> {
    let answer = Message::new(Role::Ai, [block, Content::text("hello")]);
    vec![Message::human("hello"), answer, Message::human("go on")]
}

/// Returns a conversation with a change of its tools.
fn changed(change: fn(ToolReference) -> Content, tool: ToolReference) -> Vec<Message> {
    vec![Message::human("hello"), Message::new(Role::System, [change(tool)])]
}

fn call() -> ToolCall {
    ToolCall::new("needle0id", "needle_tool", json(r#"{"needle_property":"needle argument"}"#))
}

/// Returns a tool call and its result with a block.
fn returned(block: Content) -> Vec<Message> {
    with_result(ToolResult::new("needle0id", [block]))
}

fn with_result(result: ToolResult) -> Vec<Message> {
    let called = Message::new(Role::Ai, [Content::ToolCall(call())]);
    vec![Message::human("hello"), called, Message::new(Role::Tool, [Content::ToolResult(result)])]
}

/// A row: its name, the conversation, and the expectation.
type Row = (&'static str, Vec<Message>, Wanted);

fn search_result() -> Content {
    Content::SearchResult(SearchResult::new("needle source", "needle title", ["needle found"]).with_citations(true))
}

fn media_rows() -> Vec<Row> {
    let image = || Content::Image(bytes("image/png", PNG));
    let names = &["image", "audio", "video", "media", "s3", "document", "picture"];
    let s3 = Wanted::new(&["s3://needle/key", "123456789012"], names);
    vec![
        ("image", said(image()), Wanted::new(&[PNG_BASE64], names)),
        (
            "Media.detail",
            said(Content::Image(bytes("image/png", PNG).with_detail("needle detail"))),
            Wanted::new(&["needle detail"], &["detail", "image", "picture", "media"]),
        ),
        ("image in S3", said(Content::Image(in_s3("image/png"))), s3.clone()),
        ("image in a result", returned(image()), Wanted::new(&[PNG_BASE64], &["image", "picture", "tool"])),
        ("audio", said(Content::Audio(bytes("audio/mpeg", b"ID3needle"))), Wanted::new(&["SUQzbmVlZGxl"], names)),
        ("audio in S3", said(Content::Audio(in_s3("audio/mpeg"))), s3.clone()),
        ("video", said(Content::Video(bytes("video/mp4", b"needle"))), Wanted::new(&["bmVlZGxl"], names)),
        ("video in S3", said(Content::Video(in_s3("video/mp4"))), s3.clone()),
        ("document", said(document(|_| {})), Wanted::new(&[], names).or(&["needle document", "bmVlZGxlIGRvY3VtZW50"])),
        (
            "Document.source",
            said(document(|d| d.source = MediaSource::Blocks(vec!["needle piece".into()]))),
            Wanted::new(&[], names).or(&["needle piece", "bmVlZGxlIHBpZWNl"]),
        ),
        (
            "Document.media_type",
            said(document(|d| {
                (d.media_type, d.source) = ("application/pdf".into(), MediaSource::Bytes((&b"%PDF-needle"[..]).into()))
            })),
            Wanted::new(&["pdf", "JVBERi1uZWVkbGU="], names),
        ),
        (
            "Document.name",
            said(document(|d| d.name = Some("needle name".into()))),
            Wanted::new(&["needle name"], names),
        ),
        (
            "Document.context",
            said(document(|d| d.context = Some("needle context".into()))),
            Wanted::new(&["needle context"], &["context", "document"]),
        ),
        (
            "Document.citations",
            said(document(|d| d.citations = true)),
            Wanted::new(&["citations"], &["citations", "document"]),
        ),
    ]
}

fn text_rows() -> Vec<Row> {
    let cited = r#"{"type":"char_location","cited_text":"needle cited","document_index":0,"document_title":null,"start_char_index":0,"end_char_index":3}"#;
    let cited = Text::new("needle text").with_citations([json(cited)]);
    let guard = |qualifiers: &[&str]| {
        let mut guard = GuardContent::text("needle guarded");
        guard.qualifiers = qualifiers.iter().map(|name| (*name).to_owned()).collect();
        Content::Guard(guard)
    };
    let needle = || ToolReference::new("needle_tool");
    let changes = &["tool", "system message"];
    vec![
        ("text", said(Content::text("needle text")), Wanted::new(&["needle text"], &[])),
        ("Text.text", said(Content::text("needle text")), Wanted::new(&["needle text"], &[])),
        (
            "Text.extra",
            answered(Content::Text(Text::new("needle text").with_extra("phase", json(r#""needlephase""#)))),
            Wanted::new(&["needle text", "needlephase"], &[]),
        ),
        ("Text.citations", answered(Content::Text(cited)), Wanted::new(&["needle text", "needle cited"], &[])),
        (
            "thinking",
            answered(Content::Thinking(Thinking::new("x"))),
            // Reasoning without a signature is not sent back, as is documented.
            Wanted::new(&["hello"], &[]),
        ),
        (
            "Thinking.text",
            answered(Content::Thinking(Thinking::new("needle thought").with_signature("c2ln"))),
            Wanted::new(&["needle thought"], &[]),
        ),
        (
            "Thinking.extra",
            answered(Content::Thinking(
                Thinking::new("x").with_signature("c2ln").with_extra("id", json(r#""rs_needle""#)),
            )),
            Wanted::new(&["rs_needle"], &[]),
        ),
        (
            "Thinking.signature",
            answered(Content::Thinking(Thinking::new("x").with_signature("bmVlZGxl"))),
            Wanted::new(&["bmVlZGxl"], &[]),
        ),
        (
            "redacted_thinking",
            answered(Content::RedactedThinking(RedactedThinking::new("bmVlZGxl"))),
            Wanted::new(&["hello"], &[]),
        ),
        (
            "RedactedThinking.data",
            answered(Content::RedactedThinking(RedactedThinking::new("bmVlZGxl"))),
            Wanted::new(&["bmVlZGxl"], &[]),
        ),
        ("guard", said(guard(&[])), Wanted::new(&["needle guarded"], &["guard"])),
        ("GuardContent.text", said(guard(&[])), Wanted::new(&["needle guarded"], &["guard"])),
        (
            "GuardContent.qualifiers",
            said(guard(&["grounding_source"])),
            Wanted::new(&["grounding_source"], &["qualifiers", "guard"]),
        ),
        (
            "GuardContent.image",
            said(Content::Guard(GuardContent::image(bytes("image/png", PNG)))),
            Wanted::new(&[PNG_BASE64], &["guard", "image", "picture"]),
        ),
        ("cache_point", said(Content::CachePoint(CachePoint::default())), Wanted::new(&["hello"], &["cache"])),
        (
            "CachePoint",
            said(Content::CachePoint(CachePoint::default())),
            Wanted::new(&[], &["cache"]).or(&["cachePoint", "cache_control"]),
        ),
        (
            "CachePoint.ttl",
            said(Content::CachePoint(CachePoint::default().with_ttl(CacheTtl::OneHour))),
            Wanted::new(&["\"1h\""], &["cache", "ttl"]),
        ),
        (
            "CachePoint in a result",
            with_result(ToolResult::new("needle0id", [Content::text("ok"), Content::cache_point()])),
            Wanted::new(&[], &["cache", "tool"]).or(&["cachePoint", "cache_control"]),
        ),
        (
            "CachePoint behind reasoning",
            {
                let thought = Thinking::new("x").with_signature("c2ln");
                let blocks = [Content::Thinking(thought), Content::cache_point(), Content::text("hello")];
                vec![Message::human("hello"), Message::new(Role::Ai, blocks), Message::human("go on")]
            },
            Wanted::new(&[], &["cache"]).or(&["cachePoint", "cache_control"]),
        ),
        ("search_result", said(search_result()), Wanted::new(&["needle found"], &["search"])),
        ("SearchResult.source", said(search_result()), Wanted::new(&["needle source"], &["search"])),
        ("SearchResult.title", said(search_result()), Wanted::new(&["needle title"], &["search"])),
        ("SearchResult.content", said(search_result()), Wanted::new(&["needle found"], &["search"])),
        ("SearchResult.citations", said(search_result()), Wanted::new(&["citations"], &["search"])),
        ("tool_addition", changed(Content::ToolAddition, needle()), Wanted::new(&["needle_tool"], changes)),
        ("tool_removal", changed(Content::ToolRemoval, needle()), Wanted::new(&["needle_tool"], changes)),
        ("ToolReference.name", changed(Content::ToolRemoval, needle()), Wanted::new(&["needle_tool"], changes)),
        (
            "ToolReference.server_name",
            changed(Content::ToolAddition, needle().with_server_name("needle server")),
            Wanted::new(&["needle server"], changes),
        ),
        (
            "ToolReference.reference_type",
            changed(Content::ToolAddition, needle().with_reference_type("needle_reference")),
            Wanted::new(&["needle_reference"], changes),
        ),
        ("tool_addition of a user", said(Content::ToolAddition(needle())), Wanted::new(&["needle_tool"], changes)),
        (
            "raw",
            said(Content::Raw(Raw::new(json(r#"{"type":"needle_kind","needle":"needle raw"}"#)))),
            Wanted::new(&["needle_kind", "needle raw"], &["block", "needle_kind"]),
        ),
        (
            "raw of Converse's",
            said(Content::raw(json(r#"{"needleKind":{"needle":"needle raw"}}"#))),
            Wanted::new(&["needleKind", "needle raw"], &["block", "needleKind"]),
        ),
    ]
}

fn tool_rows() -> Vec<Row> {
    let invalid = InvalidToolCall::new("needle0id", "needle_tool", r#"{"needle_property":"needle cut"#, "cut short");
    let failed = |content: Vec<Content>| {
        let mut result = ToolResult::new("needle0id", content);
        result.is_error = true;
        with_result(result)
    };
    let ok = || Content::text("needle result");
    let tools = &["tool"];
    vec![
        ("tool_call", returned(ok()), Wanted::new(&["needle_tool", "needle argument"], tools)),
        ("tool_result", returned(ok()), Wanted::new(&["needle result"], tools)),
        ("ToolCall.id", returned(ok()), Wanted::new(&[], tools).or(&["needle0id", "needle_tool"])),
        ("ToolCall.name", returned(ok()), Wanted::new(&["needle_tool"], tools)),
        ("ToolCall.args", returned(ok()), Wanted::new(&["needle argument"], tools)),
        (
            "ToolCall.extra",
            {
                let mut call = call();
                call.extra = vec![("needle_extra".into(), Json::string("needle extra"))];
                let called = Message::new(Role::Ai, [Content::ToolCall(call)]);
                vec![Message::human("hello"), called, Message::tool("needle0id", "ok")]
            },
            Wanted::new(&["needle extra"], tools),
        ),
        ("ToolResult.content", returned(ok()), Wanted::new(&["needle result"], tools)),
        ("ToolResult.tool_call_id", returned(ok()), Wanted::new(&[], tools).or(&["needle0id", "needle_tool"])),
        (
            "ToolResult.is_error",
            failed(vec![ok()]),
            Wanted::new(&["needle result"], tools).or(&["\"is_error\":true", "\"status\":\"error\"", "rror"]),
        ),
        (
            "image in a failed result",
            failed(vec![ok(), Content::Image(bytes("image/png", PNG))]),
            Wanted::new(&["needle result", PNG_BASE64], &["image", "picture", "tool"]),
        ),
        (
            "json",
            returned(Content::Json(JsonContent::new(json(r#"{"needle":"needle json"}"#)))),
            Wanted::new(&["needle json"], tools),
        ),
        (
            "json list",
            returned(Content::Json(JsonContent::new(json(r#"["needle json"]"#)))),
            Wanted::new(&["needle json"], tools),
        ),
        (
            "document in a result",
            returned(document(|_| {})),
            Wanted::new(&[], &["document", "tool", "needs"]).or(&["needle document", "bmVlZGxlIGRvY3VtZW50"]),
        ),
        (
            "video in a result",
            returned(Content::Video(bytes("video/mp4", b"needle"))),
            Wanted::new(&["bmVlZGxl"], &["video", "tool"]),
        ),
        ("search result in a result", returned(search_result()), Wanted::new(&["needle found"], &["search", "tool"])),
        (
            "invalid_tool_call",
            {
                let called = Message::new(Role::Ai, [Content::text("hello"), Content::InvalidToolCall(invalid)]);
                vec![Message::human("hello"), called, Message::human("needle next")]
            },
            // An invalid call is never run, so only the next message must be sent.
            Wanted::new(&["needle next"], tools),
        ),
    ]
}

/// Returns the kinds of blocks that the crate has, from serde's error for an unknown kind.
fn kinds() -> Vec<String> {
    let error = serde_json::from_str::<Content>(r#"{"type":"no such kind"}"#).unwrap_err().to_string();
    let (_, known) = error.split_once("expected one of").unwrap();
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_block_is_sent_or_refused_by_name() {
    let rows: Vec<Row> = media_rows().into_iter().chain(text_rows()).chain(tool_rows()).collect();
    let names: Vec<&str> = rows.iter().map(|(name, ..)| *name).collect();
    let kinds = kinds();
    assert!(kinds.len() > 10, "{kinds:?}");
    for kind in kinds {
        assert!(names.contains(&kind.as_str()), "blocks of the kind `{kind}` have no row in the table");
    }
    has_rows("Text", &Text::default(), &names);
    has_rows("Document", &Document::new("text/plain", MediaSource::Text(String::new())), &names);
    has_rows("Thinking", &Thinking::default(), &names);
    has_rows("RedactedThinking", &RedactedThinking::new(""), &names);
    has_rows("ToolCall", &call(), &names);
    has_rows("ToolResult", &ToolResult::new("a", []), &names);
    has_rows("CachePoint", &CachePoint::default(), &names);
    has_rows("GuardContent", &GuardContent::default(), &names);
    has_rows("ToolReference", &ToolReference::default(), &names);
    has_rows("SearchResult", &SearchResult::default(), &names);
    let mut faults = Faults::default();
    for (name, messages, wanted) in rows {
        faults.try_all(name, &wanted, &|| {
            let mut options = ChatOptions::default();
            if messages.iter().any(|message| message.role == Role::Tool) || name == "invalid_tool_call" {
                options.tools = vec![tool()];
            }
            if name.starts_with("Guard") || name == "guard" {
                options.guardrail = Some(Guardrail::new("grneedle", "73"));
            }
            (messages.clone(), options)
        });
    }
    faults.report("blocks");
}
