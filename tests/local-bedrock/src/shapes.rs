//! The wire shapes: each decodes its body, calls the model, and encodes its reply.

mod anthropic;
mod chat;
mod cohere;
mod constraints;
mod converse;
mod detail;
mod guardrail_checks;
mod keys;
mod lists;
mod named;
mod openai;
mod operations;
mod parts;
mod responses;
mod schemas;
mod template;
mod text;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::delivery::Reply;
use crate::frames;
use crate::json::put;
use crate::model::{self, Answer, InputTokens, Ledger, Media, Part, Prompt, Stop};
use crate::problem::Problem;
use crate::route::Operation;
use crate::state::State;

pub(crate) use guardrail_checks::invoke_guardrail_checks;
pub(crate) use lists::{Query, list};
pub(crate) use named::{Request, answer as answer_named};
pub(crate) use operations::apply_guardrail;
pub(crate) use responses::stored;

/// One accepted request to a model.
pub(crate) struct Call<'a> {
    /// The model id as in the path, decoded.
    pub(crate) model_id: String,
    /// The model id without region prefix and ARN.
    pub(crate) model: String,
    pub(crate) operation: Operation,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
    pub(crate) state: &'a State,
}

/// The guardrail that a request sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guardrail {
    pub(crate) trace: bool,
}

impl Call<'_> {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The answer to a prompt, of the echo model or of the upstream server, and the input tokens.
    pub(crate) fn answer(&self, prompt: &Prompt, body: &Value) -> Result<(Answer, InputTokens), Problem> {
        let input = self.state.cache.charge(&self.model, &prompt.ledger);
        #[cfg(feature = "server")]
        if let Some(upstream) = self.state.settings.upstream.as_ref().filter(|_| !model::is_blocked(prompt)) {
            return self.asked(upstream, prompt, body, input);
        }
        #[cfg(not(feature = "server"))]
        let _ = body;
        Ok((model::answer(prompt), input))
    }

    #[cfg(feature = "server")]
    fn asked(
        &self,
        upstream: &crate::upstream::Upstream,
        prompt: &Prompt,
        body: &Value,
        mut input: InputTokens,
    ) -> Result<(Answer, InputTokens), Problem> {
        let name = upstream.model.as_deref().unwrap_or(&self.model_id);
        let reply = upstream.ask(&model::translate::request(prompt, body, name))?;
        let (answer, tokens) = model::translate::answer(prompt, &reply).ok_or_else(|| {
            Problem::new(
                503,
                "ServiceUnavailableException",
                format!("the upstream server's reply is not a chat completion: {reply}"),
            )
        })?;
        if let Some(tokens) = tokens {
            input.fresh = tokens.saturating_sub(input.read + input.written());
        }
        Ok((answer, input))
    }

    /// The body as a JSON object.
    pub(crate) fn json(&self) -> Result<Value, Problem> {
        let value: Value = serde_json::from_slice(self.body).map_err(|error| not_json(&error))?;
        if !value.is_object() {
            return Err(Problem::malformed(&format!("#: expected type: JSONObject, found: {}", keys::kind_of(&value))));
        }
        Ok(value)
    }

    /// Returns the guardrail in the headers of an InvokeModel request.
    fn guardrail(&self) -> Result<Option<Guardrail>, Problem> {
        let id = self.header("x-amzn-bedrock-guardrailidentifier");
        let version = self.header("x-amzn-bedrock-guardrailversion");
        let trace = self.header("x-amzn-bedrock-trace").unwrap_or("DISABLED");
        if !["ENABLED", "DISABLED", "ENABLED_FULL"].contains(&trace) {
            return Err(Problem::validation(format!(
                "1 validation error detected: Value '{trace}' at 'trace' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_FULL]"
            )));
        }
        match (id, version) {
            (None, None) => Ok(None),
            (Some(_), Some(version)) => {
                check_guardrail_version(version)?;
                Ok(Some(Guardrail { trace: trace != "DISABLED" }))
            }
            (Some(_), None) => {
                Err(Problem::validation("The guardrail version is required when a guardrail identifier is provided."))
            }
            (None, Some(_)) => {
                Err(Problem::validation("The guardrail identifier is required when a guardrail version is provided."))
            }
        }
    }
}

/// Returns the refusal of a body that is not JSON. The message for half a surrogate pair is from claude-code#60394.
fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    // serde_json has several messages for half a surrogate pair.
    if ["surrogate", "unexpected end of hex escape"].iter().any(|words| error.to_string().contains(words)) {
        return Problem::validation(format!(
            "The request body is not valid JSON: no low surrogate in string: line {line} column {column} (char {})",
            column.saturating_sub(1)
        ));
    }
    Problem::validation("The provided request body is not valid JSON, please reformat your input and try again.")
}

