//! Anthropic Messages: Claude 3 and later, over InvokeModel.
//!
//! See [Anthropic Claude Messages API](https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html).

mod blocks;
mod decode;
mod encode;

pub(crate) use encode::{check, check_tool_name, object_schema, write_reasoning};

use crate::error::Result;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;

use super::{Call, Capabilities, Codec, Mode, StreamDecoder, invoke};

/// The Anthropic Messages shape.
///
/// ```
/// use bedrock_chat::{Anthropic, Codec, Headers};
/// let body = br#"{"content":[{"type":"text","text":"Bonjour"}],"stop_reason":"end_turn"}"#;
/// assert_eq!(Anthropic.decode(body, &Headers::new())?.text(), "Bonjour");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Anthropic;

impl Codec for Anthropic {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        Ok(invoke::call(model, request, mode, encode::body(request)?))
    }

    fn decode(&self, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(body, headers)
    }

    fn stream(&self) -> Box<dyn StreamDecoder> {
        invoke::InvokeStream::boxed(decode::Stream::default())
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        capabilities(model)
    }
}

/// What the models before the
/// [JSON Schema](https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html) are called.
const BEFORE_SCHEMAS: &[&str] = &["claude-3", "claude-sonnet-4-2025", "claude-opus-4-2025", "claude-opus-4-1-"];

/// What a Claude model can be held to.
pub(crate) fn capabilities(model: &ModelId) -> Capabilities {
    let name = model.base().and_then(|base| base.strip_prefix("anthropic.")).unwrap_or_default();
    let json_schema = !BEFORE_SCHEMAS.iter().any(|old| name.starts_with(old));
    Capabilities { json_schema, ..Capabilities::ALL }
}
