//! Other regions and models to fall back on when the first is throttled or down, also in batches and tool loops.
//!
//! ```sh
//! cargo run --example fallbacks
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BedrockChat, CircuitBreaker, Credentials, ErrorKind, Fallbacks, RetryPolicy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let oregon = connection.builder.clone().build()?;

    // For the sake of the example, Virginia throttles every call.
    let busy =
        || Reply::json(429, r#"{"message":"Too many tokens"}"#).with_header("x-amzn-errortype", "ThrottlingException");
    let virginia = BedrockChat::builder(support::MODEL)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(MemoryTransport::new(std::iter::repeat_with(busy).take(20)))
        // No retries where there is a second choice: moving on is faster than waiting.
        .retry(RetryPolicy::never())
        .build()?;

    if let Err(error) = virginia.invoke("Hello?").await {
        println!("alone: {error}");
    }
    // By default after throttling, outages and timeouts. After 3 failures in a row, Virginia is skipped for a minute.
    let breaker = CircuitBreaker::default().with_failures(3).with_pause(Duration::from_secs(60));
    let chat = virginia.with_fallbacks(Fallbacks::new([oregon.clone()]).circuit_breaker(breaker));
    // Other causes can lead to other models: here to one with a longer context.
    let chat = chat.with_fallbacks(Fallbacks::new([oregon]).when(|error| error.kind() == ErrorKind::ContextOverflow));

    let reply = chat.invoke("Hello?").await?;
    println!("with a fallback: {}", reply.text());
    if let Some(fallback) = reply.metadata("fallback") {
        println!("what happened: {}", fallback.as_str());
    }
    println!("streamed: {}", chat.stream("Hello?").await?.message().await?.text());
    // It is a chat like any other, for batches, toolboxes and typed output.
    for reply in chat.batch(["One?", "Two?"]).await {
        println!("in a batch: {}", reply?.text());
    }
    // Virginia is now skipped.
    if let Some(fallback) = chat.invoke("Hello?").await?.metadata("fallback") {
        println!("what happened: {}", fallback.as_str());
    }

    // A request that is invalid for every model does not fall back.
    if let Err(error) = chat.invoke("").await {
        println!("not fallen back on: {error}");
    }
    Ok(())
}
