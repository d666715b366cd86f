//! Rules about the models that take a prompt, and those that are near them.

use serde_json::{Value, json};

use super::requests::{body_of, replace, stop};
use super::{Right, Row, build, template};
use crate::suite::case::Scenario;
use crate::suite::request::Sent;

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "4.1",
        peers: &["jsbc"],
        reason: "Claude 2's prompt ends right behind `Assistant:`; its system text stands before the first `Human:`; \
                 content blocks are texts",
        right: Right::Request(|scenario, sent| {
            if scenario.is_legacy_claude() {
                set_prompt(scenario, sent);
            }
        }),
    },
    Row {
        rule: "4.2",
        peers: &["jsbc"],
        reason: "every model has a template of its own: Claude's `Human:` and `Assistant:` are wrong for all others",
        right: Right::Request(|scenario, sent| {
            if !scenario.is_legacy_claude() && is_claudes(sent) {
                if speaks_chat_completions(scenario) {
                    replace(sent, build::chat_completions(scenario));
                } else {
                    set_prompt(scenario, sent);
                }
            }
        }),
    },
    Row {
        rule: "4.2",
        peers: &["pycb"],
        reason: "AWS's page for Titan has `User: …` and `Bot:` on lines of their own, without blank lines",
        right: Right::Request(|scenario, sent| {
            if scenario.model.contains("amazon.titan") {
                set_prompt(scenario, sent);
            }
        }),
    },
    Row {
        rule: "4.3",
        peers: &["pycb"],
        reason: "Meta's form has two line breaks behind a header and none before the next",
        right: Right::Request(|scenario, sent| {
            if ["meta.llama3", "meta.llama4"].iter().any(|family| scenario.model.contains(family)) {
                set_prompt(scenario, sent);
            }
        }),
    },
    Row {
        rule: "4.4",
        peers: &["pycb"],
        reason: "the published form begins with <s>, and the system text stands inside the first [INST]",
        right: Right::Request(|scenario, sent| {
            if speaks_chat_completions(scenario) && is_instruct(sent) {
                replace(sent, build::chat_completions(scenario));
            } else if ["meta.llama2", "mistral."].iter().any(|family| scenario.model.contains(family)) {
                set_prompt(scenario, sent);
            }
        }),
    },
    Row {
        rule: "4.5",
        peers: &["pycb"],
        reason: "DeepSeek's marks have full-width bars, and nothing stands before the first",
        right: Right::Request(|scenario, sent| {
            if scenario.model.contains("deepseek.r1") {
                set_prompt(scenario, sent);
            }
        }),
    },
    Row {
        rule: "2.9",
        peers: &["jsbc"],
        reason: "DeepSeek takes a prompt and options: an empty body asks nothing",
        right: Right::Request(|scenario, sent| {
            if !scenario.model.contains("deepseek.r1") {
                return;
            }
            if let Some(body) = body_of(sent) {
                build::options(scenario, body, "max_tokens", "stop");
                normalise(body);
            }
            set_prompt(scenario, sent);
        }),
    },
    Row {
        rule: "2.5",
        peers: &["pycb"],
        reason: "Mistral's field is `stop`",
        right: Right::Request(|scenario, sent| rename_stop(sent, scenario.provider == "mistral")),
    },
    Row {
        rule: "2.9",
        peers: &["pycb"],
        reason: "the field of DeepSeek, gpt-oss and Qwen is `stop`",
        right: Right::Request(|scenario, sent| {
            if !["deepseek", "openai", "qwen"].contains(&scenario.provider.as_str()) {
                return;
            }
            rename_stop(sent, true);
            // As a stream the peer raises.
            if let (Sent::Refused(_), Some(_)) = (&sent, stop(scenario)) {
                replace(sent, build::prompt_or_chat_completions(scenario));
            }
        }),
    },
    Row {
        rule: "2.6",
        peers: &["jsbc", "pycb"],
        reason: "Llama on InvokeModel has no field for stop sequences: to say so is better than to drop them or to \
                 send what the service refuses",
        right: Right::Request(|scenario, sent| {
            if scenario.provider == "meta" && stop(scenario).is_some() && matches!(sent, Sent::Request(_)) {
                *sent = Sent::Refused("there is no field for stop sequences".into());
            }
        }),
    },
    Row {
        rule: "2.7",
        peers: &["jsbc", "pycb"],
        reason: "Titan's field is `stopSequences`, inside the configuration",
        right: Right::Request(|scenario, sent| {
            let Some(stop) = stop(scenario) else { return };
            if let Some(config) = titan_config(sent) {
                config.remove("stop_sequences");
                config.insert("stopSequences".into(), stop.clone());
            }
        }),
    },
    Row {
        rule: "2.8",
        peers: &["jsbc"],
        reason: "Titan's parameters belong inside the configuration",
        right: Right::Request(|scenario, sent| {
            let keys = scenario.option("model_kwargs").and_then(Value::as_object).into_iter().flatten();
            for (key, _) in keys {
                let is_titan = titan_config(sent).is_some();
                let moved = body_of(sent).filter(|_| is_titan).and_then(|body| body.remove(key));
                if let (Some(value), Some(config)) = (moved, titan_config(sent)) {
                    config.insert(key.clone(), value);
                }
            }
        }),
    },
    Row {
        rule: "2.10",
        peers: &["pyllm"],
        reason: "stop sequences are the model's business, not only the client's; so is Jurassic's token limit",
        right: Right::Request(|scenario, sent| {
            if let Some(stop) = stop(scenario) {
                match titan_config(sent) {
                    Some(config) => config.insert("stopSequences".into(), stop.clone()),
                    None => body_of(sent).and_then(|body| {
                        let key = match scenario.provider.as_str() {
                            "anthropic-legacy" | "cohere" => "stop_sequences",
                            "ai21" => "stopSequences",
                            _ => "stop",
                        };
                        body.insert(key.into(), stop.clone())
                    }),
                };
            }
            if let (Some(limit), "ai21") = (scenario.option("max_tokens"), scenario.provider.as_str()) {
                body_of(sent).and_then(|body| body.insert("maxTokens".into(), json!(limit.as_f64())));
            }
        }),
    },
    Row {
        rule: "4.6",
        peers: &["jsbc"],
        reason: "to Command R content blocks are texts too",
        right: Right::Request(|scenario, sent| {
            let has_blocks = scenario.messages.iter().any(|message| message["content"].is_array());
            // Those of the system it drops unsaid.
            if scenario.model.contains("cohere.command-r") && has_blocks {
                replace(sent, build::cohere(scenario));
            }
        }),
    },
    Row {
        rule: "4.7",
        peers: &["jsbc"],
        reason: "Command R takes tools",
        right: Right::Request(|scenario, sent| {
            if is_refused_command_r(scenario, sent) && scenario.option("tools").is_some() {
                replace(sent, build::cohere(scenario));
            }
        }),
    },
    Row {
        rule: "4.7",
        peers: &["jsbc"],
        reason: "Command R answers what a user says behind tool results, once the model has spoken between them",
        right: Right::Request(|scenario, sent| {
            if is_refused_command_r(scenario, sent) && scenario.messages.iter().any(|it| it["role"] == "tool") {
                replace(sent, build::cohere_after_tools(scenario));
            }
        }),
    },
    Row {
        rule: "4.7",
        peers: &["pycb"],
        reason: "a prompt has no place for tools: they must not get lost unsaid",
        right: Right::Request(|scenario, sent| {
            let has_tools = scenario.option("tools").is_some();
            if has_tools && prompt_of(sent).is_some() && !speaks_chat_completions(scenario) {
                *sent = Sent::Refused("a prompt has no place for tools".into());
            }
        }),
    },
    Row {
        rule: "4.7",
        peers: &["pycb"],
        reason: "chat completions take tools: they must not get lost unsaid",
        right: Right::Request(|scenario, sent| {
            let tools = scenario.option("tools").and_then(Value::as_array);
            let applies = ["openai", "qwen"].contains(&scenario.provider.as_str());
            if let (true, Some(tools), Some(body)) = (applies, tools, body_of(sent)) {
                let function = |tool: &Value| {
                    let function = json!({"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]});
                    json!({"type": "function", "function": function})
                };
                body.insert("tools".into(), tools.iter().map(function).collect());
                let choice = match scenario.option("tool_choice").and_then(Value::as_str) {
                    None => None,
                    Some("any") => Some(json!("required")),
                    Some(word @ ("auto" | "none")) => Some(json!(word)),
                    Some(name) => Some(json!({"type": "function", "function": {"name": name}})),
                };
                body.extend(choice.map(|choice| ("tool_choice".to_owned(), choice)));
                normalise(body);
            }
        }),
    },
    Row {
        rule: "3.5",
        peers: &["jsbc"],
        reason: "what the user says in several messages is one message to Command R",
        right: Right::Request(|scenario, sent| {
            let is_command_r = scenario.model.contains("cohere.command-r");
            if is_command_r && matches!(sent, Sent::Request(_)) && build::has_neighbours(scenario) {
                replace(sent, build::cohere(scenario));
            }
        }),
    },
];

fn normalise(body: &mut serde_json::Map<String, Value>) {
    let whole = std::mem::take(body);
    *body = build::object(crate::suite::request::normalised(Value::Object(whole)));
}

/// The key of the prompt.
fn prompt_key(scenario: &Scenario) -> &'static str {
    if scenario.model.contains("amazon.titan") { "inputText" } else { "prompt" }
}

