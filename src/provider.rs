//! Codecs: one for each wire shape, and the table that says which model speaks which.
//!
//! A codec is pure: it turns a [`ChatRequest`] into the bytes of a call, and the
//! bytes of the answer into a message or into events. It never waits and holds
//! no state; what a stream must remember lives in its [`StreamDecoder`].

pub(crate) mod anthropic;
pub(crate) mod cache_points;
mod chat_completions;
mod cohere;
pub(crate) mod converse;
pub(crate) mod facts;
pub(crate) mod invoke;
pub(crate) mod media;
pub(crate) mod raw_block;
mod reasoning;
pub(crate) mod refusals;
pub(crate) mod repair;
mod select;
mod table;
pub(crate) mod template;
pub(crate) mod text;
mod text_blocks;
mod tools;
mod words;

pub use anthropic::Anthropic;
pub use chat_completions::ChatCompletions;
pub use cohere::Cohere;
pub use converse::{Converse, Nova};
pub use select::{capabilities, codec_for};
pub use table::{Family, families};

use bytes::Bytes;

use crate::capabilities::{Api, Capabilities};
use crate::error::Result;
use crate::event::Events;
use crate::eventstream::Frame;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::method::Method;
use crate::model::ModelId;
use crate::request::ChatRequest;

/// Whether the answer is requested as a whole or as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// As a whole.
    Invoke,
    /// As a stream of events.
    Stream,
}

/// An encoded call: what is sent, but for host, credentials and signature.
///
/// ```
/// use bedrock_chat::{Anthropic, ChatRequest, Codec, Message, Mode, ModelId};
/// let model = ModelId::parse("us.anthropic.claude-sonnet-4-6")?;
/// let call = Anthropic.encode(&model, &ChatRequest::new([Message::human("hello")]), Mode::Stream)?;
/// assert_eq!(call.path, "/model/us.anthropic.claude-sonnet-4-6/invoke-with-response-stream");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
/// The default is an empty call, for answers that are read without their call.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Call {
    /// The method, which is signed and sent as it is. Defaults to `POST`. A call whose method takes no
    /// body ([`Method::takes_body`]) must have an empty one.
    pub method: Method,
    /// Whether the call is for Bedrock's control plane (`bedrock.{region}`) and
    /// not for its runtime. Defaults to `false`.
    pub control_plane: bool,
    /// The path, percent-encoded once, from `/model/` on.
    pub path: String,
    /// Headers beyond `host` and `x-amz-date`: content type, accept, guardrail and the like.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
    /// Whether the answer is an event stream. A codec whose models do not stream
    /// says `false` also in [`Mode::Stream`]; the whole answer is then given as events.
    pub streams: bool,
    /// What the codec changed so that the model accepts the call, in words for observers: see
    /// [`Run::adapted`](crate::Run::adapted). Defaults to nothing.
    pub adaptations: Vec<&'static str>,
    /// Whether the input tokens of the answer's usage include those of the cache.
    pub(crate) input_has_cached: bool,
}

impl Call {
    /// A `POST` to the runtime.
    pub fn new(path: impl Into<String>, headers: Headers, body: impl Into<Bytes>, streams: bool) -> Self {
        Self {
            method: Method::Post,
            control_plane: false,
            path: path.into(),
            headers,
            body: body.into(),
            streams,
            adaptations: Vec::new(),
            input_has_cached: false,
        }
    }
}

/// A wire shape: how requests are written and answers are read.
///
/// Bring your own with [`BedrockChatBuilder::codec`](crate::BedrockChatBuilder::codec);
/// everything around it (signing, retries, framing, timeouts) stays the same.
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
    /// Writes a request.
    ///
    /// # Errors
    /// `Encode`, `Unsupported` or `Config`, where the conversation or an option
    /// cannot be written for this model: before anything is sent.
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call>;

    /// Reads a whole answer to a call. Most formats do not need the call.
    ///
    /// # Errors
    /// `Decode`, if the answer is not what the provider's format promises.
    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage>;

    /// Returns a decoder for the stream that answers a call. Most formats do not need the call.
    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder>;

    /// Which of Bedrock's APIs the codec's calls are for. Defaults to [`Api::Invoke`].
    fn api(&self) -> Api {
        Api::Invoke
    }

    /// Returns what a model can do over this codec's API. Defaults to nothing known: typed output
    /// then asks in the prompt.
    fn capabilities(&self, model: &ModelId) -> Capabilities {
        let _ = model;
        Capabilities::unknown()
    }

    /// Whether the models take a prompt as it is ([`ChatRequest::prompt`]). Defaults to `false`:
    /// they take messages.
    fn takes_prompts(&self) -> bool {
        false
    }
}

/// Reads the frames of one stream. Exceptions and errors of the service never
/// reach it: the call path turns them into [`Error`](crate::Error)s.
///
/// ```
/// use bedrock_chat::{Anthropic, Call, Codec, ErrorKind, Events};
/// let mut decoder = Anthropic.stream(&Call::default());
/// let error = decoder.finish(&mut Events::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Truncated, "nothing came, so the message is not whole");
/// ```
pub trait StreamDecoder: Send {
    /// Reads one frame, which may hold any number of events.
    ///
    /// # Errors
    /// `Decode`, where the frame is not what the provider's format promises, or
    /// the error that the frame reports. The stream is then over.
    fn frame(&mut self, frame: &Frame<'_>, out: &mut Events) -> Result<()>;

    /// Told that the stream has ended, or broke off; adds what is still to be reported.
    ///
    /// # Errors
    /// `Truncated`, where the provider's last event has not come.
    fn finish(&mut self, out: &mut Events) -> Result<()>;
}

impl<C: Codec + ?Sized> Codec for &'static C {
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

    fn capabilities(&self, model: &ModelId) -> Capabilities {
        (**self).capabilities(model)
    }

    fn takes_prompts(&self) -> bool {
        (**self).takes_prompts()
    }
}
