//! Options, `model_kwargs` and headers in request bodies.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    Api, BedrockChat, Capabilities, Capability, ChatOptions, Credentials, ErrorKind, Guardrail, Json, Message,
    ResponseFormat, ToolChoice,
};
use serde_json::{Value, json};

use crate::{CLAUDE, NOVA, QWEN, chat, kwargs, sent, tool};

#[test]
fn model_kwargs_are_merged_or_contradict_options() {
    let hi = [Message::human("a")];
    let tools = || vec![tool(&json!({}))];
    let serial = json!({"tool_choice": {"disable_parallel_tool_use": true}});
    let any = kwargs(serial.clone()).with_tools(tools()).with_tool_choice(ToolChoice::Any);
    let merged = json!({"type": "any", "disable_parallel_tool_use": true});
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &any).unwrap()["tool_choice"], merged);
    let converse = sent(CLAUDE, Api::Converse, &hi, &any).unwrap();
    assert_eq!(converse["additionalModelRequestFields"]["tool_choice"], merged);
    assert_eq!(converse["toolConfig"].get("toolChoice"), None, "the service refuses a choice in two places");
    let auto = kwargs(serial).with_tools(tools());
    let merged = json!({"type": "auto", "disable_parallel_tool_use": true});
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &auto).unwrap()["tool_choice"], merged);

    let beta = kwargs(json!({"anthropic_beta": ["a", "b"]})).with_anthropic_beta(["a"]);
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &beta).unwrap()["anthropic_beta"], json!(["a", "b"]));
    let more = kwargs(json!({"inferenceConfig": {"topK": 3}})).with_max_tokens(5);
    assert_eq!(sent(NOVA, Api::Invoke, &hi, &more).unwrap()["inferenceConfig"], json!({"maxTokens": 5, "topK": 3}));
    let mut guardrail = Guardrail::new("g", "1");
    guardrail.tag_suffix = Some("x".into());
    let more = json!({"amazon-bedrock-guardrailConfig": {"streamProcessingMode": "ASYNCHRONOUS"}});
    let guarded = kwargs(more).with_guardrail(guardrail);
    assert_eq!(
        sent(CLAUDE, Api::Invoke, &hi, &guarded).unwrap()["amazon-bedrock-guardrailConfig"],
        json!({"tagSuffix": "x", "streamProcessingMode": "ASYNCHRONOUS"})
    );
    // The library's defaults do not count as options that the caller set.
    let own = kwargs(json!({"max_tokens": 7, "anthropic_version": "bedrock-2023-05-31"}));
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &own).unwrap()["max_tokens"], json!(7));

    for (model, api, path, options) in [
        (CLAUDE, Api::Invoke, "temperature", kwargs(json!({"temperature": 0.7})).with_temperature(0.5)),
        (CLAUDE, Api::Converse, "temperature", kwargs(json!({"temperature": 0.7})).with_temperature(0.5)),
        (CLAUDE, Api::Converse, "top_k", kwargs(json!({"top_k": 7})).with_top_k(5)),
        (QWEN, Api::Invoke, "stop", kwargs(json!({"stop": ["b"]})).with_stop(["a"])),
        (NOVA, Api::Invoke, "inferenceConfig.topP", kwargs(json!({"inferenceConfig": {"topP": 0.7}})).with_top_p(0.5)),
    ] {
        let error = sent(model, api, &hi, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{model} {api:?}");
        assert!(error.message().contains(&format!("`{path}`")) && error.message().contains("model_kwargs"), "{error}");
    }
}

