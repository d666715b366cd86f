//! A local imitation of Amazon Bedrock, for tests without an AWS account.
//!
//! The server listens on a loopback port, recomputes every SigV4 signature from the bytes it received, and validates
//! request bodies as the service does. It answers with a small deterministic model, which echoes, calls tools, fills
//! JSON schemas, reasons, and counts tokens. Replies can be damaged on purpose ([`Fault`]) to test a client.
//!
//! It runs inside the caller's tokio runtime, or as a program: `cargo run -p local-bedrock`. [`Service`] is the same
//! without a listener, for WebAssembly: the npm package's `bedrock-chat/local-bedrock` puts Node's HTTP server around it.
//!
//! ```
//! use local_bedrock::{Fault, LocalBedrock};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! let bedrock = LocalBedrock::builder().region("us-east-1").start().await?;
//! let credentials = bedrock.test_credentials();
//! println!("endpoint {} key {}", bedrock.url(), credentials.access_key_id);
//!
//! // The next two requests are throttled, the third is answered.
//! bedrock.faults().push(Fault::error(429, "ThrottlingException", "Too many tokens").times(2));
//! assert!(bedrock.requests().is_empty());
//! bedrock.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! It is not a language model or a load generator, and it does not have the service's quotas and access policies.
//! Error messages are the service's own, as far as they are public.

#![expect(
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "it is part of this repository's tests and is not published, so nobody depends on its versions"
)]

mod auth;
#[cfg(feature = "server")]
mod body;
mod builder;
mod catalog;
mod clock;
mod connections;
mod control;
mod delivery;
mod endpoint;
mod exchange;
mod faults;
mod frames;
mod framing;
mod identity;
mod ids;
mod json;
#[cfg_attr(
    not(feature = "server"),
    allow(dead_code, reason = "an upstream server gets more than the echo model reads")
)]
mod model;
mod problem;
mod recorded;
mod route;
#[cfg(feature = "server")]
mod server;
mod shapes;
mod sse;
mod state;
mod stored;
#[cfg(feature = "server")]
mod upstream;
#[cfg(feature = "server")]
mod waiting;

pub use builder::{
    Builder, TEST_ACCESS_KEY_ID, TEST_BEARER_KEY, TEST_SECRET_ACCESS_KEY, TEST_SESSION_TOKEN, TestCredentials,
    instructions,
};
pub use connections::Opened;
pub use delivery::{Delivery, End};
pub use endpoint::Endpoint;
pub use exchange::{Exchange, Received, Service, Start};
pub use faults::{ErrorShape, Fault, Faults, InsertedFrame};
pub use identity::{
    Identity, KeyPair, Role, TEST_CLIENT_ID, TEST_CLIENT_SECRET, TEST_CONTAINER_TOKEN, TEST_REFRESH_TOKEN,
    TEST_SSO_TOKEN,
};
pub use model::ECHO_PREFIX;
pub use recorded::{Outcome, RecordedRequest, Verdict};
#[cfg(feature = "server")]
pub use server::LocalBedrock;
#[cfg(feature = "server")]
pub use waiting::{HANGS, soon, until};
