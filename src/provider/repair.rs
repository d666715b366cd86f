//! The repair of messages, shared by all shapes. A list of messages becomes turns that the model accepts, and nothing
//! that the model could read is lost.
//!
//! System messages at the beginning are separated. Later system messages become turns, if the model accepts them.
//! Neighbors of one side become one turn, with tool results first, in the order of their calls.
//! Media in a tool result moves to the place after all results, if the tool failed or the model does not accept media
//! in results.
//! Text after tool results becomes a separate turn, if the model requires that.
//! Blank text is dropped, and so are turns that become empty.
//! - A tool call is sent once. Reasoning is dropped if it is unsigned, signed by another vendor's
//!   model, or the end of a turn.
//! - If the last turn is the model's, white space at its end is dropped.

mod block;
mod calls;
mod moved;

use std::fmt;

pub(crate) use block::Block;
use calls::{drop_repeated_calls, rename_repeated_calls};
use moved::media_behind_results;

#[cfg(feature = "gateway")]
use crate::api::Api;
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View, Writer};
use crate::message::{Content, Message, Role, ToolCall};
use crate::model::ModelId;

/// The author's side of a turn: the user or the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    User,
    Assistant,
    System,
}

impl Side {
    /// Returns the name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        }
    }
}

/// One turn.
#[derive(Clone, Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) side: Side,
    pub(crate) blocks: Vec<Block<'a>>,
}

/// A repaired conversation.
#[derive(Clone, Debug)]
pub(crate) struct Conversation<'a> {
    pub(crate) system: Vec<&'a Content>,
    pub(crate) turns: Vec<Turn<'a>>,
}

impl Conversation<'_> {
    /// Returns whether any turn has a tool call or a tool result.
    pub(crate) fn has_tool_blocks(&self) -> bool {
        let is_one = |block: &Block<'_>| match &**block {
            Content::ToolCall(_) | Content::ToolResult(_) => true,
            Content::Raw(raw) => is_tool_block(raw.block.view()),
            _ => false,
        };
        self.turns.iter().any(|turn| turn.blocks.iter().any(is_one))
    }
}

/// The model and format that a conversation is repaired for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) model: &'a ModelId,
    pub(crate) can: Capabilities,
    /// The form of raw blocks that the format accepts.
    pub(crate) raw: RawShape,
}

/// The form of a provider's own blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawShape {
    /// Objects with a `type`: Anthropic's.
    Typed,
    /// Objects with one member: Converse's and Nova's. Over Converse, system messages with such blocks, and with
    /// blocks that add and remove tools, can be anywhere.
    Keyed,
    /// Objects with a `type`, which are items next to messages: those of the Responses API. Their order in a turn is
    /// kept, as reasoning belongs to the item after it.
    Items,
    /// The format does not have raw blocks.
    None,
}

impl RawShape {
    fn fits(self, block: View<'_>) -> bool {
        let is_typed = block.get("type").and_then(View::str).is_some();
        match self {
            Self::Typed | Self::Items => is_typed,
            Self::Keyed => !is_typed,
            Self::None => false,
        }
    }
}

/// Returns whether a raw block is Converse's tool call or tool result, for instance of a tool that the service
/// runs.
pub(crate) fn is_tool_block(block: View<'_>) -> bool {
    block.get("toolUse").is_some() || block.get("toolResult").is_some()
}

/// The text of an empty tool result, which providers would refuse.
pub(crate) const EMPTY_RESULT: &str = "(no output)";

/// The model's turn between tool results and a user message, for models that do not accept both in sequence.
const BRIDGE: &str = "(tool results received)";

fn encode<T>(message: fmt::Arguments<'_>) -> Result<T> {
    Err(Error::of(ErrorKind::Encode, message))
}

