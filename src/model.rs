//! Model ids: plain ids, inference profiles with region prefixes, ARNs of every kind.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::sigv4::{decoded_id, encode_path_segment};
use crate::text::{before, has, split, split_once};

/// The vendors whose names begin a model id. A first part that is none of them is
/// a region prefix, known or not, if a vendor follows it.
pub(crate) const VENDORS: &[&str] = &[
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "xai",
    "zai",
];

/// What the `modelId` of a call may be, taken apart: a model's id, an inference
/// profile's id, or an ARN.
///
/// See [the modelId parameter](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_RequestSyntax).
///
/// ```
/// use bedrock_chat::ModelId;
/// let id = ModelId::parse("us.anthropic.claude-sonnet-4-6")?;
/// assert_eq!(id.vendor(), Some("anthropic"));
/// assert_eq!(id.region_prefix(), Some("us"));
///
/// let id = ModelId::parse("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc")?;
/// assert_eq!((id.region(), id.vendor()), (Some("eu-west-1"), None));
/// let id = id.with_family("anthropic");
/// assert_eq!(id.vendor(), Some("anthropic"));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ModelId {
    /// As the service wants it, not percent-encoded.
    id: String,
    /// What the family is recognised by: the model's id without region prefix, or what the caller stated.
    base: Option<String>,
}

impl ModelId {
    /// Takes an id apart. One that is percent-encoded already, as LangChain.js asks for, is decoded
    /// first, by the rule of [`encode_model_id`](crate::sigv4::encode_model_id).
    ///
    /// # Errors
    /// `Config`, where the id is empty or has white space, or an ARN has not all its parts.
    pub fn parse(text: &str) -> Result<Self> {
        let config = |message: fmt::Arguments<'_>| Err(Error::of(ErrorKind::Config, message));
        let id = decoded_id(text.trim());
        if id.is_empty() {
            return config(format_args!("the model id is empty: give a model id, an inference profile id or an ARN"));
        }
        if id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return config(format_args!("the model id \"{id}\" contains white space or a control character"));
        }
        if id.bytes().all(|byte| byte == b'.') {
            return config(format_args!("the model id \"{id}\" is a step in a path, not a model"));
        }
        let base = if id.starts_with("arn:") {
            match arn_resource(&id) {
                Some(("foundation-model" | "inference-profile", name)) => Some(without_region(name).to_owned()),
                Some(_) => None,
                None => {
                    return config(format_args!(
                        "the ARN \"{id}\" is not complete: arn:PARTITION:bedrock:REGION:ACCOUNT:TYPE/ID is its form"
                    ));
                }
            }
        } else {
            Some(without_region(&id).to_owned())
        };
        Ok(Self { id, base })
    }

    /// The same id, of a family that the caller states: a vendor (`anthropic`) or
    /// a model id (`us.anthropic.claude-sonnet-4-6`). ARNs that do not
    /// name their model need it to be called in the vendor's own format.
    #[must_use]
    pub fn with_family(mut self, family: impl Into<String>) -> Self {
        let family = family.into();
        self.base = Some(without_region(&family).to_owned());
        self
    }

    /// The id as the service knows it, not percent-encoded.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The model's id without region prefix, or the family that the caller
    /// stated; `None` for an ARN that does not say.
    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// Who made the model, as far as the id says.
    pub fn vendor(&self) -> Option<&str> {
        self.base().map(|base| before(base, "."))
    }

    /// Returns what tables of families match: the model id without its region prefix, or a vendor with its dot.
    pub(crate) fn family(&self) -> Option<Cow<'_, str>> {
        let base = self.base()?;
        // A vendor alone, as callers state it for ARNs, means the vendor's general row.
        Some(if has(base, ".") { Cow::Borrowed(base) } else { Cow::Owned(format!("{base}.")) })
    }

    /// The region prefix of an inference profile, such as `us` or `global`.
    pub fn region_prefix(&self) -> Option<&str> {
        let name = arn_resource(&self.id).map_or(self.id.as_str(), |(_, name)| name);
        let prefix = name.strip_suffix(without_region(name))?;
        prefix.strip_suffix('.').filter(|prefix| !prefix.is_empty())
    }

    /// Whether the id is an ARN.
    pub fn is_arn(&self) -> bool {
        self.id.starts_with("arn:")
    }

    /// What an ARN is of, for instance `application-inference-profile`.
    pub fn resource_type(&self) -> Option<&str> {
        arn_resource(&self.id).map(|(kind, _)| kind)
    }

    /// The region in an ARN: calls must go there.
    pub fn region(&self) -> Option<&str> {
        self.arn_part(3)
    }

    /// The partition in an ARN, for instance `aws` or `aws-us-gov`.
    pub fn partition(&self) -> Option<&str> {
        self.arn_part(1)
    }

    fn arn_part(&self, index: usize) -> Option<&str> {
        if self.is_arn() { split(&self.id, b':').nth(index).filter(|part| !part.is_empty()) } else { None }
    }

    /// The path of an operation on this model: the id is one segment, encoded once.
    pub fn path(&self, operation: &str) -> String {
        format!("/model/{}/{operation}", encode_path_segment(&self.id))
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelId({})", self.id)
    }
}

