//! The listener, which carries out what an exchange says.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::body::{self, Broken, ReplyBody};
use crate::builder::{Builder, TestCredentials};
use crate::exchange::{Received, Service, Start};
use crate::faults::Faults;
use crate::identity;
use crate::recorded::RecordedRequest;

/// A running server. It stops when the value is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let bedrock = local_bedrock::LocalBedrock::start().await?;
/// assert_eq!(bedrock.url(), format!("http://127.0.0.1:{}", bedrock.port()));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct LocalBedrock {
    address: SocketAddr,
    mantle_address: SocketAddr,
    service: Service,
    accepting: JoinHandle<()>,
}

impl LocalBedrock {
    /// Returns the settings of a server, to change them before the start.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts on a free loopback port with the default settings.
    ///
    /// # Errors
    ///
    /// An error if no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    pub(crate) async fn with_settings(mut settings: Builder) -> io::Result<Self> {
        let listener = TcpListener::bind((settings.host, settings.port)).await?;
        let mantle = TcpListener::bind((settings.host, settings.mantle_port)).await?;
        let (address, mantle_address) = (listener.local_addr()?, mantle.local_addr()?);
        settings.port = address.port();
        let service = Service::new(settings);
        let accepting = tokio::spawn(accept(listener, mantle, service.clone()));
        Ok(Self { address, mantle_address, service, accepting })
    }

    /// Returns the endpoint for clients: scheme, host, port and the prefix, without a slash at the end. It is
    /// `bedrock-runtime`. It is `bedrock-mantle` for requests that are signed for it, or have a path that only mantle
    /// has.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.service.state.settings.prefix)
    }

    /// Returns the endpoint for clients that is always `bedrock-mantle`, also for requests with a bearer key.
    pub fn mantle_url(&self) -> String {
        format!("http://{}{}", self.mantle_address, self.service.state.settings.prefix)
    }

    /// Returns the port of [`mantle_url`](Self::mantle_url).
    pub fn mantle_port(&self) -> u16 {
        self.mantle_address.port()
    }

    /// Returns the port that the server listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the credentials that are accepted by default.
    pub fn test_credentials(&self) -> TestCredentials {
        TestCredentials::new()
    }

    /// Returns every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.service.state.log.since(0)
    }

    /// Replaces the settings of the services that issue keys.
    pub fn set_identity(&self, identity: identity::Identity) {
        self.service.state.identity.set(identity);
    }

    /// Returns the secrets that the services issued: secret keys, session tokens, and tokens of IMDS, SSO and sign-in.
    /// Refresh tokens that were used are not among them.
    pub fn issued_secrets(&self) -> Vec<String> {
        self.service.state.identity.secrets()
    }

    /// Returns the number of connections that clients hold open.
    pub fn open_connections(&self) -> usize {
        self.service.state.connections.count()
    }

    /// Returns the queue of faults, to add to it or to clear it.
    pub fn faults(&self) -> Faults {
        self.service.state.faults.clone()
    }

    /// Sets the server's clock ahead (or behind, if negative) by this many seconds.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.service.set_clock_offset(seconds);
    }

    /// Removes requests, faults and the contents of the prompt cache.
    pub fn clear(&self) {
        self.service.state.clear();
    }

    /// Stops listening and closes all connections.
    pub async fn shutdown(mut self) {
        self.accepting.abort();
        // The only possible error is the cancellation above.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for LocalBedrock {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, mantle: TcpListener, service: Service) {
    // The set is dropped with this task, which closes every connection.
    let mut connections = JoinSet::new();
    loop {
        let (accepted, at_mantle) = tokio::select! {
            accepted = listener.accept() => (accepted, false),
            accepted = mantle.accept() => (accepted, true),
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Small frames must be sent immediately.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let opened = service.connected();
        connections.spawn(async move {
            let _opened = opened;
            let serve = service_fn(move |request| {
                let service = service.clone();
                async move { serve(request, at_mantle, &service).await }
            });
            // An error means that the client or a fault has broken the connection.
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), serve).await;
        });
    }
}

fn header_list(request: &Request<Incoming>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if let (None, Some(authority)) = (request.headers().get("host"), request.uri().authority()) {
        // HTTP/2: signers sign the authority under either name.
        for name in [":authority", "host"] {
            headers.insert(0, (name.to_owned(), authority.as_str().to_owned()));
        }
    }
    headers
}

/// # Errors
/// A fault that breaks the connection before the response headers.
async fn serve(request: Request<Incoming>, at_mantle: bool, service: &Service) -> Result<Response<ReplyBody>, Broken> {
    // The path and query are exactly those on the wire.
    let mut received = Received::new(request.method().as_str(), request.uri().path(), Vec::new());
    received.query = request.uri().query().map(str::to_owned);
    received.headers = header_list(&request);
    received.at_mantle = at_mantle;
    let collected = request.into_body().collect().await;
    received.body = collected.map(|body| body.to_bytes().to_vec()).unwrap_or_default();

    let exchange = service.receive(received);
    let delay = exchange.delay();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match exchange.start() {
        // It ends when the client closes the connection, which drops this future.
        Start::Hang => std::future::pending().await,
        Start::Cut => {
            exchange.cut();
            Err(Broken)
        }
        Start::Answer if service.state.settings.upstream.is_none() => Ok(body::response(exchange.answer())),
        Start::Answer => {
            // Waiting for an upstream server blocks, so it is done in a separate thread.
            let answered = tokio::task::spawn_blocking(move || exchange.answer()).await;
            answered.map(body::response).map_err(|_| Broken)
        }
    }
}
