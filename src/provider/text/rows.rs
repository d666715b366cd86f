//! The families of text completion, one row each.

use super::super::template;
use super::{Row, Streams, TextCompletion, TextPath};
use crate::provider::reasoning::ReasoningTags;

const fn at(text: &'static str) -> TextPath {
    TextPath { list: None, text }
}

const fn first_of(list: &'static str, text: &'static str) -> TextPath {
    TextPath { list: Some(list), text }
}

/// [Claude Instant, 2 and 2.1](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html).
pub(crate) static CLAUDE_2: TextCompletion = TextCompletion(&Row {
    name: "Claude 2",
    template: &template::CLAUDE_2,
    frame: Some(("\n\nHuman: ", "\n\nAssistant:")),
    prompt: "prompt",
    config: None,
    max_tokens: "max_tokens_to_sample",
    default_max_tokens: Some(4096),
    top_p: "top_p",
    top_k: Some("top_k"),
    stop: Some("stop_sequences"),
    images: None,
    streams: Streams::Yes,
    whole: at("completion"),
    piece: at("completion"),
    turn_end: Some("\n\nHuman:"),
    reasoning: ReasoningTags::NONE,
});

/// [Titan Text](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html).
pub(crate) static TITAN: TextCompletion = TextCompletion(&Row {
    name: "Titan Text",
    template: &template::TITAN,
    frame: None,
    prompt: "inputText",
    config: Some("textGenerationConfig"),
    max_tokens: "maxTokenCount",
    default_max_tokens: None,
    top_p: "topP",
    top_k: None,
    stop: Some("stopSequences"),
    images: None,
    streams: Streams::Yes,
    whole: first_of("results", "outputText"),
    piece: at("outputText"),
    turn_end: None,
    reasoning: ReasoningTags::NONE,
});

/// [Cohere Command and Command Light](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command.html).
pub(crate) static COMMAND: TextCompletion = TextCompletion(&Row {
    name: "Cohere Command",
    template: &template::INSTRUCTION,
    frame: None,
    prompt: "prompt",
    config: None,
    max_tokens: "max_tokens",
    default_max_tokens: None,
    top_p: "p",
    top_k: Some("k"),
    stop: Some("stop_sequences"),
    images: None,
    streams: Streams::Asked,
    whole: first_of("generations", "text"),
    piece: at("text"),
    turn_end: None,
    reasoning: ReasoningTags::NONE,
});

/// [Jurassic-2](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jurassic2.html).
/// It does not stream: its whole reply arrives as one event.
pub(crate) static JURASSIC_2: TextCompletion = TextCompletion(&Row {
    name: "Jurassic-2",
    template: &template::INSTRUCTION,
    frame: None,
    prompt: "prompt",
    config: None,
    max_tokens: "maxTokens",
    default_max_tokens: None,
    top_p: "topP",
    top_k: None,
    stop: Some("stopSequences"),
    images: None,
    streams: Streams::No,
    whole: first_of("completions", "data"),
    piece: first_of("completions", "data"),
    turn_end: None,
    reasoning: ReasoningTags::NONE,
});

/// [Llama](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html), with a
/// template and the key of images. It has no stop sequences.
const fn llama(name: &'static str, template: &'static template::Template, images: Option<&'static str>) -> Row {
    Row {
        name,
        template,
        frame: None,
        prompt: "prompt",
        config: None,
        max_tokens: "max_gen_len",
        default_max_tokens: None,
        top_p: "top_p",
        top_k: None,
        stop: None,
        images,
        streams: Streams::Yes,
        whole: at("generation"),
        piece: at("generation"),
        turn_end: None,
        reasoning: ReasoningTags::NONE,
    }
}

/// Llama 2 Chat.
pub(crate) static LLAMA_2: TextCompletion = TextCompletion(&const { llama("Llama 2", &template::LLAMA_2, None) });

/// Llama 3, 3.1, 3.3, and the small models of 3.2.
pub(crate) static LLAMA_3: TextCompletion = TextCompletion(&const { llama("Llama 3", &template::LLAMA_3, None) });

/// The models of Llama 3.2 that accept images.
pub(crate) static LLAMA_3_VISION: TextCompletion =
    TextCompletion(&const { llama("Llama 3.2", &template::LLAMA_3, Some("images")) });

/// Llama 4. It accepts images, but how a prompt refers to them is not published for InvokeModel.
pub(crate) static LLAMA_4: TextCompletion = TextCompletion(&const { llama("Llama 4", &template::LLAMA_4, None) });

/// [Mistral 7B Instruct, Mixtral 8x7B Instruct, Mistral Small](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html).
pub(crate) static MISTRAL: TextCompletion = TextCompletion(&Row {
    name: "Mistral",
    template: &template::MISTRAL,
    frame: None,
    prompt: "prompt",
    config: None,
    max_tokens: "max_tokens",
    default_max_tokens: None,
    top_p: "top_p",
    top_k: Some("top_k"),
    stop: Some("stop"),
    images: None,
    streams: Streams::Yes,
    whole: first_of("outputs", "text"),
    piece: first_of("outputs", "text"),
    turn_end: None,
    reasoning: ReasoningTags::NONE,
});

/// [DeepSeek R1](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html).
pub(crate) static DEEPSEEK_R1: TextCompletion = TextCompletion(&Row {
    name: "DeepSeek R1",
    template: &template::DEEPSEEK_R1,
    frame: None,
    prompt: "prompt",
    config: None,
    max_tokens: "max_tokens",
    default_max_tokens: None,
    top_p: "top_p",
    top_k: None,
    stop: Some("stop"),
    images: None,
    streams: Streams::Yes,
    whole: first_of("choices", "text"),
    piece: first_of("choices", "text"),
    turn_end: None,
    reasoning: ReasoningTags::THINK,
});
