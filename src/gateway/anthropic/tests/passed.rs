//! Tests of requests that pass to Claude.

use super::super::betas::BETAS;
use super::super::filter::{Action, MemberScope, ROWS, When};
use super::super::{count, counted};
use super::*;
use crate::capabilities::Capability;

const VERSION: &str = r#""anthropic_version":"bedrock-2023-05-31""#;

#[test]
fn passed_body_is_the_same_byte_for_byte() {
    let body = "{ \"model\" : \"x\",\"max_tokens\":10 , \"stream\":true,\n\t\"messages\":[ { \"role\":\"user\" ,\"content\": \"h\\u00e9 \\/ é 😀 \\ud83d\\ude00\" },\
        {\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"EqQB/+=\"}]} ],\
        \"temper\\u0061ture\":1.0e0,\"metadata\":{\"a\":1,\"a\":2},\"metadata\":{},\"new_member\":[ null , 0.10 ],\
        \"system\":[{\"type\":\"text\",\"text\":\"model\",\"cache_control\":{ \"type\":\"ephemeral\" , \"ttl\" : \"1h\"}}]}";
    let expected = "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":10,\"messages\":[ { \"role\":\"user\" ,\"content\": \"h\\u00e9 \\/ é 😀 \\ud83d\\ude00\" },\
        {\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"EqQB/+=\"}]} ],\
        \"temper\\u0061ture\":1.0e0,\"metadata\":{\"a\":1,\"a\":2},\"metadata\":{},\"new_member\":[ null , 0.10 ],\
        \"system\":[{\"type\":\"text\",\"text\":\"model\",\"cache_control\":{ \"type\":\"ephemeral\" , \"ttl\" : \"1h\"}}]}";
    let (sent, removed) = sent(OPUS_4_5, &[], body);
    assert_eq!(sent, expected);
    assert_eq!(removed, [""; 0]);
}

