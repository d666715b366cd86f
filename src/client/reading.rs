//! The body of a stream: bytes to frames or server-sent events, and those to the events of a chat.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::body::Body;
use crate::api::Framing;
use crate::error::{ErrorKind, Result, from_exception};
use crate::event::Events;
use crate::eventstream::{Frame, FrameDecoder};
use crate::json::Writer;
use crate::provider::StreamDecoder;
use crate::sse::SseDecoder;

/// A body that is being read.
pub(super) struct Reading {
    body: Body,
    frames: Frames,
    decoder: Box<dyn StreamDecoder>,
}

enum Frames {
    EventStream(FrameDecoder),
    Sse(Box<SseDecoder>),
}

impl Reading {
    pub(super) fn new(body: Body, framing: Framing, decoder: Box<dyn StreamDecoder>) -> Self {
        let frames = match framing {
            Framing::EventStream => Frames::EventStream(FrameDecoder::new()),
            Framing::Sse => Frames::Sse(Box::default()),
        };
        Self { body, frames, decoder }
    }

    /// Returns the next piece of the body, or an error if none arrived in time.
    pub(super) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        self.body.poll_piece(context)
    }

    /// Decodes one piece of the body, or its end. Returns `true` at the end of a complete message.
    pub(super) fn take(&mut self, piece: Option<Result<Bytes>>, out: &mut Events) -> Result<bool> {
        match piece {
            None => self.finish(out).map(|()| true),
            Some(Ok(piece)) => self.push(&piece, out).map(|()| false),
            // The message was complete before the connection broke, so nothing is lost.
            Some(Err(error)) => self.finish(out).map(|()| true).map_err(|_| error),
        }
    }

    /// Adds the events that are left after an error. Whether the message was complete does not matter anymore.
    pub(super) fn give_up(&mut self, out: &mut Events) {
        let _ = self.decoder.finish(out);
    }

    fn push(&mut self, piece: &[u8], out: &mut Events) -> Result<()> {
        match &mut self.frames {
            Frames::EventStream(frames) => {
                frames.push(piece);
                while let Some(frame) = frames.next_frame()? {
                    take_frame(&frame, &mut *self.decoder, out)?;
                }
            }
            Frames::Sse(events) => {
                events.push(piece);
                while let Some(event) = events.next_event()? {
                    self.decoder.event(&event, out)?;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Events) -> Result<()> {
        match &mut self.frames {
            Frames::EventStream(frames) => frames.finish()?,
            // The last event may lack its blank line. An event that was cut is not JSON, so the stream was cut.
            Frames::Sse(events) => {
                if let Some(event) = events.finish()?
                    && let Err(error) = self.decoder.event(&event, out)
                    && error.kind() != ErrorKind::Decode
                {
                    return Err(error);
                }
            }
        }
        self.decoder.finish(out)
    }
}

fn take_frame(frame: &Frame<'_>, decoder: &mut dyn StreamDecoder, out: &mut Events) -> Result<()> {
    check_frame(frame)?;
    decoder.frame(frame, out)
}

/// Checks that a frame is not an exception or an error message.
///
/// # Errors
/// The service's error, if the frame reports one.
pub(crate) fn check_frame(frame: &Frame<'_>) -> Result<()> {
    match frame.message_type() {
        Some("exception") => Err(from_exception(frame.exception_type().unwrap_or("UnknownException"), frame.payload())),
        Some("error") => {
            let mut w = Writer::new();
            w.begin_object();
            w.opt_field("message", frame.error_message());
            w.end_object();
            Err(from_exception(frame.error_code().unwrap_or("UnknownError"), w.finish().as_bytes()))
        }
        _ => Ok(()),
    }
}
