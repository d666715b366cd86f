//! Codecs, one for each wire shape, and the table of the families that use them.
//!
//! A codec is pure. It encodes a [`ChatRequest`] to the bytes of a call, and decodes the bytes of the
//! reply to a message or to events. It has no state: the state of a stream is in its [`StreamDecoder`].

pub(crate) mod anthropic;
pub(crate) mod body;
pub(crate) mod cache_points;
pub(crate) mod chat_completions;
mod cohere;
pub(crate) mod converse;
pub(crate) mod facts;
pub(crate) mod forms;
pub(crate) mod guard;
pub(crate) mod invoke;
pub(crate) mod media;
pub(crate) mod openai;
pub(crate) mod raw_block;
mod reasoning;
pub(crate) mod refusals;
pub(crate) mod repair;
pub(crate) mod responses;
mod select;
mod sse_chunks;
mod table;
pub(crate) mod template;
pub(crate) mod text;
mod text_blocks;
mod tools;
pub(crate) mod words;

pub use anthropic::{Anthropic, Messages};
pub use chat_completions::ChatCompletions;
pub use cohere::Cohere;
pub use converse::{Converse, Nova};
pub use responses::Responses;
pub use select::{capabilities, codec_for};
#[cfg(feature = "gateway")]
pub(crate) use select::{has_sampling, passing_service, speaks_messages};
pub use table::{Family, Route, families};

use std::sync::Arc;

use bytes::Bytes;

use crate::api::{Api, Framing, Service};
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Events;
use crate::eventstream::Frame;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::method::Method;
use crate::model::ModelId;
use crate::request::ChatRequest;
use crate::sse::SseEvent;

/// Whether a reply should arrive at once or as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// As a whole.
    Invoke,
    /// As a stream of events.
    Stream,
}

/// An encoded call: all data to send, except host, credentials and signature.
///
/// The default is an empty call, to decode a reply without its call.
///
/// ```
/// use bedrock_chat::{Anthropic, ChatRequest, Codec, Message, Mode, ModelId};
/// let model = ModelId::parse("us.anthropic.claude-sonnet-4-6")?;
/// let call = Anthropic.encode(&model, &ChatRequest::new([Message::human("hello")]), Mode::Stream)?;
/// assert_eq!(call.path, "/model/us.anthropic.claude-sonnet-4-6/invoke-with-response-stream");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Call {
    /// The method, which is signed and sent unchanged. Defaults to `POST`. If the method takes no body
    /// ([`Method::takes_body`]), the body must be empty.
    pub method: Method,
    /// The service whose endpoint receives the call. Defaults to [`Service::Runtime`].
    pub service: Service,
    /// The path, percent-encoded once, without the prefix of a custom endpoint: `/model/` and so on.
    pub path: String,
    /// The query, percent-encoded, without the `?`. Defaults to none.
    pub query: String,
    /// Headers other than `host` and `x-amz-date`, for instance the content type and the guardrail.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
    /// Whether the reply is a stream. A codec whose models do not stream sets `false` also in [`Mode::Stream`]; the
    /// client then makes the events from the whole reply.
    pub streams: bool,
    /// How the events of a stream are separated. Defaults to [`Framing::EventStream`].
    pub framing: Framing,
    /// The changes that the codec made so that the model accepts the call, as text for observers: see
    /// [`Run::adapted`](crate::Run::adapted). Defaults to an empty list.
    pub adaptations: Vec<&'static str>,
    /// Whether the input tokens of the reply's usage include those of the cache.
    pub(crate) input_has_cached: bool,
}

impl Call {
    /// Creates a `POST` to the runtime.
    pub fn new(path: impl Into<String>, headers: Headers, body: impl Into<Bytes>, streams: bool) -> Self {
        Self {
            method: Method::Post,
            service: Service::Runtime,
            path: path.into(),
            query: String::new(),
            headers,
            body: body.into(),
            streams,
            framing: Framing::EventStream,
            adaptations: Vec::new(),
            input_has_cached: false,
        }
    }
}

