//! A limit of requests and tokens a minute.

use wasm_bindgen::prelude::*;

/// A limit that chats share.
#[wasm_bindgen]
pub struct RateLimiter(pub(crate) bedrock_chat::RateLimiter);

#[wasm_bindgen]
impl RateLimiter {
    /// Creates a limiter. A limit that is not set does not apply.
    #[wasm_bindgen(constructor)]
    pub fn new(requests: Option<f64>, tokens: Option<f64>, output_weight: Option<f64>) -> Self {
        let limiter = bedrock_chat::RateLimiter::new()
            .requests_per_minute(requests.map(|requests| requests as u32))
            .tokens_per_minute(tokens.map(|tokens| tokens as u64));
        Self(limiter.output_weight(output_weight.map_or(1, |weight| weight as u32)))
    }

    /// Returns the same limiter again, for one more chat.
    pub fn share(&self) -> Self {
        Self(self.0.clone())
    }
}
