//! A batch of conversations, whose concurrency adapts to the service, and a limit of requests and tokens a minute.
//! One that fails does not affect the others.
//!
//! ```sh
//! cargo run --example batch
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Message, RateLimiter};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    // The quota of the model in this region. All chats with a clone of the limiter share it.
    let limiter = RateLimiter::new().requests_per_minute(1_000).tokens_per_minute(2_000_000);
    // At most 20 calls at a time. The batch begins with 10, and makes fewer while the service throttles.
    let chat = connection.builder.clone().rate_limiter(limiter).max_concurrency(20).build()?;

    let mut questions: Vec<Message> = (1..=12).map(|n| Message::human(format!("What is {n} times {n}?"))).collect();
    questions.push(Message::human("")); // nothing to answer: this one fails

    // As they arrive, for progress ...
    let mut batch = chat.batch_as_completed(questions.clone());
    while let Some((place, reply)) = batch.next().await {
        let outcome = if reply.is_ok() { "answered" } else { "failed" };
        eprintln!("{:>2} of {}: number {place} is {outcome}", batch.done(), batch.total());
    }

    // ... or all of them, in the order of the questions.
    for (question, reply) in questions.iter().zip(chat.batch(questions.clone()).await) {
        match reply {
            Ok(reply) => println!("{} -> {}", question.text(), reply.text()),
            Err(error) => println!("\"{}\" -> error: {error}", question.text()),
        }
    }
    Ok(())
}
