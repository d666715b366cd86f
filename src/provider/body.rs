//! JSON bodies of calls and replies, shared by all operations.

use crate::api::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::json::{Kind, View, Writer};
use crate::method::Method;

use super::Call;

/// Parses a body that must be a JSON object.
///
/// # Errors
/// `Decode`, if the body is not a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<View<'_>> {
    let view = View::from_bytes(body)
        .map_err(|error| Error::of(ErrorKind::Decode, format_args!("the reply is not JSON: {error}")))?;
    if view.kind() == Kind::Object {
        return Ok(view);
    }
    Err(Error::of(ErrorKind::Decode, format_args!("the reply is not a JSON object: it is of type {:?}", view.kind())))
}

/// Returns the error for a reply without one of its members.
pub(crate) fn missing(member: &str) -> Error {
    Error::of(ErrorKind::Decode, format_args!("the reply has no `{member}`"))
}

/// Returns a string that a reply must have.
///
/// # Errors
/// `Decode`, if the string is absent.
pub(crate) fn required(view: View<'_>, key: &str) -> Result<String> {
    view.string_at(key).ok_or_else(|| missing(key))
}

/// Returns a `GET` to an endpoint.
pub(crate) fn get(service: Service, path: String) -> Call {
    let mut call = Call::new(path, Headers::new(), Vec::new(), false);
    call.method = Method::Get;
    call.service = service;
    call
}

/// Returns a `POST` of JSON whose reply arrives as a whole.
pub(crate) fn json_call(path: String, body: Writer) -> Call {
    let mut headers = Headers::new();
    headers.push("content-type", "application/json");
    Call::new(path, headers, body.finish().into_bytes(), false)
}
