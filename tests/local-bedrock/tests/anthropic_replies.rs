//! Replies of the model in Anthropic's shape.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::{ECHO_PREFIX, LocalBedrock};
use serde_json::{Value, json};
use support::{CLAUDE, Reply, Request, post, send};

/// A body with these parts beside the required ones.
fn body(parts: Value) -> Value {
    let mut body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 500});
    for (key, value) in parts.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn user(content: impl Into<Value>) -> Value {
    json!({"role": "user", "content": content.into()})
}

fn weather() -> Value {
    json!({"name": "get_weather", "description": "The weather", "input_schema": {
        "type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}})
}

async fn unary(bedrock: &LocalBedrock, body: &Value) -> Value {
    let reply = post(bedrock, &format!("{CLAUDE}/invoke"), body).await;
    assert_eq!(reply.status, 200, "{}", reply.message());
    reply.json()
}

async fn stream(bedrock: &LocalBedrock, body: &Value) -> Reply {
    let reply = post(bedrock, &format!("{CLAUDE}/invoke-with-response-stream"), body).await;
    assert_eq!(reply.status, 200, "{}", reply.message());
    assert_eq!(reply.header("content-type"), Some("application/vnd.amazon.eventstream"));
    reply
}

/// Merges the events of a stream, as any client must.
fn accumulate(events: &[Value]) -> Value {
    let mut message = events[0]["message"].clone();
    let mut blocks: Vec<Value> = Vec::new();
    let mut arguments = String::new();
    for event in events {
        let index = usize::try_from(event["index"].as_u64().unwrap_or(0)).unwrap();
        let append = |block: &mut Value, key: &str, text: &Value| {
            let joined = format!("{}{}", block[key].as_str().unwrap(), text.as_str().unwrap());
            block[key] = joined.into();
        };
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(index, blocks.len());
                blocks.push(event["content_block"].clone());
                arguments.clear();
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => append(&mut blocks[index], "text", &delta["text"]),
                    "thinking_delta" => append(&mut blocks[index], "thinking", &delta["thinking"]),
                    "signature_delta" => append(&mut blocks[index], "signature", &delta["signature"]),
                    "citations_delta" => {
                        blocks[index]["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
                    }
                    "input_json_delta" => arguments.push_str(delta["partial_json"].as_str().unwrap()),
                    other => panic!("{other}"),
                }
            }
            "content_block_stop" if !arguments.is_empty() => {
                blocks[index]["input"] = serde_json::from_str(&arguments).unwrap_or_else(|_| json!({}));
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["stop_sequence"] = event["delta"]["stop_sequence"].clone();
                message["usage"]["output_tokens"] = event["usage"]["output_tokens"].clone();
            }
            _ => {}
        }
    }
    message["content"] = blocks.into();
    message
}

#[tokio::test]
async fn reply_translates_the_reference_or_echoes() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let system = "You are a helpful assistant that translates English to French. Translate the user sentence.";
    let reply = post(
        &bedrock,
        &format!("{CLAUDE}/invoke"),
        &body(json!({"system": system, "messages": [user("I love programming.")]})),
    )
    .await;
    let message = reply.json();
    assert_eq!(message["content"], json!([{"type": "text", "text": "J'adore la programmation."}]));
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["model"], "claude-3-5-sonnet-20240620");
    let count = |name: &str| reply.header(name).unwrap().parse::<u64>().unwrap();
    assert_eq!(count("x-amzn-bedrock-input-token-count"), message["usage"]["input_tokens"]);
    assert_eq!(count("x-amzn-bedrock-output-token-count"), message["usage"]["output_tokens"]);

    let message = unary(&bedrock, &body(json!({"messages": [user("Bonjour ☕")]}))).await;
    assert_eq!(message["content"][0]["text"], format!("{ECHO_PREFIX}Bonjour ☕"));
}

