//! HTTP over the runtime's own `fetch`: Workers, browsers, Node, Deno, Bun.

mod dispatcher;
mod failure;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Symbol, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use self::failure::{broke_off, member, no_response, rejected, threw};
use super::{ByteStream, HttpRequest, HttpResponse, Transport};
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::platform::BoxFuture;

// Minimal bindings, to avoid `web-sys`. All calls of the caller's objects are `catch`: an exception that passes
// through the module breaks it permanently.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn global_fetch(url: &str, init: &Object) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Array, js_name = from)]
    fn array_from(iterable: &JsValue) -> Result<Array, JsValue>;

    type AbortController;
    #[wasm_bindgen(catch, constructor)]
    fn new() -> Result<AbortController, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);

    type ReadableStream;
    #[wasm_bindgen(catch, method, js_name = getReader)]
    fn get_reader(this: &ReadableStream) -> Result<Reader, JsValue>;

    type Reader;
    #[wasm_bindgen(catch, method)]
    fn read(this: &Reader) -> Result<JsValue, JsValue>;
}

/// A transport over the runtime's own `fetch`, or over a custom one: a service binding's `fetch`, a mock, a
/// gateway.
///
/// - Dropping a call aborts its `fetch`.
/// - Connecting has no limit here: the runtime connects.
/// - Redirects are not followed, as a request contains a signature and a conversation.
/// - `fetch` rarely reports why it failed. Errors of Node, Bun and Deno that name a refused connection, an
///   unknown host or a certificate are of kind `Connect`. All others, and all of browsers and Workers, are of
///   kind `Interrupted`, as the request may have been sent.
/// - Node's own limits of 300 seconds on response headers and on silence do not apply, whichever dispatcher is set.
///   They do apply in a custom function, unless it sets a dispatcher. A function with the member `callsGlobalFetch`
///   gets a dispatcher without these limits in `init`, for the global `fetch`.
///
/// wasm32 only.
#[derive(Clone, Default)]
pub struct FetchTransport {
    fetch: Option<Function>,
}

impl std::fmt::Debug for FetchTransport {
    /// Prints only the name of the type: a function would be printed with its whole source.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FetchTransport")
    }
}

/// The member of a custom function that passes its arguments to the global `fetch`.
const CALLS_GLOBAL: &str = "callsGlobalFetch";

impl FetchTransport {
    /// Creates a transport over the global `fetch`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a transport over a function that is called as `fetch(url, init)` and returns a promise
    /// of a `Response`. In `init`, `headers` is a plain object.
    pub fn with_fetch(fetch: Function) -> Self {
        Self { fetch: Some(fetch) }
    }

    fn start(&self, request: &HttpRequest, abort: &Abort) -> Result<JsValue, JsValue> {
        let init = Object::new();
        let set = |key: &str, value: &JsValue| Reflect::set(&init, &key.into(), value);
        set("method", &request.method.as_str().into())?;
        set("headers", &header_object(&request.headers)?.into())?;
        // Browsers answer with an opaque response, other runtimes with the redirect itself.
        set("redirect", &"manual".into())?;
        set("signal", &abort.0.signal())?;
        // `fetch` throws if a method that takes no body has one, even an empty one.
        if request.method.takes_body() {
            // The body is copied out of the module's memory, which may move while the body is being sent.
            set("body", &Uint8Array::from(&request.body[..]))?;
        }
        let is_global = |fetch: &Function| member(fetch, CALLS_GLOBAL).is_some_and(|flag| flag.is_truthy());
        if self.fetch.as_ref().is_none_or(is_global)
            && let Some(dispatcher) = dispatcher::unlimited()
        {
            set("dispatcher", &dispatcher)?;
        }
        match &self.fetch {
            Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &request.url.as_str().into(), &init),
            None => global_fetch(&request.url, &init),
        }
    }
}

