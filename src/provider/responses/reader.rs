//! A reader of output items, whole or in pieces.

use super::item::{Item, OutputItemKind, push_members, take_index, unknown_part};
use super::response::{members, stop};
use super::words::{Field, REFUSAL};
use crate::error::{Result, from_reported};
use crate::event::{ChatEvent, Events};
use crate::json::{Json, View, Writer};
use crate::message::Content;
use crate::provider::invoke::Counts;

/// The position of an event's text: the indexes of the item and of the part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartPosition {
    pub(super) item: Option<u64>,
    pub(super) part: u64,
}

/// The items of a response so far.
#[derive(Debug, Default)]
pub(super) struct Reader {
    items: Vec<Item>,
    /// The index of the next block.
    next: u32,
    /// The id of the response; empty if there is no id.
    id: String,
    started: bool,
    called: bool,
    refused: bool,
    logprobs: Vec<Json>,
    complete: bool,
}

impl Reader {
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns whether an item is kept unchanged.
    pub(super) fn is_raw(&self, at: Option<u64>) -> bool {
        at.is_some_and(|at| self.items.iter().any(|item| item.at == at && item.kind == OutputItemKind::Raw))
    }

    /// Begins the message, once.
    pub(super) fn start(&mut self, response: View<'_>, out: &mut Events) {
        if !std::mem::replace(&mut self.started, true) {
            let id = response.string_at("id");
            self.id = id.clone().unwrap_or_default();
            out.push(ChatEvent::Start { id, model: response.string_at("model") });
        }
    }

    /// Adds a piece of text, or the rest of a whole text. Returns `false` if its item cannot have such a text.
    pub(super) fn piece(
        &mut self,
        field: Field,
        position: PartPosition,
        text: View<'_>,
        is_whole: bool,
        out: &mut Events,
    ) -> bool {
        let at = position.item.unwrap_or(0);
        let item = match self.items.iter().rposition(|item| item.at == at) {
            Some(found) => found,
            None => match field {
                Field::Text | Field::Refusal => self.push(at, OutputItemKind::Message),
                Field::Summary | Field::Reasoning => self.push(at, OutputItemKind::Reasoning),
                // The call has neither id nor name yet. The whole item will have the arguments, too.
                Field::Arguments | Field::Input => return true,
            },
        };
        let Some(item) = self.items.get_mut(item) else { return false };
        if !item.kind.has(field) {
            return false;
        }
        if !item.done {
            self.refused |= field == Field::Refusal;
            item.add(field, position.part, text, is_whole, &mut self.next, out);
        }
        true
    }

    /// Adds a citation. Returns `false` if there is no message for it.
    pub(super) fn annotation(&mut self, position: PartPosition, annotation: View<'_>, out: &mut Events) -> bool {
        let item = self.items.iter_mut().rev().find(|item| Some(item.at) == position.item && !item.done);
        let Some(item) = item.filter(|item| item.kind == OutputItemKind::Message) else { return false };
        item.cite(position.part, annotation, &mut self.next, out);
        true
    }

    fn push(&mut self, at: u64, kind: OutputItemKind) -> usize {
        self.items.push(Item::new(at, kind));
        self.items.len() - 1
    }

    /// Reads the beginning of an item, or a whole item.
    pub(super) fn item(&mut self, at: Option<u64>, view: View<'_>, is_done: bool, out: &mut Events) {
        let id = view.string_at("id").unwrap_or_default();
        let found = match at {
            Some(at) => self.items.iter().rposition(|item| item.at == at),
            None => self.items.iter().rposition(|item| !id.is_empty() && item.id == id),
        };
        let kind = OutputItemKind::of(view);
        let found = found.unwrap_or_else(|| self.push(at.unwrap_or(self.items.len() as u64), kind));
        let Some(item) = self.items.get_mut(found).filter(|item| !item.done) else { return };
        item.id = id;
        if item.parts.is_empty() {
            item.kind = kind;
        }
        if item.kind != kind {
            // The pieces that have arrived are of another type, so they are kept.
            item.stop(out);
            return;
        }
        match kind {
            OutputItemKind::Message => item.name(view, out),
            OutputItemKind::Call { is_custom } => {
                self.called = true;
                item.start_call(view, is_custom, &self.id, &mut self.next, out);
            }
            OutputItemKind::Reasoning => {}
            OutputItemKind::Raw => item.raw = Some(Json::from(view)),
        }
        if is_done {
            self.finish(found, view, out);
        }
    }

