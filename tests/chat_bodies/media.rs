//! Images and documents in request bodies.

use bedrock_chat::{Api, ErrorKind};
use serde_json::{Value, json};

use crate::{CLAUDE, NOVA, read, sent_of};

#[test]
fn media_in_s3_have_the_type_of_their_name_or_an_error() {
    let at = |url: &str| json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image", "url": url}]}]);
    let body = sent_of(NOVA, Api::Converse, &at("s3://bucket/a.PNG")).unwrap();
    assert_eq!(
        body["messages"][0]["content"][1],
        json!({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.PNG"}}}})
    );
    let error = sent_of(NOVA, Api::Converse, &at("s3://bucket/a")).unwrap_err();
    assert!(error.message().contains("media type"), "{error}");
    for (model, api) in [(CLAUDE, Api::Converse), (CLAUDE, Api::Invoke)] {
        let error = sent_of(model, api, &at("s3://bucket/a.png")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("S3") && !error.message().contains("Converse"), "{error}");
    }
}

#[test]
fn text_documents_in_base64_may_have_line_breaks() {
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "a"},
        {"type": "document", "source": {"type": "base64", "media_type": "text/plain", "data": "aGVs\r\nbG8="}}]}]);
    let body = sent_of(CLAUDE, Api::Invoke, &messages).unwrap();
    assert_eq!(body["messages"][0]["content"][1]["source"]["data"], json!("hello"));
}

#[test]
fn members_inside_media_blocks_are_sent_or_refused() {
    let newer =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO", "x": 1}});
    let of = |block: &Value| json!([{"role": "user", "content": [{"type": "text", "text": "a"}, block]}]);
    assert_eq!(sent_of(CLAUDE, Api::Invoke, &of(&newer)).unwrap()["messages"][0]["content"][1], newer);
    let newer = json!({"image": {"format": "png", "source": {"bytes": "iVBO"}, "x": 1}});
    assert_eq!(sent_of(NOVA, Api::Converse, &of(&newer)).unwrap()["messages"][0]["content"][1], newer);
}

#[test]
fn members_inside_openai_and_guard_blocks_are_refused_by_name() {
    let user = |block: Value| read(&json!([{"role": "user", "content": [{"type": "text", "text": "a"}, block]}]));
    let url = "data:image/png;base64,iVBORw0KGgo=";
    for (block, name) in [
        (json!({"type": "image_url", "image_url": {"url": url, "fancy": 1}}), "fancy"),
        (json!({"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3", "fancy": 1}}), "fancy"),
        (json!({"type": "file", "file": {"file_data": "JVBERi0=", "fancy": 1}}), "fancy"),
        (json!({"guardContent": {"text": {"text": "a", "fancy": 1}}}), "fancy"),
        (json!({"guardContent": {"text": {"text": "a"}, "fancy": 1}}), "fancy"),
    ] {
        let error = user(block).unwrap_err();
        assert!(error.kind() == ErrorKind::Encode && error.message().contains(name), "{error}");
        assert!(error.message().len() <= 160, "{error}");
    }
    for block in [
        json!({"type": "image_url", "image_url": {"url": url, "detail": "auto"}}),
        json!({"type": "input_image", "image_url": url, "detail": "auto"}),
        json!({"type": "image_url", "image_url": {"url": url, "detail": "high"}}),
        json!({"type": "image_url", "image_url": url, "detail": "low"}),
        json!({"type": "input_image", "image_url": url, "detail": "high"}),
        json!({"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}}),
    ] {
        user(block).unwrap();
    }
}
