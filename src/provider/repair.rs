//! Message repair shared by all shapes: a normal list of messages becomes turns
//! that Bedrock accepts, with nothing invented.
//!
//! - system messages come first and are set apart;
//! - neighbours of one side become one turn, tool results first, in the order of the calls;
//! - what a failed tool shows stands behind the results, which tell the rest;
//! - blank text is dropped, and turns that are left empty with it;
//! - a tool call appears once; reasoning without a signature is dropped;
//! - the last turn, if it is the model's, does not end in white space.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Writer};
use crate::message::{Content, Message, Role, ToolCall, ToolResult};

/// Who speaks in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    User,
    Assistant,
}

impl Side {
    /// The name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn.
#[derive(Clone, Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) side: Side,
    /// Whether it is a system message between the turns, which only [`repair_with_notes`] lets stand.
    pub(crate) is_note: bool,
    pub(crate) blocks: Vec<Cow<'a, Content>>,
}

/// A repaired conversation.
#[derive(Clone, Debug)]
pub(crate) struct Conversation<'a> {
    pub(crate) system: Vec<&'a Content>,
    pub(crate) turns: Vec<Turn<'a>>,
}

impl Conversation<'_> {
    /// Whether any turn calls a tool or has a tool's result.
    pub(crate) fn has_tool_blocks(&self) -> bool {
        let is_one = |block: &Cow<'_, Content>| matches!(**block, Content::ToolCall(_) | Content::ToolResult(_));
        self.turns.iter().any(|turn| turn.blocks.iter().any(is_one))
    }
}

/// What an empty tool result says, as providers refuse an empty one.
pub(crate) const EMPTY_RESULT: &str = "(no output)";

fn encode<T>(message: fmt::Arguments<'_>) -> Result<T> {
    Err(Error::of(ErrorKind::Encode, message))
}

/// Repairs a conversation.
///
/// # Errors
/// `Encode`: a system message after the first turn, a tool call without id, or nothing to answer.
pub(crate) fn repair(messages: &[Message]) -> Result<Conversation<'_>> {
    repair_all(messages, false)
}

/// Repairs a conversation, in which system messages of the provider's own blocks may stand
/// anywhere: Converse adds and removes tools so.
///
/// # Errors
/// As [`repair`].
pub(crate) fn repair_with_notes(messages: &[Message]) -> Result<Conversation<'_>> {
    repair_all(messages, true)
}

fn repair_all(messages: &[Message], notes: bool) -> Result<Conversation<'_>> {
    let mut system = Vec::new();
    let mut turns: Vec<Turn<'_>> = Vec::new();
    let mut begun = false;
    for (i, message) in messages.iter().enumerate() {
        let is_raw = |block: &Content| matches!(block, Content::Raw(_));
        let is_note = notes && begun && message.role == Role::System && message.content.iter().all(is_raw);
        let side = match message.role {
            Role::System if is_note => Side::User,
            Role::System if begun => {
                return encode(format_args!(
                    "message {i} is a system message after the conversation has begun: put system messages first"
                ));
            }
            Role::System => {
                for block in &message.content {
                    if !is_blank(block) {
                        system.push(block);
                    }
                }
                continue;
            }
            Role::Human | Role::Tool => Side::User,
            Role::Ai => Side::Assistant,
        };
        begun = true;
        let mut blocks = Vec::with_capacity(message.content.len());
        for block in &message.content {
            if let Some(block) = usable(block, i, messages)? {
                blocks.push(block);
            }
        }
        if blocks.iter().all(|block| matches!(**block, Content::CachePoint(_))) {
            continue;
        }
        match turns.last_mut() {
            Some(turn) if turn.side == side && turn.is_note == is_note => turn.blocks.extend(blocks),
            _ => turns.push(Turn { side, is_note, blocks }),
        }
    }
    let mut order: Vec<String> = Vec::new();
    for turn in &mut turns {
        match turn.side {
            Side::Assistant => order = drop_repeated_calls(turn),
            Side::User if turn.is_note => {}
            Side::User => {
                results_first(turn, &order);
                failures_in_words(turn);
            }
        }
    }
    trim_end(&mut turns);
    match turns.first() {
        // Whether the model may speak first is the service's business: not all models mind.
        Some(_) => Ok(Conversation { system, turns }),
        None => encode(format_args!("there is nothing to answer: the conversation has no human message with content")),
    }
}

fn is_blank(block: &Content) -> bool {
    match block {
        Content::Text(text) => text.text.trim().is_empty() && text.citations.is_empty(),
        _ => false,
    }
}

