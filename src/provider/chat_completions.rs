//! Chat completions, over InvokeModel and over the Chat Completions API: one codec, with the differences between
//! families.
//!
//! See [OpenAI](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html),
//! [Mistral AI chat completion](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html),
//! [AI21 Labs Jamba](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html),
//! [Writer Palmyra](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-palmyra-x5.html) and
//! [structured outputs](https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html).

mod calls;
pub(crate) mod decode;
mod encode;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::api::{Api, Service};
use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;

use super::reasoning::ReasoningTags;
use super::sse_chunks::SseChunks;
use super::{Call, Codec, Mode, StreamDecoder, facts, invoke, openai};

/// The chat-completions shape, with what differs between the families that use it.
///
/// A model id that names its family selects the right one. For other ids, such as those of imported
/// models, use the most similar family.
///
/// ```
/// use bedrock_chat::{Call, ChatCompletions, Codec, Headers};
/// let body = br#"{"choices":[{"message":{"content":"<reasoning>Easy.</reasoning>Bonjour"},"finish_reason":"stop"}]}"#;
/// let message = ChatCompletions::OPENAI.decode(&Call::default(), body, &Headers::new())?;
/// assert_eq!((message.thinking(), message.text()), ("Easy.".into(), "Bonjour".into()));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ChatCompletions {
    /// The family whose facts are used if a model's id does not name its family.
    family: &'static str,
    /// The key of the token limit.
    max_tokens: &'static str,
    /// The family's name for the choice of any tool.
    any_tool: &'static str,
    /// Whether ids of tool calls must be nine letters or digits.
    short_ids: bool,
    /// The tags around reasoning, in front of the text.
    tags: ReasoningTags,
    /// The service whose Chat Completions API is called, if it is not InvokeModel.
    service: Option<Service>,
    /// The members about sampling that the family accepts and the crate has no options for.
    #[cfg_attr(not(feature = "gateway"), allow(dead_code, reason = "only the gateway has such members"))]
    pub(crate) sampling: &'static [&'static str],
}

/// OpenAI's members about sampling that the crate has no options for. Jamba has no seed.
pub(crate) const SAMPLING: &[&str] = &["seed", "presence_penalty", "frequency_penalty"];
const PENALTIES: &[&str] = &["presence_penalty", "frequency_penalty"];

/// The tags of families that put reasoning in front of the text.
const TAGS: ReasoningTags = ReasoningTags::PIECES;

impl ChatCompletions {
    const PLAIN: Self = Self {
        family: "",
        max_tokens: "max_tokens",
        any_tool: "required",
        short_ids: false,
        tags: ReasoningTags::NONE,
        service: None,
        sampling: SAMPLING,
    };

    /// A family that refuses penalties: GPT and Grok reason, and Mistral has no such members.
    const WITHOUT_SAMPLING: Self = Self { sampling: &[], ..Self::PLAIN };

    /// OpenAI's GPT models, which are served by the Chat Completions API only.
    pub const GPT: Self =
        Self { family: "openai.gpt-5", max_tokens: "max_completion_tokens", ..Self::WITHOUT_SAMPLING };

    /// xAI's Grok, which is served by the Chat Completions API only.
    pub const GROK: Self = Self { family: "xai", max_tokens: "max_completion_tokens", ..Self::WITHOUT_SAMPLING };

    /// OpenAI's open-weight models, gpt-oss.
    pub const OPENAI: Self =
        Self { family: "openai.gpt-oss", max_tokens: "max_completion_tokens", tags: TAGS, ..Self::WITHOUT_SAMPLING };

    /// Qwen.
    pub const QWEN: Self = Self { family: "qwen", tags: TAGS, ..Self::PLAIN };

    /// DeepSeek's chat models, V3.1 and later.
    pub const DEEPSEEK: Self = Self { family: "deepseek.v", tags: TAGS, ..Self::PLAIN };

    /// Mistral's chat models: all except Mistral 7B and Mixtral, which accept prompts only.
    pub const MISTRAL: Self = Self { family: "mistral", any_tool: "any", short_ids: true, ..Self::WITHOUT_SAMPLING };

    /// AI21 Labs' Jamba.
    pub const JAMBA: Self = Self { family: "ai21", sampling: PENALTIES, ..Self::PLAIN };

    /// Writer's Palmyra X and Vision.
    pub const PALMYRA: Self = Self { family: "writer", ..Self::PLAIN };

    /// Moonshot AI's Kimi.
    pub const KIMI: Self = Self { family: "moonshotai", tags: TAGS, ..Self::PLAIN };

    /// MiniMax.
    pub const MINIMAX: Self = Self { family: "minimax", tags: TAGS, ..Self::PLAIN };

    /// Z.AI's GLM.
    pub const GLM: Self = Self { family: "zai", tags: TAGS, ..Self::PLAIN };

    /// NVIDIA's Nemotron.
    pub const NEMOTRON: Self = Self { family: "nvidia", tags: TAGS, ..Self::PLAIN };

    /// Google's Gemma.
    pub const GEMMA: Self = Self { family: "google", ..Self::PLAIN };

    /// Returns the same format for the [Chat Completions API] of a service, instead of InvokeModel.
    ///
    /// Over that API, the model is in the body and streams are server-sent events. Usage is always requested.
    ///
    /// [Chat Completions API]: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html
    #[must_use]
    pub const fn over(self, service: Service) -> Self {
        // The reasoning of gpt-oss is in its text over InvokeModel only.
        Self { service: Some(service), tags: ReasoningTags::NONE, ..self }
    }
}

impl std::fmt::Debug for ChatCompletions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChatCompletions")
    }
}

impl ChatCompletions {
    /// Returns the model, with the codec's family if its id does not name one.
    fn known<'a>(&self, model: &'a ModelId) -> Cow<'a, ModelId> {
        match model.base() {
            Some(_) => Cow::Borrowed(model),
            None => Cow::Owned(model.clone().with_family(self.family)),
        }
    }
}

impl Codec for ChatCompletions {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        let body = encode::body(self, &self.known(model), request, mode)?;
        match self.service {
            None => invoke::call(model, request, mode, body, &[]),
            Some(service) => {
                let defaults = ["stream_options.include_usage"];
                let path = openai::path(service, model, "chat/completions");
                openai::call(service, path, request, mode, body, openai::PROJECT, &defaults)
            }
        }
    }

    fn decode(&self, _: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(self.tags, body, headers)
    }

    fn stream(&self, _: &Call) -> Box<dyn StreamDecoder> {
        let decoder = decode::ChatCompletionsDecoder::new(self.tags);
        match self.service {
            None => invoke::InvokeDecoder::boxed(decoder),
            Some(_) => SseChunks::boxed(decoder),
        }
    }

    fn api(&self) -> Api {
        if self.service.is_some() { Api::ChatCompletions } else { Api::Invoke }
    }

    fn service(&self) -> Service {
        self.service.unwrap_or_default()
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(&self.known(model), self.api())
    }
}
