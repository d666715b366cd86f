//! Members that clients of OpenAI's APIs send by default, for every family.

use super::*;

/// Models of the families whose requests are translated.
const MODELS: &[&str] = &[
    CLAUDE,
    NOVA,
    "us.anthropic.claude-opus-4-8",
    "amazon.titan-text-premier-v1:0",
    "us.meta.llama3-3-70b-instruct-v1:0",
    "us.meta.llama4-maverick-17b-instruct-v1:0",
    "us.deepseek.r1-v1:0",
    "deepseek.v3-v1:0",
    "mistral.mistral-large-2402-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "cohere.command-r-plus-v1:0",
    "ai21.jamba-1-5-large-v1:0",
    "us.writer.palmyra-x5-v1:0",
    "qwen.qwen3-vl-235b-a22b",
    "moonshotai.kimi-k2.5",
    "minimax.minimax-m2",
    "zai.glm-4.7",
    "nvidia.nemotron-nano-9b-v2",
    "google.gemma-3-27b-it",
];

/// Sends a request with members to each model. Returns what was refused, with the error, and what was removed.
async fn sent(path: &str, base: &Value, members: &Value) -> Vec<String> {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let gateway = gateway(local(&bedrock), open());
    let mut problems = Vec::new();
    for model in MODELS {
        let mut given = base.clone();
        given["model"] = json!(model);
        given.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let response = gateway.handle(post(path, &given)).await;
        let removed = response.headers.get("x-gateway-removed").unwrap_or_default().to_owned();
        let (status, text) = text(response).await;
        if status != 200 || !removed.is_empty() {
            let shown: String = text.chars().take(if status == 200 { 0 } else { 300 }).collect();
            problems.push(format!("{model}: {status} {removed} {shown}"));
        }
    }
    problems
}

#[tokio::test]
async fn chat_defaults_of_clients_are_accepted_by_every_family() {
    let base = json!({"messages": [{"role": "user", "content": "Hello?"}]});
    // The API's defaults, as OpenAI's SDKs, ChatOpenAI, LiteLLM, Open WebUI and LobeChat write them.
    let members = json!({
        "n": 1, "stream": false, "temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0.0,
        "logprobs": false, "top_logprobs": null, "logit_bias": {}, "seed": null, "stop": null, "max_tokens": null,
        "stream_options": null, "response_format": {"type": "text"}, "modalities": ["text"], "audio": null,
        "functions": [], "function_call": "none", "store": false, "service_tier": "auto", "verbosity": "medium",
        "metadata": {}, "prediction": null, "reasoning_effort": null, "web_search_options": null, "user": null,
    });
    assert_eq!(sent("/v1/chat/completions", &base, &members).await, [""; 0]);
    // The same for a request with a tool: only models without tools refuse it.
    let tool =
        json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}});
    let tools = json!({"tools": [tool], "tool_choice": "auto", "parallel_tool_calls": true, "function_call": "auto"});
    let refused = sent("/v1/chat/completions", &base, &tools).await;
    let refusal = r#": 400  {"error":{"message":"This model doesn't support tool use"#;
    let without: Vec<&str> = refused.iter().map(|line| line.split(refusal).next().unwrap()).collect();
    let expected = ["amazon.titan-text-premier-v1:0", "us.deepseek.r1-v1:0", "mistral.mistral-7b-instruct-v0:2"];
    assert_eq!(without, expected, "{refused:#?}");
    // Agents set these for every model. The parts that a model lacks are named in a header.
    let agents = json!({"tools": [tool], "parallel_tool_calls": false, "temperature": 1.5});
    let refused = sent("/v1/chat/completions", &base, &agents).await;
    let refused: Vec<&str> = refused.iter().map(String::as_str).filter(|line| line.contains(": 400")).collect();
    let refusal = "This model doesn't support tool use";
    assert!(refused.iter().all(|line| line.contains(refusal)), "{refused:#?}");
    assert_eq!(refused.len(), expected.len());
}

#[tokio::test]
async fn responses_defaults_of_clients_are_accepted_by_every_family() {
    let members = json!({
        "stream": false, "store": false, "temperature": 1, "top_p": 1, "tool_choice": "auto", "tools": [],
        "parallel_tool_calls": true, "truncation": "disabled", "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "reasoning": {"effort": null, "summary": null}, "top_logprobs": 0, "background": false, "service_tier": "auto",
        "include": [], "metadata": {}, "previous_response_id": null, "conversation": null, "max_output_tokens": null,
        "max_tool_calls": null, "instructions": null, "prompt": null, "user": null, "stream_options": null,
    });
    assert_eq!(sent("/v1/responses", &json!({"input": "Hello?"}), &members).await, [""; 0]);
}

#[tokio::test]
async fn chat_seed_and_penalties_reach_models_that_have_them() {
    let base = json!({"messages": [{"role": "user", "content": "Hello?"}]});
    let seed = sent("/v1/chat/completions", &base, &json!({"seed": 7})).await;
    let without: Vec<&str> = seed.iter().map(|line| line.split(": 200 seed").next().unwrap()).collect();
    let lack = |prefixes: &[&str]| -> Vec<&str> {
        MODELS.iter().copied().filter(|model| prefixes.iter().any(|prefix| model.contains(prefix))).collect()
    };
    let foreign = ["anthropic.", "amazon.", "meta.", "deepseek.r1", "mistral."];
    assert_eq!(without, lack(&[&foreign[..], &["ai21."]].concat()), "{seed:#?}");
    for penalty in ["presence_penalty", "frequency_penalty"] {
        let refused = sent("/v1/chat/completions", &base, &json!({ penalty: 0.5 })).await;
        assert!(refused.iter().all(|line| line.contains(": 400") && line.contains(penalty)), "{refused:#?}");
        let without: Vec<&str> = refused.iter().map(|line| line.split(": 400").next().unwrap()).collect();
        assert_eq!(without, lack(&foreign));
    }
    // Over Converse, they are additional fields.
    let transport = MemoryTransport::new([super::converse()]);
    let given =
        json!({"model": "qwen.qwen3-32b-v1:0", "messages": base["messages"], "seed": 7, "presence_penalty": 0.5});
    assert_eq!(answer(&gateway(prepared(&transport), open()), post("/v1/chat/completions", &given)).await.0, 200);
    let sent: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
    assert_eq!(sent["additionalModelRequestFields"], json!({"seed": 7, "presence_penalty": 0.5}));
}
