//! OpenAI's Responses API.

mod events;
mod items;
mod options;
mod read;
mod reply;
mod tools;

use serde_json::{Value, json};

use super::Call;
use super::openai;
use crate::catalog;
use crate::delivery::Reply;
use crate::endpoint::Endpoint;
use crate::ids;
use crate::problem::Problem;
use crate::sse::Dialect;
use crate::state::State;
use crate::stored::Stored;

/// The parts of a request that the reply depends on.
pub(super) struct Settings<'a> {
    pub(super) model: &'a str,
    /// The body as it was sent.
    pub(super) sent: &'a Value,
    /// The body without null members.
    pub(super) body: &'a Value,
}

impl Settings<'_> {
    /// Whether the reply has the members that only GPT and Grok have.
    fn is_hosted(&self) -> bool {
        catalog::below_openai(self.model)
    }

    /// The reasoning effort, if the model reasons.
    fn effort(&self) -> Option<&str> {
        let asked = self.body.pointer("/reasoning/effort").and_then(Value::as_str);
        let reasons = catalog::reasons(self.model);
        reasons.then(|| asked.unwrap_or("medium")).filter(|effort| *effort != "none")
    }

    fn flag(&self, key: &str, default: bool) -> bool {
        self.body.get(key).and_then(Value::as_bool).unwrap_or(default)
    }
}

/// Answers one request.
pub(super) fn answer(call: &Call<'_>, sent: &Value, endpoint: Endpoint) -> Result<Reply, Problem> {
    let body = openai::without_nulls(sent);
    let settings = Settings { model: &call.model, sent, body: &body };
    options::check(&settings, endpoint)?;
    let guardrail = call.guardrail()?;
    let items = items::all(&settings, &call.state.responses)?;
    let mut prompt = read::prompt(&settings, &items, call, endpoint)?;
    prompt.guarded = guardrail.is_some();
    let (answer, input) = call.answer(&prompt, &body)?;
    let id = format!("resp_{}", ids::base32(&call.state.request_id()));
    let created = call.state.clock.now();
    let written = reply::Written { settings: &settings, answer: &answer, input, id: &id, created };
    let response = written.response();
    if settings.flag("store", true) {
        let output = response.get("output").and_then(Value::as_array).cloned().unwrap_or_default();
        let items = items.into_iter().chain(output).collect();
        call.state.responses.keep(&id, Stored { items, response: response.clone() });
    }
    if settings.flag("stream", false) {
        let dialect = Dialect::Responses { data_first: endpoint == Endpoint::Mantle };
        let events = events::all(&written).iter().map(|event| dialect.event(event)).collect();
        return Ok(Reply::events(events, dialect));
    }
    Ok(Reply::json(&if settings.flag("background", false) { written.queued() } else { response }))
}

/// `GET` or `DELETE /responses/{id}`.
pub(crate) fn stored(id: &str, delete: bool, state: &State) -> Result<Reply, Problem> {
    let Some(stored) = state.responses.find(id) else {
        return Err(Problem::not_found(format!("Response with id '{id}' not found.")));
    };
    if delete {
        state.responses.delete(id);
        return Ok(Reply::json(&json!({"id": id, "object": "response", "deleted": true})));
    }
    Ok(Reply::json(&stored.response))
}
