//! Bedrock's batch inference: jobs of many thousands of records that AWS runs from S3 to S3, at half the
//! price. The codecs of single calls encode and decode the records; callers move the files.
//!
//! See [Process multiple prompts with batch inference](https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html).

use std::time::Duration;

use crate::api::{Api, Service};
use crate::chat::BedrockChat;
use crate::error::{Error, ErrorKind, Result, from_exception};
use crate::headers::Headers;
use crate::json::{Kind, View, Writer};
use crate::message::AiMessage;
use crate::method::Method;
use crate::provider::body::{json_call, object};
use crate::provider::{Call, Mode};
use crate::request::IntoMessages;
use crate::sigv4::encode_path_segment;

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

/// The parameters of a job. The role must be allowed to read the input and write the output.
///
/// ```
/// use bedrock_chat::BatchJob;
/// let job = BatchJob::new("nightly", "arn:aws:iam::123456789012:role/batch", "s3://in/records.jsonl", "s3://out/");
/// assert_eq!(job.timeout_hours, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchJob {
    /// The job's name, at most 63 of letters, digits, `+`, `-` and `.`.
    pub name: String,
    /// The ARN of the service role that the job runs as.
    pub role_arn: String,
    /// Where the records are: `s3://bucket/file.jsonl`, or a folder of such files.
    pub input: String,
    /// The folder in S3 for the output.
    pub output: String,
    /// The timeout in hours, 24 to 168. Defaults to the service's default, 24.
    pub timeout_hours: Option<u64>,
    /// A token for idempotency: requests with the same token start one job. Defaults to none.
    pub client_request_token: Option<String>,
}

impl BatchJob {
    /// Creates a job with its name, role, input and output.
    pub fn new(
        name: impl Into<String>,
        role_arn: impl Into<String>,
        input: impl Into<String>,
        output: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            role_arn: role_arn.into(),
            input: input.into(),
            output: output.into(),
            timeout_hours: None,
            client_request_token: None,
        }
    }
}

/// The status of a job.
///
/// ```
/// fn over(status: &bedrock_chat::BatchJobStatus) -> bool {
///     status.is_over()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchJobStatus {
    /// `Submitted`, `Validating`, `Scheduled`, `InProgress`, `Completed`,
    /// `PartiallyCompleted`, `Failed`, `Stopping`, `Stopped` or `Expired`.
    pub status: String,
    /// The service's message, mostly about a failure.
    pub message: Option<String>,
    /// How many records are done, and how many there are, if the service reports it.
    pub processed: Option<(u64, u64)>,
}

impl BatchJobStatus {
    /// Returns whether the job has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "Completed" | "PartiallyCompleted" | "Failed" | "Stopped" | "Expired")
    }
}

