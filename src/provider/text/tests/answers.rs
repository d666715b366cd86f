use serde_json::{Value, json};

use super::super::*;
use super::{body, encode, human};
use crate::error::ErrorKind;
use crate::event::Events;
use crate::json::Json;
use crate::message::{Message, StopReason, Usage};
use crate::provider::invoke::{ChunkDecoder, Counts};

fn whole(codec: &TextCompletion, body: &Value) -> AiMessage {
    codec.decode(&crate::provider::Call::default(), body.to_string().as_bytes(), &Headers::new()).unwrap()
}

/// Returns the message of a stream, and whether the stream was complete.
fn streamed(codec: &TextCompletion, opened: bool, chunks: &[Value]) -> (AiMessage, bool) {
    let mut stream = decode::TextDecoder::new(codec.0, opened);
    let (mut counts, mut out) = (Counts::default(), Events::default());
    for chunk in chunks {
        stream.chunk(View::parse(&chunk.to_string()).unwrap(), &mut counts, &mut out).unwrap();
    }
    (invoke::message(out, counts, &Headers::new()), stream.is_complete())
}

/// Returns a family's whole reply, the same reply in chunks, and its token counts.
fn answers() -> Vec<(&'static TextCompletion, Value, Vec<Value>)> {
    vec![
        (
            &CLAUDE_2,
            json!({"type": "completion", "completion": " Hello", "stop_reason": "max_tokens", "stop": null}),
            vec![
                json!({"type": "completion", "completion": " Hel", "stop_reason": null, "stop": null}),
                json!({"type": "completion", "completion": "lo", "stop_reason": null, "stop": null}),
                json!({"type": "completion", "completion": "", "stop_reason": "max_tokens", "stop": null}),
            ],
        ),
        (
            &LLAMA_3,
            json!({"generation": " Hello", "prompt_token_count": 14, "generation_token_count": 4, "stop_reason": "length"}),
            vec![
                json!({"generation": "", "prompt_token_count": 14, "generation_token_count": 1, "stop_reason": null}),
                json!({"generation": " Hello", "prompt_token_count": null, "generation_token_count": 3, "stop_reason": null}),
                json!({"generation": "", "prompt_token_count": null, "generation_token_count": 4, "stop_reason": "length"}),
            ],
        ),
        (
            &TITAN,
            json!({"inputTextTokenCount": 14, "results": [
                {"tokenCount": 4, "outputText": " Hello", "completionReason": "LENGTH"}]}),
            vec![
                json!({"outputText": " Hel", "index": 0, "totalOutputTextTokenCount": null, "completionReason": null, "inputTextTokenCount": 14}),
                json!({"outputText": "lo", "index": 1, "totalOutputTextTokenCount": 4, "completionReason": "LENGTH", "inputTextTokenCount": 14}),
            ],
        ),
        (
            &MISTRAL,
            json!({"outputs": [{"text": " Hello", "stop_reason": "length"}]}),
            vec![
                json!({"outputs": [{"text": " Hel", "stop_reason": null}]}),
                json!({"outputs": [{"text": "lo", "stop_reason": "length"}]}),
            ],
        ),
        (
            &COMMAND,
            json!({"generations": [{"text": " Hello", "finish_reason": "MAX_TOKENS"}]}),
            vec![
                json!({"text": " Hel", "is_finished": false, "index": 0}),
                json!({"text": "lo", "is_finished": false}),
                json!({"is_finished": true, "finish_reason": "MAX_TOKENS"}),
            ],
        ),
        (
            &DEEPSEEK_R1,
            json!({"choices": [{"text": "hm\n</think>\n\n Hello", "stop_reason": "length"}]}),
            vec![
                json!({"choices": [{"text": "h", "stop_reason": null}]}),
                json!({"choices": [{"text": "m\n</th", "stop_reason": null}]}),
                json!({"choices": [{"text": "ink>\n", "stop_reason": null}]}),
                json!({"choices": [{"text": "\n Hel", "stop_reason": null}]}),
                json!({"choices": [{"text": "lo", "stop_reason": "length"}]}),
            ],
        ),
    ]
}

