//! The rules between the parts of a conversation.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::features::{self, Reasoning};
use super::tool_rules;
use crate::json::put;
use crate::model::Trusted;
use crate::problem::Problem;
use crate::shapes::{Call, anthropic, schemas};

pub(super) fn blocks(message: &Value) -> &[Value] {
    message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn refuse(message: impl Into<String>) -> Result<(), Problem> {
    Err(Problem::validation(message))
}

/// Returns an error of the model itself.
fn model_error(message: impl std::fmt::Display) -> Result<(), Problem> {
    refuse(format!("The model returned the following errors: {message}"))
}

pub(super) fn check(body: &Value, call: &Call<'_>) -> Result<(), Problem> {
    let (model, model_id) = (call.model.as_str(), call.model_id.as_str());
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // A managed prompt has its own messages.
    if messages.is_empty() && model_id.contains(":prompt/") {
        return Ok(());
    }
    system_messages(messages, model)?;
    let turns: Vec<&Value> = messages.iter().filter(|message| role(message) != "system").collect();
    roles(&turns, model)?;
    for (number, message) in messages.iter().enumerate() {
        let content = blocks(message);
        if content.is_empty() {
            return refuse(format!(
                "The content field in the Message object at messages.{number} is empty. Add a ContentBlock object to the content field and try again."
            ));
        }
        for (position, block) in content.iter().enumerate() {
            let at = format!("messages.{number}.content.{position}");
            check_block(block, role(message), &at, call)?;
        }
        documents(content, number)?;
    }
    cache_points(body, messages, model)?;
    tool_rules::check(body, &turns, model)?;
    compiled_schemas(body, model)?;
    claude(body, &turns, model)
}

/// Checks system messages in `messages`, which few models accept.
fn system_messages(messages: &[Value], model: &str) -> Result<(), Problem> {
    let role_at = |number: usize| messages.get(number).map(role);
    for (number, message) in messages.iter().enumerate().filter(|(_, message)| role(message) == "system") {
        if model.starts_with("anthropic.") {
            let before = number.checked_sub(1).and_then(role_at);
            anthropic::system_in_the_middle(model, number, before, role_at(number + 1))
                .or_else(|problem| model_error(problem.message))?;
        } else if !features::system_anywhere(model) {
            return refuse(
                "This model doesn't support system messages in the messages field. Use the system field and try again.",
            );
        }
        not_blank(blocks(message).first().unwrap_or(&Value::Null), &format!("messages.{number}.content.0"))?;
    }
    Ok(())
}

/// Checks the schemas of models other than Claude; `claude` checks Claude's.
fn compiled_schemas(body: &Value, model: &str) -> Result<(), Problem> {
    if model.starts_with("anthropic.") {
        return Ok(());
    }
    let tools = body.pointer("/toolConfig/tools").and_then(Value::as_array).into_iter().flatten();
    for (number, tool) in tools.enumerate() {
        let strict = tool.pointer("/toolSpec/strict") == Some(&Value::Bool(true));
        let schema = tool.pointer("/toolSpec/inputSchema/json").filter(|_| strict);
        if let Some(words) = schema.and_then(schemas::refusal) {
            return model_error(format_args!("tools.{number}.custom: {words}"));
        }
    }
    let refused = answer_schema(body).as_ref().and_then(schemas::refusal);
    refused.map_or(Ok(()), |words| model_error(format_args!("output_config.format.schema: {words}")))
}

/// Returns the schema in `outputConfig`.
fn answer_schema(body: &Value) -> Option<Value> {
    let text = body.pointer("/outputConfig/textFormat/structure/jsonSchema/schema")?.as_str()?;
    serde_json::from_str(text).ok()
}

fn roles(turns: &[&Value], model: &str) -> Result<(), Problem> {
    if turns.first().is_none_or(|message| role(message) != "user") {
        return refuse(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
        );
    }
    let alternate = turns.windows(2).all(|pair| match pair {
        [a, b] => role(a) != role(b),
        _ => true,
    });
    if !alternate {
        return refuse(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.",
        );
    }
    let prefills = ["anthropic.", "amazon.nova"].iter().any(|vendor| model.starts_with(vendor));
    if !prefills && turns.last().is_some_and(|message| role(message) == "assistant") {
        return refuse(
            "The model that you are using requires the last turn in the conversation to be a user message. Add a user message to the conversation and try again.",
        );
    }
    Ok(())
}

pub(super) fn not_blank(block: &Value, at: &str) -> Result<(), Problem> {
    match block.get("text").and_then(Value::as_str) {
        Some(text) if text.trim().is_empty() => refuse(format!(
            "The text field in the ContentBlock object at {at} is blank. Add text to the text field, and try again."
        )),
        _ => Ok(()),
    }
}

fn check_block(block: &Value, role: &str, at: &str, call: &Call<'_>) -> Result<(), Problem> {
    not_blank(block, at)?;
    if let Some(document) = block.get("document") {
        document_name(document)?;
    }
    if let Some(reasoning) = block.get("reasoningContent") {
        if role == "user" {
            return refuse(format!(
                "{at}: User messages cannot contain reasoning content. Please remove the reasoning content and try again."
            ));
        }
        match features::reasoning(&call.model) {
            Reasoning::Signed => own_reasoning(reasoning, at, &call.state.settings.trusted)?,
            Reasoning::Unsigned => {
                for field in ["reasoningText/signature", "redactedContent"] {
                    if reasoning.pointer(&format!("/{field}")).is_some() {
                        let field = format!("reasoningContent.{}", field.replace('/', "."));
                        return refuse(format!(
                            "This model doesn't support the {field} field. Remove {field} and try again."
                        ));
                    }
                }
            }
            // The service says `User messages` although the message is the assistant's.
            Reasoning::None => {
                return refuse(
                    "User messages cannot contain reasoning content. Please remove the reasoning content and try again.",
                );
            }
        }
    }
    for (member, wrong_role, what) in [("toolUse", "user", "tool uses"), ("toolResult", "assistant", "tool results")] {
        // Server tools are called and answered in one turn.
        let own = tool_rules::is_of_the_service(block);
        if block.get(member).is_some() && role == wrong_role && !own {
            let who = if role == "user" { "User" } else { "Assistant" };
            return refuse(format!("{at}: {who} messages cannot contain {what}. Remove the {what} and try again."));
        }
    }
    if let Some(result) = block.get("toolResult") {
        // aws-samples/sample-multi-agent-orchestration-chat-on-agentcore#15.
        if blocks(result).is_empty() && result.get("status").and_then(Value::as_str) == Some("error") {
            return refuse(format!("The content field at {at}.toolResult cannot be empty when status value is error."));
        }
        for (position, part) in blocks(result).iter().enumerate() {
            not_blank(part, &format!("{at}.toolResult.content.{position}"))?;
            if let Some(document) = part.get("document") {
                document_name(document)?;
            }
        }
    }
    Ok(())
}

/// Claude accepts only its own reasoning, unchanged.
fn own_reasoning(reasoning: &Value, at: &str, trusted: &Trusted) -> Result<(), Problem> {
    let text = reasoning.pointer("/reasoningText/text").and_then(Value::as_str);
    let signature = reasoning.pointer("/reasoningText/signature").and_then(Value::as_str);
    match (text, signature, reasoning.get("redactedContent").and_then(Value::as_str)) {
        (Some(_), None, _) => model_error(format!("{at}.thinking.signature: Field required")),
        (Some(text), Some(signature), _) if !trusted.is_signature(text, signature) => {
            model_error(format!("{at}: Invalid `signature` in `thinking` block"))
        }
        (_, _, Some(data)) if !trusted.is_redacted(data) => {
            model_error(format!("{at}: Invalid `data` in `redacted_thinking` block"))
        }
        _ => Ok(()),
    }
}

fn document_name(document: &Value) -> Result<(), Problem> {
    let name = document.get("name").and_then(Value::as_str).unwrap_or_default();
    // The message does not list underscores, but the service accepts them.
    let good = name.chars().all(|c| c.is_ascii_alphanumeric() || " -()[]_".contains(c));
    if good && !name.contains("  ") {
        return Ok(());
    }
    refuse(
        "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character. Check that the file name conforms to these restrictions and retry your request.",
    )
}

fn documents(content: &[Value], number: usize) -> Result<(), Problem> {
    let names: Vec<&str> =
        content.iter().filter_map(|block| block.pointer("/document/name").and_then(Value::as_str)).collect();
    let unique: BTreeSet<&&str> = names.iter().collect();
    if unique.len() < names.len() {
        return refuse(format!(
            "The documents at messages.{number}.content contain duplicate names. Give each document its own name and try again."
        ));
    }
    if !names.is_empty() && !content.iter().any(|block| block.get("text").is_some()) {
        return refuse(format!(
            "A text block must accompany the documents at messages.{number}.content. Add a text block and try again."
        ));
    }
    Ok(())
}

fn cache_points(body: &Value, messages: &[Value], model: &str) -> Result<(), Problem> {
    let list = |pointer: &str| body.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_point = |block: &&Value| block.get("cachePoint").is_some();
    let in_tools = list("/toolConfig/tools").iter().filter(is_point).count();
    let in_system = list("/system").iter().filter(is_point).count();
    let in_messages: usize = messages.iter().map(|message| blocks(message).iter().filter(is_point).count()).sum();
    let count = in_tools + in_system + in_messages;
    if count > 4 {
        return refuse(format!("A maximum of 4 cache points may be provided. Found {count}."));
    }
    if model.starts_with("amazon.nova") && in_tools > 0 {
        return refuse(
            "This model doesn't support the toolConfig.tools.cachePoint field. Remove toolConfig.tools.cachePoint and try again.",
        );
    }
    let of_message = messages.iter().flat_map(blocks);
    let points = list("/toolConfig/tools").iter().chain(list("/system")).chain(of_message).filter(is_point);
    let hours: Vec<bool> =
        points.map(|point| point.pointer("/cachePoint/ttl").and_then(Value::as_str) == Some("1h")).collect();
    // timothy#756, LibreChat-AI/agents#256: a ttl of 5m is accepted.
    if hours.contains(&true) && !model.starts_with("anthropic.") {
        return refuse("Extended TTL prompt caching is only supported for Anthropic models");
    }
    let shorter = hours.iter().position(|hour| !hour).unwrap_or(hours.len());
    if hours.iter().skip(shorter).any(|hour| *hour) {
        return model_error(anthropic::LONGER_AFTER_SHORTER);
    }
    for (number, message) in messages.iter().enumerate() {
        let mut before: Option<&Value> = None;
        for (at, block) in blocks(message).iter().enumerate() {
            if is_point(&block) {
                check_point(before, model, &format!("messages.{number}.content.{at}"))?;
            }
            before = Some(block);
        }
    }
    Ok(())
}

/// Places where the service refuses a cache point, with its messages.
fn check_point(before: Option<&Value>, model: &str, place: &str) -> Result<(), Problem> {
    let remove = "Please remove the invalid cache point and try again.";
    let Some(before) = before else {
        return refuse(format!("There is nothing available to cache. {remove}"));
    };
    if before.get("reasoningContent").is_some() {
        return refuse(format!("Cache point cannot be inserted after reasoning block. {remove}"));
    }
    // Documents other than PDF become text before Claude receives them, so there is no block for the point.
    let format = before.pointer("/document/format").and_then(Value::as_str);
    if model.starts_with("anthropic.") && format.is_some_and(|format| format != "pdf") {
        return refuse(format!("The model returned the following errors: {place}.type: Field required"));
    }
    Ok(())
}

/// Claude checks the fields that are passed on to it.
fn claude(body: &Value, turns: &[&Value], model: &str) -> Result<(), Problem> {
    if !model.starts_with("anthropic.") {
        return Ok(());
    }
    let last_text =
        turns.last().filter(|message| role(message) == "assistant").and_then(|message| blocks(message).last());
    let last_text = last_text.and_then(|block| block.get("text")).and_then(Value::as_str).unwrap_or_default();
    if last_text.ends_with(char::is_whitespace) {
        return model_error("messages: final assistant content cannot end with trailing whitespace");
    }
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for (number, message) in turns.iter().enumerate() {
        for (position, block) in blocks(message).iter().enumerate() {
            let id = block.pointer("/toolUse/toolUseId").and_then(Value::as_str);
            if id.is_some_and(|id| !ids.insert(id)) {
                return model_error(format_args!(
                    "messages.{number}.content.{position}: `tool_use` ids must be unique"
                ));
            }
        }
    }
    let no_fields = serde_json::Map::new();
    let fields = body.get("additionalModelRequestFields").and_then(Value::as_object).unwrap_or(&no_fields);
    let kind = fields.get("thinking").and_then(|thinking| thinking.get("type")?.as_str());
    for (number, message) in turns.iter().enumerate().filter(|(_, message)| role(message) == "assistant") {
        let thoughts: Vec<bool> = blocks(message).iter().map(|block| block.get("reasoningContent").is_some()).collect();
        anthropic::final_thinking(number, &thoughts, number + 1 == turns.len(), anthropic::thinks(model, kind))
            .or_else(|problem| model_error(problem.message))?;
    }
    let mut native = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": body.pointer("/inferenceConfig/maxTokens").cloned().unwrap_or(json!(64_000)),
        "messages": [],
    });
    for (key, pointer) in [("temperature", "/inferenceConfig/temperature"), ("top_p", "/inferenceConfig/topP")] {
        if let Some(value) = body.pointer(pointer) {
            put(&mut native, key, value.clone());
        }
    }
    for (key, value) in fields {
        put(&mut native, key, value.clone());
    }
    let tools = body.pointer("/toolConfig/tools").and_then(Value::as_array).into_iter().flatten();
    let tools: Vec<Value> = tools.filter_map(|tool| native_tool(tool.get("toolSpec")?)).collect();
    if !tools.is_empty() {
        put(&mut native, "tools", tools);
    }
    if let (Some(schema), Value::Object(native)) = (answer_schema(body), &mut native) {
        let config = native.entry("output_config").or_insert_with(|| json!({}));
        put(config, "format", json!({"type": "json_schema", "schema": schema}));
    }
    let choice = body.pointer("/toolConfig/toolChoice");
    if choice.is_some_and(|choice| choice.get("any").is_some() || choice.get("tool").is_some()) {
        put(&mut native, "tool_choice", json!({"type": "any"}));
    }
    match crate::shapes::anthropic::check_options(&native, model) {
        Ok(()) => Ok(()),
        Err(problem) => model_error(problem.message),
    }
}

/// Converts a tool to Claude's native format.
fn native_tool(spec: &Value) -> Option<Value> {
    let mut tool = json!({"name": spec.get("name")?, "input_schema": spec.pointer("/inputSchema/json")?});
    if let Some(strict) = spec.get("strict") {
        put(&mut tool, "strict", strict.clone());
    }
    Some(tool)
}
