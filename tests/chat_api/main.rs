//! The chat API over both of Bedrock's APIs, natively and over Converse, for families that differ. Every call is sent
//! over real HTTP to the local Bedrock, which checks each body with its own rules.
//!
//! There is one file for each feature.

#![cfg(all(feature = "reqwest", feature = "schemars"))]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod batch_jobs;
mod batches;
mod caching;
mod claude;
mod controls;
mod fallbacks;
mod families;
mod media;
mod merging;
mod options;
mod precedence;
mod reasoning;
mod refused_forms;
mod schemas;
mod structured;
mod structured_streams;
mod toolbox;
mod tools;

use bedrock_chat::{Api, BedrockChat, BedrockChatBuilder, Credentials, Json, Tool};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
use serde_json::Value;

pub(crate) const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
pub(crate) const OLD_CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";
pub(crate) const NOVA: &str = "us.amazon.nova-lite-v1:0";
pub(crate) const MISTRAL: &str = "mistral.mistral-large-2402-v1:0";
pub(crate) const PIXTRAL: &str = "eu.mistral.pixtral-large-2502-v1:0";
pub(crate) const GPT_OSS: &str = "openai.gpt-oss-120b-1:0";
pub(crate) const QWEN: &str = "qwen.qwen3-32b-v1:0";
pub(crate) const JAMBA: &str = "ai21.jamba-1-5-large-v1:0";
pub(crate) const COMMAND_R: &str = "cohere.command-r-plus-v1:0";
pub(crate) const LLAMA: &str = "us.meta.llama3-3-70b-instruct-v1:0";

pub(crate) const BOTH: [Api; 2] = [Api::Invoke, Api::Converse];

/// A chat model that calls this server and signs with keys that the server accepts.
pub(crate) fn calling(bedrock: &LocalBedrock, model: &str, api: Api) -> BedrockChatBuilder {
    BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
        .endpoint_url(bedrock.url())
        .api(api)
}

pub(crate) fn chat(bedrock: &LocalBedrock, model: &str, api: Api) -> BedrockChat {
    calling(bedrock, model, api).build().unwrap()
}

/// Returns the body of the last request.
pub(crate) fn sent(bedrock: &LocalBedrock) -> Value {
    bedrock.requests().last().unwrap().json()
}

pub(crate) fn tool(name: &str, argument: &str) -> Tool {
    let schema =
        format!(r#"{{"type":"object","properties":{{"{argument}":{{"type":"string"}}}},"required":["{argument}"]}}"#);
    Tool::new(name, format!("The {name} of a {argument}"), Json::parse(&schema).unwrap())
}

pub(crate) fn weather() -> Tool {
    tool("get_weather", "city")
}
