//! HTTP over reqwest, natively.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{ByteStream, HttpRequest, HttpResponse, Transport};
use crate::endpoint::is_loopback;
use crate::error::{Error, ErrorKind, Quoted, Result};
use crate::headers::Headers;
use crate::platform::BoxFuture;
use crate::text::before;

/// A transport over [`reqwest`]: HTTP/2, TLS, and the proxies in environment variables. Clones share their
/// connections, so any number of chats can use one. Redirects are not followed, and bodies are not decompressed.
///
/// Requests to `http://localhost`, `127.x.x.x` and `[::1]` never use a proxy: it would be another machine, which
/// receives the key.
///
/// On wasm32 the feature `reqwest` has `FetchTransport` instead: reqwest would let `fetch` follow redirects there, with
/// body and session token.
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::ReqwestTransport;
/// let transport = ReqwestTransport::new(Some(Duration::from_secs(5)))?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    /// The client without proxies, once it is needed; `None` beside a custom client.
    direct: Option<Arc<Direct>>,
}

impl std::fmt::Debug for ReqwestTransport {
    /// Prints the name alone: a custom client prints its default headers, which may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReqwestTransport")
    }
}

/// A client for `http://` and this machine.
struct Direct {
    connect_timeout: Option<Duration>,
    client: OnceLock<reqwest::Client>,
}

