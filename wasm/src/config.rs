//! The constructor's fields and the options of a call, from JSON.

use std::time::Duration;

use bedrock_chat::json::{View, Writer};
use bedrock_chat::{
    BedrockChat, Capabilities, Capability, CircuitBreaker, Json, Message, RateLimiter, Result, interop,
};
use js_sys::Function;

use crate::builder::{builder, options};
use crate::members::Members;

/// A conversation in any of the usual forms.
pub(crate) fn messages(text: &str) -> Result<Vec<Message>> {
    interop::read_messages(&Json::parse(text).map_err(crate::error::json)?)
}

/// Creates a chat model from the constructor's fields. The circuit breaker is used if the chat is a target of fallbacks.
pub(crate) fn chat(
    config: &str,
    fetch: Option<Function>,
    provider: Option<Function>,
    limiter: Option<RateLimiter>,
) -> Result<(BedrockChat, Option<CircuitBreaker>)> {
    let config = Json::parse(config).map_err(crate::error::json)?;
    let fields = Members::of(config.view());
    let mut builder = builder(&fields, &fields.text("model"), fetch, provider)?;
    if let Some(limiter) = limiter {
        builder = builder.rate_limiter(limiter);
    }
    Ok((builder.build()?, circuit_breaker(&fields)))
}

/// Reads `{failures, pause}`, with the pause in milliseconds; `false` switches it off.
fn circuit_breaker(fields: &Members<'_>) -> Option<CircuitBreaker> {
    let mut breaker = CircuitBreaker::default();
    let Some(given) = fields.get("circuitBreaker") else { return Some(breaker) };
    if given.bool() == Some(false) {
        return None;
    }
    let members = Members::of(given);
    let whole = |key| members.get(key).and_then(View::u64);
    if let Some(failures) = whole("failures") {
        breaker = breaker.with_failures(u32::try_from(failures).unwrap_or(u32::MAX));
    }
    if let Some(pause) = whole("pause") {
        breaker = breaker.with_pause(Duration::from_millis(pause));
    }
    Some(breaker)
}

/// The chat for one call.
pub(crate) fn with_options(chat: &BedrockChat, given: &str) -> Result<BedrockChat> {
    let json = Json::parse(given).map_err(crate::error::json)?;
    Ok(chat.with_options(&options(&Members::of(json.view()))?))
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
