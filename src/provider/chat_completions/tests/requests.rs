//! Encoded requests.

use serde_json::json;

use super::{GPT_OSS, MISTRAL, QWEN, call, encode, messages_of, refusal, weather};
use crate::error::ErrorKind;
use crate::json::Json;
use crate::message::{CachePoint, Content, GuardContent, Media, MediaSource, Message, Role, Thinking, ToolResult};
use crate::provider::ChatCompletions;
use crate::request::{ChatOptions, Reasoning, ResponseFormat, Tool, ToolChoice};

#[test]
fn conversation_is_sent_as_plain_strings() {
    let messages = [
        Message::system("Be terse.").with(Content::text("Be kind.")),
        Message::human("Hi"),
        Message::ai("Yo"),
        Message::human("Bye").with(Content::CachePoint(CachePoint { ttl: None })),
    ];
    let expected = json!({"messages": [
        {"role": "system", "content": "Be terse.\n\nBe kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yo"},
        {"role": "user", "content": "Bye"},
    ]});
    assert_eq!(encode(ChatCompletions::QWEN, QWEN, &messages, ChatOptions::default()).unwrap(), expected);
}

#[test]
fn options_have_the_names_of_the_family() {
    let options = || ChatOptions {
        max_tokens: Some(60),
        temperature: Some(0.2),
        top_p: Some(0.5),
        stop: vec!["x".into()],
        model_kwargs: Some(Json::from(json!({"seed": 7, "top_p": 0.5}))),
        ..ChatOptions::default()
    };
    let expected = |key: &str| {
        let mut body = json!({"messages": [{"role": "user", "content": "Hi"}],
            "temperature": 0.2, "top_p": 0.5, "stop": ["x"], "seed": 7});
        body[key] = json!(60);
        body
    };
    let hi = [Message::human("Hi")];
    let qwen = encode(ChatCompletions::QWEN, QWEN, &hi, options()).unwrap();
    assert_eq!(qwen, expected("max_tokens"));
    let openai = encode(ChatCompletions::OPENAI, GPT_OSS, &hi, options()).unwrap();
    assert_eq!(openai, expected("max_completion_tokens"));
}

#[test]
fn tool_call_is_replayed_with_arguments_as_a_string() {
    let messages = [
        Message::human("Weather?"),
        Message::new(Role::Ai, [call("c1"), call("c2")]),
        Message::tool("c2", "55F"),
        Message::new(
            Role::Tool,
            [Content::ToolResult(ToolResult::new("c1", [Content::text("72F"), Content::text("dry")]))],
        ),
        Message::human("So?"),
    ];
    let sent = |id: &str| json!({"id": id, "type": "function", "function": {"name": "get_weather", "arguments": "{\"location\":\"LA\"}"}});
    let expected = json!([
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "", "tool_calls": [sent("c1"), sent("c2")]},
        {"role": "tool", "tool_call_id": "c1", "content": "72F\ndry"},
        {"role": "tool", "tool_call_id": "c2", "content": "55F"},
        {"role": "user", "content": "So?"},
    ]);
    assert_eq!(messages_of(ChatCompletions::OPENAI, GPT_OSS, &messages), expected);
}

#[test]
fn tool_call_ids_for_mistral_have_nine_characters() {
    let messages = |id: &str| [Message::human("?"), Message::new(Role::Ai, [call(id)]), Message::tool(id, "72F")];
    let ids = |id: &str| {
        let sent = messages_of(ChatCompletions::MISTRAL, MISTRAL, &messages(id));
        let (call, result) = (sent[1]["tool_calls"][0]["id"].clone(), sent[2]["tool_call_id"].clone());
        assert_eq!(call, result);
        call.as_str().unwrap().to_owned()
    };
    assert_eq!(ids("bCd3fGh1J"), "bCd3fGh1J");
    let (a, b) = (ids("toolu_01A09q90qw90lq917835lq9"), ids("toolu_01A09q90qw90lq917835lq8"));
    assert!(a.len() == 9 && a.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{a}");
    assert_ne!(a, b);
}

#[test]
fn reasoning_is_not_replayed() {
    let thinking = |signature: Option<&str>| {
        Content::Thinking(Thinking { text: "hm".into(), signature: signature.map(Into::into), ..Thinking::default() })
    };
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [thinking(None), thinking(Some("s")), Content::text("b")]),
        Message::human("c"),
    ];
    let sent = messages_of(ChatCompletions::OPENAI, GPT_OSS, &messages);
    assert_eq!(sent[1], json!({"role": "assistant", "content": "b"}));
}

