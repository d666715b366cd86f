//! The body of a request, which JavaScript passes in pieces.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bedrock_chat::{ByteStream, Error, ErrorKind, Result};
use bytes::Bytes;
use futures_core::Stream;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

// The functions are `catch`: an exception that passes through the module breaks it permanently.
#[wasm_bindgen]
extern "C" {
    /// A body: an object with the functions `read` and `cancel`.
    pub type Incoming;
    #[wasm_bindgen(catch, method)]
    fn read(this: &Incoming) -> core::result::Result<Promise, JsValue>;
    #[wasm_bindgen(catch, method)]
    fn cancel(this: &Incoming) -> core::result::Result<(), JsValue>;
}

/// Returns the body as a stream. Dropping it before its end cancels the rest.
pub(crate) fn stream(body: Incoming) -> ByteStream {
    Box::pin(Pieces { body, reading: None, is_done: false })
}

struct Pieces {
    body: Incoming,
    reading: Option<JsFuture>,
    is_done: bool,
}

impl Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.is_done {
            return Poll::Ready(None);
        }
        let reading = match &mut this.reading {
            Some(reading) => reading,
            None => match this.body.read() {
                Ok(promise) => this.reading.insert(JsFuture::from(promise)),
                Err(_) => return Poll::Ready(Some(this.broken())),
            },
        };
        let piece = ready!(Pin::new(reading).poll(context));
        this.reading = None;
        Poll::Ready(match piece {
            Ok(piece) if piece.is_undefined() => {
                this.is_done = true;
                None
            }
            Ok(piece) => Some(Ok(Uint8Array::from(piece).to_vec().into())),
            Err(_) => Some(this.broken()),
        })
    }
}

impl Pieces {
    fn broken(&mut self) -> Result<Bytes> {
        self.is_done = true;
        Err(Error::new(ErrorKind::Interrupted, "the body of the request broke off"))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if !self.is_done {
            // There is nothing to do about a body that cannot be cancelled.
            let _ = self.body.cancel();
        }
    }
}
