use super::super::read::MEMBERS;
use super::{ChatDialect, body, read, read_with};
use crate::gateway::openai::members::Fate;
use crate::gateway::openai::options::JSON_MODE;
use crate::gateway::openai::testing::{json, refusal};
use crate::message::{Content, MediaSource, Message, Role, Thinking};
use crate::request::{Reasoning, ServiceTier, ToolChoice};

/// A value of each member, of a form that OpenAI accepts.
const VALUES: &[(&str, &str)] = &[
    ("stream", "true"),
    ("stream_options", r#"{"include_usage":true}"#),
    ("max_tokens", "9"),
    ("max_completion_tokens", "9"),
    ("temperature", "0.5"),
    ("top_p", "0.5"),
    ("stop", r#"["a","b"]"#),
    ("tools", r#"[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#),
    ("tool_choice", "\"auto\""),
    ("parallel_tool_calls", "false"),
    ("response_format", r#"{"type":"text"}"#),
    ("reasoning_effort", "\"low\""),
    ("service_tier", "\"flex\""),
    ("metadata", r#"{"a":"b"}"#),
    ("top_k", "5"),
    ("thinking", r#"{"type":"enabled","budget_tokens":2000}"#),
    ("store", "true"),
    ("user", "\"u\""),
    ("safety_identifier", "\"s\""),
    ("prompt_cache_key", "\"k\""),
    ("prompt_cache_retention", "\"24h\""),
    ("prompt_cache_options", r#"{"mode":"implicit"}"#),
    ("prediction", r#"{"type":"content","content":"x"}"#),
    ("seed", "7"),
    ("verbosity", "\"low\""),
    ("n", "2"),
    ("logprobs", "true"),
    ("top_logprobs", "2"),
    ("logit_bias", r#"{"5":1}"#),
    ("presence_penalty", "0.5"),
    ("frequency_penalty", "0.5"),
    ("modalities", r#"["text","audio"]"#),
    ("audio", r#"{"voice":"alloy","format":"wav"}"#),
    ("web_search_options", "{}"),
    ("moderation", r#"{"model":"x"}"#),
    ("functions", r#"[{"name":"f"}]"#),
    ("function_call", r#"{"name":"f"}"#),
];

#[test]
fn chat_request_members_have_their_fate() {
    for row in MEMBERS.iter().filter(|row| !["model", "messages"].contains(&row.name)) {
        let (_, value) = VALUES.iter().find(|(name, _)| *name == row.name).expect(row.name);
        let members = format!("\"{}\":{value}", row.name);
        match row.fate {
            Fate::Read => assert_eq!(read_with(&members).removed, [""; 0], "{members}"),
            Fate::LeftOut => assert_eq!(read_with(&members).removed, [row.name], "{members}"),
            Fate::Refused(advice) => {
                let failure = refusal(&ChatDialect, &body(&members));
                assert_eq!(failure.field.as_deref(), Some(row.name));
                assert!(failure.message.contains(advice), "{}", failure.message);
            }
        }
        for neutral in row.neutral.iter().chain(&["null"]) {
            let asked = read_with(&format!("\"{}\":{neutral}", row.name));
            assert_eq!((asked.removed.len(), asked.options), (0, Default::default()), "{} {neutral}", row.name);
        }
    }
    let failure = refusal(&ChatDialect, &body("\"tempature\":1"));
    assert_eq!((failure.field.as_deref(), failure.status), (Some("tempature"), 400));
}

#[test]
fn chat_request_options_are_read() {
    let asked = read_with(
        r#""max_completion_tokens":9,"temperature":0,"top_p":0.5,"stop":"END","top_k":5,"reasoning_effort":"high",
        "service_tier":"priority","metadata":{"team":"a"},"parallel_tool_calls":false"#,
    );
    let options = asked.options;
    assert_eq!((options.max_tokens, options.temperature, options.top_p), (Some(9), Some(0.0), Some(0.5)));
    assert_eq!((options.stop, options.top_k), (vec!["END".to_owned()], Some(5)));
    assert_eq!(options.reasoning, Some(Reasoning::Effort("high".into())));
    assert_eq!(options.service_tier, Some(ServiceTier::Priority));
    assert_eq!(options.request_metadata, [("team".to_owned(), "a".to_owned())]);
    assert_eq!(options.parallel_tool_calls, Some(false));
    assert!(asked.shows_reasoning && asked.removed.is_empty());
    assert_eq!(read_with(r#""reasoning_effort":"none""#).options.reasoning, Some(Reasoning::Disabled));
    assert_eq!(read_with(r#""metadata":{"a":"é"}"#).removed, ["metadata"], "AWS does not accept it");
    assert_eq!(read_with(r#""service_tier":"scale""#).removed, ["service_tier"]);
}

#[test]
fn chat_request_with_a_wrong_value_is_refused() {
    for (members, field) in [
        (r#""temperature":"hot""#, "temperature"),
        (r#""max_tokens":0"#, "max_tokens"),
        (r#""max_tokens":1.5"#, "max_tokens"),
        (r#""max_tokens":5,"max_completion_tokens":6"#, "max_tokens"),
        (r#""stop":[1]"#, "stop"),
        (r#""parallel_tool_calls":"no""#, "parallel_tool_calls"),
        (r#""metadata":[]"#, "metadata"),
        (r#""response_format":{"type":"xml"}"#, "response_format"),
        (r#""response_format":{"type":"json_schema","json_schema":{"name":"a"}}"#, "response_format"),
        (r#""tools":[{"type":"web_search"}]"#, "tools"),
        (r#""tools":{}"#, "tools"),
        (r#""tool_choice":"maybe""#, "tool_choice"),
        (r#""tool_choice":{"type":"function"}"#, "tool_choice"),
        (r#""thinking":{"type":"enabled"}"#, "thinking"),
        (r#""thinking":{"type":"adaptive"},"reasoning_effort":"low""#, "thinking"),
    ] {
        assert_eq!(refusal(&ChatDialect, &body(members)).field.as_deref(), Some(field), "{members}");
    }
    for messages in [
        r#""hi""#,
        r#"["hi"]"#,
        r#"[{"content":"hi"}]"#,
        r#"[{"role":"function","name":"f","content":"1"}]"#,
        r#"[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]"#,
        r#"[{"role":"assistant","content":"a","audio":{"id":"x"}}]"#,
        r#"[{"role":"assistant","content":"a","thinking_blocks":[{"type":"other"}]}]"#,
    ] {
        let body = format!(r#"{{"model":"m","messages":{messages}}}"#);
        assert_eq!(refusal(&ChatDialect, &body).field.as_deref(), Some("messages"), "{messages}");
    }
    assert_eq!(refusal(&ChatDialect, r#"{"model":"m"}"#).field.as_deref(), Some("messages"));
}

#[test]
fn chat_messages_of_every_role_and_part_are_read() {
    let asked = read(
        r#"{"model":"m","messages":[
        {"role":"developer","content":"Be brief."},
        {"role":"user","name":"ann","content":[{"type":"text","text":"Look"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO","detail":"low"}},
            {"type":"image_url","image_url":{"url":"https://a.example/b.png"}},
            {"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}},
            {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]},
        {"role":"assistant","content":null,"refusal":null,"reasoning_content":"hm","tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
            {"id":"c2","type":"custom","custom":{"name":"patch","input":"*** Begin\n"}}]},
        {"role":"tool","tool_call_id":"c1","content":"one"},
        {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"two"}]},
        {"role":"assistant","refusal":"No."}]}"#,
    );
    let roles: Vec<Role> = asked.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::Human, Role::Ai, Role::Tool, Role::Tool, Role::Ai]);
    let [_, user, calls, one, two, no] = &asked.messages[..] else { panic!() };
    let [Content::Text(_), Content::Image(low), Content::Image(url), Content::Audio(audio), Content::Document(pdf)] =
        &user.content[..]
    else {
        panic!("{user:?}")
    };
    assert_eq!((low.detail.as_deref(), &*low.media_type), (Some("low"), "image/png"));
    assert_eq!(url.source, MediaSource::Url("https://a.example/b.png".into()));
    assert_eq!((&*audio.media_type, pdf.name.as_deref()), ("audio/wav", Some("a.pdf")));
    let args: Vec<&str> = calls.tool_calls().map(|call| call.args.as_str()).collect();
    assert_eq!(args, [r#"{"a":1}"#, r#"{"input":"*** Begin\n"}"#]);
    assert_eq!((one, two.content.len(), no.text()), (&Message::tool("c1", "one"), 1, "No.".to_owned()));
}

#[test]
fn chat_tools_and_choices_are_read() {
    let tools = r#""tools":[
        {"type":"function","function":{"name":"f","description":"F","parameters":{"type":"object"},"strict":true}},
        {"type":"custom","custom":{"name":"patch","description":"P","format":
            {"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}}}]"#;
    let asked = read_with(tools);
    let [f, patch] = &asked.options.tools[..] else { panic!() };
    assert_eq!((&*f.name, f.strict, f.description.as_deref()), ("f", Some(true), Some("F")));
    let description = patch.description.as_deref().unwrap();
    assert!(description.starts_with("P\n\n") && description.contains("lark grammar:\nstart: x"), "{description}");
    assert_eq!(patch.schema.view().get("required").unwrap().raw(), r#"["input"]"#);
    for (choice, expected) in [
        (r#""auto""#, ToolChoice::Auto),
        (r#""none""#, ToolChoice::None),
        (r#""required""#, ToolChoice::Any),
        (r#"{"type":"function","function":{"name":"f"}}"#, ToolChoice::Tool("f".into())),
        (r#"{"type":"custom","custom":{"name":"patch"}}"#, ToolChoice::Tool("patch".into())),
    ] {
        let asked = read_with(&format!("{tools},\"tool_choice\":{choice}"));
        assert_eq!((asked.options.tool_choice, asked.options.tools.len()), (Some(expected), 2), "{choice}");
    }
    let allowed = |mode: &str, name: &str| {
        format!(
            r#"{tools},"tool_choice":{{"type":"allowed_tools","allowed_tools":{{"mode":"{mode}","tools":
            [{{"type":"function","function":{{"name":"{name}"}}}}]}}}}"#
        )
    };
    let asked = read_with(&allowed("required", "f"));
    let names: Vec<&str> = asked.options.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!((names, asked.options.tool_choice), (vec!["f"], Some(ToolChoice::Any)));
    assert_eq!(read_with(&allowed("auto", "f")).options.tool_choice, Some(ToolChoice::Auto));
    assert_eq!(refusal(&ChatDialect, &body(&allowed("auto", "g"))).field.as_deref(), Some("tool_choice"));
}

#[test]
fn chat_response_formats_are_read() {
    let schema = r#"{"type":"object","properties":{}}"#;
    let asked = read_with(&format!(
        r#""response_format":{{"type":"json_schema","json_schema":{{"name":"city","description":"A city","schema":{schema},"strict":true}}}}"#
    ));
    let format = asked.options.response_format.unwrap();
    assert_eq!((&*format.name, format.description.as_deref()), ("city", Some("A city")));
    assert_eq!(format.schema, json(schema));
    let asked = read_with(r#""response_format":{"type":"json_object"}"#);
    assert_eq!(asked.messages[0], Message::system(JSON_MODE));
}

#[test]
fn chat_thinking_blocks_are_read_at_their_positions() {
    let asked = read(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"So","tool_calls":
        [{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}],"reasoning_content":"ab","thinking_blocks":[
        {"type":"thinking","thinking":"a","signature":"s1","position":0,"model":"claude-x","index":0},
        {"type":"redacted_thinking","data":"ZGF0YQ==","position":2,"model":"claude-x","index":1}]},
        {"role":"tool","tool_call_id":"c","content":"1"}]}"#,
    );
    let message = &asked.messages[1];
    assert_eq!(message.model.as_deref(), Some("claude-x"));
    let [Content::Thinking(first), Content::Text(_), Content::RedactedThinking(second), Content::ToolCall(_)] =
        &message.content[..]
    else {
        panic!("{message:?}")
    };
    assert_eq!((first, &*second.data), (&Thinking::new("a").with_signature("s1"), "ZGF0YQ=="));
    let plain = read(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"So","thinking_blocks":
        [{"type":"thinking","thinking":"a","signature":"s1"},{"type":"thinking","thinking":"b","signature":"s2"}]}]}"#,
    );
    let texts: Vec<String> = plain.messages[1].content.iter().map(|block| format!("{block:?}")).collect();
    assert!(texts[0].contains("s1") && texts[1].contains("s2") && texts[2].contains("So"), "{texts:?}");
}

#[test]
fn guide_has_every_refused_member_of_chat() {
    let guide = include_str!("../../../../docs/serve.md");
    for row in MEMBERS.iter().filter(|row| row.fate != Fate::Read) {
        let (plain, with_value) = (format!("`{}`", row.name), format!("`{}: ", row.name));
        assert!(guide.contains(&plain) || guide.contains(&with_value), "docs/serve.md does not have {plain}");
    }
}
