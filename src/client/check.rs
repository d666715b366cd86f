//! Checks common to all codecs: conflicting options, and options that the API does not support. Nothing that a
//! caller sets is left out in silence.

use crate::api::{Api, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::json::quoted;
use crate::message::{Content, GuardContent};
use crate::model::ModelId;
use crate::provider::Call;
use crate::request::{ChatOptions, ChatRequest, Guardrail, ToolChoice};
use crate::text::{has, split};

/// Returns the error for a call without a region.
pub(crate) fn no_region() -> Error {
    Error::new(
        ErrorKind::Config,
        "region is missing; set it, `AWS_REGION` or `AWS_DEFAULT_REGION`, or use an ARN or an AWS host as endpoint, which have a region",
    )
    .with_field("region")
}

/// Checks the options of a call before it is written.
///
/// # Errors
/// `Config`, if options contradict each other; `Unsupported`, if the model or the API does not support one.
pub(super) fn check(options: &ChatOptions, model: &ModelId, api: Api, service: Service) -> Result<()> {
    options.check()?;
    check_tools(options)?;
    match unsupported(options, model, api, service) {
        Some((field, why)) => Err(Error::new(ErrorKind::Unsupported, why).with_field(field)),
        None => Ok(()),
    }
}

/// Returns the name of the first option that the API does not support, and the error message.
fn unsupported(
    options: &ChatOptions,
    model: &ModelId,
    api: Api,
    service: Service,
) -> Option<(&'static str, &'static str)> {
    let own = matches!(api, Api::Invoke | Api::Converse);
    let guardrail = options.guardrail.as_ref();
    let tagged = guardrail.is_some_and(|guardrail: &Guardrail| guardrail.tag_suffix.is_some());
    Some(match () {
        () if api != Api::Converse && !options.response_field_paths.is_empty() => (
            "response_field_paths",
            "`response_field_paths` needs the Converse API; use it, or leave the option unset (the reply's metadata has other fields)",
        ),
        () if api != Api::Converse && !options.prompt_variables.is_empty() => {
            ("prompt_variables", "`prompt_variables` needs the Converse API; use it, or leave the option unset")
        }
        () if service == Service::Mantle && guardrail.is_some() => (
            "guardrail",
            "`guardrail` needs an API of `bedrock-runtime`; use InvokeModel or Converse, or leave the option unset",
        ),
        () if api != Api::Invoke && tagged => (
            "guardrail.tag_suffix",
            "`guardrail.tag_suffix` needs InvokeModel; over Converse, put the text to check into guard content",
        ),
        () if !own && options.latency.is_some() => {
            ("latency", "`latency` needs InvokeModel or Converse; use one of them, or leave the option unset")
        }
        () if api == Api::Messages && options.service_tier.is_some() => (
            "service_tier",
            "`service_tier` needs another API than Messages; leave it unset, or put Anthropic's field of that name into `model_kwargs`",
        ),
        () if api == Api::Messages && !options.request_metadata.is_empty() => (
            "request_metadata",
            "`request_metadata` needs another API than Messages; leave it unset, or put `metadata.user_id` into `model_kwargs`",
        ),
        () if !options.anthropic_beta.is_empty()
            && (matches!(api, Api::Responses | Api::ChatCompletions)
                || model.vendor().is_some_and(|vendor| vendor != "anthropic")) =>
        {
            ("anthropic_beta", "`anthropic_beta` is for Claude only; leave it empty")
        }
        () => return None,
    })
}

/// Returns the request with its guard content between tags, as InvokeModel has no blocks for it. Returns `None` if
/// there is no guard content or no suffix for the tags.
///
/// See [input tags](https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-tagging.html).
///
/// # Errors
/// `Encode`, if guard content has the tag itself: the guardrail would not check what follows it.
pub(super) fn tagged(request: &ChatRequest, api: Api) -> Result<Option<ChatRequest>> {
    let suffix = request.options.guardrail.as_ref().and_then(|guardrail| guardrail.tag_suffix.as_deref());
    let is_guard = |block: &Content| matches!(block, Content::Guard(_));
    let Some(suffix) = suffix
        .filter(|_| api == Api::Invoke && request.messages.iter().any(|message| message.content.iter().any(is_guard)))
    else {
        return Ok(None);
    };
    let tag = ["amazon-bedrock-guardrails-guardContent_", suffix, ">"].concat();
    let mut request = request.clone();
    for block in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        if let Content::Guard(GuardContent { text: Some(text), .. }) = block {
            if has(text, &tag) {
                let message =
                    "guard content has the tag of its guardrail; set a new `guardrail.tag_suffix` for each call";
                return Err(Error::new(ErrorKind::Encode, message).with_field("guardrail.tag_suffix"));
            }
            *block = Content::text(["<", &tag, text, "</", &tag].concat());
        }
    }
    Ok(Some(request))
}

