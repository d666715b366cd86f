//! Which model speaks which wire shape: one row a family.

use super::{Anthropic, ChatCompletions, Codec, Cohere, Converse, Nova, text};
use crate::capabilities::{Api, Capabilities};
use crate::error::{Error, ErrorKind, Result};
use crate::model::ModelId;

/// A family of models: those whose id, without region prefix, begins alike.
///
/// ```
/// let prefixes: Vec<_> = bedrock_chat::families().iter().map(|family| family.prefix()).collect();
/// assert!(prefixes.contains(&"anthropic."));
/// ```
#[derive(Debug)]
pub struct Family {
    prefix: &'static str,
    codec: &'static dyn Codec,
}

impl Family {
    /// How the ids of the family begin.
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }
}

const fn row(prefix: &'static str, codec: &'static dyn Codec) -> Family {
    Family { prefix, codec }
}

/// The first row that fits counts: special ones stand above general ones.
static FAMILIES: &[Family] = &[
    row("anthropic.claude-v2", &text::CLAUDE_2),
    row("anthropic.claude-instant", &text::CLAUDE_2),
    row("amazon.titan-text", &text::TITAN),
    row("amazon.titan-tg1", &text::TITAN),
    row("ai21.j2", &text::JURASSIC_2),
    row("cohere.command-text", &text::COMMAND),
    row("cohere.command-light", &text::COMMAND),
    row("deepseek.r1", &text::DEEPSEEK_R1),
    row("meta.llama2", &text::LLAMA_2),
    row("meta.llama3-2-11b", &text::LLAMA_3_VISION),
    row("meta.llama3-2-90b", &text::LLAMA_3_VISION),
    row("meta.llama3", &text::LLAMA_3),
    row("meta.llama4", &text::LLAMA_4),
    row("mistral.mistral-7b-instruct", &text::MISTRAL),
    row("mistral.mixtral-8x7b-instruct", &text::MISTRAL),
    row("mistral.mistral-small-2402", &text::MISTRAL),
    row("anthropic.", &Anthropic),
    row("amazon.nova", &Nova),
    row("cohere.command-r", &Cohere),
    // Later models of OpenAI's are not on InvokeModel.
    row("openai.gpt-oss", &ChatCompletions::OPENAI),
    row("qwen.", &ChatCompletions::QWEN),
    row("deepseek.", &ChatCompletions::DEEPSEEK),
    row("mistral.", &ChatCompletions::MISTRAL),
    row("ai21.", &ChatCompletions::JAMBA),
    row("writer.", &ChatCompletions::PALMYRA),
    row("moonshot", &ChatCompletions::KIMI),
    row("minimax.", &ChatCompletions::MINIMAX),
    row("zai.", &ChatCompletions::GLM),
    row("nvidia.", &ChatCompletions::NEMOTRON),
    row("google.", &ChatCompletions::GEMMA),
];

/// All families with a native format of their own.
pub fn families() -> &'static [Family] {
    FAMILIES
}

/// The codec of a model: its family's own where there is one, else Converse, which serves all
/// models; `api` forces one of the two.
///
/// ```
/// use bedrock_chat::{Api, ModelId, codec_for};
/// let name = |id: &str, api| Ok::<_, bedrock_chat::Error>(format!("{:?}", codec_for(&ModelId::parse(id)?, api)?));
/// assert_eq!(name("us.anthropic.claude-sonnet-4-6", None)?, "Anthropic");
/// assert_eq!(name("us.anthropic.claude-sonnet-4-6", Some(Api::Converse))?, "Converse");
/// assert_eq!(name("newvendor.model-v1:0", None)?, "Converse");
/// assert!(name("newvendor.model-v1:0", Some(Api::Invoke)).is_err());
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
///
/// # Errors
/// `Unsupported`, where InvokeModel is forced and the family's format is not known.
pub fn codec_for(model: &ModelId, api: Option<Api>) -> Result<&'static dyn Codec> {
    match (api, native(model)) {
        (Some(Api::Converse), _) | (None, None) => Ok(&Converse),
        (_, Some(family)) => Ok(family.codec),
        (Some(Api::Invoke), None) => {
            let why = match model.base() {
                Some(_) => "no native format is implemented for its family; use Converse, or bring a codec",
                None => "its id does not name a family; use Converse, or state its family",
            };
            Err(Error::of(ErrorKind::Unsupported, format_args!("{model} cannot be called over InvokeModel: {why}")))
        }
    }
}

