//! The caller's `model_kwargs`, which are sent to Converse as additional fields.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, Writer};
use crate::provider::invoke;
use crate::request::ChatOptions;

/// Converse's name for the additional fields. Callers may set the whole object.
const WHOLE: &str = "additionalModelRequestFields";

/// Returns whether the kwargs have a tool choice. The API refuses a choice in two places.
pub(super) fn has_tool_choice(options: &ChatOptions) -> bool {
    options.model_kwargs.as_ref().is_some_and(|kwargs| kwargs.view().get("tool_choice").is_some())
}

/// Merges the additional fields with the kwargs.
///
/// # Errors
/// `Config`, if a kwarg contradicts an option.
pub(super) fn with_kwargs(own: Json, options: &ChatOptions) -> Result<Json> {
    let Some(kwargs) = &options.model_kwargs else { return Ok(own) };
    let defaults: &[&str] = if options.tool_choice.is_none() { &["tool_choice.type"] } else { &[] };
    let kwargs = without_inference(kwargs.view(), options)?;
    let is_whole = |(key, value): &(&str, View<'_>)| *key == WHOLE && value.kind() == Kind::Object;
    let mut all = own;
    for (_, whole) in kwargs.view().raw_entries().filter(is_whole) {
        all = invoke::with_kwargs(all.view(), without_inference(whole, options)?.view(), defaults)?;
    }
    let mut w = Writer::new();
    w.begin_object();
    let others = kwargs.view();
    others.raw_entries().filter(|entry| !is_whole(entry)).for_each(|(key, value)| w.raw_member(key, value));
    w.end_object();
    invoke::with_kwargs(all.view(), Json::written(w).view(), defaults)
}

/// Returns the kwargs without the parameters in `inferenceConfig`: the service refuses a parameter in two places.
fn without_inference(kwargs: View<'_>, options: &ChatOptions) -> Result<Json> {
    let mut set = Writer::new();
    set.begin_object();
    set.opt_u64("max_tokens", options.max_tokens);
    set.opt_f64("temperature", options.temperature);
    set.opt_f64("top_p", options.top_p);
    set.strings("stop_sequences", &options.stop);
    set.end_object();
    let set = Json::written(set);
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in kwargs.raw_entries() {
        match set.view().get(key) {
            None => w.raw_member(key, value),
            Some(known) if Json::from(known) == Json::from(value) => {}
            Some(_) => {
                return Err(Error::of(
                    ErrorKind::Config,
                    format_args!("`model_kwargs` contradicts an option; set `{key}` in one place"),
                )
                .with_field(["model_kwargs.", key].concat()));
            }
        }
    }
    w.end_object();
    Ok(Json::written(w))
}
