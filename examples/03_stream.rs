//! A streamed answer: its events, and the whole message that they add up to.
//!
//! ```sh
//! cargo run --example stream
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::io::{Write, stdout};

use bedrock_chat::ChatEvent;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().max_tokens(300).build()?;

    let mut stream = chat.stream("Tell me in one sentence why the sky is blue.").await?;
    while let Some(event) = stream.next().await {
        match event? {
            ChatEvent::Text { text, .. } => {
                print!("{text}");
                stdout().flush()?;
            }
            ChatEvent::Stop { reason, .. } => println!("\n[stopped: {reason}]"),
            ChatEvent::Usage { usage } => eprintln!("[{} tokens more]", usage.total_tokens()),
            _ => {}
        }
    }
    // The message is the same that `invoke` would return. It is available at any time: after an error it has the part
    // that arrived. Dropping the stream stops the model.
    let reply = stream.so_far();
    println!("whole: {}", reply.text());

    // Streams the text only:
    let mut text = chat.stream("Now in three words.").await?.text();
    while let Some(piece) = text.next().await {
        print!("{}", piece?);
    }
    if let Some(usage) = text.so_far().usage {
        println!("\nusage: {} tokens in, {} out", usage.input_tokens, usage.output_tokens);
    }
    Ok(())
}
