//! Requests of clients to the gateway: methods, paths, headers and bodies of any kind.
//!
//! - An answer, a stream and an error have the form of the API that was called.
//! - Each call with a key has one record, and a request without a known key at most one, without a name.
//! - No key is in an answer, in a record or in what is sent to the service.
//! - The service receives JSON with one model and one `stream`. It receives nothing from a client without a key. A key with
//!   limits reaches only its models, and a gateway's guardrail is in each call.
//!
//! Input: the settings; the method; the path; the key; headers; how the service answers; the size of the body's pieces;
//! the body.

use bedrock_chat::gateway::{GatewayCall, GatewaySettings};
use bedrock_chat::json::View;
use bedrock_chat::{Guardrail, Headers, HttpRequest, Json, Method};
use serde_json::Value;

use crate::gateway::{Answer, Asked, KEY, OPERATORS, Reply, Server, has_secret};
use crate::gateway_forms::{Form, assert_error, assert_stream, assert_whole, json};
use crate::input::Input;
use crate::{gateway_replies, seeds};

/// Paths with the API whose form the answer has, and whether a request is a call.
const PATHS: [(&str, Option<Form>, bool); 22] = [
    ("/v1/messages", Some(Form::Messages), true),
    ("/v1/chat/completions", Some(Form::Chat), true),
    ("/v1/responses", Some(Form::Responses), true),
    ("/v1/messages/count_tokens", Some(Form::Messages), true),
    ("/v1/messages?beta=true", Some(Form::Messages), true),
    ("/anthropic/v1/messages", Some(Form::Messages), true),
    ("/openai/v1/chat/completions", Some(Form::Chat), true),
    ("/openai/v1/responses", Some(Form::Responses), true),
    ("/model/us.amazon.nova-lite-v1%3A0/converse", Some(Form::Bedrock), true),
    ("/model/us.amazon.nova-lite-v1:0/converse-stream", Some(Form::Bedrock), true),
    ("/model/us.anthropic.claude-sonnet-4-6/invoke", Some(Form::Bedrock), true),
    ("/model/us.anthropic.claude-sonnet-4-6/invoke-with-response-stream", Some(Form::Bedrock), true),
    ("/model/us.anthropic.claude-sonnet-4-6/count-tokens", Some(Form::Bedrock), true),
    ("/model/messages/converse", Some(Form::Bedrock), true),
    ("/model/a%2Fv1%2Fresponses/v1/responses/converse", Some(Form::Bedrock), true),
    ("/v1/models", None, false),
    ("/v1/models/nova", None, false),
    ("/v1/embeddings", None, false),
    ("/health", None, false),
    ("/", None, false),
    ("/foundation-models?byProvider=amazon", Some(Form::Bedrock), false),
    ("/inference-profiles/us.amazon.nova-lite-v1:0", Some(Form::Bedrock), false),
];

const OPERATIONS: [&str; 6] =
    ["converse", "converse-stream", "invoke", "invoke-with-response-stream", "count-tokens", "delete"];

const HEADERS: [&str; 11] = [
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "content-length",
    "anthropic-version",
    "anthropic-beta",
    "content-type",
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-trace",
    "accept",
    "user-agent",
];

