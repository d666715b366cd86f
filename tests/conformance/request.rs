//! Requests in a comparable form. Only differences that the normalization removes are accepted.

use std::collections::BTreeMap;

use bedrock_chat::HttpRequest;
use serde_json::{Map, Value, json};

use super::case::{Auth, Peer, PeerRequest, Scenario};
use super::normal;

/// A request in a comparable form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// Recorded for the APIs whose streams are server-sent events.
    pub(crate) host: Option<String>,
    /// `None` if it is not known, or if the client has no choice.
    pub(crate) auth: Option<Auth>,
    /// The path, percent-decoded once.
    pub(crate) path: String,
    /// Bedrock's own headers, and the session token.
    pub(crate) headers: BTreeMap<String, Value>,
    pub(crate) body: Value,
}

/// The outcome of a question: the client sent a request, or refused it before sending.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent {
    Request(Request),
    Refused(String),
    /// The client answered another question, for this reason. It is not evidence.
    Unrelated(String),
}

impl Sent {
    /// Returns the outcome of a client, in a comparable form.
    pub(crate) fn of_peer(scenario: &Scenario, peer: &Peer) -> Self {
        let message = |error: &Value| error["message"].as_str().map(str::to_owned);
        match &peer.request {
            Some(request) => Self::Request(of_peer(scenario, &peer.tag, request)),
            None => Self::Refused(peer.error.as_ref().and_then(message).unwrap_or_else(|| "unknown reason".into())),
        }
    }
}

fn of_peer(scenario: &Scenario, tag: &str, request: &PeerRequest) -> Request {
    let mut headers: BTreeMap<String, Value> =
        request.headers.iter().filter_map(|(name, value)| comparable_header(name, value)).collect();
    let mut body = request.body.clone();
    drop_defaults(scenario, &mut body, &PEERS_MAX_TOKENS, true);
    if !scenario.asks_for("anthropic_version", &["anthropic_version"]) {
        // Anthropic's SDKs send their own version by default. Bedrock documents the two below.
        if matches!(tag, "anthsdk" | "pyanthbr") {
            body["anthropic_version"] = json!("bedrock-2023-05-31");
        }
        if let Some(version) = headers.get_mut("anthropic-version") {
            *version = json!("2023-06-01");
        }
    }
    // LangChain's class accepts only API keys.
    let has_choice = tag != "pyoai" || scenario.option("auth").is_some();
    Request {
        host: request.host.clone(),
        auth: request.auth.clone().filter(|_| has_choice),
        path: decoded(&request.path),
        headers,
        body: comparable_body(scenario, body),
    }
}

fn comparable_body(scenario: &Scenario, body: Value) -> Value {
    let mut body = if scenario.operation.is_sse_api() { normal::body(scenario, body) } else { normalized(body) };
    forget_made_up_names(scenario, &mut body);
    body
}

/// This crate's request, in a comparable form.
///
/// # Errors
/// The faults of the request that do not depend on the clients.
pub(crate) fn of_ours(scenario: &Scenario, sent: &[HttpRequest]) -> Result<Request, String> {
    let request = sent.first().ok_or("nothing was sent")?;
    if sent.iter().any(|again| again.body != request.body || again.url != request.url) {
        return Err("an attempt differs from the one before".into());
    }
    let url = request.url.strip_prefix("https://").ok_or("not sent over https")?;
    let (host, path) = url.split_at(url.find('/').ok_or("no path")?);
    if request.method.as_str() != "POST" {
        return Err(format!("sent as {}", request.method));
    }
    let header = |name: &str| request.headers.get(name);
    if header("content-type") != Some("application/json") {
        return Err(format!("the header content-type is {:?}", header("content-type")));
    }
    let auth = header("authorization").and_then(auth).ok_or("not authenticated")?;
    let is_sse_api = scenario.operation.is_sse_api();
    if !is_sse_api {
        check_older(scenario, host, path, &auth)?;
        let accepts = header("accept").or(header("x-amzn-bedrock-accept"));
        if !scenario.operation.is_converse() && accepts != Some("application/json") {
            return Err(format!("the accepted type is {accepts:?}"));
        }
    }
    let headers = request.headers.iter().filter_map(|(name, value)| comparable_header(name, value)).collect();
    let mut body: Value = serde_json::from_slice(&request.body).map_err(|error| format!("not JSON: {error}"))?;
    drop_defaults(scenario, &mut body, &[4096], false);
    normal::drop_own_defaults(scenario, &mut body);
    Ok(Request {
        host: is_sse_api.then(|| host.to_owned()),
        auth: is_sse_api.then_some(auth),
        path: decoded(path),
        headers,
        body: comparable_body(scenario, body),
    })
}

/// Checks the parts that the older recordings do not have.
fn check_older(scenario: &Scenario, host: &str, path: &str, auth: &Auth) -> Result<(), String> {
    let signed = Auth::Signature { service: "bedrock".into(), region: scenario.region.clone() };
    if *auth != signed && !scenario.model.starts_with("arn:") {
        return Err(format!("authenticated with {auth:?}"));
    }
    if !host.starts_with("bedrock-runtime.") || !host.ends_with(".amazonaws.com") {
        return Err(format!("sent to {host}"));
    }
    // The model id is one path segment.
    if path.split('/').count() != 4 || !path.starts_with("/model/") || path.contains([':', '?', '#']) {
        return Err(format!("the path {path} is not /model/ID/OPERATION with ID as one segment"));
    }
    Ok(())
}

