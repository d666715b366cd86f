//! The keys of clients.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::platform::sha256;

/// The error for a key of another type.
const NOT_TEXT: &str = "a key is a string";

/// The error for a short key.
pub(super) const TOO_SHORT: &str = "a key has at least 8 characters; make one with `openssl rand -hex 24`";

/// A key of a client, and what the client may do with it. In JSON, a key without limits may be its text alone.
#[derive(Clone)]
#[non_exhaustive]
pub struct KeySettings {
    /// The key, or `sha256:` and the 64 hexadecimal digits of its SHA-256. Only the hash is kept.
    key: KeyHash,
    /// The models that the key may use, by the names that clients use or by Bedrock's ids; a `*` at the end matches any
    /// suffix. Defaults to all.
    pub models: Vec<String>,
    /// The maximum number of calls a minute. Lists of models, and requests that the gateway refuses before it calls
    /// Bedrock, do not count. Defaults to no limit.
    pub requests_per_minute: Option<u32>,
    /// The maximum number of tokens a minute, of input and output. A call's tokens are known at its end, so the calls
    /// after it wait. Defaults to no limit.
    pub tokens_per_minute: Option<u64>,
    /// The maximum cost of the calls of a [period](Self::budget_period). A call's cost is known at its end, so that the last
    /// call may exceed it. It needs the price of each model that the key uses. Defaults to no limit.
    pub budget: Option<f64>,
    /// The period of the budget. Defaults to a month.
    pub budget_period: BudgetPeriod,
    /// Metadata of the key's calls in AWS's logs of invocations. The gateway adds `gateway_key`, the key's name. Up to 15
    /// entries. Defaults to none.
    pub metadata: BTreeMap<String, String>,
    /// The Bedrock project of the key's calls, which splits AWS's bill. Defaults to none.
    pub project: Option<String>,
}

/// A period of a budget, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BudgetPeriod {
    /// A calendar day.
    Day,
    /// A calendar month.
    #[default]
    Month,
    /// All time.
    Total,
}

impl KeySettings {
    /// Creates the settings of a key that may use all models without limits.
    pub fn new(key: &str) -> Self {
        Self {
            key: KeyHash::of(key),
            models: Vec::new(),
            requests_per_minute: None,
            tokens_per_minute: None,
            budget: None,
            budget_period: BudgetPeriod::default(),
            metadata: BTreeMap::new(),
            project: None,
        }
    }

