//! The families, one row each.

use crate::endpoint::Endpoint;
use crate::shapes::keys::{Key, Kind, may, must};

/// One family.
pub(crate) struct Row {
    /// Prefixes of the ids of the family.
    pub(super) ids: &'static [&'static str],
    pub(super) keys: &'static [Key],
    pub(super) reasons: Reasons,
    /// The default limit of tokens.
    pub(super) limit: usize,
    pub(super) dialect: Dialect,
}

/// Where the reply has its reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reasons {
    /// The model does not reason.
    Never,
    /// Between tags in front of the text.
    Tags,
    /// In this member of the message.
    Member(&'static str),
    /// Not in the reply; only its tokens are counted.
    Hidden,
}

/// Differences in the conversation and in the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    OpenAi,
    /// OpenAI's API.
    Api(Endpoint),
    /// `stop_reason` instead of `finish_reason`, streams of `message` instead of `delta`, `any` instead of
    /// `required`.
    Mistral,
    Jamba,
    /// A turn's content may be an object with a text.
    Palmyra,
}

/// The row for a base model id.
pub(crate) fn row(model: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.ids.iter().any(|id| model.starts_with(id)))
}

const WHOLE: Kind = Kind::Whole(1, u64::MAX);
const PENALTY: Kind = Kind::Number(-2.0, 2.0);

const OPEN_AI: [Key; 25] = [
    must("messages", Kind::List),
    may("model", Kind::Text),
    may("max_tokens", WHOLE),
    may("max_completion_tokens", WHOLE),
    may("temperature", Kind::Number(0.0, 2.0)),
    may("top_p", Kind::Number(0.0, 1.0)),
    may("top_k", Kind::Whole(0, 1_000)),
    may("stop", Kind::Any),
    may("n", Kind::Whole(1, 1)),
    may("seed", Kind::Any),
    may("frequency_penalty", PENALTY),
    may("presence_penalty", PENALTY),
    may("repetition_penalty", Kind::Number(0.0, 2.0)),
    may("tools", Kind::List),
    may("tool_choice", Kind::Any),
    may("parallel_tool_calls", Kind::Flag),
    may("response_format", Kind::Object),
    may("reasoning_effort", Kind::Text),
    may("logprobs", Kind::Flag),
    may("top_logprobs", Kind::Whole(0, 20)),
    may("logit_bias", Kind::Object),
    may("stream", Kind::Flag),
    may("stream_options", Kind::Object),
    may("user", Kind::Text),
    may("metadata", Kind::Object),
];

static ROWS: [Row; 5] = [
    Row {
        ids: &["mistral."],
        keys: &[
            must("messages", Kind::List),
            may("tools", Kind::List),
            may("tool_choice", Kind::Text),
            may("max_tokens", Kind::Whole(1, 32_768)),
            may("temperature", Kind::Number(0.0, 1.0)),
            may("top_p", Kind::Number(0.0, 1.0)),
            may("stop", Kind::Texts(10)),
        ],
        reasons: Reasons::Never,
        limit: 8_192,
        dialect: Dialect::Mistral,
    },
    Row {
        ids: &["ai21.jamba"],
        keys: &[
            must("messages", Kind::List),
            may("max_tokens", Kind::Whole(1, 4_096)),
            may("temperature", Kind::Number(0.0, 2.0)),
            may("top_p", Kind::Number(0.0, 1.0)),
            may("stop", Kind::Texts(100)),
            may("n", Kind::Whole(1, 16)),
            may("frequency_penalty", Kind::Any),
            may("presence_penalty", Kind::Any),
            may("tools", Kind::List),
            may("tool_choice", Kind::Any),
            may("documents", Kind::List),
            may("response_format", Kind::Object),
        ],
        reasons: Reasons::Never,
        limit: 4_096,
        dialect: Dialect::Jamba,
    },
    Row {
        ids: &["writer."],
        keys: &[
            must("messages", Kind::List),
            may("max_tokens", Kind::Whole(1, 8_192)),
            may("min_tokens", Kind::Whole(0, 8_192)),
            may("temperature", Kind::Number(0.0, 2.0)),
            may("top_p", Kind::Number(0.0, 1.0)),
            may("stop", Kind::Texts(4)),
            may("seed", Kind::Whole(0, u64::MAX)),
            may("frequency_penalty", PENALTY),
            may("presence_penalty", PENALTY),
            may("tools", Kind::List),
            may("tool_choice", Kind::Any),
            may("response_format", Kind::Object),
        ],
        reasons: Reasons::Never,
        // As documented; the answers are very short by default.
        limit: 16,
        dialect: Dialect::Palmyra,
    },
    Row { ids: &["openai."], keys: &OPEN_AI, reasons: Reasons::Tags, limit: usize::MAX, dialect: Dialect::OpenAi },
    Row {
        ids: &["qwen.", "deepseek.", "moonshot", "zai.", "minimax.", "nvidia.", "google.", "xai."],
        keys: &OPEN_AI,
        reasons: Reasons::Never,
        limit: usize::MAX,
        dialect: Dialect::OpenAi,
    },
];
