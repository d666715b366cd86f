//! Requests for models that speak the API themselves.

use crate::api::Api;
use crate::error::{Result, from_reported};
use crate::gateway::dialect::{Given, Passed};
use crate::gateway::openai::passing;
use crate::gateway::openai::relay::{AnswerReader, OpenAiRelay};
use crate::gateway::tally::{Tally, Used};
use crate::json::View;
use crate::model::ModelId;
use crate::provider::responses::response::read_counts;
use crate::sse::SseEvent;

/// Returns the call of a model that speaks the API itself.
pub(super) fn passed(given: &Given<'_>, model: &ModelId) -> Option<Passed> {
    let (call, removed) = passing::call(given, model, Api::Responses, false)?;
    let relay = Box::new(OpenAiRelay::new(ResponsesAnswer::default(), given.streams));
    Some(Passed { call, removed, relay })
}

/// Reads the usage of an answer, and whether it is complete.
#[derive(Debug, Default)]
struct ResponsesAnswer {
    tally: Tally,
    is_complete: bool,
}

impl AnswerReader for ResponsesAnswer {
    fn event(&mut self, event: &SseEvent<'_>) -> Result<bool> {
        let (mut kind, mut response) = ("", None);
        let read = View::read(event.data(), &mut |key, value| match key {
            "type" => kind = value.word(),
            "response" => response = Some(value),
            _ => {}
        });
        let Ok(view) = read else { return Ok(true) };
        match kind {
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                let response = response.unwrap_or(view);
                self.whole(response);
                self.is_complete = true;
                if kind == "response.failed" {
                    return Err(from_reported(response));
                }
            }
            // Only deltas count: later events repeat their text.
            kind if kind.ends_with(".delta") => self.tally.write(event.data()),
            "error" => return Err(from_reported(view)),
            "" if view.get("error").is_some() => return Err(from_reported(view)),
            _ => {}
        }
        Ok(true)
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
