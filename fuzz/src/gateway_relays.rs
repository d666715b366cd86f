//! Answers of the service on their way through the gateway, to clients of every API.
//!
//! - The answer does not depend on how the service's bytes were cut, nor on silences between them.
//! - A translated answer has the strict form of the client's API. A stream has one last event, or an error event.
//! - An answer that is passed on has the service's own events, or bytes.
//! - Each call has one record, also if the client leaves, with an error if the answer is one.
//! - No key, and no text for the operator, is in an answer.
//!
//! Input: the client's API; the model; flags; the members of the request; the size of the pieces; the pieces after which
//! the client leaves; the service's answer, in the form of the target `streams`.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bedrock_chat::gateway::{GatewaySettings, KeySettings};
use bedrock_chat::{Api, Headers, HttpRequest, Method};
use serde_json::{Value, json};

use crate::gateway::{Answer, Asked, KEY, OPERATORS, Reply, Server, has_secret};
use crate::gateway_forms::{End, Form, Named, assert_error, assert_stream, assert_whole, decoded, end_of};
use crate::input::Input;
use crate::seeds;
use crate::streams::{chunks, framed, lines};

const FORMS: [Form; 4] = [Form::Messages, Form::Chat, Form::Responses, Form::Bedrock];

/// Models, and the APIs whose requests are passed on to them.
const MODELS: [(&str, &[Form]); 16] = [
    ("us.anthropic.claude-sonnet-4-6", &[Form::Messages]),
    ("us.amazon.nova-lite-v1:0", &[]),
    ("us.openai.gpt-5.6-sol", &[Form::Chat, Form::Responses]),
    ("openai.gpt-oss-120b-1:0", &[Form::Chat]),
    ("openai.gpt-oss-120b", &[Form::Chat, Form::Responses]),
    ("xai.grok-4.3", &[Form::Chat, Form::Responses]),
    ("anthropic.claude-3-5-sonnet-20241022-v2:0", &[Form::Messages]),
    ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", &[]),
    ("cohere.command-r-v1:0", &[]),
    ("meta.llama3-8b-instruct-v1:0", &[]),
    ("us.deepseek.r1-v1:0", &[]),
    ("qwen.qwen3-32b-v1:0", &[]),
    ("mistral.mistral-7b-instruct-v0:2", &[]),
    ("amazon.titan-text-express-v1", &[]),
    ("us.writer.palmyra-x5-v1:0", &[]),
    ("ai21.jamba-1-5-mini-v1:0", &[]),
];

/// A call of a client.
#[derive(Clone, Copy, Debug)]
struct Call {
    form: Form,
    model: &'static str,
    /// The operation, for clients of Bedrock's API.
    operation: &'static str,
    streams: bool,
    members: usize,
    passes: bool,
}

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    if has_secret(input) {
        return;
    }
    let mut input = Input::new(input);
    let form = input.one_of(&FORMS);
    let (model, passing) = input.one_of(&MODELS);
    let flags = input.byte();
    let (streams, is_late, breaks) = (flags & 1 == 0, flags & 2 != 0, flags & 4 != 0);
    let members = input.below(4);
    let size = usize::from(input.byte());
    let leaves_after = input.below(8);
    let operation = match (flags & 8 != 0, streams) {
        (true, true) => "converse-stream",
        (true, false) => "converse",
        (false, true) => "invoke-with-response-stream",
        (false, false) => "invoke",
    };
    let status = if flags & 0xF0 == 0xF0 { input.one_of(&[400, 401, 403, 404, 413, 429, 500, 503, 529]) } else { 200 };
    // GPT models take tools over the Responses API alone.
    let is_tools_of_gpt = form == Form::Chat && members == 1 && model.contains("gpt-5");
    let passes = passing.contains(&form) && !is_tools_of_gpt;
    let call = Call { form, model, operation, streams, members, passes };
    let text: Arc<[u8]> = input.rest().into();

    let reply = |size, is_late| {
        let text = Arc::clone(&text);
        move |request: &HttpRequest| reply(request, status, &text, size, is_late, breaks)
    };
    let (whole, sent) = ask(call, None, reply(0, false));
    let (in_pieces, _) = ask(call, None, reply(size, false));
    assert_same(call, &whole, &in_pieces);
    let body = sent.as_ref().map(|sent| self::body(sent, &text)).unwrap_or_default();
    for answer in [&whole, &in_pieces] {
        assert_form(call, answer, &body, breaks);
    }
    if call.passes
        && let Some(sent) = &sent
    {
        assert_passed(call, &in_pieces, sent, &text, &body, breaks);
    }
    if is_late {
        let (late, _) = ask(call, None, reply(size, is_late));
        assert_form(call, &late, &body, breaks);
        if late.status == whole.status && ![&late, &whole].into_iter().any(is_failed) {
            assert_eq!(
                without_signs_of_life(&late.body),
                without_signs_of_life(&whole.body),
                "{call:?} after silences"
            );
        }
    }
    // A client that leaves has a record, too.
    ask(call, Some(leaves_after), reply(size, is_late));
}

