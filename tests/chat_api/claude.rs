//! Members of Claude's requests that have no option are passed in `model_kwargs`, and its usage is complete.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{Api, BedrockChat, ChatEvent, ChatOptions, Credentials, Json, Message, Reasoning};
use local_bedrock::LocalBedrock;
use serde_json::{Value, json};

use crate::{BOTH, calling, sent};

/// Members of Anthropic's request that have no option.
const MEMBERS: [(&str, &str); 5] = [
    ("user_profile_id", "\"profile-1\""),
    ("speed", "\"fast\""),
    ("inference_geo", "\"eu\""),
    ("diagnostics", "{\"level\":\"full\"}"),
    ("cache_control", "{\"type\":\"ephemeral\"}"),
];

#[tokio::test]
async fn claude_members_without_an_option_pass_through_kwargs() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (name, value) in MEMBERS {
        for api in BOTH {
            let kwargs = Json::parse(&format!("{{\"{name}\":{value}}}")).unwrap();
            let options = ChatOptions::default().with_model_kwargs(kwargs);
            let chat = calling(&bedrock, "us.anthropic.claude-sonnet-5-5", api).options(&options).build().unwrap();
            chat.invoke("hello").await.unwrap_or_else(|error| panic!("{name} {api:?}: {error}"));
            let body = sent(&bedrock);
            let place = if api == Api::Invoke { &body } else { &body["additionalModelRequestFields"] };
            assert_eq!(place[name], serde_json::from_str::<Value>(value).unwrap(), "{api:?}: {body}");
        }
    }
}

#[tokio::test]
async fn anthropic_version_can_be_set_in_kwargs() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let kwargs = Json::parse(r#"{"anthropic_version":"2026-10-21"}"#).unwrap();
    let options = ChatOptions::default().with_model_kwargs(kwargs);
    let chat = calling(&bedrock, "us.anthropic.claude-opus-5-5", Api::Invoke).options(&options).build().unwrap();
    chat.invoke("hello").await.unwrap();
    assert_eq!(sent(&bedrock)["anthropic_version"], "2026-10-21");
}

#[tokio::test]
async fn system_messages_stay_in_place_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let messages = [Message::human("hello"), Message::system("Be brief."), Message::ai("Hi."), Message::human("And?")];
    for api in BOTH {
        let chat = calling(&bedrock, "us.anthropic.claude-opus-5-5", api).build().unwrap();
        chat.invoke(messages.clone()).await.unwrap();
        let roles: Vec<_> =
            sent(&bedrock)["messages"].as_array().unwrap().iter().map(|one| one["role"].clone()).collect();
        assert_eq!(roles, ["user", "system", "assistant", "user"], "{api:?}");
    }
}

#[tokio::test]
async fn reasoning_between_tools_is_sent_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        for reasoning in [Reasoning::BetweenTools, Reasoning::Disabled] {
            let chat = calling(&bedrock, "us.anthropic.claude-sonnet-5-5", api).reasoning(reasoning.clone());
            chat.build()
                .unwrap()
                .invoke("hello")
                .await
                .unwrap_or_else(|error| panic!("{reasoning:?} {api:?}: {error}"));
            let body = sent(&bedrock);
            let place = if api == Api::Invoke { &body } else { &body["additionalModelRequestFields"] };
            assert_eq!(place["thinking"], json!({"type": "between_tools"}), "{reasoning:?} {api:?}: {body}");
        }
        let other = calling(&bedrock, "us.anthropic.claude-opus-5-5", api).reasoning(Reasoning::BetweenTools);
        let error = other.build().unwrap().invoke("hello").await.unwrap_err();
        assert!(error.attempts() == 0 && error.message().contains("between tool calls"), "{api:?}: {error}");
    }
}

/// The usage that Claude reports.
fn usage() -> Value {
    json!({
        "input_tokens": 25, "output_tokens": 90, "speed": "fast", "inference_geo": "eu",
        "output_tokens_details": {"thinking_tokens": 60},
        "server_tool_use": {"web_search_requests": 2},
    })
}

fn replying(api: Api, reply: Reply) -> BedrockChat {
    let chat = BedrockChat::builder("us.anthropic.claude-sonnet-5-5").region("us-east-1").api(api);
    let chat = chat.credentials(Credentials::new("AKIDEXAMPLE", "secret"));
    chat.transport(MemoryTransport::new([reply])).build().unwrap()
}

#[tokio::test]
async fn claude_usage_has_reasoning_and_keeps_other_members() {
    let text = json!([{"type": "text", "text": "Hi."}]);
    let whole = json!({"content": text, "stop_reason": "end_turn", "usage": usage()}).to_string();
    let start =
        json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 25, "speed": "fast"}}});
    let delta = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage()});
    let events = [start, delta, json!({"type": "message_stop"})].map(|event| event.to_string());
    let streamed = replying(Api::Invoke, Reply::chunks(events.iter().map(String::as_str)));
    for reply in [
        replying(Api::Invoke, Reply::json(200, whole)).invoke("hello").await.unwrap(),
        streamed.stream("hello").await.unwrap().message().await.unwrap(),
    ] {
        let counted = reply.usage.unwrap();
        assert_eq!((counted.output_tokens, counted.output_token_details.reasoning), (90, 60));
        let kept = reply.response_metadata.iter().find(|(name, _)| name == "usage").unwrap();
        assert_eq!(serde_json::from_str::<Value>(kept.1.as_str()).unwrap(), usage());
    }
    // Over Converse, the model's own usage arrives if the caller asks for it.
    let body = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "Hi."}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 25, "outputTokens": 90, "totalTokens": 115},
        "additionalModelResponseFields": {"usage": usage()},
    });
    let reply = replying(Api::Converse, Reply::json(200, body.to_string())).invoke("hello").await.unwrap();
    assert_eq!(reply.usage.unwrap().output_token_details.reasoning, 60);
    let kept = reply.response_metadata.iter().find(|(name, _)| name == "additionalModelResponseFields").unwrap();
    assert!(kept.1.as_str().contains("server_tool_use"), "{}", kept.1);
}

#[tokio::test]
async fn whole_reply_instead_of_a_stream_has_text_and_reasoning() {
    let cited =
        json!({"type": "text", "text": "It is blue.", "citations": [{"type": "char_location", "cited_text": "blue"}]});
    let reasoning = json!({"type": "thinking", "thinking": "Look up.", "signature": "c2ln"});
    let reply =
        json!({"type": "message", "role": "assistant", "content": [reasoning, cited], "stop_reason": "end_turn"});
    let reply = || Reply::json(200, reply.to_string());
    let chat = |replies| {
        let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1").api(Api::Messages);
        chat.credentials(Credentials::new("AKIDEXAMPLE", "secret"))
            .transport(MemoryTransport::new(replies))
            .build()
            .unwrap()
    };
    let whole = chat(vec![reply()]).invoke("What color is the sky?").await.unwrap();
    // A gateway that ignores the request for a stream answers so.
    let mut stream = chat(vec![reply()]).stream("What color is the sky?").await.unwrap();
    let (mut text, mut thinking) = (String::new(), String::new());
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            ChatEvent::Text { text: piece, .. } => text.push_str(&piece),
            ChatEvent::Thinking { text: piece, .. } => thinking.push_str(&piece),
            _ => {}
        }
    }
    assert_eq!((text.as_str(), thinking.as_str()), ("It is blue.", "Look up."));
    assert_eq!(stream.so_far().content, whole.content);
    assert_eq!(whole.content.len(), 2);
}
