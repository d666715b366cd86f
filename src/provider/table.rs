//! Which model speaks which wire shape: one row a family.

use super::{Anthropic, Codec, text};
use crate::error::{Error, ErrorKind, Result};
use crate::model::ModelId;

/// Which of Bedrock's APIs a model is called with.
///
/// ```
/// assert_ne!(bedrock_chat::Api::Invoke, bedrock_chat::Api::Converse);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// [InvokeModel](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html),
    /// in the model's own format.
    Invoke,
    /// [Converse](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html),
    /// the same for all models.
    Converse,
}

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
];

/// All families with a native format of their own.
pub fn families() -> &'static [Family] {
    FAMILIES
}

/// The codec of a model: the one of its family.
///
/// # Errors
/// `Unsupported`, where the id is of no known family.
pub fn codec_for(model: &ModelId, api: Option<Api>) -> Result<&'static dyn Codec> {
    let unsupported = |message: String| Err(Error::new(ErrorKind::Unsupported, message));
    if api == Some(Api::Converse) {
        return unsupported("the Converse API is not there yet".into());
    }
    match native(model) {
        Some(family) => Ok(family.codec),
        None => unsupported(format!(
            "the model id {model} does not say which format the model speaks: state its family, for instance .family(\"anthropic\")"
        )),
    }
}

fn native(model: &ModelId) -> Option<&'static Family> {
    let base = model.base()?;
    // A vendor alone, as callers state it for ARNs, means the vendor's general row.
    let vendor = if base.contains('.') { None } else { Some(format!("{base}.")) };
    let wanted = vendor.as_deref().unwrap_or(base);
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
}
