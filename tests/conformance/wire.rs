//! Reads a recorded answer without this crate: whether it is a message, and otherwise which error.

mod sse_apis;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message as Frame;
use bedrock_chat::{Error, ErrorKind};
use serde_json::Value;

use super::case::{Response, Scenario};
use super::sse;

/// The error in an answer, by a rule that does not depend on the clients.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The name of the rule, such as `cut_stream`.
    pub(crate) rule: &'static str,
    kinds: &'static [ErrorKind],
    status: Option<u16>,
    /// Names of the error. Any of them is its type.
    names: Vec<String>,
    message: Option<String>,
    request_id: Option<String>,
    /// Whether a retry could help.
    retryable: bool,
}

impl Failure {
    fn new(rule: &'static str, kinds: &'static [ErrorKind]) -> Self {
        Self { rule, kinds, status: None, names: Vec::new(), message: None, request_id: None, retryable: false }
    }

    /// The differences from this crate's error.
    pub(crate) fn unmet(&self, error: &Error) -> Vec<String> {
        let mut unmet = Vec::new();
        let mut check = |holds: bool, what: &str, wanted: String| {
            if !holds {
                unmet.push(format!("the error's {what} should be {wanted}: {error:?}"));
            }
        };
        check(self.kinds.contains(&error.kind()), "kind", format!("{:?}", self.kinds));
        check(self.status.is_none() || error.status() == self.status, "status", format!("{:?}", self.status));
        let is_named = |ours: &str| self.names.iter().any(|name| ours.eq_ignore_ascii_case(name));
        let names = format!("{:?}", self.names);
        check(self.names.is_empty() || error.aws_type().is_some_and(is_named), "type", names);
        if let Some(message) = &self.message {
            // Advice may follow the message, instead of its full stop.
            let said = message.trim_end_matches('.');
            check(error.message().contains(said), "message", format!("{said:?}"));
        }
        if let Some(id) = &self.request_id {
            check(error.request_id() == Some(id), "request id", id.clone());
        }
        unmet
    }
}

/// Returns the number of attempts, if every attempt gets this answer. It is three if AWS's standard mode retries, and if
/// a stream ends without content. Answers without AWS's request id are from a gateway: with 500, 502 and 504 the model
/// may have run, and a call that may have been paid for is not retried.
pub(crate) fn attempts(scenario: &Scenario) -> u64 {
    let Some(response) = &scenario.response else { return 1 };
    let earlier = scenario.earlier.len() as u64;
    let again = match response.status {
        // Errors for an unknown operation have this status too.
        200 => failure(scenario).is_some_and(|failure| failure.retryable),
        // One attempt is left, and it is made.
        _ => is_sent_again(response),
    };
    if again { MAX_ATTEMPTS } else { earlier + 1 }
}

/// The number of attempts with the default settings.
const MAX_ATTEMPTS: u64 = 3;

/// Returns whether a call is sent again after this answer, which is not a message.
pub(crate) fn is_sent_again(response: &Response) -> bool {
    match (response.header("x-should-retry"), response.status) {
        // The vendors' clients follow this header.
        (Some(retry), 400..) => retry == "true",
        (_, 0 | 429 | 503 | 529) => true,
        // AWS's standard mode retries 504 too.
        (_, 500 | 502 | 504) => {
            ["x-amzn-requestid", "x-amzn-errortype"].iter().any(|name| response.header(name).is_some())
        }
        // The vendors' clients send it again: the model generated nothing.
        (_, 409) => response.header("x-amzn-errortype").is_none(),
        _ => false,
    }
}

/// The error in the answer to a scenario; `None` if it is a message.
pub(crate) fn failure(scenario: &Scenario) -> Option<Failure> {
    let response = scenario.response.as_ref()?;
    let mut failure = if response.status == 0 {
        Failure::new("connection_error", &[ErrorKind::Connect])
    } else if response.status != 200 {
        of_status(response)
    } else if is_unknown_operation(response) {
        let names = vec!["UnknownOperationException".into()];
        Failure { names, ..Failure::new("unknown_operation", &[ErrorKind::NotFound]) }
    } else if scenario.operation.is_sse_api() && !response.is_event_stream() {
        sse_apis::failure(scenario, response)?
    } else if response.is_event_stream() {
        of_stream(scenario, response)?
    } else {
        of_body(scenario, response)?
    };
    failure.request_id = ["x-amzn-requestid", "x-request-id", "request-id"]
        .iter()
        .find_map(|name| response.header(name))
        .map(str::to_owned);
    Some(failure)
}

fn bare(name: &str) -> String {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().to_owned()
}

