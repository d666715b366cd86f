//! The credentials of a call. Tests of environment variables run in separate processes, because a test must not change
//! the environment of the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    Api, BedrockChat, BedrockChatBuilder, CachedCredentials, Credentials, EnvironmentCredentials, Error, ErrorKind,
    HttpRequest, ModelId,
};
use local_bedrock::{LocalBedrock, RecordedRequest, TEST_BEARER_KEY, TEST_SESSION_TOKEN, Verdict};
use tokio::sync::Notify;

use crate::support::{
    CLAUDE, Clock, THEN, alone, at_once, calling, is_alone, keys, no_timeouts, only_request, over, run_alone, settle,
    soon,
};

#[tokio::test]
async fn session_token_is_sent_and_signed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).credentials(keys().with_session_token(TEST_SESSION_TOKEN)).build().unwrap();
    chat.invoke("hello").await.unwrap();
    let request = only_request(&bedrock);
    assert_eq!(request.header("x-amz-security-token"), Some(TEST_SESSION_TOKEN));
    assert!(crate::support::signed_headers(&request).contains(&"x-amz-security-token".to_owned()));
}

fn carries_only_a_bearer_key(request: &RecordedRequest, key: &str) {
    assert_eq!(request.header("authorization"), Some(format!("Bearer {key}").as_str()));
    let amz: Vec<_> = request.headers.iter().filter(|(name, _)| name.starts_with("x-amz-")).collect();
    assert!(amz.is_empty(), "{amz:?}");
}

#[tokio::test]
async fn bearer_key_is_sent_without_a_signature() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let never = || async { panic!("nobody asked for credentials") };
    let chat = calling(&bedrock).credentials_provider(never).api_key(TEST_BEARER_KEY).build().unwrap();
    chat.invoke("hello").await.unwrap();
    chat.stream("hello").await.unwrap().message().await.unwrap();
    let requests = bedrock.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(request.verdict, Verdict::Bearer);
        carries_only_a_bearer_key(request, TEST_BEARER_KEY);
    }
    let error = calling(&bedrock).api_key("another").build().unwrap().invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::AccessDenied, 1));
}

#[tokio::test]
async fn bearer_key_with_an_endpoint_needs_no_region() {
    if !alone("credentials::bearer_key_with_an_endpoint_needs_no_region", &[]) {
        return;
    }
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = BedrockChat::builder(CLAUDE).api_key(TEST_BEARER_KEY).endpoint_url(bedrock.url()).build().unwrap();
    chat.invoke("hello").await.unwrap();
    let signing = BedrockChat::builder(CLAUDE).credentials(keys()).endpoint_url(bedrock.url());
    let error = match signing.build() {
        Ok(chat) => chat.invoke("hello").await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.kind() == ErrorKind::Config && error.message().contains("AWS_REGION"), "{error}");
}

#[tokio::test]
async fn credentials_invalid_in_a_header_are_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (bad, says) in [
        (Credentials::new("", "secret"), "access key id"),
        (Credentials::new("AKID", " "), "secret access key"),
        (Credentials::bearer(""), "API key"),
        (Credentials::bearer("key\r\nx: y"), "API key"),
        (Credentials::new("AKID\n", "secret"), "access key id"),
        (keys().with_session_token("a\nb"), "session token"),
    ] {
        let error = calling(&bedrock).credentials(bad).build().unwrap().invoke("hello").await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Credentials | ErrorKind::Config), "{error}");
        assert!(error.message().contains(says), "no {says:?} in {error}");
    }
    assert!(bedrock.requests().is_empty());
}

/// Returns a provider whose credentials are valid for an hour, a counter of its calls, and a clock for both.
fn hourly(clock: &Clock) -> (CachedCredentials<impl bedrock_chat::ProvideCredentials>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = move || {
        let n = counter.fetch_add(1, Ordering::SeqCst) as u32 + 1;
        async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(keys().with_expiry(THEN + Duration::from_secs(3600) * n))
        }
    };
    (CachedCredentials::with_runtime(provider, Arc::new(clock.clone())), asked)
}

