//! From what AWS answers to an [`Error`]: one table for HTTP errors and stream frames alike.

use std::time::Duration;

use super::{Error, ErrorKind};
use crate::json::{Kind, View, parse_f64};
use crate::text::{after_last, before, has, lossy};

/// AWS's exception names, lower case, without `Exception`: the kind, and whether another attempt helps.
///
/// See [the errors of InvokeModel](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_Errors)
/// and [the common ones](https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html).
const EXCEPTIONS: &[(&str, ErrorKind, bool)] = &[
    ("throttling", ErrorKind::Throttled, true),
    ("toomanyrequests", ErrorKind::Throttled, true),
    ("requestlimitexceeded", ErrorKind::Throttled, true),
    ("modelnotready", ErrorKind::Service, true),
    ("serviceunavailable", ErrorKind::Service, true),
    ("internalserver", ErrorKind::Service, true),
    ("internalfailure", ErrorKind::Service, true),
    ("modelstreamerror", ErrorKind::Service, true),
    // The AWS SDKs do not retry it either: a model that took too long once costs as much again.
    ("modeltimeout", ErrorKind::Timeout, false),
    ("modelerror", ErrorKind::Service, false),
    ("servicequotaexceeded", ErrorKind::Throttled, false),
    ("accessdenied", ErrorKind::AccessDenied, false),
    ("unrecognizedclient", ErrorKind::AccessDenied, false),
    ("invalidsignature", ErrorKind::AccessDenied, false),
    ("signaturedoesnotmatch", ErrorKind::AccessDenied, false),
    ("incompletesignature", ErrorKind::AccessDenied, false),
    ("missingauthenticationtoken", ErrorKind::AccessDenied, false),
    ("invalidclienttokenid", ErrorKind::AccessDenied, false),
    ("optinrequired", ErrorKind::AccessDenied, false),
    ("notauthorized", ErrorKind::AccessDenied, false),
    ("expiredtoken", ErrorKind::ExpiredCredentials, false),
    ("requestexpired", ErrorKind::ExpiredCredentials, false),
    ("validation", ErrorKind::Validation, false),
    ("conflict", ErrorKind::Validation, false),
    ("serialization", ErrorKind::Validation, false),
    ("resourcenotfound", ErrorKind::NotFound, false),
    ("unknownoperation", ErrorKind::NotFound, false),
    // Anthropic's own names, inside a chunk of an otherwise healthy stream.
    ("overloaded_error", ErrorKind::Throttled, true),
    ("rate_limit_error", ErrorKind::Throttled, true),
    ("api_error", ErrorKind::Service, true),
    ("timeout_error", ErrorKind::Timeout, true),
    ("invalid_request_error", ErrorKind::Validation, false),
    ("permission_error", ErrorKind::AccessDenied, false),
    ("authentication_error", ErrorKind::AccessDenied, false),
    ("not_found_error", ErrorKind::NotFound, false),
];

/// What the service says when a conversation does not fit.
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

/// How much of a body that is no JSON goes into the message.
const SNIPPET: usize = 300;

/// The parts of a failed HTTP answer that matter.
#[derive(Debug)]
pub(crate) struct ServiceAnswer<'a> {
    pub(crate) status: u16,
    /// The `x-amzn-errortype` header.
    pub(crate) error_type: Option<&'a str>,
    pub(crate) request_id: Option<&'a str>,
    /// The `retry-after` header.
    pub(crate) retry_after: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// The bare name in `prefix#Name:http://…`.
fn bare_name(full: &str) -> &str {
    let name = before(full, ":");
    after_last(name, "#").unwrap_or(name).trim()
}

fn kind_of(name: Option<&str>, status: Option<u16>, message: &str) -> (ErrorKind, bool) {
    let lower = name.unwrap_or("").to_ascii_lowercase();
    let stem = lower.strip_suffix("exception").unwrap_or(&lower);
    let (kind, retryable) = match EXCEPTIONS.iter().find(|(known, ..)| *known == stem) {
        Some((_, kind, retryable)) => (*kind, *retryable),
        None => match status {
            Some(401 | 403) => (ErrorKind::AccessDenied, false),
            Some(404) => (ErrorKind::NotFound, false),
            Some(408) => (ErrorKind::Timeout, false),
            Some(429) => (ErrorKind::Throttled, true),
            Some(400..=499) => (ErrorKind::Validation, false),
            Some(500 | 502 | 503 | 504) => (ErrorKind::Service, true),
            _ => (ErrorKind::Service, false),
        },
    };
    let message = message.to_ascii_lowercase();
    if kind == ErrorKind::Validation && CONTEXT_OVERFLOW.iter().any(|words| has(&message, words)) {
        return (ErrorKind::ContextOverflow, false);
    }
    (kind, retryable)
}

/// What to do about errors whose own message leaves people guessing.
fn advice(message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    if has(&lower, "on-demand throughput isn") {
        " (use the model's inference profile: its id with a prefix such as `us.`, `eu.` or `global.`, or the profile's ARN)"
    } else {
        ""
    }
}

