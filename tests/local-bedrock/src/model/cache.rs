//! Input tokens of a request, and the simulated prompt cache.
//!
//! A breakpoint caches everything before it. The first request with a prefix writes the prefix to the cache, later
//! requests with the same prefix read it. Unlike the service, there is no minimum length of a prefix and nothing
//! expires, so that small tests can observe both.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::tokens;

/// The time to live of a cached prefix. It has no effect here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ttl {
    FiveMinutes,
    OneHour,
}

/// Everything that costs input tokens, in the order tools, system, messages.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    hash: Sha256,
    tokens: usize,
    breakpoints: Vec<Breakpoint>,
}

#[derive(Debug)]
struct Breakpoint {
    prefix: [u8; 32],
    tokens: usize,
    ttl: Ttl,
}

/// The input tokens of a request.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InputTokens {
    /// Neither read from nor written to the cache.
    pub(crate) fresh: usize,
    pub(crate) read: usize,
    pub(crate) written_5m: usize,
    pub(crate) written_1h: usize,
}

impl InputTokens {
    pub(crate) fn written(self) -> usize {
        self.written_5m + self.written_1h
    }
}

impl Ledger {
    /// Adds text.
    pub(crate) fn text(&mut self, text: &str) {
        self.hash.update(text.as_bytes());
        self.hash.update([0]);
        self.tokens += tokens::count(text);
    }

    /// Adds media, which are not text.
    pub(crate) fn media(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.hash.update([1]);
        self.tokens += (bytes.len() / 64).clamp(16, 1_600);
    }

    /// Marks the end of a prefix to be cached.
    pub(crate) fn breakpoint(&mut self, ttl: Ttl) {
        let prefix = self.hash.clone().finalize().into();
        self.breakpoints.push(Breakpoint { prefix, tokens: self.tokens, ttl });
    }

    /// Whether a breakpoint with a longer time to live follows one with a shorter.
    pub(crate) fn longer_after_shorter(&self) -> bool {
        let shorter = self.breakpoints.iter().position(|point| point.ttl == Ttl::FiveMinutes);
        shorter.is_some_and(|first| self.breakpoints.iter().skip(first).any(|point| point.ttl == Ttl::OneHour))
    }

    pub(crate) fn breakpoints(&self) -> usize {
        self.breakpoints.len()
    }

    /// All input tokens, cached or not. A few are the model's own template.
    pub(crate) fn total(&self) -> usize {
        self.tokens + 3
    }

    /// Returns the same text for the same input.
    pub(crate) fn fingerprint(&self) -> String {
        let digest: [u8; 32] = self.hash.clone().finalize().into();
        digest.iter().take(11).map(|b| format!("{b:02x}")).collect()
    }
}

/// The prefixes of previous requests.
#[derive(Debug, Default)]
pub(crate) struct PromptCache(Mutex<HashSet<(String, [u8; 32])>>);

impl PromptCache {
    /// Counts the input tokens of a request to `model`: prefixes in the cache are read, others are written.
    pub(crate) fn charge(&self, model: &str, ledger: &Ledger) -> InputTokens {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cost = InputTokens::default();
        for breakpoint in &ledger.breakpoints {
            if known.contains(&(model.to_owned(), breakpoint.prefix)) {
                cost.read = cost.read.max(breakpoint.tokens);
            }
        }
        let mut covered = cost.read;
        for breakpoint in &ledger.breakpoints {
            known.insert((model.to_owned(), breakpoint.prefix));
            let new = breakpoint.tokens.saturating_sub(covered);
            match breakpoint.ttl {
                Ttl::FiveMinutes => cost.written_5m += new,
                Ttl::OneHour => cost.written_1h += new,
            }
            covered = covered.max(breakpoint.tokens);
        }
        cost.fresh = ledger.total() - covered;
        cost
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_is_written_by_the_first_request_and_read_next() {
        let cache = PromptCache::default();
        let ledger = |question: &str| {
            let mut ledger = Ledger::default();
            ledger.text("a long system prompt");
            ledger.breakpoint(Ttl::OneHour);
            ledger.text("an example");
            ledger.breakpoint(Ttl::FiveMinutes);
            ledger.text(question);
            ledger
        };
        let first = cache.charge("m", &ledger("one"));
        assert_eq!(first, InputTokens { fresh: 4, read: 0, written_5m: 2, written_1h: 4 });
        let second = cache.charge("m", &ledger("two"));
        assert_eq!(second, InputTokens { fresh: 4, read: 6, written_5m: 0, written_1h: 0 });
        assert_eq!(cache.charge("other", &ledger("one")), first);
    }
}