#[tokio::test]
async fn credentials_are_refreshed_once_before_they_expire() {
    let bedrock = LocalBedrock::builder().fixed_clock(std::time::SystemTime::UNIX_EPOCH + THEN).start().await.unwrap();
    let clock = Clock::at(THEN);
    let (cached, asked) = hourly(&clock);
    let chat = calling(&bedrock).credentials_provider(cached).runtime(clock.clone()).timeouts(no_timeouts());
    let chat = chat.build().unwrap();
    let many = || async {
        let calls: Vec<_> = (0..20)
            .map(|_| {
                tokio::spawn({
                    let chat = chat.clone();
                    async move { chat.invoke("hello").await }
                })
            })
            .collect();
        for call in calls {
            soon(call).await.unwrap().unwrap();
        }
    };
    many().await;
    assert_eq!((asked.load(Ordering::SeqCst), bedrock.requests().len()), (1, 20));
    let pass = |seconds: u64| {
        clock.advance(Duration::from_secs(seconds));
    };
    pass(3600 - 5 * 60 - 1);
    bedrock.set_clock_offset(3600 - 5 * 60 - 1);
    many().await;
    assert_eq!(asked.load(Ordering::SeqCst), 1, "there is more than five minutes left");
    pass(2);
    many().await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "before the end, not after it");
}

#[tokio::test]
async fn failed_credentials_refresh_is_shared_then_repeated() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let released = Arc::new(Notify::new());
    let release = Arc::clone(&released);
    let provider = move || {
        let (n, released) = (counter.fetch_add(1, Ordering::SeqCst), Arc::clone(&released));
        async move {
            if n == 0 {
                released.notified().await;
                return Err(Error::new(ErrorKind::Credentials, "the vault is closed"));
            }
            Ok(keys())
        }
    };
    let chat = calling(&bedrock).credentials_provider(CachedCredentials::new(provider)).build().unwrap();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let chat = chat.clone();
            tokio::spawn(async move { chat.invoke("hello").await })
        })
        .collect();
    // All calls wait before the provider fails.
    settle().await;
    release.notify_one();
    for call in calls {
        let error = soon(call).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Credentials, "the vault is closed"));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "they did not queue up to be disappointed one by one");
    assert!(chat.invoke("hello").await.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn old_credentials_are_used_while_a_refresh_fails() {
    let clock = Clock::at(THEN);
    let hour = Duration::from_secs(3600);
    let first = AtomicUsize::new(0);
    let provider = move || {
        std::future::ready(match first.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(keys().with_expiry(THEN + hour)),
            _ => Err(Error::new(ErrorKind::Credentials, "the vault is closed")),
        })
    };
    let cached = CachedCredentials::with_runtime(provider, Arc::new(clock.clone()));
    let replies = (0..3).map(|_| Reply::json(200, r#"{"content":[]}"#));
    let chat = over(MemoryTransport::new(replies)).credentials_provider(cached).runtime(clock.clone()).build().unwrap();
    assert!(chat.invoke("hello").await.is_ok());
    clock.advance(hour - Duration::from_secs(60));
    assert!(chat.invoke("hello").await.is_ok(), "they are good for another minute");
    clock.advance(Duration::from_secs(61));
    assert_eq!(chat.invoke("hello").await.unwrap_err().kind(), ErrorKind::Credentials);
}

/// Returns the request of a chat model that is built from this process's environment.
async fn sent(change: impl FnOnce(BedrockChatBuilder) -> BedrockChatBuilder) -> HttpRequest {
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    let builder = BedrockChat::builder(CLAUDE).transport(transport.clone());
    change(builder).build().unwrap().invoke("hello").await.unwrap();
    transport.requests().remove(0)
}

fn key_and_region(request: &HttpRequest) -> (String, String) {
    let authorization = request.headers.get("authorization").unwrap();
    let scope = authorization.split("Credential=").nth(1).unwrap();
    let mut parts = scope.split('/');
    let key = parts.next().unwrap().to_owned();
    (key, parts.nth(1).unwrap().to_owned())
}

const AWS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIDENV"),
    ("AWS_SECRET_ACCESS_KEY", "secret-of-env"),
    ("AWS_SESSION_TOKEN", "token-of-env"),
    ("AWS_REGION", "eu-central-1"),
];

#[tokio::test]
async fn explicit_credentials_ignore_the_environment() {
    let bearer = [("AWS_BEARER_TOKEN_BEDROCK", "bearer-of-env")];
    let environment = [&AWS[..], &bearer].concat();
    if !alone("credentials::explicit_credentials_ignore_the_environment", &environment) {
        return;
    }
    let request = sent(|chat| chat.region("us-east-1").credentials(keys())).await;
    assert_eq!(key_and_region(&request), ("AKIDEXAMPLE".into(), "us-east-1".into()));
    assert_eq!(request.headers.get("x-amz-security-token"), None, "a token of other keys");
    let request = sent(|chat| chat.region("us-east-1").api_key("explicit")).await;
    assert_eq!(request.headers.get("authorization"), Some("Bearer explicit"));
}

#[tokio::test]
async fn credentials_default_to_the_environment() {
    if !alone("credentials::credentials_default_to_the_environment", &AWS) {
        return;
    }
    let request = sent(|chat| chat).await;
    assert_eq!(key_and_region(&request), ("AKIDENV".into(), "eu-central-1".into()));
    assert_eq!(request.headers.get("x-amz-security-token"), Some("token-of-env"));
    assert!(request.url.starts_with("https://bedrock-runtime.eu-central-1.amazonaws.com/"));
}

#[tokio::test]
async fn bedrock_credential_variables_are_not_mixed_with_aws() {
    let own = [
        ("BEDROCK_AWS_ACCESS_KEY_ID", "AKIDOWN"),
        ("BEDROCK_AWS_SECRET_ACCESS_KEY", "secret-of-own"),
        ("BEDROCK_AWS_REGION", "ap-south-1"),
    ];
    let environment = [&AWS[..], &own].concat();
    if !alone("credentials::bedrock_credential_variables_are_not_mixed_with_aws", &environment) {
        return;
    }
    let request = sent(|chat| chat).await;
    assert_eq!(key_and_region(&request), ("AKIDOWN".into(), "ap-south-1".into()));
    assert_eq!(request.headers.get("x-amz-security-token"), None);
}

#[tokio::test]
async fn bearer_key_variable_wins_over_key_pairs() {
    let bearer = [("AWS_BEARER_TOKEN_BEDROCK", "bearer-of-env")];
    let environment = [&AWS[..], &bearer].concat();
    if !alone("credentials::bearer_key_variable_wins_over_key_pairs", &environment) {
        return;
    }
    let request = sent(|chat| chat).await;
    assert_eq!(request.headers.get("authorization"), Some("Bearer bearer-of-env"));
    assert_eq!(request.headers.get("x-amz-date"), None);
}

#[tokio::test]
async fn empty_variables_are_ignored_and_aws_region_wins() {
    let environment = [
        ("AWS_BEARER_TOKEN_BEDROCK", ""),
        ("BEDROCK_AWS_ACCESS_KEY_ID", " "),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "secret-of-env"),
        ("AWS_SESSION_TOKEN", ""),
        ("BEDROCK_AWS_REGION", ""),
        ("AWS_REGION", "eu-west-3"),
        ("AWS_DEFAULT_REGION", "us-west-2"),
    ];
    let name = "credentials::empty_variables_are_ignored_and_aws_region_wins";
    if !alone(name, &environment) {
        return;
    }
    let request = sent(|chat| chat).await;
    assert_eq!(key_and_region(&request), ("AKIDENV".into(), "eu-west-3".into()));
    assert_eq!(request.headers.get("x-amz-security-token"), None);
}

