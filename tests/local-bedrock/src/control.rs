//! `/_local/...`: faults and recorded requests over HTTP, for clients that are not in Rust.

use base64::Engine as _;
use serde::de::Error as _;
use serde_json::{Value, json};

use crate::delivery::Reply;
use crate::faults::Fault;
use crate::problem::Problem;
use crate::state::State;

pub(crate) fn answer(method: &str, path: &str, body: &[u8], state: &State) -> Reply {
    match (method, path) {
        ("GET", "health") => Reply::json(&json!({ "status": "ok" })),
        ("GET", "requests") => Reply::json(&state.log.json_since(0)),
        ("GET", "connections") => Reply::json(&json!({ "open": state.connections.count() })),
        ("DELETE", "requests") => {
            state.log.clear();
            Reply::json(&json!({ "cleared": "requests" }))
        }
        ("DELETE", "faults") => {
            state.faults.clear();
            Reply::json(&json!({ "cleared": "faults" }))
        }
        ("POST", "identity") => match serde_json::from_slice(body) {
            Ok(identity) => {
                state.identity.set(identity);
                Reply::json(&json!({ "set": "identity" }))
            }
            Err(error) => Problem::validation(format!("not settings of the identity services: {error}")).into_reply(),
        },
        ("DELETE", "") => {
            state.clear();
            Reply::json(&json!({ "cleared": "everything" }))
        }
        ("POST", "faults") => match read_faults(body) {
            Ok(faults) => {
                for fault in faults {
                    state.faults.push(fault);
                }
                Reply::json(&json!({ "pending": state.faults.pending() }))
            }
            Err(error) => Problem::validation(format!("not a fault or a list of faults: {error}")).into_reply(),
        },
        _ => Problem::new(404, "ResourceNotFoundException", format!(
            "{method} /_local/{path} does not exist; there are GET health, GET connections, GET and DELETE requests, POST and DELETE faults, POST identity, DELETE (everything)"
        ))
        .into_reply(),
    }
}

/// Returns the reply to a CORS preflight request, which a browser sends before a signed request to another origin.
pub(crate) fn preflight() -> Reply {
    let mut reply = Reply::json(&json!({}));
    reply.set_header("access-control-allow-methods", "GET, POST, DELETE");
    // `authorization` must be listed: `*` does not include it.
    reply.set_header("access-control-allow-headers", "*, authorization");
    reply
}

fn read_faults(body: &[u8]) -> serde_json::Result<Vec<Fault>> {
    let value: Value = serde_json::from_slice(body)?;
    let faults: Vec<Fault> = match value {
        Value::Array(_) => serde_json::from_value(value)?,
        single => vec![serde_json::from_value(single)?],
    };
    faults.iter().try_for_each(check)?;
    Ok(faults)
}

/// Refuses a fault that no server can carry out: a client would see a broken connection instead.
fn check(fault: &Fault) -> serde_json::Result<()> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_text = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
    if let Some(status) = fault.status.filter(|status| !(200..600).contains(status)) {
        return Err(serde_json::Error::custom(format!("`status` is {status}; use 200 to 599")));
    }
    for (name, value) in &fault.headers {
        if name.is_empty() || !name.bytes().all(is_token) || !value.bytes().all(is_text) {
            return Err(serde_json::Error::custom(format!(
                "`headers` has no valid name or value: {name:?}: {value:?}"
            )));
        }
    }
    if let Some(text) = &fault.body_base64 {
        let decoded = base64::engine::general_purpose::STANDARD.decode(text);
        decoded.map_err(|error| serde_json::Error::custom(format!("`body_base64` is not base64: {error}")))?;
    }
    Ok(())
}
