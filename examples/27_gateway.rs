//! A gateway: OpenAI's, Anthropic's and AWS's clients reach every model on Bedrock through one server, with keys that the
//! server's operator made.
//!
//! ```console
//! $ export GATEWAY_KEY=$(openssl rand -hex 24)
//! $ cargo run --example gateway --features gateway
//! $ ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ANTHROPIC_AUTH_TOKEN=$GATEWAY_KEY claude
//! ```
//!
//! Settings are in a JSON file: `--settings gateway.json`. Without a file, there is one key, from the variable
//! `GATEWAY_KEY`, and it may use all models. `--try` sends a request in each API, shows the answers, and ends. With a file,
//! `GATEWAY_KEY` is the key that it uses.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

#[path = "support/gateway_server.rs"]
mod gateway_server;
mod support;

use bedrock_chat::gateway::{Gateway, GatewayRequest, GatewaySettings, KeySettings, body};
use bedrock_chat::{Headers, Json, Method};
use clap::Parser;
use futures_util::StreamExt;
use tokio::net::TcpListener;

/// Serves OpenAI's, Anthropic's and Bedrock's APIs for every model on Bedrock.
#[derive(Parser)]
struct Arguments {
    /// The address to listen at.
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: String,
    /// A JSON file with the settings: models and keys.
    #[arg(long)]
    settings: Option<std::path::PathBuf>,
    /// The region of the models. By default it is that of the environment or the AWS profile.
    #[arg(long)]
    region: Option<String>,
    /// Send a request in each API, show the answers, and end.
    #[arg(long = "try")]
    tries: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut key = std::env::var("GATEWAY_KEY").ok();
    if arguments.tries && arguments.settings.is_none() {
        key.get_or_insert("a key to try it".to_owned());
    }
    let settings = match &arguments.settings {
        Some(path) => GatewaySettings::from_json(&Json::parse(&std::fs::read_to_string(path)?)?)?,
        None => GatewaySettings::default()
            .with_model("claude-*", "us.anthropic.claude-*")
            // The ids of some models have a date or a version.
            .with_model("claude-opus-4-6*", "us.anthropic.claude-opus-4-6-v1")
            .with_model("claude-haiku-4-5*", "us.anthropic.claude-haiku-4-5-20251001-v1:0")
            .with_key("default", KeySettings::new(key.as_deref().ok_or("set GATEWAY_KEY, or pass --settings FILE")?)),
    };
    let connection = support::connect(support::MODEL, None).await?;
    let mut chat = connection.builder;
    if let Some(region) = arguments.region {
        chat = chat.region(region);
    }
    // One line of JSON for each call, for any collector of logs.
    let gateway = Gateway::new(chat, settings)?.on_call(|call| println!("{}", call.to_json()));
    if arguments.tries {
        return try_all(&gateway, &key.ok_or("set GATEWAY_KEY to a key of the settings")?).await;
    }
    let listener = TcpListener::bind(&arguments.listen).await;
    let listener =
        listener.map_err(|error| format!("{}: {error}; choose another address by --listen", arguments.listen))?;
    eprintln!("the gateway is at http://{}", listener.local_addr()?);
    gateway_server::serve(listener, gateway).await?;
    Ok(())
}

/// Sends a request in each API, as a server would pass it on.
async fn try_all(gateway: &Gateway, key: &str) -> Result<(), Box<dyn std::error::Error>> {
    for (path, text) in [
        (
            "/v1/messages",
            r#"{"model":"claude-sonnet-4-6","max_tokens":99,"messages":[{"role":"user","content":"Hello?"}]}"#,
        ),
        (
            "/v1/chat/completions",
            r#"{"model":"us.amazon.nova-lite-v1:0","messages":[{"role":"user","content":"Hello?"}]}"#,
        ),
        ("/v1/responses", r#"{"model":"openai.gpt-oss-120b-1:0","input":"Hello?"}"#),
        (
            "/model/us.amazon.nova-lite-v1%3A0/converse",
            r#"{"messages":[{"role":"user","content":[{"text":"Hello?"}]}]}"#,
        ),
    ] {
        let mut headers = Headers::new();
        headers.push("authorization", format!("Bearer {key}"));
        let mut response = gateway.handle(GatewayRequest::new(Method::Post, path, headers, body(text))).await;
        let mut answer = Vec::new();
        while let Some(piece) = response.body.next().await {
            answer.extend_from_slice(&piece?);
        }
        println!("POST {path}: {} {}\n", response.status, String::from_utf8_lossy(&answer));
    }
    Ok(())
}
