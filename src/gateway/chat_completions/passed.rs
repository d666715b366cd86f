//! Requests for models that speak the API themselves.

use crate::api::Api;
use crate::error::{Result, from_reported};
use crate::gateway::dialect::{Given, Passed};
use crate::gateway::openai::passing;
use crate::gateway::openai::relay::{AnswerReader, OpenAiRelay};
use crate::gateway::tally::{Tally, Used};
use crate::json::{Kind, View};
use crate::model::ModelId;
use crate::provider::chat_completions::decode::read_counts;
use crate::sse::SseEvent;

/// Returns the call of a model that speaks the API itself.
pub(super) fn passed(given: &Given<'_>, model: &ModelId) -> Option<Passed> {
    if lacks_tools(given.body, model) {
        return None;
    }
    let options = given.body.get("stream_options");
    let asks = options.and_then(|options| options.get("include_usage")?.bool()) == Some(true);
    let hides = given.streams && !asks;
    let (call, removed) = passing::call(given, model, Api::ChatCompletions, hides)?;
    let relay = Box::new(OpenAiRelay::new(ChatAnswer { hides_usage: hides, ..ChatAnswer::default() }, given.streams));
    Some(Passed { call, removed, relay })
}

/// Returns whether the service refuses the request because of its tools: "To use function tools, use /v1/responses or
/// set reasoning_effort to 'none'." GPT models are then called over the Responses API.
fn lacks_tools(body: View<'_>, model: &ModelId) -> bool {
    let base = model.base().unwrap_or_default();
    let is_gpt = base.starts_with("openai.gpt-") && !base.starts_with("openai.gpt-oss");
    is_gpt && body.list("tools").next().is_some() && body.word_at("reasoning_effort") != "none"
}

/// Reads the usage of an answer, and whether it is complete.
#[derive(Debug, Default)]
struct ChatAnswer {
    tally: Tally,
    is_complete: bool,
    /// Whether the usage was not asked for by the client.
    hides_usage: bool,
}

impl AnswerReader for ChatAnswer {
    fn event(&mut self, event: &SseEvent<'_>) -> Result<bool> {
        let data = event.data().trim_ascii();
        if data == b"[DONE]" {
            self.is_complete = true;
            return Ok(true);
        }
        let (mut usage, mut choices, mut is_error) = (None, None, event.event() == "error");
        let read = View::read(data, &mut |key, value| match key {
            "usage" if !value.is_null() => usage = Some(value),
            "choices" => choices = Some(value),
            "error" => is_error |= !value.is_null(),
            _ => {}
        });
        let Ok(chunk) = read else { return Ok(true) };
        if is_error {
            return Err(from_reported(chunk));
        }
        self.tally.write(data);
        if let Some(usage) = usage {
            self.tally.report(read_counts(usage));
        }
        let is_last = |choice: View<'_>| choice.get("finish_reason").is_some();
        self.is_complete |= choices.is_some_and(|choices| choices.items().any(is_last));
        let is_empty = choices.is_some_and(|all| all.kind() == Kind::Array && all.items().next().is_none());
        Ok(!(self.hides_usage && usage.is_some() && is_empty))
    }

    fn whole(&mut self, answer: View<'_>) {
        if let Some(usage) = answer.get("usage") {
            self.tally.report(read_counts(usage));
        }
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn used(&self) -> Used {
        self.tally.used()
    }
}
