//! Sends a reply piece by piece, with the faults applied.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::json;
use tokio::time::Sleep;

use crate::faults::{Fault, InsertedFrame};
use crate::framing::Framing;
use crate::json;
use crate::recorded::{Outcome, Tracker};
use crate::sse::Dialect;

/// A reply of the model or an error, before faults.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
}

/// A reply's body.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Whole(Vec<u8>),
    /// Frames of an AWS event stream.
    Frames(Vec<Vec<u8>>),
    /// Server-sent events.
    Events(Vec<Vec<u8>>, Dialect),
}

impl Reply {
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            content: Content::Whole(json::text(value).into_bytes()),
        }
    }

    pub(crate) fn stream(frames: Vec<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".into(), "application/vnd.amazon.eventstream".into())],
            content: Content::Frames(frames),
        }
    }

    pub(crate) fn events(events: Vec<Vec<u8>>, dialect: Dialect) -> Self {
        Self {
            status: 200,
            headers: vec![
                ("content-type".into(), "text/event-stream".into()),
                ("cache-control".into(), "no-cache".into()),
            ],
            content: Content::Events(events, dialect),
        }
    }

    pub(crate) fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.to_owned(), value.into()));
    }
}

/// The end of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Clean,
    Cut,
    Silence,
}

/// The pieces of a body and how it ends.
#[derive(Debug)]
pub(crate) struct Plan {
    pieces: Vec<Vec<u8>>,
    delay: Duration,
    end: End,
    whole: bool,
}

/// Returns the reply that a fault sets instead of the model's.
pub(crate) fn replacement(fault: &Fault) -> Option<Reply> {
    let custom_body = fault
        .body_base64
        .as_ref()
        .map(|text| base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default())
        .or_else(|| fault.body.clone().map(String::into_bytes));
    if fault.status.is_none() && fault.error_type.is_none() && custom_body.is_none() {
        return None;
    }
    let default_status = if fault.error_type.is_some() { 400 } else { 200 };
    let status = fault.status.unwrap_or(default_status);
    if let (Some(shape), None) = (fault.shape, &custom_body) {
        let message = fault.message.as_deref().unwrap_or_default();
        let body = shape.body(status, fault.error_type.as_deref(), message);
        return Some(Reply { status, ..Reply::json(&body) });
    }
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(error_type) = &fault.error_type {
        headers.push(("x-amzn-errortype".into(), error_type.clone()));
    }
    let body = custom_body.unwrap_or_else(|| match &fault.message {
        Some(message) => json::text(&json!({ "message": message })).into_bytes(),
        None => b"{}".to_vec(),
    });
    Some(Reply { status, headers, content: Content::Whole(body) })
}

