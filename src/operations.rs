//! Operations other than chat: counting tokens, guardrails for any content, and lists of models.

mod any;
mod guardrail_checks;
mod mantle_models;
mod models;

pub use guardrail_checks::{CategoryScore, GuardrailCheckResults, GuardrailChecks, SensitiveEntity};
pub use mantle_models::MantleModel;
pub use models::{FoundationModel, InferenceProfile, InferenceProfileType, ModelLifecycle};

use std::borrow::Cow;

use crate::api::Api;
use crate::chat::BedrockChat;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View, Writer};
use crate::message::{AppliedGuardrail, GuardContent};
use crate::model::ModelId;
use crate::provider::body::{json_call, missing, object};
use crate::provider::guard::write_guard;
use crate::provider::{Call, Mode};
use crate::request::{ChatRequest, Guardrail, GuardrailTrace, IntoMessages};
use crate::sigv4::encode_path_segment;

impl BedrockChat {
    /// Counts the tokens of a conversation for this model, with the tools and all else that would be sent. The
    /// model does not run, and the call is free of charge.
    ///
    /// The service counts for a model, not for an inference profile. For a profile's id (`us.`, `global.`) or ARN,
    /// the model's id is used. For an application inference profile, state the model's id as the
    /// [family](crate::BedrockChatBuilder::family).
    ///
    /// Over [`Api::Messages`], `bedrock-mantle` counts with the operation of that API.
    ///
    /// See [CountTokens](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html).
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let transport = MemoryTransport::new([Reply::json(200, r#"{"inputTokens":12}"#)]);
    /// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
    /// assert_eq!(chat.count_tokens("How long is a piece of string?").await?, 12);
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`]; `Validation`, if the service does not count for the model; `Unsupported` over
    /// OpenAI's APIs.
    pub async fn count_tokens(&self, messages: impl IntoMessages) -> Result<u64> {
        let call = self.count_call(&self.request(messages)?);
        self.client().operation(call?, read_tokens).await
    }

    /// Returns the call that counts the tokens of a request.
    pub(crate) fn count_call(&self, request: &ChatRequest) -> Result<Call> {
        let client = self.client();
        let mut call = client.encode(request, Mode::Invoke)?;
        let mut w = Writer::new();
        w.begin_object();
        match client.codec.api() {
            Api::Messages => {
                for (key, value) in object(&call.body)?.raw_entries() {
                    if COUNTED.contains(&key) {
                        w.raw_member(key, value);
                    }
                }
                w.end_object();
                call.path.push_str("/count_tokens");
                call.body = w.finish().into_bytes().into();
                return Ok(call);
            }
            Api::Responses | Api::ChatCompletions => {
                let message =
                    "token counting is not supported over OpenAI's APIs; use Converse, if it serves the model";
                return Err(Error::new(ErrorKind::Unsupported, message).with_field("api"));
            }
            _ => {}
        }
        w.object("input");
        if call.path.ends_with("/converse") {
            w.object("converse");
            // The operation does not accept members that do not count as tokens.
            for (key, value) in object(&call.body)?.raw_entries() {
                if matches!(key, "messages" | "system" | "toolConfig" | "additionalModelRequestFields") {
                    w.raw_member(key, value);
                }
            }
        } else {
            w.object("invokeModel");
            w.key("body").base64(&call.body);
        }
        for _ in 0..3 {
            w.end_object();
        }
        Ok(json_call(countable(&client.model).path("count-tokens"), w))
    }

    /// Applies the guardrail of this chat to any content, without a model. The content may be user input before it is
    /// sent, or a reply from another source.
    ///
    /// With [`GuardrailTrace::EnabledFull`] the assessment also has the policies that did not match.
    ///
    /// See [ApplyGuardrail](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html).
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials, Guardrail, GuardrailSource};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let answer = r#"{"action":"GUARDRAIL_INTERVENED","outputs":[{"text":"Let us talk of something else."}],"assessments":[]}"#;
    /// # let transport = MemoryTransport::new([Reply::json(200, answer)]);
    /// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
    ///     .guardrail(Guardrail::new("gr-123", "1"))
    /// #     .region("us-east-1").credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport)
    ///     .build()?;
    /// let seen = chat.apply_guardrail(GuardrailSource::Input, ["How do I pick a lock?"]).await?;
    /// assert!(seen.intervened);
    /// assert_eq!(seen.outputs, ["Let us talk of something else."]);
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// `Config`, if the chat has no guardrail; `Encode`, if there is no content; otherwise same as
    /// [`BedrockChat::invoke`].
    pub async fn apply_guardrail<C: Into<GuardContent>>(
        &self,
        source: GuardrailSource,
        content: impl IntoIterator<Item = C>,
    ) -> Result<GuardrailAssessment> {
        let Some(guardrail) = &self.options().guardrail else {
            return Err(Error::new(
                ErrorKind::Config,
                "there is no guardrail to apply; set `guardrail`, with Guardrail::new(id, version)",
            )
            .with_field("guardrail"));
        };
        self.options().check()?;
        let content: Vec<GuardContent> = content.into_iter().map(Into::into).collect();
        let call = guardrail_call(guardrail, source, &content)?;
        self.client().operation(call, GuardrailAssessment::read).await
    }
}

/// Returns the id that tokens are counted for: the service counts for models, not for inference profiles.
///
/// An ARN that does not name its model is sent unchanged, unless the caller set the model's id as the family.
pub(crate) fn countable(model: &ModelId) -> Cow<'_, ModelId> {
    let is_profile = match model.resource_type() {
        Some(kind) => matches!(kind, "inference-profile" | "application-inference-profile"),
        None => model.region_prefix().is_some(),
    };
    let base = model.base().filter(|base| is_profile && crate::text::has(base, ".")).map(ModelId::parse);
    match base {
        Some(Ok(base)) => Cow::Owned(base),
        _ => Cow::Borrowed(model),
    }
}

fn guardrail_call(guardrail: &Guardrail, source: GuardrailSource, content: &[GuardContent]) -> Result<Call> {
    if content.is_empty() {
        return Err(Error::new(ErrorKind::Encode, "no content for the guardrail to check"));
    }
    let mut w = Writer::new();
    w.begin_object();
    w.field("source", source.as_str());
    w.array("content");
    for content in content {
        w.begin_object();
        write_guard(&mut w, content)?;
        w.end_object();
    }
    w.end_array();
    if guardrail.trace == Some(GuardrailTrace::EnabledFull) {
        w.field("outputScope", "FULL");
    }
    w.end_object();
    let (id, version) = (encode_path_segment(&guardrail.identifier), encode_path_segment(&guardrail.version));
    Ok(json_call(format!("/guardrail/{id}/version/{version}/apply"), w))
}

/// The members of a Messages request that [the API's count
/// operation](https://docs.claude.com/en/api/messages-count-tokens) accepts.
const COUNTED: &[&str] =
    &["cache_control", "messages", "model", "output_config", "speed", "system", "thinking", "tool_choice", "tools"];

/// Reads the reply of an operation that counts tokens.
pub(crate) fn read_tokens(body: &[u8]) -> Result<u64> {
    let reply = object(body)?;
    let tokens = ["inputTokens", "input_tokens"].iter().find_map(|key| reply.u64_at(key));
    tokens.ok_or_else(|| missing("inputTokens"))
}

/// Whether a guardrail checks the input or the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardrailSource {
    /// User input.
    Input,
    /// Model output.
    Output,
}

impl GuardrailSource {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "INPUT",
            Self::Output => "OUTPUT",
        }
    }
}

/// The outcome of a guardrail for some content, from [`BedrockChat::apply_guardrail`].
///
/// ```
/// fn allowed(assessment: &bedrock_chat::GuardrailAssessment) -> bool {
///     !assessment.intervened
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GuardrailAssessment {
    /// Whether the guardrail intervened, which is every action other than `NONE`.
    pub intervened: bool,
    /// The reason, if the service states one.
    pub reason: Option<String>,
    /// The text to show instead of the content: masked, or the guardrail's own message. Empty if the guardrail did
    /// not intervene.
    pub outputs: Vec<String>,
    /// The whole answer, with the assessment of each policy and the usage, unchanged.
    pub raw: Json,
}

impl GuardrailAssessment {
    /// Returns the guardrails that were applied, each one once. There may be guardrails other than the chat's: an
    /// account or an organization can enforce its own.
    pub fn applied(&self) -> Vec<AppliedGuardrail> {
        AppliedGuardrail::all(self.raw.view())
    }

    fn read(body: &[u8]) -> Result<Self> {
        let view = object(body)?;
        let Some(action) = view.get("action").and_then(View::str) else {
            return Err(Error::new(
                ErrorKind::Decode,
                "the reply has no `action`; it is not an assessment of a guardrail",
            ));
        };
        let outputs = view.list("outputs");
        Ok(Self {
            intervened: action != "NONE",
            reason: view.string_at("actionReason"),
            outputs: outputs.filter_map(|output| output.get("text")?.string()).collect(),
            raw: Json::from(view),
        })
    }
}

impl From<&str> for GuardContent {
    /// Creates text without qualifiers.
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for GuardContent {
    /// Creates text without qualifiers.
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

#[cfg(test)]
mod tests;
