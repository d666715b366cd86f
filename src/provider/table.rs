//! The families of models: one row each, with its format on InvokeModel and its fields over Converse.

use super::ChatCompletions;
use super::text::{self, TextCompletion};
use crate::api::Api;
use crate::model::ModelId;

/// A family of models: those whose ids, without region prefix, begin alike.
///
/// ```
/// let prefixes: Vec<_> = bedrock_chat::families().iter().map(|family| family.prefix()).collect();
/// assert!(prefixes.contains(&"anthropic."));
/// ```
#[derive(Debug)]
pub struct Family {
    prefix: &'static str,
    /// The format on InvokeModel, if it is known here.
    pub(crate) format: Option<NativeFormat>,
    pub(crate) over_converse: &'static ConverseFields,
}

impl Family {
    /// Returns how the ids of the family begin.
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Returns the APIs that the library can call the family over, the default first.
    pub fn apis(&self) -> &'static [Api] {
        if self.format.is_some() { &[Api::Invoke, Api::Converse] } else { &[Api::Converse] }
    }
}

/// A format on InvokeModel, with what differs between the families that share it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NativeFormat {
    /// Anthropic's Messages.
    Messages,
    /// Amazon Nova's `messages-v1`.
    Nova,
    /// Cohere's Command R.
    CommandR,
    ChatCompletions(&'static ChatCompletions),
    /// A prompt in, text out.
    Prompt(&'static TextCompletion),
}

/// The fields of a family in Converse's `additionalModelRequestFields`, and the differences of its replies.
#[derive(Debug)]
pub(crate) struct ConverseFields {
    /// The path of `top_k`.
    pub(crate) top_k: &'static [&'static str],
    pub(crate) reasoning: ReasoningField,
    /// Whether the family has `parallel_tool_calls`.
    pub(crate) parallel_tool_calls: bool,
    /// Whether ConverseStream reports input tokens that include those read from and written to the
    /// cache. AWS documents that they are excluded, and Converse does so; for OpenAI's models
    /// ConverseStream was measured to include them and to count them twice in `totalTokens`.
    pub(crate) stream_input_has_cached: bool,
}

/// Where a family has the settings of reasoning over Converse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReasoningField {
    /// `thinking` and `output_config`, which are Claude's.
    Thinking,
    /// `reasoningConfig`, which is Amazon Nova's.
    ReasoningConfig,
    /// `reasoning_effort`.
    ReasoningEffort,
    /// `reasoning.effort`.
    Reasoning,
    /// The API's own `outputConfig.effort`.
    OutputConfig,
}

/// Families without other fields, and ARNs that do not name a family.
const PLAIN: ConverseFields = ConverseFields {
    top_k: &["top_k"],
    reasoning: ReasoningField::OutputConfig,
    parallel_tool_calls: false,
    stream_input_has_cached: false,
};
const CLAUDE: ConverseFields = ConverseFields { reasoning: ReasoningField::Thinking, ..PLAIN };
const NOVA: ConverseFields =
    ConverseFields { top_k: &["inferenceConfig", "topK"], reasoning: ReasoningField::ReasoningConfig, ..PLAIN };
const EFFORT: ConverseFields = ConverseFields { reasoning: ReasoningField::ReasoningEffort, ..PLAIN };
const OPENAI: ConverseFields = ConverseFields {
    reasoning: ReasoningField::Reasoning,
    parallel_tool_calls: true,
    stream_input_has_cached: true,
    ..PLAIN
};
const GPT_OSS: ConverseFields = ConverseFields { reasoning: ReasoningField::ReasoningEffort, ..OPENAI };
const COHERE: ConverseFields = ConverseFields { top_k: &["k"], ..PLAIN };

const fn family(prefix: &'static str, format: Option<NativeFormat>, over_converse: &'static ConverseFields) -> Family {
    Family { prefix, format, over_converse }
}

use NativeFormat::{ChatCompletions as Chat, CommandR, Messages, Nova, Prompt};

