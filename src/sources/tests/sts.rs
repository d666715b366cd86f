use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_executor::block_on;

use super::{Clock, NOW, assert_hidden};
use crate::credentials::{Credentials, ProvideCredentials};
use crate::error::{Error, ErrorKind};
use crate::sources::AssumeRoleCredentials;
use crate::testing::{MemoryTransport, Reply};

const ROLE: &str = "arn:aws:iam::123456789012:role/chat";

const ANSWER: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/chat/s</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>SECRET&amp;+/=</SecretAccessKey>
      <SessionToken>
        TOKEN==
      </SessionToken>
      <Expiration>2025-01-02T04:04:05Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>
</AssumeRoleResponse>"#;

fn keys() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "source-secret-key").with_session_token("source-session-token")
}

fn role(transport: &MemoryTransport) -> AssumeRoleCredentials {
    role_of(keys(), transport)
}

fn role_of(source: impl ProvideCredentials, transport: &MemoryTransport) -> AssumeRoleCredentials {
    AssumeRoleCredentials::new(ROLE, source)
        .with_region("us-east-1")
        .with_environment(|_| None)
        .with_transport(transport.clone())
        .with_runtime(Clock::new(false))
}

fn xml(status: u16, body: &str) -> Reply {
    Reply::new(status, "text/xml", body.to_owned())
}

fn error_xml(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>r-2</RequestId></ErrorResponse>"
    );
    xml(status, &body).with_header("x-amzn-requestid", "r-2")
}

fn error_of(reply: Reply) -> Error {
    block_on(role(&MemoryTransport::new([reply])).credentials()).unwrap_err()
}

#[test]
fn assume_role_sends_all_parameters_and_reads_keys() {
    let transport = MemoryTransport::new([xml(200, ANSWER)]);
    let provider = role(&transport)
        .with_external_id("e x&t")
        .with_session_name("me@example.com")
        .with_duration(Duration::from_secs(900))
        .with_policy("{}");
    let found = block_on(provider.credentials()).unwrap();
    let expected = Credentials::new("ASIAEXAMPLE", "SECRET&+/=").with_session_token("TOKEN==");
    assert_eq!(found, expected.with_expiry(Duration::from_secs(NOW + 3600)));
    let request = &transport.requests()[0];
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://sts.us-east-1.amazonaws.com/"));
    assert_eq!(
        request.body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fchat\
         &RoleSessionName=me%40example.com&DurationSeconds=900&Policy=%7B%7D&ExternalId=e%20x%26t"
    );
    let header = |name| request.headers.get(name).unwrap_or_default();
    assert_eq!(header("x-amz-date"), "20250102T030405Z");
    assert_eq!(header("x-amz-security-token"), "source-session-token");
    let scope = "Credential=AKIDEXAMPLE/20250102/us-east-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
    assert!(header("authorization").contains(scope), "{}", header("authorization"));
}

#[test]
fn session_name_is_generated_once_from_the_time() {
    let transport = MemoryTransport::new([xml(200, ANSWER), xml(200, ANSWER)]);
    let provider = role(&transport);
    for _ in 0..2 {
        block_on(provider.credentials()).unwrap();
    }
    for request in transport.requests() {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(body.contains(&format!("RoleSessionName=bedrock-chat-{NOW}")), "{body}");
        assert!(!body.contains("DurationSeconds") && !body.contains("ExternalId"), "{body}");
    }
}