#[test]
fn passed_call_has_the_path_and_headers_of_invoke_model() {
    let body = |streams: bool| format!(r#"{{"stream":{streams},"messages":[]}}"#);
    let call = pass(SONNET_4_6, &[], &body(false)).unwrap().unwrap().call;
    assert_eq!(call.path, "/model/us.anthropic.claude-sonnet-4-6/invoke");
    assert_eq!((call.headers.get("accept"), call.streams), (Some("application/json"), false));
    let call = pass(SONNET_4_6, &[], &body(true)).unwrap().unwrap().call;
    assert_eq!(call.path, "/model/us.anthropic.claude-sonnet-4-6/invoke-with-response-stream");
    assert_eq!((call.headers.get("x-amzn-bedrock-accept"), call.streams), (Some("application/json"), true));
    assert_eq!(call.headers.get("x-api-key"), None);
    assert_eq!(call.body, format!("{{{VERSION},\"messages\":[]}}"));
}

#[test]
fn only_claude_with_messages_passes() {
    for id in
        ["amazon.nova-lite-v1:0", "anthropic.claude-v2:1", "anthropic.claude-instant-v1", "openai.gpt-oss-20b-1:0"]
    {
        assert!(pass(id, &[], "{}").unwrap().is_none(), "{id}");
    }
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    assert!(pass(arn, &[], "{}").unwrap().is_none());
    for id in [SONNET_4_6, OPUS_4_7, HAIKU_3] {
        assert!(pass(id, &[], "{}").unwrap().is_some(), "{id}");
    }
}

#[test]
fn betas_of_headers_and_body_are_merged_and_filtered() {
    let betas = ["claude-code-20250219, interleaved-thinking-2025-05-14", "effort-2025-11-24,,new-2030-01-01"];
    let body = r#"{"betas":["effort-2025-11-24"],"anthropic_beta":"compact-2026-01-12,tool-examples-2025-10-29"}"#;
    let (sent, removed) = sent(OPUS_4_5, &betas, body);
    let expected =
        r#""anthropic_beta":["interleaved-thinking-2025-05-14","effort-2025-11-24","tool-examples-2025-10-29"]"#;
    assert_eq!(sent, format!("{{{VERSION},{expected}}}"));
    assert_eq!(
        removed,
        [
            "anthropic-beta: claude-code-20250219",
            "anthropic-beta: new-2030-01-01",
            "anthropic-beta: compact-2026-01-12"
        ]
    );
    let failure = pass(OPUS_4_5, &[], r#"{"betas":[1]}"#).err().unwrap();
    assert_eq!((failure.status, failure.field.as_deref()), (400, Some("betas")));
}

#[test]
fn advanced_tool_use_beta_is_removed_without_its_tools() {
    let (_, removed) = sent(OPUS_4_5, &["advanced-tool-use-2025-11-20"], r#"{"tools":[{"name":"f"}]}"#);
    assert_eq!(removed, ["anthropic-beta: advanced-tool-use-2025-11-20"]);
}

#[test]
fn every_row_of_betas_is_sent_to_its_models_alone() {
    for row in BETAS {
        for pattern in row.models {
            let (body, removed) = sent(&format!("us.{pattern}x"), &[row.name], "{}");
            assert_eq!(body, format!(r#"{{{VERSION},"anthropic_beta":["{}"]}}"#, row.name), "{pattern}");
            assert_eq!(removed, [""; 0]);
        }
        for other in [HAIKU_3, "anthropic.claude-next-1"] {
            let (body, removed) = sent(other, &[row.name], "{}");
            assert_eq!(body, format!("{{{VERSION}}}"), "{other}");
            assert_eq!(removed, [format!("anthropic-beta: {}", row.name)]);
        }
    }
}

#[test]
fn names_of_removed_parts_can_be_in_a_header() {
    let long = "x".repeat(1000);
    let body = format!(
        r#"{{"betas":["a\r\nset-cookie: b","é","{long}"],"context_management":{{"edits":[{{"type":"clear_thinking_é"}},{{"type":"new"}}]}}}}"#
    );
    let (_, removed) = sent(OPUS_4_5, &[], &body);
    assert_eq!(removed.len(), 4);
    assert!(removed.iter().all(|name| Headers::is_value(name) && name.len() < 120), "{removed:?}");
}

#[test]
fn advanced_tool_use_beta_becomes_bedrocks_own() {
    let beta = "advanced-tool-use-2025-11-20";
    let tools = r#""tools":[{"name":"f","input_schema":{},"defer_loading":true,"input_examples":[{}]}]"#;
    let (body, removed) = sent(OPUS_4_5, &[beta], &format!("{{{tools}}}"));
    let names = r#""anthropic_beta":["tool-search-tool-2025-10-19","tool-examples-2025-10-29"]"#;
    assert_eq!(body, format!("{{{VERSION},{names},{tools}}}"));
    assert_eq!(removed, [""; 0]);
    // Sonnet 4.6 has no examples, and Opus 4.7 neither.
    let (body, removed) = sent(SONNET_4_6, &[beta], &format!("{{{tools}}}"));
    assert!(body.contains(r#"["tool-search-tool-2025-10-19"]"#) && body.contains("defer_loading"), "{body}");
    assert_eq!(removed, ["tools.input_examples"]);
    let (body, removed) = sent(OPUS_4_7, &[beta], &format!("{{{tools}}}"));
    assert_eq!(body, format!(r#"{{{VERSION},"tools":[{{"name":"f","input_schema":{{}}}}]}}"#));
    assert_eq!(
        removed,
        ["anthropic-beta: advanced-tool-use-2025-11-20", "tools.defer_loading", "tools.input_examples"]
    );
}

/// Returns a model for which a row applies, and one for which it does not.
fn models(when: When) -> (&'static str, Option<&'static str>) {
    match when {
        When::Always => (OPUS_4_5, None),
        When::Lacks(Capability::StrictTools | Capability::Sampling) => (OPUS_4_7, Some(OPUS_4_5)),
        When::Lacks(_) => (HAIKU_3, Some(OPUS_4_5)),
        When::Without("compact-2026-01-12") => (OPUS_4_5, Some(SONNET_4_6)),
        When::Without("mid-conversation-output-config-2026-07-01") => (SONNET_4_6, Some("anthropic.claude-sonnet-5-5")),
        When::Without(_) => (OPUS_4_7, Some(OPUS_4_5)),
    }
}

#[test]
fn every_row_of_refused_members_is_removed_or_an_error() {
    for row in ROWS {
        let name = row.name;
        let (with, without) = match row.scope {
            MemberScope::Top => (format!(r#"{{"a":1,"{name}":"x","b":2}}"#), r#"{"a":1,"b":2}"#.to_owned()),
            MemberScope::Tool => (
                format!(r#"{{"tools":[ {{"name":"f" ,"{name}":["x"]}} , {{"name":"g"}}]}}"#),
                r#"{"tools":[{"name":"f"},{"name":"g"}]}"#.to_owned(),
            ),
            MemberScope::ToolType => (format!(r#"{{"tools":[{{"type":"{name}2026","name":"f"}}]}}"#), String::new()),
            MemberScope::CacheControl => {
                let block = |point: &str| {
                    format!(r#"{{"type":"text","text":"cache_control scope ttl","cache_control":{point}}}"#)
                };
                let all = |block: &str| {
                    let result = format!(r#"{{"type":"tool_result","tool_use_id":"1","content":[{block}]}}"#);
                    format!(
                        r#"{{"system":[{block}],"tools":[{block}],"messages":[{{"role":"user","content":[{block},{result}]}}]}}"#
                    )
                };
                let with = block(&format!(r#"{{"type":"ephemeral","{name}":"1h"}}"#));
                (all(&with), all(&block(r#"{"type":"ephemeral"}"#)))
            }
            MemberScope::Message => {
                let message = |member: &str| format!(r#"{{"messages":[{{"role":"system","content":"a"{member}}}]}}"#);
                (message(&format!(r#","{name}":{{"effort":"low"}}"#)), message(""))
            }
            MemberScope::OutputConfig => {
                (format!(r#"{{"output_config":{{"{name}":"low","x":1}}}}"#), r#"{"output_config":{"x":1}}"#.to_owned())
            }
            MemberScope::ThinkingType => (format!(r#"{{"thinking":{{"type":"{name}"}}}}"#), "{}".to_owned()),
            MemberScope::Edit => {
                (format!(r#"{{"context_management":{{"edits":[{{"type":"{name}2026"}}]}}}}"#), "{}".to_owned())
            }
        };
        let expected = |rest: &str, betas: &str| format!("{{{VERSION}{betas},{}", &rest[1..]).replace(",}", "}");
        let (refusing, accepting) = models(row.when);
        let passed = pass(refusing, &[], &with);
        if let Action::Refuse { .. } = row.action {
            let failure = passed.err().unwrap();
            assert!(failure.message.len() <= 160, "{}", failure.message);
            assert_eq!(failure.status, 400, "{name}");
            assert!(failure.message.contains(name) && failure.field.unwrap().contains(name), "{name}");
            continue;
        }
        let passed = passed.unwrap().unwrap();
        assert_eq!(passed.call.body, expected(&without, ""), "{name}");
        assert_eq!(passed.removed.len(), 1, "{name}: {:?}", passed.removed);
        assert!(passed.removed[0].contains(name) || row.scope == MemberScope::Edit, "{name}: {:?}", passed.removed);
        let Some(accepting) = accepting else { continue };
        let (betas, member) = match row.when {
            When::Without(beta) => (vec![beta], format!(r#","anthropic_beta":["{beta}"]"#)),
            _ => (vec![], String::new()),
        };
        let (body, removed) = sent(accepting, &betas, &with);
        assert_eq!(body, expected(&with, &member), "{name}");
        assert_eq!(removed, [""; 0], "{name}");
    }
}

#[test]
fn refused_member_without_effect_is_removed() {
    let body = r#"{"container":null,"mcp_servers":[ ],"inference_geo":"global","tools":[{"name":"f","allowed_callers":["direct","code_execution_20250825"]}]}"#;
    let (sent, removed) = sent(SONNET_4_6, &[], body);
    assert_eq!(sent, format!(r#"{{{VERSION},"tools":[{{"name":"f"}}]}}"#));
    assert_eq!(removed, ["container", "mcp_servers", "inference_geo", "tools.allowed_callers"]);
}

#[test]
fn context_edits_are_removed_one_by_one() {
    let body = r#"{"context_management":{"x":1,"edits":[{"type":"clear_thinking_20251015","keep":"all"},{"type":"clear_tool_uses_20250919"}]}}"#;
    let (sent, removed) = sent(SONNET_4_6, &["context-management-2025-06-27"], body);
    assert!(sent.ends_with(r#""context_management":{"x":1,"edits":[{"type":"clear_tool_uses_20250919"}]}}"#), "{sent}");
    assert_eq!(removed, ["context_management.edits.clear_thinking_20251015"]);
}

#[test]
fn output_format_is_sent_as_output_config() {
    let format = r#"{"type":"json_schema", "schema":{}}"#;
    let (body, removed) = sent(SONNET_4_6, &[], &format!(r#"{{"output_format":{format},"x":1}}"#));
    assert_eq!(body, format!(r#"{{{VERSION},"x":1,"output_config":{{"format":{format}}}}}"#));
    assert_eq!(removed, [""; 0]);
    let both = format!(r#"{{"output_config":{{"effort":"low"}},"output_format":{format}}}"#);
    let (body, _) = sent(SONNET_4_6, &[], &both);
    assert_eq!(body, format!(r#"{{{VERSION},"output_config":{{"effort":"low","format":{format}}}}}"#));
    let (body, removed) = sent(HAIKU_3, &[], &both);
    assert_eq!(body, format!(r#"{{{VERSION},"output_config":{{"format":{format}}}}}"#));
    assert_eq!(removed, ["output_config.effort"]);
}

#[test]
fn service_tier_of_bedrock_is_a_header() {
    let passed = pass(SONNET_4_6, &[], r#"{"service_tier":"flex"}"#).unwrap().unwrap();
    assert_eq!(passed.call.headers.get("x-amzn-bedrock-service-tier"), Some("flex"));
    assert!(passed.removed.is_empty() && passed.call.body == format!("{{{VERSION}}}"));
    let passed = pass(SONNET_4_6, &[], r#"{"service_tier":"auto"}"#).unwrap().unwrap();
    assert_eq!(passed.call.headers.get("x-amzn-bedrock-service-tier"), None);
    assert_eq!(passed.removed, ["service_tier"]);
}

#[test]
fn token_count_has_the_passed_body_in_base64() {
    let headers = headers(&[]);
    let counted_body = |body: &str, id: &str| {
        let call = count(&given(body, &headers), &ModelId::parse(id).unwrap()).unwrap()?;
        let view = View::from_bytes(&call.body).unwrap();
        let base64 = view.get("input").unwrap().get("invokeModel").unwrap().get("body").unwrap().word();
        let mut inner = Vec::new();
        crate::base64::decode(base64.as_bytes(), &mut inner).unwrap();
        Some((call.path, String::from_utf8(inner).unwrap()))
    };
    let (path, body) = counted_body(r#"{"model":"x","messages":[]}"#, SONNET_4_6).unwrap();
    assert_eq!(path, "/model/anthropic.claude-sonnet-4-6/count-tokens");
    assert_eq!(body, format!(r#"{{{VERSION},"messages":[],"max_tokens":1}}"#));
    let (_, body) = counted_body(r#"{"max_tokens":7,"messages":[]}"#, SONNET_4_6).unwrap();
    assert_eq!(body, format!(r#"{{{VERSION},"max_tokens":7,"messages":[]}}"#));
    assert!(counted_body("{}", "amazon.nova-lite-v1:0").is_none());
    assert_eq!(counted(12), r#"{"input_tokens":12}"#);
}

#[test]
fn cache_control_of_a_request_moves_to_the_last_block() {
    let body = |last: &str, point: &str| {
        format!(
            r#"{{"cache_control":{point},"messages":[{{"role":"user","content":"a"}}, {{"role":"user","content":{last}}}],"x":1}}"#
        )
    };
    let expected = |last: &str| {
        format!(
            r#"{{{VERSION},"messages":[{{"role":"user","content":"a"}},{{"role":"user","content":{last}}}],"x":1}}"#
        )
    };
    let point = r#"{"type":"ephemeral","ttl":"1h"}"#;
    let text = r#"[{"type":"text","text":"\u00e9"}"#;
    for (last, marked) in [
        (r#""\u00e9""#, format!(r#"[{{"type":"text","text":"\u00e9","cache_control":{point}}}]"#)),
        (
            r#"[ {"type":"image", "a":[1]} , {"type":"text","text":"b" } ]"#,
            format!(r#"[ {{"type":"image", "a":[1]}} , {{"type":"text","text":"b" ,"cache_control":{point}}}]"#),
        ),
    ] {
        let (sent, removed) = sent(OPUS_4_5, &[], &body(last, point));
        assert_eq!(sent, expected(&marked));
        assert_eq!(removed, [""; 0]);
    }
    let marked = format!(r#"{text},{{"type":"text","text":"b","cache_control":{{"type":"ephemeral"}}}}]"#);
    let (body_sent, _) = sent(OPUS_4_5, &[], &body(&marked, point));
    assert!(body_sent.contains(&marked), "a point that is there stays: {body_sent}");
    for last in
        [r#""""#, "[]", r#"[{"type":"text","text":""}]"#, r#"[{"type":"thinking","thinking":"a","signature":"s"}]"#]
    {
        let (sent, _) = sent(OPUS_4_5, &[], &body(last, point));
        assert!(!sent.contains("cache_control"), "{sent}");
    }
    let (sent, removed) = sent(HAIKU_3, &[], &body(r#""a""#, point));
    assert!(sent.contains(r#""cache_control":{"type":"ephemeral"}}]"#), "{sent}");
    assert_eq!(removed, ["cache_control.ttl"]);
}

#[test]
fn reasoning_of_another_model_is_removed_for_claude() {
    let text = r#"{"type":"text","text":"b"}"#;
    let message = |content: &str| format!(r#"{{"role":"assistant","content":[{content}]}}"#);
    for foreign in [
        r#"{"type":"thinking","thinking":"a","signature": ""}"#,
        r#"{"type":"thinking","thinking":"a","signature":""}"#,
        r#"{"type":"thinking","thinking":"a","signature":"bedrock-chat:{\"signature\":\"s\",\"members\":{}}"}"#,
        r#"{"type":"redacted_thinking","data":"bedrock-chat:d"}"#,
    ] {
        let body = format!(r#"{{"messages":[{},{}]}}"#, message(&[foreign, text].join(",")), message(foreign));
        let (sent, removed) = sent(SONNET_4_6, &[], &body);
        assert_eq!(sent, format!(r#"{{{VERSION},"messages":[{}]}}"#, message(text)));
        assert_eq!(removed, ["messages.thinking of another model"]);
    }
    let own =
        r#"{"type":"thinking","thinking":"bedrock-chat:","signature":"s"},{"type":"redacted_thinking","data":"d"}"#;
    let body = format!(r#"{{"messages":[{}]}}"#, message(own));
    assert_eq!(sent(SONNET_4_6, &[], &body), (format!("{{{VERSION},{}", &body[1..]), Vec::new()));
}

#[test]
fn guide_has_every_beta_and_refused_member() {
    let guide = include_str!("../../../../docs/serve.md");
    let members = ROWS.iter().map(|row| match row.scope {
        MemberScope::Top => format!("`{}`", row.name),
        MemberScope::Tool => format!("`tools.{}`", row.name),
        MemberScope::CacheControl => format!("`cache_control.{}`", row.name),
        MemberScope::Message => format!("`messages.{}`", row.name),
        MemberScope::OutputConfig => format!("`output_config.{}`", row.name),
        MemberScope::ThinkingType => format!("`thinking` of the type `{}`", row.name),
        MemberScope::Edit | MemberScope::ToolType if row.name.ends_with('_') => format!("`{}*`", row.name),
        MemberScope::Edit | MemberScope::ToolType => format!("`{}`", row.name),
    });
    for part in members.chain(BETAS.iter().map(|beta| format!("`{}`", beta.name))) {
        assert!(guide.contains(&part), "docs/serve.md does not have {part}");
    }
}
