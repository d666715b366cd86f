//! The parts of a request of TwelveLabs Pegasus that the other families do not have: one video, and a JSON Schema.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, Writer};
use crate::message::{Media, MediaSource};
use crate::model::ModelId;
use crate::provider::{media, tools};
use crate::request::ResponseFormat;

/// The members of a schema that hold schemas by name, in which any name is allowed.
const BY_NAME: &[&str] = &["properties", "patternProperties", "$defs", "definitions"];

/// The members of a schema that hold schemas.
const SCHEMAS: &[&str] = &["items", "prefixItems", "anyOf", "oneOf", "allOf", "not", "if", "then", "else"];

/// Writes the video of a conversation, of which the format requires exactly one.
///
/// # Errors
/// `Encode`, for no video, several videos, or a URL.
pub(super) fn write(w: &mut Writer, model: &ModelId, key: &str, videos: &[&Media]) -> Result<()> {
    let [video] = videos else {
        let count = videos.len();
        return Err(Error::of(
            ErrorKind::Encode,
            format_args!("{model} needs exactly one video: the human messages have {count}; send one"),
        ));
    };
    w.object(key);
    match &video.source {
        MediaSource::S3 { uri, bucket_owner } => {
            w.object("s3Location");
            w.field("uri", uri);
            w.opt_field("bucketOwner", bucket_owner.as_deref());
            w.end_object();
        }
        source => {
            w.key("base64String");
            media::write_base64(w, source, "a video")?;
        }
    }
    w.end_object();
    Ok(())
}

/// Writes the JSON Schema of a response format. The model answers "Unprocessable video" to a schema with
/// `additionalProperties`, so it is left out.
pub(super) fn write_format(w: &mut Writer, [outer, inner]: [&str; 2], format: &ResponseFormat) {
    let schema = tools::described(format.schema.clone(), format.description.as_deref().unwrap_or_default());
    w.object(outer);
    w.member(inner, open(schema.view()).view());
    w.end_object();
}

/// Returns a schema without the rules on further properties.
fn open(schema: View<'_>) -> Json {
    let mut w = Writer::new();
    match schema.kind() {
        Kind::Object => {
            w.begin_object();
            for (key, value) in schema.raw_entries() {
                match key {
                    "additionalProperties" | "$schema" => {}
                    _ if BY_NAME.contains(&key) && value.kind() == Kind::Object => {
                        w.object(key);
                        value.raw_entries().for_each(|(name, inner)| w.raw_member(name, open(inner).view()));
                        w.end_object();
                    }
                    _ if SCHEMAS.contains(&key) => w.raw_member(key, open(value).view()),
                    _ => w.raw_member(key, value),
                }
            }
            w.end_object();
        }
        Kind::Array => {
            w.begin_array();
            schema.items().for_each(|item| w.raw(open(item).view()));
            w.end_array();
        }
        _ => return Json::from(schema),
    }
    Json::written(w)
}
