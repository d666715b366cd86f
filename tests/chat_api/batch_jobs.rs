//! Batch inference, in every family and over both APIs. Records have the bodies of single calls, and replies are those
//! of single calls. Jobs are started and followed by signed calls.

use std::time::Duration;

use bedrock_chat::{Api, BatchJob, ChatOptions, ErrorKind, Message, StopReason};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::merging::MODELS;
use crate::{BOTH, CLAUDE, LLAMA, chat, sent, weather};

/// Calls the model for a line of a batch job's input, and returns the line of its output.
async fn run(bedrock: &LocalBedrock, model: &str, api: Api, line: &str) -> String {
    let record: Value = serde_json::from_str(line).unwrap();
    let operation = if api == Api::Invoke { "invoke" } else { "converse" };
    let url = format!("{}/model/{}/{operation}", bedrock.url(), model.replace(':', "%3A"));
    let call = reqwest::Client::new().post(url).header("content-type", "application/json");
    let answer = call.body(record["modelInput"].to_string()).send().await.unwrap();
    let (status, body) = (answer.status().as_u16(), answer.bytes().await.unwrap());
    let body: Value = serde_json::from_slice(&body).unwrap();
    let (key, value) = match status {
        200 => ("modelOutput", body),
        _ => ("error", json!({"errorCode": status, "errorMessage": body["message"]})),
    };
    json!({"recordId": record["recordId"], "modelInput": record["modelInput"], key: value}).to_string()
}

#[tokio::test]
async fn batch_record_of_every_family_matches_a_call() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let question = [Message::human("What is 7 times 8?")];
    for model in MODELS.into_iter().chain(["ai21.j2-ultra-v1"]) {
        for api in BOTH {
            let chat = chat(&bedrock, model, api);
            let reply = chat.invoke(&question).await.unwrap();
            let line = chat.batch_record("record-1", &question).unwrap();
            assert!(!line.contains('\n'), "{line}");
            let record: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(record["modelInput"], sent(&bedrock), "{model} {api:?}");

            let output = run(&bedrock, model, api, &line).await;
            let read = chat.read_batch_record(&output).unwrap();
            let batched = read.reply.unwrap_or_else(|error| panic!("{model} {api:?}: {error}: {output}"));
            assert_eq!(read.id, "record-1");
            assert_eq!(batched.content, reply.content, "{model} {api:?}");
            assert_eq!(batched.stop_reason, reply.stop_reason, "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn batch_records_have_tools_limits_and_failures() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    for api in BOTH {
        let with_tools = chat(&bedrock, CLAUDE, api).bind_tools([weather()]);
        let line = with_tools.batch_record("1", "The weather in Paris and Rome?").unwrap();
        let reply = with_tools.read_batch_record(&run(&bedrock, CLAUDE, api, &line).await).unwrap().reply.unwrap();
        assert_eq!(reply.tool_calls().count(), 2, "{api:?}");

        let options = ChatOptions::default().with_max_tokens(3);
        let short = chat(&bedrock, LLAMA, api).with_options(&options);
        let line = short.batch_record("2", "Tell me of the sea.").unwrap();
        let reply = short.read_batch_record(&run(&bedrock, LLAMA, api, &line).await).unwrap().reply.unwrap();
        assert_eq!(reply.stop_reason, Some(StopReason::MaxTokens), "{api:?}");

        // An error of a call is an error when the record is written, or is in the record's result.
        let chat = chat(&bedrock, CLAUDE, api);
        assert_eq!(chat.batch_record("3", " ").unwrap_err().kind(), ErrorKind::Encode);
        let kwargs = json!({"own_key": 1});
        let odd = chat.with_options(&ChatOptions::default().with_model_kwargs(kwargs));
        let output = run(&bedrock, CLAUDE, api, &odd.batch_record("4", "What is it?").unwrap()).await;
        let read = chat.read_batch_record(&output).unwrap();
        assert_eq!((read.id.as_str(), read.reply.unwrap_err().kind()), ("4", ErrorKind::Validation), "{api:?}");
    }
}

#[tokio::test]
async fn batch_job_is_started_and_followed_by_signed_calls() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let arn = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abc123";
    for api in BOTH {
        bedrock.clear();
        let status = |status: &str, done: u64| {
            json!({"jobArn": arn, "status": status, "processedRecordCount": done, "totalRecordCount": 8}).to_string()
        };
        for answer in [
            json!({"jobArn": arn}).to_string(),
            status("Submitted", 0),
            status("InProgress", 4),
            status("PartiallyCompleted", 8),
        ] {
            // A wrong signature would be refused before this reply is sent.
            bedrock.faults().push(Fault::reply(200, "application/json", answer).on_path("/model-invocation-job"));
        }
        let chat = chat(&bedrock, CLAUDE, api);
        let mut job = BatchJob::new("nightly", "arn:aws:iam::1:role/r", "s3://in/a.jsonl", "s3://out/");
        job.timeout_hours = Some(48);
        assert_eq!(chat.create_batch_job(&job).await.unwrap(), arn);
        let body = sent(&bedrock);
        let kind = (api == Api::Converse).then_some("Converse");
        assert_eq!(body.get("modelInvocationType").and_then(Value::as_str), kind, "{body}");
        assert_eq!((&body["modelId"], &body["timeoutDurationInHours"]), (&json!(CLAUDE), &json!(48)));
        let mut seen = Vec::new();
        let last = chat.follow_batch_job(arn, Duration::from_millis(1), |it| seen.push(it.status.clone())).await;
        assert!(last.unwrap().is_over());
        assert_eq!(seen, ["Submitted", "InProgress", "PartiallyCompleted"]);
        let requests = bedrock.requests();
        assert_eq!(requests.len(), 4);
        for request in &requests {
            assert!(request.verdict.is_accepted(), "{request:?}");
        }
        assert!(requests[3].path.ends_with("%3Amodel-invocation-job%2Fabc123"), "{}", requests[3].path);
    }
    // The error of a refused job has the reason.
    let refused = Fault::error(400, "ValidationException", "The role cannot read s3://in/a.jsonl");
    bedrock.faults().push(refused.on_path("/model-invocation-job"));
    let job = BatchJob::new("nightly", "arn:aws:iam::1:role/r", "s3://in/a.jsonl", "s3://out/");
    let error = chat(&bedrock, CLAUDE, Api::Invoke).create_batch_job(&job).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Validation && error.message().contains("s3://in/a.jsonl"), "{error}");
}
