//! Mistakes of a naive client, tested against a server that shares no code with this one. Most of these tests
//! are calls over real HTTP to the local Bedrock. It recomputes every signature from the bytes it
//! received, validates bodies as the service does, and fails on demand.
//!
//! There is one file for each concern.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod support;
#[cfg(feature = "rustls")]
#[path = "../tls_server/mod.rs"]
mod tls_server;

mod addresses;
mod answers;
mod attempts;
mod broken;
mod cancellation;
mod chunking;
mod conversations;
mod credentials;
mod endpoints;
mod errors;
mod exceptions;
mod gateways;
mod guardrails;
mod http;
mod limits;
mod load;
mod models;
mod parameters;
mod promises;
mod refreshes;
mod resend;
mod safety;
mod secrets;
mod signing_gateway;
mod thinking;
mod time;
mod tls;
mod tool_arguments;
mod usage;
mod whole_call;
