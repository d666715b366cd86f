//! Chat completions, over InvokeModel: one codec, and for each family what differs in it.
//!
//! See [OpenAI](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html),
//! [Mistral AI chat completion](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html),
//! [AI21 Labs Jamba](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html),
//! [Writer Palmyra](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-palmyra-x5.html) and
//! [structured outputs](https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html).

mod calls;
mod decode;
mod encode;
mod reasoning;
#[cfg(test)]
mod tests;

use crate::error::Result;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;

use super::{Call, Capabilities, Codec, Mode, StreamDecoder, invoke};

/// The chat-completions shape, with what differs between the families that speak it.
///
/// Models whose id tells the family get theirs by themselves. For one whose id does
/// not, such as an imported model, name the family it is nearest to.
///
/// ```
/// use bedrock_chat::{ChatCompletions, Codec, Headers};
/// let body = br#"{"choices":[{"message":{"content":"<reasoning>Easy.</reasoning>Bonjour"},"finish_reason":"stop"}]}"#;
/// let message = ChatCompletions::OPENAI.decode(body, &Headers::new())?;
/// assert_eq!((message.thinking(), message.text()), ("Easy.".into(), "Bonjour".into()));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ChatCompletions {
    /// The key of the token limit.
    max_tokens: &'static str,
    /// What the family calls the choice of some tool, whichever.
    any_tool: &'static str,
    /// Whether a choice may be one tool by its name.
    named_tool: bool,
    /// Whether it can be told to call one tool at a time.
    serial: bool,
    /// Whether ids of tool calls must be nine letters or digits.
    short_ids: bool,
    /// Whether there is a `reasoning_effort`.
    effort: bool,
    /// The tags that reasoning stands between, in front of the text.
    tags: &'static [Tag],
    /// Parts of the ids of models that see no images; the empty string is part of every id.
    /// A list of those that do would shut out every new model.
    blind: &'static [&'static str],
    /// Parts of the ids of models that cannot be held to a JSON Schema.
    schemaless: &'static [&'static str],
}

/// How a tag begins and ends.
type Tag = (&'static str, &'static str);

/// Bedrock puts reasoning between the first; what models write themselves is the second.
const TAGS: &[Tag] = &[("<reasoning>", "</reasoning>"), ("<think>", "</think>")];

const ALL: &[&str] = &[""];

impl ChatCompletions {
    const PLAIN: Self = Self {
        max_tokens: "max_tokens",
        any_tool: "required",
        named_tool: true,
        serial: true,
        short_ids: false,
        effort: false,
        tags: &[],
        blind: ALL,
        schemaless: &[],
    };

    /// OpenAI's open-weight models, gpt-oss.
    pub const OPENAI: Self = Self { max_tokens: "max_completion_tokens", effort: true, tags: TAGS, ..Self::PLAIN };

    /// Qwen.
    pub const QWEN: Self =
        Self { tags: TAGS, blind: &["qwen3-32b", "qwen3-235b", "qwen3-coder", "qwen3-next"], ..Self::PLAIN };

    /// DeepSeek's chat models, V3.1 and later.
    pub const DEEPSEEK: Self = Self { tags: TAGS, ..Self::PLAIN };

    /// Mistral's chat models: all but Mistral 7B and Mixtral, which take prompts only.
    pub const MISTRAL: Self = Self {
        any_tool: "any",
        named_tool: false,
        serial: false,
        short_ids: true,
        blind: &["mistral-large-240", "mistral-small-240", "devstral", "voxtral", "mistral-7b", "mixtral"],
        schemaless: &["mistral-large-240", "mistral-small-240", "pixtral-large-2502"],
        ..Self::PLAIN
    };

    /// AI21 Labs' Jamba.
    pub const JAMBA: Self = Self { serial: false, schemaless: ALL, ..Self::PLAIN };

    /// Writer's Palmyra X and Vision.
    pub const PALMYRA: Self = Self { serial: false, blind: &["palmyra-x"], ..Self::PLAIN };

    /// Moonshot AI's Kimi.
    pub const KIMI: Self = Self { effort: true, tags: TAGS, blind: &["kimi-k2-thinking"], ..Self::PLAIN };

    /// MiniMax.
    pub const MINIMAX: Self = Self { tags: TAGS, ..Self::PLAIN };

    /// Z.AI's GLM.
    pub const GLM: Self = Self { effort: true, tags: TAGS, ..Self::PLAIN };

    /// NVIDIA's Nemotron.
    pub const NEMOTRON: Self = Self { tags: TAGS, blind: &["nano-9b", "nano-3-30b", "super", "ultra"], ..Self::PLAIN };

    /// Google's Gemma.
    pub const GEMMA: Self = Self { blind: &[], ..Self::PLAIN };
}

/// Whether the model is one of those that a list names by parts of their ids.
fn is_among(parts: &[&str], model: &ModelId) -> bool {
    let base = model.base().unwrap_or_default();
    parts.iter().any(|part| crate::text::has(base, part))
}

impl std::fmt::Debug for ChatCompletions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChatCompletions")
    }
}

impl Codec for ChatCompletions {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        Ok(invoke::call(model, request, mode, encode::body(self, model, request)?))
    }

    fn decode(&self, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(self.tags, body, headers)
    }

    fn stream(&self) -> Box<dyn StreamDecoder> {
        invoke::InvokeStream::boxed(decode::Completion::new(self.tags))
    }

    /// Of all these families only Mistral's word is documented for a tool that must be called.
    fn capabilities(&self, model: &ModelId) -> Capabilities {
        let json_schema = !is_among(self.schemaless, model);
        Capabilities { tools: true, forced_tools: !self.named_tool, json_schema }
    }
}
