//! The listener, and the steps of a request: record, verify, answer, deliver.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::auth::{self, Wire};
use crate::builder::{Builder, TestCredentials};
use crate::clock::{self, Clock};
use crate::connections::Connections;
use crate::control;
use crate::delivery::{self, Broken, Plan, Reply, ReplyBody};
use crate::endpoint::{self, Endpoint, MANTLE_SERVICE};
use crate::faults::{Fault, Faults};
use crate::identity;
use crate::model::PromptCache;
use crate::problem::{Form, Problem};
use crate::recorded::{Log, Outcome, RecordedRequest, Tracker, Verdict};
use crate::route::{self, List, Route};
use crate::shapes::{self, Call};
use crate::stored::Responses;

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
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Builder,
    pub(crate) clock: Clock,
    pub(crate) log: Log,
    pub(crate) connections: Connections,
    pub(crate) faults: Faults,
    pub(crate) cache: PromptCache,
    pub(crate) responses: Responses,
    pub(crate) identity: identity::State,
    next_id: AtomicU64,
}

impl State {
    /// Returns a request id in the service's form, unique for each server.
    pub(crate) fn request_id(&self) -> String {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        format!("10ca1bed-{:04x}-4000-8000-{number:012x}", self.settings.port)
    }

    pub(crate) fn clear(&self) {
        self.log.clear();
        self.faults.clear();
        self.cache.clear();
        self.responses.clear();
        self.identity.clear(&self.settings.identity);
    }
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
        // A builder can be cloned; the keys that its servers issue are not shared.
        settings.rules.issued = identity::Issued::default();
        let state = Arc::new(State {
            clock: Clock::new(settings.fixed_clock, settings.clock_offset),
            log: Log::default(),
            connections: Connections::default(),
            faults: Faults::default(),
            cache: PromptCache::default(),
            responses: Responses::default(),
            identity: identity::State::new(settings.identity.clone(), settings.rules.issued.clone()),
            next_id: AtomicU64::new(1),
            settings,
        });
        let accepting = tokio::spawn(accept(listener, mantle, Arc::clone(&state)));
        Ok(Self { address, mantle_address, state, accepting })
    }

    /// Returns the endpoint for clients: scheme, host, port and the prefix, without a slash at the end. It is
    /// `bedrock-runtime`. It is `bedrock-mantle` for requests that are signed for it, or have a path that only mantle
    /// has.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.state.settings.prefix)
    }

    /// Returns the endpoint for clients that is always `bedrock-mantle`, also for requests with a bearer key.
    pub fn mantle_url(&self) -> String {
        format!("http://{}{}", self.mantle_address, self.state.settings.prefix)
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
        self.state.log.all()
    }

    /// Replaces the settings of the services that issue keys.
    pub fn set_identity(&self, identity: identity::Identity) {
        self.state.identity.set(identity);
    }

    /// Returns the number of connections that clients hold open.
    pub fn open_connections(&self) -> usize {
        self.state.connections.count()
    }

    /// Returns the queue of faults, to add to it or to clear it.
    pub fn faults(&self) -> Faults {
        self.state.faults.clone()
    }

    /// Sets the server's clock ahead (or behind, if negative) by this many seconds.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.state.clock.set_offset(seconds);
    }

    /// Removes requests, faults and the contents of the prompt cache.
    pub fn clear(&self) {
        self.state.clear();
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

async fn accept(listener: TcpListener, mantle: TcpListener, state: Arc<State>) {
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
        let state = Arc::clone(&state);
        let opened = state.connections.opened();
        connections.spawn(async move {
            let _opened = opened;
            let service = service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { serve(request, at_mantle, &state).await }
            });
            // An error means that the client or a fault has broken the connection.
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
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
async fn serve(request: Request<Incoming>, at_mantle: bool, state: &Arc<State>) -> Result<Response<ReplyBody>, Broken> {
    let method = request.method().as_str().to_owned();
    // The path and query are exactly those on the wire.
    let path = request.uri().path().to_owned();
    let query = request.uri().query().map(str::to_owned);
    let headers = header_list(&request);
    let collected = request.into_body().collect().await;
    let body = collected.map(|body| body.to_bytes().to_vec()).unwrap_or_default();

    let below_prefix = path.strip_prefix(state.settings.prefix.as_str());
    let header = |name: &str| headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str());
    let endpoint =
        endpoint::endpoint(at_mantle, header("host"), below_prefix.unwrap_or_default(), header("authorization"));
    let control_path =
        [Some(path.as_str()), below_prefix].into_iter().flatten().find_map(|p| p.strip_prefix("/_local/"));
    let preflight = method == "OPTIONS" && headers.iter().any(|(name, _)| name == "access-control-request-method");
    if preflight || control_path.is_some() {
        let reply = match control_path {
            Some(control_path) if !preflight => control::answer(&method, control_path, &body, state),
            _ => control::preflight(),
        };
        // The request is not recorded: the tracker's entry is in a separate log.
        let tracker = Log::default().add(record(&method, endpoint, &path, query, headers, body, Verdict::Unchecked));
        return Ok(respond(reply, None, Duration::ZERO, tracker));
    }

    let wire = Wire { method: &method, path: &path, query: query.as_deref(), headers: &headers, body: &body };
    let rules = &state.settings.rules;
    let service = if endpoint == Endpoint::Mantle { MANTLE_SERVICE } else { rules.service.as_str() };
    let operation = identity::operation(&wire, below_prefix);
    let endpoint = if operation.is_some() { Endpoint::Identity } else { endpoint };
    let judged = match operation {
        Some(operation) => operation.authenticate(&wire, rules, &state.clock),
        None => auth::check(&wire, rules, service, &state.clock),
    };
    let verdict = judged
        .clone()
        .unwrap_or_else(|problem| Verdict::Refused { error_type: problem.error_type, message: problem.message });
    let authorized = verdict.is_accepted();
    let mut tracker =
        state.log.add(record(&method, endpoint, &path, query.clone(), headers.clone(), body.clone(), verdict));
    let fault = state.faults.take(&path, operation.map(identity::Operation::name), authorized);

    if let Some(fault) = &fault {
        if let Some(delay) = fault.delay_ms {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if fault.hang {
            // The loop ends when the client closes the connection, which drops this future.
            std::future::pending::<()>().await;
        }
        if fault.cut_before_headers {
            tracker.end(Outcome::CutByFault);
            return Err(Broken);
        }
    }
    let request_id = state.request_id();
    let replaced = fault.as_ref().and_then(|fault| match operation {
        Some(operation) => operation.replacement(fault, &request_id),
        None => delivery::replacement(fault),
    });
    let mut reply = match (replaced, judged, operation) {
        (Some(reply), ..) => reply,
        (None, judged, Some(operation)) => {
            let call = identity::Call { wire, request_id: &request_id, server: state };
            let answer = judged.and_then(|verdict| operation.answer(&call, &verdict));
            answer.unwrap_or_else(|problem| operation.refusal(problem, &request_id))
        }
        (None, Err(problem), None) => problem.into_reply(),
        (None, Ok(_), None) => {
            let request = Accepted { method, endpoint, path, query, headers, body };
            answered(request, state).await.unwrap_or_else(Problem::into_reply)
        }
    };
    reply.set_header("x-amzn-requestid", request_id);
    let date_offset = fault.as_ref().and_then(|fault| fault.date_offset).unwrap_or(0);
    reply.set_header("date", clock::http_date(state.clock.now().saturating_add(date_offset)));
    Ok(respond(reply, fault.as_ref(), state.settings.frame_delay, tracker))
}

fn record(
    method: &str,
    endpoint: Endpoint,
    path: &str,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    verdict: Verdict,
) -> RecordedRequest {
    RecordedRequest {
        number: 0,
        method: method.to_owned(),
        endpoint,
        path: path.to_owned(),
        query,
        headers,
        body,
        received_at: SystemTime::now(),
        verdict,
        status: None,
        outcome: Outcome::Pending,
        ended_after: None,
        frames_sent: 0,
    }
}

/// A request with a valid signature.
struct Accepted {
    method: String,
    endpoint: Endpoint,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The model's answer to an accepted request.
async fn answered(request: Accepted, state: &Arc<State>) -> Result<Reply, Problem> {
    if state.settings.upstream.is_none() {
        return answer(&request, state);
    }
    // Waiting for an upstream server blocks, so it is done in a separate thread.
    let state = Arc::clone(state);
    let answered = tokio::task::spawn_blocking(move || answer(&request, &state)).await;
    answered.unwrap_or_else(|error| Err(Problem::new(500, "InternalServerException", error.to_string())))
}

fn answer(request: &Accepted, state: &State) -> Result<Reply, Problem> {
    let Accepted { method, endpoint, path, query, headers, body } = request;
    let (endpoint, query) = (*endpoint, query.as_deref());
    let route = match path.strip_prefix(state.settings.prefix.as_str()) {
        Some(rest) => route::route(method, rest),
        None => Route::Unknown,
    };
    match route {
        Route::List(list) => {
            let on_mantle = matches!(list, List::Mantle(_));
            if on_mantle != (endpoint == Endpoint::Mantle) {
                return Ok(shapes::unknown_operation());
            }
            let region = auth::region(headers).or(state.settings.rules.region.as_deref()).unwrap_or("us-east-1");
            let reply = shapes::list(&list, &shapes::Query { query, region, state });
            if on_mantle { Ok(reply.unwrap_or_else(|problem| problem.into_reply_as(&Form::OpenAi))) } else { reply }
        }
        Route::Model { .. } | Route::ApplyGuardrail { .. } | Route::GuardrailChecks if endpoint == Endpoint::Mantle => {
            Ok(shapes::unknown_operation())
        }
        Route::GuardrailChecks => shapes::invoke_guardrail_checks(body),
        Route::Named { operation, base } => {
            Ok(shapes::answer_named(&shapes::Request { operation, base, endpoint, headers, body, state }))
        }
        Route::Stored { id, delete } => {
            Ok(shapes::stored(&id, delete, state).unwrap_or_else(|problem| problem.into_reply_as(&Form::OpenAi)))
        }
        Route::Model { model_id, operation } => {
            let behind = state.settings.application_profile_of(&model_id).unwrap_or(&model_id);
            let model = route::base_model(behind, &state.settings.opaque_family);
            shapes::answer(&Call { model_id, model, operation, headers, body, state })
        }
        Route::ApplyGuardrail { guardrail, version } => shapes::apply_guardrail(&guardrail, &version, body),
        Route::Unknown => Ok(shapes::unknown_operation()),
    }
}

fn respond(mut reply: Reply, fault: Option<&Fault>, frame_delay: Duration, tracker: Tracker) -> Response<ReplyBody> {
    if let Some(fault) = fault {
        for (name, value) in &fault.headers {
            reply.set_header(name, value.clone());
        }
        reply.headers.retain(|(name, value)| !(value.is_empty() && fault.headers.contains_key(name)));
    }
    // Any page in a browser may read the reply.
    reply.set_header("access-control-allow-origin", "*");
    reply.set_header("access-control-expose-headers", "*");
    tracker.status(reply.status);
    let status = reply.status;
    let headers = reply.headers;
    let body = Plan::new(reply.content, fault, frame_delay).into_body(tracker);
    let mut response = Response::new(body);
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    for (name, value) in headers {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, hyper::header::HeaderValue::from_str(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
