//! Media and documents in the forms in which LangChain's and OpenAI's users write them.

use crate::json::{Kind, View};
use crate::media::media_type_of;
use crate::message::{Content, Document, Media, MediaSource};

pub(super) fn first(view: View<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| view.string_at(key))
}

/// Returns media at an address. A data URL holds the media itself.
pub(super) fn from_url(url: &str) -> Media {
    if let Some((media_type, data)) =
        url.strip_prefix("data:").and_then(|rest| crate::text::split_once(rest, ";base64,"))
    {
        return Media::new(media_type, MediaSource::Base64(data.to_owned()));
    }
    if url.starts_with("s3://") {
        // The media type is read from the object's name when it is needed.
        return Media::new("", MediaSource::S3 { uri: url.to_owned(), bucket_owner: None });
    }
    Media::new("", MediaSource::Url(url.to_owned()))
}

/// Members with the media type.
pub(super) const MEDIA_TYPE: &[&str] = &["mime_type", "mimeType", "mediaType", "media_type"];

/// Returns OpenAI's file: a data URL, an address, or base64, whose type is read from the file's name.
pub(super) fn file_data(data: &str, view: View<'_>) -> Media {
    if crate::text::has(data, "://") || data.starts_with("data:") {
        return from_url(data);
    }
    let named = view.string_at("filename").and_then(|name| media_type_of(&name));
    Media::new(named.unwrap_or("application/pdf"), MediaSource::Base64(data.to_owned()))
}

/// Returns whether the content of a block is nothing but plain texts.
pub(super) fn has_only_texts(view: View<'_>) -> bool {
    let is_plain = |(key, value): (&str, View<'_>)| key == "text" || (key == "type" && value.word() == "text");
    view.list("content").all(|block| block.get("text").is_some() && block.raw_entries().all(is_plain))
}

/// Media in the forms of LangChain v0, v1, Anthropic and the AI SDK.
pub(super) fn media_block(kind: &str, view: View<'_>) -> Option<Content> {
    let default = match kind {
        "image" => "image/jpeg",
        "file" | "document" => "application/pdf",
        _ => "",
    };
    let media_type = first(view, MEDIA_TYPE).unwrap_or_else(|| default.to_owned());
    let source = view.get("source").filter(|source| source.kind() == Kind::Object);
    let medium = if let Some(source) = source {
        native_source(source)?
    } else if let Some(text) = view.string_at("text") {
        Media::new(media_type, MediaSource::Text(text))
    } else if let Some(data) = first(view, &["data", "base64", "image"]) {
        let is_address = ["data:", "s3://", "https://", "http://"].iter().any(|scheme| data.starts_with(scheme));
        if is_address { from_url(&data) } else { Media::new(media_type, MediaSource::Base64(data)) }
    } else {
        let mut medium = from_url(&first(view, &["url", "fileUri"])?);
        if let MediaSource::S3 { bucket_owner, .. } = &mut medium.source {
            *bucket_owner = view.string_at("bucket_owner");
        }
        if medium.media_type.is_empty() {
            medium.media_type = first(view, MEDIA_TYPE).unwrap_or_default();
        }
        medium
    };
    Some(match kind {
        "image" => Content::Image(Media { detail: view.string_at("detail").filter(|name| name != "auto"), ..medium }),
        "audio" => Content::Audio(medium),
        "video" => Content::Video(medium),
        _ => document(medium, view),
    })
}

pub(super) fn document(medium: Media, view: View<'_>) -> Content {
    let mut document = Document::new(medium.media_type, medium.source);
    let metadata = view.get("metadata");
    document.name =
        first(view, &["title", "name", "filename"]).or_else(|| first(metadata?, &["title", "name", "filename"]));
    document.context = view.string_at("context");
    document.citations = cites(view);
    Content::Document(document)
}

/// Returns whether the model should cite the block.
pub(super) fn cites(view: View<'_>) -> bool {
    view.get("citations").and_then(|citations| citations.get("enabled")?.bool()) == Some(true)
}

/// Reads Anthropic's `source`, and the source of an object in S3.
fn native_source(source: View<'_>) -> Option<Media> {
    if source.word_at("type") == "s3"
        && !has_other(source, &["type", "media_type", "uri", "bucketOwner", "bucket_owner"])
    {
        let bucket_owner = first(source, &["bucketOwner", "bucket_owner"]);
        let s3 = MediaSource::S3 { uri: source.string_at("uri")?, bucket_owner };
        return Some(Media::new(source.text_at("media_type"), s3));
    }
    if has_other(source, &["type", "media_type", "data", "url", "content"]) {
        return None;
    }
    let media_type = source.string_at("media_type").unwrap_or_default();
    Some(match source.word_at("type") {
        "base64" => Media::new(media_type, MediaSource::Base64(source.string_at("data")?)),
        "text" => Media::new(media_type, MediaSource::Text(source.string_at("data")?)),
        "url" => from_url(&source.string_at("url")?),
        "content" if has_only_texts(source) => {
            let texts = source.get("content")?.items().filter_map(|block| block.string_at("text"));
            Media::new("text/plain", MediaSource::Blocks(texts.collect()))
        }
        _ => return None,
    })
}

pub(super) fn has_other(view: View<'_>, known: &[&str]) -> bool {
    view.raw_entries().any(|(key, _)| !known.contains(&key))
}

pub(super) fn converse_media(kind: &str, inner: View<'_>) -> Option<Media> {
    // A format may be a name such as `png` instead of a media type.
    let format = inner.string_at("format")?;
    let media_type = if kind == "document" { format } else { format!("{kind}/{format}") };
    let source = inner.get("source")?;
    let source = match (source.string_at("bytes"), source.get("s3Location")) {
        (Some(data), _) => MediaSource::Base64(data),
        (None, Some(location)) => {
            MediaSource::S3 { uri: location.string_at("uri")?, bucket_owner: location.string_at("bucketOwner") }
        }
        (None, None) => MediaSource::Text(source.string_at("text")?),
    };
    Some(Media::new(media_type, source))
}
