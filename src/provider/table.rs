//! The families of models: one row each, with the APIs that serve it, its format on InvokeModel and its fields over
//! Converse.

use super::ChatCompletions;
use super::text::{self, TextCompletion};
use crate::api::{Api, Service};
use crate::model::ModelId;

/// A family of models: all models whose ids, without region prefix, begin with the same text.
///
/// ```
/// let prefixes: Vec<_> = bedrock_chat::families().iter().map(|family| family.prefix()).collect();
/// assert!(prefixes.contains(&"anthropic."));
/// ```
#[derive(Debug)]
pub struct Family {
    prefix: &'static str,
    routes: &'static [Route],
    /// The family's own format, on InvokeModel or on the Chat Completions API, if the crate implements it.
    pub(crate) format: Option<NativeFormat>,
    pub(crate) over_converse: &'static ConverseFields,
}

/// An API of a family, and the service that serves the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Route {
    /// The API.
    pub api: Api,
    /// The service.
    pub service: Service,
}

impl Family {
    /// Returns the prefix of the family's ids.
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Returns the APIs that serve the family, with the service of each. The first is the default for the id of
    /// an inference profile; see [`codec_for`](crate::codec_for) for other ids.
    pub fn routes(&self) -> &'static [Route] {
        self.routes
    }

    /// Returns the APIs that serve the family, over any service.
    pub fn apis(&self) -> impl Iterator<Item = Api> {
        Api::ALL.iter().copied().filter(|api| self.routes.iter().any(|route| route.api == *api))
    }
}

/// A family's own format, with the differences between families that share it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NativeFormat {
    /// Anthropic's Messages.
    Messages,
    /// Amazon Nova's `messages-v1`.
    Nova,
    /// Cohere's Command R.
    CommandR,
    ChatCompletions(&'static ChatCompletions),
    /// Text completion: a prompt in, text out.
    Prompt(&'static TextCompletion),
}

/// The fields of a family in Converse's `additionalModelRequestFields`, and the differences of its replies.
#[derive(Debug)]
pub(crate) struct ConverseFields {
    /// The path of `top_k`.
    pub(crate) top_k: &'static [&'static str],
    pub(crate) reasoning: ReasoningField,
    /// Whether ConverseStream reports input tokens that include those read from and written to the
    /// cache. AWS documents that they are excluded, and Converse does so. For OpenAI's models
    /// ConverseStream was measured to include them, and to count them twice in `totalTokens`.
    pub(crate) stream_input_has_cached: bool,
    /// Whether ids of tool calls must have nine letters or digits.
    pub(crate) short_ids: bool,
}

/// The field for the settings of reasoning over Converse.
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

/// Families without further fields, and ARNs that do not name a family.
const PLAIN: ConverseFields = ConverseFields {
    top_k: &["top_k"],
    reasoning: ReasoningField::OutputConfig,
    stream_input_has_cached: false,
    short_ids: false,
};
const CLAUDE: ConverseFields = ConverseFields { reasoning: ReasoningField::Thinking, ..PLAIN };
const NOVA: ConverseFields =
    ConverseFields { top_k: &["inferenceConfig", "topK"], reasoning: ReasoningField::ReasoningConfig, ..PLAIN };
const EFFORT: ConverseFields = ConverseFields { reasoning: ReasoningField::ReasoningEffort, ..PLAIN };
const OPENAI: ConverseFields =
    ConverseFields { reasoning: ReasoningField::Reasoning, stream_input_has_cached: true, ..PLAIN };
const GPT_OSS: ConverseFields = ConverseFields { reasoning: ReasoningField::ReasoningEffort, ..OPENAI };
const MISTRAL: ConverseFields = ConverseFields { short_ids: true, ..PLAIN };
const COHERE: ConverseFields = ConverseFields { top_k: &["k"], ..PLAIN };

const fn on(api: Api, service: Service) -> Route {
    Route { api, service }
}

const INVOKE: Route = on(Api::Invoke, Service::Runtime);
const CONVERSE: Route = on(Api::Converse, Service::Runtime);
const RUNTIME_RESPONSES: Route = on(Api::Responses, Service::Runtime);
const RUNTIME_CHAT: Route = on(Api::ChatCompletions, Service::Runtime);
const RESPONSES: Route = on(Api::Responses, Service::Mantle);
const CHAT: Route = on(Api::ChatCompletions, Service::Mantle);
const MESSAGES: Route = on(Api::Messages, Service::Mantle);

// The routes, from https://docs.aws.amazon.com/bedrock/latest/userguide/models-api-compatibility.html and
// https://docs.aws.amazon.com/bedrock/latest/userguide/models-endpoint-availability.html.
const NATIVE: &[Route] = &[INVOKE, CONVERSE];
const INVOKE_ONLY: &[Route] = &[INVOKE];
const CONVERSE_ONLY: &[Route] = &[CONVERSE];
const CLAUDE_ROUTES: &[Route] = &[INVOKE, CONVERSE, MESSAGES];
const OPEN_WEIGHTS: &[Route] = &[INVOKE, CONVERSE, CHAT];
const GPT_OSS_ROUTES: &[Route] = &[INVOKE, CONVERSE, RUNTIME_CHAT, RESPONSES, CHAT];
/// GPT 5.6 and later. Prompt caching is on Responses only.
const GPT_ROUTES: &[Route] = &[RUNTIME_RESPONSES, CONVERSE, RUNTIME_CHAT, RESPONSES, CHAT];
const GROK_ROUTES: &[Route] = &[CONVERSE, RUNTIME_RESPONSES, RUNTIME_CHAT, RESPONSES, CHAT];
const MANTLE_ONLY: &[Route] = &[RESPONSES, CHAT];
/// Nothing is known, so the service decides.
const ANY: &[Route] = &[CONVERSE, RUNTIME_RESPONSES, RUNTIME_CHAT, RESPONSES, CHAT, MESSAGES];

