//! Media that is moved out of tool results.

use super::{Block, Turn};
use crate::message::Content;
use crate::provider::words::call_id;

/// The text of a tool result whose content was moved to the place after all results.
const MOVED_RESULT: &str = "(see below)";

/// Moves media out of tool results, to the place after all results: from failed tools, as Claude accepts only text
/// there, and from all tools with `moves_all`, for models that accept media in messages only. Media of several
/// results, and documents, follow a text block that names their result.
pub(super) fn media_behind_results(turn: &mut Turn<'_>, moves_all: bool) {
    let is_text = |block: &Content| matches!(block, Content::Text(_) | Content::Json(_));
    let is_media = |block: &Content| {
        matches!(block, Content::Image(_) | Content::Video(_) | Content::Audio(_) | Content::Document(_))
    };
    let mut moved = Vec::new();
    let mut behind = 0;
    for (at, block) in turn.blocks.iter_mut().enumerate() {
        let Content::ToolResult(result) = &**block else { continue };
        behind = at + 1;
        let stays = |block: &Content| match result.is_error {
            true => is_text(block),
            false => !moves_all || !is_media(block),
        };
        if result.content.iter().all(stays) {
            continue;
        }
        let (mut kept, others): (Vec<_>, Vec<_>) = result.content.iter().cloned().partition(stays);
        if !kept.iter().any(|block| !block.is_cache_point()) {
            kept.push(Content::text(MOVED_RESULT));
        }
        moved.push((result.tool_call_id.clone(), others));
        *block = Block::result(result, kept);
    }
    let rest = turn.blocks.split_off(behind);
    // Converse refuses a document without text in its message.
    let is_document = |block: &Content| matches!(block, Content::Document(_));
    let is_labeled = moved.len() > 1 || moved.iter().any(|(_, blocks)| blocks.iter().any(is_document));
    for (id, blocks) in moved {
        if is_labeled {
            turn.blocks.push(Block::new(Content::text(["[media of tool result ", &call_id(&id), "]"].concat())));
        }
        turn.blocks.extend(blocks.into_iter().map(Block::new));
    }
    turn.blocks.extend(rest);
}
