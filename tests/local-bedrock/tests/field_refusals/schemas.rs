//! Schemas, strict tools and forced tools.

use super::*;

const SONNET: &str = "us.anthropic.claude-sonnet-4-6";

fn closed(properties: Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn format(schema: Value) -> Value {
    json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}})
}

fn text_format(schema: &Value) -> Value {
    json!({"outputConfig": {"textFormat": {"type": "json_schema",
        "structure": {"jsonSchema": {"schema": schema.to_string()}}}}})
}

#[tokio::test]
async fn schemas_with_limits_or_open_objects_are_refused() {
    let bad = [
        (json!({"type": "object", "properties": {}}), "'additionalProperties' must be explicitly set to false"),
        (
            closed(json!({"score": {"type": "number", "minimum": 0, "maximum": 1}})),
            "For 'number' type, properties maximum, minimum are not supported",
        ),
        (
            closed(json!({"tags": {"type": "array", "maxItems": 3, "items": {"type": "string"}}})),
            "For 'array' type, property 'maxItems' is not supported",
        ),
        (closed(json!({"a": {"oneOf": [{"type": "string"}]}})), "Schema type 'oneOf' is not supported"),
        (
            closed(json!({"map": {"type": "object", "additionalProperties": {"type": "string"}}})),
            "'additionalProperties' must be explicitly set to false",
        ),
    ];
    for (schema, words) in bad {
        let strict = json!({"tools": [{"name": "f", "strict": true, "input_schema": schema}]});
        let loose = json!({"tools": [{"name": "f", "input_schema": schema}]});
        let mut tool = spec(schema.clone());
        tool["toolSpec"]["strict"] = json!(true);
        let tools = json!({"toolConfig": {"tools": [tool]}});
        check(vec![
            (SONNET, "invoke", claude(format(schema.clone())), Some(words)),
            (SONNET, "invoke", claude(strict), Some(words)),
            (SONNET, "invoke", claude(loose), None),
            (SONNET, "converse", converse(text_format(&schema)), Some(words)),
            (SONNET, "converse", converse(tools.clone()), Some(words)),
            ("openai.gpt-oss-120b-1:0", "converse", converse(text_format(&schema)), Some(words)),
            ("openai.gpt-oss-120b-1:0", "converse", converse(tools), Some(words)),
        ])
        .await;
    }
    let good = closed(json!({"a": {"type": "string"}, "maxItems": {"enum": [1]}}));
    check(vec![
        (SONNET, "invoke", claude(format(good.clone())), None),
        (SONNET, "converse", converse(text_format(&good)), None),
    ])
    .await;
}

#[tokio::test]
async fn unions_at_the_top_of_a_tool_schema_are_refused_by_claude() {
    let words = Some("input_schema does not support oneOf, allOf, or anyOf at the top level");
    for key in ["oneOf", "anyOf", "allOf"] {
        let schema = json!({"type": "object", key: [{"type": "object", "properties": {}}]});
        let over_converse = converse(json!({"toolConfig": {"tools": [spec(schema.clone())]}}));
        check(vec![
            (SONNET, "invoke", claude(json!({"tools": [{"name": "f", "input_schema": schema}]})), words),
            (SONNET, "converse", over_converse.clone(), words),
            ("qwen.qwen3-32b-v1:0", "converse", over_converse, None),
        ])
        .await;
    }
}

#[tokio::test]
async fn strict_tools_and_json_formats_are_refused_by_model() {
    let schema = closed(json!({}));
    let strict = || claude(json!({"tools": [{"name": "f", "strict": true, "input_schema": schema}]}));
    let mut tool = spec(schema.clone());
    tool["toolSpec"]["strict"] = json!(true);
    let over_converse = converse(json!({"toolConfig": {"tools": [tool]}}));
    let strict_words = Some("tools.0.custom.strict: Extra inputs are not permitted");
    let format_words = Some("output_config.format: Extra inputs are not permitted");
    for model in ["us.anthropic.claude-opus-4-8", "us.anthropic.claude-opus-4-7", "global.anthropic.claude-opus-5-5"] {
        check(vec![
            (model, "invoke", strict(), strict_words),
            (model, "converse", over_converse.clone(), strict_words),
            (model, "invoke", claude(format(schema.clone())), format_words),
            (model, "converse", converse(text_format(&schema)), format_words),
        ])
        .await;
    }
    check(vec![
        ("us.anthropic.claude-haiku-5-5", "invoke", strict(), strict_words),
        ("us.anthropic.claude-haiku-5-5", "invoke", claude(format(schema.clone())), None),
        (SONNET, "invoke", strict(), None),
        (SONNET, "converse", over_converse, None),
    ])
    .await;
}

