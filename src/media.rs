//! Content blocks from bytes, data URLs and S3 URIs.

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::message::{Content, Document, Media, MediaSource};
use crate::text::{after_last, before, split_once};

/// File signatures: offset, bytes and media type.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x30\x26\xb2\x75", "video/x-ms-wmv"),
];

/// Returns the media type of an image, PDF, audio or video file by its signature. Returns `None` for anything
/// else, such as text.
pub(crate) fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let begins =
        |(at, signature, _): &&(usize, &[u8], &str)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(signature));
    SIGNATURES.iter().find(begins).map(|(_, _, media_type)| *media_type)
}

impl Content {
    /// Creates a block from the bytes of an image, audio, video or PDF file, whose type is detected.
    ///
    /// ```
    /// use bedrock_chat::Content;
    /// let block = Content::from_bytes(b"\x89PNG\r\n\x1a\n...".to_vec())?;
    /// assert!(matches!(block, Content::Image(image) if image.media_type == "image/png"));
    /// assert!(Content::from_bytes("plain text").is_err());
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Encode`, if the signature is unknown. Set the media type with [`Content::image`] or
    /// [`Content::document`] then.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self> {
        let bytes = bytes.into();
        match sniff(&bytes) {
            Some(media_type) => Ok(Self::of_type(media_type, MediaSource::Bytes(bytes))),
            None => Err(Error::new(
                ErrorKind::Encode,
                "unknown file format: no image, audio, video or PDF signature found; set the media type",
            )),
        }
    }

    /// Creates a block from a `data:` URL, or from an object in S3 (`s3://bucket/key.mp4`), whose type is read
    /// from its file extension.
    ///
    /// ```
    /// use bedrock_chat::Content;
    /// let block = Content::from_url("data:image/png;base64,iVBORw0KGgo=")?;
    /// assert!(matches!(block, Content::Image(_)));
    /// assert!(matches!(Content::from_url("s3://videos/one.mp4")?, Content::Video(_)));
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Encode`, for other URLs, as Bedrock does not fetch URLs. `MediaFetcher` does, natively and with the feature
    /// `web`.
    pub fn from_url(url: &str) -> Result<Self> {
        let refused = |why: &str| {
            let shown: String = url.chars().take(60).collect();
            Err(Error::of(ErrorKind::Encode, format_args!("{shown}: {why}")))
        };
        if let Some(rest) = url.strip_prefix("data:") {
            let Some((head, data)) = split_once(rest, ",") else { return refused("data URL has no `,`") };
            let media_type = Some(before(head, ";")).filter(|name| !name.is_empty()).unwrap_or("text/plain");
            return if head.ends_with(";base64") {
                Ok(Self::of_type(media_type, MediaSource::Base64(data.to_owned())))
            } else {
                refused("data URL is not in base64; encode it, or pass bytes")
            };
        }
        if url.starts_with("s3://") {
            let Some(media_type) = media_type_of(url) else {
                return refused(
                    "unknown file extension; use `Content::Image`, `Video` or `Document` with `MediaSource::S3`",
                );
            };
            return Ok(Self::of_type(media_type, MediaSource::S3 { uri: url.to_owned(), bucket_owner: None }));
        }
        refused("Bedrock does not fetch URLs; fetch it and pass its bytes")
    }

    /// Creates the block for a media type.
    fn of_type(media_type: &str, source: MediaSource) -> Self {
        match before(media_type, "/") {
            "image" => Self::Image(Media::new(media_type, source)),
            "audio" => Self::Audio(Media::new(media_type, source)),
            "video" => Self::Video(Media::new(media_type, source)),
            _ => Self::Document(Document::new(media_type, source)),
        }
    }
}

/// Returns the media type for the extension of a file name or object key.
pub(crate) fn media_type_of(name: &str) -> Option<&'static str> {
    let ending = after_last(name, ".").unwrap_or(name);
    ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, media_type)| *media_type)
}

/// File extensions and their media types.
pub(crate) const ENDINGS: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mkv", "video/x-matroska"),
    ("webm", "video/webm"),
    ("flv", "video/x-flv"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("wmv", "video/x-ms-wmv"),
    ("3gp", "video/3gpp"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("m4a", "audio/mp4"),
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("html", "text/html"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_is_detected_from_the_first_bytes() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
            (b"%PDF-1.7", "application/pdf"),
            (b"\0\0\0\x18ftypmp42", "video/mp4"),
        ] {
            assert_eq!(sniff(bytes), Some(media_type));
        }
        for bytes in [&b""[..], b"hello", b"RIFF"] {
            assert_eq!(sniff(bytes), None);
        }
    }

    #[test]
    fn unknown_media_type_is_refused_with_advice() {
        for (url, says) in [
            ("https://example.com/cat.png", "fetch it and pass its bytes"),
            ("data:image/png,abc", "base64"),
            ("data:image/png", "no `,`"),
            ("s3://bucket/thing", "file extension"),
        ] {
            let error = Content::from_url(url).unwrap_err();
            assert!(error.message().contains(says), "{error}");
        }
    }
}