    /// Adds the rest of an item, and ends its blocks.
    fn finish(&mut self, at: usize, view: View<'_>, out: &mut Events) {
        let Some(item) = self.items.get_mut(at) else { return };
        let next = &mut self.next;
        match item.kind {
            OutputItemKind::Message => {
                for (part_at, part) in (0..).zip(view.list("content")) {
                    let (field, key) = match part.word_at("type") {
                        "output_text" => (Field::Text, "text"),
                        REFUSAL => (Field::Refusal, REFUSAL),
                        _ => {
                            unknown_part(view, part, next, out);
                            continue;
                        }
                    };
                    self.refused |= field == Field::Refusal;
                    if let Some(text) = part.get(key) {
                        item.add(field, part_at, text, true, next, out);
                    }
                    let cited = item.cited(part_at);
                    part.list("annotations").skip(cited).for_each(|it| item.cite(part_at, it, next, out));
                    self.logprobs.extend(part.list("logprobs").map(Json::from));
                }
            }
            OutputItemKind::Reasoning => item.finish_reasoning(view, next, out),
            OutputItemKind::Call { is_custom } => {
                let (field, key) = if is_custom { (Field::Input, "input") } else { (Field::Arguments, "arguments") };
                if let Some(text) = view.get(key) {
                    item.add(field, 0, text, true, next, out);
                }
                if let Some(part) = item.parts.first() {
                    if is_custom {
                        out.arguments(part.index, if part.sent == 0 { "{\"input\":\"\"}" } else { "\"}" }.to_owned());
                    }
                    let known: &[&str] = if is_custom { &["type"] } else { &[] };
                    push_members(part.index, view, &["call_id", "name", key], known, out);
                }
            }
            OutputItemKind::Raw => {
                let index = take_index(next);
                out.block(index, Content::raw(view));
                out.block_stop(index);
            }
        }
        item.stop(out);
    }

    /// Reads the last event, which has the response with all its items. `status` is the status in the event's name.
    pub(super) fn end(
        &mut self,
        response: View<'_>,
        status: &str,
        counts: &mut Counts,
        out: &mut Events,
    ) -> Result<()> {
        if self.complete {
            return Ok(());
        }
        let status = Some(response.word_at("status")).filter(|status| !status.is_empty()).unwrap_or(status);
        if status == "failed" || response.get("error").is_some() {
            return Err(from_reported(response));
        }
        self.start(response, out);
        for (at, view) in (0..).zip(response.list("output")) {
            // Items are found by their ids, as some servers leave items out here, and by their positions, as other
            // servers change the ids.
            let id = view.string_at("id").unwrap_or_default();
            let by_id = self.items.iter().find(|item| !id.is_empty() && item.id == id).map(|item| item.at);
            self.item(Some(by_id.unwrap_or(at)), view, true, out);
        }
        for at in 0..self.items.len() {
            let Some(item) = self.items.get_mut(at).filter(|item| !item.done) else { continue };
            match item.raw.take() {
                Some(raw) => self.finish(at, raw.view(), out),
                None => item.stop(out),
            }
        }
        self.metadata(out);
        members(response, counts, out);
        let (reason, word) = stop(response, status, self.called, self.refused);
        out.stop_for(reason, word, None);
        self.complete = true;
        Ok(())
    }

    /// Adds the members of the items other than their content.
    fn metadata(&self, out: &mut Events) {
        let mut w = Writer::new();
        w.begin_array();
        self.logprobs.iter().for_each(|one| w.raw(one.view()));
        w.end_array();
        if !self.logprobs.is_empty() {
            out.metadata("logprobs", Json::written(w).view());
        }
        let ids: Vec<&str> =
            self.items.iter().filter(|item| item.kind == OutputItemKind::Message).map(|item| &*item.id).collect();
        if ids.iter().any(|id| !id.is_empty()) {
            let mut w = Writer::new();
            w.begin_array();
            ids.iter().for_each(|id| w.string(id));
            w.end_array();
            out.metadata("message_ids", Json::written(w).view());
        }
    }
}
