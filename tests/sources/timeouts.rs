//! Every source against a server that never answers: alone, as the source of a role, and in a call with a time limit.
//!
//! Timers go off when the server has received a request, so no test depends on how fast the machine is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bedrock_chat::{
    AssumeRoleCredentials, BedrockChat, BedrockChatBuilder, CachedCredentials, CognitoCredentials,
    ContainerCredentials, Credentials, DefaultCredentials, Error, ErrorKind, IdentityToken, ImdsCredentials,
    ProvideCredentials, RetryPolicy, Runtime, SystemRuntime, Timeouts, WebIdentityCredentials,
};
use local_bedrock::{soon, until};

use crate::silent::{Home, Pairs, Silent};
use crate::{MODEL, POOL, ROLE, SECOND};

/// Limit on a whole call. No source has this limit.
const TOTAL: Duration = Duration::from_millis(60_001);

/// A source that does not answer. `{profile}` is the profile that has it.
struct Row {
    /// The lines of the profile.
    profile: &'static str,
    /// Other sections.
    sections: &'static str,
    variables: Pairs,
    /// The lines of a profile whose role has the keys of this source. `None` if it cannot be the source of a role.
    role: Option<&'static str>,
    /// Parts of the error of a source that reaches its own time limit. Empty for a source without such a limit.
    error: &'static [&'static str],
    /// The source, in the error of a call that reaches its own limit.
    source: &'static str,
}

const SERVICE: &str =
    "waited 15000 ms for the response headers of `{server}`; check the network, its proxy, and the endpoint";
const AGENT: &str =
    "waited 2000 ms for the response headers of `{server}`; check that the agent of ECS or EKS Pod Identity runs";
const INSTANCE: &str = "waited 7000 ms for the response headers of `{server}`; \
                        if this is an EC2 instance, set `AWS_METADATA_SERVICE_TIMEOUT` to more seconds";
const CONTAINER: Pairs = &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://{server}/c")];
const READER: &str = "STS for role `arn:aws:iam::123456789012:role/Reader`";
const MIDDLE: Option<&str> = Some("source_profile = middle");

/// The sources of profiles and of the default chain.
const ROWS: &[Row] = &[
    Row {
        profile: "role_arn = arn:aws:iam::123456789012:role/Reader\nsource_profile = base",
        sections: "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = secret",
        variables: &[],
        role: MIDDLE,
        error: &["profile `{profile}`: STS did not assume role", ROLE, SERVICE],
        source: "STS for role `arn:aws:iam::123456789012:role/Reader` of profile `{profile}`",
    },
    Row {
        profile: "role_arn = arn:aws:iam::123456789012:role/Reader\nweb_identity_token_file = {home}/token",
        sections: "",
        variables: &[],
        role: MIDDLE,
        error: &["profile `{profile}`: STS did not assume role", ROLE, SERVICE],
        source: "STS for role `arn:aws:iam::123456789012:role/Reader` of profile `{profile}`",
    },
    Row {
        profile: "",
        sections: "",
        variables: &[("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/token"), ("AWS_ROLE_ARN", ROLE)],
        role: None,
        error: &["`AWS_WEB_IDENTITY_TOKEN_FILE`: STS did not assume role", ROLE, SERVICE],
        source: "STS for role `arn:aws:iam::123456789012:role/Reader` of `AWS_WEB_IDENTITY_TOKEN_FILE`",
    },
    Row {
        profile: "sso_session = fresh\nsso_account_id = 123456789012\nsso_role_name = dev",
        sections: "[sso-session fresh]\nsso_region = us-east-1\nsso_start_url = https://a",
        variables: &[],
        role: MIDDLE,
        error: &["profile `{profile}`: SSO returned no credentials for role `dev` in account 123456789012", SERVICE],
        source: "SSO for profile `{profile}`",
    },
    Row {
        profile: "sso_session = stale\nsso_account_id = 123456789012\nsso_role_name = dev",
        sections: "[sso-session stale]\nsso_region = us-east-1\nsso_start_url = https://a",
        variables: &[],
        role: MIDDLE,
        error: &["profile `{profile}`: token of SSO session `stale` was not renewed", SERVICE],
        source: "SSO for profile `{profile}`",
    },
    #[cfg(feature = "login")]
    Row {
        profile: "login_session = arn:x",
        sections: "",
        variables: &[],
        role: MIDDLE,
        error: &["profile `{profile}`: login session `arn:x` was not renewed", SERVICE],
        source: "AWS Sign-In for profile `{profile}`",
    },
    #[cfg(unix)]
    Row {
        profile: "credential_process = /bin/sh -c 'echo > {home}/started && exec sleep 600'",
        sections: "",
        variables: &[],
        role: MIDDLE,
        error: &[],
        source: "`credential_process` of profile `{profile}`",
    },
    Row {
        profile: "",
        sections: "",
        variables: CONTAINER,
        role: Some("credential_source = EcsContainer"),
        error: &["no credentials of the container at `{server}` in 3 attempts", AGENT],
        source: "the container",
    },
    Row {
        profile: "",
        sections: "",
        variables: &[],
        role: Some("credential_source = Ec2InstanceMetadata"),
        error: &["(IMDS)", "at `http://{server}`", INSTANCE],
        source: "the instance (IMDS)",
    },
];

