//! Converse, ConverseStream, CountTokens and ApplyGuardrail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local_bedrock::{ECHO_PREFIX, LocalBedrock};
use serde_json::{Value, json};
use support::{CLAUDE, post};

fn user(blocks: Value) -> Value {
    json!({"role": "user", "content": blocks})
}

fn ask(text: &str) -> Value {
    json!({"messages": [user(json!([{"text": text}]))]})
}

fn and(mut body: Value, parts: Value) -> Value {
    body.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    body
}

fn tools() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!({"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": schema}}}]})
}

async fn unary(bedrock: &LocalBedrock, body: &Value) -> Value {
    let reply = post(bedrock, &format!("{CLAUDE}/converse"), body).await;
    assert_eq!(reply.status, 200, "{} for {body}", reply.message());
    reply.json()
}

/// Returns the events of a stream as (type, payload), each with its padding.
async fn stream(bedrock: &LocalBedrock, body: &Value) -> Vec<(String, Value)> {
    let reply = post(bedrock, &format!("{CLAUDE}/converse-stream"), body).await;
    assert_eq!(reply.status, 200, "{}", reply.message());
    let event = |frame: support::Frame| {
        let mut payload = frame.json();
        assert!(payload.as_object_mut().unwrap().remove("p").is_some(), "no padding");
        (frame.header(":event-type").unwrap().to_owned(), payload)
    };
    reply.frames().into_iter().map(event).collect()
}

/// Merges the events of a stream, as any client must.
fn accumulate(events: &[(String, Value)]) -> Value {
    let mut blocks: Vec<Value> = Vec::new();
    let (mut arguments, mut redacted) = (String::new(), Vec::new());
    let mut reply = json!({});
    for (kind, event) in events {
        let index = usize::try_from(event["contentBlockIndex"].as_u64().unwrap_or(0)).unwrap();
        match kind.as_str() {
            "messageStart" => assert_eq!(event["role"], "assistant"),
            "contentBlockStart" => {
                assert_eq!(index, blocks.len());
                blocks.push(event["start"].clone());
            }
            "contentBlockDelta" => {
                let delta = &event["delta"];
                if blocks.len() == index {
                    blocks.push(json!({}));
                }
                let block = &mut blocks[index];
                if let Some(text) = delta["text"].as_str() {
                    block["text"] = format!("{}{text}", block["text"].as_str().unwrap_or_default()).into();
                }
                if let Some(piece) = delta["toolUse"]["input"].as_str() {
                    arguments.push_str(piece);
                }
                let reasoning = &delta["reasoningContent"];
                for key in ["text", "signature"] {
                    if let Some(text) = reasoning[key].as_str() {
                        let place = &mut block["reasoningContent"]["reasoningText"][key];
                        *place = format!("{}{text}", place.as_str().unwrap_or_default()).into();
                    }
                }
                if let Some(part) = reasoning["redactedContent"].as_str() {
                    redacted.extend(STANDARD.decode(part).unwrap());
                    block["reasoningContent"]["redactedContent"] = STANDARD.encode(&redacted).into();
                }
                if delta.get("citation").is_some() {
                    let text = block["text"].clone();
                    *block =
                        json!({"citationsContent": {"content": [{"text": text}], "citations": [delta["citation"]]}});
                }
            }
            "contentBlockStop" => {
                if blocks[index].get("toolUse").is_some() {
                    blocks[index]["toolUse"]["input"] = serde_json::from_str(&arguments).unwrap_or_else(|_| json!({}));
                    arguments.clear();
                }
            }
            "messageStop" | "metadata" => reply.as_object_mut().unwrap().extend(event.as_object().unwrap().clone()),
            other => panic!("{other}"),
        }
    }
    reply["output"] = json!({"message": {"role": "assistant", "content": blocks}});
    reply
}

