use super::super::read::MEMBERS;
use super::{ResponsesDialect, TOOLS, body, read};
use crate::gateway::openai::members::Fate;
use crate::gateway::openai::testing::{json, refusal};
use crate::message::Message;
use crate::request::{Reasoning, ServiceTier, ToolChoice};

/// A value of each member, of a form that OpenAI accepts.
const VALUES: &[(&str, &str)] = &[
    ("instructions", "\"Be brief.\""),
    ("stream", "true"),
    ("max_output_tokens", "9"),
    ("temperature", "0.5"),
    ("top_p", "0.5"),
    ("tools", r#"[{"type":"function","name":"f","parameters":{"type":"object"}}]"#),
    ("tool_choice", "\"auto\""),
    ("parallel_tool_calls", "false"),
    ("reasoning", r#"{"effort":"low","summary":"auto"}"#),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("include", r#"["reasoning.encrypted_content"]"#),
    ("service_tier", "\"flex\""),
    ("metadata", r#"{"a":"b"}"#),
    ("store", "true"),
    ("user", "\"u\""),
    ("safety_identifier", "\"s\""),
    ("client_metadata", r#"{"a":"b"}"#),
    ("prompt_cache_key", "\"k\""),
    ("prompt_cache_retention", "\"24h\""),
    ("prompt_cache_options", r#"{"mode":"implicit"}"#),
    ("stream_options", r#"{"include_obfuscation":false}"#),
    ("truncation", "\"auto\""),
    ("max_tool_calls", "3"),
    ("context_management", r#"[{"type":"compaction"}]"#),
    ("previous_response_id", "\"resp_1\""),
    ("conversation", "\"conv_1\""),
    ("prompt", r#"{"id":"p"}"#),
    ("background", "true"),
    ("background_options", "{}"),
    ("top_logprobs", "2"),
    ("moderation", r#"{"model":"x"}"#),
    ("image", "{}"),
    ("access_programs", "{}"),
];

#[test]
fn responses_request_members_have_their_fate() {
    for row in MEMBERS.iter().filter(|row| !["model", "input"].contains(&row.name)) {
        let (_, value) = VALUES.iter().find(|(name, _)| *name == row.name).expect(row.name);
        let members = format!("\"{}\":{value}", row.name);
        match row.fate {
            Fate::Read => assert_eq!(read(&body(&members)).removed, [""; 0], "{members}"),
            Fate::LeftOut => assert_eq!(read(&body(&members)).removed, [row.name], "{members}"),
            Fate::Refused(advice) => {
                let failure = refusal(&ResponsesDialect, &body(&members));
                assert_eq!(failure.field.as_deref(), Some(row.name));
                assert!(failure.message.contains(advice), "{}", failure.message);
            }
        }
        for neutral in row.neutral.iter().chain(&["null"]) {
            let asked = read(&body(&format!("\"{}\":{neutral}", row.name)));
            assert_eq!((asked.removed.len(), asked.options), (0, Default::default()), "{} {neutral}", row.name);
        }
    }
    let failure = refusal(&ResponsesDialect, &body("\"max_tokens\":1"));
    assert_eq!((failure.field.as_deref(), failure.status), (Some("max_tokens"), 400));
}

#[test]
fn responses_request_options_are_read() {
    let schema = r#"{"type":"object","properties":{}}"#;
    let asked = read(&body(&format!(
        r#""instructions":"Be brief.","max_output_tokens":9,"temperature":0.5,"reasoning":{{"effort":"high","summary":"auto"}},
        "service_tier":"flex","text":{{"verbosity":"low","format":{{"type":"json_schema","name":"city","schema":{schema},"strict":true}}}}"#
    )));
    assert_eq!(asked.messages, [Message::system("Be brief."), Message::human("hi")]);
    assert_eq!((asked.options.max_tokens, asked.options.temperature), (Some(9), Some(0.5)));
    assert_eq!(asked.options.reasoning, Some(Reasoning::Effort("high".into())));
    assert_eq!(asked.options.service_tier, Some(ServiceTier::Flex));
    let format = asked.options.response_format.unwrap();
    assert_eq!((&*format.name, format.schema), ("city", json(schema)));
    assert_eq!((asked.removed, asked.shows_reasoning), (vec!["text.verbosity".to_owned()], true));
    let silent = read(&body(r#""reasoning":{"effort":"none"},"include":["file_search_call.results"]"#));
    assert_eq!((silent.options.reasoning, silent.shows_reasoning), (Some(Reasoning::Disabled), false));
    assert_eq!(silent.removed, ["include"]);
}

#[test]
fn responses_request_with_a_wrong_value_is_refused() {
    for (members, field) in [
        (r#""max_output_tokens":-1"#, "max_output_tokens"),
        (r#""instructions":[]"#, "instructions"),
        (r#""reasoning":"low""#, "reasoning"),
        (r#""reasoning":{"depth":1}"#, "reasoning"),
        (r#""text":{"style":"x"}"#, "text"),
        (r#""text":{"format":{"type":"xml"}}"#, "text.format"),
        (r#""include":["message.output_text.logprobs"]"#, "include"),
        (r#""include":[1]"#, "include"),
        (r#""tools":[{"type":"file_search","vector_store_ids":["v"]}]"#, "tools"),
        (r#""tools":[{"type":"mcp","server_url":"https://a.example"}]"#, "tools"),
        (r#""tools":[{"type":"code_interpreter"}]"#, "tools"),
        (r#""tool_choice":"maybe""#, "tool_choice"),
        (r#""tool_choice":{"type":"web_search"}"#, "tool_choice"),
        (
            r#""tools":[],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"g"}]}"#,
            "tool_choice",
        ),
    ] {
        assert_eq!(refusal(&ResponsesDialect, &body(members)).field.as_deref(), Some(field), "{members}");
    }
    assert_eq!(refusal(&ResponsesDialect, r#"{"model":"m"}"#).field.as_deref(), Some("input"));
}

#[test]
fn responses_tools_of_every_form_become_functions() {
    let asked = read(&body(TOOLS));
    let names: Vec<&str> = asked.options.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["f", "apply_patch", "mcp__docs__search", "local_shell"]);
    assert!(asked.options.tools.iter().all(|tool| tool.native.is_none() && tool.extra.is_empty()));
    let description = asked.options.tools[1].description.as_deref().unwrap();
    assert!(description.starts_with("P\n\n") && description.contains("lark grammar:\nstart: x"), "{description}");
    let asked = read(&body(
        r#""tools":[{"type":"web_search","external_web_access":false},{"type":"web_search_preview_2025_03_11"},{"type":"function","name":"f"}]"#,
    ));
    assert_eq!(asked.removed, ["tools.web_search", "tools.web_search_preview_2025_03_11"]);
    assert_eq!(asked.options.tools.len(), 1);
}

#[test]
fn responses_tool_choices_are_read() {
    for (choice, expected, count) in [
        (r#""required""#, Some(ToolChoice::Any), 4),
        (r#"{"type":"function","name":"f"}"#, Some(ToolChoice::Tool("f".into())), 4),
        (r#"{"type":"custom","name":"apply_patch"}"#, Some(ToolChoice::Tool("apply_patch".into())), 4),
        (r#"{"type":"local_shell"}"#, Some(ToolChoice::Tool("local_shell".into())), 4),
        (
            r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"custom","name":"apply_patch"},{"type":"web_search"}]}"#,
            Some(ToolChoice::Any),
            1,
        ),
    ] {
        let asked = read(&body(&format!("{TOOLS},\"tool_choice\":{choice}")));
        assert_eq!((asked.options.tool_choice, asked.options.tools.len()), (expected, count), "{choice}");
    }
    assert_eq!(read(&body(r#""tools":[],"tool_choice":"auto""#)).options.tool_choice, None);
}

#[test]
fn guide_has_every_refused_member_of_responses() {
    let guide = include_str!("../../../../docs/serve.md");
    for row in MEMBERS.iter().filter(|row| row.fate != Fate::Read) {
        let (plain, with_value) = (format!("`{}`", row.name), format!("`{}: ", row.name));
        assert!(guide.contains(&plain) || guide.contains(&with_value), "docs/serve.md does not have {plain}");
    }
}
