//! Cache points at the places where a format takes them.

use std::borrow::Cow;

use super::repair::Conversation;
use crate::message::{CachePoint, CacheTtl, Content};

/// Moves each cache point to the nearest earlier block that takes one, in its turn or before it. Where
/// there is none, it moves to the first later block of its turn that does: that caches more, and
/// nothing is lost. A point with nothing before it has nothing to cache and goes; `has_tools` says
/// whether tools come before it. Of points in a row the one that lives longest stays.
///
/// A point at the beginning of a tool's result moves in front of the result. Returns the system blocks:
/// a point may have moved to them.
pub(crate) fn settle<'a>(
    conversation: &mut Conversation<'a>,
    has_tools: bool,
    takes: &dyn Fn(&Content) -> bool,
) -> Vec<Cow<'a, Content>> {
    // Parts of a prompt in their order: the system messages, then the turns.
    let mut parts: Vec<Vec<Cow<'a, Content>>> = vec![conversation.system.iter().copied().map(Cow::Borrowed).collect()];
    parts.extend(conversation.turns.iter_mut().map(|turn| std::mem::take(&mut turn.blocks)));
    let mut settled: Vec<Vec<Cow<'a, Content>>> = Vec::with_capacity(parts.len());
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
                part.extend(taken.map(|point| Cow::Owned(Content::CachePoint(point))));
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

/// A tool's result without the points that its content begins with, and the longest of those.
fn without_leading_point(block: Cow<'_, Content>) -> (Option<CachePoint>, Cow<'_, Content>) {
    let Content::ToolResult(result) = &*block else { return (None, block) };
    let leading: Vec<CachePoint> = result.content.iter().map_while(point_of).collect();
    let Some(first) = leading.iter().copied().reduce(|a, b| longest(Some(a), b)) else { return (None, block) };
    let mut result = result.clone();
    result.content.drain(..leading.len());
    (Some(first), Cow::Owned(Content::ToolResult(result)))
}

/// Inserts a point behind the last block that takes one; `false` where there is none.
fn insert(parts: &mut [Vec<Cow<'_, Content>>], point: CachePoint, takes: &dyn Fn(&Content) -> bool) -> bool {
    let fits = |block: &Cow<'_, Content>| point_of(block).is_none() && takes(block);
    for part in parts.iter_mut().rev() {
        let Some(at) = part.iter().rposition(fits) else { continue };
        match part.get_mut(at + 1) {
            Some(next) if point_of(next).is_some() => {
                *next = Cow::Owned(Content::CachePoint(longest(point_of(next), point)));
            }
            _ => part.insert(at + 1, Cow::Owned(Content::CachePoint(point))),
        }
        return true;
    }
    false
}
