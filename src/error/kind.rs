//! Kinds of errors, and whether the same call may be sent again.

/// The kind of an error, and whether the crate sends the call again by itself. [`RetryPolicy`](crate::RetryPolicy)
/// limits how often, and can allow to send calls again that may have been paid for: "if allowed" below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or wrong. Nothing was sent. Fix the setting. Never sent again.
    Config,
    /// There are no credentials, or their provider failed. Nothing was sent. Never sent again, unless the provider
    /// says that its error is retryable.
    Credentials,
    /// The model or the API does not support an option or a block. Nothing was sent. The message says what to
    /// use instead. Never sent again.
    Unsupported,
    /// The conversation cannot be written in the provider's format. Nothing was sent. The message names the
    /// part. Never sent again.
    Encode,
    /// No connection to the service was made, so nothing was sent. Sent again.
    Connect,
    /// The service or the model took too long; the message says at which step. Sent again after a connect timeout.
    /// After a later timeout, the model may have run: sent again only if allowed, and never after the limit on
    /// the whole call.
    Timeout,
    /// The connection broke after the request was sent and before the response headers arrived. The
    /// model may have run: sent again only if allowed.
    Interrupted,
    /// Too many requests or tokens. The model has not run: sent again, after the delay that the service asks for.
    /// Not sent again after `ServiceQuotaExceededException`: that quota does not pass with a delay.
    Throttled,
    /// The credentials lack a permission. Check the IAM policy and the model access of the account. Never sent
    /// again, except once if only the clock was wrong.
    AccessDenied,
    /// The credentials have expired. Sent again once if their provider has new ones.
    ExpiredCredentials,
    /// The service refused the request as invalid. The message is the service's own. Never sent again, except once
    /// in another form that the model supports.
    Validation,
    /// The conversation is longer than the model's context window. Shorten it, or use a model with a longer one.
    /// Never sent again.
    ContextOverflow,
    /// There is no such model, profile or guardrail in this region. Never sent again.
    NotFound,
    /// The service or the model failed. Sent again if AWS's SDKs do so: after its status 500, 502, 503 or 504, and
    /// after exceptions such as `ServiceUnavailableException`. Sent again only if allowed where a gateway lost the
    /// answer, and where part of a gathered stream had arrived.
    Service,
    /// A frame of the stream is corrupt. The model has run: sent again only if allowed.
    Frame,
    /// The response is not in the provider's format. Never sent again.
    Decode,
    /// The response ended, or its connection broke, before the message was complete. [`Error::partial`] has the
    /// part that arrived. Sent again if it is a stream of which nothing had arrived, else only if allowed.
    ///
    /// [`Error::partial`]: crate::Error::partial
    Truncated,
    /// The call was cancelled. Never sent again.
    Cancelled,
}

impl ErrorKind {
    /// Returns the kind's name in snake case, as the npm package reports it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Credentials => "credentials",
            Self::Unsupported => "unsupported",
            Self::Encode => "encode",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
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

    /// Returns whether errors of this kind are raised before a request is sent.
    pub(crate) fn is_before_sending(self) -> bool {
        matches!(self, Self::Config | Self::Credentials | Self::Unsupported | Self::Encode)
    }

    /// Returns whether the same call may be sent again, as far as the kind determines it.
    pub(super) fn resend(self) -> Resend {
        match self {
            Self::Connect | Self::Throttled | Self::Truncated => Resend::Safe,
            Self::Timeout | Self::Interrupted | Self::Frame | Self::Service => Resend::MayBePaid,
            _ => Resend::Never,
        }
    }
}

/// Whether the same call may be sent again: after a pause, with new credentials and a new signature.
///
/// A call that may have been paid for is not sent again, unless the caller allows it with
/// [`RetryPolicy::with_paid_resend`](crate::RetryPolicy::with_paid_resend).
///
/// | moment | what happened | kind | resend |
/// |---|---|---|---|
/// | before sending | a setting, credentials, or the request is wrong | `Config`, `Credentials`, `Unsupported`, `Encode` | `Never` |
/// | not connected | no name, refused, TLS, connect timeout | `Connect`, `Timeout` | `Safe` |
/// | not started | a pooled connection was closed before the request went out | none: hyper sends it on another one | |
/// | sent, no response headers | reset, closed, HTTP/2 error | `Interrupted` | `MayBePaid` |
/// | sent, no response headers | first-byte limit, the HTTP client's own timeout, HTTP 408 | `Timeout` | `MayBePaid` |
/// | an error status | AWS's own exception | by its name | see `EXCEPTIONS` |
/// | an error status | AWS's own 500, 502, 503, 504 | `Service` | `Safe`, as in AWS's SDKs |
/// | an error status | a gateway's 429, 529 | `Throttled` | `Safe`: refused |
/// | an error status | `x-should-retry` | as above | `Safe` if `true`, `Never` if `false` |
/// | an error status | 409 without AWS's exception | `Service` | `Safe`, as in OpenAI's and Anthropic's SDKs |
/// | an error status | a gateway's 425, 503, 521, 522, 523, 525, 530 | `Service` | `Safe`: it did not reach the service |
/// | an error status | a gateway's 500, 502, 504, 520, 524 and the rest | `Service` | `MayBePaid`: it lost the answer |
/// | status 200 of a stream, nothing of the message | the end, a reset, an empty body | `Truncated` | `Safe` |
/// | status 200 of a stream, part of the message | the end, a reset | `Truncated` | `MayBePaid` |
/// | status 200 of a stream, nothing of the message | an exception: the service says that it failed | by its name | see `EXCEPTIONS` |
/// | status 200 of a stream, part of the message | an exception | by its name | see `EXCEPTIONS`; `MayBePaid` instead of `Safe` |
/// | status 200 of a whole answer | the end, a reset, an empty body | `Truncated` | `MayBePaid` |
/// | status 200 | idle limit | `Timeout` | `MayBePaid` |
/// | any | the limit on the whole call | `Timeout` | `Later` |
/// | part of a stream delivered to the caller | anything | as above | the crate resends nothing |
///
/// "Nothing of the message" means that no text, reasoning, tool call or stop reason arrived; the event that starts a
/// message does not count. Overloaded backends end streams that early, and users report that the next attempt
/// succeeds. This does not apply to a response that is not a stream: its headers arrive when the model has finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resend {
    /// The same call fails again.
    Never,
    /// The cause may pass, but not within a retry's delay: a quota.
    Later,
    /// The cause may pass, but the service may have processed the call and charge for it.
    MayBePaid,
    /// The cause may pass, and the service has not processed the call.
    Safe,
}
