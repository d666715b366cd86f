//! Answers of InvokeModel, which pass to the client byte for byte.

use crate::client::check_frame;
use crate::error::{Error, ErrorKind, Result, from_reported};
use crate::eventstream::{Frame, FrameDecoder};
use crate::gateway::dialect::Relay;
use crate::gateway::tally::{Tally, Used};
use crate::json::View;
use crate::provider::anthropic::add_counts;
use crate::provider::body::object;
use crate::provider::invoke::{Counts, check_end, read_chunk};

/// A stream: each chunk of an AWS event stream is one of Anthropic's events, and becomes a server-sent event.
#[derive(Default)]
pub(super) struct StreamRelay {
    frames: FrameDecoder,
    /// The bytes of the current chunk. Its memory is reused.
    chunk: Vec<u8>,
    tally: Tally,
    /// Whether the last event has arrived.
    complete: bool,
}

impl Relay for StreamRelay {
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let Self { frames, chunk, tally, complete } = self;
        frames.push(piece);
        while let Some(frame) = frames.next_frame()? {
            check_frame(&frame)?;
            if is_chunk(&frame) && read_chunk(frame.payload(), chunk)? {
                *complete |= relay(chunk, tally, out)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<()> {
        // After the last event nothing is missing, even if the connection broke inside a later frame.
        if !self.complete {
            self.frames.finish()?;
        }
        check_end(self.complete)
    }

    fn used(&self) -> Used {
        self.tally.used()
    }
}

fn is_chunk(frame: &Frame<'_>) -> bool {
    frame.event_type().is_none_or(|name| name == "chunk")
}

/// Writes a chunk as a server-sent event. Returns whether it was the last one of the message.
fn relay(chunk: &[u8], tally: &mut Tally, out: &mut Vec<u8>) -> Result<bool> {
    let mut parsed = None;
    let kind = match leading_type(chunk) {
        Some(kind) => kind,
        None => parsed.insert(parse(chunk)?).word_at("type"),
    };
    match kind {
        // Nearly all events are deltas, which are not parsed.
        "content_block_delta" => tally.write(chunk),
        "content_block_start" | "content_block_stop" | "ping" => {}
        _ => {
            let event = parsed.map_or_else(|| parse(chunk), Ok)?;
            if kind == "error" {
                return Err(from_reported(event));
            }
            tally.report(counts_of(event));
        }
    }
    // The service's own event with its counts alone has no type, and no client supports it.
    if kind.is_empty() {
        return Ok(false);
    }
    for part in ["event: ", kind, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    // JSON may have line breaks between its values. Clients join the lines of `data` with line breaks.
    for line in chunk.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
    Ok(kind == "message_stop")
}

fn counts_of(holder: View<'_>) -> Counts {
    let mut counts = Counts::default();
    add_counts(holder, &mut counts);
    counts
}

fn parse(chunk: &[u8]) -> Result<View<'_>> {
    View::from_bytes(chunk).map_err(|error| Error::of(ErrorKind::Decode, format_args!("a chunk is not JSON: {error}")))
}

/// Returns the type of an event where the service writes it, as the first member.
fn leading_type(chunk: &[u8]) -> Option<&str> {
    let rest = chunk.strip_prefix(b"{\"type\":\"")?;
    let kind = std::str::from_utf8(rest.get(..rest.iter().position(|byte| *byte == b'"')?)?).ok()?;
    kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some(kind)
}

/// A whole answer. It is written at its end, as an answer that was cut must not look like a whole one.
#[derive(Default)]
pub(super) struct WholeRelay {
    body: Vec<u8>,
    tally: Tally,
}

impl Relay for WholeRelay {
    fn push(&mut self, piece: &[u8], _: &mut Vec<u8>) -> Result<()> {
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let answer = object(&self.body)?;
        if answer.word_at("type") == "error" {
            return Err(from_reported(answer));
        }
        self.tally.report(counts_of(answer));
        out.append(&mut self.body);
        Ok(())
    }

    fn used(&self) -> Used {
        self.tally.used()
    }
}
