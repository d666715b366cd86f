//! Encoded requests.

use serde_json::json;

use super::{COMMAND_R, call, encode, tool, with_tools};
use crate::error::ErrorKind;
use crate::json::Json;
use crate::message::{Content, Document, JsonContent, MediaSource, Message, Role, SearchResult, ToolResult};
use crate::request::{ChatOptions, Reasoning, ResponseFormat, Tool, ToolChoice};

#[test]
fn conversation_is_message_history_and_preamble() {
    let messages = [
        Message::system("You are a physicist.").with(Content::text("Be brief.")),
        Message::human("Who discovered gravity?"),
        Message::ai("Isaac Newton"),
        Message::human("What year was he born?"),
    ];
    let options = ChatOptions {
        max_tokens: Some(300),
        temperature: Some(0.5),
        top_p: Some(0.8),
        top_k: Some(20),
        stop: vec!["END".into()],
        model_kwargs: Some(Json::from(json!({"seed": 7}))),
        ..ChatOptions::default()
    };
    let expected = json!({
        "message": "What year was he born?",
        "chat_history": [
            {"role": "USER", "message": "Who discovered gravity?"},
            {"role": "CHATBOT", "message": "Isaac Newton"},
        ],
        "preamble": "You are a physicist.\n\nBe brief.",
        "max_tokens": 300, "temperature": 0.5, "p": 0.8, "k": 20, "stop_sequences": ["END"], "seed": 7,
    });
    assert_eq!(encode(&messages, options).unwrap(), expected);
    let alone = encode(&[Message::human("Hi")], ChatOptions::default()).unwrap();
    assert_eq!(alone, json!({"message": "Hi", "chat_history": []}));
}

