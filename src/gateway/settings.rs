//! The settings of a gateway: one table of models, and one of keys.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};

use super::keys::{KeySettings, TOO_SHORT};
use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::message::Usage;

/// The maximum length of a body by default, in bytes: longer than any conversation with images that Bedrock accepts.
const MAX_BODY_BYTES: usize = 25_000_000;

/// The maximum number of entries of the metadata of a call, which Bedrock sets.
pub(super) const MAX_METADATA: usize = 16;

/// The settings of a [`Gateway`](super::Gateway).
///
/// ```
/// use bedrock_chat::Json;
/// use bedrock_chat::gateway::GatewaySettings;
/// let settings = GatewaySettings::from_json(&Json::parse(r#"{
///     "models": {
///         "claude-sonnet-4-6": {"id": "us.anthropic.claude-sonnet-4-6", "fallbacks": ["us.anthropic.claude-opus-4-8"],
///             "price": {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}},
///         "gpt-*": "openai.gpt-oss-120b-1:0"
///     },
///     "keys": {
///         "alice": {"key": "gw-0123456789", "models": ["claude-*"], "requestsPerMinute": 60, "budget": 20}
///     }
/// }"#)?)?;
/// assert_eq!(settings.models.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GatewaySettings {
    /// The models by the names that clients use. A `*` at the end of a name matches any suffix; a `*` in
    /// the id is replaced by that suffix. A name without `*` wins, then the longest.
    pub models: BTreeMap<String, ModelSettings>,
    /// The keys of clients by their names, which logs show. Without a key, all requests are refused.
    pub keys: BTreeMap<String, KeySettings>,
    /// Whether clients can use any model by its Bedrock id, also if [`models`](Self::models) does not list it. Defaults
    /// to `true`.
    pub any_model: bool,
    /// The origins of pages that may read the answers, such as `https://chat.example.com`, or `*`. Defaults to none.
    pub cors_origins: Vec<String>,
    /// The maximum length of a request's body, in bytes. Defaults to 25,000,000.
    pub max_body_bytes: usize,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            models: BTreeMap::new(),
            keys: BTreeMap::new(),
            any_model: true,
            cors_origins: Vec::new(),
            max_body_bytes: MAX_BODY_BYTES,
        }
    }
}

impl GatewaySettings {
    /// Reads settings from JSON, with the names of this struct's fields in camel case.
    ///
    /// # Errors
    /// `Config`, with the path of the member that is wrong or unknown.
    pub fn from_json(json: &Json) -> Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json.as_str());
        let read: Self = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let (path, message) = (error.path().to_string(), error.into_inner());
            Error::of(ErrorKind::Config, format_args!("settings of the gateway: `{path}`: {message}")).with_field(path)
        })?;
        read.check()?;
        Ok(read)
    }

    /// Adds a model.
    #[must_use]
    pub fn with_model(mut self, name: impl Into<String>, model: impl Into<ModelSettings>) -> Self {
        self.models.insert(name.into(), model.into());
        self
    }

    /// Adds a client's key.
    #[must_use]
    pub fn with_key(mut self, name: impl Into<String>, key: KeySettings) -> Self {
        self.keys.insert(name.into(), key);
        self
    }

    /// Checks values that the types allow.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |path: String, what: &str| {
            Err(Error::of(ErrorKind::Config, format_args!("settings of the gateway: `{path}` {what}")).with_field(path))
        };
        for (name, key) in &self.keys {
            if key.is_short() {
                return wrong(format!("keys.{name}.key"), &["is too short: ", TOO_SHORT].concat());
            }
            for (limit, is_zero) in [
                ("requestsPerMinute", key.requests_per_minute == Some(0)),
                ("tokensPerMinute", key.tokens_per_minute == Some(0)),
            ] {
                if is_zero {
                    return wrong(format!("keys.{name}.{limit}"), "is 0; remove the key, or set a limit from 1 on");
                }
            }
            // The gateway adds one.
            if key.metadata.len() >= MAX_METADATA {
                return wrong(format!("keys.{name}.metadata"), "has more than 15 entries; remove some");
            }
            if key.budget.is_some_and(|budget| !budget.is_finite() || budget < 0.0) {
                return wrong(format!("keys.{name}.budget"), "is not an amount; set a number from 0 on");
            }
        }
        for (name, model) in &self.models {
            let prices = model.price.map_or([0.0; 4], |price| {
                [price.input, price.output, price.cache_read.unwrap_or(0.0), price.cache_write.unwrap_or(0.0)]
            });
            if prices.iter().any(|price| !price.is_finite() || *price < 0.0) {
                return wrong(format!("models.{name}.price"), "is negative; set amounts from 0 on");
            }
            let stars = |text: &str| text.matches('*').count();
            let ids = || std::iter::once(&model.id).chain(&model.fallbacks);
            if stars(name) > 1 || stars(name) == 1 && !name.ends_with('*') {
                return wrong(format!("models.{name}"), "has a `*` that is not at its end; move it there");
            }
            if ids().any(|id| stars(id) > stars(name)) {
                return wrong(format!("models.{name}.id"), "has a `*` that its name does not have; remove it");
            }
            if model.id.trim().is_empty() {
                return wrong(format!("models.{name}.id"), "is empty; set a model id, an inference profile or an ARN");
            }
        }
        Ok(())
    }
}