#[test]
fn reply_and_its_stream_are_the_same_message() {
    for (codec, body, chunks) in answers() {
        let mut message = whole(codec, &body);
        assert_eq!(message.text().trim(), "Hello", "{codec:?}");
        assert_eq!(message.stop_reason, Some(StopReason::MaxTokens));
        let (mut from_stream, complete) = streamed(codec, !codec.0.reasoning.tags.is_empty(), &chunks);
        // The provider's streams have other names for the other fields.
        let own = |(key, _): &(String, Json)| key == "stop_reason";
        message.response_metadata.retain(own);
        from_stream.response_metadata.retain(own);
        assert_eq!((from_stream, complete), (message, true), "{codec:?}");
    }
}

#[test]
fn stream_is_complete_only_after_its_last_event() {
    for (codec, _, chunks) in answers() {
        for cut in 0..chunks.len() {
            assert!(!streamed(codec, !codec.0.reasoning.tags.is_empty(), &chunks[..cut]).1, "{codec:?} {cut}");
        }
    }
    let metrics = json!({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 14, "outputTokenCount": 2}});
    let (message, complete) = streamed(&LLAMA_3, false, &[json!({"generation": "Hi"}), metrics]);
    assert!(complete, "the service's own counts come last");
    assert_eq!(message.usage, Some(Usage::new(14, 2)));
}

