//! Set-ups of credentials: variables, files and services. Each must resolve as botocore resolved it, which `record.py`
//! wrote into the set-up, or as a row of [`DEVIATIONS`] says. Each is a trial of its name:
//! `cargo test --test credentials -- role-chain`.
//!
//! A chat is built from the set-up and makes one call. The services that issue keys are a local Bedrock; the call of the
//! model is caught, and its signature has the keys and the region. No secret, given or issued, may be in errors, in `Debug`
//! or in logs.

// Clippy recognizes only `#[test]` functions as tests, but all code here is test code.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../log_collector/mod.rs"]
mod log_collector;
mod logs;
mod setup;
mod wire;

use std::path::Path;

use bedrock_chat::{Api, BedrockChat, Credentials, DefaultCredentials, Error, ErrorKind};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

use self::logs::Logs;
use self::setup::{Machine, Patient, secrets};
use self::wire::Wire;

/// The parts of a call that credentials and settings decide.
#[derive(Debug, Default, PartialEq)]
struct Found {
    bearer_token: Option<String>,
    access_key_id: Option<String>,
    session_token: Option<String>,
    region: Option<String>,
    url: Option<String>,
}

/// The result that is expected instead of botocore's.
enum Ours {
    /// This API key or key id, in this region.
    Found(&'static str, &'static str),
    /// An error with this text.
    Error(&'static str),
}

/// Set-ups that resolve in another way than with botocore, and why.
const DEVIATIONS: &[(&str, Ours, &str)] = &[
    ("bearer-beats-explicit-profile", Ours::Found("AKIDWORK", "us-west-2"), "a profile that was chosen in code wins"),
    ("bearer-empty", Ours::Found("AKIDENV", "us-east-1"), "empty variables count as absent"),
    (
        "bearer-with-broken-profile",
        Ours::Found("bedrock-api-key-local-test", "us-west-2"),
        "with an API key no other source is looked at",
    ),
    (
        "bearer-with-missing-profile",
        Ours::Found("bedrock-api-key-local-test", "us-east-1"),
        "with an API key no profile is needed",
    ),
    ("env-empty-profile", Ours::Found("AKIDDEFAULT", "us-east-1"), "empty variables count as absent"),
    ("env-empty-region", Ours::Found("AKIDDEFAULT", "us-west-2"), "empty variables count as absent"),
    ("fips-with-endpoint-url", Ours::Error("`fips`"), "a call that must use FIPS must not go elsewhere"),
    (
        "host-of-sts-with-fips-and-endpoint",
        Ours::Error("STS has both a custom endpoint and FIPS"),
        "a call that must use FIPS must not go elsewhere",
    ),
    (
        "host-of-sts-legacy",
        Ours::Found("ASIAHQ7ATQG632TS0001", "us-west-2"),
        "tokens of `sts.amazonaws.com` are not valid in all regions, and it is only in us-east-1",
    ),
    (
        "keys-in-code-with-missing-profile",
        Ours::Found("AKIDCODE", "us-east-1"),
        "with keys that are set in code no profile is needed",
    ),
    ("region-aws-region", Ours::Found("AKIDENV", "eu-west-1"), "other SDKs read `AWS_REGION`"),
    ("role-duration-not-a-number", Ours::Error("`duration_seconds`"), "a setting is never ignored in silence"),
];

/// The texts of which one must be in our error, by botocore's class.
const ERRORS: &[(&str, &[&str])] = &[
    ("ClientError", &["STS did not assume role"]),
    ("ConfigParseError", &["is malformed"]),
    ("CredentialRetrievalError", &["container", "`credential_process`", "`credential_source`"]),
    ("EOFError", &["`mfa_serial`"]),
    ("ExpiredTokenException", &["STS did not assume role"]),
    ("FileNotFoundError", &["cannot be started", "cannot be read"]),
    ("InfiniteLoopConfigError", &["cycle"]),
    ("InvalidConfigError", &["profile `", "`credential_source`", "`AWS_ROLE_ARN`"]),
    ("InvalidRegionError", &["region"]),
    ("JSONDecodeError", &["printed no JSON"]),
    ("LoginRefreshRequired", &["run `aws login"]),
    ("LoginTokenLoadError", &["run `aws login"]),
    ("MetadataRetrievalError", &["(IMDS)"]),
    ("NoCredentialsError", &["no credentials found"]),
    ("NoRegionError", &["region"]),
    ("PartialCredentialsError", &["is not", "but not", "neither `source_profile`"]),
    ("ProfileNotFound", &["is neither in"]),
    ("RuntimeError", &["expired"]),
    ("SSOTokenLoadError", &["run `aws sso login"]),
    ("TokenRetrievalError", &["run `aws sso login"]),
    ("UnauthorizedSSOTokenError", &["run `aws sso login"]),
    ("ValueError", &["AWS_CONTAINER", "region", "no credentials found"]),
];

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/credentials/setups");
    logs::collect();
    let (mut trials, mut given) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let setup: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let name = setup["name"].as_str().unwrap().to_owned();
        given.extend(secrets(&setup));
        trials.push(Trial::test(name, move || run(&setup)));
    }
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    assert!(trials.len() > 100, "the set-ups are not where this test looks for them");
    for (name, ..) in DEVIATIONS {
        assert!(trials.iter().any(|trial| trial.name() == *name), "there is no set-up `{name}`");
    }
    let ended = libtest_mimic::run(&arguments, trials).exit_code();
    find(&given, "a log of another thread", &logs::of_other_threads()).unwrap();
    ended
}

