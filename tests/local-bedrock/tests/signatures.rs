//! Checks of signatures and keys, over real HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use std::time::{Duration, SystemTime};

use local_bedrock::{LocalBedrock, TEST_BEARER_KEY, TEST_SESSION_TOKEN, Verdict};
use serde_json::{Value, json};
use support::{CLAUDE, Request, exchange, send};

fn body() -> Value {
    json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]})
}

fn request() -> Request {
    Request::post(&format!("{CLAUDE}/invoke"), &body())
}

/// Signs a request, changes it, and sends it.
async fn tampered(bedrock: &LocalBedrock, mut request: Request, change: impl FnOnce(&mut Request)) -> support::Reply {
    request = request.signed(bedrock.port());
    change(&mut request);
    exchange(bedrock.port(), &request.to_bytes()).await
}

#[tokio::test]
async fn signature_valid_request_is_answered_and_recorded() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = send(&bedrock, request().header("X-Amzn-Bedrock-Trace", "ENABLED")).await;
    assert_eq!(reply.status, 200, "{}", reply.message());
    let requests = bedrock.requests();
    let [recorded] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(recorded.path, format!("{CLAUDE}/invoke"));
    assert_eq!(recorded.model_id().unwrap(), "anthropic.claude-3-5-sonnet-20240620-v1:0");
    assert_eq!(recorded.json(), body());
    assert_eq!(recorded.status, Some(200));
    let Verdict::Signed { region, signed_headers, .. } = &recorded.verdict else { panic!("{recorded:?}") };
    assert_eq!(region, "us-east-1");
    assert_eq!(signed_headers.join(";"), "content-type;host;x-amz-date;x-amzn-bedrock-trace");
}

#[tokio::test]
async fn signature_of_colons_and_arns_verifies_in_every_form() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for id in [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "anthropic.claude-3-haiku-20240307-v1%3A0",
        "zz-new.anthropic.claude-x-v1%3A0",
        "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123xyz",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model%2Fabc123xyz",
    ] {
        let path = format!("/model/{id}/invoke");
        let reply = send(&bedrock, Request::post(&path, &body())).await;
        assert_eq!(reply.status, 200, "{id}: {}", reply.message());
        assert_eq!(reply.json()["role"], "assistant");
        assert_eq!(bedrock.requests().last().unwrap().path, path);
    }
}

#[tokio::test]
async fn raw_slash_in_an_arn_is_an_unknown_operation() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let path = "/model/arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc/invoke";
    let reply = send(&bedrock, Request::post(path, &body())).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"})
    );
}

#[tokio::test]
async fn signature_is_refused_after_any_change() {
    let bedrock = LocalBedrock::start().await.unwrap();
    type Change = fn(&mut Request);
    let changes: [(&str, Change); 5] = [
        ("path", |request| request.path = request.path.replace("sonnet", "haiku")),
        ("path encoding", |request| request.path = request.path.replace("%3A", ":")),
        ("query", |request| request.query = Some("a=1".into())),
        ("header", |request| request.headers[1].1 = "text/plain".into()),
        ("body", |request| request.body.push(b' ')),
    ];
    for (what, change) in changes {
        let reply = tampered(&bedrock, request(), change).await;
        assert_eq!((reply.status, reply.error_type()), (403, "InvalidSignatureException"), "{what}");
        let message = reply.message();
        assert!(message.starts_with("The request signature we calculated does not match"), "{what}: {message}");
        assert!(
            message.contains("The Canonical String for this request should have been\n'POST\n/model/"),
            "{message}"
        );
        assert!(message.contains("The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n"), "{message}");
        let verdict = bedrock.requests().pop().unwrap().verdict;
        assert!(!verdict.is_accepted(), "{what}");
    }
    let reply = tampered(&bedrock, request(), |request| {
        request.headers.push(("x-amzn-bedrock-trace".into(), "ENABLED".into()));
    })
    .await;
    assert_eq!(reply.message(), "'x-amzn-bedrock-trace' must be a 'SignedHeader' in the AWS Authorization.");
}

#[tokio::test]
async fn signature_of_a_query_is_verified_in_canonical_order() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut request = request();
    request.query = Some("b=2&a=%20x&a=1&c".into());
    assert_eq!(send(&bedrock, request).await.status, 200);
}

