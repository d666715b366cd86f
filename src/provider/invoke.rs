//! InvokeModel for all formats: paths, headers, guardrails, chunks and usage.

use crate::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Events;
use crate::eventstream::Frame;
use crate::headers::Headers;
use crate::json::{Json, View, Writer, combined, merged, parse_u64};
use crate::message::{AiMessage, StopReason, Usage};
use crate::model::ModelId;
use crate::request::{ChatOptions, ChatRequest, GuardrailTrace, StreamProcessing};

use super::{Call, Mode, StreamDecoder};

/// Returns an InvokeModel call with this body, the guardrail's settings and the caller's `model_kwargs`. The
/// `model_kwargs` may replace only the members at the paths in `defaults`.
///
/// # Errors
/// `Config`, if `model_kwargs` contradicts an option.
pub(crate) fn call(
    model: &ModelId,
    request: &ChatRequest,
    mode: Mode,
    body: Writer,
    defaults: &[&str],
) -> Result<Call> {
    let kwargs = request.options.model_kwargs.as_ref().map(Json::view);
    call_with(model, &request.options, mode, body, kwargs, defaults)
}

/// Same as [`call`], with the given kwargs: a format may have a separate place for some of the caller's
/// `model_kwargs`.
pub(crate) fn call_with(
    model: &ModelId,
    options: &ChatOptions,
    mode: Mode,
    body: Writer,
    kwargs: Option<View<'_>>,
    defaults: &[&str],
) -> Result<Call> {
    let body = completed(body, options, kwargs, defaults)?;
    let mut call = call_of(model, mode, body.into_bytes());
    push_headers(&mut call.headers, options);
    Ok(call)
}

/// Returns an InvokeModel call with this whole body, and without headers for options.
pub(crate) fn call_of(model: &ModelId, mode: Mode, body: Vec<u8>) -> Call {
    let mut headers = Headers::new();
    headers.push("content-type", "application/json");
    let (operation, accept) = match mode {
        Mode::Invoke => ("invoke", "accept"),
        Mode::Stream => ("invoke-with-response-stream", "x-amzn-bedrock-accept"),
    };
    headers.push(accept, "application/json");
    Call::new(model.path(operation), headers, body, mode == Mode::Stream)
}

/// Returns a body with the guardrail's settings and these kwargs. The kwargs may replace only the members at the
/// paths in `defaults`.
///
/// # Errors
/// `Config`, if the kwargs contradict an option.
pub(crate) fn completed(
    body: Writer,
    options: &ChatOptions,
    kwargs: Option<View<'_>>,
    defaults: &[&str],
) -> Result<Json> {
    let mut body = Json::written(body);
    if let Some(config) = guardrail_config(options) {
        body = merged(body.view(), config.view());
    }
    match kwargs {
        Some(kwargs) => with_kwargs(body.view(), kwargs, defaults),
        None => Ok(body),
    }
}

/// Merges the members of options with the caller's `model_kwargs`.
///
/// # Errors
/// `Config`, if the options and the kwargs contradict each other.
pub(crate) fn with_kwargs(own: View<'_>, kwargs: View<'_>, defaults: &[&str]) -> Result<Json> {
    combined(own, kwargs, defaults).map_err(|path| {
        Error::of(
            ErrorKind::Config,
            format_args!("`model_kwargs` contradicts an option or message: both set `{path}`; set it in one place"),
        )
        .with_field(["model_kwargs.", &path].concat())
    })
}

/// Adds the headers of a guardrail.
pub(crate) fn push_guardrail(headers: &mut Headers, options: &ChatOptions) {
    if let Some(guardrail) = &options.guardrail {
        headers.push("x-amzn-bedrock-guardrailidentifier", guardrail.identifier.clone());
        headers.push("x-amzn-bedrock-guardrailversion", guardrail.version.clone());
        if let Some(trace) = guardrail.trace {
            headers.push("x-amzn-bedrock-trace", GuardrailTrace::as_str(trace).to_ascii_uppercase());
        }
    }
}

/// Adds the headers of options that InvokeModel has no member for.
pub(crate) fn push_headers(headers: &mut Headers, options: &ChatOptions) {
    push_guardrail(headers, options);
    if let Some(latency) = options.latency {
        headers.push("x-amzn-bedrock-performanceconfig-latency", latency.as_str());
    }
    if let Some(tier) = options.service_tier {
        headers.push("x-amzn-bedrock-service-tier", tier.as_str());
    }
    if let Some(project) = &options.project {
        headers.push("x-amzn-bedrock-projectidentifier", project.clone());
    }
    if !options.request_metadata.is_empty() {
        let mut w = Writer::new();
        w.begin_object();
        for (key, value) in &options.request_metadata {
            w.field(key, value);
        }
        w.end_object();
        headers.push("x-amzn-bedrock-request-metadata", ascii(&w.finish()));
    }
}

/// Escapes JSON to ASCII, for a header.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    out.push(char::from_digit(u32::from(*unit) >> shift & 15, 16).unwrap_or('0'));
                }
            }
        }
    }
    out
}

