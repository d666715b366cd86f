//! A reply as hyper sends it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Response;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::delivery::{Delivery, End};

/// The body of a reply.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    delivery: Delivery,
    waiting: Option<Pin<Box<Sleep>>>,
    flushing: bool,
}

/// An error that breaks the connection at this place.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is broken on purpose")
    }
}

impl std::error::Error for Broken {}

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

pub(crate) fn response(delivery: Delivery) -> Response<ReplyBody> {
    let status = hyper::StatusCode::from_u16(delivery.status());
    let headers: Vec<_> = delivery
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, hyper::header::HeaderValue::from_str(value).ok()?))
        })
        .collect();
    let mut response = Response::new(ReplyBody { delivery, waiting: None, flushing: false });
    if let Ok(status) = status {
        *response.status_mut() = status;
    }
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(sleep) = &mut self.waiting {
            std::task::ready!(sleep.as_mut().poll(context));
            self.waiting = None;
        } else if !self.delivery.delay().is_zero() && self.delivery.pieces_left() > 0 {
            let mut sleep = Box::pin(tokio::time::sleep(self.delivery.delay()));
            if sleep.as_mut().poll(context).is_pending() {
                self.waiting = Some(sleep);
                return Poll::Pending;
            }
        }
        if let Some(piece) = self.delivery.next_piece() {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece)))));
        }
        match self.delivery.end() {
            End::Clean => {
                self.delivery.ended();
                Poll::Ready(None)
            }
            End::Silence => Poll::Pending,
            End::Cut if self.flushing => {
                self.delivery.ended();
                Poll::Ready(Some(Err(Broken)))
            }
            End::Cut => {
                // An error drops data that hyper has not written yet, so there is a short pause before it. While the
                // body is pending, hyper writes. The body must be pending once, so it stays pending here even if the
                // pause is already over.
                self.flushing = true;
                let mut pause = Box::pin(tokio::time::sleep(Duration::from_millis(10)));
                if pause.as_mut().poll(context).is_ready() {
                    context.waker().wake_by_ref();
                } else {
                    self.waiting = Some(pause);
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.delivery.end() == End::Clean && self.delivery.pieces_left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        self.delivery.length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