/// Repairs a conversation for a model.
///
/// # Errors
/// `Encode`, for one of these: a system message at a place that the model does not accept, a tool call without id, a
/// conversation without a message to answer.
pub(crate) fn repair<'a>(messages: &'a [Message], target: Target<'_>) -> Result<Conversation<'a>> {
    let mut system = Vec::new();
    let mut turns: Vec<Turn<'a>> = Vec::new();
    // Claude accepts a system message only between a user message and the model's turn.
    let waits = target.model.vendor() == Some("anthropic");
    let mut waiting: Vec<Block<'a>> = Vec::new();
    let mut begun = false;
    for (i, message) in messages.iter().enumerate() {
        calls::check_changes(i, message, begun)?;
        calls::check_sides(i, message, target.raw)?;
        let is_raw = |block: &Content| matches!(block, Content::Raw(_)) || block.is_tool_change();
        let side = match message.role {
            Role::System if !begun => {
                system.extend(message.content.iter().filter(|block| !is_blank(block)));
                continue;
            }
            Role::System if target.raw == RawShape::Keyed && message.content.iter().all(is_raw) => Side::System,
            Role::System if target.can.has(Capability::SystemAnywhere) => {
                if waits {
                    waiting.extend(message.content.iter().filter(|block| !is_blank(block)).map(Block::Borrowed));
                    continue;
                }
                Side::System
            }
            Role::System => {
                return encode(format_args!(
                    "message {i} is a system message after other messages, which this model does not accept; put it first"
                ));
            }
            Role::Human | Role::Tool => Side::User,
            Role::Ai => Side::Assistant,
        };
        let history = History { messages, at: i, is_same_vendor: is_of_vendor(message, target.model), target };
        let mut blocks = Vec::with_capacity(message.content.len());
        for block in &message.content {
            if let Some(block) = history.usable(block)? {
                blocks.push(block);
            }
        }
        if blocks.iter().all(|block| block.is_cache_point()) {
            continue;
        }
        // Reasoning alone may be the end of a turn, which is dropped.
        begun |= blocks.iter().any(|block| !block.is_cache_point() && !is_reasoning(block));
        if side == Side::Assistant && turns.last().is_some_and(|turn| turn.side == Side::User) {
            push(&mut turns, Side::System, std::mem::take(&mut waiting));
        }
        push(&mut turns, side, blocks);
    }
    if !waiting.is_empty() {
        if turns.last().is_none_or(|turn| turn.side != Side::User) {
            return encode(format_args!(
                "the conversation ends with a system message after the model's turn; put a user message before it"
            ));
        }
        push(&mut turns, Side::System, waiting);
    }
    let keeps_order = target.raw == RawShape::Items;
    turns.iter_mut().filter(|turn| turn.side == Side::Assistant).for_each(|turn| reasoning_first(turn, keeps_order));
    turns = without_empty(turns);
    rename_repeated_calls(&mut turns);
    let mut order: Vec<String> = Vec::new();
    for turn in &mut turns {
        match turn.side {
            Side::Assistant => order = drop_repeated_calls(turn),
            Side::System => {}
            Side::User => {
                results_first(turn, &order);
                media_behind_results(turn, target.can.lacks(Capability::ImagesInResults));
            }
        }
    }
    if target.can.lacks(Capability::UserAfterTools) {
        turns = bridged(turns);
    }
    trim_end(&mut turns);
    match turns.first() {
        // The service decides whether a conversation can begin with the model: some models accept it.
        Some(_) => Ok(Conversation { system, turns }),
        None => encode(format_args!("there is nothing to answer; add a human message with content")),
    }
}

/// Adds blocks to the last turn, or a new turn if the last turn is of another side.
fn push<'a>(turns: &mut Vec<Turn<'a>>, side: Side, blocks: Vec<Block<'a>>) {
    if blocks.is_empty() {
        return;
    }
    match turns.last_mut() {
        Some(turn) if turn.side == side => turn.blocks.extend(blocks),
        _ => turns.push(Turn { side, blocks }),
    }
}

/// Returns whether a message may have been written by the vendor's own models.
fn is_of_vendor(message: &Message, model: &ModelId) -> bool {
    let writer = message.model.as_deref().and_then(vendor_of);
    writer.is_none() || model.vendor().is_none() || writer.as_deref() == model.vendor()
}

/// Returns the vendor of the model that wrote a message. Some models report a name without their vendor.
fn vendor_of(model: &str) -> Option<String> {
    const NAMES: &[(&str, &str)] = &[("claude", "anthropic"), ("gpt-", "openai"), ("grok", "xai")];
    if let Some((_, vendor)) = NAMES.iter().find(|(name, _)| model.starts_with(name)) {
        return Some((*vendor).to_owned());
    }
    let id = ModelId::parse(model).ok()?;
    id.vendor().filter(|vendor| crate::model::VENDORS.contains(vendor)).map(str::to_owned)
}

