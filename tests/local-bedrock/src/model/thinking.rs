//! Signatures of reasoning, so that a replay can be checked. The server is stateless: a signature shows that the
//! server made the block and that the block is unchanged.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const KEY: &str = "local bedrock thinking";
const REASONING: &str = "rsn_";
const REDACTED: &[u8] = b"local-bedrock-redacted:";

fn digest(purpose: &str, text: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(KEY);
    hash.update([0]);
    hash.update(purpose);
    hash.update([0]);
    hash.update(text);
    hash.finalize().into()
}

/// Returns the signature of a thinking text, as it is delivered.
pub(crate) fn sign_thinking(text: &str) -> String {
    let mut bytes = b"\x0a\x0dlocal-bedrock".to_vec();
    bytes.extend_from_slice(&digest("thinking", text.as_bytes()));
    bytes.extend_from_slice(&digest("again", text.as_bytes()));
    STANDARD.encode(bytes)
}

/// Reasoning of other servers that is accepted, for instance of recorded replies.
#[derive(Debug, Default, Clone)]
pub(crate) struct Trusted {
    signed: BTreeSet<(String, String)>,
    redacted: BTreeSet<String>,
}

impl Trusted {
    pub(crate) fn trust_signature(&mut self, text: &str, signature: &str) {
        self.signed.insert((text.to_owned(), signature.to_owned()));
    }

    pub(crate) fn trust_redacted(&mut self, data: &str) {
        self.redacted.insert(data.to_owned());
    }

    /// Returns whether `signature` belongs to exactly `text`.
    pub(crate) fn is_signature(&self, text: &str, signature: &str) -> bool {
        is_own_signature(text, signature) || self.signed.contains(&(text.to_owned(), signature.to_owned()))
    }

    /// Returns whether `data` is the encrypted content of the reasoning item `id`, or of any item if the item has no
    /// id.
    pub(crate) fn is_reasoning(&self, id: Option<&str>, data: &str) -> bool {
        let own = match id {
            Some(id) => data == seal_reasoning(id),
            None => is_own_reasoning(data),
        };
        own || self.redacted.contains(data)
    }

    /// Whether `data` is unchanged.
    pub(crate) fn is_redacted(&self, data: &str) -> bool {
        is_own_redacted(data) || self.redacted.contains(data)
    }
}

/// Returns whether this server made `signature` for exactly `text`.
fn is_own_signature(text: &str, signature: &str) -> bool {
    signature == sign_thinking(text)
}

/// Returns the encrypted content of the reasoning item `id`: bytes with a checksum, after the recorded prefix.
pub(crate) fn seal_reasoning(id: &str) -> String {
    let seal = digest("reasoning", id.as_bytes());
    format!("{REASONING}{}", STANDARD.encode([seal, digest("seal", &seal)].concat()))
}

/// Returns whether this server made `data`, for any item.
fn is_own_reasoning(data: &str) -> bool {
    let bytes = data.strip_prefix(REASONING).and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    bytes.len() == 64 && bytes.get(..32).is_some_and(|seal| bytes.ends_with(&digest("seal", seal)))
}

/// Returns encrypted thinking: bytes with a checksum.
pub(crate) fn redact(text: &str) -> String {
    let mut bytes = REDACTED.to_vec();
    let seal = digest("redacted", text.as_bytes());
    bytes.extend_from_slice(&seal);
    bytes.extend_from_slice(&digest("seal", &seal));
    STANDARD.encode(bytes)
}

/// Returns whether this server made `data`, and `data` is unchanged.
fn is_own_redacted(data: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(data) else {
        return false;
    };
    let Some(rest) = bytes.strip_prefix(REDACTED) else {
        return false;
    };
    rest.len() == 64 && rest.get(..32).is_some_and(|seal| rest.ends_with(&digest("seal", seal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_signature_breaks_with_one_changed_character() {
        let signature = sign_thinking("I think");
        assert!(is_own_signature("I think", &signature));
        assert!(!is_own_signature("I think.", &signature));
        assert!(!is_own_signature("I think", &signature.replace('A', "B")));
        let data = redact("secret");
        assert!(is_own_redacted(&data));
        assert!(!is_own_redacted(&data.replace(&data[60..61], "_")));
        assert!(!is_own_redacted("AAAA"));
        let (sealed, trusted) = (seal_reasoning("rs_1"), Trusted::default());
        assert!(trusted.is_reasoning(Some("rs_1"), &sealed) && trusted.is_reasoning(None, &sealed));
        assert!(!trusted.is_reasoning(Some("rs_2"), &sealed));
        assert!(!trusted.is_reasoning(None, &sealed.replace(&sealed[20..21], "_")));
    }
}
