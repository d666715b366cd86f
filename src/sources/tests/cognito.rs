use std::time::Duration;

use futures_executor::block_on;

use super::{Clock, NOW, assert_hidden};
use crate::credentials::{Credentials, ProvideCredentials};
use crate::error::ErrorKind;
use crate::sources::{CognitoCredentials, IdentityToken};
use crate::testing::{MemoryTransport, Reply};

const POOL: &str = "us-east-1:12345678-1234-1234-1234-123456789012";

const ID: &str = r#"{"IdentityId":"us-east-1:id-1"}"#;

fn pool(transport: &MemoryTransport) -> CognitoCredentials {
    CognitoCredentials::new(POOL)
        .with_environment(|_| None)
        .with_transport(transport.clone())
        .with_runtime(Clock::new(false))
}

fn keys(id: &str) -> Reply {
    let body = format!(
        r#"{{"IdentityId":"{id}","Credentials":{{"AccessKeyId":"ASIAEXAMPLE","SecretKey":"SECRET","SessionToken":"TOKEN","Expiration":1.735790645E9}}}}"#
    );
    Reply::new(200, "application/x-amz-json-1.1", body)
}

fn refused(name: &str, message: &str) -> Reply {
    Reply::json(400, format!(r#"{{"__type":"{name}","message":"{message}"}}"#)).with_header("x-amzn-requestid", "r")
}

fn bodies(transport: &MemoryTransport) -> Vec<String> {
    transport.requests().iter().map(|request| String::from_utf8(request.body.to_vec()).unwrap()).collect()
}

#[test]
fn cognito_guest_gets_an_identity_once_and_credentials() {
    let transport = MemoryTransport::new([Reply::json(200, ID), keys("us-east-1:id-1"), keys("us-east-1:id-1")]);
    let provider = pool(&transport);
    assert_eq!(provider.identity_id(), None);
    for _ in 0..2 {
        let expected = Credentials::new("ASIAEXAMPLE", "SECRET").with_session_token("TOKEN");
        let found = block_on(provider.credentials()).unwrap();
        assert_eq!(found, expected.with_expiry(Duration::from_secs(NOW + 3600)));
    }
    assert_eq!(provider.identity_id().as_deref(), Some("us-east-1:id-1"));
    let of_identity = r#"{"IdentityId":"us-east-1:id-1"}"#;
    assert_eq!(bodies(&transport), [&format!(r#"{{"IdentityPoolId":"{POOL}"}}"#), of_identity, of_identity]);
    let requests = transport.requests();
    assert_eq!(requests[0].url, "https://cognito-identity.us-east-1.amazonaws.com/");
    assert_eq!(requests[0].headers.get("x-amz-target"), Some("AWSCognitoIdentityService.GetId"));
    assert_eq!(requests[1].headers.get("x-amz-target"), Some("AWSCognitoIdentityService.GetCredentialsForIdentity"));
    assert_eq!(requests[1].headers.get("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(requests[1].headers.get("authorization"), None);
}

#[test]
fn cognito_login_and_role_are_sent() {
    let transport = MemoryTransport::new([Reply::json(200, ID), keys("us-east-1:merged")]);
    let provider = pool(&transport)
        .with_login("accounts.google.com", IdentityToken::new("id-token-1"))
        .with_login("custom", || async { Ok("id-token-2") })
        .with_role_arn("arn:aws:iam::1:role/r");
    block_on(provider.credentials()).unwrap();
    let logins = r#""Logins":{"accounts.google.com":"id-token-1","custom":"id-token-2"}"#;
    assert_eq!(
        bodies(&transport),
        [
            format!(r#"{{"IdentityPoolId":"{POOL}",{logins}}}"#),
            format!(r#"{{"IdentityId":"us-east-1:id-1",{logins},"CustomRoleArn":"arn:aws:iam::1:role/r"}}"#),
        ]
    );
    assert_eq!(provider.identity_id().as_deref(), Some("us-east-1:merged"), "a login may merge identities");
    assert_hidden(&crate::error::Error::new(ErrorKind::Config, format!("{provider:?}")), &["id-token"]);
}

#[test]
fn deleted_cognito_identity_is_replaced_once() {
    let gone = || refused("ResourceNotFoundException", "Identity 'us-east-1:old' not found.");
    let transport = MemoryTransport::new([gone(), Reply::json(200, ID), keys("us-east-1:id-1")]);
    let provider = pool(&transport).with_identity_id("us-east-1:old");
    block_on(provider.credentials()).unwrap();
    assert_eq!(provider.identity_id().as_deref(), Some("us-east-1:id-1"));
    let transport = MemoryTransport::new([Reply::json(200, ID), gone()]);
    assert!(block_on(pool(&transport).credentials()).is_err());
    assert_eq!(transport.requests().len(), 2, "a new identity is not replaced");
}

#[test]
fn cognito_error_names_pool_and_operation_without_tokens() {
    let said = "Invalid login token: id-token-1";
    let transport = MemoryTransport::new([refused("NotAuthorizedException", said)]);
    let provider = pool(&transport).with_login("p", IdentityToken::new("id-token-1"));
    let error = block_on(provider.credentials()).unwrap_err();
    assert_eq!((error.kind(), error.aws_type()), (ErrorKind::Credentials, Some("NotAuthorizedException")));
    for part in [POOL, "Cognito", "GetId", "Invalid login token", "guests"] {
        assert!(error.message().contains(part), "{error}");
    }
    assert_hidden(&error, &["id-token-1"]);
    for name in ["TooManyRequestsException", "ExternalServiceException"] {
        let error = block_on(pool(&MemoryTransport::new([refused(name, "m")])).credentials()).unwrap_err();
        assert!(error.kind() == ErrorKind::Credentials && error.is_retryable(), "{error:?}");
    }
}

#[test]
fn malformed_cognito_answer_is_an_error_without_its_secrets() {
    let good = r#"{"Credentials":{"AccessKeyId":"A","SecretKey":"SECRET","SessionToken":"TOKEN","Expiration":1}}"#;
    for (from, to) in [
        ("}}", ""),
        ("AccessKeyId", "x"),
        ("SecretKey", "x"),
        ("SessionToken", "x"),
        ("Expiration", "x"),
        (":1}", ":1735790645000}"),
        (":1}", ":\"soon\"}"),
    ] {
        let transport = MemoryTransport::new([Reply::json(200, ID), Reply::json(200, good.replace(from, to))]);
        let error = block_on(pool(&transport).credentials()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{from}: {error}");
        assert!(error.message().contains(POOL), "{error}");
        assert_hidden(&error, &["SECRET", "TOKEN"]);
    }
    let no_id = block_on(pool(&MemoryTransport::new([Reply::json(200, "{}")])).credentials()).unwrap_err();
    assert!(no_id.message().contains("no identity id"), "{no_id}");
    let malformed = block_on(CognitoCredentials::new("pool").credentials()).unwrap_err();
    assert_eq!((malformed.kind(), malformed.field()), (ErrorKind::Config, Some("identity_pool_id")));
}