pub(crate) fn is_reasoning(block: &Content) -> bool {
    matches!(block, Content::Thinking(_) | Content::RedactedThinking(_))
}

/// Moves reasoning to the beginning of a turn with reasoning, and removes it at the end. A turn that was merged from
/// several messages may have reasoning later, and a turn that was cut off may end in reasoning. If the order must be
/// kept, only the end is changed.
fn reasoning_first(turn: &mut Turn<'_>, keeps_order: bool) {
    if !keeps_order && !turn.blocks.first().is_some_and(|first| is_reasoning(first)) {
        let blocks = std::mem::take(&mut turn.blocks);
        let (reasoning, others): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|block| is_reasoning(block));
        turn.blocks = reasoning;
        turn.blocks.extend(others);
    }
    drop_last_reasoning(turn);
}

/// Drops the reasoning at the end of a turn, which providers refuse.
pub(crate) fn drop_last_reasoning(turn: &mut Turn<'_>) {
    let is_said = |block: &Block<'_>| !is_reasoning(block) && !block.is_cache_point();
    let mut left = turn.blocks.iter().rposition(is_said).map_or(0, |last| last + 1);
    turn.blocks.retain(|block| {
        let is_before_the_end = left > 0;
        left = left.saturating_sub(1);
        is_before_the_end || !is_reasoning(block)
    });
}

