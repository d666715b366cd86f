//! Jobs of batch inference: how they are started and followed.

use std::time::Duration;

use crate::api::{Api, Service};
use crate::chat::BedrockChat;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Writer};
use crate::provider::body::{get, json_call, object, required};
use crate::sigv4::encode_path_segment;

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
    /// The job's name: at most 63 letters, digits, `+`, `-` and `.`.
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
    /// The account that owns the input's bucket, as 12 digits. Defaults to the account of the call.
    pub input_bucket_owner: Option<String>,
    /// The account that owns the output's bucket, as 12 digits. Defaults to the account of the call.
    pub output_bucket_owner: Option<String>,
    /// The KMS key that encrypts the output: its id, its ARN or an alias. Defaults to the bucket's encryption.
    pub encryption_key: Option<String>,
    /// The VPC for the data of the job. Defaults to none.
    pub vpc: Option<BatchVpc>,
    /// Tags of the job, at most 200 pairs of a key and a value. Defaults to none.
    pub tags: Vec<(String, String)>,
}

/// The VPC that protects the data of a job.
///
/// See [Protect batch inference jobs using a VPC](https://docs.aws.amazon.com/bedrock/latest/userguide/batch-vpc).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchVpc {
    /// The ids of its subnets, 1 to 16.
    pub subnet_ids: Vec<String>,
    /// The ids of its security groups, 1 to 5.
    pub security_group_ids: Vec<String>,
}

impl BatchVpc {
    /// Creates a VPC from the ids of its subnets and of its security groups.
    pub fn new(
        subnet_ids: impl IntoIterator<Item = impl Into<String>>,
        security_group_ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            subnet_ids: subnet_ids.into_iter().map(Into::into).collect(),
            security_group_ids: security_group_ids.into_iter().map(Into::into).collect(),
        }
    }
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
            input_bucket_owner: None,
            output_bucket_owner: None,
            encryption_key: None,
            vpc: None,
            tags: Vec::new(),
        }
    }

    /// Sets the timeout in hours, 24 to 168. Defaults to the service's default, 24.
    #[must_use]
    pub fn with_timeout_hours(mut self, hours: u64) -> Self {
        self.timeout_hours = Some(hours);
        self
    }

    /// Sets the token for idempotency. Defaults to none.
    #[must_use]
    pub fn with_client_request_token(mut self, token: impl Into<String>) -> Self {
        self.client_request_token = Some(token.into());
        self
    }

    /// Sets the account that owns the input's bucket, as 12 digits. Defaults to the account of the call.
    #[must_use]
    pub fn with_input_bucket_owner(mut self, account: impl Into<String>) -> Self {
        self.input_bucket_owner = Some(account.into());
        self
    }

    /// Sets the account that owns the output's bucket, as 12 digits. Defaults to the account of the call.
    #[must_use]
    pub fn with_output_bucket_owner(mut self, account: impl Into<String>) -> Self {
        self.output_bucket_owner = Some(account.into());
        self
    }

    /// Sets the KMS key that encrypts the output. Defaults to the bucket's encryption.
    #[must_use]
    pub fn with_encryption_key(mut self, key: impl Into<String>) -> Self {
        self.encryption_key = Some(key.into());
        self
    }

    /// Sets the VPC for the data of the job. Defaults to none.
    #[must_use]
    pub fn with_vpc(mut self, vpc: BatchVpc) -> Self {
        self.vpc = Some(vpc);
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Checks the VPC: the service accepts one only with subnets and security groups.
    fn check(&self) -> Result<()> {
        let Some(vpc) = &self.vpc else { return Ok(()) };
        let missing = [("subnet_ids", &vpc.subnet_ids), ("security_group_ids", &vpc.security_group_ids)];
        let Some((name, _)) = missing.into_iter().find(|(_, ids)| ids.is_empty()) else { return Ok(()) };
        Err(Error::of(
            ErrorKind::Config,
            format_args!("the VPC of a batch job has no `{name}`; add one, or leave `vpc` unset"),
        )
        .with_field(["vpc.", name].concat()))
    }

    fn write(&self, w: &mut Writer, model: &str, api: Api) {
        w.begin_object();
        w.field("jobName", &self.name);
        w.field("roleArn", &self.role_arn);
        w.field("modelId", model);
        if api == Api::Converse {
            w.field("modelInvocationType", "Converse");
        }
        w.opt_field("clientRequestToken", self.client_request_token.as_deref());
        w.opt_u64("timeoutDurationInHours", self.timeout_hours);
        w.object("inputDataConfig");
        w.object("s3InputDataConfig");
        w.field("s3InputFormat", "JSONL");
        w.field("s3Uri", &self.input);
        w.opt_field("s3BucketOwner", self.input_bucket_owner.as_deref());
        w.end_object();
        w.end_object();
        w.object("outputDataConfig");
        w.object("s3OutputDataConfig");
        w.field("s3Uri", &self.output);
        w.opt_field("s3EncryptionKeyId", self.encryption_key.as_deref());
        w.opt_field("s3BucketOwner", self.output_bucket_owner.as_deref());
        w.end_object();
        w.end_object();
        if let Some(vpc) = &self.vpc {
            w.object("vpcConfig");
            w.strings("subnetIds", &vpc.subnet_ids);
            w.strings("securityGroupIds", &vpc.security_group_ids);
            w.end_object();
        }
        if !self.tags.is_empty() {
            w.array("tags");
            for (key, value) in &self.tags {
                w.begin_object();
                w.field("key", key);
                w.field("value", value);
                w.end_object();
            }
            w.end_array();
        }
        w.end_object();
    }
}

