//! Claude's reasoning: the form that a model accepts, and the rules between reasoning and other options.

use std::fmt;

use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Writer};
use crate::message::Content;
use crate::model::ModelId;
use crate::provider::repair::{Conversation, Side, Turn, is_reasoning};
use crate::provider::tools;
use crate::request::{ChatOptions, Reasoning, ReasoningDisplay};

/// The smallest budget that the API accepts.
const LEAST: u64 = 1024;

/// The budgets that replace efforts for models without efforts. See [`Reasoning::Effort`].
const BUDGETS: &[(&str, u64)] = &[("minimal", LEAST), ("low", LEAST), ("medium", 4096)];
const HIGH: u64 = 16_384;

/// The text for observers if [`ThinkingFields::fit`] left reasoning out.
pub(crate) const LEFT_OUT: &str = "reasoning is off in this call, as its tool calls were made without reasoning";

/// The beta feature for an effort on Claude Opus 4.5.
const EFFORT_BETA: &str = "effort-2025-11-24";
/// The beta feature for system messages after other messages.
const NOTES_BETA: &str = "mid-conversation-system-2026-04-07";

/// The settings of reasoning in `thinking` and `output_config`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThinkingFields<'a> {
    /// The type, such as `adaptive`. `None` sends no `thinking`.
    kind: Option<&'static str>,
    budget: Option<u64>,
    display: Option<ReasoningDisplay>,
    pub(crate) effort: Option<&'a str>,
    needs_beta: bool,
}

impl<'a> ThinkingFields<'a> {
    /// Chooses a form of the settings that the model accepts.
    ///
    /// # Errors
    /// `Unsupported`, if the model does not accept the caller's settings in any form.
    pub(crate) fn of(model: &ModelId, can: Capabilities, options: &'a ChatOptions) -> Result<Self> {
        let refused = |why: &str| {
            let error = Error::of(ErrorKind::Unsupported, format_args!("{model} {why}"));
            Err(error.with_field("reasoning"))
        };
        let (display, none) = (options.reasoning_display, Self::default());
        let enabled = |tokens| Self { kind: Some("enabled"), budget: Some(tokens), display, ..none };
        let Some(reasoning) = &options.reasoning else {
            if display.is_none() {
                return Ok(none);
            }
            // Reasoning by default is adaptive, and can be displayed.
            return match can.lacks(Capability::AdaptiveReasoning) {
                true => Err(Error::new(
                    ErrorKind::Config,
                    "`reasoning_display` is set without `reasoning`; set a budget too",
                )
                .with_field("reasoning_display")),
                false => Ok(Self { kind: Some("adaptive"), display, ..none }),
            };
        };
        if display.is_some() && !reasoning.is_on() {
            return Err(Error::new(
                ErrorKind::Config,
                "`reasoning_display` is set while `reasoning` is disabled; leave one of the two unset",
            )
            .with_field("reasoning_display"));
        }
        if reasoning.is_on() && can.lacks(Capability::AdaptiveReasoning) && can.lacks(Capability::ReasoningBudget) {
            return refused("does not reason; leave `reasoning` unset");
        }
        Ok(match reasoning {
            Reasoning::Disabled if !can.lacks(Capability::ReasoningOff) => Self { kind: Some("disabled"), ..none },
            Reasoning::Disabled if can.has(Capability::ReasoningBetweenTools) => {
                Self { kind: Some("between_tools"), ..none }
            }
            // The model does not reason by default, and refuses `disabled`.
            Reasoning::Disabled if !can.has(Capability::ReasoningByDefault) => none,
            Reasoning::Disabled => return refused("cannot switch reasoning off; set the effort `low`"),
            Reasoning::BetweenTools if can.lacks(Capability::ReasoningBetweenTools) => {
                return refused("cannot reason between tool calls only; set an effort, or switch reasoning off");
            }
            Reasoning::BetweenTools => Self { kind: Some("between_tools"), display, ..none },
            Reasoning::Budget(_) | Reasoning::BudgetWithEffort { .. } if can.lacks(Capability::ReasoningBudget) => {
                return refused("does not accept a reasoning budget; set an effort, or `adaptive`");
            }
            Reasoning::Budget(tokens) => enabled(*tokens),
            Reasoning::BudgetWithEffort { tokens, effort } => {
                if can.lacks(Capability::ReasoningEffort) {
                    return refused("does not accept an effort with a budget; set the budget alone");
                }
                Self { effort: Some(effort), needs_beta: can.lacks(Capability::AdaptiveReasoning), ..enabled(*tokens) }
            }
            Reasoning::Adaptive if can.lacks(Capability::AdaptiveReasoning) => {
                return refused("has no adaptive reasoning; set a budget in tokens, or an effort");
            }
            Reasoning::Adaptive => Self { kind: Some("adaptive"), display, ..none },
            Reasoning::Effort(effort) if can.lacks(Capability::AdaptiveReasoning) => {
                let effort = effort.as_str();
                let takes_effort = can.has(Capability::ReasoningEffort);
                Self {
                    effort: Some(effort).filter(|_| takes_effort),
                    needs_beta: takes_effort,
                    ..enabled(budget_of(effort, options.max_tokens)?)
                }
            }
            Reasoning::Effort(effort) => Self { kind: Some("adaptive"), display, effort: Some(effort), ..none },
        })
    }

