//! Replies, whole and streamed.

use serde_json::{Value, json};

use super::super::decode::ChatCompletionsDecoder;
use super::{delta, last, streamed, whole};
use crate::error::ErrorKind;
use crate::event::Events;
use crate::headers::Headers;
use crate::json::{Json, View};
use crate::message::{AiMessage, Content, InvalidToolCall, StopReason, Thinking};
use crate::provider::invoke::{ChunkDecoder, Counts};
use crate::provider::reasoning::ReasoningTags;
use crate::provider::{ChatCompletions, Codec};

#[test]
fn reply_and_its_stream_are_the_same_message() {
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 80}, "completion_tokens_details": {"reasoning_tokens": 20}});
    let token = |text: &str| json!({"token": text, "logprob": -0.5, "top_logprobs": []});
    let answer = json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m", "service_tier": "standard",
        "choices": [{"index": 0, "finish_reason": "tool_calls",
            "logprobs": {"content": [token("Let"), token(" me")], "refusal": null},
            "message": {"role": "assistant", "content": "<reasoning>First, look.</reasoning>Let me look.", "refusal": null,
                "tool_calls": [
                    {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
                    {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ]}}],
        "usage": usage,
    });
    let chunk = |delta: Value, logprobs: Value| {
        json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "service_tier": "standard",
            "choices": [{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": null}]})
    };
    let calls = |calls: Value| chunk(json!({"tool_calls": calls}), Value::Null);
    let chunks = [
        chunk(json!({"role": "assistant"}), Value::Null),
        chunk(json!({"content": "<reasoning>First,</reasoning>"}), Value::Null),
        chunk(json!({"content": "<reasoning> look.</reasoning>"}), Value::Null),
        chunk(json!({"content": "Let"}), json!({"content": [token("Let")], "refusal": null})),
        chunk(json!({"content": " me look."}), json!({"content": [token(" me")], "refusal": null})),
        calls(json!([{"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}}])),
        calls(json!([{"index": 0, "function": {"arguments": "{\"a\""}}])),
        calls(json!([{"index": 1, "id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            {"index": 0, "function": {"arguments": ": 1}"}}])),
        last("tool_calls"),
        json!({"id": "c", "choices": [], "usage": usage}),
    ];
    let message = whole(ChatCompletions::OPENAI, &answer);
    let (from_stream, complete) = streamed(ChatCompletions::OPENAI, &chunks);
    assert!(complete);
    assert_eq!(from_stream.content, message.content);
    let sorted = |message: &AiMessage| {
        let mut pairs = message.response_metadata.clone();
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        pairs
    };
    assert_eq!(sorted(&from_stream), sorted(&message));
    assert_eq!(
        AiMessage { response_metadata: vec![], ..from_stream },
        AiMessage { response_metadata: vec![], ..message.clone() }
    );

    assert_eq!((message.thinking(), message.text()), ("First, look.".to_owned(), "Let me look.".to_owned()));
    let names: Vec<_> = message.tool_calls().map(|call| (call.id.as_str(), call.name.as_str())).collect();
    assert_eq!(names, [("t1", "f"), ("t2", "g")]);
    assert_eq!(message.stop_reason, Some(StopReason::ToolUse));
    assert_eq!((message.id.as_deref(), message.model.as_deref()), (Some("c"), Some("m")));
    let used = message.usage.unwrap();
    assert_eq!((used.input_tokens, used.output_tokens), (100, 50), "input counts what was cached");
    assert_eq!((used.input_token_details.cache_read, used.output_token_details.reasoning), (80, 20));
    let keys: Vec<_> = sorted(&message).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["created", "logprobs", "service_tier", "stop_reason", "usage"]);
    assert_eq!(
        *message.metadata("logprobs").unwrap(),
        json!({"content": [token("Let"), token(" me")], "refusal": null})
    );
}

#[test]
fn metadata_that_every_chunk_repeats_is_one_event() {
    let mut decoder = ChatCompletionsDecoder::new(ReasoningTags::NONE);
    let (mut events, mut counts) = (Events::default(), Counts::default());
    for fingerprint in ["a", "a", "b"] {
        let chunk = json!({"choices": [], "system_fingerprint": fingerprint}).to_string();
        decoder.chunk(View::parse(&chunk).unwrap(), &mut counts, &mut events).unwrap();
    }
    let all: Vec<_> = std::iter::from_fn(|| events.pop()).collect();
    assert_eq!(all.len(), 3, "the beginning, a, b: {all:?}");
}

/// Recorded deltas of `openai.gpt-oss-120b-1:0`: every piece of reasoning has its own tags.
#[test]
fn reasoning_in_tags_around_every_piece_is_one_block() {
    let pieces = [
        "<reasoning>They ask: \"x\" which</reasoning>",
        "<reasoning> is short. Provide one concise</reasoning>",
        "<reasoning> sentence.</reasoning>",
        "Time",
        " bends.",
    ];
    let mut chunks = vec![delta(json!({"role": "assistant"}))];
    chunks.extend(pieces.map(|piece| delta(json!({"content": piece}))));
    chunks.push(last("stop"));
    let (message, _) = streamed(ChatCompletions::OPENAI, &chunks);
    let thinking = Thinking {
        text: "They ask: \"x\" which is short. Provide one concise sentence.".into(),
        signature: None,
        ..Thinking::default()
    };
    assert_eq!(message.content, [Content::Thinking(thinking), Content::text("Time bends.")]);
    assert_eq!(message.stop_reason, Some(StopReason::EndTurn));
}

#[test]
fn reasoning_is_read_from_fields_and_parts() {
    for key in ["reasoning_content", "reasoning"] {
        let chunks = [
            delta(json!({key: "h"})),
            delta(json!({key: "m", "content": null})),
            delta(json!({"content": "a"})),
            last("stop"),
        ];
        let message = streamed(ChatCompletions::DEEPSEEK, &chunks).0;
        assert_eq!((message.thinking(), message.text()), ("hm".to_owned(), "a".to_owned()));
    }
    let parts = json!([
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "a"},
        {"type": "image", "id": 1},
    ]);
    let message =
        whole(ChatCompletions::MISTRAL, &json!({"choices": [{"message": {"content": parts}, "stop_reason": "stop"}]}));
    assert_eq!((message.thinking(), message.text()), ("hm".to_owned(), "a".to_owned()));
    assert_eq!(message.content[2], Content::raw(Json::from(json!({"type": "image", "id": 1}))));
    let both =
        whole(ChatCompletions::GLM, &json!({"choices": [{"message": {"reasoning": "hm", "reasoning_content": "hm"}}]}));
    assert_eq!(both.thinking(), "hm");
}

#[test]
fn stream_of_mistral_ends_with_its_stop_reason() {
    let choice =
        |message: Value, reason: Value| json!({"choices": [{"index": 0, "message": message, "stop_reason": reason}]});
    let tool = json!([{"id": "bCd3fGh1J", "function": {"name": "f", "arguments": "{\"a\":1}"}}]);
    let chunks = [
        choice(json!({"role": "assistant", "content": "One"}), Value::Null),
        choice(json!({"role": "assistant", "content": " moment."}), Value::Null),
        choice(json!({"role": "assistant", "content": "", "tool_calls": tool}), json!("tool_calls")),
        json!({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 9, "outputTokenCount": 4}}),
    ];
    let (message, complete) = streamed(ChatCompletions::MISTRAL, &chunks);
    assert!(complete);
    assert_eq!(message.text(), "One moment.");
    assert_eq!(message.tool_calls().next().unwrap().args, json!({"a": 1}));
    assert_eq!(message.stop_reason, Some(StopReason::ToolUse));
    assert_eq!(message.usage.unwrap().total_tokens(), 13);
}

#[test]
fn stream_of_writer_ends_with_done() {
    let text = |text: &str| json!({"choices": [{"text": text}]});
    let (message, complete) = streamed(ChatCompletions::PALMYRA, &[text("Hel"), text("lo"), json!("[DONE]")]);
    assert!(complete);
    assert_eq!((message.text(), message.stop_reason), ("Hello".to_owned(), None));
    let (message, complete) = streamed(ChatCompletions::PALMYRA, &[text("Hel"), json!("[MORE]")]);
    assert!(!complete, "no last word came");
    assert_eq!(*message.metadata("unknown_events").unwrap(), json!(["[MORE]"]));
}

#[test]
fn stream_without_a_stop_reason_is_incomplete() {
    assert!(!streamed(ChatCompletions::QWEN, &[delta(json!({"content": "Hel"}))]).1);
    let mut empty = last("stop");
    empty["choices"][0]["finish_reason"] = json!("");
    assert!(!streamed(ChatCompletions::QWEN, &[empty]).1, "some servers write an empty word for none");
}

#[test]
fn tool_calls_in_deltas_are_joined_by_index_id_or_order() {
    let f = |name: &str, args: &str| json!({"name": name, "arguments": args});
    let calls = |pieces: &[Value]| {
        let mut chunks: Vec<Value> = pieces.iter().map(|piece| delta(json!({"tool_calls": [piece]}))).collect();
        chunks.push(last("stop"));
        let message = streamed(ChatCompletions::QWEN, &chunks).0;
        assert_eq!(message.stop_reason, Some(StopReason::ToolUse), "an ordinary end, but tools are called");
        message.tool_calls().map(|call| format!("{} {} {}", call.id, call.name, call.args)).collect::<Vec<_>>()
    };
    let both = ["a f {}", "b g {}"];
    // Whole calls, each at position 0; no positions at all; ids repeated with every piece.
    assert_eq!(
        calls(&[
            json!({"index": 0, "id": "a", "function": f("f", "{}")}),
            json!({"index": 0, "id": "b", "function": f("g", "{}")})
        ]),
        both
    );
    assert_eq!(
        calls(&[
            json!({"id": "a", "function": f("f", "{")}),
            json!({"function": {"arguments": "}"}}),
            json!({"id": "b", "function": f("g", "{}")})
        ]),
        both
    );
    assert_eq!(
        calls(&[
            json!({"index": 0, "id": "a", "function": f("f", "{")}),
            json!({"index": 0, "id": "a", "function": f("f", "}")}),
            json!({"index": 1, "id": "b", "function": f("g", "{}")})
        ]),
        both
    );
    // Calls without ids get ids that are made from the reply's id.
    assert_eq!(
        calls(&[json!({"function": f("f", "{}")}), json!({"id": null, "function": f("g", "{}")})]),
        ["c-0 f {}", "c-1 g {}"]
    );
    // Arguments as an object, or before the name.
    assert_eq!(calls(&[json!({"id": "a", "function": {"name": "f", "arguments": {"x": 1}}})]), ["a f {\"x\":1}"]);
    assert_eq!(
        calls(&[
            json!({"index": 0, "id": "a", "function": {"arguments": "{\"x\":"}}),
            json!({"index": 0, "function": f("f", "1}")})
        ]),
        ["a f {\"x\":1}"]
    );
}

#[test]
fn held_back_text_is_emitted_before_a_tool_call() {
    let call = json!({"id": "a", "function": {"name": "f", "arguments": "{}"}});
    let chunks = [delta(json!({"content": "<"})), delta(json!({"tool_calls": [call]})), last("tool_calls")];
    let message = streamed(ChatCompletions::OPENAI, &chunks).0;
    assert_eq!(message.content[0], Content::text("<"));
    assert_eq!((message.content.len(), message.tool_calls().count()), (2, 1));
}

#[test]
fn tool_call_cut_by_the_token_limit_is_invalid() {
    let chunks = [
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\": \"he"}}]})),
        last("length"),
    ];
    let message = streamed(ChatCompletions::OPENAI, &chunks).0;
    let invalid: Vec<&InvalidToolCall> = message.invalid_tool_calls().collect();
    assert_eq!((invalid[0].id.as_str(), invalid[0].args.as_str()), ("a", "{\"x\": \"he"));
    assert_eq!(message.stop_reason, Some(StopReason::MaxTokens));
}

