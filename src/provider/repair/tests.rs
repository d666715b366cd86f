//! Repair of conversations, by model.

use super::*;
use crate::message::{RedactedThinking, Thinking, ToolResult};

fn call(id: &str) -> Content {
    Content::ToolCall(ToolCall::new(id, "f", Json::empty_object()))
}

fn target(model: &ModelId, raw: bool) -> Target<'_> {
    let shape = if raw { RawShape::Keyed } else { RawShape::Typed };
    crate::provider::facts::target(model, crate::Api::Invoke, shape, &Default::default())
}

fn repaired<'a>(messages: &'a [Message], id: &str, raw: bool) -> Result<Conversation<'a>> {
    repair(messages, target(&ModelId::parse(id).unwrap(), raw))
}

fn plain(messages: &[Message]) -> Result<Conversation<'_>> {
    repaired(messages, "anthropic.claude-sonnet-4-6", false)
}

fn shape(messages: &[Message]) -> Vec<String> {
    shape_for("anthropic.claude-sonnet-4-6", messages)
}

fn shape_for(id: &str, messages: &[Message]) -> Vec<String> {
    let name = |block: &Block<'_>| match &**block {
        Content::Text(text) => format!("{:?}", text.text),
        Content::ToolCall(call) => format!("call {}", call.id),
        Content::ToolResult(result) => format!("result {}", result.tool_call_id),
        other => format!("{other:?}").chars().take_while(|c| c.is_alphanumeric()).collect(),
    };
    let turns = repaired(messages, id, false).unwrap().turns;
    turns
        .iter()
        .map(|turn| format!("{}: {}", turn.side.as_str(), turn.blocks.iter().map(name).collect::<Vec<_>>().join(", ")))
        .collect()
}

#[test]
fn tool_results_and_user_text_become_one_turn_in_call_order() {
    let messages = [
        Message::human("Weather?"),
        Message::new(Role::Ai, [call("1"), call("2")]),
        Message::human("ok"),
        Message::tool("2", "55F"),
        Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("1", [Content::text("72F")]))]),
    ];
    assert_eq!(
        shape(&messages),
        ["user: \"Weather?\"", "assistant: call 1, call 2", "user: result 1, result 2, \"ok\""]
    );
}

#[test]
fn neighbors_of_one_side_become_one_turn() {
    let messages = [Message::human("a"), Message::human("b"), Message::ai("c"), Message::ai("d"), Message::human("e")];
    assert_eq!(shape(&messages), ["user: \"a\", \"b\"", "assistant: \"c\", \"d\"", "user: \"e\""]);
}

#[test]
fn blank_text_and_turns_without_other_blocks_are_dropped() {
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [Content::text(""), Content::text(" \n")]),
        Message::human("b"),
        Message::new(Role::Ai, [Content::text(" "), call("1")]),
        Message::tool("1", ""),
        Message::ai("x \n"),
    ];
    assert_eq!(shape(&messages), ["user: \"a\", \"b\"", "assistant: call 1", "user: result 1", "assistant: \"x\""]);
    let repaired = plain(&messages).unwrap();
    let Content::ToolResult(result) = &*repaired.turns[2].blocks[0] else { panic!() };
    assert_eq!(result.content, [Content::text(EMPTY_RESULT)]);
}

#[test]
fn white_space_inside_a_text_is_kept() {
    let messages = [Message::human(" a \n b "), Message::ai("c \n"), Message::human("d")];
    assert_eq!(shape(&messages), ["user: \" a \\n b \"", "assistant: \"c \\n\"", "user: \"d\""]);
}

#[test]
fn duplicate_tool_call_is_sent_once_at_its_first_position() {
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [call("1"), Content::text("t"), call("1")]),
        Message::tool("1", "r"),
    ];
    assert_eq!(shape(&messages)[1], "assistant: call 1, \"t\"");
}

#[test]
fn unsigned_reasoning_is_dropped_and_signed_is_kept() {
    let thinking = |text: &str, signature: Option<&str>| {
        Content::Thinking(Thinking { text: text.into(), signature: signature.map(Into::into), ..Thinking::default() })
    };
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [thinking("x", None), thinking("", Some("s")), Content::text("t")]),
        Message::human("b"),
    ];
    assert_eq!(shape(&messages)[1], "assistant: Thinking, \"t\"");
}

