//! The facts in a client's message, independent of the client's own form.

mod ai_sdk;
mod anthropic;
mod langchain;
mod openai;

use std::fmt;

use serde_json::{Value, json};

pub(crate) use anthropic::message_of_events;

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
    /// A text with which the model refused to answer.
    Refusal(String),
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
        parsed if tag.starts_with("ai") => facts.of_ai_sdk(parsed),
        parsed if parsed["output"].is_array() => facts.of_response(parsed),
        parsed if parsed["choices"].is_array() => facts.of_completion(tag, parsed),
        parsed if parsed["role"] == "assistant" || tag == "anthsdk" => facts.of_anthropic(parsed),
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

    /// Adds the reasoning of OpenAI's APIs, unless it is empty.
    fn add_reasoning(&mut self, reasoning: &str, encrypted: &Value) {
        if !reasoning.is_empty() || text(encrypted).is_some() {
            self.add_thinking(&json!(reasoning), encrypted);
        }
    }

    fn add_redacted(&mut self, data: Option<String>) {
        self.order.push("redacted");
        self.add_if(Fact::Redacted, data);
    }

    fn add_call(&mut self, id: &Value, name: &Value, args: &Value) {
        // Some clients turn the deltas of an unknown block into such a call.
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
}