const fn family(
    prefix: &'static str,
    routes: &'static [Route],
    format: Option<NativeFormat>,
    over_converse: &'static ConverseFields,
) -> Family {
    Family { prefix, routes, format, over_converse }
}

use NativeFormat::{ChatCompletions as Chat, CommandR, Messages, Nova, Prompt};

/// The first row whose prefix fits is used, so a special family is above its vendor's general one.
static FAMILIES: &[Family] = &[
    family("anthropic.claude-v2", NATIVE, Some(Prompt(&text::CLAUDE_2)), &CLAUDE),
    family("anthropic.claude-instant", NATIVE, Some(Prompt(&text::CLAUDE_2)), &CLAUDE),
    family("amazon.titan-text", NATIVE, Some(Prompt(&text::TITAN)), &PLAIN),
    family("amazon.titan-tg1", NATIVE, Some(Prompt(&text::TITAN)), &PLAIN),
    family("ai21.j2", NATIVE, Some(Prompt(&text::JURASSIC_2)), &PLAIN),
    family("cohere.command-text", NATIVE, Some(Prompt(&text::COMMAND)), &COHERE),
    family("cohere.command-light", NATIVE, Some(Prompt(&text::COMMAND)), &COHERE),
    family("deepseek.r1", NATIVE, Some(Prompt(&text::DEEPSEEK_R1)), &PLAIN),
    family("meta.llama2", NATIVE, Some(Prompt(&text::LLAMA_2)), &PLAIN),
    family("meta.llama3-2-11b", NATIVE, Some(Prompt(&text::LLAMA_3_VISION)), &PLAIN),
    family("meta.llama3-2-90b", NATIVE, Some(Prompt(&text::LLAMA_3_VISION)), &PLAIN),
    family("meta.llama3", NATIVE, Some(Prompt(&text::LLAMA_3)), &PLAIN),
    family("meta.llama4", NATIVE, Some(Prompt(&text::LLAMA_4)), &PLAIN),
    family("mistral.mistral-7b-instruct", NATIVE, Some(Prompt(&text::MISTRAL)), &MISTRAL),
    family("mistral.mixtral-8x7b-instruct", NATIVE, Some(Prompt(&text::MISTRAL)), &MISTRAL),
    family("mistral.mistral-small-2402", NATIVE, Some(Prompt(&text::MISTRAL)), &MISTRAL),
    family("twelvelabs.pegasus", INVOKE_ONLY, Some(Prompt(&text::PEGASUS)), &PLAIN),
    family("anthropic.", CLAUDE_ROUTES, Some(Messages), &CLAUDE),
    family("amazon.nova", NATIVE, Some(Nova), &NOVA),
    family("cohere.command-r", NATIVE, Some(CommandR), &COHERE),
    family("cohere.", CONVERSE_ONLY, None, &COHERE),
    family("openai.gpt-oss", GPT_OSS_ROUTES, Some(Chat(&ChatCompletions::OPENAI)), &GPT_OSS),
    // openai/openai-node and LiteLLM 1.110 send these to `bedrock-mantle` only.
    family("openai.gpt-5.4", MANTLE_ONLY, Some(Chat(&ChatCompletions::GPT)), &OPENAI),
    family("openai.gpt-5.5", MANTLE_ONLY, Some(Chat(&ChatCompletions::GPT)), &OPENAI),
    family("openai.gpt-5.6-cyber", MANTLE_ONLY, Some(Chat(&ChatCompletions::GPT)), &OPENAI),
    family("openai.", GPT_ROUTES, Some(Chat(&ChatCompletions::GPT)), &OPENAI),
    family("qwen.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::QWEN)), &PLAIN),
    family("deepseek.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::DEEPSEEK)), &PLAIN),
    family("mistral.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::MISTRAL)), &MISTRAL),
    family("ai21.", NATIVE, Some(Chat(&ChatCompletions::JAMBA)), &PLAIN),
    family("writer.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::PALMYRA)), &PLAIN),
    family("moonshot", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::KIMI)), &EFFORT),
    family("minimax.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::MINIMAX)), &PLAIN),
    family("zai.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::GLM)), &EFFORT),
    family("nvidia.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::NEMOTRON)), &PLAIN),
    family("xai.", GROK_ROUTES, Some(Chat(&ChatCompletions::GROK)), &PLAIN),
    family("google.gemma-4", MANTLE_ONLY, Some(Chat(&ChatCompletions::GEMMA)), &PLAIN),
    family("google.", OPEN_WEIGHTS, Some(Chat(&ChatCompletions::GEMMA)), &PLAIN),
];

/// The row of all other models.
static OTHERS: Family = family("", ANY, None, &PLAIN);

/// Returns all families that the library supports. Models of other families are called over Converse.
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
    fn family_row_is_found_by_id_or_stated_family() {
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
            ("openai.gpt-5.5", "openai.gpt-5.5"),
            ("us.openai.gpt-5.6-sol", "openai."),
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
