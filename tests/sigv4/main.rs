//! Signature Version 4: public vectors, peers' vectors, behavior, and properties compared with the `aws-sigv4` crate.

// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod behavior;
mod judge;
mod properties;
mod vectors;

use bedrock_chat::sigv4::{AmzDate, SigningParams};

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// 2025-01-02T03:04:05Z.
const NOW: u64 = 1_735_787_045;

fn params(session_token: Option<&str>) -> SigningParams<'_> {
    SigningParams {
        access_key_id: KEY_ID,
        secret_access_key: SECRET,
        session_token,
        region: "us-east-1",
        service: "bedrock",
        date: AmzDate::from_unix_seconds(NOW).unwrap(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
