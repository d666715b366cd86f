//! A reply that a test sends by hand, piece by piece.

use std::sync::{Arc, Mutex};

use bedrock_chat::{BoxFuture, Headers, HttpRequest, HttpResponse, Result, Transport};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{EVENT_STREAM, soon};

/// A transport with a single reply, which its [`Hand`] sends.
#[derive(Debug)]
pub(crate) struct ByHand(Arc<Mutex<Option<Answer>>>);

/// Status and content type.
type HttpHead = (u16, &'static str);
type Answer = (oneshot::Receiver<HttpHead>, mpsc::UnboundedReceiver<Bytes>);

/// The sender of the reply of a [`ByHand`].
#[derive(Debug)]
pub(crate) struct Hand {
    head: Option<oneshot::Sender<HttpHead>>,
    pieces: Option<mpsc::UnboundedSender<Bytes>>,
}

impl ByHand {
    pub(crate) fn new() -> (Self, Hand) {
        let (head, head_received) = oneshot::channel();
        let (pieces, pieces_received) = mpsc::unbounded_channel();
        let answer = Arc::new(Mutex::new(Some((head_received, pieces_received))));
        (Self(answer), Hand { head: Some(head), pieces: Some(pieces) })
    }
}

impl Hand {
    /// Sends the headers of a successful reply.
    pub(crate) fn head(&mut self, content_type: &'static str) {
        self.head.take().unwrap().send((200, content_type)).unwrap();
    }

    /// Sends the headers of a stream.
    pub(crate) fn stream(&mut self) {
        self.head(EVENT_STREAM);
    }

    pub(crate) fn send(&self, piece: impl Into<Bytes>) {
        self.pieces.as_ref().unwrap().send(piece.into()).unwrap();
    }

    pub(crate) fn end(&mut self) {
        self.pieces = None;
    }

    /// Waits until the reader has dropped the body.
    pub(crate) async fn let_go(&self) {
        soon(self.pieces.as_ref().unwrap().closed()).await;
    }
}

impl Transport for ByHand {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let (head, mut pieces) = self.0.lock().unwrap().take().expect("there is one answer only");
        Box::pin(async move {
            let (status, content_type) = head.await.expect("the hand was dropped");
            let mut headers = Headers::new();
            headers.push("content-type", content_type);
            let body = stream_of(move |context| pieces.poll_recv(context).map(|piece| piece.map(Ok)));
            Ok(HttpResponse::new(status, headers, Box::pin(body)))
        })
    }
}

/// A stream from its poll function.
fn stream_of<T, F>(poll: F) -> impl futures_core::Stream<Item = T>
where
    F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<T>> + Unpin,
{
    struct Polled<F>(F);
    impl<T, F> futures_core::Stream for Polled<F>
    where
        F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<T>> + Unpin,
    {
        type Item = T;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<T>> {
            (self.0)(context)
        }
    }
    Polled(poll)
}
