//! Replies, streamed and whole. A whole reply is the last event of its stream.

use super::item::{Item, ItemKind};
use super::state::{ResponsesEvents, write_place};
use crate::event::{ChatEvent, Events};
use crate::gateway::dialect::{EventWriter, Given};
use crate::gateway::openai::citations::is_refusal;
use crate::gateway::openai::input::InputReader;
use crate::gateway::openai::tools::CallForm;
use crate::message::{AiMessage, Content, StopReason, Thinking};

/// Returns a whole reply.
pub(super) fn whole(given: &Given<'_>, reply: &AiMessage) -> String {
    let mut writer = ResponsesEvents::new(given);
    let mut events = Events::from(reply.clone());
    let mut ignored = String::new();
    while let Some(event) = events.pop() {
        writer.event(event, &mut ignored);
        ignored.clear();
    }
    writer.close_all(&mut ignored);
    let (_, response) = writer.last();
    response.as_str().to_owned()
}

impl ResponsesEvents {
    /// Begins an item, and returns its position among the open ones. A message before it is complete.
    pub(super) fn start(&mut self, block: u32, kind: ItemKind, out: &mut String) -> usize {
        self.begin(out);
        self.close_message(out);
        let at = self.items;
        self.items += 1;
        let id = [kind.prefix(), &self.nonce, "_", &at.to_string()].concat();
        let item = Item { block, at, id, kind };
        let json = item.json(false, &self.names, self.model.as_deref());
        self.line("response.output_item.added", out, |w| {
            w.key("output_index").u64(at);
            w.member("item", json.view());
        });
        self.open.push(item);
        self.open.len() - 1
    }

    /// Runs a function on the reasoning item of a block, and returns the position of the item. Creates the item, unless
    /// the block has an open one.
    fn with_thinking(&mut self, block: u32, out: &mut String, run: impl FnOnce(&mut Thinking)) -> usize {
        let new = || ItemKind::Reasoning { thinking: Thinking::default(), has_summary: false };
        let found = self.find(block, |kind| matches!(kind, ItemKind::Reasoning { .. }));
        let at = found.unwrap_or_else(|| self.start(block, new(), out));
        if let Some(ItemKind::Reasoning { thinking, .. }) = self.open.get_mut(at).map(|item| &mut item.kind) {
            run(thinking);
        }
        at
    }

    fn thinking(&mut self, block: u32, text: &str, out: &mut String) {
        let at = self.with_thinking(block, out, |thinking| thinking.text.push_str(text));
        if text.is_empty() {
            return;
        }
        self.with_item(at, |writer, item| {
            let ItemKind::Reasoning { has_summary, .. } = &mut item.kind else { return };
            if !std::mem::replace(has_summary, true) {
                writer.summary_part("response.reasoning_summary_part.added", &item.id, item.at, "", out);
            }
            writer.line("response.reasoning_summary_text.delta", out, |w| {
                write_place(w, &item.id, item.at);
                w.key("summary_index").u64(0);
                w.field("delta", text);
            });
        });
    }

    fn summary_part(&mut self, kind: &str, id: &str, place: u64, text: &str, out: &mut String) {
        self.line(kind, out, |w| {
            write_place(w, id, place);
            w.key("summary_index").u64(0);
            w.object("part");
            w.field("type", "summary_text");
            w.field("text", text);
            w.end_object();
        });
    }

    fn start_call(&mut self, block: u32, call_id: String, sent: String, out: &mut String) {
        let form = self.names.form(&sent);
        let (args, input) = (String::new(), InputReader::default());
        self.start(block, ItemKind::Call { call_id, sent, args, input, form }, out);
    }

    fn arguments(&mut self, block: u32, more: &str, out: &mut String) {
        // Arguments of a call that never began are dropped, as they do not belong to another call.
        let Some(at) = self.find(block, |kind| matches!(kind, ItemKind::Call { .. })) else { return };
        self.with_item(at, |writer, item| {
            let ItemKind::Call { args, input, form, .. } = &mut item.kind else { return };
            args.push_str(more);
            let (kind, delta) = match form {
                CallForm::Function => ("response.function_call_arguments.delta", more),
                CallForm::Custom => ("response.custom_tool_call_input.delta", input.read(args)),
                CallForm::LocalShell | CallForm::ToolSearch => return,
            };
            if !delta.is_empty() {
                writer.delta(kind, &item.id, item.at, delta, out);
            }
        });
    }

    fn delta(&mut self, kind: &str, id: &str, place: u64, delta: &str, out: &mut String) {
        self.line(kind, out, |w| {
            write_place(w, id, place);
            w.field("delta", delta);
        });
    }

