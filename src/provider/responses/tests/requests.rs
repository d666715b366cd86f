//! Requests.

use super::*;
use crate::error::ErrorKind;
use crate::message::{Document, Media, MediaSource, Role, Text, Thinking, ToolCall, ToolResult};
use crate::request::{Guardrail, Latency, Reasoning, ReasoningDisplay, ResponseFormat, ServiceTier, Tool, ToolChoice};
use serde_json::json as value;

fn options() -> ChatOptions {
    ChatOptions::default()
}

fn body(options: &ChatOptions) -> Json {
    encoded(LUNA, &[Message::human("hi")], options).unwrap()
}

fn refused(options: &ChatOptions) -> crate::error::Error {
    encoded(LUNA, &[Message::human("hi")], options).unwrap_err()
}

#[test]
fn call_has_path_service_and_framing() {
    let request = ChatRequest::new([Message::human("hi")]);
    for (codec, model, path, id) in [
        (Responses::MANTLE, "us.openai.gpt-5.6-luna", "/openai/v1/responses", LUNA),
        (Responses::MANTLE, "openai.gpt-oss-120b-1:0", "/v1/responses", OSS),
        (Responses::RUNTIME, "us.openai.gpt-5.6-luna", "/openai/v1/responses", "us.openai.gpt-5.6-luna"),
    ] {
        let call = codec.encode(&ModelId::parse(model).unwrap(), &request, Mode::Stream).unwrap();
        assert_eq!((call.path.as_str(), call.service, call.framing), (path, codec.service, Framing::Sse));
        assert!(call.streams);
        let body = json(std::str::from_utf8(&call.body).unwrap());
        assert_eq!(body.view().text_at("model"), id);
        assert_eq!(body.view().get("stream").unwrap().bool(), Some(true));
    }
    assert_eq!(Responses::MANTLE.api(), Api::Responses);
}

