//! Calls as OpenTelemetry spans, exported over OTLP.
//!
//! ```sh
//! cargo run --example opentelemetry --features tracing    # a collector in this process shows what it gets
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 cargo run --example opentelemetry --features tracing
//! ```
//!
//! For a quick local collector: `pip install rotel`, then `rotel start --debug-log traces --debug-log-verbosity
//! detailed --exporter blackhole`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to the terminal")]

mod support;

use std::time::Duration;

use bedrock_chat::TracingObserver;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prost::Message;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

type AnyError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let connection = support::connect(support::MODEL, None).await?;
    // The spans have no content of messages. To include it: `.with_content(true)`.
    let chat = connection.builder.clone().observer(TracingObserver::new()).build()?;

    let collector = match std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Ok(url) => url,
        Err(_) => collector().await?,
    };
    // Created after the chat, which has selected the TLS cryptography for reqwest. The exporter uses the same
    // reqwest.
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("bedrock-chat-example").build())
        .with_batch_exporter(exporter)
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bedrock-chat-example"));
    tracing_subscriber::registry().with(layer).init();

    // The call's span is a child of the current span.
    let question = "What is the capital of France?";
    let work = async { chat.stream(question).await?.message().await };
    let reply = work.instrument(tracing::info_span!("answer a question")).await?;
    println!("{}\n", reply.text());

    // Spans are sent in the background; a program that ends waits for them.
    tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(Duration::from_secs(60))).await??;
    Ok(())
}

/// Starts a collector in this process that prints the spans it receives. Returns its URL.
async fn collector() -> Result<String, AnyError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    eprintln!("OTEL_EXPORTER_OTLP_ENDPOINT is not set: a collector listens at {url}.\n");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            while let Some(body) = request(&mut stream).await {
                match ExportTraceServiceRequest::decode(body.as_slice()) {
                    Ok(export) => show(&export),
                    Err(error) => eprintln!("not an export: {error}"),
                }
                if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                    break;
                }
            }
        }
    });
    Ok(url)
}

/// The body of the next request on a connection.
async fn request(stream: &mut BufReader<tokio::net::TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|bytes| *bytes > 0)?;
        match line.trim_end().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            _ if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

fn show(export: &ExportTraceServiceRequest) {
    let scopes = export.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    for span in scopes.flat_map(|scope| &scope.spans) {
        let milliseconds = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1_000_000;
        let whose = if span.parent_span_id.is_empty() { "a root" } else { "a child" };
        println!("span \"{}\", {whose}, {milliseconds} ms", span.name);
        for attribute in &span.attributes {
            let text = match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
                Some(Value::StringValue(text)) => text.clone(),
                Some(Value::IntValue(number)) => number.to_string(),
                Some(Value::DoubleValue(number)) => number.to_string(),
                Some(Value::BoolValue(truth)) => truth.to_string(),
                _ => continue,
            };
            println!("  {} = {text}", attribute.key);
        }
    }
}
