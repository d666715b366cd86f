//! Credentials from JavaScript: values in JSON, and the package's function for them.

use std::cell::Cell;

use bedrock_chat::json::View;
use bedrock_chat::{BoxFuture, Credentials, Error, ErrorKind, Json, ProvideCredentials, Result};
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::members::Members;

/// Reads credentials: an object that JavaScript has checked, or the string `"anonymous"`.
///
/// # Errors
/// `Config`, for another string. The error does not have the string, which may be a key.
pub(crate) fn read_credentials(view: View<'_>) -> Result<Credentials> {
    if let Some(name) = view.string() {
        return match name.as_str() {
            "anonymous" => Ok(Credentials::anonymous()),
            _ => Err(Error::new(
                ErrorKind::Config,
                "unknown `credentials`: a string other than \"anonymous\"; set an API key as `apiKey`, AWS keys as an object",
            )
            .with_field("credentials")),
        };
    }
    let fields = Members::of(view);
    if let Some(key) = fields.string("apiKey") {
        return Ok(Credentials::bearer(key));
    }
    match (fields.string("accessKeyId"), fields.string("secretAccessKey")) {
        (Some(id), Some(secret)) => Ok(Credentials::new(id, secret).with_session_token(fields.text("sessionToken"))),
        _ => Err(Error::new(
            ErrorKind::Credentials,
            "credentials need `accessKeyId` and `secretAccessKey` (and `sessionToken` for temporary ones), or an `apiKey`",
        )),
    }
}

/// The package's function for credentials. Its argument is the access key id that the service refused as expired, or
/// nothing.
pub(crate) struct Provider {
    function: Function,
    refused: Cell<Option<String>>,
}

impl Provider {
    pub(crate) fn new(function: Function) -> Self {
        Self { function, refused: Cell::new(None) }
    }
}

impl ProvideCredentials for Provider {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(provided(self.function.call1(&JsValue::UNDEFINED, &self.refused.take().into())))
    }

    fn forget(&self, refused: &Credentials) {
        self.refused.set(Some(refused.access_key_id().unwrap_or_default().to_owned()));
    }
}

/// Whether a text contains another one. `str::contains` is 3 KB of WebAssembly.
fn has(text: &str, part: &str) -> bool {
    part.is_empty() || text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

/// Reads the credentials that the function returned.
async fn provided(called: core::result::Result<JsValue, JsValue>) -> Result<Credentials> {
    let text = text_of(called, ErrorKind::Credentials, "the credentials function").await?;
    read_credentials(Json::parse(&text).map_err(crate::error::json)?.view())
}

/// Returns the text of the promise that a function of the program returned.
///
/// # Errors
/// The given kind, with the function's name and its own error.
pub(crate) async fn text_of(
    called: core::result::Result<JsValue, JsValue>,
    kind: ErrorKind,
    function: &str,
) -> Result<String> {
    let failed = |error: JsValue| {
        let of = |value: &JsValue, key: &str| js_sys::Reflect::get(value, &key.into()).ok();
        let said = |value: &JsValue| of(value, "message").and_then(|message| message.as_string());
        let mut message = [function, " failed: "].concat();
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
        Error::new(kind, message).with_retryable(retryable)
    };
    let value = JsFuture::from(Promise::resolve(&called.map_err(failed)?)).await.map_err(failed)?;
    Ok(value.as_string().unwrap_or_default())
}
