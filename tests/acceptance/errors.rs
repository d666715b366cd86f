//! Errors of the service: their kinds, whether the call is retried, and their messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bedrock_chat::{CachedCredentials, Credentials, Error, ErrorKind};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::support::{CLAUDE, EVENT_STREAM, at_once, calling, calling_url, chunk, soon};

struct Case {
    answer: Fault,
    kind: ErrorKind,
    attempts: u32,
    says: &'static str,
}

fn case(answer: Fault, kind: ErrorKind, attempts: u32, says: &'static str) -> Case {
    Case { answer, kind, attempts, says }
}

fn cases() -> Vec<Case> {
    use ErrorKind::{
        AccessDenied, ContextOverflow, ExpiredCredentials, NotFound, Service, Throttled, Timeout, Validation,
    };
    let coral = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/";
    let bare = |status, body: &str| Fault::reply(status, "application/json", body);
    let html = "<html><head><title>502 Bad Gateway</title></head></html>";
    vec![
        case(Fault::error(400, coral, "Too many tokens"), Throttled, 3, "Too many tokens"),
        case(Fault::error(429, "ThrottlingException", "slow"), Throttled, 3, "slow"),
        case(bare(429, r#"{"message":"slow"}"#), Throttled, 3, "slow"),
        case(Fault::error(503, "ServiceUnavailableException", "down"), Service, 3, "down"),
        case(Fault::error(500, "InternalServerException", "oops"), Service, 3, "oops"),
        case(Fault::error(408, "ModelTimeoutException", "long"), Timeout, 1, "long"),
        case(Fault::error(424, "ModelNotReadyException", "cold"), Service, 3, "cold"),
        case(Fault::error(429, "ModelNotReadyException", "cold"), Service, 3, "cold"),
        case(Fault::error(424, "ModelErrorException", "broken"), Service, 1, "broken"),
        case(Fault::error(403, "ExpiredTokenException", "expired"), ExpiredCredentials, 1, "expired"),
        case(Fault::error(400, "ValidationException", "wrong"), Validation, 1, "wrong"),
        case(Fault::error(400, "ServiceQuotaExceededException", "quota"), Throttled, 1, "quota"),
        case(Fault::error(404, "ResourceNotFoundException", "no model"), NotFound, 1, "no model"),
        case(Fault::error(403, "AccessDeniedException", "not yours"), AccessDenied, 1, "not yours"),
        case(
            Fault::error(400, "ValidationException", "prompt is too long: 903884 tokens > 200000 maximum"),
            ContextOverflow,
            1,
            "903884",
        ),
        case(
            Fault::error(400, "ValidationException", "Input is too long for requested model."),
            ContextOverflow,
            1,
            "too long",
        ),
        case(
            bare(403, r#"{"Message":"User: arn:aws:iam::1:user/x is not authorized"}"#),
            AccessDenied,
            1,
            "is not authorized",
        ),
        case(
            bare(400, r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"by type"}"#),
            Validation,
            1,
            "by type",
        ),
        case(Fault::reply(502, "text/html", html), Service, 3, "502 Bad Gateway"),
        case(Fault::reply(504, "text/plain", "upstream request timeout"), Service, 3, "upstream request timeout"),
        case(bare(500, "{}"), Service, 3, "500"),
        case(bare(503, ""), Service, 3, "503"),
        case(bare(418, "[1]"), Validation, 1, "418"),
        case(bare(400, "\u{0}\u{1}"), Validation, 1, "400"),
        case(
            Fault::reply(307, "text/html", "<p>moved</p>").header("location", "http://127.0.0.1:1/there?key=secret"),
            Service,
            1,
            "not followed: http://127.0.0.1:1/there;",
        ),
    ]
}

fn check(error: &Error, case: &Case, asked: usize, stream: bool) {
    let what = format!("{error:?} of {:?}, streaming: {stream}", case.answer);
    assert_eq!(error.kind(), case.kind, "{what}");
    assert_eq!((error.attempts(), asked), (case.attempts, case.attempts as usize), "{what}");
    assert_eq!(error.status(), case.answer.status, "{what}");
    let says = error.to_string();
    for part in [case.says, CLAUDE, "us-east-1", &case.answer.status.unwrap().to_string()] {
        assert!(says.contains(part), "no {part:?} in {says:?}");
    }
    let request_id = error.request_id().expect(&what);
    assert!(request_id.starts_with("10ca1bed-") && says.contains(request_id), "{what}");
    assert!(!says.to_lowercase().contains("json"), "an error of the service is not one of its format: {says}");
    assert!(!error.message().starts_with('{'), "the message, not what it is wrapped in: {says}");
}

#[tokio::test]
async fn error_of_an_account_setting_has_advice() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    for (status, name, message, says) in [
        (
            404,
            "ResourceNotFoundException",
            "This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days.",
            "30 days; `models()` lists the active models",
        ),
        (400, "ValidationException", "Operation not allowed", "not allowed; the account may not use the model yet"),
        (
            400,
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn\u{2019}t supported.",
            "supported; use the model's inference profile",
        ),
    ] {
        bedrock.clear();
        bedrock.faults().push(Fault::error(status, name, message));
        let error = chat.invoke("hello").await.unwrap_err();
        assert!(error.message().contains(says), "{error}");
        assert!(error.message().starts_with(message.trim_end_matches('.')), "the service's own words stay: {error}");
    }
    // The same table applies to exceptions in streams.
    bedrock.clear();
    bedrock.faults().push(Fault::exception_frame(1, "validationException", "Operation not allowed"));
    let error = chat.stream("hello").await.unwrap_err();
    assert!(error.message().contains("use-case form"), "{error}");
}

#[tokio::test]
async fn error_response_has_kind_attempts_and_details() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).retry(at_once().with_quota(None)).build().unwrap();
    for stream in [false, true] {
        for case in cases() {
            bedrock.clear();
            bedrock.faults().push(case.answer.clone().forever());
            let error = match stream {
                true => soon(chat.stream("hello")).await.unwrap_err(),
                false => soon(chat.invoke("hello")).await.unwrap_err(),
            };
            check(&error, &case, bedrock.requests().len(), stream);
        }
    }
}

