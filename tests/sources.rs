//! Sources of temporary credentials against local services over HTTP, which verify signatures, tokens and parameters.
//! The local Bedrock accepts the keys that they issue.
#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "sources/silent.rs"]
mod silent;
#[path = "sources/timeouts.rs"]
mod timeouts;

use std::time::Duration;

use bedrock_chat::json::Writer;
use bedrock_chat::{
    AssumeRoleCredentials, BedrockChat, CachedCredentials, CognitoCredentials, ContainerCredentials, Credentials,
    Error, ErrorKind, IdentityToken, ImdsCredentials, ProvideCredentials, WebIdentityCredentials,
};
use local_bedrock::{Fault, HANGS, Identity, LocalBedrock, Role, TEST_CONTAINER_TOKEN};

const MODEL: &str = "us.anthropic.claude-sonnet-4-6";
const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";
const SECOND: &str = "arn:aws:iam::123456789012:role/Second";
const POOL: &str = "us-east-1:12345678-1234-1234-1234-123456789012";

async fn start() -> LocalBedrock {
    LocalBedrock::start().await.unwrap()
}

fn keys(bedrock: &LocalBedrock) -> Credentials {
    let keys = bedrock.test_credentials();
    Credentials::new(keys.access_key_id, keys.secret_access_key)
}

fn role(bedrock: &LocalBedrock, arn: &str, source: impl ProvideCredentials) -> AssumeRoleCredentials {
    AssumeRoleCredentials::new(arn, source)
        .with_environment(|_| None)
        .with_region("us-east-1")
        .with_endpoint_url(bedrock.url())
}

