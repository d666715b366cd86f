//! Input and output of every family over both APIs: typical conversations, and the same counts of
//! their usage.

use bedrock_chat::{
    Api, BedrockChat, ChatEvent, ChatOptions, Content, ErrorKind, Guardrail, GuardrailTrace, Json, Message, Reasoning,
    Role, StopReason, Tool, ToolCall, ToolResult, Usage, interop,
};
use local_bedrock::LocalBedrock;

use crate::merging::MODELS;
use crate::tools::BOTH_WAYS;
use crate::{BOTH, CLAUDE, COMMAND_R, GPT_OSS, QWEN, calling, chat, sent, weather};

/// Returns the models that accept tools, with both APIs.
fn with_tools() -> impl Iterator<Item = (&'static str, Api)> {
    BOTH_WAYS.into_iter().flat_map(|model| BOTH.map(|api| (model, api)))
}

async fn answer(chat: &BedrockChat, messages: &[Message]) -> String {
    let reply = chat.invoke(messages).await;
    reply.unwrap_or_else(|error| panic!("{chat:?}: {error}")).text()
}

#[tokio::test]
async fn untidy_conversations_are_accepted_by_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let messages = [
        Message::system("Be brief."),
        Message::system(" "),
        Message::human("Good morning."),
        Message::human("Are you there?"),
        Message::ai("I am. \n"),
        Message::ai(" \n"),
        Message::ai("Ask me."),
        Message::new(Role::Human, [Content::text(""), Content::text("What is 7 times 8?"), Content::text("\n")]),
    ];
    for model in MODELS {
        for api in BOTH {
            // The limit of some models ends the answer within more than three words.
            let chat = calling(&bedrock, model, api).max_tokens(200).build().unwrap();
            // Over Converse some models do not accept a system message, and the service refuses it.
            let silent = ["mixtral", "titan", "command-text"].iter().any(|name| model.contains(name));
            let from = if silent && api == Api::Converse { 2 } else { 0 };
            let text = answer(&chat, &messages[from..]).await;
            assert!(text.contains("What is 7 times 8?"), "{model} {api:?}: {text}");
            let body = sent(&bedrock).to_string();
            assert!(!body.contains(r#""text":"""#) && !body.contains(r#""content":"""#), "{model} {api:?}: {body}");
            // A turn of white space only is left out, and its neighbors are merged.
            let blank = [Message::human("Good morning."), Message::ai(" \n "), Message::human("What is 6 times 7?")];
            assert!(answer(&chat, &blank).await.contains("What is 6 times 7?"), "{model} {api:?}");
            let error = chat.invoke(" \n ").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Encode, "{model} {api:?}: {error}");
        }
    }
}

#[tokio::test]
async fn reply_has_the_model_name_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        for api in BOTH {
            let chat = chat(&bedrock, model, api);
            let whole = chat.invoke("What is 7 times 8?").await.unwrap().model;
            let streamed = chat.stream("What is 7 times 8?").await.unwrap().message().await.unwrap().model;
            assert_eq!(whole, streamed, "{model} {api:?}");
            if api == Api::Converse {
                assert_eq!(whole.as_deref(), Some(model), "Converse tells none");
            }
            assert!(whole.is_some_and(|name| !name.is_empty()), "{model} {api:?}");
        }
    }
}

/// Returns two calls and their results, one as text and one as blocks, and the user's next message.
fn called_and_answered(last: Option<&str>) -> Vec<Message> {
    let call = |id: &str, city: &str| {
        Content::ToolCall(ToolCall::new(id, "get_weather", Json::from(serde_json::json!({ "city": city }))))
    };
    let list = [Content::text("12 degrees"), Content::text("and rain")];
    let mut messages = vec![
        Message::human("The weather in Paris and London?"),
        Message::new(
            Role::Ai,
            [Content::text(""), Content::text(" \n"), call("call00001", "Paris"), call("call00002", "London")],
        ),
        Message::tool("call00001", "18 degrees"),
        Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("call00002", list))]),
    ];
    messages.extend(last.map(Message::human));
    messages
}

