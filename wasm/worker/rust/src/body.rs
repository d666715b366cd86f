//! Reads what a request carries.

use futures_util::StreamExt;
use worker::Request;

use crate::answer::Refusal;

/// In bytes: longer than any conversation with images that Bedrock takes.
const LONGEST: u64 = 25_000_000;

/// The text of a body, of which no more is read than may be.
pub(crate) async fn read(request: &mut Request) -> Result<String, Refusal> {
    let given = request.headers().get("content-length")?.and_then(|length| length.parse().ok());
    check(given.unwrap_or(0))?;
    let mut body = Vec::with_capacity(given.unwrap_or(0) as usize);
    // Without a body there is no stream either.
    if let Ok(mut pieces) = request.stream() {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Refusal::bad("the body could not be read"))?;
            // Returning drops the stream, which cancels it.
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
