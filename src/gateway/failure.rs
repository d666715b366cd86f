//! Errors that clients receive. Each API has its own JSON for them.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// Fields of errors about the operator's settings.
const OPERATORS: &[&str] = &[
    "endpoint_url",
    "region",
    "fips",
    "dual_stack",
    "gateway_url",
    "signing_name",
    "profile",
    "header",
    "credentials",
];

/// Why a request failed: the reasons that all APIs of the gateway have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The request is wrong.
    Invalid,
    /// The conversation is longer than the model's context window.
    ContextOverflow,
    /// The client's key is missing or unknown.
    Unauthenticated,
    /// The key may not use this model.
    Forbidden,
    /// The path or the model does not exist.
    NotFound,
    /// The path takes another method.
    Method,
    /// The body is too large.
    TooLarge,
    /// Too many requests or tokens.
    Throttled,
    /// The key's budget is used up.
    Budget,
    /// The model or the gateway failed.
    Failed,
    /// The service is overloaded.
    Overloaded,
    /// The model took too long.
    Timeout,
}

/// An error of the gateway or of the service, as a client may see it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) reason: Reason,
    /// The text that the client receives.
    pub(crate) message: String,
    /// The text that only the operator receives, if there is another.
    pub(crate) detail: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// The member of the request that is wrong.
    pub(crate) field: Option<String>,
    /// The model on Bedrock that refused.
    pub(crate) model_id: Option<String>,
    /// The parts of the request that were left out.
    pub(crate) removed: Vec<String>,
    /// AWS's id of the request.
    pub(crate) request_id: Option<String>,
    /// The service's own body of the error, if it is in the form of the client's API.
    pub(crate) body: Option<Vec<u8>>,
}

impl Failure {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        let status = match reason {
            Reason::Invalid | Reason::ContextOverflow => 400,
            Reason::Unauthenticated => 401,
            Reason::Forbidden => 403,
            Reason::NotFound => 404,
            Reason::Method => 405,
            Reason::TooLarge => 413,
            Reason::Throttled | Reason::Budget => 429,
            Reason::Failed => 502,
            Reason::Overloaded => 503,
            Reason::Timeout => 504,
        };
        let message = message.into();
        Self {
            status,
            reason,
            message,
            detail: None,
            retry_after: None,
            field: None,
            model_id: None,
            removed: Vec::new(),
            request_id: None,
            body: None,
        }
    }

    /// The request is wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, message)
    }

    /// A member of the request is wrong.
    pub(crate) fn of_field(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::invalid(message) }
    }

    /// Returns the failure of a setting, whose text concerns only the operator.
    pub(crate) fn of_settings(error: &Error) -> Self {
        let detail = Some(error.to_string());
        Self { detail, ..Self::new(Reason::Failed, "the gateway is not set up for this model; its log says why") }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let reason = match error.kind() {
            ErrorKind::Validation | ErrorKind::Encode | ErrorKind::Unsupported => Reason::Invalid,
            ErrorKind::ContextOverflow => Reason::ContextOverflow,
            // Options of the request are checked like settings.
            ErrorKind::Config if error.field().is_some_and(|field| !OPERATORS.contains(&field)) => Reason::Invalid,
            ErrorKind::Throttled => Reason::Throttled,
            ErrorKind::NotFound => Reason::NotFound,
            ErrorKind::Timeout => Reason::Timeout,
            ErrorKind::Service if error.is_transient() => Reason::Overloaded,
            _ => Reason::Failed,
        };
        let concerns_client = !matches!(reason, Reason::Failed | Reason::Overloaded);
        // The field of an error of the service is an option of the crate, and not a member of the request.
        let is_own = error.status().is_none() && error.aws_type().is_none();
        let message = match concerns_client {
            true => error.message().to_owned(),
            false => "the model could not be called; the gateway's log says why".to_owned(),
        };
        Self {
            detail: (!concerns_client).then(|| error.to_string()),
            retry_after: error.retry_after(),
            field: error.field().filter(|_| is_own).map(str::to_owned),
            request_id: error.request_id().map(str::to_owned),
            ..Self::new(reason, message)
        }
    }
}

impl Failure {
    /// Returns the failure of an answer that had begun.
    pub(crate) fn of_stream(error: &Error) -> Self {
        let mut failure = Self::from(error);
        if failure.detail.is_some() {
            failure.message = "the answer could not be completed; the gateway's log says why".to_owned();
        }
        failure
    }

    /// Returns the text for the operator.
    pub(crate) fn text_for_operator(&self) -> &str {
        self.detail.as_deref().unwrap_or(&self.message)
    }

    /// Returns AWS's name of the exception.
    pub(crate) fn exception(&self) -> &'static str {
        match self.reason {
            Reason::Invalid | Reason::ContextOverflow | Reason::TooLarge => "ValidationException",
            // Bedrock answers an unknown API key with this exception.
            Reason::Unauthenticated | Reason::Forbidden => "AccessDeniedException",
            Reason::NotFound => "ResourceNotFoundException",
            Reason::Method => "UnknownOperationException",
            Reason::Throttled | Reason::Budget => "ThrottlingException",
            Reason::Failed => "InternalServerException",
            Reason::Overloaded => "ServiceUnavailableException",
            Reason::Timeout => "ModelTimeoutException",
        }
    }
}