#[tokio::test]
async fn retry_after_a_transient_error_succeeds() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    for case in cases().into_iter().filter(|case| case.attempts == 3) {
        for stream in [false, true] {
            bedrock.clear();
            bedrock.faults().push(case.answer.clone().times(2));
            let reply = match stream {
                true => chat.stream("hello").await.unwrap().message().await,
                false => chat.invoke("hello").await,
            };
            assert!(reply.unwrap().text().contains("hello"));
            assert_eq!(bedrock.requests().len(), 3);
        }
    }
}

#[tokio::test]
async fn error_type_is_the_bare_exception_name() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let coral = "com.amazon.bedrock#ThrottlingException:http://internal.amazon.com/coral/";
    bedrock.faults().push(Fault::error(400, coral, "x").forever());
    let error = calling(&bedrock).build().unwrap().invoke("hello").await.unwrap_err();
    assert_eq!(error.aws_type(), Some("ThrottlingException"));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn expired_credentials_are_refreshed_and_retried_once() {
    let builder = LocalBedrock::builder().expired_credential("AKIDOLD", "old-secret", "old-token");
    let bedrock = builder.start().await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let old = || Credentials::new("AKIDOLD", "old-secret").with_session_token("old-token");
    let provider = CachedCredentials::new(move || {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        std::future::ready(Ok(if first { old() } else { crate::support::keys() }))
    });
    let chat = calling(&bedrock).credentials_provider(provider).build().unwrap();
    assert!(chat.invoke("hello").await.unwrap().text().contains("hello"));
    assert_eq!((asked.load(Ordering::SeqCst), bedrock.requests().len()), (2, 2));
    chat.invoke("hello").await.unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), bedrock.requests().len()), (2, 3), "the new ones are kept");

    bedrock.clear();
    let error = calling(&bedrock).credentials(old()).build().unwrap().stream("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::ExpiredCredentials, 1), "there are no others");
    assert_eq!(bedrock.requests().len(), 1);
}

#[tokio::test]
async fn expired_credentials_after_a_refresh_are_not_retried() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error(403, "ExpiredTokenException", "expired").before_auth().forever());
    let asked = AtomicUsize::new(0);
    let provider = move || {
        let n = asked.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(crate::support::keys().with_session_token(format!("token-{n}"))))
    };
    let chat = calling(&bedrock).credentials_provider(provider).build().unwrap();
    let error = soon(chat.invoke("hello")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::ExpiredCredentials, 2));
}

