//! Conversion of the model's answer to a message or to stream events.

use serde_json::{Value, json};

use crate::model::{self, Answer, Block, Citation, InputTokens, Stop};

/// An answer with the data that a reply needs.
pub(crate) struct Written<'a> {
    pub(crate) answer: &'a Answer,
    pub(crate) input: InputTokens,
    pub(crate) model: &'a str,
}

impl Written<'_> {
    fn id(&self) -> String {
        format!("msg_bdrk_{}", self.answer.fingerprint)
    }

    fn model_name(&self) -> String {
        let name = self.model.trim_start_matches("anthropic.");
        let name = name.split(':').next().unwrap_or(name);
        name.trim_end_matches("-v1").trim_end_matches("-v2").to_owned()
    }

    fn stop(&self) -> (Value, Value) {
        match &self.answer.stop {
            Stop::EndTurn => (json!("end_turn"), Value::Null),
            Stop::MaxTokens => (json!("max_tokens"), Value::Null),
            Stop::Sequence(sequence) => (json!("stop_sequence"), json!(sequence)),
            Stop::ToolUse => (json!("tool_use"), Value::Null),
            Stop::Guardrail => (json!("guardrail_intervened"), Value::Null),
        }
    }

    fn usage(&self, output_tokens: usize) -> Value {
        json!({
            "input_tokens": self.input.fresh,
            "output_tokens": output_tokens,
            "cache_read_input_tokens": self.input.read,
            "cache_creation_input_tokens": self.input.written(),
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.input.written_5m,
                "ephemeral_1h_input_tokens": self.input.written_1h,
            },
        })
    }

    /// The whole reply.
    pub(crate) fn message(&self) -> Value {
        let (stop_reason, stop_sequence) = self.stop();
        let content: Vec<Value> = self.answer.blocks.iter().map(whole_block).collect();
        json!({
            "id": self.id(),
            "type": "message",
            "role": "assistant",
            "model": self.model_name(),
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": stop_sequence,
            "usage": self.usage(self.answer.output_tokens),
        })
    }

    /// The reply as stream events.
    pub(crate) fn events(&self) -> Vec<Value> {
        let (stop_reason, stop_sequence) = self.stop();
        let mut events = vec![json!({"type": "message_start", "message": {
            "id": self.id(),
            "type": "message",
            "role": "assistant",
            "model": self.model_name(),
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": self.usage(self.answer.output_tokens.min(1)),
        }})];
        for (index, block) in self.answer.blocks.iter().enumerate() {
            events.push(json!({"type": "content_block_start", "index": index, "content_block": opened(block)}));
            for delta in deltas(block, index) {
                events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
            }
            if index == 0 {
                events.push(json!({"type": "ping"}));
            }
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
        let delta = json!({"stop_reason": stop_reason, "stop_sequence": stop_sequence});
        events.push(
            json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": self.answer.output_tokens}}),
        );
        events.push(json!({"type": "message_stop"}));
        events
    }
}

fn whole_block(block: &Block) -> Value {
    match block {
        Block::Thinking { text, signature } => {
            json!({"type": "thinking", "thinking": text, "signature": signature})
        }
        Block::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
        Block::ServiceCall { id, name, input, .. } => {
            json!({"type": "server_tool_use", "id": id, "name": name, "input": input})
        }
        Block::Text { text, citation: None } => json!({"type": "text", "text": text}),
        Block::Text { text, citation: Some(cited) } => {
            json!({"type": "text", "text": text, "citations": [citation(cited)]})
        }
        Block::Call { id, name, input, .. } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
    }
}

/// Returns the start of a block: empty, except that redacted reasoning is complete.
fn opened(block: &Block) -> Value {
    match block {
        Block::Thinking { .. } => json!({"type": "thinking", "thinking": "", "signature": ""}),
        Block::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
        Block::ServiceCall { .. } => whole_block(block),
        Block::Text { citation: None, .. } => json!({"type": "text", "text": ""}),
        Block::Text { citation: Some(_), .. } => json!({"type": "text", "text": "", "citations": []}),
        Block::Call { id, name, .. } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": {}})
        }
    }
}

fn deltas(block: &Block, index: usize) -> Vec<Value> {
    match block {
        Block::Thinking { text, signature } => {
            let texts = model::deltas(text).into_iter().map(|text| json!({"type": "thinking_delta", "thinking": text}));
            texts.chain([json!({"type": "signature_delta", "signature": signature})]).collect()
        }
        Block::Redacted(_) | Block::ServiceCall { .. } => Vec::new(),
        Block::Text { text, citation: cited } => {
            let cited = cited.iter().map(|cited| json!({"type": "citations_delta", "citation": citation(cited)}));
            let texts = model::deltas(text).into_iter().map(|text| json!({"type": "text_delta", "text": text}));
            cited.chain(texts).collect()
        }
        // A call without arguments has one empty delta, or none: the service does both.
        Block::Call { raw, .. } if raw == "{}" => {
            let empty = json!({"type": "input_json_delta", "partial_json": ""});
            if index.is_multiple_of(2) { vec![empty] } else { Vec::new() }
        }
        Block::Call { raw, .. } => model::json_deltas(raw, index.is_multiple_of(2))
            .into_iter()
            .map(|json| json!({"type": "input_json_delta", "partial_json": json}))
            .collect(),
    }
}

fn citation(cited: &Citation) -> Value {
    let common = json!({
        "cited_text": cited.quote,
        "document_index": cited.document_index,
        "document_title": cited.title,
    });
    let place = if cited.pages {
        json!({"type": "page_location", "start_page_number": 1, "end_page_number": 2})
    } else {
        json!({"type": "char_location", "start_char_index": 0, "end_char_index": cited.quote.chars().count()})
    };
    let (mut all, Value::Object(place)) = (common, place) else {
        return Value::Null;
    };
    if let Value::Object(map) = &mut all {
        map.extend(place);
    }
    all
}
