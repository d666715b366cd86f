//! The accumulator of events.

use std::sync::Arc;

use super::{ChatEvent, Events};
use crate::headers::Headers;
use crate::json::{Json, Kind, View, Writer, merged};
use crate::message::{AiMessage, Content, InvalidToolCall, Raw, StopReason, Text, Thinking, ToolCall, Usage};

/// A builder of the message from a stream's events. The message can be sent back: it has the same blocks in the
/// same order, and its signatures are unchanged.
///
/// ```
/// use bedrock_chat::{Accumulator, ChatEvent};
/// let mut message = Accumulator::new();
/// message.push(&ChatEvent::ToolCallStart { index: 0, id: "t1".into(), name: "now".into() });
/// message.push(&ChatEvent::BlockStop { index: 0 });
/// let message = message.finish();
/// assert_eq!(message.tool_calls().next().unwrap().args, serde_json::json!({}));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Accumulator {
    message: AiMessage,
    blocks: Vec<Block>,
    unknown: Vec<(String, Json)>,
}

#[derive(Clone, Debug)]
struct Block {
    index: u32,
    open: bool,
    part: Part,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Text),
    Thinking(Thinking),
    Tool {
        id: String,
        name: String,
        args: String,
        extra: Vec<(String, Json)>,
    },
    Whole(Content),
    /// A provider's block, and the deltas received for it.
    Raw {
        block: Json,
        input: String,
        text: String,
    },
}

