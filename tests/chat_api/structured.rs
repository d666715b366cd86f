//! Typed output, by every method that a model has.

use bedrock_chat::{Capabilities, Capability, ChatOptions, ErrorKind, Guardrail, Json, Reasoning, StructuredMethod};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::json;

use crate::tools::Adaptations;
use crate::{BOTH, CLAUDE, COMMAND_R, GPT_OSS, JAMBA, MISTRAL, NOVA, OLD_CLAUDE, QWEN, calling, chat, sent, weather};

/// A trip.
#[derive(Debug, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Trip {
    /// Where to.
    pub(crate) city: String,
    pub(crate) days: u8,
    pub(crate) guide: Option<Guide>,
    pub(crate) stops: Vec<Stop>,
}

#[derive(Debug, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Guide {
    pub(crate) name: String,
}

#[derive(Debug, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Stop {
    pub(crate) name: String,
    pub(crate) indoors: bool,
}

pub(crate) const QUESTION: &str = "Plan 3 days in Lisbon.";

#[tokio::test]
async fn structured_output_uses_the_best_method_of_each_family() {
    use bedrock_chat::Api::{Converse, Invoke};
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, api, by) in [
        (CLAUDE, Invoke, "tools"),
        (CLAUDE, Converse, "toolConfig"),
        (NOVA, Invoke, "toolConfig"),
        (NOVA, Converse, "toolConfig"),
        (MISTRAL, Invoke, "tools"),
        (MISTRAL, Converse, "toolConfig"),
        (GPT_OSS, Invoke, "response_format"),
        (GPT_OSS, Converse, "outputConfig"),
        (QWEN, Invoke, "response_format"),
        (QWEN, Converse, "outputConfig"),
    ] {
        let structured = chat(&bedrock, model, api).with_structured_output::<Trip>();
        let trip = structured.invoke(QUESTION).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
        assert_eq!((trip.city.as_str(), trip.days), ("Lisbon", 3), "{model} {api:?}");
        assert!(sent(&bedrock).get(by).is_some(), "{model} {api:?}: {}", sent(&bedrock));
    }
    // The other models can only be asked to call the tool.
    for (model, api) in [(JAMBA, Invoke), (JAMBA, Converse), (COMMAND_R, Invoke), (COMMAND_R, Converse)] {
        let reply = chat(&bedrock, model, api).with_structured_output::<Trip>().invoke_raw(QUESTION).await.unwrap();
        assert!(reply.parsed.is_err(), "the local model does not read prompts: {model} {api:?}: {:?}", reply.raw);
        assert!(sent(&bedrock).to_string().contains("JSON Schema"), "{model} {api:?}");
    }
}