/// The resource type and name in an ARN.
fn arn_resource(id: &str) -> Option<(&str, &str)> {
    let mut rest = id;
    for _ in 0..5 {
        rest = split_once(rest, ":")?.1;
    }
    split_once(rest, "/").filter(|_| id.starts_with("arn:aws"))
}

/// The id without its region prefix.
fn without_region(id: &str) -> &str {
    match split_once(id, ".") {
        Some((first, rest)) if !VENDORS.contains(&first) => {
            let second = before(rest, ".");
            if VENDORS.contains(&second) { rest } else { id }
        }
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ModelId {
        ModelId::parse(text).unwrap()
    }

    #[test]
    fn model_id_with_an_unknown_region_prefix_is_parsed() {
        for prefix in ["us.", "eu.", "apac.", "global.", "jp.", "au.", "us-gov.", "amer.", "zz-new.", ""] {
            let id = id(&format!("{prefix}anthropic.claude-3-haiku-20240307-v1:0"));
            assert_eq!(id.vendor(), Some("anthropic"), "{prefix}");
            assert_eq!(id.base(), Some("anthropic.claude-3-haiku-20240307-v1:0"));
            assert_eq!(id.region_prefix().unwrap_or("").len(), prefix.len().saturating_sub(1));
        }
        assert_eq!(id("newvendor.model-1.5").vendor(), Some("newvendor"));
    }

    #[test]
    fn model_arn_has_region_and_model() {
        let arn = |resource: &str| id(&format!("arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:{resource}"));
        for kind in [
            "application-inference-profile",
            "provisioned-model",
            "custom-model",
            "custom-model-deployment",
            "imported-model",
            "prompt-router",
            "default-prompt-router",
            "prompt",
        ] {
            let id = arn(&format!("{kind}/abc123"));
            assert_eq!((id.region(), id.partition()), (Some("us-gov-west-1"), Some("aws-us-gov")));
            assert_eq!((id.resource_type(), id.base()), (Some(kind), None));
            assert_eq!(id.with_family("meta").vendor(), Some("meta"));
        }
        assert_eq!(
            arn("inference-profile/us.meta.llama3-1-70b-instruct-v1:0").base(),
            Some("meta.llama3-1-70b-instruct-v1:0")
        );
        assert_eq!(arn("foundation-model/amazon.nova-lite-v1:0").vendor(), Some("amazon"));
        let foundation = id("arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0");
        assert_eq!((foundation.region(), foundation.vendor()), (Some("eu-west-1"), Some("anthropic")));
    }

    #[test]
    fn model_arn_is_one_encoded_path_segment() {
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123xyz";
        let path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123xyz/converse";
        assert_eq!(id(arn).path("converse"), path);
        assert_eq!(id(&encode_path_segment(arn)).path("converse"), path);
        assert_eq!(id(&encode_path_segment(arn).to_lowercase()).as_str(), arn);
        assert_eq!(id(&arn.replace('/', "%2F")).path("converse"), path);
    }

    #[test]
    fn invalid_model_id_is_refused_with_advice() {
        for text in
            ["", "  ", "a model", ".", "..", "arn:aws:bedrock", "arn:aws:bedrock:us-east-1:1:thing", "arn::::::"]
        {
            assert_eq!(ModelId::parse(text).unwrap_err().kind(), ErrorKind::Config, "{text:?}");
        }
    }
}
