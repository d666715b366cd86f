//! Model ids: plain ids, inference profiles with region prefixes, and ARNs.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::sigv4::{decoded_id, encode_path_segment};
use crate::text::{before, has, split, split_once};

/// The vendors that model ids begin with. A first part that is not a vendor is a region prefix if a vendor
/// follows it, so new prefixes work.
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

/// A parsed `modelId` of a call: the id of a model, the id of an inference profile, or an ARN.
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
    /// The id as the service expects it, not percent-encoded.
    id: String,
    /// The text that determines the family: the model's id without its region prefix, or the caller's setting.
    base: Option<String>,
}

impl ModelId {
    /// Parses an id. A percent-encoded id, as LangChain.js asks for, is decoded first, by the rule of
    /// [`encode_model_id`](crate::sigv4::encode_model_id).
    ///
    /// # Errors
    /// `Config`, if the id is empty or has white space, or an ARN is incomplete.
    pub fn parse(text: &str) -> Result<Self> {
        let config = |message: fmt::Arguments<'_>| Err(Error::of(ErrorKind::Config, message));
        let id = decoded_id(text.trim());
        if id.is_empty() {
            return config(format_args!("model id is empty; set the id of a model or an inference profile, or an ARN"));
        }
        if id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return config(format_args!("model id contains white space or a control character: `{id}`"));
        }
        if id.bytes().all(|byte| byte == b'.') {
            return config(format_args!("invalid model id: `{id}`; it must not be `.` or `..`"));
        }
        let base = if id.starts_with("arn:") {
            match arn_resource(&id) {
                Some(("foundation-model" | "inference-profile", name)) => Some(without_region(name).to_owned()),
                Some(_) => None,
                None => {
                    return config(format_args!(
                        "ARN is incomplete: `{id}`; its form is arn:PARTITION:bedrock:REGION:ACCOUNT:TYPE/ID"
                    ));
                }
            }
        } else {
            Some(without_region(&id).to_owned())
        };
        Ok(Self { id, base })
    }

    /// Sets the family: a vendor (`anthropic`) or a model id (`us.anthropic.claude-sonnet-4-6`). ARNs that do
    /// not name their model need it for calls in the vendor's native format.
    #[must_use]
    pub fn with_family(mut self, family: impl Into<String>) -> Self {
        let family = family.into();
        self.base = Some(without_region(&family).to_owned());
        self
    }

    /// Returns the id as the service expects it, not percent-encoded.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// Returns the model's id without its region prefix, or the family that the caller set; `None` for an ARN
    /// without either.
    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// Returns the vendor of the model, if the id names it.
    pub fn vendor(&self) -> Option<&str> {
        self.base().map(|base| before(base, "."))
    }

    /// Returns the key for tables of families: the model id without its region prefix, or the vendor followed by a
    /// dot.
    pub(crate) fn family(&self) -> Option<Cow<'_, str>> {
        let base = self.base()?;
        // Callers set a vendor alone for ARNs; it selects the vendor's general row.
        Some(if has(base, ".") { Cow::Borrowed(base) } else { Cow::Owned(format!("{base}.")) })
    }

    /// Returns the region prefix of an inference profile, such as `us` or `global`.
    pub fn region_prefix(&self) -> Option<&str> {
        let name = arn_resource(&self.id).map_or(self.id.as_str(), |(_, name)| name);
        let prefix = name.strip_suffix(without_region(name))?;
        prefix.strip_suffix('.').filter(|prefix| !prefix.is_empty())
    }

    /// Returns whether the id is an ARN.
    pub fn is_arn(&self) -> bool {
        self.id.starts_with("arn:")
    }

    /// Returns the resource type of an ARN, for instance `application-inference-profile`.
    pub fn resource_type(&self) -> Option<&str> {
        arn_resource(&self.id).map(|(kind, _)| kind)
    }

    /// Returns the region of an ARN. Calls must be sent to it.
    pub fn region(&self) -> Option<&str> {
        self.arn_part(3)
    }

    /// Returns the partition in an ARN, for instance `aws` or `aws-us-gov`.
    pub fn partition(&self) -> Option<&str> {
        self.arn_part(1)
    }

    fn arn_part(&self, index: usize) -> Option<&str> {
        if self.is_arn() { split(&self.id, b':').nth(index).filter(|part| !part.is_empty()) } else { None }
    }

    /// Returns the path of an operation on this model. The id is one segment, encoded once.
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

/// Returns the resource type and the name in an ARN.
fn arn_resource(id: &str) -> Option<(&str, &str)> {
    let mut rest = id;
    for _ in 0..5 {
        rest = split_once(rest, ":")?.1;
    }
    split_once(rest, "/").filter(|_| id.starts_with("arn:aws"))
}

/// Returns the id without its region prefix.
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
