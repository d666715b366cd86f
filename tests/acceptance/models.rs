//! Lists of models and profiles, and the look-up of the model behind a profile: signed calls with queries.

use bedrock_chat::{Api, BedrockChat, ErrorKind, InferenceProfileType, Service};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::json;

use crate::support::{at_once, calling, keys};

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123abc123";
const HAIKU: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";

#[tokio::test]
async fn models_are_listed_by_the_control_plane() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let models = calling(&bedrock).build().unwrap().models().await.unwrap();
    let find = |id: &str| models.iter().find(|model| model.id == id).unwrap();
    let nova = find("amazon.nova-lite-v1:0");
    assert_eq!((nova.name.as_deref(), nova.provider.as_deref()), (Some("Nova Lite"), Some("Amazon")));
    assert_eq!(
        (nova.input_modalities.join(" "), nova.output_modalities.join(" ")),
        ("TEXT IMAGE".into(), "TEXT".into())
    );
    assert!(nova.streaming == Some(true) && !nova.needs_profile() && !nova.is_legacy());
    assert!(find(HAIKU).needs_profile() && !find(HAIKU).is_legacy());
    let sonnet = find("anthropic.claude-3-5-sonnet-20240620-v1:0");
    let lifecycle = sonnet.lifecycle.as_ref().unwrap();
    assert!(sonnet.is_legacy() && lifecycle.legacy < lifecycle.end_of_life, "{lifecycle:?}");
    let [request] = &bedrock.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str(), &request.query), ("GET", "/foundation-models", &None));
    assert!(request.verdict.is_accepted() && request.body.is_empty(), "{request:?}");
}

#[tokio::test]
async fn mantle_models_are_listed_by_bedrock_mantle() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let models = chat.mantle_models().await.unwrap();
    let gemma = models.iter().find(|model| model.id == "google.gemma-4-31b").unwrap();
    assert_eq!((gemma.owned_by.as_deref(), gemma.raw.view().get("object").is_some()), (Some("system"), true));
    assert!(gemma.created.is_some_and(|created| created > 1_700_000_000), "{gemma:?}");
    let [request] = &bedrock.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/v1/models"));
    assert!(request.verdict.is_accepted(), "{request:?}");
    bedrock.faults().push(Fault::reply(200, "application/json", r#"{"object":"list"}"#).on_path("/v1/models"));
    let error = chat.mantle_models().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().starts_with("the reply has no `data`"), "{error}");
}

#[tokio::test]
async fn json_of_any_operation_is_requested_with_its_query() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let page = chat.get_json(Service::ControlPlane, "/inference-profiles?maxResults=1").await.unwrap();
    assert_eq!(page.view().get("inferenceProfileSummaries").unwrap().items().count(), 1);
    let body = json!({
        "messages": [{"role": "user", "content": [{"text": "Write to ann@example.com"}]}],
        "checks": {"sensitiveInformation": {"entities": [{"type": "EMAIL"}]}},
    });
    let found = chat.post_json(Service::Runtime, "/guardrail-checks/invoke?a=b%20c", &body.into()).await.unwrap();
    assert!(found.as_str().contains("EMAIL"), "{}", found.as_str());
    let requests = bedrock.requests();
    let sent: Vec<_> = requests.iter().map(|request| (request.method.as_str(), request.query.as_deref())).collect();
    assert_eq!(sent, [("GET", Some("maxResults=1")), ("POST", Some("a=b%20c"))]);
    assert!(requests.iter().all(|request| request.verdict.is_accepted()), "{requests:?}");
    let error = chat.get_json(Service::Runtime, "no-slash").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn inference_profiles_are_read_to_the_last_of_many_pages() {
    let mut builder = LocalBedrock::builder();
    for number in 0..2005 {
        builder = builder.application_profile(&format!("team{number:08}"), HAIKU);
    }
    let bedrock = builder.start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let own = chat.inference_profiles(Some(InferenceProfileType::Application)).await.unwrap();
    assert_eq!((own.len(), bedrock.requests().len()), (2005, 3));
    assert!(own.iter().all(|profile| profile.model_id().as_deref() == Some(HAIKU)), "{:?}", own[0]);
    assert!(own.iter().all(|profile| profile.profile_type == Some(InferenceProfileType::Application)));
    bedrock.clear();
    let shared = chat.inference_profiles(Some(InferenceProfileType::SystemDefined)).await.unwrap();
    let nova = shared.iter().find(|profile| profile.id == "us.amazon.nova-lite-v1:0").unwrap();
    assert_eq!((nova.model_id().as_deref(), nova.status.as_deref()), (Some("amazon.nova-lite-v1:0"), Some("ACTIVE")));
    let all = chat.inference_profiles(None).await.unwrap();
    assert_eq!(all.len(), own.len() + shared.len());
    let requests = bedrock.requests();
    assert!(requests.iter().all(|request| request.verdict.is_accepted()), "{requests:?}");
}

