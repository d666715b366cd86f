//! One error type for the whole crate, and the one table from AWS's exception names to kinds.

mod aws;

pub(crate) use aws::{ServiceAnswer, from_exception, from_response};

use std::fmt;
use std::time::Duration;

use crate::message::{AiMessage, Message, Usage};
use crate::text::{has, split_once};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong, and all that is known about it. One word wide.
///
/// ```
/// use bedrock_chat::{BedrockChat, ErrorKind};
/// let error = BedrockChat::builder("").region("us-east-1").build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// assert!(!error.is_retryable());
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    status: Option<u16>,
    aws_type: Option<String>,
    request_id: Option<String>,
    model: Option<String>,
    region: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    partial: Option<Box<AiMessage>>,
    conversation: Option<(Vec<Message>, Usage)>,
    source: Option<Source>,
}

/// What kind of thing went wrong.
///
/// ```
/// use bedrock_chat::ErrorKind;
/// assert_eq!(ErrorKind::ContextOverflow.as_str(), "context_overflow");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or wrong. Before anything was sent; fix the setting.
    Config,
    /// No credentials, or the provider of credentials failed. Before anything was sent.
    Credentials,
    /// The model or the API cannot do what was asked. Before anything was sent; the message names what can.
    Unsupported,
    /// The conversation cannot be written in the provider's format. Before anything was sent; the message says which part.
    Encode,
    /// The service was not reached. Retried.
    Connect,
    /// The service, or the model behind it, took too long: the message says at what. Only connecting is
    /// retried: an answer that took too long once costs as much again.
    Timeout,
    /// Too many requests or tokens at once. Retried, with the delay that the service asks for.
    Throttled,
    /// The credentials may not do this. Check the policy and the model access of the account.
    AccessDenied,
    /// The credentials have run out. Retried once if their provider has new ones.
    ExpiredCredentials,
    /// The service refused the request as wrong. The message is the service's own.
    Validation,
    /// The conversation is longer than the model's context window. Shorten it.
    ContextOverflow,
    /// There is no such model, profile or guardrail in this region.
    NotFound,
    /// The service or the model failed. Retried where AWS says it helps.
    Service,
    /// A frame of the stream is corrupt.
    Frame,
    /// The answer is not what the provider's format promises.
    Decode,
    /// The stream ended before the message did. [`Error::partial`] has what came.
    Truncated,
    /// The call was cancelled.
    Cancelled,
}

