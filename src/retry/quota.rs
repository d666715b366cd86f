//! The quota of retries that all calls of a client share.

use std::sync::atomic::{AtomicU32, Ordering};

use super::RetryPolicy;
use crate::error::{Error, ErrorKind};

/// The tokens that a retry takes.
const RETRY_COST: u32 = 14;
/// The tokens that a retry after throttling takes.
const THROTTLING_RETRY_COST: u32 = 5;
/// The tokens that a call without a retry returns when it succeeds.
const NO_RETRY_INCREMENT: u32 = 1;

/// A quota of retries. Its figures are those of botocore 1.44, `botocore/retries/standard.py`.
#[derive(Debug)]
pub(crate) struct RetryQuota {
    capacity: Option<u32>,
    taken: AtomicU32,
}

impl RetryQuota {
    pub(crate) fn new(policy: &RetryPolicy) -> Self {
        Self { capacity: policy.quota(), taken: AtomicU32::new(0) }
    }

    /// Takes the tokens of a retry after this error. Returns how many, or `None` if too few are left.
    pub(crate) fn take(&self, error: &Error) -> Option<u32> {
        let cost = match error.kind() {
            ErrorKind::Throttled => THROTTLING_RETRY_COST,
            _ => RETRY_COST,
        };
        let Some(capacity) = self.capacity else { return Some(cost) };
        let more = |taken: u32| taken.checked_add(cost).filter(|taken| *taken <= capacity);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok().then_some(cost)
    }

    /// Returns the tokens of a call that succeeded: those of its last retry, if there was one.
    pub(crate) fn give_back(&self, of_last_retry: Option<u32>) {
        let amount = of_last_retry.unwrap_or(NO_RETRY_INCREMENT);
        let less = |taken: u32| Some(taken.saturating_sub(amount));
        let _ = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_quota_is_taken_and_given_back_as_botocore_does() {
        let (throttled, failed) = (Error::new(ErrorKind::Throttled, "x"), Error::new(ErrorKind::Service, "x"));
        let quota = RetryQuota::new(&RetryPolicy::default());
        // 35 times 14 is 490, and twice 5 is the rest.
        assert!((0..35).all(|_| quota.take(&failed) == Some(14)));
        assert_eq!(quota.take(&failed), None);
        assert_eq!([quota.take(&throttled), quota.take(&throttled), quota.take(&throttled)], [Some(5), Some(5), None]);
        quota.give_back(None);
        assert_eq!(quota.take(&throttled), None);
        quota.give_back(Some(5));
        assert_eq!([quota.take(&throttled), quota.take(&throttled)], [Some(5), None]);
        // More than the capacity is not given back: 35 retries are possible, as in the beginning.
        quota.give_back(Some(1000));
        assert_eq!((0..100).filter(|_| quota.take(&failed).is_some()).count(), 35);
    }

    #[test]
    fn retry_quota_has_no_limit_when_switched_off() {
        let failed = Error::new(ErrorKind::Service, "x");
        let quota = RetryQuota::new(&RetryPolicy::default().with_quota(None));
        assert!((0..1000).all(|_| quota.take(&failed).is_some()));
        assert_eq!(RetryQuota::new(&RetryPolicy::default().with_quota(13)).take(&failed), None);
    }
}
