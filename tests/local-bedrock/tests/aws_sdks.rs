//! Amazon's own clients work against the local Bedrock.
//!
//! The clients are installed once, below cargo's target folder. If Python, Node or their registries are missing, the
//! test says so and passes, unless `TEST_CLIENTS` is `required`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)] // Tests.

#[path = "support/install.rs"]
mod install;

use std::path::Path;
use std::process::Command;

use local_bedrock::{Identity, LocalBedrock, Role, Verdict};

// With `crt`, which botocore needs for the proofs of `aws login`.
const BOTO3: &str = "boto3[crt]==1.44.5";
const SDK: &str = "@aws-sdk/client-bedrock-runtime@3.1164.0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_calls_succeed_and_tampering_is_refused() {
    let python = match tokio::task::spawn_blocking(|| install::python("boto3", &[BOTO3])).await.unwrap() {
        Ok(python) => python,
        Err(reason) => return install::skipped(&reason),
    };
    let builder = LocalBedrock::builder().region("us-east-1");
    let bedrock = builder.application_profile("abc123", "amazon.nova-lite-v1:0").start().await.unwrap();
    let credentials = bedrock.test_credentials();
    let mut command = Command::new(python);
    command.arg(install::script("sdk/boto3_check.py")).args([
        bedrock.url(),
        credentials.access_key_id,
        credentials.secret_access_key,
    ]);
    install::run(command).await;
    let paths: Vec<String> = bedrock.requests().into_iter().map(|request| request.path).collect();
    assert!(paths.iter().any(|path| path.contains("%3A0/converse-stream")), "{paths:?}");
    assert!(paths.iter().any(|path| path.contains("application-inference-profile%2Fabc123/converse")), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_gets_keys_that_bedrock_accepts() {
    let python = match tokio::task::spawn_blocking(|| install::python("boto3", &[BOTO3])).await.unwrap() {
        Ok(python) => python,
        Err(reason) => return install::skipped(&reason),
    };
    let role = Role::new("arn:aws:iam::123456789012:role/Guarded").external_id("customer-7").max_session_seconds(3_600);
    let identity = Identity { roles: vec![role], ..Identity::default() };
    let bedrock = LocalBedrock::builder().region("us-east-1").identity(identity).start().await.unwrap();
    let mut command = Command::new(python);
    command.arg(install::script("sdk/identity_check.py")).arg(bedrock.url());
    install::run(command).await;
    let requests = bedrock.requests();
    let converse = requests.iter().filter(|request| request.path.ends_with("/converse"));
    let keys: Vec<&Verdict> =
        converse.map(|request| &request.verdict).filter(|verdict| verdict.is_accepted()).collect();
    assert_eq!(keys.len(), 10, "{keys:?}");
}

/// The crate's credential sources are tested against these recordings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_resolves_credentials_as_recorded() {
    let python = match tokio::task::spawn_blocking(|| install::python("boto3", &[BOTO3])).await.unwrap() {
        Ok(python) => python,
        Err(reason) => return install::skipped(&reason),
    };
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut command = Command::new(python);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../credentials/record.py");
    command.arg(script).args(["--check", "--server", &bedrock.url()]);
    install::run(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_sdk_calls_succeed_and_tampering_is_refused() {
    let installed = || install::javascript("aws-sdk-js", &[SDK], &install::script("sdk/check.mjs"));
    let check = match tokio::task::spawn_blocking(installed).await.unwrap() {
        Ok(check) => check,
        Err(reason) => return install::skipped(&reason),
    };
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let credentials = bedrock.test_credentials();
    let mut command = Command::new("node");
    command.arg(check).args([bedrock.url(), credentials.access_key_id, credentials.secret_access_key]);
    install::run(command).await;
    assert!(bedrock.requests().len() > 8);
}
