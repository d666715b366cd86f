//! No secret is printed: not by the chat model, its parts, its streams or its errors, and not in
//! the log of the libraries below it.

#[path = "../log_collector/mod.rs"]
mod log_collector;

use std::fmt::{Debug, Display};
use std::sync::Mutex;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    BedrockChat, CachedCredentials, ChatOptions, Credentials, EnvironmentCredentials, Guardrail, Headers, HttpRequest,
    ReqwestTransport,
};
use local_bedrock::{Fault, LocalBedrock};

use crate::support::{CLAUDE, at_once, calling_url, is_alone, run_alone, soon};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "TOKEN+/=";
const BEARER: &str = "bedrock-api-key-local-test";
const GATEWAY: &str = "gateway-key-that-nobody-may-see";

/// Returns everything that must not be printed, including the signatures of these requests.
fn hidden(bedrock: &LocalBedrock) -> Vec<String> {
    let mut hidden: Vec<String> = [SECRET, TOKEN, BEARER, GATEWAY].map(str::to_owned).into();
    for request in bedrock.requests() {
        let authorization = request.header("authorization").unwrap_or_default();
        if let Some((_, signature)) = authorization.split_once("Signature=") {
            hidden.push(signature.to_owned());
        }
    }
    hidden
}

fn check(what: &str, printed: &str, hidden: &[String]) {
    for secret in hidden {
        assert!(!printed.contains(secret.as_str()), "{secret} is in {what}: {printed}");
    }
}

fn printed(value: &(impl Debug + Display)) -> String {
    let mut all = format!("{value} {value:#} {value:?} {value:#?}");
    all.push_str(&debugged(value));
    all
}

fn debugged(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

fn with_token() -> Credentials {
    Credentials::new("AKIDEXAMPLE", SECRET).with_session_token(TOKEN)
}

/// Returns the text of an error and all its causes.
fn chain(error: &bedrock_chat::Error) -> String {
    let mut all = printed(error);
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        all.push_str(&format!("{error} {error:?}"));
        cause = error.source();
    }
    all
}

#[tokio::test]
async fn debug_of_a_chat_hides_secrets() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for credentials in [with_token(), Credentials::bearer(BEARER)] {
        let builder = calling_url(&bedrock.url())
            .credentials(credentials.clone())
            .header("cf-aig-authorization", GATEWAY)
            .header("x-api-key", GATEWAY)
            .header("user-agent", GATEWAY);
        let mut all = debugged(&builder) + &debugged(&credentials);
        let chat = builder.build().unwrap();
        let mut stream = chat.stream("hello").await.unwrap();
        all += &(debugged(&chat) + &debugged(&stream));
        stream.next().await;
        all += &debugged(&stream);
        all += &debugged(&stream.text());
        all += &debugged(&chat.invoke("hello").await.unwrap());
        all += &debugged(&ReqwestTransport::new(None).unwrap());
        let mut default = reqwest::header::HeaderMap::new();
        default.insert("cf-aig-authorization", GATEWAY.parse().unwrap());
        let client = reqwest::Client::builder().default_headers(default).build().unwrap();
        all += &debugged(&ReqwestTransport::with_client(client));
        all += &debugged(&CachedCredentials::new(credentials.clone()));
        all += &debugged(&EnvironmentCredentials);
        all += &debugged(&chat.with_options(&ChatOptions::default().with_guardrail(Guardrail::new("gr", "1"))));
        check("something printed", &all, &hidden(&bedrock));
        assert!(all.contains(CLAUDE), "what is no secret is printed");
    }
}

#[tokio::test]
async fn debug_of_a_request_hides_signature_token_and_body() {
    for credentials in [with_token(), Credentials::bearer(BEARER)] {
        let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
        let chat = BedrockChat::builder(CLAUDE).region("us-east-1").credentials(credentials);
        let chat = chat.transport(transport.clone()).header("cf-aig-authorization", GATEWAY);
        // `Debug` shows the values of these two, unless the caller sets them.
        let chat = chat.header("User-Agent", GATEWAY).header("accept", GATEWAY).build().unwrap();
        chat.invoke("my conversation").await.unwrap();
        let request: HttpRequest = transport.requests().remove(0);
        let authorization = request.headers.get("authorization").unwrap();
        let signature = authorization.rsplit(['=', ' ']).next().unwrap().to_owned();
        let all = debugged(&request) + &debugged(&request.headers) + &debugged(&transport);
        let hidden = [SECRET, TOKEN, BEARER, GATEWAY, &signature, "my conversation"].map(str::to_owned);
        check("the request", &all, &hidden);
        assert_eq!((request.headers.get("user-agent"), request.headers.get("accept")), (Some(GATEWAY), Some(GATEWAY)));
        for shown in ["authorization", "user-agent", "application/json"] {
            assert!(all.contains(shown), "{shown}: {all}");
        }
    }
    let mut headers = Headers::new();
    headers.push("X-Amz-Security-Token", TOKEN);
    check("headers", &debugged(&headers), &[TOKEN.to_owned()]);
}

