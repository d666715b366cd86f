//! Lists of models and profiles, and the look-up of the model behind a profile: signed calls with queries.

use bedrock_chat::{Api, BedrockChat, ErrorKind, InferenceProfileType};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::support::{at_once, calling, keys};

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123abc123";

fn profile(id: &str) -> Value {
    let model = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
    json!({"inferenceProfileId": id, "inferenceProfileArn": ARN, "inferenceProfileName": "team", "status": "ACTIVE",
        "type": "APPLICATION", "models": [{"modelArn": model}]})
}

fn answer(body: Value, path: &str) -> Fault {
    Fault::reply(200, "application/json", body.to_string()).on_path(path)
}

#[tokio::test]
async fn inference_profile_pages_are_signed_with_their_query() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let token = "a+/=& é";
    // A wrong signature would be refused before the answer of the fault.
    let first = json!({"inferenceProfileSummaries": [profile("us.a"), profile("us.b")], "nextToken": token});
    bedrock.faults().push(answer(first, "/inference-profiles"));
    bedrock.faults().push(answer(json!({"inferenceProfileSummaries": [profile("us.c")]}), "/inference-profiles"));
    let chat = calling(&bedrock).build().unwrap();
    let profiles = chat.inference_profiles(Some(InferenceProfileType::SystemDefined)).await.unwrap();
    assert_eq!(profiles.iter().map(|profile| profile.id.as_str()).collect::<Vec<_>>(), ["us.a", "us.b", "us.c"]);
    let requests = bedrock.requests();
    assert!(requests.iter().all(|request| request.verdict.is_accepted()), "{requests:?}");
    assert_eq!(requests[0].query.as_deref(), Some("maxResults=1000&type=SYSTEM_DEFINED"));
    let escaped = "maxResults=1000&type=SYSTEM_DEFINED&nextToken=a%2B%2F%3D%26%20%C3%A9";
    assert_eq!(requests[1].query.as_deref(), Some(escaped));
    assert!(requests.iter().all(|request| request.method == "GET" && request.body.is_empty()));
}

#[tokio::test]
async fn model_list_is_retried_and_its_error_has_details() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "slow").on_path("/foundation-models"));
    bedrock.faults().push(answer(json!({"modelSummaries": []}), "/foundation-models"));
    assert_eq!(chat.models().await.unwrap(), []);
    let denied = "User is not authorized to perform: bedrock:ListFoundationModels";
    bedrock.faults().push(Fault::error(403, "AccessDeniedException", denied).on_path("/foundation-models"));
    let error = chat.models().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::AccessDenied, 1));
    assert!(error.message().contains("bedrock:ListFoundationModels") && error.request_id().is_some(), "{error}");
}

#[tokio::test]
async fn resolved_profile_calls_its_arn_in_the_native_format() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let builder = || BedrockChat::builder(ARN).credentials(keys()).endpoint_url(bedrock.url()).retry(at_once());
    // Without the look-up there is one request, over Converse.
    builder().build().unwrap().invoke("hello").await.unwrap();
    assert_eq!(bedrock.requests().len(), 1);
    assert!(bedrock.requests()[0].path.ends_with("/converse"));
    bedrock.clear();
    bedrock.faults().push(answer(profile("abc123abc123"), "/inference-profiles"));
    let chat = builder().api(Api::Invoke).build_resolved().await.unwrap();
    assert!(chat.invoke("hello").await.unwrap().text().ends_with("You said: hello"));
    let paths: Vec<_> = bedrock.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths[0].ends_with("/inference-profiles/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123abc123"));
    assert!(paths[1].ends_with("application-inference-profile%2Fabc123abc123/invoke"), "{paths:?}");
    // Later calls do not look it up again.
    chat.invoke("again").await.unwrap();
    assert_eq!(bedrock.requests().len(), 3);
}
