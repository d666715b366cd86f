//! What a refusal of the service says about a model: the rows that contradict the table of facts.
//!
//! A model can be newer than the table. If the service names the form that it refuses, the call is
//! written again without it, once for each form.

use crate::capabilities::Capability::{
    self, AdaptiveReasoning, ForcedTools, ImagesInResults, JsonSchema, NamedTools, OneHourCache, PromptCaching,
    ReasoningBudget, ReasoningEffort, ReasoningOff, StreamedTools, Streaming, StrictTools, SystemAnywhere, Tools,
    UserAfterTools,
};
use crate::error::{Error, ErrorKind};
use crate::message::Content;
use crate::request::ChatRequest;
use crate::text::has;

/// A refusal: what its message contains, in lower case, and what the model therefore cannot do.
struct Refusal {
    says: &'static [&'static str],
    lacks: Capability,
    advice: &'static str,
}

const fn refusal(says: &'static [&'static str], lacks: Capability, advice: &'static str) -> Refusal {
    Refusal { says, lacks, advice }
}

/// The first row of which the message has all parts counts. The words are those of public reports.
static REFUSALS: &[Refusal] = &[
    // pi#3739, obot#4101
    refusal(&["tool use in streaming mode"], StreamedTools, "call it without a stream"),
    refusal(&["unsupported for streaming"], Streaming, "call it without a stream"),
    refusal(&["support tool use"], Tools, "leave tools unset"),
    // pydantic-ai#3367 and the page on adaptive thinking
    refusal(&["adaptive thinking is not supported"], AdaptiveReasoning, "set a budget for reasoning"),
    refusal(&["thinking.type.enabled", "not supported"], ReasoningBudget, "set an effort for reasoning"),
    refusal(&["thinking.type.disabled", "not supported"], ReasoningOff, "set a low effort for reasoning"),
    refusal(&["effort parameter"], ReasoningEffort, "set a budget for reasoning"),
    // anthropic-sdk-python#1759, litellm#20813
    refusal(&["output_config.format"], JsonSchema, "leave the response format unset, or use a tool"),
    refusal(&["outputconfig.textformat"], JsonSchema, "leave the response format unset, or use a tool"),
    refusal(&["strict", "extra inputs"], StrictTools, "leave `strict` unset"),
    refusal(&["toolspec.strict"], StrictTools, "leave `strict` unset"),
    // langchain-aws#1141
    refusal(&["tool_choice", "not supported"], ForcedTools, "leave the tool choice unset"),
    refusal(&["toolchoice.any"], ForcedTools, "leave the tool choice unset"),
    refusal(&["toolchoice.tool"], NamedTools, "choose `any` tool of one"),
    // opencode#50272
    refusal(&["image", "toolresult"], ImagesInResults, "put images into a message behind the results"),
    refusal(&["image", "tool result"], ImagesInResults, "put images into a message behind the results"),
    refusal(&["media", "tool result"], ImagesInResults, "put media into a message behind the results"),
    // hermes-agent#20154, langchain-aws#141
    refusal(&["tool result blocks", "same turn"], UserAfterTools, "let the model answer the results first"),
    refusal(&["role 'user' after role 'tool'"], UserAfterTools, "let the model answer the results first"),
    refusal(&["role 'system'"], SystemAnywhere, "put system messages first"),
    refusal(&["unexpected role \"system\""], SystemAnywhere, "put system messages first"),
    // LibreChat-AI/agents#256
    refusal(&["extended ttl"], OneHourCache, "leave out the lifetime of cache points"),
    refusal(&["cachepoint"], PromptCaching, "leave cache points out"),
];

/// Returns what the model cannot do by the words of an error, and what to do about it.
pub(crate) fn of(error: &Error) -> Option<(Capability, &'static str)> {
    if error.kind() != ErrorKind::Validation {
        return None;
    }
    let message = error.message().to_ascii_lowercase();
    let row = REFUSALS.iter().find(|row| row.says.iter().all(|part| has(&message, part)))?;
    Some((row.lacks, row.advice))
}

/// Returns whether a request has a form that can be written in another way: it is kept for that.
pub(crate) fn has_other_forms(request: &ChatRequest) -> bool {
    let is_result = |block: &Content| matches!(block, Content::ToolResult(_));
    !request.options.tools.is_empty()
        || request.options.reasoning.is_some()
        || request.messages.iter().any(|message| message.content.iter().any(is_result))
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
            ("This model doesn't support the toolConfig.toolChoice.any field.", ForcedTools),
            ("Conversation blocks and tool result blocks cannot be provided in the same turn.", UserAfterTools),
        ] {
            assert_eq!(lacks(message), Some(capability), "{message}");
        }
        assert_eq!(lacks("max_tokens: must be positive"), None);
        let throttled = Error::new(ErrorKind::Throttled, "This model doesn't support tool use.");
        assert!(of(&throttled).is_none(), "only what the service refuses");
    }
}