/// The block as it can be sent, or nothing.
fn usable<'a>(block: &'a Content, at: usize, messages: &[Message]) -> Result<Option<Cow<'a, Content>>> {
    Ok(Some(match block {
        block if is_blank(block) => return Ok(None),
        // A provider refuses reasoning that it has not signed.
        Content::Thinking(thinking) if thinking.signature.as_ref().is_none_or(String::is_empty) => return Ok(None),
        Content::ToolCall(call) if call.id.is_empty() => {
            return encode(format_args!(
                "message {at} calls the tool \"{}\" without an id: every tool call needs the id that its result names",
                call.name
            ));
        }
        Content::InvalidToolCall(call) => {
            // The model must see what it wrote if somebody answered it; else it never happened.
            let answers =
                |block: &Content| matches!(block, Content::ToolResult(result) if result.tool_call_id == call.id);
            if call.id.is_empty() || !messages.iter().any(|message| message.content.iter().any(answers)) {
                return Ok(None);
            }
            let mut w = Writer::new();
            w.begin_object();
            w.field("rawInvalidInput", &call.args);
            w.end_object();
            Cow::Owned(Content::ToolCall(ToolCall::new(call.id.clone(), call.name.clone(), Json::from(w))))
        }
        Content::ToolResult(result) if result.content.iter().all(is_blank) => {
            Cow::Owned(Content::ToolResult(ToolResult { content: vec![Content::text(EMPTY_RESULT)], ..result.clone() }))
        }
        Content::ToolResult(result) if result.content.iter().any(is_blank) => {
            let content = result.content.iter().filter(|block| !is_blank(block)).cloned().collect();
            Cow::Owned(Content::ToolResult(ToolResult { content, ..result.clone() }))
        }
        block => Cow::Borrowed(block),
    }))
}

/// A call may stand twice in what other libraries hand over: as a block and in a list of calls.
/// Gives the ids of those that stay, in their order.
fn drop_repeated_calls(turn: &mut Turn<'_>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    turn.blocks.retain(|block| match &**block {
        Content::ToolCall(call) if seen.contains(&call.id) => false,
        Content::ToolCall(call) => {
            seen.push(call.id.clone());
            true
        }
        _ => true,
    });
    seen
}

