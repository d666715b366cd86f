//! A clock that tests advance.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use bedrock_chat::{BoxFuture, Runtime};

/// A clock that only moves when a test advances it, and a timer that uses it.
#[derive(Clone, Debug)]
pub(crate) struct Clock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Duration,
    jumps: bool,
    random: f64,
    slept: Vec<Duration>,
    waiting: Vec<Waker>,
}

impl Clock {
    pub(crate) fn at(now: Duration) -> Self {
        Self(Arc::new(Mutex::new(State { now, jumps: false, random: 0.5, slept: Vec::new(), waiting: Vec::new() })))
    }

    /// Returns the same clock, which each sleep advances to its end.
    pub(crate) fn jumping(self) -> Self {
        self.state().jumps = true;
        self
    }

    pub(crate) fn set_random(&self, random: f64) {
        self.state().random = random;
    }

    pub(crate) fn advance(&self, by: Duration) {
        let waiting = {
            let mut state = self.state();
            state.now = state.now.saturating_add(by);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Returns the durations of all sleeps.
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.state().slept.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for Clock {
    fn now(&self) -> Duration {
        self.state().now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = {
            let mut state = self.state();
            state.slept.push(duration);
            let until = state.now.saturating_add(duration);
            if state.jumps {
                state.now = until;
            }
            until
        };
        let clock = self.clone();
        Box::pin(std::future::poll_fn(move |context| {
            let mut state = clock.state();
            if state.now >= until {
                return Poll::Ready(());
            }
            state.waiting.push(context.waker().clone());
            Poll::Pending
        }))
    }

    fn random(&self) -> f64 {
        self.state().random
    }
}