#[test]
fn images_are_data_urls_or_refused() {
    let image = || Message::human("What?").with(Content::image("image/jpg", vec![255, 216]));
    let expected = json!([{"role": "user", "content": [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9g="}},
    ]}]);
    let see = [
        (ChatCompletions::QWEN, "qwen.qwen3-vl-235b-a22b"),
        (ChatCompletions::MISTRAL, "us.mistral.pixtral-large-2502-v1:0"),
        (ChatCompletions::MISTRAL, "mistral.some-future-model"),
        (ChatCompletions::KIMI, "moonshotai.kimi-k2.5"),
        (ChatCompletions::GEMMA, "google.gemma-3-27b-it"),
        (ChatCompletions::PALMYRA, "writer.palmyra-vision-7b"),
    ];
    for (family, id) in see {
        assert_eq!(messages_of(family, id, &[image()]), expected, "{id}");
    }
    let blind = [
        (ChatCompletions::OPENAI, GPT_OSS),
        (ChatCompletions::QWEN, QWEN),
        (ChatCompletions::MISTRAL, MISTRAL),
        (ChatCompletions::JAMBA, "ai21.jamba-1-5-large-v1:0"),
        (ChatCompletions::PALMYRA, "us.writer.palmyra-x5-v1:0"),
        (ChatCompletions::DEEPSEEK, "deepseek.v3-v1:0"),
    ];
    for (family, id) in blind {
        let error = encode(family, id, &[image()], ChatOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains(id), "{error}");
    }
    let url = Media::new("image/png", MediaSource::Url("https://example.com/a.png".into()));
    let messages = [Message::new(Role::Human, [Content::Image(url)])];
    let error = encode(ChatCompletions::GEMMA, "google.gemma-3-4b-it", &messages, ChatOptions::default()).unwrap_err();
    assert!(error.message().contains("fetch"), "{error}");
}

#[test]
fn blocks_without_a_form_are_refused_with_advice() {
    for block in [
        Content::document("application/pdf", vec![1]),
        Content::Audio(Media::new("audio/wav", MediaSource::Bytes(vec![1].into()))),
        Content::Guard(GuardContent::text("x")),
    ] {
        let error = encode(ChatCompletions::QWEN, QWEN, &[Message::human("a").with(block)], ChatOptions::default());
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains(QWEN) && error.message().contains("Converse"), "{error}");
    }
    let part = json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}});
    let raw = Message::human("What is said?").with(Content::raw(Json::from(part.clone())));
    let sent = messages_of(ChatCompletions::MISTRAL, "mistral.voxtral-mini-3b-2507", &[raw]);
    assert_eq!(
        sent[0]["content"],
        json!([{"type": "text", "text": "What is said?"}, part]),
        "a raw part goes as it is"
    );
}

#[test]
fn tool_choice_has_the_name_of_the_family() {
    let with = |family, id, choice: Option<ToolChoice>, parallel| {
        let mut other = weather();
        other.name = "other".into();
        other.strict = Some(true);
        let options = ChatOptions {
            tools: vec![weather(), other],
            tool_choice: choice,
            parallel_tool_calls: parallel,
            ..ChatOptions::default()
        };
        encode(family, id, &[Message::human("Hi")], options).unwrap()
    };
    let sent = with(ChatCompletions::OPENAI, GPT_OSS, None, Some(false));
    assert_eq!(
        sent["tools"][0],
        json!({"type": "function", "function": {
            "name": "get_weather", "description": "Get the weather",
            "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
        }})
    );
    assert_eq!(sent["tools"][1]["function"]["strict"], json!(true));
    assert_eq!((sent.get("tool_choice"), &sent["parallel_tool_calls"]), (None, &json!(false)));
    let named = Some(ToolChoice::Tool("other".into()));
    let choices = [
        (Some(ToolChoice::Auto), json!("auto"), json!("auto")),
        (Some(ToolChoice::None), json!("none"), json!("none")),
        (Some(ToolChoice::Any), json!("required"), json!("any")),
        (named.clone(), json!({"type": "function", "function": {"name": "other"}}), json!("any")),
    ];
    for (choice, openai, mistral) in choices {
        assert_eq!(with(ChatCompletions::OPENAI, GPT_OSS, choice.clone(), None)["tool_choice"], openai);
        assert_eq!(with(ChatCompletions::MISTRAL, MISTRAL, choice, None)["tool_choice"], mistral);
    }
    let sent = with(ChatCompletions::MISTRAL, MISTRAL, named, None);
    assert_eq!(sent["tools"].as_array().unwrap().len(), 1, "the choice is between one");
    assert_eq!(sent["tools"][0]["function"]["name"], json!("other"));
}

