//! From a request to a response: access, limits, the route, and headers.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::access::{KnownClient, check_name};
use super::answer::{Answer, KEEP_ALIVE, Opened, whole};
use super::anthropic::{AnthropicDialect, counted};
use super::call::{self, Chat};
use super::chat_completions::ChatDialect;
use super::cors;
use super::cors::{MODEL, REMOVED, short};
use super::dialect::{Dialect, nonce};
use super::failure::{Failure, Reason};
use super::forward;
use super::lists;
use super::openai::models;
use super::record::{GatewayCall, Recorder};
use super::request::{ClientApi, GatewayRequest, GatewayRoute, discard, path_of, read_body};
use super::responses::ResponsesDialect;
use super::{Inner, body};
use crate::client::request_id;
use crate::headers::Headers;
use crate::json::{Json, Kind, View, Writer};
use crate::method::Method;
use crate::request::ChatOptions;
use crate::transport::{ByteStream, HttpResponse};

/// The maximum length of a path in the record of a request without a known key, in characters.
const MAX_STRANGERS_PATH: usize = 200;

/// Answers a request.
pub(super) async fn handle(inner: &Arc<Inner>, request: GatewayRequest) -> HttpResponse {
    let origin = request.headers.get("origin").map(str::to_owned);
    let api = GatewayRoute::api(path_of(&request.target), &request.headers);
    let is_head = request.method == Method::Head;
    let mut response = match cors::preflight(&inner.settings, &request) {
        Some(response) => response,
        None => answer(inner, api, request).await,
    };
    if is_head {
        response.body = body("");
    }
    cors::allow_origin(&inner.settings, origin.as_deref(), &mut response.headers);
    response
}

async fn answer(inner: &Arc<Inner>, api: ClientApi, request: GatewayRequest) -> HttpResponse {
    let GatewayRequest { method, target, headers, body } = request;
    let mut asking = Asking { target, headers, body: Some(body) };
    let mut recorder = None;
    let failure = match respond(inner, method, &mut asking, &mut recorder).await {
        Ok(response) => return response,
        Err(failure) => failure,
    };
    let mut response = refusal(api, &failure);
    if let Some(recorder) = &mut recorder {
        recorder.refuse(&failure, response.status);
        push_names(&mut response.headers, &recorder.call.model_id, &recorder.call.removed);
    }
    // A body that is too large is refused at once: its rest may be long, or may never come.
    if failure.reason != Reason::TooLarge {
        discard(asking.body, &**inner.runtime()).await;
    }
    response
}

/// A request while it is answered.
struct Asking {
    target: String,
    headers: Headers,
    /// The part of the body that was not read.
    body: Option<ByteStream>,
}

/// Answers a request. A call that ends with an error is left in `recorder`.
async fn respond(
    inner: &Arc<Inner>,
    method: Method,
    asking: &mut Asking,
    recorder: &mut Option<Recorder>,
) -> Result<HttpResponse, Failure> {
    let Some(route) = GatewayRoute::of(method, &asking.target)? else {
        return Ok(lists::health(inner));
    };
    let client = match inner.settings.client(&asking.headers) {
        Ok(client) => client,
        Err(failure) => {
            let (reported, failure) = stranger(inner, &asking.target, failure);
            *recorder = reported;
            return Err(failure);
        }
    };
    match route {
        GatewayRoute::Embeddings => Err(models::embeddings()),
        GatewayRoute::Models(name) => lists::models(inner, client, name.as_deref(), &asking.headers).await,
        GatewayRoute::List(path) => lists::pass(inner, path).await,
        GatewayRoute::Chat(api) => {
            let recorder = recorder.insert(begin(inner, client.name, path_of(&asking.target)));
            chat(inner, client, api, asking, recorder).await
        }
        GatewayRoute::CountTokens => {
            let recorder = recorder.insert(begin(inner, client.name, path_of(&asking.target)));
            let asked = read_chat(inner, client, ClientApi::Messages, asking, recorder).await?;
            let tokens = call::count(inner, &asked).await?;
            recorder.estimate = 0;
            recorder.begin(200);
            recorder.end(Default::default(), None);
            Ok(whole(200, Headers::new(), counted(tokens).into_bytes()))
        }
        GatewayRoute::Model { name, operation } => {
            let recorder = recorder.insert(begin(inner, client.name, path_of(&asking.target)));
            model(inner, client, &name, &operation, asking, recorder).await
        }
    }
}

