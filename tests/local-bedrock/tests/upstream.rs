//! Another server behind all five APIs: this test starts a small server with OpenAI's Chat Completions API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use std::sync::{Arc, Mutex};

use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};
use support::{CLAUDE, Reply, post, post_mantle};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const APIS: [&str; 5] = ["invoke", "converse", "responses", "chat", "messages"];

/// The bodies that the upstream server received, with the `authorization` header in front.
type Received = Arc<Mutex<Vec<(String, Value)>>>;

/// Reads one request and returns its head and body.
async fn read(stream: &mut tokio::net::TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4_096];
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if bytes.len() >= end + 4 + length.parse::<usize>().unwrap() {
            return Some((head, bytes[end + 4..].to_vec()));
        }
    }
}

/// Starts a server that calls the first tool, answers in JSON if requested, and repeats the last message otherwise.
async fn upstream() -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let received = Received::default();
    let log = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some((head, body)) = read(&mut stream).await else { continue };
            assert!(head.starts_with("post /v1/chat/completions "), "{head}");
            let body: Value = serde_json::from_slice(&body).unwrap();
            let key = head.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or_default();
            log.lock().unwrap().push((key.to_owned(), body.clone()));
            let (status, reply) = answer(&body);
            let text = reply.to_string();
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                text.len()
            );
            let _ = stream.write_all((head + &text).as_bytes()).await;
        }
    });
    (url, received)
}

fn answer(body: &Value) -> (u16, Value) {
    let last = body["messages"].as_array().unwrap().last().unwrap();
    let said = last["content"].as_str().unwrap_or("an image").to_owned();
    if said == "too many" {
        return (429, json!({"error": {"message": "Slow down.", "type": "rate_limit_error"}}));
    }
    let message = match body.get("tools") {
        Some(tools) if last["role"] == "user" => {
            let function = json!({"name": tools[0]["function"]["name"], "arguments": "{\"city\": \"Rome\"}"});
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": "u1", "type": "function", "function": function}]})
        }
        _ if body.get("response_format").is_some() => json!({"role": "assistant", "content": "{\"city\":\"Rome\"}"}),
        _ => json!({"role": "assistant", "content": format!("upstream: {said}"), "reasoning": "I repeat."}),
    };
    let reason = if message.get("tool_calls").is_some() { "tool_calls" } else { "stop" };
    let usage = json!({"prompt_tokens": 70, "completion_tokens": 7, "total_tokens": 77});
    (200, json!({"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}))
}

/// Sends a question over one of the APIs; `messages` and `tool` are in Anthropic's shape.
async fn ask(bedrock: &LocalBedrock, api: &str, text: &str, tool: bool, stream: bool) -> Reply {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let claude = json!([{"name": "get_weather", "description": "Weather", "input_schema": schema}]);
    let nested = json!([{"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": schema}}]);
    let flat = json!([{"type": "function", "name": "get_weather", "description": "Weather", "parameters": schema}]);
    let spec = json!({"tools": [{"toolSpec": {"name": "get_weather", "description": "Weather", "inputSchema": {"json": schema}}}]});
    let user = json!([{"role": "user", "content": text}]);
    let with = |mut body: Value, key: &str, value: Value| {
        if tool {
            body[key] = value;
        }
        body
    };
    match api {
        "invoke" => {
            let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "temperature": 0.5, "system": "Be kind.", "messages": user});
            let path = format!("{CLAUDE}/invoke{}", if stream { "-with-response-stream" } else { "" });
            post(bedrock, &path, &with(body, "tools", claude)).await
        }
        "converse" => {
            let body = json!({"system": [{"text": "Be kind."}], "messages": [{"role": "user", "content": [{"text": text}]}],
                "inferenceConfig": {"maxTokens": 99, "temperature": 0.5}});
            let path = format!("{CLAUDE}/converse{}", if stream { "-stream" } else { "" });
            post(bedrock, &path, &with(body, "toolConfig", spec)).await
        }
        "responses" => {
            let body = json!({"model": "openai.gpt-5.6-luna", "input": text, "instructions": "Be kind.", "max_output_tokens": 99, "temperature": 0.5, "stream": stream});
            post_mantle(bedrock, "/openai/v1/responses", &with(body, "tools", flat)).await
        }
        "chat" => {
            let messages = json!([{"role": "system", "content": "Be kind."}, {"role": "user", "content": text}]);
            let body = json!({"model": "openai.gpt-oss-120b", "messages": messages, "max_tokens": 99, "temperature": 0.5, "stream": stream});
            post_mantle(bedrock, "/v1/chat/completions", &with(body, "tools", nested)).await
        }
        _ => {
            let body = json!({"model": "anthropic.claude-haiku-4-5", "max_tokens": 99, "temperature": 0.5, "system": "Be kind.", "messages": user, "stream": stream});
            post_mantle(bedrock, "/anthropic/v1/messages", &with(body, "tools", claude)).await
        }
    }
}

