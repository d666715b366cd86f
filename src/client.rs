//! The single call path: encode, credentials, sign, send, retry, decode.

mod attempts;
mod body;
mod check;
mod sign;
mod stream;

pub(crate) use sign::no_region;
pub use stream::{ChatStream, TextStream};

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use crate::credentials::ProvideCredentials;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result, ServiceAnswer, from_response};
use crate::headers::Headers;
use crate::json::View;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::observe::{Observer, RunConfig, RunStart, Runs};
use crate::platform::Runtime;
use crate::provider::{Call, Codec, Mode};
use crate::request::ChatRequest;
use crate::retry::RetryPolicy;
use crate::sigv4::SigningKeyCache;
use crate::transport::{HttpResponse, Transport};

use attempts::Attempts;
use body::Body;

/// How long a call may take, part by part. There is no limit on the whole: a
/// healthy answer may take an hour, and it shows that it is alive.
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::Timeouts;
/// let timeouts = Timeouts { idle: Some(Duration::from_secs(30)), ..Timeouts::default() };
/// assert_eq!(timeouts.connect, Some(Duration::from_secs(10)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Limit on making a connection; `None` switches it off. Defaults to 10 seconds.
    /// On wasm32 the runtime connects, and there is no such limit.
    pub connect: Option<Duration>,
    /// Limit on waiting for the head of the answer; `None` switches it off.
    /// Defaults to one hour, the longest that AWS says a model may take.
    pub first_byte: Option<Duration>,
    /// Limit on silence between two pieces of the answer; `None` switches it off.
    /// Defaults to 5 minutes. Silence is noticed after one to two limits: one
    /// timer serves a whole stream, and a piece that came since it was set starts it anew.
    pub idle: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            first_byte: Some(Duration::from_secs(3600)),
            idle: Some(Duration::from_secs(300)),
        }
    }
}

/// A gateway that passes calls on: they are signed for AWS and sent there.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    pub(crate) endpoint: Endpoint,
}

/// The most of a failed answer's body that is read.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// All that a call needs, once for all calls of a chat.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) model: ModelId,
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) region: Option<String>,
    pub(crate) service: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) gateway: Option<Gateway>,
    /// Headers of the caller.
    pub(crate) headers: Headers,
    pub(crate) credentials: Provider,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) keys: SigningKeyCache,
    /// By how many seconds the service's clock is ahead of ours, as far as it has complained.
    pub(crate) skew: AtomicI64,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

/// A provider of credentials, of which nothing is ever printed.
#[derive(Clone)]
pub(crate) struct Provider(pub(crate) Arc<dyn ProvideCredentials>);

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<credentials>")
    }
}

impl Client {
    /// Sends a request and gives the whole answer, which may come as a stream.
    pub(crate) async fn invoke(
        self: &Arc<Self>,
        request: &ChatRequest,
        config: &RunConfig,
        mode: Mode,
    ) -> Result<AiMessage> {
        let mut runs = self.watch(request, config, mode);
        let answer = match self.encode(request, mode) {
            Ok(call) if call.streams => self.gathered(&call, &mut runs).await,
            Ok(call) => self.whole(&call, &mut runs).await,
            Err(error) => Err(error),
        };
        match &answer {
            Ok(message) => runs.end(message),
            Err(error) => runs.error(error),
        }
        answer
    }

    /// Sends a request and waits for the first event of the answer.
    pub(crate) async fn stream(self: &Arc<Self>, request: &ChatRequest, config: &RunConfig) -> Result<ChatStream> {
        let mut runs = self.watch(request, config, Mode::Stream);
        match self.begin_stream(request, &mut runs).await {
            Ok(stream) => Ok(stream.watched(runs)),
            Err(error) => {
                runs.error(&error);
                Err(error)
            }
        }
    }

    async fn begin_stream(self: &Arc<Self>, request: &ChatRequest, runs: &mut Runs) -> Result<ChatStream> {
        let call = self.encode(request, Mode::Stream)?;
        if !call.streams {
            return Ok(ChatStream::of_message(Arc::clone(self), self.whole(&call, runs).await?));
        }
        let mut attempts = Attempts::new(self, &call);
        loop {
            match self.open_stream(&call, &mut attempts).await {
                Ok(stream) => return Ok(stream),
                Err(error) => attempts.again(error, runs).await?,
            }
        }
    }

    /// Sends a call and reads the answer's stream to its end. Nobody has seen any of it before, so that
    /// one that breaks off may be asked for again.
    async fn gathered(self: &Arc<Self>, call: &Call, runs: &mut Runs) -> Result<AiMessage> {
        let mut attempts = Attempts::new(self, call);
        loop {
            let answer = match self.open_stream(call, &mut attempts).await {
                Ok(stream) => stream.gathered(runs).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(message) => return Ok(message),
                Err(error) => attempts.again(error, runs).await?,
            }
        }
    }

    /// Sends a call and reads the whole answer.
    async fn whole(&self, call: &Call, runs: &mut Runs) -> Result<AiMessage> {
        let mut attempts = Attempts::new(self, call);
        loop {
            let answer = match attempts.send().await {
                Ok(response) => self.read_message(call, response).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(message) => return Ok(message),
                Err(error) => attempts.again(error, runs).await?,
            }
        }
    }

