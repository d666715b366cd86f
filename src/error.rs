//! The error type of the crate, and the table from AWS's exception names to kinds.

mod advice;
mod aws;
mod kind;
mod print;
mod words;

pub(crate) use aws::{ServiceAnswer, error_in_success, from_exception, from_reported, from_response};
pub use kind::ErrorKind;
pub(crate) use kind::Resend;
pub(crate) use words::{error_message, snippet};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base64::DecodeError;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::text::{has, split_once};

/// The `Result` of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An error of a call, with all that is known about it. It is one pointer wide.
///
/// It answers three separate questions:
///
/// - What happened? [`Error::kind`].
/// - May the cause pass, so that another model, another region or a later call may succeed?
///   [`Error::is_transient`].
/// - May the same call be sent again now, without the risk of paying twice? [`Error::is_retryable`].
///
/// `Display` is one line that does not repeat [`source`](std::error::Error::source). `Debug` is the same line,
/// followed by the other data of the error.
///
/// ```
/// use bedrock_chat::{BedrockChat, ErrorKind};
/// let error = BedrockChat::builder("").region("us-east-1").build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// assert!(!error.is_retryable() && !error.is_transient());
/// ```
pub struct Error(Box<Inner>);

/// A delay that the service asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskedDelay {
    pub(crate) delay: Duration,
    /// Whether the header was `x-amz-retry-after`, which has limits.
    pub(crate) is_amz: bool,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    field: Option<String>,
    resend: Resend,
    status: Option<u16>,
    aws_type: Option<String>,
    request_id: Option<String>,
    model: Option<String>,
    region: Option<String>,
    retry_after: Option<AskedDelay>,
    headers: Option<Arc<Headers>>,
    attempts: u32,
    partial: Option<Box<AiMessage>>,
    source: Option<Source>,
}

