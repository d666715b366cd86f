//! Tests of containers and instances over prepared replies.

use std::time::Duration;

use futures_executor::block_on;

use super::{ContainerCredentials, ImdsCredentials};
use crate::credentials::{Credentials, ProvideCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::sources::tests::{Clock, NOW, assert_hidden};
use crate::testing::{MemoryTransport, Reply};

type Pairs = &'static [(&'static str, &'static str)];

fn of(pairs: Pairs) -> impl Fn(&str) -> Option<String> {
    move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

/// A document that expires this many seconds after now.
fn document(seconds: u64) -> String {
    let end = crate::sigv4::AmzDate::from_unix_seconds(NOW + seconds).unwrap();
    format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"SECRET","Token":"TOKEN","Expiration":"{end}"}}"#
    )
}

fn keys(seconds: u64) -> Credentials {
    let keys = Credentials::new("ASIAEXAMPLE", "SECRET").with_session_token("TOKEN");
    keys.with_expiry(Duration::from_secs(NOW + seconds))
}

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

fn container(pairs: Pairs, replies: impl IntoIterator<Item = Reply>) -> (Result<Credentials>, MemoryTransport) {
    let transport = MemoryTransport::new(replies);
    let provider = ContainerCredentials::new()
        .with_environment(of(pairs))
        .with_transport(transport.clone())
        .with_runtime(Clock::new(true));
    (block_on(provider.credentials()), transport)
}

#[test]
fn container_address_is_read_from_variables() {
    let cases: &[(Pairs, &str)] = &[
        (&[(RELATIVE, "/v2/c?id=1"), (FULL, "http://localhost/x")], "http://169.254.170.2/v2/c?id=1"),
        (&[(FULL, "http://localhost:80")], "http://localhost/"),
        (&[(FULL, "http://127.8.0.1:9?x=1")], "http://127.8.0.1:9/?x=1"),
        (&[(FULL, "http://[::1]/x")], "http://[::1]/x"),
        (&[(FULL, "http://169.254.170.23/v1/credentials")], "http://169.254.170.23/v1/credentials"),
        (&[(FULL, "http://[fd00:ec2::23]/v1/credentials")], "http://[fd00:ec2::23]/v1/credentials"),
        (&[(FULL, "https://Example.com/x")], "https://example.com/x"),
    ];
    for (pairs, url) in cases {
        let (found, transport) = container(pairs, [Reply::json(200, document(3600))]);
        assert_eq!(found.unwrap(), keys(3600), "{url}");
        let request = &transport.requests()[0];
        assert_eq!((request.method.as_str(), request.url.as_str()), ("GET", *url));
        assert_eq!(
            (request.headers.get("accept"), request.headers.get("authorization")),
            (Some("application/json"), None)
        );
    }
}

#[test]
fn container_address_of_another_host_is_refused() {
    let cases: &[Pairs] = &[
        &[(FULL, "http://example.com/x")],
        &[(FULL, "http://169.254.169.254/x")],
        &[(FULL, "http://127.0.0.1.example.com/x")],
        &[(FULL, "http://localhost@example.com/x")],
        &[(FULL, "http://example.com\\@localhost/x")],
        &[(FULL, "http://localhost.example.com")],
        &[(FULL, "ftp://localhost/x")],
        &[(FULL, "localhost/x")],
        &[(FULL, "http://")],
        &[(FULL, "http://localhost/a b")],
        &[(RELATIVE, "x")],
        &[(RELATIVE, "@example.com/x")],
        &[(RELATIVE, ".example.com/x")],
        &[],
    ];
    for pairs in cases {
        let (found, transport) = container(pairs, [Reply::json(200, document(3600))]);
        let error = found.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{pairs:?}");
        assert!(error.message().contains("AWS_CONTAINER_CREDENTIALS"), "{error}");
        assert!(transport.requests().is_empty(), "{pairs:?}");
    }
}

