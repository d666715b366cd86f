//! The builder of a chat, from the constructor's fields in JSON.

use std::time::Duration;

use bedrock_chat::json::View;
use bedrock_chat::{BedrockChat, BedrockChatBuilder, ChatOptions, FetchTransport, Json, Result, RetryPolicy, Timeouts};
use js_sys::Function;

use crate::credentials::{Provider, read_credentials};
use crate::members::Members;
use crate::options::{OPTIONS, read_fields, read_options};
use crate::read;
use crate::task::Counted;

/// Returns the builder of a chat with the constructor's fields.
pub(crate) fn builder(
    fields: &Members<'_>,
    model: &str,
    fetch: Option<Function>,
    provider: Option<Function>,
) -> Result<BedrockChatBuilder> {
    let mut builder = BedrockChat::builder(model)
        .options(&options(fields)?)
        .transport(Counted(fetch.map(FetchTransport::with_fetch).unwrap_or_default()))
        .timeouts(timeouts(fields));
    builder = read_fields(fields, builder)?;
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
    Ok(builder.retry(retry))
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

/// Reads the options of a level. Options in `removed` are removed first, also from lower levels; other names
/// are of options that only JavaScript has.
pub(crate) fn options(fields: &Members<'_>) -> Result<ChatOptions> {
    let mut options = ChatOptions::default();
    for name in read::texts(fields, "removed")? {
        if let Some((_, option)) = OPTIONS.iter().find(|(known, _)| *known == name) {
            options = options.without(*option);
        }
    }
    read_options(fields, &mut options)?;
    Ok(options)
}
