//! The gateway, which answers all paths except `/chat`.

use std::cell::OnceCell;

use bedrock_chat::gateway::{Gateway, GatewayRequest, body};
use bedrock_chat::{ByteStream, Error, ErrorKind, Headers, HttpResponse, Method};
use futures_util::future::{AbortHandle, abortable, pending};
use futures_util::{StreamExt, TryStreamExt};
use worker::{Context, Env, Request, Response, console_error};

use crate::answer::Refusal;
use crate::limits::Counter;
use crate::settings::Settings;
use crate::usage;

thread_local! {
    /// The gateway of this isolate.
    static GATEWAY: OnceCell<Gateway> = const { OnceCell::new() };
    /// A gateway that only counts, for the Durable Objects of this isolate.
    static COUNTING: OnceCell<Gateway> = const { OnceCell::new() };
}

/// Answers a request.
pub(crate) async fn answer(mut request: Request, env: &Env, context: &Context) -> Result<Response, Refusal> {
    let Some(method) = Method::parse(request.method().as_ref()) else {
        return Err(Refusal::new(405, "method_not_allowed", "no path takes this method"));
    };
    let gateway = gateway(env)?;
    let url = request.inner().url();
    let body = incoming(&mut request);
    let request = GatewayRequest::new(method, target(&url), headers(&request), body);
    Ok(response(gateway.handle(request).await, Keep::alive(context))?)
}

/// Returns the gateway of this isolate. The first request creates it.
fn gateway(env: &Env) -> Result<Gateway, Refusal> {
    GATEWAY
        .with(|cell| {
            if let Some(gateway) = cell.get() {
                return Ok(gateway.clone());
            }
            let mut gateway = created(env)?.on_call(usage::recorder(env));
            if let Some(counter) = Counter::of(env) {
                gateway = gateway.counted_by(counter);
            }
            Ok(cell.get_or_init(|| gateway).clone())
        })
        .map_err(|error: Error| {
            console_error!("{error}");
            Refusal::new(503, error.kind().as_str(), "this Worker is not set up; its log says why")
        })
}

/// Returns the gateway that only counts.
pub(crate) fn counting(env: &Env) -> bedrock_chat::Result<Gateway> {
    COUNTING.with(|cell| match cell.get() {
        Some(gateway) => Ok(gateway.clone()),
        None => created(env).map(|gateway| cell.get_or_init(|| gateway).clone()),
    })
}

fn created(env: &Env) -> bedrock_chat::Result<Gateway> {
    let settings = Settings::new(env);
    Gateway::new(settings.chat(&settings.model())?, settings.gateway()?)
}

/// Returns the path and the query of a URL, as they arrived.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

fn headers(request: &Request) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in request.headers() {
        headers.push(&name, value);
    }
    headers
}

/// Returns the body of a request in pieces. Dropping it cancels the rest.
fn incoming(request: &mut Request) -> ByteStream {
    // A request without a body has no stream.
    let Ok(pieces) = request.stream() else { return body("") };
    let broken = |error: worker::Error| Error::new(ErrorKind::Interrupted, error.to_string());
    Box::pin(pieces.map(move |piece| piece.map(Into::into).map_err(broken)))
}

/// Keeps the Worker running until it is dropped. Without it, the runtime would end the Worker at the moment when a client
/// disconnects, and the call would have no line in the log.
struct Keep(AbortHandle);

impl Keep {
    fn alive(context: &Context) -> Self {
        let (waiting, handle) = abortable(pending::<()>());
        context.wait_until(async {
            let _ = waiting.await;
        });
        Self(handle)
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Returns a response of the gateway, whose body is sent piece by piece. When the client disconnects, the runtime drops
/// the body, which cancels the call to Bedrock.
fn response(answer: HttpResponse, keep: Keep) -> worker::Result<Response> {
    let response = match answer.status {
        // JavaScript's `Response` refuses a body with these, even an empty one.
        204 | 304 => Response::empty()?,
        _ => Response::from_stream(answer.body.map_err(move |error| {
            let _ = &keep;
            worker::Error::RustError(error.to_string())
        }))?,
    };
    for (name, value) in answer.headers.iter() {
        response.headers().append(name, value)?;
    }
    Ok(response.with_status(answer.status))
}