impl ErrorKind {
    /// The kind's name in snake case, as the npm package reports it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Credentials => "credentials",
            Self::Unsupported => "unsupported",
            Self::Encode => "encode",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Throttled => "throttled",
            Self::AccessDenied => "access_denied",
            Self::ExpiredCredentials => "expired_credentials",
            Self::Validation => "validation",
            Self::ContextOverflow => "context_overflow",
            Self::NotFound => "not_found",
            Self::Service => "service",
            Self::Frame => "frame",
            Self::Decode => "decode",
            Self::Truncated => "truncated",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Error {
    /// An error of a kind. Transports, credential providers and codecs outside
    /// the crate make theirs with this.
    // Once for each type of message, not at each place that makes an error.
    #[inline(never)]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            retryable: kind == ErrorKind::Connect,
            status: None,
            aws_type: None,
            request_id: None,
            model: None,
            region: None,
            retry_after: None,
            attempts: 0,
            partial: None,
            conversation: None,
            source: None,
        }))
    }

    /// An error whose message is made of parts: `format_args!` takes less code than `format!` at each
    /// place that makes an error.
    pub(crate) fn of(kind: ErrorKind, message: fmt::Arguments<'_>) -> Self {
        Self::new(kind, std::fmt::format(message))
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error, marked as worth another attempt or not.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    #[must_use]
    pub(crate) fn with_partial(mut self, partial: AiMessage) -> Self {
        self.0.partial.get_or_insert_with(|| Box::new(partial));
        self
    }

    #[must_use]
    pub(crate) fn with_conversation(mut self, messages: Vec<Message>, usage: Usage) -> Self {
        self.0.conversation = Some((messages, usage));
        self
    }

    #[must_use]
    pub(crate) fn with_call(mut self, model: &str, region: Option<&str>, attempts: u32) -> Self {
        self.0.model.get_or_insert_with(|| model.to_owned());
        self.0.region = self.0.region.or_else(|| region.map(str::to_owned));
        self.0.attempts = attempts;
        self
    }

    #[must_use]
    pub(crate) fn with_request_id(mut self, request_id: Option<&str>) -> Self {
        self.0.request_id = self.0.request_id.or_else(|| request_id.map(str::to_owned));
        self
    }

    /// The same error without these secrets: AWS repeats the session token where a signature is wrong,
    /// and gateways repeat what they like.
    #[must_use]
    pub(crate) fn concealing(mut self, secrets: [&str; 2]) -> Self {
        for secret in secrets {
            // A shorter one is a word of an example, and may be one of the message.
            if secret.len() >= 8 && has(&self.0.message, secret) {
                let message = std::mem::take(&mut self.0.message);
                let mut rest = message.as_str();
                while let Some((before, behind)) = split_once(rest, secret) {
                    self.0.message.push_str(before);
                    self.0.message.push_str("<secret>");
                    rest = behind;
                }
                self.0.message.push_str(rest);
            }
        }
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without status, ids and the like.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether another attempt could help.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The HTTP status, if the service answered.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// AWS's name of the exception, for instance `ThrottlingException`.
    pub fn aws_type(&self) -> Option<&str> {
        self.0.aws_type.as_deref()
    }

    /// AWS's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The model of the call.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The region of the call.
    pub fn region(&self) -> Option<&str> {
        self.0.region.as_deref()
    }

    /// How long the service asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many times the request was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What had arrived of the message when its stream failed.
    pub fn partial(&self) -> Option<&AiMessage> {
        self.0.partial.as_deref()
    }

    /// As [`Error::partial`], taking it.
    pub fn into_partial(self) -> Option<AiMessage> {
        self.0.partial.map(|message| *message)
    }

    /// The conversation of a [`Toolbox`](crate::Toolbox) whose run failed: what was given, and all that came
    /// of it, with the results of tools that have done their work. Another run goes on from there.
    pub fn conversation(&self) -> Option<&[Message]> {
        self.0.conversation.as_ref().map(|(messages, _)| messages.as_slice())
    }

    /// The tokens of all replies that a failed run of a toolbox had; a reply that broke off has its own, in
    /// [`Error::partial`].
    pub fn usage(&self) -> Option<Usage> {
        self.0.conversation.as_ref().map(|(_, usage)| *usage)
    }

    /// As [`Error::conversation`], taking it.
    pub fn into_conversation(self) -> Option<Vec<Message>> {
        self.0.conversation.map(|(messages, _)| messages)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (&inner.aws_type, inner.status) {
            (Some(name), Some(status)) => write!(f, "{name} (HTTP {status}): ")?,
            (Some(name), None) => write!(f, "{name}: ")?,
            (None, Some(status)) => write!(f, "HTTP {status}: ")?,
            (None, None) => {}
        }
        f.write_str(&inner.message)?;
        let mut separator = " [";
        let attempts = (inner.attempts > 1).then(|| inner.attempts.to_string());
        let notes = [
            ("model ", &inner.model),
            ("region ", &inner.region),
            ("request id ", &inner.request_id),
            ("attempts ", &attempts),
        ];
        for (name, value) in notes {
            let Some(value) = value else { continue };
            for part in [separator, name, value] {
                f.write_str(part)?;
            }
            separator = ", ";
        }
        if separator == ", " { f.write_str("]") } else { Ok(()) }
    }
}

impl fmt::Debug for Error {
    /// Messages are counted, not printed: conversations stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("retryable", &inner.retryable)
            .field("status", &inner.status)
            .field("aws_type", &inner.aws_type)
            .field("request_id", &inner.request_id)
            .field("model", &inner.model)
            .field("region", &inner.region)
            .field("retry_after", &inner.retry_after)
            .field("attempts", &inner.attempts)
            .field("partial_blocks", &inner.partial.as_ref().map(|message| message.content.len()))
            .field("conversation_messages", &self.conversation().map(<[_]>::len))
            .field("source", &inner.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide_and_may_cross_threads() {
        fn check<T: Send + Sync + 'static>() -> usize {
            size_of::<T>()
        }
        assert_eq!(check::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_message_carries_all_that_helps() {
        let error = from_response(&ServiceAnswer {
            status: 400,
            error_type: Some("ValidationException"),
            request_id: Some("r-1"),
            retry_after: None,
            body: br#"{"message":"no such thing"}"#,
        })
        .with_call("a.model", Some("us-east-1"), 3);
        assert_eq!(
            error.to_string(),
            "ValidationException (HTTP 400): no such thing [model a.model, region us-east-1, request id r-1, attempts 3]"
        );
    }
}
