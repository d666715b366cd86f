//! Media types, as the wire shapes need them: one table.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::json::Writer;
use crate::message::MediaSource;

/// Converse's name of a format, and the media types that mean it, the usual one first.
///
/// See [ImageBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html),
/// [DocumentBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html),
/// [VideoBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_VideoBlock.html).
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
        let message = format!("{what} of type {media_type:?} cannot be sent: the formats are {}", names.join(", "));
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
    match crate::base64::decode(text.as_bytes(), &mut Vec::new()) {
        Ok(()) => Ok(text),
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
}
