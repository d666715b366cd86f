//! Calls of Bedrock's API, which are signed with the gateway's keys and forwarded. The answer is forwarded piece by piece;
//! only its usage is read.

use std::sync::Arc;

use super::answer::{Answer, Source};
use super::dialect::Relay;
use super::failure::{Failure, Reason};
use super::metadata;
use super::record::Recorder;
use super::tally::{Tally, Used};
use super::{Inner, body};
use crate::client::{Passing, PassingBody};
use crate::error::Result;
use crate::eventstream::{Frame, FrameDecoder};
use crate::headers::Headers;
use crate::json::{View, unescaped};
use crate::model::ModelId;
use crate::provider::Call;
use crate::provider::converse::decode::read_counts;
use crate::provider::invoke::{Counts, push_headers, read_chunk};
use crate::request::ChatOptions;
use crate::text::has;
use crate::transport::HttpResponse;

/// Request headers that are forwarded to Bedrock, besides all that begin with `x-amzn-bedrock-`.
const PASSED: &[&str] = &["content-type", "accept"];

/// Response headers that are forwarded to the client, besides all that begin with `x-amzn-` or `x-amz-`.
const ANSWERED: &[&str] = &["content-type", "retry-after", "request-id", "x-request-id"];

/// Maximum number of bytes of an answer that are kept to read its usage at the end. The usage of a longer answer is not
/// known.
const MAX_KEPT: usize = 1024 * 1024;

/// The member of the last chunk that has the service's counts.
const METRICS: &str = "amazon-bedrock-invocationMetrics";

/// The header of InvokeModel with the metadata of a call.
const METADATA: &str = "x-amzn-bedrock-request-metadata";

/// Returns the call of an operation on a model. `options` are those of the gateway and of the key, which win over the
/// client's. `removed` receives what is left out of the request.
///
/// # Errors
/// `Forbidden`, if the gateway has a guardrail and the operation would not apply it; `Invalid`, for a body of Converse
/// that cannot be read.
pub(super) fn call(
    model: &ModelId,
    operation: &str,
    given: &Headers,
    mut body: Vec<u8>,
    mut options: ChatOptions,
    removed: &mut Vec<String>,
) -> Result<Call, Failure> {
    let invokes = operation.starts_with("invoke");
    if options.guardrail.is_some() && operation.starts_with("converse") {
        let message = "this gateway has a guardrail, which Converse cannot be made to use; call InvokeModel, `/v1/messages` or `/v1/chat/completions`";
        return Err(Failure::new(Reason::Forbidden, message));
    }
    let mut headers = Headers::new();
    if invokes {
        check_guardrail(&body, &options)?;
        if let Some(own) = given.get(METADATA) {
            match View::parse(own).ok().and_then(metadata::pairs) {
                Some(own) => {
                    let prefix = [METADATA, " "].concat();
                    options.request_metadata = metadata::merged(&options.request_metadata, own, &prefix, removed);
                }
                None => removed.push(METADATA.to_owned()),
            }
        }
        push_headers(&mut headers, &options);
    } else if operation.starts_with("converse") {
        body = metadata::in_body(&body, &options.request_metadata, removed)?;
    }
    add(&mut headers, given, |name| PASSED.contains(&name) || name.starts_with("x-amzn-bedrock-"));
    Ok(Call::new(model.path(operation), headers, body, operation.ends_with("stream")))
}

/// Adds headers of a client. Settings of the gateway that are there win.
pub(super) fn add(headers: &mut Headers, given: &Headers, is_passed: impl Fn(&str) -> bool) {
    for (name, value) in given.iter() {
        if is_passed(name) && headers.get(name).is_none() {
            headers.push(name, value);
        }
    }
}

/// Checks that a body for InvokeModel does not limit the gateway's guardrail to a part of the conversation.
///
/// # Errors
/// `Forbidden`, for a body with settings of guardrails.
pub(super) fn check_guardrail(body: &[u8], options: &ChatOptions) -> Result<(), Failure> {
    const MEMBER: &str = "amazon-bedrock-guardrailConfig";
    // A body that cannot be read here may still be read by the service.
    let has_settings = || match View::from_bytes(body) {
        Ok(body) => body.raw_entries().any(|(key, _)| unescaped(key) == MEMBER),
        Err(_) => true,
    };
    if options.guardrail.is_some() && has_settings() {
        let message = "this gateway has a guardrail, whose settings a client cannot change; leave out `amazon-bedrock-guardrailConfig`";
        return Err(Failure::new(Reason::Forbidden, message));
    }
    Ok(())
}