/// The server has a separate runtime, because its libraries have their own logs.
fn run(setup: &Value) -> Result<(), Failed> {
    let (logs, servers) = (Logs::default(), Logs::default());
    servers.attach();
    let services = servers.runtime();
    let machine = services.block_on(Machine::start(setup));
    logs.attach();
    let client = logs.runtime();
    let result = client.block_on(check(setup, &machine));
    drop(client);
    let result = result.and_then(|()| {
        find(&machine.secrets(setup), "the log", &logs.text())?;
        match machine.requests().as_array().is_none_or(|sent| sent.is_empty() || !logs.text().is_empty()) {
            true => Ok(()),
            false => Err("requests were sent, but nothing was logged".to_owned()),
        }
    });
    result.map_err(|why| Failed::from(format!("{}\n{why}", setup["why"])))
}

/// Fails if one of the secrets is in the text.
fn find(secrets: &[String], place: &str, text: &str) -> Result<(), String> {
    match secrets.iter().find(|secret| text.contains(secret.as_str())) {
        Some(secret) => Err(format!("`{secret}` is in {place}: {text}")),
        None => Ok(()),
    }
}

async fn check(setup: &Value, machine: &Machine) -> Result<(), String> {
    let wire = Wire::new(&setup["server"], &machine.url());
    let (printed, found) = call(setup, machine, &wire).await;
    let secrets = machine.secrets(setup);
    find(&secrets, "`Debug`", &printed)?;
    if let Err(error) = &found {
        find(&secrets, "the error", &format!("{error} {error:?}"))?;
    }
    let name = setup["name"].as_str().unwrap();
    let expected = &setup["expected"];
    if let Some((_, ours, _)) = DEVIATIONS.iter().find(|(known, ..)| *known == name) {
        return match (ours, found) {
            (Ours::Error(text), Err(error)) if error.message().contains(text) => Ok(()),
            (Ours::Found(key, region), Ok(found))
                if found.region.as_deref().is_none_or(|found| found == *region)
                    && [&found.access_key_id, &found.bearer_token].iter().any(|id| id.as_deref() == Some(key)) =>
            {
                Ok(())
            }
            (Ours::Error(text), found) => Err(format!("expected an error with {text}: {found:?}")),
            (Ours::Found(key, region), found) => Err(format!("expected {key} in {region}: {found:?}")),
        };
    }
    match (found, expected.get("error")) {
        (Ok(found), None) => {
            let wanted = expected_call(expected, machine);
            let mut found = found;
            // A bearer key is not sent with a region.
            if wanted.bearer_token.is_some() {
                found.region.clone_from(&wanted.region);
            }
            if found != wanted {
                return Err(format!("expected {wanted:?},\n   found {found:?}"));
            }
        }
        (Err(error), Some(theirs)) => is_same_error(&error, theirs)?,
        (found, theirs) => return Err(format!("expected {theirs:?}, found {found:?}")),
    }
    let (wanted, sent) = (&expected["requests"], machine.requests());
    if *wanted != sent {
        return Err(format!("expected requests {wanted:#}\nsent {sent:#}"));
    }
    Ok(())
}

/// Builds a chat on the machine, and makes a call. Returns all their `Debug` output too.
async fn call(setup: &Value, machine: &Machine, wire: &Wire) -> (String, Result<Found, Error>) {
    let mut builder = BedrockChat::builder("m")
        .api(Api::Converse)
        .environment(machine.environment())
        .transport(wire.clone())
        .runtime(Patient)
        .retry(bedrock_chat::RetryPolicy::default().with_max_attempts(1));
    let mut provider = DefaultCredentials::new().with_environment(machine.environment());
    if let Some(profile) = setup["profile"].as_str() {
        builder = builder.profile(profile);
        provider = provider.with_profile(profile);
    }
    if let Some([id, secret]) = setup["keys"].as_array().map(Vec::as_slice) {
        builder = builder.credentials(Credentials::new(id.as_str().unwrap(), secret.as_str().unwrap()));
    }
    let mut printed = format!("{builder:?} {provider:?}");
    let chat = match builder.build() {
        Ok(chat) => chat,
        Err(error) => return (printed, Err(error)),
    };
    let answer = chat.invoke("Hi").await;
    printed.push_str(&format!("{chat:?} {answer:?}"));
    (printed, answer.map(|_| wire.found()))
}

fn expected_call(expected: &Value, machine: &Machine) -> Found {
    let text = |name: &str| expected[name].as_str().map(str::to_owned);
    let endpoint = text("endpoint_url").unwrap().replace("{server}", &machine.url());
    Found {
        bearer_token: text("bearer_token"),
        access_key_id: text("access_key_id"),
        session_token: text("session_token"),
        region: text("region"),
        url: Some(format!("{}/model/m/converse", endpoint.trim_end_matches('/'))),
    }
}

fn is_same_error(error: &Error, theirs: &Value) -> Result<(), String> {
    let class = theirs["class"].as_str().unwrap();
    let Some((_, texts)) = ERRORS.iter().find(|(known, _)| *known == class) else {
        return Err(format!("no text is known for {class}: {error}"));
    };
    if !matches!(error.kind(), ErrorKind::Config | ErrorKind::Credentials) {
        return Err(format!("expected an error of the configuration or of credentials: {error:?}"));
    }
    match texts.iter().any(|text| error.message().contains(text)) {
        true => Ok(()),
        false => Err(format!("expected an error with one of {texts:?} for {theirs}: {error}")),
    }
}
