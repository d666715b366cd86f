//! Every option that a caller sets is sent, or refused before sending with advice. No family and no
//! API ignores it silently.

use bedrock_chat::{
    Api, BedrockChat, CachePoint, ChatOptions, ErrorKind, Guardrail, GuardrailTrace, Json, Latency, Message, Reasoning,
    ResponseFormat, ServiceTier, StreamProcessing, Tool, ToolChoice,
};
use local_bedrock::LocalBedrock;

use crate::merging::MODELS;
use crate::{BOTH, CLAUDE, GPT_OSS, JAMBA, LLAMA, NOVA, QWEN, chat, sent, tool, weather};

/// The message of an error, and the option that it names.
type Refusal = (String, String);

/// Returns everything that was sent for the options, or the reason why nothing was sent.
async fn outcome(bedrock: &LocalBedrock, chat: &BedrockChat, options: &ChatOptions) -> Result<String, Refusal> {
    bedrock.clear();
    let answer = chat.with_options(options).invoke("What is the weather in Rome?").await;
    match bedrock.requests().last() {
        // A request that the service refused was sent, too.
        Some(request) => Ok(format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.body))),
        None => {
            let error = answer.unwrap_err();
            let kinds = [ErrorKind::Unsupported, ErrorKind::Config];
            assert!(kinds.contains(&error.kind()), "{chat:?}: {error}");
            assert!(error.message().contains([':', ';']), "no advice in: {error}");
            assert!(error.to_string().contains(chat.model().as_str()), "{error}");
            Err((error.message().to_owned(), error.field().unwrap_or_default().to_owned()))
        }
    }
}

