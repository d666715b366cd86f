//! Requests that are built from the question alone, for scenarios in which no client's request can be corrected.
//!
//! They follow the vendors' documentation and share no code with the crate.

use serde_json::{Map, Value, json};

use super::steps::Named;
use crate::suite::case::Scenario;
use crate::suite::request::{NAMELESS, Request, normalized, text_block};

pub(super) const ALL: Named<fn(&Scenario) -> Option<Request>> = &[
    ("anthropic", anthropic),
    ("converse", converse),
    ("nova", nova),
    ("chat_completions", chat_completions),
    ("cohere", cohere),
    ("cohere_after_tools", cohere_after_tools),
    ("prompt_or_chat_completions", prompt_or_chat_completions),
];

/// The request to the native API with this body.
fn request(scenario: &Scenario, mut body: Map<String, Value>) -> Request {
    let extra = scenario.option("model_kwargs").and_then(Value::as_object).cloned().unwrap_or_default();
    body.extend(extra);
    let operation = if scenario.operation.is_stream() { "invoke-with-response-stream" } else { "invoke" };
    Request {
        host: None,
        auth: None,
        path: format!("/model/{}/{operation}", scenario.model),
        headers: Default::default(),
        body: normalized(Value::Object(body)),
    }
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { unreachable!("the value is an object literal") };
    object
}

/// The text of a conversation: the system text, then the turns.
pub(super) struct Texts {
    pub(super) system: String,
    /// For each turn, whether it is a user turn, and its text.
    pub(super) turns: Vec<(bool, String)>,
}

impl Texts {
    /// Adds a message. Neighbors of one role become one turn.
    fn push(&mut self, user: bool, text: String, separator: &str) {
        match self.turns.last_mut() {
            Some((before, all)) if *before == user => {
                all.push_str(separator);
                all.push_str(&text);
            }
            _ => self.turns.push((user, text)),
        }
    }
}

/// The separator of texts that are joined.
const PARAGRAPH: &str = "\n\n";

/// Whether two neighboring messages have the same role, other than `system`.
pub(super) fn has_neighbors(scenario: &Scenario) -> bool {
    scenario.messages.windows(2).any(|pair| pair[0]["role"] == pair[1]["role"] && pair[0]["role"] != "system")
}

pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
            texts.join(PARAGRAPH)
        }
        _ => String::new(),
    }
}

/// Returns the conversation as text; a prompt is a user turn. `None` if the conversation has anything other than
/// text.
pub(super) fn texts(scenario: &Scenario) -> Option<Texts> {
    texts_joined(scenario, PARAGRAPH)
}

/// Same as `texts`, with this separator between neighboring messages of one role.
fn texts_joined(scenario: &Scenario, separator: &str) -> Option<Texts> {
    let mut texts = Texts { system: String::new(), turns: Vec::new() };
    for message in &scenario.messages {
        let text = text_of(&message["content"]);
        match message["role"].as_str()? {
            "system" => {
                let between = if texts.system.is_empty() || text.is_empty() { "" } else { PARAGRAPH };
                texts.system = format!("{}{between}{text}", texts.system);
            }
            "human" => texts.push(true, text, separator),
            "ai" if message.get("tool_calls").is_none() => texts.push(false, text, separator),
            _ => return None,
        }
    }
    if let Some(prompt) = scenario.option("prompt") {
        texts.push(true, text_of(prompt), separator);
    }
    Some(texts)
}

/// Anthropic Messages.
fn anthropic(scenario: &Scenario) -> Option<Request> {
    let texts = texts(scenario)?;
    let turn = |(user, text): &(bool, String)| json!({"role": if *user { "user" } else { "assistant" }, "content": [text_block(text)]});
    let mut body = object(json!({
        "anthropic_version": "bedrock-2023-05-31",
        "messages": texts.turns.iter().map(turn).collect::<Vec<_>>(),
    }));
    if !texts.system.is_empty() {
        body.insert("system".into(), json!([text_block(&texts.system)]));
    }
    options(scenario, &mut body, "max_tokens", "stop_sequences");
    if scenario.option("tool_format") == Some(&json!("raw")) {
        body.insert("tools".into(), scenario.option("tools")?.clone());
    }
    Some(request(scenario, body))
}

