//! Results for unanswered tool calls: an opt-in repair of the history.

use super::ChatRequest;
use crate::message::{Content, Message, Role, ToolResult};

/// The result that the model receives for an unanswered call.
const NO_RESULT: &str = "The tool call was interrupted: there is no result.";

impl ChatRequest {
    /// Adds a failed result for each unanswered tool call, as providers refuse a conversation with unanswered calls.
    /// A run that was stopped or crashed leaves such a history.
    ///
    /// The option [`fill_missing_tool_results`](crate::ChatOptions::fill_missing_tool_results) does the same on every
    /// call of a chat.
    ///
    /// ```
    /// use bedrock_chat::{ChatRequest, Content, Json, Message, Role, ToolCall};
    /// let call = Content::ToolCall(ToolCall::new("1", "now", Json::empty_object()));
    /// let request = ChatRequest::new([Message::human("Time?"), Message::new(Role::Ai, [call]), Message::human("Well?")]);
    /// let filled = request.with_missing_tool_results();
    /// assert!(matches!(&filled.messages[2].content[0], Content::ToolResult(result) if result.is_error));
    /// ```
    #[must_use]
    pub fn with_missing_tool_results(mut self) -> Self {
        let mut out: Vec<Message> = Vec::with_capacity(self.messages.len() + 1);
        // The calls of the model's turn, and the start of the turn that answers them.
        let mut open: Vec<String> = Vec::new();
        let mut begins = 0;
        for message in std::mem::take(&mut self.messages) {
            if message.role == Role::Ai {
                // Adjacent AI messages are one turn.
                if out.last().is_some_and(|last| last.role != Role::Ai) {
                    answer(&mut out, begins, &mut open);
                }
                open.extend(message.tool_calls().map(|call| call.id.clone()));
                out.push(message);
                begins = out.len();
                continue;
            }
            for block in &message.content {
                if let Content::ToolResult(result) = block {
                    open.retain(|id| *id != result.tool_call_id);
                }
            }
            out.push(message);
        }
        answer(&mut out, begins, &mut open);
        self.messages = out;
        self
    }
}

fn answer(out: &mut Vec<Message>, at: usize, open: &mut Vec<String>) {
    let failed = |id: String| {
        let mut result = ToolResult::new(id, [Content::text(NO_RESULT)]);
        result.is_error = true;
        Content::ToolResult(result)
    };
    let results: Vec<Content> = open.drain(..).map(failed).collect();
    if !results.is_empty() {
        out.insert(at, Message::new(Role::Tool, results));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::message::ToolCall;

    fn calls(ids: &[&str]) -> Message {
        let call = |id: &&str| Content::ToolCall(ToolCall::new(*id, "f", Json::empty_object()));
        Message::new(Role::Ai, ids.iter().map(call).collect::<Vec<_>>())
    }

    fn failed(ids: &[&str]) -> Message {
        let results = ids.iter().flat_map(|id| Message::tool_error(*id, NO_RESULT).content);
        Message::new(Role::Tool, results.collect::<Vec<_>>())
    }

    fn filled(messages: &[Message]) -> Vec<Message> {
        ChatRequest::new(messages).with_missing_tool_results().messages
    }

    #[test]
    fn missing_tool_results_are_filled_in_their_turn() {
        let (a, b) = (Message::human("a"), Message::human("b"));
        let messages =
            [a.clone(), calls(&["1"]), calls(&["2", "3"]), Message::tool("2", "ok"), b.clone(), calls(&["4"])];
        let expected = [
            a,
            calls(&["1"]),
            calls(&["2", "3"]),
            failed(&["1", "3"]),
            Message::tool("2", "ok"),
            b,
            calls(&["4"]),
            failed(&["4"]),
        ];
        assert_eq!(filled(&messages), expected);
        assert_eq!(filled(&expected), expected);
    }

    #[test]
    fn missing_tool_results_filler_keeps_complete_histories() {
        let messages = [Message::human("a"), calls(&["1"]), Message::tool("1", "ok"), Message::ai("b")];
        assert_eq!(filled(&messages), messages);
    }
}