#[test]
fn tool_results_are_sent_with_their_calls() {
    let messages = [
        Message::human("Q"),
        Message::new(
            Role::Ai,
            [Content::text("I will look."), call("g-0", r#"{"q":"a"}"#), call("g-1", r#"{"q":"b"}"#)],
        ),
        Message::tool("g-1", "two"),
        Message::new(
            Role::Tool,
            [Content::ToolResult(ToolResult::new(
                "g-0",
                [
                    Content::Json(JsonContent { value: Json::from(json!([{"n": 1}, {"n": 2}])) }),
                    Content::Json(JsonContent { value: Json::from(json!([1])) }),
                ],
            ))],
        ),
    ];
    let of = |q: &str| json!({"name": "find", "parameters": {"q": q}});
    let results = json!([
        {"call": of("a"), "outputs": [{"n": 1}, {"n": 2}, {"text": "[1]"}]},
        {"call": of("b"), "outputs": [{"text": "two"}]},
    ]);
    let asked = json!([
        {"role": "USER", "message": "Q"},
        {"role": "CHATBOT", "message": "I will look.", "tool_calls": [of("a"), of("b")]},
    ]);
    let tools = || with_tools(vec![tool(json!({"q": {"type": "string"}}))]);
    let sent = encode(&messages, tools()).unwrap();
    assert_eq!((&sent["message"], &sent["chat_history"], &sent["tool_results"]), (&json!(""), &asked, &results));

    let mut later = messages.to_vec();
    later.extend([Message::ai("Three."), Message::human("Sure?")]);
    let sent = encode(&later, tools()).unwrap();
    let mut history = asked.as_array().unwrap().clone();
    history.push(json!({"role": "TOOL", "tool_results": results}));
    history.push(json!({"role": "CHATBOT", "message": "Three."}));
    assert_eq!((&sent["message"], &sent["chat_history"]), (&json!("Sure?"), &json!(history)));
    assert!(sent.get("tool_results").is_none());
}

#[test]
fn failed_tool_result_is_sent_as_an_error() {
    let messages =
        [Message::human("Q"), Message::new(Role::Ai, [call("1", "{}")]), Message::tool_error("1", "no such thing")];
    let sent = encode(&messages, with_tools(vec![tool(json!({}))])).unwrap();
    assert_eq!(sent["tool_results"][0]["outputs"], json!([{"error": "no such thing"}]));
}

#[test]
fn user_message_after_tool_results_is_a_separate_turn() {
    let messages = [
        Message::human("Q"),
        Message::new(Role::Ai, [call("1", "{}")]),
        Message::tool("1", "r"),
        Message::human("And?"),
    ];
    let sent = encode(&messages, with_tools(vec![tool(json!({}))])).unwrap();
    assert_eq!((&sent["message"], sent.get("tool_results")), (&json!("And?"), None));
    assert!(sent["chat_history"].to_string().contains(r#""outputs""#), "{sent}");
}

#[test]
fn conversations_without_a_last_user_message_are_refused() {
    let asked = || vec![Message::human("Q"), Message::new(Role::Ai, [call("1", "{}")]), Message::tool("1", "r")];
    let tools = || with_tools(vec![tool(json!({}))]);
    let kind = |messages: &[Message], options| encode(messages, options).unwrap_err().kind();
    let sent = encode(&asked(), ChatOptions::default()).unwrap();
    assert_eq!(sent["tools"][0]["name"], "find", "results without tools bring the tools that were called");
    let mut begun = asked();
    begun.push(Message::ai("The answer is"));
    assert_eq!(kind(&begun, tools()), ErrorKind::Encode, "the model's own words last");
    let stray = [Message::human("Q"), Message::ai("a"), Message::tool("9", "r")];
    assert_eq!(kind(&stray, tools()), ErrorKind::Encode, "a result without its call");
    let wordless =
        [Message::new(Role::Human, [Content::Document(Document::new("text/plain", MediaSource::Text("t".into())))])];
    assert_eq!(kind(&wordless, tools()), ErrorKind::Encode, "a document alone");
}

#[test]
fn documents_and_search_results_are_sent_as_documents() {
    let mut notes =
        Document::new("text/plain", MediaSource::Blocks(vec!["Grass is green.".into(), "Sky is blue.".into()]));
    notes.name = Some("Notes".into());
    let found = SearchResult {
        source: "https://e.com".into(),
        content: vec!["Snow is white.".into()],
        ..SearchResult::default()
    };
    let messages = [
        Message::human("Read this").with(Content::Document(notes)),
        Message::ai("ok"),
        Message::human("Colors?")
            .with(Content::SearchResult(found))
            .with(Content::document("text/markdown", &b"*Coal* is black."[..])),
    ];
    let sent = encode(&messages, ChatOptions::default()).unwrap();
    let expected = json!([
        {"title": "Notes", "snippet": "Grass is green."},
        {"title": "Notes", "snippet": "Sky is blue."},
        {"title": "https://e.com", "snippet": "Snow is white."},
        {"snippet": "*Coal* is black."},
    ]);
    assert_eq!((&sent["documents"], &sent["message"]), (&expected, &json!("Colors?")));
    for block in [Content::document("application/pdf", vec![1]), Content::image("image/png", vec![1])] {
        let error = encode(&[Message::human("a").with(block)], ChatOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains(COMMAND_R) && error.message().contains("Converse"), "{error}");
    }
}

#[test]
fn schema_becomes_flat_parameters_with_descriptions() {
    let schema = json!({
        "type": "object", "required": ["q", "many"], "additionalProperties": false,
        "$defs": {"Unit": {"type": "string", "enum": ["c", "f"]}},
        "properties": {
            "q": {"type": "string", "description": "What to find"},
            "many": {"type": "integer", "minimum": 1, "description": "How many", "title": "Many"},
            "near": {"type": ["number", "null"]},
            "exact": {"type": "boolean", "default": true},
            "unit": {"anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}], "default": null},
            "only": {"allOf": [{"$ref": "#/$defs/Unit"}], "description": "Only these"},
            "names": {"type": "array", "items": {"type": "string", "maxLength": 3}},
            "units": {"type": "array", "items": {"$ref": "#/$defs/Unit"}, "minItems": 1},
            "extra": {"type": "object"},
            "rows": {"type": "array"},
            "mode": {"enum": ["a", "b"]},
        },
    });
    let sent = encode(&[Message::human("Hi")], with_tools(vec![Tool::new("find", "", Json::from(schema))])).unwrap();
    let optional = |python_type: &str, description: Option<&str>| {
        let mut parameter = json!({"type": python_type, "required": false});
        if let Some(text) = description {
            parameter["description"] = json!(text);
        }
        parameter
    };
    let expected = json!({
        "q": {"type": "str", "description": "What to find", "required": true},
        "many": {"type": "int", "description": "How many. JSON Schema: {\"minimum\":1}", "required": true},
        "near": optional("float", None),
        "exact": optional("bool", Some("JSON Schema: {\"default\":true}")),
        "unit": optional("str", Some("JSON Schema: {\"default\":null,\"enum\":[\"c\",\"f\"]}")),
        "only": optional("str", Some("Only these. JSON Schema: {\"enum\":[\"c\",\"f\"]}")),
        "names": optional("List[str]", Some("JSON Schema: {\"items\":{\"maxLength\":3}}")),
        "units": optional("List[str]", Some("JSON Schema: {\"items\":{\"enum\":[\"c\",\"f\"]},\"minItems\":1}")),
        "extra": optional("Dict", None),
        "rows": optional("List", None),
        "mode": optional("str", Some("JSON Schema: {\"enum\":[\"a\",\"b\"]}")),
    });
    assert_eq!(sent["tools"], json!([{"name": "find", "description": "find", "parameter_definitions": expected}]));
}

#[test]
fn schema_that_is_not_flat_is_refused_with_its_parameter() {
    let cases = [
        json!({"type": "object", "properties": {"x": {"type": "string"}}}),
        json!({"type": "array", "items": {"type": "object", "properties": {}}}),
        json!({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
        json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        json!({"type": ["string", "integer"]}),
        json!({"type": "string", "not": {"const": "a"}}),
        json!({"type": "object", "allOf": [{"required": ["a"]}]}),
        json!({"$ref": "#/$defs/absent"}),
        json!({"$ref": "#/properties/deep"}),
        json!({"type": "geometry"}),
        json!({}),
        json!(true),
    ];
    for schema in cases {
        let error = encode(&[Message::human("Hi")], with_tools(vec![tool(json!({"deep": schema}))])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{schema}");
        for word in ["`find`", "`deep`", "Converse", COMMAND_R] {
            assert!(error.message().contains(word), "{schema}: {error}");
        }
    }
    let whole = Tool::new(
        "find",
        "",
        Json::from(json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})),
    );
    let sent = encode(&[Message::human("Hi")], with_tools(vec![whole])).unwrap();
    assert!(sent["tools"][0]["description"].as_str().unwrap().contains("exactly one"), "{sent}");
}

#[test]
fn schema_with_a_reference_cycle_is_refused() {
    let round = json!({"type": "string", "items": {"$ref": "#/properties/round"}});
    assert!(
        encode(&[Message::human("Hi")], with_tools(vec![tool(json!({"round": round}))])).is_ok(),
        "a text has no items"
    );
    let round = json!({"type": "array", "items": {"$ref": "#/properties/round"}});
    assert!(encode(&[Message::human("Hi")], with_tools(vec![tool(json!({"round": round}))])).is_err());
}

#[test]
fn native_tools_are_sent_unchanged_and_none_sends_no_tools() {
    let native = json!({"name": "n", "description": "d", "parameter_definitions": {"p": {"type": "Any"}}});
    let options = || with_tools(vec![Tool::native(Json::from(native.clone()))]);
    assert_eq!(encode(&[Message::human("Hi")], options()).unwrap()["tools"], json!([native]));
    let none = ChatOptions { tool_choice: Some(ToolChoice::None), ..options() };
    assert!(encode(&[Message::human("Hi")], none).unwrap().get("tools").is_none());
}

#[test]
fn options_that_command_r_does_not_have_are_refused() {
    let strict = Tool { strict: Some(true), ..tool(json!({})) };
    let format = ResponseFormat::new("j", Json::empty_object());
    let cases = [
        ChatOptions { tool_choice: Some(ToolChoice::Any), ..with_tools(vec![tool(json!({}))]) },
        ChatOptions { parallel_tool_calls: Some(false), ..ChatOptions::default() },
        with_tools(vec![strict]),
        ChatOptions { response_format: Some(format), ..ChatOptions::default() },
        ChatOptions { reasoning: Some(Reasoning::Budget(1024)), ..ChatOptions::default() },
    ];
    for options in cases {
        let error = encode(&[Message::human("Hi")], options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains(COMMAND_R), "{error}");
    }
    let off =
        ChatOptions { reasoning: Some(Reasoning::Disabled), parallel_tool_calls: Some(true), ..ChatOptions::default() };
    assert!(encode(&[Message::human("Hi")], off).is_ok());
}
