//! Every content block, as it is written.

use serde_json::json;

use super::*;
use crate::error::ErrorKind;
use crate::message::{
    CachePoint, CacheTtl, Document, GuardContent, JsonContent, Media, MediaSource, RedactedThinking, Role,
    SearchResult, Text, Thinking, ToolCall, ToolResult,
};
use crate::request::Tool;

fn refused(block: Content) -> Error {
    refusal(CLAUDE, &[Message::human("w").with(block)], &ChatOptions::default())
}

/// Returns the blocks of a tool's result as they are written.
fn in_result(blocks: &[Content]) -> Result<Json, Error> {
    let messages = [
        Message::human("w"),
        Message::new(Role::Ai, [Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()))]),
        Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("t", blocks))]),
    ];
    let tools = vec![Tool::new("f", "", Json::empty_object())];
    let body = encoded(&Converse, CLAUDE, &messages, &ChatOptions { tools, ..ChatOptions::default() })?;
    Ok(member(&body, &["messages", "2", "content"]))
}

#[test]
fn media_are_bytes_or_s3_locations_with_a_format() {
    let s3 = |owner: Option<&str>| MediaSource::S3 { uri: "s3://b/k".into(), bucket_owner: owner.map(Into::into) };
    let cases = [
        (Content::image("image/jpg", vec![1, 2, 3]), json!({"image": {"format": "jpeg", "source": {"bytes": "AQID"}}})),
        (
            Content::Image(Media::new("image/webp; q=1", MediaSource::Base64("AQ\n ID".into()))),
            json!({"image": {"format": "webp", "source": {"bytes": "AQID"}}}),
        ),
        (
            Content::Video(Media::new("video/3gpp", s3(Some("123456789012")))),
            json!({"video": {"format": "three_gp", "source": {
                "s3Location": {"uri": "s3://b/k", "bucketOwner": "123456789012"}}}}),
        ),
        (
            Content::Audio(Media::new("audio/mpeg", s3(None))),
            json!({"audio": {"format": "mp3", "source": {"s3Location": {"uri": "s3://b/k"}}}}),
        ),
    ];
    for (block, expected) in cases {
        let message = Message::human("w").with(block);
        let body = body(NOVA, &[message], &ChatOptions::default());
        assert_eq!(member(&body, &["messages", "0", "content", "1"]), expected);
    }
}

#[test]
fn media_url_or_unknown_format_is_an_error_with_advice() {
    let url = refused(Content::Image(Media::new("image/png", MediaSource::Url("https://x.example/a.png".into()))));
    assert_eq!(url.kind(), ErrorKind::Encode);
    assert!(url.message().contains("https://x.example/a.png") && url.message().contains("bytes"), "{url}");
    assert!(refused(Content::image("image/svg+xml", vec![1])).message().contains("webp"));
    assert!(refused(Content::document("application/zip", vec![1])).message().contains("docx"));
    assert!(refused(Content::Image(Media::new("image/png", MediaSource::Text("a".into())))).message().contains("S3"));
    assert!(refused(Content::Image(Media::new("image/png", MediaSource::Base64("!".into())))).message().contains("!"));
}

#[test]
fn document_names_are_valid_and_unique() {
    let named = |name: &str| {
        let mut document = Document::new("application/pdf", MediaSource::Bytes(vec![1].into()));
        document.name = Some(name.into());
        Content::Document(document)
    };
    let messages = [
        Message::human("Compare.").with(named("Q1  report.pdf")).with(named("Q1 report")),
        Message::ai("Of what year?"),
        Message::human("This.").with(Content::document("text/plain", "hello".as_bytes().to_vec())),
    ];
    let body = body(CLAUDE, &messages, &ChatOptions::default());
    let name = |turn, block| member(&body, &["messages", turn, "content", block, "document", "name"]);
    assert_eq!(name("0", "1"), json!("Q1 report"));
    assert_eq!(name("0", "2"), json!("Q1 report (2)"));
    assert_eq!(name("2", "1"), json!("Document 3"));
}