impl Direct {
    fn client(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = builder(self.connect_timeout)?.no_proxy();
        // It uses no TLS, so it need not read the system's roots.
        #[cfg(any(feature = "rustls-no-provider", feature = "native-tls"))]
        let builder = builder.tls_certs_only([]);
        let client = builder
            .build()
            .map_err(|error| Error::new(ErrorKind::Config, "the HTTP client cannot be set up").with_source(error))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// Returns a builder with the settings of all clients.
fn builder(connect_timeout: Option<Duration>) -> Result<reqwest::ClientBuilder> {
    install_crypto()?;
    let builder = reqwest::Client::builder()
        .pool_idle_timeout(POOL_IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("bedrock-chat/", env!("CARGO_PKG_VERSION")));
    Ok(match connect_timeout {
        Some(limit) => builder.connect_timeout(limit),
        None => builder,
    })
}

/// How long an idle connection is kept. AWS closes idle connections, and a request on a closed one fails.
const POOL_IDLE: Duration = Duration::from_secs(20);

impl ReqwestTransport {
    /// Creates a client with a limit on connecting. `AWS_CA_BUNDLE` may name a file of certificates in PEM: they
    /// replace the system's roots, as in AWS's own tools.
    ///
    /// # Errors
    /// `Config`, if TLS cannot be set up, or the file in `AWS_CA_BUNDLE` is not a bundle of certificates.
    pub fn new(connect_timeout: Option<Duration>) -> Result<Self> {
        Self::with_ca_bundle(connect_timeout, std::env::var("AWS_CA_BUNDLE").ok())
    }

    pub(super) fn with_ca_bundle(connect_timeout: Option<Duration>, ca_bundle: Option<String>) -> Result<Self> {
        let builder = builder(connect_timeout)?;
        Self::build(builder, connect_timeout, ca_bundle)
    }

    /// Same as [`ReqwestTransport::with_ca_bundle`], without the proxies in environment variables.
    pub(super) fn without_proxies(connect_timeout: Option<Duration>, ca_bundle: Option<String>) -> Result<Self> {
        Self::build(builder(connect_timeout)?.no_proxy(), connect_timeout, ca_bundle)
    }

    fn build(
        builder: reqwest::ClientBuilder,
        connect_timeout: Option<Duration>,
        ca_bundle: Option<String>,
    ) -> Result<Self> {
        let ca_bundle = ca_bundle.map(|path| path.trim().to_owned()).filter(|path| !path.is_empty());
        let builder = match &ca_bundle {
            Some(path) => with_roots(builder, path)?,
            None => builder,
        };
        let client = builder.build().map_err(|error| {
            let message = match &ca_bundle {
                Some(path) => format!("the HTTP client cannot be set up; check that `{path}` (`AWS_CA_BUNDLE`) is a bundle of certificates"),
                None => "the HTTP client cannot be set up".to_owned(),
            };
            Error::new(ErrorKind::Config, message).with_source(error)
        })?;
        Ok(Self { client, direct: Some(Arc::new(Direct { connect_timeout, client: OnceLock::new() })) })
    }

    /// Creates a transport over a custom client, with its proxies, certificates and other settings. Give it
    /// [`Policy::none`](reqwest::redirect::Policy::none): a redirect that is followed sends the conversation and the
    /// session token to another host.
    pub fn with_client(client: reqwest::Client) -> Self {
        Self { client, direct: None }
    }

    /// Returns the client for a URL.
    fn client(&self, url: &str) -> Result<&reqwest::Client> {
        let host = url.strip_prefix("http://").map(|rest| before(rest, "/"));
        match &self.direct {
            Some(direct) if host.is_some_and(is_loopback) => direct.client(),
            _ => Ok(&self.client),
        }
    }
}

/// Sets the certificates of this file as the only roots.
#[cfg(any(feature = "rustls-no-provider", feature = "native-tls"))]
fn with_roots(builder: reqwest::ClientBuilder, path: &str) -> Result<reqwest::ClientBuilder> {
    let unusable = |why: &str| {
        let message = format!("`AWS_CA_BUNDLE` names `{path}`, which {why}; give a file of certificates in PEM");
        Error::new(ErrorKind::Config, message)
    };
    let pem = std::fs::read(path).map_err(|error| unusable(&format!("cannot be read ({error})")))?;
    let roots = reqwest::Certificate::from_pem_bundle(&pem)
        .map_err(|error| unusable("has a malformed certificate").with_source(error))?;
    if roots.is_empty() {
        return Err(unusable("has no certificate"));
    }
    Ok(builder.tls_certs_only(roots))
}

/// There are no roots without TLS.
#[cfg(not(any(feature = "rustls-no-provider", feature = "native-tls")))]
fn with_roots(builder: reqwest::ClientBuilder, _: &str) -> Result<reqwest::ClientBuilder> {
    Ok(builder)
}

/// Installs ring as the crypto provider of rustls, once per process. The application's own provider is kept.
///
/// # Errors
/// `Config`, if the crate is built without ring and the application has not installed a provider: reqwest would panic.
#[cfg(feature = "rustls-no-provider")]
pub(crate) fn install_crypto() -> Result<()> {
    use rustls::crypto::CryptoProvider;

    if CryptoProvider::get_default().is_some() {
        return Ok(());
    }
    #[cfg(feature = "rustls")]
    {
        // If another thread installs a provider first, that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(())
    }
    // If both are built in, reqwest uses the operating system's library.
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    {
        Ok(())
    }
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    {
        const MISSING: &str = "no crypto provider for TLS; install one with `rustls::crypto::CryptoProvider::install_default`, or enable the feature `rustls`";
        Err(Error::new(ErrorKind::Config, MISSING))
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
pub(crate) fn install_crypto() -> Result<()> {
    Ok(())
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let request = self.client(&request.url).and_then(|client| build(client, request));
        let limit = self.direct.as_ref().and_then(|direct| direct.connect_timeout);
        Box::pin(async move {
            let response = request?.send().await.map_err(|error| not_answered(error, limit))?;
            let status = response.status().as_u16();
            let mut headers = Headers::new();
            for (name, value) in response.headers() {
                headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
            }
            Ok(HttpResponse { status, headers, body: body(response) })
        })
    }
}

fn build(client: &reqwest::Client, request: HttpRequest) -> Result<reqwest::RequestBuilder> {
    let url = reqwest::Url::parse(&request.url)
        .map_err(|error| Error::new(ErrorKind::Config, format!("invalid URL: {}", request.url)).with_source(error))?;
    // The sent URL must be the signed one.
    if url.as_str() != request.url {
        return Err(Error::new(ErrorKind::Config, format!("the URL {} is not in its normal form", request.url)));
    }
    let mut headers = HeaderMap::new();
    for (name, value, is_secret) in request.headers.with_secrecy() {
        let invalid =
            |_| Error::new(ErrorKind::Config, format!("the header {name} has a value that is not valid in HTTP"));
        let mut header = HeaderValue::from_str(value).map_err(invalid)?;
        header.set_sensitive(is_secret);
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::new(ErrorKind::Config, format!("{name:?} is not the name of a header")))?;
        headers.append(name, header);
    }
    let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes())
        .map_err(|error| Error::new(ErrorKind::Config, "the HTTP method is not valid").with_source(error))?;
    let builder = client.request(method, url).headers(headers);
    Ok(if request.method.takes_body() { builder.body(request.body) } else { builder })
}

/// Creates an error from a failure before the response headers. It is known that nothing was sent only if no
/// connection was made. A pooled connection that was closed before the request was sent does not reach this function.
/// Then hyper sends the request on another connection. The crate reqwest does the same if HTTP/2 reports that it was not
/// processed. `limit` is the limit on connecting; a custom client has its own.
fn not_answered(error: reqwest::Error, limit: Option<Duration>) -> Error {
    let to = destination(&error);
    let error = error.without_url();
    if error.is_builder() {
        return Error::new(ErrorKind::Config, format!("the request to {to} cannot be built")).with_source(error);
    }
    if error.is_connect() {
        if error.is_timeout() {
            let limit = limit.map_or(String::new(), |limit| format!(": more than {} ms", limit.as_millis()));
            return Error::new(ErrorKind::Timeout, format!("connecting to {to} took too long{limit}"))
                .with_retryable(true)
                .with_source(Quoted(error.into()));
        }
        let why = deepest(&error);
        return Error::new(ErrorKind::Connect, format!("{to} was not reached: {why}"))
            .with_source(Quoted(error.into()));
    }
    if error.is_timeout() {
        let message = format!("{to} did not answer within the HTTP client's own time limit");
        return Error::new(ErrorKind::Timeout, message).with_source(Quoted(error.into()));
    }
    let why = deepest(&error);
    let message = format!("the connection to {to} broke before an answer arrived: {why}");
    Error::new(ErrorKind::Interrupted, message).with_source(Quoted(error.into()))
}

/// Returns only the host: a wrong endpoint is the most likely cause, and the rest of the URL names the model.
fn destination(error: &reqwest::Error) -> String {
    let host = error.url().and_then(|url| url.host_str()).unwrap_or("the service");
    match error.url().and_then(reqwest::Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Returns the last cause in the chain, which is the most specific one.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Creates an error from a failure while the response was arriving.
fn broke_off(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_timeout() {
        let message = "the answer took longer than the HTTP client's own time limit";
        return Error::new(ErrorKind::Timeout, message).with_source(Quoted(error.into()));
    }
    let why = deepest(&error);
    Error::new(ErrorKind::Truncated, format!("the connection broke off: {why}")).with_source(Quoted(error.into()))
}

fn body(response: reqwest::Response) -> ByteStream {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use http_body::Body as _;

    /// The data of a body's frames.
    struct Data(reqwest::Body);

    impl futures_core::Stream for Data {
        type Item = Result<bytes::Bytes>;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            loop {
                return Poll::Ready(match ready!(Pin::new(&mut self.0).poll_frame(context)) {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => Some(Ok(data)),
                        // Trailers are not needed.
                        Err(_) => continue,
                    },
                    Some(Err(error)) => Some(Err(broke_off(error))),
                    None => None,
                });
            }
        }
    }

    Box::pin(Data(reqwest::Body::from(response)))
}
