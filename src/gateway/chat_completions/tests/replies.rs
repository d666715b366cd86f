use super::{ChatDialect, body, read};
use crate::event::ChatEvent;
use crate::gateway::dialect::Dialect;
use crate::gateway::failure::{Failure, Reason};
use crate::gateway::openai::testing::{events, events_of, json, reply, stream, with};
use crate::json::{Json, View};
use crate::message::{AiMessage, Content, RedactedThinking, StopReason, Text, Thinking, ToolCall};

const CUSTOM: &str = r#""tools":[{"type":"custom","custom":{"name":"patch"}}]"#;

fn rich() -> AiMessage {
    let cited = r#"{"type":"web_search_result_location","url":"https://a.example/b","title":"B"}"#;
    reply(
        [
            Content::Thinking(Thinking::new("Let me see.").with_signature("sig")),
            Content::text("Sunny é. "),
            Content::Text(Text::new("Cited.").with_citations([json(cited)])),
            Content::RedactedThinking(RedactedThinking::new("ZGF0YQ==")),
            Content::ToolCall(ToolCall::new("c1", "f", json(r#"{"a":1}"#))),
            Content::ToolCall(ToolCall::new("c2", "patch", json(r#"{"input":"*** x"}"#))),
        ],
        StopReason::ToolUse,
    )
}

fn whole(members: &str, reply: &AiMessage) -> Json {
    json(&with(&body(members), |given| ChatDialect.message(given, reply)))
}

fn member(json: &Json, path: &[&str]) -> Json {
    let mut view = json.view();
    for key in path {
        view = match key.parse::<usize>() {
            Ok(at) => view.items().nth(at).unwrap(),
            Err(_) => view.get(key).unwrap_or_else(|| panic!("{key} of {json}")),
        };
    }
    Json::from(view)
}

/// Adds up the deltas of a stream as OpenAI's Python SDK does.
fn added_up(stream: &str) -> Json {
    use serde_json::Value;
    fn add(all: &mut Value, more: Value, key: &str) {
        match (all, more) {
            (Value::Object(all), Value::Object(more)) => {
                for (key, value) in more {
                    match all.get_mut(&key) {
                        Some(old) => add(old, value, &key),
                        None => drop(all.insert(key, value)),
                    }
                }
            }
            (Value::Array(all), Value::Array(more)) => {
                for item in more {
                    match item.get("index").and_then(Value::as_u64).map(|at| at as usize) {
                        Some(at) if at < all.len() => add(&mut all[at], item, ""),
                        _ => all.push(item),
                    }
                }
            }
            (Value::String(all), Value::String(more)) if key != "type" => all.push_str(&more),
            (all, more) => *all = more,
        }
    }
    let mut message = Value::Object(Default::default());
    for (_, chunk) in events(stream) {
        for choice in chunk.view().list("choices") {
            let delta = Json::from(choice.get("delta").unwrap());
            add(&mut message, delta.read_as().unwrap(), "");
        }
    }
    for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
    Json::from(message)
}

#[test]
fn chat_reply_has_every_block() {
    let reply = whole(CUSTOM, &rich());
    assert_eq!(member(&reply, &["id"]), json("\"chatcmpl-n0nce\""));
    assert_eq!(member(&reply, &["object"]), json("\"chat.completion\""));
    assert_eq!(member(&reply, &["created"]), json("1764000000"));
    assert_eq!(member(&reply, &["model"]), json("\"my-model\""));
    assert_eq!(member(&reply, &["choices", "0", "finish_reason"]), json("\"tool_calls\""));
    let message = member(&reply, &["choices", "0", "message"]);
    assert_eq!(
        message,
        json(
            r#"{"role":"assistant","content":"Sunny é. Cited.","refusal":null,
            "annotations":[{"type":"url_citation","url_citation":{"start_index":9,"end_index":15,"title":"B","url":"https://a.example/b"}}],
            "reasoning_content":"Let me see.","thinking_blocks":[
                {"type":"thinking","thinking":"Let me see.","signature":"sig","position":0,"model":"claude-x","index":0},
                {"type":"redacted_thinking","data":"ZGF0YQ==","position":3,"model":"claude-x","index":1}],
            "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
                {"id":"c2","type":"custom","custom":{"name":"patch","input":"*** x"}}]}"#
        )
    );
    assert_eq!(
        member(&reply, &["usage"]),
        json(
            r#"{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,
            "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":5},
            "completion_tokens_details":{"reasoning_tokens":7}}"#
        )
    );
}

#[test]
fn chat_stream_adds_up_to_the_whole_reply() {
    let plain = reply([Content::text("Hi")], StopReason::EndTurn);
    let silent = reply([], StopReason::EndTurn);
    for (members, reply) in [(CUSTOM, rich()), ("", plain), ("", silent)] {
        let expected = member(&whole(members, &reply), &["choices", "0", "message"]);
        let found = added_up(&stream(&ChatDialect, &body(members), events_of(&reply)));
        let expected: serde_json::Value = expected.read_as().unwrap();
        let mut found: serde_json::Value = found.read_as().unwrap();
        let found = found.as_object_mut().unwrap();
        // The first chunk has an empty text, and absent annotations are an empty list.
        if found["content"] == "" {
            found["content"] = serde_json::Value::Null;
        }
        found.entry("annotations").or_insert(serde_json::json!([]));
        assert_eq!(serde_json::Value::from(found.clone()), expected);
    }
}

#[test]
fn chat_stream_ends_with_reason_and_asked_usage() {
    let reply = reply([Content::text("Hi")], StopReason::MaxTokens);
    let without = events(&stream(&ChatDialect, &body("\"stream\":true"), events_of(&reply)));
    let names = |events: &[(String, Json)]| events.iter().all(|(name, _)| name == "message");
    assert!(names(&without));
    assert!(without.iter().all(|(_, chunk)| chunk.view().get_or_null("usage").is_none()), "not asked for");
    let [.., (_, last), (_, done)] = &without[..] else { panic!() };
    assert_eq!(member(last, &["choices", "0", "finish_reason"]), json("\"length\""));
    assert_eq!((member(last, &["choices", "0", "delta"]), done), (json("{}"), &json("\"[DONE]\"")));
    let members = r#""stream":true,"stream_options":{"include_usage":true}"#;
    let asked = events(&stream(&ChatDialect, &body(members), events_of(&reply)));
    let [first, .., (_, usage), _] = &asked[..] else { panic!() };
    assert_eq!(first.1.view().get_or_null("usage").map(View::is_null), Some(true));
    assert_eq!((member(usage, &["choices"]), member(usage, &["usage", "total_tokens"])), (json("[]"), json("120")));
    assert_eq!(asked.len(), without.len() + 1);
}

#[test]
fn chat_stream_of_deltas_keeps_calls_apart() {
    let start = |index, id: &str| ChatEvent::ToolCallStart { index, id: id.into(), name: "f".into() };
    let args = |index, args: &str| ChatEvent::ToolCallDelta { index, args: args.into() };
    let stop = |index| ChatEvent::BlockStop { index };
    let text = stream(
        &ChatDialect,
        &body(""),
        [
            ChatEvent::Text { index: 0, text: "So".into() },
            start(1, "a"),
            start(2, "b"),
            args(2, "{\"b\""),
            args(1, "{\"a\":1}"),
            args(2, ":2}"),
            args(9, "lost"),
            stop(1),
            stop(2),
            start(3, "c"),
            ChatEvent::Stop { reason: StopReason::EndTurn, sequence: None },
        ],
    );
    let calls = member(&added_up(&text), &["tool_calls"]);
    let expected = r#"[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
        {"id":"b","type":"function","function":{"name":"f","arguments":"{\"b\":2}"}},
        {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]"#;
    assert_eq!(calls, json(expected));
    assert!(text.contains(r#""finish_reason":"tool_calls""#) && !text.contains("lost"));
}

#[test]
fn chat_reasoning_survives_a_round_trip() {
    let reply = rich();
    let message = member(&whole(CUSTOM, &reply), &["choices", "0", "message"]);
    let results =
        r#"{"role":"tool","tool_call_id":"c1","content":"1"},{"role":"tool","tool_call_id":"c2","content":"2"}"#;
    let next = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}},{message},{results}]}}"#);
    let sent = &read(&next).messages[1];
    let reasoning = |content: &[Content]| -> Vec<Content> {
        let is_it = |block: &&Content| matches!(block, Content::Thinking(_) | Content::RedactedThinking(_));
        content.iter().filter(is_it).cloned().collect()
    };
    assert_eq!(reasoning(&sent.content), reasoning(&reply.content));
    assert_eq!(sent.model, reply.model);
    let args = |content: &[Content]| -> Vec<Json> {
        content
            .iter()
            .filter_map(|block| if let Content::ToolCall(call) = block { Some(call.args.clone()) } else { None })
            .collect()
    };
    assert_eq!(args(&sent.content), args(&reply.content));
}