impl BedrockChat {
    /// One line of a job's input: this conversation with this chat's options, in
    /// the model's own format (or Converse's, where the chat speaks that).
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
    /// accepts in headers, such as a guardrail: a record has no headers.
    pub fn batch_record(&self, id: &str, messages: impl IntoMessages) -> Result<String> {
        let request = self.request(messages)?;
        let call = self.client().encode(&request, Mode::Invoke)?;
        check_headers(&call, &self.client().headers)?;
        let mut w = Writer::new();
        w.begin_object();
        w.field("recordId", id);
        w.member("modelInput", object(&call.body)?);
        w.end_object();
        // A record is one line, whatever white space the caller's own JSON brought in.
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

    /// Starts a job and gives its ARN.
    ///
    /// See [CreateModelInvocationJob](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelInvocationJob.html).
    ///
    /// # Errors
    /// As [`BedrockChat::invoke`].
    pub async fn create_batch_job(&self, job: &BatchJob) -> Result<String> {
        let client = self.client();
        let mut w = Writer::new();
        w.begin_object();
        w.field("jobName", &job.name);
        w.field("roleArn", &job.role_arn);
        w.field("modelId", client.model.as_str());
        if client.codec.api() == Api::Converse {
            w.field("modelInvocationType", "Converse");
        }
        w.opt_field("clientRequestToken", job.client_request_token.as_deref());
        w.opt_u64("timeoutDurationInHours", job.timeout_hours);
        w.object("inputDataConfig");
        w.object("s3InputDataConfig");
        w.field("s3InputFormat", "JSONL");
        w.field("s3Uri", &job.input);
        w.end_object();
        w.end_object();
        w.object("outputDataConfig");
        w.object("s3OutputDataConfig");
        w.field("s3Uri", &job.output);
        w.end_object();
        w.end_object();
        w.end_object();
        let mut call = json_call("/model-invocation-job".to_owned(), w);
        call.service = Service::ControlPlane;
        client.operation(call, read_arn).await
    }

    /// How a job is doing, by its ARN.
    ///
    /// See [GetModelInvocationJob](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationJob.html).
    ///
    /// # Errors
    /// As [`BedrockChat::invoke`].
    pub async fn batch_job(&self, arn: &str) -> Result<BatchJobStatus> {
        let path = format!("/model-invocation-job/{}", encode_path_segment(arn));
        let mut call = Call::new(path, Headers::new(), Vec::new(), false);
        call.method = Method::Get;
        call.service = Service::ControlPlane;
        self.client().operation(call, read_status).await
    }

    /// Waits until a job has ended. Requests its status from time to time, and calls a function with it.
    ///
    /// # Errors
    /// Same as [`BedrockChat::batch_job`]. A job that fails is not an error: see its status.
    pub async fn follow_batch_job(
        &self,
        arn: &str,
        every: Duration,
        mut watch: impl FnMut(&BatchJobStatus),
    ) -> Result<BatchJobStatus> {
        loop {
            let status = self.batch_job(arn).await?;
            watch(&status);
            if status.is_over() {
                return Ok(status);
            }
            self.client().runtime.sleep(every).await;
        }
    }
}

/// The options that InvokeModel takes in headers.
const HEADERS: &[(&str, &str)] = &[
    ("x-amzn-bedrock-guardrail", "guardrail"),
    ("x-amzn-bedrock-trace", "guardrail"),
    ("x-amzn-bedrock-performanceconfig-latency", "latency"),
    ("x-amzn-bedrock-service-tier", "service_tier"),
    ("x-amzn-bedrock-request-metadata", "request_metadata"),
];

/// Rejects what a record cannot hold: a job would run without it.
fn check_headers(call: &Call, own: &Headers) -> Result<()> {
    let of_options = own.iter().filter(|(name, _)| name.starts_with("x-amzn-bedrock-"));
    let is_lost = |(name, _): &(&str, &str)| !matches!(*name, "content-type" | "accept");
    let lost = call.headers.iter().chain(of_options).find(is_lost);
    let Some((name, _)) = lost else { return Ok(()) };
    let option = HEADERS.iter().find(|(begin, _)| name.starts_with(begin)).map_or(name, |(_, option)| option);
    Err(Error::of(
        ErrorKind::Unsupported,
        format_args!(
            "batch records of InvokeModel have no place for `{option}`; leave it unset, or use the Converse API"
        ),
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

fn read_arn(body: &[u8]) -> Result<String> {
    let arn = object(body)?.string_at("jobArn");
    arn.ok_or_else(|| Error::new(ErrorKind::Decode, "the answer has no \"jobArn\""))
}

fn read_status(body: &[u8]) -> Result<BatchJobStatus> {
    let view = object(body)?;
    let Some(status) = view.string_at("status") else {
        return Err(Error::new(ErrorKind::Decode, "the answer has no \"status\""));
    };
    let number = |key: &str| view.u64_at(key);
    let processed = number("processedRecordCount").zip(number("totalRecordCount"));
    Ok(BatchJobStatus { status, message: view.string_at("message"), processed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryTransport, Reply};
    use crate::{Credentials, StopReason};

    fn chat(model: &str, replies: impl IntoIterator<Item = Reply>) -> (BedrockChat, MemoryTransport) {
        let transport = MemoryTransport::new(replies);
        let chat = BedrockChat::builder(model)
            .region("us-east-1")
            .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
            .transport(transport.clone())
            .build()
            .unwrap();
        (chat, transport)
    }

    #[test]
    fn batch_records_match_single_calls() {
        for model in [
            "anthropic.claude-3-haiku-20240307-v1:0",
            "meta.llama3-1-70b-instruct-v1:0",
            "amazon.nova-lite-v1:0",
            "openai.gpt-oss-120b-1:0",
        ] {
            let (chat, _) = chat(model, []);
            let line = chat.batch_record("r 1", [("system", "Be\nbrief."), ("human", "hello")]).unwrap();
            assert!(!line.contains('\n'));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(value["recordId"], "r 1");
            assert!(value["modelInput"].as_object().is_some_and(|input| !input.is_empty()), "{line}");
        }
        let (chat, _) = chat("meta.llama3-1-70b-instruct-v1:0", []);
        let line = r#"{"recordId":"1","modelInput":{"prompt":"x"},"modelOutput":{"generation":"hi","stop_reason":"length","prompt_token_count":3,"generation_token_count":2}}"#;
        let reply = chat.read_batch_record(line).unwrap().reply.unwrap();
        assert_eq!((reply.text().as_str(), reply.stop_reason), ("hi", Some(StopReason::MaxTokens)));
    }

    #[test]
    fn batch_record_rejects_options_that_are_sent_as_headers() {
        use crate::request::{ChatOptions, Guardrail, Latency, ServiceTier};
        let (chat, _) = chat("anthropic.claude-3-haiku-20240307-v1:0", []);
        let guardrail = Some(Guardrail::new("gr-1", "1"));
        let metadata = vec![("team".to_owned(), "a".to_owned())];
        for (name, options) in [
            ("guardrail", ChatOptions { guardrail, ..ChatOptions::default() }),
            ("latency", ChatOptions { latency: Some(Latency::Optimized), ..ChatOptions::default() }),
            ("service_tier", ChatOptions { service_tier: Some(ServiceTier::Flex), ..ChatOptions::default() }),
            ("request_metadata", ChatOptions { request_metadata: metadata, ..ChatOptions::default() }),
        ] {
            let error = chat.with_options(&options).batch_record("1", "hello").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn failed_batch_record_keeps_its_id_and_reason() {
        let (chat, _) = chat("anthropic.claude-3-haiku-20240307-v1:0", []);
        let record = chat
            .read_batch_record(
                r#"{"recordId":"7","modelInput":{},"error":{"errorCode":400,"errorMessage":"bad request"}}"#,
            )
            .unwrap();
        let error = record.reply.unwrap_err();
        assert_eq!((record.id.as_str(), error.kind(), error.message()), ("7", ErrorKind::Validation, "bad request"));
        for line in ["", "{}", "[]"] {
            assert!(chat.read_batch_record(line).is_err());
        }
    }

    #[tokio::test]
    async fn batch_job_calls_go_to_the_control_plane() {
        let arn = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abc";
        let (chat, transport) = chat(
            "anthropic.claude-3-haiku-20240307-v1:0",
            [
                Reply::json(200, format!(r#"{{"jobArn":"{arn}"}}"#)),
                Reply::json(200, r#"{"status":"InProgress","processedRecordCount":5,"totalRecordCount":10}"#),
                Reply::json(200, r#"{"status":"Completed"}"#),
            ],
        );
        let job = BatchJob::new("nightly", "arn:aws:iam::1:role/r", "s3://in/a.jsonl", "s3://out/");
        assert_eq!(chat.create_batch_job(&job).await.unwrap(), arn);
        let mut seen = Vec::new();
        let status = chat.follow_batch_job(arn, Duration::ZERO, |status| seen.push(status.processed)).await.unwrap();
        assert_eq!((status.status.as_str(), seen), ("Completed", vec![Some((5, 10)), None]));
        let requests = transport.requests();
        assert_eq!(requests[0].url, "https://bedrock.us-east-1.amazonaws.com/model-invocation-job");
        assert_eq!((requests[1].method, requests[1].body.len()), (Method::Get, 0));
        assert!(requests[1].url.ends_with(
            "/model-invocation-job/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Amodel-invocation-job%2Fabc"
        ));
    }
}
