//! Reasoning that clients ask for, in a form and with an effort that the model accepts. All APIs of the gateway use it.

use super::dialect::Asked;
use crate::capabilities::{Capabilities, Capability};
use crate::model::ModelId;
use crate::provider::converse::is_nova;
use crate::provider::facts;
use crate::request::Reasoning;

/// The efforts that APIs have, from the least to the most.
const ORDER: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

const LOW_TO_HIGH: &[&str] = &["low", "medium", "high"];

/// One row: models, as patterns of [`facts::fits`], and the efforts that they accept in ascending order.
struct Row {
    models: &'static [&'static str],
    efforts: &'static [&'static str],
}

const fn row(models: &'static [&'static str], efforts: &'static [&'static str]) -> Row {
    Row { models, efforts }
}

/// The first row that fits is used. The service decides about the efforts of other models.
static ROWS: &[Row] = &[
    // coder/coder#25356: "Input should be 'low', 'medium' or 'high'".
    row(&["anthropic.claude-opus-4-5"], LOW_TO_HIGH),
    // can1357/oh-my-pi#7924: "Input should be 'low', 'medium', 'high' or 'max'".
    row(&["anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4-6"], &["low", "medium", "high", "max"]),
    // https://platform.claude.com/docs/en/build-with-claude/effort
    row(&["anthropic."], &["low", "medium", "high", "xhigh", "max"]),
    // https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
    row(&["amazon.nova"], LOW_TO_HIGH),
    // langchain-aws 1.9: its table of efforts.
    row(&["openai.gpt-oss"], LOW_TO_HIGH),
    // stdapi-ai/stdapi.ai#283: probed over Converse.
    row(&["openai.gpt-5.6", "openai.gpt-6"], &["none", "low", "medium", "high", "xhigh", "max"]),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-xai-grok-4-3.html
    row(&["xai.grok-4.3"], &["none", "low", "medium", "high"]),
];

/// Returns the effort that is sent instead of one that the model refuses: the next one below it, or else the least.
/// Returns `None` for an effort that is sent as it is.
pub(crate) fn replaced(model: &ModelId, effort: &str) -> Option<&'static str> {
    let id = model.family()?;
    let row = ROWS.iter().find(|row| facts::fits(&id, row.models))?;
    let (below, from) = ORDER.split_at(ORDER.iter().position(|known| *known == effort)?);
    if from.first().is_some_and(|effort| row.efforts.contains(effort)) {
        return None;
    }
    // `none` is not a low effort: it switches reasoning off.
    let mut accepted = row.efforts.iter().filter(|effort| **effort != "none");
    let next = accepted.clone().rfind(|effort| below.contains(effort));
    next.or(accepted.next()).copied()
}

/// Returns the text of the response header for an effort that is replaced.
pub(crate) fn sent_as(member: &str, given: &str, sent: &str) -> String {
    format!("{member} {given} (sent as {sent})")
}

/// The members of a request that ask for reasoning, as the response header names them.
#[derive(Clone, Copy)]
pub(crate) struct ReasoningMembers {
    pub(crate) reasoning: &'static str,
    pub(crate) effort: &'static str,
}

/// Changes the settings of reasoning to a form that the model accepts. Clients set them for every model: those made for
/// Claude send `thinking`, and agents an effort. A model that does not reason answers without reasoning. `removed` names
/// what is left out or replaced.
pub(crate) fn fit_reasoning(asked: &mut Asked, model: &ModelId, can: Capabilities, members: ReasoningMembers) {
    let Asked { options, removed, .. } = asked;
    let has_effort = can.has(Capability::ReasoningEffort);
    let given = options.reasoning.as_ref().and_then(|reasoning| reasoning.effort().map(str::to_owned));
    let (mut fitted, lost) = match options.reasoning.take() {
        None => (None, None),
        Some(Reasoning::Budget(tokens)) if !can.has(Capability::ReasoningBudget) => (
            has_effort.then(|| Reasoning::Effort(effort_of(tokens).to_owned())),
            (!has_effort).then_some(members.reasoning),
        ),
        Some(Reasoning::BudgetWithEffort { tokens, effort }) if !can.has(Capability::AdaptiveReasoning) => {
            match (can.has(Capability::ReasoningBudget), has_effort) {
                (true, true) => (Some(Reasoning::BudgetWithEffort { tokens, effort }), None),
                (true, false) => (Some(Reasoning::Budget(tokens)), Some(members.effort)),
                (false, true) => (Some(Reasoning::Effort(effort)), None),
                (false, false) => (None, Some(members.reasoning)),
            }
        }
        Some(Reasoning::Effort(_)) if !takes_effort(can, options.max_tokens) => (None, Some(members.effort)),
        Some(Reasoning::Adaptive) if !can.has(Capability::AdaptiveReasoning) => match has_effort {
            // The middle one: a model with efforts does not choose its effort.
            true if !can.has(Capability::ReasoningByDefault) => (Some(Reasoning::Effort("medium".to_owned())), None),
            true => (None, None),
            false => (None, Some(members.reasoning)),
        },
        Some(Reasoning::Disabled) if !can.has(Capability::ReasoningOff) => {
            match replaced(model, "none").filter(|_| has_effort) {
                _ if can.has(Capability::ReasoningBetweenTools) => (Some(Reasoning::Disabled), None),
                // Without the setting, a model that does not reason by default does not reason either.
                _ if can.lacks(Capability::ReasoningByDefault) => (None, None),
                Some(least) => {
                    removed.push(sent_as(members.reasoning, "none", least));
                    (Some(Reasoning::Effort(least.to_owned())), None)
                }
                None => {
                    let may_reason = has_effort || can.has(Capability::ReasoningByDefault);
                    (None, may_reason.then_some(members.reasoning))
                }
            }
        }
        Some(reasoning) => (Some(reasoning), None),
    };
    if let Some(Reasoning::Effort(effort) | Reasoning::BudgetWithEffort { effort, .. }) = &mut fitted {
        let before = effort.clone();
        if let Some(sent) = replaced(model, effort) {
            sent.clone_into(effort);
        }
        // Amazon Nova refuses `high` with a limit of tokens or sampling, so `medium` is sent instead.
        let has_limits = options.max_tokens.is_some() || options.temperature.is_some() || options.top_p.is_some();
        if effort == "high" && has_limits && is_nova(model) {
            "medium".clone_into(effort);
        }
        if *effort != before {
            let member = if given.is_some() { members.effort } else { members.reasoning };
            removed.push(sent_as(member, &before, effort));
        }
    }
    options.reasoning = fitted;
    removed.extend(lost.map(str::to_owned));
    let display = options.reasoning_display.take_if(|_| !can.has(Capability::AdaptiveReasoning));
    removed.extend(display.map(|_| "thinking.display".to_owned()));
}

