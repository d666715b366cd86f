//! Observers, tested against the services that they report to:
//!
//! - LangSmith, as a server that records its requests, compared with the requests of LangChain.js for the
//!   same chats;
//! - collectors of OpenTelemetry spans.

#![cfg(all(feature = "reqwest", feature = "langsmith", feature = "tracing"))]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod exported;
#[path = "../local-bedrock/tests/support/install.rs"]
mod install;
mod recorder;
mod support;

mod langsmith;
mod langsmith_delivery;
mod langsmith_vectors;
mod otel;
mod otel_collector;
