//! A guardrail that checks calls: the same outcome over both APIs, for whole and streamed replies.
//!
//! ```sh
//! cargo run --example guardrails
//! GUARDRAIL_ID=abc123 GUARDRAIL_VERSION=1 cargo run --example guardrails    # yours, on AWS
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{AiMessage, Api, Guardrail, GuardrailSource, GuardrailTrace};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let set = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let guardrail = Guardrail::new(set("GUARDRAIL_ID", "gr123"), set("GUARDRAIL_VERSION", "1"));
    let guardrail = guardrail.with_trace(GuardrailTrace::Enabled);

    // The local guardrail blocks one word.
    for question in ["How are you?", "Tell me about the BLOCKED topic."] {
        for api in [Api::Invoke, Api::Converse] {
            let chat = connection.builder.clone().api(api).guardrail(guardrail.clone()).build()?;
            show(&format!("{}, at once", api.as_str()), &chat.invoke(question).await?);
            show(&format!("{}, streamed", api.as_str()), &chat.stream(question).await?.message().await?);
        }
    }

    // Applies the guardrail to any text, without a model.
    let chat = connection.builder.clone().guardrail(guardrail).build()?;
    let seen = chat.apply_guardrail(GuardrailSource::Input, ["Is this BLOCKED?"]).await?;
    println!("applied: {}: {}", if seen.intervened { "intervened" } else { "let through" }, seen.outputs.join(" "));
    Ok(())
}

fn show(how: &str, reply: &AiMessage) {
    match reply.guardrail() {
        Some(outcome) if outcome.intervened => {
            let traced = if outcome.trace.is_some() { "with" } else { "without" };
            println!("{how}: intervened, {traced} a trace: {}", reply.text());
        }
        _ => println!("{how}: let through"),
    }
}
