//! Events on their way to JavaScript.

use std::pin::Pin;
use std::task::{Context, Poll};

use bedrock_chat::json::Writer;
use bedrock_chat::{ChatEvent, ChatStream, Error};
use futures_core::Stream;

/// A JSON list of events, each itself a list that begins with the event's name.
pub(crate) struct Batch {
    w: Writer,
    empty: bool,
}

impl Batch {
    pub(crate) fn new() -> Self {
        let mut w = Writer::new();
        w.begin_array();
        Self { w, empty: true }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.empty
    }

    /// Adds all events that have arrived. Waits until there is at least one, or the end.
    pub(crate) fn poll_fill(&mut self, stream: &mut ChatStream, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match Pin::new(&mut *stream).poll_next(context) {
                Poll::Ready(Some(Ok(event))) => self.push(&event),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                // Events that are ready are sent together, but the stream does not wait for more.
                Poll::Pending if self.empty => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => return Poll::Ready(Ok(())),
            }
        }
    }

    pub(crate) fn finish(mut self) -> String {
        self.w.end_array();
        self.w.finish()
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        self.begin("error");
        crate::error::write(&mut self.w, error);
        self.w.end_array();
    }

    fn begin(&mut self, name: &str) {
        self.empty = false;
        self.w.begin_array();
        self.w.string(name);
    }

    fn of_block(&mut self, name: &str, index: u32, text: &str) {
        self.begin(name);
        self.w.u64(index.into());
        self.w.string(text);
    }

    fn opt(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.w.string(text),
            None => self.w.null(),
        }
    }

    pub(crate) fn push(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Text { index, text } => self.of_block("text", *index, text),
            ChatEvent::Thinking { index, text } => self.of_block("thinking", *index, text),
            ChatEvent::ThinkingSignature { index, signature } => self.of_block("signature", *index, signature),
            ChatEvent::ToolCallDelta { index, args } => self.of_block("args", *index, args),
            ChatEvent::ToolCallStart { index, id, name } => {
                self.of_block("tool", *index, id);
                self.w.string(name);
            }
            ChatEvent::Start { id, model } => {
                self.begin("start");
                self.opt(id.as_deref());
                self.opt(model.as_deref());
            }
            ChatEvent::Member { index, key, value } => {
                self.of_block("member", *index, key);
                self.w.raw(value.view());
            }
            ChatEvent::Citation { index, citation } => {
                self.begin("citation");
                self.w.u64((*index).into());
                self.w.raw(citation.view());
            }
            ChatEvent::Block { index, block } => {
                self.begin("block");
                self.w.u64((*index).into());
                bedrock_chat::interop::write_block(&mut self.w, block);
            }
            ChatEvent::BlockStop { index } => {
                self.begin("end");
                self.w.u64((*index).into());
            }
            ChatEvent::Stop { reason, sequence } => {
                self.begin("stop");
                self.w.string(reason.as_str());
                self.opt(sequence.as_deref());
            }
            ChatEvent::Usage { usage } => {
                self.begin("usage");
                bedrock_chat::interop::write_usage(&mut self.w, *usage);
            }
            ChatEvent::Metadata { key, value } => {
                self.begin("metadata");
                self.w.string(key);
                self.w.raw(value.view());
            }
            ChatEvent::Unknown { name, payload } => {
                self.begin("unknown");
                self.w.string(name);
                self.w.raw(payload.view());
            }
            // A kind of event that is newer than this module.
            _ => return,
        }
        self.w.end_array();
    }
}
