//! Cache points in request bodies: moved, left out or refused.

use bedrock_chat::{
    Api, CachePoint, CacheTtl, ChatOptions, Content, ErrorKind, Json, Message, Role, Thinking, Tool, ToolCall,
    ToolResult,
};
use serde_json::json;

use crate::{CLAUDE, NOVA, QWEN, sent, tool};

#[test]
fn cache_points_move_to_the_nearest_allowed_place() {
    let thinking = || Content::Thinking(Thinking::new("hm").with_signature("s"));
    let reply = Message::new(Role::Ai, [thinking(), Content::cache_point(), Content::text("b")]);
    let mut reply = reply;
    reply.model = Some(CLAUDE.into());
    let history = [Message::human("a"), reply, Message::human("c")];
    let body = sent(CLAUDE, Api::Invoke, &history, &ChatOptions::default()).unwrap();
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral"}), "{body}");
    let body = sent(CLAUDE, Api::Converse, &history, &ChatOptions::default()).unwrap();
    assert_eq!(body["messages"][0]["content"][1], json!({"cachePoint": {"type": "default"}}), "{body}");

    let call = Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()));
    let five = Content::CachePoint(CachePoint::default().with_ttl(CacheTtl::FiveMinutes));
    let result = Message::tool("t", "r").with(five);
    let loops = [Message::human("a"), Message::new(Role::Ai, [call]), result];
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(CachePoint::default());
    let options = ChatOptions::default().with_tools([cached]);
    let point = json!({"cachePoint": {"type": "default"}});
    let body = sent(NOVA, Api::Invoke, &loops, &options).unwrap();
    assert_eq!(body["messages"][0]["content"], json!([{"text": "a", "cachePoint": {"type": "default"}}]));
    let body = sent(NOVA, Api::Converse, &loops, &options).unwrap();
    assert_eq!(body["messages"][0]["content"], json!([{"text": "a"}, point]));
    assert_eq!(body["toolConfig"]["tools"].as_array().unwrap().len(), 1);

    let hour = Message::human("a").with(Content::CachePoint(CachePoint::default().with_ttl(CacheTtl::OneHour)));
    for api in [Api::Invoke, Api::Converse] {
        let error = sent(NOVA, api, std::slice::from_ref(&hour), &ChatOptions::default()).unwrap_err();
        assert!(error.message().contains("1h") && error.message().contains("5 minutes"), "{error}");
    }
    let early = Content::ToolResult(ToolResult::new("t", [Content::cache_point(), Content::text("r")]));
    let early = [loops[0].clone(), loops[1].clone(), Message::new(Role::Tool, [early])];
    let options = ChatOptions::default().with_tools([tool(&json!({}))]);
    let body = sent(CLAUDE, Api::Invoke, &early, &options).unwrap();
    assert_eq!(body["messages"][1]["content"][0]["cache_control"], json!({"type": "ephemeral"}), "{body}");
}

#[test]
fn cache_points_for_an_hour_are_refused_before_claude_4_5() {
    let hour = CachePoint::default().with_ttl(CacheTtl::OneHour);
    let by_hand = [Message::human("a").with(Content::CachePoint(hour))];
    let result = ToolResult::new("t", [Content::text("r"), Content::CachePoint(hour)]);
    let call = Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()));
    let in_result =
        [Message::human("a"), Message::new(Role::Ai, [call]), Message::new(Role::Tool, [Content::ToolResult(result)])];
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(hour);
    let planned = ChatOptions::default().with_prompt_caching(hour);
    let with = |tool: &Tool| ChatOptions::default().with_tools([tool.clone()]);
    for model in ["us.anthropic.claude-3-7-sonnet-20250219-v1:0", "us.anthropic.claude-opus-4-1-20250805-v1:0", NOVA] {
        for api in [Api::Invoke, Api::Converse] {
            for (messages, options) in [
                (&by_hand[..], ChatOptions::default()),
                (&in_result, with(&tool(&json!({})))),
                (&[Message::human("a")], planned.clone()),
                (&[Message::human("a")], with(&cached)),
            ] {
                let error = sent(model, api, messages, &options).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
                assert!(error.message().contains("5 minutes"), "{error}");
            }
        }
    }
    for api in [Api::Invoke, Api::Converse] {
        assert!(sent(CLAUDE, api, &by_hand, &planned).unwrap().to_string().contains("\"1h\""));
    }
}

#[test]
fn cache_points_are_left_out_for_models_that_do_not_cache() {
    let point = Content::cache_point;
    let call = Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()));
    let result = ToolResult::new("t", [Content::text("r"), point()]);
    let history = [
        Message::system("s").with(point()),
        Message::human("a").with(point()),
        Message::new(Role::Ai, [call]),
        Message::new(Role::Tool, [Content::ToolResult(result)]),
    ];
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(CachePoint::default());
    let options = ChatOptions::default().with_tools([cached]).with_prompt_caching(CachePoint::default());
    for (model, api) in [
        (QWEN, Api::Converse),
        ("us.meta.llama4-scout-17b-instruct-v1:0", Api::Converse),
        ("us.openai.gpt-5.6-sol", Api::Converse),
        ("anthropic.claude-3-haiku-20240307-v1:0", Api::Converse),
    ] {
        let body = sent(model, api, &history, &options).unwrap().to_string();
        assert!(!body.contains("cache") && !body.contains("\"text\":\"\""), "{model} {api:?}: {body}");
    }
    // Cache points are sent to models that the table of facts does not know.
    assert!(
        sent("newvendor.model-v1:0", Api::Converse, &history, &options).unwrap().to_string().contains("cachePoint")
    );
}

#[test]
fn more_than_four_cache_points_are_refused_with_their_number() {
    let point = Content::cache_point;
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(CachePoint::default());
    let options = |tools: usize| {
        let named = |at: usize| {
            let mut tool = cached.clone();
            tool.name = format!("f{at}");
            tool
        };
        ChatOptions::default().with_tools((0..tools).map(named))
    };
    // Three points: consecutive points count once, and a point with nothing before it is left out.
    let history = [
        Message::system("s").with(point()).with(point()),
        Message::new(Role::Human, [point(), Content::text("a"), point(), Content::text("b"), point()]).with(point()),
        Message::ai("c"),
        Message::human("d"),
    ];
    for (model, api) in [(CLAUDE, Api::Invoke), (CLAUDE, Api::Converse)] {
        let body = sent(model, api, &history, &options(1)).unwrap().to_string();
        let count = body.matches("cachePoint").count() + body.matches("cache_control").count();
        assert_eq!(count, 4, "{model} {api:?}: {body}");
        let error = sent(model, api, &history, &options(2)).unwrap_err();
        assert!(error.kind() == ErrorKind::Encode && error.message().contains("too many cache points: 5"), "{error}");
    }
    let mut long = history.to_vec();
    long.extend([Message::human("e").with(point()), Message::ai("f"), Message::human("g").with(point())]);
    for api in [Api::Invoke, Api::Converse] {
        let error = sent(NOVA, api, &long, &ChatOptions::default()).unwrap_err();
        assert!(error.message().contains("too many cache points: 5"), "{error}");
    }
}
