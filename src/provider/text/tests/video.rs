//! Pegasus: a prompt about one video.

use serde_json::json;

use super::{body, codec_for, refused};
use crate::api::Api;
use crate::error::ErrorKind;
use crate::json::Json;
use crate::message::{Content, Media, MediaSource, Message, Role};
use crate::model::ModelId;
use crate::request::{ChatOptions, ChatRequest, ResponseFormat};

const PEGASUS: &str = "us.twelvelabs.pegasus-1-2-v1:0";

fn video(source: MediaSource) -> Content {
    Content::Video(Media::new("video/mp4", source))
}

fn clip() -> Content {
    video(MediaSource::Bytes(vec![1, 2, 3].into()))
}

fn in_s3(bucket_owner: Option<&str>) -> Content {
    let uri = "s3://bucket/clip.mp4".to_owned();
    video(MediaSource::S3 { uri, bucket_owner: bucket_owner.map(str::to_owned) })
}

fn about(video: Content) -> ChatRequest {
    ChatRequest::new([Message::new(Role::Human, [video, Content::text("What happens?")])])
}

#[test]
fn video_is_sent_in_base64_or_from_s3() {
    assert_eq!(
        body(PEGASUS, &about(clip())),
        json!({"inputPrompt": "What happens?", "mediaSource": {"base64String": "AQID"}})
    );
    for (owner, location) in [
        (None, json!({"uri": "s3://bucket/clip.mp4"})),
        (Some("123456789012"), json!({"uri": "s3://bucket/clip.mp4", "bucketOwner": "123456789012"})),
    ] {
        let sent = body(PEGASUS, &about(in_s3(owner)));
        assert_eq!(sent, json!({"inputPrompt": "What happens?", "mediaSource": {"s3Location": location}}));
    }
}

#[test]
fn video_prompt_has_system_text_and_earlier_turns() {
    let human = Message::new(Role::Human, [clip(), Content::text("What happens?")]);
    let brief = ChatRequest::new([Message::system("Be brief."), human.clone()]);
    assert_eq!(body(PEGASUS, &brief).view().text_at("inputPrompt"), "Be brief.\n\nWhat happens?");
    let turns = [human, Message::ai("A cat jumps."), Message::human("And then?")];
    let sent = body(PEGASUS, &ChatRequest::new(turns));
    assert_eq!(
        sent.view().text_at("inputPrompt"),
        "User: What happens?\nAssistant: A cat jumps.\nUser: And then?\nAssistant:"
    );
    assert!(sent.view().get("mediaSource").is_some());
}

#[test]
fn video_schema_and_parameters_have_pegasus_names() {
    let schema = json!({
        "$schema": "x", "type": "object", "additionalProperties": false, "required": ["additionalProperties"],
        "properties": {
            "additionalProperties": {"type": "string"},
            "items": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
            "kind": {"enum": ["a", {"additionalProperties": 1}]},
        },
        "anyOf": [{"additionalProperties": true}],
    });
    let mut options = ChatOptions { max_tokens: Some(100), temperature: Some(0.0), ..ChatOptions::default() };
    options.response_format = Some(ResponseFormat::new("x", schema).with_description("What is seen."));
    let sent = body(PEGASUS, &about(clip()).with_options(options));
    let expected = json!({
        "type": "object", "required": ["additionalProperties"], "description": "What is seen.",
        "properties": {
            "additionalProperties": {"type": "string"},
            "items": {"type": "array", "items": {"type": "object"}},
            "kind": {"enum": ["a", {"additionalProperties": 1}]},
        },
        "anyOf": [{}],
    });
    assert_eq!(Json::from(sent.view().get("responseFormat").unwrap()), json!({"jsonSchema": expected}));
    assert_eq!(sent.view().u64_at("maxOutputTokens"), Some(100));
    assert_eq!(sent.view().get("temperature").unwrap().raw(), "0");
}

#[test]
fn video_missing_or_unusable_is_refused_with_advice() {
    let url = video(MediaSource::Url("https://example.com/a.mp4".into()));
    let image = Content::image("image/png", vec![1]);
    let converse = codec_for(&ModelId::parse(PEGASUS).unwrap(), Some(Api::Converse), None);
    assert_eq!(converse.unwrap_err().kind(), ErrorKind::Unsupported);
    let with = |blocks: Vec<Content>| ChatRequest::new([Message::new(Role::Human, blocks)]);
    let text = || Content::text("What happens?");
    for (request, kind, advice) in [
        (with(vec![text()]), ErrorKind::Encode, "exactly one video"),
        (with(vec![clip(), clip(), text()]), ErrorKind::Encode, "exactly one video"),
        (with(vec![clip()]), ErrorKind::Encode, "add some"),
        (with(vec![url, text()]), ErrorKind::Encode, "fetch"),
        (with(vec![clip(), image, text()]), ErrorKind::Unsupported, "images"),
    ] {
        let error = refused(PEGASUS, &request);
        assert!(error.kind() == kind && error.message().contains(advice), "{error}");
    }
    for options in [
        ChatOptions { top_p: Some(0.5), ..ChatOptions::default() },
        ChatOptions { top_k: Some(5), ..ChatOptions::default() },
        ChatOptions { stop: vec!["x".into()], ..ChatOptions::default() },
    ] {
        assert_eq!(refused(PEGASUS, &about(clip()).with_options(options)).kind(), ErrorKind::Unsupported);
    }
}
