//! The clients of OpenAI, Anthropic and LangChain for Bedrock work against the local Bedrock, signed and with a bearer
//! key.
//!
//! The clients are installed once, below cargo's target folder. If Python, Node or their registries are missing, the
//! test says so and passes, unless `TEST_CLIENTS` is `required`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)] // Tests.

#[path = "support/install.rs"]
mod install;

use std::path::PathBuf;
use std::process::Command;

use local_bedrock::{Endpoint, LocalBedrock, Verdict};

const OPENAI_PYTHON: [&str; 2] = ["openai==3.57.0", "boto3==1.44.5"];
const LANGCHAIN: [&str; 5] = [
    "langchain-aws==1.9.1",
    "langchain-openai==1.7.4",
    "langchain-anthropic==1.7.10",
    "anthropic==2.14.0",
    "aws-bedrock-token-generator==1.1.0",
];
const OPENAI_JAVASCRIPT: [&str; 4] = [
    "openai@7.59.0",
    "@aws-sdk/credential-provider-node@^3.972.0",
    "@smithy/hash-node@^4.3.0",
    "@smithy/signature-v4@^5.4.0",
];
const ANTHROPIC_JAVASCRIPT: [&str; 1] = ["@anthropic-ai/bedrock-sdk@1.1.3"];

/// Runs `interpreter script` against a new server and returns the server.
async fn checked(
    interpreter: Option<PathBuf>,
    install: impl FnOnce() -> Result<PathBuf, String> + Send + 'static,
    check: Option<&str>,
) -> Option<LocalBedrock> {
    let installed = match tokio::task::spawn_blocking(install).await.unwrap() {
        Ok(installed) => installed,
        Err(reason) => {
            install::skipped(&reason);
            return None;
        }
    };
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let mut command = Command::new(interpreter.as_ref().unwrap_or(&installed));
    command.arg(check.map_or(installed, install::script));
    let credentials = bedrock.test_credentials();
    command.args([
        bedrock.url(),
        bedrock.mantle_url(),
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.bearer_key,
    ]);
    install::run(command).await;
    Some(bedrock)
}

/// Checks that both ways to authenticate were used on mantle, and that no valid request was refused.
fn both_ways_on_mantle(bedrock: &LocalBedrock) {
    let requests = bedrock.requests();
    let on_mantle = requests.iter().filter(|request| request.endpoint == Endpoint::Mantle);
    let verdicts: Vec<&Verdict> = on_mantle.map(|request| &request.verdict).collect();
    assert!(verdicts.iter().any(|verdict| matches!(verdict, Verdict::Bearer)));
    let signed =
        |verdict: &&&Verdict| matches!(verdict, Verdict::Signed { service, .. } if service == "bedrock-mantle");
    assert!(verdicts.iter().any(|verdict| signed(&verdict)), "{verdicts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_python_sdk_works_on_both_endpoints() {
    let install = || install::python("openai-python", &OPENAI_PYTHON);
    let Some(bedrock) = checked(None, install, Some("sdk/openai_check.py")).await else { return };
    both_ways_on_mantle(&bedrock);
    assert!(bedrock.requests().iter().any(|request| request.endpoint == Endpoint::Runtime));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_javascript_sdk_works_on_both_endpoints() {
    let install = || install::javascript("openai-js", &OPENAI_JAVASCRIPT, &install::script("sdk/openai_check.mjs"));
    let Some(bedrock) = checked(Some("node".into()), install, None).await else { return };
    both_ways_on_mantle(&bedrock);
    assert!(bedrock.requests().iter().any(|request| request.endpoint == Endpoint::Runtime));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropic_sdk_for_bedrock_works_on_mantle() {
    let install =
        || install::javascript("anthropic-js", &ANTHROPIC_JAVASCRIPT, &install::script("sdk/anthropic_check.mjs"));
    let Some(bedrock) = checked(Some("node".into()), install, None).await else { return };
    both_ways_on_mantle(&bedrock);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn langchain_mantle_classes_work() {
    let install = || install::python("langchain-aws", &LANGCHAIN);
    let Some(bedrock) = checked(None, install, Some("sdk/langchain_check.py")).await else { return };
    both_ways_on_mantle(&bedrock);
}
