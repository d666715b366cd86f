//! Whole replies.

use super::reader::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Events;
use crate::headers::Headers;
use crate::message::AiMessage;
use crate::provider::body::object;
use crate::provider::invoke::{self, Counts};

/// Reads a whole reply in the same way as the last event of a stream.
pub(super) fn message(body: &[u8], headers: &Headers) -> Result<AiMessage> {
    let response = object(body)?;
    let (mut events, mut counts) = (Events::default(), Counts::default());
    let mut reader = Reader::default();
    if response.get("error").is_none() && response.get("output").is_none() {
        return Err(Error::new(
            ErrorKind::Decode,
            "the reply has no `output`; it is not in the format of the Responses API",
        ));
    }
    reader.end(response, "completed", &mut counts, &mut events)?;
    Ok(invoke::message(events, counts, headers))
}
