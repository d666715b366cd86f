//! Schemas of tools and response formats: changed to a form that the service accepts, or refused.

use bedrock_chat::{Api, ChatOptions, ErrorKind, Json, ResponseFormat, Tool};
use local_bedrock::LocalBedrock;
use serde_json::{Value, json};

use crate::{BOTH, CLAUDE, GPT_OSS, NOVA, chat, sent};

#[tokio::test]
async fn tool_schema_not_an_object_is_refused_before_sending() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for schema in [json!("object"), json!([1]), json!({"type": "string"}), json!({"anyOf": [{"type": "null"}]})] {
        for (model, api) in [(CLAUDE, BOTH[0]), (NOVA, BOTH[1]), (GPT_OSS, BOTH[0])] {
            let tool = Tool::new("noop", "", schema.clone());
            let error = chat(&bedrock, model, api).bind_tools([tool]).invoke("a").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().contains("noop") && error.message().contains("object"), "{error}");
        }
    }
    assert!(bedrock.requests().is_empty());
}

/// Returns the tool's schema in a body of any format.
fn tool_schema(body: &Value) -> &Value {
    let pointers =
        ["/tools/0/input_schema", "/tools/0/function/parameters", "/toolConfig/tools/0/toolSpec/inputSchema/json"];
    pointers.iter().find_map(|pointer| body.pointer(pointer)).unwrap_or_else(|| panic!("no tool in {body}"))
}

const EVERYWHERE: [(&str, Api); 6] =
    [(CLAUDE, BOTH[0]), (CLAUDE, BOTH[1]), (GPT_OSS, BOTH[0]), (GPT_OSS, BOTH[1]), (NOVA, BOTH[0]), (NOVA, BOTH[1])];

#[tokio::test]
async fn tool_schema_with_a_union_becomes_one_object() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let branch = |kind: &str| json!({"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]});
    for key in ["anyOf", "oneOf", "allOf"] {
        let schema = json!({key: [branch("a"), branch("a"), branch("b")]});
        for (model, api) in EVERYWHERE {
            let tool = Tool::new("pick", "Picks", schema.clone());
            chat(&bedrock, model, api).bind_tools([tool]).invoke("a").await.unwrap();
            let body = sent(&bedrock);
            let schema = tool_schema(&body);
            assert_eq!((&schema["type"], schema.get(key)), (&json!("object"), None), "{model} {api:?}: {body}");
            assert_eq!(schema["required"], json!(["kind"]));
            let has_rule = body.to_string().contains("sets of arguments");
            assert_eq!(has_rule, key != "allOf", "{model} {api:?}: {body}");
        }
    }
}

#[tokio::test]
async fn strict_tool_schema_is_closed_or_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let strict = |schema: Value| {
        let tool = json!({"name": "f", "description": "F", "schema": schema, "strict": true});
        Tool::from_json(&Json::from(tool)).unwrap()
    };
    for (model, api) in [(CLAUDE, BOTH[0]), (CLAUDE, BOTH[1]), (GPT_OSS, BOTH[0]), (GPT_OSS, BOTH[1])] {
        let chat = chat(&bedrock, model, api);
        let open = json!({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}});
        chat.bind_tools([strict(open)]).invoke("a").await.unwrap();
        let body = sent(&bedrock);
        assert_eq!(
            *tool_schema(&body),
            json!({"type": "object", "properties": {"a": {"type": "string", "description": "minLength: 1"}}, "additionalProperties": false}),
            "{model} {api:?}"
        );
        chat.bind_tools([strict(json!({"type": "object"}))]).invoke("a").await.unwrap();
        assert_eq!(tool_schema(&sent(&bedrock))["additionalProperties"], false, "{model} {api:?}");
        let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let error = chat.bind_tools([strict(map)]).invoke("a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("`f`") || error.message().contains("\"f\""), "{error}");
        assert!(error.message().contains("`strict`"), "{error}");
    }
}

#[tokio::test]
async fn response_format_is_closed_or_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let asking = |model: &str, api, schema: Value| {
        let format = ResponseFormat::new("answer", Json::from(schema));
        chat(&bedrock, model, api).with_options(&ChatOptions::default().with_response_format(format))
    };
    for (model, api) in [(CLAUDE, BOTH[0]), (CLAUDE, BOTH[1]), (GPT_OSS, BOTH[0]), (GPT_OSS, BOTH[1])] {
        let open = json!({"type": "object", "properties": {"n": {"type": "number", "minimum": 0}}});
        asking(model, api, open).invoke("a").await.unwrap();
        let body = sent(&bedrock);
        let texts = [body.to_string(), body.to_string().replace("\\\"", "\"")];
        assert!(texts.iter().any(|text| text.contains(r#""additionalProperties":false"#)), "{model} {api:?}: {body}");
        assert!(body.to_string().contains("minimum: 0"), "{model} {api:?}: {body}");
        let map = json!({"type": "object", "properties": {"m": {"type": "object"}}});
        let error = asking(model, api, map).invoke("a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("response_format") && error.message().contains("map"), "{error}");
    }
}