#[tokio::test]
async fn forced_tool_choice_is_refused_by_model() {
    let words = Some("tool_choice: type \"tool\" and \"any\" are not supported for this model.");
    let tools = json!([{"name": "f", "input_schema": {"type": "object"}}]);
    let forced = |choice: Value| claude(json!({"tools": tools, "tool_choice": choice}));
    let over_converse = |choice: Value| {
        converse(json!({"toolConfig": {"tools": [spec(json!({"type": "object"}))], "toolChoice": choice}}))
    };
    for model in ["us.anthropic.claude-fable-5-1", "us.anthropic.claude-opus-5-5", "us.anthropic.claude-sonnet-5-5"] {
        check(vec![
            (model, "invoke", forced(json!({"type": "any"})), words),
            (model, "invoke", forced(json!({"type": "tool", "name": "f"})), words),
            (model, "invoke", forced(json!({"type": "auto"})), None),
            (model, "converse", over_converse(json!({"any": {}})), words),
            (model, "converse", over_converse(json!({"tool": {"name": "f"}})), words),
            (model, "converse", over_converse(json!({"auto": {}})), None),
        ])
        .await;
    }
    let thinking = json!({"thinking": {"type": "adaptive"}});
    let both = and(forced(json!({"type": "any"})), thinking);
    check(vec![
        ("us.anthropic.claude-opus-5", "invoke", both.clone(), None),
        ("us.anthropic.claude-opus-4-8", "invoke", both.clone(), None),
        (SONNET, "invoke", both, Some("Thinking may not be enabled when tool_choice forces tool use.")),
    ])
    .await;
}

#[tokio::test]
async fn tool_members_are_accepted_natively_and_refused_by_converse() {
    for member in [
        json!({"defer_loading": true}),
        json!({"input_examples": [{}]}),
        json!({"allowed_callers": ["code_execution_20250825"]}),
        json!({"eager_input_streaming": true}),
    ] {
        let native = and(json!({"name": "f", "input_schema": {"type": "object"}}), member.clone());
        let mut tool = spec(json!({"type": "object"}));
        tool["toolSpec"] = and(tool["toolSpec"].clone(), member);
        check(vec![
            (SONNET, "invoke", claude(json!({"tools": [native]})), None),
            (SONNET, "converse", converse(json!({"toolConfig": {"tools": [tool]}})), Some("extraneous key")),
        ])
        .await;
    }
    let unknown = json!({"name": "f", "input_schema": {"type": "object"}, "foo": 1});
    check(vec![(SONNET, "invoke", claude(json!({"tools": [unknown]})), Some("tools.0.custom.foo: Extra inputs"))])
        .await;
}

#[tokio::test]
async fn pegasus_requests_need_one_source_and_an_open_schema() {
    let pegasus = "us.twelvelabs.pegasus-1-2-v1:0";
    let clip = || json!({"base64String": "AQID"});
    let ask = |source: Value, parts: Value| and(json!({"inputPrompt": "What happens?", "mediaSource": source}), parts);
    let format = |schema: Value| json!({"responseFormat": {"jsonSchema": schema}});
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let both = json!({"base64String": "AQID", "s3Location": {"uri": "s3://b/a.mp4"}});
    check(vec![
        (pegasus, "invoke", ask(clip(), format(object.clone())), None),
        (pegasus, "invoke", ask(json!({"s3Location": {"uri": "s3://b/a.mp4"}}), json!({})), None),
        (pegasus, "invoke", ask(clip(), format(closed(object))), Some("Unprocessable video")),
        (pegasus, "invoke", ask(both, json!({})), Some("only one of base64String and s3Location")),
        (pegasus, "invoke", ask(clip(), json!({"topP": 0.5})), Some("extraneous key [topP]")),
        (pegasus, "invoke", json!({"inputPrompt": "a"}), Some("required key [mediaSource] not found")),
    ])
    .await;
}
