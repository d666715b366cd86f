//! Chat with every model on Amazon Bedrock, natively and as WebAssembly, without the AWS SDK.
//!
//! Start with [`BedrockChat`]:
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
//! | `reqwest` | yes | HTTP: over reqwest natively, and `fetch` on wasm32 |
//! | `rustls` | yes | TLS for reqwest by rustls with ring |
//! | `rustls-no-provider` | no | the same without ring: the application installs the crypto provider |
//! | `login` | yes | sessions of `aws login`, natively: the signature that renews them, with ring |
//! | `schemars` | yes | tools and typed output from Rust types |
//! | `fetch` | yes | HTTP over the runtime's own `fetch`, on wasm32 only |
//! | `native-tls` | no | its TLS by the operating system, instead of rustls |
//! | `web` | no | media from the web, natively: `MediaFetcher` |
//! | `langsmith` | no | calls posted to LangSmith as runs, as LangChain posts them |
//! | `tracing` | no | calls as spans with OpenTelemetry's GenAI attributes |
//! | `mcp` | no | tools of MCP servers, natively: `Toolbox::from_mcp` |
//! | `gateway` | no | a gateway for clients of OpenAI's, Anthropic's and Bedrock's APIs |
//!
//! Without `reqwest` and `fetch` the crate has no HTTP: implement a [`Transport`].

#![cfg_attr(docsrs, feature(doc_cfg))]

// The modules, in the order of the data flow: a module uses only modules above it. All from `text` to
// `retry` are pure. `.ci/architecture` checks both.
mod platform; // Differences between native targets and wasm32.
mod text; // Searches in text, and text for error messages.
mod base64; // Base64, strictly decoded.
pub mod json; // JSON: a view to read, a writer, and an owned value.
mod method; // HTTP methods.
mod headers; // HTTP headers.
mod message; // Messages and the blocks that they are made of.
mod error; // The error type, and the table of AWS's exceptions.
mod media; // Media types of bytes, URLs and file names.
mod region; // AWS regions and their domains.
mod api; // The APIs, the endpoints that serve them, and the framing of streams.
mod capabilities; // Capabilities of models over an API.
mod request; // The options, tools and schemas of a call.
pub mod interop; // Messages in LangChain's and OpenAI's JSON.
pub mod sigv4; // AWS Signature Version 4.
mod model; // Model ids, inference profiles and ARNs.
pub mod eventstream; // AWS event streams: bytes to frames.
pub mod sse; // Server-sent events: bytes to events.
mod event; // The events of a stream, and how they become a message.
mod provider; // Codecs: encode a request as a call, decode an answer as a message.
mod retry; // Whether to send a call again, and after what delay.
mod credentials; // Keys and tokens, and who provides them.
mod endpoint; // The URL of a call.
mod transport; // HTTP behind one trait.
pub mod testing; // A transport that returns prepared replies.
mod sources; // Sources of temporary credentials: roles, web identities, Cognito.
#[cfg(not(target_arch = "wasm32"))]
mod machine; // Credentials of containers and EC2 instances.
#[cfg(not(target_arch = "wasm32"))]
mod chain; // The default chain of credentials: variables, profiles, SSO, roles, processes, machines.
#[cfg(target_arch = "wasm32")]
mod variables; // The default credentials where there are no files: those of variables.
#[cfg(all(feature = "web", not(target_arch = "wasm32")))]
mod media_fetcher; // Media from the web.
mod observe; // Observers of calls: LangSmith, OpenTelemetry, custom.
mod limiter; // Limits of requests and tokens a minute.
mod client; // One call: encode, sign, send, retry, decode.
mod concurrent; // A limited number of futures at a time.
mod chat; // `BedrockChat` and its builder.
mod toolbox; // Tools with their handlers, and the loop that runs them.
#[cfg(all(feature = "mcp", not(target_arch = "wasm32")))]
mod mcp; // Tools of MCP servers.
mod structured; // Typed output.
mod operations; // Token counts, guardrails without a chat, lists of models.
mod batch_inference; // Jobs of batch inference.
#[cfg(feature = "gateway")]
pub mod gateway; // A gateway for clients of OpenAI's, Anthropic's and Bedrock's APIs.
#[cfg(any(doc, doctest))]
pub mod guide; // Guides by topic, in the documentation only.

