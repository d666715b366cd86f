//! The conversations that continue a reply, and the models they are sent to.

use std::hash::{DefaultHasher, Hash, Hasher};

use bedrock_chat::{
    Api, BedrockChat, CachePoint, CacheTtl, ChatOptions, Content, Credentials, Error, Json, Message, Reasoning,
    RetryPolicy, Role, Tool, ToolCall, ToolResult,
};

use crate::Written;
use crate::every_family::models;

/// A conversation and the tools of the next call.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) what: &'static str,
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Vec<Tool>,
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nlocal";

/// Returns the conversations that continue a reply: with a user message, or with tool results of several kinds.
pub(crate) fn histories(written: &Written) -> Vec<History> {
    let calls: Vec<&ToolCall> = written
        .reply
        .content
        .iter()
        .filter_map(|block| match block {
            Content::ToolCall(call) => Some(call),
            _ => None,
        })
        .collect();
    let mut names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    names.extend(written.reply.content.iter().filter_map(|block| match block {
        Content::InvalidToolCall(call) => Some(call.name.as_str()),
        _ => None,
    }));
    names.sort_unstable();
    names.dedup();
    let schema = r#"{"type":"object","properties":{"a":{"type":"string"}}}"#;
    let tools: Vec<Tool> = names
        .iter()
        .filter(|name| !name.is_empty())
        .map(|name| Tool::new(*name, "d", Json::parse(schema).unwrap()))
        .collect();
    let begun = || vec![Message::human("hello"), Message::from(&written.reply)];
    let answered = |content: Vec<Content>, failed: bool| {
        let mut messages = begun();
        for call in &calls {
            let mut result = ToolResult::new(&call.id, content.clone());
            result.is_error = failed;
            messages.push(Message::new(Role::Tool, [Content::ToolResult(result)]));
        }
        messages
    };
    let history = |what: &'static str, messages: Vec<Message>| History { what, messages, tools: tools.clone() };
    if calls.is_empty() {
        let mut messages = begun();
        messages.push(Message::human("go on"));
        let mut all = vec![History { tools: Vec::new(), ..history("the user's words", messages.clone()) }];
        if !tools.is_empty() {
            all.push(history("the user's words, with tools", messages));
        }
        return all;
    }
    let ok = || vec![Content::text("18 degrees")];
    let mut spoken = answered(ok(), false);
    spoken.push(Message::human("and now?"));
    // Some models restart the numbers of their calls in every reply.
    let mut twice = answered(ok(), false);
    let again = twice[1..].to_vec();
    twice.extend(again);
    let without_tools = History { tools: Vec::new(), ..history("results without tools", answered(ok(), false)) };
    vec![
        history("results", answered(ok(), false)),
        history("results and the user's words", spoken),
        history("results of the same ids in two turns", twice),
        history("failed results", answered(ok(), true)),
        history("empty results", answered(Vec::new(), false)),
        history("empty failed results", answered(Vec::new(), true)),
        history("results with an image", answered(vec![Content::image("image/png", PNG)], false)),
        without_tools,
    ]
}

/// A model that receives the conversations.
pub(crate) struct Target {
    pub(crate) model: &'static str,
    pub(crate) api: Api,
    pub(crate) with: &'static str,
    chat: BedrockChat,
}

/// Returns the options that affect how a history is written: thinking and prompt caching.
fn variants(model: &str) -> Vec<(&'static str, ChatOptions)> {
    let mut variants = vec![("", ChatOptions::default())];
    let claude = model.contains("claude-sonnet") || model.contains("claude-opus");
    if claude {
        let reasoning = if model.contains("opus-4-5") { Reasoning::Budget(1024) } else { Reasoning::Adaptive };
        variants.push((" thinking", ChatOptions::default().with_reasoning(reasoning)));
    }
    if claude || model.contains("nova") {
        let mut point = CachePoint::default();
        point.ttl = claude.then_some(CacheTtl::OneHour);
        variants.push((" caching", ChatOptions::default().with_prompt_caching(point)));
    }
    variants
}

pub(crate) fn targets(url: &str) -> Vec<Target> {
    let target = |(model, api, with, options): (&'static str, Api, &'static str, ChatOptions)| {
        let chat = BedrockChat::builder(model)
            .region("us-east-1")
            .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
            .endpoint_url(url)
            .retry(RetryPolicy::never())
            .api(api)
            .options(&options)
            .max_tokens(2000)
            .build()
            .unwrap();
        Target { model, api, with, chat }
    };
    let with = |(model, api)| variants(model).into_iter().map(move |(with, options)| (model, api, with, options));
    models().into_iter().flat_map(with).map(target).collect()
}

/// Models that accept images.
const SEE: &[&str] = &["claude-sonnet", "claude-opus", "nova", "llama4", "qwen3-vl", "pixtral", "gpt-5.6"];

/// Families that accept only text, over both APIs or only natively.
const TEXT: &[&str] = &[
    "claude-v2",
    "claude-instant",
    "titan",
    "ai21.j2",
    "cohere.command-",
    "deepseek.r1",
    "llama2",
    "mistral-7b",
    "mixtral",
];
const TEXT_NATIVELY: &[&str] = &["llama3", "llama4", "mistral-small-2402"];

impl Target {
    /// Whether a caller would send the history: images go only to models that accept them.
    pub(crate) fn takes(&self, history: &History) -> bool {
        !history.what.contains("image") || (SEE.iter().any(|id| self.model.contains(id)) && self.has_tools())
    }

    /// Returns a number that differs between models, APIs and options.
    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.model, self.api, self.with).hash(&mut hasher);
        hasher.finish()
    }

    /// Whether the model accepts tool calls and tool results.
    pub(crate) fn has_tools(&self) -> bool {
        let is = |ids: &[&str]| ids.iter().any(|id| self.model.contains(id));
        let command_r = self.model.contains("command-r");
        command_r || !(is(TEXT) || (self.api == Api::Invoke && is(TEXT_NATIVELY)))
    }

    /// Sends a history, every third one as a stream.
    pub(crate) async fn answer(&self, history: &History, hash: u64) -> Result<(), Error> {
        let mut options = ChatOptions::default();
        options.tools.clone_from(&history.tools);
        let chat = self.chat.with_options(&options);
        if hash.is_multiple_of(3) {
            return chat.stream(&history.messages).await?.message().await.map(drop);
        }
        chat.invoke(&history.messages).await.map(drop)
    }
}
