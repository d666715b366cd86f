//! Calls as `tracing` spans with OpenTelemetry's GenAI attributes.

mod content;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::tracing::field::Empty;
use ::tracing::{Span, info, info_span, warn};

use super::{Observer, Run, RunStart};
use crate::error::Error;
use crate::event::ChatEvent;
use crate::json::Writer;
use crate::message::{AiMessage, Usage};
use crate::platform::{Runtime, SystemRuntime};
use crate::provider::Mode;
use crate::request::ChatOptions;

/// Makes a [`tracing`](https://docs.rs/tracing) span of every call, with the
/// attributes of OpenTelemetry's
/// [conventions for AWS Bedrock](https://opentelemetry.io/docs/specs/semconv/gen-ai/aws-bedrock/).
///
/// The span is called `chat {model}` (`text_completion {model}` for a raw prompt). It is a child of the current span,
/// and ends with the call, whatever the outcome. Its target is `bedrock_chat`, its level `INFO`. Failed attempts are
/// events of the span.
///
/// | attribute | what |
/// |---|---|
/// | `gen_ai.operation.name`, `gen_ai.provider.name` | `chat`, `aws.bedrock` |
/// | `gen_ai.request.*` | `model`, `max_tokens`, `temperature`, `top_p`, `top_k`, `stop_sequences`, `stream` |
/// | `gen_ai.output.type` | `json`, if a schema is requested |
/// | `gen_ai.conversation.id` | metadata of the call called `conversation_id`, `thread_id` or `session_id` |
/// | `gen_ai.response.*` | `id`, `model`, `finish_reasons`, `time_to_first_chunk` (seconds, streams only) |
/// | `gen_ai.usage.*` | `input_tokens` (cached ones included), `output_tokens`, `cache_read.input_tokens`, `cache_creation.input_tokens`, `reasoning.output_tokens` |
/// | `aws.bedrock.guardrail.id`, `aws.request_id`, `cloud.region` | if there is one |
/// | `server.address`, `server.port` | who was called |
/// | `error.type` | AWS's name of the exception, else [`ErrorKind`](crate::ErrorKind)'s; `cancelled` for a call that was given up before its answer began |
///
/// Spans do not have the conversation, not even in error messages, unless
/// [switched on](Self::with_content). `tracing` does not support lists, so lists are JSON strings.
///
/// `otel.name`, `otel.kind` and `otel.status_code` are for
/// [`tracing-opentelemetry`](https://docs.rs/tracing-opentelemetry), which
/// exports the spans.
///
/// ```
/// use bedrock_chat::{BedrockChat, Credentials, TracingObserver};
/// use bedrock_chat::testing::{MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[{"type":"text","text":"Bonjour"}]}"#)]);
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
/// #   .region("us-east-1").credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport)
///     .observer(TracingObserver::new())
///     .build()?;
/// assert_eq!(chat.invoke("Hello in French?").await?.text(), "Bonjour");
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct TracingObserver {
    content: bool,
    runtime: Arc<dyn Runtime>,
}

impl Default for TracingObserver {
    fn default() -> Self {
        Self { content: false, runtime: Arc::new(SystemRuntime) }
    }
}

impl fmt::Debug for TracingObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingObserver").field("content", &self.content).finish_non_exhaustive()
    }
}

impl TracingObserver {
    /// Creates an observer whose spans have no content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether spans have the content: `gen_ai.system_instructions`, `gen_ai.input.messages`,
    /// `gen_ai.output.messages`, `gen_ai.tool.definitions` (JSON texts in OpenTelemetry's form) and the messages of
    /// errors. Defaults to `false`.
    ///
    /// ```
    /// let observer = bedrock_chat::TracingObserver::new().with_content(true);
    /// ```
    #[must_use]
    pub fn with_content(mut self, content: bool) -> Self {
        self.content = content;
        self
    }

    /// Sets the clock, for the time to the first chunk. Defaults to the system's clock.
    ///
    /// ```
    /// let observer = bedrock_chat::TracingObserver::new().with_runtime(bedrock_chat::SystemRuntime);
    /// ```
    #[must_use]
    pub fn with_runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Arc::new(runtime);
        self
    }
}