/// A token of an identity provider that expires in 2100, or did in 2001.
fn jwt(expires: u64) -> String {
    let part = |text: &str| {
        let mut w = Writer::new();
        w.base64(text.as_bytes());
        w.finish().trim_matches(['"', '=']).replace('+', "-").replace('/', "_")
    };
    let claims = format!(r#"{{"iss":"https://i.example","sub":"me","aud":"sts.amazonaws.com","exp":{expires}}}"#);
    [part(r#"{"alg":"RS256"}"#), part(&claims), part("signature")].join(".")
}

const IN_2100: u64 = 4_102_444_800;
const IN_2001: u64 = 1_000_000_000;

fn web_identity(bedrock: &LocalBedrock, token: String) -> WebIdentityCredentials {
    WebIdentityCredentials::new(ROLE, IdentityToken::new(token))
        .with_environment(|_| None)
        .with_region("us-east-1")
        .with_endpoint_url(bedrock.url())
}

fn pool(bedrock: &LocalBedrock) -> CognitoCredentials {
    CognitoCredentials::new(POOL).with_environment(|_| None).with_endpoint_url(bedrock.url())
}

fn container(url: String, token: Option<&'static str>) -> ContainerCredentials {
    let provider = ContainerCredentials::new().with_environment(move |name| match name {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI" => Some(url.clone()),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN" => token.map(str::to_owned),
        _ => None,
    });
    provider.with_timeout(HANGS)
}

fn imds(bedrock: &LocalBedrock) -> ImdsCredentials {
    ImdsCredentials::new().with_environment(|_| None).with_endpoint_url(bedrock.url()).with_timeout(HANGS)
}

fn chat(bedrock: &LocalBedrock, provider: impl ProvideCredentials) -> BedrockChat {
    BedrockChat::builder(MODEL)
        .environment(|_| None)
        .region("us-east-1")
        .endpoint_url(bedrock.url())
        .credentials_provider(CachedCredentials::new(provider))
        .build()
        .unwrap()
}

/// Asks a model twice with the keys of a source, and returns the path of each request.
async fn paths(bedrock: &LocalBedrock, provider: impl ProvideCredentials) -> Vec<String> {
    let chat = chat(bedrock, provider);
    for _ in 0..2 {
        assert!(chat.invoke("Hello").await.unwrap().text().ends_with("You said: Hello"));
    }
    bedrock.requests().into_iter().map(|request| request.path).collect()
}

/// Asserts that an error contains neither these texts nor the keys of the local Bedrock.
fn assert_hidden(error: &Error, secrets: &[&str]) {
    let printed = format!("{error} {error:?}");
    for secret in secrets.iter().chain(&["IQoJb3JpZ2lu", "wJalrXUtnFEMI"]) {
        assert!(!printed.contains(secret), "{printed}");
    }
}

const INVOKE: &str = "/model/us.anthropic.claude-sonnet-4-6/invoke";

#[tokio::test]
async fn keys_of_an_assumed_role_sign_calls() {
    let bedrock = start().await;
    let settings = Role::new(ROLE).external_id("customer-7").max_session_seconds(3600);
    bedrock.set_identity(Identity { roles: vec![settings], ..Identity::default() });
    let provider = role(&bedrock, ROLE, keys(&bedrock))
        .with_external_id("customer-7")
        .with_session_name("me@example.com")
        .with_policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
        .with_duration(Duration::from_secs(900));
    assert_eq!(paths(&bedrock, provider).await, ["/", INVOKE, INVOKE]);
}

#[tokio::test]
async fn role_of_a_role_is_assumed_with_its_keys() {
    let bedrock = start().await;
    let first = CachedCredentials::new(role(&bedrock, ROLE, keys(&bedrock)));
    assert_eq!(paths(&bedrock, role(&bedrock, SECOND, first)).await, ["/", "/", INVOKE, INVOKE]);
}

#[tokio::test]
async fn keys_of_a_web_identity_and_a_pool_sign_calls() {
    let bedrock = start().await;
    assert_eq!(paths(&bedrock, web_identity(&bedrock, jwt(IN_2100))).await, ["/", INVOKE, INVOKE]);
    bedrock.clear();
    assert_eq!(paths(&bedrock, pool(&bedrock)).await, ["/", "/", INVOKE, INVOKE]);
    bedrock.clear();
    let user = pool(&bedrock).with_login("i.example", IdentityToken::new(jwt(IN_2100))).with_role_arn(ROLE);
    assert_eq!(paths(&bedrock, user).await, ["/", "/", INVOKE, INVOKE]);
}

#[tokio::test]
async fn keys_of_a_container_and_an_instance_sign_calls() {
    let bedrock = start().await;
    let ecs = container(format!("{}/v2/credentials/task", bedrock.url()), None);
    assert_eq!(paths(&bedrock, ecs).await, ["/v2/credentials/task", INVOKE, INVOKE]);
    bedrock.clear();
    let eks = container(format!("{}/v1/credentials", bedrock.url()), Some(TEST_CONTAINER_TOKEN));
    assert_eq!(paths(&bedrock, eks).await, ["/v1/credentials", INVOKE, INVOKE]);
    bedrock.clear();
    let list = "/latest/meta-data/iam/security-credentials/";
    let instance = format!("{list}local-instance-role");
    assert_eq!(paths(&bedrock, imds(&bedrock)).await, ["/latest/api/token", list, &instance, INVOKE, INVOKE]);
}

#[tokio::test]
async fn keys_that_expire_between_calls_are_replaced() {
    let bedrock = start().await;
    let chat = chat(&bedrock, role(&bedrock, ROLE, keys(&bedrock)).with_duration(Duration::from_secs(900)));
    chat.invoke("One").await.unwrap();
    // Only the clock of the service is ahead: the cache holds the keys for good ones until the service refuses them.
    bedrock.set_clock_offset(901);
    assert!(chat.invoke("Two").await.unwrap().text().ends_with("You said: Two"));
    let sts = bedrock.requests().iter().filter(|request| request.path == "/").count();
    assert!(sts >= 2, "{sts} requests for keys");
}

#[tokio::test]
async fn refused_source_names_itself_and_keeps_secrets() {
    let bedrock = start().await;
    let settings = Role::new(ROLE).external_id("customer-7");
    bedrock.set_identity(Identity { roles: vec![settings], unauthenticated_identities: false, ..Identity::default() });
    let wrong_keys = Credentials::new("AKIDEXAMPLE", "not-the-secret-key");
    let expired = jwt(IN_2001);
    let error = |provider: Box<dyn ProvideCredentials>| async move {
        let error = provider.credentials().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
        assert!(!error.is_transient(), "{error:?}");
        error
    };
    let container = container(format!("{}/v1/credentials", bedrock.url()), Some("wrong-container-token"));
    let cases: Vec<(Box<dyn ProvideCredentials>, &str, &[&str])> = vec![
        (Box::new(role(&bedrock, ROLE, keys(&bedrock))), "AccessDenied", &[ROLE, "STS", "AKIDEXAMPLE", "trust policy"]),
        (Box::new(role(&bedrock, SECOND, wrong_keys)), "SignatureDoesNotMatch", &[SECOND, "STS", "check the keys"]),
        (Box::new(web_identity(&bedrock, expired.clone())), "ExpiredTokenException", &[ROLE, "STS", "Token expired"]),
        (Box::new(web_identity(&bedrock, "not.a.jwt".to_owned())), "InvalidIdentityToken", &[ROLE, "get a new token"]),
        (Box::new(pool(&bedrock)), "NotAuthorizedException", &[POOL, "Cognito", "guests"]),
        (Box::new(container), "AccessDeniedException", &["the container", "the token is not valid"]),
    ];
    for (provider, name, parts) in cases {
        let error = error(provider).await;
        assert_eq!(error.aws_type(), Some(name), "{error}");
        for part in parts {
            assert!(error.message().contains(part), "{part}: {error}");
        }
        assert_hidden(&error, &[&expired, "not-the-secret-key", "wrong-container-token"]);
    }
    bedrock.set_identity(Identity { instance_role: None, ..Identity::default() });
    let error = error(Box::new(imds(&bedrock))).await;
    assert!(error.message().contains("the instance (IMDS)"), "{error}");
}

#[tokio::test]
async fn throttled_sts_is_asked_again_by_the_chat() {
    let bedrock = start().await;
    bedrock.faults().push(Fault::error(400, "Throttling", "Rate exceeded").on_operation("AssumeRole"));
    let chat = chat(&bedrock, role(&bedrock, ROLE, keys(&bedrock)));
    assert!(chat.invoke("Hello").await.unwrap().text().ends_with("You said: Hello"));
    let paths: Vec<_> = bedrock.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/", "/", INVOKE]);
}

#[tokio::test]
async fn unreachable_sts_is_named_in_the_error() {
    let bedrock = start().await;
    let url = bedrock.url();
    drop(bedrock);
    let provider = AssumeRoleCredentials::new(ROLE, Credentials::new("AKIDEXAMPLE", "secret"))
        .with_environment(|_| None)
        .with_region("us-east-1")
        .with_endpoint_url(&url);
    let error = provider.credentials().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Credentials && error.is_transient(), "{error:?}");
    for part in ["STS", ROLE, "127.0.0.1"] {
        assert!(error.message().contains(part), "{error}");
    }
    // The cause that the HTTP client adds says nothing.
    assert!(!error.message().contains("error sending request"), "{error}");
}
