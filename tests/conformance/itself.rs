//! That the judge judges: it misses what is not as the peers have it, and no rule is there without a use.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::case::{self, Scenario};
use super::request;
use super::rules;
use super::verdict::{Verdict, judge};
use super::wire;

fn is_met(scenario: &Scenario) -> bool {
    matches!(judge(scenario), Verdict::Met)
}

/// Changes what the peers did in all scenarios that are met; gives those that are met still.
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

#[test]
fn a_request_with_a_member_less_than_all_peers_have_is_not_met() {
    let (changed, still) = met_still(|scenario| {
        requests(scenario).for_each(|request| request.body["unheard_of"] = json!(1));
        true
    });
    assert!(changed > 200, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

#[test]
fn a_request_to_another_path_than_that_of_all_peers_is_not_met() {
    let (changed, still) = met_still(|scenario| {
        requests(scenario).for_each(|request| request.path.push('s'));
        true
    });
    assert!(changed > 200, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

#[test]
fn a_reply_with_less_text_than_the_peers_heard_is_not_met() {
    let (changed, still) = met_still(|scenario| {
        // What an error leaves of a message is not all of it.
        let is_message = wire::failure(scenario).is_none();
        let longer = |peer: &mut case::Peer| peer.parsed.as_mut().map_or(0, say_more);
        is_message && scenario.peers.iter_mut().map(longer).sum::<usize>() > 0
    });
    assert!(changed > 150, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

/// Makes the texts of a peer's message longer; says how many there were.
fn say_more(parsed: &mut Value) -> usize {
    let text = |value: &mut Value| match value {
        Value::String(text) if !text.is_empty() => {
            text.push('~');
            1
        }
        _ => 0,
    };
    match parsed.get_mut("content") {
        Some(Value::Array(blocks)) => {
            blocks.iter_mut().filter(|block| block["type"] == "text").map(|block| text(&mut block["text"])).sum()
        }
        Some(content) => text(content),
        None => text(parsed),
    }
}

#[test]
fn an_option_that_is_not_converted_is_not_met() {
    let (changed, still) = met_still(|scenario| {
        scenario.options.insert("unheard_of".into(), json!(true));
        true
    });
    assert!(changed > 200, "{changed}");
    assert_eq!(still, [] as [&str; 0]);
}

/// What of peers no rule speaks of: the path in the body.
const UNRULED: [&str; 1] = [
    // JavaScript's client takes the block with the value for the value.
    ".toolResult.content[0].json.",
];

#[test]
fn corrected_by_the_rules_all_peers_agree() {
    let mut disagreements = Vec::new();
    for scenario in super::kept() {
        let mut agreed: Vec<(&str, request::Request)> = Vec::new();
        for peer in &scenario.peers {
            let mut sent = request::Sent::of_peer(&scenario, peer);
            rules::correct_request(&scenario, &peer.tag, &mut sent);
            let request::Sent::Request(sent) = sent else { continue };
            // Claude 2 has two formats (4.1), and so has Nova (2.14).
            let same_format = |other: &&(&str, request::Request)| {
                ["prompt", "schemaVersion"]
                    .iter()
                    .all(|key| other.1.body.get(*key).is_some() == sent.body.get(*key).is_some())
            };
            match agreed.iter().find(same_format) {
                None => agreed.push((&peer.tag, sent)),
                Some((tag, other)) => {
                    let mut lines = super::diff::differences(&sent.body, &other.body);
                    lines.retain(|line| !UNRULED.iter().any(|path| line.contains(path)));
                    if sent.path != other.path || sent.headers != other.headers {
                        lines.push("path or headers".into());
                    }
                    disagreements
                        .extend(lines.iter().map(|line| format!("{}: {} and {tag}: {line}", scenario.name, peer.tag)));
                }
            }
        }
    }
    assert_eq!(disagreements, [] as [&str; 0]);
}

#[test]
fn no_rule_is_idle() {
    let all: Vec<Scenario> = super::kept().into_iter().chain(made_up()).collect();
    let idle: Vec<_> = rules::uses(&all).into_iter().filter(|(.., uses)| *uses == 0).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn rules_that_no_kept_call_needs_hold_for_calls_made_up_after_them() {
    let verdict = |scenario: &Scenario| format!("{}: {:?}", scenario.name, judge(scenario));
    assert_eq!(
        made_up().iter().map(verdict).collect::<Vec<_>>(),
        ["cut-by-the-client: Deviates([\"2.10\"])", "opaque-arn: Deviates([\"1.4\"])"]
    );
}

/// Calls as the rules describe them, of peers that no kept call shows so.
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
