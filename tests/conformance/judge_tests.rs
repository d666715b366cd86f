//! Tests of the judge: it reports every difference from the clients, and every rule is needed.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::case::{self, Scenario};
use super::request;
use super::rules;
use super::verdict::{Verdict, judge};
use super::wire;

pub(super) const ALL: &[(&str, fn())] = &[
    ("request_without_a_member_of_the_clients_is_missed", request_without_a_member_of_the_clients_is_missed),
    ("request_to_another_path_is_missed", request_to_another_path_is_missed),
    ("reply_with_less_text_is_missed", reply_with_less_text_is_missed),
    ("option_that_is_not_converted_is_missed", option_that_is_not_converted_is_missed),
    ("corrected_clients_agree", corrected_clients_agree),
    ("every_rule_is_used", every_rule_is_used),
    ("every_named_function_is_used", every_named_function_is_used),
    ("rules_without_a_kept_call_apply_to_made_up_calls", rules_without_a_kept_call_apply_to_made_up_calls),
];

fn is_met(scenario: &Scenario) -> bool {
    matches!(judge(scenario), Verdict::Met)
}

/// Changes the clients' requests or results in all scenarios that are met. Returns how many were changed, and the
/// names of the scenarios that are still met.
fn met_still(change: impl FnMut(&mut Scenario) -> bool) -> (usize, Vec<String>) {
    static MET: LazyLock<Vec<Scenario>> = LazyLock::new(|| super::kept().into_iter().filter(is_met).collect());
    let mut scenarios = MET.clone();
    scenarios.retain_mut(change);
    let still = scenarios.iter().filter(|scenario| is_met(scenario)).map(|scenario| scenario.name.clone()).collect();
    (scenarios.len(), still)
}

fn requests(scenario: &mut Scenario) -> impl Iterator<Item = &mut case::PeerRequest> {
    scenario.peers.iter_mut().filter_map(|peer| peer.request.as_mut())
}

