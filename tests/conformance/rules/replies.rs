//! Corrections of the facts of a reply.

use serde_json::{Value, json};

use super::requests::stop;
use super::steps::{CorrectFacts, Named};
use crate::suite::case::Scenario;
use crate::suite::facts::{self, Fact};
use crate::suite::sse;

pub(super) const CHANGES: Named<CorrectFacts> = &[
    ("usage_without_headers", usage_without_headers),
    ("cached_input", cached_input),
    ("uncut_text", |scenario, facts| uncut_text(scenario, facts)),
    ("invalid_cut_calls", invalid_cut_calls),
    ("unrepaired_output", |_, facts| unrepaired_output(facts)),
    ("without_reasoning", |scenario, facts| {
        let is_lost = |fact: &Fact| matches!(fact, Fact::Thinking { .. } | Fact::Order(_));
        facts.retain(|fact| !scenario.operation.is_stream() || !is_lost(fact));
    }),
    ("own_names_and_counts", own_names_and_counts),
    ("empty_arguments", empty_arguments),
    ("without_mixed_calls", |_, facts| without_mixed_calls(facts)),
    ("text_of_the_last_event", text_of_the_last_event),
    ("without_input_of_nothing", |_, facts| {
        if facts.contains(&Fact::Usage("input", 0)) {
            facts.retain(|fact| !matches!(fact, Fact::Usage("input" | "total", _)));
        }
    }),
    ("reasoning_in_output", reasoning_in_output),
];

/// Removes the usage that a client reads from headers only, if there are no such headers.
fn usage_without_headers(scenario: &Scenario, facts: &mut Vec<Fact>) {
    let response = scenario.response.as_ref().filter(|response| !response.is_event_stream());
    if response.is_some_and(|response| response.header("x-amzn-bedrock-input-token-count").is_none()) {
        facts.retain(|fact| !matches!(fact, Fact::Usage(..)));
    }
}

/// Adds the cached tokens, as Python's client counts them, to the input and the total.
fn cached_input(scenario: &Scenario, facts: &mut Vec<Fact>) {
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
}

fn invalid_cut_calls(scenario: &Scenario, facts: &mut Vec<Fact>) {
    let cut = cut_calls(scenario);
    for fact in facts {
        match fact {
            Fact::ToolCall(call) if cut.contains(&call["id"]) => {
                *fact = Fact::InvalidToolCall(json!({"id": call["id"], "name": call["name"]}));
            }
            _ => {}
        }
    }
}

/// Removes values that a client invented: its own ids, the model's name if it equals the request's, and counts that
/// the answer does not have.
fn own_names_and_counts(scenario: &Scenario, facts: &mut Vec<Fact>) {
    let Some(response) = &scenario.response else { return };
    let answer = String::from_utf8_lossy(&response.body).replace(char::is_whitespace, "");
    let has_count = |name: &str, count: &u64| {
        let key = if name == "reasoning" { "reasoning_tokens" } else { "_tokens" };
        *count == 0 || answer.contains(&format!("{key}\":{count}"))
    };
    let is_made_up = |fact: &Fact| match fact {
        // A client's own id contains the service's id, encoded.
        Fact::Id(id) => !answer.contains(id.as_str()),
        Fact::Model(model) => !answer.contains(&format!("\"model\":\"{model}\"")),
        Fact::Usage(name, count) => !has_count(name, count),
        _ => false,
    };
    if facts.iter().any(is_made_up) {
        let is_usage = |fact: &Fact| matches!(fact, Fact::Usage(..));
        let loses_usage = facts.iter().any(|fact| is_usage(fact) && is_made_up(fact));
        facts.retain(|fact| !(is_made_up(fact) || (loses_usage && is_usage(fact))));
    }
}

/// The output items of a response of the Responses API, as they are at its end.
fn output_items(scenario: &Scenario) -> Vec<Value> {
    let Some(response) = &scenario.response else { return Vec::new() };
    let last = || sse::events(&response.body).into_iter().rev().find_map(|event| event.json);
    let whole = if response.is_sse() { last().map(|event| event["response"].clone()) } else { response.json() };
    whole.and_then(|whole| whole["output"].as_array().cloned()).unwrap_or_default()
}