    /// Writes a block that arrives whole.
    fn whole_block(&mut self, index: u32, block: Content, out: &mut String) {
        match block {
            Content::Text(text) => {
                if text.extra.iter().any(|(key, value)| is_refusal(key, value.view())) {
                    self.refuse(index, out);
                }
                self.text(index, &text.text, out);
                text.citations.iter().for_each(|citation| self.cite(index, citation, out));
            }
            Content::Thinking(thinking) => {
                self.thinking(index, &thinking.text, out);
                self.with_thinking(index, out, |open| *open = thinking);
            }
            Content::RedactedThinking(_) => {
                self.start(index, ItemKind::Redacted(block), out);
            }
            Content::ToolCall(call) => {
                self.start_call(index, call.id, call.name, out);
                self.arguments(index, call.args.as_str(), out);
            }
            Content::InvalidToolCall(call) => {
                self.start_call(index, call.id, call.name, out);
                self.arguments(index, &call.args, out);
            }
            _ => {}
        }
    }
    fn close_message(&mut self, out: &mut String) {
        if let Some(at) = self.open.iter().rposition(|item| matches!(item.kind, ItemKind::Message(_))) {
            self.close(at, out);
        }
    }

    /// Ends a block. The message of a text stays open, as the next block may be text too.
    fn stop_block(&mut self, block: u32, out: &mut String) {
        let Some(at) = self.find(block, |_| true) else { return };
        let Some(ItemKind::Message(_)) = self.open.get(at).map(|item| &item.kind) else { return self.close(at, out) };
        self.with_item(at, |writer, item| {
            let ItemKind::Message(parts) = &mut item.kind else { return };
            writer.end_part(parts, &item.id, item.at, out);
        });
    }

    /// Ends an item.
    fn close(&mut self, at: usize, out: &mut String) {
        if at >= self.open.len() {
            return;
        }
        let mut item = self.open.remove(at);
        let (id, place) = (item.id.clone(), item.at);
        match &mut item.kind {
            ItemKind::Message(parts) => self.end_part(parts, &id, place, out),
            ItemKind::Reasoning { thinking, has_summary: true } => {
                self.line("response.reasoning_summary_text.done", out, |w| {
                    write_place(w, &id, place);
                    w.key("summary_index").u64(0);
                    w.field("text", &thinking.text);
                });
                self.summary_part("response.reasoning_summary_part.done", &id, place, &thinking.text, out);
            }
            ItemKind::Reasoning { .. } | ItemKind::Redacted(_) => {}
            ItemKind::Call { args, input, form, .. } => {
                self.end_call(&id, place, input.text().unwrap_or(args), *form, out);
            }
        }
        let json = item.json(true, &self.names, self.model.as_deref());
        self.line("response.output_item.done", out, |w| {
            w.key("output_index").u64(place);
            w.member("item", json.view());
        });
        // Items can end in another order than they began.
        let position = self.output.partition_point(|(other, _)| *other < place);
        self.output.insert(position, (place, json));
    }

    /// Ends the text of a call. `text` is its arguments, or the input of a custom tool.
    fn end_call(&mut self, id: &str, place: u64, text: &str, form: CallForm, out: &mut String) {
        let (kind, key, text) = match form {
            CallForm::Function if text.is_empty() => ("response.function_call_arguments", "arguments", "{}"),
            CallForm::Function => ("response.function_call_arguments", "arguments", text),
            CallForm::Custom => ("response.custom_tool_call_input", "input", text),
            CallForm::LocalShell | CallForm::ToolSearch => return,
        };
        self.line(&[kind, ".done"].concat(), out, |w| {
            write_place(w, id, place);
            w.field(key, text);
        });
    }

    fn close_all(&mut self, out: &mut String) {
        self.begin(out);
        while !self.open.is_empty() {
            self.close(0, out);
        }
    }
}

impl EventWriter for ResponsesEvents {
    fn event(&mut self, event: ChatEvent, out: &mut String) {
        match event {
            ChatEvent::Start { model, .. } => {
                self.model = model;
                self.begin(out);
            }
            ChatEvent::Text { index, text } => self.text(index, &text, out),
            ChatEvent::Thinking { index, text } => self.thinking(index, &text, out),
            ChatEvent::ThinkingSignature { index, signature } => {
                self.with_thinking(index, out, |thinking| {
                    thinking.signature.get_or_insert_default().push_str(&signature);
                });
            }
            ChatEvent::Member { index, key, value } => {
                if self.find(index, |kind| matches!(kind, ItemKind::Reasoning { .. })).is_some() {
                    self.with_thinking(index, out, |thinking| {
                        thinking.extra.retain(|(known, _)| *known != key);
                        thinking.extra.push((key, value));
                    });
                }
            }
            ChatEvent::ToolCallStart { index, id, name } => self.start_call(index, id, name, out),
            ChatEvent::ToolCallDelta { index, args } => self.arguments(index, &args, out),
            ChatEvent::Citation { index, citation } => self.cite(index, &citation, out),
            ChatEvent::Block { index, block } => self.whole_block(index, block, out),
            ChatEvent::BlockStop { index } => self.stop_block(index, out),
            ChatEvent::Stop { reason, .. } => {
                StopReason::replace(&mut self.stop, reason);
            }
            ChatEvent::Usage { usage } => *self.usage.get_or_insert_default() += usage,
            ChatEvent::Metadata { .. } | ChatEvent::Unknown { .. } => {}
        }
    }

    fn end(&mut self, out: &mut String) {
        self.close_all(out);
        let (status, response) = self.last();
        self.line(&["response.", status].concat(), out, |w| w.member("response", response.view()));
    }
}
