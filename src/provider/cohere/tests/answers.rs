//! Replies, whole and streamed.

use serde_json::{Value, json};

use super::{event, streamed, whole};
use crate::error::ErrorKind;
use crate::headers::Headers;
use crate::json::Json;
use crate::message::{AiMessage, Content, StopReason};
use crate::provider::{Codec, Cohere};

#[test]
fn reply_and_its_stream_are_the_same_message() {
    let citation = json!({"start": 0, "end": 5, "text": "Isaac", "document_ids": ["doc_0"]});
    let response = json!({
        "response_id": "r-1", "generation_id": "g-1", "text": "Isaac Newton.", "citations": [citation],
        "chat_history": [{"role": "USER", "message": "Who?"}], "documents": [{"id": "doc_0"}], "finish_reason": "COMPLETE",
        "meta": {"billed_units": {"input_tokens": 9, "output_tokens": 4}},
    });
    let metrics = json!({"inputTokenCount": 9, "outputTokenCount": 4, "invocationLatency": 1181});
    let mut answer = response.clone();
    answer["amazon-bedrock-invocationMetrics"] = metrics.clone();
    let message = whole(&answer);
    let chunks = [
        event("stream-start", json!({"generation_id": "g-1"})),
        event("text-generation", json!({"text": "Isaac"})),
        event("text-generation", json!({"text": " Newton."})),
        event("citation-generation", json!({"citations": [citation]})),
        event(
            "stream-end",
            json!({"response": response, "finish_reason": "COMPLETE", "amazon-bedrock-invocationMetrics": metrics}),
        ),
    ];
    let (from_stream, complete) = streamed(&chunks);
    assert!(complete);
    let sorted = |message: &AiMessage| {
        let mut message = message.clone();
        message.response_metadata.sort_by(|(a, _), (b, _)| a.cmp(b));
        message
    };
    assert_eq!(sorted(&from_stream), sorted(&message));

    assert_eq!((message.id.as_deref(), message.text()), (Some("g-1"), "Isaac Newton.".to_owned()));
    let Content::Text(text) = &message.content[0] else { panic!() };
    assert_eq!(text.citations, [Json::from(citation.clone())]);
    assert_eq!(message.stop_reason, Some(StopReason::EndTurn));
    assert_eq!(message.usage.unwrap().total_tokens(), 13);
    for key in ["response_id", "generation_id", "chat_history", "citations", "documents", "meta", "finish_reason"] {
        assert_eq!(*message.metadata(key).unwrap(), answer[key], "{key}");
    }
}

#[test]
fn stream_without_start_and_end_events_is_read() {
    let end = event("stream-end", json!({"finish_reason": "MAX_TOKENS"}));
    let (message, complete) = streamed(&[event("text-generation", json!({"text": "A"})), end]);
    assert!(complete);
    assert_eq!((message.text(), message.stop_reason), ("A".to_owned(), Some(StopReason::MaxTokens)));
    let response = json!({"text": "whole", "finish_reason": "ERROR_TOXIC"});
    let (message, _) = streamed(&[event("stream-end", json!({"response": response}))]);
    assert_eq!((message.text(), message.stop_reason), ("whole".to_owned(), Some(StopReason::ContentFiltered)));
    assert!(!streamed(&[event("text-generation", json!({"text": "A"}))]).1, "cut off");
}

