//! The table of what models can do: one row for each fact, with its source.
//!
//! A later row overrides an earlier one, so general rows come first. A model pattern is the
//! beginning of a model id without its region prefix; after a `*`, any part of the id.

mod claude;

use super::repair::{RawShape, Target};
use crate::api::Api;
use crate::capabilities::Capability::{
    AdaptiveReasoning, ForcedTools, Images, ImagesInResults, JsonSchema, MediaInS3, NamedTools, OneHourCache,
    PromptCaching, ReasoningBetweenTools, ReasoningBudget, ReasoningByDefault, ReasoningEffort, ReasoningOff, Sampling,
    SerialTools, SignedReasoning, StopSequences, StreamedTools, Streaming, StrictTools, SystemAnywhere, Tools,
    UserAfterTools,
};
use crate::capabilities::{Capabilities, Capability};
use crate::model::ModelId;
use crate::request::ChatOptions;
use crate::text::{has, split_once};

/// One row: models, the APIs that the fact holds over (all, if there is none), and the fact itself.
struct Fact {
    apis: &'static [Api],
    models: &'static [&'static str],
    can: Capabilities,
    unsure: &'static [Capability],
}

const fn fact(models: &'static [&'static str], has: &[Capability], lacks: &[Capability]) -> Fact {
    Fact { apis: &[], models, can: Capabilities::of(has, lacks), unsure: &[] }
}

const fn over(api: Api, fact: Fact) -> Fact {
    let apis: &'static [Api] = match api {
        Api::Invoke => &[Api::Invoke],
        Api::Converse => &[Api::Converse],
        Api::Responses => &[Api::Responses],
        Api::ChatCompletions => &[Api::ChatCompletions],
        Api::Messages => &[Api::Messages],
    };
    Fact { apis, ..fact }
}

/// A fact about the chat-completions format, which InvokeModel and the Chat Completions API share.
const fn over_chat(fact: Fact) -> Fact {
    Fact { apis: &[Api::Invoke, Api::ChatCompletions], ..fact }
}

/// Facts about which the sources disagree. The library does not use such a feature by itself; the caller may request
/// it.
const fn unsure(models: &'static [&'static str], unsure: &'static [Capability]) -> Fact {
    Fact { apis: &[], models, can: Capabilities::unknown(), unsure }
}

/// Families whose images, documents and videos are accepted in messages only.
const MEDIA_IN_MESSAGES: &[&str] = &[
    "openai.",
    "qwen.",
    "mistral.",
    "meta.",
    "moonshot",
    "zai.",
    "cohere.",
    "google.",
    "deepseek.",
    "minimax.",
    "nvidia.",
    "writer.",
    "ai21.",
    "xai.",
];
/// Families that do not sign their reasoning, or do not accept it back.
const UNSIGNED: &[&str] = &[
    "amazon.nova",
    "meta.",
    "mistral.",
    "openai.gpt-oss",
    "qwen.",
    "moonshot",
    "zai.",
    "cohere.",
    "ai21.",
    "deepseek.",
    "google.",
    "minimax.",
    "nvidia.",
    "writer.",
];