#[test]
fn chat_finish_reasons_are_of_openai() {
    for (reason, expected) in [
        (StopReason::EndTurn, "stop"),
        (StopReason::StopSequence, "stop"),
        (StopReason::MaxTokens, "length"),
        (StopReason::ContextWindowExceeded, "length"),
        (StopReason::ToolUse, "tool_calls"),
        (StopReason::Refusal, "content_filter"),
        (StopReason::ContentFiltered, "content_filter"),
        (StopReason::GuardrailIntervened, "content_filter"),
        (StopReason::PauseTurn, "stop"),
    ] {
        let reply = whole("", &reply([Content::text("x")], reason));
        assert_eq!(member(&reply, &["choices", "0", "finish_reason"]), Json::string(expected));
    }
    let refused = reply([Content::Text(Text::new("No.").with_extra("refusal", json("true")))], StopReason::EndTurn);
    let message = member(&whole("", &refused), &["choices", "0", "message"]);
    assert!(message.as_str().contains(r#""content":null,"refusal":"No.""#), "{message}");
}

#[test]
fn chat_errors_have_openais_form() {
    let failure = Failure::of_field("n", "`n` is wrong");
    let expected = r#"{"error":{"message":"`n` is wrong","type":"invalid_request_error","param":"n","code":null}}"#;
    assert_eq!(ChatDialect.problem(&failure), expected);
    assert_eq!(ChatDialect.problem_event(&failure), format!("data: {expected}\n\n"));
    let option = ChatDialect.problem(&Failure::of_field("reasoning", "leave `reasoning` unset"));
    assert!(
        option.contains("leave `reasoning_effort` unset") && option.contains(r#""param":"reasoning_effort""#),
        "{option}"
    );
    for (reason, kind, code) in [
        (Reason::Unauthenticated, "invalid_request_error", "invalid_api_key"),
        (Reason::Throttled, "rate_limit_error", "rate_limit_exceeded"),
        (Reason::Budget, "insufficient_quota", "insufficient_quota"),
        (Reason::Failed, "server_error", "server_error"),
        (Reason::Overloaded, "server_error", "server_is_overloaded"),
    ] {
        let body = json(&ChatDialect.problem(&Failure::new(reason, "x")));
        assert_eq!(member(&body, &["error", "type"]), Json::string(kind));
        assert_eq!(member(&body, &["error", "code"]), Json::string(code));
    }
}
