//! One output item, and how much of it has arrived.

use super::words::{CUSTOM_CALL, Field, REFUSAL, unique_id};
use crate::event::{ChatEvent, Events};
use crate::json::{Json, View, Writer};
use crate::message::Content;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputItemKind {
    /// A message: text and refusals, one block for each part.
    Message,
    /// Reasoning: one block.
    Reasoning,
    /// A call of a function, or of a custom tool.
    Call { is_custom: bool },
    /// Any other item: one block, unchanged.
    Raw,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) at: u64,
    pub(super) id: String,
    pub(super) kind: OutputItemKind,
    pub(super) parts: Vec<Part>,
    /// The members of a message that are added to its blocks.
    members: Vec<(String, Json)>,
    /// The whole item, if it can be used only when it is complete.
    pub(super) raw: Option<Json>,
    pub(super) done: bool,
}

/// A part of an item, and how much of it has arrived.
#[derive(Debug)]
pub(super) struct Part {
    at: u64,
    field: Field,
    /// The index of the block.
    pub(super) index: u32,
    pub(super) sent: usize,
    cited: usize,
    /// Whether the members of the item were added to the block.
    named: bool,
}

impl OutputItemKind {
    pub(super) fn of(item: View<'_>) -> Self {
        let has = |key: &str| !item.word_at(key).is_empty();
        match item.word_at("type") {
            "message" if item.get("role").is_none_or(|role| role.word() == "assistant") => Self::Message,
            "reasoning" => Self::Reasoning,
            "function_call" if has("call_id") && has("name") => Self::Call { is_custom: false },
            CUSTOM_CALL if has("call_id") && has("name") => Self::Call { is_custom: true },
            _ => Self::Raw,
        }
    }

    pub(super) fn has(self, field: Field) -> bool {
        match field {
            Field::Text | Field::Refusal => self == Self::Message,
            Field::Summary | Field::Reasoning => self == Self::Reasoning,
            Field::Arguments => self == Self::Call { is_custom: false },
            Field::Input => self == Self::Call { is_custom: true },
        }
    }
}

impl Item {
    pub(super) fn new(at: u64, kind: OutputItemKind) -> Self {
        Self { at, id: String::new(), kind, parts: Vec::new(), members: Vec::new(), raw: None, done: false }
    }

    /// Returns a part, which is new if none of it has arrived before.
    fn part(&mut self, field: Field, at: u64, next: &mut u32) -> &mut Part {
        let found = self.parts.iter().rposition(|part| part.at == at);
        let found = found.unwrap_or_else(|| {
            // All parts of reasoning are in one block.
            let index = match self.parts.first() {
                Some(first) if self.kind == OutputItemKind::Reasoning => first.index,
                _ => take_index(next),
            };
            self.parts.push(Part { at, field, index, sent: 0, cited: 0, named: false });
            self.parts.len() - 1
        });
        #[allow(clippy::indexing_slicing, reason = "the position was just found or made")]
        &mut self.parts[found]
    }

    /// Adds a piece of text, or the rest of a whole text. Values other than strings are ignored.
    pub(super) fn add(
        &mut self,
        field: Field,
        at: u64,
        piece: View<'_>,
        is_whole: bool,
        next: &mut u32,
        out: &mut Events,
    ) {
        if self.kind == OutputItemKind::Reasoning && self.parts.first().is_some_and(|first| first.field != field) {
            // The text of reasoning is its summary or its full text, whichever arrives first. The item has both.
            return;
        }
        let known = self.parts.iter().find(|part| part.at == at);
        let begins_paragraph = known.is_none() && !self.parts.is_empty();
        let text = match piece.str() {
            Some(all) if is_whole => all.get(known.map_or(0, |part| part.sent)..).unwrap_or_default().to_owned(),
            Some(text) => text.into_owned(),
            None => return,
        };
        if text.is_empty() {
            return;
        }
        let part = self.part(field, at, next);
        let (index, is_first) = (part.index, part.sent == 0);
        part.sent += text.len();
        match field {
            Field::Text | Field::Refusal => {
                out.text(index, text);
                if !std::mem::replace(&mut part.named, true) {
                    self.name_part(index, field, out);
                }
            }
            Field::Summary | Field::Reasoning => {
                out.thinking(index, if begins_paragraph { ["\n\n", &text].concat() } else { text });
            }
            Field::Arguments => out.arguments(index, text),
            Field::Input => {
                let mut w = Writer::new();
                w.string(&text);
                let quoted = w.finish();
                let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                out.arguments(index, [if is_first { "{\"input\":\"" } else { "" }, inner].concat());
            }
        }
    }

    pub(super) fn cited(&self, at: u64) -> usize {
        self.parts.iter().find(|part| part.at == at).map_or(0, |part| part.cited)
    }

    pub(super) fn cite(&mut self, at: u64, annotation: View<'_>, next: &mut u32, out: &mut Events) {
        let part = self.part(Field::Text, at, next);
        part.cited += 1;
        let (index, field) = (part.index, part.field);
        out.citation(index, annotation);
        if !std::mem::replace(&mut part.named, true) {
            self.name_part(index, field, out);
        }
    }

