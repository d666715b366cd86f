//! How many calls of a batch run at a time: additive increase, multiplicative decrease, as in TCP's congestion control
//! ([RFC 5681](https://www.rfc-editor.org/rfc/rfc5681)).

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::message::AiMessage;
use crate::observe::{Observer, Run, RunStart, Watch};

/// The number of calls at a time in the beginning.
const INITIAL: usize = 10;

/// A number of calls at a time that adapts to the service, from
/// [`BedrockChat::adaptive_concurrency`](crate::BedrockChat::adaptive_concurrency). Clones share it.
///
/// It begins with 10. Each reply adds one, until the service throttles for the first time. Throttling halves it, also
/// where a retry succeeds; from then on it grows by one with each round of replies.
// It observes the calls, as throttling is also seen in attempts that are retried.
#[derive(Clone)]
pub struct AdaptiveConcurrency {
    published: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
    max: usize,
}

// Not derived, nor below: see `publish` about the text of numbers.
impl fmt::Debug for AdaptiveConcurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveConcurrency").finish_non_exhaustive()
    }
}

struct State {
    limit: f64,
    /// How often it was reduced. Throttling of attempts that began before the last time does not count again.
    reduced: u64,
}

impl AdaptiveConcurrency {
    pub(super) fn new(max: usize) -> Self {
        let (max, initial) = (max.max(1), INITIAL.min(max.max(1)));
        let state = State { limit: initial as f64, reduced: 0 };
        Self { published: Arc::new(AtomicUsize::new(initial)), state: Arc::new(Mutex::new(state)), max }
    }

    /// Returns how many calls may run now: at least 1, at most the maximum.
    pub fn limit(&self) -> usize {
        self.published.load(Ordering::Relaxed)
    }

    /// Returns the number, which changes.
    pub(super) fn published(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.published)
    }

    /// Returns an observer for the calls.
    pub(super) fn watch(&self) -> Watch {
        Watch(Some(Arc::new(self.clone())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, limit: f64) -> f64 {
        // Not `clamp`, whose panic formats numbers. Their text adds 10 KB to the npm package's module after gzip.
        let limit = limit.min(self.max as f64).max(1.0);
        self.published.store(limit as usize, Ordering::Relaxed);
        limit
    }

    fn increase(&self) {
        let mut state = self.state();
        let step = if state.reduced == 0 { 1.0 } else { 1.0 / state.limit };
        state.limit = self.publish(state.limit + step);
    }
}

impl Observer for AdaptiveConcurrency {
    fn start(&self, _: &RunStart<'_>) -> Option<Box<dyn Run>> {
        let reduced = self.state().reduced;
        Some(Box::new(Attempt { limit: self.clone(), reduced }))
    }
}

/// An attempt of a call.
struct Attempt {
    limit: AdaptiveConcurrency,
    /// How often the limit had been reduced when the attempt began.
    reduced: u64,
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").finish_non_exhaustive()
    }
}

impl Attempt {
    fn failed(&mut self, error: &Error) {
        let mut state = self.limit.state();
        if error.kind() == ErrorKind::Throttled && self.reduced == state.reduced {
            state.limit = self.limit.publish(state.limit / 2.0);
            state.reduced += 1;
        }
        self.reduced = state.reduced;
    }
}

impl Run for Attempt {
    fn retry(&mut self, _: u32, error: &Error, _: Duration) {
        self.failed(error);
    }

    fn end(&mut self, _: &AiMessage) {
        self.limit.increase();
    }

    fn error(&mut self, error: &Error) {
        self.failed(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(limit: &AdaptiveConcurrency) -> Attempt {
        Attempt { limit: limit.clone(), reduced: limit.state().reduced }
    }

    #[test]
    fn concurrency_grows_fast_until_the_first_throttling() {
        let limit = AdaptiveConcurrency::new(16);
        let now = || limit.limit();
        let throttled = Error::new(ErrorKind::Throttled, "x");
        assert_eq!(now(), 10);
        (0..3).for_each(|_| attempt(&limit).end(&AiMessage::default()));
        assert_eq!(now(), 13);
        (0..9).for_each(|_| attempt(&limit).end(&AiMessage::default()));
        assert_eq!(now(), 16);
        // All attempts of one round are throttled at once: that is one signal.
        let mut round = [(); 16].map(|()| attempt(&limit));
        round.iter_mut().for_each(|attempt| attempt.retry(1, &throttled, Duration::ZERO));
        assert_eq!(now(), 8);
        // Other errors are not a signal.
        attempt(&limit).error(&Error::new(ErrorKind::Service, "x"));
        assert_eq!(now(), 8);
        (0..9).for_each(|_| attempt(&limit).end(&AiMessage::default()));
        assert_eq!(now(), 9, "one more after a round of replies");
        // Their next attempts began after that.
        round[0].error(&throttled);
        round[1].error(&throttled);
        assert_eq!(now(), 4);
        (0..9).for_each(|_| attempt(&limit).error(&throttled));
        assert_eq!(now(), 1);
        assert_eq!(AdaptiveConcurrency::new(0).limit(), 1);
        assert_eq!(AdaptiveConcurrency::new(3).limit(), 3);
    }
}