#[test]
fn message_that_cannot_be_sent_is_refused_with_its_index() {
    let late = plain(&[Message::human("a"), Message::system("s")]).unwrap_err();
    assert!(late.message().contains("message 1"), "{late}");
    for messages in [vec![], vec![Message::system("s")], vec![Message::human(" ")]] {
        assert_eq!(plain(&messages).unwrap_err().kind(), ErrorKind::Encode);
    }
    assert!(plain(&[Message::human("a"), Message::new(Role::Ai, [call("")])]).is_err());
}

#[test]
fn raw_system_message_between_turns_is_kept_only_if_accepted() {
    let raw = Content::raw(Json::parse(r#"{"toolRemoval":{}}"#).unwrap());
    let messages = [Message::human("a"), Message::new(Role::System, [raw]), Message::human("b")];
    let id = "anthropic.claude-sonnet-4-6";
    assert_eq!(plain(&messages).unwrap_err().kind(), ErrorKind::Encode);
    let sides: Vec<_> = repaired(&messages, id, true).unwrap().turns.iter().map(|turn| turn.side).collect();
    assert_eq!(sides, [Side::User, Side::System, Side::User]);
    assert!(repaired(&[Message::human("a"), Message::system("s")], id, true).is_err(), "text comes first");
}

#[test]
fn invalid_tool_call_is_replayed_only_if_answered() {
    let invalid = Content::InvalidToolCall(crate::message::InvalidToolCall {
        id: "1".into(),
        name: "f".into(),
        args: "{\"a".into(),
        error: "cut".into(),
    });
    let asked = [Message::human("a"), Message::new(Role::Ai, [Content::text("t"), invalid])];
    assert_eq!(shape(&asked)[1], "assistant: \"t\"");
    let mut answered = asked.to_vec();
    answered.push(Message::tool_error("1", "bad arguments"));
    assert_eq!(shape(&answered)[1], "assistant: \"t\", call 1");
}

#[test]
fn late_system_message_is_moved_to_where_claude_accepts_it() {
    let opus = "us.anthropic.claude-opus-4-8";
    let (a, b, note) = (Message::human("a"), Message::ai("b"), Message::system("n"));
    for messages in [
        vec![a.clone(), note.clone(), b.clone(), Message::human("c")],
        vec![a.clone(), note.clone(), Message::human(" "), b.clone(), Message::human("c")],
    ] {
        assert_eq!(shape_for(opus, &messages), ["user: \"a\"", "system: \"n\"", "assistant: \"b\"", "user: \"c\""]);
    }
    let late = [a.clone(), b.clone(), note.clone(), Message::human("c")];
    assert_eq!(shape_for(opus, &late), ["user: \"a\"", "assistant: \"b\"", "user: \"c\"", "system: \"n\""]);
    let last = [a.clone(), b.clone(), note.clone()];
    assert_eq!(repaired(&last, opus, false).unwrap_err().kind(), ErrorKind::Encode);
    assert_eq!(shape_for("openai.gpt-oss-120b-1:0", &late)[2], "system: \"n\"", "its place stays");
    for id in ["anthropic.claude-opus-4-7", "meta.llama3-3-70b-instruct-v1:0", "amazon.nova-lite-v1:0"] {
        assert!(repaired(&late, id, false).is_err(), "{id}");
    }
}

#[test]
fn reasoning_is_sent_only_to_the_vendor_that_signed_it() {
    let thinking =
        Content::Thinking(Thinking { text: "hm".into(), signature: Some("s".into()), ..Thinking::default() });
    let redacted = Content::RedactedThinking(crate::message::RedactedThinking { data: "d".into() });
    let mut answer = Message::new(Role::Ai, [thinking, redacted, Content::text("t")]);
    let shape_at = |answer: &Message, id: &str| {
        shape_for(id, &[Message::human("a"), answer.clone(), Message::human("b")])[1].clone()
    };
    let (whole, bare) = ("assistant: Thinking, RedactedThinking, \"t\"", "assistant: \"t\"");
    assert_eq!(shape_at(&answer, "anthropic.claude-sonnet-4-6"), whole);
    for id in ["amazon.nova-pro-v1:0", "us.meta.llama3-3-70b-instruct-v1:0", "openai.gpt-oss-20b-1:0"] {
        assert_eq!(shape_at(&answer, id), bare, "{id}");
    }
    for (signer, kept) in [
        ("claude-sonnet-4-6", whole),
        ("us.anthropic.claude-opus-5", whole),
        ("my-alias", whole),
        ("us.openai.gpt-5.6-sol", bare),
    ] {
        answer.model = Some(signer.into());
        assert_eq!(shape_at(&answer, "anthropic.claude-sonnet-4-6"), kept, "{signer}");
    }
}

#[test]
fn encrypted_reasoning_and_call_members_stay_with_their_api() {
    let model = ModelId::parse("openai.gpt-5.6-luna").unwrap();
    let thinking = Thinking::new("hm").with_signature("rsn_1");
    let item = Content::Thinking(thinking.clone().with_extra("id", Json::string("rs_1")));
    let called =
        Content::ToolCall(ToolCall::new("1", "f", Json::empty_object()).with_extra("id", Json::string("fc_1")));
    let mut answer = Message::new(Role::Ai, [Content::text("t"), item.clone(), called.clone()]);
    let sent = |answer: &Message, raw: RawShape| {
        let messages = [Message::human("a"), answer.clone(), Message::tool("1", "r")];
        let known = crate::provider::facts::target(&model, crate::Api::Responses, raw, &Default::default());
        let turns = repair(&messages, known).unwrap().turns;
        turns[1].blocks.iter().map(|block| (**block).clone()).collect::<Vec<_>>()
    };
    assert_eq!(sent(&answer, RawShape::Items), answer.content, "in the same order");
    assert_eq!(sent(&answer, RawShape::Typed), [Content::text("t"), called]);
    answer.model = Some("claude-opus-5".into());
    assert_eq!(sent(&answer, RawShape::Items), [Content::text("t"), call("1")]);
    let foreign = Message::new(Role::Ai, [Content::Thinking(thinking), call("1")]);
    assert_eq!(sent(&foreign, RawShape::Items), [call("1")]);
}

#[test]
fn reasoning_behind_a_cache_point_alone_is_left_out() {
    let thinking =
        || Content::Thinking(Thinking { text: "hm".into(), signature: Some("s".into()), ..Thinking::default() });
    let reply = |content: Vec<Content>| {
        let messages = [Message::human("a"), Message::new(Role::Ai, content), Message::human("b")];
        shape(&messages)
    };
    assert_eq!(reply(vec![Content::cache_point(), thinking()]), ["user: \"a\", \"b\""]);
    let answered = reply(vec![Content::cache_point(), thinking(), Content::text("c")]);
    assert_eq!(answered, ["user: \"a\"", "assistant: Thinking, CachePoint, \"c\"", "user: \"b\""]);
}

#[test]
fn reasoning_at_the_end_of_a_message_is_left_out() {
    let thinking =
        || Content::Thinking(Thinking { text: "hm".into(), signature: Some("s".into()), ..Thinking::default() });
    let alone = Message::new(Role::Ai, [thinking()]);
    let messages = [Message::human("a"), alone.clone(), Message::human("b")];
    assert_eq!(shape(&messages), ["user: \"a\", \"b\""]);
    let cut = Message::new(Role::Ai, [thinking(), Content::text("t"), thinking(), Content::cache_point()]);
    assert_eq!(shape(&[Message::human("a"), cut])[1], "assistant: Thinking, \"t\", CachePoint");
}

#[test]
fn media_in_tool_result_is_moved_after_it_if_required() {
    let image = Content::image("image/png", vec![1]);
    let result = |content: Vec<Content>| Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("1", content))]);
    let messages = |content| [Message::human("a"), Message::new(Role::Ai, [call("1")]), result(content)];
    let both = messages(vec![Content::text("t"), image.clone()]);
    assert_eq!(shape(&both)[2], "user: result 1");
    assert_eq!(shape_for("qwen.qwen3-vl-235b-a22b", &both)[2], "user: result 1, Image");
    let only = messages(vec![image]);
    let repaired = repaired(&only, "us.openai.gpt-5.6-sol", false).unwrap();
    let Content::ToolResult(result) = &*repaired.turns[2].blocks[0] else { panic!() };
    assert_eq!(result.content, [Content::text("(see below)")]);
}

