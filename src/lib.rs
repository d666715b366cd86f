//! Chat with every model on Amazon Bedrock, natively and as WebAssembly, without the AWS SDK.
//!
//! [`BedrockChat`] is the way in:
//!
//! ```no_run
//! use bedrock_chat::BedrockChat;
//!
//! # async fn run() -> bedrock_chat::Result<()> {
//! let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1").build()?;
//! let mut text = chat.stream("Tell me a story").await?.text();
//! while let Some(piece) = text.next().await {
//!     print!("{}", piece?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | what for |
//! |---|---|---|
//! | `reqwest` | yes | HTTP over reqwest, natively and on wasm32 |
//! | `rustls` | yes | its TLS by rustls with ring |
//! | `schemars` | yes | tools and typed output from Rust types |
//! | `fetch` | no | HTTP over the runtime's own `fetch`, on wasm32: the smallest |
//! | `native-tls` | no | its TLS by the operating system, in place of rustls |
//! | `web` | no | media from the web, natively: `MediaFetcher` |
//! | `langsmith` | no | calls posted to LangSmith as runs, as LangChain posts them |
//! | `tracing` | no | calls as spans with OpenTelemetry's GenAI attributes |
//!
//! Without `reqwest` the crate has no HTTP: bring a [`Transport`].
//!
//! # How it is built
//!
//! Data flows one way, and a module uses only modules above it:
//!
//! `platform` (what differs between targets), `json`, `base64`, `headers`, `method`, `message`, `error`, `region`,
//! `capabilities`, `request`, `interop`, `sigv4`, `eventstream`, `model`, `event`, `provider`, `retry`: all pure. Then, with
//! the world: `credentials`, `endpoint`, `transport`, `observe`, `client`, `concurrent`, `chat`, `toolbox`, `structured`, `operations`, `batch_inference`.

mod base64;
mod batch_inference;
mod capabilities;
mod chat;
mod client;
mod concurrent;
mod credentials;
mod endpoint;
mod error;
mod event;
pub mod eventstream;
mod headers;
pub mod interop;
pub mod json;
mod media;
mod message;
mod method;
mod model;
mod observe;
mod operations;
mod platform;
mod provider;
mod region;
mod request;
mod retry;
pub mod sigv4;
mod structured;
mod text;
mod toolbox;
mod transport;

pub use batch_inference::{BatchJob, BatchJobStatus, BatchRecord};
pub use capabilities::{Api, Capabilities, Capability};
pub use chat::{Batch, BedrockChat, BedrockChatBuilder, Fallbacks};
pub use client::{ChatStream, TextStream, Timeouts};
pub use credentials::{CachedCredentials, Credentials, EnvironmentCredentials, ProvideCredentials, short_term_api_key};
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, Result};
pub use event::{Accumulator, ChatEvent, Events};
pub use headers::Headers;
pub use json::Json;
pub use message::{
    AiMessage, CachePoint, CacheTtl, Content, Document, GuardContent, GuardrailOutcome, InputTokenDetails,
    InvalidToolCall, JsonContent, Media, MediaSource, Message, OutputTokenDetails, Raw, RedactedThinking, Role,
    SearchResult, StopReason, Text, Thinking, ToolCall, ToolResult, Usage,
};
pub use method::Method;
pub use model::ModelId;
#[cfg(any(feature = "langsmith", feature = "tracing"))]
pub use observe::all::*;
pub use observe::{Observer, Run, RunConfig, RunStart};
pub use operations::{GuardrailAssessment, GuardrailSource};
pub use platform::{BoxFuture, BoxStream, MaybeSend, MaybeSync, Runtime, SystemRuntime};
pub use provider::{
    Anthropic, Call, ChatCompletions, Codec, Cohere, Converse, Family, Mode, Nova, StreamDecoder, capabilities,
    codec_for, families,
};
pub use request::{
    ChatOptions, ChatRequest, Guardrail, GuardrailTrace, IntoMessage, IntoMessages, Latency, Reasoning,
    ReasoningDisplay, ResponseFormat, ServiceTier, StreamProcessing, Tool, ToolChoice,
};
pub use retry::RetryPolicy;
pub use structured::{PartialStream, Structured, StructuredMethod, StructuredReply};
pub use toolbox::{Step, ToolOutput, ToolRun, Toolbox};
pub use transport::all::*;
pub use transport::{ByteStream, HttpRequest, HttpResponse, Transport};

/// What users share between threads and wait for in spawned tasks, checked where threads are.
const _: () = {
    const fn send<T: MaybeSend>() {}
    const fn shared<T: MaybeSend + MaybeSync + Clone>() {}
    shared::<BedrockChat>();
    shared::<ChatOptions>();
    shared::<Message>();
    shared::<AiMessage>();
    send::<ChatStream>();
    send::<TextStream>();
    send::<Error>();
};

/// The README's examples, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