impl Accumulator {
    /// Creates an empty accumulator.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event.
    pub fn push(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Start { id, model } => {
                self.message.id.clone_from(id);
                self.message.model.clone_from(model);
            }
            ChatEvent::Text { index, text } => self.text(*index, text),
            ChatEvent::Thinking { index, text } => self.thinking(*index, |thinking| thinking.text.push_str(text)),
            ChatEvent::ThinkingSignature { index, signature } => {
                self.thinking(*index, |thinking| thinking.signature.get_or_insert_default().push_str(signature));
            }
            ChatEvent::ToolCallStart { index, id, name } => {
                let (id, name) = (id.clone(), name.clone());
                self.start(*index, Part::Tool { id, name, args: String::new(), extra: Vec::new() });
            }
            ChatEvent::Member { index, key, value } => {
                let fits = |part: &Part| matches!(part, Part::Tool { .. } | Part::Text(_) | Part::Thinking(_));
                if let Some(
                    Part::Tool { extra, .. } | Part::Text(Text { extra, .. }) | Part::Thinking(Thinking { extra, .. }),
                ) = self.part(*index, fits)
                {
                    match extra.iter_mut().find(|(known, _)| known == key) {
                        Some((_, old)) => old.clone_from(value),
                        None => extra.push((key.clone(), value.clone())),
                    }
                }
            }
            ChatEvent::ToolCallDelta { index, args } => {
                match self.part(*index, |part| matches!(part, Part::Tool { .. } | Part::Raw { .. })) {
                    Some(Part::Tool { args: all, .. } | Part::Raw { input: all, .. }) => all.push_str(args),
                    // Arguments without the start of a call are kept as an invalid call.
                    _ => {
                        let (id, name) = (String::new(), String::new());
                        self.start(*index, Part::Tool { id, name, args: args.clone(), extra: Vec::new() });
                    }
                }
            }
            ChatEvent::Citation { index, citation } => {
                if let Part::Text(text) = self.text_part(*index) {
                    text.citations.push(citation.clone());
                }
            }
            ChatEvent::Block { index, block } => self.start(
                *index,
                match block {
                    Content::Raw(Raw { block }) => {
                        Part::Raw { block: block.clone(), input: String::new(), text: String::new() }
                    }
                    Content::Text(text) => Part::Text(text.clone()),
                    Content::Thinking(thinking) => Part::Thinking(thinking.clone()),
                    whole => Part::Whole(whole.clone()),
                },
            ),
            ChatEvent::BlockStop { index } => {
                if let Some(block) = self.blocks.iter_mut().rev().find(|block| block.index == *index) {
                    block.open = false;
                }
            }
            ChatEvent::Stop { reason, sequence } => {
                if StopReason::replace(&mut self.message.stop_reason, reason.clone()) {
                    self.message.stop_sequence.clone_from(sequence);
                }
            }
            ChatEvent::Usage { usage } => {
                *self.message.usage.get_or_insert_default() += *usage;
            }
            ChatEvent::Metadata { key, value } => self.message.set_metadata(key, value.clone()),
            ChatEvent::Unknown { name, payload } => self.unknown.push((name.clone(), payload.clone())),
        }
    }

    /// Adds all events and empties the queue.
    pub fn extend(&mut self, events: &mut Events) {
        while let Some(event) = events.pop() {
            self.push(&event);
        }
    }

    /// Returns the usage so far.
    pub fn usage(&self) -> Option<Usage> {
        self.message.usage
    }

    /// Sets AWS's id of the request.
    pub(crate) fn set_request_id(&mut self, id: Option<String>) {
        self.message.request_id = id;
    }

    /// Sets the headers of the response.
    pub(crate) fn set_response_headers(&mut self, headers: &Arc<Headers>) {
        self.message.set_response_headers(headers);
    }

    /// Returns the message of a stream that ended normally.
    pub fn finish(self) -> AiMessage {
        self.build(true)
    }

    /// Returns the partial message of a stream that broke off. Unfinished reasoning loses its signature, as the
    /// provider would refuse it, and unfinished tool calls become invalid.
    pub fn partial(self) -> AiMessage {
        self.build(false)
    }

    fn start(&mut self, index: u32, part: Part) {
        self.blocks.push(Block { index, open: true, part });
    }

    fn part(&mut self, index: u32, fits: fn(&Part) -> bool) -> Option<&mut Part> {
        let block = self.blocks.iter_mut().rev().find(|block| block.index == index && block.open && fits(&block.part));
        block.map(|block| &mut block.part)
    }

    fn part_or(&mut self, index: u32, fits: fn(&Part) -> bool, fresh: Part) -> &mut Part {
        let found = self.blocks.iter().rposition(|block| block.index == index && block.open && fits(&block.part));
        let at = found.unwrap_or_else(|| {
            self.start(index, fresh);
            self.blocks.len() - 1
        });
        #[allow(clippy::indexing_slicing, reason = "the position was just found or made")]
        &mut self.blocks[at].part
    }

    fn text_part(&mut self, index: u32) -> &mut Part {
        self.part_or(index, |part| matches!(part, Part::Text(_) | Part::Raw { .. }), Part::Text(Text::default()))
    }

    fn text(&mut self, index: u32, more: &str) {
        match self.text_part(index) {
            Part::Text(Text { text, .. }) | Part::Raw { text, .. } => text.push_str(more),
            _ => {}
        }
    }

    fn thinking(&mut self, index: u32, add: impl FnOnce(&mut Thinking)) {
        let fresh = Part::Thinking(Thinking::default());
        if let Part::Thinking(thinking) = self.part_or(index, |part| matches!(part, Part::Thinking(_)), fresh) {
            add(thinking);
        }
    }

    fn build(self, complete: bool) -> AiMessage {
        let Self { mut message, blocks, unknown } = self;
        let cut =
            !complete || matches!(message.stop_reason, Some(StopReason::MaxTokens | StopReason::ContextWindowExceeded));
        let last = blocks.len().saturating_sub(1);
        for (i, block) in blocks.into_iter().enumerate() {
            let unfinished = !complete && block.open;
            message.content.push(match block.part {
                Part::Text(text) if text.text.is_empty() && text.citations.is_empty() => continue,
                Part::Text(text) => Content::Text(text),
                Part::Thinking(mut thinking) => {
                    if unfinished {
                        thinking.signature = None;
                    }
                    if thinking.text.is_empty() && thinking.signature.is_none() {
                        continue;
                    }
                    Content::Thinking(thinking)
                }
                Part::Tool { id, name, args, extra } => {
                    let mut call = tool_call(id, name, args, unfinished || (cut && i == last));
                    if let Content::ToolCall(call) = &mut call {
                        call.extra = extra;
                    }
                    call
                }
                Part::Whole(content) => content,
                Part::Raw { block, input, text } => Content::Raw(Raw { block: with_deltas(block, &input, &text) }),
            });
        }
        if !unknown.is_empty() {
            let mut w = Writer::new();
            w.begin_array();
            unknown.iter().for_each(|(name, event)| write_unknown(&mut w, name, event.view()));
            w.end_array();
            message.set_metadata("unknown_events", Json::written(w));
        }
        message
    }
}

/// Writes an event of an unknown type. If only a frame's header names the type, the event becomes the only
/// member of an object, under that name.
fn write_unknown(w: &mut Writer, name: &str, event: View<'_>) {
    let names_itself = event.raw_entries().any(|(_, value)| value.word() == name);
    if names_itself || matches!(name, "" | "chunk" | "choice") {
        return w.raw(event);
    }
    w.begin_object();
    w.member(name, event);
    w.end_object();
}

/// Creates a tool call from the text of its arguments. Empty text is an empty object. Text that is not an
/// object, or was cut short, makes the call invalid.
pub(crate) fn tool_call(id: String, name: String, args: String, cut: bool) -> Content {
    let error = match View::parse(&args) {
        _ if id.is_empty() && name.is_empty() => "the tool call has neither id nor name".to_owned(),
        Ok(view) if view.kind() == Kind::Object => {
            return Content::ToolCall(ToolCall::new(id, name, view));
        }
        _ if cut => "the response ended before the arguments were complete".to_owned(),
        // Some models write `""` for "no arguments".
        Ok(view) if view.is_null() || view.str().is_some_and(|text| text.trim().is_empty()) => {
            return Content::ToolCall(ToolCall::new(id, name, Json::empty_object()));
        }
        Ok(view) => format!("the arguments are a JSON {:?}, not an object", view.kind()),
        Err(_) if args.trim().is_empty() => {
            return Content::ToolCall(ToolCall::new(id, name, Json::empty_object()));
        }
        Err(error) => format!("the arguments are not JSON: {error}"),
    };
    Content::InvalidToolCall(InvalidToolCall { id, name, args, error })
}