#[test]
fn user_message_after_tool_results_gets_a_separate_turn() {
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [call("1")]),
        Message::tool("1", "r").with(Content::cache_point()),
        Message::human("b"),
    ];
    assert_eq!(shape(&messages)[2], "user: result 1, CachePoint, \"b\"");
    for id in ["mistral.mistral-large-2407-v1:0", "cohere.command-r-v1:0"] {
        let bridge = format!("assistant: {BRIDGE:?}");
        assert_eq!(shape_for(id, &messages)[2..], ["user: result 1, CachePoint", &bridge, "user: \"b\""], "{id}");
    }
}

#[test]
fn raw_block_of_another_format_is_left_out_of_replies() {
    let raw = |json: &str| Content::raw(Json::parse(json).unwrap());
    let (typed, keyed) = (raw(r#"{"type":"compaction","content":null}"#), raw(r#"{"futureBlock":{}}"#));
    let mut reply = Message::new(Role::Ai, [Content::text("t"), typed, keyed]);
    let raws = |reply: &Message, id: &str, keyed: bool| {
        let messages = [Message::human("a"), reply.clone(), Message::human("b")];
        let conversation = repaired(&messages, id, keyed).unwrap();
        let raws = conversation.turns[1].blocks.iter().filter_map(|block| match &**block {
            Content::Raw(raw) => Some(raw.block.as_str().to_owned()),
            _ => None,
        });
        raws.collect::<Vec<_>>()
    };
    let claude = "anthropic.claude-sonnet-4-6";
    assert_eq!(raws(&reply, claude, false), [r#"{"type":"compaction","content":null}"#]);
    assert_eq!(raws(&reply, claude, true), [r#"{"futureBlock":{}}"#]);
    reply.model = Some("amazon.nova-pro-v1:0".into());
    assert!(raws(&reply, claude, true).is_empty(), "another vendor's");
}

#[test]
fn repeated_tool_call_ids_of_later_turns_are_renamed() {
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [call("call_0"), call("call_1")]),
        Message::tool("call_1", "r"),
        Message::tool("call_0", "r"),
        Message::new(Role::Ai, [call("call_0")]),
        Message::tool("call_0", "r"),
        Message::new(Role::Ai, [call("call_0")]),
        Message::tool("call_0", "r"),
    ];
    assert_eq!(
        shape(&messages)[1..],
        [
            "assistant: call call_0, call call_1",
            "user: result call_0, result call_1",
            "assistant: call call_0_2",
            "user: result call_0_2",
            "assistant: call call_0_3",
            "user: result call_0_3",
        ]
    );
}

#[test]
fn tool_result_of_blank_text_and_a_cache_point_gets_text() {
    let content = [Content::text(" "), Content::cache_point()];
    let result = Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("1", content))]);
    let messages = [Message::human("a"), Message::new(Role::Ai, [call("1")]), result];
    let repaired = plain(&messages).unwrap();
    let Content::ToolResult(result) = &*repaired.turns[2].blocks[0] else { panic!() };
    assert_eq!(result.content, [Content::text(EMPTY_RESULT), Content::cache_point()]);
}

#[test]
fn system_message_after_empty_messages_is_at_the_beginning() {
    let messages = [Message::new(Role::Ai, []), Message::human(" "), Message::system("s"), Message::human("a")];
    for id in ["anthropic.claude-sonnet-4-6", "openai.gpt-5.6-sol"] {
        assert_eq!(shape_for(id, &messages), ["user: \"a\""], "{id}");
        let error = repaired(&messages[..3], id, false).unwrap_err();
        assert!(error.message().starts_with("there is nothing to answer"), "{error}");
    }
    // A reply of reasoning alone is dropped.
    let reply = Message::new(Role::Ai, [Content::RedactedThinking(RedactedThinking::new("x"))]);
    let messages = [reply, Message::system("s"), Message::human("a")];
    assert_eq!(shape(&messages), ["user: \"a\""]);
    assert_eq!(plain(&messages).unwrap().system, [&Content::text("s")]);
}

#[test]
fn tool_result_in_a_system_message_is_refused() {
    let result = || Content::ToolResult(ToolResult::new("1", [Content::text("r")]));
    for at in [0, 1] {
        let mut messages = vec![Message::human("a"), Message::human("b")];
        messages.insert(at, Message::new(Role::System, [result()]));
        let error = repaired(&messages, "openai.gpt-5.6-sol", false).unwrap_err();
        assert!(error.message().contains(&format!("message {at} is of the system role")), "{error}");
    }
}

#[test]
fn reasoning_in_a_message_of_another_role_is_refused() {
    for role in [Role::Human, Role::Tool, Role::System] {
        for block in [Content::Thinking(Thinking::new("hm")), Content::RedactedThinking(RedactedThinking::new("x"))] {
            let messages = [Message::human("a"), Message::new(role, [block, Content::text("b")])];
            let error = repaired(&messages, "openai.gpt-5.6-sol", false).unwrap_err();
            assert!(error.message().starts_with("message 1 has reasoning"), "{error}");
        }
    }
}
