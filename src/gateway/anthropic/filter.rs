//! The table of members that a model on Bedrock refuses, and the filter that removes them. All else stays byte for
//! byte.

use super::betas::{COMPACT, CONTEXT_MANAGEMENT, MID_CONVERSATION_OUTPUT_CONFIG, TOOL_EXAMPLES, TOOL_SEARCH, shown};
use super::rewrite::{Change, Changed, elements, members};
use super::signature::{is_foreign, may_be_foreign};
use crate::capabilities::{Capabilities, Capability};
use crate::gateway::dialect::leave_out;
use crate::gateway::effort;
use crate::gateway::failure::Failure;
use crate::json::{Kind, View, quoted};
use crate::model::ModelId;
use crate::text::has;

/// The part of a request that a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberScope {
    /// A member of the request.
    Top,
    /// A member of a tool.
    Tool,
    /// A tool whose type begins like this.
    ToolType,
    /// A member of `cache_control`, in tools, system blocks and content blocks.
    CacheControl,
    /// A member of a message.
    Message,
    /// A member of `output_config`.
    OutputConfig,
    /// The type of `thinking`. The whole member is removed.
    ThinkingType,
    /// An edit in `context_management.edits` whose type begins like this.
    Edit,
}

/// When a row applies.
#[derive(Clone, Copy)]
pub(super) enum When {
    Always,
    /// If the model is known to lack the capability.
    Lacks(Capability),
    /// Unless the beta feature is sent.
    Without(&'static str),
}

/// The way in which a refused part is handled.
#[derive(Clone, Copy)]
pub(super) enum Action {
    /// It is removed, as the answer stays the same or differs little. A response header names it.
    Remove,
    /// The request is refused, as its answer would be a different one. A harmless value, which has no effect, is removed
    /// instead.
    Refuse { why: &'static str, harmless: fn(View<'_>) -> bool },
}

/// One row.
pub(super) struct Row {
    pub(super) scope: MemberScope,
    pub(super) name: &'static str,
    pub(super) when: When,
    pub(super) action: Action,
}

const fn remove(scope: MemberScope, name: &'static str, when: When) -> Row {
    Row { scope, name, when, action: Action::Remove }
}

const fn refuse(scope: MemberScope, name: &'static str, harmless: fn(View<'_>) -> bool, why: &'static str) -> Row {
    Row { scope, name, when: When::Always, action: Action::Refuse { why, harmless } }
}

fn is_empty(value: View<'_>) -> bool {
    value.is_null() || value.raw() == "[]" || value.kind() == Kind::Array && value.items().next().is_none()
}

fn is_global(value: View<'_>) -> bool {
    value.is_null() || value.word() == "global"
}

fn has_direct(value: View<'_>) -> bool {
    value.is_null() || value.items().any(|caller| caller.word() == "direct")
}

const fn never(_: View<'_>) -> bool {
    false
}

const SERVER_TOOL: &str = "runs on Anthropic's servers, and Bedrock does not have it; leave the tool out";

