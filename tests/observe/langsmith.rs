//! The contents of runs.

use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{Guardrail, Json, LangSmith, Message, RunConfig};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::recorder::Recorder;
use crate::support::{CLAUDE, calling, over, posting_to, saying, soon};

fn names(run: &Value) -> Vec<&str> {
    run["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect()
}

/// The run's only generation.
fn generation(run: &Value) -> &Value {
    &run["outputs"]["generations"][0][0]
}

async fn flushed(langsmith: &LangSmith, server: &Recorder) -> Value {
    soon(langsmith.flush()).await.unwrap();
    server.run()
}

#[tokio::test]
async fn langsmith_stream_is_one_run_with_usage_and_times() {
    let (bedrock, server) = (LocalBedrock::start().await.unwrap(), Recorder::start().await);
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock).observer(langsmith.clone()).build().unwrap();
    let reply = chat.stream("Hello").await.unwrap().message().await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!(generation(&run)["text"], reply.text());
    assert_eq!(run["extra"]["metadata"]["usage_metadata"]["output_tokens"], reply.usage.unwrap().output_tokens);
    let names = names(&run);
    assert_eq!((names.first(), names.last()), (Some(&"start"), Some(&"end")));
    assert!(names.iter().filter(|name| **name == "new_token").count() > 3, "{names:?}");
    assert!(run["start_time"].as_str().unwrap() < run["end_time"].as_str().unwrap());
    assert_eq!((&run["run_type"], &run["session_name"]), (&json!("llm"), &json!("vectors")));
}

#[tokio::test]
async fn langsmith_broken_stream_is_a_failed_run_with_its_part() {
    let (bedrock, server) = (LocalBedrock::start().await.unwrap(), Recorder::start().await);
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock).observer(langsmith.clone()).build().unwrap();
    bedrock.faults().push(Fault::exception_frame(5, "throttlingException", "Too many tokens"));
    let error = chat.stream("Hello").await.unwrap().message().await.unwrap_err();
    let run = flushed(&langsmith, &server).await;
    assert_eq!(run["error"], error.to_string());
    let partial = error.partial().unwrap().text();
    assert!(!partial.is_empty());
    assert_eq!(generation(&run)["text"], partial);
    assert_eq!(names(&run).last(), Some(&"error"));
}

#[tokio::test]
async fn langsmith_dropped_stream_is_a_cancelled_run_with_its_part() {
    let (bedrock, server) = (LocalBedrock::start().await.unwrap(), Recorder::start().await);
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock).observer(langsmith.clone()).build().unwrap();
    bedrock.faults().push(Fault::hang_after_frames(6));
    let mut text = chat.stream("Hello").await.unwrap().text();
    let piece = text.next().await.unwrap().unwrap();
    drop(text);
    let run = flushed(&langsmith, &server).await;
    assert!(run["error"].as_str().unwrap().starts_with("Cancelled"), "{}", run["error"]);
    assert_eq!(generation(&run)["text"], piece);
}

#[tokio::test]
async fn langsmith_dropped_call_is_a_cancelled_run() {
    let (bedrock, server) = (LocalBedrock::start().await.unwrap(), Recorder::start().await);
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock).observer(langsmith.clone()).build().unwrap();
    bedrock.faults().push(Fault::hang());
    tokio::time::timeout(Duration::from_millis(50), chat.invoke("Hello")).await.unwrap_err();
    let run = flushed(&langsmith, &server).await;
    assert!(run["error"].as_str().unwrap().starts_with("Cancelled"), "{}", run["error"]);
    assert!(run.get("outputs").is_none(), "nothing had come");
}

#[tokio::test]
async fn langsmith_failed_attempts_are_run_events() {
    let (bedrock, server) = (LocalBedrock::start().await.unwrap(), Recorder::start().await);
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock).observer(langsmith.clone()).build().unwrap();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "Too many tokens").times(2));
    chat.invoke("Hello").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!(names(&run), ["start", "retry", "retry", "end"]);
    let retry = &run["events"][2]["kwargs"];
    assert_eq!(retry["attempt"], 2);
    assert!(retry["error"].as_str().unwrap().contains("ThrottlingException"), "{retry}");
    assert!(run.get("error").is_none(), "the call went well");
}

#[tokio::test]
async fn langsmith_retried_stream_has_the_last_attempt_only() {
    let (bedrock, server) = (LocalBedrock::start().await.unwrap(), Recorder::start().await);
    let langsmith = posting_to(&server).build().unwrap();
    let chat = calling(&bedrock)
        .streaming(true)
        .retry(bedrock_chat::RetryPolicy::default().with_paid_resend(true))
        .observer(langsmith.clone())
        .build()
        .unwrap();
    bedrock.faults().push(Fault::exception_frame(5, "throttlingException", "Too many tokens"));
    let reply = chat.invoke("Hello there").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    let tokens = names(&run).iter().filter(|name| **name == "new_token").count();
    assert!(names(&run).contains(&"retry") && tokens > 2, "{run}");
    let (outputs, text) = (run["outputs"].to_string(), reply.text());
    let begun = outputs.matches("I am the local Bedrock").count();
    assert!(begun > 0 && begun == outputs.matches(&text).count(), "nothing of the first: {outputs}");
    assert!(run.get("error").is_none(), "the call went well");
    let usage = &run["extra"]["metadata"]["usage_metadata"];
    assert_eq!(usage["total_tokens"], reply.usage.unwrap().total_tokens(), "counted once");
}