#[tokio::test]
async fn structured_output_method_can_be_chosen() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let structured = chat(&bedrock, CLAUDE, api).with_structured_output::<Trip>();
        for method in [StructuredMethod::JsonSchema, StructuredMethod::StrictTool, StructuredMethod::ForcedTool] {
            let trip = structured.clone().method(method).invoke(QUESTION).await.unwrap();
            assert_eq!((trip.city.as_str(), trip.days), ("Lisbon", 3), "{method:?} {api:?}");
            let strict = sent(&bedrock).to_string().contains(r#""strict":true"#);
            assert_eq!(strict, method == StructuredMethod::StrictTool, "{method:?} {api:?}");
        }
        // The default is a strict tool, if the service enforces the schema and the schema can be closed.
        structured.invoke(QUESTION).await.unwrap();
        assert!(sent(&bedrock).to_string().contains(r#""strict":true"#), "{api:?}");
        for (model, open) in [(OLD_CLAUDE, false), (CLAUDE, true)] {
            let chat = chat(&bedrock, model, api);
            match open {
                true => drop(chat.with_structured_output::<std::collections::BTreeMap<String, u8>>().invoke("a").await),
                false => drop(chat.with_structured_output::<Trip>().invoke(QUESTION).await.unwrap()),
            }
            let body = sent(&bedrock).to_string();
            assert!(body.contains(r#""tool_choice""#) || body.contains(r#""toolChoice""#), "{api:?}: {body}");
            assert!(!body.contains("strict"), "{model} {api:?}: {body}");
        }
        let error = structured.method(StructuredMethod::Prompt).invoke(QUESTION).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.partial().is_some_and(|reply| reply.text().contains(QUESTION)), "{api:?}: {error}");
    }
}

#[tokio::test]
async fn structured_output_is_found_in_prose_and_fences() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let value = r#"{"city":"Lisbon","days":3,"guide":null,"stops":[]}"#;
    let fenced = |value: &str| format!("Sure!\n```json\n{value}\n```\nEnjoy.");
    let has_fence = r#"{"city":"Lis```bon","days":3,"guide":{"name":"```json\n{}\n```"},"stops":[]}"#;
    for text in [value.to_owned(), fenced(value), fenced(has_fence), format!("Here it is: {value}")] {
        let answer = json!({"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"});
        bedrock.faults().push(Fault::reply(200, "application/json", answer.to_string()));
        let structured = chat(&bedrock, CLAUDE, BOTH[0]).with_structured_output::<Trip>();
        let trip = structured.method(StructuredMethod::Prompt).invoke(QUESTION).await.unwrap();
        assert_eq!(trip.days, 3, "{text}");
        assert_eq!(trip.city, if text.contains("Lis```bon") { "Lis```bon" } else { "Lisbon" }, "{text}");
    }
}

#[tokio::test]
async fn structured_output_with_reasoning_does_not_force_a_tool() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let thinking = |model: &str| calling(&bedrock, model, api).reasoning(Reasoning::Budget(1024)).build().unwrap();
        let reply = thinking(CLAUDE).with_structured_output::<Trip>().invoke_raw(QUESTION).await.unwrap();
        assert_eq!(reply.parsed.unwrap().city, "Lisbon", "{api:?}");
        assert!(!reply.raw.thinking().is_empty(), "{api:?}");
        assert!(sent(&bedrock).to_string().contains("json_schema"), "{api:?}");
        // A Claude model without JSON Schema.
        let old = thinking("us.anthropic.claude-3-7-sonnet-20250219-v1:0");
        let reply = old.with_structured_output::<Trip>().invoke_raw(QUESTION).await.unwrap();
        assert_eq!(reply.parsed.unwrap().city, "Lisbon", "{api:?}");
        assert!(sent(&bedrock).to_string().contains("Call the tool `trip`"), "{api:?}");
    }
}

#[tokio::test]
async fn structured_output_mismatch_error_has_path_and_reply() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let input = json!({"city": "Lisbon", "days": 3, "stops": [{"name": "Tower", "indoors": "no"}]});
    let answer = json!({"content": [{"type": "tool_use", "id": "t", "name": "trip", "input": input}], "stop_reason": "tool_use"});
    bedrock.faults().push(Fault::reply(200, "application/json", answer.to_string()).times(2));
    let structured = chat(&bedrock, OLD_CLAUDE, BOTH[0]).with_structured_output::<Trip>();
    let error = structured.invoke(QUESTION).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    for part in ["stops[0].indoors", "expected a boolean", "\"Tower\""] {
        assert!(error.message().contains(part), "{error}");
    }
    let reply = structured.invoke_raw(QUESTION).await.unwrap();
    assert!(reply.parsed.is_err());
    assert_eq!(reply.raw.tool_calls().count(), 1);
}

#[tokio::test]
async fn structured_output_cut_short_is_an_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let chat = calling(&bedrock, CLAUDE, api).max_tokens(8).build().unwrap();
        for method in [StructuredMethod::ForcedTool, StructuredMethod::JsonSchema] {
            let mut stream = chat.with_structured_output::<Trip>().method(method).stream(QUESTION).await.unwrap();
            while let Some(partial) = stream.next().await {
                partial.unwrap();
            }
            assert_eq!(stream.value().unwrap_err().kind(), ErrorKind::Decode, "{method:?} {api:?}");
        }
    }
}

