//! The content parts of Responses and Chat Completions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::keys::{Kind, may, must};
use super::openai;
use crate::endpoint::Endpoint;
use crate::model::{Ledger, Media, Part, Ttl};
use crate::problem::Problem;

const DETAIL: Kind = Kind::OneOf(&["low", "high", "auto", "original"]);

/// Returns the text of parts, one line per part.
pub(super) fn spoken(parts: &[Part]) -> String {
    let texts: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Media(media) => format!("[{} of {} bytes]", media.media_type, media.bytes.len()),
            _ => String::new(),
        })
        .collect();
    texts.join("\n")
}

/// A part of an assistant's message in Responses.
pub(super) fn own(item: &Value, at: &str, ledger: &mut Ledger) -> Result<Part, Problem> {
    let kind = text(item, "type");
    let (key, keys) = match kind {
        "output_text" => (
            "text",
            vec![
                must("type", Kind::Text),
                must("text", Kind::Text),
                may("annotations", Kind::List),
                may("logprobs", Kind::List),
            ],
        ),
        "refusal" => ("refusal", vec![must("type", Kind::Text), must("refusal", Kind::Text)]),
        other => return Err(openai::not_among(at, other, &["output_text", "refusal"])),
    };
    openai::check(item, &keys, at)?;
    ledger.text(text(item, key));
    Ok(Part::Text(text(item, key).to_owned()))
}

/// A part of any other message in Responses.
pub(super) fn given(item: &Value, at: &str, endpoint: Endpoint, ledger: &mut Ledger) -> Result<Part, Problem> {
    let point = may("prompt_cache_breakpoint", Kind::Object);
    let part = match text(item, "type") {
        "input_text" => {
            openai::check(item, &[must("type", Kind::Text), must("text", Kind::Text), point], at)?;
            ledger.text(text(item, "text"));
            Part::Text(text(item, "text").to_owned())
        }
        "input_image" => {
            let keys = [must("type", Kind::Text), must("image_url", Kind::Text), may("detail", DETAIL), point];
            openai::check(item, &keys, at)?;
            image(text(item, "image_url"), &format!("{at}.image_url"), endpoint, ledger)?
        }
        "input_file" => {
            let keys = [
                must("type", Kind::Text),
                may("filename", Kind::Text),
                may("file_data", Kind::Text),
                may("file_url", Kind::Text),
                may("detail", DETAIL),
                point,
            ];
            openai::check(item, &keys, at)?;
            file(item, at, endpoint, ledger)?
        }
        other => return Err(openai::not_among(at, other, &["input_text", "input_image", "input_file"])),
    };
    breakpoint(item, at, ledger)?;
    Ok(part)
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// BerriAI/litellm#38489: an explicit point up to which the prompt is cached.
fn breakpoint(item: &Value, at: &str, ledger: &mut Ledger) -> Result<(), Problem> {
    let Some(point) = item.get("prompt_cache_breakpoint") else { return Ok(()) };
    let at = format!("{at}.prompt_cache_breakpoint");
    openai::check(point, &[must("mode", Kind::OneOf(&["explicit"]))], &at)?;
    ledger.breakpoint(Ttl::FiveMinutes);
    Ok(())
}

/// Reads an image by its URL: `data:`; `s3:` on runtime; `https:` on mantle, where it is not fetched.
pub(super) fn image(url: &str, at: &str, endpoint: Endpoint, ledger: &mut Ledger) -> Result<Part, Problem> {
    if url.starts_with("data:") {
        let (media_type, bytes) = data_url(url).ok_or_else(|| invalid_url(at, endpoint))?;
        if !["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&media_type.as_str()) {
            let message = "The image data you provided does not represent a valid image. Please check your input and try again with one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].";
            return Err(Problem::about(at, message));
        }
        ledger.media(&bytes);
        return Ok(media(media_type, bytes, None));
    }
    remote(url, at, endpoint, ledger)?;
    Ok(media("image".to_owned(), Vec::new(), Some(url.to_owned())))
}

fn file(item: &Value, at: &str, endpoint: Endpoint, ledger: &mut Ledger) -> Result<Part, Problem> {
    let name = item.get("filename").and_then(Value::as_str);
    match (item.get("file_data").and_then(Value::as_str), item.get("file_url").and_then(Value::as_str)) {
        (Some(data), None) => file_data(data, name, &format!("{at}.file_data"), ledger),
        (None, Some(url)) => {
            remote(url, &format!("{at}.file_url"), endpoint, ledger)?;
            Ok(media("file".to_owned(), Vec::new(), Some(url.to_owned())))
        }
        _ => Err(Problem::about(at, format!("Missing required parameter: '{at}.file_data'."))),
    }
}

/// A file as a data URL with its name.
pub(super) fn file_data(data: &str, name: Option<&str>, at: &str, ledger: &mut Ledger) -> Result<Part, Problem> {
    let Some((media_type, bytes)) = data_url(data) else {
        return Err(Problem::about(
            at,
            format!(
                "Invalid '{at}'. Expected a base64-encoded data URL with a MIME type (e.g. 'data:text/plain;base64,aGVsbG8='), but got a value without the 'data:' prefix."
            ),
        ));
    };
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let at = at.replace("file_data", "filename");
        return Err(Problem::about(&at, format!("Missing required parameter: '{at}'.")));
    };
    ledger.media(&bytes);
    Ok(media(media_type, bytes, Some(name.to_owned())))
}

fn remote(url: &str, at: &str, endpoint: Endpoint, ledger: &mut Ledger) -> Result<(), Problem> {
    let schemes: &[&str] = if endpoint == Endpoint::Runtime { &["s3://"] } else { &["https://", "http://"] };
    if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(invalid_url(at, endpoint));
    }
    ledger.text(url);
    Ok(())
}

fn invalid_url(at: &str, endpoint: Endpoint) -> Problem {
    let wanted = if endpoint == Endpoint::Runtime {
        "Only data URLs and S3 URIs are supported."
    } else {
        "Expected a valid URL, but got a value with an invalid format."
    };
    Problem::about(at, format!("Invalid '{at}'. {wanted}"))
}

/// Media type and bytes of a `data:` URL in base64.
fn data_url(url: &str) -> Option<(String, Vec<u8>)> {
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    let bytes = STANDARD.decode(data).ok().filter(|bytes| !bytes.is_empty())?;
    Some((media_type.to_owned(), bytes))
}

fn media(media_type: String, bytes: Vec<u8>, title: Option<String>) -> Part {
    Part::Media(Media { media_type, bytes, title, cite: None, document_index: 0 })
}
