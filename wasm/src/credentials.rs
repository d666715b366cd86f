//! Credentials from JavaScript: values in JSON, and the package's function for them.

use std::cell::Cell;

use bedrock_chat::json::View;
use bedrock_chat::{BoxFuture, Credentials, Error, ErrorKind, Json, ProvideCredentials, Result};
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::members::Members;

/// Reads credentials. JavaScript has checked them.
pub(crate) fn read_credentials(view: View<'_>) -> Result<Credentials> {
    let fields = Members::of(view);
    if let Some(key) = fields.string("apiKey") {
        return Ok(Credentials::bearer(key));
    }
    match (fields.string("accessKeyId"), fields.string("secretAccessKey")) {
        (Some(id), Some(secret)) => Ok(Credentials::new(id, secret).with_session_token(fields.text("sessionToken"))),
        _ => Err(Error::new(
            ErrorKind::Credentials,
            "credentials need accessKeyId and secretAccessKey (and sessionToken for temporary ones), or an apiKey",
        )),
    }
}

/// The package's function for credentials. Its argument is whether the service refused its last credentials as
/// expired.
pub(crate) struct Provider {
    function: Function,
    rejected: Cell<bool>,
}

impl Provider {
    pub(crate) fn new(function: Function) -> Self {
        Self { function, rejected: Cell::new(false) }
    }
}

impl ProvideCredentials for Provider {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(provided(self.function.call1(&JsValue::UNDEFINED, &self.rejected.take().into())))
    }

    fn forget(&self, _: &Credentials) {
        self.rejected.set(true);
    }
}

/// Whether a text contains another one. `str::contains` is 3 KB of WebAssembly.
fn has(text: &str, part: &str) -> bool {
    part.is_empty() || text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

/// Reads the credentials that the function returned.
async fn provided(called: core::result::Result<JsValue, JsValue>) -> Result<Credentials> {
    let failed = |error: JsValue| {
        let of = |value: &JsValue, key: &str| js_sys::Reflect::get(value, &key.into()).ok();
        let said = |value: &JsValue| of(value, "message").and_then(|message| message.as_string());
        let mut message = String::from("the credentials function failed: ");
        message.push_str(&said(&error).or_else(|| error.as_string()).unwrap_or_default());
        // Often only the causes describe the error. They may form a cycle.
        let mut cause = of(&error, "cause");
        for _ in 0..4 {
            let Some(text) = cause.as_ref().and_then(said) else { break };
            if !has(&message, &text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = cause.and_then(|value| of(&value, "cause"));
        }
        // Whether an error of the package may be retried, such as that of a source of temporary keys.
        let retryable = of(&error, "retryable").is_some_and(|retryable| retryable == true);
        Error::new(ErrorKind::Credentials, message).with_retryable(retryable)
    };
    let value = JsFuture::from(Promise::resolve(&called.map_err(failed)?)).await.map_err(failed)?;
    read_credentials(Json::parse(&value.as_string().unwrap_or_default()).map_err(crate::error::json)?.view())
}