#[test]
fn native_tool_is_chosen_by_its_inner_name() {
    let native = json!({"type": "function", "function": {"name": "own", "parameters": {"type": "object"}}});
    let options = ChatOptions {
        tools: vec![weather(), Tool::native(Json::from(native.clone()))],
        tool_choice: Some(ToolChoice::Tool("own".into())),
        ..ChatOptions::default()
    };
    let sent = encode(ChatCompletions::MISTRAL, MISTRAL, &[Message::human("Hi")], options).unwrap();
    assert_eq!(sent["tools"], json!([native]));
}

#[test]
fn response_format_is_strict_or_refused() {
    let options = || ChatOptions {
        response_format: Some(ResponseFormat::new("joke", Json::from(json!({"type": "object", "properties": {}})))),
        ..ChatOptions::default()
    };
    let sent = encode(ChatCompletions::QWEN, QWEN, &[Message::human("Hi")], options()).unwrap();
    let expected = json!({"name": "joke", "schema": {"type": "object", "properties": {}, "additionalProperties": false}, "strict": true});
    assert_eq!(sent["response_format"], json!({"type": "json_schema", "json_schema": expected}));
    for (family, id) in [(ChatCompletions::JAMBA, "ai21.jamba-1-5-mini-v1:0"), (ChatCompletions::MISTRAL, MISTRAL)] {
        let (kind, message) = refusal(family, id, options());
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(message.contains("tool_choice"), "{message}");
    }
}

#[test]
fn reasoning_is_an_effort_or_refused() {
    let with = |reasoning| ChatOptions { reasoning: Some(reasoning), ..ChatOptions::default() };
    let hi = [Message::human("Hi")];
    let low = || Reasoning::Effort("low".into());
    assert_eq!(encode(ChatCompletions::OPENAI, GPT_OSS, &hi, with(low())).unwrap()["reasoning_effort"], json!("low"));
    let off = encode(ChatCompletions::QWEN, QWEN, &hi, with(Reasoning::Disabled)).unwrap();
    assert_eq!(off.as_object().unwrap().len(), 1);
    let (kind, message) = refusal(ChatCompletions::OPENAI, GPT_OSS, with(Reasoning::Budget(2048)));
    assert!(kind == ErrorKind::Unsupported && message.contains("only an effort for reasoning; use `low`"), "{message}");
    let (kind, message) = refusal(ChatCompletions::JAMBA, "ai21.jamba-1-5-mini-v1:0", with(low()));
    assert!(kind == ErrorKind::Unsupported && message.contains("model_kwargs"), "{message}");
}

#[test]
fn options_of_other_formats_are_refused() {
    let with_tools = || ChatOptions { tools: vec![weather()], ..ChatOptions::default() };
    let options = ChatOptions { top_k: Some(5), ..ChatOptions::default() };
    let (kind, message) = refusal(ChatCompletions::QWEN, QWEN, options);
    assert!(kind == ErrorKind::Unsupported && message.contains("top_k"), "{message}");
    let options = || ChatOptions { parallel_tool_calls: Some(false), ..with_tools() };
    for (family, id) in [(ChatCompletions::JAMBA, "ai21.jamba-1-5-mini-v1:0"), (ChatCompletions::MISTRAL, MISTRAL)] {
        assert_eq!(refusal(family, id, options()).0, ErrorKind::Unsupported, "{id}");
    }
    let sent = encode(ChatCompletions::QWEN, QWEN, &[Message::human("Hi")], options()).unwrap();
    assert_eq!(sent["parallel_tool_calls"], json!(false));
}
