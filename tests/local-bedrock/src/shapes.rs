//! The wire shapes: each reads its own body, asks the one model, and writes its own reply.

mod anthropic;

use serde_json::{Value, json};

use crate::delivery::Reply;
use crate::frames;
use crate::model::Answer;
use crate::model::InputTokens;
use crate::problem::Problem;
use crate::route::Operation;
use crate::server::State;

/// One accepted request to a model.
pub(crate) struct Call<'a> {
    /// As in the path, decoded.
    pub(crate) model_id: String,
    /// Without region prefix and ARN.
    pub(crate) model: String,
    pub(crate) operation: Operation,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
    pub(crate) state: &'a State,
}

/// The guardrail that the headers of an InvokeModel request ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guardrail {
    pub(crate) trace: bool,
}

impl Call<'_> {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The body as a JSON object.
    pub(crate) fn json(&self) -> Result<Value, Problem> {
        let value: Value = serde_json::from_slice(self.body).map_err(|_| {
            Problem::validation(
                "The provided request body is not valid JSON, please reformat your input and try again.",
            )
        })?;
        if !value.is_object() {
            return Err(Problem::malformed(
                "#: expected type: JSONObject, found: something else",
            ));
        }
        Ok(value)
    }

    fn guardrail(&self) -> Result<Option<Guardrail>, Problem> {
        let id = self.header("x-amzn-bedrock-guardrailidentifier");
        let version = self.header("x-amzn-bedrock-guardrailversion");
        match (id, version) {
            (None, None) => Ok(None),
            (Some(_), Some(version)) => {
                check_guardrail_version(version)?;
                let trace = self.header("x-amzn-bedrock-trace").unwrap_or("DISABLED");
                if !["ENABLED", "DISABLED", "ENABLED_FULL"].contains(&trace) {
                    return Err(Problem::validation(format!(
                        "1 validation error detected: Value '{trace}' at 'trace' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_FULL]"
                    )));
                }
                Ok(Some(Guardrail {
                    trace: trace != "DISABLED",
                }))
            }
            (Some(_), None) => Err(Problem::validation(
                "The guardrail version is required when a guardrail identifier is provided.",
            )),
            (None, Some(_)) => Err(Problem::validation(
                "The guardrail identifier is required when a guardrail version is provided.",
            )),
        }
    }
}

pub(crate) fn check_guardrail_version(version: &str) -> Result<(), Problem> {
    let number = version.parse::<u32>().is_ok_and(|n| n > 0) && !version.starts_with(['0', '+']);
    if number || version == "DRAFT" {
        return Ok(());
    }
    Err(Problem::validation(format!(
        "1 validation error detected: Value '{version}' at 'guardrailVersion' failed to satisfy constraint: Member must satisfy regular expression pattern: (([1-9][0-9]{{0,7}})|(DRAFT))"
    )))
}

/// Answers one request.
pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Problem> {
    let vendor = call.model.split('.').next().unwrap_or_default();
    match (call.operation, vendor) {
        (Operation::Invoke | Operation::InvokeStream, "anthropic") => anthropic::answer(call),
        (Operation::Invoke | Operation::InvokeStream, _) => Err(unknown_model(call)),
        _ => Ok(unknown_operation()),
    }
}

fn unknown_model(_call: &Call<'_>) -> Problem {
    Problem::validation("The provided model identifier is invalid.")
}

pub(crate) fn apply_guardrail(
    _guardrail: &str,
    _version: &str,
    _body: &[u8],
) -> Result<Reply, Problem> {
    Ok(unknown_operation())
}

/// What the service answers to a route that it does not know: an error in a success's clothes.
pub(crate) fn unknown_operation() -> Reply {
    Reply::json(&json!({
        "Output": { "__type": "com.amazon.coral.service#UnknownOperationException" },
        "Version": "1.0",
    }))
}

/// The milliseconds that an answer pretends to have taken.
pub(crate) fn latency(answer: &Answer) -> usize {
    120 + 11 * answer.output_tokens
}

/// A native reply with the headers that carry its usage.
pub(crate) fn native_reply(body: &Value, input: InputTokens, answer: &Answer) -> Reply {
    let mut reply = Reply::json(body);
    reply.set_header("x-amzn-bedrock-input-token-count", input.fresh.to_string());
    reply.set_header(
        "x-amzn-bedrock-output-token-count",
        answer.output_tokens.to_string(),
    );
    reply.set_header(
        "x-amzn-bedrock-invocation-latency",
        latency(answer).to_string(),
    );
    if input.read > 0 || input.written() > 0 {
        reply.set_header(
            "x-amzn-bedrock-cache-read-input-token-count",
            input.read.to_string(),
        );
        reply.set_header(
            "x-amzn-bedrock-cache-write-input-token-count",
            input.written().to_string(),
        );
    }
    reply
}

/// A native stream: one chunk an event, the metrics in the last.
pub(crate) fn native_stream(mut events: Vec<Value>, input: InputTokens, answer: &Answer) -> Reply {
    let mut metrics = json!({
        "inputTokenCount": input.fresh,
        "outputTokenCount": answer.output_tokens,
        "invocationLatency": latency(answer),
        "firstByteLatency": 120,
    });
    if input.read > 0 || input.written() > 0 {
        metrics["cacheReadInputTokenCount"] = input.read.into();
        metrics["cacheWriteInputTokenCount"] = input.written().into();
    }
    if let Some(last) = events.last_mut() {
        last["amazon-bedrock-invocationMetrics"] = metrics;
    }
    let chunks = events
        .iter()
        .enumerate()
        .map(|(number, event)| frames::chunk(number, event))
        .collect();
    let mut reply = Reply::stream(chunks);
    reply.set_header("x-amzn-bedrock-content-type", "application/json");
    reply
}
