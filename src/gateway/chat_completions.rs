//! OpenAI's Chat Completions API, as clients of the gateway speak it.
//!
//! See [the reference](https://platform.openai.com/docs/api-reference/chat/create).

mod events;
mod message;
mod passed;
mod read;
#[cfg(test)]
mod tests;

use super::dialect::{Asked, Dialect, EventWriter, Given, Passed};
use super::failure::Failure;
use super::openai::problem;
use crate::message::AiMessage;
use crate::model::ModelId;

/// The members with another name than the option of the crate.
const MEMBER_NAMES: problem::MemberNames = &[("reasoning", "reasoning_effort"), ("request_metadata", "metadata")];

/// OpenAI's Chat Completions API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChatDialect;

impl Dialect for ChatDialect {
    fn pass(&self, given: &Given<'_>, model: &ModelId) -> Result<Option<Passed>, Failure> {
        Ok(passed::passed(given, model))
    }

    fn read(&self, given: &Given<'_>) -> Result<Asked, Failure> {
        read::asked(given.body)
    }

    fn message(&self, given: &Given<'_>, reply: &AiMessage) -> String {
        message::message(given, reply)
    }

    fn events(&self, given: &Given<'_>) -> Box<dyn EventWriter> {
        Box::new(events::ChatEvents::new(given))
    }

    fn problem(&self, failure: &Failure) -> String {
        problem::body(failure, MEMBER_NAMES)
    }

    fn problem_event(&self, failure: &Failure) -> String {
        ["data: ", &self.problem(failure), "\n\n"].concat()
    }
}
