//! Output items: the parts of a reply.

use crate::gateway::openai::input::InputReader;
use crate::gateway::openai::reasoning;
use crate::gateway::openai::tools::{CallForm, ToolNames};
use crate::json::{Json, View, Writer};
use crate::message::{Content, Thinking};

/// A part of a message.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The block of the reply.
    pub(super) block: u32,
    pub(super) text: String,
    pub(super) annotations: Vec<Json>,
    pub(super) is_refusal: bool,
    pub(super) is_done: bool,
}

/// The kind of an item, with its content.
#[derive(Debug)]
pub(super) enum ItemKind {
    /// Text: one part for each block.
    Message(Vec<Part>),
    Reasoning {
        thinking: Thinking,
        has_summary: bool,
    },
    /// Reasoning that the provider encrypted.
    Redacted(Content),
    Call {
        call_id: String,
        /// The name of the function that the model called.
        sent: String,
        args: String,
        /// The input of a custom tool, as far as it has arrived.
        input: InputReader,
        form: CallForm,
    },
}

/// An item that is not complete.
#[derive(Debug)]
pub(super) struct Item {
    /// The block of the reply. A message has the last of its blocks.
    pub(super) block: u32,
    /// The position among the items.
    pub(super) at: u64,
    pub(super) id: String,
    pub(super) kind: ItemKind,
}

impl ItemKind {
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg_",
            Self::Reasoning { .. } | Self::Redacted(_) => "rs_",
            Self::Call { form: CallForm::Function, .. } => "fc_",
            Self::Call { form: CallForm::Custom, .. } => "ctc_",
            Self::Call { form: CallForm::LocalShell, .. } => "lsh_",
            Self::Call { form: CallForm::ToolSearch, .. } => "tsc_",
        }
    }
}

/// Writes the members of a part of a message.
pub(super) fn write_part(w: &mut Writer, part: &Part) {
    if part.is_refusal {
        w.field("type", "refusal");
        w.field("refusal", &part.text);
        return;
    }
    w.field("type", "output_text");
    w.field("text", &part.text);
    w.array("annotations");
    part.annotations.iter().for_each(|annotation| w.raw(annotation.view()));
    w.end_array();
    w.array("logprobs");
    w.end_array();
}

impl Item {
    /// Returns the item. Its beginning has no content.
    pub(super) fn json(&self, is_done: bool, names: &ToolNames, model: Option<&str>) -> Json {
        let mut w = Writer::new();
        w.begin_object();
        w.field("id", &self.id);
        match &self.kind {
            ItemKind::Message(parts) => {
                w.field("type", "message");
                write_status(&mut w, is_done);
                w.field("role", "assistant");
                w.array("content");
                for part in parts.iter().filter(|_| is_done) {
                    w.begin_object();
                    write_part(&mut w, part);
                    w.end_object();
                }
                w.end_array();
            }
            ItemKind::Reasoning { thinking, .. } => {
                let is_signed = thinking.signature.is_some() && is_done;
                let sealed = is_signed.then(|| reasoning::sealed(&Content::Thinking(thinking.clone()), model));
                let summary = Some(&*thinking.text).filter(|text| is_done && !text.is_empty());
                write_reasoning(&mut w, summary, sealed.as_deref());
            }
            ItemKind::Redacted(block) => {
                let sealed = is_done.then(|| reasoning::sealed(block, model));
                write_reasoning(&mut w, None, sealed.as_deref());
            }
            ItemKind::Call { call_id, sent, args, input, form } => {
                let args = match form {
                    _ if !is_done => "",
                    // Arguments in another form are the input.
                    CallForm::Custom => input.text().unwrap_or(args),
                    _ => args,
                };
                write_call(&mut w, call_id, sent, args, *form, is_done, names);
            }
        }
        w.end_object();
        Json::written(w)
    }
}

fn write_status(w: &mut Writer, is_done: bool) {
    w.field("status", if is_done { "completed" } else { "in_progress" });
}

fn write_reasoning(w: &mut Writer, summary: Option<&str>, sealed: Option<&str>) {
    w.field("type", "reasoning");
    w.array("summary");
    if let Some(text) = summary {
        w.begin_object();
        w.field("type", "summary_text");
        w.field("text", text);
        w.end_object();
    }
    w.end_array();
    w.opt_field("encrypted_content", sealed);
}

fn write_call(w: &mut Writer, call_id: &str, sent: &str, args: &str, form: CallForm, is_done: bool, names: &ToolNames) {
    let tool = names.of_sent(sent);
    let kind = match form {
        CallForm::Function => "function_call",
        CallForm::Custom => "custom_tool_call",
        CallForm::LocalShell => "local_shell_call",
        CallForm::ToolSearch => "tool_search_call",
    };
    w.field("type", kind);
    write_status(w, is_done);
    w.field("call_id", call_id);
    match form {
        CallForm::LocalShell => return write_action(w, args),
        CallForm::ToolSearch => {
            w.field("execution", "client");
            return w.member("arguments", View::parse(args).unwrap_or_else(|_| View::empty_object()));
        }
        CallForm::Function | CallForm::Custom => {}
    }
    w.field("name", tool.map_or(sent, |tool| &tool.name));
    w.opt_field("namespace", tool.and_then(|tool| tool.namespace.as_deref()));
    match form {
        CallForm::Custom => w.field("input", args),
        _ => w.field("arguments", if is_done && args.is_empty() { "{}" } else { args }),
    }
}

/// Writes the action of the local shell.
fn write_action(w: &mut Writer, args: &str) {
    w.object("action");
    w.field("type", "exec");
    let args = View::parse(args).unwrap_or_else(|_| View::empty_object());
    let is_given = |key: &str| args.get(key).is_some();
    args.raw_entries().filter(|(key, _)| *key != "type").for_each(|(key, value)| w.raw_member(key, value));
    if !is_given("command") {
        w.array("command");
        w.end_array();
    }
    if !is_given("env") {
        w.object("env");
        w.end_object();
    }
    w.end_object();
}
