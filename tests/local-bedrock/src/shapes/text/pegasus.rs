//! TwelveLabs Pegasus: a prompt about one video.

use serde_json::{Value, json};

use super::{Row, Wrapped};
use crate::problem::Problem;
use crate::shapes::keys::{self, Key, Kind, may, must};
use crate::shapes::template::Reading;

/// Keys and limits are from AWS's page on its parameters, the limit of Pegasus 1.5 from LiteLLM.
pub(super) const PEGASUS: Row = Row {
    ids: &["twelvelabs.pegasus-"],
    keys: &[
        must("inputPrompt", Kind::Text),
        must("mediaSource", Kind::Object),
        may("temperature", Kind::Number(0.0, 1.0)),
        may("responseFormat", Kind::Object),
        may("maxOutputTokens", Kind::Whole(1, 98_304)),
    ],
    prompt: "/inputPrompt",
    limit: ("/maxOutputTokens", 2_048),
    stop: None,
    check,
    template: |prompt, _| Reading::Chat { system: String::new(), turns: vec![(true, prompt.to_owned())] },
    whole: wrapped,
    piece: |piece| {
        if piece.last { wrapped(piece) } else { json!({"message": piece.text}) }
    },
    streams: true,
    thinks: false,
};

fn check(body: &Value) -> Result<(), Problem> {
    const SOURCE: [Key; 2] = [may("base64String", Kind::Text), may("s3Location", Kind::Object)];
    const LOCATION: [Key; 2] = [must("uri", Kind::Text), may("bucketOwner", Kind::Text)];
    const FORMAT: [Key; 1] = [must("jsonSchema", Kind::Object)];
    let source = body.get("mediaSource").unwrap_or(&Value::Null);
    let mut found = keys::violations(source, &SOURCE, "#/mediaSource");
    if source.as_object().is_some_and(|members| members.len() != 1) {
        found.push("#/mediaSource: only one of base64String and s3Location can be set".to_owned());
    }
    if let Some(location) = source.get("s3Location") {
        found.extend(keys::violations(location, &LOCATION, "#/mediaSource/s3Location"));
    }
    if let Some(format) = body.get("responseFormat") {
        found.extend(keys::violations(format, &FORMAT, "#/responseFormat"));
    }
    if !found.is_empty() {
        return Err(Problem::malformed(&found.join("")));
    }
    // Users with `additionalProperties` in the schema report this error.
    let schema = body.pointer("/responseFormat/jsonSchema").map(Value::to_string).unwrap_or_default();
    if schema.contains("\"additionalProperties\":") {
        return Err(Problem::validation("Unprocessable video"));
    }
    Ok(())
}

fn wrapped(reply: &Wrapped<'_>) -> Value {
    json!({"message": reply.text, "finishReason": reply.stop("stop", "length")})
}
