//! The crate without HTTP as a WebAssembly module, measured by `make size`.
//!
//! Each function receives its input from its caller, so that the compiler cannot remove code of the crate as unused or
//! compute it in advance. `check.mjs` next to this crate calls all functions. They do little else, so that mostly the
//! crate is measured.

use wasm_bindgen::prelude::*;

#[cfg(feature = "anthropic")]
mod chat;
#[cfg(feature = "fetch")]
mod http;

/// This allocator has a third of the code of the standard library's. Its pages grow into one pool, because images and
/// long responses are larger than a page.
#[global_allocator]
static MEMORY: rlsf::GlobalTlsf<Memory> = rlsf::GlobalTlsf::new();

struct Memory;

impl rlsf::GlobalTlsfOptions for Memory {
    const COALESCE_POOLS: bool = true;
    // Costs 0.3 KB after gzip. WebAssembly memory never shrinks, so growing in place keeps the peak low.
    const ENABLE_REALLOCATION: bool = true;
}

/// Copies a string: the minimum size of a module that accepts and returns strings.
#[wasm_bindgen]
pub fn copy(text: &str) -> String {
    text.to_owned()
}

/// Converts an error to a JavaScript error, in one place, as in a real client.
#[cfg(any(feature = "sign", feature = "frames", feature = "fetch"))]
#[inline(never)]
fn js_error(error: bedrock_chat::Error) -> JsError {
    JsError::new(error.message())
}

/// Signs a call and returns the value of `Authorization`.
#[cfg(feature = "sign")]
#[wasm_bindgen]
pub fn sign(
    id: &str,
    secret: &str,
    token: &str,
    region: &str,
    model: &str,
    body: &[u8],
    unix_seconds: u32,
) -> Result<String, JsError> {
    authorization([id, secret, token], region, model, body, unix_seconds).map_err(js_error)
}

#[cfg(feature = "sign")]
fn authorization(
    [access_key_id, secret_access_key, token]: [&str; 3],
    region: &str,
    model: &str,
    body: &[u8],
    unix_seconds: u32,
) -> bedrock_chat::Result<String> {
    use bedrock_chat::sigv4::{
        AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, encode_model_id, sign,
    };
    let mut path = String::from("/model/");
    path.push_str(&encode_model_id(model));
    let request = SignableRequest {
        method: "POST",
        path: &path,
        query: "",
        headers: &[("host", region), ("content-type", "application/json")],
        payload: Payload::Bytes(body),
    };
    let params = SigningParams {
        access_key_id,
        secret_access_key,
        session_token: Some(token),
        region,
        service: "bedrock",
        date: AmzDate::from_unix_seconds(unix_seconds.into())?,
    };
    Ok(sign(&request, &params, &SigningKeyCache::new())?.authorization().to_owned())
}

/// Counts the frames of an event stream that arrives in pieces.
#[cfg(feature = "frames")]
#[wasm_bindgen]
pub fn frames(bytes: &[u8], piece: usize) -> Result<usize, JsError> {
    count(bytes, piece).map_err(js_error)
}

#[cfg(feature = "frames")]
fn count(bytes: &[u8], piece: usize) -> bedrock_chat::Result<usize> {
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