#[tokio::test]
async fn list_query_is_signed_in_any_spelling() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let page = |next: serde_json::Value| {
        let body = json!({"inferenceProfileSummaries": [], "nextToken": next}).to_string();
        Fault::reply(200, "application/json", body).on_path("/inference-profiles")
    };
    // A wrong signature would be refused before this reply is sent.
    bedrock.faults().push(page(json!("a+/=& \u{e9}")));
    bedrock.faults().push(page(json!(null)));
    calling(&bedrock).build().unwrap().inference_profiles(None).await.unwrap();
    let requests = bedrock.requests();
    assert!(requests.iter().all(|request| request.verdict.is_accepted()), "{requests:?}");
    assert_eq!(requests[1].query.as_deref(), Some("maxResults=1000&nextToken=a%2B%2F%3D%26%20%C3%A9"));
}

#[tokio::test]
async fn model_list_is_retried_and_its_error_has_details() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "slow").on_path("/foundation-models"));
    assert!(!chat.models().await.unwrap().is_empty());
    assert_eq!(bedrock.requests().len(), 2);
    let denied = "User is not authorized to perform: bedrock:ListFoundationModels";
    bedrock.faults().push(Fault::error(403, "AccessDeniedException", denied).on_path("/foundation-models"));
    let error = chat.models().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::AccessDenied, 1));
    assert!(error.message().contains("bedrock:ListFoundationModels") && error.request_id().is_some(), "{error}");
}

#[tokio::test]
async fn resolved_profile_calls_its_arn_in_the_native_format() {
    let bedrock = LocalBedrock::builder().application_profile("abc123abc123", HAIKU).start().await.unwrap();
    let builder = || BedrockChat::builder(ARN).credentials(keys()).endpoint_url(bedrock.url()).retry(at_once());
    // Without the look-up there is one request, over Converse.
    builder().build().unwrap().invoke("hello").await.unwrap();
    assert_eq!(bedrock.requests().len(), 1);
    assert!(bedrock.requests()[0].path.ends_with("/converse"));
    for api in [None, Some(Api::Invoke)] {
        bedrock.clear();
        let builder = if let Some(api) = api { builder().api(api) } else { builder() };
        let chat = builder.build_resolved().await.unwrap();
        assert_eq!(chat.model().base(), Some(HAIKU));
        assert!(chat.invoke("hello").await.unwrap().text().ends_with("You said: hello"));
        // Later calls do not repeat the look-up.
        chat.invoke("again").await.unwrap();
        let paths: Vec<_> = bedrock.requests().iter().map(|request| request.path.clone()).collect();
        let id = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123abc123";
        let invoke = format!("/model/{id}/invoke");
        assert_eq!(paths, [format!("/inference-profiles/{id}"), invoke.clone(), invoke]);
    }
    let missing = BedrockChat::builder(ARN.replace("abc123", "zzz999")).credentials(keys());
    let error = missing.endpoint_url(bedrock.url()).build_resolved().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}