/// Returns how a request with this header is authenticated.
fn auth(authorization: &str) -> Option<Auth> {
    if authorization.starts_with("Bearer ") {
        return Some(Auth::Bearer);
    }
    let credential = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=")?.split(',').next()?;
    let mut parts = credential.split('/').skip(2);
    let (region, service) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    Some(Auth::Signature { service, region })
}

/// Returns Bedrock's own headers. The header for the accepted type has two names and does not change the
/// answer.
fn comparable_header(name: &str, value: &str) -> Option<(String, Value)> {
    let value = match name {
        "x-amzn-bedrock-accept" => return None,
        "x-amz-security-token" => json!("<present>"),
        "x-amzn-bedrock-request-metadata" => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        name if ["x-amzn-bedrock-", "anthropic-"].iter().any(|start| name.starts_with(start)) => json!(value),
        "openai-project" => json!(value),
        _ => return None,
    };
    Some((name.to_owned(), value))
}

pub(crate) fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = (bytes[at] == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

const PEERS_MAX_TOKENS: [u64; 3] = [1024, 50, 4096];
const MAX_TOKENS: &[&str] = &["max_tokens", "max_tokens_to_sample", "max_gen_len", "maxTokens", "maxTokenCount"];

/// Drops defaults that the caller did not set: the token limit; for clients, also temperature 0, the tool choice
/// `auto`, and empty objects and lists.
fn drop_defaults(scenario: &Scenario, body: &mut Value, max_tokens: &[u64], peers: bool) {
    let Value::Object(body) = body else { return };
    let holders = ["inferenceConfig", "textGenerationConfig"];
    let asks_for_tokens = scenario.asks_for("max_tokens", MAX_TOKENS);
    let asks_for_temperature = scenario.asks_for("temperature", &["temperature"]);
    let drop = |object: &mut Map<String, Value>| {
        object.retain(|key, value| {
            let is_default_limit = MAX_TOKENS.contains(&key.as_str())
                && !asks_for_tokens
                && value.as_u64().is_some_and(|limit| max_tokens.contains(&limit));
            let is_default_temperature =
                peers && key == "temperature" && !asks_for_temperature && value.as_f64() == Some(0.0);
            !is_default_limit && !is_default_temperature
        });
    };
    drop(body);
    for holder in holders {
        if let Some(Value::Object(inner)) = body.get_mut(holder) {
            drop(inner);
        }
    }
    if peers {
        let empty = |value: &Value| [json!(""), json!([]), json!({})].contains(value);
        let defaults = ["system", "inferenceConfig", "textGenerationConfig"];
        body.retain(|key, value| !(defaults.contains(&key.as_str()) && empty(value)));
        if let Some(Value::Object(config)) =
            body.get_mut("toolConfig").filter(|_| scenario.option("tool_choice").is_none())
        {
            config.retain(|key, choice| key != "toolChoice" || *choice != json!({"auto": {}}));
        }
        if scenario.option("additional_model_response_field_paths").is_none() {
            body.remove("additionalModelResponseFieldPaths");
        }
    }
}

/// Normalizes a body: plain text content becomes a list of one text block, and numbers are compared by value.
pub(crate) fn normalized(value: Value) -> Value {
    normalize(value, true)
}

/// Arguments and schemas of tools belong to the caller: text in them is unchanged.
const VERBATIM: &[&str] = &["input", "input_schema", "inputSchema", "parameters", "json"];

fn normalize(value: Value, ours: bool) -> Value {
    match value {
        Value::Object(object) => {
            let entries = object.into_iter().map(|(key, value)| match value {
                Value::String(text) if ours && (key == "content" || key == "system") => {
                    (key, json!([text_block(&text)]))
                }
                // Chat completions write arguments as JSON in a string.
                Value::String(text) if ours && key == "arguments" => {
                    let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
                    (key, normalize(json, false))
                }
                value => {
                    let ours = ours && !VERBATIM.contains(&key.as_str());
                    (key, normalize(value, ours))
                }
            });
            Value::Object(entries.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| normalize(item, ours)).collect()),
        Value::Number(number) => number.as_f64().map_or(Value::Number(number), |float| json!(float)),
        other => other,
    }
}

/// The name of a document for which the caller did not set one.
pub(crate) const NAMELESS: &str = "<made up>";

/// Converse requires a name for every document. If the question does not have one, each client makes up its own.
fn forget_made_up_names(scenario: &Scenario, body: &mut Value) {
    fn walk(value: &mut Value, given: &str) {
        if let Some(name) = value["document"]["name"].as_str().filter(|name| !given.contains(&json!(name).to_string()))
        {
            assert!(!name.trim().is_empty(), "a document has a blank name");
            value["document"]["name"] = json!(NAMELESS);
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, given)),
            Value::Object(members) => members.values_mut().for_each(|member| walk(member, given)),
            _ => {}
        }
    }
    let given = json!(scenario.messages).to_string();
    if let (true, Some(messages)) = (scenario.operation.is_converse(), body.get_mut("messages")) {
        walk(messages, &given);
    }
}

/// A text block of the InvokeModel formats.
pub(crate) fn text_block(text: &str) -> Value {
    json!({"type": "text", "text": text})
}
