//! The constructor's fields and the options of a call, from JSON.

use std::time::Duration;

use bedrock_chat::json::{View, Writer};
use bedrock_chat::{
    BedrockChat, Capabilities, Capability, ChatOptions, FetchTransport, Json, Message, Result, RetryPolicy, Timeouts,
    interop,
};
use js_sys::Function;

use crate::credentials::{Provider, read_credentials};
use crate::members::Members;
use crate::options::{OPTIONS, read_fields, read_options};
use crate::read;
use crate::task::Counted;

/// A conversation in any of the usual forms.
pub(crate) fn messages(text: &str) -> Result<Vec<Message>> {
    interop::read_messages(&Json::parse(text).map_err(crate::error::json)?)
}

/// Creates a chat model from the constructor's fields.
pub(crate) fn chat(config: &str, fetch: Option<Function>, provider: Option<Function>) -> Result<BedrockChat> {
    let config = Json::parse(config).map_err(crate::error::json)?;
    let fields = Members::of(config.view());
    let mut builder = BedrockChat::builder(fields.text("model"))
        .options(&options(&fields)?)
        .transport(Counted(fetch.map(FetchTransport::with_fetch).unwrap_or_default()))
        .timeouts(timeouts(&fields));
    builder = read_fields(&fields, builder)?;
    if let Some(function) = provider {
        builder = builder.credentials_provider(Provider::new(function));
    } else if let Some(given) = fields.get("credentials") {
        builder = builder.credentials(read_credentials(given)?);
    }
    if let Some(variables) = fields.get("environment") {
        let variables = Json::from(variables);
        builder = builder.environment(move |name| variables.view().get(name).and_then(View::string));
    }
    if let Some(headers) = fields.get("headers") {
        for (name, value) in headers.entries() {
            builder = builder.header(&name, value.string().unwrap_or_default());
        }
    }
    let mut retry =
        RetryPolicy::default().with_paid_resend(fields.get("paidResend").and_then(View::bool) == Some(true));
    if let Some(retries) = fields.get("maxRetries").and_then(View::u64) {
        retry = retry.with_max_attempts(u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1));
    }
    builder.retry(retry).build()
}

/// Milliseconds; 0 switches a limit off.
fn timeouts(fields: &Members<'_>) -> Timeouts {
    let limit = |key: &str, default| match fields.get(key).and_then(View::u64) {
        None => default,
        Some(0) => None,
        Some(milliseconds) => Some(Duration::from_millis(milliseconds)),
    };
    let default = Timeouts::default();
    default.with_first_byte(limit("firstByteTimeout", default.first_byte)).with_idle(limit("idleTimeout", default.idle))
}

/// The chat for one call.
pub(crate) fn with_options(chat: &BedrockChat, options: &str) -> Result<BedrockChat> {
    let json = Json::parse(options).map_err(crate::error::json)?;
    Ok(chat.with_options(&self::options(&Members::of(json.view()))?))
}

/// Reads the options of a level. Options in `removed` are removed first, also from lower levels; other names
/// are of options that only JavaScript has.
fn options(fields: &Members<'_>) -> Result<ChatOptions> {
    let mut options = ChatOptions::default();
    for name in read::texts(fields, "removed")? {
        if let Some((_, option)) = OPTIONS.iter().find(|(known, _)| *known == name) {
            options = options.without(*option);
        }
    }
    read_options(fields, &mut options)?;
    Ok(options)
}

/// Writes the known capabilities as an object of booleans.
pub(crate) fn write_capabilities(can: Capabilities) -> String {
    let mut w = Writer::new();
    w.begin_object();
    for one in Capability::ALL {
        if let Some(there) = can.get(*one) {
            w.key(one.as_str()).bool(there);
        }
    }
    w.end_object();
    w.finish()
}
