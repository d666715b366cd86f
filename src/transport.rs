//! HTTP as one trait, so that the call path is the same over reqwest, over a
//! runtime's own `fetch`, over a test's script.

#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
mod fetch;
#[cfg(feature = "reqwest")]
mod reqwest;

#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub use self::fetch::FetchTransport;
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
#[cfg(all(feature = "web", not(target_arch = "wasm32")))]
pub(crate) use self::reqwest::install_crypto;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::error::Result;
use crate::headers::Headers;
use crate::method::Method;
use crate::platform::{BoxFuture, BoxStream, MaybeSend, MaybeSync};

/// The body of an answer, in the pieces it arrives in. Dropping it closes the connection.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// A signed request, ready to be sent as it is.
///
/// ```
/// use bedrock_chat::{Headers, HttpRequest, Method};
/// let mut headers = Headers::new();
/// headers.push("content-type", "application/json");
/// let request = HttpRequest::new(Method::Post, "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke")
///     .with_headers(headers)
///     .with_body("{}");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole URL. Its path is percent-encoded and signed: a transport must not rewrite it.
    pub url: String,
    /// The headers but for `host`, which the URL implies. Some carry secrets.
    pub headers: Headers,
    /// The body; empty where the method takes none.
    pub body: Bytes,
}

impl HttpRequest {
    /// Creates a request without headers and body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Headers::new(), body: Bytes::new() }
    }

    /// Sets the headers. Defaults to none.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the body. Defaults to an empty one.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl fmt::Debug for HttpRequest {
    /// Prints the URL and the length of the body; the body is a conversation and is not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// A response whose headers were received.
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body, which is still being received.
    pub body: ByteStream,
}

impl HttpResponse {
    /// Creates a response. See [`Transport::send`] for the errors that the body may have.
    pub fn new(status: u16, headers: Headers, body: ByteStream) -> Self {
        Self { status, headers, body }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// Sends requests.
///
/// ```
/// use bedrock_chat::{BoxFuture, HttpRequest, HttpResponse, Result, Transport};
/// use bedrock_chat::testing::MemoryTransport;
///
/// /// Counts what it passes on.
/// #[derive(Debug)]
/// struct Counting { inner: MemoryTransport, sent: std::sync::atomic::AtomicU32 }
///
/// impl Transport for Counting {
///     fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
///         self.sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         self.inner.send(request)
///     }
/// }
/// ```
pub trait Transport: fmt::Debug + MaybeSend + MaybeSync + 'static {
    /// Sends one request, once, and gives the answer when its head is there.
    /// Dropping the future gives the request up and closes its connection.
    ///
    /// An answer with any status is not an error here. What fails before there are response headers is
    /// an [`Error`](crate::Error):
    ///
    /// | what failed | kind | tried again |
    /// |---|---|---|
    /// | the request cannot be sent at all | `Config` | no |
    /// | no connection was made, so nothing was sent | `Connect` | yes |
    /// | connecting took too long | `Timeout`, with [`with_retryable(true)`](crate::Error::with_retryable) | yes |
    /// | the connection broke, or it is not known whether anything was sent | `Interrupted` | if the [policy](crate::RetryPolicy::with_paid_resend) allows it |
    /// | a time limit of the transport's own | `Timeout` | if the policy allows it |
    ///
    /// A body that breaks off is an error of kind `Truncated` in the [`ByteStream`], a time limit again
    /// `Timeout`.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        (**self).send(request)
    }
}

/// The transport of those who bring none: the runtime's `fetch` where the feature
/// is on and there is one, else reqwest.
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub(crate) fn default_transport(_: Option<Duration>, _: Option<String>) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(fetch::FetchTransport::new()))
}

/// The transport of those who bring none: the runtime's `fetch` where the feature
/// is on and there is one, else reqwest.
#[cfg(all(feature = "reqwest", not(all(feature = "fetch", target_arch = "wasm32"))))]
pub(crate) fn default_transport(connect: Option<Duration>, ca_bundle: Option<String>) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(self::reqwest::ReqwestTransport::with_ca_bundle(connect, ca_bundle)?))
}

/// The transport of those who bring none: there is none to be had.
#[cfg(all(not(feature = "reqwest"), not(all(feature = "fetch", target_arch = "wasm32"))))]
pub(crate) fn default_transport(_: Option<Duration>, _: Option<String>) -> Result<Arc<dyn Transport>> {
    Err(crate::error::Error::new(
        crate::error::ErrorKind::Config,
        "no transport: switch on the feature \"reqwest\" (or \"fetch\" on wasm32), or give the builder a transport",
    ))
}
