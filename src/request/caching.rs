//! Cache points where they pay: the automatic planner.

use super::ChatRequest;
use crate::message::{CachePoint, Content, Message, Role};

/// As many as the providers take.
const MOST: usize = 4;

impl ChatRequest {
    /// The same request with cache points where a conversation gains most from
    /// them: after the tools, after the system prompt, after the newest user turn
    /// (which the next call will read) and after the one before it (which this
    /// call reads). Points that are there already stay, and count: there are
    /// never more than four.
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

    /// As [`ChatRequest::with_cache_points`], with one after the tools or without.
    pub(crate) fn planned(mut self, point: CachePoint, after_tools: bool) -> Self {
        let in_messages = |message: &Message| message.content.iter().filter(|block| is_point(block)).count();
        let present = self.messages.iter().map(in_messages).sum::<usize>()
            + self.options.tools.iter().filter(|tool| tool.cache_point.is_some()).count();
        let mut left = MOST.saturating_sub(present);
        let mut add = |content: &mut Vec<Content>| {
            if left > 0 && !content.is_empty() && !content.last().is_some_and(is_point) {
                content.push(Content::CachePoint(point));
                left -= 1;
            }
        };
        // The newest turn first: it is worth most.
        let mut turns = 0;
        let mut before: Option<Role> = None;
        for message in self.messages.iter_mut().rev() {
            let user = matches!(message.role, Role::Human | Role::Tool);
            // Neighbours become one turn, of which this is the end.
            if user && !matches!(before, Some(Role::Human | Role::Tool)) && turns < 2 {
                add(&mut message.content);
                turns += 1;
            }
            before = Some(message.role);
        }
        if let Some(system) = self.messages.iter_mut().rev().find(|message| message.role == Role::System) {
            add(&mut system.content);
        }
        if let Some(tool) =
            self.options.tools.last_mut().filter(|tool| after_tools && left > 0 && tool.native.is_none())
        {
            tool.cache_point.get_or_insert(point);
        }
        self
    }
}

fn is_point(block: &Content) -> bool {
    matches!(block, Content::CachePoint(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::request::Tool;

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
}
