//! For tests: a transport that returns prepared replies.
//!
//! The module needs no feature. It adds no dependency, and the compiler removes it from programs that do not use it.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::platform::{BoxFuture, crc32};
use crate::transport::{HttpRequest, HttpResponse, Transport};

/// A transport that returns replies from a list, in its order, and keeps the requests. Nothing leaves the process.
///
/// ```
/// use bedrock_chat::{BedrockChat, Credentials};
/// use bedrock_chat::testing::{MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// let transport = MemoryTransport::new([
///     Reply::json(200, r#"{"content":[{"type":"text","text":"Bonjour"}],"stop_reason":"end_turn"}"#),
/// ]);
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
///     .transport(transport.clone())
///     .build()?;
/// assert_eq!(chat.invoke("Hello in French?").await?.text(), "Bonjour");
/// assert!(transport.requests()[0].url.ends_with("/invoke"));
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryTransport {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    replies: VecDeque<Reply>,
    requests: Vec<HttpRequest>,
}

impl MemoryTransport {
    /// Creates a transport that returns these replies, one after the other.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = replies.into_iter().collect();
        Self { shared: Arc::new(Mutex::new(Shared { replies, requests: Vec::new() })) }
    }

    /// Adds a reply at the end of the list.
    pub fn push(&self, reply: Reply) {
        self.shared().replies.push_back(reply);
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<HttpRequest> {
        self.shared().requests.clone()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTransport").field("replies_left", &self.shared().replies.len()).finish()
    }
}

impl Transport for MemoryTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let reply = {
            let mut shared = self.shared();
            shared.requests.push(request);
            shared.replies.pop_front()
        };
        let answer = match reply {
            Some(Reply { error: Some(error), .. }) => Err(error),
            Some(reply) => {
                let body = Pieces { pieces: reply.pieces, stalls: reply.stalls };
                Ok(HttpResponse { status: reply.status, headers: reply.headers, body: Box::pin(body) })
            }
            None => Err(Error::new(ErrorKind::Config, "the memory transport has no reply left")),
        };
        Box::pin(std::future::ready(answer))
    }
}

struct Pieces {
    pieces: VecDeque<Bytes>,
    stalls: bool,
}

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(piece))),
            None if self.stalls => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

/// A reply of a [`MemoryTransport`].
///
/// ```
/// use bedrock_chat::testing::Reply;
/// let reply = Reply::json(429, r#"{"message":"slow down"}"#).with_header("retry-after", "1");
/// ```
#[derive(Debug)]
pub struct Reply {
    status: u16,
    headers: Headers,
    pieces: VecDeque<Bytes>,
    stalls: bool,
    error: Option<Error>,
}

impl Reply {
    /// Creates a reply from its status, content type and body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut headers = Headers::new();
        headers.push("content-type", content_type);
        Self { status, headers, pieces: VecDeque::from([body.into()]), stalls: false, error: None }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// Creates an event stream of InvokeModel: each text is the JSON of one chunk.
    pub fn chunks<'a>(chunks: impl IntoIterator<Item = &'a str>) -> Self {
        Self::events(chunks.into_iter().map(|chunk| {
            let mut payload = String::from("{\"bytes\":\"");
            crate::base64::encode(chunk.as_bytes(), &mut payload);
            payload.push_str("\"}");
            ("chunk", payload)
        }))
    }

    /// Creates an event stream: each pair is the type and the JSON payload of one event.
    pub fn events<'a>(events: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let frames = events
            .into_iter()
            .map(|(name, payload)| frame(&[(":event-type", name), (":message-type", "event")], payload.as_bytes()));
        let mut reply = Self::new(200, "application/vnd.amazon.eventstream", Bytes::new());
        reply.pieces = frames.map(Bytes::from).collect();
        reply
    }

    /// Creates a stream of server-sent events: each text is the data of one event.
    pub fn sse<'a>(events: impl IntoIterator<Item = &'a str>) -> Self {
        let mut reply = Self::new(200, "text/event-stream", Bytes::new());
        reply.pieces = events.into_iter().map(|data| ["data: ", data, "\n\n"].concat().into()).collect();
        reply
    }

    /// Creates a failure to reach the service.
    pub fn error(error: Error) -> Self {
        Self { error: Some(error), ..Self::json(0, "") }
    }

    /// Adds a header to the reply.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Adds an exception as the next frame of the stream.
    #[must_use]
    pub fn with_exception(mut self, name: &str, payload: &str) -> Self {
        let headers = [(":exception-type", name), (":message-type", "exception")];
        self.pieces.push_back(frame(&headers, payload.as_bytes()).into());
        self
    }

    /// Splits the reply into pieces of this many bytes.
    #[must_use]
    pub fn in_pieces(mut self, bytes: usize) -> Self {
        let whole: Vec<u8> = self.pieces.iter().flatten().copied().collect();
        self.pieces = whole.chunks(bytes.max(1)).map(Bytes::copy_from_slice).collect();
        self
    }

    /// Ends the reply after this many bytes.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        let mut whole: Vec<u8> = self.pieces.iter().flatten().copied().collect();
        whole.truncate(bytes);
        Self { pieces: VecDeque::from([whole.into()]), ..self }
    }

    /// Returns the bytes of the body.
    #[cfg(all(test, feature = "gateway"))]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flatten().copied().collect()
    }

    /// Lets the reply hang: after its bytes, neither data nor an end arrives.
    #[must_use]
    pub fn that_stalls(mut self) -> Self {
        self.stalls = true;
        self
    }
}

/// Returns a frame with string headers.
fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(name.len() as u8);
        head.extend_from_slice(name.as_bytes());
        head.push(7);
        head.extend_from_slice(&(value.len() as u16).to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let total = 16 + head.len() + payload.len();
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(head.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32(&out).to_be_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32(&out).to_be_bytes());
    out
}
