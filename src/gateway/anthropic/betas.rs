//! The table of beta features: which of them models on InvokeModel accept.
//!
//! A feature without a row for the model is removed, and a response header names it. InvokeModel answers "invalid beta flag"
//! to each request with a feature that it does not know, and does not name it (claude-code#49648, #56595). A client
//! made for Anthropic's own service sends a dozen of them, and most are for that service alone. Without the feature
//! the model answers as usual.

use std::borrow::Cow;

use crate::gateway::dialect::Given;
use crate::gateway::failure::Failure;
use crate::json::{Kind, View};
use crate::model::ModelId;
use crate::provider::facts;
use crate::text::{has, split, visible};

/// One row: a feature, and the models that accept it, as patterns of [`facts::fits`].
pub(super) struct Beta {
    pub(super) name: &'static str,
    pub(super) models: &'static [&'static str],
}

const fn beta(name: &'static str, models: &'static [&'static str]) -> Beta {
    Beta { name, models }
}

/// The feature of tools that the model searches for.
pub(super) const TOOL_SEARCH: &str = "tool-search-tool-2025-10-19";
/// The feature of tools with examples of their input.
pub(super) const TOOL_EXAMPLES: &str = "tool-examples-2025-10-29";
/// The feature of an edited context.
pub(super) const CONTEXT_MANAGEMENT: &str = "context-management-2025-06-27";
/// The feature of a summarized context.
pub(super) const COMPACT: &str = "compact-2026-01-12";
/// The feature of messages that change the settings of the output.
pub(super) const MID_CONVERSATION_OUTPUT_CONFIG: &str = "mid-conversation-output-config-2026-07-01";

const CLAUDE_3_7: &[&str] = &["anthropic.claude-3-7"];
/// Claude 4.0 to 4.6. Opus 4.7 was the first that refused features it had built in (claude-code#49370).
const CLAUDE_4: &[&str] = &[
    "anthropic.claude-sonnet-4",
    "anthropic.claude-haiku-4",
    "anthropic.claude-opus-4-2025",
    "anthropic.claude-opus-4-1-",
    "anthropic.claude-opus-4-5",
    "anthropic.claude-opus-4-6",
];
const CLAUDE_4_5_AND_4_6: &[&str] = &[
    "anthropic.claude-sonnet-4-5",
    "anthropic.claude-haiku-4-5",
    "anthropic.claude-opus-4-5",
    "anthropic.claude-sonnet-4-6",
    "anthropic.claude-opus-4-6",
];
/// Models with features of July 2026 and later.
const CLAUDE_SINCE_4_8: &[&str] = &[
    "anthropic.claude-opus-4-8",
    "anthropic.claude-opus-5",
    "anthropic.claude-sonnet-5",
    "anthropic.claude-haiku-5",
    "anthropic.claude-fable-5",
    "anthropic.claude-mythos",
];

/// The table. Sources without a link are LiteLLM's list for Bedrock of November 2026 and
/// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html.
pub(super) static BETAS: &[Beta] = &[
    beta("computer-use-2024-10-22", &["anthropic.claude-3-5-sonnet-20241022"]),
    beta(
        "computer-use-2025-01-24",
        &["anthropic.claude-3-7", "anthropic.claude-sonnet-4", "anthropic.claude-opus-4", "anthropic.claude-haiku-4"],
    ),
    beta(
        "computer-use-2025-11-24",
        &["anthropic.claude-opus-4-5", "anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4-6"],
    ),
    // Built in from Claude 4 on.
    beta("token-efficient-tools-2025-02-19", CLAUDE_3_7),
    beta("output-128k-2025-02-19", CLAUDE_3_7),
    beta("dev-full-thinking-2025-05-14", &["anthropic.claude-sonnet-4-2025", "anthropic.claude-opus-4-2025"]),
    // claude-code#49370: the only one that Opus 4.7 accepts. Adaptive reasoning has it built in.
    beta("interleaved-thinking-2025-05-14", CLAUDE_4),
    beta("interleaved-thinking-2025-05-14", &["anthropic.claude-opus-4-7"]),
    // https://aws.amazon.com/about-aws/whats-new/2025/08/anthropic-claude-sonnet-bedrock-expanded-context-window/
    beta("context-1m-2025-08-07", &["anthropic.claude-sonnet-4", "anthropic.claude-opus-4-6"]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-tool-use.html
    beta(CONTEXT_MANAGEMENT, CLAUDE_4),
    beta("fine-grained-tool-streaming-2025-05-14", CLAUDE_4),
    // The same page. LiteLLM: refused by Opus 4.7.
    beta(TOOL_SEARCH, CLAUDE_4_5_AND_4_6),
    beta(TOOL_EXAMPLES, &["anthropic.claude-opus-4-5"]),
    // Later models accept an effort without the feature.
    beta("effort-2025-11-24", &["anthropic.claude-opus-4-5"]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-compaction.html
    beta(COMPACT, &["anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4-6"]),
    beta(COMPACT, CLAUDE_SINCE_4_8),
    // Anthropic's page on mid-conversation system messages.
    beta(
        "mid-conversation-system-2026-04-07",
        &[
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos-5",
        ],
    ),
    beta("mid-conversation-tool-changes-2026-07-01", CLAUDE_SINCE_4_8),
    beta(MID_CONVERSATION_OUTPUT_CONFIG, CLAUDE_SINCE_4_8),
    beta("thinking-binding-controls-2026-08-01", CLAUDE_SINCE_4_8),
    beta("thinking-display-updates-2026-08-18", CLAUDE_SINCE_4_8),
    beta("dangerous-tool-use-2026-09-03", CLAUDE_SINCE_4_8),
];

/// Anthropic's name for several features that Bedrock names one by one. `PARTS` has the member of a body that needs each
/// feature, and Bedrock's name, as Claude Code and LiteLLM send it.
const ADVANCED_TOOL_USE: &str = "advanced-tool-use-2025-11-20";
const PARTS: &[(&str, &str)] =
    &[("\"defer_loading\"", TOOL_SEARCH), ("\"tool_search_tool_", TOOL_SEARCH), ("\"input_examples\"", TOOL_EXAMPLES)];

/// The beta features of a request.
pub(super) struct Betas {
    /// The features that the model accepts.
    pub(super) sent: Vec<String>,
    /// The features that are removed.
    pub(super) removed: Vec<String>,
}

/// Returns the beta features of a request's headers and body, and which of them the model accepts. Without a model, no
/// feature is sent.
///
/// # Errors
/// `Invalid`, if the body has a list of features that is not one of strings.
pub(super) fn betas(given: &Given<'_>, model: Option<&ModelId>) -> Result<Betas, Failure> {
    let mut betas = Betas { sent: Vec::new(), removed: Vec::new() };
    let id = model.and_then(ModelId::family).unwrap_or_default();
    for name in named(given)? {
        let mut parts = Vec::new();
        if name == ADVANCED_TOOL_USE {
            let uses = |(member, _): &&(&str, &str)| has(given.body.raw(), member);
            parts.extend(PARTS.iter().filter(uses).map(|(_, part)| *part).filter(|part| is_accepted(&id, part)));
        } else if is_accepted(&id, &name) {
            parts.push(&*name);
        }
        if parts.is_empty() {
            add(&mut betas.removed, &shown(&name));
        }
        parts.into_iter().for_each(|part| add(&mut betas.sent, part));
    }
    Ok(betas)
}

/// Returns a client's text as a response header can have it: visible ASCII, and not long.
pub(super) fn shown(text: &str) -> String {
    let mut shown = visible(text.as_bytes());
    shown.truncate(MAX_SHOWN);
    shown
}

const MAX_SHOWN: usize = 80;

fn add(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}

fn is_accepted(id: &str, name: &str) -> bool {
    !id.is_empty() && BETAS.iter().any(|row| row.name == name && facts::fits(id, row.models))
}

/// Returns the features that a request names: in headers `anthropic-beta`, and in the members `betas`, which is the
/// option of Anthropic's SDKs, and `anthropic_beta`, which is Bedrock's.
fn named<'a>(given: &Given<'a>) -> Result<Vec<Cow<'a, str>>, Failure> {
    let mut names = Vec::new();
    let mut add_list = |list: Cow<'a, str>| match list {
        Cow::Borrowed(list) => names.extend(split(list, b',').map(|name| Cow::Borrowed(name.trim()))),
        Cow::Owned(list) => names.extend(split(&list, b',').map(|name| Cow::Owned(name.trim().to_owned()))),
    };
    for (name, value) in given.headers.iter() {
        if name == "anthropic-beta" {
            add_list(Cow::Borrowed(value));
        }
    }
    for member in ["betas", "anthropic_beta"] {
        let Some(list) = given.body.get(member) else { continue };
        let texts: Option<Vec<_>> = match list.kind() {
            Kind::Array => list.items().map(View::str).collect(),
            _ => list.str().map(|text| vec![text]),
        };
        let Some(texts) = texts else {
            return Err(Failure::of_field(
                member,
                format!("`{member}` is not a list of strings; name each beta feature"),
            ));
        };
        texts.into_iter().for_each(&mut add_list);
    }
    names.retain(|name| !name.is_empty());
    Ok(names)
}