#[test]
fn header_that_contradicts_an_option_is_an_error() {
    let options = ChatOptions::default().with_guardrail(Guardrail::new("g", "1"));
    let chat = |id: &str| {
        let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
        let builder =
            BedrockChat::builder(CLAUDE).region("us-east-1").credentials(Credentials::new("AKIDEXAMPLE", "s"));
        let builder = builder.transport(transport.clone()).header("x-amzn-bedrock-guardrailidentifier", id);
        (builder.options(&options).build().unwrap(), transport)
    };
    let error = futures_executor::block_on(chat("other").0.invoke("Hi")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("x-amzn-bedrock-guardrailidentifier"), "{error}");
    let (same, transport) = chat("g");
    futures_executor::block_on(same.invoke("Hi")).unwrap();
    let headers = &transport.requests()[0].headers;
    assert_eq!(headers.iter().filter(|(name, _)| *name == "x-amzn-bedrock-guardrailidentifier").count(), 1);
}

#[test]
fn count_tokens_uses_the_model_of_a_profile() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
    for model in [CLAUDE, "global.anthropic.claude-sonnet-4-5-20250929-v1:0", arn] {
        for api in [Api::Invoke, Api::Converse] {
            let (chat, transport) = chat(model, api, [Reply::json(200, r#"{"inputTokens":3}"#)]);
            assert_eq!(futures_executor::block_on(chat.count_tokens("Hi")).unwrap(), 3);
            let url = &transport.requests()[0].url;
            assert!(url.ends_with("/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens"), "{url}");
        }
    }
}

#[test]
fn batch_record_rejects_a_guardrail_that_would_be_lost() {
    let options = ChatOptions::default().with_guardrail(Guardrail::new("g", "1"));
    let record = |api| chat(CLAUDE, api, []).0.with_options(&options).batch_record("1", "hello");
    assert!(record(Api::Invoke).unwrap_err().message().contains("`guardrail`"));
    assert!(record(Api::Converse).unwrap().contains("guardrailConfig"));
}

#[test]
fn response_format_description_is_in_the_schema_of_claude() {
    let format = |schema: Value| {
        let mut format = ResponseFormat::new("answer", Json::from(schema));
        format.description = Some("The answer.".into());
        let options = ChatOptions::default().with_response_format(format);
        let body = sent("us.anthropic.claude-sonnet-4-6", Api::Invoke, &[Message::human("a")], &options).unwrap();
        body["output_config"]["format"]["schema"]["description"].clone()
    };
    let properties = json!({"a": {"type": "string"}});
    assert_eq!(format(json!({"type": "object", "properties": properties})), json!("The answer."));
    let own = json!({"type": "object", "description": "One letter.", "properties": properties});
    assert_eq!(format(own), json!("One letter.\nThe answer."));
    let same = json!({"type": "object", "description": "The answer.", "properties": properties});
    assert_eq!(format(same), json!("The answer."));
}

#[test]
fn sampling_options_are_refused_from_claude_opus_4_7_on() {
    let with = |temperature, top_p, top_k| {
        let mut options = ChatOptions::default();
        (options.temperature, options.top_p, options.top_k) = (temperature, top_p, top_k);
        options
    };
    for model in ["us.anthropic.claude-opus-4-7", "us.anthropic.claude-opus-4-8", "us.anthropic.claude-sonnet-5"] {
        for api in [Api::Invoke, Api::Converse] {
            for (name, options) in [
                ("`temperature`", with(Some(0.5), None, None)),
                ("`top_p`", with(Some(1.0), Some(0.9), None)),
                ("`top_k`", with(None, None, Some(5))),
            ] {
                let error = sent(model, api, &[Message::human("a")], &options).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
                assert!(error.message().contains(name) && error.message().contains("leave it unset"), "{error}");
            }
            // The default value is sent, and callers can override the capability.
            sent(model, api, &[Message::human("a")], &with(Some(1.0), None, None)).unwrap();
            let capabilities = Capabilities::unknown().with(Capability::Sampling, true);
            let options = with(Some(0.5), None, None).with_capabilities(capabilities);
            sent(model, api, &[Message::human("a")], &options).unwrap();
        }
    }
    sent("us.anthropic.claude-sonnet-4-6", Api::Invoke, &[Message::human("a")], &with(Some(0.5), None, None)).unwrap();
}
