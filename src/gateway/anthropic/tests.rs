//! Tests of Anthropic's API in the gateway.

mod events;
mod passed;
mod reads;
mod relays;
mod replies;

use super::AnthropicDialect;
use crate::gateway::dialect::{Asked, Dialect, Given, Passed};
use crate::gateway::failure::Failure;
use crate::headers::Headers;
use crate::json::View;
use crate::model::ModelId;

const SONNET_4_6: &str = "us.anthropic.claude-sonnet-4-6";
const OPUS_4_5: &str = "global.anthropic.claude-opus-4-5-20251101-v1:0";
const OPUS_4_7: &str = "anthropic.claude-opus-4-7";
const HAIKU_3: &str = "anthropic.claude-3-haiku-20240307-v1:0";

fn headers(betas: &[&str]) -> Headers {
    let mut headers = Headers::new();
    headers.push("x-api-key", "key");
    betas.iter().for_each(|beta| headers.push("Anthropic-Beta", *beta));
    headers
}

fn given<'a>(body: &'a str, headers: &'a Headers) -> Given<'a> {
    Given {
        body: View::parse(body).unwrap(),
        headers,
        model: "claude-x",
        streams: body.contains(r#""stream":true"#),
        now: 1_790_000_000,
        nonce: "n0nce",
    }
}

fn pass(id: &str, betas: &[&str], body: &str) -> Result<Option<Passed>, Failure> {
    let headers = headers(betas);
    AnthropicDialect.pass(&given(body, &headers), &ModelId::parse(id).unwrap())
}

/// Returns the body that is sent, and what was removed.
fn sent(id: &str, betas: &[&str], body: &str) -> (String, Vec<String>) {
    let passed = pass(id, betas, body).unwrap().unwrap();
    (String::from_utf8(passed.call.body.to_vec()).unwrap(), passed.removed)
}

fn read(body: &str) -> Result<Asked, Failure> {
    AnthropicDialect.read(&given(body, &headers(&[])))
}
