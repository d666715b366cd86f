//! Tools, documents, reasoning and the other abilities of the native families.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{Reply, post};

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn content(reply: &Value) -> String {
    string(&reply["choices"][0]["message"]["content"])
}

async fn invoke(bedrock: &LocalBedrock, model: &str, body: &Value) -> Reply {
    post(bedrock, &format!("/model/{model}/invoke"), body).await
}

async fn stream(bedrock: &LocalBedrock, model: &str, body: &Value) -> Reply {
    post(bedrock, &format!("/model/{model}/invoke-with-response-stream"), body).await
}

fn function() -> Value {
    json!({"type": "function", "function": {"name": "get_weather", "description": "d", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}})
}

#[tokio::test]
async fn chat_completions_tool_call_and_result() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, reason, at) in [
        ("mistral.mistral-large-2402-v1%3A0", "stop_reason", "message"),
        ("ai21.jamba-1-5-mini-v1%3A0", "finish_reason", "delta"),
        ("openai.gpt-oss-120b-1%3A0", "finish_reason", "delta"),
        ("writer.palmyra-x5-v1%3A0", "finish_reason", "delta"),
    ] {
        let question = json!({"role": "user", "content": "Weather in Paris and Zürich?"});
        let mut body = json!({"messages": [question], "tools": [function()], "max_tokens": 500});
        let reply = invoke(&bedrock, model, &body).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.message());
        let choice = reply.json()["choices"][0].clone();
        assert_eq!(choice[reason], "tool_calls", "{model}");
        let calls = choice["message"]["tool_calls"].as_array().unwrap().clone();
        let arguments =
            |call: &Value| serde_json::from_str::<Value>(call["function"]["arguments"].as_str().unwrap()).unwrap();
        let cities: Vec<Value> = calls.iter().map(arguments).collect();
        assert_eq!(cities, [json!({"city": "Paris"}), json!({"city": "Zürich"})]);
        if reason == "stop_reason" {
            assert_eq!(calls[0]["id"].as_str().unwrap().len(), 9);
        }

        let mut streamed: Vec<(String, String)> = Vec::new();
        for chunk in stream(&bedrock, model, &body).await.events() {
            for call in chunk["choices"][0][at]["tool_calls"].as_array().into_iter().flatten() {
                if let Some(id) = call["id"].as_str() {
                    streamed.push((id.to_owned(), String::new()));
                }
                streamed.last_mut().unwrap().1.push_str(call["function"]["arguments"].as_str().unwrap());
            }
        }
        let whole: Vec<(String, String)> =
            calls.iter().map(|call| (string(&call["id"]), string(&call["function"]["arguments"]))).collect();
        assert_eq!(streamed, whole, "{model}");

        let mut messages = vec![question, json!({"role": "assistant", "content": "", "tool_calls": calls})];
        messages.push(json!({"role": "tool", "tool_call_id": calls[0]["id"], "content": "sun"}));
        body["messages"] = messages.clone().into();
        // A missing result is refused in the next turn.
        body["messages"].as_array_mut().unwrap().push(json!({"role": "user", "content": "and?"}));
        let reply = invoke(&bedrock, model, &body).await;
        assert!(reply.message().contains("did not have response messages"), "{model}: {}", reply.message());
        messages.push(json!({"role": "tool", "tool_call_id": calls[1]["id"], "content": "rain"}));
        body["messages"] = messages.into();
        let text = content(&invoke(&bedrock, model, &body).await.json());
        assert!(
            text.ends_with("The tool get_weather answered: sun\nThe tool get_weather answered: rain"),
            "{model}: {text}"
        );
    }
}

