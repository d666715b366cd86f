//! Rules about messages.

use serde_json::{Value, json};

use super::requests::{body_of, replace};
use super::{Right, Row, build, restore, turns};
use crate::suite::case::Scenario;
use crate::suite::request::Sent;

/// All that send messages.
pub(super) const ALL: &[&str] = &["jsbc", "pycb", "pyconv", "jsconv", "aisdk", "anthsdk"];

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "3.1",
        peers: &["pyconv"],
        reason: "several system messages stay apart, block by block",
        right: Right::Request(|scenario, sent| {
            let systems = scenario.messages.iter().filter(|message| message["role"] == "system");
            let texts: Option<Vec<&str>> = systems.map(|message| message["content"].as_str()).collect();
            let (Some(texts), Some(body)) = (texts, body_of(sent)) else { return };
            if body.get("system").is_some_and(|system| system[0]["text"] == texts.join("\n")) {
                body.insert("system".into(), texts.iter().map(|text| json!({"text": text})).collect());
            }
        }),
    },
    Row {
        rule: "3.2",
        peers: &["jsbc", "pycb", "pyconv", "jsconv"],
        reason: "a system message after the conversation has begun changes its meaning if it is moved: it is refused, \
                 but by gpt-oss, which takes it where it is",
        right: Right::Request(|scenario, sent| {
            if has_late_system(scenario) && !scenario.model.contains("openai.gpt-oss") {
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
        peers: &["jsbc", "pycb"],
        reason: "a cache point belongs to its block, and costs money if it gets lost",
        right: Right::Request(|scenario, sent| {
            if let Some(body) = body_of(sent) {
                restore::cache_controls(&scenario.messages, body);
            }
        }),
    },
    Row {
        rule: "3.10",
        peers: ALL,
        reason: "Claude before 4.5 has no cache for an hour, and the service refuses the point",
        right: Right::Request(|scenario, sent| {
            let before_4_5 = ["claude-3", "claude-sonnet-4-2025", "claude-opus-4-2025", "claude-opus-4-1-"];
            let is_before = before_4_5.iter().any(|name| scenario.model.contains(name));
            if is_before && body_of(sent).is_some_and(|body| json!(body).to_string().contains(r#""ttl":"1h""#)) {
                refuse(sent, "a cache point for an hour");
            }
        }),
    },
    Row {
        rule: "3.11",
        peers: &["jsbc"],
        reason: "reasoning goes back to the model that was its own, and first",
        right: Right::Request(|scenario, sent| {
            restore::dropped(scenario, sent, restore::thinking);
            if let Some(body) = body_of(sent) {
                turns::thinking_first(body);
            }
        }),
    },
    Row {
        rule: "3.11",
        peers: &["pyconv", "jsconv"],
        reason: "reasoning in LangChain's own form is reasoning too, and its signature goes with it",
        right: Right::Request(|scenario, sent| restore::dropped(scenario, sent, restore::converse_reasoning)),
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
        rule: "3.16",
        peers: &["jsconv", "pyconv"],
        reason: "LangChain's data blocks and Anthropic's are images and documents to Converse too",
        right: Right::Request(|scenario, sent| {
            if matches!(sent, Sent::Refused(_)) && scenario.operation.is_converse() && build::has_data(scenario) {
                replace(sent, build::converse(scenario));
            }
        }),
    },
    Row {
        rule: "3.16",
        peers: &["pyconv"],
        reason: "the name that a file was given is its name",
        right: Right::Request(|scenario, sent| {
            if let Some(body) = body_of(sent) {
                restore::document_names(&scenario.messages, body);
            }
        }),
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
        reason: "a block of a known type without its content is refused, not dropped unsaid",
        right: Right::Request(|scenario, sent| {
            let mut blocks = scenario.messages.iter().flat_map(|message| message["content"].as_array()).flatten();
            if blocks.any(|block| block["type"] == "image_url" && block["image_url"].is_null()) {
                refuse(sent, "an image without its address");
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
        rule: "3.27",
        peers: ALL,
        reason: "nobody fetches an image from the web: that is said before anything is sent",
        right: Right::Request(|scenario, sent| {
            let is_on_the_web = |block: &Value| {
                let urls = [&block["image_url"]["url"], &block["image_url"], &block["url"]];
                urls.iter().any(|url| url.as_str().is_some_and(|url| url.starts_with("http")))
            };
            let mut blocks = scenario.messages.iter().flat_map(|message| message["content"].as_array()).flatten();
            if blocks.any(is_on_the_web) {
                refuse(sent, "an image on the web");
            }
        }),
    },
];

pub(super) fn refuse(sent: &mut Sent, why: &str) {
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

pub(super) fn is_blank(content: &Value) -> bool {
    match content {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(blocks) => blocks.iter().all(is_blank_block),
        _ => false,
    }
}