#[test]
fn tool_call_ids_are_the_same_whole_and_streamed() {
    let calls = json!([{"name": "find", "parameters": {"q": "a"}}, {"name": "now", "parameters": {}}]);
    let response =
        json!({"generation_id": "g-1", "text": "I will look.", "tool_calls": calls, "finish_reason": "COMPLETE"});
    let start = || event("stream-start", json!({"generation_id": "g-1"}));
    let end = || event("stream-end", json!({"response": response, "finish_reason": "COMPLETE"}));
    let piece = |delta: Value| event("tool-calls-chunk", json!({"tool_call_delta": delta}));
    let messages = [
        whole(&response),
        streamed(&[
            start(),
            event("tool-calls-generation", json!({"text": "I will look.", "tool_calls": calls})),
            end(),
        ])
        .0,
        streamed(&[start(), end()]).0,
        streamed(&[
            start(),
            event("tool-calls-chunk", json!({"text": "I will"})),
            event("tool-calls-chunk", json!({"text": " look."})),
            piece(json!({"index": 0, "name": "find"})),
            piece(json!({"index": 0, "parameters": "{\"q\":"})),
            piece(json!({"index": 0, "parameters": " \"a\"}"})),
            piece(json!({"index": 1, "name": "now"})),
            event("tool-calls-generation", json!({"text": "I will look.", "tool_calls": calls})),
            end(),
        ])
        .0,
    ];
    for message in messages {
        assert_eq!(message.text(), "I will look.");
        let found: Vec<_> =
            message.tool_calls().map(|call| (call.id.as_str(), call.name.as_str(), call.args.clone())).collect();
        assert_eq!(found, [("g-1-0", "find", Json::from(json!({"q": "a"}))), ("g-1-1", "now", Json::empty_object())]);
        assert_eq!(message.stop_reason, Some(StopReason::ToolUse));
        assert_eq!(*message.metadata("stop_reason").unwrap(), json!("COMPLETE"));
    }
}

#[test]
fn searches_and_unknown_events_are_kept() {
    let queries = json!([{"text": "gravity", "generation_id": "g"}]);
    let answer = whole(&json!({"search_queries": queries, "is_search_required": true, "finish_reason": "COMPLETE"}));
    assert_eq!(*answer.metadata("search_queries").unwrap(), queries);
    let chunks = [
        event("search-queries-generation", json!({"search_queries": queries})),
        event("debug", json!({"prompt": "p"})),
        event("stream-end", json!({"finish_reason": "ERROR"})),
        json!({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 2, "outputTokenCount": 1}}),
    ];
    let message = streamed(&chunks).0;
    assert_eq!(*message.metadata("search_queries").unwrap(), queries);
    assert_eq!(message.metadata("unknown_events").unwrap().view().items().count(), 1);
    assert_eq!((message.stop_reason, message.usage.unwrap().total_tokens()), (Some(StopReason::Error), 3));
}

#[test]
fn cohere_usage_is_used_if_the_service_sends_no_counts() {
    let meta = json!({"billed_units": {"input_tokens": 5, "output_tokens": 2}, "tokens": {"input_tokens": 70}});
    let message = whole(&json!({"text": "a", "meta": meta}));
    assert_eq!((message.usage.unwrap().input_tokens, message.usage.unwrap().output_tokens), (70, 2));
    let mut headers = Headers::new();
    headers.push("x-amzn-bedrock-input-token-count", "9");
    let body = json!({"text": "a", "meta": meta}).to_string();
    assert_eq!(
        Cohere
            .decode(&crate::provider::Call::default(), body.as_bytes(), &headers)
            .unwrap()
            .usage
            .unwrap()
            .input_tokens,
        9
    );
}

#[test]
fn reply_in_another_format_is_an_error() {
    for body in ["", "[]", "{}", r#"{"message":"invalid request"}"#, r#"{"generations":[{"text":"a"}]}"#] {
        assert_eq!(
            Cohere.decode(&crate::provider::Call::default(), body.as_bytes(), &Headers::new()).unwrap_err().kind(),
            ErrorKind::Decode,
            "{body}"
        );
    }
    let odd = [
        json!({"text": 1, "tool_calls": [1, null, {"name": 2, "parameters": "{"}], "citations": {"a": 1}, "finish_reason": 4}),
        json!({"text": "a", "meta": 3, "tool_calls": "x"}),
        json!({"tool_calls": [{"name": "f", "parameters": [1]}]}),
    ];
    for answer in odd {
        whole(&answer);
    }
    let far = event("tool-calls-chunk", json!({"tool_call_delta": {"index": 4_294_967_295_u64, "name": "f"}}));
    streamed(&[json!(1), json!("x"), far, event("stream-end", json!({"response": 1}))]);
}