#[test]
fn container_token_is_sent_and_never_quoted() {
    let pairs: Pairs = &[(RELATIVE, "/c"), (TOKEN, "Basic secret-token")];
    let (found, transport) = container(pairs, [Reply::json(200, document(60))]);
    assert_eq!(found.unwrap(), keys(60));
    assert_eq!(transport.requests()[0].headers.get("authorization"), Some("Basic secret-token"));
    let denied = || Reply::json(401, r#"{"code":"Denied","message":"bad token: Basic secret-token"}"#);
    let (found, transport) = container(pairs, [denied(), denied(), denied()]);
    let error = found.unwrap_err();
    assert!(error.message().contains("the container at `169.254.170.2` in 3 attempts: bad token"), "{error}");
    assert_hidden(&error, &["secret-token"]);
    assert_eq!(transport.requests().len(), 3);
    let (found, transport) = container(&[(RELATIVE, "/c"), (TOKEN, "a-token-1\r\nx: y")], []);
    let error = found.unwrap_err();
    assert!(error.message().contains(TOKEN) && transport.requests().is_empty(), "{error}");
    assert_hidden(&error, &["a-token-1"]);
}

#[test]
fn container_is_tried_three_times() {
    let pairs: Pairs = &[(RELATIVE, "/c")];
    let failures = || {
        [Reply::json(500, "no"), Reply::json(200, "SECRET"), Reply::error(Error::new(ErrorKind::Connect, "refused"))]
    };
    let [first, second, third] = failures();
    let (found, _) = container(pairs, [first, second, Reply::json(200, document(60))]);
    assert_eq!(found.unwrap(), keys(60));
    let [first, second, _] = failures();
    let (found, transport) = container(pairs, [first, second, third]);
    let error = found.unwrap_err();
    assert!(error.kind() == ErrorKind::Credentials && error.is_transient(), "{error:?}");
    assert!(error.message().contains("the container") && error.message().contains("refused"), "{error}");
    assert_eq!(transport.requests().len(), 3);
}

#[test]
fn malformed_container_document_is_an_error_without_its_secrets() {
    for (from, to) in [
        ("AccessKeyId", "x"),
        ("SecretAccessKey", "x"),
        ("\"Token\"", "\"x\""),
        ("Expiration", "x"),
        ("2025", "soon"),
        ("{", ""),
    ] {
        let body = document(60).replace(from, to);
        let (found, _) = container(&[(RELATIVE, "/c")], [0; 3].map(|_| Reply::json(200, body.clone())));
        let error = found.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{from}");
        assert!(error.message().contains("the container"), "{error}");
        assert_hidden(&error, &["SECRET", "TOKEN"]);
    }
}

fn imds(pairs: Pairs, replies: impl IntoIterator<Item = Reply>) -> (Result<Credentials>, MemoryTransport) {
    let transport = MemoryTransport::new(replies);
    let provider = ImdsCredentials::new()
        .with_environment(of(pairs))
        .with_transport(transport.clone())
        .with_runtime(Clock::new(true));
    (block_on(provider.credentials()), transport)
}

fn text(status: u16, body: &str) -> Reply {
    Reply::new(status, "text/plain", body.to_owned())
}

fn good() -> [Reply; 3] {
    [text(200, "imds-token"), text(200, "my-role"), text(200, &document(3600 * 6))]
}

#[test]
fn imds_request_has_a_session_token_and_the_role() {
    let (found, transport) = imds(&[], good());
    assert_eq!(found.unwrap(), keys(3600 * 6));
    let sent: Vec<_> = transport
        .requests()
        .iter()
        .map(|request| {
            let header = |name| request.headers.get(name).map(str::to_owned);
            let token = header("x-aws-ec2-metadata-token").or(header("x-aws-ec2-metadata-token-ttl-seconds"));
            format!("{} {} {}", request.method, request.url, token.unwrap_or_default())
        })
        .collect();
    let list = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    assert_eq!(
        sent,
        [
            "PUT http://169.254.169.254/latest/api/token 21600".to_owned(),
            format!("GET {list} imds-token"),
            format!("GET {list}my-role imds-token"),
        ]
    );
}

#[test]
fn imds_endpoint_is_read_from_variables() {
    let cases: &[(Pairs, &str)] = &[
        (&[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")], "http://[fd00:ec2::254]/"),
        (&[("AWS_IMDS_USE_IPV6", "true")], "http://[fd00:ec2::254]/"),
        (
            &[
                ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:1338/"),
                ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6"),
            ],
            "http://localhost:1338/",
        ),
    ];
    for (pairs, base) in cases {
        let (found, transport) = imds(pairs, good());
        found.unwrap();
        assert_eq!(transport.requests()[0].url, format!("{base}latest/api/token"));
    }
    for pairs in [
        &[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5")],
        &[("AWS_METADATA_SERVICE_TIMEOUT", "soon")],
        &[("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "-1")],
    ] as [Pairs; 3]
    {
        let error = imds(pairs, []).0.unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(pairs[0].0), "{error}");
    }
}

#[test]
fn disabled_imds_is_not_requested() {
    let (found, transport) = imds(&[("AWS_EC2_METADATA_DISABLED", "True")], good());
    let error = found.unwrap_err();
    assert!(error.message().contains("AWS_EC2_METADATA_DISABLED"), "{error}");
    assert!(error.kind() == ErrorKind::Credentials && transport.requests().is_empty());
}

#[test]
fn imds_without_session_tokens_is_used_unless_disabled() {
    for status in [403, 404, 405, 500] {
        let [_, role, credentials] = good();
        let (found, transport) = imds(&[], [text(status, "no"), role, credentials]);
        found.unwrap();
        assert_eq!(transport.requests()[2].headers.get("x-aws-ec2-metadata-token"), None);
        let (found, transport) = imds(&[("AWS_EC2_METADATA_V1_DISABLED", "true")], [text(status, "no")]);
        assert_eq!((found.unwrap_err().kind(), transport.requests().len()), (ErrorKind::Credentials, 1));
    }
    let (found, transport) = imds(&[], [text(400, "bad")]);
    assert!(found.is_err() && transport.requests().len() == 1, "a bad request is final");
}

#[test]
fn imds_retries_as_often_as_the_variable_says() {
    let attempts: Pairs = &[("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2")];
    let refused = || Reply::error(Error::new(ErrorKind::Connect, "refused"));
    let [token, role, credentials] = good();
    let replies = [text(500, ""), token, text(200, ""), role, text(200, "SECRET"), credentials];
    assert_eq!(imds(attempts, replies).0.unwrap(), keys(3600 * 6));
    let (found, transport) = imds(attempts, [0; 4].map(|_| refused()));
    let error = found.unwrap_err();
    assert!(error.kind() == ErrorKind::Credentials && error.is_transient(), "{error:?}");
    assert!(error.message().contains("the instance (IMDS) at `http://169.254.169.254`: refused"), "{error}");
    assert_eq!(transport.requests().len(), 4);
    let (found, transport) = imds(&[], [text(200, "t").that_stalls()]);
    let error = found.unwrap_err();
    assert_eq!(transport.requests().len(), 2, "after a silent service, IMDSv1 is tried: {error}");
}

#[test]
fn imds_error_after_a_lost_session_token_advises_on_hops() {
    let unauthorized = || text(401, "<html>401 - Unauthorized</html>");
    let lost = || text(200, "t").that_stalls();
    let error = imds(&[], [lost(), unauthorized()]).0.unwrap_err();
    for part in ["401 - Unauthorized", "no session token: waited 1000 ms", "set `HttpPutResponseHopLimit`"] {
        assert!(error.message().contains(part), "{error}");
    }
    let error = imds(&[("AWS_EC2_METADATA_V1_DISABLED", "true")], [lost()]).0.unwrap_err();
    assert!(error.message().contains("`HttpPutResponseHopLimit`"), "{error}");
    let error = imds(&[], [text(500, "down"), unauthorized()]).0.unwrap_err();
    assert!(error.message().contains("no session token: down") && !error.message().contains("Hop"), "{error}");
    // If no request is answered, the machine has no metadata service, so the hop limit is not the cause.
    let error = imds(&[], [lost(), lost()]).0.unwrap_err();
    assert!(!error.message().contains("Hop"), "{error}");
}

#[test]
fn imds_credentials_that_expire_soon_are_extended() {
    // Half of the jitter: 10 minutes, 2 minutes, and half of 8 minutes.
    let window = 600 + 120 + 240;
    for (seconds, expected) in [(0, window), (window, window), (window + 1, window + 1)] {
        let [token, role, _] = good();
        let (found, _) = imds(&[], [token, role, text(200, &document(seconds))]);
        assert_eq!(found.unwrap(), keys(expected), "{seconds}");
    }
}

#[test]
fn imds_error_document_is_an_error_with_its_code() {
    let [token, role, _] = good();
    let said = r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}"#;
    let error = imds(&[], [token, role, text(200, said)]).0.unwrap_err();
    assert_eq!((error.kind(), error.aws_type()), (ErrorKind::Credentials, Some("AssumeRoleUnauthorizedAccess")));
    assert!(error.message().contains("EC2 cannot assume the role"), "{error}");
    for body in ["", "a/../b", "a\nb", "<html>?"] {
        let [token, _, credentials] = good();
        let error = imds(&[], [token, text(200, body), credentials]).0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{body}");
    }
    let [token, role, _] = good();
    let error = imds(&[], [token, role, text(200, &document(60).replace("\"Token\"", "\"x\""))]).0.unwrap_err();
    assert_hidden(&error, &["SECRET", "TOKEN", "imds-token"]);
}
