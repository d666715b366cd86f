//! Facts about Claude.

use super::{Fact, fact, over, unsure};
use crate::api::Api;
use crate::capabilities::Capability::{
    AdaptiveReasoning, AskedTools, ForcedTools, ForcedToolsWithReasoning, Images, ImagesInResults, JsonSchema,
    MediaInS3, NamedTools, OneHourCache, PromptCaching, ReasoningBetweenTools, ReasoningBudget, ReasoningByDefault,
    ReasoningEffort, ReasoningOff, Sampling, SerialTools, SignedReasoning, StreamedTools, StrictTools, SystemAnywhere,
    Tools, UserAfterTools,
};

/// Claude before 4.5.
const CLAUDE_BEFORE_4_5: &[&str] = &[
    "anthropic.claude-3",
    "anthropic.claude-sonnet-4-2025",
    "anthropic.claude-opus-4-2025",
    "anthropic.claude-opus-4-1-",
];
const CLAUDE_4_5: &[&str] = &["anthropic.claude-sonnet-4-5", "anthropic.claude-opus-4-5", "anthropic.claude-haiku-4-5"];
/// Claude models with messages and without prompt caching.
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
/// Later rows override earlier ones.
pub(super) static FACTS: &[Fact] = &[
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
    // no tools, no images. Extended thinking, caching and schemas are features of later models.
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
    // https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html: the first model
    // that accepts an effort, in addition to a budget.
    fact(&["anthropic.claude-opus-4-5"], &[ReasoningEffort], &[]),
    // The page above: adaptive thinking only. For the 5 family, observed with sonnet-5.
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"], &[], &[ReasoningBudget]),
    fact(CLAUDE_5, &[ReasoningByDefault], &[ReasoningBudget]),
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-fable-5", "anthropic.claude-mythos"], &[], &[ReasoningOff]),
    // vercel/ai#15674, pr-agent#2456, earendil-works/pi#7961: "`temperature` is deprecated for this model." There is
    // no such report about haiku-5.
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"], &[], &[Sampling]),
    fact(CLAUDE_5, &[], &[Sampling]),
    unsure(&["anthropic.claude-haiku-5"], &[Sampling]),
    // AI SDK 5, LiteLLM 1.110.
    fact(&["anthropic.claude-haiku-5-5"], &[], &[Sampling]),
    // AI SDK 5: `disabled` is refused, `between_tools` is the lowest.
    fact(&["anthropic.claude-sonnet-5-5"], &[ReasoningBetweenTools], &[ReasoningOff]),
    // vercel/ai#14773, anthropic-sdk-python#1759: "output_config.format: Extra inputs are not permitted".
    fact(&["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"], &[], &[StrictTools, JsonSchema]),
    // AI SDK 5.0.101 and LiteLLM 1.110 disagree about which versions of the 5 family refuse `strict`.
    unsure(CLAUDE_5, &[StrictTools]),
    // Neither client refuses a schema on haiku. AI SDK 5.0.101 refuses it on sonnet, while LiteLLM 1.110 sends it.
    unsure(
        &[
            "anthropic.claude-opus-5",
            "anthropic.claude-sonnet-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos",
        ],
        &[JsonSchema],
    ),
    // langchain-aws 1.9, AI SDK 5, LiteLLM 1.110, and Anthropic's pages on Opus 5.5 and Fable 5.1: a forced tool
    // choice is refused.
    fact(NEVER_FORCED, &[], &[ForcedTools, NamedTools]),
    // Only Anthropic's migration guide names Mythos 5.1, according to celeste-python#393.
    unsure(&["anthropic.claude-mythos-5-1"], &[ForcedTools, NamedTools]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html: reasoning and a
    // forced tool exclude each other. langchain-aws#1141: Bedrock accepts both from Opus 4.8 on. Anthropic's page
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
];
