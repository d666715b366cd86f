//! Operations on runs as HTTP requests. They are sent until LangSmith accepts them or retries are used up.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use super::id::uuid;
use super::run::Post;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::json::View;
use crate::method::Method;
use crate::platform::Runtime;
use crate::retry::{RetryPolicy, asked_delay};
use crate::transport::{ByteStream, HttpRequest, HttpResponse, Transport};

/// Maximum number of bytes of one request: LangSmith refuses 20 MiB and more.
const MAX_BYTES: usize = 18 * 1024 * 1024;
/// The time limit of an attempt.
const PATIENCE: Duration = Duration::from_secs(30);
/// The maximum number of bytes that are read of a response: enough for an error message.
const MAX_ANSWER_BYTES: usize = 4096;

/// The connection settings for LangSmith.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) endpoint: String,
    pub(super) api_key: Option<Key>,
    pub(super) workspace: Option<String>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) retry: RetryPolicy,
    /// Whether the server has reported that it does not support multipart.
    pub(super) plain: AtomicBool,
}

/// A key that is never printed.
pub(super) struct Key(pub(super) zeroize::Zeroizing<String>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

impl Sender {
    /// Sends operations in as few requests as their size allows. Returns the positions of operations that
    /// failed, each with the reason.
    pub(super) async fn send(&self, posts: &[Post]) -> Vec<(usize, Arc<Error>)> {
        let mut failed = Vec::new();
        let mut from = 0;
        while from < posts.len() {
            let mut bytes = 0;
            let fits = posts.iter().skip(from).take_while(|post| {
                bytes += post.len();
                bytes <= MAX_BYTES
            });
            let to = from + fits.count().max(1);
            let group = posts.get(from..to).unwrap_or_default();
            match self.deliver(group).await {
                Ok(()) => {}
                // An operation that LangSmith cannot read must not affect the others, so each is sent alone.
                Err(error) if error.kind() == ErrorKind::Validation && group.len() > 1 => {
                    for (at, post) in (from..).zip(group) {
                        if let Err(error) = self.deliver(std::slice::from_ref(post)).await {
                            failed.push((at, Arc::new(error)));
                        }
                    }
                }
                Err(error) => {
                    let error = Arc::new(error);
                    failed.extend((from..to).map(|at| (at, Arc::clone(&error))));
                }
            }
            from = to;
        }
        failed
    }

    async fn deliver(&self, posts: &[Post]) -> Result<()> {
        if !self.plain.load(Ordering::Relaxed) {
            let boundary = format!("bedrock-chat-{}", uuid(self.runtime.now(), || self.runtime.random()));
            let body = multipart(posts, &boundary);
            let answer = self.attempts("/runs/multipart", format!("multipart/form-data; boundary={boundary}"), body);
            match answer.await {
                Err(error) if error.kind() == ErrorKind::NotFound => self.plain.store(true, Ordering::Relaxed),
                answer => return answer,
            }
        }
        self.attempts("/runs/batch", "application/json".to_owned(), batch(posts)).await
    }

    async fn attempts(&self, path: &str, content_type: String, body: Bytes) -> Result<()> {
        let mut headers = Headers::new();
        headers.push("content-type", content_type);
        headers.push("accept", "application/json");
        if let Some(Key(key)) = &self.api_key {
            headers.push("x-api-key", key.as_str());
        }
        if let Some(workspace) = &self.workspace {
            headers.push("x-tenant-id", workspace);
        }
        let url = format!("{}{path}", self.endpoint);
        let mut attempt = 1;
        loop {
            let request =
                HttpRequest { method: Method::Post, url: url.clone(), headers: headers.clone(), body: body.clone() };
            let (error, asked) = match self.patiently(self.attempt(request)).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let Some(delay) = self.retry.delay(attempt, &error, self.runtime.random()) else { return Err(error) };
            self.runtime.sleep(asked.unwrap_or(delay).min(PATIENCE)).await;
            attempt += 1;
        }
    }

    /// Sends a request once. The error includes the delay that the server asks for.
    async fn attempt(&self, request: HttpRequest) -> Result<(), (Error, Option<Duration>)> {
        let HttpResponse { status, headers, body } =
            self.transport.send(request).await.map_err(|error| (error, None))?;
        // The body is always read, so that the connection can be reused.
        let answer = collect(body).await;
        // The runs exist already, so the post is done.
        if (200..300).contains(&status) || status == 409 {
            return Ok(());
        }
        let asked = asked_delay(&headers, self.runtime.now().as_secs()).map(|asked| asked.delay);
        Err((self.refused(status, &answer), asked))
    }

    fn refused(&self, status: u16, answer: &[u8]) -> Error {
        let (kind, advice) = match status {
            401 | 403 => (ErrorKind::AccessDenied, ": check the API key, and that the endpoint is that of its region"),
            404 => (ErrorKind::NotFound, ": check the endpoint"),
            408 | 504 => (ErrorKind::Timeout, ""),
            429 => (ErrorKind::Throttled, ""),
            500.. => (ErrorKind::Service, ""),
            _ => (ErrorKind::Validation, ""),
        };
        let said = match View::from_bytes(answer) {
            Ok(view) => {
                ["detail", "message", "error"].iter().find_map(|key| view.get(key)).unwrap_or(view).raw().to_owned()
            }
            Err(_) => String::from_utf8_lossy(answer).into_owned(),
        };
        let said: String = said.chars().take(500).collect();
        let error = Error::new(kind, format!("LangSmith answered HTTP {status}{advice}: {said}"))
            .with_retryable(matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504));
        match &self.api_key {
            Some(Key(key)) => error.concealing(&[key.as_str()]),
            None => error,
        }
    }

    /// Runs work under a time limit.
    async fn patiently<T>(
        &self,
        work: impl Future<Output = Result<T, (Error, Option<Duration>)>>,
    ) -> Result<T, (Error, Option<Duration>)> {
        let mut work = std::pin::pin!(work);
        let mut timer = self.runtime.sleep(PATIENCE);
        poll_fn(|context| {
            if let Poll::Ready(answer) = work.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            timer.as_mut().poll(context).map(|()| {
                let message = format!("LangSmith did not answer within {} seconds", PATIENCE.as_secs());
                Err((Error::new(ErrorKind::Timeout, message).with_retryable(true), None))
            })
        })
        .await
    }
}

