//! A request from its arrival to its reply: record, verify, apply the fault, answer. It neither waits nor writes; a
//! server does that, as the exchange says.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::{self, Wire};
use crate::builder::Builder;
use crate::clock;
use crate::connections::Opened;
use crate::control;
use crate::delivery::{self, Delivery, Reply};
use crate::endpoint::{self, Endpoint, MANTLE_SERVICE};
use crate::faults::Fault;
use crate::identity;
use crate::problem::{Form, Problem};
use crate::recorded::{Log, Outcome, RecordedRequest, Tracker, Verdict};
use crate::route::{self, List, Route};
use crate::shapes::{self, Call};
use crate::state::State;

/// The local Bedrock without a listener: it gets requests and returns replies.
///
/// ```
/// use local_bedrock::{Received, Service, Start};
///
/// let service = Service::new(local_bedrock::Builder::new().verify_signatures(false));
/// let body = br#"{"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}"#;
/// let exchange = service.receive(Received::new("POST", "/model/amazon.nova-lite-v1:0/converse", body.to_vec()));
/// assert_eq!(exchange.start(), Start::Answer);
/// let mut delivery = exchange.answer();
/// assert_eq!(delivery.status(), 200);
/// assert!(delivery.next_piece().is_some());
/// ```
#[derive(Debug, Clone)]
pub struct Service {
    pub(crate) state: Arc<State>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Received {
    /// The HTTP method.
    pub method: String,
    /// The raw path, exactly as on the wire.
    pub path: String,
    /// The raw query string without the question mark.
    pub query: Option<String>,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// Whether it arrived at the port that is always `bedrock-mantle`.
    pub at_mantle: bool,
}

/// How a reply begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the head of [`Exchange::answer`].
    Answer,
    /// Never: the client waits until it gives up.
    Hang,
    /// The connection breaks: [`Exchange::cut`].
    Cut,
}

/// A verified request that is not answered yet. Dropping it records that the client left.
#[derive(Debug)]
pub struct Exchange {
    state: Arc<State>,
    tracker: Tracker,
    fault: Option<Fault>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// A reply that is not part of the service: control, or a preflight request.
    Reply(Reply),
    Request {
        request: Received,
        endpoint: Endpoint,
        operation: Option<identity::Operation>,
        judged: Result<Verdict, Problem>,
    },
}

impl Received {
    /// Returns a request without headers and query.
    pub fn new(method: &str, path: &str, body: Vec<u8>) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: None,
            headers: Vec::new(),
            body,
            at_mantle: false,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    fn wire(&self) -> Wire<'_> {
        Wire {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            body: &self.body,
        }
    }

    fn recorded(&self, endpoint: Endpoint, verdict: Verdict) -> RecordedRequest {
        RecordedRequest {
            number: 0,
            method: self.method.clone(),
            endpoint,
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            received_at: clock::now(),
            verdict,
            status: None,
            outcome: Outcome::Pending,
            ended_after: None,
            frames_sent: 0,
        }
    }
}

impl Service {
    /// Returns a service with these settings. It does not use their host and ports.
    pub fn new(settings: Builder) -> Self {
        Self { state: Arc::new(State::new(settings)) }
    }

    /// Sets the server's clock ahead (or behind, if negative) by this many seconds.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.state.clock.set_offset(seconds);
    }

    /// Returns the requests with this number and later ones, in order of arrival, as `GET /_local/requests` does.
    pub fn requests_since(&self, number: u64) -> serde_json::Value {
        self.state.log.json_since(number)
    }

    /// Returns the number of the first request that was not cleared.
    pub fn first_request(&self) -> Option<u64> {
        self.state.log.first()
    }

    /// Counts a connection of a client until the returned value is dropped.
    pub fn connected(&self) -> Opened {
        self.state.connections.opened()
    }

    /// Records and verifies a request, and takes the fault that fits it.
    pub fn receive(&self, request: Received) -> Exchange {
        let state = Arc::clone(&self.state);
        let below_prefix = request.path.strip_prefix(state.settings.prefix.as_str());
        let endpoint = endpoint::endpoint(
            request.at_mantle,
            request.header("host"),
            below_prefix.unwrap_or_default(),
            request.header("authorization"),
        );
        let control_path =
            [Some(request.path.as_str()), below_prefix].into_iter().flatten().find_map(|p| p.strip_prefix("/_local/"));
        let preflight = request.method == "OPTIONS" && request.header("access-control-request-method").is_some();
        if preflight || control_path.is_some() {
            let reply = match control_path {
                Some(path) if !preflight => control::answer(&request.method, path, &request.body, &state),
                _ => control::preflight(),
            };
            // The request is not recorded: the tracker's entry is in a separate log.
            let tracker = Log::default().add(request.recorded(endpoint, Verdict::Unchecked));
            return Exchange { state, tracker, fault: None, work: Work::Reply(reply) };
        }

        let wire = request.wire();
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
        let tracker = state.log.add(request.recorded(endpoint, verdict));
        let fault = state.faults.take(&request.path, operation.map(identity::Operation::name), authorized);
        Exchange { state, tracker, fault, work: Work::Request { request, endpoint, operation, judged } }
    }
}

impl Exchange {
    /// Returns how long to wait before anything else. Default: 0, unless a fault sets it.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.fault.as_ref().and_then(|fault| fault.delay_ms).unwrap_or(0))
    }

    /// Returns how the reply begins after the [`delay`](Self::delay).
    pub fn start(&self) -> Start {
        match &self.fault {
            Some(fault) if fault.hang => Start::Hang,
            Some(fault) if fault.cut_before_headers => Start::Cut,
            _ => Start::Answer,
        }
    }

    /// Records that a fault broke the connection before the reply.
    pub fn cut(mut self) {
        self.tracker.end(Outcome::CutByFault);
    }

    /// Returns the reply. With an upstream server it waits for that server, so it must be called outside of the
    /// runtime's own threads.
    pub fn answer(self) -> Delivery {
        let Self { state, tracker, fault, work } = self;
        let (request, endpoint, operation, judged) = match work {
            Work::Reply(reply) => return Delivery::new(reply, None, Duration::ZERO, tracker),
            Work::Request { request, endpoint, operation, judged } => (request, endpoint, operation, judged),
        };
        let request_id = state.request_id();
        let replaced = fault.as_ref().and_then(|fault| match operation {
            Some(operation) => operation.replacement(fault, &request_id),
            None => delivery::replacement(fault),
        });
        let mut reply = match (replaced, judged, operation) {
            (Some(reply), ..) => reply,
            (None, judged, Some(operation)) => {
                let call = identity::Call { wire: request.wire(), request_id: &request_id, server: &state };
                let answer = judged.and_then(|verdict| operation.answer(&call, &verdict));
                answer.unwrap_or_else(|problem| operation.refusal(problem, &request_id))
            }
            (None, Err(problem), None) => problem.into_reply(),
            (None, Ok(_), None) => answered(&request, endpoint, &state).unwrap_or_else(Problem::into_reply),
        };
        reply.set_header("x-amzn-requestid", request_id);
        let date_offset = fault.as_ref().and_then(|fault| fault.date_offset).unwrap_or(0);
        reply.set_header("date", clock::http_date(state.clock.now().saturating_add(date_offset)));
        Delivery::new(reply, fault.as_ref(), state.settings.frame_delay, tracker)
    }
}

/// The model's answer to an accepted request.
fn answered(request: &Received, endpoint: Endpoint, state: &State) -> Result<Reply, Problem> {
    let Received { method, path, query, headers, body, .. } = request;
    let query = query.as_deref();
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
