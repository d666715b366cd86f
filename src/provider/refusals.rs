//! The table of refusals: the texts of errors by which the service refuses a call, and the capability that the model
//! then lacks.
//!
//! A model can be newer than the table. If the service names the form that it refuses, the call is written again
//! without that form, once for each form.

use crate::capabilities::Capability::{
    self, AdaptiveReasoning, ForcedTools, ImagesInResults, JsonSchema, NamedTools, OneHourCache, PromptCaching,
    ReasoningBetweenTools, ReasoningBudget, ReasoningEffort, ReasoningOff, Sampling, StopSequences, StreamedTools,
    Streaming, StrictTools, SystemAnywhere, Tools, UserAfterTools,
};
use crate::error::{Error, ErrorKind};
use crate::message::Content;
use crate::provider::Mode;
use crate::request::ChatRequest;
use crate::text::has;

/// A refusal: the parts of its message, in lower case, and the capability that the model lacks.
struct Refusal {
    says: &'static [&'static str],
    lacks: Capability,
    advice: &'static str,
}

const fn refusal(says: &'static [&'static str], lacks: Capability, advice: &'static str) -> Refusal {
    Refusal { says, lacks, advice }
}

/// The first row whose parts are all in the message is used. The texts are from public reports.
static REFUSALS: &[Refusal] = &[
    // pi#3739, obot#4101
    refusal(&["tool use in streaming mode"], StreamedTools, "call it without a stream"),
    refusal(&["unsupported for streaming"], Streaming, "call it without a stream"),
    refusal(&["support tool use"], Tools, "leave tools unset"),
    // pydantic-ai#3367 and the page on adaptive thinking
    refusal(&["adaptive thinking is not supported"], AdaptiveReasoning, "set a budget for reasoning"),
    refusal(&["thinking.type.enabled", "not supported"], ReasoningBudget, "set an effort for reasoning"),
    refusal(&["thinking.type.disabled", "not supported"], ReasoningOff, "set a low effort for reasoning"),
    refusal(&["thinking.type.between_tools", "not supported"], ReasoningBetweenTools, "set a low effort for reasoning"),
    refusal(&["effort parameter"], ReasoningEffort, "set a budget for reasoning"),
    // pr-agent#2456
    refusal(&["is deprecated for this model"], Sampling, "leave `temperature`, `top_p` and `top_k` unset"),
    // activepieces#15261, hermes-agent#111438
    refusal(&["support the temperature field"], Sampling, "leave `temperature` and `top_p` unset"),
    refusal(&["support the topp field"], Sampling, "leave `temperature` and `top_p` unset"),
    // GitLab#563341, crewAI#4046
    refusal(&["support the stopsequences field"], StopSequences, "leave `stop` unset"),
    // anthropic-sdk-python#1759, litellm#20813
    refusal(&["output_config.format"], JsonSchema, "leave the response format unset, or use a tool"),
    refusal(&["outputconfig.textformat"], JsonSchema, "leave the response format unset, or use a tool"),
    refusal(&["strict", "extra inputs"], StrictTools, "leave `strict` unset"),
    refusal(&["toolspec.strict"], StrictTools, "leave `strict` unset"),
    // langchain-aws#1141
    refusal(&["tool_choice", "not supported"], ForcedTools, "leave the tool choice unset"),
    // langchain-aws#925: reasoning with a forced tool.
    refusal(&["tool_choice forces tool use"], ForcedTools, "leave the tool choice unset, or do not reason"),
    refusal(&["toolchoice.any"], ForcedTools, "leave the tool choice unset"),
    refusal(&["toolchoice.tool"], NamedTools, "choose `any` tool of one"),
    // opencode#49443: an image in a tool result, as results are in a user message.
    refusal(
        &["image field for user messages"],
        ImagesInResults,
        "put images of tool results into a message after the results, or use a model that accepts images",
    ),
    // opencode#50272
    refusal(&["image", "toolresult"], ImagesInResults, "put images into a message after the results"),
    refusal(&["image", "tool result"], ImagesInResults, "put images into a message after the results"),
    refusal(&["media", "tool result"], ImagesInResults, "put media into a message after the results"),
    // hermes-agent#20154, langchain-aws#141
    refusal(&["tool result blocks", "same turn"], UserAfterTools, "let the model answer the results first"),
    refusal(&["role 'user' after role 'tool'"], UserAfterTools, "let the model answer the results first"),
    refusal(&["role 'system'"], SystemAnywhere, "put system messages first"),
    refusal(&["unexpected role \"system\""], SystemAnywhere, "put system messages first"),
    // LibreChat-AI/agents#256
    refusal(&["extended ttl"], OneHourCache, "leave the `ttl` of cache points unset"),
    // earendil-works/pi#1570
    refusal(&["ttl: extra inputs"], OneHourCache, "leave the `ttl` of cache points unset"),
    refusal(&["cachepoint"], PromptCaching, "leave cache points out"),
    // litellm#39210, harness-sdk#1807: with status 403
    refusal(&["did not allow prompt caching"], PromptCaching, "leave cache points out"),
];