#[tokio::test]
async fn converse_stream_adds_up_and_ends_with_metadata() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let document = json!({"document": {"format": "txt", "name": "Notes (1)", "citations": {"enabled": true},
        "source": {"bytes": STANDARD.encode("First line. Second.")}}});
    let thinking = json!({"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}});
    for body in [
        ask("Say \"hé😀\", please."),
        and(ask("Weather in Zürich and Paris?"), json!({"toolConfig": tools()})),
        and(ask("Use redacted thinking"), thinking),
        and(
            ask("one two three"),
            json!({"inferenceConfig": {"stopSequences": ["two"]},
            "additionalModelResponseFieldPaths": ["/delta/stop_sequence", "/stop_sequence", "/nothing"]}),
        ),
        and(ask("one two three four five six seven"), json!({"inferenceConfig": {"maxTokens": 14}})),
        json!({"messages": [user(json!([document, {"text": "Cite it."}]))]}),
        and(ask("hello"), json!({"performanceConfig": {"latency": "optimized"}, "serviceTier": {"type": "flex"}})),
    ] {
        let whole = unary(&bedrock, &body).await;
        let events = stream(&bedrock, &body).await;
        assert_eq!(accumulate(&events), whole, "{body}");
        let last: Vec<&str> = events.iter().rev().take(2).map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(last, ["metadata", "messageStop"]);
    }
}

#[tokio::test]
async fn converse_reply_has_the_requested_fields() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = unary(&bedrock, &ask("Hi")).await;
    assert_eq!(reply["output"]["message"]["content"], json!([{"text": format!("{ECHO_PREFIX}Hi")}]));
    assert_eq!((&reply["stopReason"], reply["metrics"]["latencyMs"].is_u64()), (&json!("end_turn"), true));

    let paths = json!({"inferenceConfig": {"stopSequences": ["Hi"]}, "additionalModelResponseFieldPaths": ["/delta/stop_sequence"]});
    let reply = unary(&bedrock, &and(ask("Hi"), paths)).await;
    assert_eq!(reply["stopReason"], "stop_sequence");
    assert_eq!(reply["additionalModelResponseFields"], json!({"delta": {"stop_sequence": "Hi"}}));

    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false})
        .to_string();
    let format = json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}}});
    let reply = unary(&bedrock, &and(ask("Give me 7"), format)).await;
    assert_eq!(reply["output"]["message"]["content"][0]["text"], r#"{"n":7}"#);

    let image = json!({"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}});
    let reply = unary(&bedrock, &json!({"messages": [user(json!([image, {"text": "See?"}]))]})).await;
    assert!(reply["output"]["message"]["content"][0]["text"].as_str().unwrap().contains("image/png of 8 bytes"));

    let single = json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}});
    let single = json!({"toolConfig": tools(), "additionalModelRequestFields": single});
    let reply = unary(&bedrock, &and(ask("Weather in Paris and London?"), single)).await;
    assert_eq!(reply["output"]["message"]["content"].as_array().unwrap().len(), 2, "one text, one call");

    let router = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Adefault-prompt-router%2Fx/converse";
    let reply = post(&bedrock, router, &ask("Hi")).await.json();
    assert!(reply["trace"]["promptRouter"]["invokedModelId"].is_string());
}

#[tokio::test]
async fn converse_cache_point_is_written_once_and_read() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let system = json!({"system": [{"text": "A long text."}, {"cachePoint": {"type": "default", "ttl": "1h"}}]});
    let first = unary(&bedrock, &and(ask("One?"), system.clone())).await["usage"].clone();
    let written = first["cacheWriteInputTokens"].as_u64().unwrap();
    assert!(written > 0);
    assert_eq!(first["cacheDetails"], json!([{"ttl": "1h", "inputTokens": written}]));
    let events = stream(&bedrock, &and(ask("Two?"), system)).await;
    let usage = &events.last().unwrap().1["usage"];
    assert_eq!((&usage["cacheReadInputTokens"], &usage["cacheWriteInputTokens"]), (&json!(written), &json!(0)));
    let sum = usage["inputTokens"].as_u64().unwrap() + written + usage["outputTokens"].as_u64().unwrap();
    assert_eq!(usage["totalTokens"], sum);
}

