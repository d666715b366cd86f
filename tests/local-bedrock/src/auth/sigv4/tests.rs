use super::*;
use crate::identity::Issued;

const KEY: &str = "AKIDEXAMPLE";
const CLAUDE: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
const CLAUDE_RAW: &str = "/model/anthropic.claude-3-haiku-20240307-v1:0/converse";
const PROFILE: &str =
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123xyz/converse";
const PROFILE_STREAM: &str =
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse-stream";

struct Vector {
    path: &'static str,
    token: Option<&'static str>,
    body: &'static str,
    signature: &'static str,
}

/// Vectors made by botocore, @smithy/signature-v4 and aws4fetch from the same requests.
const VECTORS: [Vector; 6] = [
    Vector {
        path: CLAUDE,
        token: None,
        body: r#"{"messages":[]}"#,
        signature: "292dc7eaf9ecb5f4bbb7b3f80b47c53195739c9a90cd041efb262eb9198417b8",
    },
    Vector {
        path: CLAUDE,
        token: Some("TOKEN+/="),
        body: r#"{"messages":[]}"#,
        signature: "d31efe75e6fb587d1223041bf96e92a9831480e17a6cafb73874ade28be18113",
    },
    Vector {
        path: PROFILE,
        token: None,
        body: r#"{"messages":[]}"#,
        signature: "bcf97f253842f98fc2eb5ba935858c3840f8fbb431b5acab8a9a14f28a06f170",
    },
    Vector {
        path: CLAUDE,
        token: Some("TOKEN"),
        body: r#"{"a":1}"#,
        signature: "88bca59c34eab721e56438f0645f50d9bcfd0bf7461e060b09d0e0d894df4190",
    },
    Vector {
        path: CLAUDE_RAW,
        token: Some("TOKEN"),
        body: r#"{"a":1}"#,
        signature: "c72d91888393b8321a291d180c54a8dfa311e4cbf80e5425b5f34a2b21169888",
    },
    Vector {
        path: PROFILE_STREAM,
        token: Some("TOKEN"),
        body: r#"{"a":1}"#,
        signature: "16803c1058c4925f8446c6ae300d05ff6fbb675b23542e9d609714b998026ea3",
    },
];

fn rules(token: Option<&str>) -> Rules {
    let token = token.map_or(TokenRule::None, |t| TokenRule::Required(t.to_owned()));
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned();
    Rules {
        keys: vec![KnownKey { id: KEY.to_owned(), secret, token }],
        bearer_keys: Vec::new(),
        region: Some("us-east-1".to_owned()),
        service: "bedrock".to_owned(),
        verify: true,
        issued: Issued::default(),
    }
}

fn clock() -> Clock {
    Clock::new(Some(clock::system_time(clock::parse_amz_date("20250102T030405Z").unwrap())), 0)
}

