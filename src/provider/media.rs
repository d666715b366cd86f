//! Media types of the wire shapes, in one table.

use std::borrow::Cow;

use crate::base64::DecodeError;
use crate::error::{Error, ErrorKind, Result};
use crate::json::Writer;
use crate::media::{media_type_of, sniff};
use crate::message::{Media, MediaSource};
use crate::text::{before, join, without_space};

/// A media format: Converse's name, and its media types, the usual one first.
///
/// See [ImageBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html),
/// [DocumentBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html),
/// [VideoBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_VideoBlock.html),
/// [AudioBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_AudioBlock.html).
pub(crate) struct Format {
    pub(crate) name: &'static str,
    types: &'static [&'static str],
}

const fn format(name: &'static str, types: &'static [&'static str]) -> Format {
    Format { name, types }
}

pub(crate) const IMAGES: &[Format] = &[
    format("png", &["image/png"]),
    format("jpeg", &["image/jpeg", "image/jpg", "image/pjpeg"]),
    format("gif", &["image/gif"]),
    format("webp", &["image/webp"]),
];

pub(crate) const DOCUMENTS: &[Format] = &[
    format("pdf", &["application/pdf"]),
    format("txt", &["text/plain", "application/json", "application/xml", "application/yaml"]),
    format("md", &["text/markdown", "text/x-markdown"]),
    format("html", &["text/html", "application/xhtml+xml"]),
    format("csv", &["text/csv", "application/csv"]),
    format("doc", &["application/msword"]),
    format("docx", &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"]),
    format("xls", &["application/vnd.ms-excel"]),
    format("xlsx", &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]),
];

pub(crate) const VIDEOS: &[Format] = &[
    format("mp4", &["video/mp4"]),
    format("mov", &["video/quicktime", "video/mov"]),
    format("mkv", &["video/x-matroska", "video/matroska"]),
    format("webm", &["video/webm"]),
    format("flv", &["video/x-flv", "video/flv"]),
    format("mpeg", &["video/mpeg"]),
    format("mpg", &["video/mpg"]),
    format("wmv", &["video/x-ms-wmv", "video/wmv"]),
    format("three_gp", &["video/3gpp", "video/3gp", "3gp"]),
];

pub(crate) const AUDIO: &[Format] = &[
    format("mp3", &["audio/mpeg", "audio/mp3"]),
    format("wav", &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"]),
    format("ogg", &["audio/ogg"]),
    format("opus", &["audio/opus"]),
    format("flac", &["audio/flac", "audio/x-flac"]),
    format("aac", &["audio/aac"]),
    format("x-aac", &["audio/x-aac"]),
    format("m4a", &["audio/x-m4a", "audio/m4a"]),
    format("mp4", &["audio/mp4"]),
    format("webm", &["audio/webm"]),
    format("mkv", &["audio/x-matroska", "audio/matroska"]),
    format("mka", &["audio/x-mka", "audio/mka"]),
    format("mpeg", &["audio/x-mpeg"]),
    format("mpga", &["audio/mpga"]),
    format("pcm", &["audio/pcm", "audio/l16"]),
];

impl Format {
    /// Returns the usual media type.
    pub(crate) fn media_type(&self) -> &'static str {
        self.types.first().copied().unwrap_or("application/octet-stream")
    }
}

/// Returns the media type without parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    before(media_type, ";").trim().to_ascii_lowercase()
}