#[tokio::test]
async fn region_falls_back_to_the_default_region() {
    let environment = [&AWS[..3], &[("AWS_DEFAULT_REGION", "us-west-2")]].concat();
    if !alone("credentials::region_falls_back_to_the_default_region", &environment) {
        return;
    }
    assert_eq!(key_and_region(&sent(|chat| chat).await).1, "us-west-2");
}

#[tokio::test]
async fn missing_credentials_error_lists_the_options() {
    let environment = [("AWS_EC2_METADATA_DISABLED", "true")];
    if !alone("credentials::missing_credentials_error_lists_the_options", &environment) {
        return;
    }
    let error = BedrockChat::builder(CLAUDE).credentials(keys()).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("AWS_REGION") && error.message().contains("AWS_DEFAULT_REGION"), "{error}");
    let error = BedrockChat::builder(CLAUDE).region("us-east-1").build().unwrap().invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Credentials, 0));
    for name in [
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_ACCESS_KEY_ID",
        "web_identity_token_file",
        "HOME",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        assert!(error.message().contains(name), "{error}");
    }
}

#[test]
fn half_a_key_pair_is_refused_by_name() {
    let environment = [("BEDROCK_AWS_ACCESS_KEY_ID", "AKIDOWN"), AWS[0], AWS[1], AWS[3]];
    if !alone("credentials::half_a_key_pair_is_refused_by_name", &environment) {
        return;
    }
    let error = BedrockChat::builder(CLAUDE).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.message().contains("BEDROCK_AWS_SECRET_ACCESS_KEY"), "{error}");
}

