//! TLS with the crypto provider of the application: the feature `rustls-no-provider` without `rustls`.
//!
//! `make cargo-test` runs this test with these features. With others there is nothing to test.
#![cfg(all(feature = "rustls-no-provider", not(feature = "rustls"), not(feature = "native-tls")))]
// Clippy exempts only `#[test]` functions, and this file has helpers too.
#![allow(clippy::unwrap_used)]

mod tls_server;

use bedrock_chat::{
    AssumeRoleCredentials, BedrockChat, Credentials, Error, ErrorKind, ProvideCredentials, ReqwestTransport,
};
use rustls::CipherSuite;
use rustls::crypto::CryptoProvider;

use tls_server::{CA, start};

const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";

fn keys() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "secret")
}

fn ca_bundle(name: &str) -> Option<String> {
    (name == "AWS_CA_BUNDLE").then(|| CA.to_owned())
}

/// Makes a call with a new chat.
async fn ask(url: &str) -> Result<String, Error> {
    let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1").credentials(keys());
    let chat = chat.environment(ca_bundle).endpoint_url(url).build()?;
    Ok(chat.invoke("hello").await?.text())
}

/// Requests the keys of a role.
async fn assume(url: &str) -> Error {
    let role = AssumeRoleCredentials::new(ROLE, keys()).with_environment(ca_bundle).with_region("us-east-1");
    role.with_endpoint_url(url).credentials().await.unwrap_err()
}

/// One test, because the provider is that of the process.
#[tokio::test]
async fn crypto_provider_is_that_of_the_application() {
    let url = start();
    for error in [ask(&url).await.unwrap_err(), ReqwestTransport::new(None).unwrap_err(), assume(&url).await] {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        for part in ["no crypto provider for TLS", "`rustls::crypto::CryptoProvider::install_default`", "`rustls`"] {
            assert!(error.message().contains(part), "{error}");
        }
    }
    assert!(CryptoProvider::get_default().is_none(), "the crate must not choose a provider");

    // With one cipher suite, the reply shows whose provider was used.
    let only = CipherSuite::TLS13_CHACHA20_POLY1305_SHA256;
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.retain(|suite| suite.suite() == only);
    provider.install_default().unwrap();
    assert_eq!(ask(&url).await.unwrap(), format!("trusted, {only:?}"));
    let error = assume(&url).await;
    assert!(error.message().contains("the answer of STS has no access key id"), "{error}");
}
