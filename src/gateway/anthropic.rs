//! Anthropic's Messages API, as clients of the gateway speak it.
//!
//! See [the Messages API](https://docs.claude.com/en/api/messages) and
//! [what Claude Code sends to a gateway](https://code.claude.com/docs/en/llm-gateway-protocol).

mod betas;
mod caching;
mod citation;
mod events;
mod filter;
mod message;
mod pass;
mod problem;
mod read;
mod relay;
mod rewrite;
mod signature;
mod sse;

pub(crate) use events::AnthropicEvents;
pub(crate) use pass::{count, counted};
pub use sse::AnthropicSse;

use super::dialect::{Asked, Dialect, EventWriter, Given, Passed};
use super::failure::Failure;
use crate::message::AiMessage;
use crate::model::ModelId;

/// Anthropic's Messages API.
pub(crate) struct AnthropicDialect;

impl Dialect for AnthropicDialect {
    fn pass(&self, given: &Given<'_>, model: &ModelId) -> Result<Option<Passed>, Failure> {
        pass::pass(given, model)
    }

    fn read(&self, given: &Given<'_>) -> Result<Asked, Failure> {
        read::read(given)
    }

    fn message(&self, given: &Given<'_>, reply: &AiMessage) -> String {
        message::message(given.model, given.nonce, reply)
    }

    fn events(&self, given: &Given<'_>) -> Box<dyn EventWriter> {
        Box::new(AnthropicEvents::new(given.model, given.nonce))
    }

    fn problem(&self, failure: &Failure) -> String {
        problem::body(failure)
    }

    fn problem_event(&self, failure: &Failure) -> String {
        problem::event(failure)
    }

    fn keep_alive(&self) -> &'static str {
        "event: ping\ndata: {\"type\": \"ping\"}\n\n"
    }
}

#[cfg(test)]
mod tests;