impl Plan {
    pub(crate) fn new(content: Content, fault: Option<&Fault>, frame_delay: Duration) -> Self {
        let (mut pieces, framing) = match content {
            Content::Whole(body) => (vec![body], None),
            Content::Frames(frames) => (frames, Some(Framing::EventStream)),
            Content::Events(events, dialect) => (events, Some(Framing::Sse(dialect))),
        };
        let whole = framing.is_none();
        let mut plan = Self {
            pieces: Vec::new(),
            delay: if whole { Duration::ZERO } else { frame_delay },
            end: End::Clean,
            whole,
        };
        if let Some(fault) = fault {
            if let Some(framing) = framing {
                pieces = with_inserted(pieces, &fault.insert, framing);
            }
            if let Some(number) = fault.truncate_frame {
                pieces.truncate(number.saturating_add(1));
                if let Some(frame) = pieces.get_mut(number) {
                    frame.truncate(frame.len() / 2);
                }
            }
            if let Some(count) = fault.end_after_frames {
                pieces.truncate(count);
            }
            if let Some(position) = fault.flip_bit {
                let mut position = position;
                for piece in &mut pieces {
                    if let Some(byte) = piece.get_mut(position) {
                        *byte ^= 1;
                        break;
                    }
                    position -= piece.len();
                }
            }
            if let Some(count) = fault.cut_after_bytes {
                pieces = first_bytes(pieces, count);
                plan.end = End::Cut;
            }
            if let Some(size) = fault.chunk_size {
                let body = pieces.concat();
                pieces = body.chunks(size.max(1)).map(<[u8]>::to_vec).collect();
                plan.whole = false;
            }
            if let Some(count) = fault.cut_after_frames {
                pieces.truncate(count);
                plan.end = End::Cut;
            }
            if let Some(count) = fault.hang_after_frames {
                pieces.truncate(count);
                plan.end = End::Silence;
            }
            if let Some(millis) = fault.drip_ms {
                plan.delay = Duration::from_millis(millis);
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        plan.pieces = pieces;
        plan
    }

    pub(crate) fn into_body(self, tracker: Tracker) -> ReplyBody {
        let exact = self.whole.then(|| self.pieces.iter().map(Vec::len).sum::<usize>());
        ReplyBody {
            // A cut reply announces its full length, so that the client can detect the cut.
            exact: exact.filter(|_| self.end == End::Clean).and_then(|n| u64::try_from(n).ok()),
            pieces: self.pieces.into_iter(),
            delay: self.delay,
            end: self.end,
            waiting: None,
            flushing: false,
            tracker,
        }
    }
}

fn with_inserted(frames: Vec<Vec<u8>>, inserted: &[InsertedFrame], framing: Framing) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    let last = frames.len();
    let mut frames = frames.into_iter();
    for position in 0..=last {
        for extra in inserted.iter().filter(|f| f.at() == position || (position == last && f.at() > last)) {
            let first = out.first().cloned().unwrap_or_default();
            out.push(framing.inserted(extra, position, &first));
            if extra.ends_the_stream() {
                return out;
            }
        }
        out.extend(frames.next());
    }
    out
}

fn first_bytes(pieces: Vec<Vec<u8>>, mut count: usize) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for mut piece in pieces {
        piece.truncate(count);
        count -= piece.len();
        out.push(piece);
        if count == 0 {
            break;
        }
    }
    out
}

/// The body that hyper sends.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    pieces: std::vec::IntoIter<Vec<u8>>,
    delay: Duration,
    end: End,
    exact: Option<u64>,
    waiting: Option<Pin<Box<Sleep>>>,
    flushing: bool,
    tracker: Tracker,
}

/// An error that breaks the connection at this place.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is broken on purpose")
    }
}

impl std::error::Error for Broken {}

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(sleep) = &mut self.waiting {
            std::task::ready!(sleep.as_mut().poll(context));
            self.waiting = None;
        } else if !self.delay.is_zero() && self.pieces.len() > 0 {
            let mut sleep = Box::pin(tokio::time::sleep(self.delay));
            if sleep.as_mut().poll(context).is_pending() {
                self.waiting = Some(sleep);
                return Poll::Pending;
            }
        }
        if let Some(piece) = self.pieces.next() {
            self.tracker.piece_sent();
            if self.pieces.len() == 0 && self.end == End::Clean {
                // hyper does not poll again once a body of known length is complete.
                self.tracker.end(Outcome::Complete);
            }
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece)))));
        }
        match self.end {
            End::Clean => {
                self.tracker.end(Outcome::Complete);
                Poll::Ready(None)
            }
            End::Silence => Poll::Pending,
            End::Cut if self.flushing => {
                self.tracker.end(Outcome::CutByFault);
                Poll::Ready(Some(Err(Broken)))
            }
            End::Cut => {
                // An error drops data that hyper has not written yet, so there is a short pause before it.
                self.flushing = true;
                self.waiting = Some(Box::pin(tokio::time::sleep(Duration::from_millis(10))));
                self.poll_frame(context)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.end == End::Clean && self.pieces.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