#[tokio::test]
async fn every_option_is_sent_or_refused_with_advice() {
    let none = ChatOptions::default;
    let schema = Json::parse(
        r#"{"type":"object","properties":{"river":{"type":"string"}},"required":["river"],"additionalProperties":false}"#,
    );
    let strict = || {
        let mut tool = weather();
        tool.strict = Some(true);
        vec![tool]
    };
    let guardrail = || Guardrail::new("gr-1", "7").with_trace(GuardrailTrace::Enabled);
    let rows = [
        ("max_tokens", "1234", none().with_max_tokens(1234)),
        ("temperature", "0.37", none().with_temperature(0.37)),
        ("top_p", "0.53", none().with_top_p(0.53)),
        ("top_k", "77", none().with_top_k(77)),
        ("stop", "\"end\"", none().with_stop(["end"])),
        ("tools", "get_weather", none().with_tools([weather()])),
        ("tools", "\"strict\":true", none().with_tools(strict())),
        ("parallel_tool_calls", "arallel", none().with_tools([weather()]).with_parallel_tool_calls(false)),
        ("reasoning", "2222", none().with_reasoning(Reasoning::Budget(2222))),
        // Claude before 4.6 receives an effort as a budget.
        ("reasoning", "medium|4096", none().with_reasoning(Reasoning::Effort("medium".into()))),
        ("response_format", "river", none().with_response_format(ResponseFormat::new("r", schema.unwrap()))),
        ("guardrail", "gr-1", none().with_guardrail(guardrail())),
        ("guardrail.tag_suffix", "suffix-1", none().with_guardrail(guardrail().with_tag_suffix("suffix-1"))),
        ("latency", "optimized", none().with_latency(Latency::Optimized)),
        ("service_tier", "priority", none().with_service_tier(ServiceTier::Priority)),
        ("request_metadata", "cost-centre", none().with_request_metadata([("cost-centre", "7")])),
        ("anthropic_beta", "beta-2025", none().with_anthropic_beta(["beta-2025"])),
        ("model_kwargs", "own_key", none().with_model_kwargs(Json::parse(r#"{"own_key":1}"#).unwrap())),
        ("response_field_paths", "/deep/path", none().with_response_field_paths(["/deep/path"])),
        ("prompt_variables", "variable", none().with_prompt_variables([("variable", "1")])),
    ];
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        for api in BOTH {
            let chat = chat(&bedrock, model, api);
            for (field, mark, options) in &rows {
                match outcome(&bedrock, &chat, options).await {
                    Ok(sent) => {
                        let is_sent = mark.split('|').any(|mark| sent.contains(mark));
                        assert!(is_sent, "{model} {api:?}: {mark} was left out of {sent}");
                    }
                    Err((why, named)) => {
                        // A model without tools also has no parallel tool calls.
                        let is_named = named == *field || (named == "tools" && !options.tools.is_empty());
                        assert!(is_named, "{model} {api:?}: {named} is not {field}: {why}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn tool_choice_is_sent_or_refused_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        for api in BOTH {
            let chat = chat(&bedrock, model, api);
            let with = async |choice: ToolChoice| {
                let tools = vec![weather(), tool("get_population", "city")];
                let options = ChatOptions::default().with_tools(tools).with_tool_choice(choice);
                outcome(&bedrock, &chat, &options).await
            };
            match with(ToolChoice::Any).await {
                Ok(sent) => {
                    let forced = ["\"any\"", "\"required\""].iter().any(|word| sent.contains(word));
                    assert!(forced, "{model} {api:?}: {sent}");
                }
                Err((why, field)) => {
                    let names_tools = field == "tools" || field == "tool_choice";
                    assert!(names_tools && why.contains("tool"), "{model} {api:?}: {why}");
                }
            }
            if let Ok(sent) = with("get_population".into()).await {
                // The tool is chosen by its name, or as `any` with this tool only.
                let chosen = sent.matches("\"get_population\"").count();
                assert!(chosen == 2 || !sent.contains("get_weather"), "{model} {api:?}: {sent}");
            }
            if let Ok(sent) = with(ToolChoice::None).await {
                assert!(sent.contains("\"none\"") || !sent.contains("get_weather"), "{model} {api:?}: {sent}");
            }
            // No family can support these.
            let (error, field) = with("get_river".into()).await.unwrap_err();
            assert_eq!(field, "tool_choice");
            assert!(error.contains("get_weather, get_population"), "it names those there are: {error}");
            for choice in [ToolChoice::Any, "get_river".into()] {
                let options = ChatOptions::default().with_tool_choice(choice);
                let (error, _) = outcome(&bedrock, &chat, &options).await.unwrap_err();
                assert!(error.contains("there are no tools"), "{model} {api:?}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn duplicate_tool_names_are_refused_before_sending() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let native = Json::parse(r#"{"type":"function","function":{"name":"get_weather","parameters":{"type":"object"}}}"#);
    for tools in [vec![weather(), weather()], vec![weather(), Tool::native(native.unwrap())]] {
        let options = ChatOptions::default().with_tools(tools);
        let (error, _) = outcome(&bedrock, &chat(&bedrock, GPT_OSS, Api::Invoke), &options).await.unwrap_err();
        assert!(error.contains("two tools called get_weather"), "{error}");
    }
}

#[tokio::test]
async fn guardrail_stream_mode_is_sent_in_each_api() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut guardrail = Guardrail::new("gr-1", "7");
    guardrail.stream_processing = Some(StreamProcessing::Async);
    let options = ChatOptions::default().with_guardrail(guardrail);
    for model in [CLAUDE, NOVA, LLAMA, QWEN] {
        for (api, pointer, value) in [
            (Api::Invoke, "/amazon-bedrock-guardrailConfig/streamProcessingMode", "ASYNCHRONOUS"),
            (Api::Converse, "/guardrailConfig/streamProcessingMode", "async"),
        ] {
            let chat = chat(&bedrock, model, api).with_options(&options);
            chat.stream("a").await.unwrap().message().await.unwrap();
            assert_eq!(sent(&bedrock).pointer(pointer), Some(&serde_json::json!(value)), "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn automatic_cache_points_work_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let options = ChatOptions::default().with_prompt_caching(CachePoint::default()).with_tools([weather()]);
    let conversation = [Message::system("Long rules."), Message::human("What is the weather in Rome?")];
    for model in [CLAUDE, NOVA, "us.amazon.nova-2-lite-v1:0", GPT_OSS, QWEN, JAMBA, LLAMA] {
        for api in BOTH {
            if (model, api) == (LLAMA, Api::Invoke) {
                continue; // The model has no tools over this API.
            }
            let reply = chat(&bedrock, model, api).with_options(&options).invoke(&conversation).await;
            let reply = reply.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert_eq!(reply.tool_calls().count(), 1, "{model} {api:?}");
            let caches = [CLAUDE, NOVA, "us.amazon.nova-2-lite-v1:0"].contains(&model);
            assert_eq!(sent(&bedrock).to_string().contains("cache"), caches, "{model} {api:?}: {}", sent(&bedrock));
        }
    }
}