/// The first row that fits counts, so a special family is above its vendor's general one.
static FAMILIES: &[Family] = &[
    family("anthropic.claude-v2", Some(Prompt(&text::CLAUDE_2)), &CLAUDE),
    family("anthropic.claude-instant", Some(Prompt(&text::CLAUDE_2)), &CLAUDE),
    family("amazon.titan-text", Some(Prompt(&text::TITAN)), &PLAIN),
    family("amazon.titan-tg1", Some(Prompt(&text::TITAN)), &PLAIN),
    family("ai21.j2", Some(Prompt(&text::JURASSIC_2)), &PLAIN),
    family("cohere.command-text", Some(Prompt(&text::COMMAND)), &COHERE),
    family("cohere.command-light", Some(Prompt(&text::COMMAND)), &COHERE),
    family("deepseek.r1", Some(Prompt(&text::DEEPSEEK_R1)), &PLAIN),
    family("meta.llama2", Some(Prompt(&text::LLAMA_2)), &PLAIN),
    family("meta.llama3-2-11b", Some(Prompt(&text::LLAMA_3_VISION)), &PLAIN),
    family("meta.llama3-2-90b", Some(Prompt(&text::LLAMA_3_VISION)), &PLAIN),
    family("meta.llama3", Some(Prompt(&text::LLAMA_3)), &PLAIN),
    family("meta.llama4", Some(Prompt(&text::LLAMA_4)), &PLAIN),
    family("mistral.mistral-7b-instruct", Some(Prompt(&text::MISTRAL)), &PLAIN),
    family("mistral.mixtral-8x7b-instruct", Some(Prompt(&text::MISTRAL)), &PLAIN),
    family("mistral.mistral-small-2402", Some(Prompt(&text::MISTRAL)), &PLAIN),
    family("anthropic.", Some(Messages), &CLAUDE),
    family("amazon.nova", Some(Nova), &NOVA),
    family("cohere.command-r", Some(CommandR), &COHERE),
    family("cohere.", None, &COHERE),
    family("openai.gpt-oss", Some(Chat(&ChatCompletions::OPENAI)), &GPT_OSS),
    // Later models of OpenAI are not on InvokeModel.
    family("openai.", None, &OPENAI),
    family("qwen.", Some(Chat(&ChatCompletions::QWEN)), &PLAIN),
    family("deepseek.", Some(Chat(&ChatCompletions::DEEPSEEK)), &PLAIN),
    family("mistral.", Some(Chat(&ChatCompletions::MISTRAL)), &PLAIN),
    family("ai21.", Some(Chat(&ChatCompletions::JAMBA)), &PLAIN),
    family("writer.", Some(Chat(&ChatCompletions::PALMYRA)), &PLAIN),
    family("moonshot", Some(Chat(&ChatCompletions::KIMI)), &EFFORT),
    family("minimax.", Some(Chat(&ChatCompletions::MINIMAX)), &PLAIN),
    family("zai.", Some(Chat(&ChatCompletions::GLM)), &EFFORT),
    family("nvidia.", Some(Chat(&ChatCompletions::NEMOTRON)), &PLAIN),
    family("google.", Some(Chat(&ChatCompletions::GEMMA)), &PLAIN),
];

/// The row of all other models.
static OTHERS: Family = family("", None, &PLAIN);

/// Returns all families that the library knows. Models of other families are called over Converse.
pub fn families() -> &'static [Family] {
    FAMILIES
}

/// Returns the row of a model.
pub(crate) fn family_of(model: &ModelId) -> &'static Family {
    let Some(id) = model.family() else { return &OTHERS };
    FAMILIES.iter().find(|family| id.starts_with(family.prefix)).unwrap_or(&OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(id: &str) -> &'static str {
        family_of(&ModelId::parse(id).unwrap()).prefix
    }

    #[test]
    fn family_of_an_id_or_stated_family_is_its_row() {
        assert_eq!(prefix("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), "anthropic.");
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
        assert_eq!(prefix(arn), "");
        for family in ["anthropic", "anthropic.claude-3-haiku-20240307-v1:0", "eu.anthropic.claude-x"] {
            let model = ModelId::parse(arn).unwrap().with_family(family);
            assert_eq!(family_of(&model).prefix, "anthropic.", "{family}");
        }
    }

    #[test]
    fn family_of_a_vendor_with_several_formats_depends_on_the_model() {
        let rows = [
            ("openai.gpt-oss-120b-1:0", "openai.gpt-oss"),
            ("openai.gpt-5.5", "openai."),
            ("us.deepseek.r1-v1:0", "deepseek.r1"),
            ("deepseek.v3-v1:0", "deepseek."),
            ("mistral.mixtral-8x7b-instruct-v0:1", "mistral.mixtral-8x7b-instruct"),
            ("mistral.mistral-large-2402-v1:0", "mistral."),
            ("eu.mistral.pixtral-large-2502-v1:0", "mistral."),
            ("ai21.j2-ultra-v1", "ai21.j2"),
            ("ai21.jamba-1-5-large-v1:0", "ai21."),
            ("cohere.command-text-v14", "cohere.command-text"),
            ("us.cohere.command-r-plus-v1:0", "cohere.command-r"),
            ("moonshot.kimi-k2-thinking", "moonshot"),
            ("moonshotai.kimi-k2.5", "moonshot"),
        ];
        for (id, expected) in rows {
            assert_eq!(prefix(id), expected, "{id}");
        }
    }

    #[test]
    fn family_rows_are_reachable() {
        for family in FAMILIES {
            assert_eq!(prefix(&format!("{}x", family.prefix)), family.prefix);
        }
    }
}
