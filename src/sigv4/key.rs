//! Step 3: the signing key, and a cache of it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::SigningParams;
use super::canonical::{check_visible, config};
use super::encode::is_plain;
use crate::error::Result;
use crate::json::quoted;
use crate::platform::Sha256;

/// Keys that a cache holds at most; one is in use per region, plus the next day's around midnight.
const CAPACITY: usize = 8;

/// A key that signs for one day, region and service, derived from a secret access key.
///
/// It is kept as the state of the HMAC that has taken in the key, so that a signature costs two
/// SHA-256 blocks less. The state is wiped from memory when it is dropped, and never printed.
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
    /// The two hashes of RFC 2104, which have taken in the key.
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

    /// The signature of a text: its HMAC-SHA256 under this key.
    #[must_use]
    pub fn sign(&self, text: &str) -> [u8; 32] {
        self.clone().sign_last(text)
    }

    /// [`sign`](Self::sign) for a key that is not needed again: saves copying and wiping it.
    pub(super) fn sign_last(mut self, text: &str) -> [u8; 32] {
        self.inner.update(text.as_bytes());
        self.outer.update(&self.inner.finish());
        self.outer.finish()
    }
}

/// An HMAC-SHA256 that has taken in the key, which is given in pieces.
fn keyed(key: &[&[u8]]) -> SigningKey {
    // RFC 2104: a key longer than a block is hashed, a shorter one is filled up with zeros.
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
    // The second pad takes the first off again.
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

/// Remembers derived [`SigningKey`]s, so that a request costs one HMAC instead of five.
///
/// A key is found again only for the same access key id, secret, day, region and service. The cache
/// holds the last eight keys, can be shared between threads, and wipes what it forgets.
///
/// ```
/// use bedrock_chat::sigv4::SigningKeyCache;
///
/// let keys = SigningKeyCache::new();
/// assert_eq!(format!("{keys:?}"), "SigningKeyCache(0 keys)");
/// ```
#[derive(Default)]
pub struct SigningKeyCache {
    /// The oldest first.
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
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The key for these parameters, derived now or before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key id, secret, region or service
    /// can't be one.
    pub fn key(&self, params: &SigningParams<'_>) -> Result<SigningKey> {
        if let Some(entry) = self.entries().iter().find(|entry| entry.is_for(params)) {
            return Ok(entry.key.clone());
        }
        // What is in the cache was checked when it came in.
        check(params)?;
        // Not under the lock: two threads may derive the same key, which does no harm.
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
        // A panic of another thread can't leave a key half written.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SigningKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeyCache({} keys)", self.entries().len())
    }
}

/// Checks what the credential and its scope are made of, so that no separator can slip into them.
fn check(params: &SigningParams<'_>) -> Result<()> {
    if params.access_key_id.is_empty() || params.secret_access_key.is_empty() {
        return Err(config(format_args!("the access key id and the secret access key must not be empty")));
    }
    if params.access_key_id.bytes().any(|byte| matches!(byte, b'/' | b',')) {
        return Err(config(format_args!(
            "the access key id holds `/` or `,`: was it exchanged with the secret access key?"
        )));
    }
    check_visible("access key id", params.access_key_id)?;
    check_visible("secret access key", params.secret_access_key)?;
    for (what, name) in [("a region", params.region), ("a service", params.service)] {
        if !is_plain(name) {
            return Err(config(format_args!(
                "{} cannot be {what}: it must be letters, digits and `-`, such as `us-east-1` or `bedrock`",
                quoted(name)
            )));
        }
    }
    Ok(())
}
