//! The common parts of OpenAI's and Anthropic's APIs on Bedrock: paths, model ids, headers and options.
//!
//! The service publishes two paths for OpenAI's APIs on `bedrock-mantle`. The path of a model depends on its vendor.
//! See [the Responses API](https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html).

use super::invoke::{completed, push_guardrail};
use super::{Call, Mode};
use crate::api::{Framing, Service};
use crate::error::Result;
use crate::headers::Headers;
use crate::json::{Json, Writer};
use crate::model::ModelId;
use crate::request::{ChatOptions, ChatRequest};
use crate::text::{after_last, split_once};

/// Models that are on `/openai/v1` of `bedrock-mantle`; all others are on `/v1`.
const ON_OPENAI_PATH: &[&str] = &["openai.gpt-", "google.gemma-4", "xai."];

/// Models of OpenAI that are on `/v1`.
const OPEN_WEIGHTS: &str = "openai.gpt-oss";

/// Returns the path of an operation of OpenAI's APIs, such as `responses` or `chat/completions`.
pub(crate) fn path(service: Service, model: &ModelId, operation: &str) -> String {
    // Callers may set a vendor for an ARN.
    let family = model.family().unwrap_or_default();
    let on_openai = ON_OPENAI_PATH.iter().any(|prefix| family.starts_with(prefix)) && !family.starts_with(OPEN_WEIGHTS);
    let prefix = if service == Service::Mantle && !on_openai { "/v1/" } else { "/openai/v1/" };
    [prefix, operation].concat()
}

/// Returns the model's id as a service expects it in the body. `bedrock-mantle` accepts only the model's own id and
/// answers others with 404. The own id has no region prefix of a profile, and no version such as `-v1:0` with the date
/// before it.
pub(crate) fn model_id(service: Service, model: &ModelId) -> &str {
    let id = model.as_str();
    if service != Service::Mantle {
        return id;
    }
    let name = match model.resource_type() {
        None => id,
        Some("foundation-model" | "inference-profile") => after_last(id, "/").unwrap_or(id),
        // Other ARNs do not name the model.
        Some(_) => return id,
    };
    let without_region = model.region_prefix().and_then(|prefix| name.strip_prefix(prefix)?.strip_prefix('.'));
    without_version(without_region.unwrap_or(name))
}

/// Returns an id without `-1:0`, `-v1:0` or `-20251001-v1:0` at its end.
fn without_version(id: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((name, version)) = id.rsplit_once('-') else { return id };
    let Some((major, minor)) = split_once(version, ":") else { return id };
    if !is_number(major.strip_prefix('v').unwrap_or(major)) || !is_number(minor) {
        return id;
    }
    match name.rsplit_once('-') {
        Some((short, date)) if date.len() == 8 && is_number(date) => short,
        _ => name,
    }
}

/// Writes the options that OpenAI's APIs have in common.
pub(crate) fn write_options(w: &mut Writer, options: &ChatOptions) {
    if let Some(tier) = options.service_tier {
        w.field("service_tier", tier.as_str());
    }
    if !options.request_metadata.is_empty() {
        w.object("metadata");
        for (key, value) in &options.request_metadata {
            w.field(key, value);
        }
        w.end_object();
    }
}

/// The header for the project of OpenAI's APIs.
pub(crate) const PROJECT: &str = "openai-project";

/// Returns a call with this body, merged with the caller's `model_kwargs`. The `model_kwargs` may replace only the
/// members at the paths in `defaults`. `project` is the name of the header for the project.
///
/// # Errors
/// `Config`, if `model_kwargs` contradicts an option.
pub(crate) fn call(
    service: Service,
    path: String,
    request: &ChatRequest,
    mode: Mode,
    body: Writer,
    project: &str,
    defaults: &[&str],
) -> Result<Call> {
    let options = &request.options;
    let mut headers = Headers::new();
    headers.push("content-type", "application/json");
    // The vendors' SDKs send this header, also for streams.
    headers.push("accept", "application/json");
    push_guardrail(&mut headers, options);
    if let Some(id) = &options.project {
        headers.push(project, id.clone());
    }
    let body = completed(body, options, options.model_kwargs.as_ref().map(Json::view), defaults)?;
    let mut call = Call::new(path, headers, body.into_bytes(), mode == Mode::Stream);
    (call.service, call.framing) = (service, Framing::Sse);
    Ok(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mantle_path_depends_on_the_vendor() {
        let path = |id: &str, service| path(service, &ModelId::parse(id).unwrap(), "responses");
        for id in ["openai.gpt-5.6-luna", "us.openai.gpt-5.5", "google.gemma-4-31b", "xai.grok-4.3"] {
            assert_eq!(path(id, Service::Mantle), "/openai/v1/responses", "{id}");
        }
        for id in ["openai.gpt-oss-120b", "openai.gpt-oss-safeguard-20b", "qwen.qwen3-32b", "deepseek.v3.1"] {
            assert_eq!(path(id, Service::Mantle), "/v1/responses", "{id}");
            assert_eq!(path(id, Service::Runtime), "/openai/v1/responses", "{id}");
        }
    }

    #[test]
    fn mantle_model_id_is_without_prefix_and_version() {
        let id = |text: &str, service| model_id(service, &ModelId::parse(text).unwrap()).to_owned();
        for (given, sent) in [
            ("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b"),
            ("us.openai.gpt-5.6-sol", "openai.gpt-5.6-sol"),
            ("qwen.qwen3-32b-v1:0", "qwen.qwen3-32b"),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5"),
            ("anthropic.claude-sonnet-5-5", "anthropic.claude-sonnet-5-5"),
            ("google.gemma-4-31b", "google.gemma-4-31b"),
        ] {
            assert_eq!(id(given, Service::Mantle), sent);
            assert_eq!(id(given, Service::Runtime), given);
        }
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
        assert_eq!(id(arn, Service::Mantle), arn);
        let profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.openai.gpt-5.6-sol";
        assert_eq!(id(profile, Service::Mantle), "openai.gpt-5.6-sol");
        let with_family = ModelId::parse("us.openai.gpt-5.6-sol").unwrap().with_family("openai");
        assert_eq!(model_id(Service::Mantle, &with_family), "openai.gpt-5.6-sol");
        let grok = ModelId::parse(arn).unwrap().with_family("xai");
        assert_eq!(path(Service::Mantle, &grok, "responses"), "/openai/v1/responses");
    }
}