fn of_status(response: &Response) -> Failure {
    let body = response.json();
    // OpenAI's and Anthropic's errors are nested.
    let error = body.as_ref().map(|body| if body["error"].is_object() { &body["error"] } else { body });
    let field = |keys: &[&str]| keys.iter().find_map(|key| error?[*key].as_str()).map(str::to_owned);
    let names: Vec<String> = match response.header("x-amzn-errortype") {
        Some(name) => vec![bare(name)],
        None => ["__type", "code", "type"].iter().filter_map(|key| field(&[key])).map(|name| bare(&name)).collect(),
    };
    let message = field(&["message", "Message"]).or_else(|| {
        let text = String::from_utf8_lossy(&response.body).trim().to_owned();
        Some(text).filter(|text| body.is_none() && !text.is_empty() && text.len() < 300)
    });
    let rule = match &body {
        None => "error_without_json",
        Some(body) if body.get("Message").is_some() => "error_with_a_capital_message",
        Some(_) => "error_of_a_status",
    };
    let kinds = kinds(&names, response.status, message.as_deref().unwrap_or_default());
    Failure { status: Some(response.status), names, message, ..Failure::new(rule, kinds) }
}

/// Texts with which the service reports that a conversation is too long for the model.
const OVERFLOW: [&str; 10] = [
    "input is too long",
    "prompt is too long",
    "input tokens exceeded",
    "maximum context length",
    "context_length_exceeded",
    "exceeds the context window",
    "input tokens exceed the configured limit",
    "exceed model maximum",
    "too many input tokens",
    "is longer than the model's context length",
];

/// Returns the kinds of an error. The first known name decides, or else the status.
fn kinds(names: &[String], status: u16, message: &str) -> &'static [ErrorKind] {
    use ErrorKind::*;
    let message = message.to_ascii_lowercase();
    let is_overflow = OVERFLOW.iter().any(|text| message.contains(text));
    let of_name = |name: &String| -> Option<&'static [ErrorKind]> {
        let stem = name.to_ascii_lowercase();
        Some(match stem.strip_suffix("exception").unwrap_or(&stem) {
            "throttling"
            | "servicequotaexceeded"
            | "toomanyrequests"
            | "overloaded_error"
            | "rate_limit_error"
            | "rate_limit_exceeded"
            | "insufficient_quota" => &[Throttled],
            "modelnotready" | "serviceunavailable" | "internalserver" | "modelerror" | "modelstreamerror"
            | "internalfailure" | "api_error" | "server_error" | "internal_error" => &[Service],
            "modeltimeout" => &[Timeout],
            "accessdenied"
            | "unrecognizedclient"
            | "invalidsignature"
            | "missingauthenticationtoken"
            | "permission_error"
            | "authentication_error"
            | "invalid_api_key" => &[AccessDenied],
            "expiredtoken" => &[ExpiredCredentials],
            "context_length_exceeded" => &[ContextOverflow],
            "validation" | "invalid_request_error" | "validation_error" if is_overflow => &[ContextOverflow],
            "validation" | "invalid_request_error" | "validation_error" => &[Validation],
            "resourcenotfound" | "unknownoperation" | "model_not_found" | "not_found_error" => &[NotFound],
            _ => return None,
        })
    };
    names.iter().find_map(of_name).unwrap_or(match status {
        401 | 403 => &[AccessDenied],
        404 => &[NotFound],
        408 => &[Timeout],
        429 => &[Throttled],
        400..=499 => &[Validation, ContextOverflow, Service],
        _ => &[Service],
    })
}

fn is_unknown_operation(response: &Response) -> bool {
    response.json().is_some_and(|body| body["Output"]["__type"].is_string())
}

/// A complete answer that is not in its provider's format.
fn of_body(scenario: &Scenario, response: &Response) -> Option<Failure> {
    let malformed = || Some(Failure::new("malformed_answer", &[ErrorKind::Decode]));
    let Some(body) = response.json() else { return malformed() };
    let filled = |key: &str| body[key].as_array().is_some_and(|list| !list.is_empty());
    let text = |key: &str| body[key].is_string();
    let is_answer = if scenario.operation.is_converse() {
        body["output"]["message"].is_object()
    } else if scenario.provider == "anthropic" {
        body["content"].is_array()
    } else {
        let lists = ["choices", "completions", "generations", "outputs", "results"];
        let texts = ["completion", "generation", "text"];
        lists.iter().any(|key| filled(key))
            || texts.iter().any(|key| text(key))
            || body["content"].is_array()
            || body["output"]["message"].is_object()
    };
    if is_answer { None } else { malformed() }
}

/// A stream without a correct end.
fn of_stream(scenario: &Scenario, response: &Response) -> Option<Failure> {
    let mut decoder = MessageFrameDecoder::new();
    let mut bytes = response.body.as_slice();
    let mut is_empty = true;
    let mut ended = false;
    let mut whole = 0;
    loop {
        let frame = match decoder.decode_frame(&mut bytes) {
            Ok(DecodedFrame::Complete(frame)) => frame,
            Ok(DecodedFrame::Incomplete) => break,
            Err(_) => return Some(Failure::new("damaged_frame", &[ErrorKind::Frame])),
        };
        if let Some(failure) = of_frame(&frame) {
            // A failure before the first content may be retried.
            let retryable = is_empty && failure.retryable;
            return Some(Failure { retryable, ..failure });
        }
        ended |= is_last(scenario, &frame);
        is_empty &= !has_content(&frame);
        whole = response.body.len() - bytes.len();
    }
    if ended && whole == response.body.len() {
        return None;
    }
    let rule = if response.body.is_empty() { "empty_stream" } else { "cut_stream" };
    Some(Failure { retryable: is_empty, ..Failure::new(rule, &[ErrorKind::Truncated]) })
}

