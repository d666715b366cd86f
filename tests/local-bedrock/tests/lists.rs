//! Lists of models and profiles, projects, and guardrail checks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{CLAUDE, Reply, Request, post, post_mantle, send};

async fn get(bedrock: &LocalBedrock, path: &str, service: &str) -> Reply {
    let mut request = Request::raw(path, Vec::new());
    if let Some((path, query)) = path.split_once('?') {
        request.path = path.into();
        request.query = Some(query.into());
    }
    request.method = "GET".into();
    request.service = service.into();
    send(bedrock, request).await
}

fn ids(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn mantle_lists_its_models_by_bare_ids() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for path in ["/v1/models", "/openai/v1/models"] {
        let list = get(&bedrock, path, "bedrock-mantle").await.json();
        assert_eq!((&list["object"], &list["data"][0]["object"]), (&json!("list"), &json!("model")));
        let ids = ids(&list["data"], "id");
        assert!(ids.contains(&"openai.gpt-oss-120b".to_owned()) && ids.iter().all(|id| !id.contains(':')), "{ids:?}");
    }
    let one = get(&bedrock, "/v1/models/xai.grok-4.3", "bedrock-mantle").await.json();
    assert_eq!(one["id"], "xai.grok-4.3");
    let missing = get(&bedrock, "/v1/models/none", "bedrock-mantle").await;
    assert_eq!((missing.status, missing.openai_error().1), (404, json!("not_found_error")));
}

#[tokio::test]
async fn every_listed_mantle_model_answers_an_api() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let list = get(&bedrock, "/v1/models", "bedrock-mantle").await.json();
    for id in ids(&list["data"], "id") {
        let messages = json!([{"role": "user", "content": "Hello"}]);
        let (path, body) = if id.starts_with("anthropic.") {
            ("/anthropic/v1/messages", json!({"model": id, "max_tokens": 50, "messages": messages}))
        } else if id.starts_with("openai.gpt-5") || id.starts_with("xai.") || id.starts_with("google.gemma-4") {
            ("/openai/v1/chat/completions", json!({"model": id, "messages": messages}))
        } else {
            ("/v1/chat/completions", json!({"model": id, "messages": messages}))
        };
        let reply = post_mantle(&bedrock, path, &body).await;
        assert_eq!(reply.status, 200, "{id}: {}", reply.json());
    }
}

#[tokio::test]
async fn inference_profiles_are_paged_and_name_their_model() {
    let bedrock =
        LocalBedrock::builder().application_profile("abc", "us.amazon.nova-micro-v1:0").start().await.unwrap();
    let mut all = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("/inference-profiles?maxResults=4{token}");
        let page = get(&bedrock, &path, "bedrock").await.json();
        all.extend(ids(&page["inferenceProfileSummaries"], "inferenceProfileId"));
        let Some(next) = page["nextToken"].as_str() else { break };
        token = format!("&nextToken={next}");
    }
    assert!(all.len() > 8 && all.contains(&"us.openai.gpt-5.6-sol".to_owned()), "{all:?}");
    assert_eq!(all.last().unwrap(), "abc");
    let own = get(&bedrock, "/inference-profiles?type=APPLICATION", "bedrock").await.json();
    assert_eq!(ids(&own["inferenceProfileSummaries"], "inferenceProfileId"), ["abc"]);
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let escaped = arn.replace(':', "%3A").replace('/', "%2F");
    let one = get(&bedrock, &format!("/inference-profiles/{escaped}"), "bedrock").await.json();
    assert_eq!(one["inferenceProfileArn"], arn);
    assert_eq!(one["models"][0]["modelArn"], "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0");
    // The ARN selects this model, and not the default for ARNs, which would refuse the body.
    let nova = json!({"schemaVersion": "messages-v1", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]});
    assert_eq!(post(&bedrock, &format!("/model/{escaped}/invoke"), &nova).await.status, 200);
    for (path, status) in [
        ("/inference-profiles/us.none", 404),
        ("/inference-profiles?type=OTHER", 400),
        ("/inference-profiles?maxResults=0", 400),
        ("/inference-profiles?nextToken=x", 400),
        ("/foundation-models/none.x", 404),
        ("/foundation-models?byInferenceType=OTHER", 400),
    ] {
        assert_eq!(get(&bedrock, path, "bedrock").await.status, status, "{path}");
    }
}

#[tokio::test]
async fn project_is_checked_on_every_api() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let header = "x-amzn-bedrock-projectidentifier";
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]});
    let invoke = async |path: &str, project: &str| {
        send(&bedrock, Request::post(path, &body).header(header, project)).await.status
    };
    let path = format!("{CLAUDE}/invoke");
    let profile = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fabc/invoke";
    assert_eq!(invoke(&path, "proj_1").await, 200);
    assert_eq!(invoke(&path, "arn:aws:bedrock:us-east-1:123456789012:project/p").await, 200);
    assert_eq!(invoke(&path, "a b").await, 400);
    assert_eq!(invoke(profile, "proj_1").await, 400);
    let converse = json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "projectIdentifier": "a b"});
    assert_eq!(post(&bedrock, &format!("{CLAUDE}/converse"), &converse).await.status, 400);
    let named = async |service: &str, model: &str, project: &str| {
        let body = json!({"model": model, "input": "Hi"});
        let mut request = Request::post("/openai/v1/responses", &body).header("openai-project", project);
        request.service = service.into();
        send(&bedrock, request).await.status
    };
    assert_eq!(named("bedrock-mantle", "openai.gpt-5.6-luna", "proj_1").await, 200);
    assert_eq!(named("bedrock-mantle", "openai.gpt-5.6-luna", "a b").await, 400);
    assert_eq!(named("bedrock", "us.openai.gpt-5.6-sol", "proj_1").await, 400);
}

#[tokio::test]
async fn guardrail_checks_are_validated_by_the_service_model() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let path = "/guardrail-checks/invoke";
    let checks = json!({"promptAttack": {"categories": [{"category": "JAILBREAK"}]}});
    let body = json!({"messages": [{"role": "user", "content": [{"text": "A jailbreak"}]}], "checks": checks});
    let reply = post(&bedrock, path, &body).await.json();
    assert_eq!(reply["results"]["promptAttack"]["results"], json!([{"category": "JAILBREAK", "severityScore": 0.9}]));
    assert_eq!(reply["usage"], json!({"promptAttack": {"textUnits": 1}}));
    let refused = async |body: Value, part: &str| {
        let reply = post(&bedrock, path, &body).await;
        assert!(reply.status == 400 && reply.message().contains(part), "{}", reply.message());
    };
    refused(json!({"messages": body["messages"]}), "at 'checks' failed to satisfy constraint: Member must not be null")
        .await;
    refused(json!({"messages": [], "checks": checks}), "length greater than or equal to 1").await;
    let unknown = json!({"promptAttack": {"categories": [{"category": "OTHER"}]}});
    refused(json!({"messages": body["messages"], "checks": unknown}), "enum value set: [JAILBREAK").await;
}