/// Puts the published prompt in the place of the peer's.
fn set_prompt(scenario: &Scenario, sent: &mut Sent) {
    let Some(prompt) = template::prompt(scenario) else { return };
    if let Some(body) = body_of(sent).filter(|body| !body.contains_key("messages")) {
        body.insert(prompt_key(scenario).into(), json!(prompt));
    }
}

fn prompt_of(sent: &mut Sent) -> Option<&str> {
    let body = body_of(sent)?;
    ["prompt", "inputText"].iter().find_map(|key| body.get(*key)?.as_str())
}

fn is_claudes(sent: &mut Sent) -> bool {
    prompt_of(sent).is_some_and(|prompt| prompt.starts_with("\n\nHuman: "))
}

fn is_instruct(sent: &mut Sent) -> bool {
    prompt_of(sent).is_some_and(|prompt| prompt.contains("[INST]"))
}

/// Models that take a prompt from older clients and messages by their vendors' newer pages.
fn speaks_chat_completions(scenario: &Scenario) -> bool {
    let families = ["ai21.jamba", "writer.palmyra", "mistral.mistral-large-2407", "mistral.pixtral"];
    families.iter().any(|family| scenario.model.contains(family))
}

fn is_refused_command_r(scenario: &Scenario, sent: &Sent) -> bool {
    scenario.model.contains("cohere.command-r") && matches!(sent, Sent::Refused(_))
}

fn rename_stop(sent: &mut Sent, applies: bool) {
    let Some(body) = body_of(sent).filter(|_| applies) else { return };
    if let Some(stop) = body.remove("stop_sequences") {
        body.insert("stop".into(), stop);
    }
}

fn titan_config(sent: &mut Sent) -> Option<&mut serde_json::Map<String, Value>> {
    let body = body_of(sent)?;
    if !body.contains_key("inputText") {
        return None;
    }
    // Empty as it was, the normalisation has dropped it.
    body.entry("textGenerationConfig").or_insert_with(|| json!({})).as_object_mut()
}
