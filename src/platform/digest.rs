//! SHA-256 by WebCrypto, for large bodies.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    // `catch`: an exception that passes through the module breaks it permanently.
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = digest)]
    fn digest(algorithm: &str, bytes: &Uint8Array) -> Result<Promise, JsValue>;
}

/// From this size on WebCrypto is faster than the module's own hash, although it returns a promise.
const LARGE: usize = 96 * 1024;

pub(super) async fn sha256(body: &[u8]) -> [u8; 32] {
    match body.len() >= LARGE {
        true => digested(body).await,
        false => None,
    }
    .unwrap_or_else(|| super::sha256(body))
}

/// Computes the hash with WebCrypto. Pages that were loaded without TLS and Node 18 do not have it.
async fn digested(body: &[u8]) -> Option<[u8; 32]> {
    let promise = digest("SHA-256", &Uint8Array::from(body)).ok()?;
    let hash = JsFuture::from(promise).await.ok()?;
    Uint8Array::new(&hash).to_vec().try_into().ok()
}
