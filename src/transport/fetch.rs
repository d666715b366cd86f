//! HTTP over the runtime's own `fetch`: Workers, browsers, Node, Deno, Bun.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{ByteStream, HttpRequest, HttpResponse, Transport};
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::platform::BoxFuture;

// Bound by hand: what is needed of `web-sys`, and not a byte more.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn global_fetch(url: &str, init: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = digest)]
    fn digest(algorithm: &str, bytes: &Uint8Array) -> Result<Promise, JsValue>;

    type AbortController;
    #[wasm_bindgen(catch, constructor)]
    fn new() -> Result<AbortController, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);

    type Response;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Response) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Response) -> Option<ReadableStream>;

    type ReadableStream;
    #[wasm_bindgen(catch, method, js_name = getReader)]
    fn get_reader(this: &ReadableStream) -> Result<Reader, JsValue>;

    type Reader;
    #[wasm_bindgen(method)]
    fn read(this: &Reader) -> Promise;

    type Piece;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Piece) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Piece) -> Option<Uint8Array>;
}

/// HTTP over the runtime's own `fetch`, or over a function that does the same: a
/// service binding's `fetch`, a mock, a gateway.
///
/// Dropping a call aborts its `fetch`. There is no limit on connecting: that is
/// the runtime's business. wasm32 only.
#[derive(Clone, Default)]
pub struct FetchTransport {
    fetch: Option<Function>,
}

impl std::fmt::Debug for FetchTransport {
    /// Its name alone: what a function says of itself is its whole source.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FetchTransport")
    }
}

impl FetchTransport {
    /// The global `fetch`.
    pub fn new() -> Self {
        Self::default()
    }

    /// A function that is called as `fetch(url, init)` and answers with a promise of a `Response`.
    pub fn with_fetch(fetch: Function) -> Self {
        Self { fetch: Some(fetch) }
    }

    fn start(&self, request: &HttpRequest, abort: &Abort) -> Result<Promise, JsValue> {
        let headers = Array::new();
        for (name, value) in request.headers.iter() {
            headers.push(&Array::of2(&name.into(), &value.into()));
        }
        let init = Object::new();
        let set = |key: &str, value: &JsValue| Reflect::set(&init, &key.into(), value);
        set("method", &request.method.as_str().into())?;
        set("headers", &headers)?;
        set("signal", &abort.0.signal())?;
        // Copied out of the module's memory, which may move while the body is being sent.
        set("body", &Uint8Array::from(&request.body[..]))?;
        match &self.fetch {
            Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &request.url.as_str().into(), &init).map(Promise::from),
            None => global_fetch(&request.url, &init),
        }
    }
}

/// From this size on WebCrypto is faster than the module's own hash, although it answers by a promise.
const LARGE: usize = 96 * 1024;

/// The hash that WebCrypto computes. There is none in pages that came without TLS, nor in Node 18.
async fn digested(body: &[u8]) -> Option<[u8; 32]> {
    let promise = digest("SHA-256", &Uint8Array::from(body)).ok()?;
    let hash = JsFuture::from(promise).await.ok()?;
    Uint8Array::new(&hash).to_vec().try_into().ok()
}

/// Aborts its `fetch` when it is dropped. Once the answer has ended that does nothing.
struct Abort(AbortController);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Transport for FetchTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        Box::pin(async move {
            let abort = Abort(AbortController::new().map_err(not_sent)?);
            let promise = self.start(&request, &abort).map_err(not_sent)?;
            drop(request);
            let response: Response = JsFuture::from(promise).await.map_err(not_sent)?.unchecked_into();
            let mut headers = Headers::new();
            for pair in Array::from(&response.headers()).iter() {
                let pair = Array::from(&pair);
                if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
                    headers.push(&name, value);
                }
            }
            let body: ByteStream = match response.body() {
                Some(body) => {
                    let reader = body.get_reader().map_err(broke_off)?;
                    Box::pin(Pieces { reader, reading: None, _abort: abort })
                }
                None => Box::pin(Empty),
            };
            Ok(HttpResponse { status: response.status(), headers, body })
        })
    }

    fn sha256<'a>(&'a self, body: &'a Bytes) -> BoxFuture<'a, [u8; 32]> {
        Box::pin(async move {
            match body.len() >= LARGE {
                true => digested(body).await,
                false => None,
            }
            .unwrap_or_else(|| crate::platform::sha256(body))
        })
    }
}

struct Pieces {
    reader: Reader,
    reading: Option<JsFuture>,
    _abort: Abort,
}

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let reading = this.reading.get_or_insert_with(|| JsFuture::from(this.reader.read()));
        let piece = ready!(std::future::Future::poll(Pin::new(reading), context));
        this.reading = None;
        Poll::Ready(match piece {
            Ok(piece) => {
                let piece: Piece = piece.unchecked_into();
                match piece.value() {
                    Some(value) if !piece.done() => Some(Ok(value.to_vec().into())),
                    _ => None,
                }
            }
            Err(error) => Some(Err(broke_off(error))),
        })
    }
}

struct Empty;

impl futures_core::Stream for Empty {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}

fn not_sent(error: JsValue) -> Error {
    Error::of(ErrorKind::Connect, format_args!("the service was not reached: {}", said(&error)))
}

/// Worth another attempt as long as nothing was delivered; afterwards nobody asks.
fn broke_off(error: JsValue) -> Error {
    Error::of(ErrorKind::Truncated, format_args!("the connection broke off: {}", said(&error))).with_retryable(true)
}

/// What a thrown value says, with its cause, where Node puts what matters.
fn said(error: &JsValue) -> String {
    let text = |value: &JsValue, key: &str| Reflect::get(value, &key.into()).ok();
    let message = |value: &JsValue| text(value, "message").and_then(|message| message.as_string());
    let own = message(error).or_else(|| error.as_string()).unwrap_or_else(|| "fetch failed".to_owned());
    match text(error, "cause").and_then(|cause| message(&cause)).filter(|cause| !cause.is_empty()) {
        Some(cause) => format!("{own} ({cause})"),
        None => own,
    }
}
