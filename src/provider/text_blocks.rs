//! The blocks of a reply in which reasoning and text arrive in one string.

use super::reasoning::{ReasoningParser, ReasoningTags};
use crate::event::Events;

/// Writes reasoning and text as events: a block ends where the other kind begins.
#[derive(Debug)]
pub(crate) struct TextBlocks {
    parser: ReasoningParser,
    blocks: OpenBlock,
}

/// The open block of reasoning or text, if there is one.
#[derive(Debug, Default)]
struct OpenBlock {
    /// The index of the open block, and whether it is reasoning.
    open: Option<(u32, bool)>,
    next: u32,
}

impl TextBlocks {
    /// Creates a writer. `is_open` is whether the prompt has opened the reasoning.
    pub(crate) fn new(tags: ReasoningTags, is_open: bool) -> Self {
        Self { parser: ReasoningParser::new(tags, is_open), blocks: OpenBlock::default() }
    }

    /// Adds text that may have reasoning in tags.
    pub(crate) fn push(&mut self, text: &str, out: &mut Events) {
        self.parser.push(text, &mut |is_reasoning, text| self.blocks.add(is_reasoning, text, out));
    }

    /// Adds text, or reasoning, unchanged.
    pub(crate) fn add(&mut self, is_reasoning: bool, text: &str, out: &mut Events) {
        self.blocks.add(is_reasoning, text, out);
    }

    /// Ends the open block with the text that was held back.
    pub(crate) fn flush(&mut self, out: &mut Events) {
        self.parser.finish(&mut |is_reasoning, text| self.blocks.add(is_reasoning, text, out));
        self.blocks.close(out);
    }

    /// Ends the open block and returns the index of a block of another kind.
    pub(crate) fn other(&mut self, out: &mut Events) -> u32 {
        self.blocks.close(out);
        self.next_index()
    }

    /// Returns the index of a new block.
    pub(crate) fn next_index(&mut self) -> u32 {
        self.blocks.next_index()
    }
}

impl OpenBlock {
    fn add(&mut self, is_reasoning: bool, text: &str, out: &mut Events) {
        if text.is_empty() {
            return;
        }
        let index = match self.open {
            Some((index, kind)) if kind == is_reasoning => index,
            _ => {
                self.close(out);
                let index = self.next_index();
                self.open = Some((index, is_reasoning));
                index
            }
        };
        if is_reasoning { out.thinking(index, text) } else { out.text(index, text) }
    }

    fn close(&mut self, out: &mut Events) {
        if let Some((index, _)) = self.open.take() {
            out.block_stop(index);
        }
    }

    fn next_index(&mut self) -> u32 {
        let index = self.next;
        self.next = index.saturating_add(1);
        index
    }
}