const VALUES: [&str; 10] = [
    "https://chat.example.com",
    "*",
    "POST",
    "authorization,x-api-key",
    "99999999999",
    "2023-06-01",
    "context-1m-2025-08-07,interleaved-thinking-2025-05-14",
    "gr-of-the-client",
    "application/json",
    "",
];

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    if has_secret(input) {
        return;
    }
    let mut input = Input::new(input);
    let settings = input.below(4);
    let method = input.one_of(&[
        Method::Post,
        Method::Post,
        Method::Post,
        Method::Post,
        Method::Get,
        Method::Head,
        Method::Options,
        Method::Delete,
    ]);
    let (target, form, is_call) = path(&mut input);
    let (mut headers, has_key) = key(&mut input);
    let more = input.list(4, |input| {
        let name = input.one_of(&HEADERS);
        let value = if input.below(4) == 3 { visible(&input.text()) } else { input.one_of(&VALUES).to_owned() };
        (name, value)
    });
    if has_secret(target.as_bytes()) || more.iter().any(|(_, value)| has_secret(value.as_bytes())) {
        return;
    }
    more.iter().for_each(|(name, value)| headers.push(name, value.as_str()));
    let status = match input.below(4) {
        3 => input.one_of(&[400, 401, 403, 404, 413, 429, 500, 503]),
        _ => 200,
    };
    let size = usize::from(input.byte());
    let asked = Asked { method, target, headers, body: input.rest().to_vec(), size, leaves_after: None };

    let server = server(settings, status);
    let answer = server.ask(&asked);
    assert_records(&asked, &answer, has_key, is_call);
    assert_form(&asked, &answer, form);
    let sent = server.sent();
    assert!(sent.len() <= 3 && (has_key || sent.is_empty()), "{} requests of {asked:?}", sent.len());
    sent.iter().for_each(|sent| assert_sent(&asked, sent, settings));
}

