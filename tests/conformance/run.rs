//! Runs a scenario with this crate, as a program would, over a transport with the recorded answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_chat::{
    AiMessage, BoxFuture, Error, ErrorKind, Headers, HttpRequest, HttpResponse, Result, Runtime, Transport,
};
use bytes::Bytes;
use serde_json::Value;

use super::case::{Operation, Response, Scenario};
use super::convert;

/// A transport that returns the recorded answers one after the other, cut into pieces. All later requests get the
/// last answer too.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    earlier: Arc<[Response]>,
    answer: Arc<Response>,
    piece: usize,
    sent: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Recorded {
    fn new(scenario: &Scenario, piece: usize) -> Self {
        // There is no recorded answer if no client sent anything.
        let none = || Response { status: 500, headers: Default::default(), body: b"{}".to_vec() };
        let answer = Arc::new(scenario.response.clone().unwrap_or_else(none));
        Self { earlier: scenario.earlier.clone().into(), answer, piece, sent: Arc::default() }
    }
}

impl Transport for Recorded {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let mut sent = self.sent.lock().unwrap();
        let answer = self.earlier.get(sent.len()).unwrap_or(&self.answer);
        sent.push(request);
        if answer.status == 0 {
            return Box::pin(std::future::ready(Err(Error::new(ErrorKind::Connect, "the connection was refused"))));
        }
        let mut headers = Headers::new();
        for (name, value) in &answer.headers {
            headers.push(name, value.as_str());
        }
        let pieces: Vec<_> = answer.body.chunks(self.piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = Box::pin(Pieces(pieces.into_iter()));
        Box::pin(std::future::ready(Ok(HttpResponse::new(answer.status, headers, body))))
    }
}

struct Pieces(std::vec::IntoIter<Result<Bytes>>);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

/// A runtime at the time of the recordings, whose sleep returns at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Immediately;

impl Runtime for Immediately {
    fn now(&self) -> Duration {
        // 2025-06-15T12:34:56Z.
        Duration::from_secs(1_749_990_896)
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    /// Every request that was sent, one for each attempt.
    pub(crate) sent: Vec<HttpRequest>,
    pub(crate) outcome: Outcome,
}

/// The message, the number of tokens, or the error with the partial message.
#[derive(Debug)]
pub(crate) enum Outcome {
    Message(Box<AiMessage>),
    Count(u64),
    Failed(Error),
}

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Streamed or not, as in the scenario.
    AsRecorded,
    /// Not streamed: some clients called the operation without a stream in a streaming scenario.
    NotStreamed,
}

/// Runs a scenario. The answer is received in pieces of this many bytes.
pub(crate) fn run(scenario: &Scenario, mode: Mode, piece: usize) -> Run {
    let transport = Recorded::new(scenario, piece);
    let sent = Arc::clone(&transport.sent);
    let outcome = futures_executor::block_on(async {
        match scenario.operation {
            Operation::CountTokens => count(scenario, transport).await.map(Outcome::Count),
            _ => call(scenario, mode, transport).await.map(|message| Outcome::Message(Box::new(message))),
        }
    });
    let sent = std::mem::take(&mut *sent.lock().unwrap());
    Run { sent, outcome: outcome.unwrap_or_else(Outcome::Failed) }
}

async fn count(scenario: &Scenario, transport: Recorded) -> Result<u64> {
    convert::chat(scenario, transport)?.count_tokens(convert::messages(scenario)?).await
}

async fn call(scenario: &Scenario, mode: Mode, transport: Recorded) -> Result<AiMessage> {
    let chat = convert::chat(scenario, transport)?;
    let gathers = scenario.option("streaming").is_some();
    let not_streamed = mode == Mode::NotStreamed || gathers || !scenario.operation.is_stream();
    let mut stream = match (scenario.option("prompt").and_then(Value::as_str), not_streamed) {
        (Some(prompt), true) => return chat.complete(prompt).await,
        (Some(prompt), false) => chat.complete_stream(prompt).await?,
        (None, true) => return chat.invoke(convert::messages(scenario)?).await,
        (None, false) => chat.stream(convert::messages(scenario)?).await?,
    };
    while let Some(event) = stream.next().await {
        event?;
    }
    Ok(stream.so_far())
}
