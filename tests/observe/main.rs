//! Those who watch calls, held against what they report to: LangSmith in the form of a server that
//! writes down what it is sent, beside what LangChain.js posts for the same chats; and collectors of
//! OpenTelemetry spans.

#![cfg(all(feature = "reqwest", feature = "langsmith", feature = "tracing"))]
// Clippy takes only `#[test]` functions for tests, and here helpers are tests' parts too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod exported;
mod recorder;
mod support;

mod langsmith;
mod langsmith_delivery;
mod langsmith_vectors;
mod otel;
mod otel_collector;