/// Returns the requests of recorded clients, and some of each path.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for call in seeds::recorded(usize::MAX) {
        let path = match call.operation.trim_end_matches("-stream") {
            "messages" => 0,
            "chat" => 1,
            "responses" => 2,
            "invoke" if call.model.contains("claude-3-5") => 0,
            "converse" => 8,
            _ => continue,
        };
        for request in call.requests.iter().take(1) {
            let number = all.len();
            let mut request = request.clone();
            if path < 3 && number.is_multiple_of(2) {
                request["model"] =
                    ["us.anthropic.claude-sonnet-4-6", "nova", "us.openai.gpt-5.6-sol"][number / 2 % 3].into();
            }
            let body = request.to_string();
            if body.len() <= 2000 {
                let settings = (number / 7 % 4) as u8;
                // The API of another vendor reads some of the members too.
                let path = if number % 9 == 8 { (path + 1) % 3 } else { path };
                all.push([&[settings, 0, path, 0, 0, 0, 0], body.as_bytes()].concat());
            }
        }
    }
    // Repeated and unknown members, and a model that the key of the limited settings may not use.
    let hello = r#""messages":[{"role":"user","content":"Hi"}],"max_tokens":9"#;
    let metadata: Vec<String> = (0..16).map(|at| format!(r#""é{at}":"1""#)).collect();
    for members in [
        r#""model":"us.openai.gpt-5.6-sol","mod\u0065l":"x","stream":true,"str\u0065am":false"#,
        r#""model":"us.anthropic.claude-sonnet-4-6","anthropic_beta":["é"],"metadata":{"é":"1","gateway_key":"2"}"#,
        r#""model":"llama""#,
        &format!(r#""model":"nova","metadata":{{{}}}"#, metadata.join(",")),
    ] {
        for path in [0, 1, 2] {
            for (settings, key) in [(0, 0), (1, 2), (0, 4)] {
                let body = format!("{{{members},{hello}}}");
                all.push([&[settings, 0, path, key, 0, 0, 0], body.as_bytes()].concat());
            }
        }
    }
    for path in 0..28u8 {
        for method in [0, 4] {
            let body = br#"{"model":"nova","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"input":"Hi"}"#;
            all.push([&[path % 4, method, path, path % 2, 1, path % 11, 0, path % 10, 0, 0], body.as_slice()].concat());
        }
    }
    all
}

/// Returns a path, the form of its answers if it is known, and whether a request of it is a call, if that is known.
fn path(input: &mut Input<'_>) -> (String, Option<Form>, Option<bool>) {
    match input.below(28) {
        choice if choice < PATHS.len() => {
            let (path, form, is_call) = PATHS[choice];
            (path.to_owned(), form, Some(is_call))
        }
        22..=24 => {
            let name = visible(&input.text()).replace(['?', '#'], "");
            let path = format!("/model/{name}/{}", input.one_of(&OPERATIONS));
            (path, Some(Form::Bedrock), None)
        }
        25 => (format!("/v1/{}", visible(&input.text())), None, None),
        26 => (format!("/v1/models/{}", visible(&input.text())), None, Some(false)),
        _ => (format!("/{}", visible(&input.text())), None, None),
    }
}

/// Returns headers with a key, and whether it is the client's.
fn key(input: &mut Input<'_>) -> (Headers, bool) {
    let mut headers = Headers::new();
    let has_key = match input.below(8) {
        0 | 1 => {
            headers.push("x-api-key", KEY);
            true
        }
        2 | 3 => {
            headers.push("authorization", format!("Bearer {KEY}"));
            true
        }
        4 => {
            headers.push("x-api-key", format!("{KEY}0"));
            headers.push("authorization", format!("Bearer {KEY}"));
            false
        }
        5 => {
            headers.push("authorization", format!("Basic {KEY}"));
            false
        }
        6 => {
            headers.push("authorization", visible(&input.text()));
            false
        }
        _ => false,
    };
    (headers, has_key)
}

/// Returns the text with what a header or a target may have.
fn visible(text: &str) -> String {
    text.chars().filter(|c| ('!'..='~').contains(c)).collect()
}

fn server(settings: usize, status: u16) -> Server {
    const LIMITED: &str = r#"{
        "models": {"claude-*": "us.anthropic.claude-*", "us.anthropic.*": "us.anthropic.*",
            "llama": "meta.llama3-8b-instruct-v1:0",
            "nova": {"id": "us.amazon.nova-lite-v1:0", "fallbacks": ["us.amazon.nova-pro-v1:0"],
                "price": {"input": 1, "output": 2}}},
        "keys": {"alice": {"key": "KEY", "models": ["claude-*", "us.anthropic.*", "nova"]}},
        "anyModel": false, "maxBodyBytes": 1500, "corsOrigins": ["https://chat.example.com"]}"#;
    const BUDGET: &str = r#"{
        "models": {"nova": {"id": "us.amazon.nova-lite-v1:0", "price": {"input": 1, "output": 2}}},
        "keys": {"alice": {"key": "KEY", "budget": 1, "requestsPerMinute": 5, "metadata": {"team": "search"},
            "project": "p-1"}}, "corsOrigins": ["*"]}"#;
    const OPEN: &str = r#"{"models": {"nova": "us.amazon.nova-lite-v1:0"}, "keys": {"alice": "KEY"}}"#;
    let text = [OPEN, LIMITED, BUDGET, OPEN][settings].replace("KEY", KEY);
    let read =
        Json::parse(&text).map(|json| GatewaySettings::from_json(&json).unwrap_or_else(|error| panic!("{error}")));
    let read = read.unwrap_or_else(|error| panic!("{error}"));
    let guarded = |builder: bedrock_chat::BedrockChatBuilder| match settings {
        3 => builder.guardrail(Guardrail::new("gr-1", "2")),
        _ => builder,
    };
    Server::new(read, guarded, move |request| reply(request, status))
}

fn reply(request: &HttpRequest, status: u16) -> Reply {
    let message = if matches!(status, 401 | 403) { OPERATORS } else { "Too much, or too little" };
    let (content_type, body) = match status {
        200 => gateway_replies::reply(request),
        _ => {
            let error =
                serde_json::json!({"message": message, "type": "invalid_request_error", "param": null, "code": null});
            ("application/json", serde_json::json!({"message": message, "error": error}).to_string().into_bytes())
        }
    };
    let mut headers = vec![("content-type", content_type), ("x-amzn-requestid", "r-1"), ("retry-after", "7")];
    match status {
        200 => {}
        401 | 403 => headers.push(("x-amzn-errortype", "AccessDeniedException")),
        _ => headers.push(("x-amzn-errortype", "ValidationException")),
    }
    Reply { status, headers, body, size: 0, ..Reply::default() }
}

