//! The crate without HTTP as a WebAssembly module, to be weighed by `make size`.
//!
//! Every function takes what it works on from its caller, so nothing of the crate can be left out
//! as dead or computed while compiling; `check.mjs` beside this crate calls them all.

use wasm_bindgen::prelude::*;

/// The floor: what any module weighs that takes and gives a string.
#[wasm_bindgen]
pub fn copy(text: &str) -> String {
    text.to_owned()
}

/// Signs a call; the answer is the value of `Authorization`.
#[cfg(feature = "sign")]
#[wasm_bindgen]
#[allow(clippy::too_many_arguments)]
pub fn sign(
    access_key_id: &str,
    secret_access_key: &str,
    session_token: Option<String>,
    region: &str,
    model: &str,
    body: &[u8],
    unix_seconds: f64,
) -> Result<String, JsError> {
    use bedrock_chat::sigv4::{
        AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, encode_model_id, sign,
    };
    let path = ["/model/", &encode_model_id(model), "/invoke"].concat();
    let host = ["bedrock-runtime.", region, ".amazonaws.com"].concat();
    let request = SignableRequest {
        method: "POST",
        path: &path,
        query: "",
        headers: &[("host", &host), ("content-type", "application/json")],
        payload: Payload::Bytes(body),
    };
    let params = SigningParams {
        access_key_id,
        secret_access_key,
        session_token: session_token.as_deref(),
        region,
        service: "bedrock",
        date: AmzDate::from_unix_seconds(unix_seconds as u64)?,
    };
    Ok(sign(&request, &params, &SigningKeyCache::new())?.authorization().to_owned())
}

/// Counts the frames of an event stream that comes in pieces.
#[cfg(feature = "frames")]
#[wasm_bindgen]
pub fn frames(bytes: &[u8], piece: usize) -> Result<usize, JsError> {
    let mut decoder = bedrock_chat::eventstream::FrameDecoder::new();
    let mut count = 0;
    for bytes in bytes.chunks(piece.max(1)) {
        decoder.push(bytes);
        while let Some(frame) = decoder.next_frame()? {
            count += usize::from(frame.message_type().is_some());
        }
    }
    decoder.finish()?;
    Ok(count)
}

#[cfg(feature = "anthropic")]
mod anthropic;
