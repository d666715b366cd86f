//! Vectors: AWS's public suite, Bedrock paths, real peers, short-term keys.

use std::collections::BTreeSet;

use aws_smithy_types::date_time::{DateTime, Format};
use bedrock_chat::sigv4::{
    AmzDate, Payload, SignableRequest, SigningKey, SigningKeyCache, SigningParams, authorization, canonical_request,
    encode_path_segment, presign, sign, string_to_sign,
};
use serde_json::Value;

use crate::hex;

/// The text under `key`, or an empty one.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn date(iso: &str) -> AmzDate {
    let date = DateTime::from_str(iso, Format::DateTime).unwrap();
    AmzDate::from_unix_seconds(date.secs().try_into().unwrap()).unwrap()
}

fn file(json: &str) -> (Value, Vec<Value>) {
    let file: Value = serde_json::from_str(json).unwrap();
    let cases = file["cases"].as_array().unwrap().clone();
    (file, cases)
}

/// Cases of the suite for services with another canonical form than Bedrock: paths that are not normalized, or
/// encoded only once (as for S3).
const NOT_FOR_BEDROCK: [&str; 7] = [
    "get-relative-relative-unnormalized",
    "get-relative-unnormalized",
    "get-slash-dot-slash-unnormalized",
    "get-slash-pointless-dot-unnormalized",
    "get-slash-unnormalized",
    "get-slashes-unnormalized",
    "get-space-normalized",
];

#[test]
fn signature_steps_match_the_public_aws_suite() {
    let (file, cases) = file(include_str!("../vectors/sigv4/aws-suite.json"));
    let mut skipped = BTreeSet::new();
    for case in &cases {
        let name = text(case, "name");
        let request = &case["request"];
        let mut headers: Vec<(&str, &str)> = request["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|header| (header[0].as_str().unwrap(), header[1].as_str().unwrap()))
            .collect();
        let mut params = SigningParams {
            access_key_id: text(&file["credentials"], "access_key_id"),
            secret_access_key: text(&file["credentials"], "secret_access_key"),
            session_token: case["session_token"].as_str(),
            region: text(case, "region"),
            service: text(case, "service"),
            date: date(text(case, "date")),
        };
        let without_hash = SignableRequest {
            method: text(request, "method"),
            path: text(request, "path"),
            query: text(request, "query"),
            headers: &headers.clone(),
            payload: Payload::Bytes(text(request, "body").as_bytes()),
        };
        if case["omit_session_token"] == true {
            // Some services require the token to be added after signing; Bedrock is not one of them.
            params.session_token = None;
        }
        let body_hash = hex(&<sha2::Sha256 as sha2::Digest>::digest(text(request, "body")));
        if case["sign_body"] == true {
            headers.push(("x-amz-content-sha256", &body_hash));
        }
        let request = SignableRequest { headers: &headers, ..without_hash };

        let canonical = canonical_request(&request, &params).unwrap();
        if canonical.as_str() != text(case, "canonical_request") {
            skipped.insert(name);
            continue;
        }
        let Some(expected) = case["string_to_sign"].as_str() else { continue };
        let to_sign = string_to_sign(&params, &canonical);
        assert_eq!(to_sign, expected, "{name}");
        let day = params.date.day();
        let key = SigningKey::derive(params.secret_access_key, day, params.region, params.service);
        let signature = key.sign(&to_sign);
        assert_eq!(hex(&signature), text(case, "signature"), "{name}");
        let signed = sign(&request, &params, &SigningKeyCache::new()).unwrap();
        assert_eq!(signed.authorization(), authorization(&params, &canonical, &signature));

        let Some(expected) = case["presigned"].as_object() else { continue };
        let expires = expected["expires_in_seconds"].as_u64().unwrap().try_into().unwrap();
        let presigned = presign(&without_hash, &params, expires, &SigningKeyCache::new()).unwrap();
        assert_eq!(presigned.canonical_request().as_str(), expected["canonical_request"], "{name}");
        assert_eq!(presigned.string_to_sign(), expected["string_to_sign"], "{name}");
        let (_, signature) = presigned.query().rsplit_once("&X-Amz-Signature=").unwrap();
        assert_eq!(signature, expected["signature"], "{name}");
    }
    assert_eq!(skipped, BTreeSet::from(NOT_FOR_BEDROCK));
    assert_eq!(cases.len(), 40);
}

#[test]
fn signature_path_of_bedrock_is_encoded_twice() {
    let (file, cases) = file(include_str!("../vectors/sigv4/bedrock.json"));
    for case in &cases {
        let name = text(case, "name");
        let request = SignableRequest {
            method: "POST",
            path: text(case, "path"),
            query: "",
            headers: &[
                ("host", file["headers"][1][1].as_str().unwrap()),
                ("content-type", file["headers"][0][1].as_str().unwrap()),
            ],
            payload: Payload::Bytes(text(case, "body").as_bytes()),
        };
        let params = SigningParams {
            access_key_id: text(&file["credentials"], "access_key_id"),
            secret_access_key: text(&file["credentials"], "secret_access_key"),
            session_token: case["session_token"].as_str(),
            region: text(&file, "region"),
            service: text(&file, "service"),
            date: date(text(&file, "date")),
        };
        let signed = sign(&request, &params, &SigningKeyCache::new()).unwrap();
        let canonical = signed.canonical_request().as_str();
        assert_eq!(canonical.lines().nth(1).unwrap(), text(case, "canonical_path"), "{name}");
        let (_, signature) = signed.authorization().rsplit_once("Signature=").unwrap();
        assert_eq!(signature, text(case, "signature"), "{name}");
    }
}

/// `CONFORMANCE_SIGV4` may name a folder of more recordings (`*.json`, one per file), which are then checked too. The
/// test prints how many matched, and a line for each that did not.
#[test]
fn signatures_match_recorded_clients() {
    let (_, mut cases) = file(include_str!("../vectors/sigv4/peers.json"));
    assert_eq!(cases.len(), 71);
    if let Some(folder) = std::env::var_os("CONFORMANCE_SIGV4") {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
            cases.push(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap());
        }
    }
    // A call with a Bedrock API key is not signed.
    cases.retain(|case| !text(&case["expected"], "authorization").starts_with("Bearer "));
    let missed: Vec<String> = cases.iter().filter_map(|case| check_peer(case).err()).collect();
    println!("signature vectors met: {} of {}", cases.len() - missed.len(), cases.len());
    for line in &missed {
        println!("missed: {line}");
    }
    assert!(missed.is_empty(), "{} vectors missed", missed.len());
}