/// Whether a frame has more than the start of a message or of a block.
fn has_content(frame: &Frame) -> bool {
    let payload: Value = serde_json::from_slice(frame.payload()).unwrap_or(Value::Null);
    match chunk(&payload) {
        Some(chunk) if chunk["type"] == "content_block_start" => chunk["content_block"]["text"] != "",
        Some(chunk) => !matches!(chunk["type"].as_str(), Some("message_start" | "ping")),
        None => header(frame, ":event-type") != Some("messageStart"),
    }
}

fn header<'a>(frame: &'a Frame, name: &str) -> Option<&'a str> {
    let header = frame.headers().iter().find(|header| header.name().as_str() == name)?;
    header.value().as_string().ok().map(|value| value.as_str())
}

/// The error in a frame.
fn of_frame(frame: &Frame) -> Option<Failure> {
    let payload: Value = serde_json::from_slice(frame.payload()).unwrap_or(Value::Null);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let failure = |rule, name: &str, message: Option<String>| {
        let again = [
            "throttling",
            "serviceunavailable",
            "internalserver",
            "internalfailure",
            "modelstreamerror",
            "overloaded_error",
        ];
        let retryable = again.iter().any(|stem| name.to_ascii_lowercase().starts_with(stem));
        let names = vec![bare(name)];
        let kinds = kinds(&names, 0, message.as_deref().unwrap_or_default());
        Some(Failure { names, message, retryable, ..Failure::new(rule, kinds) })
    };
    match header(frame, ":message-type") {
        Some("exception") => {
            let message = text(&payload["message"]).or_else(|| text(&payload["Message"]));
            failure("exception_frame", header(frame, ":exception-type").unwrap_or_default(), message)
        }
        Some("error") => {
            let message = header(frame, ":error-message").map(str::to_owned);
            failure("error_frame", header(frame, ":error-code").unwrap_or_default(), message)
        }
        _ => {
            let chunk = chunk(&payload)?;
            (chunk["type"] == "error").then(|| {
                let error = &chunk["error"];
                failure("error_chunk", error["type"].as_str().unwrap_or_default(), text(&error["message"]))
            })?
        }
    }
}

/// The provider's JSON in a frame of InvokeModel.
fn chunk(payload: &Value) -> Option<Value> {
    serde_json::from_slice(&super::case::base64(payload["bytes"].as_str()?)).ok()
}

/// The text in an answer that is a message, in any provider's field.
pub(crate) fn texts(scenario: &Scenario) -> Vec<String> {
    fn walk(value: &Value, found: &mut Vec<String>) {
        const FIELDS: [&str; 4] = ["text", "generation", "outputText", "completion"];
        for (key, value) in value.as_object().into_iter().flatten() {
            match value.as_str() {
                Some(text) if FIELDS.contains(&key.as_str()) => found.push(text.to_owned()),
                // The whole text at the end of a stream, which repeats its pieces.
                None if key == "response" => {}
                _ => walk(value, found),
            }
        }
        value.as_array().into_iter().flatten().for_each(|item| walk(item, found));
    }
    let mut found = Vec::new();
    let Some(response) = &scenario.response else { return found };
    let mut decoder = MessageFrameDecoder::new();
    let mut bytes = response.body.as_slice();
    if response.is_sse() {
        sse::events(&response.body)
            .iter()
            .filter_map(|event| event.json.as_ref())
            .for_each(|json| walk(json, &mut found));
    } else if !response.is_event_stream() {
        response.json().iter().for_each(|body| walk(body, &mut found));
    } else {
        while let Ok(DecodedFrame::Complete(frame)) = decoder.decode_frame(&mut bytes) {
            let payload: Value = serde_json::from_slice(frame.payload()).unwrap_or(Value::Null);
            walk(&chunk(&payload).unwrap_or(payload), &mut found);
        }
    }
    found
}

/// Returns whether a frame is the last one of the message.
fn is_last(scenario: &Scenario, frame: &Frame) -> bool {
    if scenario.operation.is_converse() {
        return header(frame, ":event-type") == Some("messageStop");
    }
    let payload: Value = serde_json::from_slice(frame.payload()).unwrap_or(Value::Null);
    let Some(chunk) = chunk(&payload) else { return false };
    if scenario.provider == "anthropic" {
        return chunk["type"] == "message_stop";
    }
    let reasons = ["stop_reason", "finish_reason", "completionReason", "stopReason"];
    let has_reason = |holder: &Value| reasons.iter().any(|key| holder[*key].is_string());
    has_reason(&chunk)
        || has_reason(&chunk["outputs"][0])
        || has_reason(&chunk["choices"][0])
        || chunk["event_type"] == "stream-end"
        || chunk["is_finished"] == true
        || chunk["type"] == "message_stop"
        || chunk.get("messageStop").is_some()
        || chunk == "[DONE]"
}
