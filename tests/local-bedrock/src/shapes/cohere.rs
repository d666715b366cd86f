//! Cohere Command R and R+.

use serde_json::{Map, Value, json};

use super::Call;
use super::keys::{self, Key, Kind, may, must};
use crate::json::{self, put};
use crate::model::{self, Answer, Block, CallIds, Part, Prompt, Stop, Tool, Turn};
use crate::problem::Problem;

const KEYS: [Key; 21] = [
    must("message", Kind::Text),
    may("chat_history", Kind::List),
    may("documents", Kind::List),
    may("search_queries_only", Kind::Flag),
    may("preamble", Kind::Text),
    may("max_tokens", Kind::Whole(1, 4_096)),
    may("temperature", Kind::Number(0.0, 1.0)),
    may("p", Kind::Number(0.01, 0.99)),
    may("k", Kind::Whole(0, 500)),
    may("prompt_truncation", Kind::Text),
    may("frequency_penalty", Kind::Number(0.0, 1.0)),
    may("presence_penalty", Kind::Number(0.0, 1.0)),
    may("seed", Kind::Whole(0, u64::MAX)),
    may("return_prompt", Kind::Flag),
    may("tools", Kind::List),
    may("tool_results", Kind::List),
    may("stop_sequences", Kind::Texts(5)),
    may("raw_prompting", Kind::Flag),
    may("force_single_step", Kind::Flag),
    may("citation_quality", Kind::Text),
    may("response_format", Kind::Object),
];

pub(crate) fn serves(model: &str) -> bool {
    model.starts_with("cohere.command-r")
}

fn list<'a>(body: &'a Value, key: &str) -> &'a [Value] {
    body.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn read(call: &Call<'_>) -> Result<Prompt, Problem> {
    let body = call.json()?;
    keys::check(&body, &KEYS)?;
    let message = text(&body, "message");
    let results = list(&body, "tool_results");
    if message.is_empty() && results.is_empty() {
        return Err(Problem::validation("message must be at least 1 token long or tool results must be specified."));
    }
    let mut prompt = Prompt { call_ids: CallIds::ChatCompletions, ..Prompt::default() };
    prompt.system = text(&body, "preamble").to_owned();
    prompt.ledger.text(&prompt.system);
    history(&body, &mut prompt)?;
    tools(&body, &mut prompt)?;
    let mut parts = Vec::new();
    for (number, result) in results.iter().enumerate() {
        parts.push(tool_result(result, number, &mut prompt)?);
    }
    for (number, document) in list(&body, "documents").iter().enumerate() {
        let strings = document.as_object().is_some_and(|map| !map.is_empty() && map.values().all(Value::is_string));
        if !strings {
            return Err(Problem::malformed(&format!("#/documents/{number}: expected an object of strings")));
        }
        prompt.ledger.text(&json::text(document));
    }
    prompt.ledger.text(message);
    parts.push(Part::Text(message.to_owned()));
    prompt.turns.push(Turn { user: true, parts });
    prompt.max_tokens = body.get("max_tokens").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    prompt.stop = list(&body, "stop_sequences").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    prompt.schema = body.pointer("/response_format/schema").cloned();
    Ok(prompt)
}

fn history(body: &Value, prompt: &mut Prompt) -> Result<(), Problem> {
    const TURN: [Key; 4] = [
        must("role", Kind::Text),
        may("message", Kind::Text),
        may("tool_calls", Kind::List),
        may("tool_results", Kind::List),
    ];
    for (number, turn) in list(body, "chat_history").iter().enumerate() {
        let at = format!("#/chat_history/{number}");
        let mut found = keys::violations(turn, &TURN, &at);
        let role = text(turn, "role");
        if !["USER", "CHATBOT", "SYSTEM", "TOOL"].contains(&role) {
            found.push(format!("{at}/role: {role} is not a valid enum value"));
        }
        let bare = ["tool_calls", "tool_results"].iter().all(|key| list(turn, key).is_empty());
        if bare && text(turn, "message").is_empty() {
            found.push(format!("{at}/message: expected minLength: 1, actual: 0"));
        }
        if !found.is_empty() {
            return Err(Problem::malformed(&found.join("")));
        }
        prompt.ledger.text(&json::text(turn));
        let parts = vec![Part::Text(text(turn, "message").to_owned())];
        prompt.turns.push(Turn { user: role != "CHATBOT", parts });
    }
    Ok(())
}

fn tools(body: &Value, prompt: &mut Prompt) -> Result<(), Problem> {
    const TOOL: [Key; 3] =
        [must("name", Kind::Text), must("description", Kind::Text), may("parameter_definitions", Kind::Object)];
    const PARAMETER: [Key; 3] = [may("description", Kind::Text), must("type", Kind::Text), may("required", Kind::Flag)];
    for (number, tool) in list(body, "tools").iter().enumerate() {
        let at = format!("#/tools/{number}");
        let mut found = keys::violations(tool, &TOOL, &at);
        let definitions = tool.get("parameter_definitions").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (name, definition) in &definitions {
            found.extend(keys::violations(definition, &PARAMETER, &format!("{at}/parameter_definitions/{name}")));
            properties.insert(name.clone(), schema_of(text(definition, "type")));
            if definition.get("required") == Some(&Value::Bool(true)) {
                required.push(name.clone());
            }
        }
        if !found.is_empty() {
            return Err(Problem::malformed(&found.join("")));
        }
        prompt.ledger.text(&json::text(tool));
        let schema = json!({"type": "object", "properties": properties, "required": required});
        let description = Some(text(tool, "description").to_owned());
        prompt.tools.push(Tool { name: text(tool, "name").to_owned(), description, schema });
    }
    Ok(())
}