/// Returns whether a request can have an effort. For Claude with budgets only, the codec sends a budget. Its minimum is
/// 1,024 tokens, and it leaves as many for the answer.
fn takes_effort(can: Capabilities, max_tokens: Option<u64>) -> bool {
    match can.has(Capability::ReasoningBudget) && !can.has(Capability::AdaptiveReasoning) {
        true => max_tokens.is_none_or(|limit| limit >= 2048),
        false => can.has(Capability::ReasoningEffort),
    }
}

/// Returns the effort for a budget, as [`Reasoning::Effort`] has a budget for each effort.
fn effort_of(budget: u64) -> &'static str {
    match budget {
        ..4096 => "low",
        4096..16_384 => "medium",
        _ => "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Capability::{
        AdaptiveReasoning, ReasoningBetweenTools, ReasoningBudget, ReasoningByDefault, ReasoningEffort, ReasoningOff,
    };

    const MEMBERS: ReasoningMembers = ReasoningMembers { reasoning: "thinking", effort: "effort" };

    fn model(id: &str) -> ModelId {
        ModelId::parse(id).unwrap()
    }

    fn fit_for(id: &str, can: Capabilities, mut asked: Asked) -> (Option<Reasoning>, String) {
        fit_reasoning(&mut asked, &model(id), can, MEMBERS);
        (asked.options.reasoning, asked.removed.join(","))
    }

    fn asked(reasoning: Reasoning) -> Asked {
        let mut asked = Asked::default();
        asked.options.reasoning = Some(reasoning);
        asked
    }

    fn effort(name: &str) -> Reasoning {
        Reasoning::Effort(name.to_owned())
    }

    #[test]
    fn effort_is_replaced_by_the_next_lower_one() {
        for (id, sent) in [
            ("us.anthropic.claude-opus-4-5-20251101-v1:0", ["low", "low", "", "", "", "high", "high"]),
            ("us.anthropic.claude-opus-4-6-v1", ["low", "low", "", "", "", "high", ""]),
            ("us.anthropic.claude-opus-4-8", ["low", "low", "", "", "", "", ""]),
            ("us.amazon.nova-2-lite-v1:0", ["low", "low", "", "", "", "high", "high"]),
            ("openai.gpt-oss-120b-1:0", ["low", "low", "", "", "", "high", "high"]),
            ("us.openai.gpt-5.6-sol", ["", "low", "", "", "", "", ""]),
            ("xai.grok-4.3", ["", "low", "", "", "", "high", "high"]),
            ("qwen.qwen3-32b-v1:0", [""; 7]),
        ] {
            let replaced = |effort: &&str| replaced(&model(id), effort).unwrap_or_default();
            assert_eq!(ORDER.iter().map(replaced).collect::<Vec<_>>(), sent, "{id}");
        }
        assert_eq!(replaced(&model("openai.gpt-oss-120b-1:0"), "extreme"), None);
    }

    #[test]
    fn reasoning_takes_a_form_that_the_model_accepts() {
        let both = Reasoning::BudgetWithEffort { tokens: 2048, effort: "low".to_owned() };
        let budget = Reasoning::Budget;
        for (has, given, expected, removed) in [
            (&[ReasoningEffort][..], budget(1024), Some(effort("low")), ""),
            (&[ReasoningEffort], budget(4096), Some(effort("medium")), ""),
            (&[ReasoningEffort], budget(16_384), Some(effort("high")), ""),
            (&[ReasoningBudget], budget(1024), Some(budget(1024)), ""),
            (&[], budget(1024), None, "thinking"),
            (&[AdaptiveReasoning], Reasoning::Adaptive, Some(Reasoning::Adaptive), ""),
            (&[ReasoningEffort], Reasoning::Adaptive, Some(effort("medium")), ""),
            (&[ReasoningEffort, ReasoningByDefault], Reasoning::Adaptive, None, ""),
            (&[], Reasoning::Adaptive, None, "thinking"),
            (&[ReasoningEffort], effort("low"), Some(effort("low")), ""),
            // The codec sends a budget.
            (&[ReasoningBudget], effort("low"), Some(effort("low")), ""),
            (&[], effort("low"), None, "effort"),
            (&[ReasoningEffort], both.clone(), Some(effort("low")), ""),
            (&[ReasoningBudget], both.clone(), Some(budget(2048)), "effort"),
            (&[], both, None, "thinking"),
        ] {
            let (reasoning, names) = fit_for("qwen.qwen3-32b-v1:0", Capabilities::of(has, &[]), asked(given.clone()));
            assert_eq!((reasoning, names.as_str()), (expected, removed), "{has:?} {given:?}");
        }
    }

    #[test]
    fn reasoning_off_takes_a_form_that_the_model_accepts() {
        let off = Reasoning::Disabled;
        for (id, has, lacks, expected, removed) in [
            ("qwen.qwen3-32b-v1:0", &[ReasoningOff][..], &[][..], Some(off.clone()), ""),
            ("qwen.qwen3-32b-v1:0", &[ReasoningBetweenTools], &[], Some(off.clone()), ""),
            ("qwen.qwen3-32b-v1:0", &[], &[], None, ""),
            ("qwen.qwen3-32b-v1:0", &[ReasoningByDefault], &[], None, "thinking"),
            ("moonshotai.kimi-k2.5", &[ReasoningEffort], &[], None, "thinking"),
            ("openai.gpt-oss-20b-1:0", &[ReasoningEffort], &[], Some(effort("low")), "thinking none (sent as low)"),
            ("anthropic.claude-opus-4-8", &[ReasoningEffort], &[ReasoningByDefault], None, ""),
        ] {
            let (reasoning, names) = fit_for(id, Capabilities::of(has, lacks), asked(off.clone()));
            assert_eq!((reasoning, names.as_str()), (expected, removed), "{id} {has:?}");
        }
    }

    #[test]
    fn effort_that_the_model_refuses_is_named() {
        let can = Capabilities::of(&[ReasoningEffort], &[]);
        let opus = fit_for("us.anthropic.claude-opus-4-6-v1", can, asked(effort("xhigh")));
        assert_eq!(opus, (Some(effort("high")), "effort xhigh (sent as high)".to_owned()));
        // Amazon Nova refuses the effort `high` beside limits.
        for (id, given, max_tokens, expected, removed) in [
            ("us.amazon.nova-2-lite-v1:0", effort("high"), Some(9), "medium", "effort high (sent as medium)"),
            ("us.amazon.nova-2-lite-v1:0", effort("max"), Some(9), "medium", "effort max (sent as medium)"),
            ("us.amazon.nova-2-lite-v1:0", effort("max"), None, "high", "effort max (sent as high)"),
            ("us.amazon.nova-2-lite-v1:0", effort("high"), None, "high", ""),
            ("openai.gpt-oss-20b-1:0", effort("high"), Some(9), "high", ""),
            (
                "us.amazon.nova-2-lite-v1:0",
                Reasoning::Budget(20_000),
                Some(9),
                "medium",
                "thinking high (sent as medium)",
            ),
        ] {
            let mut asked = asked(given);
            asked.options.max_tokens = max_tokens;
            assert_eq!(fit_for(id, can, asked), (Some(effort(expected)), removed.to_owned()), "{id}");
        }
    }

    #[test]
    fn effort_is_left_out_if_the_limit_has_no_place_for_a_budget() {
        let can = Capabilities::of(&[ReasoningBudget], &[]);
        for (limit, expected) in [(2047, (None, "effort")), (2048, (Some(effort("low")), ""))] {
            let mut asked = asked(effort("low"));
            asked.options.max_tokens = Some(limit);
            let (reasoning, removed) = fit_for("us.anthropic.claude-sonnet-4-5-20250929-v1:0", can, asked);
            assert_eq!((reasoning, removed.as_str()), expected);
        }
    }

    #[test]
    fn display_of_reasoning_is_left_out_for_models_without_it() {
        for (can, removed) in
            [(Capabilities::of(&[AdaptiveReasoning], &[]), ""), (Capabilities::unknown(), "thinking.display")]
        {
            let mut asked = Asked::default();
            asked.options.reasoning_display = Some(crate::request::ReasoningDisplay::Omitted);
            assert_eq!(fit_for("us.anthropic.claude-opus-4-8", can, asked), (None, removed.to_owned()));
        }
    }
}
