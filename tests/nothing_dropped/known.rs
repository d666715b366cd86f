//! The rows that do not apply to some models, with reasons, and the known failures.

use bedrock_chat::Api;

/// Rows with known failures. Each needs a reason here.
pub(crate) const KNOWN: &[&str] = &[];

/// A row that does not apply to some models.
struct Exempt {
    row: &'static str,
    /// Parts of the models' ids; empty for all models.
    models: &'static [&'static str],
    api: Option<Api>,
}

const CLAUDE: &str = "anthropic.claude-";

/// Returns whether the model is a Claude with the Messages API; Claude 2 and Instant accept prompts.
fn is_claude(model: &str) -> bool {
    model.contains(CLAUDE) && !model.contains("claude-v2") && !model.contains("claude-instant")
}

const EXEMPT: &[Exempt] = &[
    // Members of a call belong to the format in which it was written. Other formats do not support them, and a
    // history must not be refused.
    Exempt { row: "ToolCall.extra", models: &[], api: Some(Api::Converse) },
    Exempt { row: "Text.citations", models: &[], api: Some(Api::Converse) },
    Exempt { row: "Anthropic's tool_use", models: &[], api: Some(Api::Converse) },
    // Command R cites its documents without being asked.
    Exempt { row: "Document.citations", models: &["cohere.command-r"], api: Some(Api::Invoke) },
    Exempt { row: "SearchResult.citations", models: &["cohere.command-r"], api: Some(Api::Invoke) },
    // Claude's own format does not support a schema's name.
    Exempt { row: "ResponseFormat.name", models: &["anthropic.claude-"], api: Some(Api::Invoke) },
    Exempt { row: "ResponseFormat.name", models: &["anthropic.claude-"], api: Some(Api::Messages) },
    // Models that do not sign their reasoning do not get it back.
    Exempt { row: "Thinking.extra", models: &["openai.gpt-oss", "google.gemma-4"], api: Some(Api::Responses) },
];

/// Rows about reasoning and citations, which are sent back only to the family that wrote them, as documented.
const CLAUDE_ALONE: &[&str] = &[
    "Thinking.signature",
    "Thinking.text",
    "RedactedThinking.data",
    "Text.citations",
    "ToolCall.extra",
    "Anthropic's tool_use",
];

/// Rows about members that only Responses has, as documented.
const RESPONSES_ALONE: &[&str] = &["Text.extra", "Thinking.extra"];

/// Rows about prompt caching, which only Claude and Nova support. Caching does not change the answer.
const CACHING: &[&str] = &["ChatOptions.prompt_caching", "CachePoint", "CachePoint.ttl", "Tool.cache_point"];

pub(crate) fn is_exempt(row: &str, model: &str, api: Api) -> bool {
    let is = |rows: &[&str]| rows.iter().any(|name| row == *name || row.starts_with(&format!("{name} ")));
    let listed = EXEMPT.iter().any(|exempt| {
        is(&[exempt.row])
            && (exempt.models.is_empty() || exempt.models.iter().any(|id| model.contains(id)))
            && exempt.api.is_none_or(|only| only == api)
    });
    let caches = is_claude(model) || model.contains("amazon.nova");
    let of_other_api =
        (is(RESPONSES_ALONE) && api != Api::Responses) || (is(&["Converse's toolUse"]) && api != Api::Converse);
    listed || of_other_api || (is(CLAUDE_ALONE) && !is_claude(model)) || (is(CACHING) && !caches)
}
