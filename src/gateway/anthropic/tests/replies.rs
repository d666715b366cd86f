//! Tests of whole replies and errors.

use super::*;
use crate::gateway::failure::Reason;
use crate::json::Json;
use crate::message::{
    AiMessage, Content, InvalidToolCall, RedactedThinking, StopReason, Text, Thinking, ToolCall, Usage,
};

pub(super) fn reply(content: Vec<Content>, stop_reason: StopReason) -> AiMessage {
    AiMessage { content, stop_reason: Some(stop_reason), ..AiMessage::default() }
}

fn written(reply: &AiMessage) -> Json {
    let headers = headers(&[]);
    Json::parse(&AnthropicDialect.message(&given("{}", &headers), reply)).unwrap()
}

fn parsed(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[test]
fn reply_is_written_in_anthropics_form() {
    let extra = vec![("id".to_owned(), Json::string("rs_1"))];
    let citation = parsed(r#"{"type":"char_location","cited_text":"x"}"#);
    let mut reply = reply(
        vec![
            Content::Thinking(Thinking { text: "hm".into(), signature: Some("s".into()), extra }),
            Content::Thinking(Thinking { text: "unsigned".into(), ..Thinking::default() }),
            Content::RedactedThinking(RedactedThinking { data: "d".into() }),
            Content::Text(Text::new("Noon.").with_citations([citation])),
            Content::ToolCall(ToolCall {
                extra: vec![("id".to_owned(), Json::string("fc_1")), ("caller".to_owned(), Json::string("c"))],
                ..ToolCall::new("call_1", "now", parsed(r#"{"zone":"UTC"}"#))
            }),
            Content::Raw(crate::message::Raw { block: parsed(r#"{"type":"new","x":1}"#) }),
        ],
        StopReason::ToolUse,
    );
    reply.id = Some("msg_abc".into());
    reply.model = Some("the model's own name".into());
    let mut usage = Usage::new(123, 10);
    usage.input_token_details.cache_read = 20;
    usage.input_token_details.cache_creation = 100;
    usage.input_token_details.cache_creation_1h = 60;
    usage.output_token_details.reasoning = 4;
    reply.usage = Some(usage);
    assert_eq!(
        written(&reply),
        parsed(
            r#"{"id":"msg_abc","type":"message","role":"assistant","model":"claude-x","content":[
                {"type":"thinking","thinking":"hm","signature":"bedrock-chat:{\"signature\":\"s\",\"members\":{\"id\":\"rs_1\"}}"},
                {"type":"thinking","thinking":"unsigned","signature":""},
                {"type":"redacted_thinking","data":"bedrock-chat:d"},
                {"type":"text","text":"Noon.","citations":[{"type":"char_location","cited_text":"x"}]},
                {"type":"tool_use","id":"call_1","name":"now","input":{"zone":"UTC"},"caller":"c","extras":{"id":"fc_1"}},
                {"type":"new","x":1}],
                "stop_reason":"tool_use","stop_sequence":null,
                "usage":{"input_tokens":3,"cache_creation_input_tokens":100,"cache_read_input_tokens":20,
                    "cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":60},
                    "output_tokens":10,"output_tokens_details":{"thinking_tokens":4}}}"#
        )
    );
}

#[test]
fn invalid_tool_call_becomes_a_call_without_arguments() {
    let invalid = InvalidToolCall { id: "1".into(), name: "f".into(), args: "{\"a".into(), error: "cut".into() };
    let written = written(&reply(vec![Content::InvalidToolCall(invalid)], StopReason::MaxTokens));
    assert_eq!(
        Json::from(written.view().get("content").unwrap()),
        parsed(r#"[{"type":"tool_use","id":"1","name":"f","input":{}}]"#)
    );
    assert_eq!(written.view().word_at("stop_reason"), "max_tokens");
}

#[test]
fn ids_of_messages_and_tool_calls_are_never_empty() {
    let mut reply = reply(vec![Content::ToolCall(ToolCall::new("", "f", Json::empty_object()))], StopReason::EndTurn);
    reply.id = Some("chatcmpl-1".into());
    let written = written(&reply);
    assert_eq!(written.view().word_at("id"), "msg_n0nce");
    let call = written.view().list("content").next().unwrap();
    assert_eq!(call.word_at("id"), "toolu_n0nce_0");
    assert_eq!(written.view().word_at("stop_reason"), "tool_use", "the model said `end_turn` after its call");
}

#[test]
fn stop_reasons_are_anthropics_words() {
    let words = [
        ("end_turn", "end_turn"),
        ("length", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("tool_use", "tool_use"),
        ("pause_turn", "pause_turn"),
        ("refusal", "refusal"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
        ("guardrail_intervened", "refusal"),
        ("content_filtered", "refusal"),
        ("malformed_tool_use", "end_turn"),
        ("brand_new", "end_turn"),
    ];
    for (theirs, ours) in words {
        assert_eq!(written(&reply(Vec::new(), StopReason::parse(theirs))).view().word_at("stop_reason"), ours);
    }
    assert!(written(&AiMessage::default()).view().get_or_null("stop_reason").unwrap().is_null());
}

#[test]
fn errors_have_anthropics_types() {
    let types = [
        (Reason::Invalid, "invalid_request_error"),
        (Reason::Unauthenticated, "authentication_error"),
        (Reason::Forbidden, "permission_error"),
        (Reason::NotFound, "not_found_error"),
        (Reason::Method, "invalid_request_error"),
        (Reason::TooLarge, "request_too_large"),
        (Reason::Throttled, "rate_limit_error"),
        (Reason::Budget, "rate_limit_error"),
        (Reason::Failed, "api_error"),
        (Reason::Overloaded, "overloaded_error"),
        (Reason::Timeout, "timeout_error"),
    ];
    for (reason, kind) in types {
        let failure = Failure::new(reason, "why \"it\"\nfailed");
        let body = AnthropicDialect.problem(&failure);
        let expected = format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"why \"it\"\nfailed"}}}}"#);
        assert_eq!(body, expected);
        assert_eq!(AnthropicDialect.problem_event(&failure), format!("event: error\ndata: {expected}\n\n"));
    }
}

#[test]
fn citations_of_converse_become_anthropics() {
    let place = |location: &str| {
        format!(r#"{{"title":"T","source":"S","sourceContent":[{{"text":"x"}}],"location":{location}}}"#)
    };
    let range = r#"{"documentIndex":1,"searchResultIndex":1,"start":2,"end":3}"#;
    for (citation, expected) in [
        (
            place(&format!(r#"{{"documentChar":{range}}}"#)),
            r#"{"type":"char_location","cited_text":"x","document_title":"T","document_index":1,"start_char_index":2,"end_char_index":3}"#,
        ),
        (
            place(&format!(r#"{{"documentPage":{range}}}"#)),
            r#"{"type":"page_location","cited_text":"x","document_title":"T","document_index":1,"start_page_number":2,"end_page_number":3}"#,
        ),
        (
            place(&format!(r#"{{"documentChunk":{range}}}"#)),
            r#"{"type":"content_block_location","cited_text":"x","document_title":"T","document_index":1,"start_block_index":2,"end_block_index":3}"#,
        ),
        (
            place(&format!(r#"{{"searchResultLocation":{range}}}"#)),
            r#"{"type":"search_result_location","cited_text":"x","source":"S","title":"T","search_result_index":1,"start_block_index":2,"end_block_index":3}"#,
        ),
        (
            place(r#"{"web":{"url":"https://example.com"}}"#),
            r#"{"type":"web_search_result_location","cited_text":"x","url":"https://example.com","title":"T"}"#,
        ),
        (r#"{"document_ids":["a"],"x":1}"#.to_owned(), r#"{"document_ids":["a"],"x":1}"#),
        (
            r#"{"type":"char_location","document_index":0,"start_char_index":1,"end_char_index":2,"new":1}"#.to_owned(),
            r#"{"type":"char_location","document_index":0,"start_char_index":1,"end_char_index":2,"new":1}"#,
        ),
    ] {
        let text = Content::Text(Text::new("t").with_citations([parsed(&citation)]));
        let written = written(&reply(vec![text], StopReason::EndTurn));
        let block = written.view().list("content").next().unwrap();
        assert_eq!(Json::from(block.list("citations").next().unwrap()), parsed(expected), "{citation}");
    }
}