    /// Leaves a budget out in the middle of a tool loop that began without reasoning, and returns whether
    /// it did. With a budget, the service requires the model's turn to begin with reasoning.
    pub(crate) fn fit(&mut self, conversation: &Conversation<'_>) -> bool {
        let has = |turn: &Turn<'_>, fits: fn(&Content) -> bool| turn.blocks.iter().any(|block| fits(block));
        let said = conversation.turns.iter().filter(|turn| turn.side != Side::System);
        let before_last = said.rev().nth(1).filter(|turn| turn.side == Side::Assistant);
        let began_without = before_last.is_some_and(|reply| {
            has(reply, |block| matches!(block, Content::ToolCall(_))) && !has(reply, is_reasoning)
        });
        let leaves_out = self.budget.is_some() && began_without;
        if leaves_out {
            (self.kind, self.budget, self.display) = (None, None, None);
        }
        leaves_out
    }

    /// Returns the budget in tokens, or 0 if there is no budget.
    pub(crate) fn budget(&self) -> u64 {
        self.budget.unwrap_or(0)
    }

    /// Writes `thinking` as a member of an open object.
    pub(crate) fn write(&self, w: &mut Writer) {
        let Some(kind) = self.kind else { return };
        w.object("thinking");
        w.field("type", kind);
        w.opt_u64("budget_tokens", self.budget);
        w.opt_field("display", self.display.map(ReasoningDisplay::as_str));
        w.end_object();
    }
}

/// Returns the caller's beta features and the features that the call needs.
pub(crate) fn betas(thinking: &ThinkingFields<'_>, has_notes: bool, options: &ChatOptions) -> Vec<String> {
    let mut betas = options.anthropic_beta.clone();
    for (needed, beta) in [(thinking.needs_beta, EFFORT_BETA), (has_notes, NOTES_BETA)] {
        if needed && !betas.iter().any(|other| other == beta) {
            betas.push(beta.to_owned());
        }
    }
    betas
}

/// Returns the budget for a model without efforts. It is less than `max_tokens`, as reasoning counts as output.
fn budget_of(effort: &str, max_tokens: Option<u64>) -> Result<u64> {
    let budget = BUDGETS.iter().find(|(name, _)| *name == effort).map_or(HIGH, |(_, budget)| *budget);
    match max_tokens {
        None => Ok(budget),
        Some(max) if max >= 2 * LEAST => Ok(budget.min(max - LEAST)),
        Some(max) => Err(Error::of(
            ErrorKind::Config,
            format_args!("`max_tokens` is too small for reasoning: {max}; set at least {}", 2 * LEAST),
        )
        .with_field("max_tokens")),
    }
}

