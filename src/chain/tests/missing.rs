//! Tests of a metadata service that is slow, and of a profile that is missing.

use super::*;

#[tokio::test]
async fn slow_metadata_service_is_a_transient_error() {
    let refused = || (0..2).map(|_| Reply::error(Error::new(ErrorKind::Connect, "refused"))).collect();
    let config = "[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/Reader\n\
                  credential_source = Ec2InstanceMetadata\n";
    let home = Home::new(config, "").with("AWS_EC2_METADATA_DISABLED", "");
    let error = home.over(refused()).await.0.unwrap_err();
    assert!(error.is_retryable() && error.kind() == ErrorKind::Credentials, "{error:?}");
    assert!(error.message().contains("`credential_source` `Ec2InstanceMetadata` of profile `default`"), "{error}");
    // Without a source, the service may be slow or may not exist.
    let home = Home::new("", "").with("AWS_EC2_METADATA_DISABLED", "");
    let error = home.over(refused()).await.0.unwrap_err();
    assert!(error.is_transient() && !error.is_retryable(), "{error:?}");
    let error = home.with("AWS_EC2_METADATA_DISABLED", "true").over(vec![]).await.0.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
}

#[test]
fn missing_profile_is_ignored_by_chats_that_need_none() {
    let home = Home::new(&format!("[profile work]\n{KEYS}"), "").with("AWS_PROFILE", "wrok");
    let builder = |home: &Home| {
        let variables = home.variables.clone();
        crate::BedrockChat::builder("us.amazon.nova-lite-v1:0").environment(move |name| variables.get(name).cloned())
    };
    let keys = || Credentials::new("AKID", "s");
    assert!(builder(&home).region("us-east-1").build().is_err());
    builder(&home).region("us-east-1").credentials(keys()).build().unwrap();
    builder(&home).region("us-east-1").api_key("key").build().unwrap();
    // A region that is missing may be the profile's.
    let error = builder(&home).credentials(keys()).build().unwrap_err();
    assert!(error.message().contains("region is missing") && error.message().contains("`wrok`"), "{error}");
    // A profile that was chosen in code must exist, and files must be readable.
    let error = builder(&home).region("us-east-1").credentials(keys()).profile("wrok").build().unwrap_err();
    assert_eq!(error.field(), Some("profile"));
    home.write(".aws/config", "[profile");
    let error = builder(&home).region("us-east-1").credentials(keys()).build().unwrap_err();
    assert!(error.message().contains("is malformed"), "{error}");
    home.write(".aws/config", "");
    let home = home.with("AWS_BEARER_TOKEN_BEDROCK", "key");
    builder(&home).region("us-east-1").build().unwrap();
}