#[test]
fn usage_is_read_from_body_metrics_and_headers() {
    let llama =
        json!({"generation": "Hi", "prompt_token_count": 14, "generation_token_count": 4, "stop_reason": "stop"});
    assert_eq!(whole(&LLAMA_4, &llama).usage, Some(Usage::new(14, 4)));
    let titan = json!({"inputTextTokenCount": 5, "results": [{"tokenCount": 9, "outputText": "x"}]});
    assert_eq!(whole(&TITAN, &titan).usage, Some(Usage::new(5, 9)));
    let deepseek = json!({"choices": [{"text": "</think>x"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
    assert_eq!(whole(&DEEPSEEK_R1, &deepseek).usage, Some(Usage::new(3, 2)));
    let mut headers = Headers::new();
    headers.push("x-amzn-bedrock-input-token-count", "12");
    headers.push("x-amzn-bedrock-output-token-count", "3");
    let mistral = MISTRAL
        .decode(
            &crate::provider::Call::default(),
            br#"{"outputs":[{"text":" Paris.","stop_reason":"stop"}]}"#,
            &headers,
        )
        .unwrap();
    assert_eq!(mistral.usage, Some(Usage::new(12, 3)));
    assert_eq!(whole(&MISTRAL, &json!({"outputs": [{"text": "x"}]})).usage, None);
    let metrics = json!({"inputTokenCount": 14, "outputTokenCount": 4});
    let last = json!({"amazon-bedrock-invocationMetrics": metrics, "generation": "", "generation_token_count": 3});
    assert_eq!(streamed(&LLAMA_3, false, &[last]).0.usage, Some(Usage::new(14, 4)), "the service's count wins");
}

#[test]
fn stop_reasons_of_every_family_are_mapped_and_kept() {
    let cases: Vec<(&TextCompletion, Value, StopReason, Option<&str>, &str)> = vec![
        (
            &CLAUDE_2,
            json!({"completion": "x", "stop_reason": "stop_sequence", "stop": "\n\nHuman:"}),
            StopReason::EndTurn,
            None,
            "stop_sequence",
        ),
        (
            &CLAUDE_2,
            json!({"completion": "x", "stop_reason": "stop_sequence", "stop": "END"}),
            StopReason::StopSequence,
            Some("END"),
            "stop_sequence",
        ),
        (
            &TITAN,
            json!({"results": [{"outputText": "x", "completionReason": "FINISH"}]}),
            StopReason::EndTurn,
            None,
            "FINISH",
        ),
        (
            &TITAN,
            json!({"results": [{"outputText": "x", "completionReason": "STOP_CRITERIA_MET"}]}),
            StopReason::StopSequence,
            None,
            "STOP_CRITERIA_MET",
        ),
        (
            &TITAN,
            json!({"results": [{"outputText": "x", "completionReason": "RAG_QUERY_WHEN_RAG_DISABLED"}]}),
            StopReason::Other("RAG_QUERY_WHEN_RAG_DISABLED".into()),
            None,
            "RAG_QUERY_WHEN_RAG_DISABLED",
        ),
        (
            &COMMAND,
            json!({"generations": [{"text": "x", "finish_reason": "ERROR_TOXIC"}]}),
            StopReason::ContentFiltered,
            None,
            "ERROR_TOXIC",
        ),
        (
            &JURASSIC_2,
            json!({"completions": [{"data": {"text": "x"}, "finishReason": {"reason": "endoftext"}}]}),
            StopReason::EndTurn,
            None,
            "endoftext",
        ),
        (
            &JURASSIC_2,
            json!({"completions": [{"data": {"text": "x"}, "finishReason": {"reason": "stop", "sequence": "##"}}]}),
            StopReason::StopSequence,
            Some("##"),
            "stop",
        ),
        (
            &JURASSIC_2,
            json!({"completions": [{"data": {"text": "x"}, "finishReason": {"reason": "stop"}}]}),
            StopReason::StopSequence,
            None,
            "stop",
        ),
        (&LLAMA_2, json!({"generation": "x", "stop_reason": "stop"}), StopReason::EndTurn, None, "stop"),
        (
            &DEEPSEEK_R1,
            json!({"choices": [{"text": "x", "finish_reason": "eos_token"}]}),
            StopReason::EndTurn,
            None,
            "eos_token",
        ),
    ];
    for (codec, body, reason, sequence, word) in cases {
        let message = whole(codec, &body);
        assert_eq!((message.stop_reason.clone(), message.stop_sequence.as_deref()), (Some(reason), sequence), "{body}");
        assert_eq!(*message.metadata("stop_reason").unwrap(), Json::string(word));
    }
}

#[test]
fn unknown_fields_of_a_reply_are_kept() {
    let body = json!({"id": 1234, "prompt": {"text": "Hi", "tokens": []}, "new": [1], "completions": [
        {"data": {"text": "\nHello.", "tokens": [{"t": 1}]}, "finishReason": {"reason": "length", "length": 2}},
        {"data": {"text": "Hi."}, "finishReason": {"reason": "endoftext"}},
    ]});
    let message = whole(&JURASSIC_2, &body);
    assert_eq!((message.id.as_deref(), message.text().as_str()), (Some("1234"), "\nHello."));
    for (key, value) in [
        ("prompt", &body["prompt"]),
        ("new", &body["new"]),
        ("tokens", &body["completions"][0]["data"]["tokens"]),
        ("finishReason", &body["completions"][0]["finishReason"]),
        ("completions", &json!([body["completions"][1]])),
    ] {
        assert_eq!(message.metadata(key).unwrap(), value, "{key}");
    }
    let (titan, _) = streamed(&TITAN, false, &answers()[2].2);
    let kept: Vec<&str> = titan.response_metadata.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(kept, ["index", "inputTextTokenCount", "totalOutputTextTokenCount", "stop_reason"]);
    let chunks = [
        json!({"text": "a", "is_finished": false, "index": 0}),
        json!({"text": "b", "is_finished": false, "index": 1}),
        json!("[DONE]"),
        json!({"is_finished": true, "finish_reason": "COMPLETE", "response": {"id": "r"}}),
    ];
    let (message, complete) = streamed(&COMMAND, false, &chunks);
    assert_eq!((message.text().as_str(), complete), ("a", true));
    assert_eq!(*message.metadata("unknown_events").unwrap(), json!([chunks[1], chunks[2]]));
    assert_eq!(*message.metadata("response").unwrap(), chunks[3]["response"]);
}

#[test]
fn reply_without_text_is_an_error_with_the_missing_key() {
    for (codec, body, what) in [
        (&MISTRAL, json!({"outputs": []}), "nothing in `outputs`"),
        (&MISTRAL, json!({"choices": [{"text": "x"}]}), "no `outputs`"),
        (&TITAN, json!({"results": [{"outputText": null}]}), "no text in `outputText`"),
        (&LLAMA_3, json!({"output": {}}), "no text in `generation`"),
        (&JURASSIC_2, json!({"completions": [{"data": {}}]}), "no text in `data`"),
        (&DEEPSEEK_R1, json!({"choices": "x"}), "nothing in `choices`"),
        (&CLAUDE_2, json!([1]), "Array"),
    ] {
        let error =
            codec.decode(&crate::provider::Call::default(), body.to_string().as_bytes(), &Headers::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains(what), "{error}");
    }
    assert_eq!(whole(&LLAMA_3, &json!({"generation": "", "stop_reason": "stop"})).content, []);
}

#[test]
fn error_in_a_reply_is_an_error() {
    let body = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let error =
        CLAUDE_2.decode(&crate::provider::Call::default(), body.to_string().as_bytes(), &Headers::new()).unwrap_err();
    assert!(error.message().contains("busy"), "{error}");
    let mut stream = decode::TextDecoder::new(CLAUDE_2.0, false);
    let chunk = body.to_string();
    assert!(stream.chunk(View::parse(&chunk).unwrap(), &mut Counts::default(), &mut Events::default()).is_err());
}

#[test]
fn guardrail_intervention_is_the_stop_reason() {
    let last = json!({"generation": "Blocked.", "stop_reason": "stop", "amazon-bedrock-guardrailAction": "INTERVENED"});
    assert_eq!(whole(&LLAMA_3, &last).stop_reason, Some(StopReason::GuardrailIntervened));
    assert_eq!(streamed(&LLAMA_3, false, &[last]).0.stop_reason, Some(StopReason::GuardrailIntervened));
}

#[test]
fn reasoning_is_open_if_the_prompt_opened_it() {
    let model = "us.deepseek.r1-v1:0";
    let answer = |request: &ChatRequest, text: &str| {
        let call = encode(model, request, Mode::Invoke).unwrap();
        let body = json!({"choices": [{"text": text, "stop_reason": "stop"}]}).to_string();
        let message = DEEPSEEK_R1.decode(&call, body.as_bytes(), &Headers::new()).unwrap();
        (message.thinking(), message.text())
    };
    let parts = |thought: &str, text: &str| (thought.to_owned(), text.to_owned());
    assert_eq!(answer(&human("Hi"), "hm</think>Yo"), parts("hm", "Yo"));
    assert_eq!(answer(&human("Hi"), "cut short"), parts("cut short", ""));
    let begun = ChatRequest::new([Message::human("Say <think>"), Message::ai("The sky is")]);
    assert_eq!(answer(&begun, " blue."), parts("", " blue."));
    let thinking = ChatRequest::new([Message::human("Hi"), Message::ai("<think>\nFirst")]);
    assert_eq!(answer(&thinking, ", hm</think>Yo"), parts(", hm", "Yo"));
    assert_eq!(answer(&ChatRequest::prompt("Once upon a time"), " there was"), parts("", " there was"));
    assert_eq!(answer(&ChatRequest::prompt("<｜User｜>Hi<｜Assistant｜><think>\n"), "hm</think>Yo"), parts("hm", "Yo"));
    assert_eq!(answer(&ChatRequest::prompt("Hi"), "<think>hm</think>Yo"), parts("hm", "Yo"));
}

#[test]
fn reasoning_is_a_separate_block_and_not_replayed() {
    let (message, _) = streamed(&DEEPSEEK_R1, true, &answers()[5].2);
    assert_eq!(message.thinking(), "hm");
    let again = ChatRequest::new([Message::human("Hi"), message.into(), Message::human("Bye")]);
    let prompt = "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜>Hello<｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜><think>\n";
    assert_eq!(body("us.deepseek.r1-v1:0", &again), json!({"prompt": prompt}));
}
