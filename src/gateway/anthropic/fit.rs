//! Claude's settings for models that are not Claude.

use crate::capabilities::{Capabilities, Capability};
use crate::gateway::dialect::Asked;
use crate::request::Reasoning;

/// Changes the settings of reasoning to a form that the model accepts. Clients made for Claude set `thinking` for every
/// model, in a form that only Claude has. A model that does not reason answers without reasoning. `removed` names what is
/// left out.
pub(crate) fn fit_reasoning(asked: &mut Asked, can: Capabilities) {
    let Asked { options, removed, .. } = asked;
    let has_effort = can.has(Capability::ReasoningEffort);
    let (fitted, lost) = match options.reasoning.take() {
        None => (None, None),
        Some(Reasoning::Budget(tokens)) if !can.has(Capability::ReasoningBudget) => {
            (has_effort.then(|| Reasoning::Effort(effort_of(tokens).to_owned())), (!has_effort).then_some("thinking"))
        }
        Some(Reasoning::BudgetWithEffort { tokens, effort }) if !can.has(Capability::AdaptiveReasoning) => {
            match (can.has(Capability::ReasoningBudget), has_effort) {
                (true, true) => (Some(Reasoning::BudgetWithEffort { tokens, effort }), None),
                (true, false) => (Some(Reasoning::Budget(tokens)), Some("output_config.effort")),
                (false, true) => (Some(Reasoning::Effort(effort)), None),
                (false, false) => (None, Some("thinking")),
            }
        }
        Some(Reasoning::Effort(_)) if !has_effort => (None, Some("output_config.effort")),
        Some(Reasoning::Adaptive) if !can.has(Capability::AdaptiveReasoning) => match has_effort {
            // The middle one: a model with efforts does not choose its effort.
            true if !can.has(Capability::ReasoningByDefault) => (Some(Reasoning::Effort("medium".to_owned())), None),
            true => (None, None),
            false => (None, Some("thinking")),
        },
        // Without the setting, a model that does not reason by default does not reason either.
        Some(Reasoning::Disabled) if !can.has(Capability::ReasoningOff) => {
            (None, can.has(Capability::ReasoningByDefault).then_some("thinking"))
        }
        Some(reasoning) => (Some(reasoning), None),
    };
    options.reasoning = fitted;
    let lost = lost.map(str::to_owned);
    let display = options.reasoning_display.take_if(|_| !can.has(Capability::AdaptiveReasoning));
    removed.extend(lost);
    removed.extend(display.map(|_| "thinking.display".to_owned()));
}

/// Returns the effort for a budget, as [`Reasoning::Effort`] has a budget for each effort.
fn effort_of(budget: u64) -> &'static str {
    match budget {
        ..4096 => "low",
        4096..16_384 => "medium",
        _ => "high",
    }
}