/// Begins the record of a call. `key` is empty for a client without a known key.
fn begin(inner: &Arc<Inner>, key: &str, path: &str) -> Recorder {
    let now = inner.runtime().now();
    let call = GatewayCall {
        began_at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        key: key.to_owned(),
        path: path.to_owned(),
        ..GatewayCall::default()
    };
    Recorder::new(Arc::clone(inner), call, now)
}

/// Begins the record of a request without a known key, unless too many were reported. Returns it with the failure that
/// the record shows.
fn stranger(inner: &Arc<Inner>, target: &str, mut failure: Failure) -> (Option<Recorder>, Failure) {
    let Some(missed) = inner.strangers.report(inner.runtime().now()) else { return (None, failure) };
    if missed > 0 {
        let more = format!("{}; {missed} requests without a known key before it were not reported", failure.message);
        failure.detail = Some(more);
    }
    // The client chose the path, so its length is limited.
    let path: String = path_of(target).chars().take(MAX_STRANGERS_PATH).collect();
    (Some(begin(inner, "", &path)), failure)
}

/// Returns the JSON of an API, which errors have too.
fn dialect_of(api: ClientApi) -> Option<&'static dyn Dialect> {
    match api {
        ClientApi::Messages => Some(&AnthropicDialect),
        ClientApi::ChatCompletions => Some(&ChatDialect),
        ClientApi::Responses => Some(&ResponsesDialect),
        ClientApi::Bedrock => None,
    }
}

/// Reads a request of a chat.
async fn read_chat(
    inner: &Arc<Inner>,
    client: KnownClient<'_>,
    api: ClientApi,
    asking: &mut Asking,
    recorder: &mut Recorder,
) -> Result<Chat, Failure> {
    let bytes = read_body(&asking.headers, &mut asking.body, inner.settings.max_body_bytes).await?;
    recorder.estimate = (bytes.len() / 4) as u64;
    let text = String::from_utf8(bytes).map_err(|_| Failure::invalid("the body is not UTF-8"))?;
    let json = match text.strip_prefix('\u{feff}') {
        Some(text) => Json::parse(text),
        None => Json::from_text(text),
    };
    let json = json.map_err(|error| Failure::invalid(format!("the body is not JSON: {error}")))?;
    let view = json.view();
    if view.kind() != Kind::Object {
        return Err(Failure::invalid("the body is not a JSON object"));
    }
    let Some(model) = view.get("model").and_then(|model| model.string()) else {
        return Err(Failure::of_field("model", "`model` is missing; name one that `GET /v1/models` lists"));
    };
    let streams = match view.get("stream").filter(|streams| !streams.is_null()) {
        None => false,
        Some(streams) => {
            streams.bool().ok_or_else(|| Failure::of_field("stream", "`stream` is neither true nor false"))?
        }
    };
    check_name(&model)?;
    (recorder.call.model, recorder.call.streamed) = (model.clone(), streams);
    let target = inner.settings.target(client, &model)?;
    recorder.call.model_id = target.ids.first().cloned().unwrap_or_default();
    recorder.price = target.price;
    let dialect = dialect_of(api).unwrap_or(&AnthropicDialect);
    Ok(Chat {
        api,
        dialect,
        body: json,
        headers: std::mem::take(&mut asking.headers),
        model,
        key: client.name.to_owned(),
        streams,
        target,
        options: options_of(client),
        now: inner.runtime().now().as_secs(),
        nonce: nonce(inner.runtime()),
    })
}

/// Returns the options of a client's key.
fn options_of(client: KnownClient<'_>) -> ChatOptions {
    let metadata = client.key.metadata.iter().map(|(key, value)| (key.clone(), value.clone()));
    let metadata = metadata.chain([("gateway_key".to_owned(), client.name.to_owned())]);
    let mut options = ChatOptions::default().with_request_metadata(metadata);
    options.project.clone_from(&client.key.project);
    options
}

