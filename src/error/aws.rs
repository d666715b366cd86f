//! Errors of AWS: one table for HTTP errors and for exceptions in streams.

use super::words::{stated_status, wrapped_names};
use super::{AskedDelay, Error, ErrorKind, Resend, advice, error_message, snippet};
use crate::json::{Kind, View};
use crate::text::{after_last, before, has};

use Resend::{Later, MayBePaid, Never, Safe};

/// AWS's exception names in lower case, without `Exception`, with the kind and whether the same call may be
/// sent again. Exceptions that AWS's SDKs retry are `Safe`.
///
/// See [the errors of InvokeModel](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_Errors)
/// and [the common ones](https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html).
const EXCEPTIONS: &[(&str, ErrorKind, Resend)] = &[
    ("throttling", ErrorKind::Throttled, Safe),
    ("throttled", ErrorKind::Throttled, Safe),
    ("requestthrottled", ErrorKind::Throttled, Safe),
    ("slowdown", ErrorKind::Throttled, Safe),
    ("toomanyrequests", ErrorKind::Throttled, Safe),
    ("requestlimitexceeded", ErrorKind::Throttled, Safe),
    ("modelnotready", ErrorKind::Service, Safe),
    ("serviceunavailable", ErrorKind::Service, Safe),
    ("internalserver", ErrorKind::Service, Safe),
    ("internalfailure", ErrorKind::Service, Safe),
    ("modelstreamerror", ErrorKind::Service, Safe),
    // The AWS SDKs do not retry it either: a second attempt costs the same again.
    ("modeltimeout", ErrorKind::Timeout, MayBePaid),
    ("modelerror", ErrorKind::Service, MayBePaid),
    ("servicequotaexceeded", ErrorKind::Throttled, Later),
    ("accessdenied", ErrorKind::AccessDenied, Never),
    ("unrecognizedclient", ErrorKind::AccessDenied, Never),
    ("invalidsignature", ErrorKind::AccessDenied, Never),
    ("signaturedoesnotmatch", ErrorKind::AccessDenied, Never),
    ("incompletesignature", ErrorKind::AccessDenied, Never),
    ("missingauthenticationtoken", ErrorKind::AccessDenied, Never),
    ("invalidclienttokenid", ErrorKind::AccessDenied, Never),
    ("optinrequired", ErrorKind::AccessDenied, Never),
    ("notauthorized", ErrorKind::AccessDenied, Never),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
    ("ftuformnotfilled", ErrorKind::AccessDenied, Never),
    ("mpagreementbeingcreated", ErrorKind::AccessDenied, Later),
    ("expiredtoken", ErrorKind::ExpiredCredentials, Never),
    ("requestexpired", ErrorKind::ExpiredCredentials, Never),
    ("validation", ErrorKind::Validation, Never),
    ("conflict", ErrorKind::Validation, Never),
    ("serialization", ErrorKind::Validation, Never),
    ("resourcenotfound", ErrorKind::NotFound, Never),
    ("unknownoperation", ErrorKind::NotFound, Never),
    // STS: it did not reach the identity provider, and may at the next attempt. Cognito has its own name for it.
    ("idpcommunicationerror", ErrorKind::Service, Safe),
    ("externalservice", ErrorKind::Service, Safe),
    // Anthropic's own names, inside a chunk of an otherwise healthy stream.
    ("overloaded_error", ErrorKind::Throttled, Safe),
    ("rate_limit_error", ErrorKind::Throttled, Safe),
    ("api_error", ErrorKind::Service, Safe),
    ("timeout_error", ErrorKind::Timeout, MayBePaid),
    ("invalid_request_error", ErrorKind::Validation, Never),
    ("permission_error", ErrorKind::AccessDenied, Never),
    ("billing_error", ErrorKind::AccessDenied, Never),
    ("request_too_large", ErrorKind::Validation, Never),
    ("authentication_error", ErrorKind::AccessDenied, Never),
    ("not_found_error", ErrorKind::NotFound, Never),
    // OpenAI's own names, which `bedrock-mantle` and gateways use too.
    ("server_error", ErrorKind::Service, Safe),
    ("internal_error", ErrorKind::Service, Safe),
    ("validation_error", ErrorKind::Validation, Never),
    ("invalid_prompt", ErrorKind::Validation, Never),
    ("model_not_found", ErrorKind::NotFound, Never),
    ("invalid_api_key", ErrorKind::AccessDenied, Never),
    ("rate_limit_exceeded", ErrorKind::Throttled, Safe),
    ("insufficient_quota", ErrorKind::Throttled, Later),
    ("context_length_exceeded", ErrorKind::ContextOverflow, Never),
];

