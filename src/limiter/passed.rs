//! The estimate of tokens for a body that another client wrote, in any of the APIs.

use super::{ANSWER, MEDIUM};
use crate::json::View;

/// The members with the maximum number of tokens of the answer.
const LIMITS: &[&str] = &["max_tokens", "max_completion_tokens", "max_output_tokens", "inferenceConfig"];

/// The members of `inferenceConfig`: Converse's, and that of Nova's own format.
const INFERENCE_LIMITS: &[&str] = &["maxTokens", "max_new_tokens"];

/// The length from which a string without spaces is an image, a document, an audio recording or a video.
const MIN_ENCODED: usize = 1000;

/// Returns the tokens that a call is expected to take.
pub(super) fn estimate(body: &[u8], output_weight: f64) -> f64 {
    let (mut media, mut encoded) = (0.0, 0);
    for string in body.split(|byte| *byte == b'"').filter(|string| string.len() >= MIN_ENCODED) {
        if is_encoded(string) {
            media += 1.0;
            encoded += string.len();
        }
    }
    (body.len() - encoded) as f64 / 4.0 + media * MEDIUM + answer(body).unwrap_or(ANSWER) * output_weight
}

/// Returns whether a string of JSON is base64, also as a data URL.
fn is_encoded(string: &[u8]) -> bool {
    let data = string.rsplit(|byte| *byte == b',').next().unwrap_or_default();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\\');
    data.len() >= MIN_ENCODED && data.iter().all(is_digit)
}

/// Returns the maximum number of tokens of the answer.
fn answer(body: &[u8]) -> Option<f64> {
    let body = View::from_bytes(body).ok()?;
    let limit = LIMITS.iter().find_map(|name| body.get(name).filter(|limit| !limit.is_null()))?;
    limit.f64().or_else(|| INFERENCE_LIMITS.iter().find_map(|name| limit.get(name)?.f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_body_is_estimated_in_every_api() {
        let long = "QUJD".repeat(500);
        let text = "a b ".repeat(500);
        for (body, media, output) in [
            (r#"{"messages":[],"max_tokens":70}"#.to_owned(), 0, 70),
            (r#"{"messages":[],"max_tokens":null,"max_completion_tokens":70}"#.to_owned(), 0, 70),
            (r#"{"input":"Hello?","max_output_tokens":70}"#.to_owned(), 0, 70),
            (r#"{"inferenceConfig":{"maxTokens":70}}"#.to_owned(), 0, 70),
            (r#"{"inferenceConfig":{"max_new_tokens":70}}"#.to_owned(), 0, 70),
            (r#"{"inferenceConfig":{}}"#.to_owned(), 0, 1000),
            ("not JSON".to_owned(), 0, 1000),
            (format!(r#"{{"text":"{text}"}}"#), 0, 1000),
            (format!(r#"{{"source":{{"data":"{long}"}},"bytes":"{long}"}}"#), 2, 1000),
            (format!(r#"{{"url":"data:image/png;base64,{long}"}}"#), 1, 1000),
        ] {
            let encoded =
                if media == 0 { 0 } else { body.split('"').filter(|part| part.len() > 1000).map(str::len).sum() };
            let input = (body.len() - encoded) as f64 / 4.0 + f64::from(media) * 1600.0;
            assert_eq!(estimate(body.as_bytes(), 2.0), input + f64::from(output) * 2.0, "{body}");
        }
    }
}