fn check_guardrail_version(version: &str) -> Result<(), Problem> {
    let number = version.parse::<u32>().is_ok_and(|n| n > 0) && !version.starts_with(['0', '+']);
    if number || version == "DRAFT" {
        return Ok(());
    }
    Err(Problem::validation(format!(
        "1 validation error detected: Value '{version}' at 'guardrailVersion' failed to satisfy constraint: Member must satisfy regular expression pattern: (([1-9][0-9]{{0,7}})|(DRAFT))"
    )))
}

/// The native shapes of InvokeModel.
enum Native {
    Anthropic,
    Nova,
    CommandR,
    Chat(&'static chat::Row),
    Text(&'static text::Row),
}

impl Native {
    /// Returns the shape of a model. Some models have two; the body decides.
    fn of(call: &Call<'_>) -> Option<Self> {
        let model = call.model.as_str();
        let has_messages = || call.json().is_ok_and(|body| body.get("messages").is_some());
        if cohere::serves(model) {
            return Some(Self::CommandR);
        }
        if model.starts_with("amazon.nova-")
            && !model.starts_with("amazon.nova-canvas")
            && !model.starts_with("amazon.nova-reel")
        {
            return Some(Self::Nova);
        }
        match (text::row(model), chat::row(model)) {
            // Both completions and messages exist for Claude 2.
            (Some(_), _) if model.starts_with("anthropic.") && has_messages() => Some(Self::Anthropic),
            (Some(_), Some(row)) if has_messages() && chats(model) => Some(Self::Chat(row)),
            (Some(_), Some(row)) if model.starts_with("mistral.pixtral") => Some(Self::Chat(row)),
            (Some(row), _) => Some(Self::Text(row)),
            (None, Some(row)) => Some(Self::Chat(row)),
            (None, None) if model.starts_with("anthropic.") => Some(Self::Anthropic),
            (None, None) => None,
        }
    }

    fn read(&self, call: &Call<'_>) -> Result<Prompt, Problem> {
        match self {
            Self::Anthropic => anthropic::read(call),
            Self::Nova => converse::read_nova(call),
            Self::CommandR => cohere::read(call),
            Self::Chat(row) => row.read(call),
            Self::Text(row) => row.read(call),
        }
    }
}

/// Returns whether a Mistral model accepts messages in addition to prompts.
fn chats(model: &str) -> bool {
    !["mistral.mistral-7b", "mistral.mixtral"].iter().any(|id| model.starts_with(id))
}

/// Answers one request.
pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Problem> {
    match call.operation {
        Operation::Converse | Operation::ConverseStream => converse::answer(call),
        Operation::CountTokens => operations::count_tokens(call),
        Operation::Invoke | Operation::InvokeStream => invoke(call),
        Operation::Responses | Operation::Chat | Operation::Messages | Operation::CountMessages => Err(unknown_model()),
    }
}

fn invoke(call: &Call<'_>) -> Result<Reply, Problem> {
    let body = call.json()?;
    let native = Native::of(call).ok_or_else(unknown_model)?;
    if let (Native::Text(row), true) = (&native, call.operation.streams())
        && !row.streams
    {
        return Err(Problem::validation("The model is unsupported for streaming."));
    }
    operations::project(call, call.header("x-amzn-bedrock-projectidentifier"))?;
    let guardrail = call.guardrail()?;
    let mut prompt = native.read(call)?;
    prompt.guarded = guardrail.is_some();
    let (answer, input) = call.answer(&prompt, &body)?;
    let written = Invoked { call, body: &body, answer: &answer, input, guardrail };
    Ok(if call.operation.streams() { written.stream(&native) } else { written.reply(&native) })
}

fn unknown_model() -> Problem {
    Problem::validation("The provided model identifier is invalid.")
}

/// An answer to InvokeModel, to be written in the native format.
struct Invoked<'a> {
    call: &'a Call<'a>,
    body: &'a Value,
    answer: &'a Answer,
    input: InputTokens,
    guardrail: Option<Guardrail>,
}

impl Invoked<'_> {
    fn nova(&self) -> converse::Written<'_> {
        converse::Written {
            answer: self.answer,
            input: self.input,
            guardrail: None,
            body: self.body,
            model: &self.call.model,
            model_id: &self.call.model_id,
            signed: false,
        }
    }

    fn chat(&self, row: &'static chat::Row) -> chat::Written<'_> {
        chat::Written {
            row,
            answer: self.answer,
            input: self.input,
            model: &self.call.model,
            body: self.body,
            id: None,
        }
    }

    fn anthropic(&self) -> anthropic::Written<'_> {
        anthropic::Written { answer: self.answer, input: self.input, model: &self.call.model }
    }

    /// Returns the whole reply, with headers that have its usage.
    fn reply(&self, native: &Native) -> Reply {
        let mut body = match native {
            Native::Anthropic => self.anthropic().message(),
            Native::Nova => self.nova().message(),
            Native::CommandR => cohere::reply(self.body, self.answer),
            Native::Chat(row) => self.chat(row).completion(),
            Native::Text(row) => row.reply(self.body, self.answer, self.input),
        };
        self.add_guardrail(&mut body);
        let mut reply = Reply::json(&body);
        let mut header = |name: &str, value: usize| reply.set_header(name, value.to_string());
        header("x-amzn-bedrock-input-token-count", self.input.fresh);
        header("x-amzn-bedrock-output-token-count", self.answer.output_tokens);
        header("x-amzn-bedrock-invocation-latency", latency(self.answer));
        if self.input.read > 0 || self.input.written() > 0 {
            header("x-amzn-bedrock-cache-read-input-token-count", self.input.read);
            header("x-amzn-bedrock-cache-write-input-token-count", self.input.written());
        }
        self.echo_headers(&mut reply);
        reply
    }

    /// Returns the stream: one chunk per event, with the metrics in the last chunk.
    fn stream(&self, native: &Native) -> Reply {
        let mut events = match native {
            Native::Anthropic => self.anthropic().events(),
            Native::Nova => {
                self.nova().events().into_iter().map(|(event, payload)| json!({ event: payload })).collect()
            }
            Native::CommandR => cohere::events(self.body, self.answer),
            Native::Chat(row) => self.chat(row).chunks(),
            Native::Text(row) => row.pieces(self.body, self.answer, self.input),
        };
        if let Some(last) = events.last_mut() {
            self.add_guardrail(last);
            put(last, "amazon-bedrock-invocationMetrics", self.metrics());
        }
        let chunks = events.iter().enumerate().map(|(number, event)| frames::chunk(number, event)).collect();
        let mut reply = Reply::stream(chunks);
        reply.set_header("x-amzn-bedrock-content-type", "application/json");
        self.echo_headers(&mut reply);
        reply
    }

    fn metrics(&self) -> Value {
        let mut metrics = json!({
            "inputTokenCount": self.input.fresh,
            "outputTokenCount": self.answer.output_tokens,
            "invocationLatency": latency(self.answer),
            "firstByteLatency": 120,
        });
        if self.input.read > 0 || self.input.written() > 0 {
            put(&mut metrics, "cacheReadInputTokenCount", self.input.read);
            put(&mut metrics, "cacheWriteInputTokenCount", self.input.written());
        }
        metrics
    }

    /// Adds `amazon-bedrock-guardrailAction` and, if requested, `amazon-bedrock-trace`.
    fn add_guardrail(&self, reply: &mut Value) {
        let Some(guardrail) = self.guardrail else { return };
        let intervened = self.answer.stop == Stop::Guardrail;
        put(reply, "amazon-bedrock-guardrailAction", if intervened { "INTERVENED" } else { "NONE" });
        if guardrail.trace {
            let assessment = json!({"local-guardrail": guardrail_assessment(intervened)});
            put(reply, "amazon-bedrock-trace", json!({"guardrail": {"input": assessment}}));
        }
    }

    /// The reply has the requested tier and latency.
    fn echo_headers(&self, reply: &mut Reply) {
        for name in ["x-amzn-bedrock-service-tier", "x-amzn-bedrock-performanceconfig-latency"] {
            if let Some(value) = self.call.header(name) {
                reply.set_header(name, value);
            }
        }
    }
}