/// Cohere names types as Python does.
fn schema_of(kind: &str) -> Value {
    let kind = kind.trim();
    let inner = kind.split_once('[').and_then(|(outer, inner)| Some((outer, inner.strip_suffix(']')?)));
    match (inner, kind.to_lowercase().as_str()) {
        (Some((outer, inner)), _) if outer.eq_ignore_ascii_case("list") => {
            json!({"type": "array", "items": schema_of(inner)})
        }
        (Some((outer, inner)), _) if outer.eq_ignore_ascii_case("optional") => schema_of(inner),
        (_, "int" | "integer") => json!({"type": "integer"}),
        (_, "float" | "number") => json!({"type": "number"}),
        (_, "bool" | "boolean") => json!({"type": "boolean"}),
        (_, "list" | "array") => json!({"type": "array"}),
        (Some(_), _) | (_, "dict" | "object") => json!({"type": "object"}),
        _ => json!({"type": "string"}),
    }
}

fn tool_result(result: &Value, number: usize, prompt: &mut Prompt) -> Result<Part, Problem> {
    const RESULT: [Key; 2] = [must("call", Kind::Object), must("outputs", Kind::List)];
    const CALL: [Key; 3] =
        [must("name", Kind::Text), must("parameters", Kind::Object), may("generation_id", Kind::Text)];
    let at = format!("#/tool_results/{number}");
    let mut found = keys::violations(result, &RESULT, &at);
    if let Some(call) = result.get("call") {
        found.extend(keys::violations(call, &CALL, &format!("{at}/call")));
    }
    if let Some(position) = list(result, "outputs").iter().position(|output| !output.is_object()) {
        found.push(format!("{at}/outputs/{position}: expected type: JSONObject, found: something else"));
    }
    if !found.is_empty() {
        return Err(Problem::malformed(&found.join("")));
    }
    prompt.ledger.text(&json::text(result));
    let name = result.pointer("/call/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let outputs: Vec<String> = list(result, "outputs").iter().map(json::text).collect();
    let id = format!("{name}_{number}");
    Ok(Part::ToolResult { id, name, text: outputs.join(" "), failed: false })
}

fn calls(answer: &Answer) -> Vec<Value> {
    let calls = answer.blocks.iter().filter_map(|block| match block {
        Block::Call { name, input, .. } => Some(json!({"name": name, "parameters": input})),
        _ => None,
    });
    calls.collect()
}

/// Returns citations of the first document, if there are documents: the model quotes that document at the end.
fn citations(body: &Value, text: &str) -> Option<Value> {
    list(body, "documents").first()?;
    let length = text.chars().count();
    let cited: String = text.chars().take(12).collect();
    Some(json!([{"start": 0, "end": length.min(12), "text": cited, "document_ids": ["doc_0"]}]))
}

/// The whole reply.
pub(crate) fn reply(body: &Value, answer: &Answer) -> Value {
    let finish = match answer.stop {
        Stop::MaxTokens => "MAX_TOKENS",
        Stop::Guardrail => "ERROR_TOXIC",
        _ => "COMPLETE",
    };
    let said = answer.text();
    let mut history = list(body, "chat_history").to_vec();
    history.push(json!({"role": "USER", "message": text(body, "message")}));
    let calls = calls(answer);
    let mut turn = json!({"role": "CHATBOT", "message": said});
    if !calls.is_empty() {
        put(&mut turn, "tool_calls", calls.clone());
    }
    history.push(turn);
    let mut reply = json!({
        "response_id": format!("response-{}", answer.fingerprint),
        "generation_id": format!("generation-{}", answer.fingerprint),
        "text": said,
        "chat_history": history,
        "finish_reason": finish,
    });
    if !calls.is_empty() {
        put(&mut reply, "tool_calls", calls);
    }
    if let Some(citations) = citations(body, &said) {
        put(&mut reply, "citations", citations);
    }
    if body.get("search_queries_only") == Some(&Value::Bool(true)) {
        put(&mut reply, "is_search_required", true);
        let query = json!({"text": text(body, "message"), "generation_id": reply.get("generation_id")});
        put(&mut reply, "search_queries", json!([query]));
    }
    if body.get("return_prompt") == Some(&Value::Bool(true)) {
        put(&mut reply, "prompt", text(body, "message"));
    }
    reply
}

/// The reply as stream events.
pub(crate) fn events(body: &Value, answer: &Answer) -> Vec<Value> {
    let whole = reply(body, answer);
    let mut events = vec![json!({
        "event_type": "stream-start", "is_finished": false, "generation_id": whole.get("generation_id"),
    })];
    if let Some(queries) = whole.get("search_queries") {
        events
            .push(json!({"event_type": "search-queries-generation", "is_finished": false, "search_queries": queries}));
    }
    for piece in model::deltas(&answer.text()) {
        events.push(json!({"event_type": "text-generation", "is_finished": false, "text": piece}));
    }
    if let Some(citations) = whole.get("citations") {
        events.push(json!({"event_type": "citation-generation", "is_finished": false, "citations": citations}));
    }
    if let Some(calls) = whole.get("tool_calls") {
        events.push(json!({"event_type": "tool-calls-generation", "is_finished": false, "tool_calls": calls}));
    }
    events.push(json!({
        "event_type": "stream-end", "is_finished": true,
        "finish_reason": whole.get("finish_reason"), "response": whole,
    }));
    events
}
