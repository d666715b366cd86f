//! The body of a streamed answer: written piece by piece, with signs of life in silences, and recorded at its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use super::body;
use super::dialect::{Dialect, EventWriter, Relay};
use super::failure::Failure;
use super::record::Recorder;
use super::tally::Used;
use crate::client::{Body, ChatStream};
use crate::error::{Error, Result};
use crate::event::ChatEvent;
use crate::headers::Headers;
use crate::message::Usage;
use crate::observe::Runs;
use crate::platform::{BoxFuture, Runtime};
use crate::transport::HttpResponse;

/// The silence after which a sign of life is sent. Load balancers close silent connections, most of them after 60
/// seconds.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How many bytes are collected before they are sent, if they have arrived together.
const PIECE: usize = 16 * 1024;

/// The origin of an answer.
pub(super) enum Source {
    /// The call has not begun to answer.
    Opening(BoxFuture<'static, Result<Opened, Failure>>),
    /// Events of a model, which are written in the client's API.
    Events {
        stream: ChatStream,
        writer: Box<dyn EventWriter>,
        /// The text of an event. Its memory is reused.
        text: String,
        usage: Usage,
        /// The length of the text since the service reported usage.
        bytes: usize,
    },
    /// The service's own bytes.
    Bytes { body: Body, relay: Box<dyn Relay> },
    /// Nothing more to read, with the tokens that are known.
    Known(Used),
}

/// A call that has begun to answer.
pub(super) struct Opened {
    pub(super) source: Source,
    /// The bytes that were already written.
    pub(super) first: Vec<u8>,
    pub(super) removed: Vec<String>,
    pub(super) model_id: String,
    pub(super) request_id: Option<String>,
    /// The observer of the rate limiter for a call that passes on, if there is one.
    pub(super) runs: Runs,
}

impl Opened {
    /// Returns a call that has not begun to answer.
    pub(super) fn later(opening: BoxFuture<'static, Result<Self, Failure>>) -> Self {
        Self {
            source: Source::Opening(opening),
            first: Vec::new(),
            removed: Vec::new(),
            model_id: String::new(),
            request_id: None,
            runs: Runs::default(),
        }
    }
}

impl Source {
    /// Writes what has arrived next. Returns whether there may be more.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Result<bool>> {
        match self {
            Self::Opening(_) => Poll::Pending,
            Self::Known(_) => Poll::Ready(Ok(false)),
            Self::Events { stream, writer, text, usage, bytes } => {
                text.clear();
                let more = match Pin::new(stream).poll_next(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(Some(Ok(event))) => {
                        match &event {
                            ChatEvent::Usage { usage: more } => {
                                *usage += *more;
                                if more.output_tokens > 0 {
                                    *bytes = 0;
                                }
                            }
                            ChatEvent::Text { text, .. } | ChatEvent::Thinking { text, .. } => *bytes += text.len(),
                            ChatEvent::ToolCallDelta { args, .. } => *bytes += args.len(),
                            _ => {}
                        }
                        writer.event(event, text);
                        true
                    }
                    Poll::Ready(None) => {
                        writer.end(text);
                        false
                    }
                };
                out.extend_from_slice(text.as_bytes());
                Poll::Ready(Ok(more))
            }
            Self::Bytes { body, relay } => Poll::Ready(match body.poll_piece(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(piece)) => piece.and_then(|piece| relay.push(&piece, out)).map(|()| true),
                Poll::Ready(None) => relay.finish(out).map(|()| false),
            }),
        }
    }

    /// Returns the tokens so far. Most are reported at the end only, and are estimated before it.
    pub(super) fn used(&self) -> Used {
        match self {
            Self::Opening(_) => Used::default(),
            Self::Known(used) => *used,
            Self::Events { usage, bytes, .. } => Used::with_estimate(*usage, *bytes),
            Self::Bytes { relay, .. } => relay.used(),
        }
    }
}

