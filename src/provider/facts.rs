//! The table of what models can do: one row for each fact, with its source.
//!
//! A later row overrides an earlier one, so general rows come first. A model pattern is the
//! beginning of a model id without its region prefix; after a `*`, any part of the id.

use super::repair::{RawShape, Target};
use crate::api::Api;
use crate::capabilities::Capability::{
    AdaptiveReasoning, AskedTools, ForcedTools, ForcedToolsWithReasoning, Images, ImagesInResults, JsonSchema,
    MediaInS3, NamedTools, OneHourCache, PromptCaching, ReasoningBetweenTools, ReasoningBudget, ReasoningByDefault,
    ReasoningEffort, ReasoningOff, Sampling, SerialTools, SignedReasoning, StreamedTools, Streaming, StrictTools,
    SystemAnywhere, Tools, UserAfterTools,
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

/// A fact of the chat-completions format, which InvokeModel and the Chat Completions API share.
const fn over_chat(fact: Fact) -> Fact {
    Fact { apis: &[Api::Invoke, Api::ChatCompletions], ..fact }
}

/// Facts about which the sources disagree: nothing is chosen by the library, the caller may ask.
const fn unsure(models: &'static [&'static str], unsure: &'static [Capability]) -> Fact {
    Fact { apis: &[], models, can: Capabilities::unknown(), unsure }
}

/// Claude before 4.5.
const CLAUDE_BEFORE_4_5: &[&str] = &[
    "anthropic.claude-3",
    "anthropic.claude-sonnet-4-2025",
    "anthropic.claude-opus-4-2025",
    "anthropic.claude-opus-4-1-",
];
const CLAUDE_4_5: &[&str] = &["anthropic.claude-sonnet-4-5", "anthropic.claude-opus-4-5", "anthropic.claude-haiku-4-5"];
/// Claude with messages and without prompt caching.
const CLAUDE_WITHOUT_CACHE: &[&str] = &[
    "anthropic.claude-3-opus",
    "anthropic.claude-3-sonnet",
    "anthropic.claude-3-haiku",
    "anthropic.claude-3-5-sonnet-20240620",
];
/// Claude before 3.7.
const CLAUDE_WITHOUT_REASONING: &[&str] =
    &["anthropic.claude-3-opus", "anthropic.claude-3-sonnet", "anthropic.claude-3-haiku", "anthropic.claude-3-5"];
/// The models with a prompt instead of messages.
const CLAUDE_2: &[&str] = &["anthropic.claude-v2", "anthropic.claude-instant"];
/// The Claude 5 family.
const CLAUDE_5: &[&str] = &[
    "anthropic.claude-opus-5",
    "anthropic.claude-sonnet-5",
    "anthropic.claude-haiku-5",
    "anthropic.claude-fable-5",
    "anthropic.claude-mythos",
];
/// Claude models that cannot be forced to call a tool. Fable 5.2 is in AI SDK's list alone.
const NEVER_FORCED: &[&str] = &[
    "anthropic.claude-fable-5-1",
    "anthropic.claude-fable-5-2",
    "anthropic.claude-opus-5-5",
    "anthropic.claude-sonnet-5-5",
];
/// Claude before 4.8: a tool cannot be forced while the model reasons.
const UNFORCED_WITH_REASONING: &[&str] = &[
    "anthropic.claude-3",
    "anthropic.claude-sonnet-4-",
    "anthropic.claude-haiku-4-",
    "anthropic.claude-opus-4-2025",
    "anthropic.claude-opus-4-1-",
    "anthropic.claude-opus-4-5",
    "anthropic.claude-opus-4-6",
    "anthropic.claude-opus-4-7",
];
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