/// Whether a message has an image or a document in a form for all providers, or in Anthropic's.
pub(super) fn has_data(scenario: &Scenario) -> bool {
    let mut blocks = scenario.messages.iter().flat_map(|message| message["content"].as_array()).flatten();
    blocks.any(|block| medium(block).is_some())
}

/// The kind, format and data of an image or a document.
fn medium(block: &Value) -> Option<(&'static str, &str, &str)> {
    let source = if block["source"].is_object() { &block["source"] } else { block };
    let data = ["data", "base64"].iter().find_map(|key| source[*key].as_str())?;
    let media_type = ["media_type", "mimeType", "mime_type"].iter().find_map(|key| source[*key].as_str())?;
    let kind = match block["type"].as_str()? {
        "image" => "image",
        "file" | "document" => "document",
        _ => return None,
    };
    let format = match media_type.rsplit('/').next()? {
        "jpg" => "jpeg",
        "plain" => "txt",
        format => format,
    };
    Some((kind, format, data))
}

/// Converse, for user messages of text, images and documents.
fn converse(scenario: &Scenario) -> Option<Request> {
    let block = |block: &Value| {
        let Some((kind, format, data)) = medium(block) else { return json!({"text": block["text"]}) };
        let mut inner = json!({"format": format, "source": {"bytes": data}});
        if kind == "document" {
            let names = [&block["title"], &block["metadata"]["name"], &block["metadata"]["title"]];
            inner["name"] = names.into_iter().find(|name| name.is_string()).cloned().unwrap_or(json!(NAMELESS));
        }
        json!({kind: inner})
    };
    let turn = |message: &Value| {
        let content = match &message["content"] {
            Value::Array(blocks) => blocks.iter().map(block).collect(),
            content => vec![json!({"text": content})],
        };
        (message["role"] == "human").then(|| json!({"role": "user", "content": content}))
    };
    let turns: Option<Vec<Value>> = scenario.messages.iter().map(turn).collect();
    let operation = if scenario.operation.is_stream() { "converse-stream" } else { "converse" };
    scenario.options.is_empty().then_some(Request {
        host: None,
        auth: None,
        path: format!("/model/{}/{operation}", scenario.model),
        headers: Default::default(),
        body: normalized(json!({"messages": turns?})),
    })
}

/// Nova's own format.
fn nova(scenario: &Scenario) -> Option<Request> {
    let texts = texts(scenario)?;
    let turn = |(user, text): &(bool, String)| json!({"role": if *user { "user" } else { "assistant" }, "content": [{"text": text}]});
    let mut body = object(json!({
        "schemaVersion": "messages-v1",
        "messages": texts.turns.iter().map(turn).collect::<Vec<_>>(),
    }));
    if !texts.system.is_empty() {
        body.insert("system".into(), json!([{"text": texts.system}]));
    }
    let mut config = Map::new();
    options(scenario, &mut config, "maxTokens", "stopSequences");
    if !config.is_empty() {
        body.insert("inferenceConfig".into(), Value::Object(config));
    }
    Some(request(scenario, body))
}

/// Chat completions.
fn chat_completions(scenario: &Scenario) -> Option<Request> {
    let texts = texts(scenario)?;
    let mut messages = Vec::new();
    if !texts.system.is_empty() {
        messages.push(json!({"role": "system", "content": texts.system}));
    }
    messages.extend(
        texts
            .turns
            .iter()
            .map(|(user, text)| json!({"role": if *user { "user" } else { "assistant" }, "content": text})),
    );
    let mut body = object(json!({"messages": messages}));
    let max_tokens = if scenario.provider == "openai" { "max_completion_tokens" } else { "max_tokens" };
    options(scenario, &mut body, max_tokens, "stop");
    Some(request(scenario, body))
}

