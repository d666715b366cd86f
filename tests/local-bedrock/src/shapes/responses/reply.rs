//! Conversion of the model's answer to a response.

use serde_json::{Value, json};

use super::Settings;
use crate::catalog;
use crate::ids;
use crate::json::put;
use crate::model::{self, Answer, Block, Citation, InputTokens, Stop};

/// An answer with the data that a reply needs.
pub(super) struct Written<'a> {
    pub(super) settings: &'a Settings<'a>,
    pub(super) answer: &'a Answer,
    pub(super) input: InputTokens,
    /// `resp_...`
    pub(super) id: &'a str,
    /// Seconds since 1970.
    pub(super) created: i64,
}

impl Written<'_> {
    /// Returns the response at its end.
    pub(super) fn response(&self) -> Value {
        let (status, reason) = match self.answer.stop {
            Stop::MaxTokens => ("incomplete", Some("max_output_tokens")),
            Stop::Guardrail => ("incomplete", Some("content_filter")),
            _ => ("completed", None),
        };
        let mut response = self.frame(status);
        put(&mut response, "output", self.items());
        put(&mut response, "usage", self.usage());
        if let Some(reason) = reason {
            put(&mut response, "incomplete_details", json!({"reason": reason}));
        }
        if self.settings.is_hosted() && status == "completed" {
            put(&mut response, "completed_at", self.created.saturating_add(1));
        }
        response
    }

    /// Returns the response at its start, without output.
    pub(super) fn started(&self) -> Value {
        let mut response = self.frame("in_progress");
        put(&mut response, "service_tier", "auto");
        response
    }

    /// The response of a request that is answered in the background.
    pub(super) fn queued(&self) -> Value {
        self.frame("queued")
    }

    /// Returns all members except output and usage. OpenAI's hosted models have more members than the open models.
    fn frame(&self, status: &str) -> Value {
        let sent = |key: &str| self.settings.sent.get(key).cloned().unwrap_or(Value::Null);
        let or = |key: &str, default: Value| self.settings.body.get(key).cloned().unwrap_or(default);
        let mut text = or("text", json!({}));
        if text.get("format").is_none() {
            put(&mut text, "format", json!({"type": "text"}));
        }
        if text.get("verbosity").is_none() {
            put(&mut text, "verbosity", "medium");
        }
        let tools = sent("tools");
        let mut response = json!({
            "id": self.id,
            "object": "response",
            "status": status,
            "background": self.settings.flag("background", false),
            "created_at": self.created,
            "error": null,
            "incomplete_details": null,
            "instructions": sent("instructions"),
            "metadata": or("metadata", json!({})),
            "model": self.settings.sent.get("model"),
            "output": [],
            "parallel_tool_calls": self.settings.flag("parallel_tool_calls", true),
            "service_tier": "default",
            "temperature": or("temperature", json!(1.0)),
            "text": text,
            "tool_choice": or("tool_choice", json!("auto")),
            "tools": if tools.is_null() { json!([]) } else { tools },
            "top_p": or("top_p", json!(if catalog::is_gpt(self.settings.model) { 0.98 } else { 1.0 })),
            "truncation": or("truncation", json!("disabled")),
            "usage": null,
        });
        if !self.settings.is_hosted() {
            put(&mut response, "created_at", self.created as f64);
            return response;
        }
        let more = json!({
            "billing": {"payer": "developer"},
            "completed_at": null,
            "frequency_penalty": 0.0,
            "max_output_tokens": sent("max_output_tokens"),
            "max_tool_calls": sent("max_tool_calls"),
            "moderation": null,
            "presence_penalty": 0.0,
            "previous_response_id": sent("previous_response_id"),
            "prompt_cache_key": sent("prompt_cache_key"),
            "prompt_cache_retention": or("prompt_cache_retention", json!("in_memory")),
            "reasoning": {
                "context": "all_turns",
                "effort": self.settings.effort().unwrap_or("none"),
                "summary": self.settings.sent.pointer("/reasoning/summary"),
            },
            "safety_identifier": sent("safety_identifier"),
            "store": self.settings.flag("store", true),
            "top_logprobs": or("top_logprobs", json!(0)),
            "user": sent("user"),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            put(&mut response, key, value.clone());
        }
        response
    }

    fn usage(&self) -> Value {
        let input = self.input.fresh + self.input.read + self.input.written();
        let output = self.answer.output_tokens;
        let mut read = json!({"cached_tokens": self.input.read});
        let mut reasoning = json!({"reasoning_tokens": 0});
        if self.settings.is_hosted() {
            put(&mut read, "cache_write_tokens", self.input.written());
            // Open models do not count their reasoning separately.
            put(&mut reasoning, "reasoning_tokens", self.answer.thinking_tokens);
        }
        json!({
            "input_tokens": input,
            "input_tokens_details": read,
            "output_tokens": output,
            "output_tokens_details": reasoning,
            "total_tokens": input + output,
        })
    }

    /// Returns the output items. A call's id is its position in the output, so the same ids occur in every response.
    pub(super) fn items(&self) -> Vec<Value> {
        let mut items: Vec<Value> = Vec::new();
        let calls_follow = self.answer.blocks.iter().any(|block| matches!(block, Block::Call { .. }));
        let mut texts: Vec<Value> = Vec::new();
        for block in &self.answer.blocks {
            match block {
                Block::Text { text, citation } => texts.push(self.text_part(text, citation.as_ref())),
                other => {
                    self.close_message(&mut texts, &mut items, calls_follow);
                    let index = items.len();
                    items.extend(self.item(other, index));
                }
            }
        }
        self.close_message(&mut texts, &mut items, calls_follow);
        items
    }

    /// The status of the last item, which may be cut off.
    fn status(&self, last: bool) -> &'static str {
        if last && self.answer.stop == Stop::MaxTokens { "incomplete" } else { "completed" }
    }

    fn close_message(&self, texts: &mut Vec<Value>, items: &mut Vec<Value>, calls_follow: bool) {
        if texts.is_empty() {
            return;
        }
        let id = ids::hex(&format!("{} message {}", self.id, items.len()));
        let last = matches!(self.answer.blocks.last(), Some(Block::Text { .. }));
        let hosted = self.settings.is_hosted();
        let mut message = json!({
            "type": "message",
            "id": format!("msg_{}", if hosted { id.as_str() } else { id.get(..16).unwrap_or_default() }),
            "role": "assistant",
            "status": self.status(last),
            "content": std::mem::take(texts),
        });
        if catalog::is_gpt(self.settings.model) {
            put(&mut message, "phase", if calls_follow { "commentary" } else { "final_answer" });
        }
        items.push(message);
    }

    fn text_part(&self, text: &str, citation: Option<&Citation>) -> Value {
        let annotations: Vec<Value> = citation.map(|_| annotation(text)).into_iter().collect();
        let mut part = json!({"type": "output_text", "text": text, "annotations": annotations});
        if self.settings.is_hosted() {
            put(&mut part, "logprobs", self.logprobs(text));
        }
        part
    }

    /// The log probabilities of a text, if they were asked for.
    pub(super) fn logprobs(&self, text: &str) -> Value {
        if !self.includes("message.output_text.logprobs") {
            return json!([]);
        }
        let tokens = model::tokens(text).into_iter();
        let each =
            |token: &str| json!({"token": token, "logprob": -0.25, "bytes": token.as_bytes(), "top_logprobs": []});
        tokens.map(each).collect::<Vec<Value>>().into()
    }

    fn includes(&self, name: &str) -> bool {
        let include = self.settings.body.get("include").and_then(Value::as_array);
        include.is_some_and(|include| include.iter().any(|value| value == name))
    }

    fn item(&self, block: &Block, index: usize) -> Option<Value> {
        let id = ids::hex(&format!("{} item {index}", self.id));
        let last = self.answer.blocks.last().is_some_and(|last| std::ptr::eq(last, block));
        match block {
            Block::Thinking { text, .. } if self.settings.is_hosted() => {
                let id = format!("rs_{id}");
                let summary = match self.settings.body.pointer("/reasoning/summary") {
                    Some(_) => json!([{"type": "summary_text", "text": text}]),
                    None => json!([]),
                };
                let mut item = json!({"type": "reasoning", "id": id, "summary": summary});
                if self.includes("reasoning.encrypted_content") {
                    put(&mut item, "encrypted_content", model::seal_reasoning(&id));
                }
                Some(item)
            }
            // Observed with gpt-oss: the id of a message, and text that is not encrypted.
            Block::Thinking { text, .. } => Some(json!({
                "type": "reasoning",
                "id": format!("msg_{}", id.get(..16).unwrap_or_default()),
                "status": "completed",
                "summary": [],
                "content": [{"type": "reasoning_text", "text": text}],
            })),
            Block::ServiceCall { input, .. } => Some(json!({
                "type": "web_search_call",
                "id": format!("ws_{id}"),
                "status": "completed",
                "action": {"type": "search", "query": input.get("query")},
            })),
            Block::Call { name, input, raw, .. } if self.is_custom(name) => Some(json!({
                "type": "custom_tool_call",
                "id": format!("ctc_{id}"),
                "call_id": format!("call_{index}"),
                "name": name,
                "input": input.get("input").and_then(Value::as_str).unwrap_or(raw),
                "status": self.status(last),
            })),
            Block::Call { name, raw, .. } => Some(json!({
                "type": "function_call",
                "id": format!("fc_{id}"),
                "call_id": format!("call_{index}"),
                "name": name,
                "arguments": raw,
                "status": self.status(last),
            })),
            Block::Redacted(_) | Block::Text { .. } => None,
        }
    }

    fn is_custom(&self, name: &str) -> bool {
        let tools = self.settings.body.get("tools").and_then(Value::as_array);
        let custom = |tool: &Value| tool.get("type").is_some_and(|kind| kind == "custom");
        tools.is_some_and(|tools| tools.iter().any(|tool| custom(tool) && tool.get("name").is_some_and(|n| n == name)))
    }
}

/// The source of a search result.
fn annotation(text: &str) -> Value {
    json!({
        "type": "url_citation",
        "url": "https://example.com/local-bedrock",
        "title": "The local Bedrock",
        "start_index": 0,
        "end_index": text.chars().count(),
    })
}
