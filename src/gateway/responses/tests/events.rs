use std::collections::BTreeMap;

use super::{ResponsesDialect, TOOLS, body, member, reply, rich, types, whole};
use crate::event::ChatEvent;
use crate::gateway::dialect::Dialect;
use crate::gateway::failure::{Failure, Reason};
use crate::gateway::openai::testing::{events, events_of, json, stream};
use crate::json::{Json, View};
use crate::message::{AiMessage, Content, StopReason, Text, Thinking};

fn streamed(members: &str, reply: &AiMessage) -> Vec<(String, Json)> {
    events(&stream(&ResponsesDialect, &body(members), events_of(reply)))
}

#[test]
fn responses_reply_has_an_item_for_every_block() {
    let response = whole(&format!(r#"{TOOLS},"instructions":"Be brief.","temperature":0.5"#), &rich());
    for (key, expected) in [
        ("id", r#""resp_n0nce""#),
        ("object", r#""response""#),
        ("created_at", "1764000000"),
        ("model", r#""my-model""#),
        ("status", r#""completed""#),
        ("error", "null"),
        ("incomplete_details", "null"),
        ("instructions", r#""Be brief.""#),
        ("temperature", "0.5"),
        ("top_p", "null"),
        ("parallel_tool_calls", "true"),
        ("tool_choice", r#""auto""#),
        ("store", "false"),
        ("text", r#"{"format":{"type":"text"}}"#),
    ] {
        assert_eq!(member(&response, &[key]), json(expected), "{key}");
    }
    assert_eq!(member(&response, &["tools"]).view().items().count(), 4);
    let output = member(&response, &["output"]);
    let expected =
        ["reasoning", "reasoning", "message", "function_call", "custom_tool_call", "function_call", "local_shell_call"];
    assert_eq!(types(output.view().items()), expected);
    let text = |text: &str, annotations: &str| {
        format!(r#"{{"type":"output_text","text":"{text}","annotations":[{annotations}],"logprobs":[]}}"#)
    };
    let cited = r#"{"type":"url_citation","start_index":0,"end_index":6,"title":"B","url":"https://a.example/b"}"#;
    let content = format!("[{},{}]", text("Sunny é. ", ""), text("Cited.", cited));
    assert_eq!(member(&output, &["2", "content"]), json(&content));
    assert_eq!(member(&output, &["0", "summary"]), json(r#"[{"type":"summary_text","text":"Let me see."}]"#));
    for (at, expected) in [
        (
            "3",
            r#"{"id":"fc_n0nce_3","type":"function_call","status":"completed","call_id":"c1","name":"f","arguments":"{\"a\":1}"}"#,
        ),
        (
            "4",
            r#"{"id":"ctc_n0nce_4","type":"custom_tool_call","status":"completed","call_id":"c2","name":"apply_patch","input":"*** \"x\"\n"}"#,
        ),
        (
            "5",
            r#"{"id":"fc_n0nce_5","type":"function_call","status":"completed","call_id":"c3","name":"search","namespace":"mcp__docs","arguments":"{\"q\":\"x\"}"}"#,
        ),
        (
            "6",
            r#"{"id":"lsh_n0nce_6","type":"local_shell_call","status":"completed","call_id":"c4","action":{"type":"exec","command":["ls"],"timeout_ms":9,"env":{}}}"#,
        ),
    ] {
        assert_eq!(member(&output, &[at]), json(expected));
    }
    let usage = r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":5},
        "output_tokens":20,"output_tokens_details":{"reasoning_tokens":7},"total_tokens":120}"#;
    assert_eq!(member(&response, &["usage"]), json(usage));
}

/// Builds the items from the deltas alone, and compares them with what the events that end them have.
#[test]
fn responses_deltas_add_up_to_the_whole_reply() {
    let refused = reply([Content::Text(Text::new("No.").with_extra("refusal", json("true")))], StopReason::EndTurn);
    for (members, reply) in [(TOOLS, rich()), ("", refused), ("", reply([], StopReason::EndTurn))] {
        let events = streamed(members, &reply);
        let mut texts: BTreeMap<(u64, u64, String), String> = BTreeMap::new();
        for (number, (name, event)) in events.iter().enumerate() {
            let event = event.view();
            assert_eq!((event.u64_at("sequence_number"), event.word_at("type")), (Some(number as u64), &**name));
            let part = ["content_index", "summary_index"].iter().find_map(|key| event.u64_at(key)).unwrap_or(0);
            let Some((base, kind)) = name.rsplit_once('.') else { continue };
            let place = (event.u64_at("output_index").unwrap_or(0), part, base.to_owned());
            match kind {
                "delta" => texts.entry(place).or_default().push_str(&event.text_at("delta")),
                "done" if ["text", "refusal", "arguments", "input"].iter().any(|key| event.get(key).is_some()) => {
                    let whole = ["text", "refusal", "arguments", "input"].iter().find_map(|key| event.string_at(key));
                    assert_eq!(texts.get(&place).cloned(), whole, "{name}");
                }
                _ => {}
            }
        }
        let done: Vec<&str> = events
            .iter()
            .filter(|(name, _)| name == "response.output_item.done")
            .map(|(_, event)| event.view().get("item").unwrap().raw())
            .collect();
        let (name, last) = events.last().unwrap();
        assert_eq!(name, "response.completed");
        let response = member(last, &["response"]);
        assert_eq!(member(&response, &["output"]), json(&format!("[{}]", done.join(","))));
        assert_eq!(response, whole(members, &reply));
    }
}

#[test]
fn responses_events_are_in_openais_order() {
    let reply = reply(
        [Content::Thinking(Thinking::new("hm").with_signature("s")), Content::text("Hi"), Content::text("!")],
        StopReason::EndTurn,
    );
    let names: Vec<String> = streamed("", &reply).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names.join(" ").replace("response.", ""),
        "created in_progress output_item.added reasoning_summary_part.added reasoning_summary_text.delta \
         reasoning_summary_text.done reasoning_summary_part.done output_item.done output_item.added \
         content_part.added output_text.delta output_text.done content_part.done content_part.added \
         output_text.delta output_text.done content_part.done output_item.done completed"
    );
}

#[test]
fn responses_stream_of_deltas_keeps_blocks_apart() {
    let text = |index, text: &str| ChatEvent::Text { index, text: text.into() };
    let start = |index, id: &str| ChatEvent::ToolCallStart { index, id: id.into(), name: "f".into() };
    let args = |index, args: &str| ChatEvent::ToolCallDelta { index, args: args.into() };
    let written = stream(
        &ResponsesDialect,
        &body(""),
        [
            text(0, "So"),
            text(0, " it"),
            start(1, "a"),
            start(2, "b"),
            args(2, "{\"b\""),
            args(1, "{\"a\":1}"),
            args(2, ":2}"),
            args(9, "lost"),
            ChatEvent::BlockStop { index: 1 },
            start(3, "c"),
            text(4, "Done"),
        ],
    );
    let response = member(&events(&written).last().unwrap().1, &["response"]);
    let output = member(&response, &["output"]);
    let found: Vec<(String, String)> = output
        .view()
        .items()
        .map(|item| {
            (
                item.text_at("call_id"),
                item.string_at("arguments")
                    .unwrap_or_else(|| item.list("content").map(|part| part.text_at("text")).collect()),
            )
        })
        .collect();
    let pairs = [("", "So it"), ("a", "{\"a\":1}"), ("b", "{\"b\":2}"), ("c", "{}"), ("", "Done")];
    assert_eq!(found, pairs.map(|(id, text)| (id.to_owned(), text.to_owned())));
    assert!(!written.contains("lost"));
}

#[test]
fn responses_stream_begins_without_a_start_and_ends_once() {
    let written = events(&stream(&ResponsesDialect, &body(""), []));
    let names: Vec<&str> = written.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["response.created", "response.in_progress", "response.completed"]);
    assert_eq!(written[0].1.view().get("response").unwrap().get_or_null("usage").map(View::is_null), Some(true));
}

#[test]
fn responses_stop_reasons_have_a_status() {
    for (reason, status, why) in [
        (StopReason::EndTurn, "completed", "null"),
        (StopReason::StopSequence, "completed", "null"),
        (StopReason::MaxTokens, "incomplete", r#"{"reason":"max_output_tokens"}"#),
        (StopReason::ContextWindowExceeded, "incomplete", r#"{"reason":"max_output_tokens"}"#),
        (StopReason::Refusal, "incomplete", r#"{"reason":"content_filter"}"#),
        (StopReason::GuardrailIntervened, "incomplete", r#"{"reason":"content_filter"}"#),
        (StopReason::MalformedToolUse, "failed", "null"),
        (StopReason::Error, "failed", "null"),
    ] {
        let reply = reply([Content::text("x")], reason);
        let response = whole("", &reply);
        assert_eq!(
            (member(&response, &["status"]), member(&response, &["incomplete_details"])),
            (Json::string(status), json(why))
        );
        assert_eq!(member(&response, &["error"]).view().is_null(), status != "failed");
        assert_eq!(streamed("", &reply).last().unwrap().0, format!("response.{status}"));
    }
}

#[test]
fn responses_errors_have_openais_form() {
    let failure = Failure::of_field("input", "`input` is wrong");
    let error = r#"{"message":"`input` is wrong","type":"invalid_request_error","param":"input","code":null}"#;
    assert_eq!(json(&ResponsesDialect.problem(&failure)), json(&format!(r#"{{"error":{error}}}"#)));
    let written = events(&ResponsesDialect.problem_event(&failure));
    let [(first, event), (second, failed)] = &written[..] else { panic!() };
    assert_eq!((&**first, &**second), ("error", "response.failed"));
    assert_eq!((member(event, &["error"]), member(event, &["type"])), (json(error), json("\"error\"")));
    let option = Failure::of_field("max_tokens", "`max_tokens` is 0");
    for text in [ResponsesDialect.problem(&option), ResponsesDialect.problem_event(&option)] {
        assert!(text.contains("`max_output_tokens` is 0") && text.contains(r#""param":"max_output_tokens""#), "{text}");
    }
    let code = |reason| {
        let written = events(&ResponsesDialect.problem_event(&Failure::new(reason, "x")));
        member(&written[1].1, &["response", "error", "code"])
    };
    assert_eq!(member(failed, &["response", "error", "code"]), json("\"invalid_prompt\""));
    assert_eq!(code(Reason::Throttled), json("\"rate_limit_exceeded\""));
    assert_eq!(code(Reason::Failed), json("\"server_error\""));
    assert_eq!(code(Reason::Overloaded), json("\"server_is_overloaded\""));
}
