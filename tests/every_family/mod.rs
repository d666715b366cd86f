//! One model of every family, and models that only Converse serves.

use bedrock_chat::{Api, families};

/// Model ids by the prefix of their family. A family without an id fails the tests.
const IDS: &[(&str, &str)] = &[
    ("anthropic.claude-v2", "anthropic.claude-v2:1"),
    ("anthropic.claude-instant", "anthropic.claude-instant-v1"),
    ("amazon.titan-text", "amazon.titan-text-premier-v1:0"),
    ("amazon.titan-tg1", "amazon.titan-tg1-large"),
    ("ai21.j2", "ai21.j2-ultra-v1"),
    ("cohere.command-text", "cohere.command-text-v14"),
    ("cohere.command-light", "cohere.command-light-text-v14"),
    ("deepseek.r1", "us.deepseek.r1-v1:0"),
    ("meta.llama2", "meta.llama2-70b-chat-v1"),
    ("meta.llama3-2-11b", "us.meta.llama3-2-11b-instruct-v1:0"),
    ("meta.llama3-2-90b", "us.meta.llama3-2-90b-instruct-v1:0"),
    ("meta.llama3", "us.meta.llama3-3-70b-instruct-v1:0"),
    ("meta.llama4", "us.meta.llama4-maverick-17b-instruct-v1:0"),
    ("mistral.mistral-7b-instruct", "mistral.mistral-7b-instruct-v0:2"),
    ("mistral.mixtral-8x7b-instruct", "mistral.mixtral-8x7b-instruct-v0:1"),
    ("mistral.mistral-small-2402", "mistral.mistral-small-2402-v1:0"),
    ("anthropic.", "us.anthropic.claude-sonnet-4-6"),
    ("amazon.nova", "us.amazon.nova-2-lite-v1:0"),
    ("cohere.command-r", "cohere.command-r-plus-v1:0"),
    ("cohere.", "cohere.command-a-v1:0"),
    ("openai.gpt-oss", "openai.gpt-oss-120b-1:0"),
    ("openai.gpt-5.4", "openai.gpt-5.4"),
    ("openai.gpt-5.5", "openai.gpt-5.5"),
    ("openai.gpt-5.6-cyber", "openai.gpt-5.6-cyber"),
    ("openai.", "us.openai.gpt-5.6-sol"),
    ("qwen.", "qwen.qwen3-vl-235b-a22b"),
    ("deepseek.", "deepseek.v3-v1:0"),
    ("mistral.", "mistral.mistral-large-2402-v1:0"),
    ("ai21.", "ai21.jamba-1-5-large-v1:0"),
    ("writer.", "us.writer.palmyra-x5-v1:0"),
    ("moonshot", "moonshotai.kimi-k2.5"),
    ("minimax.", "minimax.minimax-m2"),
    ("zai.", "zai.glm-4.7"),
    ("nvidia.", "nvidia.nemotron-nano-9b-v2"),
    ("xai.", "us.xai.grok-4.3"),
    ("google.gemma-4", "google.gemma-4-31b"),
    ("google.", "google.gemma-3-27b-it"),
];

/// More models: newer ones with other features, and models that only Converse serves.
const MORE: &[(&str, &[Api])] = &[
    ("us.anthropic.claude-opus-4-5-20251101-v1:0", &[Api::Invoke, Api::Converse]),
    ("us.anthropic.claude-opus-4-8", &[Api::Invoke, Api::Converse]),
    ("us.anthropic.claude-sonnet-5-5", &[Api::Invoke, Api::Converse]),
    ("us.amazon.nova-lite-v1:0", &[Api::Invoke, Api::Converse]),
    ("us.mistral.pixtral-large-2502-v1:0", &[Api::Invoke, Api::Converse]),
    ("newvendor.model-v1:0", &[Api::Converse]),
];

/// Families that need a video in every conversation: see `tests/text_models.rs`.
const NEED_VIDEO: &[&str] = &["twelvelabs.pegasus"];

/// Returns the model id of a family.
fn id_of(prefix: &str) -> &'static str {
    let row = IDS.iter().find(|(known, _)| *known == prefix);
    row.unwrap_or_else(|| panic!("the family `{prefix}` has no model in tests/every_family: add one")).1
}

/// Returns every model with each API that serves it.
#[allow(dead_code, reason = "not every test file uses it")]
pub(crate) fn routes() -> Vec<(&'static str, Api)> {
    let families = families().iter().filter(|family| !NEED_VIDEO.contains(&family.prefix()));
    let families = families.flat_map(|family| family.apis().map(|api| (id_of(family.prefix()), api)));
    let more = MORE.iter().flat_map(|(id, apis)| apis.iter().map(|api| (*id, *api)));
    families.chain(more).collect()
}

/// Returns every model with each of Bedrock's own APIs that serves it: InvokeModel and Converse.
pub(crate) fn models() -> Vec<(&'static str, Api)> {
    routes().into_iter().filter(|(_, api)| matches!(api, Api::Invoke | Api::Converse)).collect()
}