#[test]
fn sts_endpoint_depends_on_region_fips_and_environment() {
    let urls = |region: &str, variables: &'static [(&'static str, &'static str)]| {
        let transport = MemoryTransport::new([xml(200, ANSWER)]);
        let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let provider = role(&transport).with_region(region).with_environment(get);
        block_on(provider.credentials()).map(|_| transport.requests()[0].url.clone())
    };
    let fips = &[("AWS_USE_FIPS_ENDPOINT", "true")];
    let dual = &[("AWS_USE_DUALSTACK_ENDPOINT", "true")];
    for (region, variables, url) in [
        ("cn-north-1", &[][..], "https://sts.cn-north-1.amazonaws.com.cn/"),
        ("us-west-2", fips, "https://sts-fips.us-west-2.amazonaws.com/"),
        ("us-gov-west-1", fips, "https://sts.us-gov-west-1.amazonaws.com/"),
        ("us-west-2", dual, "https://sts.us-west-2.api.aws/"),
        ("", &[("AWS_REGION", "eu-west-1")], "https://sts.eu-west-1.amazonaws.com/"),
        ("us-west-2", &[("AWS_ENDPOINT_URL_STS", "http://localhost:1/p")], "http://localhost:1/p"),
        ("us-west-2", &[("AWS_ENDPOINT_URL", "http://localhost:2")], "http://localhost:2/"),
    ] {
        assert_eq!(urls(region, variables).unwrap(), url);
    }
    for (region, variables, field) in [
        ("", &[][..], "region"),
        ("us-west-2", &[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_ENDPOINT_URL_STS", "http://localhost:1")], "fips"),
        ("us-west-2", &[("AWS_ENDPOINT_URL_STS", "http://sts.example")], "endpoint_url"),
    ] {
        let error = urls(region, variables).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Config, Some(field)), "{error}");
    }
}

#[test]
fn wrong_role_parameters_are_refused_before_sending() {
    let transport = MemoryTransport::new([]);
    let of = |provider: AssumeRoleCredentials| block_on(provider.credentials()).unwrap_err();
    for (provider, field) in [
        (role(&transport).with_session_name("a b"), "session_name"),
        (role(&transport).with_session_name("a"), "session_name"),
        (role(&transport).with_external_id(""), "external_id"),
        (role(&transport).with_duration(Duration::from_secs(60)), "duration"),
        (AssumeRoleCredentials::new("chat", keys()), "role_arn"),
        (AssumeRoleCredentials::new("", keys()), "role_arn"),
    ] {
        let error = of(provider);
        assert_eq!((error.kind(), error.field()), (ErrorKind::Config, Some(field)), "{error}");
    }
    assert!(transport.requests().is_empty());
}

#[test]
fn sts_error_keeps_code_message_and_names_role_and_key() {
    let said = "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole";
    let error = error_of(error_xml(403, "AccessDenied", said));
    assert_eq!(
        (error.kind(), error.status(), error.aws_type()),
        (ErrorKind::Credentials, Some(403), Some("AccessDenied"))
    );
    assert_eq!(error.request_id(), Some("r-2"));
    assert!(!error.is_transient());
    for part in [ROLE, "STS", "AKIDEXAMPLE", said, "trust policy"] {
        assert!(error.message().contains(part), "{error}");
    }
    let quoted =
        error_of(error_xml(403, "SignatureDoesNotMatch", "token: source-session-token key: source-secret-key"));
    assert_hidden(&quoted, &["source-session-token", "source-secret-key"]);
}

#[test]
fn sts_error_is_transient_if_the_cause_may_pass() {
    for reply in [
        error_xml(400, "Throttling", "Rate exceeded"),
        error_xml(400, "IDPCommunicationError", "no answer"),
        error_xml(503, "ServiceUnavailable", "later"),
        xml(500, "<html>").with_header("x-amzn-requestid", "r"),
        xml(502, "bad gateway"),
        Reply::error(Error::new(ErrorKind::Connect, "refused")),
        Reply::error(Error::new(ErrorKind::Interrupted, "reset")),
    ] {
        let error = error_of(reply);
        assert!(error.kind() == ErrorKind::Credentials && error.is_retryable(), "{error:?}");
        assert!(error.message().contains(ROLE) && error.message().contains("STS"), "{error}");
    }
}

