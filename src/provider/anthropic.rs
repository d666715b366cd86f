//! Anthropic Messages: Claude 3 and later, over InvokeModel and over the Messages API.
//!
//! See [Anthropic Claude Messages API](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html).

mod blocks;
mod decode;
mod encode;
mod thinking;

#[cfg(feature = "gateway")]
pub(crate) use decode::add_counts;
use encode::Body;
#[cfg(feature = "gateway")]
pub(crate) use encode::VERSION;
pub(crate) use thinking::{LEFT_OUT, ThinkingFields, betas, check, is_on};

use crate::api::{Api, Service};
use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;

use super::sse_chunks::SseChunks;
use super::{Call, Codec, Mode, StreamDecoder, facts, invoke, openai};

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
        let Body { writer, adaptations, .. } = encode::body(model, request, mode, Api::Invoke)?;
        let call = invoke::call(model, request, mode, writer, &encode::defaults(&request.options))?;
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

/// Claude over the [Messages API] of `bedrock-mantle`, with Anthropic's own requests, replies and streams.
///
/// The body is the same as for [`Anthropic`], and also has the model. The version is the header `anthropic-version`
/// (`2023-06-01`, unless the caller sets that header), and beta features are the header `anthropic-beta`. The model's
/// id is sent without the region prefix of a profile.
///
/// ```
/// use bedrock_chat::{Call, Codec, Headers, Messages};
/// let body = br#"{"content":[{"type":"text","text":"Bonjour"}],"stop_reason":"end_turn"}"#;
/// assert_eq!(Messages.decode(&Call::default(), body, &Headers::new())?.text(), "Bonjour");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
///
/// [Messages API]: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a unit struct is used as a value; it has no state that could grow")]
pub struct Messages;

impl Codec for Messages {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        let Body { writer, adaptations, betas } = encode::body(model, request, mode, Api::Messages)?;
        let defaults = encode::defaults(&request.options);
        let mut call = openai::call(Service::Mantle, PATH.into(), request, mode, writer, WORKSPACE, &defaults)?;
        call.headers.push("anthropic-version", "2023-06-01");
        if !betas.is_empty() {
            call.headers.push("anthropic-beta", betas.join(","));
        }
        Ok(Call { adaptations, ..call })
    }

    fn decode(&self, _: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(body, headers)
    }

    fn stream(&self, _: &Call) -> Box<dyn StreamDecoder> {
        SseChunks::boxed(decode::MessagesDecoder::default())
    }

    fn api(&self) -> Api {
        Api::Messages
    }

    fn service(&self) -> Service {
        Service::Mantle
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Messages)
    }
}

/// The header for the project of the Messages API.
const WORKSPACE: &str = "anthropic-workspace-id";

/// The path of the Messages API. Token counts have a path below it.
pub(crate) const PATH: &str = "/anthropic/v1/messages";