impl Error {
    /// Creates an error, for custom transports, credential providers and codecs.
    // `inline(never)` keeps one copy per message type instead of one per call site.
    #[inline(never)]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            field: None,
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
            source: None,
        }))
    }

    /// Creates an error from format arguments: at a call site, `format_args!` takes less code than `format!`.
    pub(crate) fn of(kind: ErrorKind, message: fmt::Arguments<'_>) -> Self {
        Self::new(kind, std::fmt::format(message))
    }

    /// Sets the option that the error is about, by its name in Rust (`max_tokens`), or the path to a
    /// wrong part of it (`guardrail.version`). The message has the names of options in backticks, so
    /// that other languages can replace them with theirs.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Sets the cause of the error. The message must not repeat it, as reporters print both.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Sets whether the same call may be sent again without the risk of paying twice. A retryable error is
    /// transient too. `false` does not change whether the error is transient. Defaults to the kind's value.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.resend = match retryable {
            true => Resend::Safe,
            false => self.0.resend.min(Resend::Later),
        };
        self
    }

    /// Sets whether the cause may pass. An error whose cause does not pass is not retryable. Defaults to the
    /// kind's value.
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

    /// Marks the error as raised before the request was sent, for instance by a provider of credentials that
    /// timed out. Nothing can have been paid for.
    #[must_use]
    pub(crate) fn before_sending(self) -> Self {
        match self.0.resend {
            Resend::MayBePaid => self.with_resend(Resend::Safe),
            _ => self,
        }
    }

    /// Marks the error as raised after the response headers and before any of the message. If the response
    /// broke off, the call may be sent again.
    #[must_use]
    pub(crate) fn before_content(self) -> Self {
        match self.kind() {
            ErrorKind::Truncated | ErrorKind::Interrupted | ErrorKind::Connect => self.with_resend(Resend::Safe),
            _ => self,
        }
    }

    /// Marks the error as raised after part of the message had arrived. The model has worked for it, also if an
    /// exception ended it, so that the same call may be paid for again.
    #[must_use]
    pub(crate) fn after_content(self) -> Self {
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

    /// Moves the causes from `source` into the message. Many programs print `Display` alone, and the causes of
    /// a failed credential provider matter.
    #[must_use]
    pub(crate) fn with_causes_in_message(mut self) -> Self {
        let source = self.0.source.take().filter(|source| !source.is::<Quoted>());
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

    /// Turns the error into one of a source of credentials: the kind is `Credentials`, and `context` is put before
    /// the message. A wrong setting stays one. Nothing can have been paid for, so the request for credentials
    /// may be sent again if the cause may pass.
    #[must_use]
    pub(crate) fn of_source(self, context: fmt::Arguments<'_>) -> Self {
        let mut error = self.with_causes_in_message().before_sending();
        if error.kind() != ErrorKind::Config {
            error.0.kind = ErrorKind::Credentials;
        }
        error.0.message = format!("{context}: {}", error.0.message);
        error
    }

    /// Returns a copy, for another call that waited for the same result. It has neither the cause nor a partial
    /// message.
    pub(crate) fn copied(&self) -> Self {
        let inner = &*self.0;
        Self(Box::new(Inner {
            kind: inner.kind,
            message: inner.message.clone(),
            field: inner.field.clone(),
            resend: inner.resend,
            status: inner.status,
            aws_type: inner.aws_type.clone(),
            request_id: inner.request_id.clone(),
            model: inner.model.clone(),
            region: inner.region.clone(),
            retry_after: inner.retry_after,
            headers: inner.headers.clone(),
            attempts: inner.attempts,
            partial: None,
            source: None,
        }))
    }

    #[must_use]
    pub(crate) fn with_partial(mut self, partial: AiMessage) -> Self {
        self.0.partial.get_or_insert_with(|| Box::new(partial));
        self
    }

    /// Appends advice to the message.
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

    /// Removes these secrets from the message: AWS quotes the session token if a signature is wrong, and
    /// gateways may quote any header.
    #[must_use]
    pub(crate) fn concealing(mut self, secrets: &[&str]) -> Self {
        for secret in secrets {
            // A shorter secret is a placeholder, and may be an ordinary word of the message.
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

    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the message alone, without status and ids.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the option that the error is about, if it is about one: its name in Rust, such as
    /// `max_tokens`, or the path to a part of it, such as `guardrail.version`. For an error of the service it is the
    /// option that the advice names.
    ///
    /// ```
    /// use bedrock_chat::BedrockChat;
    /// let error = BedrockChat::builder("amazon.nova-lite-v1:0").max_tokens(0).build().unwrap_err();
    /// assert_eq!(error.field(), Some("max_tokens"));
    /// ```
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns whether the same call may be sent again without the risk of paying twice. The crate retries such
    /// errors itself, as set in [`RetryPolicy`](crate::RetryPolicy).
    pub fn is_retryable(&self) -> bool {
        self.0.resend == Resend::Safe
    }

    /// Returns whether the cause may pass: throttling, a service or network that fails, a timeout. A later
    /// call, or another model or region, may succeed ([fallbacks](crate::BedrockChat::with_fallbacks) try them);
    /// the failed call may have been paid for already.
    pub fn is_transient(&self) -> bool {
        self.0.resend != Resend::Never
    }

    pub(crate) fn resend(&self) -> Resend {
        self.0.resend
    }

    /// Returns the HTTP status, if the service answered.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns AWS's name of the exception, for instance `ThrottlingException`.
    pub fn aws_type(&self) -> Option<&str> {
        self.0.aws_type.as_deref()
    }

    /// Returns AWS's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns the model of the call.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// Returns the region of the call.
    pub fn region(&self) -> Option<&str> {
        self.0.region.as_deref()
    }

    /// Returns the delay that the service asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after.map(|asked| asked.delay)
    }

    pub(crate) fn asked_delay(&self) -> Option<AskedDelay> {
        self.0.retry_after
    }

    /// Returns the headers of the response, if there was one. Values that are secrets, such as cookies,
    /// are replaced; at most 16 KiB are kept.
    pub fn response_headers(&self) -> Option<&Headers> {
        self.0.headers.as_deref()
    }

    /// Returns the number of attempts to send the request; 0 if it was refused before sending.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the part of the message that had arrived when its stream failed.
    pub fn partial(&self) -> Option<&AiMessage> {
        self.0.partial.as_deref()
    }

    /// Same as [`Error::partial`], but consumes the error.
    pub fn into_partial(self) -> Option<AiMessage> {
        self.0.partial.map(|message| *message)
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::of(ErrorKind::Decode, format_args!("{error}"))
    }
}

/// An error whose deepest cause is already in the message of the error that it causes. It hides its causes, as reporters would
/// print them twice.
#[derive(Debug)]
pub(crate) struct Quoted(pub(crate) Source);

impl std::fmt::Display for Quoted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Quoted {}

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
            is_aws: true,
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
