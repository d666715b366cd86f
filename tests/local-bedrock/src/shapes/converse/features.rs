//! What each model takes on Converse, as far as it is documented or seen.

use serde_json::Value;

use crate::problem::Problem;

/// One group of models.
struct Features {
    /// Their ids begin with one of these.
    ids: &'static [&'static str],
    converse: bool,
    stream: bool,
    system: bool,
    tools: bool,
    /// Tools in a stream.
    stream_tools: bool,
    /// The members of `toolChoice` beside `auto`.
    choices: &'static [&'static str],
    images: bool,
    documents: bool,
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
};

const TEXT_ONLY: Features = Features { system: false, tools: false, images: false, ..FULL };

/// The first that fits counts.
static TABLE: [Features; 14] = [
    Features { ids: &["anthropic.claude-v2", "anthropic.claude-instant"], system: true, ..TEXT_ONLY },
    Features {
        ids: &["amazon.titan-embed", "cohere.embed", "stability.", "amazon.nova-canvas"],
        converse: false,
        ..FULL
    },
    Features { ids: &["amazon.titan"], ..TEXT_ONLY },
    Features { ids: &["amazon.nova-micro"], images: false, ..FULL },
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
    Features { ids: &["meta.llama3-2", "meta.llama4"], stream_tools: false, choices: &[], ..FULL },
    Features { ids: &["meta.llama"], stream_tools: false, choices: &[], images: false, ..FULL },
    Features { ids: &["deepseek.r1"], system: true, ..TEXT_ONLY },
];

pub(super) fn check(body: &Value, model: &str, stream: bool) -> Result<(), Problem> {
    let fits = |features: &&Features| features.ids.iter().any(|id| model.starts_with(id));
    let features = TABLE.iter().find(fits).unwrap_or(&FULL);
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
    for (member, supported) in [("image", features.images), ("document", features.documents)] {
        if !supported && uses(body, member) {
            return Err(Problem::validation(format!(
                "This model doesn't support the {member} field. Remove {member} and try again."
            )));
        }
    }
    Ok(())
}

/// Whether a content block of this kind is anywhere in the messages.
fn uses(body: &Value, member: &str) -> bool {
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    let mut blocks =
        messages.flat_map(|message| message.get("content").and_then(Value::as_array).into_iter().flatten());
    blocks.any(|block| block.get(member).is_some())
}
