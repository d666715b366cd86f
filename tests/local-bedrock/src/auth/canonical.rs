//! The canonical request in plain text, as AWS prints it in an `InvalidSignatureException`.
//!
//! These strings are only for the readers of the error; the verdict is from `aws-sigv4`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Wire;

pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The canonical request over the wire path and the headers named in `signed`.
pub(super) fn request(wire: &Wire<'_>, signed: &[String]) -> String {
    let mut headers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in wire.headers {
        if signed.contains(name) {
            let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
            headers.entry(name).or_default().push(words.join(" "));
        }
    }
    let header_lines: String = headers.iter().map(|(name, values)| format!("{name}:{}\n", values.join(","))).collect();
    format!(
        "{}\n{}\n{}\n{header_lines}\n{}\n{}",
        wire.method,
        path(wire.path),
        query(wire.query.unwrap_or_default()),
        signed.join(";"),
        hex_sha256(wire.body),
    )
}

/// The string to sign for a canonical request.
pub(super) fn string_to_sign(canonical_request: &str, date: &str, scope: &str) -> String {
    format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex_sha256(canonical_request.as_bytes()))
}

/// Dot segments and doubled slashes are resolved, then everything is encoded again.
fn path(wire_path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in wire_path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let mut out: String = kept.iter().map(|segment| format!("/{}", encode(segment))).collect();
    if out.is_empty() || (wire_path.ends_with('/') && !kept.is_empty()) {
        out.push('/');
    }
    out
}

fn query(raw: &str) -> String {
    let mut pairs: Vec<(String, String)> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |part: &str| crate::route::percent_decode(&part.replace('+', " "));
            (encode(&decode(key)), encode(&decode(value)))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