#[test]
fn text_documents_are_bytes_unless_cited() {
    let document = |media_type: &str, source: MediaSource, citations| {
        let mut document = Document::new(media_type, source);
        document.citations = citations;
        member(&written(Content::Document(document)), &["document"])
    };
    let text = || MediaSource::Text("hi".into());
    assert_eq!(
        document("text/markdown", text(), false),
        json!({"format": "md", "name": "Document 1", "source": {"bytes": "aGk="}})
    );
    let cited = json!({
        "format": "txt", "name": "Document 1", "source": {"text": "hi"}, "citations": {"enabled": true}});
    for (media_type, source) in [
        ("text/markdown", text()),
        ("", text()),
        ("text/csv", MediaSource::Base64("aGk=".into())),
        ("text/x-log", MediaSource::Bytes("hi".into())),
    ] {
        assert_eq!(document(media_type, source, true), cited, "{media_type}");
    }
    let pieces = || MediaSource::Blocks(vec!["a".into(), "b".into()]);
    assert_eq!(
        document("text/plain", pieces(), true),
        json!({"format": "txt", "name": "Document 1", "citations": {"enabled": true},
            "source": {"content": [{"text": "a"}, {"text": "b"}]}})
    );
    assert_eq!(
        document("text/plain", pieces(), false),
        json!({"format": "txt", "name": "Document 1", "source": {"bytes": "YQpi"}})
    );
    let mut pdf = Document::new("application/pdf", MediaSource::Bytes(vec![1].into()));
    (pdf.citations, pdf.context) = (true, Some("A letter.".into()));
    assert_eq!(
        written(Content::Document(pdf)),
        json!({"document": {"format": "pdf", "name": "Document 1", "source": {"bytes": "AQ=="},
            "context": "A letter.", "citations": {"enabled": true}}})
    );
}

#[test]
fn reasoning_is_replayed_unchanged() {
    let messages = [
        Message::human("a"),
        Message::new(
            Role::Ai,
            [
                Content::Thinking(Thinking {
                    text: "hm".into(),
                    signature: Some("EqoB+/=".into()),
                    ..Thinking::default()
                }),
                Content::RedactedThinking(RedactedThinking { data: "EmwK".into() }),
                Content::Thinking(Thinking { text: "unsigned".into(), signature: None, ..Thinking::default() }),
                Content::cache_point(),
                Content::text("b"),
            ],
        ),
        Message::human("c"),
    ];
    assert_eq!(
        member(&body(CLAUDE, &messages, &ChatOptions::default()), &["messages", "1", "content"]),
        json!([
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "EqoB+/="}}},
            {"reasoningContent": {"redactedContent": "EmwK"}},
            {"text": "b"},
        ])
    );
}

#[test]
fn last_of_several_cache_points_is_sent_as_a_block() {
    let point = |ttl| Content::CachePoint(CachePoint { ttl });
    let message = Message::human("a").with(point(None)).with(point(Some(CacheTtl::OneHour))).with(Content::text("b"));
    assert_eq!(
        member(&body(CLAUDE, &[message], &ChatOptions::default()), &["messages", "0", "content"]),
        json!([{"text": "a"}, {"cachePoint": {"type": "default", "ttl": "1h"}}, {"text": "b"}])
    );
}

#[test]
fn guard_content_is_text_with_qualifiers_or_an_image() {
    let mut guard = GuardContent::text("Paris is in France.");
    guard.qualifiers = vec!["grounding_source".into()];
    assert_eq!(
        written(Content::Guard(guard)),
        json!({"guardContent": {"text": {"text": "Paris is in France.", "qualifiers": ["grounding_source"]}}})
    );
    let image = |media_type: &str| GuardContent {
        image: Some(Media::new(media_type, MediaSource::Bytes(vec![1].into()))),
        ..GuardContent::default()
    };
    assert_eq!(
        written(Content::Guard(image("image/png"))),
        json!({"guardContent": {"image": {"format": "png", "source": {"bytes": "AQ=="}}}})
    );
    assert!(refused(Content::Guard(image("image/gif"))).message().contains("png, jpeg"));
    assert!(refused(Content::Guard(GuardContent::default())).message().contains("empty"));
}

