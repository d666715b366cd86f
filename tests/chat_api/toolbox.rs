//! The toolbox: the loop that lets a model use tools until it has its answer.

use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bedrock_chat::{ChatEvent, Content, ErrorKind, Json, Message, Role, Step, Tool, ToolChoice, Toolbox};
use local_bedrock::{Fault, LocalBedrock, soon};
use tokio::sync::Notify;

use crate::{BOTH, CLAUDE, GPT_OSS, JAMBA, MISTRAL, NOVA, OLD_CLAUDE, calling, chat, sent, weather};

/// Get the current weather.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetWeather {
    city: String,
}

fn degrees() -> Toolbox {
    Toolbox::new().tool(|args: GetWeather| async move { Ok::<_, String>(format!("18 degrees in {}", args.city)) })
}

#[tokio::test]
async fn toolbox_run_completes_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, MISTRAL, GPT_OSS, JAMBA] {
        for api in BOTH {
            let run = degrees().run(&chat(&bedrock, model, api), "The weather in Paris and London?").await;
            let run = run.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert!(run.reply.text().contains("18 degrees in London"), "{model} {api:?}: {}", run.reply.text());
            assert_eq!((run.steps, run.messages.len(), run.cut_short), (2, 4, false), "{model} {api:?}");
            assert_eq!(run.messages[2].role, Role::Tool);
            assert_eq!(run.messages[2].content.len(), 2, "both results are in one turn");
            assert!(run.usage.total_tokens() > run.reply.usage.unwrap().total_tokens(), "usage is that of all steps");
        }
    }
}

#[tokio::test]
async fn toolbox_runs_calls_in_parallel_and_sends_in_order() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Paris, the first call, ends after the result of London.
    let (counted, london) = ((running.clone(), most.clone()), Arc::new(Notify::new()));
    let is_reported = london.clone();
    let toolbox = Toolbox::new().tool(move |args: GetWeather| {
        let ((running, most), london) = (counted.clone(), london.clone());
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            match args.city.as_str() {
                "Paris" => london.notified().await,
                _ => tokio::task::yield_now().await,
            }
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, String>(args.city)
        }
    });
    let mut shown = Vec::new();
    let text = |content: &[Content]| content.iter().filter_map(Content::as_text).collect::<String>();
    let chat = chat(&bedrock, CLAUDE, BOTH[0]);
    let run = toolbox.run_with(&chat, "The weather in Paris and London?", |step| match step {
        Step::Reply(reply) => shown.push(format!("reply {}", reply.tool_calls().count())),
        Step::Call(call) => shown.push(format!("call {}", call.name)),
        Step::Result(result) => {
            shown.push(format!("result {}", text(&result.content)));
            is_reported.notify_one();
        }
        _ => {}
    });
    let run = soon(run).await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 2);
    let steps = ["reply 2", "call get_weather", "call get_weather", "result London", "result Paris", "reply 0"];
    assert_eq!(shown, steps);
    let results = run.messages[2].content.iter().map(|block| match block {
        Content::ToolResult(result) => text(&result.content),
        other => panic!("{other:?}"),
    });
    assert_eq!(results.collect::<Vec<_>>(), ["Paris", "London"]);
}

#[tokio::test]
async fn toolbox_sends_tool_errors_to_the_model() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, GPT_OSS] {
        for api in BOTH {
            let toolbox = Toolbox::new().tool(|_: GetWeather| async { Err::<String, _>("the station is closed") });
            let run = toolbox.run(&chat(&bedrock, model, api), "The weather in Rome?").await.unwrap();
            assert!(run.reply.text().contains("the station is closed"), "{model} {api:?}: {}", run.reply.text());
            let Content::ToolResult(result) = &run.messages[2].content[0] else { panic!() };
            assert!(result.is_error);
        }
    }
}

