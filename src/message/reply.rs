//! Replies of models.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::content::{joined_text, tool_calls};
use super::usage::Usage;
use super::{Citation, Content, GuardrailOutcome, InvalidToolCall, Text, ToolCall};
use crate::headers::Headers;
use crate::json::Json;

/// A model's reply.
///
/// ```
/// use bedrock_chat::{AiMessage, Content, Message};
/// let mut reply = AiMessage::default();
/// reply.content.push(Content::text("J'adore la programmation."));
/// assert_eq!(reply.text(), "J'adore la programmation.");
/// let history: Message = reply.into();
/// assert_eq!(history.text(), "J'adore la programmation.");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AiMessage {
    /// The provider's id of the message, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name that the model reports, else the requested id. Records of batch inference have only the reported
    /// name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The content blocks.
    pub content: Vec<Content>,
    /// The reason why the model stopped. `None` in a partial message of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<StopReason>,
    /// The stop sequence that ended the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_sequence: Option<String>,
    /// The tokens used, if the provider reports them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// AWS's id of the request, for support cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// All other members of the response, under the provider's names.
    #[serde(skip_serializing_if = "Vec::is_empty", with = "super::pairs")]
    pub response_metadata: Vec<(String, Json)>,
    #[serde(skip)]
    pub(crate) response_headers: ResponseHeaders,
}

/// The headers of a response. They are ignored in comparisons.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResponseHeaders(Option<Arc<Headers>>);

impl PartialEq for ResponseHeaders {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl AiMessage {
    /// Returns the text of all text blocks, joined.
    pub fn text(&self) -> String {
        joined_text(&self.content)
    }