/// A model of a gateway. A string converts into it: the model's id.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ModelSettings {
    /// The model on Bedrock: an id, an inference profile or an ARN.
    pub id: String,
    /// Models that answer if this one is throttled, fails or is not there, in this order. Defaults to none.
    pub fallbacks: Vec<String>,
    /// The price of the tokens, for budgets and logs. Defaults to unknown.
    pub price: Option<Price>,
}

impl ModelSettings {
    /// Creates the settings of a model by its id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Sets the models that answer if this one cannot. Defaults to none.
    #[must_use]
    pub fn with_fallbacks<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.fallbacks = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the price. Defaults to unknown.
    #[must_use]
    pub fn with_price(mut self, price: Price) -> Self {
        self.price = Some(price);
        self
    }
}

impl<S: Into<String>> From<S> for ModelSettings {
    fn from(id: S) -> Self {
        Self::new(id)
    }
}

impl<'de> Deserialize<'de> for ModelSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Members {
            id: String,
            #[serde(default)]
            fallbacks: Vec<String>,
            price: Option<Price>,
        }
        /// An id alone, or an object. An untagged enum would hide which member is wrong.
        struct Reader;
        impl<'de> serde::de::Visitor<'de> for Reader {
            type Value = ModelSettings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a model id, or an object such as {\"id\": \"us.anthropic.claude-sonnet-4-6\"}")
            }
            fn visit_str<E>(self, id: &str) -> Result<ModelSettings, E> {
                Ok(ModelSettings::new(id))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<ModelSettings, A::Error> {
                let members = Members::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(ModelSettings { id: members.id, fallbacks: members.fallbacks, price: members.price })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The price of a million tokens, in the currency of the [budgets](KeySettings::budget).
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Price {
    /// A million tokens of input that are neither read from the cache nor written to it.
    pub input: f64,
    /// A million tokens of output, reasoning included.
    pub output: f64,
    /// A million tokens read from the cache. Defaults to the price of input.
    #[serde(default)]
    pub cache_read: Option<f64>,
    /// A million tokens written to the cache. Defaults to the price of input.
    #[serde(default)]
    pub cache_write: Option<f64>,
}

impl Price {
    /// Creates a price of input and output, each for a million tokens.
    pub fn new(input: f64, output: f64) -> Self {
        Self { input, output, cache_read: None, cache_write: None }
    }

    /// Sets the prices of reading from the cache and writing to it. Both default to the price of input.
    #[must_use]
    pub fn with_cache(mut self, read: f64, write: f64) -> Self {
        (self.cache_read, self.cache_write) = (Some(read), Some(write));
        self
    }

    /// Returns the cost of a call.
    pub(super) fn cost(&self, usage: &Usage) -> f64 {
        let cache = usage.input_token_details;
        let plain = usage.input_tokens.saturating_sub(cache.cache_read.saturating_add(cache.cache_creation));
        let sum = plain as f64 * self.input
            + cache.cache_read as f64 * self.cache_read.unwrap_or(self.input)
            + cache.cache_creation as f64 * self.cache_write.unwrap_or(self.input)
            + usage.output_tokens as f64 * self.output;
        sum / 1e6
    }
}
