//! When to try again, and when: pure arithmetic.

use std::time::Duration;

use crate::error::Error;

/// When a failed call is tried again: exponential backoff with full jitter.
/// Only what the service or the network may do better next time is retried
/// ([`Error::is_retryable`]), and nothing once the first event was delivered.
///
/// See [Exponential Backoff And Jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::RetryPolicy;
/// let policy = RetryPolicy::default().with_max_attempts(5).with_max_delay(Duration::from_secs(5));
/// assert_eq!(policy.max_attempts(), 5);
/// assert_eq!(RetryPolicy::never().max_attempts(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
}

impl Default for RetryPolicy {
    /// 3 attempts; the first delay is up to 1 second, none is over 20 seconds.
    fn default() -> Self {
        Self { max_attempts: 3, base_delay: Duration::from_secs(1), max_delay: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// One attempt, no more.
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// How often a call is sent at most. Defaults to `3`; 0 counts as 1.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The most that the first delay may be; every further one may be twice as long. Defaults to 1 second.
    #[must_use]
    pub fn with_base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The most that any delay may be, also one that the service asks for. Defaults to 20 seconds.
    #[must_use]
    pub fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// How often a call is sent at most.
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// How long to wait after a failed attempt (the first is 1), or `None` to give
    /// up. `random` is a number from 0 on, below 1. A service that says how long
    /// to wait is obeyed, unless it asks for more than the longest delay: then
    /// the caller had better know now.
    pub fn delay(&self, attempt: u32, error: &Error, random: f64) -> Option<Duration> {
        if attempt >= self.max_attempts || !error.is_retryable() {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return (asked <= self.max_delay).then_some(asked);
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let ceiling = self.base_delay.saturating_mul(1 << doublings).min(self.max_delay);
        Some(seconds(ceiling.as_secs_f64() * random.clamp(0.0, 1.0)).unwrap_or(ceiling))
    }
}

/// A duration from seconds; none from what is no number, negative or longer than centuries.
pub(crate) fn seconds(seconds: f64) -> Option<Duration> {
    let nanoseconds = seconds * 1e9;
    (0.0..=u64::MAX as f64).contains(&nanoseconds).then(|| Duration::from_nanos(nanoseconds as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, ServiceAnswer, from_response};

    fn failed(status: u16, retry_after: Option<&str>) -> Error {
        from_response(&ServiceAnswer { status, error_type: None, request_id: None, retry_after, body: b"{}" })
    }

    #[test]
    fn delays_double_are_jittered_and_bounded() {
        let policy = RetryPolicy::default().with_max_attempts(100);
        let ceiling = |attempt| policy.delay(attempt, &failed(429, None), 1.0).unwrap().as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6, 99].map(ceiling), [1, 2, 4, 8, 16, 20, 20]);
        assert_eq!(policy.delay(3, &failed(429, None), 0.25), Some(Duration::from_secs(1)));
        let endless = policy.with_max_delay(Duration::MAX).with_base_delay(Duration::MAX);
        assert!(endless.delay(99, &failed(429, None), 0.5).is_some());
    }

    #[test]
    fn only_what_may_help_is_retried_and_not_for_ever() {
        let policy = RetryPolicy::default();
        assert!(policy.delay(2, &failed(503, None), 0.5).is_some());
        assert!(policy.delay(3, &failed(503, None), 0.5).is_none());
        assert!(policy.delay(1, &failed(400, None), 0.5).is_none());
        assert!(policy.delay(1, &Error::new(ErrorKind::Encode, "x"), 0.5).is_none());
    }

    #[test]
    fn the_services_own_delay_is_obeyed_up_to_the_bound() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, &failed(429, Some("2")), 0.0), Some(Duration::from_secs(2)));
        for forever in ["3600", "99999999999999999999999", "1e300"] {
            assert_eq!(policy.delay(1, &failed(429, Some(forever)), 0.0), None, "{forever}");
        }
        assert!(policy.delay(1, &failed(429, Some("-5")), 0.5).is_some(), "that is no delay");
    }
}