/// A call without arguments is valid.
fn empty_arguments(scenario: &Scenario, facts: &mut Vec<Fact>) {
    let items = output_items(scenario);
    for fact in facts {
        let Fact::InvalidToolCall(call) = fact else { continue };
        if items.iter().any(|item| item["call_id"] == call["id"] && item["arguments"] == "") {
            *fact = Fact::ToolCall(json!({"id": call["id"], "name": call["name"], "args": {}}));
        }
    }
}

/// Removes the calls of a client that mixed up the pieces of different calls.
fn without_mixed_calls(facts: &mut Vec<Fact>) {
    if facts.iter().any(|fact| matches!(fact, Fact::InvalidToolCall(call) if call["name"].is_null())) {
        facts.retain(|fact| !matches!(fact, Fact::InvalidToolCall(_) | Fact::ToolCall(_)));
    }
}

/// Completes text from a client that lost some deltas, with the text of the last event.
fn text_of_the_last_event(scenario: &Scenario, facts: &mut Vec<Fact>) {
    let Some(response) = scenario.response.as_ref().filter(|response| response.is_sse()) else { return };
    let (mut texts, mut thoughts) = (String::new(), String::new());
    for json in sse::events(&response.body).into_iter().filter_map(|event| event.json) {
        let delta = json["delta"].as_str().unwrap_or_default();
        match json["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" => texts.push_str(delta),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => thoughts.push_str(delta),
            _ => {}
        }
    }
    let whole = facts::of("oaijs", &json!({"output": output_items(scenario)}));
    for fact in facts {
        let last = whole.iter().find(|last| match (&*fact, last) {
            (Fact::Text(text), Fact::Text(_)) => *text == texts,
            (Fact::Thinking { text, .. }, Fact::Thinking { .. }) => *text == thoughts,
            _ => false,
        });
        if let Some(last) = last {
            *fact = last.clone();
        }
    }
}

/// Adds reasoning to the output, if the total of the answer shows that the output excludes it.
fn reasoning_in_output(scenario: &Scenario, facts: &mut Vec<Fact>) {
    let count = |name: &str| {
        let of_name = |fact: &Fact| match fact {
            Fact::Usage(other, count) if *other == name => Some(*count),
            _ => None,
        };
        facts.iter().find_map(of_name).unwrap_or(0)
    };
    let (output, reasoning) = (count("output"), count("reasoning"));
    let total = count("input") + output + reasoning;
    let Some(response) = scenario.response.as_ref().filter(|_| reasoning > 0) else { return };
    let answer = String::from_utf8_lossy(&response.body).replace(char::is_whitespace, "");
    if answer.contains(&format!("\"total_tokens\":{total}")) {
        for fact in facts {
            match fact {
                Fact::Usage("output", count) => *count = output + reasoning,
                Fact::Usage("total", count) => *count = total,
                _ => {}
            }
        }
    }
}

/// Removes structured output that a client made of text that is not JSON.
fn unrepaired_output(facts: &mut Vec<Fact>) {
    let is_cut = |fact: &Fact| matches!(fact, Fact::Text(text) if serde_json::from_str::<Value>(text).is_err());
    if facts.iter().any(is_cut) {
        facts.retain(|fact| !matches!(fact, Fact::Structured(_)));
    }
}

/// Restores the text of a whole answer that a client cut at a stop sequence.
fn uncut_text(scenario: &Scenario, facts: &mut [Fact]) {
    let stop = stop(scenario).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let Some(answer) = scenario.response.as_ref().and_then(|response| response.json()) else { return };
    let texts = strings(&answer);
    for stop in stop {
        for fact in facts.iter_mut() {
            let Fact::Text(text) = fact else { continue };
            let cut = text.clone() + stop;
            if let Some(whole) = texts.iter().find(|whole| whole.starts_with(&cut)) {
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

/// The ids of the calls whose arguments, as the clients collected them, are not valid JSON.
fn cut_calls(scenario: &Scenario) -> Vec<Value> {
    let parsed = scenario.peers.iter().filter_map(|peer| peer.parsed.as_ref());
    let chunks = parsed.flat_map(|parsed| parsed["tool_call_chunks"].as_array()).flatten();
    let is_cut = |chunk: &&Value| {
        let args = chunk["args"].as_str().unwrap_or_default();
        !args.is_empty() && serde_json::from_str::<Value>(args).is_err()
    };
    chunks.filter(is_cut).map(|chunk| chunk["id"].clone()).collect()
}