impl Observer for TracingObserver {
    fn start(&self, start: &RunStart<'_>) -> Option<Box<dyn Run>> {
        let model = start.model.as_str();
        let operation = if start.request.raw { "text_completion" } else { "chat" };
        let options = &start.request.options;
        let span = info_span!(
            target: "bedrock_chat",
            "chat",
            otel.name = format_args!("{operation} {model}"),
            otel.kind = "client",
            otel.status_code = Empty,
            otel.status_description = Empty,
            gen_ai.operation.name = operation,
            gen_ai.provider.name = "aws.bedrock",
            gen_ai.request.model = model,
            gen_ai.request.max_tokens = options.max_tokens.map(int),
            gen_ai.request.temperature = options.temperature,
            gen_ai.request.top_p = options.top_p,
            gen_ai.request.top_k = options.top_k.map(|top_k| top_k as f64),
            gen_ai.request.stop_sequences = Empty,
            gen_ai.request.stream = (start.mode == Mode::Stream).then_some(true),
            "gen_ai.output.type" = options.response_format.is_some().then_some("json"),
            gen_ai.conversation.id = Empty,
            gen_ai.system_instructions = Empty,
            gen_ai.input.messages = Empty,
            gen_ai.tool.definitions = Empty,
            gen_ai.output.messages = Empty,
            gen_ai.response.id = Empty,
            gen_ai.response.model = Empty,
            gen_ai.response.finish_reasons = Empty,
            gen_ai.response.time_to_first_chunk = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            gen_ai.usage.cache_creation.input_tokens = Empty,
            gen_ai.usage.reasoning.output_tokens = Empty,
            aws.bedrock.guardrail.id = options.guardrail.as_ref().map(|guardrail| guardrail.identifier.as_str()),
            aws.request_id = Empty,
            cloud.region = start.region,
            server.address = Empty,
            server.port = Empty,
            "error.type" = Empty,
        );
        if span.is_disabled() {
            return None;
        }
        record_address(&span, start.host);
        record_details(&span, options, start);
        if self.content {
            content::record_request(&span, start.request);
        }
        let (content, runtime) = (self.content, Arc::clone(&self.runtime));
        Some(Box::new(CallSpan {
            span,
            content,
            runtime,
            start: start.now,
            answered: false,
            so_far: AiMessage::default(),
            ended: false,
        }))
    }
}

/// Records host and port. AWS's hosts use port 443 only.
fn record_address(span: &Span, host: &str) {
    let (address, port) = match host.rsplit_once(':') {
        // An IPv6 address is in brackets.
        Some((address, port)) if !port.contains(']') => (address, port.parse().ok()),
        _ => (host, host.contains(".amazonaws.com").then_some(443_i64)),
    };
    span.record("server.address", address.trim_matches(['[', ']']));
    if let Some(port) = port {
        span.record("server.port", port);
    }
}

fn record_details(span: &Span, options: &ChatOptions, start: &RunStart<'_>) {
    if !options.stop.is_empty() {
        span.record("gen_ai.request.stop_sequences", list(options.stop.iter().map(String::as_str)).as_str());
    }
    let metadata = &start.config.metadata;
    let names = ["conversation_id", "thread_id", "session_id"];
    let conversation = names.iter().find_map(|name| metadata.iter().find(|(key, _)| key == name));
    if let Some(id) = conversation.and_then(|(_, value)| value.view().string()) {
        span.record("gen_ai.conversation.id", id.as_str());
    }
}

/// Returns a signed number: `tracing-opentelemetry` exports unsigned numbers as strings.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a list as JSON, as `tracing` does not support lists.
fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut w = Writer::new();
    w.begin_array();
    texts.for_each(|text| w.string(text));
    w.end_array();
    w.finish()
}

/// The span of a call, which ends when this is dropped.
struct CallSpan {
    span: Span,
    content: bool,
    runtime: Arc<dyn Runtime>,
    start: Duration,
    /// Whether the first piece of a stream has arrived.
    answered: bool,
    /// The stream's message so far, without its content. An attribute can be recorded once, so this is recorded
    /// at the end.
    so_far: AiMessage,
    ended: bool,
}