#[tokio::test]
async fn signature_date_off_by_five_minutes_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (offset, words) in [(-301, "Signature expired: "), (360, "Signature not yet current: ")] {
        let mut request = request();
        let shift = Duration::from_secs(i64::unsigned_abs(offset));
        request.time = if offset < 0 { SystemTime::now() - shift } else { SystemTime::now() + shift };
        let reply = send(&bedrock, request).await;
        assert_eq!((reply.status, reply.error_type()), (403, "InvalidSignatureException"));
        assert!(reply.message().starts_with(words), "{}", reply.message());
    }
    bedrock.set_clock_offset(-3_600);
    let reply = send(&bedrock, request()).await;
    assert!(reply.message().starts_with("Signature not yet current"), "{}", reply.message());
    let mut early = request();
    early.time = SystemTime::now() - Duration::from_secs(3_600);
    assert_eq!(send(&bedrock, early).await.status, 200);
}

#[tokio::test]
async fn signature_scope_and_key_must_be_known() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let mut other = request();
    other.region = "eu-west-1".into();
    let reply = send(&bedrock, other).await;
    assert_eq!((reply.status, reply.error_type()), (403, "InvalidSignatureException"));
    assert!(reply.message().contains("'us-east-1'"), "{}", reply.message());

    let mut other = request();
    other.service = "bedrock-runtime".into();
    let reply = send(&bedrock, other).await;
    assert!(reply.message().contains("correct service: 'bedrock'"), "{}", reply.message());

    let mut other = request();
    other.key = "AKIDOTHER".into();
    let reply = send(&bedrock, other).await;
    assert_eq!((reply.status, reply.error_type()), (403, "UnrecognizedClientException"));
    assert_eq!(reply.message(), "The security token included in the request is invalid.");

    let mut other = request();
    other.secret = "wrong".into();
    assert_eq!(send(&bedrock, other).await.error_type(), "InvalidSignatureException");
}

#[tokio::test]
async fn session_tokens_are_checked_and_expire() {
    let bedrock = LocalBedrock::builder()
        .temporary_credential("ASIATEMP", "secret", "the token")
        .expired_credential("ASIAOLD", "secret", "old token")
        .start()
        .await
        .unwrap();
    let with = |key: &str, secret: &str, token: Option<&str>| {
        let mut request = request();
        request.key = key.into();
        request.secret = secret.into();
        request.token = token.map(str::to_owned);
        request
    };
    assert_eq!(send(&bedrock, with("ASIATEMP", "secret", Some("the token"))).await.status, 200);
    let reply = send(&bedrock, with("ASIATEMP", "secret", None)).await;
    assert_eq!(reply.error_type(), "UnrecognizedClientException");
    let reply = send(&bedrock, with("ASIAOLD", "secret", Some("old token"))).await;
    assert_eq!((reply.status, reply.error_type()), (403, "ExpiredTokenException"));
    assert_eq!(reply.message(), "The security token included in the request is expired");
    let credentials = bedrock.test_credentials();
    let request = with(&credentials.access_key_id, &credentials.secret_access_key, Some(TEST_SESSION_TOKEN));
    assert_eq!(send(&bedrock, request).await.status, 200);
}

#[tokio::test]
async fn bearer_key_is_checked() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let with = |authorization: Option<String>| {
        let mut request = request().header("host", "localhost");
        request.headers.extend(authorization.map(|value| ("authorization".to_owned(), value)));
        request.to_bytes()
    };
    let reply = exchange(bedrock.port(), &with(Some(format!("Bearer {TEST_BEARER_KEY}")))).await;
    assert_eq!(reply.status, 200);
    assert_eq!(bedrock.requests()[0].verdict, Verdict::Bearer);
    let reply = exchange(bedrock.port(), &with(Some("Bearer nonsense".into()))).await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.json(), json!({"Message": "Authentication failed: Please make sure your API Key is valid."}));
    let reply = exchange(bedrock.port(), &with(None)).await;
    assert_eq!((reply.status, reply.error_type()), (403, "MissingAuthenticationTokenException"));
    assert_eq!(reply.message(), "Missing Authentication Token");
}

#[tokio::test]
async fn path_prefix_is_part_of_the_signature() {
    let bedrock = LocalBedrock::builder().prefix("pfx/").start().await.unwrap();
    assert!(bedrock.url().ends_with("/pfx"));
    let reply = send(&bedrock, Request::post(&format!("/pfx{CLAUDE}/invoke"), &body())).await;
    assert_eq!(reply.json()["role"], "assistant");
    let reply = send(&bedrock, request()).await;
    assert_eq!(reply.json()["Version"], "1.0");
}

#[tokio::test]
async fn signature_check_can_be_disabled() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let reply = exchange(bedrock.port(), &request().header("host", "localhost").to_bytes()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(bedrock.requests()[0].verdict, Verdict::Unchecked);
}
