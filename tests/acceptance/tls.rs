//! The trusted certificates. Each test runs in a separate process, as the environment decides.

#![cfg(feature = "rustls")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use bedrock_chat::{BedrockChat, Error, ErrorKind, ReqwestTransport, RetryPolicy};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{CLAUDE, alone, keys, soon};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls");
const CA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/ca.pem");
const NOT_PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/README.md");
const WITHOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/localhost.key");
const MALFORMED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/malformed.pem");
const MISSING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/missing.pem");

/// Returns a server whose certificate is from the tests' own authority.
fn server() -> String {
    let chain = CertificateDer::pem_file_iter(format!("{FOLDER}/localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain.map(Result::unwrap).collect(), key).unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream.unwrap());
            // A client that does not trust the certificate ends here.
            if tls.read(&mut [0; 16 * 1024]).is_ok() {
                let body = r#"{"content":[{"type":"text","text":"trusted"}]}"#;
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
                let _ = tls.write_all(format!("{head}\r\nconnection: close\r\n\r\n{body}").as_bytes());
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    format!("https://localhost:{port}")
}

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
    let url = server();
    assert_eq!(ask(&url, None).await.unwrap(), "trusted");
    let shared = ReqwestTransport::new(None).unwrap();
    assert_eq!(ask(&url, Some(shared)).await.unwrap(), "trusted");
}

#[tokio::test]
async fn unknown_ca_is_not_trusted_without_the_variable() {
    if !alone("tls::unknown_ca_is_not_trusted_without_the_variable", &[("AWS_CA_BUNDLE", " ")]) {
        return;
    }
    assert_eq!(ask(&server(), None).await.unwrap_err().kind(), ErrorKind::Connect);
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
