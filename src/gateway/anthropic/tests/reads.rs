//! Tests of requests for models that are not Claude.

use super::*;
use crate::gateway::effort::{ReasoningMembers, fit_reasoning};
use crate::json::Json;
use crate::message::{CachePoint, CacheTtl, Content, MediaSource, Message, Role};
use crate::request::{Reasoning, ReasoningDisplay, ServiceTier, ToolChoice};

fn asked(members: &str) -> Asked {
    read(&format!(r#"{{"model":"x","messages":[{{"role":"user","content":"hi"}}],{members}}}"#)).unwrap()
}

fn refused(members: &str) -> Failure {
    read(&format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],{members}}}"#)).err().unwrap()
}

fn blocks(role: &str, content: &str) -> Vec<Content> {
    let body = format!(r#"{{"messages":[{{"role":"{role}","content":{content}}}]}}"#);
    read(&body).unwrap().messages.remove(0).content
}

#[test]
fn options_are_read_from_anthropics_members() {
    let options = asked(
        r#""max_tokens":100,"temperature":0.5,"top_p":0.9,"top_k":40,"stop_sequences":["END"],"stream":true,
        "service_tier":"flex","anthropic_version":"x",
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral","ttl":"1h"}},
            {"type":"custom","name":"g","input_schema":{"type":"object"},"strict":true}],
        "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true}"#,
    )
    .options;
    assert_eq!((options.max_tokens, options.temperature, options.top_p), (Some(100), Some(0.5), Some(0.9)));
    assert_eq!((options.top_k, options.stop), (Some(40), vec!["END".to_owned()]));
    assert_eq!((options.service_tier, options.parallel_tool_calls), (Some(ServiceTier::Flex), Some(false)));
    assert_eq!(options.tool_choice, Some(ToolChoice::Tool("f".into())));
    let tools: Vec<_> = options.tools.iter().map(|tool| (tool.name.as_str(), tool.strict, tool.extra.len())).collect();
    assert_eq!(tools, [("f", None, 0), ("g", Some(true), 0)]);
    assert_eq!(options.tools[0].cache_point, Some(CachePoint { ttl: Some(CacheTtl::OneHour) }));
    for (name, choice) in [("auto", ToolChoice::Auto), ("any", ToolChoice::Any), ("none", ToolChoice::None)] {
        let options = asked(&format!(r#""tool_choice":{{"type":"{name}","disable_parallel_tool_use":false}}"#)).options;
        assert_eq!((options.tool_choice, options.parallel_tool_calls), (Some(choice), None));
    }
}

#[test]
fn system_prompt_is_the_first_message() {
    assert_eq!(asked(r#""system":"Be brief.""#).messages, [Message::system("Be brief."), Message::human("hi")]);
    let blocks = r#""system":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral","scope":"global"}}]"#;
    let asked = asked(blocks);
    let content = [Content::text("a"), Content::text("b"), Content::CachePoint(CachePoint { ttl: None })];
    assert_eq!(asked.messages[0], Message::new(Role::System, content));
    assert_eq!(asked.removed, ["cache_control.scope"]);
}

#[test]
fn every_block_of_a_user_is_read() {
    let content = blocks(
        "user",
        r#"[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}},
        {"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},
        {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"t","context":"c","citations":{"enabled":true}},
        {"type":"document","source":{"type":"text","media_type":"text/plain","data":"plain"}},
        {"type":"document","source":{"type":"content","content":[{"type":"text","text":"part"}]}},
        {"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"found"}],"citations":{"enabled":true}},
        {"type":"tool_result","tool_use_id":"1","is_error":true,"content":"boom"},
        {"type":"tool_result","tool_use_id":"2","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]}]"#,
    );
    let [text, point, image, linked, pdf, plain, parts, found, failed, result] = content.as_slice() else {
        panic!("{content:?}")
    };
    assert_eq!((text, point), (&Content::text("a"), &Content::CachePoint(CachePoint { ttl: None })));
    assert!(
        matches!(image, Content::Image(image) if image.media_type == "image/png" && image.source == MediaSource::Base64("iVBO".into()))
    );
    assert!(
        matches!(linked, Content::Image(image) if image.source == MediaSource::Url("https://example.com/a.png".into()))
    );
    assert!(matches!(pdf, Content::Document(document) if document.name.as_deref() == Some("t")
        && document.context.as_deref() == Some("c") && document.citations && document.media_type == "application/pdf"));
    assert!(matches!(plain, Content::Document(document) if document.source == MediaSource::Text("plain".into())));
    assert!(
        matches!(parts, Content::Document(document) if document.source == MediaSource::Blocks(vec!["part".into()]))
    );
    assert!(matches!(found, Content::SearchResult(found) if found.citations && found.content == ["found"]));
    assert!(
        matches!(failed, Content::ToolResult(result) if result.is_error && result.content == [Content::text("boom")])
    );
    assert!(matches!(result, Content::ToolResult(result) if !result.is_error && result.tool_call_id == "2"
        && matches!(result.content.as_slice(), [Content::Text(_), Content::Image(_)])));
}

#[test]
fn every_block_of_an_assistant_is_read() {
    let content = blocks(
        "assistant",
        r#"[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"thinking","thinking":"own","signature":""},
        {"type":"thinking","thinking":"hm","signature":"bedrock-chat:{\"signature\":\"x\",\"members\":{\"id\":\"rs_1\"}}"},
        {"type":"redacted_thinking","data":"of Claude"},{"type":"redacted_thinking","data":"bedrock-chat:d"},
        {"type":"text","text":"a","citations":[{"type":"char_location"}]},
        {"type":"tool_use","id":"1","name":"f","input":{"a":1}},{"type":"new_block","x":1}]"#,
    );
    let [signed, unsigned, marked, redacted, text, call, raw] = content.as_slice() else { panic!("{content:?}") };
    assert!(matches!(signed, Content::Thinking(thinking) if thinking.signature.is_none()), "Claude signed it");
    let members = [("id".to_owned(), Json::string("rs_1"))];
    assert!(
        matches!(marked, Content::Thinking(thinking) if thinking.signature.as_deref() == Some("x") && thinking.extra == members)
    );
    assert!(matches!(unsigned, Content::Thinking(thinking) if thinking.signature.is_none() && thinking.text == "own"));
    assert!(matches!(redacted, Content::RedactedThinking(redacted) if redacted.data == "d"));
    assert!(matches!(text, Content::Text(text) if text.citations.len() == 1));
    assert!(
        matches!(call, Content::ToolCall(call) if call.id == "1" && call.args == Json::parse(r#"{"a":1}"#).unwrap())
    );
    assert!(matches!(raw, Content::Raw(_)));
}

#[test]
fn file_block_is_an_error() {
    let body =
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"file_1"}}]}]}"#;
    let failure = read(body).err().unwrap();
    assert!(failure.message.contains("file_1") && failure.field.as_deref() == Some("messages"), "{failure:?}");
}

#[test]
fn reasoning_is_read_from_thinking_and_output_config() {
    let reasoning = |members: &str| asked(members).options.reasoning;
    assert_eq!(reasoning(r#""thinking":{"type":"enabled","budget_tokens":2048}"#), Some(Reasoning::Budget(2048)));
    assert_eq!(reasoning(r#""thinking":{"type":"disabled"}"#), Some(Reasoning::Disabled));
    assert_eq!(reasoning(r#""thinking":{"type":"between_tools"}"#), Some(Reasoning::BetweenTools));
    assert_eq!(reasoning(r#""output_config":{"effort":"low"}"#), Some(Reasoning::Effort("low".into())));
    let both = r#""thinking":{"type":"enabled","budget_tokens":2048},"output_config":{"effort":"low"}"#;
    assert_eq!(reasoning(both), Some(Reasoning::BudgetWithEffort { tokens: 2048, effort: "low".into() }));
    let adaptive = asked(r#""thinking":{"type":"adaptive","display":"summarized"}"#).options;
    assert_eq!(adaptive.reasoning, Some(Reasoning::Adaptive));
    assert_eq!(adaptive.reasoning_display, Some(ReasoningDisplay::Summarized));
    let off = asked(r#""thinking":{"type":"disabled"},"output_config":{"effort":"low"}"#);
    assert_eq!((off.options.reasoning, off.removed), (Some(Reasoning::Disabled), vec!["output_config.effort".into()]));
}

#[test]
fn schema_is_read_from_output_config_and_output_format() {
    let format = r#"{"type":"json_schema","schema":{"type":"object"}}"#;
    for members in [format!(r#""output_config":{{"format":{format}}}"#), format!(r#""output_format":{format}"#)] {
        let read = asked(&members).options.response_format.unwrap();
        assert_eq!((read.name.as_str(), read.schema), ("response", Json::parse(r#"{"type":"object"}"#).unwrap()));
    }
}

#[test]
fn members_without_a_counterpart_are_removed_and_named() {
    let members = r#""metadata":{"user_id":"u"},"service_tier":"auto","speed":"fast","betas":["x-1"],"container":null,
        "context_management":{"edits":[{"type":"new_edit"}]},"tools":[{"name":"f","input_schema":{},"defer_loading":true}]"#;
    let asked = asked(members);
    assert_eq!(asked.options.tools[0].extra, []);
    let mut removed = asked.removed;
    removed.sort();
    assert_eq!(
        removed,
        [
            "anthropic-beta: x-1",
            "container",
            "context_management",
            "metadata",
            "service_tier",
            "speed",
            "tools.defer_loading"
        ]
    );
}

#[test]
fn null_members_are_not_read() {
    let asked = asked(r#""top_k":null,"system":null,"tools":null,"thinking":null,"brand_new":null"#);
    assert_eq!((asked.messages, asked.options), (vec![Message::human("hi")], crate::ChatOptions::default()));
    assert_eq!(asked.removed, [""; 0]);
}

#[test]
fn unsigned_reasoning_is_not_removed_next_to_a_removed_member() {
    let body = r#"{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":""},
        {"type":"text","text":"b","cache_control":{"type":"ephemeral","scope":"global"}}]}]}"#;
    let asked = read(body).unwrap();
    assert_eq!((asked.messages[0].content.len(), asked.removed), (3, vec!["cache_control.scope".to_owned()]));
}

#[test]
fn top_level_cache_control_becomes_the_plan_of_cache_points() {
    let point = asked(r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#).options.prompt_caching;
    assert_eq!(point, Some(CachePoint { ttl: Some(CacheTtl::OneHour) }));
}

#[test]
fn member_that_cannot_be_read_is_an_error_with_its_name() {
    for (members, field) in [
        (r#""max_tokens":"a""#, "max_tokens"),
        (r#""temperature":"a""#, "temperature"),
        (r#""stop_sequences":[1]"#, "stop_sequences"),
        (r#""stop_sequences":"END""#, "stop_sequences"),
        (r#""system":1"#, "system"),
        (r#""tools":{}"#, "tools"),
        (r#""tools":[{"type":"bash_20250124","name":"bash"}]"#, "tools"),
        (r#""tools":[1]"#, "tools"),
        (r#""tool_choice":"auto""#, "tool_choice"),
        (r#""tool_choice":{"type":"all"}"#, "tool_choice.type"),
        (r#""tool_choice":{"type":"tool"}"#, "tool_choice.name"),
        (r#""tool_choice":{"type":"auto","x":1}"#, "tool_choice.x"),
        (r#""thinking":{"type":"enabled"}"#, "thinking.budget_tokens"),
        (r#""thinking":{"type":"on"}"#, "thinking.type"),
        (r#""thinking":{"type":"adaptive","display":"all"}"#, "thinking.display"),
        (r#""thinking":{"type":"adaptive","x":1}"#, "thinking.x"),
        (r#""output_config":{"task_budget":{}}"#, "output_config.task_budget"),
        (r#""output_format":{"type":"text"}"#, "output_format"),
        (r#""cache_control":{"type":"ephemeral","ttl":"2h"}"#, "cache_control"),
        (r#""container":"c""#, "container"),
        (r#""mcp_servers":[{}]"#, "mcp_servers"),
        (r#""brand_new":1"#, "brand_new"),
        (r#""messages":"hi""#, "messages"),
        (r#""messages":[]"#, "messages"),
    ] {
        let failure = refused(members);
        assert_eq!((failure.status, failure.field.as_deref()), (400, Some(field)), "{members}");
        assert!(failure.message.len() <= 160, "{}", failure.message);
    }
}

#[test]
fn read_request_is_sent_to_models_of_every_format() {
    let body = r#"{"max_tokens":9,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[
        {"role":"user","content":[{"type":"text","text":"a"}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"HIDDEN","signature":""},{"type":"text","text":"b"},
            {"type":"redacted_thinking","data":"HIDDEN"},{"type":"thinking","thinking":"HIDDEN","signature":"of Claude"},
            {"type":"tool_use","id":"t1","name":"f","input":{"x":1}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"boom"}]}]}],
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"eager_input_streaming":true}],
        "thinking":{"type":"enabled","budget_tokens":2048}}"#;
    for id in ["amazon.nova-lite-v1:0", "openai.gpt-oss-20b-1:0", "us.openai.gpt-5.6-sol", "qwen.qwen3-32b-v1:0"] {
        let model = ModelId::parse(id).unwrap();
        let codec = crate::provider::codec_for(&model, None, None).unwrap();
        let mut asked = read(body).unwrap();
        let members = ReasoningMembers { reasoning: "thinking", effort: "output_config.effort" };
        fit_reasoning(&mut asked, &model, codec.capabilities(&model), members);
        let request = crate::ChatRequest::new(asked.messages).with_options(asked.options);
        let call = codec.encode(&model, &request, crate::Mode::Invoke).unwrap();
        let sent = String::from_utf8(call.body.to_vec()).unwrap();
        assert!(sent.contains("boom") && !sent.contains("HIDDEN") && !sent.contains("eager"), "{id}: {sent}");
    }
}
