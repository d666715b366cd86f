//! Rules about tools: calls, results, choices.

use serde_json::{Value, json};

use super::messages::{ALL, is_blank, refuse};
use super::requests::{body_of, replace};
use super::{Right, Row, build, restore, turns};
use crate::suite::case::Scenario;
use crate::suite::request::{Sent, text_block};

/// What an empty result of a tool says here.
const EMPTY_RESULT: &str = "(no output)";

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "3.8",
        peers: ALL,
        reason: "the result of a tool must not be blank: it says that there is no output",
        right: Right::Request(|scenario, sent| {
            let mut empty =
                scenario.messages.iter().filter(|message| message["role"] == "tool" && is_blank(&message["content"]));
            let Some(body) = body_of(sent) else { return };
            empty.by_ref().for_each(|message| {
                turns::restore_result(body, &message["tool_call_id"]);
                if let Some(result) = turns::result_of(body, &message["tool_call_id"]) {
                    let text = if result.contains_key("tool_use_id") {
                        text_block(EMPTY_RESULT)
                    } else {
                        json!({"text": EMPTY_RESULT})
                    };
                    result.insert("content".into(), json!([text]));
                }
            });
        }),
    },
    Row {
        rule: "3.17",
        peers: &["jsbc", "pycb"],
        reason: "a call is sent once, and what a stream left of it is not sent",
        right: Right::Request(|_, sent| {
            if let Some(body) = body_of(sent) {
                turns::calls_once(body);
            }
        }),
    },
    Row {
        rule: "3.18",
        peers: &["jsbc", "jsconv"],
        reason: "all results of one turn's calls are one turn",
        right: Right::Request(|_, sent| turns::merge_in(sent, turns::both_have_results)),
    },
    Row {
        rule: "3.18",
        peers: ALL,
        reason: "the results of one turn's calls stand in the order of the calls, in whichever they came",
        right: Right::Request(|_, sent| {
            if let Some(body) = body_of(sent) {
                turns::results_in_order(body);
            }
        }),
    },
    Row {
        rule: "3.19",
        peers: &["jsbc", "jsconv"],
        reason: "what the user adds to the results of tools is in their turn",
        right: Right::Request(|_, sent| turns::merge_in(sent, turns::has_results)),
    },
    Row {
        rule: "3.20",
        peers: ALL,
        reason: "that a tool failed is told to the model; that it succeeded goes without saying",
        right: Right::Request(|scenario, sent| {
            let Some(body) = body_of(sent) else { return };
            for message in scenario.messages.iter().filter(|message| message["role"] == "tool") {
                let failed = message["status"] == "error";
                let Some(result) = turns::result_of(body, &message["tool_call_id"]) else { continue };
                let (key, error) = match result.contains_key("tool_use_id") {
                    true => ("is_error", json!(true)),
                    false => ("status", json!("error")),
                };
                if failed {
                    result.insert(key.into(), error);
                } else {
                    result.remove(key);
                }
            }
        }),
    },
    Row {
        rule: "3.21",
        peers: ALL,
        reason: "a tool call without an id can never be answered: it is refused",
        right: Right::Request(|scenario, sent| {
            let mut calls = scenario.messages.iter().flat_map(|message| message["tool_calls"].as_array()).flatten();
            if calls.any(|call| call["id"].as_str().is_none_or(str::is_empty)) {
                refuse(sent, "a tool call without an id");
            }
        }),
    },
    Row {
        rule: "3.22",
        peers: &["pycb"],
        reason: "no tool is the choice `none`, not a tool of that name",
        right: Right::Request(|scenario, sent| {
            if let (true, Some(body)) = (scenario.option("tool_choice") == Some(&json!("none")), body_of(sent)) {
                body.insert("tool_choice".into(), json!({"type": "none"}));
            }
        }),
    },
    Row {
        rule: "3.22",
        peers: &["jsbc"],
        reason: "the choice among the tools must not get lost unsaid",
        right: Right::Request(|scenario, sent| {
            let (Some(choice), Some(body)) = (scenario.option("tool_choice"), body_of(sent)) else { return };
            let choice = match choice.as_str() {
                None => choice.clone(),
                Some(word @ ("auto" | "any" | "none")) => json!({"type": word}),
                Some(name) => json!({"type": "tool", "name": name}),
            };
            body.insert("tool_choice".into(), choice);
        }),
    },
    Row {
        rule: "3.22",
        peers: &["pyconv"],
        reason: "Converse has no such choice: without tools none is called",
        right: Right::Request(|scenario, sent| {
            if let (true, Some(body)) = (scenario.option("tool_choice") == Some(&json!("none")), body_of(sent)) {
                body.remove("toolConfig");
            }
        }),
    },
    Row {
        rule: "3.22",
        peers: &["aisdk"],
        reason: "the tools that need not be called are tools still",
        right: Right::Request(restore::all_tools),
    },
    Row {
        rule: "3.23",
        peers: &["jsbc"],
        reason: "a structured output is a tool that must be called, with its own description",
        right: Right::Request(|scenario, sent| {
            let (Some(output), Some(body)) = (scenario.option("structured_output"), body_of(sent)) else { return };
            body["tools"][0]["description"] = output["description"].clone();
            body.insert("tool_choice".into(), json!({"type": "tool", "name": output["name"]}));
        }),
    },
    Row {
        rule: "3.23",
        peers: &["jsconv"],
        reason: "the description of a structured output is the tool's",
        right: Right::Request(|scenario, sent| {
            let Some(output) = scenario.option("structured_output") else { return };
            if let Some(tool) = turns::tool_of(sent, &output["name"]) {
                tool.insert("description".into(), output["description"].clone());
            }
        }),
    },
    Row {
        rule: "3.24",
        peers: &["pycb", "pyconv"],
        reason: "a tool without a description has none",
        right: Right::Request(|scenario, sent| {
            let tools = scenario.option("tools").and_then(Value::as_array).into_iter().flatten();
            for tool in tools.filter(|tool| tool.get("description").is_none()) {
                if let Some(described) = turns::tool_of(sent, &tool["name"]) {
                    described.remove("description");
                }
            }
        }),
    },
    Row {
        rule: "3.25",
        peers: &["jsbc", "pycb"],
        reason: "the provider's own tools are passed as they are",
        right: Right::Request(|scenario, sent| {
            let raw = scenario.option("tool_format") == Some(&json!("raw"));
            if raw && matches!(sent, Sent::Refused(_)) && scenario.provider == "anthropic" {
                replace(sent, build::anthropic(scenario));
            }
        }),
    },
    Row {
        rule: "3.26",
        peers: &["pyconv", "jsconv", "aisdk"],
        reason: "calls and results without tools are told as text, and which result belongs to which call with them",
        right: Right::Request(|scenario, sent| {
            let has_calls = scenario.messages.iter().any(|message| message["role"] == "tool");
            let has_tools = scenario.option("tools").is_some() || !scenario.operation.is_converse();
            if let (true, false, Some(body)) = (has_calls, has_tools, body_of(sent)) {
                restore::told_calls(scenario, body);
            }
        }),
    },
    Row {
        rule: "3.22",
        peers: &["aisdk"],
        reason: "Python's list of the models that can be made to call a tool is right: what the service would refuse \
                 is refused before it is sent",
        right: Right::Request(|scenario, sent| {
            if is_choice_refused_by_list(scenario) {
                refuse(sent, "the model cannot be made to call a tool");
            }
        }),
    },
];

/// Whether Python's client refuses the choice among the tools for the model's sake.
fn is_choice_refused_by_list(scenario: &Scenario) -> bool {
    let python = scenario.peers.iter().find(|peer| peer.tag == "pyconv" && peer.request.is_none());
    let why = python.and_then(|peer| peer.error.as_ref()?["message"].as_str());
    why.is_some_and(|why| why.contains("does not currently support tool_choice"))
}
