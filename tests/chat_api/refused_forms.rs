//! A call that the service refuses in one form is sent in another form, once.

use bedrock_chat::{
    AiMessage, Api, Capabilities, Capability, ChatOptions, Content, ErrorKind, Json, Message, Reasoning, Result, Role,
    ToolCall, ToolChoice, ToolResult,
};
use local_bedrock::{Fault, LocalBedrock};

use crate::tools::Adaptations;
use crate::{CLAUDE, LLAMA, MISTRAL, calling, weather};

const QWEN_VL: &str = "qwen.qwen3-vl-235b-a22b";

/// A call in a form that the table of facts would not choose.
struct Case {
    model: &'static str,
    api: Api,
    /// The capability that the caller claims for the model.
    claims: Capability,
    options: ChatOptions,
    messages: Vec<Message>,
    streams: bool,
    /// The status, the code and the message of the refusal, as reports have them.
    refusal: (u16, &'static str, &'static str),
    /// Parts of the paths and bodies of the two requests.
    sent: [&'static str; 2],
}

fn reasoning(reasoning: Reasoning) -> ChatOptions {
    ChatOptions::default().with_reasoning(reasoning)
}

fn with_tool(tool_choice: Option<ToolChoice>) -> ChatOptions {
    let mut options = ChatOptions::default().with_tools([weather()]);
    options.tool_choice = tool_choice;
    options
}

/// A tool call, its result with a block, and the next message of the user.
fn answered(block: Option<Content>, behind: Option<&str>) -> Vec<Message> {
    let call = ToolCall::new("call00001", "get_weather", Json::parse(r#"{"city":"Rome"}"#).unwrap());
    let content: Vec<Content> = [Content::text("18 degrees")].into_iter().chain(block).collect();
    let mut messages = vec![
        Message::human("The weather in Rome?"),
        Message::new(Role::Ai, [Content::ToolCall(call)]),
        Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("call00001", content))]),
    ];
    messages.extend(behind.map(Message::human));
    messages
}

fn cases() -> Vec<Case> {
    let hello = || vec![Message::human("hello")];
    let image = Content::image("image/png", b"\x89PNG\r\n\x1a\nlocal".to_vec());
    let case = |model, claims, options, messages, message, sent| Case {
        model,
        api: Api::Converse,
        claims,
        options,
        messages,
        streams: false,
        refusal: (400, "ValidationException", message),
        sent,
    };
    let both = |api: Api| {
        let adaptive = Case {
            api,
            ..case(
                CLAUDE,
                Capability::AdaptiveReasoning,
                reasoning(Reasoning::Effort("low".into())),
                hello(),
                "adaptive thinking is not supported on this model",
                ["\"adaptive\"", "\"budget_tokens\":1024"],
            )
        };
        let effort = Case {
            api,
            ..case(
                CLAUDE,
                Capability::ReasoningEffort,
                reasoning(Reasoning::Effort("low".into())),
                hello(),
                "This model does not support the effort parameter.",
                ["\"effort\":\"low\"", "{\"budget_tokens\":1024,\"type\":\"enabled\"}"],
            )
        };
        let off = Case {
            api,
            ..case(
                "us.anthropic.claude-sonnet-5-5",
                Capability::ReasoningOff,
                reasoning(Reasoning::Disabled),
                hello(),
                "\"thinking.type.disabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.",
                ["\"disabled\"", "\"between_tools\""],
            )
        };
        let strict = |streams| Case {
            api,
            streams,
            ..case(
                CLAUDE,
                Capability::StrictTools,
                ChatOptions::default().with_tools([weather().strict()]),
                vec![Message::human("The weather in Rome?")],
                "tools.0.custom.strict: Extra inputs are not permitted",
                ["\"strict\":true", "\"required\":[\"city\"]"],
            )
        };
        let (any, named) = match api {
            Api::Converse => ("\"toolChoice\":{\"any\"", "\"toolChoice\":{\"tool\""),
            _ => ("\"tool_choice\":{\"type\":\"any\"", "\"tool_choice\":{\"name\":"),
        };
        let forced = |streams, choice: ToolChoice, sent| Case {
            api,
            streams,
            ..case(
                CLAUDE,
                Capability::ForcedTools,
                with_tool(Some(choice)),
                hello(),
                "tool_choice: type \"tool\" and \"any\" are not supported for this model.",
                sent,
            )
        };
        let reasoning_and_forced = Case {
            api,
            ..case(
                "us.anthropic.claude-opus-4-8",
                Capability::ForcedTools,
                with_tool(Some(ToolChoice::Any)).with_reasoning(Reasoning::Effort("low".into())),
                hello(),
                "Thinking may not be enabled when tool_choice forces tool use.",
                [any, "Call one of the tools"],
            )
        };
        [
            adaptive,
            effort,
            off,
            strict(false),
            strict(true),
            forced(false, ToolChoice::Any, [any, "Call one of the tools"]),
            forced(true, "get_weather".into(), [named, "Call the tool `get_weather`"]),
            reasoning_and_forced,
        ]
    };
    let mut cases = vec![
        Case {
            streams: true,
            ..case(
                LLAMA,
                Capability::StreamedTools,
                with_tool(None),
                vec![Message::human("The weather in Rome?")],
                "This model doesn't support tool use in streaming mode.",
                ["/converse-stream", "/converse "],
            )
        },
        Case {
            streams: true,
            ..case(
                "ai21.j2-ultra-v1",
                Capability::Streaming,
                ChatOptions::default(),
                hello(),
                "The model is unsupported for streaming.",
                ["/converse-stream", "/converse "],
            )
        },
        case(
            MISTRAL,
            Capability::NamedTools,
            with_tool(Some("get_weather".into())),
            vec![Message::human("The weather in Rome?")],
            "This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and try again.",
            ["\"toolChoice\":{\"tool\"", "\"toolChoice\":{\"any\""],
        ),
        case(
            QWEN_VL,
            Capability::ImagesInResults,
            with_tool(None),
            answered(Some(image), None),
            "This model doesn't support the image field for user messages. Remove image and try again.",
            ["{\"text\":\"18 degrees\"},{\"image\"", "\"toolUseId\":\"call00001\"}},{\"image\""],
        ),
        case(
            LLAMA,
            Capability::UserAfterTools,
            with_tool(None),
            answered(None, Some("and tomorrow?")),
            "messages.2.content: Conversation blocks and tool result blocks cannot be provided in the same turn.",
            ["\"toolUseId\":\"call00001\"}},{\"text\":\"and tomorrow?\"}", "[{\"text\":\"and tomorrow?\"}]"],
        ),
        Case {
            refusal: (
                403,
                "AccessDeniedException",
                "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.",
            ),
            ..case(
                QWEN_VL,
                Capability::PromptCaching,
                ChatOptions::default(),
                vec![Message::human("hello").with(Content::cache_point())],
                "",
                ["cachePoint", "[{\"text\":\"hello\"}]"],
            )
        },
    ];
    for api in [Api::Invoke, Api::Converse] {
        cases.extend(both(api));
    }
    // The ARN of a customer's profile does not name the model behind it.
    cases.push(Case {
        model: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
        ..case(
            CLAUDE,
            Capability::ForcedTools,
            with_tool(Some(ToolChoice::Any)),
            hello(),
            "tool_choice: type \"tool\" and \"any\" are not supported for this model.",
            ["\"toolChoice\":{\"any\"", "Call one of the tools"],
        )
    });
    cases
}

