//! Any conversation round trips through LangChain's and OpenAI's forms.

// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bedrock_chat::{
    CachePoint, CacheTtl, Content, Document, GuardContent, InvalidToolCall, Json, JsonContent, Media, MediaSource,
    Message, RedactedThinking, Role, SearchResult, Text, Thinking, ToolCall, ToolReference, ToolResult, interop,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Texts with all characters that JSON and templates must escape. They are never blank, as blank text is left out.
fn words() -> impl Strategy<Value = String> {
    "[a-zé😀\"\\\\<>/{}\n]{0,6}x"
}

fn object() -> impl Strategy<Value = Json> {
    (words(), -9_007_199_254_740_991_i64..9_007_199_254_740_991, any::<bool>()).prop_map(|(text, number, flag)| {
        Json::from(serde_json::json!({"a": text, "n": [number, null], "f": {"g": flag}}))
    })
}

fn source() -> impl Strategy<Value = MediaSource> {
    prop_oneof![
        "([A-Za-z0-9+/]{4}){1,5}".prop_map(MediaSource::Base64),
        words().prop_map(|text| MediaSource::Url(format!("https://example.com/{}", text.len()))),
        ("[a-z]{1,5}", option::of("[0-9]{12}"))
            .prop_map(|(key, bucket_owner)| MediaSource::S3 { uri: format!("s3://bucket/{key}"), bucket_owner }),
    ]
}

fn medium(kind: &'static str, formats: &'static [&'static str]) -> impl Strategy<Value = Media> {
    (proptest::sample::select(formats), source())
        .prop_map(move |(format, source)| Media::new(format!("{kind}/{format}"), source))
}

fn image() -> impl Strategy<Value = Media> {
    medium("image", &["png", "jpeg", "webp"])
}

fn document() -> impl Strategy<Value = Content> {
    let source = prop_oneof![
        source().prop_map(|source| ("application/pdf", source)),
        words().prop_map(|text| ("text/plain", MediaSource::Text(text))),
        vec(words(), 1..3).prop_map(|texts| ("text/plain", MediaSource::Blocks(texts))),
    ];
    (source, option::of(words()), option::of(words()), any::<bool>()).prop_map(
        |((kind, source), name, context, cites)| {
            let mut document = Document::new(kind, source);
            (document.name, document.context, document.citations) = (name, context, cites);
            Content::Document(document)
        },
    )
}

fn cache_point() -> impl Strategy<Value = Content> {
    let ttl = proptest::sample::select(vec![None, Some(CacheTtl::FiveMinutes), Some(CacheTtl::OneHour)]);
    ttl.prop_map(|ttl| {
        let mut point = CachePoint::default();
        point.ttl = ttl;
        Content::CachePoint(point)
    })
}

fn text() -> impl Strategy<Value = Content> {
    (words(), vec(object(), 0..2))
        .prop_map(|(text, citations)| Content::Text(Text::new(text).with_citations(citations)))
}

/// Blocks of a user's message.
fn said() -> impl Strategy<Value = Content> {
    let found =
        (words(), words(), vec(words(), 0..3), any::<bool>()).prop_map(|(source, title, content, citations)| {
            Content::SearchResult(SearchResult::new(source, title, content).with_citations(citations))
        });
    let guard = (option::of(words()), vec(words(), 0..2), image()).prop_map(|(text, qualifiers, picture)| {
        let guard = text.map_or_else(|| GuardContent::image(picture), GuardContent::text);
        Content::Guard(guard.with_qualifiers(qualifiers))
    });
    let change = (words(), option::of(words()), option::of(words()), any::<bool>());
    let change = change.prop_map(|(name, server, kind, adds)| {
        let mut tool = ToolReference::new(name);
        (tool.server_name, tool.reference_type) = (server, kind);
        if adds { Content::ToolAddition(tool) } else { Content::ToolRemoval(tool) }
    });
    prop_oneof![
        change,
        text(),
        image().prop_map(Content::Image),
        medium("audio", &["wav", "mpeg"]).prop_map(Content::Audio),
        medium("video", &["mp4"]).prop_map(Content::Video),
        document(),
        cache_point(),
        guard,
        found,
    ]
}

/// Blocks of a model's reply.
fn answered() -> impl Strategy<Value = Content> {
    let raw =
        words().prop_map(|text| Content::raw(serde_json::json!({"type": "server_tool_use", "id": text, "input": {}})));
    prop_oneof![
        text(),
        (words(), option::of(words())).prop_map(|(text, signature)| {
            let mut thinking = Thinking::new(text);
            thinking.signature = signature;
            Content::Thinking(thinking)
        }),
        words().prop_map(|data| Content::RedactedThinking(RedactedThinking::new(data))),
        raw,
    ]
}

fn result() -> impl Strategy<Value = Content> {
    let inside = prop_oneof![
        text(),
        image().prop_map(Content::Image),
        object().prop_map(|value| Content::Json(JsonContent::new(value))),
    ];
    (words(), vec(inside, 0..3), any::<bool>()).prop_map(|(id, content, is_error)| {
        let result = if is_error { ToolResult::error } else { ToolResult::new };
        Content::ToolResult(result(id, content))
    })
}

/// Calls with their own ids, some of them invalid. They are after all other blocks.
fn calls(count: usize) -> impl Strategy<Value = Vec<Content>> {
    (vec((words(), object()), count), option::of(words())).prop_map(|(calls, broken)| {
        let calls = calls
            .into_iter()
            .enumerate()
            .map(|(n, (name, args))| Content::ToolCall(ToolCall::new(format!("id{n}"), name, args)));
        let broken = broken.map(|text| {
            let (args, error) = (format!("{{\"a\":\"{text}"), "cut short");
            Content::InvalidToolCall(InvalidToolCall::new("broken", "save", args, error))
        });
        calls.chain(broken).collect()
    })
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        vec(prop_oneof![text(), cache_point()], 1..3).prop_map(|content| Message::new(Role::System, content)),
        vec(said(), 1..5).prop_map(|content| Message::new(Role::Human, content)),
        (vec(answered(), 0..4), (0usize..3).prop_flat_map(calls))
            .prop_map(|(content, calls)| Message::new(Role::Ai, [content, calls].concat())),
        result().prop_map(|result| Message::new(Role::Tool, [result])),
    ]
}