#[test]
fn stop_sequence_next_to_the_finish_reason_is_read() {
    let answer =
        |stop: Value| json!({"choices": [{"message": {"content": "a"}, "finish_reason": "stop", "stop_reason": stop}]});
    let message = whole(ChatCompletions::QWEN, &answer(json!("END")));
    assert_eq!((message.stop_reason, message.stop_sequence.as_deref()), (Some(StopReason::StopSequence), Some("END")));
    assert_eq!(*whole(ChatCompletions::QWEN, &answer(json!(7))).metadata("stop_token").unwrap(), json!(7));
    for same in [json!("stop"), json!(null), json!(151_645)] {
        assert_eq!(whole(ChatCompletions::QWEN, &answer(same)).stop_reason, Some(StopReason::EndTurn));
    }
}

#[test]
fn refusal_is_text_with_its_own_stop_reason() {
    let answer = json!({"choices": [{"message": {"content": null, "refusal": "I cannot."}, "finish_reason": "stop"}]});
    let message = whole(ChatCompletions::OPENAI, &answer);
    assert_eq!((message.text(), message.stop_reason.clone()), ("I cannot.".to_owned(), Some(StopReason::Refusal)));
    assert_eq!(*message.metadata("stop_reason").unwrap(), json!("stop"));
}

