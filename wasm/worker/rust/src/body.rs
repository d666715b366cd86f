//! Reads the body of a request.

use futures_util::StreamExt;
use worker::Request;

use crate::answer::Refusal;

/// Maximum bytes of a body: longer than any conversation with images that Bedrock accepts.
const LONGEST: u64 = 25_000_000;

/// Returns the text of a body. Reads no more than the maximum.
pub(crate) async fn read(request: &mut Request) -> Result<String, Refusal> {
    let given = request.headers().get("content-length")?.and_then(|length| length.parse().ok());
    check(given.unwrap_or(0))?;
    let mut body = Vec::with_capacity(given.unwrap_or(0) as usize);
    // A request without a body has no stream.
    if let Ok(mut pieces) = request.stream() {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Refusal::bad("the body could not be read"))?;
            // Returning drops the stream, which cancels the body.
            check((body.len() + piece.len()) as u64)?;
            body.extend(piece);
        }
    }
    Ok(String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn check(length: u64) -> Result<(), Refusal> {
    match length > LONGEST {
        true => Err(Refusal::new(413, "encode", "the body is longer than 25 MB")),
        false => Ok(()),
    }
}
