//! Calls of the local Bedrock that produce all of its kinds of replies.

use bedrock_chat::{
    Api, BedrockChat, ChatOptions, Content, Credentials, Document, Guardrail, Json, MediaSource, Message, Reasoning,
    Role, Tool,
};
use local_bedrock::LocalBedrock;

use crate::every_family::models;

fn chat(bedrock: &LocalBedrock, model: &str, api: Api, options: &ChatOptions) -> BedrockChat {
    BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .endpoint_url(bedrock.url())
        .api(api)
        .options(options)
        .build()
        .unwrap()
}

fn weather() -> Tool {
    let schema = r#"{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}"#;
    Tool::new("get_weather", "Get the weather in a place", Json::parse(schema).unwrap())
}

fn cited() -> Message {
    let mut document = Document::new("text/plain", MediaSource::Text("Grass is green. Snow is white.".into()));
    document.citations = true;
    document.name = Some("colors".into());
    Message::new(Role::Human, [Content::Document(document), Content::text("What does it say?")])
}

/// The origin of the replies, the chat, and its messages.
pub(crate) type Call = (String, BedrockChat, Vec<Message>);

pub(crate) fn calls(bedrock: &LocalBedrock) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut add = |kind: &str, model: &str, api: Api, set: &dyn Fn(&mut ChatOptions), message: Message| {
        let mut options = ChatOptions::default().with_max_tokens(4000);
        set(&mut options);
        let origin = format!("{model} {api:?} {kind}");
        calls.push((origin, chat(bedrock, model, api, &options), vec![message]));
    };
    for (model, api) in models() {
        add("text", model, api, &|_| {}, Message::human("Say something."));
        add("limit", model, api, &|o| o.max_tokens = Some(3), Message::human("Say something long."));
        add(
            "guardrail",
            model,
            api,
            &|o| o.guardrail = Some(Guardrail::new("gr1", "1")),
            Message::human("Say BLOCKED."),
        );
    }
    let with_tools = [
        ("us.anthropic.claude-sonnet-4-6", Api::Invoke),
        ("us.anthropic.claude-sonnet-4-6", Api::Converse),
        ("us.amazon.nova-2-lite-v1:0", Api::Invoke),
        ("us.amazon.nova-2-lite-v1:0", Api::Converse),
        ("cohere.command-r-plus-v1:0", Api::Invoke),
        ("openai.gpt-oss-120b-1:0", Api::Invoke),
        ("openai.gpt-oss-120b-1:0", Api::Converse),
        ("mistral.mistral-large-2402-v1:0", Api::Invoke),
        ("ai21.jamba-1-5-large-v1:0", Api::Invoke),
    ];
    for (model, api) in with_tools {
        let ask = || Message::human("What is the weather in Paris and London?");
        add("tools", model, api, &|o| o.tools = vec![weather()], ask());
        // These limits cut the arguments in the middle.
        for limit in [8, 12, 16, 20] {
            add("limited tools", model, api, &|o| (o.tools, o.max_tokens) = (vec![weather()], Some(limit)), ask());
        }
    }
    for api in [Api::Invoke, Api::Converse] {
        let model = "us.anthropic.claude-sonnet-4-6";
        let think = |o: &mut ChatOptions| o.reasoning = Some(Reasoning::Budget(1024));
        add("thinking", model, api, &think, Message::human("Say something."));
        add("redacted", model, api, &think, Message::human("Answer with redacted thinking."));
        let both = |o: &mut ChatOptions| (o.tools, o.reasoning) = (vec![weather()], Some(Reasoning::Budget(1024)));
        add("thinking and tools", model, api, &both, Message::human("What is the weather in Paris?"));
        let short = |o: &mut ChatOptions| (o.reasoning, o.max_tokens) = (Some(Reasoning::Adaptive), Some(5));
        add("limited thinking", model, api, &short, Message::human("Say something."));
        add("citations", model, api, &|_| {}, cited());
        let effort = |o: &mut ChatOptions| o.reasoning = Some(Reasoning::Effort("low".into()));
        add("thinking", "us.amazon.nova-2-lite-v1:0", api, &effort, Message::human("Say something."));
        let search = |o: &mut ChatOptions| {
            o.tools = vec![Tool::native(Json::parse(r#"{"systemTool":{"name":"nova_grounding"}}"#).unwrap())];
        };
        add("grounding", "us.amazon.nova-2-lite-v1:0", api, &search, Message::human("Search for something."));
    }
    calls
}