/// Facts that hold for many families.
static GENERAL: &[Fact] = &[
    // Converse translates tools for every model:
    // https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use.html
    // Its ToolConfiguration cannot forbid parallel calls. Only Claude and OpenAI have another field for that.
    over(Api::Converse, fact(&[""], &[Tools], &[SerialTools])),
    // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolResultContentBlock.html names Claude
    // and Nova as the models that accept images in results.
    fact(MEDIA_IN_MESSAGES, &[], &[ImagesInResults]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
    // links S3 for Nova Premier, Pro and Lite, and for TwelveLabs.
    fact(MEDIA_IN_MESSAGES, &[], &[MediaInS3]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html lists Claude and Nova only.
    over(Api::Converse, fact(MEDIA_IN_MESSAGES, &[], &[PromptCaching, OneHourCache])),
    over(Api::Converse, fact(&["amazon.titan"], &[], &[PromptCaching, OneHourCache])),
    // Reports of refused histories: vercel/ai#14765, can1357/oh-my-pi#9086.
    fact(UNSIGNED, &[], &[SignedReasoning]),
];

/// Facts about other families.
static OTHER_FACTS: &[Fact] = &[
    // Nova: https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
    fact(
        &["amazon.nova"],
        &[
            Tools,
            ForcedTools,
            NamedTools,
            StreamedTools,
            Images,
            ImagesInResults,
            MediaInS3,
            UserAfterTools,
            PromptCaching,
            ReasoningEffort,
            ReasoningOff,
        ],
        &[SerialTools, OneHourCache, SystemAnywhere, ReasoningBudget, AdaptiveReasoning, ReasoningByDefault],
    ),
    fact(&["amazon.nova-micro"], &[], &[Images, ImagesInResults, MediaInS3]),
    // Tool choices over Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html
    over(Api::Converse, fact(&["openai."], &[ForcedTools, NamedTools, SerialTools], &[])),
    over(Api::Converse, unsure(&["openai.gpt-oss"], &[ForcedTools, NamedTools])),
    // GitLab#563341, crewAI#4046: "This model doesn't support the stopSequences field." AI SDK 5.0.101 sends none to any
    // model of OpenAI.
    over(Api::Converse, fact(&["openai."], &[], &[StopSequences])),
    // activepieces#15261, hermes-agent#111438: "This model doesn't support the temperature field."
    over(Api::Converse, fact(&["openai.gpt-5", "openai.gpt-6", "xai."], &[], &[Sampling])),
    // stdapi-ai/stdapi.ai#283 probed the efforts of GPT over Converse, and langchain-aws 1.9 sends those of the others.
    over(Api::Converse, fact(&["openai.", "moonshot", "zai."], &[ReasoningEffort], &[])),
    over(Api::Converse, fact(&["mistral."], &[ForcedTools], &[NamedTools])),
    over(Api::Converse, fact(&["cohere.", "meta."], &[], &[ForcedTools, NamedTools])),
    // langchain-aws 1.9: its table of tool choices over Converse.
    over(Api::Converse, fact(&["xai.", "zai.glm-5.3"], &[ForcedTools, NamedTools], &[])),
    // Schemas over Converse: the structured-output page above.
    over(Api::Converse, fact(&["openai.gpt-oss", "moonshot", "qwen."], &[JsonSchema], &[])),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
    // and pi#3739: "doesn't support tool use in streaming mode".
    over(Api::Converse, fact(&["meta."], &[], &[StreamedTools])),
    // opencode#50272: the only Llama that accepts images in results.
    over(Api::Converse, fact(&["meta.llama4"], &[ImagesInResults], &[])),
    // The features page above: no ConverseStream.
    over(Api::Converse, fact(&["ai21.j2"], &[], &[Streaming])),
    // langchain-aws#141, hermes-agent#20154: a turn cannot have results and text, and a text turn cannot follow
    // results.
    fact(&["mistral."], &[], &[UserAfterTools]),
    over(Api::Converse, fact(&["meta."], &[], &[UserAfterTools])),
    // Chat completions: the pages named in `chat_completions.rs`.
    over_chat(fact(
        &[
            "openai.gpt-oss",
            "qwen.",
            "deepseek.",
            "mistral.",
            "ai21.",
            "writer.",
            "moonshot",
            "minimax.",
            "zai.",
            "nvidia.",
            "google.",
        ],
        &[Tools, SerialTools, JsonSchema, StreamedTools],
        &[ReasoningEffort, ReasoningBudget, AdaptiveReasoning],
    )),
    over_chat(fact(&["openai.gpt-oss", "moonshot", "zai."], &[ReasoningEffort], &[])),
    over_chat(fact(&["mistral."], &[ForcedTools], &[NamedTools, SerialTools])),
    over_chat(fact(&["ai21.", "writer."], &[], &[SerialTools])),
    over_chat(fact(&["ai21."], &[], &[JsonSchema])),
    over_chat(fact(
        &["mistral.mistral-large-240", "mistral.mistral-small-240", "mistral.pixtral-large-2502"],
        &[],
        &[JsonSchema],
    )),
    over_chat(fact(
        &[
            "openai.gpt-oss",
            "deepseek.",
            "ai21.",
            "minimax.",
            "zai.",
            "qwen.*qwen3-32b",
            "qwen.*qwen3-235b",
            "qwen.*qwen3-coder",
            "qwen.*qwen3-next",
            "mistral.mistral-large-240",
            "mistral.mistral-small-240",
            "mistral.devstral",
            "mistral.voxtral",
            "mistral.mistral-7b",
            "mistral.mixtral",
            "writer.palmyra-x",
            "moonshot*kimi-k2-thinking",
            "nvidia.*nano-9b",
            "nvidia.*nano-3-30b",
            "nvidia.*super",
            "nvidia.*ultra",
        ],
        &[],
        &[Images],
    )),
    over_chat(fact(&["openai.gpt-oss", "deepseek.", "moonshot", "zai.", "minimax."], &[SystemAnywhere], &[])),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html, and what the OpenAI SDK
    // sends to these models.
    over(
        Api::ChatCompletions,
        fact(
            &["openai.", "xai.", "google.gemma-4"],
            &[
                Tools,
                ForcedTools,
                NamedTools,
                SerialTools,
                StrictTools,
                JsonSchema,
                StreamedTools,
                SystemAnywhere,
                UserAfterTools,
            ],
            &[ReasoningBudget, AdaptiveReasoning, ImagesInResults, MediaInS3, PromptCaching, SignedReasoning],
        ),
    ),
    over(Api::ChatCompletions, fact(&["openai.gpt-5", "openai.gpt-6"], &[Images, ReasoningOff], &[])),
    over(Api::ChatCompletions, fact(&["openai.", "xai."], &[ReasoningEffort], &[])),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-google-gemma-4-31b.html has no effort.
    over(Api::ChatCompletions, fact(&["google.gemma-4"], &[Images], &[ReasoningEffort])),
    // Command R accepts tool results without further text only:
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html
    over(Api::Invoke, fact(&["cohere.command-r"], &[], &[UserAfterTools])),
    // Families with a prompt template have no tools in their native format.
    over(
        Api::Invoke,
        fact(
            &[
                "anthropic.claude-v2",
                "anthropic.claude-instant",
                "amazon.titan",
                "ai21.j2",
                "cohere.command-text",
                "cohere.command-light",
                "deepseek.r1",
                "meta.",
                "mistral.mistral-7b",
                "mistral.mixtral",
                "mistral.mistral-small-2402",
            ],
            &[],
            &[
                Tools,
                ForcedTools,
                NamedTools,
                StrictTools,
                JsonSchema,
                StreamedTools,
                SystemAnywhere,
                PromptCaching,
                SignedReasoning,
            ],
        ),
    ),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-pegasus.html
    over(
        Api::Invoke,
        fact(
            &["twelvelabs.pegasus"],
            &[JsonSchema, MediaInS3],
            &[
                Tools,
                ForcedTools,
                NamedTools,
                StrictTools,
                StreamedTools,
                Images,
                SystemAnywhere,
                PromptCaching,
                SignedReasoning,
            ],
        ),
    ),
    over(
        Api::Invoke,
        fact(&["cohere.command-r"], &[Tools], &[ForcedTools, NamedTools, SerialTools, JsonSchema, StrictTools]),
    ),
    // Responses. Its reference has tools, and efforts instead of budgets, for every model; system messages are items.
    over(
        Api::Responses,
        fact(
            &[""],
            &[Tools, SystemAnywhere],
            &[ReasoningBudget, AdaptiveReasoning, ReasoningBetweenTools, PromptCaching, OneHourCache],
        ),
    ),
    // Recorded calls of GPT, and the types of OpenAI's SDK. LiteLLM 1.110: images on the runtime are `data:` or
    // `s3://`.
    over(
        Api::Responses,
        fact(
            &["openai.gpt-", "xai."],
            &[
                ForcedTools,
                NamedTools,
                SerialTools,
                StrictTools,
                JsonSchema,
                StreamedTools,
                Images,
                ImagesInResults,
                MediaInS3,
                SignedReasoning,
                ReasoningEffort,
            ],
            &[],
        ),
    ),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-google-gemma-4-31b.html
    over(
        Api::Responses,
        fact(
            &["google.gemma-4"],
            &[ForcedTools, NamedTools, JsonSchema, StreamedTools, Images],
            &[ReasoningEffort, SignedReasoning, MediaInS3],
        ),
    ),
    // A recorded reply has the reasoning as text, without encrypted content.
    over(
        Api::Responses,
        fact(&["openai.gpt-oss"], &[], &[Images, ImagesInResults, MediaInS3, SignedReasoning, ReasoningOff]),
    ),
    over(Api::Responses, unsure(&["openai.gpt-oss"], &[ForcedTools, NamedTools, StrictTools, JsonSchema])),
    // sample-apj-sup-sa#230: the effort `none`. LiteLLM#38489, and OpenAI's guide on prompt caching: breakpoints
    // from 5.6 on.
    over(Api::Responses, fact(&["openai.gpt-5.6", "openai.gpt-6"], &[ReasoningOff, PromptCaching], &[])),
];

/// Returns whether the id of a model, without its region prefix, fits one of the patterns.
pub(crate) fn fits(id: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match split_once(pattern, "*") {
        Some((start, part)) => id.starts_with(start) && has(id, part),
        None => id.starts_with(pattern),
    })
}

/// Returns the known capabilities of a model over an API.
pub(crate) fn known(model: &ModelId, api: Api) -> Capabilities {
    let id = model.family().unwrap_or_default();
    let mut can = Capabilities::unknown();
    for fact in [GENERAL, claude::FACTS, OTHER_FACTS].into_iter().flatten() {
        if (fact.apis.is_empty() || fact.apis.contains(&api)) && fits(&id, fact.models) {
            can = can.without(fact.unsure).overridden_by(fact.can);
        }
    }
    can
}

/// Returns the capabilities that a call can rely on: the known ones, corrected by the caller.
pub(crate) fn of_call(model: &ModelId, api: Api, options: &ChatOptions) -> Capabilities {
    known(model, api).overridden_by(options.capabilities)
}

/// Returns the model and format that the conversation of a call is repaired for.
pub(crate) fn target<'a>(model: &'a ModelId, api: Api, raw: RawShape, options: &ChatOptions) -> Target<'a> {
    Target { model, can: of_call(model, api, options), raw }
}

#[cfg(test)]
mod tests;
