//! Tests of a metadata service that is slow, and of profiles that are missing.

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
    // So may be one that exists.
    let error = builder(&home).profile("work").credentials(keys()).build().unwrap_err();
    assert!(error.message().ends_with("; or set `region` of profile `work` in `~/.aws/config`"), "{error}");
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

#[tokio::test]
async fn missing_profile_is_an_error_with_the_known_ones() {
    let home = Home::new("[profile work]\nregion = us-east-1\n", "").with("AWS_PROFILE", "wrok");
    let error = home.found().await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Config, Some("profile")));
    for part in ["`wrok` (`AWS_PROFILE`)", "they have work; correct the name"] {
        assert!(error.message().contains(part), "{error}");
    }
    let error = Home::new("", "").with("AWS_DEFAULT_PROFILE", "x").found().await.unwrap_err();
    for part in ["`x` (`AWS_DEFAULT_PROFILE`)", "no profiles; create it, such as by `aws configure --profile x`"] {
        assert!(error.message().contains(part), "{error}");
    }
}

#[tokio::test]
async fn profile_section_without_its_prefix_is_named() {
    let home = Home::new("[work]\nregion = us-east-1\n[profile other]\n", "").with("AWS_PROFILE", "work");
    let error = home.found().await.unwrap_err();
    assert!(error.message().ends_with("; write `[profile work]` instead of `[work]` in `~/.aws/config`"), "{error}");
}
