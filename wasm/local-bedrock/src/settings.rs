//! The options of a local Bedrock, from JSON.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use local_bedrock::{Builder, Identity};
use serde::Deserialize;

/// The options, with the names of the entry's declarations, where they are documented.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Settings {
    prefix: Option<String>,
    region: Option<String>,
    frame_delay: Option<u64>,
    clock_offset: Option<i64>,
    fixed_clock: Option<u64>,
    verify_signatures: Option<bool>,
    strict_alternation: Option<bool>,
    opaque_family: Option<String>,
    #[serde(default)]
    application_profiles: BTreeMap<String, String>,
    #[serde(default)]
    credentials: Vec<Credential>,
    #[serde(default)]
    bearer_keys: Vec<String>,
    identity: Option<Identity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Credential {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    #[serde(default)]
    expired: bool,
}

impl Settings {
    pub(crate) fn apply(self, mut builder: Builder) -> Builder {
        if let Some(prefix) = &self.prefix {
            builder = builder.prefix(prefix);
        }
        if let Some(region) = &self.region {
            builder = builder.region(region);
        }
        if let Some(millis) = self.frame_delay {
            builder = builder.frame_delay(Duration::from_millis(millis));
        }
        if let Some(seconds) = self.clock_offset {
            builder = builder.clock_offset(seconds);
        }
        if let Some(millis) = self.fixed_clock {
            builder = builder.fixed_clock(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        }
        if let Some(verify) = self.verify_signatures {
            builder = builder.verify_signatures(verify);
        }
        if let Some(strict) = self.strict_alternation {
            builder = builder.strict_alternation(strict);
        }
        if let Some(family) = &self.opaque_family {
            builder = builder.opaque_family(family);
        }
        for (id, model) in &self.application_profiles {
            builder = builder.application_profile(id, model);
        }
        for Credential { access_key_id: id, secret_access_key: secret, session_token: token, expired } in
            &self.credentials
        {
            builder = match token {
                Some(token) if *expired => builder.expired_credential(id, secret, token),
                Some(token) => builder.temporary_credential(id, secret, token),
                None => builder.credential(id, secret),
            };
        }
        for key in &self.bearer_keys {
            builder = builder.bearer_key(key);
        }
        if let Some(identity) = self.identity {
            builder = builder.identity(identity);
        }
        builder
    }
}
