//! The state of a reply on its way to the client.

use super::item::{Item, ItemKind};
use super::{echo, tools};
use crate::gateway::dialect::Given;
use crate::gateway::openai::line;
use crate::gateway::openai::tools::ToolNames;
use crate::gateway::openai::usage::write_responses;
use crate::json::{Json, Writer};
use crate::message::{StopReason, Usage};

/// Writes the events of a reply.
pub(super) struct ResponsesEvents {
    /// The members that every response has.
    pub(super) members: Json,
    pub(super) nonce: String,
    pub(super) names: ToolNames,
    pub(super) model: Option<String>,
    pub(super) sequence: u64,
    pub(super) has_begun: bool,
    /// The items that are not complete.
    pub(super) open: Vec<Item>,
    /// The number of items so far.
    pub(super) items: u64,
    pub(super) output: Vec<(u64, Json)>,
    pub(super) stop: Option<StopReason>,
    pub(super) usage: Option<Usage>,
}

/// Writes the place of an event.
pub(super) fn write_place(w: &mut Writer, id: &str, at: u64) {
    w.field("item_id", id);
    w.key("output_index").u64(at);
}

impl ResponsesEvents {
    pub(super) fn new(given: &Given<'_>) -> Self {
        Self {
            members: echo::members(given),
            nonce: given.nonce.to_owned(),
            names: tools::names(given.body),
            model: None,
            sequence: 0,
            has_begun: false,
            open: Vec::new(),
            items: 0,
            output: Vec::new(),
            stop: None,
            usage: None,
        }
    }

    /// Writes an event.
    pub(super) fn line(&mut self, kind: &str, out: &mut String, write: impl FnOnce(&mut Writer)) {
        let mut w = Writer::new();
        w.begin_object();
        w.field("type", kind);
        w.key("sequence_number").u64(self.sequence);
        write(&mut w);
        w.end_object();
        self.sequence += 1;
        line::push(out, Some(kind), &w.finish());
    }

    /// Returns the response as far as it has arrived.
    pub(super) fn response(&self, status: &str, usage: Option<Usage>, more: impl FnOnce(&mut Writer)) -> Json {
        let mut w = Writer::new();
        w.begin_object();
        self.members.view().raw_entries().for_each(|(key, value)| w.raw_member(key, value));
        w.field("status", status);
        more(&mut w);
        w.array("output");
        self.output.iter().for_each(|(_, item)| w.raw(item.view()));
        w.end_array();
        match usage {
            Some(usage) => write_responses(&mut w, usage),
            None => w.key("usage").null(),
        }
        w.end_object();
        Json::written(w)
    }

    pub(super) fn begin(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let response = self.response("in_progress", None, |w| {
            w.key("error").null();
            w.key("incomplete_details").null();
        });
        self.line("response.created", out, |w| w.member("response", response.view()));
        self.line("response.in_progress", out, |w| w.member("response", response.view()));
    }

    /// Returns the position of the open item of a block that `fits`.
    pub(super) fn find(&self, block: u32, fits: fn(&ItemKind) -> bool) -> Option<usize> {
        self.open.iter().rposition(|item| item.block == block && fits(&item.kind))
    }

    /// Runs a function with an item that is not among the open ones meanwhile, so that it can write events.
    pub(super) fn with_item<T>(&mut self, at: usize, run: impl FnOnce(&mut Self, &mut Item) -> T) -> Option<T> {
        if at >= self.open.len() {
            return None;
        }
        let mut item = self.open.remove(at);
        let result = run(self, &mut item);
        self.open.insert(at.min(self.open.len()), item);
        Some(result)
    }

    /// Returns the status of the response, and the response.
    pub(super) fn last(&self) -> (&'static str, Json) {
        let incomplete = match &self.stop {
            Some(StopReason::MaxTokens | StopReason::ContextWindowExceeded) => Some("max_output_tokens"),
            Some(StopReason::Refusal | StopReason::ContentFiltered | StopReason::GuardrailIntervened) => {
                Some("content_filter")
            }
            _ => None,
        };
        let failed = match &self.stop {
            Some(StopReason::Error) => Some("the service reported an error instead of a stop reason"),
            Some(StopReason::MalformedModelOutput | StopReason::MalformedToolUse) => {
                Some("the model wrote an answer that the service could not read; send the request again")
            }
            _ => None,
        };
        let status = match (incomplete, failed) {
            (Some(_), _) => "incomplete",
            (None, Some(_)) => "failed",
            (None, None) => "completed",
        };
        let response = self.response(status, Some(self.usage.unwrap_or_default()), |w| {
            match failed {
                Some(message) => {
                    w.object("error");
                    w.field("code", "server_error");
                    w.field("message", message);
                    w.end_object();
                }
                None => w.key("error").null(),
            }
            match incomplete {
                Some(reason) => {
                    w.object("incomplete_details");
                    w.field("reason", reason);
                    w.end_object();
                }
                None => w.key("incomplete_details").null(),
            }
        });
        (status, response)
    }
}
