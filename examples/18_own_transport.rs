//! A custom transport: a proxy, a recorder, or no network at all.
//!
//! ```sh
//! cargo run --example own_transport
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::time::{Duration, Instant};

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    BedrockChat, BoxFuture, Credentials, HttpRequest, HttpResponse, ReqwestTransport, Result, Transport,
};

/// Passes requests on and logs one line for each. Requests arrive signed: signed parts must not be changed.
#[derive(Debug)]
struct Logging<T>(T);

impl<T: Transport> Transport for Logging<T> {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        Box::pin(async move {
            let path = request.url.split('/').skip(3).collect::<Vec<_>>().join("/");
            let (method, bytes, start) = (request.method, request.body.len(), Instant::now());
            let answer = self.0.send(request).await;
            let status = answer.as_ref().map_or("no answer".to_owned(), |answer| answer.status.to_string());
            println!("{method} /{path} ({bytes} bytes): {status}");
            eprintln!("  after {} ms", start.elapsed().as_millis());
            answer
        })
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let connection = support::connect(support::MODEL, None).await?;
    let transport = Logging(ReqwestTransport::new(Some(Duration::from_secs(5)))?);
    let chat = connection.builder.clone().transport(transport).build()?;
    println!("{}", chat.invoke("Hello?").await?.text());
    println!("{}", chat.stream("Hello again?").await?.message().await?.text());

    // For tests: prepared replies from memory, and the requests that were sent.
    let memory = MemoryTransport::new([Reply::json(200, r#"{"content":[{"type":"text","text":"Scripted."}]}"#)]);
    let chat = BedrockChat::builder(support::MODEL)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(Logging(memory.clone()))
        .build()?;
    println!("{}", chat.invoke("Who wrote this?").await?.text());
    println!("{} request was made", memory.requests().len());
    Ok(())
}