/// Messages that OpenAI's form can express.
fn for_openai() -> impl Strategy<Value = Message> {
    let plain = || words().prop_map(Content::text);
    let seen = prop_oneof![
        plain(),
        image().prop_map(Content::Image),
        "([A-Za-z0-9+/]{4}){1,5}".prop_map(|data| Content::Audio(Media::new("audio/wav", MediaSource::Base64(data)))),
    ];
    prop_oneof![
        words().prop_map(Message::system),
        vec(seen, 1..4).prop_map(|mut content| {
            // Messages that have only text are written as one text.
            if content.iter().all(|block| block.as_text().is_some()) {
                content.truncate(1);
            }
            // Addresses have neither a type nor an owner.
            for block in &mut content {
                if let Content::Image(Media {
                    media_type, source: MediaSource::Url(_) | MediaSource::S3 { .. }, ..
                }) = block
                {
                    media_type.clear();
                }
                if let Content::Image(Media { source: MediaSource::S3 { bucket_owner, .. }, .. }) = block {
                    *bucket_owner = None;
                }
            }
            Message::new(Role::Human, content)
        }),
        (plain(), (0usize..3).prop_flat_map(calls))
            .prop_map(|(text, calls)| Message::new(Role::Ai, [vec![text], calls].concat())),
        (words(), words()).prop_map(|(id, text)| Message::tool(id, text)),
    ]
}

