//! Frames that a fault puts into a stream, in the stream's framing.

use serde_json::{Value, json};

use crate::faults::InsertedFrame;
use crate::frames;
use crate::json::{self, put};
use crate::sse::Dialect;

/// How a stream is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    EventStream,
    Sse(Dialect),
}

impl Framing {
    /// The bytes of an inserted frame. `first` is the first frame of the stream.
    pub(crate) fn inserted(self, frame: &InsertedFrame, position: usize, first: &[u8]) -> Vec<u8> {
        match self {
            Self::EventStream => in_frames(frame, position),
            Self::Sse(dialect) => in_events(frame, position, first, dialect),
        }
    }
}

fn in_frames(frame: &InsertedFrame, position: usize) -> Vec<u8> {
    match frame {
        InsertedFrame::Exception { exception_type, message, .. } => frames::exception(exception_type, message),
        InsertedFrame::Error { code, message, .. } | InsertedFrame::Failed { code, message, .. } => {
            frames::error(code, message)
        }
        InsertedFrame::Event { event_type, payload, .. } => frames::event(event_type, json::text(payload).as_bytes()),
        InsertedFrame::Chunk { json, .. } => frames::chunk(position, json),
        InsertedFrame::Text { text, .. } => text.clone().into_bytes(),
    }
}

fn in_events(frame: &InsertedFrame, position: usize, first: &[u8], dialect: Dialect) -> Vec<u8> {
    match frame {
        InsertedFrame::Exception { exception_type: code, message, .. } | InsertedFrame::Error { code, message, .. } => {
            dialect.error(position, code, message)
        }
        InsertedFrame::Failed { code, message, .. } => {
            let mut response = response(first);
            put(&mut response, "status", "failed");
            put(&mut response, "error", json!({"code": code, "message": message}));
            dialect.event(&json!({"type": "response.failed", "sequence_number": position, "response": response}))
        }
        InsertedFrame::Event { event_type, payload, .. } => {
            let mut payload = payload.clone();
            if payload.get("type").is_none() {
                put(&mut payload, "type", event_type.as_str());
            }
            dialect.event(&payload)
        }
        InsertedFrame::Chunk { json, .. } => dialect.event(json),
        InsertedFrame::Text { text, .. } => text.clone().into_bytes(),
    }
}

/// The response inside an event.
fn response(event: &[u8]) -> Value {
    let text = String::from_utf8_lossy(event);
    let data = text.lines().find_map(|line| line.strip_prefix("data: "));
    let data: Option<Value> = data.and_then(|data| serde_json::from_str(data).ok());
    data.and_then(|data| data.get("response").cloned()).unwrap_or_else(|| json!({"object": "response"}))
}
