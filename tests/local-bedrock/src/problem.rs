//! Error responses of the service, in its three shapes.

use serde_json::{Value, json};

use crate::delivery::{Content, Reply};
use crate::json;

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    /// `x-amzn-errortype` in AWS's shape.
    pub(crate) error_type: String,
    pub(crate) message: String,
    /// The service's gateway writes `Message`, the models write `message`.
    pub(crate) capital: bool,
    /// The member that is wrong, in OpenAI's shape.
    pub(crate) param: Option<String>,
    /// The code in OpenAI's shape, if it does not follow from the status.
    pub(crate) code: Option<&'static str>,
    /// Whether the error has AWS's shape on every API.
    pub(crate) front_door: bool,
}

/// The shape of an error's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// `x-amzn-errortype` and `{"message": ...}`
    Aws,
    /// `{"error": {"message", "type", "param", "code"}}`
    OpenAi,
    /// `{"type": "error", "error": {"type", "message"}, "request_id"}`
    Anthropic { request_id: String },
}

impl Problem {
    pub(crate) fn new(status: u16, error_type: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            error_type: error_type.to_owned(),
            message: message.into(),
            capital: false,
            param: None,
            code: None,
            front_door: false,
        }
    }

    /// 400 `ValidationException`
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// Creates an error 400 about one member of the body.
    pub(crate) fn about(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::validation(message) }
    }

    /// 404
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", message)
    }

    /// Creates an error 400 of the service in front of the APIs, in AWS's shape.
    pub(crate) fn front_door(message: impl Into<String>) -> Self {
        Self { front_door: true, ..Self::validation(message) }
    }

    /// Creates an error 400 with the message of the JSON schema check that runs before the model.
    pub(crate) fn malformed(violations: &str) -> Self {
        Self::validation(format!("Malformed input request: {violations}, please reformat your input and try again."))
    }

    /// The reply in AWS's shape.
    pub(crate) fn into_reply(self) -> Reply {
        self.into_reply_as(&Form::Aws)
    }

    /// The reply in the shape of an API.
    pub(crate) fn into_reply_as(self, form: &Form) -> Reply {
        let aws = Form::Aws;
        let form = if self.front_door { &aws } else { form };
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if *form == Form::Aws {
            headers.push((
                "x-amzn-errortype".into(),
                format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", self.error_type),
            ));
        }
        let body = match form {
            Form::Aws => json!({ if self.capital { "Message" } else { "message" }: self.message }),
            Form::OpenAi => self.openai(),
            Form::Anthropic { request_id } => {
                json!({"type": "error", "error": anthropic_error(self.status, &self.message), "request_id": request_id})
            }
        };
        Reply { status: self.status, headers, content: Content::Whole(json::text(&body).into_bytes()) }
    }

    fn openai(&self) -> Value {
        let (kind, code) = openai_kind(self.status);
        let code = self.code.map_or_else(|| json!(code), |code| json!(code));
        json!({"error": {"message": self.message, "type": kind, "param": self.param, "code": code}})
    }
}

/// Type and code of an OpenAI error. mnfst/llm-gateway#2657 has those of 400, bedrock-access-gateway#185 those of 404.
pub(crate) fn openai_kind(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("invalid_request_error", "validation_error"),
        401 => ("invalid_request_error", "invalid_api_key"),
        403 => ("permission_error", "permission_denied"),
        404 => ("not_found_error", "not_found"),
        429 => ("rate_limit_error", "rate_limit_exceeded"),
        503 => ("server_error", "service_unavailable"),
        _ => ("server_error", "internal_error"),
    }
}

/// The inner object of an Anthropic error.
pub(crate) fn anthropic_error(status: u16, message: &str) -> Value {
    let kind = match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    json!({"type": kind, "message": message})
}
