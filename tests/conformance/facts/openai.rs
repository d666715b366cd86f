//! Replies of Responses and of Chat Completions, as OpenAI's SDK and LiteLLM return them.

use serde_json::{Value, json};

use super::{Fact, Facts, is_empty, text};

/// Counts of Responses and of Chat Completions.
const COUNTS: [(&str, &str); 5] = [
    ("input_tokens", "input"),
    ("output_tokens", "output"),
    ("prompt_tokens", "input"),
    ("completion_tokens", "output"),
    ("total_tokens", "total"),
];

/// Members of a reply that repeat long parts of the request, or that belong to the client.
const NOT_OF_THE_REPLY: [&str; 7] =
    ["instructions", "object", "output_parsed", "output_text", "text", "tool_choice", "tools"];

impl Facts {
    pub(super) fn of_response(&mut self, reply: &Value) {
        reply["output"].as_array().into_iter().flatten().for_each(|item| self.item(item));
        self.openai_usage(&reply["usage"]);
        for (key, value) in reply.as_object().into_iter().flatten() {
            if !["output", "usage", "error"].contains(&key.as_str()) && !NOT_OF_THE_REPLY.contains(&key.as_str()) {
                self.metadata(key, value);
            }
        }
    }

    /// An output item of Responses.
    pub(super) fn item(&mut self, item: &Value) {
        match item["type"].as_str().unwrap_or_default() {
            "message" => item["content"].as_array().into_iter().flatten().for_each(|part| self.part(part)),
            "function_call" => {
                self.order.push("tool");
                self.openai_call(&item["call_id"], item);
            }
            // The text for a custom tool is the one argument of its call.
            "custom_tool_call" => {
                self.order.push("tool");
                self.add_call(&item["call_id"], &item["name"], &json!({"input": item["input"]}));
            }
            "reasoning" => self.add_reasoning(&reasoning(item), &item["encrypted_content"]),
            _ => self.facts.push(Fact::Block(item.clone())),
        }
    }

    fn part(&mut self, part: &Value) {
        match part["type"].as_str().unwrap_or_default() {
            "output_text" => {
                self.add_text(part["text"].as_str().unwrap_or_default());
                self.facts.extend(part["annotations"].as_array().into_iter().flatten().cloned().map(Fact::Citation));
            }
            "refusal" => self.add_if(Fact::Refusal, text(&part["refusal"])),
            _ => self.facts.push(Fact::Block(part.clone())),
        }
    }

    /// A call, whose arguments are text. Arguments that are not an object cannot be run.
    fn openai_call(&mut self, id: &Value, function: &Value) {
        let args = function["arguments"].as_str().filter(|args| !args.is_empty()).unwrap_or("{}");
        match serde_json::from_str::<Value>(args) {
            Ok(args) if args.is_object() => self.add_call(id, &function["name"], &args),
            _ => self.facts.push(Fact::InvalidToolCall(json!({"id": id, "name": function["name"]}))),
        }
    }

    pub(super) fn of_completion(&mut self, tag: &str, reply: &Value) {
        let choice = &reply["choices"][0];
        let message = &choice["message"];
        for key in ["reasoning", "reasoning_content"] {
            self.add_reasoning(message[key].as_str().unwrap_or_default(), &Value::Null);
        }
        self.add_text(message["content"].as_str().unwrap_or_default());
        self.add_if(Fact::Refusal, text(&message["refusal"]));
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            self.order.push("tool");
            self.openai_call(&call["id"], &call["function"]);
        }
        self.add_if(Fact::Stop, text(&choice["finish_reason"]));
        self.openai_usage(&reply["usage"]);
        for (key, value) in reply.as_object().into_iter().flatten() {
            // LiteLLM invents the time of a stream.
            let is_made_up = tag == "litellm" && key == "created";
            if !["choices", "usage"].contains(&key.as_str()) && !is_made_up {
                self.metadata(key, value);
            }
        }
        if !is_empty(&choice["logprobs"]) {
            self.facts.push(Fact::Metadata("logprobs".into(), choice["logprobs"].clone()));
        }
    }

    fn openai_usage(&mut self, usage: &Value) {
        self.add_counts(usage, &COUNTS);
        for holder in ["input_tokens_details", "prompt_tokens_details"] {
            let names = [("cached_tokens", "cache_read"), ("cache_write_tokens", "cache_creation")];
            self.add_counts(&usage[holder], &names);
        }
        for holder in ["output_tokens_details", "completion_tokens_details"] {
            self.add_counts(&usage[holder], &[("reasoning_tokens", "reasoning")]);
        }
    }
}

/// The text of a reasoning item: its summary, else its content.
pub(super) fn reasoning(item: &Value) -> String {
    let texts = |key: &str| -> Vec<&str> {
        item[key].as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).collect()
    };
    let summary = texts("summary");
    if summary.is_empty() { texts("content").concat() } else { summary.join("\n\n") }
}
