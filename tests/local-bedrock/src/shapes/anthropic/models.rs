//! The features that single Claude models refuse: one row per fact, with its source.

/// A feature that some Claude models refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    /// `tool_choice` of `any` or `tool`.
    ForcedTools,
    /// `tool_choice` of `any` or `tool` while thinking is on.
    ForcedToolsWhileThinking,
    /// `strict` in a tool.
    StrictTools,
    /// `output_config.format`.
    JsonFormat,
    /// `output_config.effort`.
    Effort,
    /// `thinking` of type `adaptive`.
    AdaptiveThinking,
    /// `thinking` of type `enabled`, with a budget.
    BudgetThinking,
    /// `thinking` of type `disabled`.
    DisabledThinking,
    /// A message of role `system` after a user message.
    SystemInTheMiddle,
    /// `temperature` other than 1, `top_p` or `top_k`.
    Sampling,
}

/// One fact: models whose ids begin with one of `ids`, except those in `except`, refuse `feature`.
struct Refusal {
    feature: Feature,
    ids: &'static [&'static str],
    except: &'static [&'static str],
    words: &'static str,
}

/// Every Claude model before 4.6, except opaque ARNs.
const BEFORE_4_6: &[&str] = &[
    "anthropic.claude-v2",
    "anthropic.claude-instant",
    "anthropic.claude-3-",
    "anthropic.claude-sonnet-4-2",
    "anthropic.claude-opus-4-2",
    "anthropic.claude-opus-4-1",
    "anthropic.claude-sonnet-4-5",
    "anthropic.claude-opus-4-5",
    "anthropic.claude-haiku-4-5",
];

