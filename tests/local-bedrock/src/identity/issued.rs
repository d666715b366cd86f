//! The keys that the services issue, which the local Bedrock accepts until they expire.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::KeyPair;
use crate::auth::{KnownKey, TokenRule};

/// Temporary keys.
#[derive(Clone)]
pub(crate) struct IssuedKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: String,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
    /// The caller that they are for.
    pub(crate) arn: String,
}

/// All keys of one server that are not in its settings. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Issued(Arc<Mutex<Keys>>);

#[derive(Default)]
struct Keys {
    temporary: Vec<IssuedKey>,
    long_term: Vec<KeyPair>,
    /// How many keys each subject got.
    serials: BTreeMap<String, u32>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").finish_non_exhaustive()
    }
}

impl Issued {
    /// Issues keys to `arn` for a time in seconds. Id, secret and token depend on `subject` and on how many keys it got
    /// before, so that recordings can be repeated.
    pub(crate) fn issue(&self, subject: &str, arn: &str, now: i64, seconds: i64) -> IssuedKey {
        let mut keys = self.lock();
        let serial = keys.serials.entry(subject.to_owned()).or_default();
        *serial += 1;
        let serial = *serial;
        let key = IssuedKey {
            id: format!("ASIA{}{serial:04}", letters("id", subject, 12)),
            secret: letters("secret", &format!("{subject} {serial}"), 40),
            token: format!("IQoJb3JpZ2lu{}==", letters("token", &format!("{subject} {serial}"), 40)),
            expires_at: now.saturating_add(seconds),
            arn: arn.to_owned(),
        };
        keys.temporary.push(key.clone());
        key
    }

    /// Replaces the long-term keys of the settings.
    pub(crate) fn set_long_term(&self, pairs: Vec<KeyPair>) {
        self.lock().long_term = pairs;
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Keys::default();
    }

    /// Returns the key with this id, and what its session token must be at the time `now`.
    pub(crate) fn key(&self, id: &str, now: i64) -> Option<KnownKey> {
        let keys = self.lock();
        if let Some(pair) = keys.long_term.iter().find(|pair| pair.access_key_id == id) {
            let token = pair.session_token.clone().map_or(TokenRule::None, TokenRule::Required);
            return Some(KnownKey { id: id.to_owned(), secret: pair.secret_access_key.clone(), token });
        }
        let key = keys.temporary.iter().find(|key| key.id == id)?;
        let token = key.token.clone();
        let token = if now < key.expires_at { TokenRule::Required(token) } else { TokenRule::Expired(token) };
        Some(KnownKey { id: id.to_owned(), secret: key.secret.clone(), token })
    }

    /// Returns the caller that a temporary key was issued to.
    pub(crate) fn arn(&self, id: &str) -> Option<String> {
        self.lock().temporary.iter().find(|key| key.id == id).map(|key| key.arn.clone())
    }

    /// Returns the secrets and session tokens of the temporary keys.
    #[cfg(feature = "server")]
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.lock().temporary.iter().flat_map(|key| [key.secret.clone(), key.token.clone()]).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `count` (at most 51) letters and digits of base 32 that depend on `kind` and `text`.
pub(super) fn letters(kind: &str, text: &str, count: usize) -> String {
    const BASE_32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut hash = Sha256::digest(format!("{kind} {text}").as_bytes()).to_vec();
    hash.extend(Sha256::digest(format!("{kind} {text} more").as_bytes()));
    let letters = hash.iter().filter_map(|byte| BASE_32.get(usize::from(byte % 32)));
    letters.take(count).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issued_keys_differ_and_expire() {
        let issued = Issued::default();
        let first = issued.issue("role a", "arn:a", 1_000, 60);
        let second = issued.issue("role a", "arn:a", 1_000, 60);
        assert_eq!((first.id.len(), first.id.get(..16)), (20, second.id.get(..16)));
        assert!(first.id.ends_with("0001") && second.id.ends_with("0002") && first.token != second.token);
        let rule = |now| issued.key(&first.id, now).unwrap().token;
        assert!(rule(1_059) == TokenRule::Required(first.token.clone()));
        assert!(rule(1_060) == TokenRule::Expired(first.token.clone()));
        assert_eq!(issued.arn(&second.id).as_deref(), Some("arn:a"));
        let again = Issued::default().issue("role a", "arn:other", 5, 5);
        assert_eq!((again.id, again.secret), (first.id, first.secret));
    }
}