/// Returns recorded answers.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for call in seeds::recorded(3000) {
        let (api, streams) = match call.operation.split_once("-stream") {
            Some((api, _)) => (api, true),
            None => (call.operation.as_str(), false),
        };
        let (api, model) = match api {
            "invoke" => (Api::Invoke, model_like(&call.model)),
            "converse" => (Api::Converse, Some(7)),
            "responses" => (Api::Responses, Some(2)),
            "chat" => (Api::ChatCompletions, Some(4)),
            _ => continue,
        };
        let Some(model) = model else { continue };
        let text = match (api, streams) {
            (Api::Invoke | Api::Converse, true) => lines(api, &call.body),
            _ => call.body,
        };
        let number = all.len();
        // Each client's API in turn, and those of OpenAI also to models that speak them.
        let form = match api {
            Api::Responses | Api::ChatCompletions if number.is_multiple_of(2) => 1 + u8::from(api == Api::Responses),
            _ => (number % 4) as u8,
        };
        let is_converse = u8::from(api == Api::Converse) * 8;
        let flags = u8::from(!streams) | ((number / 4 % 2) as u8 * 2) | is_converse;
        let head = [form, model, flags, (number / 8 % 4) as u8, (number % 29) as u8, (number % 5) as u8];
        all.push([&head, text.as_slice()].concat());
    }
    for (number, status) in (0..9u8).enumerate() {
        let head = [number as u8 % 4, (number % 8) as u8, 0xF0 | (number % 2) as u8, 0, 7, 3, status];
        let error = br#"{"error":{"message":"Unknown parameter: 'x'.","type":"invalid_request_error"},"message":"no"}"#;
        all.push([&head, error.as_slice()].concat());
    }
    all
}

/// Returns the model of the same vendor.
fn model_like(recorded: &str) -> Option<u8> {
    const VENDORS: [&str; 9] =
        ["anthropic", "nova", "gpt-oss", "cohere", "meta", "deepseek", "qwen", "mistral", "writer"];
    let vendor = VENDORS.iter().find(|vendor| recorded.contains(**vendor));
    let vendor = vendor.or(["titan", "ai21"].iter().find(|vendor| recorded.contains(**vendor)))?;
    u8::try_from(MODELS.iter().position(|(id, _)| id.contains(vendor))?).ok()
}

/// The API of a request that the service received, by its path.
fn api_of(request: &HttpRequest) -> (Api, bool) {
    let path = request.url.split_once('?').map_or(request.url.as_str(), |(path, _)| path);
    match path.rsplit('/').next().unwrap_or_default() {
        "converse" => (Api::Converse, false),
        "converse-stream" => (Api::Converse, true),
        "invoke" => (Api::Invoke, false),
        "invoke-with-response-stream" => (Api::Invoke, true),
        "responses" => (Api::Responses, false),
        _ => (Api::ChatCompletions, false),
    }
}

/// Returns the bytes of the service's answer.
fn body(request: &HttpRequest, text: &[u8]) -> Vec<u8> {
    match api_of(request) {
        (api, true) => framed(api, text),
        _ => text.to_vec(),
    }
}

fn reply(request: &HttpRequest, status: u16, text: &[u8], size: usize, is_late: bool, breaks: bool) -> Reply {
    let is_refused = matches!(status, 401 | 403);
    let body = match status {
        200 => self::body(request, text),
        _ if is_refused => json!({"message": OPERATORS}).to_string().into_bytes(),
        _ => text.to_vec(),
    };
    let content_type = match api_of(request) {
        (_, true) => "application/vnd.amazon.eventstream",
        (Api::Responses | Api::ChatCompletions, _) if is_stream(&request.body) => "text/event-stream",
        _ => "application/json",
    };
    let headers = vec![("content-type", content_type), ("x-amzn-requestid", "r-1"), ("set-cookie", OPERATORS)];
    Reply { status, headers, body, size, is_late, breaks }
}

fn is_stream(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|body: Value| body["stream"] == true)
}

