//! Calls traced in LangSmith: an agent's run with the model's calls below it.
//!
//! ```sh
//! cargo run --example langsmith --features langsmith      # shows what would be posted
//! LANGSMITH_TRACING=true LANGSMITH_API_KEY=lsv2_pt_... cargo run --example langsmith --features langsmith
//! ```
//!
//! The same variables as for LangChain: see `LangSmithBuilder::read`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BoxFuture, HttpRequest, HttpResponse, Json, LangSmith, Result, RunConfig, Transport};

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let langsmith = match LangSmith::from_env()? {
        Some(langsmith) => langsmith,
        None => {
            eprintln!("LANGSMITH_TRACING is not set: showing what would be posted.\n");
            LangSmith::builder("no key").project("examples").transport(Show).build()?
        }
    };
    let chat = connection.builder.clone().observer(langsmith.clone()).build()?;

    // A parent run. The calls below it inherit its settings.
    let config = RunConfig::default()
        .with_name("translate twice")
        .with_tags(["example"])
        .with_metadata([("user", Json::string("u-1"))]);
    let agent = langsmith.chain(&config, Json::string("I love programming."));
    let mut call = agent.config();
    for language in ["French", "German"] {
        call.name = Some(format!("to {language}"));
        let system = format!("You are a helpful assistant that translates English to {language}.");
        let chat = chat.with_config(call.clone());
        let reply =
            chat.stream([("system", system.as_str()), ("human", "I love programming.")]).await?.message().await?;
        println!("{language}: {}", reply.text());
    }
    agent.end(Json::string("done"));

    // Runs are sent in the background; a program that ends waits for them.
    langsmith.flush().await?;
    println!("{} posts were lost", langsmith.dropped());
    Ok(())
}

/// A stand-in for LangSmith that prints what it receives.
#[derive(Debug)]
struct Show;

impl Transport for Show {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        println!("\nPOST {} ({} bytes)", request.url, request.body.len());
        let body = String::from_utf8_lossy(&request.body).into_owned();
        // Each part of the form is a run or a member of one.
        for part in body.split("name=\"").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            let json = part.split("\r\n\r\n").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap_or_default();
            let some: String = json.chars().take(120).collect();
            println!("  {name}: {some}{}", if some.len() < json.len() { "…" } else { "" });
        }
        println!();
        Box::pin(async move { MemoryTransport::new([Reply::json(202, "{}")]).send(request).await })
    }
}