/// Messages of the service for a conversation that is too long.
const CONTEXT_OVERFLOW: &[&str] = &[
    "input is too long",
    "prompt is too long",
    "input tokens exceeded",
    "maximum context length",
    "context_length_exceeded",
    "exceeds the context window",
    "exceed context limit",
    "input tokens exceed the configured limit",
    "exceed model maximum",
    "too many input tokens",
    "is longer than the model's context length",
];

/// The relevant parts of a failed HTTP response.
#[derive(Debug)]
pub(crate) struct ServiceAnswer<'a> {
    pub(crate) status: u16,
    /// The `x-amzn-errortype` header.
    pub(crate) error_type: Option<&'a str>,
    pub(crate) request_id: Option<&'a str>,
    /// Whether the response has AWS's `x-amzn-requestid`, and not only a gateway's headers.
    pub(crate) is_aws: bool,
    /// The delay that the service asks for.
    pub(crate) retry_after: Option<AskedDelay>,
    pub(crate) body: &'a [u8],
}

/// Returns the bare name in `prefix#Name:http://…`.
fn bare_name(full: &str) -> &str {
    let name = before(full, ":");
    after_last(name, "#").unwrap_or(name).trim()
}

/// Returns the row of an exception's name.
fn row(name: &str) -> Option<(ErrorKind, Resend)> {
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix("exception").unwrap_or(&lower);
    EXCEPTIONS.iter().find(|(known, ..)| *known == stem).map(|(_, kind, resend)| (*kind, *resend))
}

/// Returns the meaning of an HTTP status without a known exception name. AWS's SDKs resend after AWS's own 500, 502,
/// 503 and 504. For a gateway's status, it matters whether the service can have processed the request. See
/// [`Resend`].
///
/// 520 to 530 are [Cloudflare's](https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/),
/// 529 is also [Anthropic's](https://docs.claude.com/en/api/errors).
fn kind_of_status(status: u16, is_aws: bool) -> (ErrorKind, Resend) {
    match status {
        401 | 403 => (ErrorKind::AccessDenied, Never),
        404 => (ErrorKind::NotFound, Never),
        408 => (ErrorKind::Timeout, MayBePaid),
        // The server did not process a request that conflicts with another, or may be replayed.
        409 | 425 => (ErrorKind::Service, Safe),
        429 | 529 => (ErrorKind::Throttled, Safe),
        400..=499 => (ErrorKind::Validation, Never),
        500 | 502 | 504 if is_aws => (ErrorKind::Service, Safe),
        // The service is unavailable, or the gateway could not connect: refused, timed out, no route, no TLS, no DNS
        // name.
        503 | 521 | 522 | 523 | 525 | 530 => (ErrorKind::Service, Safe),
        // Permanent failures: not implemented, wrong HTTP version, loops, a login page, an invalid certificate.
        501 | 505 | 506 | 508 | 510 | 511 | 526 => (ErrorKind::Service, Never),
        500..=599 => (ErrorKind::Service, MayBePaid),
        _ => (ErrorKind::Service, Never),
    }
}

/// Returns the kind by name or status, unless the message is more specific.
fn by_message(found: (ErrorKind, Resend), message: &str) -> (ErrorKind, Resend) {
    let message = message.to_ascii_lowercase();
    // API Gateway in front of Bedrock times out after 29 seconds. It has AWS's headers, and the model may have
    // run.
    if found.0 == ErrorKind::Service && has(&message, "endpoint request timed out") {
        return (ErrorKind::Timeout, MayBePaid);
    }
    if found.0 == ErrorKind::Validation && CONTEXT_OVERFLOW.iter().any(|words| has(&message, words)) {
        return (ErrorKind::ContextOverflow, Never);
    }
    found
}

