//! Results of Vercel's AI SDK.

use serde_json::{Value, json};

use super::{Fact, Facts, is_empty, text};

impl Facts {
    pub(super) fn of_ai_sdk(&mut self, result: &Value) {
        for part in result["content"].as_array().into_iter().flatten() {
            let about = &part["providerMetadata"]["bedrock"];
            let openai = &part["providerMetadata"]["openai"];
            match part["type"].as_str().unwrap_or_default() {
                "text" => self.add_text(part["text"].as_str().unwrap_or_default()),
                "reasoning" if openai.is_object() => {
                    let reasoning = part["text"].as_str().unwrap_or_default();
                    self.add_reasoning(reasoning, &openai["reasoningEncryptedContent"]);
                }
                "reasoning" => match text(&about["redactedContent"]).or_else(|| text(&about["redactedData"])) {
                    Some(data) => self.add_redacted(Some(data)),
                    None => self.add_thinking(&part["text"], &about["signature"]),
                },
                "tool-call" if part["invalid"] == true => {
                    self.order.push("tool");
                    let call = json!({"id": part["toolCallId"], "name": part["toolName"]});
                    self.facts.push(Fact::InvalidToolCall(call));
                }
                "tool-call" => {
                    self.order.push("tool");
                    self.add_call(&part["toolCallId"], &part["toolName"], &part["input"]);
                }
                // The SDK's own error for an invalid call.
                "tool-error" => {}
                _ => self.facts.push(Fact::Block(part.clone())),
            }
        }
        self.add_if(Fact::Stop, text(&result["rawFinishReason"]));
        let usage = &result["usage"];
        self.add_counts(usage, &[("inputTokens", "input"), ("outputTokens", "output"), ("totalTokens", "total")]);
        self.add_counts(
            &usage["inputTokenDetails"],
            &[("cacheReadTokens", "cache_read"), ("cacheWriteTokens", "cache_creation")],
        );
        self.add_counts(&usage["outputTokenDetails"], &[("reasoningTokens", "reasoning")]);
        let openai = &result["providerMetadata"]["openai"];
        self.add_if(Fact::Id, text(&openai["responseId"]));
        self.add_if(|tier| Fact::Metadata("service_tier".into(), json!(tier)), text(&openai["serviceTier"]));
        for (key, value) in result["providerMetadata"]["bedrock"].as_object().into_iter().flatten() {
            match key.as_str() {
                "stopSequence" => self.add_if(Fact::StopSequence, text(value)),
                _ if is_empty(value) => {}
                _ => self.facts.push(Fact::Metadata(key.clone(), value.clone())),
            }
        }
    }
}
