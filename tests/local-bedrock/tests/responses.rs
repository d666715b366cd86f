//! OpenAI's Responses API on both endpoints: replies, streams, kept responses, refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{Reply, post, post_mantle};

const PATH: &str = "/openai/v1/responses";
const LUNA: &str = "openai.gpt-5.6-luna";

fn hello(more: Value) -> Value {
    let mut body = json!({"model": LUNA, "input": "Hello"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn weather() -> Value {
    json!({"type": "function", "name": "get_weather", "strict": false, "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}})
}

async fn ask(bedrock: &LocalBedrock, more: Value) -> Reply {
    post_mantle(bedrock, PATH, &hello(more)).await
}

fn text(response: &Value) -> String {
    let items = response["output"].as_array().unwrap().iter().filter(|item| item["type"] == "message");
    items.map(|item| item["content"][0]["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn responses_reply_has_the_recorded_members() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = ask(&bedrock, json!({"include": ["reasoning.encrypted_content"], "prompt_cache_key": "k"})).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    let response = reply.json();
    assert_eq!(text(&response), "I am the local Bedrock's echo model. You said: Hello");
    assert_eq!((&response["status"], &response["model"]), (&json!("completed"), &json!(LUNA)));
    let [reasoning, message] = response["output"].as_array().unwrap().as_slice() else { panic!("{response}") };
    assert!(reasoning["encrypted_content"].as_str().unwrap().starts_with("rsn_"), "{reasoning}");
    assert_eq!((&message["phase"], &message["role"]), (&json!("final_answer"), &json!("assistant")));
    let usage = &response["usage"];
    assert!(usage["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0, "{usage}");
    assert!(usage["input_tokens_details"]["cache_write_tokens"].as_u64().unwrap() > 0, "{usage}");
    let again = ask(&bedrock, json!({"prompt_cache_key": "k"})).await.json();
    assert_eq!(again["usage"]["input_tokens_details"]["cache_write_tokens"], 0);
    assert!(again["usage"]["input_tokens_details"]["cached_tokens"].as_u64().unwrap() > 0, "{again}");
    assert_ne!(again["id"], response["id"]);
    for key in ["billing", "prompt_cache_retention", "store", "reasoning", "completed_at", "moderation"] {
        assert!(response.get(key).is_some(), "{key}");
    }
    let open = json!({"model": "openai.gpt-oss-120b", "input": "Hello"});
    let open = post_mantle(&bedrock, "/v1/responses", &open).await.json();
    assert!(open["output"][0]["id"].as_str().unwrap().starts_with("msg_"), "{open}");
    assert_eq!(open["output"][0]["content"][0]["type"], "reasoning_text");
    assert!(open.get("store").is_none() && open["created_at"].is_f64(), "{open}");
}

#[tokio::test]
async fn responses_stream_matches_the_reply_and_the_recorded_order() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let more = json!({"stream": true, "input": "What is the weather in Paris?", "tools": [weather()],
        "reasoning": {"summary": "auto"}});
    let reply = ask(&bedrock, more).await;
    let raw = String::from_utf8(reply.body.clone()).unwrap();
    assert!(raw.starts_with("data: {\"type\":\"response.created\""), "{raw}");
    assert!(raw.contains("\nevent: response.created\n\n") && !raw.contains("[DONE]"), "{raw}");
    let events = reply.sse();
    let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<u64>>());
    assert_eq!(events[1]["type"], "response.in_progress");
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    let output = last["response"]["output"].as_array().unwrap();
    let kinds: Vec<&str> = output.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call"]);
    assert_eq!((&output[1]["phase"], &output[2]["call_id"]), (&json!("commentary"), &json!("call_2")));
    let joined = |name: &str| -> String {
        let deltas = events.iter().filter(|event| event["type"] == format!("response.{name}.delta"));
        deltas
            .inspect(|event| assert!(event.get("obfuscation").is_some()))
            .map(|event| event["delta"].as_str().unwrap())
            .collect()
    };
    assert_eq!(joined("output_text"), output[1]["content"][0]["text"].as_str().unwrap());
    assert_eq!(joined("function_call_arguments"), r#"{"city":"Paris"}"#);
    assert_eq!(joined("reasoning_summary_text"), output[0]["summary"][0]["text"].as_str().unwrap());
    for (index, item) in output.iter().enumerate() {
        let done = events.iter().find(|e| e["type"] == "response.output_item.done" && e["output_index"] == index);
        assert_eq!(done.unwrap()["item"], *item);
    }
    let runtime = json!({"model": "us.openai.gpt-5.6-sol", "input": "Hello", "stream": true});
    let raw = String::from_utf8(post(&bedrock, PATH, &runtime).await.body).unwrap();
    assert!(raw.starts_with("event: response.created\ndata: "), "{raw}");
}

#[tokio::test]
async fn tool_call_results_are_read_and_their_ids_checked() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let question = json!({"role": "user", "content": "What is the weather in Paris?"});
    let include = json!(["reasoning.encrypted_content"]);
    let first = json!({"input": [question], "tools": [weather()], "include": include});
    let output = ask(&bedrock, first).await.json()["output"].as_array().unwrap().clone();
    let result = json!({"type": "function_call_output", "call_id": "call_2", "output": "sunny"});
    let input = [vec![question.clone()], output.clone(), vec![result.clone()]].concat();
    let second = ask(&bedrock, json!({"input": input, "tools": [weather()]})).await;
    assert_eq!(text(&second.json()), "The tool get_weather answered: sunny");

    let refused = async |input: Vec<Value>, part: &str| {
        let reply = ask(&bedrock, json!({"input": input, "tools": [weather()]})).await;
        let (message, ..) = reply.openai_error();
        assert!(reply.status == 400 && message.contains(part), "{message}");
    };
    let [reasoning, message, call] = output.as_slice() else { panic!("{output:?}") };
    refused(vec![question.clone(), call.clone()], "No tool output found for function call call_2").await;
    refused(vec![question.clone(), result.clone()], "No tool call found for function call output").await;
    let twice = vec![question.clone(), call.clone(), result.clone(), call.clone(), result.clone()];
    refused(twice, "Duplicate item found with id fc_").await;
    let mut other = call.clone();
    other["id"] = json!("fc_other");
    refused(vec![question.clone(), call.clone(), result.clone(), other, result], "with call_id call_2").await;
    let mut changed = reasoning.clone();
    changed["encrypted_content"] = json!("rsn_AAAA");
    refused(vec![question.clone(), changed, message.clone()], "could not be verified").await;
    refused(vec![question.clone(), reasoning.clone(), question.clone()], "without its required following item").await;
    let mut unknown = message.clone();
    unknown["id"] = json!("id_1");
    refused(vec![question, unknown], "Expected an ID that begins with 'msg'").await;
}

#[tokio::test]
async fn stored_responses_continue_by_previous_response_id() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let first = ask(&bedrock, json!({"input": "What is the weather in Paris?", "tools": [weather()]})).await.json();
    let result = json!([{"type": "function_call_output", "call_id": "call_2", "output": "sunny"}]);
    let next = |id: &Value| json!({"previous_response_id": id, "input": result, "tools": [weather()]});
    let second = ask(&bedrock, next(&first["id"])).await.json();
    assert_eq!(text(&second), "The tool get_weather answered: sunny");
    assert_eq!(second["previous_response_id"], first["id"]);
    let secret = ask(&bedrock, json!({"store": false})).await.json();
    for id in [&secret["id"], &json!("resp_nothing")] {
        let (message, kind, param, code) = ask(&bedrock, next(id)).await.openai_error();
        assert_eq!(message, format!("Previous response with id '{}' not found.", id.as_str().unwrap()));
        assert_eq!((kind, param), (json!("invalid_request_error"), json!("previous_response_id")));
        assert_eq!(code, "previous_response_not_found");
    }
    let reference = |response: &Value| {
        let item = json!({"type": "item_reference", "id": response["output"][1]["id"]});
        json!({"input": [{"role": "user", "content": "Hi"}, item, {"role": "user", "content": "And now?"}]})
    };
    assert_eq!(ask(&bedrock, reference(&second)).await.status, 200);
    assert_eq!(ask(&bedrock, reference(&secret)).await.status, 404);
}

#[tokio::test]
async fn responses_typed_output_and_forced_tools_are_followed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": false});
    let format = json!({"type": "json_schema", "name": "City", "schema": city, "strict": true});
    let reply = ask(&bedrock, json!({"input": "I am in Paris", "text": {"format": format}})).await.json();
    assert_eq!(text(&reply), r#"{"city":"Paris"}"#);
    let forced = json!({"tools": [weather()], "tool_choice": {"type": "function", "name": "get_weather"}});
    let output = ask(&bedrock, forced).await.json()["output"].clone();
    assert_eq!(output.as_array().unwrap().last().unwrap()["name"], "get_weather");
    let custom = json!({"tools": [{"type": "custom", "name": "python"}], "input": "Run python", "stream": true});
    let events = ask(&bedrock, custom).await.sse();
    let done = events.iter().find(|event| event["type"] == "response.custom_tool_call_input.done").unwrap();
    assert!(done["input"].is_string(), "{done}");
    let search = json!({"tools": [{"type": "web_search"}], "input": "Search for news"});
    let output = ask(&bedrock, search).await.json()["output"].clone();
    assert_eq!(output[1]["type"], "web_search_call");
    assert_eq!(output[2]["content"][0]["annotations"][0]["type"], "url_citation");
    let short = ask(&bedrock, json!({"max_output_tokens": 16})).await.json();
    assert_eq!(short["incomplete_details"], json!({"reason": "max_output_tokens"}));
}

#[tokio::test]
async fn responses_images_and_files_are_described() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let content = |url: &str| {
        json!({"input": [{"role": "user", "content": [
            {"type": "input_text", "text": "Look"},
            {"type": "input_image", "image_url": url, "detail": "auto"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}]}]})
    };
    let said = text(&ask(&bedrock, content("data:image/png;base64,iVBORw0KGgo=")).await.json());
    assert!(
        said.contains("[I received image/png of 8 bytes] [I received application/pdf of 4 bytes named a.pdf]"),
        "{said}"
    );
    let remote = "https://example.com/a.png";
    assert_eq!(ask(&bedrock, content(remote)).await.status, 200);
    let mut body = hello(content(remote));
    body["model"] = json!("us.openai.gpt-5.6-sol");
    let (message, _, param, _) = post(&bedrock, PATH, &body).await.openai_error();
    assert_eq!(param, "input[0].content[1].image_url", "{message}");
    body["input"][0]["content"][1]["image_url"] = json!("s3://bucket/a.png");
    assert_eq!(post(&bedrock, PATH, &body).await.status, 200);
}

#[tokio::test]
async fn responses_refusals_name_the_member() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let strict = json!({"type": "function", "name": "f", "strict": true, "parameters": open});
    let format = json!({"format": {"type": "json_schema", "name": "a b", "schema": open}});
    for (more, part) in [
        (json!({"stop": ["x"]}), "Unknown parameter: 'stop'."),
        (json!({"max_tokens": 5}), "Unknown parameter: 'max_tokens'."),
        (json!({"max_output_tokens": 15}), "Expected a value >= 16, but got 15 instead."),
        (json!({"input": [{"role": "tool", "content": "x"}]}), "Supported values are: 'assistant', 'system'"),
        (json!({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}), "Invalid value: 'text'."),
        (
            json!({"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]}),
            "'output_text' and 'refusal'",
        ),
        (json!({"input": [{"role": "user", "content": "x", "cache": 1}]}), "Unknown parameter: 'input[0].cache'."),
        (json!({"tools": [strict]}), "In context=(), 'additionalProperties' is required"),
        (
            json!({"tools": [{"type": "function", "function": {"name": "f"}}]}),
            "Unknown parameter: 'tools[0].function'.",
        ),
        (json!({"tools": [{"type": "code_interpreter"}]}), "Invalid value: 'code_interpreter'."),
        (json!({"tool_choice": {"type": "function", "name": "g"}}), "not found in 'tools' parameter"),
        (json!({"text": format}), "Invalid 'text.format.name'"),
        (json!({"reasoning": {"effort": "much"}}), "Invalid value: 'much'."),
        (json!({"reasoning": {"summary": "detailed"}}), "Supported values are: 'auto'."),
        (json!({"service_tier": "flex"}), "Supported values are: 'auto' and 'default'."),
        (json!({"metadata": {"a": 1}}), "Invalid type for 'metadata.a'"),
        (json!({"include": ["everything"]}), "Invalid value: 'everything'."),
        (json!({"stream_options": {}}), "only allowed when 'stream' is enabled"),
    ] {
        let reply = ask(&bedrock, more.clone()).await;
        let (message, kind, ..) = reply.openai_error();
        assert_eq!((reply.status, kind), (400, json!("invalid_request_error")), "{more}: {}", reply.json());
        assert!(message.contains(part), "{more}: {message}");
    }
}

#[tokio::test]
async fn endpoints_differ_in_ids_paths_and_signature() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let on_mantle =
        async |path: &str, model: &str| post_mantle(&bedrock, path, &json!({"model": model, "input": "Hi"})).await;
    let wrong = on_mantle("/v1/responses", LUNA).await;
    assert_eq!(wrong.status, 400);
    let (message, kind, param, code) = wrong.openai_error();
    assert_eq!(message, format!("The model '{LUNA}' does not support the '/v1/responses' API"));
    assert_eq!((kind, param, code), (json!("invalid_request_error"), Value::Null, json!("validation_error")));
    let unknown = on_mantle(PATH, "us.openai.gpt-5.6-luna").await;
    assert_eq!((unknown.status, unknown.openai_error().3), (404, json!("model_not_found")));
    let bare = post(&bedrock, PATH, &json!({"model": "openai.gpt-5.6-sol", "input": "Hi"})).await;
    assert_eq!((bare.status, bare.error_type()), (400, "ValidationException"));
    assert!(bare.message().contains("on-demand throughput isn’t supported"), "{}", bare.message());
    let runtime = |more: Value| {
        let mut body = json!({"model": "us.openai.gpt-5.6-sol", "input": "Hi"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    assert_eq!(post(&bedrock, PATH, &runtime(json!({}))).await.status, 200);
    let background = post(&bedrock, PATH, &runtime(json!({"background": true}))).await;
    assert_eq!(background.openai_error().0, "The background parameter is not supported.");
    let search = post(&bedrock, PATH, &runtime(json!({"tools": [{"type": "web_search"}]}))).await;
    assert!(search.openai_error().0.contains("'apply_patch'"), "{}", search.json());
    // A path that only mantle has is refused if the request is signed for the other endpoint.
    let body = json!({"model": "openai.gpt-oss-120b", "input": "Hi"});
    let signed = post(&bedrock, "/v1/responses", &body).await;
    assert_eq!((signed.status, signed.error_type()), (403, "InvalidSignatureException"));
    assert!(signed.message().contains("'bedrock-mantle'"), "{}", signed.message());
}