#[tokio::test]
async fn chat_completions_tools_schemas_and_log_probabilities() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let model = "openai.gpt-oss-120b-1%3A0";
    let ask = |parts: Value| {
        let mut body = json!({"messages": [{"role": "user", "content": "Tell me a joke"}]});
        body.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
        body
    };
    let forced =
        json!({"tools": [function()], "tool_choice": {"type": "function", "function": {"name": "get_weather"}}});
    let reply = invoke(&bedrock, model, &ask(forced)).await.json();
    assert_eq!(reply["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "get_weather");
    let schema = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "j", "schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}}});
    let text = content(&invoke(&bedrock, model, &ask(schema)).await.json());
    let (reasoning, json) = text.split_once("</reasoning>").unwrap();
    assert!(reasoning.starts_with("<reasoning>") && json == r#"{"n":1}"#, "{text}");
    let reply = invoke(&bedrock, model, &ask(json!({"logprobs": true, "top_logprobs": 1}))).await.json();
    let tokens = reply["choices"][0]["logprobs"]["content"].as_array().unwrap();
    let joined: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
    assert_eq!(joined, content(&reply));
    assert_eq!(tokens[0]["top_logprobs"].as_array().unwrap().len(), 1);
    assert!(reply["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn command_r_tool_call_documents_and_stream_events() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let model = "cohere.command-r-plus-v1%3A0";
    let tools = json!([{"name": "get_weather", "description": "d", "parameter_definitions": {"city": {"type": "str", "required": true}, "days": {"type": "List[int]", "required": true}}}]);
    let body = json!({"message": "Weather in Paris?", "tools": tools});
    let reply = invoke(&bedrock, model, &body).await.json();
    let calls = json!([{"name": "get_weather", "parameters": {"city": "Paris", "days": [1]}}]);
    assert_eq!(reply["tool_calls"], calls);
    assert_eq!(reply["chat_history"][0], json!({"role": "USER", "message": "Weather in Paris?"}));
    let events = stream(&bedrock, model, &body).await.events();
    let kinds: Vec<&str> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(
        (kinds[0], kinds[kinds.len() - 2], kinds[kinds.len() - 1]),
        ("stream-start", "tool-calls-generation", "stream-end")
    );
    assert_eq!(events.last().unwrap()["response"], reply);

    let results = json!([{"call": calls[0], "outputs": [{"sky": "blue"}]}]);
    let body = json!({"message": "Weather in Paris?", "tools": tools, "tool_results": results});
    let reply = invoke(&bedrock, model, &body).await.json();
    assert_eq!(reply["text"], r#"The tool get_weather answered: {"sky":"blue"}"#);

    let body = json!({"message": "Cite", "documents": [{"title": "T", "snippet": "S"}], "search_queries_only": true, "return_prompt": true});
    let reply = invoke(&bedrock, model, &body).await.json();
    assert_eq!(reply["citations"][0]["document_ids"], json!(["doc_0"]));
    assert!(reply["search_queries"][0]["text"].is_string() && reply["prompt"].is_string());
}

#[tokio::test]
async fn command_text_stream_needs_the_body_field() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let body = json!({"prompt": "Hi", "max_tokens": 50});
    let events = stream(&bedrock, "cohere.command-text-v14", &body).await.events();
    assert_eq!(events.len(), 1);
    assert!(events[0]["generations"][0]["text"].is_string());
}

#[tokio::test]
async fn nova_stream_has_converse_events_in_chunks() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let tools = json!({"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}}}}}]});
    let body = json!({"messages": [{"role": "user", "content": [{"text": "Weather in Paris?"}]}], "toolConfig": tools});
    let reply = invoke(&bedrock, "us.amazon.nova-pro-v1%3A0", &body).await.json();
    assert_eq!(reply["output"]["message"]["content"][1]["toolUse"]["input"], json!({"city": "Paris"}));
    let events = stream(&bedrock, "us.amazon.nova-pro-v1%3A0", &body).await.events();
    assert_eq!(events[0], json!({"messageStart": {"role": "assistant"}}));
    assert!(events.last().unwrap()["metadata"]["usage"]["totalTokens"].is_u64());
}
