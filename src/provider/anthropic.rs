//! Anthropic Messages: Claude 3 and later, over InvokeModel.
//!
//! See [Anthropic Claude Messages API](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html).

mod blocks;
mod decode;
mod encode;
mod thinking;

pub(crate) use thinking::{LEFT_OUT, ThinkingFields, betas, check, is_on};

use crate::api::Api;
use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;

use super::{Call, Codec, Mode, StreamDecoder, facts, invoke};

/// The Anthropic Messages shape.
///
/// ```
/// use bedrock_chat::{Anthropic, Call, Codec, Headers};
/// let body = br#"{"content":[{"type":"text","text":"Bonjour"}],"stop_reason":"end_turn"}"#;
/// assert_eq!(Anthropic.decode(&Call::default(), body, &Headers::new())?.text(), "Bonjour");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is used as a value; it has no state that could grow")]
pub struct Anthropic;

impl Codec for Anthropic {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        let (body, adaptations) = encode::body(model, request)?;
        let call = invoke::call(model, request, mode, body, &encode::defaults(&request.options))?;
        Ok(Call { adaptations, ..call })
    }

    fn decode(&self, _: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(body, headers)
    }

    fn stream(&self, _: &Call) -> Box<dyn StreamDecoder> {
        invoke::InvokeDecoder::boxed(decode::MessagesDecoder::default())
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Invoke)
    }
}