#[test]
fn sts_that_stalls_times_out_with_the_step_named() {
    let stalled = Reply::new(200, "text/xml", ANSWER).cut_after(100).that_stalls();
    let transport = MemoryTransport::new([stalled]);
    let provider = role(&transport).with_runtime(Clock::new(true)).with_timeout(Duration::from_millis(1500));
    let error = block_on(provider.credentials()).unwrap_err();
    assert!(error.kind() == ErrorKind::Credentials && error.is_retryable(), "{error:?}");
    for part in ["STS", "1500 ms", "the body", ROLE] {
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn malformed_sts_answer_is_an_error_without_its_secrets() {
    for (from, to) in [
        ("</AssumeRoleResponse>", ""),
        ("AccessKeyId", "Other"),
        ("ASIAEXAMPLE", ""),
        ("SecretAccessKey", "Other"),
        ("SessionToken", "Other"),
        ("Expiration", "Other"),
        ("2025-01-02T04:04:05Z", "soon"),
    ] {
        let error = error_of(xml(200, &ANSWER.replace(from, to)));
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
        assert_hidden(&error, &["SECRET", "TOKEN=="]);
    }
    let large = error_of(xml(200, &ANSWER.replace("TOKEN", &"T".repeat(70_000))));
    assert!(large.message().contains("longer than"), "{large}");
}

#[test]
fn expired_source_keys_are_renewed_once() {
    let asked = Arc::new(AtomicU32::new(0));
    let source = {
        let asked = asked.clone();
        move || {
            let n = asked.fetch_add(1, Ordering::SeqCst);
            async move { Ok(Credentials::new(format!("AKID{n}"), "s")) }
        }
    };
    let expired = || error_xml(403, "ExpiredToken", "The security token included in the request is expired");
    let transport = MemoryTransport::new([expired(), xml(200, ANSWER), expired(), expired()]);
    block_on(role_of(source, &transport).credentials()).unwrap();
    assert!(transport.requests()[1].headers.get("authorization").unwrap().contains("AKID1/"));
    // The same keys again: no second request.
    let error = block_on(role(&transport).credentials()).unwrap_err();
    assert_eq!((error.aws_type(), transport.requests().len()), (Some("ExpiredToken"), 3));
}

#[test]
fn clock_skew_of_sts_is_corrected_once_and_kept() {
    let early = || {
        let said =
            "Signature expired: 20250102T030405Z is now earlier than 20250102T040405Z (20250102T040905Z - 5 min.)";
        error_xml(403, "SignatureDoesNotMatch", said)
    };
    let transport = MemoryTransport::new([early(), xml(200, ANSWER), xml(200, ANSWER), early(), early()]);
    let provider = role(&transport);
    for _ in 0..2 {
        // The clock of STS is ahead by 65 minutes, and the session ends 60 minutes after this machine's time.
        let found = block_on(provider.credentials()).unwrap();
        assert_eq!(found.expires_at(), Some(Duration::from_secs(NOW + 3600 - 3900)));
    }
    let dates: Vec<_> =
        transport.requests().iter().map(|request| request.headers.get("x-amz-date").unwrap().to_owned()).collect();
    assert_eq!(dates, ["20250102T030405Z", "20250102T040905Z", "20250102T040905Z"]);
    let error = block_on(provider.credentials()).unwrap_err();
    assert_eq!((error.aws_type(), transport.requests().len()), (Some("SignatureDoesNotMatch"), 5));
}

#[test]
fn api_key_cannot_be_the_source_of_a_role() {
    let transport = MemoryTransport::new([]);
    let provider = role_of(Credentials::bearer("api-key-1"), &transport);
    let error = block_on(provider.credentials()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.message().contains("API key"), "{error}");
}

#[test]
fn debug_of_a_role_hides_secrets() {
    let printed = format!("{:?}", role(&MemoryTransport::new([])).with_external_id("external-1"));
    assert!(printed.contains(ROLE) && !printed.contains("secret") && !printed.contains("external-1"), "{printed}");
}
