//! The HTTP trait. Calls work the same over reqwest, over a runtime's own `fetch`, and over prepared replies in tests.

#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
mod fetch;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
mod reqwest;

#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub use self::fetch::FetchTransport;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
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

/// The body of a response, in pieces as they arrive. Dropping it closes the connection.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// A signed request, to be sent unchanged.
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
    /// The headers without `host`, which the URL implies. Some contain secrets.
    pub headers: Headers,
    /// The body; empty if the method takes no body.
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

/// A transport that sends requests.
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
    /// Sends a request once, and returns when the response headers have arrived. Dropping the future cancels
    /// the request and closes its connection.
    ///
    /// A response with any status is not an error here. A failure before the response headers is an
    /// [`Error`](crate::Error):
    ///
    /// | what failed | kind | tried again |
    /// |---|---|---|
    /// | the request cannot be sent at all | `Config` | no |
    /// | no connection was made, so nothing was sent | `Connect` | yes |
    /// | connecting took too long | `Timeout`, with [`with_retryable(true)`](crate::Error::with_retryable) | yes |
    /// | the connection broke, or it is not known whether anything was sent | `Interrupted` | if the [policy](crate::RetryPolicy::with_paid_resend) allows it |
    /// | a time limit of the transport's own | `Timeout` | if the policy allows it |
    ///
    /// In the [`ByteStream`], a body that breaks off is an error of kind `Truncated`, and a time limit is one of kind
    /// `Timeout`.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        (**self).send(request)
    }
}

/// Returns the default transport: the runtime's `fetch` on wasm32, else reqwest.
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub(crate) fn default_transport(_: Option<Duration>, _: Option<String>) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(fetch::FetchTransport::new()))
}

/// Returns the default transport: the runtime's `fetch` on wasm32, else reqwest.
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub(crate) fn default_transport(connect: Option<Duration>, ca_bundle: Option<String>) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(self::reqwest::ReqwestTransport::with_ca_bundle(connect, ca_bundle)?))
}

/// Returns an error: the default transport needs the feature `reqwest`, or `fetch` on wasm32.
#[cfg(not(any(feature = "reqwest", all(feature = "fetch", target_arch = "wasm32"))))]
pub(crate) fn default_transport(_: Option<Duration>, _: Option<String>) -> Result<Arc<dyn Transport>> {
    Err(crate::error::Error::new(
        crate::error::ErrorKind::Config,
        "no transport: enable the feature `reqwest` (or `fetch` on wasm32), or set a transport on the builder",
    ))
}

/// Returns a transport without proxies, for addresses that exist only on this machine or its link.
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub(crate) fn direct_transport(connect: Option<Duration>, ca_bundle: Option<String>) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(self::reqwest::ReqwestTransport::without_proxies(connect, ca_bundle)?))
}

// Without the feature `reqwest`, there is no transport without proxies either.
#[cfg(all(not(feature = "reqwest"), not(target_arch = "wasm32")))]
pub(crate) use default_transport as direct_transport;
