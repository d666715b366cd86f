//! That the judge judges: it misses what is not as the peers have it, and no rule is there without a use.

use std::sync::LazyLock;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message as Frame};
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
            // Claude 2 has two formats (4.1).
            let same_format = |other: &&(&str, request::Request)| {
                other.1.body.get("prompt").is_some() == sent.body.get("prompt").is_some()
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
    let verdicts =
        made_up().iter().map(|scenario| format!("{}: {:?}", scenario.name, judge(scenario))).collect::<Vec<_>>();
    assert_eq!(
        verdicts,
        [
            "call-without-id: Refused",
            "failed-tool: Deviates([\"3.20\"])",
            "cut-at-stop: Met",
            "cut-at-stop-by-the-client: Deviates([\"2.10\"])",
            "cut-call: Deviates([\"5.11\"])",
            "opaque-arn: Deviates([\"1.4\"])",
            "image-of-python: Deviates([\"3.16\"])",
        ]
    );
}

const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// Calls as the rules describe them, of peers that no kept call shows so.
fn made_up() -> Vec<Scenario> {
    let question = json!([{"role": "human", "content": "Hi"}]);
    let turn = json!({"role": "user", "content": "Hi"});
    let with_call = |id: Value, status: Value| {
        json!([
            {"role": "human", "content": "Hi"},
            {"role": "ai", "content": "", "tool_calls": [{"id": id, "name": "now", "args": {}}]},
            {"role": "tool", "tool_call_id": id, "content": "late", "status": status},
        ])
    };
    let turns_with_call = |id: Value| {
        json!([
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "now", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "late"}]},
        ])
    };
    let stopped = json!({"content": [{"type": "text", "text": "one END two"}], "stop_reason": "end_turn"});
    let cut = [
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "now", "input": {}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{\"zone\":\"U"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}),
        json!({"type": "message_stop"}),
    ];
    let mended = json!({
        "tool_calls": [{"id": "t", "name": "now", "args": {"zone": "U"}}],
        "tool_call_chunks": [{"id": "t", "name": "now", "args": "{\"zone\":\"U"}],
    });
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let ok = json!({"content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn"});
    let refused = json!({"request": null, "attempts": 0, "error": {"message": "no"}});
    let lines = [
        json!({
            "scenario": "call-without-id", "api": "invoke", "provider": "anthropic", "model": CLAUDE,
            "messages": with_call(json!(null), json!("success")),
            "peers": {"jsbc": refused, "pycb": asked(CLAUDE, json!({"messages": turns_with_call(json!(null))}), &json!({}))},
        }),
        json!({
            "scenario": "failed-tool", "api": "invoke", "provider": "anthropic", "model": CLAUDE,
            "messages": with_call(json!("t"), json!("error")), "response": {"status": 200, "body": ok},
            "peers": {"pycb": asked(CLAUDE, json!({"messages": turns_with_call(json!("t"))}), &json!({"content": "ok"}))},
        }),
        json!({
            "scenario": "cut-at-stop", "api": "invoke", "provider": "anthropic", "model": CLAUDE,
            "options": {"stop": ["END"]}, "messages": question, "response": {"status": 200, "body": stopped},
            "peers": {
                "jsbc": asked(CLAUDE, json!({"messages": [turn], "stop_sequences": ["END"]}), &json!({"content": "one END two"})),
                "pycb": asked(CLAUDE, json!({"messages": [turn], "stop_sequences": ["END"]}), &json!({"content": "one "})),
            },
        }),
        json!({
            "scenario": "cut-at-stop-by-the-client", "api": "invoke", "provider": "amazon",
            "model": "amazon.titan-text-lite-v1", "options": {"prompt": "Hi", "stop": ["END"]},
            "response": {"status": 200, "body": {"results": [{"outputText": "one END", "completionReason": "FINISH"}]}},
            "peers": {"pyllm": asked("amazon.titan-text-lite-v1", json!({"inputText": "Hi"}), &json!("one "))},
        }),
        json!({
            "scenario": "cut-call", "api": "invoke-stream", "provider": "anthropic", "model": CLAUDE, "messages": question,
            "response": {"status": 200, "content_type": "application/vnd.amazon.eventstream", "body_base64": stream(&cut)},
            "peers": {"pycb": streamed(json!({"messages": [turn]}), &mended)},
        }),
        json!({
            "scenario": "opaque-arn", "api": "invoke", "provider": "anthropic", "model": arn, "messages": question,
            "peers": {"pycb": asked(arn, json!({"messages": [turn]}), &json!({"content": "ok"}))},
        }),
        json!({
            "scenario": "image-of-python", "api": "invoke", "provider": "anthropic", "model": CLAUDE,
            "messages": [{"role": "human", "content": [
                {"type": "text", "text": "Hi"}, {"type": "image", "mime_type": "image/png", "base64": "iVBORw0KGgo="},
            ]}],
            "response": {"status": 200, "body": ok},
            "peers": {"jsbc": asked(CLAUDE, json!({"messages": [turn]}), &json!({"content": "ok"}))},
        }),
    ];
    lines
        .iter()
        .flat_map(|line| {
            let mut line = line.clone();
            line["region"] = json!("us-east-1");
            case::compact(&line.to_string())
        })
        .collect()
}

fn peer(path: String, mut body: Value, parsed: &Value) -> Value {
    if body.get("messages").is_some() {
        body["anthropic_version"] = json!("bedrock-2023-05-31");
    }
    json!({"request": {"path": path, "headers": {}, "body": body}, "attempts": 1, "parsed": parsed})
}

fn asked(model: &str, body: Value, parsed: &Value) -> Value {
    peer(format!("/model/{model}/invoke"), body, parsed)
}

fn streamed(body: Value, parsed: &Value) -> Value {
    peer(format!("/model/{CLAUDE}/invoke-with-response-stream"), body, parsed)
}

/// A stream of chunks, in base64.
fn stream(chunks: &[Value]) -> String {
    let mut bytes = Vec::new();
    for chunk in chunks {
        let payload = json!({"bytes": aws_smithy_types::base64::encode(chunk.to_string())}).to_string();
        let header = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
        let frame = Frame::new(payload.into_bytes())
            .add_header(header(":event-type", "chunk"))
            .add_header(header(":message-type", "event"));
        write_message_to(&frame, &mut bytes).unwrap();
    }
    aws_smithy_types::base64::encode(bytes)
}