fn headers(vector: &Vector) -> Vec<(String, String)> {
    let mut names = vec!["content-type", "host", "x-amz-date"];
    let mut headers = vec![
        ("host".to_owned(), "bedrock-runtime.us-east-1.amazonaws.com".to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
        ("user-agent".to_owned(), "unsigned".to_owned()),
        ("x-amz-date".to_owned(), "20250102T030405Z".to_owned()),
    ];
    if let Some(token) = vector.token {
        headers.push(("x-amz-security-token".to_owned(), token.to_owned()));
        names.push("x-amz-security-token");
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={KEY}/20250102/us-east-1/bedrock/aws4_request, SignedHeaders={}, Signature={}",
        names.join(";"),
        vector.signature
    );
    headers.push(("authorization".to_owned(), authorization));
    headers
}

fn judge(vector: &Vector, headers: &[(String, String)], rules: &Rules) -> Result<Verdict, Problem> {
    let wire = Wire { method: "POST", path: vector.path, query: None, headers, body: vector.body.as_bytes() };
    super::super::check(&wire, rules, &rules.service, &clock())
}

#[test]
fn signatures_of_other_signers_are_accepted() {
    for vector in &VECTORS {
        let verdict = judge(vector, &headers(vector), &rules(vector.token));
        assert!(matches!(verdict, Ok(Verdict::Signed { .. })), "{}: {verdict:?}", vector.path);
    }
}

#[test]
fn signature_error_has_the_canonical_string() {
    for vector in &VECTORS {
        let headers = headers(vector);
        let wire =
            Wire { method: "POST", path: vector.path, query: None, headers: &headers, body: vector.body.as_bytes() };
        let authorization = parse(wire.header("authorization").unwrap()).unwrap();
        let request = canonical::request(&wire, &authorization.signed_headers);
        let text = canonical::string_to_sign(&request, "20250102T030405Z", "20250102/us-east-1/bedrock/aws4_request");
        let secret = &rules(None).keys[0].secret;
        let day = clock::system_time(clock::parse_amz_date("20250102T030405Z").unwrap());
        let key = v4::generate_signing_key(secret, day, "us-east-1", "bedrock");
        assert_eq!(v4::calculate_signature(key, text.as_bytes()), vector.signature);
    }
}

#[test]
fn signature_is_invalid_after_one_changed_body_byte() {
    let vector = Vector { body: r#"{"messages":[ ]}"#, ..VECTORS[0] };
    let problem = judge(&vector, &headers(&vector), &rules(None)).unwrap_err();
    assert_eq!((problem.status, problem.error_type.as_str()), (403, "InvalidSignatureException"));
    assert!(
        problem.message.contains("v1%253A0/converse\n\ncontent-type:application/json\nhost:"),
        "{}",
        problem.message
    );
}

#[test]
fn session_token_missing_or_wrong_is_refused() {
    let vector = &VECTORS[1];
    for token in ["other", "TOKEN"] {
        let problem = judge(vector, &headers(vector), &rules(Some(token))).unwrap_err();
        assert_eq!(problem.error_type, "UnrecognizedClientException");
    }
    let problem = judge(&VECTORS[0], &headers(&VECTORS[0]), &rules(Some("TOKEN"))).unwrap_err();
    assert_eq!(problem.error_type, "UnrecognizedClientException");
}

#[test]
fn signature_must_cover_every_amz_header() {
    let vector = &VECTORS[0];
    let mut headers = headers(vector);
    headers.push(("x-amzn-bedrock-guardrailidentifier".into(), "g".into()));
    let problem = judge(vector, &headers, &rules(None)).unwrap_err();
    assert!(
        problem.message.contains("'x-amzn-bedrock-guardrailidentifier' must be a 'SignedHeader'"),
        "{}",
        problem.message
    );
}

#[test]
fn signature_error_names_the_missing_part_of_the_header() {
    let vector = &VECTORS[0];
    for (value, part) in [
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
            "requires 'Signature' parameter. Authorization header requires 'SignedHeaders'",
        ),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", "exactly 5 slash-delimited elements"),
        ("Basic abc", "Unsupported AWS 'algorithm': 'Basic'"),
        ("AWS4-HMAC-SHA256 nonsense", "missing equal-sign"),
    ] {
        let mut headers = headers(vector);
        headers.last_mut().unwrap().1 = value.to_owned();
        let problem = judge(vector, &headers, &rules(None)).unwrap_err();
        assert_eq!(problem.error_type, "IncompleteSignatureException");
        assert!(problem.message.contains(part), "{}", problem.message);
    }
}

/// Returns the requests of seven clients from the crate's own vectors.
fn peers() -> Vec<serde_json::Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/sigv4/peers.json");
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn text<'a>(value: &'a serde_json::Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default()
}

#[test]
fn signatures_of_seven_real_clients_are_accepted() {
    let cases = peers();
    assert!(cases.len() > 40);
    for case in &cases {
        let name = text(case, "/name");
        let date = text(case, "/date").replace(['-', ':'], "");
        let mut headers: Vec<(String, String)> = case["expected"]["headers_after"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        headers.push(("x-amz-date".into(), date.clone()));
        headers.push(("authorization".into(), text(case, "/expected/authorization").to_owned()));
        let token = case.pointer("/credentials/session_token").and_then(serde_json::Value::as_str);
        headers.extend(token.map(|token| ("x-amz-security-token".to_owned(), token.to_owned())));
        let body = match case["request"]["body_repeat"].as_array() {
            Some(parts) => parts[0].as_str().unwrap().repeat(usize::try_from(parts[1].as_u64().unwrap()).unwrap()),
            None => text(case, "/request/body").to_owned(),
        };
        let query = case["request"]["query"].as_object().map(|query| {
            let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
            let pairs = query.iter().flat_map(|(name, value)| match value {
                serde_json::Value::Array(values) => values.iter().map(|value| (name, value.clone())).collect(),
                single => vec![(name, single.clone())],
            });
            // The query is encoded in an unusual way: only the canonical form matters.
            let pairs: Vec<String> =
                pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value.as_str().unwrap()))).collect();
            pairs.join("&")
        });
        let wire = Wire {
            method: text(case, "/request/method"),
            path: text(case, "/request/path"),
            query: query.as_deref(),
            headers: &headers,
            body: body.as_bytes(),
        };
        let rules = Rules {
            keys: vec![KnownKey {
                id: text(case, "/credentials/access_key_id").to_owned(),
                secret: text(case, "/credentials/secret_access_key").to_owned(),
                token: token.map_or(TokenRule::None, |token| TokenRule::Required(token.to_owned())),
            }],
            bearer_keys: Vec::new(),
            region: Some(text(case, "/region").to_owned()),
            service: text(case, "/service").to_owned(),
            verify: true,
            issued: Issued::default(),
        };
        let clock = Clock::new(Some(clock::system_time(clock::parse_amz_date(&date).unwrap())), 0);
        let verdict = super::super::check(&wire, &rules, &rules.service, &clock);
        assert!(matches!(verdict, Ok(Verdict::Signed { .. })), "{name}: {verdict:?}");
        let authorization = parse(text(case, "/expected/authorization")).unwrap();
        assert_eq!(string_to_sign(&wire, &authorization, &date).1, text(case, "/expected/string_to_sign"), "{name}");
    }
}