static REFUSALS: [Refusal; 12] = [
    // The message and models: vercel/ai#21364, instructor#2681, langchain-aws#1273. langchain-aws 1.9.1 names
    // fable-5-1, opus-5-5 and sonnet-5-5; celeste-python#393 has mythos-5-1 from Anthropic's migration guide.
    Refusal {
        feature: Feature::ForcedTools,
        ids: &[
            "anthropic.claude-fable-5-1",
            "anthropic.claude-mythos-5-1",
            "anthropic.claude-opus-5-5",
            "anthropic.claude-sonnet-5-5",
        ],
        except: &[],
        words: "tool_choice: type \"tool\" and \"any\" are not supported for this model.",
    },
    // langchain-aws#1141: Opus 4.8, Fable 5 and Sonnet 5 accept both; earlier models do not.
    Refusal {
        feature: Feature::ForcedToolsWhileThinking,
        ids: &["anthropic."],
        except: &[
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-sonnet-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos-5",
            "anthropic.claude-haiku-5",
        ],
        words: "Thinking may not be enabled when tool_choice forces tool use.",
    },
    // The message, 4.7 and 4.8: litellm#31582, vercel/ai#16237. 5.5 and fable-5-1: lobehub#19876, which reports that
    // opus-5 and fable-5 accept it. AI SDK 5.0.101 refuses the whole prefixes; haiku-5-5 is from LiteLLM. This row
    // refuses where peers disagree.
    Refusal {
        feature: Feature::StrictTools,
        ids: &[
            "anthropic.claude-opus-4-7",
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-sonnet-5",
            "anthropic.claude-haiku-5-5",
        ],
        except: &[],
        words: "tools.0.custom.strict: Extra inputs are not permitted",
    },
    // The message: claude-code#63620. The models: AI SDK 5.0.101 (prefixes); LiteLLM has it for opus-4-8, sonnet-5,
    // sonnet-5-5 and haiku-5-5.
    Refusal {
        feature: Feature::JsonFormat,
        ids: &[
            "anthropic.claude-opus-4-7",
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-sonnet-5",
        ],
        except: &[],
        words: "output_config.format: Extra inputs are not permitted",
    },
    // Observed with Haiku 4.5 and Sonnet 4.5. Opus 4.5 and all models from 4.6 on accept it.
    Refusal {
        feature: Feature::Effort,
        ids: BEFORE_4_6,
        except: &["anthropic.claude-opus-4-5"],
        words: "This model does not support the effort parameter.",
    },
    // pensarai/apex#887 (Haiku 4.5); oh-my-pi#192.
    Refusal {
        feature: Feature::AdaptiveThinking,
        ids: BEFORE_4_6,
        except: &[],
        words: "adaptive thinking is not supported on this model",
    },
    // openclaw#117871, aelix-ai#258, coder#26691 (Opus 4.8), hebo-gateway#217 (Opus 4.7).
    Refusal {
        feature: Feature::BudgetThinking,
        ids: &[
            "anthropic.claude-opus-4-7",
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-sonnet-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos-5",
            "anthropic.claude-haiku-5",
        ],
        except: &[],
        words: "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.",
    },
    // AI SDK 5.0.101 lists sonnet-5-5, whose minimum is `between_tools`; Opus 5.5 and Fable were observed.
    Refusal {
        feature: Feature::DisabledThinking,
        ids: &[
            "anthropic.claude-opus-5-5",
            "anthropic.claude-sonnet-5-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos-5",
        ],
        except: &[],
        words: "\"thinking.type.disabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.",
    },
    // vercel/ai#15674 and pr-agent#2456 (Opus 4.7, 4.8, Fable 5), earendil-works/pi#7961 (Sonnet 5, Opus 5).
    Refusal {
        feature: Feature::Sampling,
        ids: &[
            "anthropic.claude-opus-4-7",
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-sonnet-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos-5",
        ],
        except: &[],
        words: "is deprecated for this model.",
    },
    // litellm#32831: 4.7 recognizes the role and refuses it.
    Refusal {
        feature: Feature::SystemInTheMiddle,
        ids: &["anthropic.claude-opus-4-7"],
        except: &[],
        words: "role 'system' is not supported on this model",
    },
    // gproxy#209: Sonnet 5 is one of the models without it.
    Refusal {
        feature: Feature::SystemInTheMiddle,
        ids: &["anthropic.claude-sonnet-5", "anthropic.claude-haiku-5"],
        except: &["anthropic.claude-sonnet-5-5", "anthropic.claude-haiku-5-5"],
        words: "role 'system' is not supported on this model",
    },
    // litellm#32831: the message of the earlier models, including Haiku 4.5 and Sonnet 4.6. vercel/ai#15674: Opus 4.8
    // is the first model that accepts it.
    Refusal {
        feature: Feature::SystemInTheMiddle,
        ids: &["anthropic."],
        except: &[
            "anthropic.claude-opus-4-8",
            "anthropic.claude-opus-5",
            "anthropic.claude-sonnet-5",
            "anthropic.claude-fable-5",
            "anthropic.claude-mythos-5",
            "anthropic.claude-haiku-5",
        ],
        words: "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.",
    },
];

/// Models that think by default: langchain-aws 1.9.1.
const THINKING_BY_DEFAULT: [&str; 5] = [
    "anthropic.claude-opus-5",
    "anthropic.claude-sonnet-5",
    "anthropic.claude-haiku-5",
    "anthropic.claude-fable-5",
    "anthropic.claude-mythos-5",
];

/// Returns whether a request with this `thinking.type` makes the model reason.
pub(in crate::shapes) fn thinks(model: &str, kind: Option<&str>) -> bool {
    match kind {
        None => THINKING_BY_DEFAULT.iter().any(|id| model.starts_with(id)),
        Some(kind) => kind != "disabled",
    }
}

/// Returns the message with which a model refuses a feature, if it does.
pub(super) fn refusal(model: &str, feature: Feature) -> Option<&'static str> {
    let has = |ids: &[&str]| ids.iter().any(|id| model.starts_with(id));
    let fits = |row: &&Refusal| row.feature == feature && has(row.ids) && !has(row.except);
    REFUSALS.iter().find(fits).map(|row| row.words)
}