pub use api::{Api, Framing, Service};
pub use batch_inference::{BatchJob, BatchJobStatus, BatchRecord, BatchRecordCounts, BatchVpc};
pub use capabilities::{Capabilities, Capability};
#[cfg(not(target_arch = "wasm32"))]
pub use chain::{DefaultCredentials, ProfileCredentials};
pub use chat::{AdaptiveConcurrency, Batch, BedrockChat, BedrockChatBuilder, CircuitBreaker, Fallbacks};
pub use client::{ChatStream, CloudflareGateway, TextStream, Timeouts};
pub use credentials::{CachedCredentials, Credentials, EnvironmentCredentials, ProvideCredentials, short_term_api_key};
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, Result};
pub use event::{Accumulator, ChatEvent, Events};
pub use headers::Headers;
pub use json::Json;
pub use limiter::RateLimiter;
#[cfg(not(target_arch = "wasm32"))]
pub use machine::{ContainerCredentials, ImdsCredentials};
#[cfg(all(feature = "mcp", not(target_arch = "wasm32")))]
pub use mcp::McpServer;
#[cfg(all(feature = "web", not(target_arch = "wasm32")))]
pub use media_fetcher::MediaFetcher;
pub use message::{
    AiMessage, AppliedGuardrail, CachePoint, CacheTtl, Citation, CitationLocation, CitedRange, Content, Document,
    GuardContent, GuardrailOrigin, GuardrailOutcome, InputTokenDetails, InvalidToolCall, JsonContent, Media,
    MediaSource, Message, OutputTokenDetails, Raw, RedactedThinking, Role, SearchResult, StopReason, Text, Thinking,
    ToolCall, ToolReference, ToolResult, Usage,
};
pub use method::Method;
pub use model::ModelId;
#[cfg(feature = "tracing")]
pub use observe::TracingObserver;
#[cfg(feature = "langsmith")]
pub use observe::{ChainRun, LangSmith, LangSmithBuilder};
pub use observe::{Observer, Run, RunConfig, RunStart};
pub use operations::{
    CategoryScore, FoundationModel, GuardrailAssessment, GuardrailCheckResults, GuardrailChecks, GuardrailSource,
    InferenceProfile, InferenceProfileType, MantleModel, ModelLifecycle, SensitiveEntity,
};
pub use platform::{BoxFuture, BoxStream, MaybeSend, MaybeSync, Runtime, SystemRuntime};
pub use provider::{
    Anthropic, Call, ChatCompletions, Codec, Cohere, Converse, Family, Messages, Mode, Nova, Responses, Route,
    StreamDecoder, capabilities, codec_for, families,
};
pub use request::{
    ChatOption, ChatOptions, ChatRequest, Guardrail, GuardrailTrace, IntoMessage, IntoMessages, Latency, Reasoning,
    ReasoningDisplay, ResponseFormat, ServiceTier, StreamProcessing, Tool, ToolChoice,
};
pub use retry::RetryPolicy;
pub use sources::{
    AssumeRoleCredentials, CognitoCredentials, IdentityToken, ProvideIdentityToken, WebIdentityCredentials,
};
#[doc(hidden)]
pub use structured::structured_value;
pub use structured::{PartialStream, Structured, StructuredMethod, StructuredReply};
pub use toolbox::{Step, ToolOutput, ToolRun, ToolRunError, Toolbox};
#[cfg(all(feature = "fetch", target_arch = "wasm32"))]
pub use transport::FetchTransport;
#[cfg(all(feature = "reqwest", not(target_arch = "wasm32")))]
pub use transport::ReqwestTransport;
pub use transport::{ByteStream, HttpRequest, HttpResponse, Transport};

#[cfg(target_arch = "wasm32")]
use variables as chain;

/// Compile-time check that public types are `Send` and `Sync` (native only).
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