/// Returns what is known of a model over the API that the library chooses for it.
///
/// The facts and their sources are rows of one table. What is not known is decided by the service.
/// An opaque ARN, or a family that the library does not know, has few answers: state the family
/// with [`ModelId::with_family`].
///
/// ```
/// use bedrock_chat::{Capability, ModelId, capabilities};
/// let can = capabilities(&ModelId::parse("us.anthropic.claude-opus-4-8")?);
/// assert!(can.has(Capability::ForcedTools) && can.lacks(Capability::StrictTools));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub fn capabilities(model: &ModelId) -> Capabilities {
    let native = native(model).map(|family| family.codec);
    native.map_or_else(|| Converse.capabilities(model), |codec| codec.capabilities(model))
}

fn native(model: &ModelId) -> Option<&'static Family> {
    let wanted = model.family()?;
    FAMILIES.iter().find(|family| wanted.starts_with(family.prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(id: &str) -> Option<&'static str> {
        native(&ModelId::parse(id).unwrap()).map(Family::prefix)
    }

    #[test]
    fn ids_and_stated_families_find_their_row() {
        assert_eq!(prefix("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), Some("anthropic."));
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
        assert_eq!(prefix(arn), None);
        for family in ["anthropic", "anthropic.claude-3-haiku-20240307-v1:0", "eu.anthropic.claude-x"] {
            let model = ModelId::parse(arn).unwrap().with_family(family);
            assert_eq!(native(&model).map(Family::prefix), Some("anthropic."), "{family}");
        }
    }

    #[test]
    fn families_of_several_formats_are_told_apart_by_the_model() {
        let rows = [
            ("openai.gpt-oss-120b-1:0", Some("openai.gpt-oss")),
            ("openai.gpt-5.5", None),
            ("us.deepseek.r1-v1:0", Some("deepseek.r1")),
            ("deepseek.v3-v1:0", Some("deepseek.")),
            ("mistral.mixtral-8x7b-instruct-v0:1", Some("mistral.mixtral-8x7b-instruct")),
            ("mistral.mistral-large-2402-v1:0", Some("mistral.")),
            ("eu.mistral.pixtral-large-2502-v1:0", Some("mistral.")),
            ("ai21.j2-ultra-v1", Some("ai21.j2")),
            ("ai21.jamba-1-5-large-v1:0", Some("ai21.")),
            ("cohere.command-text-v14", Some("cohere.command-text")),
            ("us.cohere.command-r-plus-v1:0", Some("cohere.command-r")),
            ("moonshot.kimi-k2-thinking", Some("moonshot")),
            ("moonshotai.kimi-k2.5", Some("moonshot")),
        ];
        for (id, expected) in rows {
            assert_eq!(prefix(id), expected, "{id}");
        }
    }

    #[test]
    fn capabilities_are_known_for_every_native_format() {
        for family in FAMILIES {
            let model = ModelId::parse(&format!("{}x", family.prefix)).unwrap();
            assert_ne!(capabilities(&model), Capabilities::unknown(), "{model}");
        }
        let llama = ModelId::parse("us.meta.llama4-scout-17b-instruct-v1:0").unwrap();
        assert!(capabilities(&llama).lacks(crate::Capability::Tools));
    }

    #[test]
    fn models_without_a_format_of_their_own_and_opaque_arns_go_to_converse() {
        let codec = |id: &str, api| codec_for(&ModelId::parse(id).unwrap(), api).map(|codec| format!("{codec:?}"));
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
        for id in [arn, "newvendor.model-v1:0", "us.newvendor.model-v1:0"] {
            assert_eq!(codec(id, None).unwrap(), "Converse", "{id}");
            let error = codec(id, Some(Api::Invoke)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(id) && error.message().contains("Converse"), "{error}");
        }
        for api in [None, Some(Api::Invoke)] {
            assert_eq!(codec("amazon.nova-lite-v1:0", api).unwrap(), "Nova");
            assert_eq!(codec("us.anthropic.claude-x", api).unwrap(), "Anthropic");
        }
        assert_eq!(codec("us.anthropic.claude-x", Some(Api::Converse)).unwrap(), "Converse");
        let stated = ModelId::parse(arn).unwrap().with_family("amazon.nova-lite-v1:0");
        assert_eq!(format!("{:?}", codec_for(&stated, None).unwrap()), "Nova");
    }
}