static FACTS: &[Fact] = &[
    // Converse translates tools for every model:
    // https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use.html
    over(Api::Converse, fact(&[""], &[Tools], &[])),
    // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolResultContentBlock.html
    // names Claude and Nova as the models that take images in results.
    fact(MEDIA_IN_MESSAGES, &[], &[ImagesInResults]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
    // links S3 for Nova Premier, Pro and Lite, and for TwelveLabs.
    fact(MEDIA_IN_MESSAGES, &[], &[MediaInS3]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html lists Claude and Nova only.
    over(Api::Converse, fact(MEDIA_IN_MESSAGES, &[], &[PromptCaching, OneHourCache])),
    over(Api::Converse, fact(&["amazon.titan"], &[], &[PromptCaching, OneHourCache])),
    // Reports of refused histories: vercel/ai#14765, can1357/oh-my-pi#9086.
    fact(UNSIGNED, &[], &[SignedReasoning]),
    // Claude: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
    // and, for schemas, https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html.
    fact(
        &["anthropic."],
        &[
            Tools,
            ForcedTools,
            NamedTools,
            AskedTools,
            SerialTools,
            StrictTools,
            JsonSchema,
            StreamedTools,
            Images,
            ImagesInResults,
            UserAfterTools,
            SignedReasoning,
            PromptCaching,
            OneHourCache,
            ReasoningBudget,
            AdaptiveReasoning,
            ReasoningEffort,
            ReasoningOff,
            Sampling,
        ],
        &[MediaInS3, SystemAnywhere, ReasoningBetweenTools, ReasoningByDefault],
    ),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html:
    // no tools, no images. Extended thinking, caching and schemas came with later models.
    fact(
        CLAUDE_2,
        &[],
        &[
            Tools,
            ForcedTools,
            NamedTools,
            AskedTools,
            SerialTools,
            StrictTools,
            JsonSchema,
            StreamedTools,
            Images,
            ImagesInResults,
            SignedReasoning,
            PromptCaching,
            OneHourCache,
            ReasoningBudget,
            AdaptiveReasoning,
            ReasoningEffort,
            ReasoningOff,
        ],
    ),
    // pensarai/apex#943: cache points are refused. The list of the page on prompt caching begins with 3.5 Haiku
    // and 3.5 Sonnet v2.
    over(Api::Converse, fact(CLAUDE_WITHOUT_CACHE, &[], &[PromptCaching])),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html: one hour from 4.5 on.
    fact(CLAUDE_BEFORE_4_5, &[], &[StrictTools, JsonSchema, OneHourCache]),
    // archestra#5696 reads the page's list as 4.5 only.
    unsure(&["anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4-6"], &[OneHourCache]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html: from 4.6 on.
    fact(CLAUDE_BEFORE_4_5, &[], &[AdaptiveReasoning, ReasoningEffort]),
    fact(CLAUDE_4_5, &[], &[AdaptiveReasoning, ReasoningEffort]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html: from 3.7 on.
    fact(CLAUDE_WITHOUT_REASONING, &[], &[ReasoningBudget, ReasoningOff]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html: the first
    // with an effort, beside a budget.
    fact(&["anthropic.claude-opus-4-5"], &[ReasoningEffort], &[]),
    // Adaptive thinking only, by the page above; for the 5 family seen at sonnet-5.
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"], &[], &[ReasoningBudget]),
    fact(CLAUDE_5, &[ReasoningByDefault], &[ReasoningBudget]),
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-fable-5", "anthropic.claude-mythos"], &[], &[ReasoningOff]),
    // vercel/ai#15674, pr-agent#2456, earendil-works/pi#7961: "`temperature` is deprecated for this model." Nobody
    // reports it of haiku-5.
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"], &[], &[Sampling]),
    fact(CLAUDE_5, &[], &[Sampling]),
    unsure(&["anthropic.claude-haiku-5"], &[Sampling]),
    // AI SDK 5, LiteLLM 1.110.
    fact(&["anthropic.claude-haiku-5-5"], &[], &[Sampling]),
    // AI SDK 5: `disabled` is refused, `between_tools` is the lowest.
    fact(&["anthropic.claude-sonnet-5-5"], &[ReasoningBetweenTools], &[ReasoningOff]),
    // vercel/ai#14773, anthropic-sdk-python#1759: "output_config.format: Extra inputs are not permitted".
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"], &[], &[StrictTools, JsonSchema]),
    // AI SDK 5.0.101 and LiteLLM 1.110 disagree about the 5 family: `strict` is refused, or for some versions only.
    unsure(CLAUDE_5, &[StrictTools]),
    // Neither refuses a schema on haiku. AI SDK 5.0.101 refuses it on sonnet, where LiteLLM 1.110 sends it.
    unsure(
        &[
            "anthropic.claude-opus-5",
            "anthropic.claude-sonnet-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos",
        ],
        &[JsonSchema],
    ),
    // langchain-aws 1.9, AI SDK 5, LiteLLM 1.110, and Anthropic's pages on what is new in Opus 5.5 and Fable 5.1: a
    // forced tool choice is refused.
    fact(NEVER_FORCED, &[], &[ForcedTools, NamedTools]),
    // Only Anthropic's migration guide names Mythos 5.1, by celeste-python#393.
    unsure(&["anthropic.claude-mythos-5-1"], &[ForcedTools, NamedTools]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html: reasoning and a
    // forced tool exclude each other. langchain-aws#1141: Bedrock accepts both from Opus 4.8 on, Anthropic's page
    // on what is new in Sonnet 5 says otherwise.
    fact(UNFORCED_WITH_REASONING, &[], &[ForcedToolsWithReasoning]),
    // Anthropic's page on mid-conversation system messages: from Opus 4.8 on.
    fact(
        &[
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos-5",
        ],
        &[SystemAnywhere],
        &[],
    ),
    // oh-my-pi, langchain-aws: the newest refuse `disabled` too.
    fact(&["anthropic.claude-opus-5-5"], &[], &[ReasoningOff]),
    // lobehub#19876, LiteLLM 1.110: strict tools are refused.
    fact(
        &[
            "anthropic.claude-opus-5-5",
            "anthropic.claude-sonnet-5-5",
            "anthropic.claude-haiku-5-5",
            "anthropic.claude-fable-5-1",
            "anthropic.claude-fable-5-2",
        ],
        &[],
        &[StrictTools],
    ),
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
    over(Api::Converse, fact(&["mistral."], &[ForcedTools], &[NamedTools])),
    over(Api::Converse, fact(&["cohere.", "meta."], &[], &[ForcedTools, NamedTools])),
    // langchain-aws 1.9: its table of tool choices over Converse.
    over(Api::Converse, fact(&["xai.", "zai.glm-5.3"], &[ForcedTools, NamedTools], &[])),
    // Schemas over Converse: the structured-output page above.
    over(Api::Converse, fact(&["openai.gpt-oss", "moonshot", "qwen."], &[JsonSchema], &[])),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
    // and pi#3739: "doesn't support tool use in streaming mode".
    over(Api::Converse, fact(&["meta."], &[], &[StreamedTools])),
    // opencode#50272: the only Llama that takes images in results.
    over(Api::Converse, fact(&["meta.llama4"], &[ImagesInResults], &[])),
    // The features page above: no ConverseStream.
    over(Api::Converse, fact(&["ai21.j2"], &[], &[Streaming])),
    // langchain-aws#141, hermes-agent#20154: results and text cannot be in one turn, nor text behind it.
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
                ReasoningEffort,
            ],
            &[ReasoningBudget, AdaptiveReasoning, ImagesInResults, MediaInS3, PromptCaching, SignedReasoning],
        ),
    ),
    over(Api::ChatCompletions, fact(&["openai.gpt-5", "openai.gpt-6"], &[Images, ReasoningOff], &[])),
    over(Api::ChatCompletions, fact(&["google.gemma-4"], &[Images], &[])),
    // Command R answers tool results alone:
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
    over(Api::Invoke, fact(&["cohere.command-r"], &[Tools], &[ForcedTools, NamedTools, JsonSchema, StrictTools])),
];

/// Returns what is known of a model over an API.
pub(crate) fn known(model: &ModelId, api: Api) -> Capabilities {
    let id = model.family().unwrap_or_default();
    let fits = |pattern: &&&str| match split_once(pattern, "*") {
        Some((start, part)) => id.starts_with(start) && has(&id, part),
        None => id.starts_with(**pattern),
    };
    let mut can = Capabilities::unknown();
    for fact in FACTS {
        if (fact.apis.is_empty() || fact.apis.contains(&api)) && fact.models.iter().any(|pattern| fits(&pattern)) {
            can = can.without(fact.unsure).overridden_by(fact.can);
        }
    }
    can
}

/// Returns what a call can rely on: what is known, corrected by the caller.
pub(crate) fn of_call(model: &ModelId, api: Api, options: &ChatOptions) -> Capabilities {
    known(model, api).overridden_by(options.capabilities)
}

/// Returns what the conversation of a call is repaired for.
pub(crate) fn target<'a>(model: &'a ModelId, api: Api, raw: RawShape, options: &ChatOptions) -> Target<'a> {
    Target { model, can: of_call(model, api, options), raw }
}

#[cfg(test)]
mod tests;