fn is_preflight(asked: &Asked) -> bool {
    let has = |name| asked.headers.get(name).is_some();
    asked.method == Method::Options && has("origin") && has("access-control-request-method")
}

fn assert_records(asked: &Asked, answer: &Answer, has_key: bool, is_call: Option<bool>) {
    let Answer { calls, status, .. } = answer;
    match is_call {
        // Requests of strangers are recorded without the name of a key.
        _ if !has_key => {
            let is_stranger = |call: &GatewayCall| call.key.is_empty() && call.error.is_some();
            assert!(calls.len() <= 1 && calls.iter().all(is_stranger), "{calls:?} of {asked:?}");
            return;
        }
        _ if asked.method != Method::Post => assert!(calls.is_empty(), "{calls:?} of {asked:?}"),
        Some(is_call) => assert_eq!(calls.len(), usize::from(is_call), "{calls:?} of {asked:?}"),
        None => assert!(calls.len() <= 1, "{calls:?} of {asked:?}"),
    }
    for call in calls {
        assert_eq!((call.status, &*call.key), (*status, "alice"), "{asked:?}");
        assert_eq!(call.error.is_some(), *status != 200, "{call:?} of {asked:?}");
    }
}

fn assert_form(asked: &Asked, answer: &Answer, form: Option<Form>) {
    if asked.method == Method::Head {
        assert!(answer.body.is_empty(), "{asked:?}");
        return;
    }
    if answer.status == 204 {
        assert!(is_preflight(asked) && answer.body.is_empty() && answer.calls.is_empty(), "{answer:?} to {asked:?}");
        return;
    }
    let Some(form) = form else {
        // Whether JSON of the gateway or of the service.
        json(&answer.body);
        return;
    };
    if answer.status != 200 {
        assert_error(form, answer);
        return;
    }
    let path = asked.target.split('?').next().unwrap_or_default();
    let content_type = answer.headers.get("content-type").unwrap_or_default();
    match form {
        Form::Bedrock => {}
        _ if path.ends_with("/count_tokens") => {
            assert!(json(&answer.body).is_some_and(|body| body["input_tokens"].is_u64()), "{answer:?}");
        }
        _ if content_type.starts_with("text/event-stream") => {
            assert_stream(form, &answer.body);
        }
        _ => assert_whole(form, &answer.body),
    }
}

/// Checks what the service received.
fn assert_sent(asked: &Asked, sent: &HttpRequest, settings: usize) {
    let path = sent.url.split('?').next().unwrap_or_default();
    let operation = path.rsplit('/').next().unwrap_or_default();
    let is_list = sent.method == Method::Get;
    if asked.target.starts_with("/model/") || is_list {
        assert!(asked.target.starts_with("/model/") || is_list && sent.body.is_empty(), "{asked:?}");
    } else {
        // Repeated members would hide one from the gateway.
        if let Ok(body) = View::from_bytes(&sent.body) {
            for member in ["model", "stream"] {
                let count = body.entries().filter(|(name, _)| name == member).count();
                assert!(count <= 1, "{count} times `{member}` in {} of {asked:?}", body.raw());
            }
        }
    }
    let body: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
    let is_chat = !is_list && operation != "count-tokens";
    if settings == 1 && !is_list {
        let model = if path.contains("/model/") { path } else { body["model"].as_str().unwrap_or_default() };
        let is_allowed =
            ["us.anthropic.", "us.amazon.nova-lite", "us.amazon.nova-pro"].iter().any(|id| model.contains(id));
        // The service has no profile for counting.
        assert!(is_allowed || !is_chat && model.contains("/model/"), "{} of {asked:?}", sent.url);
    }
    if settings == 3 && is_chat {
        let mut guardrails: Vec<&str> =
            sent.headers.iter().filter(|(name, _)| name.ends_with("guardrailidentifier")).map(|(_, id)| id).collect();
        guardrails.extend(body["guardrailConfig"]["guardrailIdentifier"].as_str());
        assert_eq!(guardrails, ["gr-1"], "{} of {asked:?}", sent.url);
    }
}