#[tokio::test]
async fn stream_adds_up_to_the_reply_for_every_kind_of_request() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let two = "What is the weather in Zürich and São Paulo? Answer with redacted thinking.";
    let document = json!({"type": "document", "title": "T", "citations": {"enabled": true},
        "source": {"type": "text", "media_type": "text/plain", "data": "One sentence. Another."}});
    let bodies = [
        json!({"messages": [user("Say \"hé😀\" \n and 👨‍👩‍👧, please; twice if you can.")]}),
        json!({"messages": [user(two)], "tools": [weather()]}),
        json!({"messages": [user(two)], "tools": [weather()], "max_tokens": 3_000, "thinking": {"type": "enabled", "budget_tokens": 1024}}),
        json!({"messages": [user(two)], "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}, "max_tokens": 3_000}),
        json!({"messages": [user(json!([document, {"type": "text", "text": "Cite it."}]))]}),
        json!({"messages": [user("one two three")], "stop_sequences": ["two"]}),
        json!({"messages": [user("a b c d e f g h i j k l m n o p")], "max_tokens": 15}),
        json!({"messages": [user(two)], "tools": [weather()], "tool_choice": {"type": "any"}, "max_tokens": 8}),
        json!({"messages": [user("go")], "tools": [{"name": "go", "input_schema": {"type": "object", "properties": {}}}]}),
    ];
    for parts in bodies {
        let body = body(parts);
        let whole = unary(&bedrock, &body).await;
        let reply = stream(&bedrock, &body).await;
        let events = reply.events();
        assert_eq!(accumulate(&events), whole, "{body}");
        let last = events.last().unwrap();
        assert_eq!(last["type"], "message_stop");
        let metrics = &last["amazon-bedrock-invocationMetrics"];
        assert_eq!(metrics["inputTokenCount"], whole["usage"]["input_tokens"]);
        assert_eq!(metrics["outputTokenCount"], whole["usage"]["output_tokens"]);
    }
}

#[tokio::test]
async fn stream_cuts_text_and_arguments_inside_escapes() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let body = body(json!({"messages": [user("Weather in Zürich and Orléans?")], "tools": [weather()]}));
    let events = stream(&bedrock, &body).await.events();
    let deltas = |kind: &str, key: &str| -> Vec<String> {
        let deltas = events.iter().filter(|event| event["delta"]["type"] == kind);
        deltas.map(|event| event["delta"][key].as_str().unwrap().to_owned()).collect()
    };
    assert!(deltas("text_delta", "text").len() > 2);
    let json = deltas("input_json_delta", "partial_json");
    assert!(json.len() > 4);
    assert!(json.contains(&String::new()), "no empty delta");
    assert!(json.concat().contains("\\u00fc"));
    assert!(json.iter().any(|delta| delta.contains('\\') && !delta.contains("\\u00")), "no escape was cut: {json:?}");
}

#[tokio::test]
async fn tool_calls_for_two_cities_are_parallel() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let question = user("What is the weather in Paris and London?");
    let first = unary(&bedrock, &body(json!({"messages": [question], "tools": [weather()]}))).await;
    assert_eq!(first["stop_reason"], "tool_use");
    let calls: Vec<&Value> =
        first["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_use").collect();
    assert_eq!(calls[0]["input"], json!({"location": "Paris"}));
    assert_eq!(calls[1]["input"], json!({"location": "London"}));
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert!(calls[0]["id"].as_str().unwrap().starts_with("toolu_bdrk_"));

    let results = json!([
        {"type": "tool_result", "tool_use_id": calls[0]["id"], "content": "18 degrees"},
        {"type": "tool_result", "tool_use_id": calls[1]["id"], "content": [{"type": "text", "text": "no rain"}], "is_error": true}]);
    let turns = json!([question, {"role": "assistant", "content": first["content"]}, user(results)]);
    let second = unary(&bedrock, &body(json!({"messages": turns, "tools": [weather()]}))).await;
    assert_eq!(
        second["content"][0]["text"],
        "The tool get_weather answered: 18 degrees\nThe tool get_weather failed: no rain"
    );

    let single = json!({"type": "auto", "disable_parallel_tool_use": true});
    let one =
        unary(&bedrock, &body(json!({"messages": [question], "tools": [weather()], "tool_choice": single}))).await;
    assert_eq!(one["content"].as_array().unwrap().len(), 2);
    let none =
        unary(&bedrock, &body(json!({"messages": [question], "tools": [weather()], "tool_choice": {"type": "none"}})))
            .await;
    assert_eq!(none["stop_reason"], "end_turn");
}

