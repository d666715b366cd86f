//! OpenAI's Responses API, as clients of the gateway speak it.
//!
//! See [the reference](https://platform.openai.com/docs/api-reference/responses/create). The gateway keeps no
//! responses, so each request has the whole conversation, and reasoning travels in `encrypted_content`.

mod echo;
mod events;
mod input;
mod item;
mod passed;
mod read;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod tools;

use super::dialect::{Asked, Dialect, EventWriter, Given, Passed};
use super::failure::{Failure, Reason};
use super::openai::problem;
use crate::json::Writer;
use crate::message::AiMessage;
use crate::model::ModelId;

/// Members whose names differ from those of the crate's options.
const MEMBER_NAMES: problem::MemberNames =
    &[("max_tokens", "max_output_tokens"), ("response_format", "text.format"), ("request_metadata", "metadata")];

/// OpenAI's Responses API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponsesDialect;

impl Dialect for ResponsesDialect {
    fn pass(&self, given: &Given<'_>, model: &ModelId) -> Result<Option<Passed>, Failure> {
        // The answer has no token counts, so the key's limits could not count them.
        if given.body.get("background").is_some_and(|background| background.bool() != Some(false)) {
            return Err(Failure::of_field("background", "`background` is not supported by this gateway; leave it out"));
        }
        Ok(passed::passed(given, model))
    }

    fn read(&self, given: &Given<'_>) -> Result<Asked, Failure> {
        read::asked(given.body)
    }

    fn message(&self, given: &Given<'_>, reply: &AiMessage) -> String {
        events::whole(given, reply)
    }

    fn events(&self, given: &Given<'_>) -> Box<dyn EventWriter> {
        Box::new(state::ResponsesEvents::new(given))
    }

    fn problem(&self, failure: &Failure) -> String {
        problem::body(failure, MEMBER_NAMES)
    }

    /// Returns two events. OpenAI's SDKs raise the first as an error. Codex ignores it, and reads the second.
    fn problem_event(&self, failure: &Failure) -> String {
        let failure = &problem::renamed(failure, MEMBER_NAMES);
        let mut error = Writer::new();
        error.begin_object();
        error.field("type", "error");
        error.key("sequence_number").u64(0);
        error.field("message", &failure.message);
        let (_, code) = problem::names(failure);
        problem::write_or_null(&mut error, "code", code);
        problem::write_or_null(&mut error, "param", failure.field.as_deref());
        error.object("error");
        problem::write_members(&mut error, failure);
        error.end_object();
        error.end_object();
        let mut failed = Writer::new();
        failed.begin_object();
        failed.field("type", "response.failed");
        failed.key("sequence_number").u64(1);
        failed.object("response");
        failed.field("id", "resp_failed");
        failed.field("object", "response");
        failed.field("status", "failed");
        failed.object("error");
        failed.field("code", failed_code(failure));
        failed.field("message", &failure.message);
        failed.end_object();
        failed.array("output");
        failed.end_array();
        failed.end_object();
        failed.end_object();
        let (error, failed) = (error.finish(), failed.finish());
        ["event: error\ndata: ", &error, "\n\nevent: response.failed\ndata: ", &failed, "\n\n"].concat()
    }
}

/// Returns the code of a response that failed. It has other names than an error that is answered at once, and clients
/// send a request again unless its prompt is invalid.
fn failed_code(failure: &Failure) -> &'static str {
    match failure.reason {
        Reason::Failed | Reason::Timeout => "server_error",
        Reason::Invalid | Reason::TooLarge | Reason::NotFound | Reason::Method => "invalid_prompt",
        _ => problem::names(failure).1.unwrap_or("server_error"),
    }
}