#[test]
fn search_results_can_be_cited() {
    let found = SearchResult { source: "s".into(), title: "t".into(), content: vec!["c".into()], citations: true };
    assert_eq!(
        written(Content::SearchResult(found)),
        json!({"searchResult": {
            "source": "s", "title": "t", "content": [{"text": "c"}], "citations": {"enabled": true}}})
    );
}

#[test]
fn only_citations_of_converse_are_replayed() {
    let text = |citations: &[&str]| {
        let citations = citations.iter().map(|text| self::json(text)).collect();
        let messages = [
            Message::human("a"),
            Message::new(Role::Ai, [Content::Text(Text { text: "Green".into(), citations, ..Text::default() })]),
            Message::human("b"),
        ];
        member(&body(CLAUDE, &messages, &ChatOptions::default()), &["messages", "1", "content", "0"])
    };
    let ours = r#"{"title":"Doc","location":{"documentChar":{"documentIndex":0,"start":0,"end":5}}}"#;
    let theirs = r#"{"type":"char_location","document_index":0}"#;
    let location = json!({"documentChar": {"documentIndex": 0, "start": 0, "end": 5}});
    assert_eq!(
        text(&[ours, theirs]),
        json!({"citationsContent": {
            "content": [{"text": "Green"}], "citations": [{"title": "Doc", "location": location}]}})
    );
    assert_eq!(text(&[theirs]), json!({"text": "Green"}));
}

#[test]
fn tool_results_have_text_json_media_and_documents() {
    let value = |text: &str| Content::Json(JsonContent { value: self::json(text) });
    let found = SearchResult { source: "s".into(), title: "t".into(), content: vec![], citations: false };
    let blocks = [
        Content::text("a"),
        value(r#"{"temp":72}"#),
        value("[1,2]"),
        value("null"),
        Content::image("image/png", vec![1]),
        Content::Video(Media::new("video/mp4", MediaSource::Bytes(vec![1].into()))),
        Content::document("application/pdf", vec![1]),
        Content::SearchResult(found),
        Content::raw(self::json(r#"{"newResult":{"x":1}}"#)),
        Content::cache_point(),
    ];
    assert_eq!(
        in_result(&blocks).unwrap(),
        json!([
            {"toolResult": {"toolUseId": "t", "content": [
                {"text": "a"},
                {"json": {"temp": 72}},
                {"json": {"result": [1, 2]}},
                {"json": {"result": null}},
                {"image": {"format": "png", "source": {"bytes": "AQ=="}}},
                {"video": {"format": "mp4", "source": {"bytes": "AQ=="}}},
                {"document": {"format": "pdf", "name": "Document 1", "source": {"bytes": "AQ=="}}},
                {"searchResult": {"source": "s", "title": "t", "content": []}},
                {"newResult": {"x": 1}},
            ]}},
            {"cachePoint": {"type": "default"}},
        ])
    );
    let audio = Content::Audio(Media::new("audio/mpeg", MediaSource::Bytes(vec![1].into())));
    assert!(in_result(&[audio]).unwrap_err().message().contains("\"t\""));
}

#[test]
fn raw_blocks_of_anthropic_are_refused() {
    let block = r#"{"toolUse":{"toolUseId":"s","name":"nova_grounding","input":{},"type":"server_tool_use"}}"#;
    assert_eq!(written(Content::raw(self::json(block))), self::json(block));
    for block in [r#"{"type":"server_tool_use","id":"s"}"#, "{}", "[1]", "\"x\""] {
        let error = refused(Content::raw(self::json(block)));
        assert_eq!(error.kind(), ErrorKind::Encode, "{block}");
        assert!(error.message().contains("an object with one member"), "{error}");
        assert!(error.message().len() <= 160, "{error}");
    }
}