/// Removes empty turns, and merges neighbors of one side.
pub(crate) fn without_empty(turns: Vec<Turn<'_>>) -> Vec<Turn<'_>> {
    let mut out = Vec::with_capacity(turns.len());
    for turn in turns {
        if turn.blocks.iter().any(|block| !block.is_cache_point()) {
            push(&mut out, turn.side, turn.blocks);
        }
    }
    out
}

/// Returns the turns, with a turn of the model between tool results and the user's text after them.
fn bridged(turns: Vec<Turn<'_>>) -> Vec<Turn<'_>> {
    let mut out = Vec::with_capacity(turns.len());
    for mut turn in turns {
        let last = turn.blocks.iter().rposition(|block| matches!(**block, Content::ToolResult(_)));
        let is_said = |block: &Block<'_>| !block.is_cache_point();
        let first = last.and_then(|last| Some(last + 1 + turn.blocks.iter().skip(last + 1).position(is_said)?));
        let behind = first.map(|first| turn.blocks.split_off(first));
        let side = turn.side;
        out.push(turn);
        if let Some(blocks) = behind {
            out.push(Turn { side: Side::Assistant, blocks: vec![Block::new(Content::text(BRIDGE))] });
            out.push(Turn { side, blocks });
        }
    }
    out
}

fn is_blank(block: &Content) -> bool {
    match block {
        // A blank text may have citations, if a stream was cut between them and their text.
        Content::Text(text) => text.text.trim().is_empty(),
        _ => false,
    }
}

/// A message in its conversation.
struct History<'a, 'b> {
    messages: &'a [Message],
    at: usize,
    is_same_vendor: bool,
    target: Target<'b>,
}

impl<'a> History<'a, '_> {
    /// Returns the block as it can be sent, or `None` if it is dropped.
    fn usable(&self, block: &'a Content) -> Result<Option<Block<'a>>> {
        let is_reply = self.messages.get(self.at).is_some_and(|message| message.role == Role::Ai);
        Ok(Some(match block {
            block if is_blank(block) => return Ok(None),
            // A signature is valid only for the vendor whose model signed.
            block if is_reasoning(block) && !self.keeps_reasoning(block) => return Ok(None),
            // The block was written in another vendor's format, or over another API.
            Content::Raw(raw) if is_reply && !(self.is_same_vendor && self.target.raw.fits(raw.block.view())) => {
                return Ok(None);
            }
            Content::ToolCall(call) if call.id.is_empty() => {
                return encode(format_args!(
                    "message {} calls the tool \"{}\" without an id; set the id that its result names",
                    self.at, call.name
                ));
            }
            Content::InvalidToolCall(call) => {
                // The model needs the invalid call in its history only if there is an answer to it; otherwise the
                // call is dropped.
                let answers =
                    |block: &Content| matches!(block, Content::ToolResult(result) if result.tool_call_id == call.id);
                let is_answered = self.messages.iter().any(|message| message.content.iter().any(answers));
                if call.id.is_empty() || !is_answered {
                    return Ok(None);
                }
                let mut w = Writer::new();
                w.begin_object();
                w.field("rawInvalidInput", &call.args);
                w.end_object();
                Block::new(Content::ToolCall(ToolCall::new(call.id.clone(), call.name.clone(), Json::written(w))))
            }
            // Further members are in the vendor's own format.
            Content::ToolCall(call) if !call.extra.is_empty() && !self.is_same_vendor => {
                Block::new(Content::ToolCall(ToolCall { extra: Vec::new(), ..call.clone() }))
            }
            Content::ToolResult(result) if result.content.iter().all(|it| is_blank(it) || it.is_cache_point()) => {
                let points = result.content.iter().filter(|it| it.is_cache_point()).cloned();
                Block::result(result, [Content::text(EMPTY_RESULT)].into_iter().chain(points).collect())
            }
            Content::ToolResult(result) if result.content.iter().any(is_blank) => {
                Block::result_without(result, is_blank)
            }
            block => Block::Borrowed(block),
        }))
    }

    fn keeps_reasoning(&self, block: &Content) -> bool {
        self.is_same_vendor && is_sendable_reasoning(block, self.target.raw, self.target.can)
    }
}

/// Returns whether messages have reasoning that is not sent to a model.
#[cfg(feature = "gateway")]
pub(crate) fn drops_reasoning(messages: &[Message], model: &ModelId, api: Api, can: Capabilities) -> bool {
    let raw = if api == Api::Responses { RawShape::Items } else { RawShape::None };
    let is_sent = |message: &Message, block: &Content| {
        api != Api::ChatCompletions && is_of_vendor(message, model) && is_sendable_reasoning(block, raw, can)
    };
    let drops = |message: &Message| message.content.iter().any(|block| is_reasoning(block) && !is_sent(message, block));
    messages.iter().any(drops)
}

/// Returns whether reasoning of the target's own vendor can be sent back.
pub(crate) fn is_sendable_reasoning(block: &Content, raw: RawShape, can: Capabilities) -> bool {
    let (is_signed, is_item) = match block {
        // Reasoning of the Responses API is encrypted, and has an id: no other API can read it.
        Content::Thinking(thinking) => (
            thinking.signature.as_ref().is_some_and(|signature| !signature.is_empty()),
            thinking.extra.iter().any(|(key, _)| key == "id"),
        ),
        _ => (true, false),
    };
    is_signed && is_item == (raw == RawShape::Items) && !can.lacks(Capability::SignedReasoning)
}

/// Moves tool results to the start of the turn, in the order of their calls. A cache point after a result moves with
/// the result.
fn results_first(turn: &mut Turn<'_>, order: &[String]) {
    let mut sorted: Vec<(usize, Block<'_>)> = Vec::with_capacity(turn.blocks.len());
    let last = order.len();
    let mut rank = last + 1;
    for block in std::mem::take(&mut turn.blocks) {
        rank = match &*block {
            Content::ToolResult(result) => order.iter().position(|id| *id == result.tool_call_id).unwrap_or(last),
            Content::CachePoint(_) => rank,
            _ => last + 1,
        };
        // Inserts after all blocks of the same or a lower rank: a stable sort. `sort_by_key` adds 2.2 KB to the
        // module with all models, after gzip.
        let at = sorted.partition_point(|(other, _)| *other <= rank);
        sorted.insert(at, (rank, block));
    }
    for (_, block) in sorted {
        turn.blocks.push(block);
    }
}

/// The service refuses the beginning of an answer that ends in white space.
pub(crate) fn trim_end(turns: &mut [Turn<'_>]) {
    let Some(Turn { side: Side::Assistant, blocks, .. }) = turns.last_mut() else { return };
    let last = blocks.iter_mut().rev().find(|block| !block.is_cache_point());
    if let Some(block) = last {
        let trimmed = match &**block {
            Content::Text(text) if text.text.ends_with(char::is_whitespace) => {
                let mut text = text.clone();
                text.text.truncate(text.text.trim_end().len());
                Content::Text(text)
            }
            _ => return,
        };
        *block = Block::new(trimmed);
    }
}

#[cfg(test)]
mod tests;
