//! How many calls of a batch run at a time: additive increase, multiplicative decrease, as in TCP's congestion control
//! ([RFC 5681](https://www.rfc-editor.org/rfc/rfc5681)).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::message::AiMessage;
use crate::observe::{Observer, Run, RunStart, Watch};

/// The number of calls at a time in the beginning.
const INITIAL: usize = 10;

/// A number of calls at a time that adapts to the service. It observes the calls, as throttling is also seen in
/// attempts that are retried.
#[derive(Clone, Debug)]
pub(super) struct AdaptiveLimit {
    published: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
    max: usize,
}

#[derive(Debug)]
struct State {
    limit: f64,
    /// How often it was reduced. Throttling of attempts that began before the last time does not count again.
    reduced: u64,
}

impl AdaptiveLimit {
    pub(super) fn new(max: usize) -> Self {
        let (max, initial) = (max.max(1), INITIAL.min(max.max(1)));
        let state = State { limit: initial as f64, reduced: 0 };
        Self { published: Arc::new(AtomicUsize::new(initial)), state: Arc::new(Mutex::new(state)), max }
    }

    /// Returns the present number, which changes.
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
        let limit = limit.clamp(1.0, self.max as f64);
        self.published.store(limit as usize, Ordering::Relaxed);
        limit
    }

    fn increase(&self) {
        let mut state = self.state();
        let step = if state.reduced == 0 { 1.0 } else { 1.0 / state.limit };
        state.limit = self.publish(state.limit + step);
    }
}

impl Observer for AdaptiveLimit {
    fn start(&self, _: &RunStart<'_>) -> Option<Box<dyn Run>> {
        let reduced = self.state().reduced;
        Some(Box::new(Attempt { limit: self.clone(), reduced }))
    }
}

/// An attempt of a call.
#[derive(Debug)]
struct Attempt {
    limit: AdaptiveLimit,
    /// How often the limit had been reduced when the attempt began.
    reduced: u64,
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

    fn attempt(limit: &AdaptiveLimit) -> Attempt {
        Attempt { limit: limit.clone(), reduced: limit.state().reduced }
    }

    #[test]
    fn concurrency_grows_fast_until_the_first_throttling() {
        let limit = AdaptiveLimit::new(16);
        let now = || limit.published().load(Ordering::Relaxed);
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
        assert_eq!(AdaptiveLimit::new(0).published().load(Ordering::Relaxed), 1);
        assert_eq!(AdaptiveLimit::new(3).published().load(Ordering::Relaxed), 3);
    }
}