/// Returns a response of JSON.
pub(super) fn whole(status: u16, mut headers: Headers, text: Vec<u8>) -> HttpResponse {
    headers.push("content-type", "application/json");
    headers.push("content-length", text.len().to_string());
    HttpResponse::new(status, headers, body(text))
}

/// The body of a streamed answer.
pub(super) struct Answer {
    source: Source,
    /// Written, but not yet sent.
    out: Vec<u8>,
    /// The client's API, unless the bytes are the service's own, which have no place for other events.
    dialect: Option<&'static dyn Dialect>,
    recorder: Recorder,
    runtime: Arc<dyn Runtime>,
    timer: Option<BoxFuture<'static, ()>>,
    /// Whether anything was sent since the timer was set.
    heard: bool,
    done: bool,
}

impl Answer {
    pub(super) fn new(
        source: Source,
        first: Vec<u8>,
        dialect: Option<&'static dyn Dialect>,
        recorder: Recorder,
        runtime: Arc<dyn Runtime>,
    ) -> Self {
        Self { source, out: first, dialect, recorder, runtime, timer: None, heard: false, done: false }
    }

    /// Writes until nothing more has arrived, or a piece is full.
    fn fill(&mut self, context: &mut Context<'_>) {
        while !self.done && self.out.len() < PIECE {
            if let Source::Opening(opening) = &mut self.source {
                match opening.as_mut().poll(context) {
                    Poll::Pending => return,
                    Poll::Ready(Err(failure)) => self.fail(&failure),
                    Poll::Ready(Ok(opened)) => {
                        self.recorder.remove(&opened.removed);
                        self.recorder.runs = opened.runs;
                        (self.recorder.call.model_id, self.recorder.call.request_id) =
                            (opened.model_id, opened.request_id);
                        self.out.extend_from_slice(&opened.first);
                        self.source = opened.source;
                    }
                }
                continue;
            }
            match self.source.poll(context, &mut self.out) {
                Poll::Pending => return,
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => self.end(),
                Poll::Ready(Err(error)) => self.broken(error),
            }
        }
    }

    fn end(&mut self) {
        self.done = true;
        self.recorder.end(self.source.used(), None);
    }

    fn broken(&mut self, error: Error) {
        self.fail(&Failure::of_stream(&error));
    }

    fn fail(&mut self, failure: &Failure) {
        self.done = true;
        self.recorder.blame(failure);
        if let Some(dialect) = self.dialect {
            self.out.extend_from_slice(dialect.problem_event(failure).as_bytes());
        }
        self.recorder.end(self.source.used(), Some(failure.text_for_operator().to_owned()));
    }

    /// Writes a sign of life, if the silence lasts.
    fn poll_silence(&mut self, context: &mut Context<'_>) {
        let Some(dialect) = self.dialect else { return };
        loop {
            let runtime = &self.runtime;
            let heard = &mut self.heard;
            let timer = self.timer.get_or_insert_with(|| {
                *heard = false;
                runtime.sleep(KEEP_ALIVE)
            });
            match timer.as_mut().poll(context) {
                Poll::Pending => return,
                Poll::Ready(()) => {
                    self.timer = None;
                    if !self.heard {
                        return self.out.extend_from_slice(dialect.keep_alive().as_bytes());
                    }
                }
            }
        }
    }
}

impl Stream for Answer {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        self.fill(context);
        if self.out.is_empty() && !self.done {
            self.poll_silence(context);
        }
        match (self.out.is_empty(), self.done) {
            (false, _) => {
                self.heard = true;
                Poll::Ready(Some(Ok(Bytes::from(std::mem::take(&mut self.out)))))
            }
            (true, true) => Poll::Ready(None),
            (true, false) => Poll::Pending,
        }
    }
}

impl Drop for Answer {
    /// A client that leaves ends the call.
    fn drop(&mut self) {
        if !self.done {
            let used = self.source.used();
            self.recorder.end(used, Some("the client left before the end of the answer".to_owned()));
        }
    }
}
