//! Every wire format of the crate: each family over each API and service, with a chat that receives what an input
//! says.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bedrock_chat::{
    AiMessage, Api, BedrockChat, BoxFuture, ChatEvent, ChatRequest, Codec, Content, Credentials, Error, ErrorKind,
    Framing, Headers, HttpRequest, HttpResponse, Media, MediaSource, Message, Mode, ModelId, Result, RetryPolicy,
    Runtime, Service, Timeouts, Transport, codec_for, families,
};
use bytes::Bytes;

/// The time of every call: 2025-01-02T03:04:05Z.
pub(crate) const NOW: u64 = 1_735_787_045;
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A wire format.
pub(crate) struct Wire {
    pub(crate) model: ModelId,
    pub(crate) api: Api,
    pub(crate) service: Service,
    pub(crate) codec: Arc<dyn Codec>,
    /// Whether its replies are streams, if asked for.
    pub(crate) streams: bool,
    pub(crate) framing: Framing,
    /// A message that the model answers.
    pub(crate) question: Message,
    pub(crate) chat: BedrockChat,
    pub(crate) transport: Prepared,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {:?} of {:?}", self.model, self.api, self.service)
    }
}

/// Returns all wire formats.
pub(crate) fn wires() -> &'static [Wire] {
    static WIRES: OnceLock<Vec<Wire>> = OnceLock::new();
    WIRES.get_or_init(|| {
        let mut known = BTreeSet::new();
        let mut wires = Vec::new();
        let unknown = ["newvendor.model-v1:0"].map(str::to_owned);
        let of_families = families().iter().map(|family| format!("{}-v1:0", family.prefix()));
        for id in of_families.chain(unknown) {
            let model = ModelId::parse(&id).unwrap();
            for api in [Api::Invoke, Api::Converse, Api::Responses, Api::ChatCompletions, Api::Messages] {
                for service in [Service::Runtime, Service::Mantle] {
                    let Ok(codec) = codec_for(&model, Some(api), Some(service)) else { continue };
                    // Families with the same row over Converse differ in their capabilities.
                    if known.insert(format!("{codec:?} {api:?} {service:?} {:?}", codec.capabilities(&model))) {
                        wires.push(Wire::new(model.clone(), api, service, codec));
                    }
                }
            }
        }
        wires
    })
}

/// Returns the wire format that a byte chooses.
pub(crate) fn wire(choice: u8) -> &'static Wire {
    &wires()[usize::from(choice) % wires().len()]
}

/// Returns the byte that chooses the format of a recorded call, and its operation's first word.
pub(crate) fn choice_for(operation: &str, model: &str, is_mantle: bool) -> Option<u8> {
    let api = match operation.trim_end_matches("-stream") {
        "invoke" => Api::Invoke,
        "converse" => Api::Converse,
        "responses" => Api::Responses,
        "chat" => Api::ChatCompletions,
        "messages" => Api::Messages,
        _ => return None,
    };
    let service = if is_mantle { Service::Mantle } else { Service::Runtime };
    let codec = codec_for(&ModelId::parse(model).ok()?, Some(api), Some(service)).ok()?;
    let name = format!("{codec:?}");
    let at = wires()
        .iter()
        .position(|wire| wire.api == api && wire.service == service && format!("{:?}", wire.codec) == name);
    u8::try_from(at?).ok()
}

impl Wire {
    fn new(model: ModelId, api: Api, service: Service, codec: Arc<dyn Codec>) -> Self {
        let transport = Prepared::default();
        let text = Message::human("hi");
        // Pegasus answers questions about a video.
        let video = Media::new("video/mp4", MediaSource::Base64("AAAA".to_owned()));
        let question = [text.clone(), text.with(Content::Video(video))].into_iter().find_map(|question| {
            let call = codec.encode(&model, &ChatRequest::new([question.clone()]), Mode::Stream).ok()?;
            Some((question, call))
        });
        let (question, call) = question.unwrap_or_else(|| panic!("{model} over {api:?} refuses a question"));
        let chat = chat(model.as_str(), &transport).api(api).service(service).build().unwrap();
        Self { model, api, service, codec, streams: call.streams, framing: call.framing, question, chat, transport }
    }

