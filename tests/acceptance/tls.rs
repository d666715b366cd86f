//! The trusted certificates. Each test runs in a separate process, as the environment decides.

#![cfg(feature = "rustls")]

use std::net::TcpListener;
use std::time::Duration;

use bedrock_chat::{BedrockChat, Error, ErrorKind, HttpRequest, Method, ReqwestTransport, RetryPolicy, Transport};

use crate::support::{CLAUDE, alone, keys, soon};
use crate::tls_server::{CA, start};

const NOT_PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/README.md");
const WITHOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/localhost.key");
const MALFORMED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/malformed.pem");
const MISSING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/missing.pem");

async fn ask(url: &str, transport: Option<ReqwestTransport>) -> Result<String, Error> {
    let chat = BedrockChat::builder(CLAUDE).region("us-east-1").credentials(keys()).endpoint_url(url);
    let chat = chat.retry(RetryPolicy::default().with_max_attempts(1));
    let chat = match transport {
        Some(transport) => chat.transport(transport),
        None => chat,
    };
    Ok(soon(chat.build()?.invoke("hello")).await?.text())
}

#[tokio::test]
async fn ca_bundle_variable_names_the_roots_that_are_trusted() {
    if !alone("tls::ca_bundle_variable_names_the_roots_that_are_trusted", &[("AWS_CA_BUNDLE", CA)]) {
        return;
    }
    let url = start();
    assert!(ask(&url, None).await.unwrap().starts_with("trusted"));
    let shared = ReqwestTransport::new(None).unwrap();
    assert!(ask(&url, Some(shared)).await.unwrap().starts_with("trusted"));
}

#[tokio::test]
async fn unknown_ca_is_not_trusted_without_the_variable() {
    if !alone("tls::unknown_ca_is_not_trusted_without_the_variable", &[("AWS_CA_BUNDLE", " ")]) {
        return;
    }
    assert_eq!(ask(&start(), None).await.unwrap_err().kind(), ErrorKind::Connect);
}

async fn refused(path: &str) {
    for error in [ask("https://localhost:1", None).await.unwrap_err(), ReqwestTransport::new(None).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.message().contains("AWS_CA_BUNDLE") && error.message().contains(path), "{error}");
    }
}

#[tokio::test]
async fn ca_bundle_that_is_missing_is_refused_by_name() {
    if alone("tls::ca_bundle_that_is_missing_is_refused_by_name", &[("AWS_CA_BUNDLE", MISSING)]) {
        refused(MISSING).await;
    }
}

#[tokio::test]
async fn ca_bundle_that_is_not_pem_is_refused_by_name() {
    if alone("tls::ca_bundle_that_is_not_pem_is_refused_by_name", &[("AWS_CA_BUNDLE", NOT_PEM)]) {
        refused(NOT_PEM).await;
    }
}

#[tokio::test]
async fn ca_bundle_without_a_certificate_is_refused_by_name() {
    if alone("tls::ca_bundle_without_a_certificate_is_refused_by_name", &[("AWS_CA_BUNDLE", WITHOUT)]) {
        refused(WITHOUT).await;
    }
}

#[tokio::test]
async fn ca_bundle_with_a_malformed_certificate_is_refused() {
    if alone("tls::ca_bundle_with_a_malformed_certificate_is_refused", &[("AWS_CA_BUNDLE", MALFORMED)]) {
        refused(MALFORMED).await;
    }
}

/// The clock is paused, so the limit is reached as soon as there is nothing else to do.
#[tokio::test(start_paused = true)]
async fn connect_timeout_says_to_which_host_and_how_long() {
    // Connections are made by the system, and TLS never begins.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let transport = ReqwestTransport::new(Some(Duration::from_secs(3))).unwrap();
    let error = transport.send(HttpRequest::new(Method::Get, format!("https://{host}/"))).await.err().unwrap();
    assert!(error.kind() == ErrorKind::Timeout && error.is_retryable(), "{error:?}");
    assert_eq!(error.message(), format!("connecting to {host} took too long: more than 3000 ms"));
}