/// Makes the call of a case with this many refusals. Returns the answer, the adaptations, and the requests.
async fn call(bedrock: &LocalBedrock, case: &Case, refusals: usize) -> (Result<AiMessage>, Vec<String>, Vec<String>) {
    bedrock.clear();
    let seen = Adaptations::default();
    let capabilities = Capabilities::unknown().with(case.claims, true);
    let options = case.options.clone().with_capabilities(capabilities);
    let chat = calling(bedrock, case.model, case.api).options(&options).observer(seen.clone()).build().unwrap();
    let (status, code, message) = case.refusal;
    for _ in 0..refusals {
        bedrock.faults().push(Fault::error(status, code, message));
    }
    let reply = if case.streams {
        match chat.stream(case.messages.clone()).await {
            Ok(stream) => stream.message().await,
            Err(error) => Err(error),
        }
    } else {
        chat.invoke(case.messages.clone()).await
    };
    let sent = bedrock.requests().iter().map(|request| format!("{} {}", request.path, request.json())).collect();
    (reply, seen.take(), sent)
}

#[tokio::test]
async fn refused_form_is_sent_in_another_form_once() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for case in cases() {
        let name = format!("{} {:?} {}", case.model, case.api, case.claims.as_str());
        let (reply, adapted, sent) = call(&bedrock, &case, 1).await;
        let reply = reply.unwrap_or_else(|error| panic!("{name}: {error}: {sent:?}"));
        assert!(!reply.content.is_empty(), "{name}");
        assert_eq!(sent.len(), 2, "{name}: {sent:?}");
        for (request, part) in sent.iter().zip(case.sent) {
            assert!(request.contains(part), "{name}: {part} is not in {request}");
        }
        assert!(!sent[1].contains(case.sent[0]), "{name}: {} is still in {}", case.sent[0], sent[1]);
        if case.claims == Capability::ForcedTools {
            assert_eq!(reply.tool_calls().count(), 1, "{name}: {reply:?}");
        }
        let count = adapted.iter().filter(|what| what.ends_with(case.claims.as_str())).count();
        assert_eq!(count, 1, "{name}: {adapted:?}");
    }
}

#[tokio::test]
async fn second_refusal_of_a_form_is_an_error_with_advice() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for case in cases() {
        let name = format!("{} {:?} {}", case.model, case.api, case.claims.as_str());
        let (reply, adapted, sent) = call(&bedrock, &case, 2).await;
        let error = reply.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Validation | ErrorKind::AccessDenied), "{name}: {error}");
        assert!(error.message().starts_with(case.refusal.2.trim_end_matches('.')), "{name}: {error}");
        assert!(error.message().len() > case.refusal.2.len(), "{name}: {error} says what to do");
        assert_eq!((sent.len(), error.attempts()), (2, 2), "{name}: {sent:?}");
        assert_eq!(adapted.iter().filter(|what| what.ends_with(case.claims.as_str())).count(), 1, "{name}");
    }
}