/// Finds a format by its media type or name.
///
/// # Errors
/// `Encode`, with the accepted formats.
pub(crate) fn find(formats: &'static [Format], what: &str, media_type: &str) -> Result<&'static Format> {
    let wanted = essence(media_type);
    let found = formats.iter().find(|format| format.name == wanted || format.types.contains(&wanted.as_str()));
    found.ok_or_else(|| {
        let names = join(&mut formats.iter().map(|format| format.name), ", ");
        Error::of(
            ErrorKind::Encode,
            format_args!("{what} of type `{media_type}` cannot be sent; convert it to one of {names}"),
        )
    })
}

/// Returns the format of an image. The format of its bytes is used if it is known, otherwise the declared one.
/// Declared types are often wrong, and models refuse such images.
///
/// # Errors
/// `Encode`, with the accepted formats; also if the image has a `detail`.
pub(crate) fn image_format(formats: &'static [Format], what: &str, picture: &Media) -> Result<&'static Format> {
    match &picture.detail {
        Some(detail) => Err(Error::of(
            ErrorKind::Encode,
            format_args!("unsupported `detail` of an image: {}; leave it out", crate::json::quoted(detail)),
        )),
        None => format_with_detail(formats, what, picture),
    }
}

/// Same as [`image_format`], for APIs that accept a `detail`.
pub(crate) fn format_with_detail(formats: &'static [Format], what: &str, picture: &Media) -> Result<&'static Format> {
    let known = match &picture.source {
        MediaSource::Bytes(bytes) => sniff(bytes),
        MediaSource::Base64(text) => {
            let mut bytes = Vec::new();
            let begins = text.trim_start().get(..16).unwrap_or_default();
            // The error is returned later, when all of the base64 is decoded.
            let _ = crate::base64::decode(begins.as_bytes(), &mut bytes);
            sniff(&bytes)
        }
        _ => None,
    };
    match known {
        Some(known) => find(formats, what, known),
        None => declared(formats, what, picture),
    }
}

/// Returns the declared format of media.
///
/// # Errors
/// `Encode`, with the accepted formats; also for a URL, as URLs are not fetched.
pub(crate) fn declared(formats: &'static [Format], what: &str, media: &Media) -> Result<&'static Format> {
    // A URL is refused anyway, so its type does not matter.
    if let MediaSource::Url(url) = &media.source {
        return Err(no_fetching(url, what));
    }
    find(formats, what, &type_of(&media.media_type, &media.source, what)?)
}

/// Returns the stated media type, or the one for the file extension in S3.
///
/// # Errors
/// `Encode`, if there is neither a media type nor a known extension.
pub(crate) fn type_of<'a>(stated: &'a str, source: &MediaSource, what: &str) -> Result<Cow<'a, str>> {
    match source {
        MediaSource::S3 { uri, .. } if stated.trim().is_empty() => match media_type_of(uri) {
            Some(known) => Ok(Cow::Borrowed(known)),
            None => Err(Error::of(
                ErrorKind::Encode,
                format_args!(
                    "the media type of {what} in S3 is unknown: its name has no known extension; set the media type"
                ),
            )),
        },
        _ => Ok(Cow::Borrowed(stated)),
    }
}

/// The size of the largest image that Claude on Bedrock accepts: 5 MiB in base64.
pub(crate) const CLAUDE_IMAGE: usize = 3_932_160;

/// The size of the largest document that Converse accepts, 4.5 MiB.
///
/// See [API restrictions](https://docs.aws.amazon.com/bedrock/latest/userguide/inference-api-restrictions.html).
pub(crate) const CONVERSE_DOCUMENT: usize = 4_718_592;

/// Checks the size of media that is in memory.
///
/// # Errors
/// `Encode`, if it has more bytes than the limit.
pub(crate) fn check_size(source: &MediaSource, limit: usize, what: &str) -> Result<()> {
    let bytes = match source {
        MediaSource::Bytes(bytes) => bytes.len(),
        MediaSource::Base64(text) => text.len() / 4 * 3,
        _ => return Ok(()),
    };
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Encode,
        format_args!("{what} is too large: {bytes} bytes of at most {limit}; make it smaller"),
    ))
}

/// Writes the bytes of media as a `data:` URL.
///
/// # Errors
/// Same as [`write_base64`].
pub(crate) fn write_data_url(w: &mut Writer, media_type: &str, source: &MediaSource, what: &str) -> Result<()> {
    let mut data = Writer::new();
    write_base64(&mut data, source, what)?;
    let data = data.finish();
    w.string(&["data:", media_type, ";base64,", data.trim_matches('"')].concat());
    Ok(())
}

