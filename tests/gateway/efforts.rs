//! Efforts of reasoning: every API of the gateway sends the same one to a model.

use super::*;

const EFFORTS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// The efforts that models receive for [`EFFORTS`]. `off` switches reasoning off. `-` means that nothing is sent, and `removed`
/// that the header also says so.
const MODELS: &[(&str, &str)] = &[
    ("us.anthropic.claude-opus-4-8", "off low low medium high xhigh max"),
    (CLAUDE, "off low low medium high high max"),
    ("us.anthropic.claude-opus-4-5-20251101-v1:0", "off low low medium high high high"),
    ("us.amazon.nova-2-lite-v1:0", "off low low medium medium medium medium"),
    ("openai.gpt-oss-120b-1:0", "low low low medium high high high"),
    ("moonshotai.kimi-k2.5", "removed minimal low medium high xhigh max"),
    ("qwen.qwen3-vl-235b-a22b", "- removed removed removed removed removed removed"),
    ("us.meta.llama3-3-70b-instruct-v1:0", "- removed removed removed removed removed removed"),
    ("us.deepseek.r1-v1:0", "- removed removed removed removed removed removed"),
];

/// Returns a request in each API. Anthropic's has an effort next to `thinking`, which switches reasoning off.
fn requests(model: &str, effort: &str) -> [GatewayRequest; 3] {
    let messages = json!([{"role": "user", "content": "Hello?"}]);
    let mut claude = json!({"model": model, "max_tokens": 4000, "messages": messages});
    match effort {
        "none" => claude["thinking"] = json!({"type": "disabled"}),
        effort => claude["output_config"] = json!({"effort": effort}),
    }
    [
        post(
            "/v1/chat/completions",
            &json!({"model": model, "max_tokens": 4000, "messages": messages, "reasoning_effort": effort}),
        ),
        post(
            "/v1/responses",
            &json!({"model": model, "max_output_tokens": 4000, "input": "Hello?", "reasoning": {"effort": effort}}),
        ),
        post("/v1/messages", &claude),
    ]
}

/// Returns the effort in the body of a call, wherever the model's format has it.
fn effort_in(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    let fields = body.get("additionalModelRequestFields").unwrap_or(&body);
    let config = fields.get("reasoningConfig").or_else(|| body.pointer("/inferenceConfig/reasoningConfig"));
    if fields.pointer("/thinking/type").or(config.and_then(|config| config.get("type"))) == Some(&json!("disabled")) {
        return "off".to_owned();
    }
    let places = [
        body.pointer("/output_config/effort"),
        body.pointer("/reasoning/effort"),
        fields.get("reasoning_effort"),
        config.and_then(|config| config.get("maxReasoningEffort")),
    ];
    places.into_iter().flatten().next().map_or("-".to_owned(), |effort| effort.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn efforts_are_the_same_over_every_api() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let gateway = gateway(local(&bedrock), open());
    let mut problems = Vec::new();
    for (model, expected) in MODELS {
        for (effort, expected) in EFFORTS.into_iter().zip(expected.split(' ')) {
            for request in requests(model, effort) {
                let target = request.target.clone();
                let response = gateway.handle(request).await;
                let removed = response.headers.get("x-gateway-removed").unwrap_or_default().to_owned();
                let (status, text) = text(response).await;
                let sent = match effort_in(&bedrock.requests().last().unwrap().body).as_str() {
                    "-" if removed.contains("effort") || removed.contains("thinking") => "removed".to_owned(),
                    sent => sent.to_owned(),
                };
                let is_same = [effort, "off", "-", "removed"].contains(&sent.as_str());
                let is_named = removed.contains(&format!("{effort} (sent as {sent})"));
                if status != 200 || sent != expected || is_named == is_same {
                    problems.push(format!("{model} {effort} {target}: {sent} {status} `{removed}` {text}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
