//! Tokens and identities that the services remember.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Identity;
use super::issued::{Issued, IssuedKey, letters};
use super::settings::{TEST_REFRESH_TOKEN, TEST_SSO_TOKEN};

/// The state of all identity services of one server.
#[derive(Debug)]
pub(crate) struct State {
    issued: Issued,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) settings: Identity,
    serial: u32,
    /// Session tokens of IMDS, and when they expire.
    pub(super) imds_tokens: BTreeMap<String, i64>,
    /// Access tokens of SSO, and when they expire.
    pub(super) sso_tokens: BTreeMap<String, i64>,
    /// Refresh tokens of SSO that were not used yet.
    pub(super) sso_refresh: BTreeSet<String>,
    /// Refresh tokens of sign-in that were not used yet, with the thumbprint of the key that they are bound to.
    pub(super) login_refresh: BTreeMap<String, Option<String>>,
    /// Ids of DPoP proofs that were used.
    pub(super) proofs: BTreeSet<String>,
    /// Cognito's identities, and whether they have logins.
    pub(super) identities: BTreeMap<String, bool>,
}

impl Memory {
    fn new(settings: Identity) -> Self {
        Self {
            settings,
            sso_tokens: BTreeMap::from([(TEST_SSO_TOKEN.to_owned(), i64::MAX)]),
            sso_refresh: BTreeSet::from([TEST_REFRESH_TOKEN.to_owned()]),
            login_refresh: BTreeMap::from([(TEST_REFRESH_TOKEN.to_owned(), None)]),
            ..Self::default()
        }
    }

    /// Returns a token that was not given before.
    pub(super) fn fresh(&mut self, kind: &str) -> String {
        self.serial += 1;
        format!("{kind}-{}", letters(kind, &self.serial.to_string(), 40))
    }
}

impl State {
    pub(crate) fn new(settings: Identity, issued: Issued) -> Self {
        issued.set_long_term(settings.keys.clone());
        Self { issued, memory: Mutex::new(Memory::new(settings)) }
    }

    /// Replaces the settings, and forgets tokens.
    pub(crate) fn set(&self, settings: Identity) {
        self.issued.set_long_term(settings.keys.clone());
        *self.memory() = Memory::new(settings);
    }

    /// Forgets all keys and tokens, and returns to these settings.
    pub(crate) fn clear(&self, settings: &Identity) {
        self.issued.clear();
        self.set(settings.clone());
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settings(&self) -> Identity {
        self.memory().settings.clone()
    }

    pub(super) fn issue(&self, subject: &str, arn: &str, now: i64, seconds: i64) -> IssuedKey {
        self.issued.issue(subject, arn, now, seconds)
    }

    /// Returns every secret that was issued and is still known: secret keys, session tokens, and tokens of IMDS, SSO and
    /// sign-in.
    #[cfg(feature = "server")]
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.issued.secrets();
        let memory = self.memory();
        secrets.extend(memory.imds_tokens.keys().chain(memory.sso_tokens.keys()).cloned());
        secrets.extend(memory.sso_refresh.iter().chain(memory.login_refresh.keys()).cloned());
        secrets
    }

    pub(super) fn arn(&self, key_id: &str) -> Option<String> {
        self.issued.arn(key_id)
    }
}
