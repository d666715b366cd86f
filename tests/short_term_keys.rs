//! Short-term API keys, compared with those of AWS's own generators.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, UNIX_EPOCH};

use bedrock_chat::{BedrockChat, Credentials, ErrorKind, short_term_api_key};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY, TEST_SESSION_TOKEN};
use serde_json::Value;

const NOW: Duration = Duration::from_secs(1_735_787_045);

fn recorded() -> Value {
    serde_json::from_str(include_str!("vectors/short_term_keys/keys.json")).unwrap()
}

fn credentials(recorded: &Value, case: &Value) -> Credentials {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Credentials::new(text(&recorded["access_key_id"]), text(&recorded["secret_access_key"]))
        .with_session_token(text(&case["session_token"]))
}

/// The parameters of a key, in no order.
fn parameters(key: &str) -> Vec<String> {
    let url = aws_smithy_types::base64::decode(key.strip_prefix("bedrock-api-key-").unwrap()).unwrap();
    let url = String::from_utf8(url).unwrap();
    let mut parameters: Vec<_> =
        url.strip_prefix("bedrock.amazonaws.com/?").unwrap().split('&').map(str::to_owned).collect();
    parameters.sort();
    parameters
}

#[test]
fn short_term_keys_match_the_aws_generators() {
    let recorded = recorded();
    let cases = recorded["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let life = Duration::from_secs(case["expires_in"].as_u64().unwrap());
        let now = Duration::from_secs(recorded["now"].as_u64().unwrap());
        let key = short_term_api_key(&credentials(&recorded, case), case["region"].as_str().unwrap(), life, now);
        let key = key.unwrap();
        assert_eq!(key, case["python"].as_str().unwrap());
        assert_eq!(parameters(&key), parameters(case["javascript"].as_str().unwrap()));
    }
}

#[test]
fn short_term_key_with_invalid_input_is_refused() {
    let keys = Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY);
    let refused = |credentials: &Credentials, region: &str, life: u64| {
        let error = short_term_api_key(credentials, region, Duration::from_secs(life), NOW).unwrap_err();
        (error.kind(), error.message().to_owned())
    };
    for life in [0, 43_201, u64::MAX] {
        let (kind, message) = refused(&keys, "us-east-1", life);
        assert_eq!(kind, ErrorKind::Config);
        assert!(message.contains("12 hours"), "{message}");
    }
    assert_eq!(refused(&Credentials::bearer("key"), "us-east-1", 60).0, ErrorKind::Credentials);
    assert_eq!(refused(&Credentials::new("", "secret"), "us-east-1", 60).0, ErrorKind::Credentials);
    assert_eq!(refused(&keys, "", 60).0, ErrorKind::Config);
}

#[tokio::test]
async fn short_term_key_works_until_expiry_in_its_region() {
    let keys = Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY).with_session_token(TEST_SESSION_TOKEN);
    let key = short_term_api_key(&keys, "us-east-1", Duration::from_secs(60), NOW).unwrap();
    let answer = async |region: &str, seconds: u64| {
        let clock = UNIX_EPOCH + NOW + Duration::from_secs(seconds);
        let bedrock = LocalBedrock::builder().fixed_clock(clock).region(region).start().await.unwrap();
        let chat = BedrockChat::builder("anthropic.claude-3-haiku-20240307-v1:0")
            .region(region)
            .endpoint_url(bedrock.url())
            .api_key(&key)
            .build()
            .unwrap();
        chat.invoke("hello").await.map(|reply| reply.text()).map_err(|error| error.to_string())
    };
    assert!(answer("us-east-1", 59).await.unwrap().contains("hello"));
    assert!(answer("us-east-1", 60).await.unwrap_err().contains("expired"));
    assert!(answer("eu-west-1", 59).await.unwrap_err().contains("API Key"));
}
