//! Model ids, inference profiles and ARNs.
//!
//! - A parsed id is printed and parsed back unchanged, also percent-encoded.
//! - Its path is one encoded segment, from which the id can be decoded.
//! - Any id has a codec over some API, and its capabilities can be asked for.
//!
//! Input: the family; the id.

use bedrock_chat::sigv4::{encode_model_id, encode_path_segment};
use bedrock_chat::{Api, ErrorKind, ModelId, capabilities, codec_for};

use crate::input::Input;
use crate::seeds;

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let family = input.one_of(&[None, Some("anthropic"), Some("us.amazon.nova-lite-v1:0"), Some(""), Some("é.")]);
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    let model = match ModelId::parse(&text) {
        Ok(model) => model,
        Err(error) => return assert_eq!(error.kind(), ErrorKind::Config),
    };
    let id = model.as_str();
    assert_eq!(model.to_string(), id);
    // An id with a `%` that is not an escape cannot be distinguished from an encoded one.
    if !id.contains('%') {
        for written in [id.to_owned(), encode_path_segment(id), encode_model_id(id), format!(" {id}\n")] {
            let again = ModelId::parse(&written).unwrap_or_else(|error| panic!("{written:?}: {error}"));
            assert_eq!(again, model, "from {written:?}");
        }
        assert_eq!(encode_model_id(id), encode_path_segment(id));
    }
    let path = model.path("converse");
    let segment = path.strip_prefix("/model/").and_then(|rest| rest.strip_suffix("/converse")).unwrap_or_default();
    assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{path}");
    assert!(!segment.is_empty() && segment != "." && segment != "..", "{path}");
    assert_eq!(decoded(segment), id.as_bytes(), "{path}");

    for part in [model.region(), model.partition(), model.resource_type(), model.region_prefix(), model.base()] {
        assert!(part.is_none_or(|part| id.contains(part)));
    }
    assert!(model.region().is_none() || model.is_arn());
    let model = match family {
        Some(family) => model.with_family(family),
        None => model,
    };
    let codec = codec_for(&model, None, None).unwrap_or_else(|error| panic!("{model} has no codec: {error}"));
    let _ = (codec.capabilities(&model), capabilities(&model), model.vendor());
    for api in [Api::Invoke, Api::Converse, Api::Responses, Api::ChatCompletions, Api::Messages] {
        if let Err(error) = codec_for(&model, Some(api), None) {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
    }
}

/// Returns ids of all forms.
pub fn seeds() -> Vec<Vec<u8>> {
    let ids = [
        "us.anthropic.claude-sonnet-4-6",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "global.amazon.nova-2-lite-v1%3A0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123xyz",
        "arn%3Aaws%3Abedrock%3Aeu-west-1%3A%3Afoundation-model%2Famazon.titan-text-lite-v1",
        "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.anthropic.claude-x",
        "arn:aws:sagemaker:us-east-1:1:endpoint/x",
        "newvendor.model",
        "..",
        "a/../b?c#d%zz%",
    ];
    let recorded = seeds::recorded(usize::MAX).into_iter().map(|call| call.model);
    let mut all: Vec<String> = ids.map(str::to_owned).into_iter().chain(recorded).collect();
    all.sort();
    all.dedup();
    all.into_iter().map(|id| [b"\0", id.as_bytes()].concat()).collect()
}

fn decoded(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = segment;
    while let Some(first) = rest.bytes().next() {
        let escaped = rest.get(1..3).filter(|_| first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = &rest[if escaped.is_some() { 3 } else { 1 }..];
    }
    bytes
}
