use serde_json::json;

use super::*;
use crate::api::Api;
use crate::credentials::Credentials;
use crate::request::{ChatOptions, Tool};
use crate::testing::{MemoryTransport, Reply};

fn chat(model: &str, api: Option<Api>, options: &ChatOptions, replies: Vec<Reply>) -> (BedrockChat, MemoryTransport) {
    let transport = MemoryTransport::new(replies);
    let builder = BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(transport.clone())
        .options(options);
    let builder = match api {
        Some(api) => builder.api(api),
        None => builder,
    };
    (builder.build().unwrap(), transport)
}

fn sent(transport: &MemoryTransport) -> (String, Json) {
    let request = transport.requests().remove(0);
    let path = request.url.split_once(".com").unwrap().1.to_owned();
    (path, Json::parse(std::str::from_utf8(&request.body).unwrap()).unwrap())
}

fn guarded(trace: Option<GuardrailTrace>) -> ChatOptions {
    let mut guardrail = Guardrail::new("gr1", "DRAFT");
    guardrail.trace = trace;
    ChatOptions { guardrail: Some(guardrail), ..ChatOptions::default() }
}

#[test]
fn count_tokens_sends_the_body_of_the_call() {
    let options = ChatOptions { temperature: Some(0.5), ..guarded(None) };
    let reply = || vec![Reply::json(200, r#"{"inputTokens":12}"#)];
    let (chat, transport) = self::chat("anthropic.claude-3-haiku-20240307-v1:0", None, &options, reply());
    assert_eq!(futures_executor::block_on(chat.count_tokens("Hi")).unwrap(), 12);
    let (path, body) = sent(&transport);
    assert_eq!(path, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/count-tokens");
    let mut native = Vec::new();
    let encoded = body.view().get("input").unwrap().get("invokeModel").unwrap().get("body").unwrap().string().unwrap();
    crate::base64::decode(encoded.as_bytes(), &mut native).unwrap();
    assert_eq!(
        Json::parse(std::str::from_utf8(&native).unwrap()).unwrap(),
        json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 4096, "temperature": 0.5,
            "messages": [{"role": "user", "content": "Hi"}]})
    );
    assert!(transport.requests()[0].headers.get("x-amzn-bedrock-guardrailidentifier").is_none());
}

#[test]
fn count_tokens_of_converse_leaves_out_uncounted_fields() {
    let options = ChatOptions {
        max_tokens: Some(10),
        top_k: Some(5),
        tools: vec![Tool::new("f", "", Json::empty_object())],
        ..guarded(None)
    };
    let (chat, transport) =
        chat("us.meta.llama4-x", Some(Api::Converse), &options, vec![Reply::json(200, r#"{"inputTokens":3}"#)]);
    let messages = [("system", "s"), ("human", "Hi")];
    assert_eq!(futures_executor::block_on(chat.count_tokens(messages)).unwrap(), 3);
    let schema = json!({"json": {"type": "object", "properties": {}}});
    assert_eq!(
        sent(&transport).1,
        json!({"input": {"converse": {
            "system": [{"text": "s"}],
            "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
            "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": schema}}]},
            "additionalModelRequestFields": {"top_k": 5},
        }}})
    );
}

#[test]
fn count_tokens_retries_and_rejects_a_missing_count() {
    let count = |replies| {
        let (chat, transport) = chat("us.anthropic.claude-x", None, &ChatOptions::default(), replies);
        (futures_executor::block_on(chat.count_tokens("Hi")), transport.requests().len())
    };
    for body in ["{}", r#"{"inputTokens":"x"}"#, "[]"] {
        assert_eq!(count(vec![Reply::json(200, body)]).0.unwrap_err().kind(), ErrorKind::Decode, "{body}");
    }
    let refused = Reply::json(400, r#"{"message":"no counting"}"#).with_header("x-amzn-requestid", "r-1");
    let (error, attempts) = count(vec![refused]);
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.request_id(), attempts), (ErrorKind::Validation, Some("r-1"), 1));
    let busy = Reply::json(429, "{}").with_header("retry-after", "0");
    let (tokens, attempts) = count(vec![busy, Reply::json(200, r#"{"inputTokens":7}"#)]);
    assert_eq!((tokens.unwrap(), attempts), (7, 2));
}

#[test]
fn apply_guardrail_sends_text_qualifiers_and_images() {
    let answer =
        r#"{"action":"NONE","outputs":[],"assessments":[{"invocationMetrics":{}}],"usage":{"topicPolicyUnits":1}}"#;
    let (chat, transport) = chat(
        "us.anthropic.claude-x",
        None,
        &guarded(Some(GuardrailTrace::EnabledFull)),
        vec![Reply::json(200, answer)],
    );
    let mut query = GuardContent::text("Where?");
    query.qualifiers = vec!["query".into()];
    let source = crate::message::MediaSource::Bytes(vec![1].into());
    let picture =
        GuardContent { image: Some(crate::message::Media::new("image/jpg", source)), ..GuardContent::default() };
    let content = [GuardContent::from("There."), query, picture];
    let seen = futures_executor::block_on(chat.apply_guardrail(GuardrailSource::Output, content)).unwrap();
    assert!(!seen.intervened && seen.outputs.is_empty() && seen.reason.is_none());
    assert!(seen.raw.view().get("usage").is_some());
    assert_eq!(
        sent(&transport),
        (
            "/guardrail/gr1/version/DRAFT/apply".to_owned(),
            Json::from(json!({"source": "OUTPUT", "outputScope": "FULL", "content": [
                {"text": {"text": "There."}},
                {"text": {"text": "Where?", "qualifiers": ["query"]}},
                {"image": {"format": "jpeg", "source": {"bytes": "AQ=="}}},
            ]}))
        )
    );
}

#[test]
fn guardrail_arn_is_one_path_segment() {
    let guardrail = Guardrail::new("arn:aws:bedrock:us-east-1:123456789012:guardrail/abc", "1");
    let call = guardrail_call(&guardrail, GuardrailSource::Input, &["a".into()]).unwrap();
    assert_eq!(
        call.path,
        "/guardrail/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aguardrail%2Fabc/version/1/apply"
    );
}

#[test]
fn guardrail_action_is_read_or_an_error() {
    let body = r#"{"action":"GUARDRAIL_INTERVENED","actionReason":"Guardrail blocked.","outputs":[{"text":"No."}]}"#;
    let seen = GuardrailAssessment::read(body.as_bytes()).unwrap();
    assert!(seen.intervened);
    assert_eq!((seen.reason.as_deref(), seen.outputs), (Some("Guardrail blocked."), vec!["No.".to_owned()]));
    assert!(GuardrailAssessment::read(br#"{"action":"BRAND_NEW"}"#).unwrap().intervened);
    for body in ["{}", "[]", "", r#"{"action":null}"#] {
        assert_eq!(GuardrailAssessment::read(body.as_bytes()).unwrap_err().kind(), ErrorKind::Decode, "{body}");
    }
}

#[test]
fn apply_guardrail_without_id_or_content_is_refused() {
    let (bare, transport) = chat("us.anthropic.claude-x", None, &ChatOptions::default(), vec![]);
    let error = futures_executor::block_on(bare.apply_guardrail(GuardrailSource::Input, ["a"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let (chat, _) = chat("us.anthropic.claude-x", None, &guarded(None), vec![]);
    let nothing: [GuardContent; 0] = [];
    let error = futures_executor::block_on(chat.apply_guardrail(GuardrailSource::Input, nothing)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(transport.requests().is_empty());
}
