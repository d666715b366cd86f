//! Streams of server-sent events with one chunk of JSON in each: Chat Completions and Messages.

use crate::error::{Error, ErrorKind, Result, from_reported};
use crate::event::Events;
use crate::json::{Kind, View};
use crate::sse::SseEvent;

use super::StreamDecoder;
use super::invoke::{ChunkDecoder, Chunks};

/// The last event of OpenAI's streams, which some servers leave out.
const DONE: &[u8] = b"[DONE]";

/// A decoder for the JSON in the data of server-sent events.
pub(crate) struct SseChunks(Chunks);

impl SseChunks {
    pub(crate) fn boxed(decoder: impl ChunkDecoder + 'static) -> Box<dyn StreamDecoder> {
        Box::new(Self(Chunks::new(decoder)))
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
            self.0.done(out);
            return Ok(());
        }
        let chunk = View::from_bytes(data)
            .map_err(|error| Error::of(ErrorKind::Decode, format_args!("an event is not JSON: {error}")))?;
        if let Some(error) = reported(event, chunk) {
            return Err(error);
        }
        self.0.chunk(chunk, out)
    }

    fn finish(&mut self, out: &mut Events) -> Result<()> {
        self.0.finish(out)
    }
}

/// Returns the error that an event reports: `{"error": {...}}` (OpenAI, Anthropic), a flat `{"type": "error"}`
/// (OpenAI), an event named `error`, or a bare `{"message": "..."}` (AWS).
fn reported(event: &SseEvent<'_>, chunk: View<'_>) -> Option<Error> {
    // One pass, as this is done for every event.
    let (mut is_error, mut has_text, mut has_choices) = (event.event() == "error", false, false);
    for (key, value) in chunk.raw_entries() {
        match key {
            "error" => is_error |= !value.is_null(),
            "type" => is_error |= value.word() == "error",
            "message" | "Message" => has_text |= value.kind() == Kind::String,
            "choices" => has_choices = true,
            _ => {}
        }
    }
    (is_error || has_text && !has_choices).then(|| from_reported(chunk))
}