/// Sends the call to a gateway. Returns the answer, and the last request that the service received.
fn ask(
    call: Call,
    leaves_after: Option<usize>,
    reply: impl Fn(&HttpRequest) -> Reply + Send + Sync + 'static,
) -> (Answer, Option<HttpRequest>) {
    static SHARED: OnceLock<(Server, Arc<Mutex<Answers>>)> = OnceLock::new();
    let (server, answers) = SHARED.get_or_init(|| {
        let answers: Arc<Mutex<Answers>> = Arc::new(Mutex::new(Box::new(|_| Reply::default())));
        let shared = Arc::clone(&answers);
        let settings = GatewaySettings::default().with_key("alice", KeySettings::new(KEY));
        let answer = move |request: &HttpRequest| shared.lock().unwrap_or_else(PoisonError::into_inner)(request);
        (Server::new(settings, |builder| builder, answer), answers)
    });
    *answers.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(reply);
    let mut headers = Headers::new();
    headers.push("x-api-key", KEY);
    let (target, body) = request(call);
    let body = body.to_string().into_bytes();
    let asked = Asked { method: Method::Post, target, headers, body, size: 0, leaves_after };
    let answer = server.ask(&asked);
    assert!(answer.calls.len() == 1, "{call:?} has the records {:?}", answer.calls);
    (answer, server.sent().pop())
}

type Answers = Box<dyn Fn(&HttpRequest) -> Reply + Send + Sync>;

/// Returns the path and body of a call.
fn request(call: Call) -> (String, Value) {
    let Call { form, model, operation, streams, members, .. } = call;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let user = json!([{"role": "user", "content": "Hello?"}]);
    let (path, mut body) = match form {
        Form::Messages => ("/v1/messages", json!({"max_tokens": 2000, "messages": user})),
        Form::Chat => ("/v1/chat/completions", json!({"messages": user})),
        Form::Responses => ("/v1/responses", json!({"input": "Hello?"})),
        Form::Bedrock => {
            let id = model.replace(':', "%3A").replace('/', "%2F");
            return (format!("/model/{id}/{operation}"), json!({"messages": [{"role": "user", "content": []}]}));
        }
    };
    let more = match (form, members) {
        (_, 0) => json!({}),
        (Form::Messages, 1) => json!({"tools": [{"name": "get_weather", "input_schema": schema}]}),
        (Form::Messages, 2) => json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (Form::Messages, _) => json!({"system": "Be brief.", "stop_sequences": ["END"]}),
        (Form::Chat, 1) => json!({"tools": [
            {"type": "function", "function": {"name": "get_weather", "parameters": schema}},
            {"type": "custom", "custom": {"name": "now"}}]}),
        (Form::Chat, 2) if streams => json!({"stream_options": {"include_usage": true}}),
        (Form::Chat, _) => json!({"max_completion_tokens": 900, "user": "u-1"}),
        (_, 1) => json!({"tools": [
            {"type": "function", "name": "get_weather", "parameters": schema, "strict": false},
            {"type": "custom", "name": "now"}, {"type": "local_shell"}]}),
        (_, 2) => json!({"include": ["reasoning.encrypted_content"], "store": false}),
        _ => json!({"instructions": "Be brief.", "max_output_tokens": 900}),
    };
    body["model"] = model.into();
    body["stream"] = streams.into();
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    (path.to_owned(), body)
}

/// Returns whether the gateway answers with an error, or ends a stream with one.
fn is_failed(answer: &Answer) -> bool {
    answer.status != 200 || answer.calls.iter().any(|call| call.error.is_some())
}

/// Checks that two answers to the same bytes are the same. An error may have a status in one of them, and be an event after a part of the answer
/// in the other.
fn assert_same(call: Call, whole: &Answer, pieces: &Answer) {
    if whole.status == pieces.status && !is_failed(whole) {
        assert_eq!(
            (String::from_utf8_lossy(&whole.body), &whole.headers, &whole.calls),
            (String::from_utf8_lossy(&pieces.body), &pieces.headers, &pieces.calls),
            "{call:?} in pieces"
        );
        return;
    }
    assert!(is_failed(whole) && is_failed(pieces), "{call:?}: whole {whole:?}, in pieces {pieces:?}");
    let error = |answer: &Answer| answer.calls[0].error.clone();
    assert_eq!(error(whole), error(pieces), "{call:?}: whole {whole:?}, in pieces {pieces:?}");
}