    /// The content type of a streamed reply.
    pub(crate) fn content_type(&self) -> &'static str {
        match self.framing {
            _ if !self.streams => "application/json",
            Framing::Sse => "text/event-stream",
            _ => "application/vnd.amazon.eventstream",
        }
    }

    /// Sends a reply back in a next turn, in both modes, and again over another format.
    pub(crate) fn continue_with(&self, reply: &AiMessage, other: &Wire) {
        let results = reply.tool_calls().map(|call| Message::tool(call.id.as_str(), "done"));
        let mut messages = vec![self.question.clone(), Message::from(reply)];
        messages.extend(results);
        messages.push(Message::human("go on"));
        let request = ChatRequest::new(messages);
        for wire in [self, other] {
            for mode in [Mode::Invoke, Mode::Stream] {
                match wire.codec.encode(&wire.model, &request, mode) {
                    Ok(call) => {
                        let body: std::result::Result<serde_json::Value, _> = serde_json::from_slice(&call.body);
                        // A number that serde_json cannot hold is sent with its digits.
                        if let Err(error) = body.as_ref().filter_error() {
                            panic!("{wire:?} encodes {error}: {:?}", call.body);
                        }
                    }
                    Err(error) => assert!(
                        matches!(error.kind(), ErrorKind::Encode | ErrorKind::Unsupported),
                        "{wire:?} cannot send its own reply back: {error}"
                    ),
                }
            }
        }
    }
}

/// Faults that are not those of serde_json's own range.
trait FilterError {
    fn filter_error(self) -> std::result::Result<(), String>;
}

impl FilterError for std::result::Result<&serde_json::Value, &serde_json::Error> {
    fn filter_error(self) -> std::result::Result<(), String> {
        match self {
            Err(error) if !is_beyond_serde(error) => Err(error.to_string()),
            _ => Ok(()),
        }
    }
}

/// Returns whether serde_json refuses a text that RFC 8259 allows: a number that `f64` cannot hold, a lone
/// surrogate, or more levels than it reads.
pub(crate) fn is_beyond_serde(error: &serde_json::Error) -> bool {
    let error = error.to_string();
    ["number out of range", "lone leading surrogate", "unexpected end of hex escape", "recursion limit exceeded"]
        .iter()
        .any(|known| error.contains(known))
}

/// Returns a builder of a chat over a transport, without retries and timers.
pub(crate) fn chat(model: &str, transport: &Prepared) -> bedrock_chat::BedrockChatBuilder {
    BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", SECRET))
        .environment(|_| None)
        .retry(RetryPolicy::never())
        .timeouts(Timeouts::none())
        .runtime(Frozen)
        .transport(transport.clone())
}

/// A frozen clock, whose timers fire at once.
#[derive(Debug)]
pub(crate) struct Frozen;

impl Runtime for Frozen {
    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// A transport with one prepared reply, which remembers the last request. `MemoryTransport` keeps all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prepared(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    reply: Option<(u16, Headers, Vec<Bytes>)>,
    request: Option<HttpRequest>,
}

impl Prepared {
    pub(crate) fn set(&self, status: u16, headers: Headers, pieces: Vec<Bytes>) {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.reply = Some((status, headers, pieces));
        shared.request = None;
    }

    pub(crate) fn request(&self) -> Option<HttpRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).request.clone()
    }
}

impl Transport for Prepared {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.request = Some(request);
        let (status, headers, pieces) = shared.reply.take().unwrap_or_default();
        let body = Box::pin(Pieces(pieces.into_iter()));
        Box::pin(std::future::ready(Ok(HttpResponse::new(status, headers, body))))
    }
}

struct Pieces(std::vec::IntoIter<Bytes>);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// How a streamed reply ended, and what it delivered before.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<ChatEvent>,
    pub(crate) message: AiMessage,
    pub(crate) error: Option<(ErrorKind, String)>,
}

/// Streams a reply that arrives in these pieces.
pub(crate) fn stream(wire: &Wire, pieces: Vec<Bytes>) -> Outcome {
    let mut headers = Headers::new();
    headers.push("content-type", wire.content_type());
    headers.push("x-amzn-requestid", "r-1");
    wire.transport.set(200, headers, pieces);
    let described = |error: &Error| (error.kind(), error.message().to_owned());
    futures_executor::block_on(async {
        let mut stream = match wire.chat.stream(wire.question.clone()).await {
            Ok(stream) => stream,
            Err(error) => {
                let message = error.partial().cloned().unwrap_or_default();
                return Outcome { events: Vec::new(), message, error: Some(described(&error)) };
            }
        };
        let mut events = Vec::new();
        let mut failed = None;
        while let Some(event) = stream.next().await {
            assert!(failed.is_none(), "{wire:?}: an event after an error");
            match event {
                Ok(event) => events.push(event),
                Err(error) => {
                    let partial = error.partial().unwrap_or_else(|| panic!("no partial message: {error}"));
                    assert_eq!(*partial, stream.so_far(), "{wire:?}");
                    failed = Some(described(&error));
                }
            }
        }
        assert!(stream.next().await.is_none(), "{wire:?}: an event after the end");
        Outcome { events, message: stream.so_far(), error: failed }
    })
}