    /// Returns all reasoning, joined.
    pub fn thinking(&self) -> String {
        let texts = self.content.iter().filter_map(|block| match block {
            Content::Thinking(thinking) => Some(thinking.text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// Returns the valid tool calls.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        tool_calls(&self.content)
    }

    /// Returns the invalid tool calls: cut short, or not a JSON object.
    pub fn invalid_tool_calls(&self) -> impl Iterator<Item = &InvalidToolCall> {
        self.content.iter().filter_map(|block| match block {
            Content::InvalidToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// Returns the citations of all text blocks, in one form for all providers.
    pub fn citations(&self) -> impl Iterator<Item = Citation> {
        self.content
            .iter()
            .filter_map(|block| if let Content::Text(text) = block { Some(text) } else { None })
            .flat_map(Text::read_citations)
    }

    /// Returns the outcome of a guardrail, the same for streams and whole replies, and for every API. Returns `None`
    /// if the response does not mention a guardrail.
    pub fn guardrail(&self) -> Option<GuardrailOutcome<'_>> {
        let trace = self.metadata("amazon-bedrock-trace").or_else(|| self.metadata("trace"));
        let trace = trace.filter(|trace| trace.view().get("guardrail").is_some());
        let intervened = self.stop_reason == Some(StopReason::GuardrailIntervened);
        let action = self.metadata("amazon-bedrock-guardrailAction").is_some();
        (intervened || action || trace.is_some()).then_some(GuardrailOutcome::new(intervened, trace))
    }

    /// Returns the headers of the response, unless the reply was built or read from JSON. They are neither
    /// serialized nor compared. Values that are secrets, such as cookies, are replaced; at most 16 KiB are
    /// kept.
    pub fn response_headers(&self) -> Option<&Headers> {
        self.response_headers.0.as_deref()
    }

    pub(crate) fn set_response_headers(&mut self, headers: &Arc<Headers>) {
        self.response_headers = ResponseHeaders(Some(Arc::clone(headers)));
    }

    /// Returns a value of the response metadata.
    pub fn metadata(&self, key: &str) -> Option<&Json> {
        self.response_metadata.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// Sets a value of the response metadata.
    pub fn set_metadata(&mut self, key: impl Into<String>, value: Json) {
        let key = key.into();
        match self.response_metadata.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.response_metadata.push((key, value)),
        }
    }
}

/// The reason why a model stopped. The response metadata has the provider's own value, as `stop_reason`.
///
/// ```
/// use bedrock_chat::StopReason;
/// assert_eq!(StopReason::parse("FINISH"), StopReason::EndTurn);
/// assert_eq!(StopReason::parse("brand_new").as_str(), "brand_new");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// The model finished its turn.
    EndTurn,
    /// The limit `max_tokens` was reached, and the answer is cut short.
    MaxTokens,
    /// One of the stop sequences was reached.
    StopSequence,
    /// The model waits for the results of its tool calls.
    ToolUse,
    /// A long turn was paused. Send the message back to continue it.
    PauseTurn,
    /// The model refused to answer.
    Refusal,
    /// Prompt and answer together filled the model's context window.
    ContextWindowExceeded,
    /// Your guardrail intervened.
    GuardrailIntervened,
    /// The provider's own filter intervened.
    ContentFiltered,
    /// The model wrote something that the provider could not read.
    MalformedModelOutput,
    /// The model wrote a tool call that the provider could not read.
    MalformedToolUse,
    /// The provider reported an error instead of a reason.
    Error,
    /// Another reason, as the provider writes it.
    Other(String),
}

/// The names of stop reasons of all providers, one row per name.
const STOP_REASONS: &[(&str, StopReason)] = &[
    // The first row of each reason is its own name.
    ("end_turn", StopReason::EndTurn),
    ("max_tokens", StopReason::MaxTokens),
    ("stop_sequence", StopReason::StopSequence),
    ("tool_use", StopReason::ToolUse),
    ("pause_turn", StopReason::PauseTurn),
    ("refusal", StopReason::Refusal),
    ("model_context_window_exceeded", StopReason::ContextWindowExceeded),
    ("guardrail_intervened", StopReason::GuardrailIntervened),
    ("content_filtered", StopReason::ContentFiltered),
    ("malformed_model_output", StopReason::MalformedModelOutput),
    ("malformed_tool_use", StopReason::MalformedToolUse),
    ("error", StopReason::Error),
    // Chat completions, Llama, Mistral, DeepSeek, AI21.
    ("stop", StopReason::EndTurn),
    ("endoftext", StopReason::EndTurn),
    ("eos_token", StopReason::EndTurn),
    ("length", StopReason::MaxTokens),
    ("tool_calls", StopReason::ToolUse),
    ("function_call", StopReason::ToolUse),
    ("content_filter", StopReason::ContentFiltered),
    // Titan.
    ("finish", StopReason::EndTurn),
    ("finished", StopReason::EndTurn),
    ("stop_criteria_met", StopReason::StopSequence),
    // Cohere.
    ("complete", StopReason::EndTurn),
    ("error_toxic", StopReason::ContentFiltered),
    ("error_limit", StopReason::ContextWindowExceeded),
];

impl StopReason {
    /// Parses a provider's stop reason, ignoring ASCII case.
    pub fn parse(word: &str) -> Self {
        let row = STOP_REASONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        row.map_or_else(|| Self::Other(word.to_owned()), |(_, reason)| reason.clone())
    }

    /// Replaces the reason that was received before, and returns whether it did. After a guardrail intervened, the model's
    /// own reason is ignored.
    pub(crate) fn replace(known: &mut Option<Self>, later: Self) -> bool {
        let is_kept = *known == Some(Self::GuardrailIntervened);
        if !is_kept {
            *known = Some(later);
        }
        !is_kept
    }

    /// Returns AWS's name of the reason, or the provider's name for [`StopReason::Other`].
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => STOP_REASONS.iter().find(|(_, reason)| reason == known).map_or("", |(name, _)| name),
        }
    }
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for StopReason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StopReason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&std::borrow::Cow::<str>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_round_trips_through_json() {
        let mut reply = AiMessage { content: vec![Content::text("hi")], ..AiMessage::default() };
        reply.set_metadata("z", Json::string("1"));
        reply.set_metadata("a", Json::parse(r#"{"b":[1.0]}"#).unwrap());
        reply.stop_reason = Some(StopReason::Other("new".into()));
        reply.usage = Some(Usage::new(3, 4));
        let text = serde_json::to_string(&reply).unwrap();
        assert!(text.contains(r#""response_metadata":{"z":"1","a":{"b":[1.0]}}"#), "{text}");
        assert_eq!(serde_json::from_str::<AiMessage>(&text).unwrap(), reply);
    }

    #[test]
    fn stop_reason_round_trips_through_its_name() {
        for (word, reason) in STOP_REASONS {
            assert_eq!(StopReason::parse(word), *reason);
            assert_eq!(StopReason::parse(&word.to_uppercase()), *reason);
            assert_eq!(StopReason::parse(reason.as_str()), *reason);
        }
        assert_eq!(StopReason::parse("Brand_New"), StopReason::Other("Brand_New".into()));
    }
}