#[tokio::test]
async fn parallel_tool_results_are_accepted_by_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, api) in with_tools() {
        let chat = chat(&bedrock, model, api).bind_tools([weather()]);
        let text = answer(&chat, &called_and_answered(None)).await;
        assert!(text.contains("18 degrees") && text.contains("12 degrees"), "{model} {api:?}: {text}");
        answer(&chat, &called_and_answered(Some("Thanks."))).await;
        let body = sent(&bedrock).to_string();
        let place = |text: &str| body.find(text).unwrap_or_else(|| panic!("{model} {api:?}: no {text} in {body}"));
        assert!(place("18 degrees") < place("12 degrees") && place("12 degrees") < place("Thanks."), "{model} {api:?}");
    }
}

#[tokio::test]
async fn duplicate_tool_call_is_sent_once_by_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let both = Json::from(serde_json::json!([
        ["human", "The weather in Paris?"],
        {"type": "ai", "content": [{"type": "tool_use", "id": "call00001", "name": "get_weather", "input": {"city": "Paris"}}],
            "tool_calls": [{"id": "call00001", "name": "get_weather", "args": {"city": "Paris"}}]},
        {"type": "tool", "tool_call_id": "call00001", "content": ""},
    ]));
    let messages = interop::read_messages(&both).unwrap();
    for (model, api) in with_tools() {
        answer(&chat(&bedrock, model, api).bind_tools([weather()]), &messages).await;
        let body = sent(&bedrock).to_string();
        // Counts an argument by its value, as the formats differ otherwise. Command R requires the call next to its
        // result.
        let calls = body.matches("Paris").count() - body.matches("The weather in Paris").count();
        let expected = if (model, api) == (COMMAND_R, Api::Invoke) { 2 } else { 1 };
        assert_eq!(calls, expected, "{model} {api:?}: {body}");
    }
}

#[tokio::test]
async fn tool_call_without_arguments_works_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let ping = || Tool::new("ping_server", "Pings the server", Json::empty_object());
    for (model, api) in with_tools() {
        let chat = chat(&bedrock, model, api).bind_tools([ping()]);
        let mut messages = vec![Message::human("Please ping the server.")];
        let whole = chat.invoke(&messages).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
        let streamed = chat.stream(&messages).await.unwrap().message().await.unwrap();
        for reply in [&whole, &streamed] {
            let args: Vec<_> = reply.tool_calls().map(|call| call.args.as_str()).collect();
            assert_eq!(args, ["{}"], "{model} {api:?}: {reply:?}");
        }
        let id = streamed.tool_calls().next().unwrap().id.clone();
        // The reply to an empty result must not be empty either: the service refuses empty text.
        messages.extend([streamed.into(), Message::tool(id, "")]);
        answer(&chat, &messages).await;
    }
}

#[tokio::test]
async fn reasoning_round_trips_in_every_family_that_reasons() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let low = || Some(Reasoning::Effort("low".into()));
    for (model, reasoning) in [
        (CLAUDE, Some(Reasoning::Budget(1024))),
        ("us.anthropic.claude-opus-4-6-v1", Some(Reasoning::Adaptive)),
        ("us.amazon.nova-2-lite-v1:0", low()),
        (GPT_OSS, low()),
        ("us.deepseek.r1-v1:0", None),
    ] {
        for api in BOTH {
            let mut options = ChatOptions::default();
            options.reasoning = reasoning.clone();
            let chat = chat(&bedrock, model, api).with_options(&options);
            let whole = chat.invoke("Is 91 prime?").await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            let streamed = chat.stream("Is 91 prime?").await.unwrap().message().await.unwrap();
            assert!(!whole.thinking().is_empty() && whole.thinking() == streamed.thinking(), "{model} {api:?}");
            assert!(!whole.text().contains("think>") && !whole.text().contains("reasoning>"), "{model} {api:?}");
            let text = serde_json::to_string(&Message::from(&streamed)).unwrap();
            let replayed: Message = serde_json::from_str(&text).unwrap();
            let messages = [Message::human("Is 91 prime?"), replayed, Message::human("And 97?")];
            // The server checks the signatures of families that sign reasoning.
            assert!(answer(&chat, &messages).await.contains("And 97?"), "{model} {api:?}");
        }
    }
    // Signed reasoning is not sent to another family.
    let thought = calling(&bedrock, CLAUDE, Api::Invoke).reasoning(Reasoning::Budget(1024)).build().unwrap();
    let reply = thought.invoke("Is 91 prime?").await.unwrap();
    for model in [GPT_OSS, QWEN, "us.deepseek.r1-v1:0"] {
        let messages = [Message::human("Is 91 prime?"), Message::from(&reply), Message::human("And 97?")];
        answer(&chat(&bedrock, model, Api::Invoke), &messages).await;
        assert!(!sent(&bedrock).to_string().contains(&reply.thinking()), "{model}");
    }
}

