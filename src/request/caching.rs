//! Cache points where they pay: the automatic planner.

use super::{ChatRequest, Tool};
use crate::json::Json;
use crate::message::{CachePoint, CacheTtl, Content, Message, Role};

/// As many as the providers take.
const MOST: usize = 4;

impl ChatRequest {
    /// The same request with cache points where a conversation gains most from
    /// them: after the tools, after the system prompt, after the newest user turn
    /// (which the next call will read) and after the one before it (which this
    /// call reads). Points that are there already stay, and count: there are
    /// never more than four. As points that live longer must come first, an added one lives as long
    /// as the longest behind it.
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

    /// Same as [`ChatRequest::with_cache_points`], with one after the tools or without.
    pub(crate) fn planned(mut self, point: CachePoint, after_tools: bool) -> Self {
        let mut left = MOST.saturating_sub(self.points().len());
        let mut added: Vec<usize> = Vec::new();
        let mut add = |at: usize, content: &mut Vec<Content>| {
            if left > 0 && !content.is_empty() && !content.last().is_some_and(is_point) {
                content.push(Content::CachePoint(point));
                added.push(at);
                left -= 1;
            }
        };
        // The newest turn first: it is worth most.
        let mut turns = 0;
        let mut before: Option<Role> = None;
        for (at, message) in self.messages.iter_mut().enumerate().rev() {
            let user = matches!(message.role, Role::Human | Role::Tool);
            // Neighbours become one turn, of which this is the end.
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

    /// The service refuses a point that lives longer than one before it. Callers' own points stay as they
    /// are: an added one lives at most as long as those before it, and as long as those behind it.
    fn order_lives(&mut self, added: &[usize], added_tool: bool) {
        let last_tool = self.options.tools.len().saturating_sub(1);
        let mut own: Vec<(bool, Option<CacheTtl>)> = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        for (at, tool) in self.options.tools.iter().enumerate() {
            let is_added = added_tool && at == last_tool;
            if let Some(ttl) = tool_lives(tool) {
                own.push((is_added, ttl));
                places.push(Place::Tool);
            }
        }
        for system in [true, false] {
            for (at, message) in self.messages.iter().enumerate() {
                if (message.role == Role::System) != system {
                    continue;
                }
                let lives: Vec<_> = message.content.iter().flat_map(lives).collect();
                let last = lives.len().saturating_sub(1);
                for (i, ttl) in lives.into_iter().enumerate() {
                    own.push((added.contains(&at) && i == last, ttl));
                    places.push(Place::Message(at));
                }
            }
        }
        let is_long = |ttl: Option<CacheTtl>| ttl == Some(CacheTtl::OneHour);
        let mut before_is_short = false;
        let mut lives: Vec<Option<CacheTtl>> = Vec::new();
        for (is_added, ttl) in &own {
            let shortened = *is_added && is_long(*ttl) && before_is_short;
            before_is_short |= !is_added && !is_long(*ttl);
            lives.push(if shortened { None } else { *ttl });
        }
        let mut behind_is_long = false;
        for (((is_added, _), ttl), place) in own.iter().zip(lives).zip(places).rev() {
            let ttl = if *is_added && behind_is_long { Some(CacheTtl::OneHour) } else { ttl };
            behind_is_long |= is_long(ttl);
            if !is_added {
                continue;
            }
            match place {
                Place::Tool => {
                    if let Some(tool) = self.options.tools.last_mut() {
                        tool.cache_point = Some(CachePoint { ttl });
                    }
                }
                Place::Message(at) => {
                    let content = self.messages.get_mut(at).map(|message| &mut message.content);
                    if let Some(Content::CachePoint(point)) = content.and_then(|content| content.last_mut()) {
                        point.ttl = ttl;
                    }
                }
            }
        }
    }

    /// The lives of all points that are there.
    fn points(&self) -> Vec<Option<CacheTtl>> {
        let in_messages = self.messages.iter().flat_map(|message| &message.content).flat_map(lives);
        in_messages.chain(self.options.tools.iter().flat_map(tool_lives)).collect()
    }
}

/// Where a point is.
enum Place {
    /// After a tool.
    Tool,
    /// In a message.
    Message(usize),
}

fn is_point(block: &Content) -> bool {
    matches!(block, Content::CachePoint(_))
}

/// How long the points in a block live: those in tool results and raw blocks count too.
fn lives(block: &Content) -> Vec<Option<CacheTtl>> {
    match block {
        Content::CachePoint(point) => vec![point.ttl],
        Content::ToolResult(result) => result.content.iter().flat_map(lives).collect(),
        Content::Raw(raw) => native_life(&raw.block).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn tool_lives(tool: &Tool) -> Option<Option<CacheTtl>> {
    match (&tool.native, tool.cache_point) {
        (Some(native), _) => native_life(native),
        (None, point) => point.map(|point| point.ttl),
    }
}

/// How long the point in a provider's own block or tool lives.
fn native_life(native: &Json) -> Option<Option<CacheTtl>> {
    native.view().get("cache_control").map(|control| CacheTtl::parse(control.word_at("ttl")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(request: &ChatRequest) -> Vec<bool> {
        request.messages.iter().map(|message| message.content.last().is_some_and(is_point)).collect()
    }

    #[test]
    fn the_points_are_where_this_call_reads_and_the_next_will() {
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
    fn points_that_are_there_stay_and_there_are_never_more_than_four() {
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
    fn added_cache_points_live_as_long_as_those_behind_them() {
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
        let lives: Vec<_> =
            planned.messages.iter().flat_map(|message| &message.content).flat_map(super::lives).collect();
        assert_eq!(lives, [hour, hour, None]);
        assert_eq!(planned.options.tools[0].cache_point, Some(CachePoint { ttl: hour }));
    }

    #[test]
    fn added_cache_points_live_no_longer_than_those_before_them() {
        let hour = CachePoint { ttl: Some(CacheTtl::OneHour) };
        let messages = [Message::system("rules").with(Content::cache_point()), Message::human("a")];
        let planned = ChatRequest::new(messages).with_cache_points(hour);
        assert_eq!(planned.messages[1].content.last(), Some(&Content::cache_point()));
    }

    #[test]
    fn cache_points_inside_results_and_raw_blocks_count() {
        let raw = Content::raw(Json::parse(r#"{"type":"x","cache_control":{"type":"ephemeral"}}"#).unwrap());
        let result = crate::message::ToolResult::new("1", [Content::text("r"), Content::cache_point()]);
        let blocks = [Content::ToolResult(result), raw.clone(), raw.clone(), raw];
        let request = ChatRequest::new([Message::new(Role::Human, blocks)]);
        assert_eq!(request.clone().with_cache_points(CachePoint::default()), request);
    }
}