/// Returns headers as a plain object, which instrumentation can read and spread. Values of one name are joined
/// as `fetch` does.
fn header_object(headers: &Headers) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in headers.iter() {
        let name = JsValue::from(name);
        let value = match Reflect::get(&object, &name)?.as_string() {
            Some(first) => [&first, ", ", value].concat(),
            None => value.to_owned(),
        };
        Reflect::set(&object, &name, &value.into())?;
    }
    Ok(object)
}

/// A guard that aborts its `fetch` on drop, which has no effect after the end of the response.
struct Abort(AbortController);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Transport for FetchTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        Box::pin(async move {
            let abort = Abort(AbortController::new().map_err(|error| threw(&error))?);
            let started = self.start(&request, &abort).map_err(|error| threw(&error))?;
            drop(request);
            let response = JsFuture::from(Promise::resolve(&started)).await.map_err(|error| rejected(&error))?;
            received(&response, abort)
        })
    }
}

/// Reads the result of `fetch`. A custom `fetch` may return anything.
fn received(response: &JsValue, abort: Abort) -> Result<HttpResponse> {
    let Some(status) = member(response, "status").and_then(|status| status.as_f64()) else {
        return Err(no_response("it has no `status`"));
    };
    if status < 100.0 {
        // The response of a request that a page may not read has status 0.
        let kind = member(response, "type").and_then(|kind| kind.as_string()).unwrap_or_default();
        if kind == "opaqueredirect" {
            let what = "redirects are not followed: the browser hides the target; set another endpoint";
            return Err(Error::new(ErrorKind::Config, what));
        }
        return Err(no_response(&["its `type` is \"", &kind, "\""].concat()));
    }
    let given = member(response, "headers").unwrap_or_default();
    let iterable = Reflect::get(&given, &Symbol::iterator()).is_ok_and(|iterator| iterator.is_function());
    let Some(pairs) = iterable.then(|| array_from(&given).ok()).flatten() else {
        return Err(no_response("its `headers` cannot be iterated"));
    };
    let mut headers = Headers::new();
    for pair in pairs.iter() {
        let text = |key| member(&pair, key).and_then(|text| text.as_string());
        if let (Some(name), Some(value)) = (text("0"), text("1")) {
            headers.push(&name, value);
        }
    }
    if member(response, "bodyUsed").is_some_and(|used| used.is_truthy()) {
        return Err(no_response("its body was read already; return it unread, for instance a `clone()`"));
    }
    let body: ByteStream = match member(response, "body") {
        None => Box::pin(Empty),
        Some(body) => {
            let reader = body.unchecked_into::<ReadableStream>().get_reader();
            let reader = reader.map_err(|error| no_response(threw(&error).message()))?;
            Box::pin(Pieces { reader, reading: None, _abort: abort })
        }
    };
    Ok(HttpResponse { status: status as u16, headers, body })
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
        let reading = match &mut this.reading {
            Some(reading) => reading,
            None => match this.reader.read() {
                Ok(read) => this.reading.insert(JsFuture::from(Promise::resolve(&read))),
                Err(error) => return Poll::Ready(Some(Err(broke_off(&error)))),
            },
        };
        let piece = ready!(std::future::Future::poll(Pin::new(reading), context));
        this.reading = None;
        Poll::Ready(match piece {
            Ok(piece) => bytes_of(&piece).transpose(),
            Err(error) => Some(Err(broke_off(&error))),
        })
    }
}

/// Returns the bytes of a reader's result; `None` at the end.
fn bytes_of(piece: &JsValue) -> Result<Option<Bytes>> {
    if member(piece, "done").is_some_and(|done| done.is_truthy()) {
        return Ok(None);
    }
    match member(piece, "value") {
        Some(value) if ArrayBuffer::is_view(&value) => Ok(Some(value.unchecked_into::<Uint8Array>().to_vec().into())),
        _ => Err(no_response("its body does not consist of bytes")),
    }
}

struct Empty;

impl futures_core::Stream for Empty {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
