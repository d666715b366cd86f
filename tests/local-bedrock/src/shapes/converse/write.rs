//! Conversion of the model's answer to a Converse reply or its stream.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::delivery::Reply;
use crate::frames;
use crate::json::{self, put};
use crate::model::{self, Answer, Block, Citation, InputTokens, Stop};
use crate::shapes::{Guardrail, guardrail_assessment, latency};

/// An answer with the data that a reply needs.
pub(crate) struct Written<'a> {
    pub(crate) answer: &'a Answer,
    pub(crate) input: InputTokens,
    pub(crate) guardrail: Option<Guardrail>,
    pub(crate) body: &'a Value,
    pub(crate) model: &'a str,
    pub(crate) model_id: &'a str,
    /// Whether reasoning has a signature.
    pub(crate) signed: bool,
}

/// One event of a stream: its type and its payload.
pub(crate) type Event = (&'static str, Value);

impl Written<'_> {
    fn stop_reason(&self) -> &'static str {
        match self.answer.stop {
            Stop::EndTurn => "end_turn",
            Stop::MaxTokens => "max_tokens",
            Stop::Sequence(_) => "stop_sequence",
            Stop::ToolUse => "tool_use",
            Stop::Guardrail => "guardrail_intervened",
        }
    }

    fn usage(&self) -> Value {
        let (input, output) = (self.input, self.answer.output_tokens);
        let mut usage = json!({
            "inputTokens": input.fresh,
            "outputTokens": output,
            "totalTokens": input.fresh + input.read + input.written() + output,
            "cacheReadInputTokens": input.read,
            "cacheWriteInputTokens": input.written(),
        });
        let details: Vec<Value> = [("5m", input.written_5m), ("1h", input.written_1h)]
            .into_iter()
            .filter(|(_, tokens)| *tokens > 0)
            .map(|(ttl, tokens)| json!({"ttl": ttl, "inputTokens": tokens}))
            .collect();
        if !details.is_empty() {
            put(&mut usage, "cacheDetails", details);
        }
        usage
    }

    /// Returns usage, metrics and the requested data of the run.
    fn metadata(&self) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("usage".into(), self.usage());
        metadata.insert("metrics".into(), json!({"latencyMs": latency(self.answer)}));
        let mut trace = Map::new();
        if self.guardrail.is_some_and(|guardrail| guardrail.trace) {
            let assessment = guardrail_assessment(self.answer.stop == Stop::Guardrail);
            trace.insert("guardrail".into(), json!({"inputAssessment": {"local-guardrail": assessment}}));
        }
        if self.model_id.contains(":prompt-router/") || self.model_id.contains(":default-prompt-router/") {
            let invoked = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
            trace.insert("promptRouter".into(), json!({"invokedModelId": invoked}));
        }
        if !trace.is_empty() {
            metadata.insert("trace".into(), Value::Object(trace));
        }
        for key in ["performanceConfig", "serviceTier"] {
            if let Some(asked) = self.body.get(key) {
                metadata.insert(key.into(), asked.clone());
            }
        }
        metadata
    }

    /// The fields that `additionalModelResponseFieldPaths` requests, from the model's native reply.
    fn additional_fields(&self) -> Option<Value> {
        let sequence = match &self.answer.stop {
            Stop::Sequence(sequence) => json!(sequence),
            _ => Value::Null,
        };
        let native = json!({
            "stop_reason": self.stop_reason(),
            "stop_sequence": sequence,
            "delta": {"stop_reason": self.stop_reason(), "stop_sequence": sequence},
            "model": self.model,
            "usage": {
                "input_tokens": self.input.fresh,
                "output_tokens": self.answer.output_tokens,
                "output_tokens_details": {"thinking_tokens": self.answer.thinking_tokens},
            },
        });
        let mut fields = json!({});
        for path in self.body.get("additionalModelResponseFieldPaths")?.as_array()? {
            let path = path.as_str().unwrap_or_default();
            let Some(value) = native.pointer(path).filter(|value| !value.is_null()) else { continue };
            place(&mut fields, path.split('/').skip(1), value);
        }
        fields.as_object().is_some_and(|fields| !fields.is_empty()).then_some(fields)
    }

    /// The whole reply.
    pub(crate) fn message(&self) -> Value {
        let content: Vec<Value> = self.answer.blocks.iter().flat_map(|block| self.whole(block)).collect();
        let mut reply = json!({
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": self.stop_reason(),
        });
        if let Value::Object(map) = &mut reply {
            map.extend(self.metadata());
        }
        if let Some(fields) = self.additional_fields() {
            put(&mut reply, "additionalModelResponseFields", fields);
        }
        reply
    }

    /// Writes a block; a server tool is two blocks.
    fn whole(&self, block: &Block) -> Vec<Value> {
        let whole = match block {
            Block::Thinking { text, signature } => {
                let mut reasoning = json!({"text": text});
                if self.signed {
                    put(&mut reasoning, "signature", signature.as_str());
                }
                json!({"reasoningContent": {"reasoningText": reasoning}})
            }
            Block::Redacted(data) => json!({"reasoningContent": {"redactedContent": data}}),
            Block::Text { text, citation: None } => json!({"text": text}),
            Block::Text { text, citation: Some(cited) } => {
                json!({"citationsContent": {"content": [{"text": text}], "citations": [citation(cited)]}})
            }
            Block::Call { id, name, input, .. } => {
                json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
            }
            Block::ServiceCall { id, name, input, result } => {
                let mut call = service_call(id, name);
                put(&mut call, "input", input.clone());
                let mut answered = service_result(id, name);
                put(&mut answered, "content", json!([{"text": result}]));
                return vec![json!({"toolUse": call}), json!({"toolResult": answered})];
            }
        };
        vec![whole]
    }

    /// Returns the reply as events; `metadata` is the event after `messageStop`.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = vec![("messageStart", json!({"role": "assistant"}))];
        let mut index = 0;
        let mut write = |start: Option<Value>, deltas: Vec<Value>| {
            // Only tool calls and tool results have a start event.
            if let Some(start) = start {
                events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
            }
            for delta in deltas {
                events.push(("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta})));
            }
            events.push(("contentBlockStop", json!({"contentBlockIndex": index})));
            index += 1;
        };
        for (number, block) in self.answer.blocks.iter().enumerate() {
            match block {
                Block::Call { id, name, .. } => {
                    let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                    write(Some(start), self.deltas(block, number));
                }
                Block::ServiceCall { id, name, input, result } => {
                    let input = json!({"toolUse": {"input": json::text(input)}});
                    write(Some(json!({"toolUse": service_call(id, name)})), vec![input]);
                    let result = json!({"toolResult": [{"text": result}]});
                    write(Some(json!({"toolResult": service_result(id, name)})), vec![result]);
                }
                _ => write(None, self.deltas(block, number)),
            }
        }
        let mut stop = json!({"stopReason": self.stop_reason()});
        if let Some(fields) = self.additional_fields() {
            put(&mut stop, "additionalModelResponseFields", fields);
        }
        events.push(("messageStop", stop));
        events.push(("metadata", Value::Object(self.metadata())));
        events
    }

    fn deltas(&self, block: &Block, index: usize) -> Vec<Value> {
        let reasoning = |delta: Value| json!({"reasoningContent": delta});
        match block {
            Block::Thinking { text, signature } => {
                let mut deltas: Vec<Value> =
                    model::deltas(text).into_iter().map(|text| reasoning(json!({"text": text}))).collect();
                if self.signed {
                    deltas.push(reasoning(json!({"signature": signature})));
                }
                deltas
            }
            // The data is sent in two parts, each valid base64.
            Block::Redacted(data) => {
                let bytes = STANDARD.decode(data).unwrap_or_default();
                let (head, tail) = bytes.split_at(bytes.len() / 2);
                [head, tail].iter().map(|part| reasoning(json!({"redactedContent": STANDARD.encode(part)}))).collect()
            }
            Block::Text { text, citation: cited } => {
                let texts = model::deltas(text).into_iter().map(|text| json!({"text": text}));
                texts.chain(cited.iter().map(|cited| json!({"citation": citation(cited)}))).collect()
            }
            Block::ServiceCall { .. } => Vec::new(),
            // A call without arguments has one empty delta, or none.
            Block::Call { raw, .. } if raw == "{}" => {
                let empty = json!({"toolUse": {"input": ""}});
                if index.is_multiple_of(2) { vec![empty] } else { Vec::new() }
            }
            Block::Call { raw, .. } => model::json_deltas(raw, index.is_multiple_of(2))
                .into_iter()
                .map(|piece| json!({"toolUse": {"input": piece}}))
                .collect(),
        }
    }
}

