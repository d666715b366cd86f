//! The planner of cache points.

use super::{ChatRequest, Tool};
use crate::json::Json;
use crate::message::{CachePoint, CacheTtl, Content, Message, Role};

/// Maximum number of cache points that providers accept.
pub(crate) const MAX_CACHE_POINTS: usize = 4;

impl ChatRequest {
    /// Adds cache points where a conversation gains most: after the tools, after the system prompt, after the
    /// newest user turn (for the next call) and after the previous one (for this call). Existing points are
    /// kept and count towards the maximum of four. Points with a longer lifetime must come first, so an added
    /// point gets the lifetime of the longest one after it.
    ///
    /// See [prompt caching](https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
    ///
    /// ```
    /// use bedrock_chat::{CachePoint, ChatRequest, Content, Message};
    /// let request = ChatRequest::new([Message::system("Long rules."), Message::human("hello")]);
    /// let planned = request.with_cache_points(CachePoint::default());
    /// assert!(matches!(planned.messages[0].content.last(), Some(Content::CachePoint(_))));
    /// ```
    #[must_use]
    pub fn with_cache_points(self, point: CachePoint) -> Self {
        self.planned(point, true)
    }

    /// Same as [`ChatRequest::with_cache_points`], optionally without a point after the tools.
    pub(crate) fn planned(mut self, point: CachePoint, after_tools: bool) -> Self {
        let mut left = MAX_CACHE_POINTS.saturating_sub(self.points().len());
        let mut added: Vec<usize> = Vec::new();
        let mut add = |at: usize, content: &mut Vec<Content>| {
            if left > 0 && !content.is_empty() && !content.last().is_some_and(Content::is_cache_point) {
                content.push(Content::CachePoint(point));
                added.push(at);
                left -= 1;
            }
        };
        // The newest turn is first, as its point saves most.
        let mut turns = 0;
        let mut before: Option<Role> = None;
        for (at, message) in self.messages.iter_mut().enumerate().rev() {
            let user = matches!(message.role, Role::Human | Role::Tool);
            // Adjacent user messages become one turn, which ends at this message.
            if user && !matches!(before, Some(Role::Human | Role::Tool)) && turns < 2 {
                add(at, &mut message.content);
                turns += 1;
            }
            before = Some(message.role);
        }
        let is_system = |(_, message): &(usize, &mut Message)| message.role == Role::System;
        if let Some((at, system)) = self.messages.iter_mut().enumerate().rev().find(is_system) {
            add(at, &mut system.content);
        }
        let tool = self.options.tools.last_mut().filter(|_| after_tools && left > 0);
        let added_tool = tool.is_some_and(|tool| {
            let is_free = tool.native.is_none() && tool.cache_point.is_none();
            if is_free {
                tool.cache_point = Some(point);
            }
            is_free
        });
        self.order_lives(&added, added_tool);
        self
    }

    /// Sets the lifetimes of the cache points that this library added. The service refuses a cache point with a
    /// longer lifetime than an earlier one. The caller's cache points are unchanged. An added cache point gets a
    /// lifetime of one hour if a later point has one. It does not if an earlier point of the caller has a shorter one.
    fn order_lives(&mut self, added: &[usize], added_tool: bool) {
        let mut points = self.points();
        let mut before_is_short = false;
        for at in 0..points.len() {
            let is_last = points.get(at + 1).map(|next| next.position) != points.get(at).map(|point| point.position);
            let Some(point) = points.get_mut(at) else { break };
            point.is_added = is_last
                && match point.position {
                    PointPosition::Tool(tool) => added_tool && tool + 1 == self.options.tools.len(),
                    PointPosition::Message(message) => added.contains(&message),
                };
            if point.is_added && before_is_short {
                point.is_long = false;
            }
            before_is_short |= !point.is_added && !point.is_long;
        }
        let mut behind_is_long = false;
        for point in points.iter().rev() {
            let is_long = point.is_long || point.is_added && behind_is_long;
            behind_is_long |= is_long;
            if !point.is_added {
                continue;
            }
            let added = match point.position {
                PointPosition::Tool(at) => self.options.tools.get_mut(at).and_then(|tool| tool.cache_point.as_mut()),
                PointPosition::Message(at) => {
                    match self.messages.get_mut(at).and_then(|message| message.content.last_mut()) {
                        Some(Content::CachePoint(point)) => Some(point),
                        _ => None,
                    }
                }
            };
            if let Some(added) = added.filter(|added| is_long != (added.ttl == Some(CacheTtl::OneHour))) {
                added.ttl = is_long.then_some(CacheTtl::OneHour);
            }
        }
    }

    /// Returns all points, in the order of a prompt: tools, system messages, other messages.
    fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        for (at, tool) in self.options.tools.iter().enumerate() {
            push(&mut points, PointPosition::Tool(at), tool_lives(tool));
        }
        for of_system in [true, false] {
            for (at, message) in self.messages.iter().enumerate() {
                if (message.role == Role::System) == of_system {
                    add_points(&mut points, PointPosition::Message(at), &message.content);
                }
            }
        }
        points
    }
}