impl fmt::Debug for CallSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallSpan").field("span", &self.span.id()).finish_non_exhaustive()
    }
}

impl CallSpan {
    fn record_usage(&self, usage: Usage) {
        let span = &self.span;
        span.record("gen_ai.usage.input_tokens", int(usage.input_tokens));
        span.record("gen_ai.usage.output_tokens", int(usage.output_tokens));
        span.record("gen_ai.usage.cache_read.input_tokens", int(usage.input_token_details.cache_read));
        span.record("gen_ai.usage.cache_creation.input_tokens", int(usage.input_token_details.cache_creation));
        // Most models do not report this number.
        if usage.output_token_details.reasoning > 0 {
            span.record("gen_ai.usage.reasoning.output_tokens", int(usage.output_token_details.reasoning));
        }
    }

    fn record_message(&self, message: &AiMessage) {
        let span = &self.span;
        let texts = [
            ("gen_ai.response.id", &message.id),
            ("gen_ai.response.model", &message.model),
            ("aws.request_id", &message.request_id),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                span.record(name, text.as_str());
            }
        }
        if let Some(reason) = &message.stop_reason {
            span.record("gen_ai.response.finish_reasons", list([reason.as_str()].into_iter()).as_str());
        }
        if let Some(usage) = message.usage {
            self.record_usage(usage);
        }
        if self.content && !message.content.is_empty() {
            content::record_reply(span, message);
        }
    }
}

/// Returns AWS's name of the exception, or else the error's kind: a small set of stable values.
fn error_type(error: &Error) -> &str {
    error.aws_type().unwrap_or(error.kind().as_str())
}

/// Returns an error's message in full, or without parts that may quote the conversation.
fn description(error: &Error, content: bool) -> String {
    match (content, error.status()) {
        (true, _) => error.to_string(),
        (false, Some(status)) => format!("{} (HTTP {status})", error_type(error)),
        (false, None) => error_type(error).to_owned(),
    }
}

impl Run for CallSpan {
    /// A cancelled call is reported on drop, with the part that had arrived.
    fn cancelled(&mut self) {}

    fn event(&mut self, event: &ChatEvent) {
        if !std::mem::replace(&mut self.answered, true) {
            let waited = self.runtime.now().saturating_sub(self.start);
            self.span.record("gen_ai.response.time_to_first_chunk", waited.as_secs_f64());
        }
        match event {
            ChatEvent::Start { id, model } => {
                self.so_far.id.clone_from(id);
                self.so_far.model.clone_from(model);
            }
            ChatEvent::Usage { usage } => {
                *self.so_far.usage.get_or_insert_default() += *usage;
            }
            _ => {}
        }
    }

    fn retry(&mut self, attempt: u32, error: &Error, delay: Duration) {
        // The next attempt begins a new message.
        self.so_far = AiMessage::default();
        warn!(
            target: "bedrock_chat",
            parent: &self.span,
            attempt = i64::from(attempt),
            "error.type" = error_type(error),
            error.message = self.content.then(|| ::tracing::field::display(error)),
            delay_seconds = delay.as_secs_f64(),
            "attempt failed"
        );
    }

    fn end(&mut self, message: &AiMessage) {
        self.ended = true;
        self.record_message(message);
    }

    fn error(&mut self, error: &Error) {
        self.ended = true;
        self.span.record("error.type", error_type(error));
        self.span.record("otel.status_code", "ERROR");
        self.span.record("otel.status_description", description(error, self.content).as_str());
        match error.partial() {
            Some(partial) => self.record_message(partial),
            None => {
                if let Some(id) = error.request_id() {
                    self.span.record("aws.request_id", id);
                }
            }
        }
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.record_message(&self.so_far);
        // Dropping a stream after its first event is not a failure.
        if !self.answered {
            self.span.record("error.type", "cancelled");
        }
        info!(target: "bedrock_chat", parent: &self.span, "given up by the caller");
    }
}
