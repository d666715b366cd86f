//! Error responses of the service.

use crate::delivery::{Content, Reply};
use crate::json;
use serde_json::json;

/// An error reply: status, `x-amzn-errortype`, message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) error_type: String,
    pub(crate) message: String,
    /// The service's gateway writes `Message`, the models write `message`.
    pub(crate) capital: bool,
}

impl Problem {
    pub(crate) fn new(status: u16, error_type: &str, message: impl Into<String>) -> Self {
        Self { status, error_type: error_type.to_owned(), message: message.into(), capital: false }
    }

    /// 400 `ValidationException`
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// 400 with the message of the JSON schema check that runs before the model.
    pub(crate) fn malformed(violations: &str) -> Self {
        Self::validation(format!("Malformed input request: {violations}, please reformat your input and try again."))
    }

    pub(crate) fn into_reply(self) -> Reply {
        let key = if self.capital { "Message" } else { "message" };
        Reply {
            status: self.status,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                (
                    "x-amzn-errortype".into(),
                    format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", self.error_type),
                ),
            ],
            content: Content::Whole(json::text(&json!({ key: self.message })).into_bytes()),
        }
    }
}