/// The prefix of InvokeModel's headers for options.
const OPTION_HEADER: &str = "x-amzn-bedrock-";

/// Checks that HTTP libraries send a path as it is written: to the host of the endpoint, and without removing
/// parts of it. Ids are percent-encoded, but an id that is `..` is not, and a custom codec may write any path.
///
/// # Errors
/// `Config`, if they would not.
pub(super) fn check_path(path: &str) -> Result<()> {
    let is_kept = |part: &str| !matches!(part, "." | "..");
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"?#\\".contains(&byte);
    if path.starts_with('/') && path.bytes().all(fits) && split(path, b'/').all(is_kept) {
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Config,
        format_args!("invalid path of a call: `{path}`; percent-encode its parts, which must not be `.` or `..`"),
    ))
}

/// Returns the call without the headers that the caller also sets, as they would be sent twice.
///
/// # Errors
/// `Config`, if the caller's header contradicts an option, or the value of an option cannot be sent in a header.
pub(super) fn merge_headers(mut call: Call, own: &Headers) -> Result<Call> {
    let mut headers = Headers::new();
    for (name, value) in call.headers.iter() {
        if !Headers::is_value(value) {
            let parts = ["header value is not printable ASCII: `", name, "`; remove or encode that character"];
            return Err(Error::new(ErrorKind::Config, parts.concat()));
        }
        match own.get(name) {
            None => headers.push(name, value),
            Some(same) if same == value => {}
            // A list of features, which may be sent as several headers.
            Some(_) if name == "anthropic-beta" => headers.push(name, value),
            Some(_) if !name.starts_with(OPTION_HEADER) => {}
            Some(_) => {
                let parts = ["the header `", name, "` contradicts an option; set it in one place"];
                return Err(Error::new(ErrorKind::Config, parts.concat()));
            }
        }
    }
    call.headers = headers;
    Ok(call)
}

/// Checks that tools have different names, and that the forced tool exists.
fn check_tools(options: &ChatOptions) -> Result<()> {
    let names: Vec<&str> = options.tools.iter().map(|tool| tool.name.as_str()).collect();
    // Native tools of some kinds have no name.
    let is_twin = |(at, name): &(usize, &&str)| !name.is_empty() && names.iter().take(*at).any(|other| other == *name);
    let mut field = "tool_choice";
    let message = match &options.tool_choice {
        Some(ToolChoice::Any | ToolChoice::Tool(_)) if names.is_empty() => {
            "`tool_choice` asks for a tool, but there are no tools; set `tools` too".to_owned()
        }
        Some(ToolChoice::Tool(name)) if !names.contains(&name.as_str()) => {
            let (name, names) = (quoted(name), names.join(", "));
            ["`tool_choice` is ", &name, ", but the tools are ", &names, "; add that tool, or choose another"].concat()
        }
        _ => match names.iter().enumerate().find(is_twin) {
            Some((_, name)) => {
                field = "tools";
                ["there are two tools called ", *name, "; give each its own name"].concat()
            }
            None => return Ok(()),
        },
    };
    Err(Error::new(ErrorKind::Config, message).with_field(field))
}
