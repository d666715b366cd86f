//! Features of each model over Converse, as far as they are documented or observed.

use serde_json::Value;

use crate::problem::Problem;

/// One group of models.
struct Features {
    /// Prefixes of the ids of the group.
    ids: &'static [&'static str],
    converse: bool,
    stream: bool,
    system: bool,
    tools: bool,
    /// Tools in a stream.
    stream_tools: bool,
    /// The members of `toolChoice` other than `auto`.
    choices: &'static [&'static str],
    images: bool,
    documents: bool,
    /// Images inside `toolResult`; other models accept images only next to the result. anomalyco/opencode#50272: only
    /// Claude, Nova and Llama 4; can1357/oh-my-pi#11685 reports the same for GPT 5.6.
    result_images: bool,
    /// Media in S3. aws/aws-sdk-js-v3#7732, strands#3610: only Nova accepts them.
    s3: bool,
    /// The reasoning in the history that is accepted.
    reasoning: Reasoning,
    /// Messages of role `system` after other messages. Claude has separate rules.
    system_anywhere: bool,
    /// The members of `inferenceConfig` that are refused.
    no_inference: &'static [&'static str],
}

/// The reasoning in the history that a model accepts: earendil-works/pi#727, langchain-aws#1229,
/// can1357/oh-my-pi#9086.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reasoning {
    /// Accepts its own reasoning, with its signature.
    Signed,
    /// Accepts reasoning without a signature.
    Unsigned,
    None,
}

const FULL: Features = Features {
    ids: &[""],
    converse: true,
    stream: true,
    system: true,
    tools: true,
    stream_tools: true,
    choices: &["any", "tool"],
    images: true,
    documents: true,
    result_images: false,
    s3: false,
    reasoning: Reasoning::None,
    system_anywhere: false,
    no_inference: &[],
};

/// OpenAI's models, and models with the same format.
const OPEN: Features = Features { reasoning: Reasoning::Unsigned, system_anywhere: true, ..FULL };

const NOVA: Features = Features { result_images: true, s3: true, ..FULL };

const TEXT_ONLY: Features = Features { system: false, tools: false, images: false, ..FULL };

/// The first row that fits is used.
static TABLE: [Features; 24] = [
    Features { ids: &["anthropic.claude-v2", "anthropic.claude-instant"], system: true, ..TEXT_ONLY },
    Features {
        ids: &["amazon.titan-embed", "cohere.embed", "stability.", "amazon.nova-canvas"],
        converse: false,
        ..FULL
    },
    Features { ids: &["amazon.titan"], ..TEXT_ONLY },
    Features { ids: &["amazon.nova-micro"], images: false, ..NOVA },
    Features { ids: &["amazon.nova"], ..NOVA },
    Features { ids: &["ai21.j2"], stream: false, ..TEXT_ONLY },
    Features { ids: &["cohere.command-text", "cohere.command-light"], documents: false, ..TEXT_ONLY },
    Features { ids: &["cohere.command-r"], choices: &[], images: false, ..FULL },
    Features { ids: &["mistral.mistral-7b", "mistral.mixtral"], ..TEXT_ONLY },
    Features { ids: &["mistral.pixtral"], choices: &["any"], ..FULL },
    Features { ids: &["mistral.mistral-large", "mistral.mistral-small"], choices: &["any"], images: false, ..FULL },
    Features {
        ids: &["meta.llama2", "meta.llama3-8b", "meta.llama3-70b", "meta.llama3-2-1b", "meta.llama3-2-3b"],
        system: true,
        ..TEXT_ONLY
    },
    Features { ids: &["meta.llama3-2"], stream_tools: false, choices: &[], ..FULL },
    // pi#3739, obot#4101: no tools in streams.
    Features { ids: &["meta.llama4"], stream_tools: false, choices: &[], result_images: true, ..FULL },
    Features { ids: &["meta.llama"], stream_tools: false, choices: &[], images: false, ..FULL },
    Features { ids: &["deepseek.r1"], system: true, ..TEXT_ONLY },
    Features { ids: &["anthropic."], result_images: true, reasoning: Reasoning::Signed, ..FULL },
    // GitLab#563341, crewAI#4046.
    Features { ids: &["openai.gpt-oss"], images: false, no_inference: &["stopSequences"], ..OPEN },
    Features { ids: &["deepseek.", "minimax."], images: false, ..OPEN },
    // activepieces#15261; AI SDK 5.0.101 sends no stop sequences either.
    Features { ids: &["openai."], no_inference: &["temperature", "topP", "stopSequences"], ..OPEN },
    // hermes-agent#111438.
    Features { ids: &["xai."], no_inference: &["temperature", "topP"], ..OPEN },
    Features { ids: &["qwen.qwen3-vl"], ..OPEN },
    Features { ids: &["qwen."], images: false, ..OPEN },
    Features { ids: &["moonshot", "zai.", "nvidia.", "google."], ..OPEN },
];

