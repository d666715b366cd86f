//! Prompt caching: the long, unchanged part of a prompt is paid for in full only once.
//!
//! ```sh
//! cargo run --example caching
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{AiMessage, CachePoint, CacheTtl, Content, Message};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect("us.anthropic.claude-sonnet-4-6", None).await?;
    // Providers cache only prompts above a minimum length, 1024 tokens for most models.
    let rules = "Answer in one sentence, and never mention the weather. ".repeat(200);

    // The crate sets cache points where they pay off, again for every call: after the tools, the system prompt and
    // the newest turns.
    let chat = connection.builder.clone().prompt_caching(CachePoint::default()).build()?;
    let mut messages = vec![Message::system(&rules), Message::human("Who wrote Faust?")];
    let reply = chat.invoke(&messages).await?;
    show("first call", &reply);
    messages.extend([reply.into(), Message::human("And when?")]);
    show("second call", &chat.invoke(&messages).await?);

    // Sets a cache point by hand, here with a lifetime of one hour.
    let chat = connection.builder.clone().build()?;
    let hour = Content::CachePoint(CachePoint::default().with_ttl(CacheTtl::OneHour));
    let by_hand = [Message::system(format!("{rules} Be kind.")).with(hour), Message::human("Who wrote Emma?")];
    show("by hand", &chat.invoke(&by_hand).await?);
    show("again", &chat.invoke(&by_hand).await?);
    Ok(())
}

fn show(what: &str, reply: &AiMessage) {
    if let Some(usage) = reply.usage {
        let details = usage.input_token_details;
        println!(
            "{what}: {} tokens in, of them cache_creation {} and cache_read {}",
            usage.input_tokens, details.cache_creation, details.cache_read
        );
    }
}