async fn collect(mut body: ByteStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(Ok(piece)) = poll_fn(|context| body.as_mut().poll_next(context)).await {
        all.extend_from_slice(&piece);
        if all.len() > MAX_ANSWER_BYTES {
            break;
        }
    }
    all.truncate(MAX_ANSWER_BYTES);
    all
}

/// Returns the body `{"post": […], "patch": […]}`.
fn batch(posts: &[Post]) -> Bytes {
    let mut body = String::from("{");
    for operation in ["post", "patch"] {
        let some: Vec<String> = posts.iter().filter(|post| post.operation == operation).map(Post::whole).collect();
        body.push_str(if operation == "post" { "\"post\":[" } else { ",\"patch\":[" });
        body.push_str(&some.join(","));
        body.push(']');
    }
    body.push('}');
    body.into()
}

/// Returns a form with a part for each run and for each of its large members.
fn multipart(posts: &[Post], boundary: &str) -> Bytes {
    let mut body = String::with_capacity(posts.iter().map(|post| post.len() + 1024).sum());
    for Post { operation, id, run, parts } in posts {
        let name = format!("{operation}.{id}");
        let whole = std::iter::once((name.clone(), run.as_str()));
        for (name, part) in whole.chain(parts.iter().map(|(member, part)| (format!("{name}.{member}"), part.as_str())))
        {
            body.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\
                 Content-Type: application/json; length={}\r\n\r\n{part}\r\n",
                part.len()
            ));
        }
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    body.into()
}