/// Returns the assessment of the local guardrail, which has one blocked word.
fn guardrail_assessment(intervened: bool) -> Value {
    let details = json!({
        "guardrailId": "local",
        "guardrailVersion": "1",
        "guardrailArn": "arn:aws:bedrock:us-east-1:123456789012:guardrail/local",
        "guardrailOrigin": ["REQUEST"],
        "guardrailOwnership": "SELF",
    });
    let metrics = json!({"guardrailProcessingLatency": 7});
    let mut assessment = json!({"invocationMetrics": metrics, "appliedGuardrailDetails": details});
    if intervened {
        let word = json!({"match": "BLOCKED", "action": "BLOCKED", "detected": true});
        put(&mut assessment, "wordPolicy", json!({"customWords": [word], "managedWordLists": []}));
    }
    assessment
}

/// Returns the service's reply to an unknown route: an error with status 200.
pub(crate) fn unknown_operation() -> Reply {
    Reply::json(&json!({
        "Output": { "__type": "com.amazon.coral.service#UnknownOperationException" },
        "Version": "1.0",
    }))
}

/// Returns the simulated latency of an answer in milliseconds.
fn latency(answer: &Answer) -> usize {
    120 + 11 * answer.output_tokens
}

/// An image in base64 as a part of a turn.
fn media_part(data: &str, media_type: &str, ledger: &mut Ledger) -> Result<Part, Problem> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(data)
        .map_err(|_| Problem::validation("The provided image is not valid base64."))?;
    ledger.media(&bytes);
    Ok(Part::Media(Media { media_type: media_type.to_owned(), bytes, title: None, cite: None, document_index: 0 }))
}
