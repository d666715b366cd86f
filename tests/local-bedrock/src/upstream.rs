//! Another server that answers instead of the echo model: any server with OpenAI's Chat Completions API, over plain
//! HTTP.

use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use crate::problem::Problem;

/// The address of the server, its model and its key.
#[derive(Clone)]
pub(crate) struct Upstream {
    /// `http://host:port/v1`, without a slash at the end.
    pub(crate) url: String,
    /// The model to request; by default the id of the request.
    pub(crate) model: Option<String>,
    pub(crate) api_key: Option<String>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Upstream {
    /// Sends a request and waits for the reply. It must be called outside of the runtime's own threads.
    pub(crate) fn ask(&self, request: &Value) -> Result<Value, Problem> {
        let (status, body) = Handle::current()
            .block_on(self.exchange(request))
            .map_err(|failure| unavailable(&format!("the upstream server did not answer: {failure}")))?;
        let text = || String::from_utf8_lossy(&body).into_owned();
        let reply: Result<Value, _> = serde_json::from_slice(&body);
        if (200..300).contains(&status) {
            return reply.map_err(|_| unavailable(&format!("the upstream server's reply is not JSON: {}", text())));
        }
        let message = reply.ok().and_then(|reply| {
            let message = reply.pointer("/error/message").or(reply.pointer("/error")).or(reply.pointer("/message"));
            message.and_then(Value::as_str).map(str::to_owned)
        });
        let message = message.unwrap_or_else(text);
        Err(match status {
            429 => Problem::new(429, "ThrottlingException", message),
            404 => Problem::not_found(message),
            400..500 => Problem::validation(message),
            _ => Problem::new(500, "InternalServerException", message),
        })
    }

    async fn exchange(&self, request: &Value) -> Result<(u16, Vec<u8>), Failure> {
        let uri: Uri = format!("{}/chat/completions", self.url).parse()?;
        if uri.scheme_str() != Some("http") {
            return Err("its URL must begin with http://".into());
        }
        let host = uri.host().ok_or("its URL has no host")?;
        let port = uri.port_u16().unwrap_or(80);
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let path = uri.path();
        let mut builder =
            Request::post(path).header(HOST, format!("{host}:{port}")).header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.api_key {
            builder = builder.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let sent = builder.body(Full::new(bytes::Bytes::from(request.to_string())))?;
        let reply = async {
            let reply = sender.send_request(sent).await?;
            let status = reply.status().as_u16();
            let body = reply.into_body().collect().await?.to_bytes().to_vec();
            drop(sender);
            Ok::<_, Failure>((status, body))
        };
        let (reply, _) = tokio::join!(reply, connection);
        reply
    }
}

fn unavailable(message: &str) -> Problem {
    Problem::new(503, "ServiceUnavailableException", message)
}

/// The key is not shown.
impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("url", &self.url).field("model", &self.model).finish_non_exhaustive()
    }
}
