//! A gateway before a service that answers what a target says, with the invariants of every request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bedrock_chat::gateway::{Gateway, GatewayCall, GatewayRequest, GatewaySettings};
use bedrock_chat::{
    BedrockChatBuilder, BoxFuture, Error, ErrorKind, Headers, HttpRequest, HttpResponse, Method, Result, Transport,
};
use bytes::Bytes;
use futures_core::Stream;

use crate::input::pieces;
use crate::wires::{Prepared, SECRET, chat};

/// The key of the gateway's client.
pub(crate) const KEY: &str = "gw-5f2d9c71e0b84a6693ad";

/// The text of an error of the service that only the operator may read.
pub(crate) const OPERATORS: &str = "User arn:aws:iam::123456789012:user/gateway-4b1f may not call this model";

/// Returns whether an input has a secret itself: libFuzzer copies texts that are compared into inputs.
pub(crate) fn has_secret(input: &[u8]) -> bool {
    [KEY, SECRET, OPERATORS].iter().any(|secret| input.windows(secret.len()).any(|part| part == secret.as_bytes()))
}

/// How the service answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Vec<u8>,
    /// The size of the pieces of the body, or 0 for one piece.
    pub(crate) size: usize,
    /// Whether each piece is late, so that the timers of the gateway end before it.
    pub(crate) is_late: bool,
    /// Whether the connection breaks after the body.
    pub(crate) breaks: bool,
}

/// A service that answers every request with the reply of a function.
type Answers = Arc<dyn Fn(&HttpRequest) -> Reply + Send + Sync>;

#[derive(Clone)]
struct Upstream {
    answers: Answers,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upstream")
    }
}

impl Transport for Upstream {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let reply = (self.answers)(&request);
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Box::pin(async move {
            let mut headers = Headers::new();
            reply.headers.iter().for_each(|(name, value)| headers.push(name, *value));
            let mut late = Late(reply.is_late);
            std::future::poll_fn(|context| late.poll(context)).await;
            let body: Vec<Result<Bytes>> = pieces(&reply.body, reply.size)
                .into_iter()
                .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                .chain(reply.breaks.then(|| Err(Error::new(ErrorKind::Interrupted, OPERATORS))))
                .collect();
            let body = Body { pieces: body.into_iter(), is_late: reply.is_late, late: Late(reply.is_late) };
            Ok(HttpResponse::new(reply.status, headers, Box::pin(body)))
        })
    }
}

/// A wait for one poll.
struct Late(bool);

impl Late {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.0) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

struct Body {
    pieces: std::vec::IntoIter<Result<Bytes>>,
    is_late: bool,
    late: Late,
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.late.poll(context).is_pending() {
            return Poll::Pending;
        }
        self.late = Late(self.is_late);
        Poll::Ready(self.pieces.next())
    }
}

/// A request of a client.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    /// The size of the pieces of the body, or 0 for one piece.
    pub(crate) size: usize,
    /// The number of pieces of the answer after which the client leaves.
    pub(crate) leaves_after: Option<usize>,
}

/// The response that the client received, and the records that the operator received.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) calls: Vec<GatewayCall>,
}

/// A gateway and the records of its calls.
pub(crate) struct Server {
    gateway: Gateway,
    upstream: Upstream,
    calls: Arc<Mutex<Vec<GatewayCall>>>,
}

impl Server {
    /// Creates a gateway. `change` sets what the builder has besides region and credentials.
    pub(crate) fn new(
        settings: GatewaySettings,
        change: impl FnOnce(BedrockChatBuilder) -> BedrockChatBuilder,
        answers: impl Fn(&HttpRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let upstream = Upstream { answers: Arc::new(answers), requests: Arc::default() };
        let builder = chat("us.anthropic.claude-sonnet-4-6", &Prepared::default()).transport(upstream.clone());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&calls);
        let gateway = Gateway::new(change(builder), settings).unwrap_or_else(|error| panic!("{error}"));
        let gateway =
            gateway.on_call(move |call| list.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone()));
        Self { gateway, upstream, calls }
    }

    /// Sends a request, and checks what holds for all answers.
    pub(crate) fn ask(&self, asked: &Asked) -> Answer {
        let body: Vec<_> = pieces(&asked.body, asked.size).into_iter().map(|piece| Ok(piece.to_vec().into())).collect();
        let body = Body { pieces: body.into_iter(), is_late: false, late: Late(false) };
        let request = GatewayRequest::new(asked.method, &*asked.target, asked.headers.clone(), Box::pin(body));
        let (status, headers, body) = futures_executor::block_on(async {
            let HttpResponse { status, headers, mut body, .. } = self.gateway.handle(request).await;
            let mut all = Vec::new();
            let mut left = asked.leaves_after.unwrap_or(usize::MAX);
            while left > 0
                && let Some(piece) = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await
            {
                left -= 1;
                let piece = piece.unwrap_or_else(|error| panic!("the body of an answer broke off: {error}"));
                all.extend_from_slice(&piece);
            }
            (status, headers, all)
        });
        let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        let answer = Answer { status, headers, body, calls };
        self.assert_hides_secrets(asked, &answer);
        assert_can_be_sent(asked, &answer);
        answer
    }

    fn assert_hides_secrets(&self, asked: &Asked, answer: &Answer) {
        for secret in [KEY, SECRET] {
            let is_in = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_in(&answer.body), "a secret in the answer to {asked:?}");
            let mut headers = answer.headers.iter();
            assert!(headers.all(|(_, value)| !value.contains(secret)), "a secret in the headers for {asked:?}");
            let is_recorded = |call: &GatewayCall| is_in(call.to_json().as_str().as_bytes());
            assert!(!answer.calls.iter().any(is_recorded), "a secret in the record of {asked:?}");
            for request in self.upstream.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                let mut headers = request.headers.iter();
                assert!(
                    !is_in(&request.body) && !request.url.contains(secret),
                    "a secret is sent to the service by {asked:?}"
                );
                assert!(
                    headers.all(|(_, value)| !value.contains(secret)),
                    "a secret is sent in the headers by {asked:?}"
                );
            }
        }
        let is_shown = answer.body.windows(OPERATORS.len()).any(|part| part == OPERATORS.as_bytes());
        assert!(!is_shown, "an error of the operator in the answer to {asked:?}");
    }

    /// Returns the requests that the service received, and forgets them.
    pub(crate) fn sent(&self) -> Vec<HttpRequest> {
        std::mem::take(&mut *self.upstream.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A status and headers that a server can send, with the length of the body.
fn assert_can_be_sent(asked: &Asked, answer: &Answer) {
    assert!((200..600).contains(&answer.status), "status {}: {asked:?}", answer.status);
    for (name, value) in answer.headers.iter() {
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(
            is_name && value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "`{name}` is {value:?} in the answer to {asked:?}"
        );
    }
    if let (Some(length), true, None) =
        (answer.headers.get("content-length"), asked.method != Method::Head, asked.leaves_after)
    {
        assert_eq!(length, answer.body.len().to_string(), "{asked:?}");
    }
}