/// Writes the bytes of media as a base64 string.
///
/// # Errors
/// `Encode`, for a source that is not in memory, as Bedrock does not fetch URLs.
pub(crate) fn write_base64(w: &mut Writer, source: &MediaSource, what: &str) -> Result<()> {
    match source {
        MediaSource::Bytes(bytes) => w.base64(bytes),
        MediaSource::Base64(text) => w.string(&checked(text, what)?),
        MediaSource::Url(url) => return Err(no_fetching(url, what)),
        other => {
            let place = if matches!(other, MediaSource::S3 { .. }) { "in S3" } else { "plain text" };
            return Err(Error::of(
                ErrorKind::Unsupported,
                format_args!("{what} is {place}, which this model does not accept; send its bytes"),
            ));
        }
    }
    Ok(())
}

fn no_fetching(url: &str, what: &str) -> Error {
    let shown: String = url.chars().take(80).collect();
    Error::of(
        ErrorKind::Encode,
        format_args!("{what} is a URL, which Bedrock does not fetch: {shown}; fetch it yourself and send its bytes"),
    )
}

/// Returns valid base64 without white space, which e-mail and shells add.
fn checked<'a>(text: &'a str, what: &str) -> Result<Cow<'a, str>> {
    // Bytes are faster to check than characters: there may be millions.
    let is_clean = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_whitespace());
    let text = if is_clean { Cow::Borrowed(text) } else { Cow::Owned(without_space(text)) };
    crate::base64::check(text.as_bytes()).map_err(|error| not_base64(&error, what))?;
    Ok(text)
}

/// Decodes base64 with any white space.
///
/// # Errors
/// `Encode`, if the text is not base64.
pub(crate) fn decoded(text: &str, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    crate::base64::decode(without_space(text).as_bytes(), &mut bytes).map_err(|error| not_base64(&error, what))?;
    Ok(bytes)
}

fn not_base64(error: &DecodeError, what: &str) -> Error {
    Error::of(ErrorKind::Encode, format_args!("{what} is not base64: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_parameters_and_aliases_are_ignored() {
        for text in ["image/jpg", "image/jpeg; charset=binary", "IMAGE/JPEG", "jpeg"] {
            assert_eq!(find(IMAGES, "an image", text).unwrap().media_type(), "image/jpeg");
        }
        let error = find(IMAGES, "an image", "image/svg+xml").err().unwrap();
        assert!(error.message().contains("png, jpeg, gif, webp"), "{error}");
    }

    #[test]
    fn image_format_in_the_bytes_overrides_the_declared_one() {
        let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01".to_vec();
        let name =
            |source: MediaSource| image_format(IMAGES, "an image", &Media::new("image/png", source)).map(|f| f.name);
        assert_eq!(name(MediaSource::Bytes(jpeg.into())).unwrap(), "jpeg");
        assert_eq!(name(MediaSource::Base64("\n/9j/4AAQSkZJRgAB".into())).unwrap(), "jpeg");
        for unknown in ["", "AQ", "é", "!!!!!!!!!!!!!!!!!!"] {
            assert_eq!(name(MediaSource::Base64(unknown.into())).unwrap(), "png");
        }
        let error = name(MediaSource::Bytes("%PDF-1.7".into())).unwrap_err();
        assert!(error.message().contains("application/pdf"), "{error}");
        let error = name(MediaSource::Url("https://example.com/cat".into())).unwrap_err();
        assert!(error.message().contains("fetch it yourself"), "{error}");
    }

    #[test]
    fn media_over_the_size_limit_is_an_error_with_both_sizes() {
        let source = |bytes: usize| MediaSource::Bytes(vec![0; bytes].into());
        assert!(check_size(&source(10), 10, "an image").is_ok());
        let error = check_size(&source(11), 10, "an image").unwrap_err();
        assert!(error.message().contains("11") && error.message().contains("10"), "{error}");
        assert!(check_size(&MediaSource::Base64("A".repeat(16)), 10, "an image").is_err());
        let elsewhere = MediaSource::S3 { uri: "s3://b/k".into(), bucket_owner: None };
        assert!(check_size(&elsewhere, 0, "an image").is_ok());
    }

    #[test]
    fn media_type_of_every_format_finds_that_format() {
        for formats in [IMAGES, DOCUMENTS, VIDEOS, AUDIO] {
            for format in formats {
                for word in [format.name, format.media_type()] {
                    assert_eq!(find(formats, "it", word).unwrap().name, format.name, "{word}");
                }
            }
        }
    }
}
