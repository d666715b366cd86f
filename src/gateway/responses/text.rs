//! The text of a reply: one message with a part for each block.

use super::item::{Item, ItemKind, Part, write_part};
use super::state::{ResponsesEvents, write_place};
use crate::gateway::openai::citations::{UrlCitation, length};
use crate::json::{Json, Writer};

impl ResponsesEvents {
    /// Runs a function on the message part of a text block. If the block has no open part, a new part begins, and a new
    /// message if none is open. `refuses` makes a new part a refusal.
    fn with_part(
        &mut self,
        block: u32,
        refuses: bool,
        out: &mut String,
        run: impl FnOnce(&mut Self, &mut Open<'_>, &mut String),
    ) {
        let is_message = |item: &Item| matches!(item.kind, ItemKind::Message(_));
        let found = self.open.iter().rposition(is_message);
        let at = found.unwrap_or_else(|| self.start(block, ItemKind::Message(Vec::new()), out));
        self.with_item(at, |writer, item| {
            item.block = block;
            let (id, place) = (&item.id, item.at);
            let ItemKind::Message(parts) = &mut item.kind else { return };
            let is_new = !parts.last().is_some_and(|part| part.block == block && !part.is_done);
            if is_new {
                writer.end_part(parts, id, place, out);
                parts.push(Part { block, is_refusal: refuses, ..Part::default() });
            }
            let index = (parts.len() as u64).saturating_sub(1);
            let Some(part) = parts.last_mut() else { return };
            let mut open = Open { id, place, index, part };
            if is_new {
                writer.part_event("response.content_part.added", &open, out);
            }
            run(writer, &mut open, out);
        });
    }

    fn part_event(&mut self, kind: &str, open: &Open<'_>, out: &mut String) {
        self.line(kind, out, |w| {
            open.write_place(w);
            w.object("part");
            write_part(w, open.part);
            w.end_object();
        });
    }

    /// Begins a part that is a refusal.
    pub(super) fn refuse(&mut self, block: u32, out: &mut String) {
        self.with_part(block, true, out, |_, _, _| {});
    }

    /// Ends the last part of a message.
    pub(super) fn end_part(&mut self, parts: &mut [Part], id: &str, place: u64, out: &mut String) {
        let index = (parts.len() as u64).saturating_sub(1);
        let Some(part) = parts.last_mut().filter(|part| !part.is_done) else { return };
        part.is_done = true;
        let open = Open { id, place, index, part };
        let kind = if open.part.is_refusal { "response.refusal.done" } else { "response.output_text.done" };
        self.line(kind, out, |w| {
            open.write_place(w);
            match open.part.is_refusal {
                true => w.field("refusal", &open.part.text),
                false => {
                    w.field("text", &open.part.text);
                    write_no_logprobs(w);
                }
            }
        });
        self.part_event("response.content_part.done", &open, out);
    }

    /// Adds text.
    pub(super) fn text(&mut self, block: u32, text: &str, out: &mut String) {
        self.with_part(block, false, out, |writer, open, out| {
            open.part.text.push_str(text);
            if text.is_empty() {
                return;
            }
            let kind = if open.part.is_refusal { "response.refusal.delta" } else { "response.output_text.delta" };
            writer.line(kind, out, |w| {
                open.write_place(w);
                w.field("delta", text);
                if !open.part.is_refusal {
                    write_no_logprobs(w);
                }
            });
        });
    }

    /// Adds a citation of the text so far, if the API has a counterpart.
    pub(super) fn cite(&mut self, block: u32, citation: &Json, out: &mut String) {
        let Some(citation) = UrlCitation::read(citation) else { return };
        self.with_part(block, false, out, |writer, open, out| {
            let mut w = Writer::new();
            w.begin_object();
            w.field("type", "url_citation");
            citation.write_members(&mut w, 0, length(&open.part.text));
            w.end_object();
            let annotation = Json::written(w);
            writer.line("response.output_text.annotation.added", out, |w| {
                open.write_place(w);
                w.key("annotation_index").u64(open.part.annotations.len() as u64);
                w.member("annotation", annotation.view());
            });
            open.part.annotations.push(annotation);
        });
    }
}

/// A part of a message, and its place.
struct Open<'a> {
    id: &'a str,
    place: u64,
    index: u64,
    part: &'a mut Part,
}

impl Open<'_> {
    fn write_place(&self, w: &mut Writer) {
        write_place(w, self.id, self.place);
        w.key("content_index").u64(self.index);
    }
}

/// Writes a list that OpenAI's SDKs require.
fn write_no_logprobs(w: &mut Writer) {
    w.array("logprobs");
    w.end_array();
}