#[test]
fn credentials_error_names_variables_that_are_set_but_not_read() {
    let test = "credentials::credentials_error_names_variables_that_are_set_but_not_read";
    let names = [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CONFIG_FILE",
    ];
    if !is_alone() {
        for name in names {
            run_alone(test, &[(name, "x")]);
        }
        return;
    }
    let set = names.into_iter().find(|name| std::env::var(name).is_ok()).unwrap();
    let error = EnvironmentCredentials::read(|name| std::env::var(name).ok()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(error.message().contains(&format!("`{set}` is set")), "{error}");
    assert!(error.message().contains("`DefaultCredentials`"), "{error}");
    assert!(error.message().len() <= 200, "{error}");
}

#[tokio::test]
async fn session_token_without_its_keys_is_refused_by_name() {
    let test = "credentials::session_token_without_its_keys_is_refused_by_name";
    if !alone(test, &[("AWS_SESSION_TOKEN", "token"), ("AWS_EC2_METADATA_DISABLED", "true")]) {
        return;
    }
    let half = "`AWS_SESSION_TOKEN` is set but `AWS_ACCESS_KEY_ID` is not";
    let error = EnvironmentCredentials::read(|name| std::env::var(name).ok()).unwrap_err();
    assert!(error.message().starts_with(half), "{error}");
    // Other sources may have credentials, so this is not an error of the chain before it has looked at all.
    let chat = BedrockChat::builder(CLAUDE).region("us-east-1").build().unwrap();
    let error = chat.invoke("hello").await.unwrap_err();
    assert!(error.message().contains(half), "{error}");
}

#[tokio::test]
async fn credentials_error_of_a_provider_has_its_cause() {
    let failing = || async {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "the vault's door is locked");
        Err(Error::new(ErrorKind::Credentials, "the vault was not reached").with_source(refused))
    };
    for error in [
        over(MemoryTransport::default()).credentials_provider(failing).build().unwrap().invoke("x").await.unwrap_err(),
        over(MemoryTransport::default())
            .credentials_provider(CachedCredentials::new(failing))
            .build()
            .unwrap()
            .invoke("x")
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().contains("the vault was not reached: the vault's door is locked"), "{error}");
        // The cause occurs once, so tools that print the chain of causes, such as anyhow, do not repeat it.
        let mut causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        assert!(!causes.any(|cause| cause.to_string().contains("locked")), "{error:?}");
    }
}

#[tokio::test]
async fn credentials_error_says_how_often_they_were_requested() {
    let slow = || async { Err(Error::new(ErrorKind::Credentials, "waited 15000 ms").with_retryable(true)) };
    for (attempts, end) in [(3, "waited 15000 ms; credentials were requested 3 times"), (1, "waited 15000 ms")] {
        let chat = over(MemoryTransport::default()).credentials_provider(slow);
        let chat = chat.retry(at_once().with_max_attempts(attempts)).build().unwrap();
        let error = chat.invoke("hello").await.unwrap_err();
        assert_eq!((error.message(), error.attempts()), (end, 0), "nothing was sent");
    }
}

#[tokio::test]
async fn chats_share_one_credential_cache_transport_and_codec() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let cache = CachedCredentials::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(keys()) }
    });
    let codec = bedrock_chat::codec_for(&ModelId::parse(CLAUDE).unwrap(), Some(Api::Converse), None).unwrap();
    let transport: Arc<dyn bedrock_chat::Transport> =
        Arc::new(bedrock_chat::ReqwestTransport::new(Some(Duration::from_secs(5))).unwrap());
    for _ in 0..2 {
        let builder = BedrockChat::builder(CLAUDE).region("us-east-1").endpoint_url(bedrock.url());
        let builder = builder.credentials_provider(cache.clone()).transport(Arc::clone(&transport));
        builder.codec(Arc::clone(&codec)).build().unwrap().invoke("hello").await.unwrap();
    }
    let requests = bedrock.requests();
    assert_eq!((asked.load(Ordering::Relaxed), requests.len()), (1, 2));
    assert!(requests.iter().all(|request| request.path.ends_with("/converse")), "{requests:?}");
}