#[tokio::test]
async fn converse_guardrail_intervention_has_a_trace() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let config =
        json!({"guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "DRAFT", "trace": "enabled"}});
    let guarded = json!({"messages": [user(json!([{"guardContent": {"text": {"text": "This is BLOCKED"}}}]))]});
    let reply = unary(&bedrock, &and(guarded, config)).await;
    assert_eq!(reply["stopReason"], "guardrail_intervened");
    assert!(reply["trace"]["guardrail"]["inputAssessment"]["local-guardrail"]["wordPolicy"].is_object());
}

async fn check(model: &str, operation: &str, cases: Vec<(Value, &str)>) {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (body, words) in cases {
        let reply = post(&bedrock, &format!("/model/{model}/{operation}"), &body).await;
        assert_eq!((reply.status, reply.error_type()), (400, "ValidationException"), "accepted: {body}");
        assert!(reply.message().contains(words), "wanted {words:?}, got {:?} for {body}", reply.message());
    }
}

const SONNET: &str = "anthropic.claude-3-5-sonnet-20240620-v1%3A0";

#[tokio::test]
async fn converse_body_is_checked_against_the_service_model() {
    check(SONNET, "converse", vec![
        (and(ask("a"), json!({"model": "x"})), "#: extraneous key [model] is not permitted"),
        (and(ask("a"), json!({"inferenceConfig": {"topK": 5}})), "#/inferenceConfig: extraneous key [topK] is not permitted"),
        (and(ask("a"), json!({"inferenceConfig": {"temperature": 1.5}})), "1 validation error detected: Value '1.5' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1"),
        (and(ask("a"), json!({"inferenceConfig": {"maxTokens": 0}})), "Member must have value greater than or equal to 1"),
        (and(ask("a"), json!({"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1", "streamProcessingMode": "sync"}})), "extraneous key [streamProcessingMode]"),
        (json!({"messages": [{"role": "user"}]}), "Value null at 'messages.1.member.content' failed to satisfy constraint: Member must not be null"),
        (json!({"messages": [{"role": "human", "content": []}]}), "Member must satisfy enum value set: [user, assistant, system]"),
        (json!({"messages": [user(json!([{"text": "a", "cachePoint": {"type": "default"}}]))]}), "Exactly one member of the union must be set, found: [cachePoint, text]"),
        (json!({"messages": [user(json!([{"type": "text", "text": "a"}]))]}), "extraneous key [type] is not permitted"),
        (json!({"messages": [user(json!("a"))]}), "expected type: JSONArray, found: String"),
        (json!({"messages": [user(json!([{"image": {"format": "jpg", "source": {"bytes": ""}}}]))]}), "enum value set: [png, jpeg, gif, webp]"),
        (json!({"messages": [user(json!([{"image": {"format": "png", "source": {"bytes": "no base64"}}}]))]}), "not valid base64"),
        (and(ask("a"), json!({"toolConfig": {"tools": []}})), "'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        (and(ask("a"), json!({"toolConfig": {"tools": [{"toolSpec": {"name": "get weather", "description": "", "inputSchema": {"json": {"type": "object"}}}}]}})), "2 validation errors detected"),
        (and(ask("a"), json!({"toolConfig": {"tools": [{"toolSpec": {"name": "get weather", "inputSchema": {"json": {"type": "object"}}}}]}})), "at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+"),
        (and(ask("a"), json!({"system": [{"text": ""}]})), "'system.1.member.text'"),
        (and(ask("a"), json!({"guardrailConfig": {"guardrailIdentifier": "g"}})), "guardrail version is required"),
    ])
    .await;
}

#[tokio::test]
async fn converse_conversation_rules_are_checked() {
    let call = |id: &str| json!({"toolUse": {"toolUseId": id, "name": "f", "input": {}}});
    let result = |id: &str| json!({"toolResult": {"toolUseId": id, "content": [{"text": "ok"}]}});
    let turns = |assistant: Value, last: Value| {
        let turns = json!([user(json!([{"text": "go"}])), {"role": "assistant", "content": assistant}, user(last)]);
        json!({"messages": turns, "toolConfig": tools()})
    };
    let document = |name: &str| json!({"document": {"format": "pdf", "name": name, "source": {"bytes": "JVBERi0="}}});
    let one = |blocks: Value| json!({"messages": [user(blocks)]});
    check(SONNET, "converse", vec![
        (json!({"messages": []}), "A conversation must start with a user message."),
        (json!({"messages": [{"role": "assistant", "content": [{"text": "a"}]}]}), "A conversation must start with a user message."),
        (json!({"messages": [user(json!([{"text": "a"}])), user(json!([{"text": "b"}]))]}), "A conversation must alternate between user and assistant roles."),
        (one(json!([])), "The content field in the Message object at messages.0 is empty."),
        (one(json!([{"text": "a"}, {"text": " \n"}])), "The text field in the ContentBlock object at messages.0.content.1 is blank. Add text to the text field, and try again."),
        (one(json!([result("t1")])), "The toolConfig field must be defined when using toolUse and toolResult content blocks."),
        (turns(json!([call("t1"), call("t2")]), json!([result("t1")])), "Expected toolResult blocks at messages.2.content for the following Ids: t2"),
        (turns(json!([{"text": "a"}]), json!([result("t1")])), "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn."),
        (turns(json!([call("t1"), call("t1")]), json!([result("t1")])), "contain duplicate Ids"),
        (turns(json!([{"toolUse": {"toolUseId": "t1", "name": "f", "input": "x"}}]), json!([result("t1")])), "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object for the field and try again."),
        (turns(json!([call("t1")]), json!([{"toolResult": {"toolUseId": "t1", "content": [{"json": [1]}]}}])), "messages.2.content.0.toolResult.content.0.json is invalid"),
        (turns(json!([call("t1")]), json!([{"toolResult": {"toolUseId": "t1", "content": [{"text": ""}]}}])), "at messages.2.content.0.toolResult.content.0 is blank"),
        (one(json!([document("a.pdf"), {"text": "x"}])), "The document file name can only contain alphanumeric characters"),
        (one(json!([document("a  b"), {"text": "x"}])), "more than one consecutive whitespace"),
        (one(json!([document("a"), document("a"), {"text": "x"}])), "duplicate names"),
        (one(json!([document("a")])), "A text block must accompany the documents"),
        (and(ask("a"), json!({"toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}]}})), "inputSchema.json.type must be one of the following: object."),
        (and(ask("a"), json!({"system": [{"text": "s"}, {"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default"}}]})), "A maximum of 4 cache points may be provided. Found 5."),
        (and(ask("a"), json!({"inferenceConfig": {"temperature": 0.5}, "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}})), "The model returned the following errors: `temperature` may only be set to 1 when thinking is enabled."),
        (turns(json!([{"reasoningContent": {"reasoningText": {"text": "made up", "signature": "abc"}}}, call("t1")]), json!([result("t1")])), "Invalid `signature` in `thinking` block"),
        (one(json!([{"reasoningContent": {"reasoningText": {"text": "x"}}}])), "User messages cannot contain reasoning content."),
    ])
    .await;
}

#[tokio::test]
async fn converse_model_features_are_checked() {
    let system = json!({"system": [{"text": "s"}]});
    let with_tools = || and(ask("a"), json!({"toolConfig": tools()}));
    let forced = |choice: &str| and(ask("a"), json!({"toolConfig": and(tools(), json!({"toolChoice": {choice: {}}}))}));
    check(
        "amazon.titan-text-express-v1",
        "converse",
        vec![(and(ask("a"), system), "This model doesn't support system messages.")],
    )
    .await;
    check("us.deepseek.r1-v1%3A0", "converse", vec![(with_tools(), "This model doesn't support tool use.")]).await;
    check(
        "us.meta.llama4-maverick-17b-instruct-v1%3A0",
        "converse-stream",
        vec![(with_tools(), "This model doesn't support tool use in streaming mode.")],
    )
    .await;
    check("meta.llama3-1-70b-instruct-v1%3A0", "converse", vec![(forced("any"), "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again.")]).await;
    check("ai21.j2-mid-v1", "converse-stream", vec![(ask("a"), "The model is unsupported for streaming.")]).await;
    let image = json!([{"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}, {"text": "x"}]);
    check(
        "amazon.nova-micro-v1%3A0",
        "converse",
        vec![(json!({"messages": [user(image)]}), "doesn't support the image field")],
    )
    .await;
    let history = json!([user(json!([{"text": "a"}])), {"role": "assistant", "content": [{"text": "So"}]}]);
    check(
        "meta.llama3-1-70b-instruct-v1%3A0",
        "converse",
        vec![(json!({"messages": history}), "requires the last turn in the conversation to be a user message")],
    )
    .await;
    let both = json!([{"toolResult": {"toolUseId": "abcdefghi", "content": [{"text": "ok"}]}}, {"text": "and?"}]);
    let call = json!({"role": "assistant", "content": [{"toolUse": {"toolUseId": "abcdefghi", "name": "get_weather", "input": {}}}]});
    let mixed = json!({"messages": [user(json!([{"text": "a"}])), call, user(both)], "toolConfig": tools()});
    check(
        "mistral.mistral-large-2402-v1%3A0",
        "converse",
        vec![(mixed, "Conversation blocks and tool result blocks cannot be provided in the same turn.")],
    )
    .await;
}

#[tokio::test]
async fn converse_reasoning_is_signed_for_claude_only() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = post(&bedrock, "/model/us.deepseek.r1-v1%3A0/converse", &ask("Hi")).await.json();
    let reasoning = &reply["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"];
    assert!(reasoning["text"].is_string() && reasoning.get("signature").is_none(), "{reply}");
}

#[tokio::test]
async fn count_tokens_equals_the_usage() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let body = and(ask("How many?"), json!({"system": [{"text": "Count."}]}));
    let charged = unary(&bedrock, &body).await["usage"]["inputTokens"].clone();
    let path = format!("{CLAUDE}/count-tokens");
    let counted = post(&bedrock, &path, &json!({"input": {"converse": body}})).await.json();
    assert_eq!(counted, json!({"inputTokens": charged}));
    let native = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "How many?"}]});
    let native = json!({"input": {"invokeModel": {"body": STANDARD.encode(native.to_string())}}});
    assert!(post(&bedrock, &path, &native).await.json()["inputTokens"].as_u64().unwrap() > 0);
    for (body, words) in [
        (json!({}), "required key [input]"),
        (json!({"input": {}}), "Exactly one of"),
        (json!({"input": {"converse": {"inferenceConfig": {}}}}), "extraneous key [inferenceConfig]"),
        (json!({"input": {"invokeModel": {"body": "?"}}}), "not valid base64"),
    ] {
        let reply = post(&bedrock, &path, &body).await;
        assert!(reply.status == 400 && reply.message().contains(words), "{}", reply.message());
    }
}

#[tokio::test]
async fn apply_guardrail_is_answered() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let content = |text: &str| json!({"source": "OUTPUT", "content": [{"text": {"text": text}}]});
    let path = "/guardrail/gr1/version/1/apply";
    let reply = post(&bedrock, path, &content("It is BLOCKED")).await.json();
    assert_eq!(reply["action"], "GUARDRAIL_INTERVENED");
    assert_eq!(reply["outputs"].as_array().unwrap().len(), 1);
    let reply = post(&bedrock, path, &content("It is fine")).await.json();
    assert_eq!((&reply["action"], &reply["outputs"]), (&json!("NONE"), &json!([])));
    for (path, body) in [
        ("/guardrail/gr1/version/0/apply", content("x")),
        ("/guardrail/GR-1/version/1/apply", content("x")),
        (path, json!({"source": "BOTH", "content": [{"text": {"text": "x"}}]})),
        (path, json!({"source": "INPUT", "content": []})),
        (path, json!({"source": "INPUT"})),
    ] {
        assert_eq!(post(&bedrock, path, &body).await.status, 400, "{path} {body}");
    }
}
