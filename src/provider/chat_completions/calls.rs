//! Tool calls of one reply: whole, or in deltas that belong together by position, id or order.

use crate::event::{ChatEvent, Events};
use crate::json::{Kind, View};
use crate::message::Content;
use crate::provider::text_blocks::TextBlocks;

/// The tool calls of a reply so far.
#[derive(Debug, Default)]
pub(super) struct ToolCallDeltas {
    calls: Vec<OpenToolCall>,
}

#[derive(Debug)]
struct OpenToolCall {
    position: Option<u64>,
    id: String,
    /// The block of the call, once its name has arrived.
    block: Option<u32>,
    /// Arguments that arrived before the name.
    early: String,
}

impl ToolCallDeltas {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Adds a whole call or a delta. A call without an id gets one from `reply`, the id of the reply.
    pub(super) fn push(&mut self, piece: View<'_>, reply: &str, blocks: &mut TextBlocks, out: &mut Events) {
        let Some(function) = piece.get("function") else {
            let index = blocks.next_index();
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
            let id = if id.is_empty() { format!("{reply}-{at}") } else { id };
            self.calls.push(OpenToolCall { position, id, block: None, early: String::new() });
        }
        let Some(call) = self.calls.get_mut(at) else { return };
        if !name.is_empty() && call.block.is_none() {
            call.start(name, blocks, out);
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

    /// Ends all calls.
    pub(super) fn finish(&mut self, blocks: &mut TextBlocks, out: &mut Events) {
        for call in &mut self.calls {
            if call.block.is_none() {
                call.start(String::new(), blocks, out);
            }
            if let Some(index) = call.block {
                out.block_stop(index);
            }
        }
    }
}

impl OpenToolCall {
    fn start(&mut self, name: String, blocks: &mut TextBlocks, out: &mut Events) {
        let index = blocks.next_index();
        self.block = Some(index);
        out.push(ChatEvent::ToolCallStart { index, id: self.id.clone(), name });
        let args = std::mem::take(&mut self.early);
        if !args.is_empty() {
            out.arguments(index, args);
        }
    }
}
