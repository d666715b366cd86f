//! A decoder for streams of the Responses API.

use super::reader::{PartPosition, Reader};
use super::response::is_error;
use super::words::field_of;
use crate::error::{Error, ErrorKind, Result, from_reported};
use crate::event::Events;
use crate::json::{Kind, View};
use crate::message::Usage;
use crate::provider::StreamDecoder;
use crate::provider::invoke::{Counts, check_end};
use crate::sse::SseEvent;

/// A decoder for one stream. The type of an event is read from its data: on mantle the `event` line is after the
/// data, and other servers leave it out.
///
/// An item in `response.output_item.done`, or in the last event, repeats all deltas of the item. The decoder adds
/// only the parts that have not arrived before.
#[derive(Debug, Default)]
pub(super) struct ResponsesDecoder {
    reader: Reader,
    counts: Counts,
    reported: Usage,
}

impl StreamDecoder for ResponsesDecoder {
    fn event(&mut self, event: &SseEvent<'_>, out: &mut Events) -> Result<()> {
        // Most events are deltas, so all their members are read in the pass that checks them.
        let (mut kind, mut text, mut position) = ("", None, PartPosition::default());
        let read = View::read(event.data(), &mut |key, value| match key {
            "type" => kind = value.word(),
            "delta" | "text" | "refusal" | "arguments" | "input" => text = Some(value),
            "output_index" => position.item = value.u64(),
            "content_index" | "summary_index" => position.part = value.u64().unwrap_or(0),
            _ => {}
        });
        let view = match read {
            Ok(view) => view,
            Err(_) if matches!(event.data().trim_ascii(), b"[DONE]" | b"") => return Ok(()),
            Err(error) => return Err(Error::of(ErrorKind::Decode, format_args!("an event is not JSON: {error}"))),
        };
        if let Some((field, is_whole)) = field_of(kind) {
            let text = text.filter(|text| text.kind() == Kind::String);
            if !text.is_some_and(|text| self.reader.piece(field, position, text, is_whole, out)) {
                out.unknown(kind, view.raw().as_bytes());
            }
            return Ok(());
        }
        if kind.is_empty() {
            if is_error(view) {
                return Err(from_reported(view));
            }
            if event.is_named() {
                kind = event.event();
            }
        }
        self.other(kind, view, position, out)
    }

    fn finish(&mut self, _: &mut Events) -> Result<()> {
        check_end(self.reader.is_complete())
    }
}

impl ResponsesDecoder {
    /// Reads an event that is not a piece of text.
    fn other(&mut self, kind: &str, event: View<'_>, position: PartPosition, out: &mut Events) -> Result<()> {
        match kind {
            "response.output_item.added" | "response.output_item.done" => match event.get("item") {
                Some(item) => self.reader.item(position.item, item, kind == "response.output_item.done", out),
                None => out.unknown(kind, event.raw().as_bytes()),
            },
            // The content arrives in deltas before these events, or in the item after them.
            "response.content_part.added"
            | "response.content_part.done"
            | "response.reasoning_summary_part.added"
            | "response.reasoning_summary_part.done"
            | "ping"
            | "keepalive" => {}
            "response.output_text.annotation.added" => {
                let is_read = event.get("annotation").is_some_and(|it| self.reader.annotation(position, it, out));
                if !is_read {
                    out.unknown(kind, event.raw().as_bytes());
                }
            }
            "response.created" | "response.in_progress" | "response.queued" => {
                self.reader.start(event.get("response").unwrap_or(event), out);
            }
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                let status = kind.strip_prefix("response.").unwrap_or_default();
                let response = event.get("response").unwrap_or(event);
                self.reader.end(response, status, &mut self.counts, out)?;
                if let Some(usage) = self.counts.usage() {
                    out.usage(&mut self.reported, usage);
                }
            }
            "error" => return Err(from_reported(event)),
            _ if event.kind() != Kind::Object => out.unknown("chunk", event.raw().as_bytes()),
            // The progress of a server tool: the result is in its item.
            _ if self.reader.is_raw(position.item) => {}
            other => out.unknown(other, event.raw().as_bytes()),
        }
        Ok(())
    }
}
