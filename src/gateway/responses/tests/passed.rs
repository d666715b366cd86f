use super::ResponsesDialect;
use crate::error::ErrorKind;
use crate::gateway::openai::testing::{passed, relayed};
use crate::message::Usage;

const GPT: &str = "us.openai.gpt-5.6-sol";
const BODY: &str = r#"{"stream":true,"model":"m"}"#;

#[test]
fn responses_body_is_passed_byte_for_byte() {
    let body = r#"{"model":"alias","input":[{"role":"user","content":"h\u0069"}],"store":true,"new":{"a": [1.0]}}"#;
    let expected = r#"{"model":"us.openai.gpt-5.6-sol","input":[{"role":"user","content":"h\u0069"}],"store":true,"new":{"a": [1.0]}}"#;
    let sent = passed(&ResponsesDialect, body, GPT).unwrap();
    assert_eq!(sent, ("/openai/v1/responses".to_owned(), expected.to_owned()));
    let (path, sent) = passed(&ResponsesDialect, body, "us.xai.grok-4.3").unwrap();
    assert!(path == "/openai/v1/responses" && sent.contains("us.xai.grok-4.3"));
    for model in ["us.anthropic.claude-sonnet-4-6", "openai.gpt-oss-120b-1:0", "qwen.qwen3-32b-v1:0"] {
        assert!(passed(&ResponsesDialect, body, model).is_none(), "{model}");
    }
}

#[test]
fn responses_relay_passes_every_byte_and_reads_usage() {
    let mut usage = Usage::new(9, 4);
    usage.output_token_details.reasoning = 2;
    for kind in ["response.completed", "response.incomplete"] {
        // On mantle the data is before the name of the event.
        let answer = format!(
            "data: {{\"type\":\"response.created\",\"response\":{{\"usage\":null}}}}\nevent: response.created\n\n: ping\n\ndata: {{\"type\":\"{kind}\",\"response\":{{\"id\":\"é\",\"usage\":{{\"input_tokens\":9,\"output_tokens\":4,\"output_tokens_details\":{{\"reasoning_tokens\":2}}}}}}}}\nevent: {kind}\n\n"
        );
        for length in 1..=answer.len() {
            let (out, read, result) = relayed(&ResponsesDialect, BODY, GPT, &answer, length);
            assert_eq!((out, read), (answer.clone(), usage), "{length}");
            result.unwrap();
        }
        let cut = answer.trim_end();
        relayed(&ResponsesDialect, BODY, GPT, cut, 9).2.unwrap();
    }
}

#[test]
fn responses_relay_of_a_cut_stream_is_truncated() {
    let answer = "data: {\"type\":\"response.created\",\"response\":{}}\n\n";
    let (out, _, result) = relayed(&ResponsesDialect, BODY, GPT, answer, 7);
    assert_eq!((out.as_str(), result.unwrap_err().kind()), (answer, ErrorKind::Truncated));
}

#[test]
fn responses_relay_passes_an_error_and_reports_it() {
    for (answer, kind) in [
        (
            r#"data: {"type":"error","error":{"type":"rate_limit_error","code":"rate_limit_exceeded","message":"Slow down"}}"#,
            ErrorKind::Throttled,
        ),
        (
            r#"data: {"type":"response.failed","response":{"error":{"code":"server_error","message":"Slow down"}}}"#,
            ErrorKind::Service,
        ),
        (r#"data: {"error":{"code":"server_error","message":"Slow down"}}"#, ErrorKind::Service),
    ] {
        let answer = [answer, "\n\n"].concat();
        let (out, _, result) = relayed(&ResponsesDialect, BODY, GPT, &answer, answer.len());
        let error = result.unwrap_err();
        assert_eq!((out, error.kind()), (answer, kind));
        assert!(error.message().contains("Slow down"), "{error}");
    }
}

#[test]
fn responses_relay_reads_usage_of_a_whole_answer() {
    let answer = r#"{"id":"r","output":[],"usage":{"input_tokens":9,"output_tokens":4}}"#;
    let (out, usage, result) = relayed(&ResponsesDialect, r#"{"model":"m"}"#, GPT, answer, 7);
    assert_eq!((out.as_str(), usage), (answer, Usage::new(9, 4)));
    result.unwrap();
    for answer in [&answer[..30], r#"{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}"#] {
        let (out, _, result) = relayed(&ResponsesDialect, r#"{"model":"m"}"#, GPT, answer, 7);
        assert!(out.is_empty() && result.is_err(), "{answer}");
    }
}