/// The table.
pub(super) static ROWS: &[Row] = &[
    // They are not on InvokeModel's own page. coder/aibridge#226 and LiteLLM remove them.
    remove(MemberScope::Top, "service_tier", When::Always),
    remove(MemberScope::Top, "speed", When::Always),
    remove(MemberScope::Top, "diagnostics", When::Always),
    remove(MemberScope::Top, "temperature", When::Lacks(Capability::Sampling)),
    remove(MemberScope::Top, "top_p", When::Lacks(Capability::Sampling)),
    remove(MemberScope::Top, "top_k", When::Lacks(Capability::Sampling)),
    refuse(MemberScope::Top, "container", is_empty, "Bedrock does not run code in containers; leave it out"),
    refuse(MemberScope::Top, "mcp_servers", is_empty, "Bedrock does not connect to MCP servers; connect in the client"),
    // The client relies on where its data stays, so the member is not removed in silence.
    refuse(
        MemberScope::Top,
        "inference_geo",
        is_global,
        "the region prefix of the model's inference profile decides where it runs; choose the profile, such as `us.`",
    ),
    // claude-code#49548, sub2api#2726: "context_management: Extra inputs are not permitted" without its feature.
    // LiteLLM removes `clear_thinking`, as Bedrock refuses it in requests without reasoning (LiteLLM#25835).
    remove(MemberScope::Edit, "clear_thinking_", When::Always),
    remove(MemberScope::Edit, "clear_tool_uses_", When::Without(CONTEXT_MANAGEMENT)),
    remove(MemberScope::Edit, "compact_", When::Without(COMPACT)),
    // LiteLLM#22797: refused by models before 4.5.
    remove(MemberScope::OutputConfig, "effort", When::Lacks(Capability::ReasoningEffort)),
    // AI SDK 5, langchain-aws: newer models refuse it. Such a model always reasons, and one without reasoning never does.
    remove(MemberScope::ThinkingType, "disabled", When::Lacks(Capability::ReasoningOff)),
    // claude-code#82549: "tools.11.custom.defer_loading: Extra inputs are not permitted".
    remove(MemberScope::Tool, "defer_loading", When::Without(TOOL_SEARCH)),
    remove(MemberScope::Tool, "input_examples", When::Without(TOOL_EXAMPLES)),
    // AI SDK 5: refused by Bedrock. The arguments arrive in fewer pieces.
    remove(MemberScope::Tool, "eager_input_streaming", When::Always),
    // vercel/ai#14773, lobehub#19876. The model still receives the schema.
    remove(MemberScope::Tool, "strict", When::Lacks(Capability::StrictTools)),
    refuse(
        MemberScope::Tool,
        "allowed_callers",
        has_direct,
        "Bedrock does not run code that calls tools; add `direct`, so that the model calls the tool itself",
    ),
    refuse(MemberScope::ToolType, "web_search_", never, SERVER_TOOL),
    refuse(MemberScope::ToolType, "web_fetch_", never, SERVER_TOOL),
    refuse(MemberScope::ToolType, "code_execution_", never, SERVER_TOOL),
    refuse(MemberScope::ToolType, "advisor_", never, SERVER_TOOL),
    refuse(MemberScope::ToolType, "mcp_toolset", never, SERVER_TOOL),
    // Claude Code 2.1.332 sends it with the feature `per-turn-control-2026-07-01`, which no list of Bedrock has.
    remove(MemberScope::Message, "output_config", When::Without(MID_CONVERSATION_OUTPUT_CONFIG)),
    // LiteLLM: never accepted. Claude Code sends it for prompts that its users share.
    remove(MemberScope::CacheControl, "scope", When::Always),
    // earendil-works/pi#1570: "ttl: Extra inputs are not permitted".
    remove(MemberScope::CacheControl, "ttl", When::Lacks(Capability::OneHourCache)),
];

/// Removes what one model refuses.
pub(super) struct Filter<'a> {
    /// The model; `None` for a request that is translated.
    pub(super) model: Option<&'a ModelId>,
    /// The capabilities of the model.
    pub(super) can: Capabilities,
    /// The beta features of the call.
    pub(super) betas: &'a [String],
    /// Whether the model refuses reasoning that it did not sign.
    pub(super) checks_signatures: bool,
    /// The parts that were removed, each once.
    pub(super) removed: Vec<String>,
}

