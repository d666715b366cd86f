//! The events of a stream, and the accumulator that makes a message of them.

mod accumulator;

pub use accumulator::Accumulator;

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json::{Json, View, unescaped};
use crate::message::{AiMessage, Content, StopReason, Text, Thinking, Usage};

/// An event of a streamed response, the same for every provider.
///
/// An index names the block of the message that an event belongs to.
///
/// ```
/// use bedrock_chat::{Accumulator, ChatEvent};
/// let mut message = Accumulator::new();
/// for text in ["J'adore ", "la programmation."] {
///     message.push(&ChatEvent::Text { index: 0, text: text.into() });
/// }
/// assert_eq!(message.finish().text(), "J'adore la programmation.");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChatEvent {
    /// The message begins.
    Start {
        /// The provider's id of the message, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The name that the model reports, else the requested id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// More text.
    Text {
        /// The block.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// More reasoning.
    Thinking {
        /// The block.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// The signature of the reasoning, or a further part of it.
    ThinkingSignature {
        /// The block.
        index: u32,
        /// The part to append.
        signature: String,
    },
    /// A tool call begins.
    ToolCallStart {
        /// The block.
        index: u32,
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
    },
    /// More of a tool call's arguments.
    ToolCallDelta {
        /// The block.
        index: u32,
        /// JSON text to append; it may be cut anywhere.
        args: String,
    },
    /// A further member of a text, of reasoning or of a tool call: see [`Text::extra`](crate::Text::extra),
    /// [`Thinking::extra`](crate::Thinking::extra) and [`ToolCall::extra`](crate::ToolCall::extra).
    Member {
        /// The block.
        index: u32,
        /// The member's name.
        key: String,
        /// The member's value.
        value: Json,
    },
    /// A source that the text of a block cites.
    Citation {
        /// The block.
        index: u32,
        /// The provider's citation.
        citation: Json,
    },
    /// A whole block at once.
    Block {
        /// The block's index.
        index: u32,
        /// The block.
        block: Content,
    },
    /// A block has ended.
    BlockStop {
        /// The block.
        index: u32,
    },
    /// The model has stopped.
    Stop {
        /// The reason.
        reason: StopReason,
        /// The stop sequence that ended the message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<String>,
    },
    /// Tokens used since the last event of this type. The sum over all such events is the call's usage.
    Usage {
        /// The tokens.
        usage: Usage,
    },
    /// Other metadata of the response.
    Metadata {
        /// The provider's name of the metadata.
        key: String,
        /// The value.
        value: Json,
    },
    /// An event that is unknown to this version of the crate, unchanged.
    Unknown {
        /// The event's type.
        name: String,
        /// The event.
        payload: Json,
    },
}

/// A queue for the events of decoders, as one frame may hold several events or none.
///
/// ```
/// use bedrock_chat::{ChatEvent, Events};
/// let mut events = Events::default();
/// events.push(ChatEvent::BlockStop { index: 0 });
/// assert_eq!(events.pop(), Some(ChatEvent::BlockStop { index: 0 }));
/// assert_eq!(events.pop(), None);
/// ```
#[derive(Default)]
pub struct Events {
    queue: VecDeque<ChatEvent>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.queue.iter()).finish()
    }
}

impl Events {
    /// Adds an event at the end.
    pub fn push(&mut self, event: ChatEvent) {
        self.queue.push_back(event);
    }

    /// Takes the first event.
    pub fn pop(&mut self) -> Option<ChatEvent> {
        self.queue.pop_front()
    }

    /// Returns the number of events.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Returns whether there is an event with content or a stop reason. The start of a message, its usage and
    /// unknown events do not count.
    pub(crate) fn has_content(&self) -> bool {
        let is_content = |event: &ChatEvent| {
            !matches!(
                event,
                ChatEvent::Start { .. }
                    | ChatEvent::BlockStop { .. }
                    | ChatEvent::Usage { .. }
                    | ChatEvent::Metadata { .. }
                    | ChatEvent::Unknown { .. }
            )
        };
        self.queue.iter().any(is_content)
    }

