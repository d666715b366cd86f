//! A client's HTTP request: its path, and its body within a limit.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use super::failure::{Failure, Reason};
use crate::error::Result;
use crate::headers::Headers;
use crate::method::Method;
use crate::platform::Runtime;
use crate::text::{before, split_once, visible};
use crate::transport::ByteStream;

/// A client's HTTP request, as a server received it.
#[non_exhaustive]
pub struct GatewayRequest {
    /// The method.
    pub method: Method,
    /// The path, percent-encoded as it arrived, with the query: `/v1/messages?beta=true`.
    pub target: String,
    /// The headers. Some contain secrets.
    pub headers: Headers,
    /// The body. It is not read before the client's key is known.
    pub body: ByteStream,
}

impl GatewayRequest {
    /// Creates a request.
    pub fn new(method: Method, target: impl Into<String>, headers: Headers, body: ByteStream) -> Self {
        Self { method, target: target.into(), headers, body }
    }
}

impl fmt::Debug for GatewayRequest {
    /// Prints neither the body, which is a conversation, nor secret headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayRequest")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// The maximum number of bytes that are read of the body of a request which fails.
const MAX_DISCARDED: usize = 1_000_000;

/// The maximum time for which they are read.
const MAX_DISCARDING: Duration = Duration::from_secs(2);

/// The paths below `/v1` that clients call.
const PATHS: &[&str] = &["/messages", "/messages/count_tokens", "/chat/completions", "/responses", "/models"];

/// The maximum length of a path in an error, in characters.
const MAX_PATH: usize = 60;

/// Returns the error for a path that does not exist. A base URL with `/v1` that should be without it, or the reverse, is the
/// usual mistake of a new client.
fn no_such_path(path: &str) -> Failure {
    let mut end = path;
    while let Some(rest) = end.strip_prefix("/v1") {
        end = rest;
    }
    let mut shown = visible(path.as_bytes());
    shown.truncate(MAX_PATH);
    let message = match PATHS.contains(&end) {
        true => format!("no such path: `{shown}`; set the client's base URL so that it calls `/v1{end}`"),
        false => format!(
            "no such path: `{shown}`; there are `/v1/messages`, `/v1/chat/completions`, `/v1/responses`, `/v1/models` and Bedrock's"
        ),
    };
    Failure::new(Reason::NotFound, message)
}

/// Returns a target without its query.
pub(super) fn path_of(target: &str) -> &str {
    before(target, "?")
}

/// The API that a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientApi {
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Chat Completions.
    ChatCompletions,
    /// OpenAI's Responses.
    Responses,
    /// Bedrock's own.
    Bedrock,
}

/// The route of a request: the operation that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GatewayRoute {
    /// A chat.
    Chat(ClientApi),
    /// A count of the tokens of Anthropic's Messages.
    CountTokens,
    /// The list of models, or one of them.
    Models(Option<String>),
    /// OpenAI's embeddings, which the gateway does not serve.
    Embeddings,
    /// A call that is forwarded to Bedrock.
    Model { name: String, operation: String },
    /// A list of Bedrock's control plane, at this path and query.
    List(String),
}

/// The operations of Bedrock that are forwarded.
const OPERATIONS: &[&str] = &["invoke", "invoke-with-response-stream", "converse", "converse-stream", "count-tokens"];

impl GatewayRoute {
    /// Returns the API in whose format errors of this path are written. For paths of several APIs, it is Anthropic's if
    /// the request has the header of its clients.
    pub(super) fn api(path: &str, headers: &Headers) -> ClientApi {
        const BEDROCK: &[&str] = &["/model/", "/inference-profiles", "/foundation-models"];
        if BEDROCK.iter().any(|start| path.starts_with(start)) {
            return ClientApi::Bedrock;
        }
        // The name of a model may look like another path.
        let path = before(path, "/models/");
        let is_anthropic = headers.get("anthropic-version").is_some();
        match path {
            _ if path.contains("/messages") => ClientApi::Messages,
            _ if path.ends_with("/chat/completions") => ClientApi::ChatCompletions,
            _ if path.ends_with("/responses") => ClientApi::Responses,
            _ if is_anthropic => ClientApi::Messages,
            _ if path.contains("/v1") => ClientApi::ChatCompletions,
            _ => ClientApi::Bedrock,
        }
    }

