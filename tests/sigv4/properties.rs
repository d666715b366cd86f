//! Random requests, signed by this crate and by AWS's `aws-sigv4`: the signatures must be equal.

use std::time::Duration;

use bedrock_chat::sigv4::{
    AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, encode_model_id, encode_path_segment, presign,
    sign,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::judge::{Case, aws_reads_utf8};

/// Paths with everything that a URL may contain: escapes, sub-delimiters, dot segments, empty segments.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        4 => "[A-Za-z0-9._~!$&'()*+,;=:@-]{1,12}",
        2 => "([a-z]|%[0-9A-Fa-f]{2}){1,8}",
        1 => select(vec!["", ".", "..", "...", "é", "a.b", ".a"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(segment, 0..8).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// Queries in every spelling: raw, escaped, `+`, stray `%`, empty names, values and parameters.
fn query() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[A-Za-z0-9._~!$'()*,;:@/?-]{1,6}",
        2 => any::<char>().prop_map(|letter| encode_path_segment(&letter.to_string())),
        1 => "%[2-7][0-9A-Fa-f]",
        2 => "=",
        3 => "&",
        1 => "\\+",
        1 => select(vec!["%", "%z", "%a", "é"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..16)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("escapes must be UTF-8 together, which the judge replaces otherwise", |query| {
            aws_reads_utf8(query)
        })
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    // There are few names, so that many are repeated, in upper and lower case.
    let name = "[xX]-[abAB]{1,2}|[Cc]ontent-[Tt]ype|[Aa]ccept|x-amzn-bedrock-[a-z]{1,8}";
    let value = "( {0,3}[!-~]{1,8}(\t[!-~])?){0,4} {0,2}";
    prop::collection::vec((name, value), 0..10).prop_flat_map(|headers| {
        let host = ("[Hh]ost", "[a-z]{1,10}\\.amazonaws\\.com(:[1-9][0-9]{1,3})?");
        (host, 0..=headers.len()).prop_map(move |(host, place)| {
            let mut headers = headers.clone();
            headers.insert(place, host);
            headers
        })
    })
}

prop_compose! {
    fn case()(
        method in select(vec!["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
        path in path(),
        query in query(),
        headers in headers(),
        body in prop::collection::vec(any::<u8>(), 0..300),
        seconds in prop_oneof![1_500_000_000_u64..2_000_000_000, 0..253_402_300_800_u64],
        access_key_id in "[A-Z0-9]{16,20}",
        secret in "[!-~]{1,90}",
        token in prop::option::of("[!-~]{1,300}"),
        region in "[a-z]{2}(-gov)?-[a-z]{4,9}-[1-9]",
        service in "bedrock(-mantle)?|[a-z]{1,12}",
    ) -> Case {
        Case { method, path, query, headers, body, seconds, access_key_id, secret, token, region, service }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn signature_headers_match_aws_sigv4(case in case()) {
        let headers = case.headers();
        let signed = sign(&case.request(&headers), &case.params(), &SigningKeyCache::new()).unwrap();
        let (_, authorization) = case.judge(None);
        prop_assert_eq!(
            Some(signed.authorization()),
            authorization.as_deref(),
            "{}", signed.canonical_request().as_str()
        );
    }

    #[test]
    fn presigned_query_matches_aws_sigv4(case in case(), seconds in 1_u32..=604_800) {
        let headers = case.headers();
        let keys = SigningKeyCache::new();
        let presigned = presign(&case.request(&headers), &case.params(), seconds, &keys).unwrap();
        let (signature, _) = case.judge(Some(Duration::from_secs(seconds.into())));
        let (_, ours) = presigned.query().rsplit_once("&X-Amz-Signature=").unwrap();
        prop_assert_eq!(ours, signature, "{}", presigned.canonical_request().as_str());
    }

    #[test]
    fn signature_of_any_input_does_not_panic(
        method in any::<String>(),
        path in any::<String>(),
        query in any::<String>(),
        headers in prop::collection::vec((any::<String>(), any::<String>()), 0..4),
        access_key_id in any::<String>(),
        secret in any::<String>(),
        token in any::<Option<String>>(),
        region in any::<String>(),
        seconds in any::<u64>(),
        plain in any::<[bool; 6]>(),
    ) {
        // Each part is arbitrary or plain, so that cases with a single arbitrary part also occur.
        let [plain_method, plain_path, plain_headers, plain_key, plain_secret, plain_region] = plain;
        let mut headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if plain_headers {
            headers = vec![("host", "example.com")];
        }
        let request = SignableRequest {
            method: if plain_method { "POST" } else { &method },
            path: if plain_path { "/" } else { &path },
            query: &query,
            headers: &headers,
            payload: Payload::Bytes(b""),
        };
        if let Ok(date) = AmzDate::from_unix_seconds(seconds) {
            let params = SigningParams {
                access_key_id: if plain_key { "AKIDEXAMPLE" } else { &access_key_id },
                secret_access_key: if plain_secret { "secret" } else { &secret },
                session_token: token.as_deref().filter(|_| !plain_secret),
                region: if plain_region { "us-east-1" } else { &region },
                service: "bedrock",
                date,
            };
            let keys = SigningKeyCache::new();
            let _ = sign(&request, &params, &keys);
            let _ = presign(&request, &params, 60, &keys);
        }
    }

    #[test]
    fn signature_path_segment_encoding_is_idempotent(id in "[ -~é]{0,40}") {
        let segment = encode_path_segment(&id);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        prop_assert!(segment.bytes().all(allowed));
        if !id.contains('%') {
            prop_assert_eq!(&encode_model_id(&id), &segment);
            prop_assert_eq!(&encode_model_id(&segment), &segment);
        }
    }
}