/// Returns whether the model reasons in a call: because an option or a member of `model_kwargs` says so, or by
/// default.
pub(crate) fn is_on(can: Capabilities, options: &ChatOptions) -> bool {
    if let Some(reasoning) = &options.reasoning {
        return reasoning.is_on();
    }
    let kwargs = options.model_kwargs.as_ref().map(Json::view);
    let thinking = kwargs.and_then(|kwargs| {
        // Over Converse, callers may set the whole object of additional fields.
        kwargs.get("thinking").or_else(|| kwargs.get("additionalModelRequestFields")?.get("thinking"))
    });
    match thinking {
        Some(thinking) => thinking.word_at("type") != "disabled",
        None => can.has(Capability::ReasoningByDefault),
    }
}

/// Checks the rules between options that the service enforces with a less helpful message.
///
/// # Errors
/// `Config` or `Unsupported`, with the names of the options that exclude each other.
pub(crate) fn check(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    let config =
        |field: &str, message: fmt::Arguments<'_>| Err(Error::of(ErrorKind::Config, message).with_field(field));
    tools::check_choice(model, can, options)?;
    tools::check_format(model, can, options)?;
    let refused = [
        // A temperature of 1 is the default.
        ("temperature", options.temperature.is_some_and(|temperature| temperature != 1.0)),
        ("top_p", options.top_p.is_some()),
        ("top_k", options.top_k.is_some()),
    ];
    if let Some((name, _)) = refused.into_iter().find(|(_, set)| *set && can.lacks(Capability::Sampling)) {
        return Err(Error::of(
            ErrorKind::Unsupported,
            format_args!("{model} does not accept `{name}`; leave it unset, and steer the model in the system message"),
        )
        .with_field(name));
    }
    let is_budget = |reasoning: &Reasoning| {
        reasoning.is_on() && (reasoning.budget().is_some() || can.lacks(Capability::AdaptiveReasoning))
    };
    let unforced = options.reasoning.as_ref().is_some_and(is_budget)
        || can.lacks(Capability::ForcedToolsWithReasoning) && is_on(can, options);
    if let Some(choice) = tools::forced_choice(options).filter(|_| unforced) {
        return config(
            "tool_choice",
            format_args!("`reasoning` and `tool_choice` exclude each other: {choice}; choose `auto` or `none`"),
        );
    }
    let Some(reasoning) = options.reasoning.as_ref().filter(|reasoning| reasoning.is_on()) else { return Ok(()) };
    if options.temperature.is_some_and(|temperature| temperature != 1.0) {
        return config(
            "temperature",
            format_args!("`reasoning` and `temperature` exclude each other; leave `temperature` unset, or 1"),
        );
    }
    if let Some(top_k) = options.top_k {
        return config(
            "top_k",
            format_args!("`reasoning` and `top_k` exclude each other: {top_k}; leave `top_k` unset"),
        );
    }
    let Some(budget) = reasoning.budget() else { return Ok(()) };
    if budget < LEAST {
        return config(
            "reasoning",
            format_args!("the budget of `reasoning` is too small: {budget}; set at least {LEAST}"),
        );
    }
    if let Some(max) = options.max_tokens.filter(|max| *max <= budget) {
        return config(
            "max_tokens",
            format_args!(
                "`max_tokens` must be greater than the budget of `reasoning`, {budget}: {max}; reasoning counts as output"
            ),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::facts;

    fn thinking(id: &str, options: &ChatOptions) -> Result<(String, Option<String>)> {
        let model = ModelId::parse(&format!("anthropic.claude-{id}")).unwrap();
        let can = facts::of_call(&model, crate::api::Api::Invoke, options);
        let thinking = ThinkingFields::of(&model, can, options)?;
        let mut w = Writer::new();
        w.begin_object();
        thinking.write(&mut w);
        w.end_object();
        Ok((w.finish(), thinking.effort.map(str::to_owned)))
    }

    fn with(reasoning: Reasoning) -> ChatOptions {
        ChatOptions { reasoning: Some(reasoning), ..ChatOptions::default() }
    }

    #[test]
    fn effort_becomes_a_budget_before_claude_4_6() {
        for (effort, budget) in [("low", 1024), ("medium", 4096), ("high", 16_384), ("max", 16_384)] {
            let options = with(Reasoning::Effort(effort.into()));
            let enabled = format!(r#"{{"thinking":{{"type":"enabled","budget_tokens":{budget}}}}}"#);
            assert_eq!(thinking("sonnet-4-5-20250929-v1:0", &options).unwrap(), (enabled.clone(), None));
            let opus = thinking("opus-4-5-20251101-v1:0", &options).unwrap();
            assert_eq!(opus, (enabled, Some(effort.to_owned())));
            let adaptive = (r#"{"thinking":{"type":"adaptive"}}"#.to_owned(), Some(effort.to_owned()));
            assert_eq!(thinking("sonnet-4-6", &options).unwrap(), adaptive);
        }
        let short = ChatOptions { max_tokens: Some(3000), ..with(Reasoning::Effort("high".into())) };
        assert!(thinking("sonnet-4-5-20250929-v1:0", &short).unwrap().0.contains(":1976"));
        let tiny = ChatOptions { max_tokens: Some(2000), ..short };
        assert!(thinking("sonnet-4-5-20250929-v1:0", &tiny).unwrap_err().message().contains("2048"));
    }

    #[test]
    fn reasoning_off_takes_the_form_of_the_model() {
        let off = with(Reasoning::Disabled);
        let form = |id| thinking(id, &off).map(|(json, _)| json);
        assert_eq!(form("sonnet-4-6").unwrap(), r#"{"thinking":{"type":"disabled"}}"#);
        assert_eq!(form("sonnet-5-5").unwrap(), r#"{"thinking":{"type":"between_tools"}}"#);
        assert_eq!(form("opus-4-7").unwrap(), "{}", "no reasoning by default");
        assert!(form("fable-5").unwrap_err().message().contains("low"));
    }

    #[test]
    fn reasoning_is_refused_for_claude_before_3_7() {
        for id in
            ["3-haiku-20240307-v1:0", "3-opus-20240229-v1:0", "3-5-sonnet-20241022-v2:0", "3-5-haiku-20241022-v1:0"]
        {
            for on in [Reasoning::Budget(2048), Reasoning::Effort("low".into()), Reasoning::Adaptive] {
                let error = thinking(id, &with(on)).unwrap_err();
                assert!(error.kind() == ErrorKind::Unsupported && error.message().contains("unset"), "{error}");
            }
            assert_eq!(thinking(id, &with(Reasoning::Disabled)).unwrap().0, "{}");
        }
        assert!(thinking("3-7-sonnet-20250219-v1:0", &with(Reasoning::Budget(2048))).is_ok());
    }

    #[test]
    fn reasoning_form_that_the_model_refuses_is_an_error() {
        let refused = |id, reasoning| thinking(id, &with(reasoning)).unwrap_err();
        for (id, reasoning, advice) in [
            ("opus-4-8", Reasoning::Budget(2048), "effort"),
            ("sonnet-4-5-20250929-v1:0", Reasoning::Adaptive, "budget"),
            ("sonnet-4-6", Reasoning::BetweenTools, "effort"),
        ] {
            let error = refused(id, reasoning);
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(advice), "{error}");
        }
    }

    #[test]
    fn reasoning_display_is_sent_with_every_form() {
        let shown = |reasoning| ChatOptions {
            reasoning,
            reasoning_display: Some(ReasoningDisplay::Summarized),
            ..ChatOptions::default()
        };
        for reasoning in [None, Some(Reasoning::Adaptive), Some(Reasoning::Effort("high".into()))] {
            let (json, _) = thinking("opus-4-8", &shown(reasoning)).unwrap();
            assert_eq!(json, r#"{"thinking":{"type":"adaptive","display":"summarized"}}"#);
        }
        let (json, _) = thinking("sonnet-4-6", &shown(Some(Reasoning::Budget(2048)))).unwrap();
        assert!(json.contains("summarized"), "{json}");
        assert!(thinking("sonnet-4-5-20250929-v1:0", &shown(None)).is_err(), "there is no reasoning to display");
    }
}
