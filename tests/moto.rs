//! Sources of temporary credentials against moto, which is a second judge next to the local Bedrock. It parses requests by
//! AWS's own models, and verifies signatures and session tokens with botocore's code.
//!
//! moto is installed once, below cargo's target folder. If Python or its registry is missing, the tests say so and pass,
//! unless `TEST_CLIENTS` is `required`.
#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and this file has helpers too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "local-bedrock/tests/support/install.rs"]
mod install;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bedrock_chat::{
    AssumeRoleCredentials, CognitoCredentials, Credentials, ErrorKind, Headers, HttpRequest, IdentityToken, Method,
    ProvideCredentials, ReqwestTransport, Runtime, SystemRuntime, Transport, WebIdentityCredentials,
};
use serde_json::Value;

// moto's server needs both, but not the rest of its extra `server`, which takes more than twice the space.
const MOTO: [&str; 3] = ["moto==5.2.5", "flask==3.1.3", "flask-cors==6.0.2"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local-bedrock/tests/sdk/moto_server.py");

/// A server of moto. It ends when this value is dropped.
struct Moto {
    process: Child,
    /// The output of `moto_server.py`: its URL, keys, roles and pool.
    found: Value,
}

impl Moto {
    /// Installs and starts moto. `Err` is the reason to skip.
    async fn start() -> Result<Self, String> {
        tokio::task::spawn_blocking(|| {
            let mut python = Command::new(install::python("moto", &MOTO)?);
            let mut process = python.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let found = serde_json::from_str(&line).unwrap();
            Ok(Self { process, found })
        })
        .await
        .unwrap()
    }

    fn text(&self, name: &str) -> &str {
        self.found[name].as_str().unwrap()
    }

    fn keys(&self) -> Credentials {
        Credentials::new(self.text("id"), self.text("secret"))
    }

    /// Sets whether signatures are verified. moto would then refuse requests that AWS takes without one.
    async fn verify_signatures(&self, on: bool) {
        let mut headers = Headers::new();
        headers.push("content-type", "text/plain");
        let request = HttpRequest::new(Method::Post, format!("{}/moto-api/reset-auth", self.text("url")));
        let request = request.with_headers(headers).with_body(if on { "0" } else { "Infinity" });
        let response = ReqwestTransport::new(None).unwrap().send(request).await.unwrap();
        assert_eq!(response.status, 200);
    }

    fn role(&self, index: usize, source: impl ProvideCredentials) -> AssumeRoleCredentials {
        AssumeRoleCredentials::new(self.found["roles"][index].as_str().unwrap(), source)
            .with_environment(|_| None)
            .with_region("us-east-1")
            .with_endpoint_url(self.text("url"))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns how many seconds the credentials are still valid.
fn seconds_left(credentials: &Credentials) -> u64 {
    (credentials.expires_at().unwrap().saturating_sub(SystemRuntime.now())).as_secs()
}

#[tokio::test]
async fn moto_accepts_the_signature_of_assume_role_and_its_keys() {
    let moto = match Moto::start().await {
        Ok(moto) => moto,
        Err(reason) => return install::skipped(&reason),
    };
    moto.verify_signatures(true).await;
    // Every parameter, with characters that the form encodes. moto verifies the form as Python would write it, which
    // differs in spaces: they would be `+`.
    let first = moto.role(0, moto.keys()).with_session_name("me=you+1,@x").with_external_id("a/b:c=d+e,@f");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let first = first.with_policy(policy).with_duration(Duration::from_secs(1_800));
    let keys = first.credentials().await.unwrap();
    assert!(keys.access_key_id().unwrap().starts_with("ASIA") && keys.session_token().is_some());
    assert!((1_700..=1_800).contains(&seconds_left(&keys)), "{}", seconds_left(&keys));
    // The keys of the first role sign the request for the second.
    let second = moto.role(1, keys.clone()).credentials().await.unwrap();
    assert!(second.session_token().is_some() && second.access_key_id() != keys.access_key_id());

    let wrong = Credentials::new(moto.text("id"), "secret-of-somebody-else");
    let without = keys.session_token().unwrap().replace(['A', 'B'], "C");
    let other = Credentials::new(keys.access_key_id().unwrap(), keys.secret_access_key().unwrap());
    for (source, code) in
        [(wrong, "SignatureDoesNotMatch"), (other.with_session_token(without), "InvalidClientTokenId")]
    {
        let error = moto.role(1, source).credentials().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Credentials && error.to_string().contains(code), "{error}");
    }
}

#[tokio::test]
async fn moto_issues_keys_for_a_web_identity() {
    let moto = match Moto::start().await {
        Ok(moto) => moto,
        Err(reason) => return install::skipped(&reason),
    };
    let role = moto.found["roles"][0].as_str().unwrap();
    let role = WebIdentityCredentials::new(role, IdentityToken::new("eyJhbGciOi.J9.c2ln"))
        .with_environment(|_| None)
        .with_region("us-east-1")
        .with_endpoint_url(moto.text("url"));
    let keys = role.with_duration(Duration::from_secs(900)).credentials().await.unwrap();
    assert!((800..=900).contains(&seconds_left(&keys)), "{}", seconds_left(&keys));
    moto.verify_signatures(true).await;
    let second = moto.role(1, keys.clone()).credentials().await.unwrap();
    assert!(second.session_token().is_some() && second.access_key_id() != keys.access_key_id());
}

#[tokio::test]
async fn moto_issues_keys_for_an_identity_pool() {
    let moto = match Moto::start().await {
        Ok(moto) => moto,
        Err(reason) => return install::skipped(&reason),
    };
    let pool = |id: &str| CognitoCredentials::new(id).with_environment(|_| None).with_endpoint_url(moto.text("url"));
    let guest = pool(moto.text("pool"));
    let keys = guest.credentials().await.unwrap();
    // moto issues the same keys to all, for 90 seconds. They sign nothing there.
    let parts = (keys.access_key_id(), keys.secret_access_key(), keys.session_token());
    assert_eq!(parts, (Some("TESTACCESSKEY12345"), Some("ABCSECRETKEY"), Some("ABC12345")));
    assert!((30..=90).contains(&seconds_left(&keys)), "{}", seconds_left(&keys));
    let identity = guest.identity_id().unwrap();
    assert!(identity.starts_with("us-east-1:") && identity != moto.text("pool"), "{identity}");
    let unknown = pool("us-east-1:12345678-1234-1234-1234-123456789012").credentials().await.unwrap_err();
    assert!(unknown.message().contains("Cognito"), "{unknown}");
}
