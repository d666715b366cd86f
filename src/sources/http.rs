//! One request to a service that provides credentials.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result, ServiceAnswer, from_response};
use crate::headers::Headers;
use crate::json::quoted;
use crate::platform::{BoxFuture, Runtime, SystemRuntime};
use crate::retry::asked_delay;
use crate::text::{before, split_once};
use crate::transport::{HttpRequest, Transport, default_transport};

/// Maximum number of bytes of an answer. AWS's are below 8 KiB.
const MAX_BODY: usize = 64 * 1024;

/// A service that provides credentials, and how it is reached.
pub(crate) struct Connection {
    transport: OnceLock<Arc<dyn Transport>>,
    /// Creates the transport if none was set.
    default: DefaultTransport,
    pub(crate) runtime: Arc<dyn Runtime>,
    /// Limit on one request, from the connection to the end of the answer.
    pub(crate) limit: Duration,
    /// Advice for a service that did not answer in time.
    pub(crate) advice: Option<&'static str>,
    /// Whether a request has no answer yet. It stays set if the request is dropped, so that a call that has reached its
    /// own time limit can still report it.
    is_waiting: AtomicBool,
}

/// Advice for a service of AWS that did not answer in time.
const UNREACHED: &str = "check the network, its proxy, and the endpoint of the service";

/// A function that creates a transport from a limit on connecting and a bundle of certificates.
type DefaultTransport = fn(Option<Duration>, Option<String>) -> Result<Arc<dyn Transport>>;

impl Connection {
    pub(crate) fn new(limit: Duration) -> Self {
        Self::with_default(limit, default_transport)
    }

    pub(crate) fn with_default(limit: Duration, default: DefaultTransport) -> Self {
        Self {
            transport: OnceLock::new(),
            default,
            runtime: Arc::new(SystemRuntime),
            limit,
            advice: Some(UNREACHED),
            is_waiting: AtomicBool::new(false),
        }
    }

    /// Marks the beginning of a search for credentials, before its first request.
    pub(crate) fn begin(&self) {
        self.is_waiting.store(false, Ordering::Relaxed);
    }

    /// Returns whether a request has no answer yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn set_transport(&mut self, transport: Arc<dyn Transport>) {
        self.transport = OnceLock::from(transport);
    }

    /// Returns the transport, which the first request creates if none was set.
    fn transport(&self, ca_bundle: Option<String>) -> Result<&Arc<dyn Transport>> {
        if let Some(known) = self.transport.get() {
            return Ok(known);
        }
        let made = (self.default)(Some(self.limit), ca_bundle)?;
        Ok(self.transport.get_or_init(|| made))
    }

    /// Sends a request once, and reads its whole answer. Any status is an answer.
    ///
    /// # Errors
    /// The errors of the transport, and `Timeout` with the step that took too long. Callers add the name of the service
    /// with [`Error::of_source`].
    pub(crate) async fn send(&self, request: HttpRequest, ca_bundle: Option<String>) -> Result<Answer> {
        self.send_within(self.limit, request, ca_bundle).await
    }

    /// Same as [`Connection::send`], with another limit.
    pub(crate) async fn send_within(
        &self,
        limit: Duration,
        request: HttpRequest,
        ca_bundle: Option<String>,
    ) -> Result<Answer> {
        self.is_waiting.store(true, Ordering::Relaxed);
        let host = split_once(&request.url, "://").map_or("", |(_, rest)| before(rest, "/")).to_owned();
        let answer = self.answer(limit, &host, request, ca_bundle).await;
        self.is_waiting.store(false, Ordering::Relaxed);
        answer.map_err(|error| match self.advice.filter(|_| error.kind() == ErrorKind::Timeout) {
            Some(advice) => error.with_advice(advice),
            None => error,
        })
    }

    async fn answer(
        &self,
        limit: Duration,
        host: &str,
        request: HttpRequest,
        ca_bundle: Option<String>,
    ) -> Result<Answer> {
        let transport = self.transport(ca_bundle)?;
        let mut timer = (self.runtime.sleep(limit), limit);
        let response = limited(&mut timer, "response headers", host, transport.send(request)).await?;
        let (status, headers, mut bytes) = (response.status, response.headers, response.body);
        let body = async move {
            let mut all = Zeroizing::new(Vec::with_capacity(8 * 1024));
            while let Some(piece) = poll_fn(|context| bytes.as_mut().poll_next(context)).await {
                let piece = piece?;
                if all.len() + piece.len() > MAX_BODY {
                    return Err(Error::of(
                        ErrorKind::Decode,
                        format_args!("the answer is longer than {MAX_BODY} bytes; check the endpoint"),
                    ));
                }
                all.extend_from_slice(&piece);
            }
            Ok(all)
        };
        let body = limited(&mut timer, "body of the answer", host, Box::pin(body)).await?;
        Ok(Answer { status, headers, body, at: self.runtime.now() })
    }
}

/// Runs a step until the timer goes off.
async fn limited<T>(
    (timer, limit): &mut (BoxFuture<'static, ()>, Duration),
    what: &str,
    host: &str,
    mut work: BoxFuture<'_, Result<T>>,
) -> Result<T> {
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Pending => timer.as_mut().poll(context).map(|()| {
            let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
            Err(Error::of(ErrorKind::Timeout, format_args!("waited {limit} ms for the {what} of `{host}`")))
        }),
        done => done,
    })
    .await
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// A whole answer. Its memory is wiped on drop, as it contains secrets.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// When it arrived, since 1970-01-01T00:00:00Z.
    at: Duration,
}

impl Answer {
    /// Returns the response as an error. Its kind depends on the name of the error or on the status.
    pub(crate) fn error(&self) -> Error {
        self.error_of(None, &self.body)
    }

    /// Same as [`Answer::error`], with the name and the message that the caller read from the body.
    pub(crate) fn named_error(&self, name: &str, message: &str) -> Error {
        self.error_of(Some(name), ["{\"message\":", &quoted(message), "}"].concat().as_bytes())
    }

    fn error_of(&self, name: Option<&str>, body: &[u8]) -> Error {
        let request_id = self.headers.get("x-amzn-requestid");
        from_response(&ServiceAnswer {
            status: self.status,
            error_type: name.or_else(|| self.headers.get("x-amzn-errortype")),
            request_id,
            is_aws: request_id.is_some(),
            retry_after: asked_delay(&self.headers, self.at.as_secs()),
            body,
        })
    }
}
