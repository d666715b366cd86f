//! The settings of the Worker, from its bindings.

use bedrock_chat::gateway::{GatewaySettings, KeySettings};
use bedrock_chat::json::Writer;
use bedrock_chat::{BedrockChat, BedrockChatBuilder, Credentials, Error, ErrorKind, FetchTransport, Json, Result};
use worker::Env;

/// The default model.
const MODEL: &str = "us.anthropic.claude-sonnet-4-6";

/// The bindings, by name. Variables and secrets are read in the same way.
pub(crate) struct Settings<'a> {
    env: &'a Env,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(env: &'a Env) -> Self {
        Self { env }
    }

    /// Returns a variable or secret; a blank one counts as unset.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = self.env.var(name).ok()?.to_string();
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Returns the model for requests without a model.
    pub(crate) fn model(&self) -> String {
        self.get("MODEL").unwrap_or_else(|| MODEL.to_owned())
    }

    /// Returns whether clients may use this model: any model, unless `ALLOWED_MODELS` lists some.
    pub(crate) fn allows(&self, model: &str) -> bool {
        match self.get("ALLOWED_MODELS") {
            Some(list) => list.split(',').any(|allowed| allowed.trim() == model) || model == self.model(),
            None => true,
        }
    }

    /// Returns the settings of a chat.
    pub(crate) fn chat(&self, model: &str) -> Result<BedrockChatBuilder> {
        let mut chat = BedrockChat::builder(model).transport(FetchTransport::new()).credentials(self.credentials()?);
        if let Some(region) = self.get("AWS_REGION") {
            chat = chat.region(region);
        }
        if let Some(endpoint) = self.get("BEDROCK_ENDPOINT") {
            chat = chat.endpoint_url(endpoint);
        }
        Ok(chat)
    }

    /// Returns the settings of the gateway: `GATEWAY_SETTINGS`, with the keys of the secret `GATEWAY_KEYS`. Without that
    /// secret, `ACCESS_TOKEN` is a key with the name `default`.
    pub(crate) fn gateway(&self) -> Result<GatewaySettings> {
        let mut settings = match self.get("GATEWAY_SETTINGS") {
            Some(text) => GatewaySettings::from_json(&json("GATEWAY_SETTINGS", &text)?)?,
            None => GatewaySettings::default(),
        };
        if let Some(text) = self.get("GATEWAY_KEYS") {
            let mut w = Writer::new();
            w.begin_object();
            w.key("keys").raw(json("GATEWAY_KEYS", &text)?.view());
            w.end_object();
            settings.keys.extend(GatewaySettings::from_json(&json("GATEWAY_KEYS", &w.finish())?)?.keys);
        } else if let Some(token) = self.get("ACCESS_TOKEN") {
            let mut key = KeySettings::new(&token);
            if let Some(list) = self.get("ALLOWED_MODELS") {
                key = key.with_models(list.split(',').map(str::trim).chain([self.model().as_str()]));
            }
            settings.keys.insert("default".to_owned(), key);
        }
        Ok(settings)
    }

    fn credentials(&self) -> Result<Credentials> {
        if let Some(key) = self.get("AWS_BEARER_TOKEN_BEDROCK") {
            return Ok(Credentials::bearer(key));
        }
        match (self.get("AWS_ACCESS_KEY_ID"), self.get("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => {
                Ok(Credentials::new(id, secret).with_session_token(self.get("AWS_SESSION_TOKEN").unwrap_or_default()))
            }
            _ => Err(Error::new(
                ErrorKind::Credentials,
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK, with `wrangler secret put`",
            )),
        }
    }
}

/// Reads the JSON of a binding. The error does not contain the text, which may be secret.
fn json(name: &str, text: &str) -> Result<Json> {
    Json::parse(text).map_err(|error| Error::new(ErrorKind::Config, format!("`{name}` is not JSON: {error}")))
}
