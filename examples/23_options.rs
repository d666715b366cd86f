//! Options of a chat, of one call, and options that only some models have.
//!
//! ```sh
//! cargo run --example options
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Api, BedrockChat, ChatOptions, Json, Latency, RunConfig, ServiceTier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect("openai.gpt-oss-120b-1:0", None).await?;
    // Sets options for all calls of this chat.
    let chat = connection.builder.clone().temperature(0.2).max_tokens(300).build()?;

    // Sets options for some calls: creates another chat, whose options override those of the first. A chat never
    // changes.
    let options = ChatOptions::default()
        .with_temperature(0.9)
        .with_service_tier(ServiceTier::Flex)
        .with_latency(Latency::Optimized)
        .with_request_metadata([("team", "search")])
        // Anything without an option can be passed in the model kwargs.
        .with_model_kwargs(Json::parse(r#"{"logprobs": true, "top_logprobs": 1}"#)?);
    let config = RunConfig::default().with_name("guess").with_tags(["demo"]);
    let guessing = chat.with_options(&options).with_config(config);
    let temperature = |chat: &BedrockChat| chat.options().temperature.unwrap_or_default();
    println!("temperatures: {} and {}", temperature(&chat), temperature(&guessing));

    let reply = guessing.invoke("Heads or tails?").await?;
    println!("{}", reply.text());
    let tokens = reply.metadata("logprobs").and_then(|logprobs| logprobs.view().get("content"));
    for token in tokens.into_iter().flat_map(|tokens| tokens.items()).take(3) {
        let text = token.get("token").and_then(|text| text.string()).unwrap_or_default();
        let probability = token.get("logprob").and_then(|logprob| logprob.f64()).map(f64::exp);
        println!("  `{text}`: {:.2}", probability.unwrap_or_default());
    }

    // An unsupported option is an error before anything is sent.
    let odd = ChatOptions::default().with_top_k(40);
    if let Err(error) = chat.with_options(&odd).invoke("Heads or tails?").await {
        println!("refused: {}", error.message());
    }
    let converse = connection.builder.clone().api(Api::Converse).build()?.with_options(&odd);
    println!("over Converse: {} characters", converse.invoke("Heads or tails?").await?.text().len());
    Ok(())
}
