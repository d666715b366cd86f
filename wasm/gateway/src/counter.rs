//! The place that counts the use of keys, in JavaScript.

use bedrock_chat::gateway::{KeyCounter, KeyUse};
use bedrock_chat::{BoxFuture, ErrorKind, Result};
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::credentials::text_of;
use crate::read_use;

/// The package's functions of a counter. They do not throw.
pub(crate) struct Counter {
    /// Returns a promise of the use of a key, as JSON.
    pub(crate) admit: Function,
    /// Receives the name of a key, the tokens, and the cost.
    pub(crate) record: Function,
}

impl KeyCounter for Counter {
    fn admit<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<KeyUse>> {
        Box::pin(async move {
            let called = self.admit.call1(&JsValue::UNDEFINED, &key.into());
            read_use(&text_of(called, ErrorKind::Interrupted, "counter.admit").await?)
        })
    }

    fn record(&self, key: &str, tokens: u64, cost: f64) {
        // There is nothing to do about an error here: the package logs it.
        let _ = self.record.call3(&JsValue::UNDEFINED, &key.into(), &(tokens as f64).into(), &cost.into());
    }
}