#[tokio::test]
async fn unset_options_are_not_sent_in_any_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        for api in BOTH {
            let chat = chat(&bedrock, model, api);
            for options in [ChatOptions::default(), ChatOptions::default()] {
                chat.with_options(&options).invoke("hello").await.unwrap();
                let body = sent(&bedrock).to_string();
                for key in ["temperature", "top_p", "topP", "top_k", "topK", "stop", "tool", "reasoning", "thinking"] {
                    assert!(!body.contains(&format!("\"{key}")), "{model} {api:?}: {key} in {body}");
                }
            }
        }
    }
}

#[tokio::test]
async fn guardrail_outcome_is_typed_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        for api in BOTH {
            for trace in [None, Some(GuardrailTrace::Enabled)] {
                let mut guardrail = Guardrail::new("gr123", "1");
                guardrail.trace = trace;
                let options = ChatOptions::default().with_guardrail(guardrail);
                let chat = chat(&bedrock, model, api).with_options(&options);
                let whole = chat.invoke("Is this BLOCKED?").await.unwrap();
                let streamed = chat.stream("Is this BLOCKED?").await.unwrap().message().await.unwrap();
                for reply in [whole, streamed] {
                    let outcome = reply.guardrail().unwrap_or_else(|| panic!("{model} {api:?}: {reply:?}"));
                    assert_eq!(
                        (outcome.intervened, outcome.trace.is_some()),
                        (true, trace.is_some()),
                        "{model} {api:?}"
                    );
                    assert_eq!(reply.stop_reason, Some(StopReason::GuardrailIntervened), "{model} {api:?}");
                    assert!(reply.usage.is_some(), "{model} {api:?}: {reply:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn usage_of_every_family_adds_up_in_a_stream() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        for api in BOTH {
            for tokens in [200, 3] {
                let options = ChatOptions::default().with_max_tokens(tokens);
                let chat = chat(&bedrock, model, api).with_options(&options);
                let whole = chat.invoke("Tell me of the sea.").await.unwrap().usage.unwrap();
                let mut stream = chat.stream("Tell me of the sea.").await.unwrap();
                let (mut sum, mut texts) = (Usage::default(), 0);
                while let Some(event) = stream.next().await {
                    match event.unwrap() {
                        ChatEvent::Usage { usage } => sum += usage,
                        ChatEvent::Text { .. } => texts += 1,
                        _ => {}
                    }
                }
                assert_eq!(sum, whole, "{model} {api:?}");
                assert_eq!(stream.so_far().usage, Some(whole), "{model} {api:?}");
                assert!(whole.input_tokens > 0 && whole.output_tokens > 0, "{model} {api:?}: {whole:?}");
                if tokens == 3 {
                    assert_eq!(stream.so_far().stop_reason, Some(StopReason::MaxTokens), "{model} {api:?}");
                } else {
                    assert!(texts > 2, "{model} {api:?}: token by token, and not at once: {texts}");
                }
            }
        }
    }
}

#[tokio::test]
async fn failed_tool_result_can_have_an_image() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let picture = || Content::image("image/png", b"\x89PNG\r\n\x1a\nlittle".to_vec());
    for model in [CLAUDE, "us.amazon.nova-lite-v1:0"] {
        for api in BOTH {
            let chat = chat(&bedrock, model, api).bind_tools([weather()]);
            for content in [vec![Content::text("the radar is down"), picture()], vec![picture()]] {
                let mut messages = called_and_answered(Some("What do you see?"));
                let mut failed = ToolResult::new("call00001", content);
                failed.is_error = true;
                messages[2] = Message::new(Role::Tool, [Content::ToolResult(failed)]);
                // The server accepts only text in the result itself.
                assert!(answer(&chat, &messages).await.contains("12 degrees"), "{model} {api:?}");
                let body = sent(&bedrock).to_string();
                assert!(body.contains("iVBORw0KGgpsaXR0bGU=") && body.contains("error"), "{model} {api:?}: {body}");
            }
        }
    }
}