#[tokio::test]
async fn toolbox_sends_argument_errors_to_the_model() {
    /// Get the current weather.
    #[derive(serde::Deserialize)]
    struct Wants {
        #[allow(dead_code)]
        altitude: u32,
    }
    let bedrock = LocalBedrock::start().await.unwrap();
    let toolbox = Toolbox::new().tool_with(weather(), |_: Wants| async { Ok::<_, String>("never") });
    let run = toolbox.run(&chat(&bedrock, CLAUDE, BOTH[0]), "The weather in Rome?").await.unwrap();
    assert!(run.reply.text().contains("missing field `altitude`"), "{}", run.reply.text());
}

#[tokio::test]
async fn toolbox_answers_an_unknown_tool_with_the_known_ones() {
    let bedrock = LocalBedrock::start().await.unwrap();
    // The model has called a tool that the toolbox does not have.
    let other: Tool = crate::tool("get_population", "city");
    let call = chat(&bedrock, CLAUDE, BOTH[0]).bind_tools([other]).invoke("The population in Rome?").await.unwrap();
    let call = serde_json::to_value(Message::from(&call)).unwrap();
    let answer = serde_json::json!({
        "id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "tool_use",
        "content": [{"type": "tool_use", "id": call["content"][1]["id"], "name": "get_population", "input": {}}],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    });
    bedrock.faults().push(Fault::reply(200, "application/json", answer.to_string()));
    let run = degrees().run(&chat(&bedrock, CLAUDE, BOTH[0]), "Rome?").await.unwrap();
    assert!(
        run.reply.text().contains("there is no tool `get_population`; use one of get_weather"),
        "{}",
        run.reply.text()
    );
}

#[tokio::test]
async fn toolbox_run_stops_at_its_step_limit() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let run = degrees().max_steps(1).run(&chat(&bedrock, CLAUDE, BOTH[0]), "The weather in Rome?").await.unwrap();
    assert_eq!((run.steps, run.cut_short), (1, true));
    assert_eq!(run.messages.last().map(|message| message.role), Some(Role::Ai), "its calls are there to be answered");
}

#[tokio::test]
async fn toolbox_forces_a_tool_in_the_first_step_only() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let chat = chat(&bedrock, CLAUDE, api).with_options(
            &bedrock_chat::ChatOptions::default().with_tools([weather()]).with_tool_choice(ToolChoice::Any),
        );
        let run = degrees().run(&chat, "Hello.").await.unwrap();
        assert_eq!((run.steps, run.cut_short), (2, false), "{api:?}");
        assert!(run.reply.text().contains("18 degrees"), "{api:?}: {}", run.reply.text());
    }
}