    /// Returns the route of a request; `None` is the health check, which needs no key.
    ///
    /// # Errors
    /// `NotFound` for an unknown path, `Method` for a wrong method; the message lists the valid ones.
    pub(super) fn of(method: Method, target: &str) -> Result<Option<Self>, Failure> {
        let (path, query) = split_once(target, "?").unwrap_or((target, ""));
        // The paths of `bedrock-mantle`, so that its clients need only another host.
        let short = path.strip_prefix("/openai").or_else(|| path.strip_prefix("/anthropic")).unwrap_or(path);
        let path = if short.starts_with("/v1/") { short } else { path };
        let post = |route: Self| match method {
            Method::Post => Ok(Some(route)),
            _ => Err(Failure::new(Reason::Method, format!("`{path}` takes POST"))),
        };
        let get = |route: Option<Self>| match method {
            Method::Get | Method::Head => Ok(route),
            _ => Err(Failure::new(Reason::Method, format!("`{path}` takes GET"))),
        };
        match path {
            "/" | "/health" => get(None),
            "/v1/messages" => post(Self::Chat(ClientApi::Messages)),
            "/v1/messages/count_tokens" => post(Self::CountTokens),
            "/v1/chat/completions" => post(Self::Chat(ClientApi::ChatCompletions)),
            "/v1/responses" => post(Self::Chat(ClientApi::Responses)),
            "/v1/embeddings" => post(Self::Embeddings),
            "/v1/models" => get(Some(Self::Models(None))),
            "/inference-profiles" | "/foundation-models" => get(Some(Self::List(target.to_owned()))),
            _ => {
                if let Some(name) = path.strip_prefix("/v1/models/") {
                    return get(Some(Self::Models(Some(decoded(name)?))));
                }
                if path.starts_with("/inference-profiles/") || path.starts_with("/foundation-models/") {
                    return get(Some(Self::List(target.to_owned())));
                }
                let call = path.strip_prefix("/model/").and_then(|rest| rest.rsplit_once('/'));
                match call.filter(|(_, operation)| query.is_empty() && OPERATIONS.contains(operation)) {
                    Some((name, operation)) => {
                        post(Self::Model { name: decoded(name)?, operation: operation.to_owned() })
                    }
                    None => Err(no_such_path(path)),
                }
            }
        }
    }
}

/// Returns a part of a path without its percent-encoding.
fn decoded(part: &str) -> Result<String, Failure> {
    let wrong = || Failure::invalid("the path is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high << 4 | low) as u8,
                    _ => return Err(wrong()),
                }
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// Returns the next piece of a body. A body that has ended is gone, as a stream must not be read after its end.
async fn next(body: &mut Option<ByteStream>) -> Option<Result<Bytes>> {
    let stream = body.as_mut()?;
    let piece = poll_fn(|context| stream.as_mut().poll_next(context)).await;
    if piece.is_none() {
        *body = None;
    }
    piece
}

/// Reads a body within the limit.
///
/// # Errors
/// `TooLarge`; `Invalid`, if the body breaks off.
pub(super) async fn read_body(
    headers: &Headers,
    body: &mut Option<ByteStream>,
    most: usize,
) -> Result<Vec<u8>, Failure> {
    let too_large = || {
        Failure::new(
            Reason::TooLarge,
            format!("the body is longer than {most} bytes; send less, or raise the gateway's `maxBodyBytes`"),
        )
    };
    let stated = headers.get("content-length").and_then(|length| length.parse::<usize>().ok());
    if stated.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut all = Vec::with_capacity(stated.unwrap_or_default());
    while let Some(piece) = next(body).await {
        let piece = piece.map_err(|_| Failure::invalid("the body broke off; send the request again"))?;
        if all.len() + piece.len() > most {
            return Err(too_large());
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

/// Reads the rest of a body that is not needed, up to a megabyte and for a limited time. If the connection is closed before
/// the client has sent its body, most clients report a connection error and do not read the answer.
pub(super) async fn discard(mut body: Option<ByteStream>, runtime: &dyn Runtime) {
    let mut timer = runtime.sleep(MAX_DISCARDING);
    let mut rest = pin!(async {
        let mut read = 0;
        while let Some(Ok(piece)) = next(&mut body).await {
            read += piece.len();
            if read > MAX_DISCARDED {
                return;
            }
        }
    });
    poll_fn(|context| match rest.as_mut().poll(context) {
        Poll::Pending => timer.as_mut().poll(context),
        Poll::Ready(()) => Poll::Ready(()),
    })
    .await;
}

/// A body that is in memory as a whole.
pub(super) struct Whole(pub(super) Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_form_of_the_path_whatever_a_model_is_named() {
        let mut version = Headers::new();
        version.push("anthropic-version", "2023-06-01");
        for (path, plain, versioned) in [
            ("/v1/messages/count_tokens", ClientApi::Messages, ClientApi::Messages),
            ("/anthropic/v1/messages", ClientApi::Messages, ClientApi::Messages),
            ("/v1/chat/completions", ClientApi::ChatCompletions, ClientApi::ChatCompletions),
            ("/openai/v1/responses", ClientApi::Responses, ClientApi::Responses),
            ("/v1/embeddings", ClientApi::ChatCompletions, ClientApi::Messages),
            ("/v1/models/messages", ClientApi::ChatCompletions, ClientApi::Messages),
            ("/v1/models/v1/responses", ClientApi::ChatCompletions, ClientApi::Messages),
            ("/model/messages/converse", ClientApi::Bedrock, ClientApi::Bedrock),
            ("/model/v1/responses", ClientApi::Bedrock, ClientApi::Bedrock),
            ("/inference-profiles/v1/messages", ClientApi::Bedrock, ClientApi::Bedrock),
            ("/", ClientApi::Bedrock, ClientApi::Messages),
        ] {
            let found = (GatewayRoute::api(path, &Headers::new()), GatewayRoute::api(path, &version));
            assert_eq!(found, (plain, versioned), "{path}");
        }
    }
}