/// Checks the form of an answer, and that the record has an error if and only if the client has one.
fn assert_form(call: Call, answer: &Answer, service: &[u8], breaks: bool) {
    let error = answer.calls[0].error.is_some();
    assert_eq!((answer.calls[0].status, &*answer.calls[0].key), (answer.status, "alice"), "{call:?}: {answer:?}");
    if call.form == Form::Bedrock {
        match answer.status {
            200 => assert_eq!(answer.body, service, "{call:?} is passed on"),
            502 => assert_error(call.form, answer),
            _ => assert!(error, "{call:?}: {answer:?}"),
        }
        assert!(answer.status != 200 || error == breaks, "{call:?}: {answer:?}");
        return;
    }
    if answer.status != 200 {
        assert!(error, "an error without a record, {call:?}: {answer:?}");
        // The service's own error is passed on as it is.
        if !(call.passes && serde_json::from_slice(service).is_ok_and(|own: Value| own.get("error").is_some())) {
            assert_error(call.form, answer);
        }
        return;
    }
    let end = match (call.streams, call.passes) {
        (false, true) => {
            assert_eq!(answer.body, service, "{call:?} is passed on");
            End::Complete
        }
        (false, false) => {
            assert_whole(call.form, &answer.body);
            End::Complete
        }
        (true, false) => assert_stream(call.form, &answer.body),
        // These events are passed on, so their form is not checked.
        (true, true) if error => end_of(call.form, &decoded(&answer.body)),
        (true, true) => End::Complete,
    };
    // A response with the status `failed` is a complete answer.
    if !(call.form == Form::Responses && end == End::Failed) {
        assert_eq!(error, end == End::Failed, "{call:?}: {:?} is the record of {}", answer.calls, text(answer));
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// Checks that the client has received the service's events, in their order.
fn assert_passed(call: Call, answer: &Answer, sent: &HttpRequest, text: &[u8], service: &[u8], breaks: bool) {
    if answer.status != 200 || !call.streams || breaks {
        return;
    }
    let received = decoded(&answer.body);
    if call.form == Form::Messages {
        let data = |chunk: &Vec<u8>| String::from_utf8_lossy(chunk).replace('\r', "\n");
        let chunks = chunks(text);
        let Some(kinds) = chunks.iter().map(|chunk| kind(chunk)).collect::<Option<Vec<String>>>() else { return };
        let shown = chunks.iter().zip(&kinds).filter(|(_, kind)| !kind.is_empty());
        let expected: Vec<Named> = shown.map(|(chunk, kind)| (Some(kind.clone()), data(chunk).into_bytes())).collect();
        assert_prefix(call, &received, &expected, is_failed(answer));
        return;
    }
    let asks_usage = call.members == 2;
    let is_hidden = |(_, data): &Named| {
        let chunk: Value = serde_json::from_slice(data).unwrap_or_default();
        chunk["choices"] == json!([]) && !chunk["usage"].is_null()
    };
    let hides = call.form == Form::Chat && !asks_usage;
    let all = decoded(service);
    let is_last = |(_, data): &Named| {
        data == b"[DONE]"
            || serde_json::from_slice(data).is_ok_and(|event: Value| event["type"] == "response.completed")
    };
    let is_complete = all.last().is_some_and(is_last);
    // Parsers differ on repeated members, so they are not compared.
    let is_clear = |(_, data): &Named| {
        let times = |part: &str| String::from_utf8_lossy(data).matches(part).count();
        data == b"[DONE]"
            || serde_json::from_slice::<Value>(data).is_ok()
                && times("\"usage\"") < 2
                && times("\"choices\"") < 2
                && times("\\u") == 0
    };
    if hides && !all.iter().all(is_clear) {
        return;
    }
    let expected: Vec<Named> = all.into_iter().filter(|event| !hides || !is_hidden(event)).collect();
    assert_prefix(call, &received, &expected, is_failed(answer));
    let has = |word: &str| service.windows(word.len()).any(|part| part == word.as_bytes());
    let has_error = has("error") || has("failed");
    assert!(!is_failed(answer) || has_error || !is_complete, "{call:?} fails though it is complete: {answer:?}");
    assert_eq!(is_stream(&sent.body), call.streams, "{call:?}");
}

/// Returns the type of a chunk; `None` if it is not clear, as it is repeated or the chunk is not JSON.
fn kind(chunk: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(chunk).ok()?;
    let last = value.get("type").map_or("", |kind| kind.as_str().unwrap_or_default());
    let first = chunk.strip_prefix(b"{\"type\":\"").and_then(|rest| rest.split(|byte| *byte == b'"').next());
    let is_same = first.is_none_or(|first| first == last.as_bytes());
    is_same.then(|| last.to_owned())
}

fn assert_prefix(call: Call, received: &[Named], expected: &[Named], is_failed: bool) {
    let shown = |events: &[Named]| -> Vec<String> {
        events.iter().map(|(name, data)| format!("{name:?} {}", String::from_utf8_lossy(data))).collect()
    };
    if !is_failed {
        assert_eq!(shown(received), shown(expected), "{call:?} is passed on");
        return;
    }
    // The events of an error are the gateway's.
    let own = if call.form == Form::Responses { 2 } else { 1 };
    let count = received.len().saturating_sub(own);
    let start = expected.get(..count).unwrap_or_default();
    assert_eq!(shown(&received[..count]), shown(start), "{call:?} is passed on until it fails");
}

/// Returns a stream without what the gateway writes in silences.
fn without_signs_of_life(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .replace(": keep-alive\n\n", "")
        .replace("event: ping\ndata: {\"type\": \"ping\"}\n\n", "")
}