impl Filter<'_> {
    /// Returns the text of a member of the request without what the model refuses: `None` if all of it is refused.
    /// `Some(None)` means that the member stays byte for byte.
    ///
    /// # Errors
    /// `Invalid`, if a part cannot be removed without another answer.
    pub(super) fn member(&mut self, name: &str, value: View<'_>) -> Result<Option<Option<String>>, Failure> {
        let change = match self.verdict(MemberScope::Top, name, value)? {
            Change::Keep => match name {
                "tools" => elements(value, &mut |tool| self.tool(tool))?.into(),
                "system" => self.blocks(value)?,
                "messages" => self.messages(value)?,
                "output_config" => self.output_config(value)?,
                "thinking" => self.verdict(MemberScope::ThinkingType, value.word_at("type"), value)?,
                "context_management" => self.context(value)?,
                _ => Change::Keep,
            },
            change => change,
        };
        Ok(match change {
            Change::Keep => Some(None),
            Change::Become(text) => Some(Some(text)),
            Change::Drop => None,
        })
    }

    /// Returns the first row for a member, or for a type, that applies to the model.
    fn row(&self, scope: MemberScope, name: &str) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.scope == scope && self.applies(row.when) && row.fits(name))
    }

    fn applies(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Lacks(capability) => self.can.lacks(capability),
            When::Without(beta) => !self.betas.iter().any(|sent| sent == beta),
        }
    }

    fn verdict(&mut self, scope: MemberScope, name: &str, value: View<'_>) -> Changed {
        let Some(row) = self.row(scope, name) else { return Ok(Change::Keep) };
        let path = scope.path(&shown(name));
        if let Action::Refuse { why, harmless } = row.action
            && !harmless(value)
        {
            return Err(Failure::of_field(&path, format!("`{path}` is not possible with this model: {why}")));
        }
        self.note(&path);
        Ok(Change::Drop)
    }

    fn note(&mut self, path: &str) {
        leave_out(&mut self.removed, path);
    }

    /// Checks the members of an object one by one.
    fn members(&mut self, scope: MemberScope, value: View<'_>) -> Changed {
        Ok(members(value, &mut |name, value| self.verdict(scope, name, value))?.into())
    }

    fn output_config(&mut self, value: View<'_>) -> Changed {
        let text = members(value, &mut |name, value| match self.verdict(MemberScope::OutputConfig, name, value)? {
            Change::Keep if name == "effort" => Ok(self.effort(value)),
            change => Ok(change),
        })?;
        Ok(text.into())
    }

    /// Returns an effort that the model accepts.
    fn effort(&mut self, value: View<'_>) -> Change {
        match self.model.and_then(|model| effort::replaced(model, value.word())) {
            Some(sent) => {
                self.note(&effort::sent_as("output_config.effort", value.word(), sent));
                Change::Become(quoted(sent))
            }
            None => Change::Keep,
        }
    }

    fn tool(&mut self, tool: View<'_>) -> Changed {
        let kind = tool.word_at("type");
        self.verdict(MemberScope::ToolType, kind, tool)?;
        let text = members(tool, &mut |name, value| match name {
            "cache_control" => self.members(MemberScope::CacheControl, value),
            _ => self.verdict(MemberScope::Tool, name, value),
        })?;
        Ok(text.into())
    }

    /// Checks the messages. A message without a block that the model accepts is removed, as the API refuses it.
    fn messages(&mut self, messages: View<'_>) -> Changed {
        if !self.may_have_refused(messages) {
            return Ok(Change::Keep);
        }
        let text = elements(messages, &mut |message| {
            let mut is_empty = false;
            let text = members(message, &mut |name, value| match name {
                "content" => {
                    let blocks = self.blocks(value)?;
                    is_empty = matches!(&blocks, Change::Become(text) if text == "[]");
                    Ok(blocks)
                }
                _ => self.verdict(MemberScope::Message, name, value),
            })?;
            Ok(if is_empty { Change::Drop } else { text.into() })
        })?;
        Ok(text.into())
    }

    /// Checks content blocks, and the blocks inside them.
    fn blocks(&mut self, blocks: View<'_>) -> Changed {
        if blocks.kind() != Kind::Array || !self.may_have_refused(blocks) {
            return Ok(Change::Keep);
        }
        let text = elements(blocks, &mut |block| {
            if self.checks_signatures && is_foreign(block) {
                self.note("messages.thinking of another model");
                return Ok(Change::Drop);
            }
            let text = members(block, &mut |name, value| match name {
                "cache_control" => self.members(MemberScope::CacheControl, value),
                "content" => self.blocks(value),
                _ => Ok(Change::Keep),
            })?;
            Ok(text.into())
        })?;
        Ok(text.into())
    }

    /// Returns whether a text may have something that is to be removed. Most conversations do not, and are not taken
    /// apart.
    fn may_have_refused(&self, value: View<'_>) -> bool {
        let text = value.raw();
        let mut rows = ROWS.iter().filter(|row| self.applies(row.when));
        rows.any(|row| match row.scope {
            MemberScope::CacheControl => has(text, "\"cache_control\"") && has(text, row.name),
            MemberScope::Message => has(text, row.name),
            _ => false,
        }) || self.checks_signatures && may_be_foreign(text)
    }

    /// Returns a cache point without what the model refuses.
    ///
    /// # Errors
    /// Same as [`Filter::member`].
    pub(super) fn cache_point(&mut self, point: View<'_>) -> Result<String, Failure> {
        Ok(match self.members(MemberScope::CacheControl, point)? {
            Change::Become(text) => text,
            _ => point.raw().to_owned(),
        })
    }

    /// Checks the edits of a context. If none is left, the whole member is removed: without its feature it is refused.
    fn context(&mut self, value: View<'_>) -> Changed {
        let (mut kept, mut dropped) = (false, Vec::new());
        let text = members(value, &mut |name, edits| {
            if name != "edits" {
                return Ok(Change::Keep);
            }
            let text = elements(edits, &mut |edit| {
                let kind = edit.word_at("type");
                Ok(match self.row(MemberScope::Edit, kind) {
                    Some(_) => {
                        dropped.push(MemberScope::Edit.path(&shown(kind)));
                        Change::Drop
                    }
                    None => {
                        kept = true;
                        Change::Keep
                    }
                })
            })?;
            Ok(text.into())
        })?;
        if kept {
            dropped.into_iter().for_each(|path| self.note(&path));
            return Ok(text.into());
        }
        self.note("context_management");
        Ok(Change::Drop)
    }
}

impl Row {
    fn fits(&self, name: &str) -> bool {
        match self.scope {
            MemberScope::ToolType | MemberScope::Edit => name.starts_with(self.name),
            _ => name == self.name,
        }
    }
}

impl MemberScope {
    fn path(self, name: &str) -> String {
        let holder = match self {
            Self::Top => "",
            Self::Tool => "tools.",
            Self::ToolType => "tools.type ",
            Self::CacheControl => "cache_control.",
            Self::Message => "messages.",
            Self::OutputConfig => "output_config.",
            Self::ThinkingType => "thinking.type ",
            Self::Edit => "context_management.edits.",
        };
        [holder, name].concat()
    }
}