/// The reason why a call is invalid is computed again.
fn without_reasons(messages: &[Message]) -> Vec<Message> {
    let mut messages = messages.to_vec();
    for block in messages.iter_mut().flat_map(|message| &mut message.content) {
        if let Content::InvalidToolCall(call) = block {
            call.error.clear();
        }
    }
    messages
}

proptest! {
    #[test]
    fn langchain_conversation_round_trips(messages in vec(message(), 0..6)) {
        let json = interop::to_langchain(&messages);
        prop_assert_eq!(interop::read_messages(&json).unwrap(), messages);
    }

    #[test]
    fn json_conversation_round_trips(messages in vec(message(), 0..6)) {
        let text = serde_json::to_string(&messages).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Message>>(&text).unwrap(), messages);
    }

    #[test]
    fn openai_conversation_round_trips(messages in vec(for_openai(), 0..6)) {
        let json = interop::to_openai(&messages);
        prop_assert_eq!(without_reasons(&interop::read_messages(&json).unwrap()), without_reasons(&messages));
    }

    #[test]
    fn invalid_conversation_json_is_refused_without_panic(
        text in "[\\[\\]{}\":,a-z0-9 ]{0,40}|\\{\"(type|role|content|tool_calls)\":(\"[a-z_]{0,12}\"|\\[\\{.{0,20}\\}\\])\\}"
    ) {
        if let Ok(json) = Json::parse(&text) {
            let _ = interop::read_messages(&json);
        }
    }
}

#[test]
fn interop_splits_tool_results_from_user_content() {
    let picture = |source| Message::human("Look").with(Content::Image(Media::new("image/png", source)));
    let json = interop::to_langchain(&[picture(MediaSource::Bytes(b"abc".to_vec().into()))]);
    assert_eq!(interop::read_messages(&json).unwrap(), [picture(MediaSource::Base64("YWJj".into()))]);
    let both = Message::tool("1", "a").with(Content::ToolResult(ToolResult::new("2", [Content::text("b")])));
    let json = interop::to_langchain(&[both.with(Content::text("Thanks."))]);
    let apart = [Message::tool("1", "a"), Message::tool("2", "b"), Message::human("Thanks.")];
    assert_eq!(interop::read_messages(&json).unwrap(), apart);
}

#[test]
fn interop_tool_call_with_bad_arguments_is_invalid() {
    for arguments in ["{\"path\":\"a", "[1,2]", "now", "\"x\""] {
        let call =
            serde_json::json!({"id": "1", "type": "function", "function": {"name": "save", "arguments": arguments}});
        let json = serde_json::json!({"role": "assistant", "content": null, "tool_calls": [call]});
        let message = interop::read_message(&Json::from(json)).unwrap();
        let [Content::InvalidToolCall(call)] = message.content.as_slice() else { panic!("{message:?}") };
        assert_eq!((call.args.as_str(), call.name.as_str(), call.id.as_str()), (arguments, "save", "1"));
    }
    for none in ["", " ", "{}"] {
        let json = serde_json::json!({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "now", "arguments": none}}]});
        let message = interop::read_message(&Json::from(json)).unwrap();
        assert_eq!(message.tool_calls().next().unwrap().args.as_str(), "{}", "{none:?}");
    }
}

#[test]
fn tool_call_with_arguments_as_text_keeps_its_further_members() {
    let block = |input: &str| {
        let text = format!(
            r#"{{"type":"ai","content":[{{"type":"tool_use","id":"c1","name":"now","input":{input},"extras":{{"id":"fc_1"}}}}]}}"#
        );
        interop::read_message(&Json::parse(&text).unwrap()).unwrap()
    };
    for input in [r#"{"zone":"UTC"}"#, r#""{\"zone\":\"UTC\"}""#] {
        let message = block(input);
        let calls: Vec<_> = message.tool_calls().collect();
        assert_eq!(calls[0].args.as_str(), r#"{"zone":"UTC"}"#);
        assert_eq!(calls[0].extra, [("id".to_owned(), Json::string("fc_1"))], "{input}");
    }
}
