//! Text completion over InvokeModel: Claude 2, Titan, Llama, Mistral's instruct models, Command,
//! Jurassic-2, DeepSeek R1 and Pegasus. One codec, with a row of names for each family.
//!
//! The family's chat template makes one prompt of a conversation;
//! [`BedrockChat::complete`](crate::BedrockChat::complete) sends the caller's prompt unchanged. These formats have no
//! tools. An option that a format has no name for is refused before anything is sent. Cache points and earlier
//! reasoning cannot be expressed in a prompt and are left out.

mod decode;
mod encode;
mod rows;
mod video;

pub(crate) use rows::{
    CLAUDE_2, COMMAND, DEEPSEEK_R1, JURASSIC_2, LLAMA_2, LLAMA_3, LLAMA_3_VISION, LLAMA_4, MISTRAL, PEGASUS, TITAN,
};

use crate::api::Api;
use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::headers::Headers;
use crate::json::View;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;
use crate::text::{after_last, has};

use super::reasoning::ReasoningTags;
use super::template::Template;
use super::{Call, Codec, Mode, StreamDecoder, facts, invoke};

/// The codec of a family whose models accept a prompt and return text.
pub(crate) struct TextCompletion(&'static Row);

/// The names and differences of one family.
struct Row {
    /// The family, for error messages.
    name: &'static str,
    template: &'static Template,
    /// The beginning and end that the API requires of a raw prompt.
    frame: Option<(&'static str, &'static str)>,
    prompt: &'static str,
    /// The object with the parameters, if they are not next to the prompt.
    config: Option<&'static str>,
    max_tokens: &'static str,
    /// The maximum number of tokens that is sent if the caller does not set it, as the API requires it.
    default_max_tokens: Option<u64>,
    top_p: Option<&'static str>,
    top_k: Option<&'static str>,
    stop: Option<&'static str>,
    media: PromptMedia,
    /// The path of the JSON Schema that the reply fits.
    schema: Option<[&'static str; 2]>,
    streams: Streams,
    /// The path of the text in a whole reply.
    whole: TextPath,
    /// The path of the text in a chunk of a stream.
    piece: TextPath,
    /// The stop sequence that the model writes at the end of its turn.
    turn_end: Option<&'static str>,
    /// The tags around the reasoning that replies begin with.
    reasoning: ReasoningTags,
}

/// The path of a text in a reply.
struct TextPath {
    /// The list whose first element has the text, if it is in a list.
    list: Option<&'static str>,
    /// The key of the text. If its value is an object, the text is the object's `text`.
    text: &'static str,
}

/// The media that a family accepts next to the prompt, with their key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PromptMedia {
    None,
    /// Any number of images.
    Images(&'static str),
    /// One video, which is required.
    Video(&'static str),
}

/// How a family streams.
#[derive(PartialEq, Eq)]
enum Streams {
    /// The family does not stream: the whole reply arrives at once.
    No,
    Yes,
    /// The family streams only if the body requests it.
    Asked,
}

impl Row {
    /// Returns whether the reply to a call begins inside reasoning, because its prompt has opened the reasoning.
    /// Without the call, the row of the family decides.
    fn opens_reasoning(&self, call: &Call) -> bool {
        let [(open, close), ..] = self.reasoning.tags else { return false };
        if call.body.is_empty() {
            return true;
        }
        let body = View::from_bytes(&call.body).ok();
        let prompt = body.and_then(|body| body.get(self.prompt)?.str());
        let prompt = prompt.as_deref().unwrap_or_default();
        // Only tags in the last reply are used, not tags in user texts.
        let reply = after_last(prompt, "<｜Assistant｜>").unwrap_or(prompt);
        after_last(reply, open).is_some_and(|reasoning| !has(reasoning, close))
    }
}

impl std::fmt::Debug for TextCompletion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextCompletion({})", self.0.name)
    }
}

impl Codec for TextCompletion {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        encode::call(self.0, model, request, mode)
    }

    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(self.0, self.0.opens_reasoning(call), body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        invoke::InvokeDecoder::boxed(decode::TextDecoder::new(self.0, self.0.opens_reasoning(call)))
    }

    fn takes_prompts(&self) -> bool {
        !matches!(self.0.media, PromptMedia::Video(_))
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Invoke)
    }
}

#[cfg(test)]
mod tests;