#[test]
fn nothing_is_stored_and_reasoning_is_encrypted_by_default() {
    let state = |options: &ChatOptions| {
        let body = body(options);
        (body.view().get("store").and_then(|store| store.bool()), body.view().get("include").map(Json::from))
    };
    let encrypted = Some(json(r#"["reasoning.encrypted_content"]"#));
    let kwargs = |text: &str| options().with_model_kwargs(json(text));
    assert_eq!(state(&options()), (Some(false), encrypted.clone()));
    assert_eq!(state(&kwargs(r#"{"previous_response_id":"resp_0"}"#)), (Some(false), encrypted));
    assert_eq!(state(&kwargs(r#"{"store":true}"#)), (Some(true), None));
    assert_eq!(state(&kwargs(r#"{"include":null}"#)), (Some(false), None));
    let logprobs = kwargs(r#"{"include":["message.output_text.logprobs"]}"#);
    let both = json(r#"["reasoning.encrypted_content","message.output_text.logprobs"]"#);
    assert_eq!(state(&logprobs), (Some(false), Some(both)));
    let oss = encoded(OSS, &[Message::human("hi")], &options()).unwrap();
    assert!(oss.view().get("include").is_none(), "it does not sign its reasoning");
}

#[test]
fn options_are_the_members_of_the_api() {
    let format = ResponseFormat::new("city", json(r#"{"type":"object","properties":{"c":{"type":"string"}}}"#))
        .with_description("A city");
    let all = options()
        .with_max_tokens(100)
        .with_temperature(0.5)
        .with_top_p(0.9)
        .with_reasoning(Reasoning::Effort("low".into()))
        .with_reasoning_display(ReasoningDisplay::Summarized)
        .with_response_format(format)
        .with_service_tier(ServiceTier::Flex)
        .with_request_metadata([("team", "a")])
        .with_model_kwargs(json(
            r#"{"text":{"verbosity":"low"},"truncation":"auto","max_tool_calls":2,"prompt_cache_key":"k","instructions":"Be brief."}"#,
        ));
    let expected = value!({
        "model": LUNA,
        "input": [{"role": "user", "content": "hi"}],
        "max_output_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {
            "format": {
                "type": "json_schema",
                "name": "city",
                "description": "A city",
                "schema": {
                    "type": "object",
                    "properties": {"c": {"type": "string"}},
                    "additionalProperties": false,
                },
                "strict": true,
            },
            "verbosity": "low",
        },
        "service_tier": "flex",
        "metadata": {"team": "a"},
        "store": false,
        "include": ["reasoning.encrypted_content"],
        "truncation": "auto",
        "max_tool_calls": 2,
        "prompt_cache_key": "k",
        "instructions": "Be brief.",
    });
    assert_eq!(body(&all), expected);
    let off = body(&options().with_reasoning(Reasoning::Disabled));
    assert_eq!(off.view().get("reasoning").unwrap().raw(), r#"{"effort":"none"}"#);
}

#[test]
fn options_that_the_api_lacks_are_refused_by_name() {
    for (given, field) in [
        (options().with_stop(["END"]), "stop"),
        (options().with_top_k(3), "top_k"),
        (options().with_guardrail(Guardrail::new("g", "1")), "guardrail"),
        (options().with_latency(Latency::Optimized), "latency"),
        (options().with_response_field_paths(["/a"]), "response_field_paths"),
        (options().with_prompt_variables([("a", "b")]), "prompt_variables"),
        (options().with_anthropic_beta(["b"]), "anthropic_beta"),
        (options().with_reasoning(Reasoning::Budget(2048)), "reasoning"),
        (options().with_reasoning(Reasoning::Adaptive), "reasoning"),
    ] {
        let error = refused(&given);
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some(field)), "{error}");
    }
    let error = encoded(OSS, &[Message::human("hi")], &options().with_reasoning(Reasoning::Disabled)).unwrap_err();
    assert_eq!(error.field(), Some("reasoning"));
    let error = refused(&options().with_model_kwargs(json(r#"{"input":[]}"#)));
    assert_eq!(error.field(), Some("model_kwargs.input"));
}

#[test]
fn tools_are_flat_and_never_strict_by_default() {
    let schema = json(r#"{"type":"object","properties":{"c":{"type":"string"}}}"#);
    let native = [r#"{"type":"custom","name":"python"}"#, r#"{"type":"web_search"}"#];
    let mut given = options().with_tools(
        [Tool::new("a", "Does a", schema.clone()), Tool::new("b", "", schema).strict()]
            .into_iter()
            .chain(native.map(|tool| Tool::native(json(tool)))),
    );
    given = given.with_tool_choice(ToolChoice::Tool("python".into())).with_parallel_tool_calls(false);
    let body = body(&given);
    let expected = value!([
        {"type": "function", "name": "a", "description": "Does a",
         "parameters": {"type": "object", "properties": {"c": {"type": "string"}}}, "strict": false},
        {"type": "function", "name": "b",
         "parameters": {"type": "object", "properties": {"c": {"type": "string"}}, "additionalProperties": false},
         "strict": true},
        {"type": "custom", "name": "python"},
        {"type": "web_search"},
    ]);
    assert_eq!(Json::from(body.view().get("tools").unwrap()), expected);
    assert_eq!(body.view().get("tool_choice").unwrap().raw(), r#"{"type":"custom","name":"python"}"#);
    assert_eq!(body.view().get("parallel_tool_calls").unwrap().bool(), Some(false));
    for (choice, sent) in [
        (ToolChoice::Auto, r#""auto""#),
        (ToolChoice::Any, r#""required""#),
        (ToolChoice::None, r#""none""#),
        (ToolChoice::Tool("a".into()), r#"{"type":"function","name":"a"}"#),
    ] {
        let body = self::body(&given.clone().with_tool_choice(choice));
        assert_eq!(body.view().get("tool_choice").unwrap().raw(), sent);
    }
    let untyped = options().with_tools([Tool::native(json(r#"{"toolSpec":{"name":"x"}}"#))]);
    assert_eq!(refused(&untyped).kind(), ErrorKind::Encode);
}

#[test]
fn system_messages_are_items_in_their_position() {
    let messages = [
        Message::system("Be brief."),
        Message::human("a"),
        Message::ai("b"),
        Message::system("Be kind."),
        Message::human("c"),
    ];
    let expected = value!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "c"},
    ]);
    assert_eq!(input(&messages), expected);
}

#[test]
fn images_and_files_are_parts_of_the_message() {
    let image = |source| Content::Image(Media::new("image/png", source));
    let pdf = Document::new("application/pdf", MediaSource::Base64("JVBERi0=".into()));
    let message = Message::human("Look")
        .with(image(MediaSource::Bytes(b"\x89PNG\r\n\x1a\n".as_slice().into())))
        .with(image(MediaSource::S3 { uri: "s3://b/cat.png".into(), bucket_owner: None }))
        .with(image(MediaSource::Url("https://example.com/cat.png".into())))
        .with(Content::Document(pdf.clone().with_name("Report")))
        .with(Content::Document(Document::new("text/plain", MediaSource::Text("hi".into()))))
        .with(Content::Document(Document::new("", MediaSource::Url("https://example.com/a.pdf".into()))))
        .with(Content::raw(json(r#"{"type":"input_file","file_id":"file_1"}"#)));
    let expected = value!([{"role": "user", "content": [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
        {"type": "input_image", "image_url": "s3://b/cat.png"},
        {"type": "input_image", "image_url": "https://example.com/cat.png"},
        {"type": "input_file", "filename": "Report.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        {"type": "input_file", "filename": "document-2.txt", "file_data": "data:text/plain;base64,aGk="},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        {"type": "input_file", "file_id": "file_1"},
    ]}]);
    assert_eq!(input(&[message]), expected);
    for (codec, model, block) in [
        (Responses::RUNTIME, LUNA, image(MediaSource::Url("https://example.com/cat.png".into()))),
        (
            Responses::RUNTIME,
            LUNA,
            Content::Document(Document::new("", MediaSource::Url("https://e.com/a.pdf".into()))),
        ),
        (
            Responses::MANTLE,
            LUNA,
            image(MediaSource::S3 { uri: "s3://b/k.png".into(), bucket_owner: Some("1".into()) }),
        ),
        (Responses::MANTLE, LUNA, Content::Document(pdf.with_citations(true))),
        (Responses::MANTLE, LUNA, Content::Audio(Media::new("audio/wav", MediaSource::Base64("AQID".into())))),
        (Responses::MANTLE, OSS, image(MediaSource::Bytes(b"\x89PNG\r\n\x1a\n".as_slice().into()))),
    ] {
        let messages = [Message::new(Role::Human, [Content::text("a"), block])];
        assert!(encoded_on(codec, model, &messages, &options()).is_err(), "{messages:?}");
    }
}

#[test]
fn tool_calls_and_results_are_items() {
    let call = |id: &str| Content::ToolCall(ToolCall::new(id, "f", json(r#"{"c":"Paris"}"#)));
    let image = Content::image("image/png", b"\x89PNG\r\n\x1a\n".to_vec());
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [Content::text("Let me see."), call("1"), call("2")]),
        Message::tool("1", "18"),
        Message::tool_error("2", "no such place"),
        Message::human("and?"),
        Message::new(Role::Ai, [call("3")]),
        Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("3", [Content::text("x"), image]))]),
    ];
    let called =
        |id: &str| value!({"type": "function_call", "call_id": id, "name": "f", "arguments": r#"{"c":"Paris"}"#});
    let expected = value!([
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "Let me see."},
        called("1"),
        called("2"),
        {"type": "function_call_output", "call_id": "1", "output": "18"},
        {"type": "function_call_output", "call_id": "2", "output": "Error: no such place"},
        {"role": "user", "content": "and?"},
        called("3"),
        {"type": "function_call_output", "call_id": "3", "output": [
            {"type": "input_text", "text": "x"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
        ]},
    ]);
    assert_eq!(input(&messages), expected);
}

#[test]
fn result_of_a_stored_call_has_the_original_call_id() {
    let calls = reply(r#"[{"type":"function_call","id":"fc_1","call_id":"call_0","name":"f","arguments":"{}"}]"#);
    let id = calls.tool_calls().next().unwrap().id.clone();
    assert!(id.starts_with("call_0-") && id.len() == 20, "{id}");
    let stored = encoded(
        LUNA,
        &[Message::tool(&id, "r")],
        &options().with_model_kwargs(json(r#"{"previous_response_id":"resp_1","store":true}"#)),
    );
    assert_eq!(
        Json::from(stored.unwrap().view().get("input").unwrap()),
        value!([{"type": "function_call_output", "call_id": "call_0", "output": "r"}])
    );
    let sent = input(&[Message::human("a"), calls.into(), Message::tool(&id, "r")]);
    let ids: Vec<_> = sent.view().items().skip(1).map(|item| item.text_at("call_id")).collect();
    assert_eq!(ids, [id.clone(), id]);
}

#[test]
fn two_turns_with_one_call_id_stay_distinct() {
    let turn = |response: &str| -> Message {
        let body =
            r#"{"id":"RESPONSE","output":[{"type":"function_call","call_id":"call_0","name":"f","arguments":"{}"}]}"#;
        decoded(&body.replace("RESPONSE", response)).unwrap().into()
    };
    let (first, second) = (turn("resp_a"), turn("resp_b"));
    let id = |message: &Message| message.tool_calls().next().unwrap().id.clone();
    assert_ne!(id(&first), id(&second));
    let (a, b) = (id(&first), id(&second));
    let sent = input(&[Message::human("x"), first, Message::tool(&a, "1"), second, Message::tool(&b, "2")]);
    let ids: Vec<_> = sent.view().items().skip(1).map(|item| item.text_at("call_id")).collect();
    assert_eq!(ids, [a.clone(), a, b.clone(), b]);
}

#[test]
fn item_ids_are_left_out_if_their_reasoning_is_not_sent() {
    let call = Content::ToolCall(ToolCall::new("1", "f", Json::empty_object()).with_extra("id", Json::string("fc_1")));
    let sent = |thinking: Thinking| {
        let answer = Message::new(Role::Ai, [Content::Thinking(thinking), call.clone()]);
        let items = input(&[Message::human("a"), answer, Message::tool("1", "r")]);
        items.view().items().map(|item| item.word_at("id").to_owned()).collect::<Vec<_>>()
    };
    let encrypted = Thinking::new("hm").with_signature("rsn_1").with_extra("id", Json::string("rs_1"));
    assert_eq!(sent(encrypted), ["", "rs_1", "fc_1", ""]);
    assert_eq!(sent(Thinking::new("hm").with_extra("id", Json::string("rs_1"))), ["", "", ""]);
}

#[test]
fn raw_items_of_the_caller_are_sent_unchanged() {
    let items =
        [r#"{"type":"item_reference","id":"msg_1"}"#, r#"{"type":"computer_call_output","call_id":"c","output":{}}"#];
    let message =
        Message::new(Role::Human, [Content::text("a"), Content::raw(json(items[0])), Content::raw(json(items[1]))]);
    let sent = input(&[message.clone(), Message::ai("b"), Message::human("c")]);
    assert_eq!(sent.view().items().skip(1).take(2).map(|item| item.raw()).collect::<Vec<_>>(), items);
    let untyped = message.with(Content::raw(json(r#"{"toolUse":{}}"#)));
    assert_eq!(encoded(LUNA, &[untyped], &options()).unwrap_err().kind(), ErrorKind::Encode);
}

#[test]
fn cache_points_are_breakpoints_of_the_part_before() {
    let messages = [
        Message::system("rules").with(Content::cache_point()),
        Message::human("a").with(Content::cache_point()),
        Message::ai("b").with(Content::cache_point()),
        Message::human("c"),
    ];
    let part =
        |text: &str| value!([{"type": "input_text", "text": text, "prompt_cache_breakpoint": {"mode": "explicit"}}]);
    let expected = value!([
        {"role": "system", "content": part("rules")},
        {"role": "user", "content": part("a")},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]);
    assert_eq!(input(&messages), expected);
    let older = encoded("openai.gpt-5.5", &messages, &options()).unwrap();
    assert!(!older.as_str().contains("breakpoint"), "{older}");
}

#[test]
fn text_of_one_message_keeps_its_members_and_citations() {
    let commentary = Text::new("Let me see.").with_extra("phase", Json::string("commentary"));
    let answer = Text::new("42").with_citations([json(r#"{"type":"url_citation","url":"https://e.com"}"#)]);
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [Content::Text(commentary.clone()), Content::Text(commentary), Content::Text(answer)]),
        Message::human("b"),
    ];
    let part = value!({"type": "output_text", "text": "Let me see.", "annotations": []});
    let expected = value!([
        {"role": "user", "content": "a"},
        {"type": "message", "role": "assistant", "phase": "commentary", "content": [part, part]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "42",
            "annotations": [{"type": "url_citation", "url": "https://e.com"}]}]},
        {"role": "user", "content": "b"},
    ]);
    assert_eq!(input(&messages), expected);
}