/// Answers a chat in one of the vendors' APIs.
async fn chat(
    inner: &Arc<Inner>,
    client: KnownClient<'_>,
    api: ClientApi,
    asking: &mut Asking,
    recorder: &mut Recorder,
) -> Result<HttpResponse, Failure> {
    let asked = read_chat(inner, client, api, asking, recorder).await?;
    let (streams, dialect) = (asked.streams, asked.dialect);
    let mut opening = Box::pin(call::open(Arc::clone(inner), asked));
    // An error has its status, unless the model is silent for so long that the response begins before it.
    let mut silence = inner.runtime().sleep(KEEP_ALIVE);
    let opened = poll_fn(|context| match opening.as_mut().poll(context) {
        Poll::Ready(opened) => Poll::Ready(Some(opened)),
        Poll::Pending if streams => silence.as_mut().poll(context).map(|()| None),
        Poll::Pending => Poll::Pending,
    })
    .await;
    let mut headers = Headers::new();
    let opened = match opened {
        None => Opened::later(opening),
        Some(Ok(opened)) => opened,
        Some(Err(failure)) => return Err(failure),
    };
    push_names(&mut headers, &opened.model_id, &opened.removed);
    recorder.remove(&opened.removed);
    if !opened.model_id.is_empty() {
        recorder.call.model_id = opened.model_id;
    }
    push_request_id(&mut headers, opened.request_id.as_deref());
    recorder.call.request_id = opened.request_id;
    recorder.runs = opened.runs;
    recorder.begin(200);
    if !streams {
        recorder.end(opened.source.used(), None);
        return Ok(whole(200, headers, opened.first));
    }
    headers.push("content-type", "text/event-stream; charset=utf-8");
    headers.push("cache-control", "no-cache, no-transform");
    let runtime = Arc::clone(inner.runtime());
    let answer = Answer::new(opened.source, opened.first, Some(dialect), recorder.taken(), runtime);
    Ok(HttpResponse::new(200, headers, Box::pin(answer)))
}

/// Passes a call of Bedrock's own API on.
async fn model(
    inner: &Arc<Inner>,
    client: KnownClient<'_>,
    name: &str,
    operation: &str,
    asking: &mut Asking,
    recorder: &mut Recorder,
) -> Result<HttpResponse, Failure> {
    check_name(name)?;
    recorder.call.model = name.to_owned();
    let target = inner.settings.target(client, name)?;
    let id = target.ids.first().cloned().unwrap_or_default();
    recorder.call.model_id.clone_from(&id);
    recorder.price = target.price;
    let bytes = read_body(&asking.headers, &mut asking.body, inner.settings.max_body_bytes).await?;
    if operation != "count-tokens" {
        recorder.estimate = (bytes.len() / 4) as u64;
    }
    let chat = inner.chat(&id).map_err(|error| Failure::of_settings(&error))?;
    let options = chat.options().merged_with(&options_of(client));
    let mut removed = Vec::new();
    let call = forward::call(chat.model(), operation, &asking.headers, bytes, options, &mut removed)?;
    recorder.call.streamed = call.streams;
    recorder.remove(&removed);
    inner.admit(client.name).await?;
    // Same as in a translated request, counts of tokens do not wait for the rate limiter.
    let passing = chat.client().forward(call, operation != "count-tokens").await?;
    recorder.call.request_id = request_id(&passing.headers).map(str::to_owned);
    let mut response = forward::passed_on(inner, operation, passing, recorder)?;
    push_names(&mut response.headers, &id, &removed);
    Ok(response)
}

/// Adds the names of the model, if it is known, and of what was left out of the request.
fn push_names(headers: &mut Headers, model_id: &str, removed: &[String]) {
    if !removed.is_empty() {
        headers.push(REMOVED, short(&removed.join(", ")));
    }
    if !model_id.is_empty() {
        headers.push(MODEL, short(model_id));
    }
}

/// Adds the id of a request under the names that Anthropic's and OpenAI's clients read.
fn push_request_id(headers: &mut Headers, id: Option<&str>) {
    if let Some(id) = id {
        headers.push("request-id", id);
        headers.push("x-request-id", id);
    }
}

/// Returns an error in the form of an API.
fn refusal(api: ClientApi, failure: &Failure) -> HttpResponse {
    let mut headers = Headers::new();
    if let Some(after) = failure.retry_after {
        headers.push("retry-after", (after.as_secs_f64().ceil() as u64).to_string());
    }
    push_request_id(&mut headers, failure.request_id.as_deref());
    // Clients send a call again after status 429, which does not help here.
    if failure.reason == Reason::Budget {
        headers.push("x-should-retry", "false");
    }
    let own = failure.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
    let own = own.filter(|body| View::from_bytes(body.as_bytes()).is_ok_and(|body| body.get("error").is_some()));
    let (status, text) = match dialect_of(api) {
        Some(_) if own.is_some() => (failure.status, own.unwrap_or_default().to_owned()),
        Some(dialect) => (failure.status, dialect.problem(failure)),
        None => {
            headers.push("x-amzn-errortype", failure.exception());
            let mut w = Writer::new();
            w.begin_object();
            w.field("message", &failure.message);
            w.end_object();
            // AWS refuses unknown keys with 403.
            (if failure.status == 401 { 403 } else { failure.status }, w.finish())
        }
    };
    whole(status, headers, text.into_bytes())
}