    /// Returns whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Adds text, unless it is empty.
    pub fn text(&mut self, index: u32, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.push(ChatEvent::Text { index, text });
        }
    }

    /// Adds reasoning, unless it is empty.
    pub fn thinking(&mut self, index: u32, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.push(ChatEvent::Thinking { index, text });
        }
    }

    /// Adds a signature of reasoning.
    pub(crate) fn signature(&mut self, index: u32, signature: String) {
        self.push(ChatEvent::ThinkingSignature { index, signature });
    }

    /// Adds the start of a tool call. `id` and `name` name the members of `call` that hold its id and its name.
    pub(crate) fn call(&mut self, index: u32, call: View<'_>, id: &str, name: &str) {
        self.push(ChatEvent::ToolCallStart { index, id: call.text_at(id), name: call.text_at(name) });
    }

    /// Adds the members of a block that are not in `known`.
    pub(crate) fn members(&mut self, index: u32, block: View<'_>, known: &[&str]) {
        for (key, value) in block.entries() {
            if !known.contains(&&*key) && !value.is_null() {
                self.push(ChatEvent::Member { index, key: key.into_owned(), value: Json::from(value) });
            }
        }
    }

    /// Adds arguments of a tool call, unless they are empty.
    pub(crate) fn arguments(&mut self, index: u32, args: String) {
        if !args.is_empty() {
            self.push(ChatEvent::ToolCallDelta { index, args });
        }
    }

    /// Adds a citation.
    pub(crate) fn citation(&mut self, index: u32, citation: View<'_>) {
        self.push(ChatEvent::Citation { index, citation: Json::from(citation) });
    }

    /// Adds a complete block.
    pub(crate) fn block(&mut self, index: u32, block: Content) {
        self.push(ChatEvent::Block { index, block });
    }

    /// Adds the end of a block.
    pub(crate) fn block_stop(&mut self, index: u32) {
        self.push(ChatEvent::BlockStop { index });
    }

    /// Adds a stop reason. The provider's own value is also kept in the response metadata.
    pub fn stop(&mut self, word: &str, sequence: Option<String>) {
        self.stop_for(StopReason::parse(word), word, sequence);
    }

    /// Same as [`Events::stop`], for a reason that is more specific than its word.
    pub(crate) fn stop_for(&mut self, reason: StopReason, word: &str, sequence: Option<String>) {
        self.push(ChatEvent::Metadata { key: "stop_reason".into(), value: Json::string(word) });
        self.push(ChatEvent::Stop { reason, sequence });
    }

    /// Adds a metadata value.
    pub fn metadata(&mut self, key: &str, value: View<'_>) {
        self.push(ChatEvent::Metadata { key: key.to_owned(), value: Json::from(value) });
    }

    /// Adds a metadata value after the start of the message, in front of its content.
    pub(crate) fn insert_metadata(&mut self, key: &str, value: Json) {
        let position = usize::from(matches!(self.queue.front(), Some(ChatEvent::Start { .. })));
        self.queue.insert(position, ChatEvent::Metadata { key: key.to_owned(), value });
    }

    /// Adds a metadata value under a key in JSON's escaped form.
    pub(crate) fn raw_metadata(&mut self, key: &str, value: View<'_>) {
        self.metadata(&unescaped(key), value);
    }

    /// Adds an unknown event. A payload that is not JSON becomes a string.
    pub fn unknown(&mut self, name: &str, payload: &[u8]) {
        let payload = match View::from_bytes(payload) {
            Ok(view) => Json::from(view),
            Err(_) => Json::string(&crate::text::lossy(payload)),
        };
        self.push(ChatEvent::Unknown { name: name.to_owned(), payload });
    }

    /// Adds a complete block and its end. Text, reasoning and calls become the events that arrive while a model streams,
    /// as callers read them from those.
    pub(crate) fn whole(&mut self, index: u32, block: Content) {
        let members = match block {
            Content::Text(Text { text, citations, extra }) if !text.is_empty() => {
                self.text(index, text);
                for citation in citations {
                    self.push(ChatEvent::Citation { index, citation });
                }
                extra
            }
            Content::Thinking(Thinking { text, signature, extra }) if !text.is_empty() => {
                self.thinking(index, text);
                if let Some(signature) = signature {
                    self.push(ChatEvent::ThinkingSignature { index, signature });
                }
                extra
            }
            Content::ToolCall(call) => {
                self.push(ChatEvent::ToolCallStart { index, id: call.id, name: call.name });
                self.push(ChatEvent::ToolCallDelta { index, args: call.args.as_str().to_owned() });
                call.extra
            }
            block => {
                self.push(ChatEvent::Block { index, block });
                Vec::new()
            }
        };
        for (key, value) in members {
            self.push(ChatEvent::Member { index, key, value });
        }
        self.push(ChatEvent::BlockStop { index });
    }

    /// Adds the difference between `now` and the usage reported before, if there is one.
    pub fn usage(&mut self, reported: &mut Usage, now: Usage) {
        let more = now.minus(*reported);
        if more != Usage::default() {
            *reported += more;
            self.push(ChatEvent::Usage { usage: more });
        }
    }
}

impl From<AiMessage> for Events {
    /// Converts a complete message to its events.
    fn from(message: AiMessage) -> Self {
        let mut events = Self::default();
        events.push(ChatEvent::Start { id: message.id, model: message.model });
        for (index, block) in (0u32..).zip(message.content) {
            events.whole(index, block);
        }
        for (key, value) in message.response_metadata {
            events.push(ChatEvent::Metadata { key, value });
        }
        if let Some(usage) = message.usage {
            events.push(ChatEvent::Usage { usage });
        }
        if let Some(reason) = message.stop_reason {
            events.push(ChatEvent::Stop { reason, sequence: message.stop_sequence });
        }
        events
    }
}
