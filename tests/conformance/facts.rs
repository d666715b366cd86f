//! The facts in a client's message, independent of the client's own form.

use std::fmt;

use serde_json::{Map, Value, json};

/// One fact in a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    /// All text, joined.
    Text(String),
    Thinking {
        text: String,
        signature: Option<String>,
    },
    Redacted(String),
    /// `{id, name, args}`.
    ToolCall(Value),
    /// A call that cannot be run: `{id, name}`.
    InvalidToolCall(Value),
    Citation(Value),
    /// A block of a type that the client does not interpret.
    Block(Value),
    /// The kinds of the blocks, in order.
    Order(Vec<&'static str>),
    /// The provider's stop reason.
    Stop(String),
    StopSequence(String),
    Usage(&'static str, u64),
    Id(String),
    Model(String),
    RequestId(String),
    Metadata(String, Value),
    /// The value of structured output.
    Structured(Value),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::diff::short(&format!("{self:?}")))
    }
}

/// The facts in a client's message.
pub(crate) fn of(tag: &str, parsed: &Value) -> Vec<Fact> {
    let mut facts = Facts::default();
    match parsed {
        Value::String(text) => facts.text.push_str(text),
        parsed if parsed.get("raw").is_some() => {
            facts.of_langchain(&parsed["raw"]);
            facts.add_if(Fact::Structured, Some(&parsed["structured"]).filter(|value| !value.is_null()).cloned());
        }
        parsed if tag == "aisdk" => facts.of_ai_sdk(parsed),
        parsed if tag == "anthsdk" => facts.of_anthropic(parsed),
        parsed => facts.of_langchain(parsed),
    }
    facts.finish()
}

#[derive(Default)]
struct Facts {
    facts: Vec<Fact>,
    text: String,
    order: Vec<&'static str>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Whether a value is null or empty.
fn is_empty(value: &Value) -> bool {
    [json!(null), json!(""), json!([]), json!({})].contains(value)
}

/// Bytes in the form of the recordings of Python's clients, or text.
fn bytes(value: &Value) -> Option<String> {
    text(value).or_else(|| text(&value["$bytes_base64"]))
}

impl Facts {
    fn finish(mut self) -> Vec<Fact> {
        if !self.text.is_empty() {
            self.facts.push(Fact::Text(self.text));
        }
        self.order.dedup();
        if self.order.len() > 1 {
            self.facts.push(Fact::Order(self.order));
        }
        self.facts
    }

    fn add_if<T>(&mut self, fact: impl Fn(T) -> Fact, value: Option<T>) {
        self.facts.extend(value.map(fact));
    }

    fn add_text(&mut self, more: &str) {
        if !more.is_empty() {
            self.text.push_str(more);
            self.order.push("text");
        }
    }

    fn add_thinking(&mut self, thinking: &Value, signature: &Value) {
        let fact = Fact::Thinking { text: text(thinking).unwrap_or_default(), signature: text(signature) };
        self.facts.push(fact);
        self.order.push("thinking");
    }

    fn add_redacted(&mut self, data: Option<String>) {
        self.order.push("redacted");
        self.add_if(Fact::Redacted, data);
    }

    fn add_call(&mut self, id: &Value, name: &Value, args: &Value) {
        // Some clients make such a call of the deltas of an unknown block.
        if id.is_null() && text(name).is_none() {
            return;
        }
        self.facts.push(Fact::ToolCall(json!({"id": id, "name": name, "args": args})));
    }

