//! Whole replies.

use super::*;
use crate::error::ErrorKind;
use crate::message::{StopReason, Text, Thinking};

/// Asserts that these output items are sent back as they arrived, and returns the reply.
fn replayed(output: &str) -> AiMessage {
    let message = reply(output);
    let history = [Message::human("a"), message.clone().into(), Message::human("b")];
    let sent = input(&history);
    let items: Vec<_> = sent.view().items().collect();
    let sent = items.get(1..items.len() - 1).unwrap().iter().map(|item| item.raw()).collect::<Vec<_>>();
    assert_eq!(json(&format!("[{}]", sent.join(","))), json(output));
    message
}

#[test]
fn reply_has_text_usage_and_metadata() {
    let body = r#"{"background":false,"billing":{"payer":"developer"},"created_at":1784324967,"error":null,"id":"resp_1",
        "instructions":"long","model":"openai.gpt-5.6-luna","object":"response","output":[{"content":[{"annotations":[],
        "logprobs":[{"token":"Hi"}],"text":"Hi","type":"output_text"}],"id":"msg_1","role":"assistant",
        "status":"completed","type":"message"}],"service_tier":"default","status":"completed","tools":[],"user":null,
        "usage":{"input_tokens":142,"input_tokens_details":{"cache_write_tokens":27,"cached_tokens":100},
        "output_tokens":33,"output_tokens_details":{"reasoning_tokens":11},"total_tokens":175}}"#;
    let message = decoded(body).unwrap();
    assert_eq!(message.content, [Content::text("Hi")]);
    assert_eq!((message.id.as_deref(), message.model.as_deref()), (Some("resp_1"), Some(LUNA)));
    assert_eq!(message.stop_reason, Some(StopReason::EndTurn));
    let usage = message.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (142, 33));
    assert_eq!((usage.input_token_details.cache_read, usage.input_token_details.cache_creation), (100, 27));
    assert_eq!(usage.output_token_details.reasoning, 11);
    assert_eq!(message.metadata("message_ids").unwrap().as_str(), r#"["msg_1"]"#);
    assert_eq!(message.metadata("logprobs").unwrap().as_str(), r#"[{"token":"Hi"}]"#);
    assert_eq!(message.metadata("billing").unwrap().as_str(), r#"{"payer":"developer"}"#);
    for echo in ["instructions", "tools", "user", "output"] {
        assert!(message.metadata(echo).is_none(), "{echo}");
    }
}

#[test]
fn encrypted_reasoning_is_sent_back_unchanged() {
    let message = replayed(
        r#"[{"encrypted_content":"rsn_1","id":"rs_1","summary":[],"type":"reasoning"},
            {"encrypted_content":"rsn_2","id":"rs_2","summary":[{"type":"summary_text","text":"One."}],"type":"reasoning"},
            {"encrypted_content":"rsn_3","id":"rs_3","summary":[{"type":"summary_text","text":"One."},
             {"type":"summary_text","text":"Two."}],"content":[{"type":"reasoning_text","text":"x"}],"type":"reasoning"},
            {"type":"function_call","id":"fc_1","call_id":"call_abc","name":"f","arguments":"{\"c\":1}"}]"#,
    );
    assert_eq!(message.thinking(), "One.One.\n\nTwo.");
    assert_eq!(message.stop_reason, Some(StopReason::ToolUse));
    assert_eq!(message.tool_calls().next().unwrap().id, "call_abc");
}

#[test]
fn reasoning_text_of_open_weights_is_thinking() {
    let message = reply(
        r#"[{"content":[{"text":"Just OSS.","type":"reasoning_text"}],"id":"msg_2","status":"completed","summary":[],
            "type":"reasoning"},{"content":[{"annotations":[],"text":"OSS","type":"output_text"}],"id":"msg_3",
            "role":"assistant","status":"completed","type":"message"}]"#,
    );
    assert_eq!((message.thinking(), message.text()), ("Just OSS.".into(), "OSS".into()));
    let sent = encoded(OSS, &[Message::human("a"), message.into(), Message::human("b")], &ChatOptions::default());
    assert_eq!(sent.unwrap().view().list("input").count(), 3, "reasoning without encrypted content is not sent");
}

#[test]
fn phase_and_refusal_are_sent_back() {
    let message = replayed(
        r#"[{"type":"message","role":"assistant","phase":"commentary","content":[
              {"type":"output_text","text":"Let me see.","annotations":[]}]},
            {"type":"message","role":"assistant","phase":"final_answer","content":[
              {"type":"refusal","refusal":"I can't help with that."}]}]"#,
    );
    assert_eq!(message.text(), "Let me see.I can't help with that.");
    assert_eq!(message.stop_reason, Some(StopReason::Refusal));
    let phase = Text::new("Let me see.").with_extra("phase", Json::string("commentary"));
    assert_eq!(message.content[0], Content::Text(phase));
}

