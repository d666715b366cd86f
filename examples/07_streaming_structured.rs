//! Typed output while it streams: each line is a valid value, with the parts that have arrived.
//!
//! ```sh
//! cargo run --example streaming_structured
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::io::{IsTerminal, Write, stdout};

/// A recipe.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Recipe {
    /// The name of the dish.
    title: String,
    ingredients: Vec<Ingredient>,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Ingredient {
    name: String,
    grams: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;

    let mut stream = chat.with_structured_output::<Recipe>().stream("A recipe with 250 grams of flour.").await?;
    let terminal = stdout().is_terminal();
    while let Some(partial) = stream.next().await {
        let partial = partial?;
        match terminal {
            // In a terminal, each value overwrites the previous one.
            true => print!("\r\x1b[K{partial}"),
            false => println!("{partial}"),
        }
        stdout().flush()?;
    }
    if terminal {
        println!();
    }
    let recipe = stream.value()?;
    println!("{}: {} ingredients, {} grams", recipe.title, recipe.ingredients.len(), total(&recipe));
    Ok(())
}

fn total(recipe: &Recipe) -> u32 {
    recipe.ingredients.iter().inspect(|part| println!("- {}", part.name)).map(|part| part.grams).sum()
}
