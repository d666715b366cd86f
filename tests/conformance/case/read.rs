//! Reads recorded calls, from a folder or in the project's own form.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Auth, Operation, Peer, PeerRequest, Response, Scenario, Unsupported};
use crate::suite::facts::message_of_events;
use crate::suite::{sse, wire};

fn strings(value: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_object().into_iter().flatten().map(|(key, value)| (key.to_ascii_lowercase(), text(value))).collect()
}

fn response(value: &Value) -> Option<Response> {
    let status = u16::try_from(value.get("status")?.as_u64()?).unwrap();
    let mut headers = strings(&value["headers"]);
    if let Some(kind) = value["content_type"].as_str() {
        headers.insert("content-type".into(), kind.into());
    }
    let body = if let Some(json) = value.get("body") {
        json.to_string().into_bytes()
    } else if let Some(text) = value["body_text"].as_str() {
        text.as_bytes().to_vec()
    } else {
        base64(value["body_base64"].as_str().unwrap_or_default())
    };
    Some(Response { status, headers, body })
}

/// Standard base64.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    aws_smithy_types::base64::decode(text).unwrap()
}

fn auth(value: &Value) -> Option<Auth> {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    Some(match value["scheme"].as_str()? {
        "bearer" => Auth::Bearer,
        _ => Auth::Signature { service: text("service")?, region: text("region")? },
    })
}

/// The recorded behavior of a client, with the answer that it received.
fn peer(tag: &str, value: &Value, answer: Option<&Response>) -> Peer {
    let present = |key: &str| value.get(key).filter(|value| !value.is_null()).cloned();
    let request = present("request").map(|request| PeerRequest {
        host: request["host"].as_str().map(str::to_owned),
        auth: auth(&request["auth"]),
        path: request["path"].as_str().unwrap().to_owned(),
        headers: strings(&request["headers"]),
        body: request["body"].clone(),
    });
    // Only the final message of a stream is compared. Two clients have only the events.
    let of_events = || {
        let chunks = present("parsed_chunks")?;
        match tag {
            "anthsdk" => Some(message_of_events(&chunks)),
            "litellm" => chunks.as_array()?.last()?.get("response").cloned(),
            _ => None,
        }
    };
    let parsed = present("parsed").or_else(of_events).map(|mut parsed| {
        add_rest(&mut parsed, answer);
        parsed
    });
    Peer {
        tag: tag.to_owned(),
        request,
        attempts: value["attempts"].as_u64().unwrap_or(0),
        parsed,
        error: present("error"),
    }
}

/// Adds the members of a message that the recording left out because they equal those of the answer.
fn add_rest(parsed: &mut Value, answer: Option<&Response>) {
    let Some(members) = parsed.as_object_mut().filter(|members| members.contains_key("$rest")) else { return };
    members.remove("$rest");
    let Some(answer) = answer else { return };
    let last = || Some(sse::events(&answer.body).into_iter().rev().find_map(|event| event.json)?["response"].clone());
    let whole = if answer.is_sse() { last() } else { answer.json() };
    for (key, value) in whole.as_ref().and_then(Value::as_object).into_iter().flatten() {
        members.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// The scenario of a recorded call; `None` if its operation is not supported.
fn scenario(value: &Value) -> Option<Scenario> {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let sequence = value["response_sequence"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut answers: Vec<Response> = sequence.iter().filter_map(response).collect();
    let last = answers.iter().position(|answer| !wire::is_sent_again(answer)).unwrap_or(answers.len());
    let response = answers.drain(last..).next().or_else(|| response(&value["response"]));
    Some(Scenario {
        name: text("scenario"),
        provider: text("provider"),
        operation: Operation::parse(&text("api"))?,
        at_mantle: value["endpoint"] == "mantle",
        model: text("model"),
        region: text("region"),
        options: value["options"].as_object().cloned().unwrap_or_default(),
        messages: value["messages"].as_array().cloned().unwrap_or_default(),
        earlier: answers,
        response,
        peers: Vec::new(),
    })
}

/// Expands long text, which is kept as the text that it repeats.
fn expanded(value: Value) -> Value {
    match value {
        Value::Object(object) => match object.get("$repeat").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(text), times, Value::String(rest)]) => {
                let times = usize::try_from(times.as_u64().unwrap()).unwrap();
                Value::String(text.repeat(times) + rest)
            }
            _ => Value::Object(object.into_iter().map(|(key, value)| (key, expanded(value))).collect()),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(expanded).collect()),
        other => other,
    }
}

/// Reads the project's own recordings: one scenario per line, with all its clients.
pub(crate) fn compact(lines: &str) -> Vec<Scenario> {
    let of_line = |line: &str| {
        let value = expanded(serde_json::from_str(line).unwrap());
        let mut scenario = scenario(&value).unwrap();
        let peers = value["peers"].as_object().unwrap();
        scenario.peers = peers.iter().map(|(tag, value)| peer(tag, value, scenario.response.as_ref())).collect();
        scenario
    };
    lines.lines().map(of_line).collect()
}

/// A folder of files, one for each call of each client. The calls of one scenario are combined.
pub(crate) fn folder(path: &Path) -> (Vec<Scenario>, Vec<Unsupported>) {
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty(), "no recorded calls in {}", path.display());
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut unsupported = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = value["name"].as_str().unwrap();
        let Some(fresh) = scenario(&value) else {
            let operation = value["api"].as_str().unwrap_or_default().to_owned();
            unsupported.push(Unsupported { name: name.to_owned(), operation });
            continue;
        };
        let tag = name.split("--").next().unwrap().to_owned();
        let peer = peer(&tag, &value, fresh.response.as_ref());
        match scenarios.iter_mut().find(|known| known.is_same(&fresh)) {
            Some(known) => {
                if known.response.is_none() {
                    (known.earlier, known.response) = (fresh.earlier, fresh.response);
                }
                known.peers.push(peer);
            }
            None => scenarios.push(Scenario { peers: vec![peer], ..fresh }),
        }
    }
    (scenarios, unsupported)
}
