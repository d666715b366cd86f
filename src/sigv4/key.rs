//! Step 3: the signing key, and a cache of signing keys.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::SigningParams;
use super::canonical::{check_visible, config};
use super::encode::is_plain;
use crate::error::Result;
use crate::json::quoted;
use crate::platform::Sha256;

/// Maximum number of keys in a cache. One key per region is in use, and two around midnight.
const CAPACITY: usize = 8;

/// A key for one day, region and service, derived from a secret access key.
///
/// It is stored as the state of an HMAC after the key, which saves two SHA-256 blocks per signature. The state is
/// never printed, and is wiped from memory on drop.
///
/// ```
/// use bedrock_chat::sigv4::SigningKey;
///
/// let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20250102", "us-east-1", "bedrock");
/// assert_eq!(key.sign("text")[..2], [0x77, 0xdd]);
/// assert_eq!(format!("{key:?}"), "SigningKey(..)");
/// ```
#[derive(Clone)]
pub struct SigningKey {
    /// The inner and the outer hash of RFC 2104, after the key.
    inner: Sha256,
    outer: Sha256,
}

impl SigningKey {
    /// Derives the key for a `day` (`20250102`), region and service.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#derive-signing-key>
    #[must_use]
    pub fn derive(secret_access_key: &str, day: &str, region: &str, service: &str) -> Self {
        let mut key = keyed(&[b"AWS4", secret_access_key.as_bytes()]);
        for part in [day, region, service, "aws4_request"] {
            let derived = Zeroizing::new(key.sign_last(part));
            key = keyed(&[&*derived]);
        }
        key
    }

    /// Returns the signature of a text: its HMAC-SHA256 under this key.
    #[must_use]
    pub fn sign(&self, text: &str) -> [u8; 32] {
        self.clone().sign_last(text)
    }

    /// Same as [`sign`](Self::sign), but consumes the key, which saves copying and wiping it.
    pub(super) fn sign_last(mut self, text: &str) -> [u8; 32] {
        self.inner.update(text.as_bytes());
        self.outer.update(&self.inner.finish());
        self.outer.finish()
    }
}

/// Starts an HMAC-SHA256 with a key that is passed in pieces.
fn keyed(key: &[&[u8]]) -> SigningKey {
    // RFC 2104: a key longer than a block is hashed, a shorter one is padded with zeros.
    let mut block = Zeroizing::new([0_u8; 64]);
    if key.iter().map(|piece| piece.len()).sum::<usize>() > block.len() {
        let mut hash = Sha256::new();
        for piece in key {
            hash.update(piece);
        }
        let hashed = Zeroizing::new(hash.finish());
        fill(&mut *block, &*hashed);
    } else {
        fill(&mut *block, key.iter().copied().flatten());
    }
    let mut padded = |pad: u8| {
        let mut hash = Sha256::new();
        block.iter_mut().for_each(|byte| *byte ^= pad);
        hash.update(&*block);
        hash
    };
    // XOR with the second mask also removes the first.
    SigningKey { inner: padded(0x36), outer: padded(0x36 ^ 0x5c) }
}

fn fill<'a>(block: &mut [u8], bytes: impl IntoIterator<Item = &'a u8>) {
    for (slot, byte) in block.iter_mut().zip(bytes) {
        *slot = *byte;
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// A cache of derived [`SigningKey`]s, with which a signature takes one HMAC instead of five.
///
/// A key is reused only for the same access key id, secret, day, region and service. The cache holds the last
/// eight keys, can be shared between threads, and wipes keys that it drops.
///
/// ```
/// use bedrock_chat::sigv4::SigningKeyCache;
///
/// let keys = SigningKeyCache::new();
/// assert_eq!(format!("{keys:?}"), "SigningKeyCache(0 keys)");
/// ```
#[derive(Default)]
pub struct SigningKeyCache {
    /// Entries, oldest first.
    entries: Mutex<Vec<Entry>>,
}

struct Entry {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    day: [u8; 8],
    region: String,
    service: String,
    key: SigningKey,
}

impl Entry {
    fn is_for(&self, params: &SigningParams<'_>) -> bool {
        self.day == params.date.day_bytes()
            && self.access_key_id == params.access_key_id
            && *self.secret_access_key == params.secret_access_key
            && self.region == params.region
            && self.service == params.service
    }
}

impl SigningKeyCache {
    /// Creates an empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the key for these parameters, from the cache if it is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key id, secret, region or service is not valid.
    pub fn key(&self, params: &SigningParams<'_>) -> Result<SigningKey> {
        if let Some(entry) = self.entries().iter().find(|entry| entry.is_for(params)) {
            return Ok(entry.key.clone());
        }
        // Cached keys were checked when they were added.
        check(params)?;
        // The lock is not held: two threads may derive the same key, which is harmless.
        let key = SigningKey::derive(params.secret_access_key, params.date.day(), params.region, params.service);
        let entry = Entry {
            access_key_id: params.access_key_id.to_owned(),
            secret_access_key: Zeroizing::new(params.secret_access_key.to_owned()),
            day: params.date.day_bytes(),
            region: params.region.to_owned(),
            service: params.service.to_owned(),
            key: key.clone(),
        };
        let mut entries = self.entries();
        if entries.len() >= CAPACITY {
            entries.remove(0);
        }
        entries.push(entry);
        Ok(key)
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        // A panic of another thread cannot leave a partial key.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SigningKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeyCache({} keys)", self.entries().len())
    }
}

/// Checks the parts of the credential scope, so that none contains a separator.
fn check(params: &SigningParams<'_>) -> Result<()> {
    if params.access_key_id.is_empty() || params.secret_access_key.is_empty() {
        return Err(config(format_args!("access key id or secret access key is empty")));
    }
    if params.access_key_id.bytes().any(|byte| matches!(byte, b'/' | b',')) {
        return Err(config(format_args!(
            "access key id contains `/` or `,`; did you swap it with the secret access key?"
        )));
    }
    check_visible("access key id", params.access_key_id)?;
    check_visible("secret access key", params.secret_access_key)?;
    for (what, name) in [("region", params.region), ("service", params.service)] {
        if !is_plain(name) {
            return Err(config(format_args!(
                "invalid {what}: {}; use letters, digits and `-`, as in `us-east-1` or `bedrock`",
                quoted(name)
            )));
        }
    }
    Ok(())
}