#[tokio::test]
async fn langsmith_hidden_inputs_and_outputs_are_not_sent() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).hide_inputs(true).hide_outputs(true).build().unwrap();
    let chat = saying(&["the answer is secret"]).observer(langsmith.clone()).build().unwrap();
    chat.invoke("the question is secret").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!((&run["inputs"], &run["outputs"]), (&json!({}), &json!({})));
    assert_eq!(run["extra"]["metadata"]["usage_metadata"]["total_tokens"], 7, "what it cost is no secret");
    assert!(!server.requests()[0].body.windows(6).any(|bytes| bytes == b"secret"));
}

#[tokio::test]
async fn langsmith_redacted_inputs_and_outputs_are_posted() {
    let server = Recorder::start().await;
    let redact = |value: Json| Json::parse(&value.as_str().replace("hunter2", "***")).unwrap();
    let langsmith = posting_to(&server).redact(redact).build().unwrap();
    let chat = saying(&["hunter2 is no good password"]).observer(langsmith.clone()).build().unwrap();
    chat.invoke("Is hunter2 a good password?").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!(generation(&run)["text"], "*** is no good password");
    assert_eq!(run["inputs"]["messages"][0][0]["kwargs"]["content"], "Is *** a good password?");
}

#[tokio::test]
async fn langsmith_hidden_metadata_is_empty() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).hide_metadata(true).build().unwrap();
    saying(&["hi"]).observer(langsmith.clone()).build().unwrap().invoke("Hello").await.unwrap();
    assert_eq!(flushed(&langsmith, &server).await["extra"]["metadata"], json!({}));
}

#[tokio::test]
async fn langsmith_run_config_overrides_defaults() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let id = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
    let config = RunConfig::default()
        .with_name("greet")
        .with_id(id)
        .with_tags(["a", "b"])
        .with_metadata([("ls_provider", Json::string("anthropic")), ("n", json!([1]).into())]);
    let chat = saying(&["hi"]).observer(langsmith.clone()).build().unwrap().with_config(config);
    chat.invoke("Hello").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!((&run["name"], &run["id"], &run["tags"]), (&json!("greet"), &json!(id), &json!(["a", "b"])));
    let metadata = &run["extra"]["metadata"];
    assert_eq!((&metadata["ls_provider"], &metadata["n"]), (&json!("anthropic"), &json!([1])));
    assert_eq!(metadata["ls_model_name"], CLAUDE);
}

#[tokio::test]
async fn langsmith_run_id_not_a_uuid_is_replaced() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let config = RunConfig::default().with_id("my-run");
    let chat = saying(&["hi"]).observer(langsmith.clone()).build().unwrap().with_config(config);
    chat.invoke("Hello").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!(run["id"].as_str().unwrap().len(), 36);
    assert_eq!(run["trace_id"], run["id"]);
}

#[tokio::test]
async fn langsmith_child_runs_are_in_one_trace() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let chat = saying(&["one", "two"]).observer(langsmith.clone()).build().unwrap();
    let agent = langsmith.chain(&RunConfig::default(), json!({"question": "?"}));
    let step = langsmith.chain(&agent.config(), Json::string("step"));
    chat.with_config(step.config()).invoke("first").await.unwrap();
    step.fail(&"no luck");
    drop(agent);
    soon(langsmith.flush()).await.unwrap();
    let runs = server.runs();
    let [agent, step, call] = runs.as_slice() else { panic!("{runs:#?}") };
    assert_eq!((&step["parent_run_id"], &call["parent_run_id"]), (&agent["id"], &step["id"]));
    for (run, above) in [(step, agent), (call, step)] {
        let (own, above) = (run["dotted_order"].as_str().unwrap(), above["dotted_order"].as_str().unwrap());
        assert!(own.starts_with(&format!("{above}.")) && own.ends_with(run["id"].as_str().unwrap()), "{own}");
        assert_eq!(run["trace_id"], agent["id"]);
    }
    assert_eq!((&agent["inputs"], &step["inputs"]), (&json!({"question": "?"}), &json!({"input": "step"})));
    assert_eq!(step["error"], "no luck");
    assert!(agent["error"].as_str().unwrap().starts_with("Cancelled"), "it was dropped without an end");
}

