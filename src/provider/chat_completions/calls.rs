//! Tool calls of one answer: whole, or in pieces that belong together by position, id or order.

use crate::event::{ChatEvent, Events};
use crate::json::{Kind, View};
use crate::message::Content;

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    position: Option<u64>,
    id: String,
    /// Its block, once its name has come.
    block: Option<u32>,
    /// Arguments that came before the name.
    early: String,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a call or a piece of one in. `next` is the index of the next new block, `answer` the
    /// answer's id, from which a call without an id gets one.
    pub(super) fn push(&mut self, piece: View<'_>, answer: &str, next: &mut u32, out: &mut Events) {
        let Some(function) = piece.get("function") else {
            let index = fresh(next);
            out.block(index, Content::raw(piece));
            out.block_stop(index);
            return;
        };
        let id = piece.text_at("id");
        let name = function.text_at("name");
        let position = piece.u64_at("index");
        let known = match position {
            Some(_) => {
                self.calls.iter().rposition(|call| call.position == position && (id.is_empty() || call.id == id))
            }
            None if !id.is_empty() => self.calls.iter().rposition(|call| call.id == id),
            None if name.is_empty() => self.calls.len().checked_sub(1),
            None => None,
        };
        let at = known.unwrap_or(self.calls.len());
        if known.is_none() {
            let id = if id.is_empty() { format!("{answer}-{at}") } else { id };
            self.calls.push(Call { position, id, block: None, early: String::new() });
        }
        let Some(call) = self.calls.get_mut(at) else { return };
        if !name.is_empty() && call.block.is_none() {
            call.start(name, next, out);
        }
        let args = match function.get("arguments") {
            Some(args) if args.kind() == Kind::String => args.string().unwrap_or_default(),
            Some(args) => args.raw().to_owned(),
            None => return,
        };
        match call.block {
            None => call.early.push_str(&args),
            Some(_) if args.is_empty() => {}
            Some(index) => out.arguments(index, args),
        }
    }

    /// Told that nothing more comes.
    pub(super) fn finish(&mut self, next: &mut u32, out: &mut Events) {
        for call in &mut self.calls {
            if call.block.is_none() {
                call.start(String::new(), next, out);
            }
            if let Some(index) = call.block {
                out.block_stop(index);
            }
        }
    }
}

impl Call {
    fn start(&mut self, name: String, next: &mut u32, out: &mut Events) {
        let index = fresh(next);
        self.block = Some(index);
        out.push(ChatEvent::ToolCallStart { index, id: self.id.clone(), name });
        let args = std::mem::take(&mut self.early);
        if !args.is_empty() {
            out.arguments(index, args);
        }
    }
}

/// The index of a new block.
pub(super) fn fresh(next: &mut u32) -> u32 {
    let index = *next;
    *next = next.saturating_add(1);
    index
}