/// Creates an error from the service's message, with advice if there is any.
fn of_message(found: (ErrorKind, Resend), message: String) -> Error {
    let (kind, resend) = by_message(found, &message);
    let advice = advice::of(&message);
    let error = Error::new(kind, message).with_resend(resend);
    let Some(row) = advice else { return error };
    let error = error.with_advice(row.advice);
    match row.option {
        Some(option) => error.with_field(option),
        None => error,
    }
}

/// Creates an error from a failed HTTP response.
pub(crate) fn from_response(answer: &ServiceAnswer<'_>) -> Error {
    let view = View::from_bytes(answer.body).ok().filter(|view| view.kind() == Kind::Object);
    // AWS answers an unknown route with HTTP 200 and a nested error.
    let output = view.and_then(|view| view.get("Output"));
    let of = |keys: &[&str]| {
        [view, output].into_iter().flatten().find_map(|view| keys.iter().find_map(|key| view.get(key)?.string()))
    };
    let coral = of(&["__type"]);
    // Names in a gateway's error are used only if they are known.
    let wrapped = || view.and_then(|view| wrapped_names(view).into_iter().find(|name| row(name).is_some()));
    let in_body = coral.clone().or_else(|| of(&["code", "Code"])).or_else(wrapped);
    let name = answer.error_type.or(in_body.as_deref()).map(bare_name).filter(|name| !name.is_empty());
    let mut message = view.and_then(error_message).unwrap_or_else(|| match view {
        Some(view) if view.has_members() && name.is_none() => snippet(view.raw().as_bytes()),
        None if !answer.body.is_empty() => snippet(answer.body),
        _ => format!("no message in the response; its HTTP status is {}", answer.status),
    });
    if name.is_some_and(|name| name.starts_with("UnknownOperation")) {
        message = "unknown path; check the endpoint, and that the model id is one path segment".into();
    }
    let is_aws = answer.is_aws || answer.error_type.is_some() || coral.is_some();
    // A gateway may answer with status 200 and have the actual status in the body.
    let stated = view.filter(|_| answer.status < 400).and_then(stated_status);
    // OpenAI's and Anthropic's SDKs retry a conflict. AWS's own conflict exception is about a resource.
    let named = name.filter(|_| answer.status != 409 || answer.error_type.is_some());
    let found = named.and_then(row).unwrap_or_else(|| kind_of_status(stated.unwrap_or(answer.status), is_aws));
    let mut error = of_message(found, message).with_request_id(answer.request_id);
    error.0.status = Some(answer.status);
    error.0.aws_type = name.map(str::to_owned);
    error.0.retry_after = answer.retry_after;
    error
}

/// Returns the error in a response with status 200, if its name or its code determines the kind. Failing
/// gateways may answer like that.
pub(crate) fn error_in_success(answer: &ServiceAnswer<'_>) -> Option<Error> {
    let view = View::from_bytes(answer.body).ok().filter(|view| view.kind() == Kind::Object)?;
    let is_known = ["__type", "code", "Code", "type"]
        .iter()
        .filter_map(|key| view.get(key)?.string())
        .any(|name| row(bare_name(&name)).is_some());
    (is_known || wrapped_names(view).iter().any(|name| row(name).is_some()) || stated_status(view).is_some())
        .then(|| from_response(answer))
}

/// Creates an error from an error that OpenAI's or Anthropic's APIs report inside a reply. It is an object with
/// `type`, `code` and `message`, a string, or an object whose `error` is one of these.
pub(crate) fn from_reported(error: View<'_>) -> Error {
    let error = error.get("error").unwrap_or(error);
    let names = || ["code", "type", "__type"].iter().filter_map(|key| error.string_at(key));
    // A type such as `invalid_request_error` may be less specific than the code next to it.
    let known = names().find(|name| row(bare_name(name)).is_some());
    let name = known.or_else(|| names().find(|name| !name.is_empty() && name != "error"));
    from_exception(name.as_deref().unwrap_or(UNNAMED), error.raw().as_bytes())
}