/// Returns a provider's block with its deltas added to `input` and `text`.
fn with_deltas(block: Json, input: &str, text: &str) -> Json {
    if input.is_empty() && text.is_empty() {
        return block;
    }
    let mut w = Writer::new();
    w.begin_object();
    if !text.is_empty() {
        let before = block.view().text_at("text");
        w.field("text", &(before + text));
    }
    if !input.is_empty() {
        match View::parse(input) {
            Ok(view) => w.member("input", view),
            // Input that was cut short is kept as text.
            Err(_) => w.field("input", input),
        }
    }
    w.end_object();
    merged(block.view(), Json::written(w).view())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(events: &[ChatEvent]) -> AiMessage {
        let mut accumulator = Accumulator::new();
        events.iter().for_each(|event| accumulator.push(event));
        accumulator.finish()
    }

    fn call(args: &[&str], stop: &str) -> AiMessage {
        let mut events = vec![ChatEvent::ToolCallStart { index: 0, id: "t".into(), name: "n".into() }];
        events.extend(args.iter().map(|args| ChatEvent::ToolCallDelta { index: 0, args: (*args).into() }));
        events.push(ChatEvent::BlockStop { index: 0 });
        events.push(ChatEvent::Stop { reason: StopReason::parse(stop), sequence: None });
        built(&events)
    }

    #[test]
    fn tool_call_without_arguments_has_an_empty_object() {
        for args in [&[][..], &[""], &["", " "], &["\"\""], &["null"]] {
            let message = call(args, "tool_use");
            assert_eq!(message.tool_calls().next().unwrap().args, Json::empty_object(), "{args:?}");
        }
    }

    #[test]
    fn tool_call_cut_by_max_tokens_is_invalid_and_keeps_text() {
        for args in [&["{\"path\":", "\"a"][..], &[]] {
            let message = call(args, "max_tokens");
            assert_eq!(message.tool_calls().count(), 0);
            assert_eq!(message.invalid_tool_calls().next().unwrap().args, args.concat());
        }
        assert_eq!(call(&["{\"a\":1}"], "max_tokens").tool_calls().count(), 1, "a whole object was not cut");
    }

    #[test]
    fn tool_call_arguments_not_an_object_are_invalid() {
        for args in ["[1]", "\"x\"", "3", "{\"a\":}"] {
            assert_eq!(call(&[args], "tool_use").invalid_tool_calls().next().unwrap().args, args);
        }
    }

    #[test]
    fn stream_deltas_of_an_unknown_block_are_merged() {
        let block = Content::raw(Json::parse(r#"{"type":"server_tool_use","id":"s","input":{}}"#).unwrap());
        let message = built(&[
            ChatEvent::Block { index: 0, block },
            ChatEvent::ToolCallDelta { index: 0, args: "{\"q\":".into() },
            ChatEvent::ToolCallDelta { index: 0, args: "1}".into() },
            ChatEvent::BlockStop { index: 0 },
        ]);
        let expected = Json::parse(r#"{"type":"server_tool_use","id":"s","input":{"q":1}}"#).unwrap();
        assert_eq!(message.content, [Content::raw(expected)]);
    }

    #[test]
    fn members_are_added_to_the_open_block_of_their_index() {
        let member = |index: u32, key: &str, value: &str| {
            let (key, value) = (key.to_owned(), Json::string(value));
            ChatEvent::Member { index, key, value }
        };
        let message = built(&[
            ChatEvent::Text { index: 0, text: "hi".into() },
            member(0, "phase", "commentary"),
            member(0, "phase", "final_answer"),
            ChatEvent::BlockStop { index: 0 },
            member(0, "phase", "late"),
            ChatEvent::Thinking { index: 1, text: "hm".into() },
            member(1, "id", "rs_1"),
            ChatEvent::ToolCallStart { index: 2, id: "t".into(), name: "n".into() },
            member(2, "id", "fc_1"),
        ]);
        let call = ToolCall::new("t", "n", Json::empty_object()).with_extra("id", Json::string("fc_1"));
        assert_eq!(
            message.content,
            [
                Content::Text(Text::new("hi").with_extra("phase", Json::string("final_answer"))),
                Content::Thinking(Thinking::new("hm").with_extra("id", Json::string("rs_1"))),
                Content::ToolCall(call),
            ]
        );
    }

    #[test]
    fn reasoning_cut_in_its_signature_is_replayed_without_it() {
        let mut accumulator = Accumulator::new();
        accumulator.push(&ChatEvent::Thinking { index: 0, text: "hm".into() });
        accumulator.push(&ChatEvent::ThinkingSignature { index: 0, signature: "half".into() });
        let message = accumulator.partial();
        assert_eq!(
            message.content,
            [Content::Thinking(Thinking { text: "hm".into(), signature: None, ..Thinking::default() })]
        );
    }
}
