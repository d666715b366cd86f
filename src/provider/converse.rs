//! Converse, the API that is the same for all models, and Amazon Nova's native format, which is nearly
//! the same.
//!
//! See [Converse](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html),
//! [ConverseStream](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html) and
//! [Amazon Nova's request schema](https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html).

mod blocks;
pub(crate) mod decode;
mod encode;
mod fields;
mod kwargs;
mod names;
mod stream;
mod tools;

use crate::api::Api;
use crate::capabilities::{Capabilities, Capability};
use crate::error::Result;
use crate::headers::Headers;
use crate::json::Json;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;
#[cfg(feature = "gateway")]
pub(crate) use fields::is_nova;

use super::{Call, Codec, Mode, StreamDecoder, facts, invoke};

/// The text for observers if a model replies to a streamed call as a whole.
const NOT_STREAMED: &str = "this model does not stream this call, so the reply arrives as a whole";

/// The format that an encoder writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Converse,
    Nova,
}

impl Shape {
    /// Returns the API that the format is for.
    fn api(self) -> Api {
        match self {
            Self::Converse => Api::Converse,
            Self::Nova => Api::Invoke,
        }
    }
}

/// The Converse API: one format for every model that can chat.
///
/// Options without a field are sent in `additionalModelRequestFields`, in the form of the model's family:
/// `top_k`, reasoning and Anthropic's beta features, merged with `model_kwargs`.
///
/// ```
/// use bedrock_chat::{Call, ChatRequest, Codec, Converse, Headers, Message, Mode, ModelId};
/// let model = ModelId::parse("us.meta.llama3-3-70b-instruct-v1:0")?;
/// let call = Converse.encode(&model, &ChatRequest::new([Message::human("Hello")]), Mode::Invoke)?;
/// assert_eq!(call.path, "/model/us.meta.llama3-3-70b-instruct-v1%3A0/converse");
/// assert_eq!(&call.body[..], br#"{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}"#);
///
/// let body = br#"{"output":{"message":{"role":"assistant","content":[{"text":"Hi."}]}},"stopReason":"end_turn"}"#;
/// assert_eq!(Converse.decode(&Call::default(), body, &Headers::new())?.text(), "Hi.");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is used as a value; it has no state that could grow")]
pub struct Converse;

impl Codec for Converse {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        let mut headers = Headers::new();
        headers.push("content-type", "application/json");
        let can = facts::of_call(model, Api::Converse, &request.options);
        let has_tools = tools::are_sent(&request.options);
        // Some models do not stream calls with tools, or any calls: the reply then arrives as a whole.
        let is_whole = can.lacks(Capability::Streaming) || has_tools && can.lacks(Capability::StreamedTools);
        let (operation, streams) = match mode {
            Mode::Stream if !is_whole => ("converse-stream", true),
            _ => ("converse", false),
        };
        let mode_sent = if streams { Mode::Stream } else { Mode::Invoke };
        let (body, mut adaptations) = encode::converse(model, request, mode_sent)?;
        if mode != mode_sent {
            adaptations.push(NOT_STREAMED);
        }
        let body = Json::written(body).into_bytes();
        let input_has_cached = fields::of(model).stream_input_has_cached;
        Ok(Call { adaptations, input_has_cached, ..Call::new(model.path(operation), headers, body, streams) })
    }

    fn decode(&self, _: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        Box::new(stream::ConverseDecoder::new(call.input_has_cached))
    }

    fn api(&self) -> Api {
        Api::Converse
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Converse)
    }
}

/// Amazon Nova over InvokeModel (`messages-v1`).
///
/// Documents, guard content, search results and cache points of one hour exist only over Converse: here a call with
/// them is `Unsupported`.
///
/// ```
/// use bedrock_chat::{ChatRequest, Codec, Message, Mode, ModelId, Nova};
/// let model = ModelId::parse("amazon.nova-lite-v1:0")?;
/// let call = Nova.encode(&model, &ChatRequest::new([Message::human("Hello")]), Mode::Invoke)?;
/// assert_eq!(
///     &call.body[..],
///     br#"{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"Hello"}]}]}"#
/// );
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is used as a value; it has no state that could grow")]
pub struct Nova;

impl Codec for Nova {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        invoke::call(model, request, mode, encode::nova(model, request)?, &["schemaVersion"])
    }

    fn decode(&self, _: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(body, headers)
    }

    fn stream(&self, _: &Call) -> Box<dyn StreamDecoder> {
        invoke::InvokeDecoder::boxed(stream::NovaDecoder::default())
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Invoke)
    }
}

#[cfg(test)]
mod tests;