#[tokio::test]
async fn structured_output_can_be_a_non_object() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, GPT_OSS] {
        for api in BOTH {
            let chat = chat(&bedrock, model, api);
            let stops = chat.with_structured_output::<Vec<Stop>>().invoke(QUESTION).await;
            assert!(!stops.unwrap_or_else(|error| panic!("{model} {api:?}: {error}")).is_empty());
            let mut stream = chat.with_structured_output::<Vec<Stop>>().stream(QUESTION).await.unwrap();
            let mut last = Json::empty_object();
            while let Some(partial) = stream.next().await {
                last = partial.unwrap();
                assert!(last.as_str().starts_with('['), "{last}");
            }
            assert_eq!(last.read_as::<Vec<Stop>>().unwrap(), stream.value().unwrap());
            assert_eq!(chat.with_structured_output::<u32>().invoke("Give me 42.").await.unwrap(), 42);
        }
    }
}

#[tokio::test]
async fn structured_output_of_a_map_avoids_json_modes() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = chat(&bedrock, GPT_OSS, BOTH[0]);
    let reply = chat.with_structured_output::<std::collections::BTreeMap<String, u32>>().invoke_raw("a").await.unwrap();
    assert!(reply.parsed.is_err() && sent(&bedrock).get("response_format").is_none());
}

/// A branch.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Branch {
    name: String,
    branches: Vec<Branch>,
}

#[tokio::test]
async fn structured_output_of_a_recursive_type_avoids_json_modes() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, by) in [(CLAUDE, "tools"), (GPT_OSS, "messages")] {
        chat(&bedrock, model, BOTH[0]).with_structured_output::<Branch>().invoke_raw("a").await.unwrap();
        let body = sent(&bedrock);
        assert!(body[by].to_string().contains("$ref") && body.get("response_format").is_none(), "{body}");
        assert!(!body.to_string().contains("strict"), "{body}");
    }
}

#[tokio::test]
async fn structured_output_can_be_null() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let answer = |input: serde_json::Value| {
        let call = json!({"type": "tool_use", "id": "t", "name": "nullable_guide", "input": input});
        let answer = json!({"content": [call], "stop_reason": "tool_use"});
        bedrock.faults().push(Fault::reply(200, "application/json", answer.to_string()));
    };
    let chat = chat(&bedrock, OLD_CLAUDE, BOTH[0]);
    answer(json!({"value": null}));
    assert_eq!(chat.with_structured_output::<Option<Guide>>().invoke("a").await.unwrap(), None);
    answer(json!({"value": {"name": "Ana"}}));
    let guide = chat.with_structured_output::<Option<Guide>>().invoke("a").await.unwrap();
    assert_eq!(guide, Some(Guide { name: "Ana".into() }));
}

#[tokio::test]
async fn structured_output_error_names_the_stop_reason() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, GPT_OSS] {
        for api in BOTH {
            let guarded = calling(&bedrock, model, api).guardrail(Guardrail::new("gr123", "1")).build().unwrap();
            let error = guarded.with_structured_output::<Trip>().invoke("Is Lisbon BLOCKED?").await.unwrap_err();
            assert!(error.message().contains("stopped with guardrail_intervened"), "{model} {api:?}: {error}");
            let short = calling(&bedrock, model, api).max_tokens(8).build().unwrap();
            let error = short.with_structured_output::<Trip>().invoke(QUESTION).await.unwrap_err();
            assert!(error.message().contains("stopped with max_tokens"), "{model} {api:?}: {error}");
        }
    }
}

/// The requests of typed output: a text that the body must contain, and one that it must not.
const ASKED: [&str; 2] = ["Call the tool `trip`", "strict"];
const SCHEMA: [&str; 2] = ["json_schema", "\"tools\""];
const FORCED: [&str; 2] = ["\"trip\"", "strict"];

