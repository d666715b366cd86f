//! Bedrock's batch inference: jobs of many thousands of records that AWS runs from S3 to S3, at half the
//! price. The codecs of single calls encode and decode the records; callers move the files.
//!
//! See [Process multiple prompts with batch inference](https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html).

mod job;

pub use job::{BatchJob, BatchJobStatus, BatchRecordCounts, BatchVpc};

use crate::api::Api;
use crate::chat::BedrockChat;
use crate::error::{Error, ErrorKind, Result, from_exception};
use crate::headers::Headers;
use crate::json::{Kind, View, Writer};
use crate::message::AiMessage;
use crate::provider::body::object;
use crate::provider::{Call, Mode};
use crate::request::IntoMessages;

/// One record of a job's output.
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials};
/// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
/// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).build()?;
/// let line = r#"{"recordId":"r1","modelInput":{},"modelOutput":{"content":[{"type":"text","text":"Bonjour"}]}}"#;
/// let record = chat.read_batch_record(line)?;
/// assert_eq!((record.id.as_str(), record.reply?.text().as_str()), ("r1", "Bonjour"));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchRecord {
    /// The id from the input, or one that the service assigned.
    pub id: String,
    /// The reply, or the error of this record.
    pub reply: Result<AiMessage>,
}

impl BedrockChat {
    /// Returns one line of a job's input: this conversation with the chat's options, in the model's own format, or in
    /// Converse's if the chat uses Converse.
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).build()?;
    /// let line = chat.batch_record("record-1", "Hello in French?")?;
    /// assert!(line.starts_with(r#"{"recordId":"record-1","modelInput":{"#) && !line.contains('\n'));
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`BedrockChat::invoke`] before anything is sent; `Unsupported` for options that InvokeModel
    /// accepts in headers, such as a guardrail: a record has no headers. `Unsupported` for other APIs than InvokeModel
    /// and Converse.
    pub fn batch_record(&self, id: &str, messages: impl IntoMessages) -> Result<String> {
        check_api(self.client().codec.api())?;
        let request = self.request(messages)?;
        let call = self.client().encode(&request, Mode::Invoke)?;
        check_headers(&call, &self.client().headers)?;
        let mut w = Writer::new();
        w.begin_object();
        w.field("recordId", id);
        w.member("modelInput", object(&call.body)?);
        w.end_object();
        // A record must be one line; JSON from the caller may contain line breaks.
        Ok(w.finish().replace(['\n', '\r'], " "))
    }

    /// Reads one line of a job's output.
    ///
    /// # Errors
    /// `Decode`, if the line is not a record. The error of a record is in [`BatchRecord::reply`].
    pub fn read_batch_record(&self, line: &str) -> Result<BatchRecord> {
        let view = object(line.trim().as_bytes())?;
        let Some(id) = view.string_at("recordId") else {
            return Err(Error::new(ErrorKind::Decode, "not a record of batch inference: it has no `recordId`"));
        };
        let output = view.get("modelOutput").filter(|output| output.kind() == Kind::Object);
        let reply = match (output, view.get("error")) {
            (Some(output), _) => {
                let input = view.get("modelInput").map_or(Vec::new(), |input| input.raw().as_bytes().to_vec());
                let call = Call::new("", Headers::new(), input, false);
                self.client().codec.decode(&call, output.raw().as_bytes(), &Headers::new())
            }
            (None, Some(error)) => Err(failed(error)),
            (None, None) => Err(Error::new(ErrorKind::Decode, "the record has neither modelOutput nor error")),
        };
        Ok(BatchRecord { id, reply })
    }
}

/// Checks that batch inference supports the API.
///
/// See [the API's types of invocations](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelInvocationJob.html).
fn check_api(api: Api) -> Result<()> {
    if matches!(api, Api::Invoke | Api::Converse) {
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Unsupported,
        format_args!("batch inference does not support the {} API; use InvokeModel or Converse", api.title()),
    )
    .with_field("api"))
}

/// The options that InvokeModel takes in headers.
const HEADERS: &[(&str, &str)] = &[
    ("x-amzn-bedrock-guardrail", "guardrail"),
    ("x-amzn-bedrock-trace", "guardrail"),
    ("x-amzn-bedrock-performanceconfig-latency", "latency"),
    ("x-amzn-bedrock-service-tier", "service_tier"),
    ("x-amzn-bedrock-request-metadata", "request_metadata"),
];

/// Rejects options that are sent in headers: a record has no headers, so the job would run without them.
fn check_headers(call: &Call, own: &Headers) -> Result<()> {
    let of_options = own.iter().filter(|(name, _)| name.starts_with("x-amzn-bedrock-"));
    let is_lost = |(name, _): &(&str, &str)| !matches!(*name, "content-type" | "accept");
    let lost = call.headers.iter().chain(of_options).find(is_lost);
    let Some((name, _)) = lost else { return Ok(()) };
    let option = HEADERS.iter().find(|(begin, _)| name.starts_with(begin)).map_or(name, |(_, option)| option);
    Err(Error::of(
        ErrorKind::Unsupported,
        format_args!("batch records of InvokeModel cannot have `{option}`; leave it unset, or use the Converse API"),
    )
    .with_field(option))
}

/// `{"errorCode": 400, "errorMessage": "…"}`
fn failed(error: View<'_>) -> Error {
    let message = error.text_at("errorMessage");
    let mut w = Writer::new();
    w.begin_object();
    w.field("message", &message);
    w.opt_u64("originalStatusCode", error.u64_at("errorCode"));
    w.end_object();
    let name = match error.u64_at("errorCode") {
        Some(400) => "ValidationException",
        Some(403) => "AccessDeniedException",
        Some(429) => "ThrottlingException",
        Some(500) => "InternalServerException",
        _ => "ModelErrorException",
    };
    from_exception(name, w.finish().as_bytes())
}

#[cfg(test)]
mod tests;
