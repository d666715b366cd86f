//! A batch of conversations, with a limit on concurrent calls. One that fails does not affect the others.
//!
//! ```sh
//! cargo run --example batch
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::Message;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().max_concurrency(4).build()?;

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
            Err(error) => println!("{:?} -> error: {error}", question.text()),
        }
    }
    Ok(())
}