/// Signs the recorded request of a case and returns the differences in one line.
fn check_peer(case: &Value) -> Result<(), String> {
    let name = text(case, "name");
    let (request, expected) = (&case["request"], &case["expected"]);
    let wanted = text(expected, "authorization");
    let after = expected["headers_after"].as_object().ok_or(format!("{name}: no headers_after"))?;
    let value_of = |header: &str| {
        let found = after.iter().find(|(name, _)| name.eq_ignore_ascii_case(header));
        match found {
            Some((_, value)) => Ok(value.as_str().unwrap_or_default()),
            None if header == "host" => Ok(text(request, "host")),
            None => Err(format!("{name}: no value for the signed header {header}")),
        }
    };
    let mut headers = Vec::new();
    for header in expected["signed_headers"].as_array().into_iter().flatten() {
        let header = header.as_str().unwrap_or_default();
        if !matches!(header, "x-amz-date" | "x-amz-security-token") {
            headers.push((header, value_of(header)?));
        }
    }
    let body = match request["body_repeat"].as_array() {
        Some(repeat) => repeat[0].as_str().unwrap().repeat(repeat[1].as_u64().unwrap().try_into().unwrap()),
        None => text(request, "body").to_owned(),
    };
    let query = raw_query(&request["query"]);
    let signable = SignableRequest {
        method: text(request, "method"),
        path: text(request, "path"),
        query: &query,
        headers: &headers,
        payload: Payload::Bytes(body.as_bytes()),
    };
    let params = SigningParams {
        access_key_id: text(&case["credentials"], "access_key_id"),
        secret_access_key: text(&case["credentials"], "secret_access_key"),
        session_token: case["credentials"]["session_token"].as_str(),
        region: text(case, "region"),
        service: text(case, "service"),
        date: date(text(case, "date")),
    };
    let signed = sign(&signable, &params, &SigningKeyCache::new()).map_err(|error| format!("{name}: {error}"))?;
    let steps =
        [("canonical_request", signed.canonical_request().as_str()), ("string_to_sign", signed.string_to_sign())];
    for (step, made) in steps {
        let recorded = expected[step].as_str().or_else(|| expected[format!("{step}_recomputed")].as_str());
        if recorded.is_some_and(|recorded| recorded != made) {
            return Err(format!("{name}: {step} is {made:?}, recorded {recorded:?}"));
        }
    }
    if signed.authorization() != wanted {
        return Err(format!("{name}: authorization is {}", signed.authorization()));
    }
    Ok(())
}

/// A query as it would be sent, in the order of the recording; values may be lists.
fn raw_query(parameters: &Value) -> String {
    let mut parts = Vec::new();
    for (name, value) in parameters.as_object().into_iter().flatten() {
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            single => vec![single],
        };
        for value in values {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            parts.push(format!("{}={}", encode_path_segment(name), encode_path_segment(&value)));
        }
    }
    parts.join("&")
}

#[test]
fn signature_of_a_short_term_key_matches_aws() {
    let (file, cases) = file(include_str!("../vectors/sigv4/short-term-keys.json"));
    for case in &cases {
        let params = SigningParams {
            access_key_id: text(&file["credentials"], "access_key_id"),
            secret_access_key: text(&file["credentials"], "secret_access_key"),
            session_token: case["session_token"].as_str(),
            region: text(case, "region"),
            service: "bedrock",
            date: date(text(&file, "date")),
        };
        let request = SignableRequest {
            method: "POST",
            path: "/",
            query: "Action=CallWithBearerToken",
            headers: &[("host", "bedrock.amazonaws.com")],
            payload: Payload::Bytes(b""),
        };
        let expires = case["expires_in_seconds"].as_u64().unwrap().try_into().unwrap();
        let presigned = presign(&request, &params, expires, &SigningKeyCache::new()).unwrap();

        let encoded = text(case, "token").strip_prefix("bedrock-api-key-").unwrap();
        let decoded = aws_smithy_types::base64::decode(encoded).unwrap();
        let url = String::from_utf8(decoded).unwrap();
        let query =
            url.strip_prefix("bedrock.amazonaws.com/?").and_then(|rest| rest.strip_suffix("&Version=1")).unwrap();
        // The generator writes the token last; this crate writes the parameters sorted.
        let parameters = |query: &str| -> BTreeSet<String> { query.split('&').map(str::to_owned).collect() };
        assert_eq!(parameters(presigned.query()), parameters(query), "{}", text(case, "name"));
    }
}
