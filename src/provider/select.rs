//! The choice of a codec for a model, and what is known of the model over the chosen API.

use super::table::{NativeFormat, family_of};
use super::{Anthropic, Codec, Cohere, Converse, Nova};
use crate::api::Api;
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::model::ModelId;

/// Returns the codec of a model. Without an `api`, this is the codec of the family's format on InvokeModel. A
/// family without a format on InvokeModel is called over Converse, which serves all models.
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
/// `Unsupported`, if `api` is InvokeModel and the family's format is not known.
pub fn codec_for(model: &ModelId, api: Option<Api>) -> Result<&'static dyn Codec> {
    match (api, native(model)) {
        (Some(Api::Converse), _) | (None, None) => Ok(&Converse),
        (None | Some(Api::Invoke), Some(codec)) => Ok(codec),
        (Some(api @ (Api::Responses | Api::ChatCompletions | Api::Messages)), _) => {
            let message = format_args!("{model} cannot be called over {}; leave `api` out", api.title());
            Err(Error::of(ErrorKind::Unsupported, message).with_field("api"))
        }
        (Some(Api::Invoke), None) => {
            let why = match model.base() {
                Some(_) => "no native format is implemented for its family; use Converse, or bring a codec",
                None => "its id does not name a family; use Converse, or state its family",
            };
            let message = format_args!("{model} cannot be called over InvokeModel: {why}");
            Err(Error::of(ErrorKind::Unsupported, message).with_field("api"))
        }
    }
}

/// Returns what is known of a model over the API that the library chooses for it.
///
/// The facts and their sources are rows of one table. The service decides what is not known.
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
    native(model).unwrap_or(&Converse).capabilities(model)
}

/// Returns the codec of the model's format on InvokeModel, if it is known.
fn native(model: &ModelId) -> Option<&'static dyn Codec> {
    Some(match family_of(model).format? {
        NativeFormat::Messages => &Anthropic,
        NativeFormat::Nova => &Nova,
        NativeFormat::CommandR => &Cohere,
        NativeFormat::ChatCompletions(codec) => codec,
        NativeFormat::Prompt(codec) => codec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::families;

    #[test]
    fn capabilities_are_known_for_every_native_format() {
        for family in families() {
            let model = ModelId::parse(&format!("{}x", family.prefix())).unwrap();
            assert_ne!(capabilities(&model), Capabilities::unknown(), "{model}");
        }
        let llama = ModelId::parse("us.meta.llama4-scout-17b-instruct-v1:0").unwrap();
        assert!(capabilities(&llama).lacks(crate::Capability::Tools));
    }

    #[test]
    fn models_without_a_native_format_are_called_over_converse() {
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
