use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_executor::block_on;

use super::{Clock, NOW, assert_hidden};
use crate::credentials::{Credentials, ProvideCredentials};
use crate::error::{Error, ErrorKind};
use crate::sources::{IdentityToken, ProvideIdentityToken, WebIdentityCredentials};
use crate::testing::{MemoryTransport, Reply};

const ROLE: &str = "arn:aws:iam::123456789012:role/chat";
const TOKEN: &str = "eyJhbGciOi.J9+/=.c2lnbmF0dXJl";

const ANSWER: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
    <AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
    <Expiration>2025-01-02T04:04:05.123Z</Expiration></Credentials>\
    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

fn role(transport: &MemoryTransport, token: impl ProvideIdentityToken) -> WebIdentityCredentials {
    WebIdentityCredentials::new(ROLE, token)
        .with_region("eu-west-1")
        .with_environment(|_| None)
        .with_transport(transport.clone())
        .with_runtime(Clock::new(false))
}

#[test]
fn web_identity_request_has_the_token_and_no_signature() {
    let transport = MemoryTransport::new([Reply::new(200, "text/xml", ANSWER)]);
    let provider = role(&transport, IdentityToken::new(format!(" {TOKEN}\n"))).with_session_name("me");
    let found = block_on(provider.credentials()).unwrap();
    let expected = Credentials::new("ASIAEXAMPLE", "s").with_session_token("t");
    assert_eq!(found, expected.with_expiry(Duration::from_secs(NOW + 3600)));
    let request = &transport.requests()[0];
    assert_eq!(request.url, "https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(request.headers.get("authorization"), None);
    assert_eq!(
        request.body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fchat\
         &RoleSessionName=me&WebIdentityToken=eyJhbGciOi.J9%2B%2F%3D.c2lnbmF0dXJl"
    );
}

#[test]
fn identity_token_is_read_again_for_each_request() {
    let reads = Arc::new(AtomicU32::new(0));
    let token = {
        let reads = reads.clone();
        move || {
            let n = reads.fetch_add(1, Ordering::SeqCst);
            async move { Ok(format!("token-{n}")) }
        }
    };
    let transport = MemoryTransport::new([200, 200].map(|status| Reply::new(status, "text/xml", ANSWER)));
    let provider = role(&transport, token);
    for n in 0..2 {
        block_on(provider.credentials()).unwrap();
        assert!(transport.requests()[n].body.ends_with(format!("WebIdentityToken=token-{n}").as_bytes()));
    }
}

#[test]
fn refused_identity_token_is_not_quoted_in_the_error() {
    let body = format!(
        "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no such key: {TOKEN}</Message></Error></ErrorResponse>"
    );
    let provider = role(&MemoryTransport::new([Reply::new(400, "text/xml", body)]), IdentityToken::new(TOKEN));
    let error = block_on(provider.credentials()).unwrap_err();
    assert_eq!((error.kind(), error.aws_type()), (ErrorKind::Credentials, Some("InvalidIdentityToken")));
    for part in [ROLE, "STS", "no such key", "get a new token"] {
        assert!(error.message().contains(part), "{error}");
    }
    assert_hidden(&error, &[TOKEN]);
    assert!(!error.is_transient());
    assert_hidden(&Error::new(ErrorKind::Config, format!("{provider:?}")), &[TOKEN]);
}

#[test]
fn missing_identity_token_is_an_error_before_sending() {
    let transport = MemoryTransport::new([]);
    let empty = block_on(role(&transport, IdentityToken::new(" \n")).credentials()).unwrap_err();
    assert!(empty.message().contains("empty identity token"), "{empty}");
    let fails = || async { Err::<String, _>(Error::new(ErrorKind::Connect, "vault is sealed")) };
    let failed = block_on(role(&transport, fails).credentials()).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Credentials);
    assert!(failed.message().contains(ROLE) && failed.message().contains("vault is sealed"), "{failed}");
    assert!(failed.is_transient() && transport.requests().is_empty());
}
