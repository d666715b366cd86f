//! Media types, as the wire shapes need them: one table.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::json::Writer;
use crate::message::MediaSource;

/// Converse's name of a format, and the media types that mean it, the usual one first.
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
    /// The usual media type.
    pub(crate) fn media_type(&self) -> &'static str {
        self.types.first().copied().unwrap_or("application/octet-stream")
    }
}

/// The media type without parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// Finds a format by media type or by its own name.
///
/// # Errors
/// `Encode`, with the formats that would do.
pub(crate) fn find(formats: &'static [Format], what: &str, media_type: &str) -> Result<&'static Format> {
    let wanted = essence(media_type);
    let found = formats.iter().find(|format| format.name == wanted || format.types.contains(&wanted.as_str()));
    found.ok_or_else(|| {
        let names: Vec<_> = formats.iter().map(|format| format.name).collect();
        let message = format!("{what} of type \"{media_type}\" cannot be sent: the formats are {}", names.join(", "));
        Error::new(ErrorKind::Encode, message)
    })
}

/// Writes the bytes of a medium as a base64 string.
///
/// # Errors
/// `Encode`, for a source that is not in memory: Bedrock fetches no URLs.
pub(crate) fn write_base64(w: &mut Writer, source: &MediaSource, what: &str) -> Result<()> {
    match source {
        MediaSource::Bytes(bytes) => w.base64(bytes),
        MediaSource::Base64(text) => w.string(&checked(text, what)?),
        MediaSource::Url(url) => {
            let shown: String = url.chars().take(80).collect();
            return Err(Error::new(
                ErrorKind::Encode,
                format!("{what} is a URL ({shown}): Bedrock fetches none, so fetch it yourself and send its bytes"),
            ));
        }
        other => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "{what} has the source {other:?}, which this model's format does not take: send its bytes, or use the Converse API"
                ),
            ));
        }
    }
    Ok(())
}

/// Base64 that decodes, without the white space that e-mail and shells put into it.
fn checked<'a>(text: &'a str, what: &str) -> Result<Cow<'a, str>> {
    let text = if text.contains(char::is_whitespace) {
        Cow::Owned(text.split_whitespace().collect())
    } else {
        Cow::Borrowed(text)
    };
    decode(&text, what)?;
    Ok(text)
}

/// The bytes that base64 stands for, whatever white space is in it.
///
/// # Errors
/// `Encode`, where it is not base64.
pub(crate) fn decoded(text: &str, what: &str) -> Result<Vec<u8>> {
    decode(&text.split_whitespace().collect::<String>(), what)
}

fn decode(text: &str, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match crate::base64::decode(text.as_bytes(), &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Error::new(ErrorKind::Encode, format!("{what} is not base64: {}", error.message()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jpg_is_jpeg_and_parameters_do_not_count() {
        for text in ["image/jpg", "image/jpeg; charset=binary", "IMAGE/JPEG", "jpeg"] {
            assert_eq!(find(IMAGES, "an image", text).unwrap().media_type(), "image/jpeg");
        }
        let error = find(IMAGES, "an image", "image/svg+xml").err().unwrap();
        assert!(error.message().contains("png, jpeg, gif, webp"), "{error}");
    }

    #[test]
    fn the_usual_media_type_of_every_format_means_that_format() {
        for formats in [IMAGES, DOCUMENTS, VIDEOS, AUDIO] {
            for format in formats {
                for word in [format.name, format.media_type()] {
                    assert_eq!(find(formats, "it", word).unwrap().name, format.name, "{word}");
                }
            }
        }
    }
}
