//! Access of clients: their keys, and the models that a key may use.

use super::failure::{Failure, Reason};
use super::keys::KeySettings;
use super::openai::models::unknown;
use super::settings::{GatewaySettings, ModelSettings};
use crate::headers::Headers;
use crate::model::{ModelId, VENDORS};
use crate::platform::sha256;
use crate::provider::families;
use crate::text::before;

/// The maximum length of a model's name, in bytes: that of `modelId` in Bedrock's API.
const MAX_NAME: usize = 2048;

/// The error of a gateway without keys.
pub(super) const NO_KEYS: &str =
    "this gateway has no keys yet, so it refuses all requests; add one to `keys` of its settings";

/// A client with a known key.
#[derive(Clone, Copy)]
pub(super) struct KnownClient<'a> {
    /// The name of the key.
    pub(super) name: &'a str,
    pub(super) key: &'a KeySettings,
}

/// A model that a client may use.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// The ids on Bedrock, the first choice first.
    pub(super) ids: Vec<String>,
    pub(super) price: Option<super::settings::Price>,
}

impl GatewaySettings {
    /// Returns the client of a request.
    ///
    /// # Errors
    /// `Unauthenticated`, for a key that is missing or unknown.
    pub(super) fn client(&self, headers: &Headers) -> Result<KnownClient<'_>, Failure> {
        let refused = |message| Failure::new(Reason::Unauthenticated, message);
        if self.keys.is_empty() {
            return Err(refused(NO_KEYS));
        }
        let given = match headers.get("authorization") {
            Some(header) => match header.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
                Some((scheme, _)) if scheme.starts_with("AWS4-") => {
                    let message = "this gateway has its own keys; send one as the Bedrock API key (`AWS_BEARER_TOKEN_BEDROCK`) instead of a signature";
                    return Err(refused(message));
                }
                _ => None,
            },
            None => None,
        };
        let given = headers.get("x-api-key").map(str::trim).or(given);
        let Some(given) = given.filter(|given| !given.is_empty()) else {
            return Err(refused("no key; send `x-api-key: KEY` or `authorization: Bearer KEY`"));
        };
        let hash = sha256(given.as_bytes());
        // All keys are compared, so that the time does not depend on which one matches.
        let mut found = None;
        for (name, key) in &self.keys {
            if key.has_hash(&hash) {
                found = Some(KnownClient { name, key });
            }
        }
        found.ok_or_else(|| refused("unknown key; ask the operator of this gateway for a valid key"))
    }

    /// Returns the model of a name, which is the operator's or Bedrock's.
    ///
    /// # Errors
    /// - `NotFound`, if the name is unknown.
    /// - `Forbidden`, if the key may not use the model, or if the key has a budget and the model has no price.
    pub(super) fn target(&self, client: KnownClient<'_>, name: &str) -> Result<Target, Failure> {
        let target = match self.listed(name) {
            Some(target) => target,
            None if self.any_model && is_model_id(name) => {
                Target { ids: vec![name.to_owned()], price: self.price(name) }
            }
            None => return Err(unknown(name, self.patterns(client))),
        };
        let allowed = &client.key.models;
        let is_allowed = |text: &str| allowed.iter().any(|pattern| rest(pattern, text).is_some());
        if !allowed.is_empty() && !is_allowed(name) && !target.ids.first().is_some_and(|id| is_allowed(id)) {
            let message = format!("this key may not use the model `{name}`");
            return Err(Failure { field: Some("model".into()), ..Failure::new(Reason::Forbidden, message) });
        }
        if client.key.budget.is_some() && target.price.is_none() {
            let message =
                format!("the model `{name}` has no price in the gateway's settings, and this key has a budget");
            return Err(Failure { field: Some("model".into()), ..Failure::new(Reason::Forbidden, message) });
        }
        Ok(target)
    }

    /// Returns the names of models that a client may use, without patterns.
    pub(super) fn names<'a>(&'a self, client: KnownClient<'a>) -> impl Iterator<Item = &'a str> {
        let names = self.models.keys().map(String::as_str).filter(|name| !name.ends_with('*'));
        names.filter(move |name| self.target(client, name).is_ok())
    }

    /// Returns the patterns of names that a client may use, in part or as a whole.
    fn patterns<'a>(&'a self, client: KnownClient<'a>) -> impl Iterator<Item = &'a str> {
        let allowed = &client.key.models;
        let is_allowed = move |text: &str| allowed.is_empty() || allowed.iter().any(|other| overlap(other, text));
        let patterns = self.models.iter().filter(|(name, _)| name.ends_with('*'));
        patterns.filter(move |(name, model)| is_allowed(name) || is_allowed(&model.id)).map(|(name, _)| name.as_str())
    }

    /// Returns names that a client may use by the patterns of the table, for models with these ids.
    pub(super) fn named(&self, client: KnownClient<'_>, ids: &[&str]) -> Vec<String> {
        let mut names = Vec::new();
        for (pattern, model) in self.models.iter().filter(|(pattern, _)| pattern.ends_with('*')) {
            for id in ids {
                let rest = match model.id.split_once('*') {
                    Some((start, end)) => id.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)),
                    None => (model.id == *id).then_some(""),
                };
                let Some(rest) = rest else { continue };
                let name = pattern.replace('*', rest);
                // Another pattern may win for this name. A pattern of one model is listed without its `*`.
                let is_name = name.ends_with(|last: char| last.is_alphanumeric()) && !names.contains(&name);
                let is_its = |target: &Target| target.ids.first().is_some_and(|first| first == id);
                if is_name && self.target(client, &name).is_ok_and(|target| is_its(&target)) {
                    names.push(name);
                }
            }
        }
        names
    }

    fn listed(&self, name: &str) -> Option<Target> {
        let found = match self.models.get_key_value(name) {
            Some((_, model)) => (model, ""),
            None => {
                let patterns =
                    self.models.iter().filter_map(|(pattern, model)| Some((pattern, model, rest(pattern, name)?)));
                let (_, model, rest) = patterns.max_by_key(|(pattern, ..)| pattern.len())?;
                (model, rest)
            }
        };
        let (ModelSettings { id, fallbacks, price }, rest) = found;
        let ids = std::iter::once(id).chain(fallbacks).map(|id| id.replace('*', rest)).collect();
        Some(Target { ids, price: *price })
    }

    /// Returns the price of an id, from the first model of the table that has it.
    fn price(&self, id: &str) -> Option<super::settings::Price> {
        self.models.values().find(|model| model.id == id)?.price
    }
}

