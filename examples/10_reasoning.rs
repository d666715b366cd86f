//! A model that thinks before it answers, shown as it thinks.
//!
//! ```sh
//! cargo run --example reasoning
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::io::{Write, stdout};

use bedrock_chat::{ChatEvent, Message, Reasoning};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Claude accepts a budget in tokens (Reasoning::Budget); newer Claude models decide themselves (Adaptive). Nova 2
    // and gpt-oss accept an effort (Reasoning::Effort("low".into())).
    let connection = support::connect("us.anthropic.claude-sonnet-4-6", None).await?;
    let chat = connection.builder.clone().reasoning(Reasoning::Budget(2048)).max_tokens(4096).build()?;

    let mut messages = vec![Message::human("Is 91 a prime number?")];
    let mut stream = chat.stream(&messages).await?;
    while let Some(event) = stream.next().await {
        match event? {
            // Dimmed.
            ChatEvent::Thinking { text, .. } => print!("\x1b[2m{text}\x1b[0m"),
            ChatEvent::BlockStop { .. } => println!(),
            ChatEvent::Text { text, .. } => print!("{text}"),
            _ => {}
        }
        stdout().flush()?;
    }
    let reply = stream.so_far();
    println!("it thought for {} characters", reply.thinking().len());

    // Sends the reply back unchanged, with its signature, so that the model can continue its reasoning.
    messages.push(reply.into());
    messages.push(Message::human("And 97?"));
    println!("{}", chat.invoke(&messages).await?.text());
    Ok(())
}