/// A wire shape: how requests are encoded and replies are decoded.
///
/// Set a custom codec with [`BedrockChatBuilder::codec`](crate::BedrockChatBuilder::codec). Signing, retries,
/// framing and timeouts stay the same.
///
/// ```
/// use bedrock_chat::{AiMessage, Anthropic, Call, ChatRequest, Codec, Headers, Mode, ModelId, Result, StreamDecoder};
///
/// /// Claude, with one more field in every body.
/// #[derive(Debug)]
/// struct Tagged;
///
/// impl Codec for Tagged {
///     fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
///         let mut call = Anthropic.encode(model, request, mode)?;
///         call.headers.push("x-amzn-bedrock-request-metadata", r#"{"team":"a"}"#);
///         Ok(call)
///     }
///     fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
///         Anthropic.decode(call, body, headers)
///     }
///     fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
///         Anthropic.stream(call)
///     }
/// }
/// ```
pub trait Codec: std::fmt::Debug + Send + Sync + 'static {
    /// Encodes a request.
    ///
    /// # Errors
    /// `Encode`, `Unsupported` or `Config`, if the conversation or an option cannot be sent to this
    /// model.
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call>;

    /// Decodes a whole reply to a call. Most formats do not need the call.
    ///
    /// # Errors
    /// `Decode`, if the reply is not in the provider's format.
    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage>;

    /// Returns a decoder for the streamed reply to a call. Most formats do not need the call.
    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder>;

    /// Returns the API that the codec's calls are for. Defaults to [`Api::Invoke`].
    fn api(&self) -> Api {
        Api::Invoke
    }

    /// Returns the service that the codec's calls are for. Defaults to [`Service::Runtime`].
    fn service(&self) -> Service {
        Service::Runtime
    }

    /// Returns the model's capabilities over this codec's API. By default nothing is known, and typed output asks in
    /// the prompt.
    fn capabilities(&self, model: &ModelId) -> Capabilities {
        let _ = model;
        Capabilities::unknown()
    }

    /// Returns whether the models accept a raw prompt ([`ChatRequest::prompt`]) instead of messages.
    /// Defaults to `false`.
    fn takes_prompts(&self) -> bool {
        false
    }
}

/// A decoder for the frames or events of one stream. A codec implements the method for the
/// [framing](Call::framing) of its calls.
///
/// It does not receive the exceptions of an AWS event stream: the client turns them into [`Error`](crate::Error)s.
/// Errors inside server-sent events have the form of their API, so the decoder reads them.
///
/// ```
/// use bedrock_chat::{Anthropic, Call, Codec, ErrorKind, Events};
/// let mut decoder = Anthropic.stream(&Call::default());
/// let error = decoder.finish(&mut Events::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Truncated, "no event has arrived");
/// ```
pub trait StreamDecoder: Send {
    /// Decodes one frame, which may have any number of events.
    ///
    /// # Errors
    /// `Decode`, if the frame is not in the provider's format, or the error that the frame reports. The
    /// stream is then over.
    fn frame(&mut self, frame: &Frame<'_>, out: &mut Events) -> Result<()> {
        let _ = (frame, out);
        Err(wrong_framing("frames of an AWS event stream"))
    }

    /// Decodes one server-sent event, which may have any number of events.
    ///
    /// # Errors
    /// `Decode`, if the event is not in the API's format, or the error that the event reports. The stream is
    /// then over.
    fn event(&mut self, event: &SseEvent<'_>, out: &mut Events) -> Result<()> {
        let _ = (event, out);
        Err(wrong_framing("server-sent events"))
    }

    /// Adds the events that are left when the stream has ended or broken off.
    ///
    /// # Errors
    /// `Truncated`, if the provider's last event has not arrived.
    fn finish(&mut self, out: &mut Events) -> Result<()>;
}

/// Returns the error of a decoder that receives events of another framing than its codec's.
fn wrong_framing(what: &str) -> Error {
    Error::of(
        ErrorKind::Decode,
        format_args!("the codec does not decode {what}; set `Call::framing` to the framing that it decodes"),
    )
}

/// Implements [`Codec`] for a pointer to a codec.
macro_rules! forwards {
    ($pointer:ty) => {
        impl<C: Codec + ?Sized> Codec for $pointer {
            fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
                (**self).encode(model, request, mode)
            }

            fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
                (**self).decode(call, body, headers)
            }

            fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
                (**self).stream(call)
            }

            fn api(&self) -> Api {
                (**self).api()
            }

            fn service(&self) -> Service {
                (**self).service()
            }

            fn capabilities(&self, model: &ModelId) -> Capabilities {
                (**self).capabilities(model)
            }

            fn takes_prompts(&self) -> bool {
                (**self).takes_prompts()
            }
        }
    };
}

forwards!(&'static C);
forwards!(Arc<C>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn shared_codec_forwards_every_method() {
        for (id, api, service) in [
            ("openai.gpt-oss-120b", Api::Responses, Service::Mantle),
            ("meta.llama3-8b-instruct-v1:0", Api::Invoke, Service::Runtime),
        ] {
            let model = ModelId::parse(id).unwrap();
            let codec = codec_for(&model, Some(api), Some(service)).unwrap();
            let shared: Box<dyn Codec> = Box::new(Arc::clone(&codec));
            assert_eq!((shared.api(), shared.service(), shared.takes_prompts()), (api, service, api == Api::Invoke));
            let known = shared.capabilities(&model);
            assert_eq!(known, codec.capabilities(&model));
            assert_ne!(known, Capabilities::unknown());
            let request = ChatRequest::new([Message::human("hello")]);
            let call = shared.encode(&model, &request, Mode::Stream).unwrap();
            let encoded = codec.encode(&model, &request, Mode::Stream).unwrap();
            assert_eq!((&call.path, &call.body), (&encoded.path, &encoded.body));
            let failed = shared.stream(&call).finish(&mut Events::default()).unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::Truncated);
            let failed = shared.decode(&call, b"no JSON", &Headers::new()).unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::Decode);
        }
    }
}