/// An HTTP answer that is not what was asked for.
pub(crate) fn from_response(answer: &ServiceAnswer<'_>) -> Error {
    let view = View::from_bytes(answer.body).ok().filter(|view| view.kind() == Kind::Object);
    // The answer to an unknown route: HTTP 200, and the error deep inside.
    let output = view.and_then(|view| view.get("Output"));
    let of = |keys: &[&str]| {
        [view, output].into_iter().flatten().find_map(|view| keys.iter().find_map(|key| view.get(key)?.string()))
    };
    let in_body = of(&["__type", "code", "Code"]);
    let name = answer.error_type.or(in_body.as_deref()).map(bare_name).filter(|name| !name.is_empty());
    let mut message = of(&["message", "Message", "errorMessage"]).unwrap_or_else(|| match view {
        Some(view) if view.has_members() && name.is_none() => snippet(view.raw().as_bytes()),
        None if !answer.body.is_empty() => snippet(answer.body),
        _ => format!("the service answered with HTTP status {} and no message", answer.status),
    });
    if name.is_some_and(|name| name.starts_with("UnknownOperation")) {
        message =
            "the service does not know this path: check the endpoint, and that the model id is one path segment".into();
    }
    message.push_str(advice(&message));
    let (kind, retryable) = kind_of(name, Some(answer.status), &message);
    let mut error = Error::new(kind, message).with_retryable(retryable).with_request_id(answer.request_id);
    error.0.status = Some(answer.status);
    error.0.aws_type = name.map(str::to_owned);
    error.0.retry_after = answer.retry_after.and_then(parse_retry_after);
    error
}

/// An exception or error inside a stream.
pub(crate) fn from_exception(name: &str, payload: &[u8]) -> Error {
    let name = bare_name(name);
    let view = View::from_bytes(payload).ok();
    let message =
        view.and_then(|view| ["message", "Message", "originalMessage"].iter().find_map(|key| view.get(key)?.string()));
    let message = match message {
        Some(message) => message,
        None if payload.is_empty() => "the service ended the stream without saying why".into(),
        None => snippet(payload),
    };
    let (kind, retryable) = kind_of(Some(name), None, &message);
    let mut error = Error::new(kind, message).with_retryable(retryable);
    error.0.aws_type = Some(name.to_owned());
    error.0.status = view
        .and_then(|view| view.get("originalStatusCode"))
        .and_then(View::u64)
        .and_then(|status| u16::try_from(status).ok());
    error
}

fn snippet(body: &[u8]) -> String {
    let text = lossy(body);
    let text = text.trim();
    let mut cut: String = text.chars().take(SNIPPET).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    if cut.is_empty() { "the service answered with white space only".into() } else { cut }
}

/// Seconds, whole or not; a date is not worth a parser here, as AWS sends seconds. More than a
/// duration can hold is for ever, not at once.
fn parse_retry_after(text: &str) -> Option<Duration> {
    let seconds = parse_f64(text.trim()).filter(|seconds| *seconds >= 0.0)?;
    Some(crate::retry::seconds(seconds).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(status: u16, error_type: Option<&'a str>, body: &'a str) -> Error {
        from_response(&ServiceAnswer { status, error_type, request_id: None, retry_after: None, body: body.as_bytes() })
    }

    #[test]
    fn the_type_decides_before_the_status() {
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
            (500, None, "{}", ErrorKind::Service, true),
            (501, None, "", ErrorKind::Service, false),
        ];
        for (status, name, body, kind, retryable) in cases {
            let error = answer(status, name, body);
            assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{status} {name:?} {body}");
        }
    }

    #[test]
    fn every_exception_of_the_service_is_in_the_table() {
        let names = "AccessDenied Conflict InternalServer ModelError ModelNotReady ModelStreamError ModelTimeout \
                     ResourceNotFound ServiceQuotaExceeded ServiceUnavailable Throttling Validation";
        for name in names.split_whitespace() {
            let stem = name.to_ascii_lowercase();
            assert!(EXCEPTIONS.iter().any(|(known, ..)| *known == stem), "{name}");
        }
    }

    #[test]
    fn the_message_survives_every_form_of_body() {
        assert_eq!(
            answer(403, None, r#"{"Message":"User: x is not authorized"}"#).message(),
            "User: x is not authorized"
        );
        assert_eq!(answer(502, None, "<html>Bad Gateway</html>").message(), "<html>Bad Gateway</html>");
        assert!(answer(500, None, "{}").to_string().contains("500"));
        assert!(answer(500, None, "").to_string().contains("500"));
        assert_eq!(answer(400, None, r#"{"detail":"x"}"#).message(), r#"{"detail":"x"}"#);
        assert!(answer(502, None, &"é".repeat(5000)).message().chars().count() <= SNIPPET + 1);
    }

    #[test]
    fn an_unknown_route_answered_with_200_is_an_error_that_says_so() {
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
    fn exceptions_in_frames_use_the_same_table() {
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
    fn retry_after_is_read_in_seconds() {
        let read = |text| parse_retry_after(text);
        assert_eq!(read(" 2 "), Some(Duration::from_secs(2)));
        assert_eq!(read("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(read("-1"), None);
        assert_eq!(read("1e300"), Some(Duration::MAX));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    }
}
