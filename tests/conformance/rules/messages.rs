//! Rules about messages and tools.

use serde_json::{Value, json};

use super::requests::{body_of, replace};
use super::{Right, Row, build, restore, turns};
use crate::suite::case::Scenario;
use crate::suite::request::{Sent, text_block};

/// All that send messages.
const ALL: &[&str] = &["jsbc", "pycb", "pyconv", "jsconv", "aisdk", "anthsdk"];

/// What an empty result of a tool says here.
const EMPTY_RESULT: &str = "(no output)";

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "3.2",
        peers: &["jsbc", "pycb", "pyconv", "jsconv"],
        reason: "a system message after the conversation has begun changes its meaning if it is moved: it is refused",
        right: Right::Request(|scenario, sent| {
            if has_late_system(scenario) {
                refuse(sent, "a system message after the conversation has begun");
            }
        }),
    },
    Row {
        rule: "3.8",
        peers: ALL,
        reason: "a conversation in which the user says nothing is refused: to send it empty gets an error from \
                 afar, to say \".\" invents content",
        right: Right::Request(|scenario, sent| {
            let says_nothing = |message: &Value| {
                message["role"] == "system" || (message["role"] == "human" && is_blank(&message["content"]))
            };
            if scenario.option("prompt").is_none() && scenario.messages.iter().all(says_nothing) {
                refuse(sent, "the user says nothing");
            }
        }),
    },
    Row {
        rule: "3.8",
        peers: ALL,
        reason: "an answer that is empty is no turn, and its neighbours become one",
        right: Right::Request(|scenario, sent| {
            let is_empty_answer = |message: &Value| {
                message["role"] == "ai" && message.get("tool_calls").is_none() && is_blank(&message["content"])
            };
            if let (true, Some(body)) = (scenario.messages.iter().any(is_empty_answer), body_of(sent)) {
                turns::drop_empty_answers(body);
                turns::merge(body, |before, turn| before["role"] == turn["role"]);
            }
        }),
    },
    Row {
        rule: "3.8",
        peers: ALL,
        reason: "the result of a tool must not be blank: it says that there is no output",
        right: Right::Request(|scenario, sent| {
            let mut empty =
                scenario.messages.iter().filter(|message| message["role"] == "tool" && is_blank(&message["content"]));
            let Some(body) = body_of(sent) else { return };
            empty.by_ref().for_each(|message| {
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
        rule: "3.9",
        peers: &["jsbc", "pycb", "pyconv", "jsconv"],
        reason: "blank text blocks are refused by the service and say nothing",
        right: Right::Request(|scenario, sent| {
            let has_blank = scenario.messages.iter().any(|message| {
                let blocks = message["content"].as_array().into_iter().flatten();
                blocks.clone().count() > 1 && blocks.clone().any(is_blank_block)
            });
            if let (true, Some(body)) = (has_blank, body_of(sent)) {
                turns::drop_blank_texts(body);
                restore::without_blank_tails(&scenario.messages, body);
            }
        }),
    },
    Row {
        rule: "3.10",
        peers: &["jsbc"],
        reason: "a cache point belongs to its block, and costs money if it gets lost",
        right: Right::Request(|scenario, sent| {
            if let Some(body) = body_of(sent) {
                restore::cache_controls(&scenario.messages, body);
            }
        }),
    },
    Row {
        rule: "3.11",
        peers: &["jsbc"],
        reason: "reasoning goes back to the model that was its own",
        right: Right::Request(|scenario, sent| restore::dropped(scenario, sent, restore::thinking)),
    },
    Row {
        rule: "3.12",
        peers: &["jsbc"],
        reason: "an image in the API's own form is an image",
        right: Right::Request(|scenario, sent| restore::dropped(scenario, sent, restore::native_image)),
    },
    Row {
        rule: "3.16",
        peers: &["jsbc"],
        reason: "LangChain's data blocks are images and documents in Python's form too",
        right: Right::Request(|scenario, sent| restore::dropped(scenario, sent, restore::data_block)),
    },
    Row {
        rule: "3.16",
        peers: &["pycb"],
        reason: "LangChain's data blocks are images and documents in JavaScript's form too",
        right: Right::Request(|_, sent| {
            if let Some(body) = body_of(sent) {
                turns::data_blocks_as_native(body);
            }
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
        rule: "3.19",
        peers: &["jsbc", "jsconv"],
        reason: "what the user adds to the results of tools is in their turn",
        right: Right::Request(|_, sent| turns::merge_in(sent, turns::has_results)),
    },
    Row {
        rule: "3.5",
        peers: &["jsbc", "jsconv"],
        reason: "what the user says in several messages is one turn, as Converse wants it",
        right: Right::Request(|_, sent| turns::merge_in(sent, turns::are_users)),
    },
    Row {
        rule: "3.6",
        peers: &["jsbc", "pycb", "jsconv"],
        reason: "what the model says in several messages is one turn, as Converse wants it",
        right: Right::Request(|_, sent| turns::merge_in(sent, turns::are_models)),
    },
    Row {
        rule: "3.5",
        peers: &["pyconv"],
        reason: "what the user says in several messages stays apart, block by block",
        right: Right::Request(|scenario, sent| restore::texts_apart(scenario, sent, "human")),
    },
    Row {
        rule: "3.6",
        peers: &["pyconv"],
        reason: "what the model says in several messages stays apart, block by block",
        right: Right::Request(|scenario, sent| restore::texts_apart(scenario, sent, "ai")),
    },
    Row {
        rule: "3.7",
        peers: &["jsbc", "jsconv", "aisdk"],
        reason: "the beginning of an answer must not end in white space",
        right: Right::Request(|_, sent| {
            if let Some(body) = body_of(sent) {
                turns::trim_end(body);
            }
        }),
    },
    Row {
        rule: "3.11",
        peers: &["pycb"],
        reason: "reasoning goes back as the API's own block, and first",
        right: Right::Request(|_, sent| {
            if let Some(body) = body_of(sent) {
                turns::reasoning_as_thinking(body);
            }
        }),
    },
    Row {
        rule: "3.13",
        peers: &["jsbc"],
        reason: "a block that is not known is passed on, not dropped unsaid",
        right: Right::Request(|scenario, sent| restore::dropped(scenario, sent, restore::unknown)),
    },
    Row {
        rule: "3.15",
        peers: &["jsbc", "pycb", "pyconv", "jsconv"],
        reason: "only png, jpeg, gif and webp are valid, under these names",
        right: Right::Request(|scenario, sent| {
            let Some(body) = body_of(sent) else { return };
            restore::image_formats(&scenario.messages, body);
            if let Err(media_type) = turns::name_images(body) {
                refuse(sent, &format!("no image is of type {media_type}"));
            }
        }),
    },
    Row {
        rule: "3.16",
        peers: &["jsbc"],
        reason: "a file with text is a document with text, and the name of a file is its title",
        right: Right::Request(|scenario, sent| {
            if let Some(body) = body_of(sent) {
                restore::files(&scenario.messages, body);
            }
        }),
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
        peers: &["pycb"],
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
];

fn refuse(sent: &mut Sent, why: &str) {
    if matches!(sent, Sent::Request(_)) {
        *sent = Sent::Refused(why.to_owned());
    }
}

fn has_late_system(scenario: &Scenario) -> bool {
    let begun = scenario.messages.iter().position(|message| message["role"] != "system");
    let last = scenario.messages.iter().rposition(|message| message["role"] == "system");
    begun.zip(last).is_some_and(|(begun, last)| begun < last)
}

pub(super) fn is_blank_block(block: &Value) -> bool {
    block["text"].as_str().is_some_and(|text| text.trim().is_empty())
}

fn is_blank(content: &Value) -> bool {
    match content {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(blocks) => blocks.iter().all(is_blank_block),
        _ => false,
    }
}
