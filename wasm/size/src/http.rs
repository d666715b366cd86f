//! A chat model in the module of a Rust user: built, called, streamed.

use bedrock_chat::{BedrockChat, Credentials};
use wasm_bindgen::prelude::*;

use crate::js_error;

/// Calls a model of any family, and passes each piece of its text to a function.
#[wasm_bindgen]
pub async fn ask(
    model: String,
    region: String,
    id: String,
    secret: String,
    endpoint: String,
    prompt: String,
) -> Result<String, JsError> {
    let chat = BedrockChat::builder(model)
        .region(region)
        .credentials(Credentials::new(id, secret))
        .endpoint_url(endpoint)
        .build()
        .map_err(js_error)?;
    let mut stream = chat.stream(prompt).await.map_err(js_error)?.text();
    let mut said = String::new();
    while let Some(text) = stream.next().await {
        said.push_str(&text.map_err(js_error)?);
        said.push('\n');
    }
    Ok(said)
}