    fn watch(&self, request: &ChatRequest, config: &RunConfig, mode: Mode) -> Runs {
        if self.observers.is_empty() {
            return Runs::default();
        }
        let (model, region, host) = (&self.model, self.region.as_deref(), self.endpoint.host());
        let now = self.runtime.now();
        Runs::start(&self.observers, &RunStart { model, region, host, mode, request, config, now })
    }

    pub(crate) fn encode(&self, request: &ChatRequest, mode: Mode) -> Result<Call> {
        check::check(&request.options, &self.model, self.codec.api())
            .and_then(|()| self.codec.encode(&self.model, request, mode))
            .map_err(|error| error.with_call(self.model.as_str(), self.region.as_deref(), 0))
    }

    /// The body of an answer, under the limit on silence.
    fn body(&self, response: HttpResponse) -> Body {
        Body::new(response.body, Arc::clone(&self.runtime), self.timeouts.idle)
    }

    async fn read_message(&self, call: &Call, response: HttpResponse) -> Result<AiMessage> {
        let headers = response.headers.clone();
        let (head, body) = self.read_body(response).await?;
        let mut message = self.codec.decode_for(call, &body, &headers).map_err(|error| head.explain(error, &body))?;
        message.request_id = head.request_id;
        Ok(message)
    }

    /// The whole body of an answer that is no error.
    async fn read_body(&self, response: HttpResponse) -> Result<(Head, Vec<u8>)> {
        let head = Head::of(&response);
        let mut body = self.body(response);
        if head.status != 200 {
            let body = body.collect_some(MAX_ERROR_BODY).await;
            return Err(head.error(&body));
        }
        let body = body.collect().await.map_err(|error| error.with_request_id(head.request_id.as_deref()))?;
        if is_unknown_operation(&body) {
            return Err(head.error(&body));
        }
        Ok((head, body))
    }

    /// Sends a call of an operation that is no chat and reads the answer with a function.
    pub(crate) async fn operation<T>(&self, call: &Call, read: fn(&[u8]) -> Result<T>) -> Result<T> {
        let mut attempts = Attempts::new(self, call);
        loop {
            let answer = match attempts.send().await {
                Ok(response) => self.read_body(response).await,
                Err(error) => Err(error),
            };
            let answer = answer.and_then(|(head, body)| read(&body).map_err(|error| head.explain(error, &body)));
            match answer {
                Ok(value) => return Ok(value),
                Err(error) => attempts.again(error, &mut Runs::default()).await?,
            }
        }
    }

    /// Sends a call once more and waits for the first event of the answer.
    async fn open_stream(self: &Arc<Self>, call: &Call, attempts: &mut Attempts<'_>) -> Result<ChatStream> {
        let response = attempts.send().await?;
        let head = Head::of(&response);
        let mut body = self.body(response);
        let kind = head.content_type.as_deref().unwrap_or("");
        if head.status != 200 || !kind.starts_with("application/vnd.amazon.eventstream") {
            let body = body.collect_some(MAX_ERROR_BODY).await;
            if head.status != 200 || is_unknown_operation(&body) {
                return Err(head.error(&body));
            }
            return Err(Error::of(
                ErrorKind::Decode,
                format_args!("asked for an event stream, got \"{kind}\": {}", head.error(&body).message()),
            )
            .with_request_id(head.request_id.as_deref()));
        }
        let mut stream =
            ChatStream::new(Arc::clone(self), body, self.codec.stream_for(call), head.request_id, attempts.sent());
        stream.first_event().await?;
        Ok(stream)
    }
}

/// An unknown route is answered with HTTP 200 and `{"Output":{"__type":…}}`.
fn is_unknown_operation(body: &[u8]) -> bool {
    body.len() < 4096
        && View::from_bytes(body)
            .is_ok_and(|view| view.get("Output").is_some_and(|output| output.get("__type").is_some()))
}

/// What the head of an answer says.
struct Head {
    status: u16,
    content_type: Option<String>,
    error_type: Option<String>,
    request_id: Option<String>,
    retry_after: Option<String>,
}

impl Head {
    fn of(response: &HttpResponse) -> Self {
        let get = |name| response.headers.get(name).map(str::to_owned);
        Self {
            status: response.status,
            content_type: get("content-type"),
            error_type: get("x-amzn-errortype"),
            request_id: get("x-amzn-requestid"),
            retry_after: get("retry-after"),
        }
    }

    /// The same error, of a body that could not be read.
    fn explain(&self, error: Error, body: &[u8]) -> Error {
        let error = if error.kind() == ErrorKind::Decode { self.not_json(error, body) } else { error };
        error.with_request_id(self.request_id.as_deref())
    }

    /// The same error, which says of an answer in another format what that is. Text is shown, as it is
    /// some proxy's and not the model's.
    fn not_json(&self, error: Error, body: &[u8]) -> Error {
        let kind = self.content_type.as_deref().unwrap_or("application/json");
        if kind.starts_with("application/json") {
            return error;
        }
        let mut message = format!("asked for application/json, got {kind}: {}", error.message());
        if kind.starts_with("text/") {
            message.push_str(": ");
            message.push_str(self.error(body).message());
        }
        Error::new(ErrorKind::Decode, message)
    }

    fn error(&self, body: &[u8]) -> Error {
        from_response(&ServiceAnswer {
            status: self.status,
            error_type: self.error_type.as_deref(),
            request_id: self.request_id.as_deref(),
            retry_after: self.retry_after.as_deref(),
            body,
        })
    }
}
