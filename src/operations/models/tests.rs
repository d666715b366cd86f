use super::*;
use crate::api::Api;
use crate::credentials::Credentials;
use crate::method::Method;
use crate::testing::{MemoryTransport, Reply};

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123";
const PROFILE: &str = r#"{"inferenceProfileId":"abc123","inferenceProfileName":"team a","type":"APPLICATION",
    "inferenceProfileArn":"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
    "status":"ACTIVE","description":"for team a","createdAt":"2026-01-02T03:04:05Z","updatedAt":"2026-02-03T04:05:06Z",
    "models":[{"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-6"},
              {"modelArn":"arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-sonnet-4-6"}],
    "newMember":1}"#;

fn builder(model: &str, replies: impl IntoIterator<Item = Reply>) -> (BedrockChatBuilder, MemoryTransport) {
    let transport = MemoryTransport::new(replies);
    let keys = Credentials::new("AKIDEXAMPLE", "secret");
    let builder = BedrockChat::builder(model).region("us-east-1").credentials(keys);
    (builder.transport(transport.clone()), transport)
}

fn chat(replies: impl IntoIterator<Item = Reply>) -> (BedrockChat, MemoryTransport) {
    let (builder, transport) = builder("amazon.nova-lite-v1:0", replies);
    (builder.build().unwrap(), transport)
}

fn urls(transport: &MemoryTransport) -> Vec<String> {
    transport.requests().iter().map(|request| request.url.clone()).collect()
}

#[test]
fn models_are_listed_with_all_members_of_the_service() {
    let answer = r#"{"modelSummaries":[
        {"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-6",
         "modelId":"anthropic.claude-sonnet-4-6","modelName":"Claude Sonnet 4.6","providerName":"Anthropic",
         "inputModalities":["TEXT","IMAGE"],"outputModalities":["TEXT"],"responseStreamingSupported":true,
         "customizationsSupported":[],"inferenceTypesSupported":["INFERENCE_PROFILE"],
         "modelLifecycle":{"status":"LEGACY","startOfLifeTime":"2026-02-17T00:00:00Z",
            "legacyTime":"2026-08-17T00:00:00Z","publicExtendedAccessTime":"2026-11-17T00:00:00Z",
            "endOfLifeTime":"2027-02-17T00:00:00Z"},"newMember":{"a":1}},
        {"modelArn":"arn","modelId":"amazon.titan-embed-text-v2:0","inferenceTypesSupported":["ON_DEMAND","INFERENCE_PROFILE"]}]}"#;
    let (chat, transport) = chat([Reply::json(200, answer)]);
    let models = futures_executor::block_on(chat.models()).unwrap();
    let [claude, titan] = models.as_slice() else { panic!("{models:?}") };
    assert_eq!(
        (claude.id.as_str(), claude.name.as_deref()),
        ("anthropic.claude-sonnet-4-6", Some("Claude Sonnet 4.6"))
    );
    assert_eq!((claude.provider.as_deref(), claude.streaming), (Some("Anthropic"), Some(true)));
    assert_eq!(
        (claude.input_modalities.join(" "), claude.output_modalities.join(" ")),
        ("TEXT IMAGE".into(), "TEXT".into())
    );
    let lifecycle = claude.lifecycle.clone().unwrap();
    assert_eq!(
        [lifecycle.start_of_life, lifecycle.legacy, lifecycle.extended_access, lifecycle.end_of_life]
            .map(|time| time.unwrap()),
        ["2026-02-17T00:00:00Z", "2026-08-17T00:00:00Z", "2026-11-17T00:00:00Z", "2027-02-17T00:00:00Z"]
    );
    assert!(claude.is_legacy() && claude.needs_profile() && claude.raw.view().get("newMember").is_some());
    assert!(!titan.is_legacy() && !titan.needs_profile() && titan.streaming.is_none() && titan.lifecycle.is_none());
    let request = &transport.requests()[0];
    assert_eq!((request.method, request.body.len()), (Method::Get, 0));
    assert_eq!(request.url, "https://bedrock.us-east-1.amazonaws.com/foundation-models");
}