#[tokio::test]
async fn errors_hide_secrets_even_if_the_service_repeats_them() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let url = bedrock.url();
    let mut errors = Vec::new();
    // A wrong signature: AWS answers with the canonical request, which contains the session token.
    let wrong = Credentials::new("AKIDEXAMPLE", "wrong-secret").with_session_token(TOKEN);
    let chat = calling_url(&url).credentials(wrong).build().unwrap();
    let refused = chat.invoke("hello").await.unwrap_err();
    assert!(refused.message().contains("Canonical String"), "the advice is kept: {refused}");
    errors.push(refused);
    errors.push(chat.stream("hello").await.unwrap_err());
    let chat = calling_url(&url).credentials(with_token()).build().unwrap();
    // A gateway that repeats the request in its reply or stream.
    let echo = format!("cannot use {TOKEN} of {SECRET}");
    bedrock.faults().push(Fault::error(403, "AccessDeniedException", &echo));
    errors.push(chat.invoke("hello").await.unwrap_err());
    bedrock.faults().push(Fault::reply(502, "text/html", &echo).times(3));
    errors.push(chat.invoke("hello").await.unwrap_err());
    bedrock.faults().push(Fault::reply(200, "text/html", &echo));
    errors.push(chat.invoke("hello").await.unwrap_err());
    bedrock.faults().push(Fault::reply(200, "text/html", &echo));
    errors.push(chat.stream("hello").await.unwrap_err());
    bedrock.faults().push(Fault::exception_frame(0, "validationException", &echo));
    errors.push(chat.stream("hello").await.unwrap_err());
    bedrock.faults().push(Fault::exception_frame(3, "validationException", &echo));
    let broken = chat.stream("hello").await.unwrap().message().await.unwrap_err();
    assert!(broken.partial().is_some() && broken.message().contains("<secret>"), "in the middle: {broken}");
    errors.push(broken);
    let bearer = calling_url(&url).api_key(BEARER).build().unwrap();
    bedrock.faults().push(Fault::error(401, "NotAuthorized", &format!("the key {BEARER} is unknown")));
    errors.push(bearer.invoke("hello").await.unwrap_err());
    // Failures of the network.
    bedrock.faults().push(Fault::cut_after_bytes(10).forever());
    errors.push(chat.invoke("hello").await.unwrap_err());
    let closed = calling_url("http://127.0.0.1:1").credentials(with_token()).build().unwrap();
    errors.push(closed.invoke("hello").await.unwrap_err());
    let hidden = hidden(&bedrock);
    for error in errors {
        check("an error", &chain(&error), &hidden);
    }
}

#[tokio::test]
async fn error_for_an_invalid_key_does_not_contain_it() {
    let chat = calling_url("http://127.0.0.1:1").retry(at_once().with_max_attempts(1));
    let token = "secret\ntoken";
    let chat = chat.credentials(Credentials::new("AKIDEXAMPLE", SECRET).with_session_token(token)).build().unwrap();
    let error = soon(chat.invoke("hello")).await.unwrap_err();
    check("the error", &chain(&error), &[SECRET.to_owned(), token.to_owned(), token.escape_debug().to_string()]);
}

/// All logs of this process.
static LOGGED: Mutex<String> = Mutex::new(String::new());

/// The client runs in a separate process, because the server's libraries have their own logs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_have_no_secret_or_conversation() {
    if is_alone() {
        return log_everything().await;
    }
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::exception_frame(0, "throttlingException", "slow").on_path("stream").skip(1).times(2));
    let name = "secrets::logs_have_no_secret_or_conversation";
    let logged = run_alone(name, &[("URL", &bedrock.url())]);
    assert!(bedrock.requests().len() > 8 && bedrock.requests().iter().all(|request| request.verdict.is_accepted()));
    assert!(logged.contains("hyper_util") && logged.contains("h2::"), "somebody logged something: {logged}");
    let mut hidden = hidden(&bedrock);
    hidden.push("my conversation".to_owned());
    check("the log", &logged, &hidden);
}

async fn log_everything() {
    log_collector::install(|line| LOGGED.lock().unwrap().push_str(&line));
    let url = std::env::var("URL").unwrap();
    let plain = ReqwestTransport::new(None).unwrap();
    let http2 = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    for credentials in [with_token(), Credentials::bearer(BEARER)] {
        for transport in [plain.clone(), ReqwestTransport::with_client(http2.clone())] {
            let chat = calling_url(&url).credentials(credentials.clone()).transport(transport);
            let chat = chat.header("cf-aig-authorization", GATEWAY).build().unwrap();
            chat.invoke("my conversation").await.unwrap();
            chat.stream("my conversation").await.unwrap().message().await.unwrap();
        }
    }
    println!("{}", LOGGED.lock().unwrap());
}
