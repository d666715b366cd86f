//! A reply in pieces, with the faults applied.

use std::time::Duration;

use base64::Engine as _;
use serde_json::json;

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

/// The end of a body, after its last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The body is complete.
    Clean,
    /// The connection breaks.
    Cut,
    /// Nothing: the connection stays open until the client gives up.
    Silence,
}

/// A reply that is being sent: its head, and its body piece by piece. Dropping it before its end records that the
/// client left.
#[derive(Debug)]
pub struct Delivery {
    status: u16,
    headers: Vec<(String, String)>,
    pieces: std::vec::IntoIter<Vec<u8>>,
    delay: Duration,
    end: End,
    length: Option<u64>,
    tracker: Tracker,
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
}

impl Delivery {
    pub(crate) fn new(mut reply: Reply, fault: Option<&Fault>, frame_delay: Duration, tracker: Tracker) -> Self {
        if let Some(fault) = fault {
            for (name, value) in &fault.headers {
                reply.set_header(name, value.clone());
            }
            reply.headers.retain(|(name, value)| !(value.is_empty() && fault.headers.contains_key(name)));
        }
        // Any page in a browser may read the reply.
        reply.set_header("access-control-allow-origin", "*");
        reply.set_header("access-control-expose-headers", "*");
        tracker.status(reply.status);
        let Plan { pieces, delay, end, whole } = Plan::new(reply.content, fault, frame_delay);
        // A cut reply does not announce its length.
        let length = (whole && end == End::Clean).then(|| pieces.iter().map(Vec::len).sum::<usize>());
        Self {
            status: reply.status,
            headers: reply.headers,
            length: length.and_then(|length| u64::try_from(length).ok()),
            pieces: pieces.into_iter(),
            delay,
            end,
            tracker,
        }
    }

    /// Returns the status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the headers. `content-length` and `transfer-encoding` are not among them.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns the length to announce in `content-length`. `None` for a stream.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Returns how long to wait before each piece.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// Returns how many pieces are left.
    pub fn pieces_left(&self) -> usize {
        self.pieces.len()
    }

    /// Returns the next piece of the body and records that it was sent. After the last one, call [`end`](Self::end).
    pub fn next_piece(&mut self) -> Option<Vec<u8>> {
        let piece = self.pieces.next()?;
        self.tracker.piece_sent();
        if self.pieces.len() == 0 && self.end == End::Clean {
            // A server does not ask again once a body of known length is complete.
            self.tracker.end(Outcome::Complete);
        }
        Some(piece)
    }

    /// Returns what to do after the last piece.
    pub fn end(&self) -> End {
        self.end
    }

    /// Records that the end was carried out. It does nothing for [`End::Silence`], which only the client ends.
    pub fn ended(&mut self) {
        match self.end {
            End::Clean => self.tracker.end(Outcome::Complete),
            End::Cut => self.tracker.end(Outcome::CutByFault),
            End::Silence => {}
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
