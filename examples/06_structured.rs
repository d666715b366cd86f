//! Typed output: the schema is derived from a Rust type, and the reply is a value of it.
//!
//! ```sh
//! cargo run --example structured
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::{Json, StructuredMethod};

/// A trip to plan.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Trip {
    /// Where to.
    city: String,
    /// How many days.
    days: u32,
    kind: Kind,
    /// The places to visit.
    sights: Vec<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Beach,
    City,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let chat = connection.builder.clone().build()?;
    let question = "Plan 3 days in Lisbon, a city trip.";

    // Uses the best method that the model supports: here a forced tool.
    let trip: Trip = chat.with_structured_output::<Trip>().invoke(question).await?;
    let kind = match trip.kind {
        Kind::Beach => "beach",
        Kind::City => "city",
    };
    println!("{} days in {}, a {kind} trip: {}", trip.days, trip.city, trip.sights.join(", "));

    // Returns the reply too. The value may be missing, as a prompt does not enforce the schema.
    let asked = chat.with_structured_output::<Trip>().method(StructuredMethod::Prompt);
    let reply = asked.invoke_raw(question).await?;
    match reply.parsed {
        Ok(trip) => println!("by prompt: {} days", trip.days),
        Err(_) => println!("by prompt: no value of the type, as nothing enforces it: {}", reply.raw.text()),
    }
    if let Some(usage) = reply.raw.usage {
        println!("it took {} tokens", usage.total_tokens());
    }

    // Uses a schema instead of a type.
    let schema = Json::parse(r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#)?;
    let value: serde_json::Value = chat.with_structured_schema("place", schema).invoke(question).await?;
    println!("by schema: {value}");
    Ok(())
}
