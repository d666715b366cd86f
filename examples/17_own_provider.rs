//! Credentials from your own store.
//!
//! ```sh
//! cargo run --example own_provider
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bedrock_chat::{BoxFuture, CachedCredentials, Credentials, Error, ErrorKind, ProvideCredentials, Result};
use local_bedrock::{TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};

/// A slow vault. A real one would be queried over the network here.
#[derive(Clone, Debug, Default)]
struct Vault {
    opened: Arc<AtomicU32>,
}

impl ProvideCredentials for Vault {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async {
            self.opened.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_err(|error| Error::new(ErrorKind::Credentials, "the clock is wrong").with_source(error))?;
            let keys = match (std::env::var("AWS_ACCESS_KEY_ID"), std::env::var("AWS_SECRET_ACCESS_KEY")) {
                (Ok(id), Ok(secret)) => Credentials::new(id, secret),
                // The keys of the local Bedrock.
                _ => Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY),
            };
            let keys = keys.with_session_token(std::env::var("AWS_SESSION_TOKEN").unwrap_or_default());
            Ok(keys.with_expiry(now + Duration::from_secs(3600)))
        })
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let vault = Vault::default();

    // The crate asks a provider before every attempt. The cache keeps the credentials until shortly before they
    // expire.
    let provider = CachedCredentials::new(vault.clone());
    let chat = connection.builder.clone().credentials_provider(provider).build()?;
    for question in ["One?", "Two?", "Three?"] {
        println!("{}", chat.invoke(question).await?.text());
    }
    println!("the vault was opened {} time(s) for 3 calls", vault.opened.load(Ordering::Relaxed));

    // A closure also works. Its error ends the call before anything is sent.
    let sealed = || async { Err(Error::new(ErrorKind::Credentials, "the vault is sealed")) };
    let chat = connection.builder.clone().credentials_provider(sealed).build()?;
    if let Err(error) = chat.invoke("Four?").await {
        println!("error: {error}");
    }
    Ok(())
}