/// The name for errors that a reply reports without a name.
const UNNAMED: &str = "model_error";

/// Creates an error from an exception or error message inside a stream.
pub(crate) fn from_exception(name: &str, payload: &[u8]) -> Error {
    let name = bare_name(name);
    let view = View::from_bytes(payload).ok();
    let message = match view.and_then(error_message) {
        Some(message) => message,
        None if payload.is_empty() => "the service ended the stream with an error without a message".into(),
        None => snippet(payload),
    };
    let mut error = of_message(row(name).unwrap_or((ErrorKind::Service, MayBePaid)), message);
    error.0.aws_type = Some(name.to_owned());
    error.0.status = view
        .and_then(|view| view.get("originalStatusCode"))
        .and_then(View::u64)
        .and_then(|status| u16::try_from(status).ok());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(status: u16, error_type: Option<&'a str>, body: &'a str) -> Error {
        from_response(&ServiceAnswer {
            status,
            error_type,
            request_id: None,
            is_aws: false,
            retry_after: None,
            body: body.as_bytes(),
        })
    }

    #[test]
    fn error_type_wins_over_the_status() {
        let coral = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/";
        let cases = [
            (400, Some(coral), r#"{"message":"Too many tokens"}"#, ErrorKind::Throttled, true),
            (429, None, "{}", ErrorKind::Throttled, true),
            (503, Some("ServiceUnavailableException"), "{}", ErrorKind::Service, true),
            (424, Some("ModelNotReadyException"), "{}", ErrorKind::Service, true),
            (429, Some("ModelNotReadyException"), "{}", ErrorKind::Service, true),
            (424, Some("ModelErrorException"), "{}", ErrorKind::Service, false),
            (403, Some("ExpiredTokenException"), "{}", ErrorKind::ExpiredCredentials, false),
            (400, Some("ValidationException"), r#"{"message":"bad"}"#, ErrorKind::Validation, false),
            (
                400,
                None,
                r#"{"message":"prompt is too long: 903884 tokens > 200000 maximum"}"#,
                ErrorKind::ContextOverflow,
                false,
            ),
            (
                400,
                Some("ValidationException"),
                r#"{"message":"Input is too long for requested model."}"#,
                ErrorKind::ContextOverflow,
                false,
            ),
            (404, Some("ResourceNotFoundException"), "{}", ErrorKind::NotFound, false),
            (500, None, "{}", ErrorKind::Service, false),
            (404, Some("FTUFormNotFilled"), "{}", ErrorKind::AccessDenied, false),
            (403, Some("MPAgreementBeingCreated"), "{}", ErrorKind::AccessDenied, false),
            (500, Some("NewException"), "{}", ErrorKind::Service, true),
            (501, None, "", ErrorKind::Service, false),
        ];
        for (status, name, body, kind, retryable) in cases {
            let error = answer(status, name, body);
            assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{status} {name:?} {body}");
        }
    }

    #[test]
    fn error_table_has_every_service_exception() {
        let names = "AccessDenied Conflict InternalServer ModelError ModelNotReady ModelStreamError ModelTimeout \
                     ResourceNotFound ServiceQuotaExceeded ServiceUnavailable Throttling Validation";
        for name in names.split_whitespace() {
            let stem = name.to_ascii_lowercase();
            assert!(EXCEPTIONS.iter().any(|(known, ..)| *known == stem), "{name}");
        }
    }

    #[test]
    fn error_message_is_read_from_every_body_shape() {
        assert_eq!(
            answer(403, None, r#"{"Message":"User: x is not authorized"}"#).message(),
            "User: x is not authorized"
        );
        assert_eq!(answer(502, None, "<html>Bad Gateway</html>").message(), "<html>Bad Gateway</html>");
        assert!(answer(500, None, "{}").to_string().contains("500"));
        assert!(answer(500, None, "").to_string().contains("500"));
        assert_eq!(answer(400, None, r#"{"new":"x"}"#).message(), r#"{"new":"x"}"#);
        assert!(answer(502, None, &"é".repeat(5000)).message().chars().count() <= 301);
    }

    #[test]
    fn unknown_operation_with_status_200_is_an_error() {
        let error = answer(
            200,
            None,
            r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#,
        );
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.aws_type(), Some("UnknownOperationException"));
        assert!(error.message().contains("path"));
    }

    #[test]
    fn stream_exceptions_use_the_error_table() {
        let error = from_exception("throttlingException", br#"{"message":"Too many tokens"}"#);
        assert_eq!(
            (error.kind(), error.is_retryable(), error.message()),
            (ErrorKind::Throttled, true, "Too many tokens")
        );
        let error =
            from_exception("modelStreamErrorException", br#"{"originalStatusCode":424,"originalMessage":"boom"}"#);
        assert_eq!((error.status(), error.message()), (Some(424), "boom"));
    }

    #[test]
    fn gateway_status_is_retried_only_if_not_processed() {
        let resends = |statuses: &[u16], name| -> Vec<Resend> {
            statuses.iter().map(|status| answer(*status, name, "").resend()).collect()
        };
        assert_eq!(resends(&[425, 429, 503, 521, 522, 523, 525, 529, 530], None), [Safe; 9]);
        assert_eq!(resends(&[408, 500, 502, 504, 520, 524, 527, 598, 599], None), [MayBePaid; 9]);
        assert_eq!(resends(&[302, 400, 403, 404, 413, 501, 505, 511, 526], None), [Never; 9]);
        assert_eq!(resends(&[500, 502, 503, 504], Some("NewException")), [Safe; 4], "AWS's own");
        assert_eq!(resends(&[520, 524], Some("NewException")), [MayBePaid; 2]);
        let gateway = answer(504, Some("InternalServerErrorException"), r#"{"message":"Endpoint request timed out"}"#);
        assert_eq!((gateway.kind(), gateway.resend()), (ErrorKind::Timeout, MayBePaid), "API Gateway");
        assert_eq!(answer(529, None, "").kind(), ErrorKind::Throttled);
        assert_eq!(answer(524, None, "").kind(), ErrorKind::Service);
        assert!(answer(524, None, "").is_transient() && !answer(524, None, "").is_retryable());
    }

    #[test]
    fn error_body_of_any_known_shape_has_its_message() {
        for body in [
            r#"{"error":{"message":"over quota","code":7}}"#,
            r#"{"error":"over quota"}"#,
            r#"{"errors":[{"message":"over quota"}]}"#,
            r#"{"errors":["over quota"]}"#,
            r#"{"errorMessage":"over quota","errorType":"Error"}"#,
            r#"{"title":"Bad","detail":"over quota","status":400}"#,
            r#"{"error":"invalid_grant","error_description":"over quota"}"#,
            r#"{"success":false,"msg":"over quota"}"#,
            r#"{"fault":{"message":"over quota"}}"#,
        ] {
            assert_eq!(answer(400, None, body).message(), "over quota", "{body}");
        }
    }

    #[test]
    fn success_status_with_a_named_error_has_its_kind() {
        let read = |body: &str| {
            error_in_success(&ServiceAnswer {
                status: 200,
                error_type: None,
                request_id: None,
                is_aws: false,
                retry_after: None,
                body: body.as_bytes(),
            })
            .map(|error| (error.kind(), error.resend()))
        };
        assert_eq!(read(r#"{"error":{"type":"rate_limit_error"}}"#), Some((ErrorKind::Throttled, Safe)));
        assert_eq!(read(r#"{"error":{"code":429,"message":"m"}}"#), Some((ErrorKind::Throttled, Safe)));
        assert_eq!(read(r#"{"statusCode":504,"message":"m"}"#), Some((ErrorKind::Service, MayBePaid)));
        assert_eq!(read(r#"{"__type":"x#ThrottlingException"}"#), Some((ErrorKind::Throttled, Safe)));
        assert_eq!(read(r#"{"message":"m"}"#), None);
        assert_eq!(read(r#"{"code":7,"type":"message"}"#), None);
    }
}
