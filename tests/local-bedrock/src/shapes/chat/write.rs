//! Conversion of the model's answer to a completion or to chunks.

use serde_json::{Value, json};

use super::rows::{Dialect, Reasons, Row};
use crate::json::put;
use crate::model::{self, Answer, Block, InputTokens, Stop};

/// An answer with the data that a reply needs.
pub(crate) struct Written<'a> {
    pub(crate) row: &'a Row,
    pub(crate) answer: &'a Answer,
    pub(crate) input: InputTokens,
    pub(crate) model: &'a str,
    pub(crate) body: &'a Value,
    /// The id of the completion and its time in seconds since 1970; by default they follow from the request.
    pub(crate) id: Option<(&'a str, i64)>,
}

impl Written<'_> {
    fn mistral(&self) -> bool {
        self.row.dialect == Dialect::Mistral
    }

    /// Whether this is OpenAI's API, and not InvokeModel.
    fn api(&self) -> bool {
        matches!(self.row.dialect, Dialect::Api(_))
    }

    fn finish_reason(&self) -> &'static str {
        match self.answer.stop {
            Stop::MaxTokens => "length",
            Stop::ToolUse => "tool_calls",
            Stop::Guardrail if !self.mistral() => "content_filter",
            _ => "stop",
        }
    }

    /// The text, with the reasoning between its tags in front.
    fn text(&self) -> String {
        let thought = self.answer.thinking();
        let text = self.answer.text();
        if thought.is_empty() || self.row.reasons != Reasons::Tags {
            return text;
        }
        // If the reply is cut inside the thinking, it has no closing tag.
        let open = self.answer.stop == Stop::MaxTokens && text.is_empty();
        format!("<reasoning>{thought}{}{text}", if open { "" } else { "</reasoning>" })
    }

    fn calls(&self) -> Vec<Value> {
        let calls = self.answer.blocks.iter().filter_map(|block| match block {
            Block::Call { id, name, raw, .. } => Some((id, name, raw)),
            _ => None,
        });
        calls
            .map(|(id, name, raw)| json!({"id": id, "type": "function", "function": {"name": name, "arguments": raw}}))
            .collect()
    }

    fn usage(&self) -> Value {
        let cached = self.input.read + self.input.written();
        let (input, output) = (self.input.fresh + cached, self.answer.output_tokens);
        let mut usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
        // On mantle, open models have no details in their usage.
        let details = match self.row.reasons {
            Reasons::Never => false,
            Reasons::Tags | Reasons::Hidden => true,
            Reasons::Member(name) => name != "reasoning",
        };
        if details {
            put(&mut usage, "completion_tokens_details", json!({"reasoning_tokens": self.answer.thinking_tokens}));
        }
        if details && self.api() {
            put(&mut usage, "prompt_tokens_details", json!({"cached_tokens": self.input.read}));
        }
        usage
    }

    fn frame(&self, object: &str) -> Value {
        if self.mistral() {
            return json!({});
        }
        let own = format!("chatcmpl-{}", self.answer.fingerprint);
        let (id, created) = self.id.unwrap_or((&own, 1_735_787_045));
        let mut frame = json!({"id": id, "object": object, "created": created, "model": self.model});
        if self.api() {
            put(&mut frame, "service_tier", "default");
        }
        frame
    }

    /// The reasoning and the name of its member, if the message has one.
    fn reasoning(&self) -> Option<(&'static str, String)> {
        match self.row.reasons {
            Reasons::Member(name) => Some((name, self.answer.thinking())).filter(|(_, text)| !text.is_empty()),
            _ => None,
        }
    }

    fn wants_logprobs(&self) -> bool {
        self.body.get("logprobs") == Some(&Value::Bool(true))
    }

    fn logprobs(&self, text: &str) -> Value {
        if !self.wants_logprobs() {
            return Value::Null;
        }
        let alternatives = self.body.get("top_logprobs").and_then(Value::as_u64).unwrap_or(0);
        let tokens = model::tokens(text).into_iter().map(|token| {
            let own = json!({"token": token, "logprob": -0.25, "bytes": token.as_bytes()});
            let mut full = own.clone();
            put(&mut full, "top_logprobs", if alternatives > 0 { json!([own]) } else { json!([]) });
            full
        });
        json!({"content": tokens.collect::<Vec<Value>>()})
    }

    /// The whole completion.
    pub(crate) fn completion(&self) -> Value {
        let text = self.text();
        let calls = self.calls();
        let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { text.clone().into() };
        let mut message = json!({"role": "assistant", "content": content});
        if !calls.is_empty() {
            put(&mut message, "tool_calls", calls);
        }
        if let Some((name, reasoning)) = self.reasoning() {
            put(&mut message, name, reasoning);
        }
        if self.api() {
            put(&mut message, "refusal", Value::Null);
        }
        let mut choice = json!({"index": 0, "message": message});
        put(&mut choice, self.reason_key(), self.finish_reason());
        let mut completion = self.frame("chat.completion");
        if !self.mistral() {
            put(&mut choice, "logprobs", self.logprobs(&text));
            put(&mut completion, "usage", self.usage());
        }
        put(&mut completion, "choices", json!([choice]));
        completion
    }

    fn reason_key(&self) -> &'static str {
        if self.mistral() { "stop_reason" } else { "finish_reason" }
    }

    /// The completion as chunks.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        let mut deltas: Vec<Value> = vec![json!({"role": "assistant", "content": ""})];
        if let Some((name, reasoning)) = self.reasoning() {
            deltas.extend(model::deltas(&reasoning).into_iter().map(|text| json!({name: text})));
        }
        let text = self.text();
        deltas.extend(model::deltas(&text).into_iter().map(|text| json!({"content": text})));
        if self.mistral() {
            // Mistral's calls are not split.
            let calls = self.calls();
            if !calls.is_empty() {
                deltas.push(json!({"content": "", "tool_calls": calls}));
            }
        } else {
            deltas.extend(self.call_deltas());
        }
        let mut chunks: Vec<Value> = deltas.into_iter().map(|delta| self.chunk(delta, Value::Null)).collect();
        let last = if self.mistral() { json!({"role": "assistant", "content": ""}) } else { json!({}) };
        let mut last = self.chunk(last, self.finish_reason().into());
        if !self.mistral() && !self.api() {
            put(&mut last, "usage", self.usage());
        }
        chunks.push(last);
        let wanted = self.body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
        if self.api() && wanted {
            let mut usage = self.frame("chat.completion.chunk");
            put(&mut usage, "choices", json!([]));
            put(&mut usage, "usage", self.usage());
            chunks.push(usage);
        }
        chunks
    }

    fn chunk(&self, delta: Value, reason: Value) -> Value {
        let mut choice = json!({"index": 0});
        if self.api() {
            put(&mut choice, "logprobs", Value::Null);
        }
        if self.wants_logprobs() && !self.mistral() {
            let text = delta.get("content").and_then(Value::as_str).unwrap_or_default().to_owned();
            put(&mut choice, "logprobs", self.logprobs(&text));
        }
        put(&mut choice, if self.mistral() { "message" } else { "delta" }, delta);
        put(&mut choice, self.reason_key(), reason);
        let mut chunk = self.frame("chat.completion.chunk");
        put(&mut chunk, "choices", json!([choice]));
        chunk
    }

    /// Name and id first, then the arguments in pieces.
    fn call_deltas(&self) -> Vec<Value> {
        let mut deltas = Vec::new();
        for (index, call) in self.calls().into_iter().enumerate() {
            let arguments = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default().to_owned();
            let mut first = call;
            put(&mut first, "index", index);
            if let Some(function) = first.get_mut("function") {
                put(function, "arguments", "");
            }
            deltas.push(json!({"tool_calls": [first]}));
            deltas.extend(
                model::json_deltas(&arguments, false)
                    .into_iter()
                    .map(|piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})),
            );
        }
        deltas
    }
}