    /// Sets the models that the key may use. Defaults to all.
    #[must_use]
    pub fn with_models<S: Into<String>>(mut self, models: impl IntoIterator<Item = S>) -> Self {
        self.models = models.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the maximum number of calls a minute. Defaults to no limit.
    #[must_use]
    pub fn with_requests_per_minute(mut self, requests: u32) -> Self {
        self.requests_per_minute = Some(requests);
        self
    }

    /// Sets the maximum number of tokens a minute. Defaults to no limit.
    #[must_use]
    pub fn with_tokens_per_minute(mut self, tokens: u64) -> Self {
        self.tokens_per_minute = Some(tokens);
        self
    }

    /// Sets the maximum cost of the calls of a period. Defaults to no limit.
    #[must_use]
    pub fn with_budget(mut self, budget: f64, period: BudgetPeriod) -> Self {
        (self.budget, self.budget_period) = (Some(budget), period);
        self
    }

    /// Sets the metadata of the key's calls in AWS's logs, at most 15 entries. Defaults to none.
    #[must_use]
    pub fn with_metadata<K: Into<String>, V: Into<String>>(
        mut self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.metadata = entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self
    }

    /// Sets the project that AWS bills. Defaults to none.
    #[must_use]
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Returns whether a client's text is this key, in a time that does not depend on where they differ. The gateway
    /// checks its keys itself; this is for other paths of the same server.
    pub fn is_key(&self, given: &str) -> bool {
        self.has_hash(&sha256(given.as_bytes()))
    }

    /// Returns whether the key has a limit or a budget.
    pub(super) fn is_limited(&self) -> bool {
        self.requests_per_minute.is_some() || self.tokens_per_minute.is_some() || self.budget.is_some()
    }

    /// Returns whether the key is too short to be a secret.
    pub(super) fn is_short(&self) -> bool {
        self.key.is_short
    }

    /// Returns whether this is the key with the hash. Takes the same time for every key.
    pub(super) fn has_hash(&self, hash: &[u8; 32]) -> bool {
        self.key.hash.iter().zip(hash).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
    }
}

impl<'de> Deserialize<'de> for KeySettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Members {
            key: KeyHash,
            #[serde(default)]
            models: Vec<String>,
            requests_per_minute: Option<u32>,
            tokens_per_minute: Option<u64>,
            budget: Option<f64>,
            #[serde(default)]
            budget_period: BudgetPeriod,
            #[serde(default)]
            metadata: BTreeMap<String, String>,
            project: Option<String>,
        }
        /// The key alone, or an object. Errors must not contain the key, as serde's own would.
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = KeySettings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key, or an object such as {\"key\": \"...\"}")
            }
            fn visit_str<E: Error>(self, key: &str) -> Result<KeySettings, E> {
                Ok(KeySettings { key: KeyHash::read(key).map_err(E::custom)?, ..KeySettings::new("") })
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<KeySettings, E> {
                Err(E::custom(NOT_TEXT))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeySettings, A::Error> {
                let Members {
                    key,
                    models,
                    requests_per_minute,
                    tokens_per_minute,
                    budget,
                    budget_period,
                    metadata,
                    project,
                } = Members::deserialize(MapAccessDeserializer::new(map))?;
                Ok(KeySettings {
                    key,
                    models,
                    requests_per_minute,
                    tokens_per_minute,
                    budget,
                    budget_period,
                    metadata,
                    project,
                })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl fmt::Debug for KeySettings {
    /// Prints all but the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySettings")
            .field("models", &self.models)
            .field("requests_per_minute", &self.requests_per_minute)
            .field("tokens_per_minute", &self.tokens_per_minute)
            .field("budget", &self.budget)
            .field("budget_period", &self.budget_period)
            .field("metadata", &self.metadata)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a key.
#[derive(Clone)]
struct KeyHash {
    hash: [u8; 32],
    /// Whether the key was given and is too short to be a secret.
    is_short: bool,
}

/// The minimum length of a key, in bytes.
const MIN_KEY: usize = 8;

impl KeyHash {
    fn of(key: &str) -> Self {
        Self { hash: sha256(key.as_bytes()), is_short: key.trim().len() < MIN_KEY }
    }

    /// Reads a key or its hash.
    ///
    /// # Errors
    /// The reason, without the key.
    fn read(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix("sha256:") {
            Some(digits) => Self::from_hex(digits).ok_or("not 64 hexadecimal digits after `sha256:`"),
            None => Some(Self::of(text)).filter(|key| !key.is_short).ok_or(TOO_SHORT),
        }
    }

    fn from_hex(digits: &str) -> Option<Self> {
        let mut hash = [0; 32];
        let mut nibbles = digits.chars().map(|digit| digit.to_digit(16));
        for byte in &mut hash {
            *byte = (nibbles.next()?? << 4 | nibbles.next()??) as u8;
        }
        nibbles.next().is_none().then_some(Self { hash, is_short: false })
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(NOT_TEXT))?;
        Self::read(&Zeroizing::new(text)).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use crate::gateway::GatewaySettings;
    use crate::json::Json;

    #[test]
    fn key_in_json_is_text_or_object() {
        let hash = "sha256:f43efb2056e9eeeb9f9ff7fe1f3ea47a1aa09da0f5aa7bb5a55cc75b43fdd4c5";
        let json = format!(r#"{{"keys":{{"a":"gw-0123456789","b":{{"key":"gw-0123456789"}},"c":"{hash}"}}}}"#);
        let settings = GatewaySettings::from_json(&Json::parse(&json).unwrap()).unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|name| &settings.keys[name]);
        assert!(a.is_key("gw-0123456789") && b.is_key("gw-0123456789"));
        assert!(!a.is_key("gw-012345678") && !a.is_key("") && !c.is_key("gw-0123456789") && !c.is_key(hash));
    }

    #[test]
    fn errors_of_keys_do_not_contain_them() {
        for key in
            [r#"["8675309867"]"#, "8675309867", r#"{"key":8675309867}"#, r#"{"key":["8675309867"]}"#, r#""86753""#]
        {
            let json = Json::parse(&format!(r#"{{"keys":{{"eve":{key}}}}}"#)).unwrap();
            let error = GatewaySettings::from_json(&json).unwrap_err();
            assert!(error.to_string().contains("keys.eve"), "{error}");
            assert!(!error.to_string().contains("86753"), "{error}");
        }
    }
}