/// Tool results before all else, in the order of the calls that they answer. A
/// cache point after a result moves with it.
fn results_first(turn: &mut Turn<'_>, order: &[String]) {
    let mut sorted: Vec<(usize, Cow<'_, Content>)> = Vec::with_capacity(turn.blocks.len());
    let last = order.len();
    let mut rank = last + 1;
    for block in std::mem::take(&mut turn.blocks) {
        rank = match &*block {
            Content::ToolResult(result) => order.iter().position(|id| *id == result.tool_call_id).unwrap_or(last),
            Content::CachePoint(_) => rank,
            _ => last + 1,
        };
        // Behind all of its rank and below: sorted, without the code that sorting costs.
        let at = sorted.partition_point(|(other, _)| *other <= rank);
        sorted.insert(at, (rank, block));
    }
    for (_, block) in sorted {
        turn.blocks.push(block);
    }
}

/// Claude takes only words in the result of a tool that failed: pictures and the like stand behind the
/// results then, for every model alike.
fn failures_in_words(turn: &mut Turn<'_>) {
    let is_told = |block: &Content| matches!(block, Content::Text(_) | Content::Json(_));
    let mut shown = Vec::new();
    let mut behind = 0;
    for (at, block) in turn.blocks.iter_mut().enumerate() {
        let Content::ToolResult(result) = &**block else { continue };
        behind = at + 1;
        if !result.is_error || result.content.iter().all(is_told) {
            continue;
        }
        let (mut told, others): (Vec<_>, Vec<_>) = result.content.iter().cloned().partition(is_told);
        if told.is_empty() {
            told.push(Content::text(EMPTY_RESULT));
        }
        shown.extend(others.into_iter().map(Cow::Owned));
        *block = Cow::Owned(Content::ToolResult(ToolResult { content: told, ..result.clone() }));
    }
    turn.blocks.splice(behind..behind, shown);
}

/// The beginning of an answer that ends in white space is refused.
fn trim_end(turns: &mut [Turn<'_>]) {
    let Some(Turn { side: Side::Assistant, blocks, .. }) = turns.last_mut() else { return };
    let last = blocks.iter_mut().rev().find(|block| !matches!(***block, Content::CachePoint(_)));
    if let Some(block) = last {
        let trimmed = match &**block {
            Content::Text(text) if text.text.ends_with(char::is_whitespace) => {
                let mut text = text.clone();
                text.text.truncate(text.text.trim_end().len());
                Content::Text(text)
            }
            _ => return,
        };
        *block = Cow::Owned(trimmed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Thinking;

    fn call(id: &str) -> Content {
        Content::ToolCall(ToolCall::new(id, "f", Json::empty_object()))
    }

    fn shape(messages: &[Message]) -> Vec<String> {
        let name = |block: &Cow<'_, Content>| match &**block {
            Content::Text(text) => format!("{:?}", text.text),
            Content::ToolCall(call) => format!("call {}", call.id),
            Content::ToolResult(result) => format!("result {}", result.tool_call_id),
            other => format!("{other:?}").chars().take_while(|c| c.is_alphanumeric()).collect(),
        };
        let turns = repair(messages).unwrap().turns;
        turns
            .iter()
            .map(|turn| {
                format!("{}: {}", turn.side.as_str(), turn.blocks.iter().map(name).collect::<Vec<_>>().join(", "))
            })
            .collect()
    }

    #[test]
    fn parallel_tool_results_and_what_the_user_adds_become_one_turn_in_the_order_of_the_calls() {
        let messages = [
            Message::human("Weather?"),
            Message::new(Role::Ai, [call("1"), call("2")]),
            Message::human("ok"),
            Message::tool("2", "55F"),
            Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("1", [Content::text("72F")]))]),
        ];
        assert_eq!(
            shape(&messages),
            ["user: \"Weather?\"", "assistant: call 1, call 2", "user: result 1, result 2, \"ok\""]
        );
    }

    #[test]
    fn neighbours_of_one_side_become_one_turn() {
        let messages =
            [Message::human("a"), Message::human("b"), Message::ai("c"), Message::ai("d"), Message::human("e")];
        assert_eq!(shape(&messages), ["user: \"a\", \"b\"", "assistant: \"c\", \"d\"", "user: \"e\""]);
    }

    #[test]
    fn blank_text_goes_and_turns_left_empty_go_with_it() {
        let messages = [
            Message::human("a"),
            Message::new(Role::Ai, [Content::text(""), Content::text(" \n")]),
            Message::human("b"),
            Message::new(Role::Ai, [Content::text(" "), call("1")]),
            Message::tool("1", ""),
            Message::ai("x \n"),
        ];
        assert_eq!(shape(&messages), ["user: \"a\", \"b\"", "assistant: call 1", "user: result 1", "assistant: \"x\""]);
        let repaired = repair(&messages).unwrap();
        let Content::ToolResult(result) = &*repaired.turns[2].blocks[0] else { panic!() };
        assert_eq!(result.content, [Content::text(EMPTY_RESULT)]);
    }

    #[test]
    fn inner_white_space_is_left_alone() {
        let messages = [Message::human(" a \n b "), Message::ai("c \n"), Message::human("d")];
        assert_eq!(shape(&messages), ["user: \" a \\n b \"", "assistant: \"c \\n\"", "user: \"d\""]);
    }

    #[test]
    fn a_call_that_stands_twice_is_sent_once_at_its_first_place() {
        let messages = [
            Message::human("a"),
            Message::new(Role::Ai, [call("1"), Content::text("t"), call("1")]),
            Message::tool("1", "r"),
        ];
        assert_eq!(shape(&messages)[1], "assistant: call 1, \"t\"");
    }

    #[test]
    fn unsigned_reasoning_is_dropped_and_signed_reasoning_kept_even_when_empty() {
        let thinking = |text: &str, signature: Option<&str>| {
            Content::Thinking(Thinking { text: text.into(), signature: signature.map(Into::into) })
        };
        let messages = [
            Message::human("a"),
            Message::new(Role::Ai, [thinking("x", None), thinking("", Some("s")), Content::text("t")]),
            Message::human("b"),
        ];
        assert_eq!(shape(&messages)[1], "assistant: Thinking, \"t\"");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_its_place() {
        let late = repair(&[Message::human("a"), Message::system("s")]).unwrap_err();
        assert!(late.message().contains("message 1"), "{late}");
        for messages in [vec![], vec![Message::system("s")], vec![Message::human(" ")]] {
            assert_eq!(repair(&messages).unwrap_err().kind(), ErrorKind::Encode);
        }
        assert!(repair(&[Message::human("a"), Message::new(Role::Ai, [call("")])]).is_err());
    }

    #[test]
    fn a_system_message_of_raw_blocks_may_stand_between_turns_only_where_it_is_asked_for() {
        let raw = Content::raw(Json::parse(r#"{"toolRemoval":{}}"#).unwrap());
        let messages = [Message::human("a"), Message::new(Role::System, [raw]), Message::human("b")];
        assert_eq!(repair(&messages).unwrap_err().kind(), ErrorKind::Encode);
        let notes: Vec<_> = repair_with_notes(&messages).unwrap().turns.iter().map(|turn| turn.is_note).collect();
        assert_eq!(notes, [false, true, false]);
        assert!(repair_with_notes(&[Message::human("a"), Message::system("s")]).is_err(), "words come first");
    }

    #[test]
    fn an_invalid_call_is_replayed_only_if_somebody_answered_it() {
        let invalid = Content::InvalidToolCall(crate::message::InvalidToolCall {
            id: "1".into(),
            name: "f".into(),
            args: "{\"a".into(),
            error: "cut".into(),
        });
        let asked = [Message::human("a"), Message::new(Role::Ai, [Content::text("t"), invalid])];
        assert_eq!(shape(&asked)[1], "assistant: \"t\"");
        let mut answered = asked.to_vec();
        answered.push(Message::tool_error("1", "bad arguments"));
        assert_eq!(shape(&answered)[1], "assistant: \"t\", call 1");
    }
}