/// Returns the members of a body for a guardrail.
fn guardrail_config(options: &ChatOptions) -> Option<Json> {
    let guardrail = options.guardrail.as_ref()?;
    if guardrail.tag_suffix.is_none() && guardrail.stream_processing.is_none() {
        return None;
    }
    let mut w = Writer::new();
    w.begin_object();
    w.object("amazon-bedrock-guardrailConfig");
    w.opt_field("tagSuffix", guardrail.tag_suffix.as_deref());
    let processing = guardrail.stream_processing.map(|processing| match processing {
        StreamProcessing::Sync => "SYNCHRONOUS",
        StreamProcessing::Async => "ASYNCHRONOUS",
    });
    w.opt_field("streamProcessingMode", processing);
    w.end_object();
    w.end_object();
    Some(Json::written(w))
}

/// Token counts of providers: input does not include tokens read from or written to the cache.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    pub(crate) cache_write: Option<u64>,
    pub(crate) cache_write_5m: Option<u64>,
    pub(crate) cache_write_1h: Option<u64>,
    pub(crate) reasoning: Option<u64>,
}

impl Counts {
    /// Returns these counts, overridden by the counts of `later`.
    pub(crate) fn or_later(self, later: Self) -> Self {
        Self {
            input: later.input.or(self.input),
            output: later.output.or(self.output),
            cache_read: later.cache_read.or(self.cache_read),
            cache_write: later.cache_write.or(self.cache_write),
            cache_write_5m: later.cache_write_5m.or(self.cache_write_5m),
            cache_write_1h: later.cache_write_1h.or(self.cache_write_1h),
            reasoning: later.reasoning.or(self.reasoning),
        }
    }

    /// Returns the usage as LangChain defines it: input includes the cache. `None` if nothing is known.
    pub(crate) fn usage(self) -> Option<Usage> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let (read, write) = (self.cache_read.unwrap_or(0), self.cache_write.unwrap_or(0));
        let input = self.input.unwrap_or(0).saturating_add(read).saturating_add(write);
        let mut usage = Usage::new(input, self.output.unwrap_or(0));
        usage.input_token_details.cache_read = read;
        usage.input_token_details.cache_creation = write;
        usage.input_token_details.cache_creation_5m = self.cache_write_5m.unwrap_or(0);
        usage.input_token_details.cache_creation_1h = self.cache_write_1h.unwrap_or(0);
        usage.output_token_details.reasoning = self.reasoning.unwrap_or(0);
        Some(usage)
    }

    pub(crate) fn from_headers(headers: &Headers) -> Self {
        let read = |name: &str| parse_u64(headers.get(name)?);
        Self {
            input: read("x-amzn-bedrock-input-token-count"),
            output: read("x-amzn-bedrock-output-token-count"),
            cache_read: read("x-amzn-bedrock-cache-read-input-token-count"),
            cache_write: read("x-amzn-bedrock-cache-write-input-token-count"),
            ..Self::default()
        }
    }

    /// Reads the service's own counts at the end of a stream.
    pub(crate) fn from_metrics(metrics: View<'_>) -> Self {
        let read = |key: &str| metrics.u64_at(key);
        Self {
            input: read("inputTokenCount"),
            output: read("outputTokenCount"),
            cache_read: read("cacheReadInputTokenCount"),
            cache_write: read("cacheWriteInputTokenCount"),
            ..Self::default()
        }
    }
}

/// Reads a field that the replies of all models may have. Returns whether `key` is such a field.
pub(crate) fn common_field(key: &str, value: View<'_>, counts: &mut Counts, out: &mut Events) -> bool {
    if !key.starts_with("amazon-bedrock-") {
        return false;
    }
    if key == "amazon-bedrock-invocationMetrics" {
        *counts = counts.or_later(Counts::from_metrics(value));
    }
    out.metadata(key, value);
    if key == "amazon-bedrock-guardrailAction" && value.word() == "INTERVENED" {
        // The guardrail stopped this reply. The model's own stop reason stays in the metadata.
        out.push(crate::event::ChatEvent::Stop { reason: StopReason::GuardrailIntervened, sequence: None });
    }
    true
}

/// Returns a whole reply from its events. The service's counts in the headers override the model's in the
/// body.
pub(crate) fn message(mut events: Events, counts: Counts, headers: &Headers) -> AiMessage {
    if let Some(usage) = counts.or_later(Counts::from_headers(headers)).usage() {
        events.usage(&mut Usage::default(), usage);
    }
    let mut accumulator = crate::event::Accumulator::new();
    accumulator.extend(&mut events);
    accumulator.finish()
}

/// Returns the base64 at the beginning of a payload, where the service writes it. The rest is padding, which the
/// frame's checksum covers.
fn leading_bytes(payload: &[u8]) -> Option<&[u8]> {
    let rest = payload.strip_prefix(b"{\"bytes\":\"")?;
    rest.get(..rest.iter().position(|byte| *byte == b'"')?)
}