/// Command R.
fn cohere(scenario: &Scenario) -> Option<Request> {
    let mut texts = texts_joined(scenario, "\n")?;
    let (_, message) = texts.turns.pop().filter(|(user, _)| *user)?;
    let turn = |(user, text): &(bool, String)| json!({"role": if *user { "USER" } else { "CHATBOT" }, "message": text});
    let past: Vec<Value> = texts.turns.iter().map(turn).collect();
    let mut body = object(json!({"message": message, "chat_history": past}));
    if !texts.system.is_empty() {
        body.insert("preamble".into(), json!(texts.system));
    }
    options(scenario, &mut body, "max_tokens", "stop_sequences");
    if let Some(tools) = scenario.option("tools").and_then(Value::as_array) {
        body.insert("tools".into(), tools.iter().map(cohere_tool).collect());
    }
    Some(request(scenario, body))
}

/// Command R, for a user message after tool results. An assistant turn is inserted between them.
fn cohere_after_tools(scenario: &Scenario) -> Option<Request> {
    let (last, past) = scenario.messages.split_last().filter(|(last, _)| last["role"] == "human")?;
    let mut calls: Vec<(&Value, Value)> = Vec::new();
    let mut history = Vec::new();
    for message in past {
        let text = text_of(&message["content"]);
        history.push(match message["role"].as_str()? {
            "human" => json!({"role": "USER", "message": text}),
            "ai" => {
                let made = message["tool_calls"].as_array()?;
                let call = |call: &Value| json!({"name": call["name"], "parameters": call["args"]});
                calls.extend(made.iter().map(|made| (&made["id"], call(made))));
                json!({"role": "CHATBOT", "message": text, "tool_calls": made.iter().map(call).collect::<Vec<_>>()})
            }
            _ => {
                let (_, call) = calls.iter().find(|(id, _)| **id == message["tool_call_id"])?;
                json!({"role": "TOOL", "tool_results": [{"call": call, "outputs": [{"text": text}]}]})
            }
        });
    }
    history.push(json!({"role": "CHATBOT", "message": "(tool results received)"}));
    Some(request(scenario, object(json!({"message": text_of(&last["content"]), "chat_history": history}))))
}

/// A tool whose parameters have Python's types; the rest of their schema is in the description.
fn cohere_tool(tool: &Value) -> Value {
    let schema = &tool["input_schema"];
    let definition = |(name, parameter): (&String, &Value)| {
        let kind = match parameter["type"].as_str().unwrap_or_default() {
            "string" => "str",
            "integer" => "int",
            "number" => "float",
            "boolean" => "bool",
            other => other,
        };
        let mut rest = parameter.as_object().cloned().unwrap_or_default();
        rest.remove("type");
        let described = rest.remove("description");
        let description = match (described.as_ref().and_then(Value::as_str), rest.is_empty()) {
            (text, true) => text.map(str::to_owned),
            (Some(text), false) => Some(format!("{text} (JSON Schema: {})", Value::Object(rest))),
            (None, false) => Some(format!("JSON Schema: {}", Value::Object(rest))),
        };
        let required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        let mut definition = json!({"type": kind, "required": required});
        if let Some(description) = description {
            definition["description"] = json!(description);
        }
        (name.clone(), definition)
    };
    let definitions: Map<_, _> = schema["properties"].as_object().into_iter().flatten().map(definition).collect();
    let mut written = json!({"name": tool["name"], "description": tool["description"]});
    if !definitions.is_empty() {
        written["parameter_definitions"] = Value::Object(definitions);
    }
    written
}

/// The vendor's prompt if the model accepts a prompt, else chat completions.
fn prompt_or_chat_completions(scenario: &Scenario) -> Option<Request> {
    let Some(prompt) = super::template::prompt(scenario) else { return chat_completions(scenario) };
    let mut body = object(json!({"prompt": prompt}));
    options(scenario, &mut body, "max_tokens", "stop");
    Some(request(scenario, body))
}

/// The options that all formats have, under this format's names.
pub(super) fn options(scenario: &Scenario, body: &mut Map<String, Value>, max_tokens: &str, stop: &str) {
    let names = [("temperature", "temperature"), ("top_p", "top_p"), ("max_tokens", max_tokens), ("stop", stop)];
    for (option, name) in names {
        let value = scenario.option(option).filter(|value| **value != json!([]));
        body.extend(value.map(|value| (name.to_owned(), value.clone())));
    }
}