/// The config files of a row: the source is that of the profile, and that of a role.
fn configs(row: &Row) -> impl Iterator<Item = (&'static str, String)> {
    let Row { profile, sections, role, .. } = row;
    let alone = format!("[profile work]\n{profile}\n{sections}\n");
    let second = role.map(|source| {
        let role = format!("[profile work]\nrole_arn = {SECOND}\n{source}");
        ("middle", format!("{role}\n[profile middle]\n{profile}\n{sections}\n"))
    });
    [("work", alone)].into_iter().chain(second)
}

/// A provider that is used alone, with the same parts of errors as a row.
type Alone = (Arc<dyn ProvideCredentials>, &'static [&'static str], &'static str);

/// Returns the providers that programs can use alone.
fn alone(server: &str, runtime: &Arc<dyn Runtime>) -> Vec<Alone> {
    let (url, clock) = (format!("http://{server}"), || Arc::clone(runtime));
    let role = |arn: &str, source: Arc<dyn ProvideCredentials>| {
        let role = AssumeRoleCredentials::new(arn, source).with_environment(|_| None).with_runtime(clock());
        role.with_region("us-east-1").with_endpoint_url(url.as_str())
    };
    let first = Arc::new(role(ROLE, Arc::new(Credentials::new("AKID", "secret"))));
    let identity = WebIdentityCredentials::new(ROLE, IdentityToken::new("web-identity-token"));
    let identity = identity.with_environment(|_| None).with_region("us-east-1").with_endpoint_url(url.as_str());
    let pool = CognitoCredentials::new(POOL).with_environment(|_| None).with_endpoint_url(url.as_str());
    let known = CognitoCredentials::new(POOL).with_environment(|_| None).with_endpoint_url(url.as_str());
    let address = format!("{url}/c");
    let container = ContainerCredentials::new()
        .with_environment(move |name| (name == "AWS_CONTAINER_CREDENTIALS_FULL_URI").then(|| address.clone()));
    let instance = ImdsCredentials::new().with_environment(|_| None).with_endpoint_url(url.as_str());
    let all: [Alone; 7] = [
        (first.clone(), &["STS did not assume role", ROLE, SERVICE], READER),
        (Arc::new(role(SECOND, first)), &["has no source keys: STS did not assume role", ROLE, SERVICE], READER),
        (Arc::new(identity.with_runtime(clock())), &["STS did not assume role", ROLE, SERVICE], READER),
        (
            Arc::new(pool.with_runtime(clock())),
            &["Cognito has no credentials for identity pool", POOL, ": GetId: ", SERVICE],
            "Cognito for identity pool `us-east-1:",
        ),
        (
            Arc::new(known.with_identity_id("us-east-1:me").with_runtime(clock())),
            &["Cognito has no credentials for identity pool", POOL, ": GetCredentialsForIdentity: ", SERVICE],
            "Cognito for identity pool `us-east-1:",
        ),
        (
            Arc::new(container.with_runtime(clock())),
            &["no credentials of the container at `{server}` in 3 attempts", AGENT],
            "the container",
        ),
        (
            Arc::new(instance.with_timeout(Duration::from_secs(7)).with_runtime(clock())),
            &["no credentials of the instance (IMDS) at `http://{server}`", INSTANCE],
            "the instance (IMDS)",
        ),
    ];
    all.into()
}

