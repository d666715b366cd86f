//! Cache points, moved to places where a format accepts them.

use super::repair::{Block, Conversation};
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::message::{CachePoint, CacheTtl, Content};
use crate::model::ModelId;
use crate::request::{MAX_CACHE_POINTS, native_life};

/// Moves each cache point to the nearest earlier block that accepts one, in its turn or before it. If there is no
/// such block, the point moves to the first later block of its turn that accepts one. This caches more, and nothing
/// is lost. A point at the start of the prompt has nothing to cache and is removed. `has_tools` says whether tools
/// are before it. If several points are adjacent, the one with the longest lifetime is kept.
///
/// A point at the beginning of a tool's result moves in front of the result. A model without prompt caching gets no
/// points. Returns the system blocks, as a point may have moved to them.
pub(crate) fn settle<'a>(
    conversation: &mut Conversation<'a>,
    can: Capabilities,
    has_tools: bool,
    takes: &dyn Fn(&Content) -> bool,
) -> Vec<Block<'a>> {
    // Parts of a prompt in their order: the system messages, then the turns.
    let mut parts: Vec<Vec<Block<'a>>> = vec![conversation.system.iter().copied().map(Block::Borrowed).collect()];
    parts.extend(conversation.turns.iter_mut().map(|turn| std::mem::take(&mut turn.blocks)));
    if can.lacks(Capability::PromptCaching) {
        parts.iter_mut().for_each(remove);
    }
    let mut settled: Vec<Vec<Block<'a>>> = Vec::with_capacity(parts.len());
    let mut has_before = has_tools;
    for part in parts {
        settled.push(Vec::with_capacity(part.len()));
        let mut waiting: Option<CachePoint> = None;
        for block in part {
            let (early, block) = without_leading_point(block);
            for point in [early, point_of(&block)].into_iter().flatten() {
                if !insert(&mut settled, point, takes) && has_before {
                    waiting = Some(longest(waiting, point));
                }
            }
            if point_of(&block).is_some() {
                continue;
            }
            has_before = true;
            let taken = if takes(&block) { waiting.take() } else { None };
            if let Some(part) = settled.last_mut() {
                part.push(block);
                part.extend(taken.map(|point| Block::new(Content::CachePoint(point))));
            }
        }
    }
    let mut settled = settled.into_iter();
    let system = settled.next().unwrap_or_default();
    for (turn, blocks) in conversation.turns.iter_mut().zip(settled) {
        turn.blocks = blocks;
    }
    system
}

/// Removes all points, also those in tool results.
fn remove(blocks: &mut Vec<Block<'_>>) {
    blocks.retain(|block| !block.is_cache_point());
    for block in blocks {
        if let Content::ToolResult(result) = &**block
            && result.content.iter().any(Content::is_cache_point)
        {
            *block = Block::result_without(result, Content::is_cache_point);
        }
    }
}

/// Checks the number and the lifetimes of a call's cache points. `tools` are the lifetimes of the points after tools.
///
/// # Errors
/// `Encode`, for more points than the service accepts; `Unsupported`, for a lifetime that the model does not support.
pub(crate) fn check(
    model: &ModelId,
    can: Capabilities,
    tools: &mut dyn Iterator<Item = Option<CacheTtl>>,
    system: &[Block<'_>],
    conversation: &Conversation<'_>,
) -> Result<()> {
    if can.lacks(Capability::PromptCaching) {
        return Ok(());
    }
    let mut lives: Vec<Option<CacheTtl>> = tools.collect();
    add_lives(&mut system.iter().map(|block| &**block), &mut lives);
    for turn in &conversation.turns {
        add_lives(&mut turn.blocks.iter().map(|block| &**block), &mut lives);
    }
    if lives.contains(&Some(CacheTtl::OneHour)) && can.lacks(Capability::OneHourCache) {
        return Err(Error::of(
            ErrorKind::Unsupported,
            format_args!(
                "{model} does not support the `ttl` of `1h`; leave the `ttl` of cache points unset (5 minutes)"
            ),
        ));
    }
    if lives.len() > MAX_CACHE_POINTS {
        return Err(Error::of(
            ErrorKind::Encode,
            format_args!(
                "there are too many cache points: {}; set at most {MAX_CACHE_POINTS}, including those after tools",
                lives.len()
            ),
        ));
    }
    Ok(())
}

/// Adds the lifetimes of the points that are written. Only the last of adjacent points is written.
fn add_lives(blocks: &mut dyn Iterator<Item = &Content>, lives: &mut Vec<Option<CacheTtl>>) {
    // The index of the lifetime that the previous block added, and whether there is a previous block.
    let mut last: Option<usize> = None;
    let mut has_before = false;
    for block in blocks {
        if let Some(point) = point_of(block) {
            match last.and_then(|at| lives.get_mut(at)) {
                Some(life) => *life = point.ttl,
                None if has_before => {
                    last = Some(lives.len());
                    lives.push(point.ttl);
                }
                None => {}
            }
            continue;
        }
        has_before = true;
        last = None;
        match block {
            Content::ToolResult(result) => add_lives(&mut result.content.iter(), lives),
            Content::Raw(raw) => {
                if let Some(life) = native_life(&raw.block) {
                    last = Some(lives.len());
                    lives.push(life);
                }
            }
            _ => {}
        }
    }
}

fn point_of(block: &Content) -> Option<CachePoint> {
    match block {
        Content::CachePoint(point) => Some(*point),
        _ => None,
    }
}

fn longest(a: Option<CachePoint>, b: CachePoint) -> CachePoint {
    match a {
        Some(a) if a.ttl == Some(CacheTtl::OneHour) => a,
        _ => b,
    }
}

/// Returns a tool's result without the points at the start of its content, and the point with the longest lifetime
/// among them.
fn without_leading_point(block: Block<'_>) -> (Option<CachePoint>, Block<'_>) {
    let Content::ToolResult(result) = &*block else { return (None, block) };
    let leading: Vec<CachePoint> = result.content.iter().map_while(point_of).collect();
    let Some(first) = leading.iter().copied().reduce(|a, b| longest(Some(a), b)) else { return (None, block) };
    let mut result = result.clone();
    result.content.drain(..leading.len());
    (Some(first), Block::new(Content::ToolResult(result)))
}

/// Inserts a point after the last block that accepts one; returns `false` if there is no such block.
fn insert(parts: &mut [Vec<Block<'_>>], point: CachePoint, takes: &dyn Fn(&Content) -> bool) -> bool {
    let fits = |block: &Block<'_>| point_of(block).is_none() && takes(block);
    for part in parts.iter_mut().rev() {
        let Some(at) = part.iter().rposition(fits) else { continue };
        match part.get_mut(at + 1) {
            Some(next) if point_of(next).is_some() => {
                *next = Block::new(Content::CachePoint(longest(point_of(next), point)));
            }
            _ => part.insert(at + 1, Block::new(Content::CachePoint(point))),
        }
        return true;
    }
    false
}