#[tokio::test]
async fn unknown_path_with_status_200_is_an_error_over_http() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let lost = calling_url(&format!("{}/nowhere", bedrock.url())).build().unwrap();
    for error in [lost.invoke("hello").await.unwrap_err(), lost.stream("hello").await.unwrap_err()] {
        assert_eq!((error.kind(), error.aws_type()), (ErrorKind::NotFound, Some("UnknownOperationException")));
        assert!(error.message().contains("endpoint"), "{error}");
        assert!(error.request_id().is_some() && error.attempts() == 1);
    }
}

#[tokio::test]
async fn unexpected_content_type_error_names_both_types() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let portal = || Fault::reply(200, "text/html; charset=utf-8", "<html>Please log in</html>");
    bedrock.faults().push(portal());
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    for part in ["text/html", "application/json", "Please log in"] {
        assert!(error.to_string().contains(part), "no {part} in {error}");
    }
    assert!(error.request_id().is_some());

    bedrock.faults().push(portal());
    let error = chat.stream("hello").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    for part in ["text/html", "event stream", "Please log in"] {
        assert!(error.to_string().contains(part), "no {part} in {error}");
    }
    assert!(error.request_id().is_some());

    let stream = chunk(&json!({"type": "message_stop"}));
    bedrock.faults().push(Fault::reply(200, EVENT_STREAM, stream));
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains(EVENT_STREAM), "{error}");
}

#[tokio::test]
async fn provider_error_with_status_200_is_an_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    bedrock.faults().push(Fault::reply(200, "application/json", overloaded).times(2));
    assert!(chat.invoke("hello").await.is_ok(), "worth another attempt");
    bedrock.faults().push(Fault::reply(200, "application/json", overloaded).forever());
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.aws_type()), (ErrorKind::Throttled, Some("overloaded_error")));
    assert_eq!((error.message(), error.attempts()), ("Overloaded", 3));
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn answer_without_a_message_is_a_decode_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    for body in ["null", "[]", "{}", r#"{"content":"text"}"#] {
        bedrock.clear();
        bedrock.faults().push(Fault::reply(200, "application/json", body));
        let error = chat.invoke("hello").await.unwrap_err();
        assert_eq!((error.kind(), bedrock.requests().len()), (ErrorKind::Decode, 1), "{body}: {error}");
    }
}

#[tokio::test]
async fn retry_of_an_unreachable_server_ends_in_connect_error() {
    let host = "127.0.0.1:1";
    let chat = calling_url(&format!("http://{host}")).build().unwrap();
    for error in [chat.invoke("hello").await.unwrap_err(), chat.stream("hello").await.unwrap_err()] {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
        assert!(error.message().starts_with(host) && error.message().contains("refused"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[tokio::test]
async fn connection_lost_after_sending_is_interrupted_not_resent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let chat = calling_url(&format!("http://{address}")).build().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let hanging_up = tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = connection.read(&mut [0; 4096]).await;
        }
    });
    for error in [soon(chat.invoke("hello")).await.unwrap_err(), soon(chat.stream("hello")).await.unwrap_err()] {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 1));
        assert!(error.is_transient() && !error.is_retryable(), "the model may have run: {error}");
    }
    assert_eq!(connections.swap(0, Ordering::SeqCst), 2);
    let url = format!("http://{address}");
    let chat = calling_url(&url).retry(at_once().with_paid_resend(true)).build().unwrap();
    let error = soon(chat.invoke("hello")).await.unwrap_err();
    hanging_up.abort();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 3));
    assert_eq!(connections.load(Ordering::SeqCst), 3, "allowed by the caller");
}

#[tokio::test]
async fn complete_answer_cut_by_a_reset_is_not_resent() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::cut_after_bytes(40));
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Truncated, 1));
    assert!(error.is_transient() && !error.is_retryable(), "the model has done all its work: {error}");
    bedrock.clear();
    bedrock.faults().push(Fault::cut_after_bytes(40).times(2));
    let chat = calling(&bedrock).retry(at_once().with_paid_resend(true)).build().unwrap();
    assert!(chat.invoke("hello").await.unwrap().text().contains("hello"), "allowed by the caller");
    assert_eq!(bedrock.requests().len(), 3);
}

#[tokio::test]
async fn wrong_secret_is_refused_without_retry() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).credentials(Credentials::new("AKIDEXAMPLE", "wrong")).build().unwrap();
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::AccessDenied, Some(403), 1));
    assert_eq!(error.aws_type(), Some("InvalidSignatureException"));
}
