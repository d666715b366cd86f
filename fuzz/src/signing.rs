//! Signature Version 4.
//!
//! - A request that both accept is signed as by `aws-sigv4`, in headers and in a query.
//! - Any other text is signed or refused as a wrong setting, and the error does not quote a secret.
//! - A path segment is encoded once: encoding it again as an id changes nothing.
//!
//! Input: whether all parts are arbitrary; choices of the parts.

#[path = "../../tests/sigv4/judge.rs"]
#[allow(clippy::unwrap_used)]
mod judge;

use std::time::Duration;

use bedrock_chat::ErrorKind;
use bedrock_chat::sigv4::{
    AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, encode_model_id, encode_path_segment, presign,
    sign,
};

use self::judge::{Case, aws_reads_utf8};
use crate::input::Input;
use crate::seeds;

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    if input.flag() {
        arbitrary(&mut input);
    } else {
        beside_aws(&mut input);
    }
}

/// Returns random bytes that choose requests.
pub fn seeds() -> Vec<Vec<u8>> {
    let noise = seeds::noise(64, 200).into_iter().enumerate();
    noise.map(|(at, noise)| [&[u8::from(at % 4 == 3)], noise.as_slice()].concat()).collect()
}

fn beside_aws(input: &mut Input<'_>) {
    let case = case(input);
    let seconds = input.u32() % 604_800 + 1;
    if !aws_reads_utf8(&case.query) {
        return;
    }
    let headers = case.headers();
    let keys = SigningKeyCache::new();
    let signed =
        sign(&case.request(&headers), &case.params(), &keys).unwrap_or_else(|error| panic!("{error}: {case:?}"));
    let (_, authorization) = case.judge(None);
    assert_eq!(Some(signed.authorization()), authorization.as_deref(), "{}", signed.canonical_request().as_str());

    let presigned =
        presign(&case.request(&headers), &case.params(), seconds, &keys).unwrap_or_else(|error| panic!("{error}"));
    let (signature, _) = case.judge(Some(Duration::from_secs(seconds.into())));
    let ours = presigned.query().rsplit_once("&X-Amz-Signature=").map(|(_, signature)| signature);
    assert_eq!(ours, Some(signature.as_str()), "{}", presigned.canonical_request().as_str());
}

/// Returns a request in which each part is what `http::Uri` and `aws-sigv4` accept.
fn case(input: &mut Input<'_>) -> Case {
    const SEGMENT: &[&str] = &[
        "a", "model", "Z", "9", "-", ".", "_", "~", "!", "$", "&", "'", "(", ")", "*", "+", ",", ";", "=", ":", "@",
        "%20", "%3A", "%2f", "%25", "%C3%A9", "é", "..", "/", "//", "/./", "/../",
    ];
    const QUERY: &[&str] = &[
        "a", "B", "7", "=", "&", "=", "&", "+", "%20", "%26", "%3D", "%", "%z", "%C3%A9", "é", "-", "~", "*", "/", "?",
        ":", "X-Amz", "%7E", "%41",
    ];
    let mut headers: Vec<(String, String)> = input.list(6, |input| {
        let name = input.one_of(&["x-a", "X-A", "x-b", "content-type", "Accept", "x-amzn-bedrock-trace"]);
        // `aws-sigv4` signs a tab at an end, which HTTP does not transmit.
        let value = input.joined(6, &["a", "b c", " ", "  ", "\t", "=", ",", "\"q\"", "~"]);
        (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())
    });
    let host = input.one_of(&["example.com", "bedrock-runtime.us-east-1.amazonaws.com", "h:8080"]);
    headers.insert(input.below(headers.len() + 1), (input.one_of(&["host", "Host"]).to_owned(), host.to_owned()));
    Case {
        method: input.one_of(&["POST", "GET", "PUT", "DELETE", "HEAD"]),
        path: format!("/{}", input.joined(12, SEGMENT)),
        query: input.joined(14, QUERY),
        headers,
        body: input.bytes(),
        seconds: 1_500_000_000 + u64::from(input.u32()),
        access_key_id: input.one_of(&["AKIDEXAMPLE", "ASIA0123456789ABCDEF"]).to_owned(),
        secret: format!("s{}", input.joined(6, &["a", "/", "+", "=", "~", "!"])),
        token: input.option(|input| format!("t{}", input.joined(8, &["A", "/", "+", "=", "%"]))),
        region: input.one_of(&["us-east-1", "eu-west-1", "us-gov-west-1"]).to_owned(),
        service: input.one_of(&["bedrock", "bedrock-mantle", "s"]).to_owned(),
    }
}

/// One part at a time is arbitrary, as the first that is refused hides the others.
fn arbitrary(input: &mut Input<'_>) {
    let which = input.below(9);
    let text = input.text();
    let pick = |at: usize, plain: &'static str| if which == at { text.clone() } else { plain.to_owned() };
    let (method, path, query) = (pick(0, "POST"), pick(1, "/model/m/invoke"), pick(2, "a=b"));
    let (name, value, key) = (pick(3, "x-a"), pick(4, "v"), pick(5, "AKIDEXAMPLE"));
    let (secret, token, region) = (pick(6, "very-secret"), pick(7, "a-token"), pick(8, "us-east-1"));
    let expires = input.u32();
    let date = AmzDate::from_unix_seconds(u64::from(input.u32()) << (input.byte() % 16))
        .unwrap_or_else(|_| AmzDate::from_unix_seconds(0).unwrap_or_else(|error| panic!("{error}")));
    let request = SignableRequest {
        method: &method,
        path: &path,
        query: &query,
        headers: &[("host", "example.com"), (&name, &value)],
        payload: Payload::Bytes(b""),
    };
    let params = SigningParams {
        access_key_id: &key,
        secret_access_key: &secret,
        session_token: Some(&token),
        region: &region,
        service: "bedrock",
        date,
    };
    let keys = SigningKeyCache::new();
    let results = [sign(&request, &params, &keys).map(drop), presign(&request, &params, expires, &keys).map(drop)];
    for error in results.into_iter().filter_map(Result::err) {
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("very-secret"), "{shown}");
        let is_quoted = [6, 7].contains(&which) && text.len() > 8 && shown.contains(&text);
        assert!(!is_quoted, "{shown}");
    }
    let segment = encode_path_segment(&text);
    if !text.contains('%') {
        assert_eq!(encode_model_id(&segment), segment);
    }
}
