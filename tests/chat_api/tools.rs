//! Tools: bound, chosen, called in parallel, and never run with invalid arguments.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    Api, ChatOptions, Content, Credentials, ErrorKind, Json, Message, Role, StopReason, Tool, ToolCall, ToolChoice,
};
use local_bedrock::{Fault, LocalBedrock};

use crate::{BOTH, CLAUDE, COMMAND_R, GPT_OSS, JAMBA, LLAMA, MISTRAL, NOVA, QWEN, calling, chat, sent, tool, weather};

/// Models that accept tools over both APIs.
pub(crate) const BOTH_WAYS: [&str; 7] = [CLAUDE, NOVA, MISTRAL, GPT_OSS, QWEN, JAMBA, COMMAND_R];

#[tokio::test]
async fn tool_call_round_trip_works_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in BOTH_WAYS {
        for api in BOTH {
            let chat = chat(&bedrock, model, api).bind_tools([weather()]);
            let mut messages = vec![Message::human("What is the weather in Paris and London?")];
            let reply = chat.invoke(&messages).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert_eq!(reply.stop_reason, Some(StopReason::ToolUse), "{model} {api:?}");
            let cities: Vec<_> = reply.tool_calls().map(|call| call.args.to_string()).collect();
            assert_eq!(cities.len(), 2, "{model} {api:?}: {cities:?}");
            assert!(cities[0].contains("Paris") && cities[1].contains("London"), "{model} {api:?}: {cities:?}");
            let streamed = chat.stream(&messages).await.unwrap().message().await.unwrap();
            let arguments: Vec<_> = streamed.tool_calls().map(|call| call.args.to_string()).collect();
            assert_eq!(arguments, cities, "{model} {api:?}");

            messages.push(Message::from(&reply));
            for (call, degrees) in reply.tool_calls().zip(["18", "12"]) {
                messages.push(Message::tool(&call.id, format!("{degrees} degrees")));
            }
            let answer = chat.invoke(&messages).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert!(answer.text().contains("18 degrees") && answer.text().contains("12 degrees"), "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn tool_calls_of_other_models_are_accepted_by_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in BOTH_WAYS {
        for api in BOTH {
            let chat = chat(&bedrock, model, api).bind_tools([weather()]);
            for id in ["functions.get_weather:", &"long".repeat(25)] {
                let ids = [format!("{id}0"), format!("{id}1")];
                let call = |at: usize, city: &str| {
                    let args = Json::from(serde_json::json!({ "city": city }));
                    Content::ToolCall(ToolCall::new(&ids[at], "get_weather", args))
                };
                let messages = [
                    Message::human("What is the weather in Paris and London?"),
                    Message::new(Role::Ai, [call(0, "Paris"), call(1, "London")]),
                    Message::tool(&ids[1], "12 degrees"),
                    Message::tool(&ids[0], "18 degrees"),
                ];
                let answer = chat.invoke(&messages).await;
                let answer = answer.unwrap_or_else(|error| panic!("{model} {api:?} {id}: {error}"));
                assert!(
                    answer.text().contains("18 degrees") && answer.text().contains("12 degrees"),
                    "{model} {api:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn parallel_tool_calls_option_is_sent_or_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let options = ChatOptions::default().with_parallel_tool_calls(false);
    let question = "What is the weather in Paris and London?";
    for (model, api) in [(CLAUDE, Api::Invoke), (CLAUDE, Api::Converse), (GPT_OSS, Api::Invoke), (QWEN, Api::Invoke)] {
        let chat = chat(&bedrock, model, api).bind_tools([weather()]).with_options(&options);
        let reply = chat.invoke(question).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
        assert_eq!(reply.tool_calls().count(), 1, "{model} {api:?}");
    }
    let before = bedrock.requests().len();
    for (model, api) in [(NOVA, Api::Converse), (LLAMA, Api::Converse), (COMMAND_R, Api::Invoke)] {
        let chat = chat(&bedrock, model, api).bind_tools([weather()]).with_options(&options);
        let error = chat.invoke(question).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{model} {api:?}: {error}");
        assert!(error.message().contains("parallel_tool_calls"), "{error}");
    }
    assert_eq!(bedrock.requests().len(), before, "nothing was sent");
}

#[tokio::test]
async fn tool_choice_is_never_ignored() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let tools = || [weather(), tool("get_population", "city")];
    for model in [CLAUDE, NOVA, MISTRAL] {
        for api in BOTH {
            let chat = chat(&bedrock, model, api).bind_tools(tools());
            let called = async |choice: ToolChoice| {
                let reply = chat.with_tool_choice(choice.clone()).invoke("Tell me about the weather in Rome.").await;
                let reply = reply.unwrap_or_else(|error| panic!("{model} {api:?} {choice:?}: {error}"));
                reply.tool_calls().map(|call| call.name.clone()).collect::<Vec<_>>()
            };
            assert_eq!(called(ToolChoice::Auto).await, ["get_weather"], "{model} {api:?}");
            assert_eq!(called(ToolChoice::Any).await, ["get_weather"], "{model} {api:?}");
            assert_eq!(called("get_population".into()).await, ["get_population"], "{model} {api:?}");
            assert!(called(ToolChoice::None).await.is_empty(), "{model} {api:?}");
        }
    }
    let before = bedrock.requests().len();
    for (model, api) in [(LLAMA, Api::Converse), (COMMAND_R, Api::Converse), (COMMAND_R, Api::Invoke)] {
        let chat = chat(&bedrock, model, api).bind_tools(tools()).with_tool_choice("get_population");
        let error = chat.invoke("Rome?").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{model} {api:?}: {error}");
    }
    // Prompt formats cannot have tools.
    let error = chat(&bedrock, LLAMA, Api::Invoke).bind_tools(tools()).invoke("Rome?").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.message().contains("Converse"), "it says what can: {error}");
    for api in BOTH {
        let error = chat(&bedrock, CLAUDE, api).with_tool_choice(ToolChoice::Any).invoke("Rome?").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
    assert_eq!(bedrock.requests().len(), before, "nothing was sent");
}

#[tokio::test]
async fn tools_of_every_form_can_be_bound_together() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;
    let tools = [
        format!(r#"{{"name":"weather","description":"d","schema":{schema}}}"#),
        format!(r#"{{"type":"function","function":{{"name":"population","description":"d","parameters":{schema}}}}}"#),
        format!(r#"{{"name":"mayor","description":"d","input_schema":{schema}}}"#),
        format!(r#"{{"toolSpec":{{"name":"river","description":"d","inputSchema":{{"json":{schema}}}}}}}"#),
    ];
    let list = Json::parse(&format!("[{}]", tools.join(","))).unwrap();
    let tools = Tool::list_from_json(&list).unwrap();
    for model in [CLAUDE, NOVA, GPT_OSS] {
        for api in BOTH {
            let chat = chat(&bedrock, model, api).bind_tools(tools.clone());
            let reply = chat.invoke("The weather, population, mayor and river in Rome?").await.unwrap();
            let names: Vec<_> = reply.tool_calls().map(|call| call.name.as_str()).collect();
            assert_eq!(names, ["weather", "population", "mayor", "river"], "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn native_tool_is_sent_unchanged_over_converse() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let grounding = Json::parse(r#"{"systemTool":{"name":"nova_grounding"}}"#).unwrap();
    let chat = chat(&bedrock, "us.amazon.nova-2-lite-v1:0", Api::Converse).bind_tools([Tool::native(grounding)]);
    chat.invoke("hello").await.unwrap();
    assert_eq!(sent(&bedrock)["toolConfig"]["tools"], serde_json::json!([{"systemTool": {"name": "nova_grounding"}}]));
}

#[tokio::test]
async fn native_tool_can_be_forced_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let bash = Json::parse(r#"{"type":"bash_20250124","name":"bash"}"#).unwrap();
    for api in BOTH {
        for choice in [ToolChoice::Any, "bash".into()] {
            let chat = chat(&bedrock, CLAUDE, api).bind_tools([Tool::native(bash.clone())]).with_tool_choice(choice);
            let reply = chat.invoke("List the files.").await.unwrap_or_else(|error| panic!("{api:?}: {error}"));
            assert!(sent(&bedrock).to_string().contains("\"tool_choice\""), "{api:?}: {}", sent(&bedrock));
            // Over Converse the local model does not check the fields that are passed on to Claude.
            let called = reply.tool_calls().any(|call| call.name == "bash");
            assert!(called || api == Api::Converse, "{api:?}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn tool_call_cut_short_is_invalid_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA] {
        for api in BOTH {
            let chat = calling(&bedrock, model, api).max_tokens(12).build().unwrap().bind_tools([weather()]);
            let reply = chat
                .with_tool_choice("get_weather")
                .stream("The weather in Llanfairpwllgwyngyllgogerychwyrndrobwll?")
                .await;
            let reply = reply.unwrap().message().await.unwrap();
            assert_eq!(reply.stop_reason, Some(StopReason::MaxTokens), "{model} {api:?}: {reply:?}");
            if let Some(call) = reply.invalid_tool_calls().next() {
                assert!(call.args.starts_with('{') && !call.error.is_empty(), "{call:?}");
            }
            assert_eq!(reply.tool_calls().count(), 0, "half an argument is never run: {model} {api:?}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn tool_call_with_bad_arguments_can_be_answered() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for arguments in ["[1,2]", "not json", r#"{"city":"#] {
        let answer = serde_json::json!({"choices": [{"finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": null,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}],
        }}]});
        bedrock.faults().push(Fault::reply(200, "application/json", answer.to_string()));
        let chat = chat(&bedrock, GPT_OSS, Api::Invoke).bind_tools([weather()]);
        let mut messages = vec![Message::human("The weather in Rome?")];
        let reply = chat.invoke(&messages).await.unwrap();
        let invalid: Vec<_> = reply.invalid_tool_calls().map(|call| call.args.as_str()).collect();
        assert_eq!(invalid, [arguments]);
        assert_eq!(reply.tool_calls().count(), 0);
        messages.push(Message::from(&reply));
        messages.push(Message::tool_error("call_1", "the arguments are no JSON object"));
        assert!(chat.invoke(&messages).await.unwrap().text().contains("no JSON object"));
    }
}

#[test]
fn tool_name_invalid_everywhere_is_refused() {
    for api in BOTH {
        let chat = bedrock_chat::BedrockChat::builder(CLAUDE)
            .region("us-east-1")
            .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
            .transport(MemoryTransport::new([] as [Reply; 0]))
            .api(api)
            .build()
            .unwrap();
        let error =
            futures_executor::block_on(chat.bind_tools([tool("get weather!", "city")]).invoke("a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.message().contains("get weather!"), "{error}");
    }
}

#[test]
fn invalid_tool_in_a_list_is_named_by_its_position() {
    for (text, says) in [
        (r#"{"name":"a"}"#, "not a list of tools"),
        (r#"[{"name":"a","schema":{}}, {"a":1,"b":2}]"#, "tool 1 of the list"),
        (r#"[7]"#, "tool 0 of the list"),
    ] {
        let error = Tool::list_from_json(&Json::parse(text).unwrap()).unwrap_err();
        assert!(error.kind() == ErrorKind::Encode && error.message().contains(says), "{error}");
    }
    assert!(Tool::list_from_json(&Json::parse("[]").unwrap()).unwrap().is_empty());
}

/// Order a meal.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct OrderMeal {
    dish: String,
    count: u8,
    extras: Option<Extras>,
}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Extras {
    sauce: String,
}

#[tokio::test]
async fn strict_tool_schema_is_accepted_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, GPT_OSS, QWEN] {
        for api in BOTH {
            let chat = chat(&bedrock, model, api).bind_tools([Tool::of::<OrderMeal>().strict()]);
            let reply = chat.invoke("Order a meal, 3 times.").await.unwrap();
            assert_eq!(reply.tool_calls().count(), 1, "{model} {api:?}: {reply:?}");
            let body = sent(&bedrock).to_string();
            assert!(body.contains(r#""strict":true"#), "{model} {api:?}: {body}");
            // Every object is closed, and limits of Rust's number types are in the description.
            assert_eq!(body.matches(r#""additionalProperties":false"#).count(), 2, "{model} {api:?}: {body}");
            assert!(!body.contains(r#""maximum":"#) && body.contains("maximum: 255"), "{model} {api:?}: {body}");
        }
    }
}

/// An observer that records the adaptations of each call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Adaptations(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Adaptations {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl bedrock_chat::Observer for Adaptations {
    fn start(&self, _: &bedrock_chat::RunStart<'_>) -> Option<Box<dyn bedrock_chat::Run>> {
        Some(Box::new(self.clone()))
    }
}

impl bedrock_chat::Run for Adaptations {
    fn adapted(&mut self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }
}

#[tokio::test]
async fn stream_with_tools_is_one_whole_call_on_llama() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let seen = Adaptations::default();
    let chat = calling(&bedrock, LLAMA, Api::Converse).observer(seen.clone()).build().unwrap();
    let asked = "What is the weather in Paris?";
    let streamed = chat.bind_tools([weather()]).stream(asked).await.unwrap().message().await.unwrap();
    assert_eq!(streamed.tool_calls().count(), 1);
    assert!(bedrock.requests()[0].path.ends_with("/converse"), "{}", bedrock.requests()[0].path);
    assert!(seen.take()[0].contains("does not stream"));
    chat.stream(asked).await.unwrap().message().await.unwrap();
    assert!(bedrock.requests()[1].path.ends_with("/converse-stream"), "without tools it streams");
    assert!(seen.take().is_empty());
}

#[tokio::test]
async fn reasoning_budget_is_left_out_in_a_begun_tool_loop() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let seen = Adaptations::default();
    let begun = [
        Message::human("What is the weather in Paris?"),
        Message::new(Role::Ai, [Content::ToolCall(ToolCall::new("c1", "get_weather", Json::empty_object()))]),
        Message::tool("c1", "18 degrees"),
    ];
    for api in BOTH {
        let options = ChatOptions::default().with_reasoning(bedrock_chat::Reasoning::Budget(2048));
        let chat = calling(&bedrock, CLAUDE, api).options(&options).observer(seen.clone()).build().unwrap();
        let chat = chat.bind_tools([weather()]);
        chat.invoke(begun.to_vec()).await.unwrap();
        assert!(!sent(&bedrock).to_string().contains("budget_tokens"), "{api:?}");
        assert!(seen.take()[0].contains("reasoning is off"), "{api:?}");
        chat.invoke("hello").await.unwrap();
        assert!(sent(&bedrock).to_string().contains("budget_tokens") && seen.take().is_empty(), "{api:?}");
    }
}