/// Returns the capability that the model lacks according to an error, and the advice.
pub(crate) fn of(error: &Error) -> Option<(Capability, &'static str)> {
    let is_denied = match error.kind() {
        ErrorKind::Validation => false,
        ErrorKind::AccessDenied => true,
        _ => return None,
    };
    let message = error.message().to_ascii_lowercase();
    let row = REFUSALS.iter().find(|row| row.says.iter().all(|part| has(&message, part)))?;
    // Access is denied for many reasons, and only this one is about a form.
    if is_denied && row.lacks != PromptCaching {
        return None;
    }
    Some((row.lacks, row.advice))
}

/// Returns whether a request has a form that can be written in another way, so that the request must be kept.
pub(crate) fn has_other_forms(request: &ChatRequest, mode: Mode) -> bool {
    let has_one = |block: &Content| matches!(block, Content::ToolResult(_) | Content::CachePoint(_));
    mode == Mode::Stream
        || !request.options.tools.is_empty()
        || request.options.reasoning.is_some()
        || request.messages.iter().any(|message| message.content.iter().any(has_one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_of_the_service_names_a_capability() {
        let lacks = |message: &str| of(&Error::new(ErrorKind::Validation, message)).map(|(lacks, _)| lacks);
        for (message, capability) in [
            ("This model doesn't support tool use in streaming mode.", StreamedTools),
            ("This model doesn't support tool use.", Tools),
            (
                "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\"",
                ReasoningBudget,
            ),
            ("tools.0.custom.strict: Extra inputs are not permitted", StrictTools),
            ("output_config.format: Extra inputs are not permitted", JsonSchema),
            ("tool_choice: type \"tool\" and \"any\" are not supported for this model.", ForcedTools),
            ("Thinking may not be enabled when tool_choice forces tool use.", ForcedTools),
            ("\"thinking.type.between_tools\" is not supported for this model.", ReasoningBetweenTools),
            ("This model doesn't support the toolConfig.toolChoice.any field.", ForcedTools),
            ("Conversation blocks and tool result blocks cannot be provided in the same turn.", UserAfterTools),
            ("`temperature` is deprecated for this model.", Sampling),
            ("This model doesn't support the temperature field. Remove temperature and try again.", Sampling),
            ("This model doesn't support the topP field. Remove topP and try again.", Sampling),
            ("This model doesn't support the stopSequences field. Remove stopSequences and try again.", StopSequences),
            ("system.0.cache_control.ephemeral.ttl: Extra inputs are not permitted", OneHourCache),
            (
                "This model doesn't support the image field for user messages. Remove image and try again.",
                ImagesInResults,
            ),
        ] {
            assert_eq!(lacks(message), Some(capability), "{message}");
        }
        assert_eq!(lacks("max_tokens: must be positive"), None);
        let throttled = Error::new(ErrorKind::Throttled, "This model doesn't support tool use.");
        assert!(of(&throttled).is_none(), "only what the service refuses");
        let denied = |message: &str| of(&Error::new(ErrorKind::AccessDenied, message)).map(|(lacks, _)| lacks);
        let words = "You invoked an unsupported model or your request did not allow prompt caching";
        assert_eq!(denied(words), Some(PromptCaching));
        assert_eq!(denied("You don't have access to the model: tool use"), None);
    }
}
