//! The fuzz targets: one module each, with a function `check` that takes any bytes and panics if one of the
//! module's invariants does not hold.
//!
//! `fuzz_targets/` runs them under libFuzzer, and `tests/mutated_seeds.rs` on their seeds and on mutations of
//! these. The seeds are recorded traffic: see [`seeds`].

// A failed assertion is the result of a fuzz target.
#![allow(clippy::missing_panics_doc)]
#![forbid(unsafe_code)]

pub mod endpoints;
pub mod frames;
mod gateway;
mod gateway_forms;
pub mod gateway_relays;
mod gateway_replies;
pub mod gateway_requests;
mod home;
pub mod input;
pub mod interop;
pub mod json;
pub mod key_documents;
mod key_sources;
pub mod model_ids;
pub mod partial_json;
pub mod profile_files;
pub mod repair;
pub mod replies;
pub mod retry_after;
pub mod seeds;
pub mod signing;
pub mod sse;
pub mod streams;
mod wires;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its module and of its folder in `corpus/`.
    pub name: &'static str,
    /// Checks the invariants on one input.
    pub check: fn(&[u8]),
    /// Returns inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        /// All targets.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), check: $name::check, seeds: $name::seeds }),*];
    };
}

targets!(
    frames,
    sse,
    streams,
    replies,
    json,
    partial_json,
    model_ids,
    endpoints,
    repair,
    interop,
    signing,
    retry_after,
    profile_files,
    key_documents,
    gateway_requests,
    gateway_relays
);
