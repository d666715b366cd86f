//! Temporary credentials: of a role, of a role's role, of a web identity, of a Cognito identity pool.
//!
//! ```sh
//! cargo run --example credentials
//! cargo run --example credentials -- arn:aws:iam::123456789012:role/chat   # with keys in the environment: AWS
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::time::Duration;

use bedrock_chat::{
    AssumeRoleCredentials, BedrockChat, CachedCredentials, CognitoCredentials, Credentials, EnvironmentCredentials,
    IdentityToken, ProvideCredentials, WebIdentityCredentials,
};
use local_bedrock::LocalBedrock;

/// A token of an identity provider, as Kubernetes writes them into files. It expires in 2100.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.\
    eyJpc3MiOiJodHRwczovL2kuZXhhbXBsZSIsInN1YiI6Im1lIiwiYXVkIjoic3RzLmFtYXpvbmF3cy5jb20iLCJleHAiOjQxMDI0NDQ4MDB9.\
    c2lnbmF0dXJl";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A role on AWS, assumed with the keys in the environment.
    if let Some(role) = std::env::args().nth(1) {
        let provider = AssumeRoleCredentials::new(role, EnvironmentCredentials);
        let connection = support::connect(support::MODEL, None).await?;
        let chat = connection.builder.credentials_provider(CachedCredentials::new(provider)).build()?;
        println!("{}", chat.invoke("Who are you?").await?.text());
        return Ok(());
    }

    // The local Bedrock also has STS and Cognito.
    let local = LocalBedrock::start().await?;
    let keys = local.test_credentials();
    let keys = Credentials::new(keys.access_key_id, keys.secret_access_key);

    let role = |arn: &str, source: CachedCredentials<_>| {
        AssumeRoleCredentials::new(arn, source).with_region("us-east-1").with_endpoint_url(local.url())
    };
    // The source may be any provider. In a cache, it is asked for keys only when they are needed.
    let first = role("arn:aws:iam::123456789012:role/first", CachedCredentials::new(keys.clone()))
        .with_session_name("example")
        .with_duration(Duration::from_secs(900));
    ask(&local, "a role", first).await?;

    let first = role("arn:aws:iam::123456789012:role/first", CachedCredentials::new(keys.clone()));
    let second = AssumeRoleCredentials::new("arn:aws:iam::123456789012:role/second", CachedCredentials::new(first))
        .with_region("us-east-1")
        .with_endpoint_url(local.url());
    ask(&local, "a role's role", second).await?;

    // The closure is called for each request, so the token may be in a file that changes.
    let token = || async { Ok(TOKEN) };
    let web = WebIdentityCredentials::new("arn:aws:iam::123456789012:role/web", token)
        .with_region("us-east-1")
        .with_endpoint_url(local.url());
    ask(&local, "a web identity", web).await?;

    let pool = CognitoCredentials::new("us-east-1:12345678-1234-1234-1234-123456789012")
        .with_login("i.example", IdentityToken::new(TOKEN))
        .with_endpoint_url(local.url());
    ask(&local, "an identity pool", pool).await?;

    // Errors name the role and have AWS's code and message.
    let wrong = Credentials::new("AKIDEXAMPLE", "another-secret");
    let refused = role("arn:aws:iam::123456789012:role/first", CachedCredentials::new(wrong));
    if let Err(error) = refused.credentials().await {
        let first = error.message().lines().next().unwrap_or_default();
        println!("a wrong secret is refused, as expected: {first}");
    }
    Ok(())
}

/// Asks a model with the keys of a provider. The cache requests newer keys before they expire.
async fn ask(local: &LocalBedrock, of: &str, provider: impl ProvideCredentials) -> bedrock_chat::Result<()> {
    let chat = BedrockChat::builder(support::MODEL)
        .region("us-east-1")
        .endpoint_url(local.url())
        .credentials_provider(CachedCredentials::new(provider))
        .build()?;
    println!("{of}: {}", chat.invoke("Hello").await?.text());
    Ok(())
}