/// A cache point of a request.
struct Point {
    position: PointPosition,
    is_long: bool,
    is_added: bool,
}

/// The position of a point: after a tool, or in a message.
#[derive(Clone, Copy, PartialEq)]
enum PointPosition {
    Tool(usize),
    Message(usize),
}

/// Collects the cache points of blocks into `points`, also those in tool results and raw blocks.
fn add_points(points: &mut Vec<Point>, position: PointPosition, blocks: &[Content]) {
    for block in blocks {
        match block {
            Content::CachePoint(point) => push(points, position, Some(point.ttl)),
            Content::ToolResult(result) => add_points(points, position, &result.content),
            Content::Raw(raw) => push(points, position, native_life(&raw.block)),
            _ => {}
        }
    }
}

fn push(points: &mut Vec<Point>, position: PointPosition, ttl: Option<Option<CacheTtl>>) {
    let is_long = ttl == Some(Some(CacheTtl::OneHour));
    points.extend(ttl.map(|_| Point { position, is_long, is_added: false }));
}

/// Returns the lifetime of the cache point after a tool, or `None` if the tool has no cache point. The lifetime
/// itself is `None` if it is not set.
pub(crate) fn tool_lives(tool: &Tool) -> Option<Option<CacheTtl>> {
    match (&tool.native, tool.cache_point) {
        (Some(native), _) => native_life(native),
        (None, point) => point.map(|point| point.ttl),
    }
}

/// Returns the lifetime of the cache point (`cache_control`) of a native block or tool, or `None` if it has no
/// cache point. The lifetime itself is `None` if it is not set or not known.
pub(crate) fn native_life(native: &Json) -> Option<Option<CacheTtl>> {
    native.view().get("cache_control").map(|control| CacheTtl::parse(control.word_at("ttl")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(request: &ChatRequest) -> Vec<bool> {
        request.messages.iter().map(|message| message.content.last().is_some_and(Content::is_cache_point)).collect()
    }

    #[test]
    fn cache_points_are_placed_for_this_and_the_next_call() {
        let mut request = ChatRequest::new([
            Message::system("rules"),
            Message::human("a"),
            Message::ai("b"),
            Message::human("c"),
            Message::ai("d"),
            Message::tool("1", "e"),
            Message::human("f"),
        ]);
        request.options.tools =
            vec![Tool::new("t", "", Json::empty_object()), Tool::new("u", "", Json::empty_object())];
        let planned = request.with_cache_points(CachePoint::default());
        assert_eq!(points(&planned), [true, false, false, true, false, false, true]);
        assert_eq!(
            planned.options.tools.iter().map(|tool| tool.cache_point.is_some()).collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn cache_points_of_the_caller_stay_within_four() {
        let marked = |text: &str| Message::human(text).with(Content::cache_point());
        let request = ChatRequest::new([
            marked("a"),
            Message::ai("b"),
            marked("c"),
            Message::ai("d"),
            marked("e"),
            Message::ai("f"),
            Message::human("g"),
        ]);
        let planned = request.with_cache_points(CachePoint::default());
        assert_eq!(points(&planned).iter().filter(|point| **point).count(), 4);
        assert_eq!(planned.clone().with_cache_points(CachePoint::default()), planned);
    }
    #[test]
    fn added_cache_point_has_at_least_the_ttl_of_later_points() {
        let hour = Some(CacheTtl::OneHour);
        let own = |ttl| Content::CachePoint(CachePoint { ttl });
        let mut request = ChatRequest::new([
            Message::system("rules"),
            Message::human("a").with(own(hour)),
            Message::ai("b"),
            Message::human("c"),
        ]);
        request.options.tools = vec![Tool::new("t", "", Json::empty_object())];
        let planned = request.with_cache_points(CachePoint::default());
        let lives: Vec<_> = planned.points().iter().map(|point| point.is_long).collect();
        assert_eq!(lives, [true, true, true, false]);
        assert_eq!(planned.options.tools[0].cache_point, Some(CachePoint { ttl: hour }));
    }

    #[test]
    fn added_cache_point_has_at_most_the_ttl_of_earlier_points() {
        let hour = CachePoint { ttl: Some(CacheTtl::OneHour) };
        let messages = [Message::system("rules").with(Content::cache_point()), Message::human("a")];
        let planned = ChatRequest::new(messages).with_cache_points(hour);
        assert_eq!(planned.messages[1].content.last(), Some(&Content::cache_point()));
    }

    #[test]
    fn cache_points_in_results_and_raw_blocks_are_counted() {
        let raw = Content::raw(Json::parse(r#"{"type":"x","cache_control":{"type":"ephemeral"}}"#).unwrap());
        let result = crate::message::ToolResult::new("1", [Content::text("r"), Content::cache_point()]);
        let blocks = [Content::ToolResult(result), raw.clone(), raw.clone(), raw];
        let request = ChatRequest::new([Message::new(Role::Human, blocks)]);
        assert_eq!(request.clone().with_cache_points(CachePoint::default()), request);
    }
}