fn request_without_a_member_of_the_clients_is_missed() {
    let (changed, still) = met_still(|scenario| {
        requests(scenario).for_each(|request| request.body["made_up"] = json!(1));
        true
    });
    assert!(changed > 200, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

fn request_to_another_path_is_missed() {
    let (changed, still) = met_still(|scenario| {
        requests(scenario).for_each(|request| request.path.push('s'));
        true
    });
    assert!(changed > 200, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

fn reply_with_less_text_is_missed() {
    let (changed, still) = met_still(|scenario| {
        // An error has only a part of the message.
        let is_message = wire::failure(scenario).is_none();
        let longer = |peer: &mut case::Peer| peer.parsed.as_mut().map_or(0, add_text);
        is_message && scenario.peers.iter_mut().map(longer).sum::<usize>() > 0
    });
    assert!(changed > 150, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

/// Makes the texts of a client's message longer; returns how many texts there were.
fn add_text(parsed: &mut Value) -> usize {
    let longer = |value: &mut Value| match value {
        Value::String(text) if !text.is_empty() => {
            text.push('~');
            1
        }
        _ => 0,
    };
    if let Some(message) = parsed.pointer_mut("/choices/0/message/content") {
        return longer(message);
    }
    if let Some(items) = parsed.get_mut("output").and_then(Value::as_array_mut) {
        let parts = items.iter_mut().filter_map(|item| item.get_mut("content")?.as_array_mut()).flatten();
        return parts.filter(|part| part["type"] == "output_text").map(|part| longer(&mut part["text"])).sum();
    }
    match parsed.get_mut("content") {
        Some(Value::Array(blocks)) => {
            blocks.iter_mut().filter(|block| block["type"] == "text").map(|block| longer(&mut block["text"])).sum()
        }
        Some(content) => longer(content),
        None => longer(parsed),
    }
}

fn option_that_is_not_converted_is_missed() {
    let (changed, still) = met_still(|scenario| {
        scenario.options.insert("made_up".into(), json!(true));
        true
    });
    assert!(changed > 200, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

/// Paths in the body at which clients may disagree without a rule.
const WITHOUT_A_RULE: [&str; 1] = [
    // JavaScript's client sends the whole block instead of the value in it.
    ".toolResult.content[0].json.",
];

fn corrected_clients_agree() {
    let mut disagreements = Vec::new();
    for scenario in super::kept() {
        let mut agreed: Vec<(&str, request::Request)> = Vec::new();
        for peer in &scenario.peers {
            let mut sent = request::Sent::of_peer(&scenario, peer);
            rules::correct_request(&scenario, &peer.tag, &mut sent);
            let request::Sent::Request(sent) = sent else { continue };
            // Claude 2 has two formats, and so has Nova.
            let same_format = |other: &&(&str, request::Request)| {
                ["prompt", "schemaVersion"]
                    .iter()
                    .all(|key| other.1.body.get(*key).is_some() == sent.body.get(*key).is_some())
            };
            match agreed.iter().find(same_format) {
                None => agreed.push((&peer.tag, sent)),
                Some((tag, other)) => {
                    let mut lines = super::diff::differences(&sent.body, &other.body);
                    lines.retain(|line| !WITHOUT_A_RULE.iter().any(|path| line.contains(path)));
                    let are_known = sent.auth.is_some() && other.auth.is_some();
                    if sent.path != other.path
                        || sent.host != other.host
                        || sent.headers != other.headers
                        || (are_known && sent.auth != other.auth)
                    {
                        lines.push("host, path, headers or authentication".into());
                    }
                    disagreements
                        .extend(lines.iter().map(|line| format!("{}: {} and {tag}: {line}", scenario.name, peer.tag)));
                }
            }
        }
    }
    assert_eq!(disagreements, [] as [&str; 0]);
}

fn every_named_function_is_used() {
    assert_eq!(rules::unused_names(), [] as [&str; 0]);
}

fn every_rule_is_used() {
    let all: Vec<Scenario> = super::kept().into_iter().chain(made_up()).collect();
    let unused = rules::uses(&all).into_iter().filter(|(_, uses)| *uses == 0);
    let unused: Vec<_> = unused.map(|(row, _)| format!("{}: {}", row.rule, row.reason)).collect();
    assert_eq!(unused, [] as [&str; 0]);
}

fn rules_without_a_kept_call_apply_to_made_up_calls() {
    let verdict = |scenario: &Scenario| format!("{}: {:?}", scenario.name, judge(scenario));
    assert_eq!(
        made_up().iter().map(verdict).collect::<Vec<_>>(),
        [
            "cut-by-the-client: Deviates([\"answer_is_not_cut_again\", \"stop_is_sent\"])",
            "opaque-arn: Deviates([\"opaque_arn\"])"
        ]
    );
}

/// Calls that the rules describe, but that are not among the kept calls.
fn made_up() -> Vec<Scenario> {
    let titan = "amazon.titan-text-lite-v1";
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let answer = json!({"results": [{"outputText": "one END", "completionReason": "FINISH"}]});
    let prompt = json!({"path": format!("/model/{titan}/invoke"), "headers": {}, "body": {"inputText": "Hi"}});
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1024,
    });
    let message = json!({"path": format!("/model/{arn}/invoke"), "headers": {}, "body": body});
    let calls = [
        json!({
            "scenario": "cut-by-the-client", "api": "invoke", "provider": "amazon", "model": titan, "region": "us-east-1",
            "options": {"prompt": "Hi", "stop": ["END"]}, "response": {"status": 200, "body": answer},
            "peers": {"pyllm": {"request": prompt, "attempts": 1, "parsed": "one "}},
        }),
        json!({
            "scenario": "opaque-arn", "api": "invoke", "provider": "anthropic", "model": arn, "region": "us-east-1",
            "messages": [{"role": "human", "content": "Hi"}],
            "peers": {"pycb": {"request": message, "attempts": 1}},
        }),
    ];
    calls.iter().flat_map(|call| case::compact(&call.to_string())).collect()
}
