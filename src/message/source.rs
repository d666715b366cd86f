//! Sources of media.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The source of a medium's bytes.
///
/// ```
/// use bedrock_chat::MediaSource;
/// let source = MediaSource::S3 { uri: "s3://bucket/video.mp4".into(), bucket_owner: None };
/// assert!(matches!(source, MediaSource::S3 { .. }));
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaSource {
    /// In memory.
    #[serde(with = "bytes_as_base64")]
    Bytes(Bytes),
    /// In memory, already in base64 (standard alphabet).
    Base64(String),
    /// An object in S3 that Bedrock may read.
    S3 {
        /// The object's URI, `s3://bucket/key`.
        uri: String,
        /// The account that owns the bucket, if it is not the caller's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bucket_owner: Option<String>,
    },
    /// A URL. Bedrock does not fetch it, so sending it is an error. `MediaFetcher` fetches it, natively and
    /// with the feature `web`.
    Url(String),
    /// Plain text (documents only).
    Text(String),
    /// Pieces of plain text that can be cited one by one (documents only).
    Blocks(Vec<String>),
}

impl std::fmt::Debug for MediaSource {
    /// Prints sizes and URIs, not the bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Base64(text) => write!(f, "Base64({} characters)", text.len()),
            Self::S3 { uri, .. } => write!(f, "S3({uri})"),
            Self::Url(url) => write!(f, "Url({} characters)", url.len()),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Blocks(blocks) => write!(f, "Blocks({})", blocks.len()),
        }
    }
}

mod bytes_as_base64 {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        crate::base64::encode(bytes, &mut text);
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let mut bytes = Vec::new();
        crate::base64::decode(text.as_bytes(), &mut bytes).map_err(D::Error::custom)?;
        Ok(bytes.into())
    }
}