/// The status of a job. Times are in ISO 8601, as the service writes them: `2026-11-29T10:00:00Z`.
///
/// ```
/// fn over(status: &bedrock_chat::BatchJobStatus) -> bool {
///     status.is_over()
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchJobStatus {
    /// `Submitted`, `Validating`, `Scheduled`, `InProgress`, `Completed`,
    /// `PartiallyCompleted`, `Failed`, `Stopping`, `Stopped` or `Expired`.
    pub status: String,
    /// The service's message, mostly about a failure.
    pub message: Option<String>,
    /// How many records the job has, and how many of them are done.
    pub records: BatchRecordCounts,
    /// When the job was submitted.
    pub submitted_at: Option<String>,
    /// When the job was last modified.
    pub modified_at: Option<String>,
    /// When the job ended.
    pub ended_at: Option<String>,
    /// The time at which the job times out or timed out.
    pub expires_at: Option<String>,
    /// The whole answer, unchanged: the job's name, its model, its places in S3, its VPC and more.
    pub raw: Json,
}

impl BatchJobStatus {
    fn read(body: &[u8]) -> Result<Self> {
        let view = object(body)?;
        Ok(Self {
            status: required(view, "status")?,
            message: view.string_at("message"),
            records: BatchRecordCounts {
                total: view.u64_at("totalRecordCount"),
                processed: view.u64_at("processedRecordCount"),
                succeeded: view.u64_at("successRecordCount"),
                failed: view.u64_at("errorRecordCount"),
            },
            submitted_at: view.string_at("submitTime"),
            modified_at: view.string_at("lastModifiedTime"),
            ended_at: view.string_at("endTime"),
            expires_at: view.string_at("jobExpirationTime"),
            raw: Json::from(view),
        })
    }

    /// Returns whether the job has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "Completed" | "PartiallyCompleted" | "Failed" | "Stopped" | "Expired")
    }
}

/// The numbers of a job's records. Each is `None` while the service does not report it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchRecordCounts {
    /// All records of the input.
    pub total: Option<u64>,
    /// Records that are done: succeeded and failed.
    pub processed: Option<u64>,
    /// Records with a reply.
    pub succeeded: Option<u64>,
    /// Records with an error.
    pub failed: Option<u64>,
}

impl BedrockChat {
    /// Starts a job and returns its ARN.
    ///
    /// See [CreateModelInvocationJob](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelInvocationJob.html).
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`]. `Config`, if the job's VPC has no subnet or no security group.
    /// `Unsupported`, if the chat uses another API than InvokeModel and Converse.
    pub async fn create_batch_job(&self, job: &BatchJob) -> Result<String> {
        job.check()?;
        let client = self.client();
        super::check_api(client.codec.api())?;
        let mut w = Writer::new();
        job.write(&mut w, client.model.as_str(), client.codec.api());
        let mut call = json_call("/model-invocation-job".to_owned(), w);
        call.service = Service::ControlPlane;
        client.operation(call, read_arn).await
    }

    /// Returns the status of a job, by its ARN.
    ///
    /// See [GetModelInvocationJob](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationJob.html).
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`].
    pub async fn batch_job(&self, arn: &str) -> Result<BatchJobStatus> {
        let path = format!("/model-invocation-job/{}", encode_path_segment(arn));
        self.client().operation(get(Service::ControlPlane, path), BatchJobStatus::read).await
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

fn read_arn(body: &[u8]) -> Result<String> {
    required(object(body)?, "jobArn")
}