/// Returns the headers of an answer that the client receives.
pub(super) fn passed_headers(headers: &Headers) -> Headers {
    let mut passed = Headers::new();
    let is_passed = |name: &str| ANSWERED.contains(&name) || name.starts_with("x-amz-") || name.starts_with("x-amzn-");
    for (name, value) in headers.iter().filter(|(name, _)| is_passed(name)) {
        passed.push(name, value);
    }
    passed
}

/// Returns the response of Bedrock as the client receives it.
///
/// # Errors
/// `Failed`, if the gateway's credentials are refused: the reason concerns only the operator.
pub(super) fn passed_on(
    inner: &Inner,
    operation: &str,
    passing: Passing,
    recorder: &mut Recorder,
) -> Result<HttpResponse, Failure> {
    let Passing { status, headers, body: bytes, runs } = passing;
    let passed = passed_headers(&headers);
    Ok(match bytes {
        PassingBody::Refusal(bytes, error) => {
            let text = error.to_string();
            let failure = Failure::from(error);
            if failure.reason == Reason::Failed {
                return Err(failure);
            }
            recorder.begin(status);
            recorder.end(Default::default(), Some(text));
            HttpResponse::new(status, passed, body(bytes))
        }
        PassingBody::Pieces(bytes) => {
            recorder.begin(status);
            recorder.runs = runs;
            let relay = Box::new(Observed::new(operation, &headers));
            let source = Source::Bytes { body: bytes, relay };
            let runtime = Arc::clone(inner.runtime());
            let answer = Answer::new(source, Vec::new(), None, recorder.taken(), runtime);
            HttpResponse::new(status, passed, Box::pin(answer))
        }
    })
}

/// Passes the bytes of an answer and reads its usage.
pub(super) struct Observed {
    reading: Reading,
    tally: Tally,
}

/// How the usage of an answer is read.
enum Reading {
    /// Usage is in a frame of an AWS event stream.
    Frames { frames: FrameDecoder, chunk: Vec<u8> },
    /// Usage is the member `usage` of a whole answer.
    Whole(Vec<u8>),
    /// Usage is in the headers, or is unknown.
    Nothing,
}

impl Observed {
    /// Creates a relay for the answer of an operation.
    pub(super) fn new(operation: &str, headers: &Headers) -> Self {
        let reading = match operation {
            "converse" => Reading::Whole(Vec::new()),
            "converse-stream" | "invoke-with-response-stream" => {
                Reading::Frames { frames: FrameDecoder::new(), chunk: Vec::new() }
            }
            _ => Reading::Nothing,
        };
        Self { reading, tally: Tally::of(Counts::from_headers(headers)) }
    }
}

impl Relay for Observed {
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(piece);
        let Self { reading, tally } = self;
        let is_over = match reading {
            Reading::Nothing => false,
            Reading::Whole(kept) => {
                kept.extend_from_slice(piece);
                kept.len() > MAX_KEPT
            }
            Reading::Frames { frames, chunk } => {
                frames.push(piece);
                loop {
                    match frames.next_frame() {
                        Ok(Some(frame)) => tally_frame(tally, &frame, chunk),
                        Ok(None) => break false,
                        // The client decodes the bytes itself and finds the same fault.
                        Err(_) => break true,
                    }
                }
            }
        };
        if is_over {
            if let Reading::Whole(kept) = reading {
                tally.write(kept);
            }
            *reading = Reading::Nothing;
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<()> {
        if let Reading::Whole(kept) = &self.reading {
            self.tally.write(kept);
            if let Some(usage) = View::from_bytes(kept).ok().and_then(|view| view.get("usage")) {
                self.tally.report(read_counts(usage));
            }
            self.reading = Reading::Nothing;
        }
        Ok(())
    }

    fn used(&self) -> Used {
        match &self.reading {
            Reading::Whole(kept) => self.tally.used_after(kept),
            _ => self.tally.used(),
        }
    }
}

/// Adds the text or the token counts of a frame. Converse sends counts in `metadata`, InvokeModel in the last chunk.
fn tally_frame(tally: &mut Tally, frame: &Frame<'_>, chunk: &mut Vec<u8>) {
    match frame.event_type() {
        Some("contentBlockDelta") => tally.write(frame.payload()),
        Some("metadata") => {
            if let Some(usage) = View::from_bytes(frame.payload()).ok().and_then(|view| view.get("usage")) {
                tally.report(read_counts(usage));
            }
        }
        Some("chunk") if read_chunk(frame.payload(), chunk).is_ok_and(|found| found) => {
            tally.write(chunk);
            // Most chunks are small texts, which are not parsed.
            let text = std::str::from_utf8(chunk).ok().filter(|text| has(text, METRICS));
            if let Some(metrics) = text.and_then(|text| View::parse(text).ok()?.get(METRICS)) {
                tally.report(Counts::from_metrics(metrics));
            }
        }
        _ => {}
    }
}
