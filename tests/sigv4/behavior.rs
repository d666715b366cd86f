//! Guarantees of the signer that the vectors do not cover.

use bedrock_chat::ErrorKind;
use bedrock_chat::sigv4::{
    AmzDate, Payload, SignableRequest, SigningKey, SigningKeyCache, SigningParams, canonical_request, encode_model_id,
    encode_path_segment, presign, sign,
};

use crate::{SECRET, params};

const HOST: (&str, &str) = ("host", "bedrock-runtime.us-east-1.amazonaws.com");

fn request<'a>(path: &'a str, query: &'a str, headers: &'a [(&'a str, &'a str)]) -> SignableRequest<'a> {
    SignableRequest { method: "POST", path, query, headers, payload: Payload::Bytes(b"{}") }
}

fn canonical_line(request: &SignableRequest<'_>, line: usize) -> String {
    let canonical = canonical_request(request, &params(None)).unwrap();
    canonical.as_str().lines().nth(line).unwrap().to_owned()
}

fn canonical_path(path: &str) -> String {
    canonical_line(&request(path, "", &[HOST]), 1)
}

fn canonical_query(query: &str) -> String {
    canonical_line(&request("/", query, &[HOST]), 2)
}

/// Returns the message of the error from signing.
fn refused(request: &SignableRequest<'_>, params: &SigningParams<'_>) -> String {
    let error = sign(request, params, &SigningKeyCache::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

#[test]
fn signature_path_encodes_a_model_id_colon_twice() {
    let segment = encode_path_segment("anthropic.claude-3-haiku-20240307-v1:0");
    assert_eq!(segment, "anthropic.claude-3-haiku-20240307-v1%3A0");
    let path = format!("/model/{segment}/converse");
    assert_eq!(canonical_path(&path), "/model/anthropic.claude-3-haiku-20240307-v1%253A0/converse");
}

#[test]
fn signature_path_has_an_arn_as_one_segment() {
    let plain = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123xyz";
    let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123xyz";
    assert_eq!(encode_model_id(plain), encoded);
    assert_eq!(encode_model_id(encoded), encoded);
}

#[test]
fn signature_path_has_upper_case_escapes() {
    assert_eq!(encode_model_id("v1%3a0"), "v1%3A0");
}

#[test]
fn signature_path_of_a_partly_encoded_id_is_encoded_once() {
    assert_eq!(encode_model_id("a:b%2Fc"), "a%3Ab%2Fc", "people encode the slash alone");
    assert_eq!(encode_model_id("v1%253A0"), "v1%253A0", "one layer is taken off and put on");
    assert_eq!(encode_model_id("100%"), "100%25", "no hex digits follow");
    assert_eq!(encode_model_id("é%ff"), "%C3%A9%25ff", "no text comes of it");
    assert_eq!(encode_model_id(""), "");
}

#[test]
fn signature_path_resolves_dot_and_empty_segments() {
    for (wire, canonical) in [
        ("", "/"),
        ("/", "/"),
        ("model", "/model"),
        ("//", "/"),
        ("/.", "/"),
        ("/..", "/"),
        ("/../../a", "/a"),
        ("/a/./b", "/a/b"),
        ("/a//b", "/a/b"),
        ("/a/b/..", "/a/"),
        ("/a/b/../c/", "/a/c/"),
        ("/a/.", "/a/"),
        ("/a/...", "/a/..."),
        ("/a/%2E%2E/b", "/a/%252E%252E/b"),
        ("//example//", "/example/"),
    ] {
        assert_eq!(canonical_path(wire), canonical, "{wire}");
    }
}

#[test]
fn signature_query_is_encoded_strictly_and_sorted() {
    for (wire, canonical) in [
        ("", ""),
        ("b=2&a=1", "a=1&b=2"),
        ("a", "a="),
        ("a=", "a="),
        ("=x", "=x"),
        ("&&a=1&", "a=1"),
        ("a=2&a=1", "a=1&a=2"),
        ("a=b=c", "a=b%3Dc"),
        ("a=x+y", "a=x%20y"),
        ("a=%7e%2f", "a=~%2F"),
        ("a=100%", "a=100%25"),
        ("a=%zz", "a=%25zz"),
        ("é=ü", "%C3%A9=%C3%BC"),
        ("a=%FF", "a=%FF"),
    ] {
        assert_eq!(canonical_query(wire), canonical, "{wire}");
    }
}

#[test]
fn signature_headers_are_trimmed_sorted_and_joined() {
    let headers = [("X-Amzn-B", " two   words "), HOST, ("x-amzn-a", "2"), ("Accept", "\t*/*"), ("X-AMZN-A", "1")];
    let canonical = canonical_request(&request("/", "", &headers), &params(None)).unwrap();
    let lines: Vec<&str> = canonical.as_str().lines().collect();
    assert_eq!(
        lines[3..],
        [
            "accept:*/*",
            "host:bedrock-runtime.us-east-1.amazonaws.com",
            "x-amz-date:20250102T030405Z",
            "x-amzn-a:2,1",
            "x-amzn-b:two words",
            "",
            "accept;host;x-amz-date;x-amzn-a;x-amzn-b",
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        ]
    );
    assert_eq!(canonical.signed_headers(), "accept;host;x-amz-date;x-amzn-a;x-amzn-b");
}

#[test]
fn signature_supports_a_hundred_headers_and_no_more() {
    let names: Vec<String> = (0..99).map(|number| format!("x-{}", number * 37 % 98)).collect();
    let mut headers = vec![HOST];
    headers.extend(names.iter().take(98).map(|name| (name.as_str(), "v")));
    let canonical = canonical_request(&request("/", "", &headers), &params(None)).unwrap();
    let signed: Vec<&str> = canonical.signed_headers().split(';').collect();
    assert_eq!(signed.len(), 100);
    assert!(signed.is_sorted());
    headers.push(("x-more", "v"));
    assert!(refused(&request("/", "", &headers), &params(None)).contains("too many headers to sign: 101"));
}

#[test]
fn signature_covers_the_session_token_unless_empty() {
    let keys = SigningKeyCache::new();
    let plain = request("/", "", &[HOST]);
    let signed = sign(&plain, &params(Some("TOKEN+/=")), &keys).unwrap();
    assert!(signed.authorization().contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
    let headers: Vec<_> = signed.headers().collect();
    assert_eq!(headers[0], ("x-amz-date", "20250102T030405Z"));
    assert_eq!(headers[1], ("authorization", signed.authorization()));
    assert_eq!(headers[2], ("x-amz-security-token", "TOKEN+/="));

    let signed = sign(&plain, &params(Some("")), &keys).unwrap();
    assert_eq!(signed.security_token(), None);
    assert_eq!(signed.headers().count(), 2);
    let none = sign(&plain, &params(None), &keys).unwrap();
    assert_eq!(signed.authorization(), none.authorization());
}

#[test]
fn signature_of_a_precomputed_hash_is_the_same() {
    let hash = <sha2::Sha256 as sha2::Digest>::digest(b"{}").into();
    let bytes = request("/", "", &[HOST]);
    let hashed = SignableRequest { payload: Payload::Sha256(hash), ..bytes };
    let keys = SigningKeyCache::new();
    assert_eq!(
        sign(&bytes, &params(None), &keys).unwrap().authorization(),
        sign(&hashed, &params(None), &keys).unwrap().authorization(),
    );
}

#[test]
fn signature_header_with_invalid_value_is_refused_by_name() {
    for value in ["se\ncret", "se\rcret", "se\0cret", "sécret", "se\u{7f}cret"] {
        let headers = [HOST, ("x-custom", value)];
        let message = refused(&request("/", "", &headers), &params(None));
        assert!(message.contains("`x-custom`"), "{message}");
        assert!(!message.contains("cret"), "{message}");
    }
}

#[test]
fn credentials_with_a_line_break_are_refused_without_quoting() {
    let plain = request("/", "", &[HOST]);
    let message = refused(&plain, &params(Some("TOK\nEN")));
    assert!(message.contains("session token") && !message.contains("TOK"), "{message}");
    let secret = format!("{SECRET}\n");
    let message = refused(&plain, &SigningParams { secret_access_key: &secret, ..params(None) });
    assert!(message.contains("secret access key") && !message.contains("wJalr"), "{message}");
    let message = refused(&plain, &SigningParams { access_key_id: " AKID", ..params(None) });
    assert!(message.contains("access key id"), "{message}");
    let exchanged = SigningParams { access_key_id: SECRET, ..params(None) };
    let message = refused(&plain, &exchanged);
    assert!(message.contains("did you swap") && !message.contains("wJalr"), "{message}");
    for empty in
        [SigningParams { access_key_id: "", ..params(None) }, SigningParams { secret_access_key: "", ..params(None) }]
    {
        assert!(refused(&plain, &empty).contains("is empty"));
    }
}

#[test]
fn credentials_invalid_key_id_is_refused_despite_the_cache() {
    let keys = SigningKeyCache::new();
    let plain = request("/", "", &[HOST]);
    sign(&plain, &params(None), &keys).unwrap();
    let faulty = SigningParams { access_key_id: "AKID\r\nX: y", ..params(None) };
    assert_eq!(sign(&plain, &faulty, &keys).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn presigned_request_checks_its_credentials() {
    let keys = SigningKeyCache::new();
    let plain = request("/", "", &[HOST]);
    for params in [params(Some("TOK\nEN")), SigningParams { secret_access_key: "a\n", ..params(None) }] {
        assert_eq!(presign(&plain, &params, 60, &keys).unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn signature_scope_with_invalid_region_is_refused() {
    let plain = request("/", "", &[HOST]);
    for region in ["", "us east", "us-east-1/x", "us-east-1\n"] {
        let message = refused(&plain, &SigningParams { region, ..params(None) });
        assert!(message.contains("region"), "{message}");
    }
    let message = refused(&plain, &SigningParams { service: "bed/rock", ..params(None) });
    assert!(message.contains("service"), "{message}");
}

#[test]
fn signature_headers_of_the_signer_are_refused_as_input() {
    for name in ["Authorization", "X-Amz-Date", "x-amz-security-token"] {
        let headers = [HOST, (name, "x")];
        assert!(refused(&request("/", "", &headers), &params(None)).contains(name));
    }
    for query in ["X-Amz-Signature=0", "a=1&X-Amz-Date=0", "x%2Damz-security-token=0"] {
        let presigned = presign(&request("/", query, &[HOST]), &params(None), 60, &SigningKeyCache::new());
        assert_eq!(presigned.unwrap_err().kind(), ErrorKind::Config, "{query}");
    }
}

#[test]
fn signature_of_an_invalid_request_is_refused() {
    let good = request("/", "", &[HOST]);
    for method in ["", "PO ST", "POST\n"] {
        assert!(refused(&SignableRequest { method, ..good }, &params(None)).contains("method"));
    }
    for path in ["/a?b=c", "/a#b"] {
        assert!(refused(&request(path, "", &[HOST]), &params(None)).contains("byte 2"));
    }
    for headers in [&[][..], &[("host", "")][..], &[("content-type", "x")][..]] {
        assert!(refused(&request("/", "", headers), &params(None)).contains("`host`"));
    }
    for name in ["", "a b", "a:b", "é", "a\n"] {
        let headers = [HOST, (name, "x")];
        assert!(refused(&request("/", "", &headers), &params(None)).contains("header name"));
    }
}

#[test]
fn presigned_request_expires_in_one_second_to_seven_days() {
    let plain = request("/", "", &[HOST]);
    let keys = SigningKeyCache::new();
    for seconds in [1, 604_800] {
        let presigned = presign(&plain, &params(None), seconds, &keys).unwrap();
        assert!(presigned.query().contains(&format!("X-Amz-Expires={seconds}&")));
        assert_eq!(presigned.query().to_owned(), presigned.into_query());
    }
    for seconds in [0, 604_801] {
        let error = presign(&plain, &params(None), seconds, &keys).unwrap_err();
        assert!(error.to_string().contains("7 days"));
    }
}

#[test]
fn signature_date_is_correct_on_leap_days_and_limits() {
    for (seconds, date) in [
        (0, "19700101T000000Z"),
        (951_782_400, "20000229T000000Z"),
        (1_709_164_800, "20240229T000000Z"),
        (1_709_251_199, "20240229T235959Z"),
        (1_709_251_200, "20240301T000000Z"),
        (4_107_542_400, "21000301T000000Z"),
        (253_402_300_799, "99991231T235959Z"),
    ] {
        assert_eq!(AmzDate::from_unix_seconds(seconds).unwrap().as_str(), date);
    }
    for seconds in [253_402_300_800, 1_735_787_045_000, u64::MAX] {
        let error = AmzDate::from_unix_seconds(seconds).unwrap_err();
        assert!(error.to_string().contains("milliseconds"));
    }
}

#[test]
fn signature_key_cache_drops_the_oldest_key() {
    let keys = SigningKeyCache::new();
    let regions: Vec<String> = (0..20).map(|number| format!("region-{number}")).collect();
    for _ in 0..2 {
        for region in &regions {
            let params = SigningParams { region, ..params(None) };
            let derived = SigningKey::derive(SECRET, params.date.day(), region, "bedrock");
            assert_eq!(keys.key(&params).unwrap().sign("x"), derived.sign("x"));
        }
    }
    assert_eq!(format!("{keys:?}"), "SigningKeyCache(8 keys)");
}

#[test]
fn signature_key_cache_depends_on_every_parameter() {
    let keys = SigningKeyCache::new();
    let tomorrow = AmzDate::from_unix_seconds(crate::NOW + 86_400).unwrap();
    let first = keys.key(&params(None)).unwrap().sign("x");
    for other in [
        SigningParams { secret_access_key: "other", ..params(None) },
        SigningParams { region: "eu-west-1", ..params(None) },
        SigningParams { service: "bedrock-mantle", ..params(None) },
        SigningParams { date: tomorrow, ..params(None) },
    ] {
        let derived = SigningKey::derive(other.secret_access_key, other.date.day(), other.region, other.service);
        assert_eq!(keys.key(&other).unwrap().sign("x"), derived.sign("x"));
        assert_ne!(derived.sign("x"), first);
    }
    assert_eq!(keys.key(&params(None)).unwrap().sign("x"), first);
}

#[test]
fn signature_with_a_secret_longer_than_a_block_is_correct() {
    // The key of the first HMAC is `AWS4` and the secret. It is hashed if it is longer than 64 bytes.
    use hmac::{KeyInit, Mac};
    for len in [59, 60, 61, 200] {
        let secret = "s".repeat(len);
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in ["20250102", "us-east-1", "bedrock", "aws4_request", "text"] {
            let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
            key = mac.chain_update(part).finalize().into_bytes().to_vec();
        }
        let derived = SigningKey::derive(&secret, "20250102", "us-east-1", "bedrock");
        assert_eq!(derived.sign("text").to_vec(), key);
    }
}

#[test]
fn debug_of_signature_types_hides_secrets() {
    let keys = SigningKeyCache::new();
    let headers = [HOST];
    let plain = request("/", "", &headers);
    let params = params(Some("SESSIONTOKEN"));
    let signed = sign(&plain, &params, &keys).unwrap();
    let presigned = presign(&plain, &params, 60, &keys).unwrap();
    let (_, signature) = signed.authorization().rsplit_once('=').unwrap();
    let printed = format!(
        "{params:?} {signed:?} {presigned:?} {keys:?} {:?} {:?}",
        signed.canonical_request(),
        keys.key(&params).unwrap()
    );
    for secret in [SECRET, "SESSIONTOKEN", signature] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn signature_key_cache_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<SigningKeyCache>();
    let keys = SigningKeyCache::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    sign(&request("/", "", &[HOST]), &params(None), &keys).unwrap();
                }
            });
        }
    });
}
