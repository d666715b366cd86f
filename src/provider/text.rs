//! Prompt in, text out: Claude 2, Titan, Llama, Mistral's instruct models, Command, Jurassic-2 and
//! DeepSeek R1, over InvokeModel. One codec, driven by a row of names for each family.
//!
//! A conversation becomes one text by the family's chat template; with
//! [`BedrockChat::complete`](crate::BedrockChat::complete) the caller's own text is sent as it is.
//! None of these formats has tools; what a format has no name for is an error before anything is
//! sent. Cache points and the reasoning of earlier answers have no place in a prompt and are left out.

mod decode;
mod encode;
mod rows;
mod thought;

pub(crate) use rows::{
    CLAUDE_2, COMMAND, DEEPSEEK_R1, JURASSIC_2, LLAMA_2, LLAMA_3, LLAMA_3_VISION, LLAMA_4, MISTRAL, TITAN,
};

use crate::capabilities::{Api, Capabilities};
use crate::error::Result;
use crate::headers::Headers;
use crate::json::View;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;
use crate::text::{after_last, has};

use super::template::Template;
use super::{Call, Codec, Mode, StreamDecoder, facts, invoke};

/// The codec of one family.
pub(crate) struct Completion(&'static Row);

/// What one family calls its things.
struct Row {
    /// The family, for errors.
    name: &'static str,
    template: &'static Template,
    /// What a raw prompt must be framed by, if it is not yet: the API refuses it otherwise.
    frame: Option<(&'static str, &'static str)>,
    prompt: &'static str,
    /// The object that the parameters stand in, where they do not stand beside the prompt.
    config: Option<&'static str>,
    max_tokens: &'static str,
    /// Sent where the caller set none, as the API requires it.
    default_max_tokens: Option<u64>,
    top_p: &'static str,
    top_k: Option<&'static str>,
    stop: Option<&'static str>,
    /// Where pictures go.
    images: Option<&'static str>,
    streams: Streams,
    /// Where a whole answer has its text.
    whole: Place,
    /// Where a piece of a stream has its text.
    piece: Place,
    /// The stop sequence by which the model says that its turn has ended.
    turn_end: Option<&'static str>,
    /// The answer begins with reasoning.
    thinks: bool,
}

/// Where a text stands.
struct Place {
    /// The list whose first element has it, if it stands in a list.
    list: Option<&'static str>,
    /// Its key; if there is an object, the text is its `text`.
    text: &'static str,
}

/// How a family streams.
#[derive(PartialEq, Eq)]
enum Streams {
    /// Not at all: the whole answer is given as one.
    No,
    Yes,
    /// If the body asks for it, too.
    Asked,
}

impl Row {
    /// Whether the answer to a call begins inside reasoning: its prompt has opened it. Without the call, the
    /// model's habit decides.
    fn opens_thought(&self, call: &Call) -> bool {
        if call.body.is_empty() {
            return self.thinks;
        }
        let body = View::from_bytes(&call.body).ok();
        let prompt = body.filter(|_| self.thinks).and_then(|body| body.get(self.prompt)?.str());
        let prompt = prompt.as_deref().unwrap_or_default();
        // What people said does not count, only what stands in the last answer.
        let answer = after_last(prompt, "<｜Assistant｜>").unwrap_or(prompt);
        after_last(answer, thought::OPEN).is_some_and(|thought| !has(thought, thought::CLOSE))
    }
}

impl std::fmt::Debug for Completion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Completion({})", self.0.name)
    }
}

impl Codec for Completion {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        encode::call(self.0, model, request, mode)
    }

    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(self.0, self.0.opens_thought(call), body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        invoke::InvokeStream::boxed(decode::Stream::new(self.0, self.0.opens_thought(call)))
    }

    fn takes_prompts(&self) -> bool {
        true
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Invoke)
    }
}

#[cfg(test)]
mod tests;
