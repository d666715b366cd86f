//! InvokeGuardrailChecks: scores that need no guardrail.

use serde_json::{Value, json};

use super::constraints::{Shape, violations};
use super::detail::Details;
use crate::delivery::Reply;
use crate::json::put;
use crate::problem::Problem;

/// The shapes of the request in the service model.
fn shape(name: &str) -> Shape {
    use Shape::{Enum, List, Structure, Text, Union};
    match name {
        "Request" => Structure(&[("messages", "Messages"), ("checks", "Checks")], &["messages", "checks"]),
        "Messages" => List("Message", 1),
        "Message" => Structure(&[("role", "Role"), ("content", "Content")], &["role", "content"]),
        "Role" => Enum(&["user", "assistant", "system"]),
        "Content" => List("Block", 1),
        "Block" => Union(&[("text", "Words")]),
        "Words" => Text(1, usize::MAX),
        "Checks" => Structure(
            &[("contentFilter", "Filter"), ("promptAttack", "Attack"), ("sensitiveInformation", "Sensitive")],
            &[],
        ),
        "Filter" => Structure(&[("categories", "Filters")], &["categories"]),
        "Filters" => List("OneFilter", 1),
        "OneFilter" => Structure(&[("category", "FilterName")], &["category"]),
        "FilterName" => Enum(&["VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS"]),
        "Attack" => Structure(&[("categories", "Attacks")], &["categories"]),
        "Attacks" => List("OneAttack", 1),
        "OneAttack" => Structure(&[("category", "AttackName")], &["category"]),
        "AttackName" => Enum(&["JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE"]),
        "Sensitive" => Structure(&[("entities", "Entities")], &["entities"]),
        "Entities" => List("Entity", 1),
        "Entity" => Structure(&[("type", "EntityName")], &["type"]),
        _ => Enum(super::detail::ENTITIES),
    }
}

/// Answers one request: a text scores 0.9 if it has the name of a category, and entities are found by their form.
pub(crate) fn invoke_guardrail_checks(body: &[u8]) -> Result<Reply, Problem> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Problem::new(400, "SerializationException", "The request body is not valid JSON."))?;
    let found = violations(&body, "Request", shape);
    if found.iter().any(|violation| violation.starts_with('#')) {
        return Err(Problem::malformed(&found.join("")));
    }
    if !found.is_empty() {
        let (count, errors) = (found.len(), if found.len() == 1 { "error" } else { "errors" });
        return Err(Problem::validation(format!("{count} validation {errors} detected: {}", found.join("; "))));
    }
    let texts = texts(&body);
    let said = texts.iter().map(|(_, _, text)| *text).collect::<Vec<&str>>().join("\n").to_lowercase();
    let units = said.chars().count().div_ceil(1_000);
    let (mut results, mut usage) = (json!({}), json!({}));
    for check in ["contentFilter", "promptAttack"] {
        let Some(categories) = names(&body, &format!("/checks/{check}/categories"), "category") else { continue };
        let scores: Vec<Value> = categories
            .into_iter()
            .map(|category| {
                let words = category.to_lowercase().replace('_', " ");
                json!({"category": category, "severityScore": if said.contains(&words) { 0.9 } else { 0.0 }})
            })
            .collect();
        put(&mut results, check, json!({"results": scores}));
        put(&mut usage, check, json!({"textUnits": units}));
    }
    if let Some(entities) = names(&body, "/checks/sensitiveInformation/entities", "type") {
        let details = Details { entities };
        let found: Vec<Value> =
            texts.iter().flat_map(|(message, content, text)| details.find(text, *message, *content)).collect();
        put(&mut results, "sensitiveInformation", json!({"results": found, "truncated": false}));
        put(&mut usage, "sensitiveInformation", json!({"textUnits": units}));
    }
    Ok(Reply::json(&json!({"results": results, "usage": usage})))
}

/// Returns every text with the positions of its message and block.
fn texts(body: &Value) -> Vec<(usize, usize, &str)> {
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    let blocks = messages.enumerate().flat_map(|(number, message)| {
        let content = message.get("content").and_then(Value::as_array).into_iter().flatten();
        content.enumerate().map(move |(position, block)| (number, position, block))
    });
    blocks.filter_map(|(number, position, block)| Some((number, position, block.get("text")?.as_str()?))).collect()
}

fn names<'a>(body: &'a Value, pointer: &str, key: &str) -> Option<Vec<&'a str>> {
    let list = body.pointer(pointer)?.as_array()?;
    Some(list.iter().filter_map(|entry| entry.get(key)?.as_str()).collect())
}
