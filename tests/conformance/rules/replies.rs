//! Rules about what a message says.

use serde_json::{Value, json};

use super::{Right, Row};
use crate::suite::case::Scenario;
use crate::suite::facts::Fact;

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "5.1",
        peers: &["pycb"],
        reason: "the body counts the tokens, too: where the headers do not, there is usage still",
        right: Right::Facts(|scenario, facts| {
            let response = scenario.response.as_ref().filter(|response| !response.is_event_stream());
            if response.is_some_and(|response| response.header("x-amzn-bedrock-input-token-count").is_none()) {
                facts.retain(|fact| !matches!(fact, Fact::Usage(..)));
            }
        }),
    },
    Row {
        rule: "5.2",
        peers: &["jsbc"],
        reason: "what came from the cache was read too: a stream's usage counts it as input",
        right: Right::Facts(|scenario, facts| {
            let counts = scenario.peers.iter().filter(|peer| peer.tag == "pycb").find_map(|peer| {
                let usage = &peer.parsed.as_ref()?["usage_metadata"];
                let details = &usage["input_token_details"];
                let cached = details["cache_read"].as_u64()? + details["cache_creation"].as_u64()?;
                Some((usage["input_tokens"].as_u64()?, usage["total_tokens"].as_u64()?, cached))
            });
            let Some((input, total, cached)) = counts.filter(|(.., cached)| *cached > 0) else { return };
            for fact in facts {
                match fact {
                    Fact::Usage("input", count) if *count + cached == input => *count = input,
                    Fact::Usage("total", count) if *count + cached == total => *count = total,
                    _ => {}
                }
            }
        }),
    },
    Row {
        rule: "2.4",
        peers: &["pycb"],
        reason: "the service stops at the stop sequence: cutting again takes away what the model said",
        right: Right::Facts(|scenario, facts| uncut(scenario, facts)),
    },
    Row {
        rule: "2.10",
        peers: &["pyllm"],
        reason: "what a client that sends no stop sequence cuts by itself, the model has said",
        right: Right::Facts(|scenario, facts| uncut(scenario, facts)),
    },
    Row {
        rule: "5.11",
        peers: &["jsbc", "pycb", "pyconv", "jsconv"],
        reason: "a call whose arguments were cut short must not be run: it is invalid, not mended",
        right: Right::Facts(|scenario, facts| {
            let cut = cut_calls(scenario);
            for fact in facts {
                match fact {
                    Fact::ToolCall(call) if cut.contains(&call["id"]) => {
                        *fact = Fact::InvalidToolCall(json!({"id": call["id"], "name": call["name"]}));
                    }
                    _ => {}
                }
            }
        }),
    },
];

/// Puts back what a peer cut off a whole answer at a stop sequence.
fn uncut(scenario: &Scenario, facts: &mut [Fact]) {
    let stop =
        super::requests::stop(scenario).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let Some(answer) = scenario.response.as_ref().and_then(|response| response.json()) else { return };
    let said = strings(&answer);
    for stop in stop {
        for fact in facts.iter_mut() {
            let Fact::Text(text) = fact else { continue };
            let cut = text.clone() + stop;
            if let Some(whole) = said.iter().find(|whole| whole.starts_with(&cut)) {
                *text = (*whole).to_owned();
            }
        }
    }
}

/// All texts in a JSON value.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// The ids of the calls whose arguments are no JSON as the peers of the scenario gathered them.
fn cut_calls(scenario: &Scenario) -> Vec<Value> {
    let parsed = scenario.peers.iter().filter_map(|peer| peer.parsed.as_ref());
    let chunks = parsed.flat_map(|parsed| parsed["tool_call_chunks"].as_array()).flatten();
    let is_cut = |chunk: &&Value| {
        let args = chunk["args"].as_str().unwrap_or_default();
        !args.is_empty() && serde_json::from_str::<Value>(args).is_err()
    };
    chunks.filter(is_cut).map(|chunk| chunk["id"].clone()).collect()
}