/// Returns a server tool's call without its input.
fn service_call(id: &str, name: &str) -> Value {
    json!({"toolUseId": id, "name": name, "type": "server_tool_use"})
}

/// Returns a server tool's result without its content.
fn service_result(id: &str, name: &str) -> Value {
    json!({"toolUseId": id, "type": format!("{name}_result"), "status": "success"})
}

/// Sets a value at the end of a path, and creates the objects in between.
fn place<'a>(object: &mut Value, mut path: impl Iterator<Item = &'a str>, value: &Value) {
    let Value::Object(map) = object else { return };
    let Some(step) = path.next() else { return };
    let mut path = path.peekable();
    if path.peek().is_none() {
        map.insert(step.to_owned(), value.clone());
        return;
    }
    let inner = map.entry(step).or_insert_with(|| json!({}));
    let rest: Vec<&str> = path.collect();
    place(inner, rest.into_iter(), value);
}

fn citation(cited: &Citation) -> Value {
    let index = cited.document_index;
    let location = if cited.pages {
        json!({"documentPage": {"documentIndex": index, "start": 1, "end": 2}})
    } else {
        json!({"documentChar": {"documentIndex": index, "start": 0, "end": cited.quote.chars().count()}})
    };
    let mut citation = json!({"sourceContent": [{"text": cited.quote}], "location": location});
    if let Some(title) = &cited.title {
        put(&mut citation, "title", title.as_str());
    }
    citation
}

/// The reply to ConverseStream.
pub(super) fn stream(written: &Written<'_>) -> Reply {
    let frames = written.events().into_iter().enumerate().map(|(number, (event_type, mut payload))| {
        put(&mut payload, "p", frames::padding(number));
        frames::event(event_type, json::text(&payload).as_bytes())
    });
    Reply::stream(frames.collect())
}