    /// Adds the members of the message to the block of a part.
    fn name_part(&self, index: u32, field: Field, out: &mut Events) {
        for (key, value) in &self.members {
            out.push(ChatEvent::Member { index, key: key.clone(), value: value.clone() });
        }
        if field == Field::Refusal {
            let (key, value) = (REFUSAL.to_owned(), Json::from(serde_json::Value::Bool(true)));
            out.push(ChatEvent::Member { index, key, value });
        }
    }

    /// Reads the members of a message, for instance its phase, and adds new ones to its blocks.
    pub(super) fn name(&mut self, view: View<'_>, out: &mut Events) {
        for (key, value) in view.entries() {
            if is_plain(&key, value) || matches!(&*key, "id" | "type" | "role" | "content" | REFUSAL) {
                continue;
            }
            let value = Json::from(value);
            if self.members.iter().any(|(known, old)| *known == *key && *old == value) {
                continue;
            }
            self.members.retain(|(known, _)| *known != *key);
            for part in self.parts.iter().filter(|part| part.named) {
                out.push(ChatEvent::Member { index: part.index, key: key.to_string(), value: value.clone() });
            }
            self.members.push((key.into_owned(), value));
        }
    }

    pub(super) fn start_call(
        &mut self,
        view: View<'_>,
        is_custom: bool,
        response_id: &str,
        next: &mut u32,
        out: &mut Events,
    ) {
        if self.parts.is_empty() {
            let field = if is_custom { Field::Input } else { Field::Arguments };
            let index = self.part(field, 0, next).index;
            let id = unique_id(view.text_at("call_id"), response_id);
            out.push(ChatEvent::ToolCallStart { index, id, name: view.text_at("name") });
        }
    }

    /// Adds the rest of the reasoning: its text, the encrypted content, and the members that the text does not have.
    pub(super) fn finish_reasoning(&mut self, view: View<'_>, next: &mut u32, out: &mut Events) {
        let has_summary = view.list("summary").next().is_some();
        let field = match self.parts.first() {
            Some(first) => first.field,
            None if has_summary => Field::Summary,
            None => Field::Reasoning,
        };
        let key = if field == Field::Summary { "summary" } else { "content" };
        for (at, part) in (0..).zip(view.list(key)) {
            if let Some(text) = part.get("text") {
                self.add(field, at, text, true, next, out);
            }
        }
        let encrypted = view.string_at("encrypted_content").filter(|text| !text.is_empty());
        if self.parts.is_empty() && encrypted.is_none() {
            return;
        }
        let index = self.part(field, 0, next).index;
        if let Some(encrypted) = encrypted {
            out.signature(index, encrypted);
        }
        // A summary of one part is the text of the block.
        let mut parts = view.list("summary");
        let is_text = match (parts.next(), parts.next()) {
            (None, _) => true,
            (Some(only), None) => {
                field == Field::Summary && only.raw_entries().all(|(key, _)| key == "type" || key == "text")
            }
            _ => false,
        };
        let known: &[&str] =
            if is_text { &["type", "encrypted_content", "summary"] } else { &["type", "encrypted_content"] };
        push_members(index, view, known, &[], out);
    }

    pub(super) fn stop(&mut self, out: &mut Events) {
        self.done = true;
        let mut last = None;
        for part in &self.parts {
            if last != Some(part.index) {
                out.block_stop(part.index);
            }
            last = Some(part.index);
        }
    }
}

pub(super) fn take_index(next: &mut u32) -> u32 {
    let index = *next;
    *next = index.saturating_add(1);
    index
}

/// Returns whether a member is empty: null, the usual status, or an empty list.
fn is_plain(key: &str, value: View<'_>) -> bool {
    value.is_null() || key == "status" && matches!(value.word(), "completed" | "in_progress") || value.raw() == "[]"
}

/// Adds the members of a block that are neither empty nor in `known`; those in `wanted` are always added.
pub(super) fn push_members(index: u32, view: View<'_>, known: &[&str], wanted: &[&str], out: &mut Events) {
    for (key, value) in view.entries() {
        let is_left_out = known.contains(&&*key) || key == "type" || is_plain(&key, value);
        if wanted.contains(&&*key) || !is_left_out {
            out.push(ChatEvent::Member { index, key: key.into_owned(), value: Json::from(value) });
        }
    }
}

/// Adds a part of an unknown type as a message with that part, so that it can be sent back.
pub(super) fn unknown_part(message: View<'_>, part: View<'_>, next: &mut u32, out: &mut Events) {
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in message.raw_entries() {
        match key {
            "content" => {
                w.array("content");
                w.raw(part);
                w.end_array();
            }
            key => w.raw_member(key, value),
        }
    }
    w.end_object();
    let index = take_index(next);
    out.block(index, Content::raw(Json::written(w)));
    out.block_stop(index);
}
