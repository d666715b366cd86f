use super::ChatDialect;
use crate::error::ErrorKind;
use crate::gateway::openai::testing::{passed, relayed};
use crate::message::Usage;

const GPT: &str = "us.openai.gpt-5.6-sol";
const OSS: &str = "openai.gpt-oss-120b-1:0";
const STREAM: &str = r#"{"stream":true,"model":"m"}"#;
const ASKED: &str = r#"{"stream":true,"stream_options":{"include_usage":true},"model":"m"}"#;

#[test]
fn chat_body_is_passed_byte_for_byte() {
    let body =
        r#"{ "messages" : [{"role":"user","content":"h\u0069 é"}], "model":"alias", "seed":1.50, "new":{"a": [1]} }"#;
    let (path, sent) = passed(&ChatDialect, body, OSS).unwrap();
    assert_eq!(path, "/openai/v1/chat/completions");
    let expected = r#"{"messages":[{"role":"user","content":"h\u0069 é"}],"model":"openai.gpt-oss-120b-1:0","seed":1.50,"new":{"a": [1]}}"#;
    assert_eq!(sent, expected);
    // The second model is not the one that the client's key was checked for.
    let (_, sent) =
        passed(&ChatDialect, r#"{"model":"a","mod\u0065l":"b","model":"c"}"#, "openai.gpt-oss-120b").unwrap();
    assert_eq!(sent, r#"{"model":"openai.gpt-oss-120b"}"#);
}

#[test]
fn chat_stream_asks_the_service_for_usage() {
    for (body, expected) in [
        (STREAM, r#"{"stream":true,"model":"us.openai.gpt-5.6-sol","stream_options":{"include_usage":true}}"#),
        (ASKED, r#"{"stream":true,"stream_options":{"include_usage":true},"model":"us.openai.gpt-5.6-sol"}"#),
        (
            r#"{"model":"m","stream_options":{"include_usage":false,"include_obfuscation":false},"stream":true}"#,
            r#"{"model":"us.openai.gpt-5.6-sol","stream_options":{"include_obfuscation":false,"include_usage":true},"stream":true}"#,
        ),
        (r#"{"model":"m"}"#, r#"{"model":"us.openai.gpt-5.6-sol"}"#),
    ] {
        assert_eq!(passed(&ChatDialect, body, GPT).unwrap().1, expected);
    }
}

#[test]
fn chat_request_with_tools_is_not_passed_to_gpt() {
    let tools = r#""tools":[{"type":"function","function":{"name":"f"}}]"#;
    let is_passed =
        |members: &str, model| passed(&ChatDialect, &format!(r#"{{"model":"m",{members}}}"#), model).is_some();
    assert!(
        !is_passed(tools, GPT) && !is_passed(&format!(r#"{tools},"reasoning_effort":"low""#), "openai.gpt-5.6-sol")
    );
    assert!(is_passed(&format!(r#"{tools},"reasoning_effort":"none""#), GPT));
    assert!(is_passed(r#""tools":[]"#, GPT) && is_passed(tools, OSS) && is_passed(tools, "us.xai.grok-4.3"));
    assert!(!is_passed(r#""n":1"#, "us.anthropic.claude-sonnet-4-6"));
}

fn chunks(end: &str, separator: &str) -> (String, String) {
    let lines = [
        ": ping",
        "",
        r#"data: {"id":"c","choices":[],"prompt_filter_results":[]}"#,
        "",
        r#"data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hé"}}],"usage":null}"#,
        "",
        r#"data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        "",
    ];
    let usage = [
        r#"data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3}}}"#,
        "",
    ];
    let text = |lines: &[&str]| lines.iter().map(|line| [line, separator].concat()).collect::<String>();
    let (before, hidden) = (text(&lines), text(&usage));
    let end = end.replace('\n', separator);
    ([&before, &hidden, &*end].concat(), [&before, &*end].concat())
}

#[test]
fn chat_relay_reads_lines_that_end_in_carriage_returns() {
    for end in ["data: [DONE]\n\n", "data: [DONE]"] {
        let (answer, _) = chunks(end, "\r");
        for length in [1, 7, answer.len()] {
            let (text, usage, result) = relayed(&ChatDialect, ASKED, GPT, &answer, length);
            result.unwrap();
            assert_eq!((text.as_str(), usage.output_tokens), (answer.as_str(), 4), "{end:?} {length}");
        }
    }
}

#[test]
fn chat_relay_hides_usage_that_was_not_asked_for() {
    let mut usage = Usage::new(9, 4);
    usage.input_token_details.cache_read = 3;
    for separator in ["\n", "\r\n"] {
        for end in ["data: [DONE]\n\n", "data: [DONE]", ""] {
            let (answer, shown) = chunks(end, separator);
            for length in 1..=answer.len() {
                let hidden = relayed(&ChatDialect, STREAM, GPT, &answer, length);
                assert_eq!((hidden.0, hidden.1), (shown.clone(), usage), "{separator:?} {length}");
                hidden.2.unwrap();
                let whole = relayed(&ChatDialect, ASKED, GPT, &answer, length);
                assert_eq!((whole.0, whole.1), (answer.clone(), usage), "{separator:?} {length}");
                whole.2.unwrap();
            }
        }
    }
}

#[test]
fn chat_relay_of_a_cut_stream_is_truncated() {
    let answer = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\"}}]}\n\n";
    for body in [STREAM, ASKED] {
        // Text after it, such as the event of the error, must not be inside an event.
        for rest in ["", "data: {\"choices\":[{", "data: {}", "data: {}\n", ": p"] {
            let (out, _, result) = relayed(&ChatDialect, body, GPT, &[answer, rest].concat(), 7);
            assert_eq!((out.as_str(), result.unwrap_err().kind()), (answer, ErrorKind::Truncated), "{rest}");
        }
    }
}

#[test]
fn chat_relay_passes_an_error_and_reports_it() {
    let answer = "data: {\"error\":{\"message\":\"Slow down\",\"type\":\"rate_limit_error\",\"code\":\"rate_limit_exceeded\"}}\n\n";
    for body in [STREAM, ASKED] {
        for length in [1, 7, 500] {
            let (out, _, result) = relayed(&ChatDialect, body, GPT, answer, length);
            let error = result.unwrap_err();
            assert!(error.message().contains("Slow down") && error.kind() == ErrorKind::Throttled, "{error}");
            assert!(answer.trim_end().starts_with(out.trim_end()) && out.contains("Slow down"), "{out}");
        }
    }
}

#[test]
fn chat_relay_reads_usage_of_a_whole_answer() {
    let answer = r#"{"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}"#;
    let (out, usage, result) = relayed(&ChatDialect, r#"{"model":"m"}"#, GPT, answer, 7);
    assert_eq!((out.as_str(), usage), (answer, Usage::new(9, 4)));
    result.unwrap();
    for answer in [&answer[..30], r#"{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}"#] {
        let (out, _, result) = relayed(&ChatDialect, r#"{"model":"m"}"#, GPT, answer, 7);
        assert!(out.is_empty() && result.is_err(), "{answer}");
    }
}
