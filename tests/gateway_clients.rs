//! OpenAI's, Anthropic's and AWS's SDKs, agent frameworks, Claude Code and Codex reach the models of the local Bedrock
//! through the gateway. The scripts are in `tests/gateway/sdk`.
//!
//! The clients are installed once, below cargo's target folder. If Python, Node or their registries are missing, the
//! test says so and passes, unless `TEST_CLIENTS` is `required`.

#![cfg(all(feature = "gateway", feature = "reqwest"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // Tests.

#[path = "../examples/support/gateway_server.rs"]
mod gateway_server;
#[path = "local-bedrock/tests/support/install.rs"]
mod install;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bedrock_chat::gateway::{Gateway, GatewayCall, GatewaySettings, KeySettings};
use bedrock_chat::{BedrockChat, Credentials};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
use tokio::net::TcpListener;

const KEY: &str = "gw-0123456789abcdef";
const CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";

const SDKS: [&str; 3] = ["openai==3.57.0", "anthropic==2.14.0", "boto3==1.44.8"];
// `instructor` wants an older `openai` than the one above.
const AGENTS: [&str; 2] = ["openai-agents==0.24.0", "instructor==1.17.0"];
const JAVASCRIPT: [&str; 3] = ["openai@7.59.0", "@anthropic-ai/sdk@1.14.0", "zod@4.6.7"];
const COMMAND_LINES: [&str; 2] = ["@anthropic-ai/claude-code@2.1.332", "@openai/codex@0.171.0"];

/// Installs clients, runs `program arguments...` against a new gateway, and returns the calls that the gateway reported.
async fn calls(
    install: impl FnOnce() -> Result<(PathBuf, Vec<OsString>), String> + Send + 'static,
) -> Option<Vec<GatewayCall>> {
    let (program, arguments) = match tokio::task::spawn_blocking(install).await.unwrap() {
        Ok(installed) => installed,
        Err(reason) => {
            install::skipped(&reason);
            return None;
        }
    };
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let credentials = Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY);
    let chat = BedrockChat::builder(CLAUDE).region("us-east-1").credentials(credentials).endpoint_url(bedrock.url());
    let settings = GatewaySettings::default()
        .with_model(CLAUDE, CLAUDE)
        .with_model(NOVA, NOVA)
        .with_key("clients", KeySettings::new(KEY));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&calls);
    let gateway = Gateway::new(chat, settings).unwrap();
    let gateway = gateway.on_call(move |call| list.lock().unwrap().push(call.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(gateway_server::serve(listener, gateway));
    let mut command = Command::new(program);
    command.args(arguments).env("GATEWAY_URL", url).env("GATEWAY_KEY", KEY);
    // Otherwise Python writes a `__pycache__` into the folder of the scripts.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    install::run(command).await;
    server.abort();
    let calls = std::mem::take(&mut *calls.lock().unwrap());
    assert!(calls.iter().any(|call| call.streamed && call.status == 200), "{calls:?}");
    Some(calls)
}

/// Runs a script for Python with some packages.
async fn python(name: &'static str, packages: &'static [&str], check: &'static str) {
    let script = install::script(&format!("gateway/sdk/{check}"));
    calls(move || Ok((install::python(name, packages)?, vec![script.into()]))).await;
}

/// Runs a script for Node.
async fn node(check: &'static str) {
    let script = install::script(&format!("gateway/sdk/{check}"));
    calls(move || Ok(("node".into(), vec![install::javascript("gateway-js", &JAVASCRIPT, &script)?.into()]))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_python_sdk_works_with_the_gateway() {
    python("gateway-sdks", &SDKS, "openai_check.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropic_python_sdk_works_with_the_gateway() {
    python("gateway-sdks", &SDKS, "anthropic_check.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_works_with_the_gateway() {
    python("gateway-sdks", &SDKS, "boto3_check.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agent_frameworks_work_with_the_gateway() {
    python("gateway-agents", &AGENTS, "agents_check.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_javascript_sdk_works_with_the_gateway() {
    node("openai_check.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropic_javascript_sdk_works_with_the_gateway() {
    node("anthropic_check.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claude_code_and_codex_work_with_the_gateway() {
    let install = || {
        let binaries = install::node_modules("gateway-command-lines", &COMMAND_LINES)?.join("node_modules/.bin");
        Ok(("python3".into(), vec![install::script("gateway/sdk/command_lines_check.py").into(), binaries.into()]))
    };
    let Some(calls) = calls(install).await else { return };
    for path in ["/v1/messages", "/v1/responses", "/model/"] {
        let works = |call: &GatewayCall| call.path.starts_with(path) && call.status == 200;
        assert!(calls.iter().any(works), "{path}: {calls:?}");
    }
}