#[test]
fn custom_tool_call_is_a_call_with_one_argument() {
    let message = reply(
        r#"[{"call_id":"call_f3","id":"ctc_1","input":"print(\"1\")\n","name":"python","status":"completed",
            "type":"custom_tool_call"},{"call_id":"call_f4","id":"ctc_2","input":"","name":"python",
            "type":"custom_tool_call"}]"#,
    );
    let calls: Vec<_> = message.tool_calls().cloned().collect();
    assert_eq!(calls[0].args, serde_json::json!({"input": "print(\"1\")\n"}));
    assert_eq!(calls[1].args, serde_json::json!({"input": ""}));
    let history = [Message::human("a"), message.into(), Message::tool("call_f3", "1"), Message::tool("call_f4", "2")];
    let expected = serde_json::json!([
        {"role": "user", "content": "a"},
        {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_f3", "name": "python", "input": "print(\"1\")\n"},
        {"type": "custom_tool_call", "id": "ctc_2", "call_id": "call_f4", "name": "python", "input": ""},
        {"type": "custom_tool_call_output", "call_id": "call_f3", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "call_f4", "output": "2"},
    ]);
    assert_eq!(input(&history), expected);
}

#[test]
fn unknown_items_and_parts_are_kept_and_sent_back() {
    replayed(
        r#"[{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},
            {"type":"function_call","id":"fc_1","name":"without a call id","arguments":"{}"},
            {"type":"message","id":"msg_1","role":"assistant","content":[{"type":"hologram","data":"x"}]},
            {"type":"message","role":"assistant","status":"new","content":[{"type":"output_text","text":"a","annotations":[
             {"type":"url_citation","url":"https://e.com","start_index":0,"end_index":1}]}]},
            {"type":"mcp_call","id":"mcp_1","name":"n","arguments":"{}","output":"o","server_label":"s"}]"#,
    );
}

#[test]
fn empty_arguments_are_an_empty_object_and_bad_ones_invalid() {
    let call = |arguments: &str| {
        reply(&format!(r#"[{{"type":"function_call","call_id":"c","name":"f","arguments":{arguments}}}]"#))
    };
    assert_eq!(call("\"\"").tool_calls().next().unwrap().args, Json::empty_object());
    let bad = call(r#""{\"city\": Paris""#);
    assert_eq!(bad.invalid_tool_calls().next().unwrap().args, "{\"city\": Paris");
}

#[test]
fn status_is_the_stop_reason() {
    let stop = |status: &str, details: &str, output: &str| {
        let body = response(status, output).replacen('{', &format!(r#"{{"incomplete_details":{details},"#), 1);
        decoded(&body).unwrap().stop_reason.unwrap()
    };
    assert_eq!(stop("incomplete", r#"{"reason":"max_output_tokens"}"#, "[]"), StopReason::MaxTokens);
    assert_eq!(stop("incomplete", r#"{"reason":"content_filter"}"#, "[]"), StopReason::ContentFiltered);
    assert_eq!(stop("incomplete", r#"{"reason":"brand_new"}"#, "[]"), StopReason::Other("brand_new".into()));
    assert_eq!(stop("incomplete", "null", "[]"), StopReason::Other("incomplete".into()));
    for status in ["cancelled", "queued", "in_progress"] {
        assert_eq!(stop(status, "null", "[]"), StopReason::Other(status.into()));
    }
    let cut = r#"[{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":"}]"#;
    let body = response("incomplete", cut).replacen('{', r#"{"incomplete_details":{"reason":"max_output_tokens"},"#, 1);
    assert_eq!(decoded(&body).unwrap().invalid_tool_calls().count(), 1);
}

#[test]
fn failed_reply_is_the_error_of_its_code() {
    for (error, kind) in [
        (r#"{"code":"server_error","message":"The model produced an error."}"#, ErrorKind::Service),
        (r#"{"code":"rate_limit_exceeded","message":"Slow down."}"#, ErrorKind::Throttled),
        (r#"{"code":null,"type":"invalid_request_error","message":"Bad."}"#, ErrorKind::Validation),
        (r#"{"code":"new_code","type":"rate_limit_error","message":"Bad."}"#, ErrorKind::Throttled),
        (r#"{"code":"context_length_exceeded","message":"Too long."}"#, ErrorKind::ContextOverflow),
        (r#""words""#, ErrorKind::Service),
    ] {
        let body = response("failed", "[]").replace(r#""error":null"#, &format!(r#""error":{error}"#));
        let failed = decoded(&body).unwrap_err();
        assert_eq!(failed.kind(), kind, "{failed}");
        assert!(error.contains(failed.message()), "{failed}");
    }
    for body in ["[]", "x", r#"{"choices":[]}"#] {
        assert_eq!(decoded(body).unwrap_err().kind(), ErrorKind::Decode);
    }
}

#[test]
fn reasoning_without_text_and_signature_is_left_out() {
    let message = reply(r#"[{"type":"reasoning","id":"rs_1","summary":[]}]"#);
    assert_eq!(message.content, []);
    let message = reply(r#"[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"rsn_1"}]"#);
    let expected = Thinking::new("").with_signature("rsn_1").with_extra("id", Json::string("rs_1"));
    assert_eq!(message.content, [Content::Thinking(expected)]);
}
