//! One error type for the whole crate, and the one table from AWS's exception names to kinds.

mod aws;
mod kind;
mod print;
mod words;

pub(crate) use aws::{ServiceAnswer, error_in_success, from_exception, from_response};
pub use kind::ErrorKind;
pub(crate) use kind::Resend;
pub(crate) use words::{error_message, snippet};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base64::DecodeError;
use crate::headers::Headers;
use crate::message::{AiMessage, Message, Usage};
use crate::text::{has, split_once};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong, and all that is known about it. One word wide.
///
/// It answers three questions apart:
///
/// - What happened? [`Error::kind`].
/// - May the cause pass, so that another model, another region or a later call may succeed?
///   [`Error::is_transient`].
/// - May the same call be sent again now, without the risk of paying twice? [`Error::is_retryable`].
///
/// `Display` is one line that does not repeat [`source`](std::error::Error::source). `Debug` is the same
/// line, followed by what else is known.
///
/// ```
/// use bedrock_chat::{BedrockChat, ErrorKind};
/// let error = BedrockChat::builder("").region("us-east-1").build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// assert!(!error.is_retryable() && !error.is_transient());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    resend: Resend,
    status: Option<u16>,
    aws_type: Option<String>,
    request_id: Option<String>,
    model: Option<String>,
    region: Option<String>,
    retry_after: Option<Duration>,
    headers: Option<Arc<Headers>>,
    attempts: u32,
    partial: Option<Box<AiMessage>>,
    conversation: Option<(Vec<Message>, Usage)>,
    source: Option<Source>,
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
            resend: kind.resend(),
            status: None,
            aws_type: None,
            request_id: None,
            model: None,
            region: None,
            retry_after: None,
            headers: None,
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

    /// Sets what caused the error. The message must not repeat it: reporters print both.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Sets whether the same call may be sent again at no risk of paying twice. Such an error is
    /// transient too; one that is not retryable stays as transient as it was. Defaults to what the
    /// kind says.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.resend = match retryable {
            true => Resend::Safe,
            false => self.0.resend.min(Resend::Later),
        };
        self
    }

    /// Sets whether the cause may pass. An error whose cause does not pass is not retryable. Defaults
    /// to what the kind says.
    #[must_use]
    pub fn with_transient(mut self, transient: bool) -> Self {
        self.0.resend = match transient {
            true => self.0.resend.max(Resend::Later),
            false => Resend::Never,
        };
        self
    }

    #[must_use]
    pub(crate) fn with_resend(mut self, resend: Resend) -> Self {
        self.0.resend = resend;
        self
    }

    /// The same error, raised before the request was sent, for instance by a provider of credentials that
    /// timed out: nothing can have been paid for.
    #[must_use]
    pub(crate) fn before_sending(self) -> Self {
        match self.0.resend {
            Resend::MayBePaid => self.with_resend(Resend::Safe),
            _ => self,
        }
    }

    /// The same error, raised when the response headers had arrived and nothing of the message: where the
    /// answer broke off, the call may be sent again.
    #[must_use]
    pub(crate) fn before_content(self) -> Self {
        match self.kind() {
            ErrorKind::Truncated | ErrorKind::Interrupted | ErrorKind::Connect => self.with_resend(Resend::Safe),
            _ => self,
        }
    }

    /// The same error, raised when part of the message had arrived: an answer that broke off has been
    /// worked for. An exception of the service keeps what its name says.
    #[must_use]
    pub(crate) fn after_content(self) -> Self {
        match self.kind() {
            ErrorKind::Truncated | ErrorKind::Interrupted | ErrorKind::Connect => self.with_resend(Resend::MayBePaid),
            _ => self,
        }
    }

    /// The same error of a call whose answer was gathered, raised when part of the message had arrived: also
    /// after an exception the call would be paid for again.
    #[must_use]
    pub(crate) fn while_gathering(self) -> Self {
        match self.0.resend {
            Resend::Safe => self.with_resend(Resend::MayBePaid),
            _ => self,
        }
    }

    #[must_use]
    pub(crate) fn with_headers(mut self, headers: &Arc<Headers>) -> Self {
        self.0.headers.get_or_insert_with(|| Arc::clone(headers));
        self
    }

    /// The same error with its causes in the message instead of in `source`: what a provider of
    /// credentials reports is read where only `Display` is printed.
    #[must_use]
    pub(crate) fn with_causes_told(mut self) -> Self {
        let source = self.0.source.take();
        let mut cause = source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(error) = cause {
            let text = error.to_string();
            if !has(&self.0.message, &text) {
                self.0.message.push_str(": ");
                self.0.message.push_str(&text);
            }
            cause = error.source();
        }
        self
    }

    #[must_use]
    pub(crate) fn with_partial(mut self, partial: AiMessage) -> Self {
        self.0.partial.get_or_insert_with(|| Box::new(partial));
        self
    }

    /// Returns the same error with advice at the end of its message.
    #[must_use]
    pub(crate) fn with_advice(mut self, advice: &str) -> Self {
        // Messages of the service often end with a full stop.
        let end = self.0.message.trim_end_matches('.').len();
        self.0.message.truncate(end);
        self.0.message.push_str("; ");
        self.0.message.push_str(advice);
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

    /// Returns whether the same call may be sent again at no risk of paying twice. The crate does so
    /// by itself, as [`RetryPolicy`](crate::RetryPolicy) says.
    pub fn is_retryable(&self) -> bool {
        self.0.resend == Resend::Safe
    }

    /// Returns whether the cause may pass: throttling, a service or network that fails, a timeout. A
    /// later call, or another model or region, may succeed ([`Fallbacks`](crate::Fallbacks) try
    /// them); this one may have been paid for already.
    pub fn is_transient(&self) -> bool {
        self.0.resend != Resend::Never
    }

    pub(crate) fn resend(&self) -> Resend {
        self.0.resend
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

    /// Returns the headers of the response, if there was one. Values that are secrets, such as cookies,
    /// are replaced; at most 16 KiB are kept.
    pub fn response_headers(&self) -> Option<&Headers> {
        self.0.headers.as_deref()
    }

    /// Returns how many times the request was sent, or a connection for it was tried; 0 if it was
    /// refused before.
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

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::of(ErrorKind::Decode, format_args!("{error}"))
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
    fn error_is_one_word_wide_and_send() {
        fn check<T: Send + Sync + 'static>() -> usize {
            size_of::<T>()
        }
        assert_eq!(check::<Error>(), size_of::<usize>());
    }

    #[test]
    fn advice_follows_a_message_without_its_full_stop() {
        let advised = |message: &str| Error::new(ErrorKind::Validation, message).with_advice("unset it");
        assert_eq!(advised("`x` is deprecated.").message(), "`x` is deprecated; unset it");
        assert_eq!(advised("no `x`").message(), "no `x`; unset it");
    }

    #[test]
    fn error_display_has_status_type_and_request_id() {
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