#[tokio::test]
async fn toolbox_run_is_the_same_when_streamed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, GPT_OSS] {
        for api in BOTH {
            let chat = calling(&bedrock, model, api).streaming(true).build().unwrap();
            let (mut pieces, mut shown, mut replies) = (0, String::new(), Vec::new());
            let toolbox = degrees();
            let run = toolbox.run_with(&chat, "The weather in Paris and London?", |step| match step {
                Step::Event(event) => {
                    pieces += 1;
                    if let ChatEvent::Text { text, .. } = event {
                        shown.push_str(text);
                    }
                }
                Step::Reply(reply) => replies.push(reply.text()),
                _ => {}
            });
            let run = run.await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert_eq!(shown, replies.concat(), "{model} {api:?}");
            assert!(pieces > 10 && run.reply.text().contains("18 degrees in London"), "{model} {api:?}: {pieces}");
            assert_eq!((run.steps, run.messages.len()), (2, 4), "{model} {api:?}");
            // A call whose reply breaks off is sent again if the policy allows it and no caller reads its events.
            let policy = bedrock_chat::RetryPolicy::default().with_paid_resend(true);
            let chat = calling(&bedrock, model, api).streaming(true).retry(policy).build().unwrap();
            bedrock.faults().push(Fault::exception_frame(6, "throttlingException", "Too many"));
            assert_eq!(toolbox.run(&chat, "The weather in Paris?").await.unwrap().steps, 2, "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn toolbox_keeps_provider_tools() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let grounding = Json::parse(r#"{"systemTool":{"name":"nova_grounding"}}"#).unwrap();
    let chat = chat(&bedrock, "us.amazon.nova-2-lite-v1:0", BOTH[1]).bind_tools([Tool::native(grounding), weather()]);
    let run = degrees().run(&chat, "The weather in Rome?").await.unwrap();
    assert!(run.reply.text().contains("18 degrees"));
    let tools = &sent(&bedrock)["toolConfig"]["tools"];
    assert_eq!(tools.as_array().unwrap().len(), 2, "{tools}");
    assert_eq!(tools[1], serde_json::json!({"systemTool": {"name": "nova_grounding"}}));
}

#[tokio::test]
async fn toolbox_continues_a_paused_turn() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let paused =
        serde_json::json!({"content": [{"type": "text", "text": "I am still looking"}], "stop_reason": "pause_turn"});
    bedrock.faults().push(Fault::reply(200, "application/json", paused.to_string()));
    let run = degrees().run(&chat(&bedrock, OLD_CLAUDE, BOTH[0]), "Rome?").await.unwrap();
    assert_eq!((run.steps, run.cut_short), (2, false));
    let roles: Vec<_> = sent(&bedrock)["messages"].as_array().unwrap().iter().map(|it| it["role"].clone()).collect();
    assert_eq!(roles, ["user", "assistant"], "what it had said is sent back");
}

#[tokio::test]
async fn toolbox_with_duplicate_names_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let twice = degrees().tool(|_: GetWeather| async { Ok::<_, String>("") });
    let error = twice.run(&chat(&bedrock, CLAUDE, BOTH[0]), "Rome?").await.unwrap_err();
    assert!(error.error.message().contains("two tools called get_weather"), "{error}");
}

/// A toolbox that counts how often its tool runs.
fn counted() -> (Toolbox, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let toolbox = Toolbox::new().tool(move |args: GetWeather| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, String>(format!("18 degrees in {}", args.city)) }
    });
    (toolbox, count)
}

fn roles(messages: &[Message]) -> Vec<Role> {
    messages.iter().map(|message| message.role).collect()
}

const QUESTION: &str = "The weather in Paris and London?";

#[tokio::test]
async fn toolbox_error_has_the_conversation_to_resume_from() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, GPT_OSS] {
        for api in BOTH {
            let (toolbox, count) = counted();
            let chat = chat(&bedrock, model, api);
            bedrock.faults().push(Fault::error(400, "ValidationException", "Too many degrees").skip(1));
            let error = toolbox.run(&chat, QUESTION).await.unwrap_err();
            assert_eq!(
                (error.error.kind(), error.error.message()),
                (ErrorKind::Validation, "Too many degrees"),
                "{model} {api:?}"
            );
            assert_eq!(roles(&error.conversation), [Role::Human, Role::Ai, Role::Tool], "{model} {api:?}");
            assert!(error.usage.output_tokens > 0, "{model} {api:?}: the usage is in the error");
            assert!(!format!("{error:?}").contains("degrees in"), "conversations stay out of logs: {error:?}");

            let run = toolbox.run(&chat, error.conversation).await.unwrap();
            assert!(run.reply.text().contains("18 degrees in London"), "{model} {api:?}: {}", run.reply.text());
            assert_eq!((run.steps, run.messages.len(), count.load(Ordering::SeqCst)), (1, 4, 2), "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn toolbox_stream_error_has_the_partial_reply() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let (toolbox, count) = counted();
        let chat = calling(&bedrock, CLAUDE, api).streaming(true).build().unwrap();
        bedrock.faults().push(Fault::exception_frame(6, "modelStreamErrorException", "Broken").skip(1));
        let error = toolbox.run_with(&chat, QUESTION, |_| ()).await.unwrap_err();
        assert!(!error.error.partial().unwrap().text().is_empty(), "{api:?}");
        let so_far = error.conversation;
        assert_eq!(roles(&so_far), [Role::Human, Role::Ai, Role::Tool], "{api:?}");
        let run = toolbox.run_with(&chat, so_far, |_| ()).await.unwrap();
        assert!(run.reply.text().contains("18 degrees in London"), "{api:?}: {}", run.reply.text());
        assert_eq!(count.load(Ordering::SeqCst), 2, "{api:?}");
    }
}

#[tokio::test]
async fn toolbox_error_in_the_first_call_has_the_messages() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error(403, "AccessDeniedException", "No"));
    let error = degrees().run(&chat(&bedrock, CLAUDE, BOTH[0]), QUESTION.to_owned()).await.unwrap_err();
    assert_eq!(error.conversation, [Message::human(QUESTION)]);
}

