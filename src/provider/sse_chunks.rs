//! Streams of server-sent events with one chunk of JSON in each: Chat Completions and Messages.

use crate::error::{Error, ErrorKind, Result, from_reported};
use crate::event::Events;
use crate::json::View;
use crate::message::Usage;
use crate::sse::SseEvent;

use super::StreamDecoder;
use super::invoke::{ChunkDecoder, Counts};

/// The last event of OpenAI's streams, which some servers leave out.
const DONE: &[u8] = b"[DONE]";

/// A decoder for the JSON in the data of server-sent events.
pub(crate) struct SseChunks {
    decoder: Box<dyn ChunkDecoder>,
    counts: Counts,
    reported: Usage,
}

impl SseChunks {
    pub(crate) fn boxed(decoder: impl ChunkDecoder + 'static) -> Box<dyn StreamDecoder> {
        Box::new(Self { decoder: Box::new(decoder), counts: Counts::default(), reported: Usage::default() })
    }
}

impl StreamDecoder for SseChunks {
    fn event(&mut self, event: &SseEvent<'_>, out: &mut Events) -> Result<()> {
        // The type is read from the data, as not every server sends `event` lines. Pings of gateways are empty.
        let data = event.data().trim_ascii();
        if data.is_empty() {
            return Ok(());
        }
        if data == DONE {
            self.decoder.done(out);
            return Ok(());
        }
        let chunk = View::from_bytes(data)
            .map_err(|error| Error::of(ErrorKind::Decode, format_args!("an event is not JSON: {error}")))?;
        if let Some(error) = reported(event, chunk) {
            return Err(error);
        }
        self.decoder.chunk(chunk, &mut self.counts, out)
    }

    fn finish(&mut self, out: &mut Events) -> Result<()> {
        if let Some(usage) = self.counts.usage() {
            out.usage(&mut self.reported, usage);
        }
        if self.decoder.is_complete() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Truncated, "the stream ended before the message did"))
    }
}

/// Returns the error that an event reports: `{"error": {...}}` (OpenAI, Anthropic), a flat `{"type": "error"}`
/// (OpenAI), an event named `error`, or a bare `{"message": "..."}` (AWS).
fn reported(event: &SseEvent<'_>, chunk: View<'_>) -> Option<Error> {
    let nested = chunk.get("error").filter(|error| !error.is_null());
    let is_error = nested.is_some()
        || chunk.word_at("type") == "error"
        || event.event() == "error"
        || (chunk.get("message").or_else(|| chunk.get("Message"))?.str().is_some() && chunk.get("choices").is_none());
    is_error.then(|| from_reported(nested.unwrap_or(chunk)))
}
