//! The families of text completion, one row each.

use super::super::template;
use super::{PromptMedia, Row, Streams, TextCompletion, TextPath};
use crate::provider::reasoning::ReasoningTags;

const fn at(text: &'static str) -> TextPath {
    TextPath { list: None, text }
}

const fn first_of(list: &'static str, text: &'static str) -> TextPath {
    TextPath { list: Some(list), text }
}

/// The members that most families share.
const PLAIN: Row = Row {
    name: "",
    template: &template::INSTRUCTION,
    frame: None,
    prompt: "prompt",
    config: None,
    max_tokens: "max_tokens",
    default_max_tokens: None,
    top_p: Some("top_p"),
    top_k: None,
    stop: None,
    media: PromptMedia::None,
    schema: None,
    streams: Streams::Yes,
    whole: at("text"),
    piece: at("text"),
    turn_end: None,
    reasoning: ReasoningTags::NONE,
};

/// [Claude Instant, 2 and 2.1](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html).
pub(crate) static CLAUDE_2: TextCompletion = TextCompletion(&Row {
    name: "Claude 2",
    template: &template::CLAUDE_2,
    frame: Some(("\n\nHuman: ", "\n\nAssistant:")),
    max_tokens: "max_tokens_to_sample",
    default_max_tokens: Some(4096),
    top_k: Some("top_k"),
    stop: Some("stop_sequences"),
    whole: at("completion"),
    piece: at("completion"),
    turn_end: Some("\n\nHuman:"),
    ..PLAIN
});

/// [Titan Text](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html).
pub(crate) static TITAN: TextCompletion = TextCompletion(&Row {
    name: "Titan Text",
    template: &template::TITAN,
    prompt: "inputText",
    config: Some("textGenerationConfig"),
    max_tokens: "maxTokenCount",
    top_p: Some("topP"),
    stop: Some("stopSequences"),
    whole: first_of("results", "outputText"),
    piece: at("outputText"),
    ..PLAIN
});

/// [Cohere Command and Command Light](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command.html).
pub(crate) static COMMAND: TextCompletion = TextCompletion(&Row {
    name: "Cohere Command",
    template: &template::INSTRUCTION,
    top_p: Some("p"),
    top_k: Some("k"),
    stop: Some("stop_sequences"),
    streams: Streams::Asked,
    whole: first_of("generations", "text"),
    piece: at("text"),
    ..PLAIN
});

/// [Jurassic-2](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jurassic2.html).
/// It does not stream: its whole reply arrives as one event.
pub(crate) static JURASSIC_2: TextCompletion = TextCompletion(&Row {
    name: "Jurassic-2",
    template: &template::INSTRUCTION,
    max_tokens: "maxTokens",
    top_p: Some("topP"),
    stop: Some("stopSequences"),
    streams: Streams::No,
    whole: first_of("completions", "data"),
    piece: first_of("completions", "data"),
    ..PLAIN
});

/// [Llama](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html), with a
/// template and its media. It has no stop sequences.
const fn llama(name: &'static str, template: &'static template::Template, media: PromptMedia) -> Row {
    Row { name, template, max_tokens: "max_gen_len", media, whole: at("generation"), piece: at("generation"), ..PLAIN }
}

/// Llama 2 Chat.
pub(crate) static LLAMA_2: TextCompletion =
    TextCompletion(&const { llama("Llama 2", &template::LLAMA_2, PromptMedia::None) });

/// Llama 3, 3.1, 3.3, and the small models of 3.2.
pub(crate) static LLAMA_3: TextCompletion =
    TextCompletion(&const { llama("Llama 3", &template::LLAMA_3, PromptMedia::None) });

/// The models of Llama 3.2 that accept images.
pub(crate) static LLAMA_3_VISION: TextCompletion =
    TextCompletion(&const { llama("Llama 3.2", &template::LLAMA_3, PromptMedia::Images("images")) });

/// Llama 4. It accepts images, but how a prompt refers to them is not published for InvokeModel.
pub(crate) static LLAMA_4: TextCompletion =
    TextCompletion(&const { llama("Llama 4", &template::LLAMA_4, PromptMedia::None) });

/// [Mistral 7B Instruct, Mixtral 8x7B Instruct, Mistral Small](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html).
pub(crate) static MISTRAL: TextCompletion = TextCompletion(&Row {
    name: "Mistral",
    template: &template::MISTRAL,
    top_k: Some("top_k"),
    stop: Some("stop"),
    whole: first_of("outputs", "text"),
    piece: first_of("outputs", "text"),
    ..PLAIN
});

/// [DeepSeek R1](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html).
pub(crate) static DEEPSEEK_R1: TextCompletion = TextCompletion(&Row {
    name: "DeepSeek R1",
    template: &template::DEEPSEEK_R1,
    stop: Some("stop"),
    whole: first_of("choices", "text"),
    piece: first_of("choices", "text"),
    reasoning: ReasoningTags::THINK,
    ..PLAIN
});

/// [TwelveLabs Pegasus](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-pegasus.html), which
/// answers a prompt about a video. Its stream has pieces of `message`, and `finishReason` at the end.
pub(crate) static PEGASUS: TextCompletion = TextCompletion(&Row {
    name: "Pegasus",
    prompt: "inputPrompt",
    max_tokens: "maxOutputTokens",
    top_p: None,
    media: PromptMedia::Video("mediaSource"),
    schema: Some(["responseFormat", "jsonSchema"]),
    whole: at("message"),
    piece: at("message"),
    ..PLAIN
});