/// Returns whether a chunk's payload is a heartbeat: empty or plain text, and not a damaged object.
fn is_heartbeat(payload: &[u8]) -> bool {
    // The first byte is enough to decide for most frames.
    !payload.trim_ascii_start().starts_with(b"{") && std::str::from_utf8(payload).is_ok()
}

/// Decodes the bytes of a chunk from the payload of its frame. Returns `false` if there are no bytes: the
/// payload is a heartbeat, or of an unknown form.
///
/// # Errors
/// `Decode`, if the payload is damaged.
pub(crate) fn read_chunk(payload: &[u8], chunk: &mut Vec<u8>) -> Result<bool> {
    chunk.clear();
    if is_heartbeat(payload) {
        return Ok(false);
    }
    if let Some(bytes) = leading_bytes(payload) {
        base64::decode(bytes, chunk)?;
    } else {
        let payload = View::from_bytes(payload).map_err(|error| {
            Error::of(ErrorKind::Decode, format_args!("the payload of a frame is not JSON: {error}"))
        })?;
        let Some(bytes) = payload.get("bytes").and_then(View::str) else { return Ok(false) };
        base64::decode(bytes.as_bytes(), chunk)?;
    }
    Ok(!chunk.iter().all(u8::is_ascii_whitespace))
}

/// A decoder for the JSON in the chunks of an InvokeModel stream.
pub(crate) trait ChunkDecoder: Send {
    /// Decodes one chunk, and adds its usage to `counts`.
    fn chunk(&mut self, chunk: View<'_>, counts: &mut Counts, out: &mut Events) -> Result<()>;

    /// Reads `[DONE]`, which ends OpenAI's streams. Formats without it ignore it.
    fn done(&mut self, out: &mut Events) {
        let _ = out;
    }

    /// Returns whether the provider's last event has arrived.
    fn is_complete(&self) -> bool;
}

/// The chunks of one stream in any framing: their decoder, and their usage so far.
pub(crate) struct Chunks {
    decoder: Box<dyn ChunkDecoder>,
    counts: Counts,
    reported: Usage,
}

impl Chunks {
    pub(crate) fn new(decoder: impl ChunkDecoder + 'static) -> Self {
        Self { decoder: Box::new(decoder), counts: Counts::default(), reported: Usage::default() }
    }

    pub(crate) fn chunk(&mut self, chunk: View<'_>, out: &mut Events) -> Result<()> {
        self.decoder.chunk(chunk, &mut self.counts, out)
    }

    /// Reads `[DONE]`: see [`ChunkDecoder::done`].
    pub(crate) fn done(&mut self, out: &mut Events) {
        self.decoder.done(out);
    }

    /// Adds the usage at the end of the stream.
    ///
    /// # Errors
    /// `Truncated`, if the provider's last event has not arrived.
    pub(crate) fn finish(&mut self, out: &mut Events) -> Result<()> {
        if let Some(usage) = self.counts.usage() {
            out.usage(&mut self.reported, usage);
        }
        check_end(self.decoder.is_complete())
    }
}

/// Checks at the end of a stream that the provider's last event has arrived.
///
/// # Errors
/// `Truncated`, if the provider's last event has not arrived.
pub(crate) fn check_end(is_complete: bool) -> Result<()> {
    match is_complete {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Truncated, "the stream ended before the message did")),
    }
}

/// A decoder for InvokeModel streams: base64 inside JSON inside frames.
pub(crate) struct InvokeDecoder {
    chunks: Chunks,
    chunk: Vec<u8>,
}

impl InvokeDecoder {
    pub(crate) fn boxed(decoder: impl ChunkDecoder + 'static) -> Box<dyn StreamDecoder> {
        Box::new(Self { chunks: Chunks::new(decoder), chunk: Vec::new() })
    }
}

impl StreamDecoder for InvokeDecoder {
    fn frame(&mut self, frame: &Frame<'_>, out: &mut Events) -> Result<()> {
        let name = frame.event_type().unwrap_or("chunk");
        if name != "chunk" {
            out.unknown(name, frame.payload());
            return Ok(());
        }
        if !read_chunk(frame.payload(), &mut self.chunk)? {
            out.unknown(name, frame.payload());
            return Ok(());
        }
        let chunk = View::from_bytes(&self.chunk)
            .map_err(|error| Error::of(ErrorKind::Decode, format_args!("a chunk is not JSON: {error}")))?;
        self.chunks.chunk(chunk, out)
    }

    fn finish(&mut self, out: &mut Events) -> Result<()> {
        self.chunks.finish(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_metadata_header_is_ascii_json() {
        let text = ascii(r#"{"k":"é😀"}"#);
        assert!(text.is_ascii());
        assert_eq!(View::parse(&text).unwrap().get("k").unwrap().str().unwrap(), "é😀");
    }

    #[test]
    fn usage_counts_cached_tokens_as_input() {
        let counts = Counts {
            input: Some(3),
            output: Some(50),
            cache_read: Some(7854),
            cache_write: Some(100),
            ..Counts::default()
        };
        let usage = counts.usage().unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.total_tokens()), (7957, 50, 8007));
        assert!(Counts::default().usage().is_none());
    }
}
