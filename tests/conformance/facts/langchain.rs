//! Messages of LangChain's clients, in Python and JavaScript.

use serde_json::{Value, json};

use super::{Fact, Facts, bytes, is_empty, openai, text};

impl Facts {
    pub(super) fn of_langchain(&mut self, message: &Value) {
        match &message["content"] {
            Value::String(text) => self.text.push_str(text),
            Value::Array(blocks) => blocks.iter().for_each(|block| self.block(block)),
            _ => {}
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            self.add_call(&call["id"], &call["name"], &call["args"]);
        }
        for call in message["invalid_tool_calls"].as_array().into_iter().flatten() {
            self.facts.push(Fact::InvalidToolCall(json!({"id": call["id"], "name": call["name"]})));
        }
        let usage = &message["usage_metadata"];
        self.add_counts(usage, &[("input_tokens", "input"), ("output_tokens", "output"), ("total_tokens", "total")]);
        let details = &usage["input_token_details"];
        let by_ttl =
            [("ephemeral_5m_input_tokens", "cache_creation_5m"), ("ephemeral_1h_input_tokens", "cache_creation_1h")];
        self.add_counts(details, &[("cache_read", "cache_read")]);
        self.add_counts(details, &by_ttl);
        // Python's client counts each token once: tokens with a known time to live are not in the sum.
        let known: u64 = by_ttl.iter().filter_map(|(name, _)| details[*name].as_u64()).sum();
        let sum = details["cache_creation"].as_u64().map(|rest| if rest == 0 { known } else { rest });
        self.add_if(|count| Fact::Usage("cache_creation", count), sum);
        self.add_counts(&usage["output_token_details"], &[("reasoning", "reasoning")]);
        for holder in ["response_metadata", "additional_kwargs"] {
            for (key, value) in message[holder].as_object().into_iter().flatten() {
                self.metadata(key, value);
            }
        }
    }

    /// One LangChain block, in any of its clients' forms.
    pub(super) fn block(&mut self, block: &Value) {
        match block["type"].as_str().unwrap_or_default() {
            "" if block.is_string() => self.add_text(block.as_str().unwrap_or_default()),
            "text" | "text_delta" => {
                self.add_text(block["text"].as_str().unwrap_or_default());
                for key in ["citations", "annotations"] {
                    self.facts.extend(block[key].as_array().into_iter().flatten().cloned().map(Fact::Citation));
                }
            }
            // Complete calls are in `tool_calls`.
            "tool_use" if block.get("id").is_some() => self.order.push("tool"),
            "tool_use" => {}
            "input_json_delta" => {}
            "thinking" => self.add_thinking(&block["thinking"], &block["signature"]),
            "redacted_thinking" => self.add_redacted(text(&block["data"])),
            // Responses' items.
            "reasoning" if block["summary"].is_array() => {
                self.add_reasoning(&openai::reasoning(block), &block["encrypted_content"]);
            }
            "refusal" => self.add_if(Fact::Refusal, text(&block["refusal"])),
            "function_call" => self.order.push("tool"),
            "reasoning" => self.add_thinking(&block["reasoning"], &block["signature"]),
            "reasoning_content" => {
                let inner = block.get("reasoning_content").unwrap_or(block);
                match bytes(&inner["redacted_content"]).or_else(|| bytes(&inner["redactedContent"])) {
                    Some(data) => self.add_redacted(Some(data)),
                    None => {
                        let reasoning = inner.get("reasoningText").unwrap_or(inner);
                        self.add_thinking(&reasoning["text"], &reasoning["signature"]);
                    }
                }
            }
            "citations_content" => {
                let content = &block["citationsContent"];
                for piece in content["content"].as_array().into_iter().flatten() {
                    self.add_text(piece["text"].as_str().unwrap_or_default());
                }
                self.facts.extend(content["citations"].as_array().into_iter().flatten().cloned().map(Fact::Citation));
            }
            _ => self.facts.push(Fact::Block(block.clone())),
        }
    }

    /// One entry of LangChain's `response_metadata` or `additional_kwargs`.
    pub(super) fn metadata(&mut self, key: &str, value: &Value) {
        match key {
            _ if is_empty(value) => {}
            "stop_reason" | "stopReason" | "finish_reason" | "completionReason" => {
                self.add_if(Fact::Stop, text(value));
            }
            "stop_sequence" => self.add_if(Fact::StopSequence, text(value)),
            "id" => self.add_if(Fact::Id, text(value)),
            "model" => self.add_if(Fact::Model, text(value)),
            "thinking" => self.add_thinking(&value["text"], &value["signature"]),
            // Cohere's calls do not have ids.
            "tool_calls" => {
                for call in value.as_array().into_iter().flatten() {
                    self.add_call(&Value::Null, &call["name"], &call["parameters"]);
                }
            }
            "refusal" => self.add_if(Fact::Refusal, text(value)),
            // `usage_metadata` has the same counts.
            "token_usage" => {}
            // Members about the client or the call, which are not from the service.
            "parsed" | "parsed_output" | "__openai_function_call_ids__" => {}
            "type" | "role" | "object" | "model_id" | "model_provider" | "model_name" => {}
            "messageStart" | "contentBlockStart" | "contentBlockDelta" | "contentBlockStop" => {}
            // Python's clients use their own names; `usage_metadata` has the same counts.
            "usage" if value.get("prompt_tokens").is_some() && value.get("cache_write_input_tokens").is_some() => {}
            "ResponseMetadata" => self.add_if(Fact::RequestId, text(&value["RequestId"])),
            "$metadata" => self.add_if(Fact::RequestId, text(&value["requestId"])),
            // JavaScript's clients keep whole stream events; their text is in the message. In OpenAI's replies,
            // `metadata` is the caller's.
            "metadata" if !value["usage"].is_object() => self.facts.push(Fact::Metadata(key.into(), value.clone())),
            "messageStop" | "metadata" | "response" => {
                for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "text") {
                    self.metadata(key, value);
                }
            }
            // Python's client makes a list of the value, so that two lists can be concatenated.
            "metrics" if value["latencyMs"].is_array() => {
                let metrics = json!({"latencyMs": value["latencyMs"][0]});
                self.facts.push(Fact::Metadata(key.into(), metrics));
            }
            _ => self.facts.push(Fact::Metadata(key.into(), value.clone())),
        }
    }
}
