//! OpenAI's Responses API, on `bedrock-runtime` and on `bedrock-mantle`.
//!
//! See [the Responses API on Bedrock](https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html)
//! and [its reference](https://platform.openai.com/docs/api-reference/responses/create).

mod decode;
mod encode;
mod item;
mod items;
mod reader;
pub(crate) mod response;
mod stream;
#[cfg(test)]
mod tests;
mod tools;
mod words;

use crate::api::{Api, Service};
use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::request::ChatRequest;

use super::{Call, Codec, Mode, StreamDecoder, facts, openai};

/// OpenAI's Responses API.
///
/// # Stored state
///
/// Calls are stateless by default: `store` is `false`, and the provider keeps nothing unless the caller requests it.
/// Models that reason are asked for `reasoning.encrypted_content`. It arrives as the
/// [signature](crate::Thinking::signature) of the reasoning, and is sent back with the conversation. Reasoning
/// without it, for instance gpt-oss's, is not sent back, as its id is not stored. To store responses, set `store` in
/// [`model_kwargs`](crate::ChatOptions::model_kwargs). With `previous_response_id`, pass only the new messages.
///
/// # Options
///
/// | option | member of the body |
/// |---|---|
/// | `max_tokens` | `max_output_tokens` |
/// | `temperature`, `top_p` | the same |
/// | `tools`, `tool_choice`, `parallel_tool_calls` | the same. `strict` is always sent, as its default is `true` here |
/// | `reasoning` | `reasoning.effort`; `Disabled` is the effort `none` |
/// | `reasoning_display` | `Summarized` is `reasoning.summary: "auto"` |
/// | `response_format` | `text.format` |
/// | `service_tier` | `service_tier` |
/// | `request_metadata` | `metadata` |
/// | `project` | the header `openai-project` |
/// | `stop`, `top_k`, `latency`, `guardrail` | an error: the API does not have them |
/// | cache points | `prompt_cache_breakpoint` of the part before, for models with explicit caching |
///
/// These parameters have no option and are set in `model_kwargs`, which is merged with the members above:
///
/// | member | note |
/// |---|---|
/// | `store` | default `false` |
/// | `include` | joined with the default `["reasoning.encrypted_content"]`; `store: true` or `include: null` removes it |
/// | `previous_response_id`, `conversation` | need responses that were stored |
/// | `prompt_cache_key`, `prompt_cache_retention`, `prompt_cache_options` | |
/// | `instructions` | system messages are items with the role `system`, where they are in the conversation |
/// | `truncation`, `max_tool_calls`, `top_logprobs`, `safety_identifier`, `user` | |
/// | `text.verbosity`, `reasoning.summary` | merged with the members of the options |
/// | `background` | mantle only; the reply then has the status `queued` as its stop reason |
///
/// # Content
///
/// Items without a block in [`Content`](crate::Content), such as calls of server tools, are received as
/// [`Content::Raw`](crate::Content::Raw) and sent back unchanged. A raw block in a message is an item, or a part of
/// the message if its type begins with `input_`. The call of a custom tool is a [`ToolCall`](crate::ToolCall) with
/// the argument `input`, and `type` is among its further members. Models use ids such as `call_0` again in every
/// response, so a hash of the response's id is appended.
///
/// ```
/// use bedrock_chat::{ChatRequest, Codec, Message, Mode, ModelId, Responses};
/// let model = ModelId::parse("us.openai.gpt-5.6-luna")?;
/// let call = Responses::MANTLE.encode(&model, &ChatRequest::new([Message::human("hello")]), Mode::Invoke)?;
/// assert_eq!(call.path, "/openai/v1/responses");
/// assert!(call.body.starts_with(br#"{"model":"openai.gpt-5.6-luna","input":[{"role":"user","content":"hello"}]"#));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Responses {
    service: Service,
}

impl Responses {
    /// The API on `bedrock-runtime`. Models of OpenAI need an inference profile there, for instance
    /// `us.openai.gpt-5.6-luna`. Images are sent as bytes or from S3.
    pub const RUNTIME: Self = Self { service: Service::Runtime };

    /// The API on `bedrock-mantle`. Region prefixes and versions of model ids are not sent.
    pub const MANTLE: Self = Self { service: Service::Mantle };
}

impl Codec for Responses {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        let body = encode::body(self.service, model, request, mode)?;
        let path = openai::path(self.service, model, "responses");
        openai::call(self.service, path, request, mode, body, openai::PROJECT, &["store"])
    }

    fn decode(&self, _: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        decode::message(body, headers)
    }

    fn stream(&self, _: &Call) -> Box<dyn StreamDecoder> {
        Box::new(stream::ResponsesDecoder::default())
    }

    fn api(&self) -> Api {
        Api::Responses
    }

    fn service(&self) -> Service {
        self.service
    }

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        facts::known(model, Api::Responses)
    }
}
