//! Cohere Command R and R+, over InvokeModel.
//!
//! See [Cohere Command R and Command R+ models](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html).

mod decode;
mod encode;
mod parameters;
#[cfg(test)]
mod tests;

use crate::api::Api;
use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;

use super::{Call, Codec, Mode, StreamDecoder, facts, invoke};

/// The format of Command R and R+.
///
/// - Documents and search results of the conversation are sent as `documents`, which the model cites. Citations
///   are in the text block, and unchanged in the metadata.
/// - Tool calls have no ids, so they get one from the reply's id. A tool result is sent with the call itself.
/// - Set `search_queries_only`, `seed`, `prompt_truncation` and similar options in `model_kwargs`.
///
/// ```
/// use bedrock_chat::{Call, Codec, Cohere, Headers};
/// let body = br#"{"generation_id":"g-1","text":"Isaac Newton.","finish_reason":"COMPLETE"}"#;
/// let message = Cohere.decode(&Call::default(), body, &Headers::new())?;
/// assert_eq!((message.id.as_deref(), message.text()), (Some("g-1"), "Isaac Newton.".into()));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is used as a value; it has no state that could grow")]
pub struct Cohere;

impl Codec for Cohere {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        invoke::call(model, request, mode, encode::body(model, request)?, &[])
    }

    fn decode(&self, _: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(body, headers)
    }

    fn stream(&self, _: &Call) -> Box<dyn StreamDecoder> {
        invoke::InvokeDecoder::boxed(decode::CommandDecoder::default())
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Invoke)
    }
}