#[tokio::test]
async fn toolbox_resumes_only_unanswered_calls() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let (toolbox, count) = counted();
        let chat = chat(&bedrock, CLAUDE, api).with_tool_choice(ToolChoice::Any);
        let mut messages = toolbox.clone().max_steps(1).run(&chat, QUESTION).await.unwrap().messages;
        assert_eq!(count.load(Ordering::SeqCst), 0, "{api:?}: the calls can be looked at first");

        let refused = messages.last().and_then(|reply| reply.tool_calls().next()).unwrap().id.clone();
        messages.push(Message::tool_error(refused, "The user does not want that"));
        let run = toolbox.run(&chat, messages).await.unwrap();
        assert_eq!((run.cut_short, run.steps), (false, 1), "{api:?}: the choice was for the first reply alone");
        let text = run.reply.text();
        assert!(text.contains("does not want that") && text.contains("18 degrees in London"), "{api:?}: {text}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{api:?}");
    }
}

#[tokio::test]
async fn toolbox_steps_survive_a_cancelled_run_or_a_panic() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = chat(&bedrock, CLAUDE, BOTH[0]);
    for panics in [false, true] {
        let toolbox = Toolbox::new().tool(move |args: GetWeather| async move {
            if args.city == "London" {
                assert!(!panics, "a bug of the tool");
                std::future::pending::<()>().await;
            }
            Ok::<_, String>(format!("18 degrees in {}", args.city))
        });
        let (mut messages, has_result) = (vec![Message::human(QUESTION)], Cell::new(false));
        let run = toolbox.run_with(&chat, messages.clone(), |step| {
            has_result.set(has_result.get() || matches!(step, Step::Result(_)));
            messages.extend(step.message());
        });
        // A panic unwinds through the run as it does through any other future.
        let mut run = Box::pin(run);
        let ended = std::future::poll_fn(|context| {
            match std::panic::catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(context))) {
                Err(_) => Poll::Ready("panicked"),
                Ok(Poll::Ready(run)) => panic!("the tool of London does not end: {run:?}"),
                Ok(Poll::Pending) if has_result.get() && !panics => Poll::Ready("dropped"),
                Ok(Poll::Pending) => Poll::Pending,
            }
        });
        assert_eq!(soon(ended).await, if panics { "panicked" } else { "dropped" });
        drop(run);
        assert_eq!(roles(&messages), [Role::Human, Role::Ai, Role::Tool]);

        let (toolbox, count) = counted();
        let run = toolbox.run(&chat, messages).await.unwrap();
        assert!(run.reply.text().contains("18 degrees in London"), "{}", run.reply.text());
        assert_eq!(count.load(Ordering::SeqCst), 1, "Paris had its result");
    }
}

#[tokio::test]
async fn empty_toolbox_unbinds_the_tools_of_the_chat() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let chat = chat(&bedrock, CLAUDE, api).bind_tools([weather()]);
        let run = Toolbox::new().run(&chat, "What is the weather in Paris?").await.unwrap();
        assert_eq!((run.steps, run.cut_short), (1, false), "{api:?}");
        assert!(!sent(&bedrock).to_string().contains("get_weather"), "{api:?}");
        assert!(chat.bind_tools([]).options().tools.is_empty());
    }
}
