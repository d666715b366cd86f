//! Conditions of rows that need more than a comparison with data.

use serde_json::Value;

use super::build;
use super::steps::Named;
use crate::suite::case::Scenario;

pub(super) const ALL: Named<fn(&Scenario) -> bool> = &[
    ("arn_names_claude", arn_names_claude),
    ("kwargs_contradict_options", kwargs_contradict_options),
    ("content_blocks", |scenario| scenario.messages.iter().any(|message| message["content"].is_array())),
    ("neighbors_of_one_role", build::has_neighbors),
    ("late_system", late_system),
    ("no_user_text", no_user_text),
    ("empty_reply", empty_reply),
    ("blank_block", blank_block),
    ("data_block", build::has_data),
    ("image_without_url", |scenario| {
        blocks(scenario).any(|block| block["type"] == "image_url" && block["image_url"].is_null())
    }),
    ("image_on_the_web", image_on_the_web),
    ("call_without_id", call_without_id),
    ("choice_refused_by_list", choice_refused_by_list),
    ("forced_tool", forced_tool),
    ("media", |scenario| {
        let kinds = ["image", "image_url", "file", "document"];
        blocks(scenario).any(|block| kinds.iter().any(|kind| block["type"] == *kind))
    }),
    ("strict_tool", |scenario| {
        scenario.option("tools").and_then(Value::as_array).into_iter().flatten().any(|tool| tool["strict"] == true)
    }),
];

/// The blocks of all messages.
fn blocks(scenario: &Scenario) -> impl Iterator<Item = &Value> {
    scenario.messages.iter().flat_map(|message| message["content"].as_array()).flatten()
}

/// Returns whether the model is an ARN that names a Claude model, or has a base model that is Claude.
fn arn_names_claude(scenario: &Scenario) -> bool {
    let is_claude = |name: &str| name.contains("anthropic.claude");
    let is_named = ["inference-profile/", "foundation-model/"]
        .iter()
        .any(|kind| scenario.model.split_once(kind).is_some_and(|(_, name)| is_claude(name)));
    let base = scenario.option("base_model_id").and_then(Value::as_str);
    scenario.model.starts_with("arn:") && (is_named || base.is_some_and(is_claude))
}

fn kwargs_contradict_options(scenario: &Scenario) -> bool {
    let differs = |(key, value): (&String, &Value)| scenario.option(key).is_some_and(|option| option != value);
    scenario.option("model_kwargs").and_then(Value::as_object).is_some_and(|kwargs| kwargs.iter().any(differs))
}

/// Returns whether a system message is after another message.
fn late_system(scenario: &Scenario) -> bool {
    let begun = scenario.messages.iter().position(|message| message["role"] != "system");
    let last = scenario.messages.iter().rposition(|message| message["role"] == "system");
    begun.zip(last).is_some_and(|(begun, last)| begun < last)
}

fn no_user_text(scenario: &Scenario) -> bool {
    let is_silent =
        |message: &Value| message["role"] == "system" || (message["role"] == "human" && is_blank(&message["content"]));
    scenario.option("prompt").is_none() && scenario.messages.iter().all(is_silent)
}

fn empty_reply(scenario: &Scenario) -> bool {
    scenario
        .messages
        .iter()
        .any(|message| message["role"] == "ai" && message.get("tool_calls").is_none() && is_blank(&message["content"]))
}

/// Whether a message has a blank text block next to another block.
fn blank_block(scenario: &Scenario) -> bool {
    let lists = scenario.messages.iter().filter_map(|message| message["content"].as_array());
    lists.filter(|blocks| blocks.len() > 1).flatten().any(is_blank_block)
}

fn image_on_the_web(scenario: &Scenario) -> bool {
    blocks(scenario).any(|block| {
        let urls = [&block["image_url"]["url"], &block["image_url"], &block["url"]];
        urls.iter().any(|url| url.as_str().is_some_and(|url| url.starts_with("http")))
    })
}

fn call_without_id(scenario: &Scenario) -> bool {
    let mut calls = scenario.messages.iter().flat_map(|message| message["tool_calls"].as_array()).flatten();
    calls.any(|call| call["id"].as_str().is_none_or(str::is_empty))
}

/// Whether Python's client refuses the tool choice because of its list of models.
fn choice_refused_by_list(scenario: &Scenario) -> bool {
    let python = scenario.peers.iter().find(|peer| peer.tag == "pyconv" && peer.request.is_none());
    let why = python.and_then(|peer| peer.error.as_ref()?["message"].as_str());
    why.is_some_and(|why| why.contains("does not currently support tool_choice"))
}

/// Whether the model has to call a tool.
fn forced_tool(scenario: &Scenario) -> bool {
    let choice = scenario.option("tool_choice").map(|choice| choice["type"].as_str().or(choice.as_str()));
    choice.is_some_and(|choice| !matches!(choice, Some("auto" | "none")))
}

pub(super) fn is_blank_block(block: &Value) -> bool {
    block["text"].as_str().is_some_and(|text| text.trim().is_empty())
}

pub(super) fn is_blank(content: &Value) -> bool {
    match content {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(blocks) => blocks.iter().all(is_blank_block),
        _ => false,
    }
}