/// Returns the error of a source that reaches its own limit. Asserts that the parts are in it, and no secret.
async fn failed(server: &str, provider: &dyn ProvideCredentials, profile: &str, parts: &[&str]) -> Error {
    let error = soon(provider.credentials()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Credentials && error.is_transient(), "{error:?}");
    for part in parts {
        let part = part.replace("{server}", server).replace("{profile}", profile);
        assert!(error.message().contains(&part), "`{part}` is not in: {error}");
    }
    for secret in ["token-of-", "-secret", "refresh-token", "web-identity-token"] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
    error
}

#[tokio::test]
async fn source_that_times_out_is_named_with_its_profile() {
    for row in ROWS.iter().filter(|row| !row.error.is_empty()) {
        for (profile, config) in configs(row) {
            let server = Silent::start().await;
            let (home, address) = (Home::new(&config), server.address.to_string());
            let provider = DefaultCredentials::new()
                .with_environment(home.variables(&address, row.variables))
                .with_runtime(server.runtime(None));
            let error = failed(&address, &provider, profile, row.error).await;
            assert_eq!(provider.waiting_for(), None);
            // The error of a role also has the profile of the role.
            assert!(profile == "work" || error.message().contains("profile `work`"), "{error}");
        }
    }
}

#[tokio::test]
async fn metadata_service_that_times_out_is_in_the_list() {
    let server = Silent::start().await;
    let (home, address) = (Home::new("[profile work]\n"), server.address.to_string());
    let provider = DefaultCredentials::new().with_environment(home.variables(&address, &[]));
    let provider = provider.with_runtime(server.runtime(None));
    let line = format!("\n  instance (IMDS): at `http://{address}`: {INSTANCE}\n");
    failed(&address, &provider, "work", &["no credentials found", "\n  SSO: ", "\n  container: ", &line]).await;
}

#[tokio::test]
async fn provider_alone_that_times_out_names_itself() {
    let count = alone("127.0.0.1:1", &(Arc::new(SystemRuntime) as Arc<dyn Runtime>)).len();
    for at in 0..count {
        let server = Silent::start().await;
        let address = server.address.to_string();
        let (provider, parts, _) = alone(&address, &server.runtime(None)).swap_remove(at);
        failed(&address, &provider, "", parts).await;
    }
}

/// Makes a call whose limit is reached while its source has not answered, and returns the error.
async fn call(
    server: &Silent,
    started: Option<PathBuf>,
    build: impl FnOnce(BedrockChatBuilder) -> BedrockChatBuilder,
) -> Error {
    let chat = BedrockChat::builder(MODEL)
        .region("us-east-1")
        .endpoint_url(format!("http://{}", server.address))
        .retry(RetryPolicy::default().with_max_attempts(1))
        .timeouts(Timeouts::default().with_total(TOTAL))
        .runtime(server.runtime(Some(TOTAL)));
    let chat = build(chat).build().unwrap();
    if let Some(file) = started {
        // A program sends no request.
        let received = Arc::clone(&server.received);
        tokio::spawn(async move {
            until("the program runs", || file.exists()).await;
            received.add_permits(1);
        });
    }
    soon(chat.invoke("hello")).await.unwrap_err()
}

fn assert_awaited(error: &Error, source: &str) {
    let text = format!("60001 ms; it was still waiting for credentials from {source}");
    assert!(error.kind() == ErrorKind::Timeout && error.message().contains(&text), "`{text}` is not in: {error}");
    assert!(error.message().ends_with("; check that source, or raise `Timeouts::total`"), "{error}");
}

#[tokio::test]
async fn total_timeout_names_the_source_that_is_waited_for() {
    for row in ROWS {
        for (profile, config) in configs(row) {
            let server = Silent::start().await;
            let home = Home::new(&config);
            let variables = home.variables(&server.address.to_string(), row.variables);
            let started = row.error.is_empty().then(|| home.0.join("started"));
            let error = call(&server, started, |chat| chat.environment(variables)).await;
            assert_awaited(&error, &row.source.replace("{profile}", profile));
        }
    }
}

#[tokio::test]
async fn total_timeout_names_the_provider_alone() {
    let count = alone("127.0.0.1:1", &(Arc::new(SystemRuntime) as Arc<dyn Runtime>)).len();
    for at in 0..count {
        let server = Silent::start().await;
        let (provider, _, source) = alone(&server.address.to_string(), &server.runtime(Some(TOTAL))).swap_remove(at);
        let cached = CachedCredentials::new(provider);
        let error = call(&server, None, |chat| chat.environment(|_| None).credentials_provider(cached)).await;
        assert_awaited(&error, source);
    }
}