#[tokio::test]
async fn structured_output_fits_every_claude() {
    use bedrock_chat::StructuredMethod::{ForcedTool, JsonSchema, StrictTool, Tool};
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, method, [has, lacks]) in [
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", ForcedTool, FORCED),
        ("us.anthropic.claude-sonnet-4-6", StrictTool, ["\"strict\":true", "Call the tool"]),
        ("us.anthropic.claude-opus-4-7", ForcedTool, FORCED),
        ("us.anthropic.claude-opus-4-8", ForcedTool, FORCED),
        ("us.anthropic.claude-opus-5", Tool, ASKED),
        ("us.anthropic.claude-sonnet-5", Tool, ASKED),
        ("us.anthropic.claude-fable-5", Tool, ASKED),
        ("us.anthropic.claude-haiku-5-5", JsonSchema, SCHEMA),
        ("us.anthropic.claude-opus-5-5", Tool, ASKED),
        ("us.anthropic.claude-sonnet-5-5", Tool, ASKED),
        ("us.anthropic.claude-fable-5-1", Tool, ASKED),
    ] {
        for api in BOTH {
            let structured = chat(&bedrock, model, api).with_structured_output::<Trip>();
            assert_eq!(structured.chosen_method(), method, "{model} {api:?}");
            let before = bedrock.requests().len();
            let trip = structured.invoke(QUESTION).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert_eq!((trip.city.as_str(), bedrock.requests().len() - before), ("Lisbon", 1), "{model} {api:?}");
            let body = sent(&bedrock).to_string();
            assert!(body.contains(has) && !body.contains(lacks), "{model} {api:?}: {body}");
            // A tool can be forced again with reasoning off, if the model accepts forced tools at all.
            if model.ends_with("sonnet-5") {
                let quiet = calling(&bedrock, model, api).reasoning(Reasoning::Disabled).build().unwrap();
                let quiet = quiet.with_structured_output::<Trip>();
                assert_eq!(quiet.chosen_method(), ForcedTool, "{api:?}");
                assert_eq!(quiet.invoke(QUESTION).await.unwrap().city, "Lisbon", "{api:?}");
            }
        }
    }
}

#[tokio::test]
async fn refused_strict_and_forced_tool_are_dropped_one_by_one() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        for streams in [false, true] {
            let seen = Adaptations::default();
            let chat = calling(&bedrock, CLAUDE, api).observer(seen.clone()).build().unwrap();
            let structured = chat.with_structured_output::<Trip>();
            bedrock.clear();
            bedrock.faults().push(refusal("tools.0.custom.strict: Extra inputs are not permitted"));
            let words = "tool_choice: type \"tool\" and \"any\" are not supported for this model.";
            bedrock.faults().push(refusal(words));
            let trip = match streams {
                true => {
                    let mut stream = structured.stream(QUESTION).await.unwrap();
                    while let Some(partial) = stream.next().await {
                        partial.unwrap();
                    }
                    stream.value().unwrap()
                }
                false => structured.invoke(QUESTION).await.unwrap(),
            };
            assert_eq!(trip.city, "Lisbon", "{api:?} {streams}");
            let bodies: Vec<String> = bedrock.requests().iter().map(|request| request.json().to_string()).collect();
            let has = |part: &str| bodies.iter().map(|body| body.contains(part)).collect::<Vec<_>>();
            assert_eq!(has("\"strict\":true"), [true, false, false], "{api:?} {streams}: {bodies:?}");
            assert_eq!(has("Call the tool `trip`"), [false, false, true], "{api:?} {streams}: {bodies:?}");
            let adaptations = seen.take();
            assert!(
                adaptations.len() == 2
                    && adaptations[0].ends_with("strictTools")
                    && adaptations[1].ends_with("forcedTools"),
                "{adaptations:?}"
            );
        }
    }
}

