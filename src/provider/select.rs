//! The choice of a codec for a model, and the known capabilities of the model over the chosen API.

use std::sync::Arc;

#[cfg(feature = "gateway")]
use super::chat_completions::SAMPLING;
use super::table::{NativeFormat, Route, family_of};
use super::{Anthropic, ChatCompletions, Codec, Cohere, Converse, Messages, Nova, Responses};
use crate::api::{Api, Service};
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::model::ModelId;
use crate::text::has;

/// Returns the codec of a model, for this API and service if they are set.
///
/// The default is the first of the family's [routes](crate::Family::routes). Some ids are known only to
/// `bedrock-mantle`, such as `openai.gpt-5.6-sol` without the region prefix of a profile. For them, the default is a
/// route of `bedrock-mantle`.
///
/// | models | default | also |
/// |---|---|---|
/// | Claude 3 and later | InvokeModel | Converse; Messages over mantle |
/// | GPT 5.6 and later, as a profile | Responses | Converse, Chat Completions; both services |
/// | GPT 5.4, 5.5 and bare ids of GPT, Gemma 4 | Responses over mantle | Chat Completions over mantle |
/// | Grok | Converse; bare ids: Responses over mantle | Responses, Chat Completions; both services |
/// | gpt-oss | InvokeModel | Converse, Chat Completions; over mantle Responses and Chat Completions |
/// | other models with open weights | InvokeModel | Converse; Chat Completions over mantle |
/// | models and ARNs of an unknown family | Converse | what the service accepts |
///
/// ```
/// use bedrock_chat::{Api, ModelId, Service, codec_for};
/// let name = |id: &str, api, service| {
///     Ok::<_, bedrock_chat::Error>(format!("{:?}", codec_for(&ModelId::parse(id)?, api, service)?))
/// };
/// assert_eq!(name("us.anthropic.claude-sonnet-4-6", None, None)?, "Anthropic");
/// assert_eq!(name("us.anthropic.claude-sonnet-4-6", Some(Api::Converse), None)?, "Converse");
/// assert_eq!(name("us.anthropic.claude-sonnet-4-6", None, Some(Service::Mantle))?, "Messages");
/// assert_eq!(name("newvendor.model-v1:0", None, None)?, "Converse");
/// assert!(name("newvendor.model-v1:0", Some(Api::Invoke), None).is_err());
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
///
/// # Errors
/// `Unsupported`, if the API or service does not serve the family.
pub fn codec_for(model: &ModelId, api: Option<Api>, service: Option<Service>) -> Result<Arc<dyn Codec>> {
    let family = family_of(model);
    let fits =
        |route: &&Route| api.is_none_or(|api| api == route.api) && service.is_none_or(|only| only == route.service);
    let mut routes = family.routes().iter().filter(fits);
    let first = routes.clone().next();
    let on_mantle = routes.find(|route| route.service == Service::Mantle && is_mantle_id(model));
    match on_mantle.or(first) {
        Some(route) => codec_of(model, *route),
        None => Err(not_served(model, api, service)),
    }
}

/// Returns whether the model speaks Anthropic's Messages over InvokeModel.
#[cfg(feature = "gateway")]
pub(crate) fn speaks_messages(model: &ModelId) -> bool {
    matches!(family_of(model).format, Some(NativeFormat::Messages))
}

/// Returns whether a model's own format has one of OpenAI's members about sampling: `seed`, `presence_penalty` or
/// `frequency_penalty`. Over Converse, they are additional fields.
///
/// The pages of AWS that list the members of a format are linked at each codec.
#[cfg(feature = "gateway")]
pub(crate) fn has_sampling(model: &ModelId, member: &str) -> bool {
    match family_of(model).format {
        Some(NativeFormat::ChatCompletions(format)) => format.sampling.contains(&member),
        Some(NativeFormat::CommandR) => SAMPLING.contains(&member),
        _ => false,
    }
}

/// Returns the service that gets the body of a client of one of OpenAI's APIs unchanged, if the API is a model's own:
///
/// - the API is the model's default, or the family has it on `bedrock-runtime`, or all of the family's APIs are on
///   `bedrock-mantle`
/// - the family is known: the APIs of other models are not
///
/// Other models with open weights have Chat Completions on `bedrock-mantle` only. `bedrock-mantle` needs separate
/// permissions and other model ids, so these models are called over InvokeModel, as by the rest of the crate.
#[cfg(feature = "gateway")]
pub(crate) fn passing_service(model: &ModelId, api: Api) -> Option<Service> {
    let family = family_of(model);
    let mut routes = family.routes().iter();
    let is_own = codec_for(model, None, None).is_ok_and(|codec| codec.api() == api)
        || routes.clone().any(|route| route.api == api && route.service == Service::Runtime)
        || routes.all(|route| route.service == Service::Mantle);
    let codec = codec_for(model, Some(api), None).ok()?;
    (is_own && !family.prefix().is_empty()).then(|| codec.service())
}

