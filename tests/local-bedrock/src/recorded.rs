//! Recorded requests, for assertions in tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::Value;
use web_time::Instant;

use crate::endpoint::Endpoint;
use crate::route;

/// The result of checking a request's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// A valid SigV4 signature.
    Signed {
        /// The id of the key that signed the request.
        access_key_id: String,
        /// The region in the scope of the signature.
        region: String,
        /// The service in the scope of the signature: `bedrock` or `bedrock-mantle`.
        service: String,
        /// The names in `SignedHeaders`.
        signed_headers: Vec<String>,
    },
    /// A known bearer key.
    Bearer,
    /// The request was refused with 403 (or 400).
    Refused {
        /// The error's name, for example `InvalidSignatureException`.
        error_type: String,
        /// The message that was sent.
        message: String,
    },
    /// The server is configured not to verify signatures, or the operation takes none.
    Unchecked,
}

impl Verdict {
    /// Returns whether the request was passed to the model.
    pub fn is_accepted(&self) -> bool {
        !matches!(self, Verdict::Refused { .. })
    }
}

/// How the reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The reply has not ended yet.
    Pending,
    /// The whole reply was written to the connection.
    Complete,
    /// The client closed the connection (or reset the HTTP/2 stream) before the end.
    ClosedByClient,
    /// A [`Fault`](crate::Fault) broke the connection.
    CutByFault,
}

/// One request as received, and the outcome of its reply.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let bedrock = local_bedrock::LocalBedrock::start().await?;
/// for request in bedrock.requests() {
///     println!("{} {} {:?}", request.method, request.path, request.header("x-amz-date"));
///     assert!(request.verdict.is_accepted());
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The position of the request in order of arrival, from 0.
    pub number: u64,
    /// The HTTP method.
    pub method: String,
    /// The endpoint that the request was meant for.
    pub endpoint: Endpoint,
    /// The raw path as it was on the wire, prefix included: `%3A`, `%2F` and `:` are untouched.
    pub path: String,
    /// The raw query string without the question mark.
    pub query: Option<String>,
    /// The headers, with their names in lower case. HTTP/2's `:authority` is also added as `host`.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// When the body was complete.
    pub received_at: SystemTime,
    /// The result of checking the signature.
    pub verdict: Verdict,
    /// The reply's status, once it is known.
    pub status: Option<u16>,
    /// How the reply ended.
    pub outcome: Outcome,
    /// From `received_at` to the end of the reply.
    pub ended_after: Option<Duration>,
    /// How many frames of a stream (or pieces of another body) were written to the connection.
    pub frames_sent: usize,
}

impl RecordedRequest {
    /// Returns the first value of a header; `name` must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as JSON, or `Null` when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Returns whether the client closed the connection before the end of the reply.
    pub fn closed_by_client(&self) -> bool {
        self.outcome == Outcome::ClosedByClient
    }

    /// Returns the model id in the path, decoded, or the model id in the body.
    pub fn model_id(&self) -> Option<String> {
        match self.path.split_once("/model/") {
            Some((_, model_path)) => model_path.split('/').next().map(route::percent_decode),
            None => self.json().get("model")?.as_str().map(str::to_owned),
        }
    }

    /// The form that `GET /_local/requests` returns.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::json!({
            "number": self.number,
            "method": self.method,
            "endpoint": self.endpoint,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": String::from_utf8_lossy(&self.body),
            "received_at": self.received_at.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64()),
            "signature": self.verdict,
            "status": self.status,
            "outcome": self.outcome,
            "ended_after_ms": self.ended_after.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
            "frames_sent": self.frames_sent,
        })
    }
}

#[derive(Debug)]
struct Entry {
    request: RecordedRequest,
    started: Instant,
}

/// All requests of one server.
#[derive(Debug, Default, Clone)]
pub(crate) struct Log {
    entries: Arc<Mutex<Vec<Entry>>>,
    // The next number. It is never reset: a reply that has not ended when the log is cleared must not be mistaken for
    // a later one.
    next: Arc<AtomicU64>,
}

impl Log {
    pub(crate) fn add(&self, mut request: RecordedRequest) -> Tracker {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        request.number = self.next.fetch_add(1, Ordering::Relaxed);
        let number = request.number;
        entries.push(Entry { request, started: Instant::now() });
        Tracker { log: self.clone(), number, ended: false }
    }

    /// Returns the requests with this number and later ones.
    pub(crate) fn since(&self, number: u64) -> Vec<RecordedRequest> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = entries.partition_point(|entry| entry.request.number < number);
        entries.iter().skip(begin).map(|entry| entry.request.clone()).collect()
    }

    /// Returns the same requests as `GET /_local/requests` does.
    pub(crate) fn json_since(&self, number: u64) -> Value {
        self.since(number).iter().map(RecordedRequest::to_json).collect()
    }

    /// Returns the number of the first request that was not cleared.
    pub(crate) fn first(&self) -> Option<u64> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.first().map(|entry| entry.request.number)
    }

    pub(crate) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Follows one reply. If it is dropped before [`Tracker::end`], it records that the client closed the connection.
#[derive(Debug)]
pub(crate) struct Tracker {
    log: Log,
    number: u64,
    ended: bool,
}

impl Tracker {
    fn update(&self, change: impl FnOnce(&mut RecordedRequest, Duration)) {
        let mut entries = self.log.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.binary_search_by_key(&self.number, |entry| entry.request.number);
        if let Some(entry) = found.ok().and_then(|at| entries.get_mut(at)) {
            let elapsed = entry.started.elapsed();
            change(&mut entry.request, elapsed);
        }
    }

    pub(crate) fn status(&self, status: u16) {
        self.update(|request, _| request.status = Some(status));
    }

    pub(crate) fn piece_sent(&self) {
        self.update(|request, _| request.frames_sent += 1);
    }

    pub(crate) fn end(&mut self, outcome: Outcome) {
        if !self.ended {
            self.ended = true;
            self.update(|request, elapsed| {
                request.outcome = outcome;
                request.ended_after = Some(elapsed);
            });
        }
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.end(Outcome::ClosedByClient);
    }
}
