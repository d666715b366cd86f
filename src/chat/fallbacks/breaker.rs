//! Circuit breakers: a target that fails again and again is not called for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::limiter::had_no_slot;

/// The settings of circuit breakers, for [`Fallbacks::circuit_breaker`](crate::Fallbacks::circuit_breaker).
///
/// A breaker opens after a number of failures in a row whose cause may pass ([`Error::is_transient`]). Its target is
/// then skipped. After the pause, one call tries it again: if it succeeds, the breaker closes, else the pause begins
/// again. Any answer of the service that is not such a failure closes it, also an error about the request. A call that
/// a [`RateLimiter`](crate::RateLimiter) holds back beyond its time limit does not count: nothing was sent.
///
/// See the [circuit breaker pattern](https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/circuit-breaker.html).
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::CircuitBreaker;
/// let breaker = CircuitBreaker::default().with_failures(3).with_pause(Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    failures: u32,
    pause: Duration,
}

impl Default for CircuitBreaker {
    /// Returns a circuit breaker that opens after 5 failures in a row, for 30 seconds.
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(30) }
    }
}

impl CircuitBreaker {
    /// Sets after how many failed calls in a row it opens; the retries of a call do not count. Defaults to 5; 0
    /// counts as 1.
    #[must_use]
    pub fn with_failures(mut self, failures: u32) -> Self {
        self.failures = failures.max(1);
        self
    }

    /// Sets for how long its target is skipped. Defaults to 30 seconds.
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

/// The circuit breaker of one target. All clones of a chat share it.
#[derive(Debug)]
pub(in crate::chat) struct Breaker {
    settings: CircuitBreaker,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// The kind of the last failure.
    kind: ErrorKind,
    /// The end of the pause, since 1970-01-01T00:00:00Z, if the breaker is open.
    open_until: Option<Duration>,
}

const CLOSED: State = State { failures: 0, kind: ErrorKind::Service, open_until: None };

impl Breaker {
    pub(super) fn new(settings: CircuitBreaker) -> Self {
        Self { settings, state: Mutex::new(CLOSED) }
    }

    /// Returns why the target must not be called now; `None` if it may be.
    pub(super) fn refuses(&self, now: Duration) -> Option<Error> {
        let mut state = self.state();
        let until = state.open_until?;
        if until <= now {
            // This call is the trial. Others skip the target for another pause, unless the trial closes the breaker. A
            // trial that is dropped leaves it open.
            state.open_until = Some(now.saturating_add(self.settings.pause));
            return None;
        }
        Some(
            Error::of(
                state.kind,
                format_args!(
                    "not called after {} failures in a row: circuit breaker open for another {} ms",
                    state.failures,
                    u64::try_from(until.saturating_sub(now).as_millis()).unwrap_or(u64::MAX)
                ),
            )
            .with_transient(true),
        )
    }

    pub(super) fn succeeded(&self) {
        *self.state() = CLOSED;
    }

    pub(super) fn failed(&self, error: &Error, now: Duration) {
        if had_no_slot(error) {
            return;
        }
        let mut state = self.state();
        if error.is_transient() {
            state.failures = state.failures.saturating_add(1);
            state.kind = error.kind();
            if state.failures >= self.settings.failures {
                state.open_until = Some(now.saturating_add(self.settings.pause));
            }
        } else if error.status().is_some() {
            *state = CLOSED;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::no_slot;

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn circuit_breaker_opens_pauses_and_closes() {
        let breaker = Breaker::new(CircuitBreaker::default().with_failures(2).with_pause(at(10)));
        let down = Error::new(ErrorKind::Throttled, "x");
        breaker.failed(&down, at(0));
        assert!(breaker.refuses(at(0)).is_none());
        breaker.failed(&down, at(1));
        let error = breaker.refuses(at(4)).unwrap();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert!(error.is_transient() && error.message().contains("7000 ms"), "{error}");
        // One call tries it, and the others wait.
        assert!(breaker.refuses(at(11)).is_none());
        assert!(breaker.refuses(at(12)).is_some());
        breaker.failed(&down, at(13));
        assert!(breaker.refuses(at(22)).is_some() && breaker.refuses(at(23)).is_none());
        breaker.succeeded();
        breaker.failed(&down, at(24));
        assert!(breaker.refuses(at(24)).is_none(), "it counts from the beginning");
        // A call that was held back for its rate limit says nothing about the target, unless it was sent before.
        breaker.failed(&no_slot(), at(25));
        assert!(breaker.refuses(at(25)).is_none());
        // Without an answer of the service, nothing is known about the target.
        breaker.failed(&Error::new(ErrorKind::Encode, "x"), at(25));
        breaker.failed(&down, at(26));
        assert!(breaker.refuses(at(27)).is_some());
    }
}
