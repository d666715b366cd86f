//! Thinking options, and reasoning in the history.

use super::*;

#[tokio::test]
async fn thinking_types_are_refused_by_model() {
    let thinking = |kind: Value| claude(json!({"thinking": kind}));
    let over_converse = |kind: Value| {
        converse(json!({"inferenceConfig": {"maxTokens": 4000}, "additionalModelRequestFields": {"thinking": kind}}))
    };
    let adaptive = || json!({"type": "adaptive", "display": "summarized"});
    let budget = || json!({"type": "enabled", "budget_tokens": 1024});
    let disabled = || json!({"type": "disabled"});
    let no_adaptive = Some("adaptive thinking is not supported on this model");
    let no_budget = Some("\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\"");
    let no_disabled = Some("\"thinking.type.disabled\" is not supported for this model.");
    check(vec![
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "invoke", thinking(adaptive()), no_adaptive),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "converse", over_converse(adaptive()), no_adaptive),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "invoke", thinking(adaptive()), no_adaptive),
        ("us.anthropic.claude-sonnet-4-6", "invoke", thinking(adaptive()), None),
        ("us.anthropic.claude-opus-4-8", "converse", over_converse(adaptive()), None),
        ("us.anthropic.claude-opus-4-7", "invoke", thinking(budget()), no_budget),
        ("us.anthropic.claude-opus-5", "converse", over_converse(budget()), no_budget),
        ("us.anthropic.claude-sonnet-4-6", "invoke", thinking(budget()), None),
        ("us.anthropic.claude-sonnet-5-5", "invoke", thinking(disabled()), no_disabled),
        ("us.anthropic.claude-sonnet-5-5", "converse", over_converse(disabled()), no_disabled),
        ("us.anthropic.claude-sonnet-5-5", "invoke", thinking(json!({"type": "between_tools"})), None),
        ("us.anthropic.claude-sonnet-5", "invoke", thinking(disabled()), None),
    ])
    .await;
    let of = |effort: &str| claude(json!({"output_config": {"effort": effort}}));
    let effort = || of("high");
    let no_effort = Some("This model does not support the effort parameter.");
    check(vec![
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "invoke", effort(), no_effort),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "invoke", effort(), no_effort),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "invoke", effort(), None),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "invoke", of("max"), Some("'low', 'medium' or 'high'")),
        ("us.anthropic.claude-sonnet-4-6", "invoke", effort(), None),
        ("us.anthropic.claude-sonnet-4-6", "invoke", of("xhigh"), Some("'low', 'medium', 'high' or 'max'")),
        ("us.anthropic.claude-opus-4-7", "invoke", of("xhigh"), None),
    ])
    .await;
}

fn history(reasoning: Value) -> Value {
    let blocks = json!([{"reasoningContent": reasoning}, {"text": "Hello."}]);
    json!({"messages": [user(json!([{"text": "Hi"}])), assistant(blocks), user(json!([{"text": "And?"}]))]})
}

#[tokio::test]
async fn reasoning_signed_by_another_family_is_refused() {
    let signed = || history(json!({"reasoningText": {"text": "Hm.", "signature": "EqQBCgIYAg=="}}));
    let plain = || history(json!({"reasoningText": {"text": "Hm."}}));
    let redacted = || history(json!({"redactedContent": "EqQBCgIYAg=="}));
    let signature = Some(
        "This model doesn't support the reasoningContent.reasoningText.signature field. Remove reasoningContent.reasoningText.signature and try again.",
    );
    let none =
        Some("User messages cannot contain reasoning content. Please remove the reasoning content and try again.");
    for model in ["openai.gpt-oss-120b-1:0", "deepseek.v3-v1:0", "qwen.qwen3-32b-v1:0"] {
        check(vec![
            (model, "converse", signed(), signature),
            (model, "converse", redacted(), Some("doesn't support the reasoningContent.redactedContent field")),
            (model, "converse", plain(), None),
        ])
        .await;
    }
    let others = [
        "us.amazon.nova-2-lite-v1:0",
        "us.deepseek.r1-v1:0",
        "us.meta.llama4-scout-17b-instruct-v1:0",
        "mistral.mistral-large-2402-v1:0",
    ];
    for model in others {
        check(vec![
            (model, "converse", signed(), none),
            (model, "converse", plain(), none),
            (model, "converse", redacted(), none),
        ])
        .await;
    }
    let words = Some("Invalid `signature` in `thinking` block");
    check(vec![("us.anthropic.claude-sonnet-4-6", "converse", signed(), words)]).await;
    let nova = json!({"messages": signed()["messages"], "schemaVersion": "messages-v1"});
    check(vec![("us.amazon.nova-2-lite-v1:0", "invoke", nova, none)]).await;
}

#[tokio::test]
async fn turns_that_end_in_thinking_are_refused() {
    let bedrock = LocalBedrock::builder()
        .trust_thinking("Hm.", "recorded")
        .trust_redacted_thinking("cmVjb3JkZWQ=")
        .start()
        .await
        .unwrap();
    let model = "us.anthropic.claude-sonnet-4-6";
    let thought = json!({"type": "thinking", "thinking": "Hm.", "signature": "recorded"});
    let redacted = json!({"type": "redacted_thinking", "data": "cmVjb3JkZWQ="});
    let text = json!({"type": "text", "text": "Hello."});
    let last = "The final block in an assistant message cannot be `thinking`.";
    let off = "When thinking is disabled, an `assistant` message in the final position cannot contain `thinking`.";
    let ask = user(json!("Hi"));
    let over = json!({"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "recorded"}}});
    let native = |turns: Value| ("invoke", claude(json!({"messages": turns})));
    let on = |turns: Value| ("invoke", claude(json!({"messages": turns, "thinking": {"type": "adaptive"}})));
    let spoken = |text: &str| json!([{"text": text}]);
    let cases = [
        (native(json!([ask, assistant(json!([thought])), ask])), Some(last)),
        (native(json!([ask, assistant(json!([text, redacted])), ask])), Some(last)),
        (native(json!([ask, assistant(json!([thought, text])), ask])), None),
        (native(json!([ask, assistant(json!([redacted, text])), ask])), None),
        (native(json!([ask, assistant(json!([thought, text]))])), Some(off)),
        (on(json!([ask, assistant(json!([thought, text]))])), None),
        (on(json!([ask, assistant(json!([thought]))])), Some(last)),
        (
            ("converse", json!({"messages": [user(spoken("Hi")), assistant(json!([over])), user(spoken("And?"))]})),
            Some(last),
        ),
        (("converse", json!({"messages": [user(spoken("Hi")), assistant(json!([over, {"text": "a"}]))]})), Some(off)),
    ];
    for ((operation, body), words) in cases {
        let reply = send(&bedrock, model, operation, &body).await;
        assert_eq!(reply.status == 200, words.is_none(), "{} for {body}", reply.message());
        assert!(words.is_none_or(|words| reply.message().contains(words)), "{} for {body}", reply.message());
    }
    // A changed text does not match its signature.
    let forged = json!({"type": "thinking", "thinking": "Hm!", "signature": "recorded"});
    let body = claude(json!({"messages": [ask, assistant(json!([forged, text])), ask]}));
    assert!(send(&bedrock, model, "invoke", &body).await.message().contains("Invalid `signature`"));
}
