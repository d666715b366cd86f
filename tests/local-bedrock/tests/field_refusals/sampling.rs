//! `temperature`, `top_p` and `top_k` on newer Claude models.

use super::*;

#[tokio::test]
async fn sampling_is_refused_from_claude_opus_4_7_on() {
    let turn = || json!([user(json!([{"type": "text", "text": "Hi"}]))]);
    let native = |key: &str, value: f64| {
        let value = if key == "top_k" { json!(5) } else { json!(value) };
        let mut body = claude(json!({"messages": turn()}));
        body[key] = value;
        body
    };
    let converse = |temperature: f64| json!({"messages": [user(json!([{"text": "Hi"}]))], "inferenceConfig": {"temperature": temperature}});
    let (temperature, top_p) = ("`temperature` is deprecated for this model.", "`top_p` is deprecated for this model.");
    let top_k = "`top_k` is deprecated for this model.";
    for model in ["us.anthropic.claude-opus-4-7", "us.anthropic.claude-sonnet-5"] {
        check(vec![
            (model, "invoke", native("temperature", 0.5), Some(temperature)),
            (model, "invoke", native("temperature", 1.0), None),
            (model, "invoke", native("top_p", 0.9), Some(top_p)),
            (model, "invoke", native("top_k", 0.0), Some(top_k)),
            (model, "converse", converse(0.5), Some(temperature)),
            (model, "converse", converse(1.0), None),
        ])
        .await;
    }
    check(vec![("us.anthropic.claude-opus-4-6-v1", "invoke", native("temperature", 0.5), None)]).await;
}
