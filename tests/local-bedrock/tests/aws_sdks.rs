//! The proof that this is Bedrock enough: Amazon's own clients work against it.
//!
//! The clients are installed once, below cargo's target folder. Where Python, Node or their
//! registries are not there, the test says so and passes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)] // Tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use local_bedrock::LocalBedrock;

const BOTO3: &str = "boto3==1.44.5";
const SDK: &str = "@aws-sdk/client-bedrock-runtime@3.1164.0";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs an installation step. `Err` is the reason to skip; a failure that is not the network's
/// fails the test.
fn install(command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = said(&output);
    let unreachable = [
        "Could not find a version",
        "No matching distribution",
        "ENOTFOUND",
        "ECONNREFUSED",
        "ETIMEDOUT",
        "EAI_AGAIN",
        "ENETUNREACH",
        "E404",
        "network",
        "ensurepip is not available",
    ];
    let reason = unreachable.iter().find(|sign| said.contains(**sign));
    match reason {
        Some(reason) => Err(format!("{name}: {reason}")),
        None => panic!("{name} failed:\n{said}"),
    }
}

fn boto3() -> Result<PathBuf, String> {
    let venv = folder("boto3");
    let python = venv.join("bin/python");
    let done = venv.join("installed");
    if !done.exists() {
        install(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        install(Command::new(&python).args(["-m", "pip", "install", "--quiet", BOTO3]))?;
        std::fs::write(done, BOTO3).unwrap();
    }
    Ok(python)
}

fn javascript() -> Result<PathBuf, String> {
    let home = folder("aws-sdk-js");
    let done = home.join("installed");
    if !done.exists() {
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("package.json"), r#"{"private": true, "type": "module"}"#).unwrap();
        install(Command::new("npm").args(["install", "--silent", "--no-audit", "--no-fund", SDK]).current_dir(&home))?;
        std::fs::write(done, SDK).unwrap();
    }
    Ok(home)
}

async fn run(mut command: Command) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    print!("{}", said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_calls_succeed_and_tampering_is_refused() {
    let python = match tokio::task::spawn_blocking(boto3).await.unwrap() {
        Ok(python) => python,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let builder = LocalBedrock::builder().region("us-east-1");
    let bedrock = builder.application_profile("abc123", "amazon.nova-lite-v1:0").start().await.unwrap();
    let credentials = bedrock.test_credentials();
    let mut command = Command::new(python);
    command.arg(script("boto3_check.py")).args([
        bedrock.url(),
        credentials.access_key_id,
        credentials.secret_access_key,
    ]);
    run(command).await;
    let paths: Vec<String> = bedrock.requests().into_iter().map(|request| request.path).collect();
    assert!(paths.iter().any(|path| path.contains("%3A0/converse-stream")), "{paths:?}");
    assert!(paths.iter().any(|path| path.contains("application-inference-profile%2Fabc123/converse")), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_sdk_calls_succeed_and_tampering_is_refused() {
    let home = match tokio::task::spawn_blocking(javascript).await.unwrap() {
        Ok(home) => home,
        Err(reason) => return println!("skipped: {reason}"),
    };
    // Modules are looked up from where the script is.
    let check = home.join("check.mjs");
    std::fs::copy(script("check.mjs"), &check).unwrap();
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let credentials = bedrock.test_credentials();
    let mut command = Command::new("node");
    command.arg(check).args([bedrock.url(), credentials.access_key_id, credentials.secret_access_key]);
    run(command).await;
    assert!(bedrock.requests().len() > 8);
}