/// Returns the part of a name that the trailing `*` of a pattern matches. A pattern without `*` matches only itself.
fn rest<'a>(pattern: &str, name: &'a str) -> Option<&'a str> {
    match pattern.strip_suffix('*') {
        Some(start) => name.strip_prefix(start),
        None => (pattern == name).then_some(""),
    }
}

/// Returns whether two patterns or names may match the same name.
fn overlap(one: &str, other: &str) -> bool {
    let start = |text: &str| text.strip_suffix('*').unwrap_or(text).to_owned();
    let (first, second) = (start(one), start(other));
    first.starts_with(&second) || second.starts_with(&first)
}

/// Refuses a name that no model has, before it is kept: a name may be as long as a body.
///
/// # Errors
/// `NotFound`.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    if name.len() > MAX_NAME { Err(unknown(name, [])) } else { Ok(()) }
}

/// Returns whether a name is an id or ARN of Bedrock, of a vendor that the crate supports. Models of other vendors must be in
/// the table.
fn is_model_id(name: &str) -> bool {
    let Ok(model) = ModelId::parse(name) else { return false };
    let is_known = |vendor: &str| {
        // A vendor may have several names: `moonshot` and `moonshotai`.
        let mut prefixes = families().iter().map(|family| before(family.prefix(), "."));
        vendor != name && VENDORS.contains(&vendor) && prefixes.any(|prefix| vendor.starts_with(prefix))
    };
    model.is_arn() || model.vendor().is_some_and(is_known)
}
