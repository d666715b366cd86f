//! Other regions and models to fall back on when the first is throttled or down.
//!
//! ```sh
//! cargo run --example fallbacks
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BedrockChat, Credentials, RetryPolicy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let oregon = connection.builder.clone().build()?;

    // Virginia has no time for us, today and for the sake of the example.
    let busy =
        || Reply::json(429, r#"{"message":"Too many tokens"}"#).with_header("x-amzn-errortype", "ThrottlingException");
    let virginia = BedrockChat::builder(support::MODEL)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(MemoryTransport::new([busy(), busy(), busy()]))
        // Better to move on than to wait: no retries where there is a second choice.
        .retry(RetryPolicy::never())
        .build()?;

    if let Err(error) = virginia.invoke("Hello?").await {
        println!("alone: {error}");
    }
    let chat = virginia.with_fallbacks([oregon]);
    println!("with a fallback: {}", chat.invoke("Hello?").await?.text());
    println!("streamed: {}", chat.stream("Hello?").await?.message().await?.text());

    // A request that is invalid for every model does not fall back.
    if let Err(error) = chat.invoke("").await {
        println!("not fallen back on: {error}");
    }
    Ok(())
}