#[tokio::test]
async fn forced_tool_and_json_schema_values_fit() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let joke = json!({"type": "object", "additionalProperties": false, "required": ["setup", "punchline", "rating"], "properties": {
        "setup": {"type": "string"}, "punchline": {"type": "string"}, "rating": {"type": "integer", "minimum": 1, "maximum": 10}}});
    let tool = json!({"name": "joke", "input_schema": joke});
    let message = unary(
        &bedrock,
        &body(json!({"messages": [user("Make me laugh")], "tools": [weather(), tool],
        "tool_choice": {"type": "tool", "name": "joke"}})),
    )
    .await;
    assert_eq!(message["content"].as_array().unwrap().len(), 1);
    assert_eq!(message["content"][0]["name"], "joke");
    assert!(message["content"][0]["input"]["rating"].is_i64());
    let closed = json!({"type": "object", "additionalProperties": false, "required": ["setup", "rating"],
        "properties": {"setup": {"type": "string"}, "rating": {"type": "integer"}}});
    let format = json!({"type": "json_schema", "schema": closed});
    let message =
        unary(&bedrock, &body(json!({"messages": [user("Make me laugh")], "output_config": {"format": format}}))).await;
    let text: Value = serde_json::from_str(message["content"][0]["text"].as_str().unwrap()).unwrap();
    assert!(text["setup"].is_string() && text["rating"].is_i64());
}

