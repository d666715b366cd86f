//! Requests that are passed on to a model that speaks the API itself.

use crate::api::{Api, Framing};
use crate::capabilities::Capability;
use crate::gateway::dialect::Given;
use crate::gateway::effort;
use crate::headers::Headers;
use crate::json::{Kind, View, Writer};
use crate::model::ModelId;
use crate::provider::{Call, facts, openai, passing_service};

/// Members of clients that the service refuses. They change no answer: Codex sends `client_metadata` for OpenAI's logs.
const REFUSED: &[&str] = &["client_metadata"];

/// Returns the call with a client's body, and what was left out. The members are sent byte for byte and in their order.
/// Only `model` is replaced, and with `asks_usage` a stream is asked for its usage.
pub(crate) fn call(given: &Given<'_>, model: &ModelId, api: Api, asks_usage: bool) -> Option<(Call, Vec<String>)> {
    let service = passing_service(model, api)?;
    let operation = if api == Api::Responses { "responses" } else { "chat/completions" };
    let mut w = Writer::new();
    w.begin_object();
    let (mut has_model, mut has_options) = (false, false);
    let (mut has_stream, mut removed) = (false, Vec::new());
    for (raw_key, value) in given.body.raw_entries() {
        // An escaped key must not hide a second model.
        match &*crate::json::unescaped(raw_key) {
            "model" if has_model => {}
            "model" => {
                has_model = true;
                w.field("model", openai::model_id(service, model));
            }
            "stream_options" if asks_usage => {
                if !std::mem::replace(&mut has_options, true) {
                    write_stream_options(&mut w, value);
                }
            }
            // Once, as the gateway reads it: the service must not read another one.
            "stream" if std::mem::replace(&mut has_stream, true) => {}
            "stream" => w.raw_member("stream", value),
            key if REFUSED.contains(&key) => removed.push(key.to_owned()),
            "reasoning_effort" if api == Api::ChatCompletions => {
                match fitted(value, model, api, "reasoning_effort", &mut removed) {
                    Effort::Same => w.raw_member(raw_key, value),
                    Effort::Other(effort) => w.field("reasoning_effort", effort),
                    Effort::None => {}
                }
            }
            "reasoning" if api == Api::Responses && value.kind() == Kind::Object => {
                write_reasoning(&mut w, raw_key, value, model, &mut removed);
            }
            _ => w.raw_member(raw_key, value),
        }
    }
    if asks_usage && !has_options {
        write_stream_options(&mut w, View::empty_object());
    }
    w.end_object();
    let mut headers = Headers::new();
    headers.push("content-type", "application/json");
    // The vendors' SDKs send this header, also for streams.
    headers.push("accept", "application/json");
    let path = openai::path(service, model, operation);
    let mut call = Call::new(path, headers, w.finish().into_bytes(), given.streams);
    (call.service, call.framing) = (service, Framing::Sse);
    Some((call, removed))
}

/// The effort that is sent.
enum Effort {
    /// The client's, byte for byte.
    Same,
    Other(&'static str),
    None,
}

/// Returns the effort for a model, and names the one that it refuses.
fn fitted(value: View<'_>, model: &ModelId, api: Api, member: &str, removed: &mut Vec<String>) -> Effort {
    let given = value.word();
    if !value.is_null() && facts::known(model, api).lacks(Capability::ReasoningEffort) {
        removed.push(member.to_owned());
        return Effort::None;
    }
    match effort::replaced(model, given) {
        Some(sent) => {
            removed.push(effort::sent_as(member, given, sent));
            Effort::Other(sent)
        }
        None => Effort::Same,
    }
}

/// Writes `reasoning` of the Responses API. It stays byte for byte if the model accepts the effort.
fn write_reasoning(w: &mut Writer, key: &str, given: View<'_>, model: &ModelId, removed: &mut Vec<String>) {
    let effort = match given.get("effort") {
        Some(effort) => fitted(effort, model, Api::Responses, "reasoning.effort", removed),
        None => Effort::Same,
    };
    if matches!(effort, Effort::Same) {
        return w.raw_member(key, given);
    }
    w.object("reasoning");
    for (key, value) in given.raw_entries().filter(|(key, _)| *key != "effort") {
        w.raw_member(key, value);
    }
    if let Effort::Other(effort) = effort {
        w.field("effort", effort);
    }
    w.end_object();
}

fn write_stream_options(w: &mut Writer, given: View<'_>) {
    w.object("stream_options");
    for (key, value) in given.raw_entries().filter(|(key, _)| *key != "include_usage") {
        w.raw_member(key, value);
    }
    w.key("include_usage").bool(true);
    w.end_object();
}
