//! Requests for Claude, which pass to InvokeModel byte for byte, but for what InvokeModel has elsewhere or refuses.

use super::betas::{Betas, betas};
use super::caching::with_point;
use super::filter::Filter;
use super::relay::{StreamRelay, WholeRelay};
use crate::api::Api;
use crate::gateway::dialect::{Given, Passed, Relay};
use crate::gateway::failure::Failure;
use crate::json::{Json, Kind, View, Writer, unescaped};
use crate::model::ModelId;
use crate::operations::countable;
use crate::provider::anthropic::VERSION;
use crate::provider::body::json_call;
use crate::provider::{Call, Mode, facts, invoke, speaks_messages};
use crate::request::ServiceTier;

/// The body of a call over InvokeModel.
struct Body {
    text: String,
    removed: Vec<String>,
    tier: Option<ServiceTier>,
}

/// Returns the call of a Claude model, or nothing for other models.
pub(super) fn pass(given: &Given<'_>, model: &ModelId) -> Result<Option<Passed>, Failure> {
    if !speaks_messages(model) {
        return Ok(None);
    }
    let body = body(given, model)?;
    let (mode, relay): (_, Box<dyn Relay>) = match given.streams {
        true => (Mode::Stream, Box::<StreamRelay>::default()),
        false => (Mode::Invoke, Box::<WholeRelay>::default()),
    };
    let mut call = invoke::call_of(model, mode, body.text.into_bytes());
    if let Some(tier) = body.tier {
        call.headers.push("x-amzn-bedrock-service-tier", tier.as_str());
    }
    Ok(Some(Passed { call, removed: body.removed, relay }))
}

/// Returns the call that counts the tokens of a request for a Claude model. Returns `None` for other models: their tokens
/// are counted after the request is read.
///
/// # Errors
/// Same as for the request itself.
pub(crate) fn count(given: &Given<'_>, model: &ModelId) -> Result<Option<Call>, Failure> {
    if !speaks_messages(model) {
        return Ok(None);
    }
    let mut body = body(given, model)?.text;
    // InvokeModel requires it. Requests that only count do not have it, and it does not change the count.
    if given.body.get("max_tokens").is_none() {
        body.pop();
        body.push_str(",\"max_tokens\":1}");
    }
    let mut w = Writer::new();
    w.begin_object();
    w.object("input");
    w.object("invokeModel");
    w.key("body").base64(body.as_bytes());
    for _ in 0..3 {
        w.end_object();
    }
    Ok(Some(json_call(countable(model).path("count-tokens"), w)))
}

/// Returns the reply to a client that counts tokens.
pub(crate) fn counted(tokens: u64) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.key("input_tokens").u64(tokens);
    w.end_object();
    w.finish()
}

fn body(given: &Given<'_>, model: &ModelId) -> Result<Body, Failure> {
    let Betas { sent, removed } = betas(given, Some(model))?;
    let removed = removed.into_iter().map(|name| ["anthropic-beta: ", &name].concat()).collect();
    let can = facts::known(model, Api::Invoke);
    let mut filter = Filter { model: Some(model), can, betas: &sent, checks_signatures: true, removed };
    let format = given.body.get("output_format");
    let point = given.body.get("cache_control").filter(|point| point.kind() == Kind::Object);
    let point = point.map(|point| filter.cache_point(point)).transpose()?;
    let mut tier = None;
    let mut w = Writer::with_capacity(given.body.raw().len() + 256);
    w.begin_object();
    w.field("anthropic_version", VERSION);
    w.strings("anthropic_beta", &sent);
    for (key, value) in given.body.raw_entries() {
        match &*unescaped(key) {
            // InvokeModel has these in the path and in the members above.
            "model" | "stream" | "anthropic_version" | "anthropic_beta" | "betas" | "output_format" => {}
            "service_tier" if ServiceTier::parse(value.word()).is_some() => tier = ServiceTier::parse(value.word()),
            "output_config" if format.is_some() => {}
            "cache_control" if point.is_some() => {}
            "messages" if point.is_some() => {
                write_messages(&mut w, &mut filter, key, value, point.as_deref().unwrap_or_default())?;
            }
            name => write(&mut w, &mut filter, name, key, value)?,
        }
    }
    if let Some(format) = format {
        let config = output_config(given.body.get("output_config"), format);
        write(&mut w, &mut filter, "output_config", "output_config", config.view())?;
    }
    w.end_object();
    Ok(Body { text: w.finish(), removed: filter.removed, tier })
}

/// Writes the messages, with a cache point at their end.
fn write_messages(
    w: &mut Writer,
    filter: &mut Filter<'_>,
    key: &str,
    value: View<'_>,
    point: &str,
) -> Result<(), Failure> {
    let kept = filter.member("messages", value)?.flatten();
    let text = kept.as_deref().unwrap_or(value.raw());
    let messages = View::parse(text).map_err(|error| Failure::of_field("messages", error.to_string()))?;
    let marked = with_point(messages, point)?;
    w.raw_text(key, marked.as_deref().unwrap_or(text));
    Ok(())
}

/// Writes a member without what the model refuses.
fn write(w: &mut Writer, filter: &mut Filter<'_>, name: &str, key: &str, value: View<'_>) -> Result<(), Failure> {
    match filter.member(name, value)? {
        Some(None) => w.raw_member(key, value),
        Some(Some(text)) => w.raw_text(key, &text),
        None => {}
    }
    Ok(())
}

/// Returns `output_config` with `output_format`, which is the former name of its `format` and the only one of the two
/// that Bedrock does not accept.
fn output_config(config: Option<View<'_>>, format: View<'_>) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in config.into_iter().flat_map(View::raw_entries).filter(|(key, _)| *key != "format") {
        w.raw_member(key, value);
    }
    w.member("format", format);
    w.end_object();
    Json::written(w)
}
