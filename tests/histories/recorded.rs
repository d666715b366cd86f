//! The replies in the conformance data, and hand-written replies of kinds that were not recorded.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{Api, BedrockChat, Credentials};
use serde_json::{Value, json};

/// A recorded reply, with its model and API.
pub(crate) struct Recorded {
    model: String,
    family: Option<String>,
    api: Api,
    streams: bool,
    content_type: String,
    body: Vec<u8>,
}

/// Returns the recorded replies that are messages.
pub(crate) fn replies() -> Vec<Recorded> {
    let files = [
        include_str!("../conformance/data/invoke.jsonl"),
        include_str!("../conformance/data/invoke-stream.jsonl"),
        include_str!("../conformance/data/converse.jsonl"),
        include_str!("../conformance/data/converse-stream.jsonl"),
        include_str!("../conformance/data/siblings.jsonl"),
    ];
    let lines = files.into_iter().flat_map(str::lines);
    let recorded = lines.filter_map(|line| recorded(&serde_json::from_str(line).unwrap()));
    recorded.chain(rare()).collect()
}

fn recorded(case: &Value) -> Option<Recorded> {
    let response = case.get("response").filter(|response| response["status"] == 200)?;
    let body = match (response.get("body"), response["body_text"].as_str()) {
        (Some(body), _) => body.to_string().into_bytes(),
        (None, Some(text)) => text.as_bytes().to_vec(),
        (None, None) => aws_smithy_types::base64::decode(response["body_base64"].as_str()?).unwrap(),
    };
    let content_type = response["content_type"].as_str()?.to_owned();
    let option = |key: &str| case["options"][key].as_str().map(str::to_owned);
    let api = case["api"].as_str().unwrap();
    Some(Recorded {
        model: option("application_inference_profile").unwrap_or(case["model"].as_str()?.to_owned()),
        family: option("base_model_id")
            .or_else(|| option("provider"))
            .or_else(|| option("application_inference_profile").and(case["model"].as_str().map(str::to_owned))),
        api: if api.starts_with("converse") { Api::Converse } else { Api::Invoke },
        streams: content_type.contains("eventstream"),
        content_type,
        body,
    })
}

/// Returns replies that were not recorded: server tools, compaction, paused turns, refusals.
fn rare() -> Vec<Recorded> {
    let text = json!({"type": "text", "text": "Here it is."});
    let searched =
        json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "a"}});
    let found = json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
        {"type": "web_search_result", "url": "https://example.com", "title": "A", "encrypted_content": "x", "page_age": null}]});
    let compacted = json!({"type": "compaction", "content": "The user said hello."});
    let called = json!({"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}});
    let replies = [
        (json!([searched, found, text]), "end_turn"),
        (json!([searched]), "pause_turn"),
        (json!([compacted, text]), "end_turn"),
        (json!([compacted]), "compaction"),
        (json!([compacted, called]), "tool_use"),
        (json!([]), "refusal"),
        (json!([{"type": "text", "text": ""}]), "refusal"),
        (json!([{"type": "needle", "future": true}, text]), "end_turn"),
    ];
    let reply = |(content, stop): (Value, &str)| Recorded {
        model: "us.anthropic.claude-sonnet-4-6".into(),
        family: None,
        api: Api::Invoke,
        streams: false,
        content_type: "application/json".into(),
        body: json!({"type": "message", "role": "assistant", "content": content, "stop_reason": stop})
            .to_string()
            .into_bytes(),
    };
    replies.into_iter().map(reply).collect()
}

/// Returns a chat that receives the recorded reply, the reply's origin, and whether it is a stream.
pub(crate) fn chat(recorded: &Recorded) -> (BedrockChat, String, bool) {
    let reply = Reply::new(200, &recorded.content_type, recorded.body.clone());
    let mut builder = BedrockChat::builder(&recorded.model)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .retry(bedrock_chat::RetryPolicy::never())
        .api(recorded.api)
        .transport(MemoryTransport::new([reply]));
    if let Some(family) = &recorded.family {
        builder = builder.family(family);
    }
    (builder.build().unwrap(), format!("{} {:?}", recorded.model, recorded.api), recorded.streams)
}