/// Returns all deltas of text in a stream of any shape.
fn streamed(api: &str, reply: &Reply) -> String {
    let (events, pointer): (Vec<Value>, &str) = match api {
        "invoke" => (reply.events(), "/delta/text"),
        "converse" => (reply.frames().iter().map(support::Frame::json).collect(), "/delta/text"),
        "responses" => {
            let deltas = reply.sse().into_iter().filter(|event| event["type"] == "response.output_text.delta");
            (deltas.collect(), "/delta")
        }
        "chat" => (reply.sse(), "/choices/0/delta/content"),
        _ => (reply.sse(), "/delta/text"),
    };
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

#[tokio::test]
async fn upstream_answers_behind_all_five_apis() {
    let (url, received) = upstream().await;
    let bedrock = LocalBedrock::builder().upstream(&url, Some("llama"), Some("secret")).start().await.unwrap();
    for api in APIS {
        let reply = ask(&bedrock, api, "Hello", false, false).await;
        assert_eq!(reply.status, 200, "{api}: {}", reply.json());
        assert!(reply.json().to_string().contains("upstream: Hello"), "{api}: {}", reply.json());
        assert!(reply.json()["usage"].to_string().contains(":70"), "{api}: {}", reply.json());
        assert_eq!(streamed(api, &ask(&bedrock, api, "Hello", false, true).await), "upstream: Hello", "{api}");
        let (key, body) = received.lock().unwrap().pop().unwrap();
        let messages = json!([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]);
        assert_eq!((key.as_str(), &body["messages"]), ("bearer secret", &messages), "{api}");
        assert_eq!(
            (&body["model"], &body["max_tokens"], &body["temperature"]),
            (&json!("llama"), &json!(99), &json!(0.5))
        );
        let called = ask(&bedrock, api, "Weather?", true, false).await.json().to_string();
        assert!(called.contains("get_weather") && called.contains("Rome"), "{api}: {called}");
        let (_, body) = received.lock().unwrap().pop().unwrap();
        assert_eq!(body["tools"][0]["function"]["description"], "Weather", "{api}");
    }
}

#[tokio::test]
async fn upstream_receives_calls_results_images_and_schemas() {
    let (url, received) = upstream().await;
    let bedrock = LocalBedrock::builder().upstream(&url, None, None).start().await.unwrap();
    let tool = json!([{"name": "get_weather", "input_schema": {"type": "object"}}]);
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    let messages = json!([
        {"role": "user", "content": [{"type": "text", "text": "Look"}, image]},
        {"role": "assistant", "content": [{"type": "text", "text": "I will."}, {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Rome"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}]},
    ]);
    let body = json!({"model": "anthropic.claude-haiku-4-5", "max_tokens": 99, "tools": tool, "messages": messages,
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true}, "stop_sequences": ["END"]});
    let reply = post_mantle(&bedrock, "/anthropic/v1/messages", &body).await.json();
    assert_eq!(reply["content"][0]["text"], "upstream: sunny");
    let (key, sent) = received.lock().unwrap().pop().unwrap();
    let call = json!({"id": "t1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"}});
    let expected = json!([
        {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]},
        {"role": "assistant", "content": "I will.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
    ]);
    assert_eq!((key.as_str(), &sent["messages"]), ("", &expected));
    assert_eq!((&sent["parallel_tool_calls"], &sent["stop"]), (&json!(false), &json!(["END"])));
    assert_eq!(sent["model"], "anthropic.claude-haiku-4-5");

    // The next request answers the call of a response; over Responses it uses the kept state.
    let flat = json!([{"type": "function", "name": "get_weather"}]);
    let first = json!({"model": "openai.gpt-5.6-luna", "input": "Weather?", "tools": flat});
    let first = post_mantle(&bedrock, "/openai/v1/responses", &first).await.json();
    let call = first["output"].as_array().unwrap().last().unwrap();
    let result = json!([{"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}]);
    let next =
        json!({"model": "openai.gpt-5.6-luna", "input": result, "previous_response_id": first["id"], "tools": flat});
    let second = post_mantle(&bedrock, "/openai/v1/responses", &next).await.json();
    assert!(second.to_string().contains("upstream: rain"), "{second}");

    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false});
    let format = json!({"format": {"type": "json_schema", "name": "City", "schema": schema}});
    let typed = json!({"model": "openai.gpt-5.6-luna", "input": "Where?", "text": format});
    let typed = post_mantle(&bedrock, "/openai/v1/responses", &typed).await.json();
    assert!(typed.to_string().contains("{\\\"city\\\":\\\"Rome\\\"}"), "{typed}");
    let (_, sent) = received.lock().unwrap().pop().unwrap();
    assert_eq!(sent["response_format"]["json_schema"]["schema"], schema);
}

#[tokio::test]
async fn upstream_errors_and_faults_have_the_shape_of_the_api() {
    let (url, _) = upstream().await;
    let bedrock = LocalBedrock::builder().upstream(&url, None, None).start().await.unwrap();
    for api in APIS {
        let reply = ask(&bedrock, api, "too many", false, false).await;
        assert_eq!(reply.status, 429, "{api}");
        assert!(reply.json().to_string().contains("Slow down."), "{api}: {}", reply.json());
        bedrock.faults().push(Fault::cut_after_frames(2));
        assert!(!ask(&bedrock, api, "Hello", false, true).await.complete, "{api}");
    }
    // Nothing listens there: no server gets a port below 1024 by chance.
    let bedrock = LocalBedrock::builder().upstream("http://127.0.0.1:1/v1", None, None).start().await.unwrap();
    let reply = ask(&bedrock, "converse", "Hello", false, false).await;
    assert_eq!((reply.status, reply.error_type()), (503, "ServiceUnavailableException"));
    assert!(reply.message().contains("did not answer"), "{}", reply.message());
}
