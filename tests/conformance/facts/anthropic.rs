//! Messages of Anthropic's SDKs.

use serde_json::{Map, Value, json};

use super::Facts;

impl Facts {
    pub(super) fn of_anthropic(&mut self, message: &Value) {
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
