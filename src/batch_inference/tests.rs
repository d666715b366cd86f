use std::time::Duration;

use super::*;
use crate::method::Method;
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
        .read_batch_record(r#"{"recordId":"7","modelInput":{},"error":{"errorCode":400,"errorMessage":"bad request"}}"#)
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
    let watch = |status: &BatchJobStatus| seen.push((status.records.processed, status.records.total));
    let status = chat.follow_batch_job(arn, Duration::ZERO, watch).await.unwrap();
    assert_eq!((status.status.as_str(), seen), ("Completed", vec![(Some(5), Some(10)), (None, None)]));
    let requests = transport.requests();
    assert_eq!(requests[0].url, "https://bedrock.us-east-1.amazonaws.com/model-invocation-job");
    assert_eq!((requests[1].method, requests[1].body.len()), (Method::Get, 0));
    assert!(requests[1].url.ends_with(
        "/model-invocation-job/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Amodel-invocation-job%2Fabc"
    ));
}

#[test]
fn batch_job_body_has_every_setting_of_the_job() {
    let send = |job: &BatchJob| {
        let (chat, transport) = chat("amazon.nova-lite-v1:0", [Reply::json(200, r#"{"jobArn":"arn"}"#)]);
        futures_executor::block_on(chat.create_batch_job(job))
            .map(|_| serde_json::from_slice::<serde_json::Value>(&transport.requests()[0].body).unwrap())
    };
    let bare = BatchJob::new("nightly", "arn:aws:iam::1:role/r", "s3://in/a.jsonl", "s3://out/");
    let expected = serde_json::json!({
        "jobName": "nightly", "roleArn": "arn:aws:iam::1:role/r", "modelId": "amazon.nova-lite-v1:0",
        "inputDataConfig": {"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": "s3://in/a.jsonl"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out/"}},
    });
    assert_eq!(send(&bare).unwrap(), expected, "unset options are not sent");
    let job = bare
        .clone()
        .with_timeout_hours(48)
        .with_client_request_token("t1")
        .with_input_bucket_owner("111122223333")
        .with_output_bucket_owner("444455556666")
        .with_encryption_key("alias/batch")
        .with_vpc(BatchVpc::new(["subnet-1", "subnet-2"], ["sg-1"]))
        .with_tag("team", "a")
        .with_tag("cost", "");
    let body = send(&job).unwrap();
    assert_eq!(
        body["inputDataConfig"]["s3InputDataConfig"],
        serde_json::json!({"s3InputFormat": "JSONL", "s3Uri": "s3://in/a.jsonl", "s3BucketOwner": "111122223333"})
    );
    assert_eq!(
        body["outputDataConfig"]["s3OutputDataConfig"],
        serde_json::json!({"s3Uri": "s3://out/", "s3EncryptionKeyId": "alias/batch", "s3BucketOwner": "444455556666"})
    );
    assert_eq!(
        body["vpcConfig"],
        serde_json::json!({"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]})
    );
    assert_eq!(body["tags"], serde_json::json!([{"key": "team", "value": "a"}, {"key": "cost", "value": ""}]));
    assert_eq!((&body["timeoutDurationInHours"], &body["clientRequestToken"]), (&48.into(), &"t1".into()));
    for (vpc, missing) in [
        (BatchVpc::new(["subnet-1"], [] as [&str; 0]), "security_group_ids"),
        (BatchVpc::new([] as [&str; 0], ["sg-1"]), "subnet_ids"),
    ] {
        let error = send(&bare.clone().with_vpc(vpc)).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(missing), "{error}");
    }
}

#[test]
fn batch_job_status_has_counts_times_and_the_raw_answer() {
    let status = r#"{"jobArn":"arn","jobName":"nightly","status":"PartiallyCompleted","message":"2 failed",
        "totalRecordCount":10,"processedRecordCount":10,"successRecordCount":8,"errorRecordCount":2,
        "submitTime":"2026-11-29T10:00:00Z","lastModifiedTime":"2026-11-29T11:00:00Z",
        "endTime":"2026-11-29T11:00:01Z","jobExpirationTime":"2026-11-30T10:00:00Z","newMember":[1]}"#;
    let (chat, _) = chat("amazon.nova-lite-v1:0", [Reply::json(200, status), Reply::json(200, "{}")]);
    let read = futures_executor::block_on(chat.batch_job("arn")).unwrap();
    let counts = read.records;
    assert_eq!(
        (counts.total, counts.processed, counts.succeeded, counts.failed),
        (Some(10), Some(10), Some(8), Some(2))
    );
    let times = [&read.submitted_at, &read.modified_at, &read.ended_at, &read.expires_at].map(|time| time.as_deref());
    let expected =
        ["2026-11-29T10:00:00Z", "2026-11-29T11:00:00Z", "2026-11-29T11:00:01Z", "2026-11-30T10:00:00Z"].map(Some);
    assert_eq!(times, expected);
    assert!(read.is_over() && read.raw.view().get("newMember").is_some());
    let error = futures_executor::block_on(chat.batch_job("arn")).unwrap_err();
    assert!(error.kind() == ErrorKind::Decode && error.message().contains("`status`"), "{error}");
}

/// A codec of an API that batch inference does not support.
#[derive(Debug)]
struct Responses;

impl crate::Codec for Responses {
    fn api(&self) -> crate::Api {
        crate::Api::Responses
    }

    fn encode(&self, model: &crate::ModelId, request: &crate::ChatRequest, mode: Mode) -> Result<Call> {
        crate::Converse.encode(model, request, mode)
    }

    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        crate::Converse.decode(call, body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn crate::StreamDecoder> {
        crate::Converse.stream(call)
    }
}

#[test]
fn batch_inference_of_another_api_is_refused() {
    let transport = MemoryTransport::new([]);
    let builder = BedrockChat::builder("openai.gpt-oss-120b-1:0").region("us-east-1").transport(transport.clone());
    let chat = builder.credentials(Credentials::new("AKIDEXAMPLE", "secret")).codec(Responses).build().unwrap();
    let job = BatchJob::new("nightly", "arn:aws:iam::1:role/r", "s3://in/a.jsonl", "s3://out/");
    for error in [
        chat.batch_record("1", "hello").unwrap_err(),
        futures_executor::block_on(chat.create_batch_job(&job)).unwrap_err(),
    ] {
        assert!(error.kind() == ErrorKind::Unsupported && error.message().contains("Responses"), "{error}");
    }
    assert!(transport.requests().is_empty());
}