fn of(model: &str) -> &'static Features {
    let fits = |features: &&Features| features.ids.iter().any(|id| model.starts_with(id));
    TABLE.iter().find(fits).unwrap_or(&FULL)
}

/// Returns the reasoning in the history that a model accepts.
pub(super) fn reasoning(model: &str) -> Reasoning {
    of(model).reasoning
}

/// Whether a model accepts messages of role `system` after others.
pub(super) fn system_anywhere(model: &str) -> bool {
    of(model).system_anywhere
}

pub(super) fn check(body: &Value, model: &str, stream: bool) -> Result<(), Problem> {
    let features = of(model);
    let refuse = |what: &str| Err(Problem::validation(what));
    if !features.converse {
        return refuse(
            "The action doesn't support the model that you provided. Try again with a supported text or chat model.",
        );
    }
    if stream && !features.stream {
        return refuse("The model is unsupported for streaming.");
    }
    let has_system = body.get("system").and_then(Value::as_array).is_some_and(|blocks| !blocks.is_empty());
    if has_system && !features.system {
        return refuse(
            "This model doesn't support system messages. Try again without a system message or use a model that supports system messages.",
        );
    }
    if body.get("toolConfig").is_some() {
        if !features.tools {
            return refuse("This model doesn't support tool use.");
        }
        if stream && !features.stream_tools {
            return refuse("This model doesn't support tool use in streaming mode.");
        }
    }
    for choice in ["any", "tool"] {
        let asked = body.pointer(&format!("/toolConfig/toolChoice/{choice}")).is_some();
        if asked && !features.choices.contains(&choice) {
            let field = format!("toolConfig.toolChoice.{choice}");
            return Err(Problem::validation(format!(
                "This model doesn't support the {field} field. Remove {field} and try again."
            )));
        }
    }
    for field in features.no_inference {
        let set = body.pointer(&format!("/inferenceConfig/{field}"));
        if set.is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty())) {
            return Err(Problem::validation(format!(
                "This model doesn't support the {field} field. Remove {field} and try again."
            )));
        }
    }
    if !features.result_images && in_results(body, "image") {
        return refuse("This model doesn't support the image field for user messages. Remove image and try again.");
    }
    if !features.s3
        && let Some(at) = in_s3(body)
    {
        // The message names a field that Converse does not have.
        return Err(Problem::validation(format!(
            "The model returned the following errors: {at}.source.type: Field required"
        )));
    }
    for (member, supported) in [("image", features.images), ("document", features.documents)] {
        if !supported && uses(body, member) {
            return Err(Problem::validation(format!(
                "This model doesn't support the {member} field. Remove {member} and try again."
            )));
        }
    }
    Ok(())
}

fn blocks(body: &Value) -> impl Iterator<Item = (usize, usize, &Value)> {
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    messages.enumerate().flat_map(|(number, message)| {
        let content = message.get("content").and_then(Value::as_array).into_iter().flatten();
        content.enumerate().map(move |(position, block)| (number, position, block))
    })
}

/// Whether a content block of this kind is anywhere in the messages.
fn uses(body: &Value, member: &str) -> bool {
    blocks(body).any(|(_, _, block)| block.get(member).is_some())
}

/// Whether any tool result has a block of this kind.
fn in_results(body: &Value, member: &str) -> bool {
    let parts = |block: &Value| {
        let parts = block.pointer("/toolResult/content").and_then(Value::as_array);
        parts.into_iter().flatten().any(|part| part.get(member).is_some())
    };
    blocks(body).any(|(_, _, block)| parts(block))
}

/// Returns the path of the first medium in S3.
fn in_s3(body: &Value) -> Option<String> {
    blocks(body).find_map(|(number, position, block)| {
        let kind = ["image", "document", "video", "audio"].into_iter().find(|kind| {
            let in_result = block.pointer("/toolResult/content").and_then(Value::as_array).into_iter().flatten();
            std::iter::once(block)
                .chain(in_result)
                .any(|part| part.pointer(&format!("/{kind}/source/s3Location")).is_some())
        })?;
        Some(format!("messages.{number}.content.{position}.{kind}"))
    })
}