#[tokio::test]
async fn forced_tool_is_asked_for_if_claude_cannot_be_forced() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in ["us.anthropic.claude-opus-5-5", "us.anthropic.claude-sonnet-5-5", "us.anthropic.claude-fable-5-1"] {
        for api in BOTH {
            let seen = Adaptations::default();
            let chat = calling(&bedrock, model, api).observer(seen.clone()).build().unwrap();
            let chat = chat.bind_tools([weather()]).with_tool_choice("get_weather");
            let reply = chat.invoke("Hello").await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert_eq!(reply.tool_calls().count(), 1, "{model} {api:?}: {reply:?}");
            assert!(sent(&bedrock).to_string().contains("Call the tool `get_weather`"), "{model} {api:?}");
            assert!(seen.take()[0].contains("cannot be forced"), "{model} {api:?}");
        }
    }
    // Reasoning that is on by default counts as reasoning that the caller switched on.
    for reasoning in [None, Some(Reasoning::Adaptive)] {
        let alone = Capabilities::unknown().with(Capability::ForcedToolsWithReasoning, false);
        let mut options = ChatOptions::default().with_capabilities(alone);
        options.reasoning = reasoning;
        for api in BOTH {
            let chat = calling(&bedrock, "us.anthropic.claude-sonnet-5", api).options(&options).build().unwrap();
            let error = chat.bind_tools([weather()]).with_tool_choice("any").invoke("Hello").await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0), "{api:?}: {error}");
            assert!(error.message().contains("`reasoning` and `tool_choice`"), "{api:?}: {error}");
        }
    }
    let adaptive = calling(&bedrock, "us.anthropic.claude-sonnet-4-6", BOTH[0]).reasoning(Reasoning::Adaptive);
    let error =
        adaptive.build().unwrap().bind_tools([weather()]).with_tool_choice("any").invoke("a").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0), "{error}");
}

fn refusal(message: &str) -> Fault {
    Fault::error(400, "ValidationException", message)
}

#[tokio::test]
async fn refused_structured_output_falls_back_once() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let structured = chat(&bedrock, CLAUDE, api).with_structured_output::<Trip>();
        bedrock.faults().push(refusal("tools.0.custom.strict: Extra inputs are not permitted"));
        assert_eq!(structured.invoke(QUESTION).await.unwrap().city, "Lisbon", "{api:?}");
        assert!(!sent(&bedrock).to_string().contains("strict"), "{api:?}");

        bedrock.faults().push(refusal("tool_choice forces tool use is not supported"));
        let mut stream = structured.stream(QUESTION).await.unwrap();
        while let Some(partial) = stream.next().await {
            partial.unwrap();
        }
        assert_eq!(stream.value().unwrap().city, "Lisbon", "{api:?}");
        assert!(sent(&bedrock).to_string().contains("Call the tool `trip`"), "{api:?}");

        let before = bedrock.requests().len();
        bedrock.faults().push(refusal("output_config.format: Extra inputs are not permitted").times(2));
        let error = structured.invoke(QUESTION).await.unwrap_err();
        assert_eq!((error.kind(), bedrock.requests().len() - before), (ErrorKind::Validation, 2), "{api:?}");
        assert!(error.message().contains("another `method`"), "{error}");

        let chosen = structured.clone().method(StructuredMethod::JsonSchema);
        bedrock.faults().push(refusal("output_config.format: Extra inputs are not permitted"));
        let before = bedrock.requests().len();
        let error = chosen.invoke(QUESTION).await.unwrap_err();
        assert_eq!(bedrock.requests().len() - before, 1, "{api:?}: {error}");
        assert!(error.message().contains("another `method`"), "{error}");

        bedrock.faults().push(refusal("the conversation is odd"));
        let error = structured.invoke(QUESTION).await.unwrap_err();
        assert!(!error.message().contains("method"), "{api:?}: {error}");
    }
}
