//! The reference example: a translation, returned as a whole.
//!
//! ```sh
//! cargo run --example invoke
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;
    let reply = chat
        .invoke([
            ("system", "You are a helpful assistant that translates English to French. Translate the user sentence."),
            ("human", "I love programming."),
        ])
        .await?;
    println!("{}", reply.text());
    println!("{}", serde_json::to_string_pretty(&reply)?);
    Ok(())
}