    fn add_counts(&mut self, counts: &Value, names: &[(&str, &'static str)]) {
        for (theirs, ours) in names {
            self.add_if(|count| Fact::Usage(ours, count), counts[*theirs].as_u64());
        }
    }

    // ---- LangChain, in Python and JavaScript -----------------------------------------------------

    fn of_langchain(&mut self, message: &Value) {
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
        // Python's client counts each token once: those with a known time to live are not in the sum.
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
    fn block(&mut self, block: &Value) {
        match block["type"].as_str().unwrap_or_default() {
            "" if block.is_string() => self.add_text(block.as_str().unwrap_or_default()),
            "text" | "text_delta" => {
                self.add_text(block["text"].as_str().unwrap_or_default());
                self.facts.extend(block["citations"].as_array().into_iter().flatten().cloned().map(Fact::Citation));
            }
            // Complete calls are in `tool_calls`.
            "tool_use" if block.get("id").is_some() => self.order.push("tool"),
            "tool_use" => {}
            "input_json_delta" => {}
            "thinking" => self.add_thinking(&block["thinking"], &block["signature"]),
            "redacted_thinking" => self.add_redacted(text(&block["data"])),
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
    fn metadata(&mut self, key: &str, value: &Value) {
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
            // About the client or the call, not from the service.
            "type" | "role" | "object" | "model_id" | "model_provider" | "model_name" => {}
            "messageStart" | "contentBlockStart" | "contentBlockDelta" | "contentBlockStop" => {}
            // Python's clients use their own names; `usage_metadata` has the same counts.
            "usage" if value.get("prompt_tokens").is_some() && value.get("cache_write_input_tokens").is_some() => {}
            "ResponseMetadata" => self.add_if(Fact::RequestId, text(&value["RequestId"])),
            "$metadata" => self.add_if(Fact::RequestId, text(&value["requestId"])),
            // JavaScript's clients keep whole stream events; their text is in the message.
            "messageStop" | "metadata" | "response" => {
                for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "text") {
                    self.metadata(key, value);
                }
            }
            // Python's client makes a list of it, so that two can be concatenated.
            "metrics" if value["latencyMs"].is_array() => {
                let metrics = json!({"latencyMs": value["latencyMs"][0]});
                self.facts.push(Fact::Metadata(key.into(), metrics));
            }
            _ => self.facts.push(Fact::Metadata(key.into(), value.clone())),
        }
    }

    // ---- Vercel's AI SDK -------------------------------------------------------------------------

    fn of_ai_sdk(&mut self, result: &Value) {
        for part in result["content"].as_array().into_iter().flatten() {
            let about = &part["providerMetadata"]["bedrock"];
            match part["type"].as_str().unwrap_or_default() {
                "text" => self.add_text(part["text"].as_str().unwrap_or_default()),
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
        for (key, value) in result["providerMetadata"]["bedrock"].as_object().into_iter().flatten() {
            match key.as_str() {
                "stopSequence" => self.add_if(Fact::StopSequence, text(value)),
                _ if is_empty(value) => {}
                _ => self.facts.push(Fact::Metadata(key.clone(), value.clone())),
            }
        }
    }

    // ---- Anthropic's SDK -------------------------------------------------------------------------

    fn of_anthropic(&mut self, message: &Value) {
        for block in message["content"].as_array().into_iter().flatten() {
            self.block(block);
            if block["type"] == "tool_use" {
                self.add_call(&block["id"], &block["name"], &block["input"]);
            }
        }
        for (key, value) in message.as_object().into_iter().flatten() {
            if key != "content" {
                self.metadata(key, value);
            }
        }
    }
}

/// The message that the events of Anthropic's SDK add up to. The recordings do not have it.
pub(crate) fn message_of_events(events: &Value) -> Value {
    let mut message = Map::new();
    let mut blocks: Vec<Value> = Vec::new();
    for event in events.as_array().into_iter().flatten() {
        let index = usize::try_from(event["index"].as_u64().unwrap_or(0)).unwrap();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => message.extend(event["message"].as_object().cloned().unwrap_or_default()),
            "content_block_start" => blocks.push(event["content_block"].clone()),
            "content_block_delta" => {
                let delta = &event["delta"];
                let (from, to) = match delta["type"].as_str().unwrap_or_default() {
                    "text_delta" => ("text", "text"),
                    "thinking_delta" => ("thinking", "thinking"),
                    "signature_delta" => ("signature", "signature"),
                    "input_json_delta" => ("partial_json", "partial_json"),
                    _ => continue,
                };
                let Some(block) = blocks.get_mut(index) else { continue };
                let whole =
                    block[to].as_str().unwrap_or_default().to_owned() + delta[from].as_str().unwrap_or_default();
                block[to] = json!(whole);
            }
            "message_delta" => {
                message.extend(event["delta"].as_object().cloned().unwrap_or_default());
                if let (Some(usage), Some(more)) =
                    (message.get_mut("usage").and_then(Value::as_object_mut), event["usage"].as_object())
                {
                    usage.extend(more.clone());
                }
            }
            _ => {}
        }
    }
    for block in &mut blocks {
        let json = block.as_object_mut().and_then(|block| block.remove("partial_json"));
        if let Some(input) = json.and_then(|json| serde_json::from_str::<Value>(json.as_str()?).ok()) {
            block["input"] = input;
        }
    }
    message.insert("content".into(), json!(blocks));
    Value::Object(message)
}