#[test]
fn unknown_fields_of_a_reply_are_kept() {
    let other = json!({"index": 1, "message": {"content": "b"}, "finish_reason": "stop"});
    let answer = json!({
        "choices": [{"index": 0, "message": {"content": "a", "annotations": [1]}, "finish_reason": "content_filter",
            "content_filter_results": {"hate": true}}, other],
        "system_fingerprint": "fp", "amazon-bedrock-guardrailAction": "INTERVENED",
    });
    let message = whole(ChatCompletions::OPENAI, &answer);
    assert_eq!(message.text(), "a");
    assert_eq!(message.stop_reason, Some(StopReason::GuardrailIntervened));
    let expected = [
        ("annotations", json!([1])),
        ("content_filter_results", json!({"hate": true})),
        ("other_choices", json!([other])),
        ("system_fingerprint", json!("fp")),
        ("stop_reason", json!("content_filter")),
    ];
    for (key, value) in expected {
        assert_eq!(*message.metadata(key).unwrap(), value, "{key}");
    }
    let chunks = [
        json!({"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]}),
        last("stop"),
    ];
    let message = streamed(ChatCompletions::OPENAI, &chunks).0;
    assert_eq!(message.text(), "a");
    assert_eq!(*message.metadata("unknown_events").unwrap(), json!([{"index": 1, "delta": {"content": "b"}}]));
}

#[test]
fn reply_in_another_format_is_an_error() {
    let decode = |body: &str| {
        ChatCompletions::OPENAI.decode(&crate::provider::Call::default(), body.as_bytes(), &Headers::new()).unwrap_err()
    };
    for body in ["", "[]", "{}", r#"{"choices":[]}"#, r#"{"choices":null}"#, r#"{"choices":{}}"#, r#"{"output":{}}"#] {
        assert_eq!(decode(body).kind(), ErrorKind::Decode, "{body}");
    }
    let error = decode(r#"{"error":{"message":"bad tool","type":"invalid_request_error","code":400}}"#);
    assert_eq!((error.kind(), error.message()), (ErrorKind::Validation, "bad tool"));
    assert_eq!(decode(r#"{"error":"overloaded"}"#).message(), "overloaded");
    let mut decoder = ChatCompletionsDecoder::new(ReasoningTags::NONE);
    let chunk = View::parse(r#"{"error":{"message":"boom"}}"#).unwrap();
    let error = decoder.chunk(chunk, &mut Counts::default(), &mut Events::default()).unwrap_err();
    assert_eq!(error.message(), "boom");
}

#[test]
fn malformed_replies_do_not_panic() {
    let odd = [
        json!({"choices": [1, null, "x", [], {}]}),
        json!({"choices": [{"message": 1}]}),
        json!({"choices": [{"delta": {"content": {"x": 1}, "tool_calls": {"a": 1}, "reasoning": [1]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [null, 1, {}, {"function": null}, {"function": {}}]}, "finish_reason": 3}]}),
        json!({"choices": [{"text": 4, "logprobs": [1]}], "usage": "none", "id": 7}),
    ];
    for answer in odd {
        streamed(ChatCompletions::OPENAI, std::slice::from_ref(&answer));
        whole(ChatCompletions::OPENAI, &answer);
    }
}
