//! Signing a Bedrock call: this crate, the `aws-sigv4` crate, and the bare SHA-256 of the body, which
//! no signer can do without.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may panic, and criterion's macros make public functions"
)]

use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest as AwsRequest, SigningSettings};
use aws_sigv4::sign::v4;
use bedrock_chat::sigv4::{AmzDate, Payload, SignableRequest, Signature, SigningKeyCache, SigningParams, sign};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest, Sha256};

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";
const PATH: &str = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
const HEADERS: [(&str, &str); 2] = [("content-type", "application/json"), ("host", HOST)];
const NOW: u64 = 1_735_787_045;

fn ours<'a>(body: &[u8], keys: &SigningKeyCache) -> Signature<'a> {
    let request =
        SignableRequest { method: "POST", path: PATH, query: "", headers: &HEADERS, payload: Payload::Bytes(body) };
    let params = SigningParams {
        access_key_id: KEY_ID,
        secret_access_key: SECRET,
        session_token: None,
        region: "us-east-1",
        service: "bedrock",
        date: AmzDate::from_unix_seconds(NOW).unwrap(),
    };
    sign(&request, &params, keys).unwrap()
}

fn theirs(body: &[u8]) -> String {
    let identity = Credentials::new(KEY_ID, SECRET, None, None, "bench").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("bedrock")
        .time(UNIX_EPOCH + Duration::from_secs(NOW))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let uri = format!("https://{HOST}{PATH}");
    let request = AwsRequest::new("POST", uri, HEADERS.into_iter(), SignableBody::Bytes(body)).unwrap();
    let (instructions, _) = aws_sigv4::http_request::sign(request, &params).unwrap().into_parts();
    instructions.headers().find(|(name, _)| *name == "authorization").unwrap().1.to_owned()
}

fn signing(criterion: &mut Criterion) {
    for (name, len) in [("1 KiB", 1024), ("100 KiB", 100 * 1024)] {
        let body = vec![b'x'; len];
        let keys = SigningKeyCache::new();
        assert_eq!(ours(&body, &keys).authorization(), theirs(&body), "both must do the same work");

        let mut group = criterion.benchmark_group(format!("sign {name}"));
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function("SHA-256 alone", |bencher| {
            bencher.iter(|| Sha256::digest(black_box(&body)));
        });
        group.bench_function("bedrock-chat, cached key", |bencher| {
            bencher.iter(|| ours(black_box(&body), &keys));
        });
        group.bench_function("bedrock-chat, new key", |bencher| {
            bencher.iter(|| ours(black_box(&body), &SigningKeyCache::new()));
        });
        group.bench_function("aws-sigv4", |bencher| bencher.iter(|| theirs(black_box(&body))));
        group.finish();
    }
}

criterion_group!(benches, signing);
criterion_main!(benches);
