//! A content block as it is sent.

use std::ops::Deref;

use crate::message::{Content, ToolResult};

/// A block of the caller's message, or a new block that replaces one. Unlike `Cow`, it is as small as a pointer:
/// blocks are moved often, and `make size` shows each list of large elements.
#[derive(Clone, Debug)]
pub(crate) enum Block<'a> {
    Borrowed(&'a Content),
    Owned(Box<Content>),
}

impl Block<'_> {
    pub(crate) fn new(content: Content) -> Self {
        Self::Owned(Box::new(content))
    }

    /// Returns the tool result with other content.
    pub(crate) fn result(result: &ToolResult, content: Vec<Content>) -> Self {
        let ToolResult { tool_call_id, is_error, .. } = result;
        Self::new(Content::ToolResult(ToolResult { tool_call_id: tool_call_id.clone(), content, is_error: *is_error }))
    }

    /// Returns the tool result without some of its blocks.
    pub(crate) fn result_without(result: &ToolResult, is_left_out: fn(&Content) -> bool) -> Self {
        Self::result(result, result.content.iter().filter(|block| !is_left_out(block)).cloned().collect())
    }
}

impl Deref for Block<'_> {
    type Target = Content;

    fn deref(&self) -> &Content {
        match self {
            Self::Borrowed(content) => content,
            Self::Owned(content) => content,
        }
    }
}