#[tokio::test]
async fn langsmith_opaque_arn_is_reported_as_its_model() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let body = r#"{"model":"claude-3-haiku-20240307","content":[],"stop_reason":"end_turn"}"#;
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let chat = bedrock_chat::BedrockChat::builder(arn)
        .credentials(bedrock_chat::Credentials::new("AKIDEXAMPLE", "secret"))
        .codec(bedrock_chat::Anthropic)
        .transport(MemoryTransport::new([Reply::json(200, body)]))
        .observer(langsmith.clone())
        .build()
        .unwrap();
    chat.invoke("Hello").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!(run["extra"]["metadata"]["ls_model_name"], "claude-3-haiku-20240307");
    assert_eq!(run["serialized"]["kwargs"]["model_id"], arn);
}

#[tokio::test]
async fn langsmith_run_has_the_call_parameters() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let chat = saying(&["hi"])
        .temperature(0.5)
        .top_p(0.9)
        .top_k(40)
        .max_tokens(2000)
        .reasoning(bedrock_chat::Reasoning::Budget(1024))
        .guardrail(Guardrail::new("gr-1", "7"))
        .model_kwargs(json!({"anthropic_beta": ["x"]}))
        .observer(langsmith.clone())
        .build()
        .unwrap();
    // The model refuses some combinations of these options. The run has the requested options nevertheless.
    let _ = chat.invoke("Hello").await;
    let run = flushed(&langsmith, &server).await;
    let expected = json!({
        "temperature": 0.5, "top_p": 0.9, "top_k": 40, "max_tokens": 2000,
        "modelKwargs": {"anthropic_beta": ["x"]},
        "guardrailConfig": {"guardrailIdentifier": "gr-1", "guardrailVersion": "7"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    });
    assert_eq!(run["extra"]["invocation_params"], expected);
}

#[tokio::test]
async fn langsmith_raw_prompt_is_a_prompt_in_the_run() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let reply = Reply::json(200, r#"{"generation":"there was","stop_reason":"stop"}"#);
    let chat = bedrock_chat::BedrockChat::builder("meta.llama3-8b-instruct-v1:0")
        .region("us-east-1")
        .credentials(bedrock_chat::Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(MemoryTransport::new([reply]))
        .observer(langsmith.clone())
        .build()
        .unwrap();
    chat.complete("Once upon a time").await.unwrap();
    let run = flushed(&langsmith, &server).await;
    assert_eq!(run["inputs"], json!({"prompts": ["Once upon a time"]}));
    assert_eq!(run["extra"]["metadata"]["ls_model_type"], "llm");
}

#[tokio::test]
async fn langsmith_sampling_keeps_or_drops_whole_traces() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).sampling_rate(0.5).build().unwrap();
    let chat = saying(&["hi"; 40]).observer(langsmith.clone()).build().unwrap();
    for _ in 0..40 {
        let agent = langsmith.chain(&RunConfig::default(), Json::empty_object());
        chat.with_config(agent.config()).invoke("Hello").await.unwrap();
        agent.end(Json::empty_object());
    }
    soon(langsmith.flush()).await.unwrap();
    let runs = server.runs();
    let (roots, calls): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.get("parent_run_id").is_none());
    assert!((1..40).contains(&roots.len()), "{} of 40", roots.len());
    let ids = |runs: &[&Value]| runs.iter().map(|run| run["trace_id"].to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&roots), ids(&calls));
    let none = posting_to(&server).sampling_rate(0.0).build().unwrap();
    saying(&["hi"]).observer(none.clone()).build().unwrap().invoke("Hello").await.unwrap();
    soon(none.flush()).await.unwrap();
    assert_eq!(server.runs().len(), runs.len());
}

#[tokio::test]
async fn langsmith_runs_have_no_secrets() {
    let (bedrock, server) = (LocalBedrock::start().await.unwrap(), Recorder::start().await);
    let langsmith = posting_to(&server).build().unwrap();
    calling(&bedrock).observer(langsmith.clone()).build().unwrap().invoke("Hello").await.unwrap();
    soon(langsmith.flush()).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.header("x-api-key"), Some("ls-test-key"));
    let body = String::from_utf8_lossy(&request.body);
    for secret in ["ls-test-key", local_bedrock::TEST_ACCESS_KEY_ID, local_bedrock::TEST_SECRET_ACCESS_KEY] {
        assert!(!body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn langsmith_media_is_shown_same_as_langchain() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let reply = Reply::json(200, r#"{"content":[],"stop_reason":"end_turn"}"#);
    let chat = over(MemoryTransport::new([reply])).observer(langsmith.clone()).build().unwrap();
    let message = Message::human("What is this?")
        .with(bedrock_chat::Content::image("image/png", &b"\x89PNG\r\n\x1a\n"[..]))
        .with(bedrock_chat::Content::document("application/pdf", &b"%PDF-1.4"[..]));
    chat.invoke([message]).await.unwrap();
    let run = flushed(&langsmith, &server).await;
    let content = &run["inputs"]["messages"][0][0]["kwargs"]["content"];
    let picture = json!({"type": "image", "mime_type": "image/png", "source_type": "base64", "data": "iVBORw0KGgo="});
    assert_eq!(content[1], picture);
    assert_eq!((&content[2]["type"], &content[2]["data"]), (&json!("document"), &json!("JVBERi0xLjQ=")));
}
