//! An agent: the model uses tools until it has its answer, and every step can be seen.
//!
//! ```sh
//! cargo run --example toolbox
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Step, Toolbox};

/// Get the current weather in a place.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetWeather {
    /// The city, for instance Paris.
    location: String,
}

/// Book a table in a restaurant.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct BookTable {
    /// For how many people.
    people: u8,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;

    let toolbox = Toolbox::new()
        .tool(|weather: GetWeather| async move {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            Ok::<_, String>(serde_json::json!({ "place": weather.location, "degrees": 18 }))
        })
        // The model receives the error of a failed tool, and continues.
        .tool(|table: BookTable| async move { Err::<String, _>(format!("no table for {} is free", table.people)) })
        .max_steps(5);

    let question = "Look up the weather in Paris and London, and book a table for 4.";
    println!("you: {question}");
    let run = toolbox
        .run_with(&chat, question, |step| match step {
            Step::Reply(reply) => println!("model: {}", reply.text()),
            Step::Call(call) => println!("  -> {} {}", call.name, call.args),
            Step::Result(result) => {
                let text = result.content.iter().filter_map(|block| block.as_text()).collect::<String>();
                println!("  <- {}", if result.is_error { format!("failed: {text}") } else { "done".to_owned() });
            }
            _ => {}
        })
        .await?;
    println!("{} steps, {} messages, {} tokens", run.steps, run.messages.len(), run.usage.total_tokens());
    Ok(())
}