/// Returns whether only `bedrock-mantle` accepts an id: one without the region prefix or the version that
/// `bedrock-runtime` requires.
fn is_mantle_id(model: &ModelId) -> bool {
    let id = model.as_str();
    match model.vendor() {
        _ if model.is_arn() || model.region_prefix().is_some() => false,
        Some("openai") => !has(id, ":"),
        Some("xai") => true,
        _ => false,
    }
}

/// Returns the known capabilities of a model over the API that the library chooses for it.
///
/// The facts and their sources are rows of one table. The service decides about unknown capabilities. Little is known
/// about an opaque ARN, or about a family that the library does not know: set the family with
/// [`ModelId::with_family`].
///
/// ```
/// use bedrock_chat::{Capability, ModelId, capabilities};
/// let can = capabilities(&ModelId::parse("us.anthropic.claude-opus-4-8")?);
/// assert!(can.has(Capability::ForcedTools) && can.lacks(Capability::StrictTools));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub fn capabilities(model: &ModelId) -> Capabilities {
    codec_for(model, None, None).map(|codec| codec.capabilities(model)).unwrap_or_default()
}

fn codec_of(model: &ModelId, Route { api, service, .. }: Route) -> Result<Arc<dyn Codec>> {
    let format = family_of(model).format;
    Ok(match (api, format) {
        (Api::Converse, _) => Arc::new(Converse),
        (Api::Messages, _) => Arc::new(Messages),
        (Api::Responses, _) if service == Service::Mantle => Arc::new(Responses::MANTLE),
        (Api::Responses, _) => Arc::new(Responses::RUNTIME),
        (Api::ChatCompletions, Some(NativeFormat::ChatCompletions(format))) => Arc::new(format.over(service)),
        (Api::ChatCompletions, _) => Arc::new(ChatCompletions::GPT.over(service)),
        (Api::Invoke, Some(NativeFormat::Messages)) => Arc::new(Anthropic),
        (Api::Invoke, Some(NativeFormat::Nova)) => Arc::new(Nova),
        (Api::Invoke, Some(NativeFormat::CommandR)) => Arc::new(Cohere),
        (Api::Invoke, Some(NativeFormat::ChatCompletions(codec))) => Arc::new(*codec),
        (Api::Invoke, Some(NativeFormat::Prompt(codec))) => Arc::new(codec),
        (Api::Invoke, None) => return Err(not_served(model, Some(api), Some(service))),
    })
}

/// Returns the error for an API or a service that does not serve a model. It lists the routes of the model.
fn not_served(model: &ModelId, api: Option<Api>, service: Option<Service>) -> Error {
    let family = family_of(model);
    let (what, field) = match (api, service) {
        (Some(api), _) if !family.apis().any(|other| other == api) => (api.title(), "api"),
        (Some(api), None) => (api.title(), "api"),
        (_, Some(service)) => (service.as_str(), "service"),
        (None, None) => ("any API", "model"),
    };
    let served: Vec<String> = family
        .routes()
        .iter()
        .map(|route| match route.service {
            Service::Mantle => [route.api.title(), " over bedrock-mantle"].concat(),
            _ => route.api.title().to_owned(),
        })
        .collect();
    let served = served.join(", ");
    let advice = match model.base() {
        None => "; or set the model's `family`",
        Some(_) => "",
    };
    Error::of(ErrorKind::Unsupported, format_args!("{model} cannot be called over {what}; use {served}{advice}"))
        .with_field(field)
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

    #[cfg(feature = "gateway")]
    #[test]
    fn passing_service_depends_on_the_models_own_apis() {
        let service = |id: &str, api| passing_service(&ModelId::parse(id).unwrap(), api);
        let (chat, responses) = (Api::ChatCompletions, Api::Responses);
        let (runtime, mantle) = (Some(Service::Runtime), Some(Service::Mantle));
        for (id, over_chat, over_responses) in [
            ("us.openai.gpt-5.6-sol", runtime, runtime),
            ("openai.gpt-5.6-sol", mantle, mantle),
            ("openai.gpt-5.5", mantle, mantle),
            ("google.gemma-4-31b", mantle, mantle),
            ("us.xai.grok-4.3", runtime, runtime),
            ("xai.grok-4.3", mantle, mantle),
            ("openai.gpt-oss-120b-1:0", runtime, None),
            ("openai.gpt-oss-120b", mantle, mantle),
            ("qwen.qwen3-32b-v1:0", None, None),
            ("us.anthropic.claude-sonnet-4-6", None, None),
            ("amazon.nova-lite-v1:0", None, None),
            ("newvendor.model-v1:0", None, None),
            ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", None, None),
        ] {
            assert_eq!((service(id, chat), service(id, responses)), (over_chat, over_responses), "{id}");
        }
    }

    #[test]
    fn models_without_a_native_format_are_called_over_converse() {
        let codec =
            |id: &str, api| codec_for(&ModelId::parse(id).unwrap(), api, None).map(|codec| format!("{codec:?}"));
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
        assert_eq!(format!("{:?}", codec_for(&stated, None, None).unwrap()), "Nova");
    }
}
