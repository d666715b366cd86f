//! A response as stream events, as recorded from mantle.

use serde_json::{Value, json};

use super::reply::Written;
use crate::frames;
use crate::json::put;
use crate::model;

/// Events with their numbers.
struct Events<'a> {
    written: &'a Written<'a>,
    events: Vec<Value>,
    obfuscate: bool,
}

/// All events of a response.
pub(super) fn all(written: &Written<'_>) -> Vec<Value> {
    let obfuscate = written.settings.body.pointer("/stream_options/include_obfuscation") != Some(&Value::Bool(false));
    let mut events = Events { written, events: Vec::new(), obfuscate };
    let started = written.started();
    events.push("response.created", json!({"response": started}));
    events.push("response.in_progress", json!({"response": started}));
    for (index, item) in written.items().iter().enumerate() {
        events.item(index, item);
    }
    let response = written.response();
    let name = if response.get("status").is_some_and(|status| status == "incomplete") {
        "response.incomplete"
    } else {
        "response.completed"
    };
    events.push(name, json!({"response": response}));
    events.events
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Events<'_> {
    fn push(&mut self, name: &str, mut event: Value) {
        put(&mut event, "type", name);
        put(&mut event, "sequence_number", self.events.len());
        self.events.push(event);
    }

    /// A delta has padding that hides its length.
    fn delta(&mut self, name: &str, mut event: Value) {
        if self.obfuscate {
            put(&mut event, "obfuscation", frames::padding(self.events.len()));
        }
        self.push(name, event);
    }

    fn item(&mut self, index: usize, item: &Value) {
        let mut opened = item.clone();
        match text(item, "type") {
            "message" => {
                put(&mut opened, "content", json!([]));
                put(&mut opened, "status", "in_progress");
            }
            "function_call" => {
                put(&mut opened, "arguments", "");
                put(&mut opened, "status", "in_progress");
            }
            "custom_tool_call" => {
                put(&mut opened, "input", "");
                put(&mut opened, "status", "in_progress");
            }
            "web_search_call" => put(&mut opened, "status", "in_progress"),
            _ => {
                // The encrypted content is in the item from the start.
                put(&mut opened, "summary", json!([]));
                if item.get("content").is_some() {
                    put(&mut opened, "content", json!([]));
                }
            }
        }
        self.push("response.output_item.added", json!({"output_index": index, "item": opened}));
        let at = json!({"output_index": index, "item_id": text(item, "id")});
        match text(item, "type") {
            "function_call" => self.arguments(&at, text(item, "arguments")),
            "custom_tool_call" => self.input(&at, text(item, "input")),
            "web_search_call" => {
                for stage in ["in_progress", "searching", "completed"] {
                    self.push(&format!("response.web_search_call.{stage}"), at.clone());
                }
            }
            _ => {
                for (number, part) in item.get("summary").and_then(Value::as_array).into_iter().flatten().enumerate() {
                    self.summary(&at, number, part);
                }
                for (number, part) in item.get("content").and_then(Value::as_array).into_iter().flatten().enumerate() {
                    self.part(&at, number, part);
                }
            }
        }
        self.push("response.output_item.done", json!({"output_index": index, "item": item}));
    }

    fn arguments(&mut self, at: &Value, arguments: &str) {
        for piece in model::json_deltas(arguments, false) {
            self.delta("response.function_call_arguments.delta", with(at, json!({"delta": piece})));
        }
        self.push("response.function_call_arguments.done", with(at, json!({"arguments": arguments})));
    }

    fn input(&mut self, at: &Value, input: &str) {
        for piece in model::deltas(input) {
            self.delta("response.custom_tool_call_input.delta", with(at, json!({"delta": piece})));
        }
        self.push("response.custom_tool_call_input.done", with(at, json!({"input": input})));
    }

    fn summary(&mut self, at: &Value, number: usize, part: &Value) {
        let at = with(at, json!({"summary_index": number}));
        let empty = json!({"type": "summary_text", "text": ""});
        self.push("response.reasoning_summary_part.added", with(&at, json!({"part": empty})));
        for piece in model::deltas(text(part, "text")) {
            self.delta("response.reasoning_summary_text.delta", with(&at, json!({"delta": piece})));
        }
        self.push("response.reasoning_summary_text.done", with(&at, json!({"text": text(part, "text")})));
        self.push("response.reasoning_summary_part.done", with(&at, json!({"part": part})));
    }

    fn part(&mut self, at: &Value, number: usize, part: &Value) {
        let at = with(at, json!({"content_index": number}));
        let mut empty = part.clone();
        put(&mut empty, "text", "");
        for key in ["annotations", "logprobs"] {
            if part.get(key).is_some() {
                put(&mut empty, key, json!([]));
            }
        }
        self.push("response.content_part.added", with(&at, json!({"part": empty})));
        let spoken = text(part, "type") == "output_text";
        let name = if spoken { "output_text" } else { "reasoning_text" };
        let logprobs = |text: &str| if spoken { json!({"logprobs": self.written.logprobs(text)}) } else { json!({}) };
        let pieces: Vec<Value> = model::deltas(text(part, "text"))
            .into_iter()
            .map(|piece| with(&with(&at, logprobs(&piece)), json!({"delta": piece})))
            .collect();
        let end = with(&with(&at, logprobs(text(part, "text"))), json!({"text": text(part, "text")}));
        for piece in pieces {
            self.delta(&format!("response.{name}.delta"), piece);
        }
        let annotations = part.get("annotations").and_then(Value::as_array).into_iter().flatten();
        for (number, annotation) in annotations.enumerate() {
            let event = with(&at, json!({"annotation_index": number, "annotation": annotation}));
            self.push("response.output_text.annotation.added", event);
        }
        self.push(&format!("response.{name}.done"), end);
        self.push("response.content_part.done", with(&at, json!({"part": part})));
    }
}

/// Returns one object with the members of both.
fn with(object: &Value, more: Value) -> Value {
    let mut all = object.clone();
    if let Value::Object(more) = more {
        for (key, value) in more {
            put(&mut all, &key, value);
        }
    }
    all
}
