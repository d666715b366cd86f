//! Content for a guardrail, as Converse and ApplyGuardrail share it.

use crate::error::{Error, ErrorKind, Result};
use crate::json::Writer;
use crate::message::GuardContent;

use super::media::{self, Format};

/// The image formats that guardrails assess.
const GUARD_IMAGES: &[Format] = media::IMAGES.split_at(2).0;

/// Writes the single member of guard content.
///
/// # Errors
/// `Encode`, if there is neither text nor an image, or the image is not in memory.
pub(crate) fn write_guard(w: &mut Writer, guard: &GuardContent) -> Result<()> {
    match (&guard.text, &guard.image) {
        (Some(text), _) => {
            w.object("text");
            w.field("text", text);
            w.strings("qualifiers", &guard.qualifiers);
        }
        (None, Some(image)) => {
            let format = media::image_format(GUARD_IMAGES, "an image for a guardrail", image)?;
            w.object("image");
            w.field("format", format.name);
            w.object("source");
            w.key("bytes");
            media::write_base64(w, &image.source, "an image for a guardrail")?;
            w.end_object();
        }
        (None, None) => {
            return Err(Error::new(ErrorKind::Encode, "guard content is empty; set its text or its image"));
        }
    }
    w.end_object();
    Ok(())
}
