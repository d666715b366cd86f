//! Errors in the shapes of the protocols.

use serde_json::json;

use super::{Protocol, sts};
use crate::delivery::{Content, Reply};
use crate::problem::Problem;

pub(super) fn reply(protocol: Protocol, problem: Problem, request_id: &str) -> Reply {
    let Problem { status, error_type, message, code, .. } = problem;
    let oauth_error = code.map_or_else(|| snake_case(&error_type), str::to_owned);
    let body = match protocol {
        Protocol::Query => return sts::error(status, &error_type, &message, request_id),
        Protocol::Text => return text(status, &message),
        Protocol::Container => json!({"code": error_type, "message": message, "HTTPErrorCode": status}),
        Protocol::Json => json!({"__type": error_type, "message": message}),
        Protocol::OAuth => json!({"error": oauth_error, "error_description": message}),
        Protocol::SignIn => json!({"error": oauth_error, "message": message}),
    };
    let mut reply = Reply { status, ..Reply::json(&body) };
    if protocol != Protocol::Container {
        reply.set_header("x-amzn-errortype", error_type);
    }
    reply
}

/// Returns a reply of plain text.
pub(super) fn text(status: u16, text: &str) -> Reply {
    Reply {
        status,
        headers: vec![("content-type".into(), "text/plain".into())],
        content: Content::Whole(text.as_bytes().to_vec()),
    }
}

/// `InvalidGrantException` becomes `invalid_grant`.
fn snake_case(error_type: &str) -> String {
    let mut out = String::new();
    for letter in error_type.trim_end_matches("Exception").chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