#[tokio::test]
async fn thinking_signature_is_checked_on_replay() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let question = user("Weather in Paris? Use redacted thinking too.");
    let parts = json!({"messages": [question], "tools": [weather()], "thinking": thinking, "max_tokens": 2000});
    let first = unary(&bedrock, &body(parts)).await;
    let content = first["content"].as_array().unwrap();
    let kinds: Vec<&str> = content.iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["thinking", "redacted_thinking", "text", "tool_use"]);

    let replay = |content: Value| {
        let results = json!([{"type": "tool_result", "tool_use_id": first["content"][3]["id"], "content": "fine"}]);
        let turns = json!([question, {"role": "assistant", "content": content}, user(results)]);
        body(json!({"messages": turns, "tools": [weather()], "thinking": thinking, "max_tokens": 2000}))
    };
    assert_eq!(unary(&bedrock, &replay(first["content"].clone())).await["stop_reason"], "end_turn");

    let refused = async |content: Value| {
        let reply = post(&bedrock, &format!("{CLAUDE}/invoke"), &replay(content)).await;
        assert_eq!(reply.status, 400);
        reply.message()
    };
    let mut changed = first["content"].clone();
    changed[0]["thinking"] = "Something else".into();
    assert_eq!(refused(changed).await, "messages.1.content.0: Invalid `signature` in `thinking` block");
    let mut changed = first["content"].clone();
    changed[1]["data"] = "AAAA".into();
    assert!(refused(changed).await.contains("redacted_thinking"));
    let mut unsigned = first["content"].clone();
    unsigned[0].as_object_mut().unwrap().remove("signature");
    assert_eq!(refused(unsigned).await, "messages.1.content.0.thinking.signature: Field required");
    let without = json!([first["content"][3]]);
    assert!(
        refused(without).await.starts_with(
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`."
        )
    );
}

#[tokio::test]
async fn stop_sequences_work_also_inside_arguments() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let message =
        unary(&bedrock, &body(json!({"messages": [user("alpha beta gamma")], "stop_sequences": ["gamma", "beta"]})))
            .await;
    assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!("stop_sequence"), &json!("beta")));
    assert_eq!(message["content"][0]["text"], format!("{ECHO_PREFIX}alpha "));
    let message = unary(&bedrock, &body(json!({"messages": [user("alpha beta gamma")], "max_tokens": 4}))).await;
    assert_eq!((&message["stop_reason"], &message["usage"]["output_tokens"]), (&json!("max_tokens"), &json!(4)));
    let cut =
        body(json!({"messages": [user("x")], "tools": [weather()], "tool_choice": {"type": "any"}, "max_tokens": 7}));
    let events = stream(&bedrock, &cut).await.events();
    let arguments: String = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert!(!arguments.is_empty() && serde_json::from_str::<Value>(&arguments).is_err(), "{arguments}");
    assert!(events.iter().any(|event| event["delta"]["stop_reason"] == "max_tokens"));
}

#[tokio::test]
async fn cache_point_is_written_once_and_read_afterwards() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let system = json!([{"type": "text", "text": "A long prompt, thousands of words.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]);
    let ask = |question: &str| body(json!({"system": system, "messages": [user(question)]}));
    let first = unary(&bedrock, &ask("One?")).await["usage"].clone();
    assert!(first["cache_creation_input_tokens"].as_u64().unwrap() > 5);
    assert_eq!(first["cache_creation"]["ephemeral_1h_input_tokens"], first["cache_creation_input_tokens"]);
    let reply = post(&bedrock, &format!("{CLAUDE}/invoke"), &ask("Two?")).await;
    let second = reply.json()["usage"].clone();
    assert_eq!(second["cache_read_input_tokens"], first["cache_creation_input_tokens"]);
    assert_eq!(second["cache_creation_input_tokens"], 0);
    assert!(reply.header("x-amzn-bedrock-cache-read-input-token-count").is_some());
    let events = stream(&bedrock, &ask("Three?")).await.events();
    let metrics = &events.last().unwrap()["amazon-bedrock-invocationMetrics"];
    assert_eq!(metrics["cacheReadInputTokenCount"], second["cache_read_input_tokens"]);
    assert_eq!(events[0]["message"]["usage"]["cache_read_input_tokens"], second["cache_read_input_tokens"]);
}

#[tokio::test]
async fn reply_names_type_and_size_of_media() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    let pdf = json!({"type": "document", "title": "Report", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}});
    let message =
        unary(&bedrock, &body(json!({"messages": [user(json!([image, pdf, {"type": "text", "text": "See?"}]))]})))
            .await;
    assert_eq!(
        message["content"][0]["text"],
        format!(
            "{ECHO_PREFIX}See? [I received image/png of 8 bytes] [I received application/pdf of 5 bytes named Report]"
        )
    );
}

#[tokio::test]
async fn guardrail_trace_is_shown_only_if_requested() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let ask = |text: &str, trace: bool, path: &str| {
        let request = Request::post(&format!("{CLAUDE}/{path}"), &body(json!({"messages": [user(text)]})))
            .header("x-amzn-bedrock-guardrailidentifier", "gr-1")
            .header("x-amzn-bedrock-guardrailversion", "1");
        if trace { request.header("x-amzn-bedrock-trace", "ENABLED") } else { request }
    };
    let message = send(&bedrock, ask("This is BLOCKED", true, "invoke")).await.json();
    assert_eq!(message["stop_reason"], "guardrail_intervened");
    assert_eq!(message["amazon-bedrock-guardrailAction"], "INTERVENED");
    assert!(message["amazon-bedrock-trace"]["guardrail"].is_object());
    let message = send(&bedrock, ask("This is fine", false, "invoke")).await.json();
    assert_eq!(message["amazon-bedrock-guardrailAction"], "NONE");
    assert!(message.get("amazon-bedrock-trace").is_none());
    let events = send(&bedrock, ask("BLOCKED", true, "invoke-with-response-stream")).await.events();
    assert_eq!(events.last().unwrap()["amazon-bedrock-guardrailAction"], "INTERVENED");
    let message = unary(&bedrock, &body(json!({"messages": [user("BLOCKED")]}))).await;
    assert_eq!(message["stop_reason"], "end_turn");
}

#[tokio::test]
async fn tool_choice_any_calls_each_tool_once() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let answer =
        json!({"name": "extract", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let tools = json!([weather(), {"name": "get_time", "input_schema": {"type": "object"}}, answer]);
    let mut messages = vec![user("What is the weather in Paris?")];
    let mut called: Vec<String> = Vec::new();
    for _ in 0..3 {
        let parts = json!({"messages": messages, "tools": tools, "tool_choice": {"type": "any"}});
        let message = unary(&bedrock, &body(parts)).await;
        let call = message["content"].as_array().unwrap().last().unwrap().clone();
        called.push(call["name"].as_str().unwrap().to_owned());
        messages.push(json!({"role": "assistant", "content": message["content"]}));
        messages.push(user(json!([{"type": "tool_result", "tool_use_id": call["id"], "content": "18 degrees"}])));
    }
    // First the tool that fits, then the last tool, with which agents end their loop.
    assert_eq!(called, ["get_weather", "extract", "get_time"]);
}