#[test]
fn inference_profiles_are_read_to_the_last_page() {
    let page = |id: &str, next: &str| {
        Reply::json(200, format!(r#"{{"inferenceProfileSummaries":[{{"inferenceProfileId":"{id}"}}]{next}}}"#))
    };
    let (chat, transport) = chat([page("us.a", r#","nextToken":"a/b+c=""#), page("us.b", "")]);
    let list = chat.inference_profiles(Some(InferenceProfileType::Application));
    let profiles = futures_executor::block_on(list).unwrap();
    assert_eq!(profiles.iter().map(|profile| profile.id.as_str()).collect::<Vec<_>>(), ["us.a", "us.b"]);
    let base = "https://bedrock.us-east-1.amazonaws.com/inference-profiles?maxResults=1000&type=APPLICATION";
    assert_eq!(urls(&transport), [base.to_owned(), format!("{base}&nextToken=a%2Fb%2Bc%3D")]);
}

#[test]
fn inference_profile_pages_without_an_end_are_an_error() {
    let page = |n: usize| Reply::json(200, format!(r#"{{"inferenceProfileSummaries":[],"nextToken":"{}"}}"#, n % 2));
    let (chat, transport) = chat((0..1001).map(page));
    let error = futures_executor::block_on(chat.inference_profiles(None)).unwrap_err();
    assert_eq!((error.kind(), transport.requests().len()), (ErrorKind::Decode, 1000), "{error}");
}

#[test]
fn inference_profile_pages_that_repeat_are_an_error() {
    let page = || Reply::json(200, r#"{"inferenceProfileSummaries":[],"nextToken":"t"}"#);
    let (chat, transport) = chat([page(), page(), page()]);
    let error = futures_executor::block_on(chat.inference_profiles(None)).unwrap_err();
    assert_eq!((error.kind(), transport.requests().len()), (ErrorKind::Decode, 2), "{error}");
}

#[test]
fn inference_profile_has_its_models_and_unknown_members() {
    let (chat, transport) = chat([Reply::json(200, PROFILE)]);
    let profile = futures_executor::block_on(chat.inference_profile(ARN)).unwrap();
    assert_eq!((profile.id.as_str(), profile.arn.as_str()), ("abc123", ARN));
    assert_eq!((profile.name.as_deref(), profile.description.as_deref()), (Some("team a"), Some("for team a")));
    assert_eq!(
        (profile.profile_type.clone(), profile.status.as_deref()),
        (Some(InferenceProfileType::Application), Some("ACTIVE"))
    );
    assert_eq!(
        (profile.created_at.as_deref(), profile.updated_at.as_deref()),
        (Some("2026-01-02T03:04:05Z"), Some("2026-02-03T04:05:06Z"))
    );
    assert_eq!((profile.model_arns.len(), profile.model_id().as_deref()), (2, Some("anthropic.claude-sonnet-4-6")));
    assert!(profile.raw.view().get("newMember").is_some());
    let path =
        "/inference-profiles/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123";
    assert!(urls(&transport)[0].ends_with(path), "{:?}", urls(&transport));
}

#[test]
fn list_without_its_member_is_an_error() {
    let (chat, _) = chat(["{}", "[]", r#"{"modelSummaries":[{}]}"#].map(|body| Reply::json(200, body)));
    for _ in 0..3 {
        assert_eq!(futures_executor::block_on(chat.models()).unwrap_err().kind(), ErrorKind::Decode);
    }
}

#[test]
fn inference_profile_types_round_trip() {
    for word in ["SYSTEM_DEFINED", "APPLICATION", "BRAND_NEW"] {
        assert_eq!(InferenceProfileType::parse(word).as_str(), word);
    }
}

#[test]
fn resolved_profile_gets_the_native_format_of_its_model() {
    for api in [None, Some(Api::Invoke), Some(Api::Converse)] {
        let (builder, transport) = builder(ARN, [Reply::json(200, PROFILE), Reply::json(200, r#"{"content":[]}"#)]);
        let builder = if let Some(api) = api { builder.api(api) } else { builder };
        let chat = futures_executor::block_on(builder.build_resolved()).unwrap();
        assert_eq!(chat.model().base(), Some("anthropic.claude-sonnet-4-6"));
        assert_eq!(chat.client().codec.api(), api.unwrap_or(Api::Invoke));
        let _ = futures_executor::block_on(chat.invoke("hello"));
        let urls = urls(&transport);
        assert_eq!(urls.len(), 2, "one look-up and one call: {urls:?}");
        let operation = if api == Some(Api::Converse) { "/converse" } else { "/invoke" };
        assert!(urls[1].contains("application-inference-profile%2Fabc123") && urls[1].ends_with(operation), "{urls:?}");
    }
}

#[test]
fn model_that_needs_no_look_up_is_built_without_a_request() {
    let provisioned = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123";
    for (model, family) in [("us.amazon.nova-lite-v1:0", None), (provisioned, None), (ARN, Some("anthropic"))] {
        let (builder, transport) = builder(model, []);
        let builder = if let Some(family) = family { builder.family(family) } else { builder };
        let chat = futures_executor::block_on(builder.build_resolved()).unwrap();
        assert_eq!((chat.model().as_str(), transport.requests().len()), (model, 0));
    }
}

#[test]
fn builder_fails_if_the_profile_lookup_fails() {
    let refused = Reply::json(403, r#"{"message":"not authorized to perform: bedrock:GetInferenceProfile"}"#);
    let nameless = Reply::json(200, r#"{"inferenceProfileId":"abc123","models":[{"modelArn":"?"}]}"#);
    for (reply, kind, says) in
        [(refused, ErrorKind::AccessDenied, "GetInferenceProfile"), (nameless, ErrorKind::Decode, "names no model")]
    {
        let (builder, _) = builder(ARN, [reply]);
        let error = futures_executor::block_on(builder.build_resolved()).unwrap_err();
        assert!(error.kind() == kind && error.message().contains(says), "{error}");
    }
}
