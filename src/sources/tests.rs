//! Tests of the sources over prepared replies.

mod cognito;
mod sts;
mod web_identity;

use std::sync::Mutex;
use std::time::Duration;

use crate::platform::{BoxFuture, Runtime};

/// A clock at a fixed time. Its timers go off at once, or never.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) timers: bool,
    pub(crate) slept: Mutex<Vec<Duration>>,
}

/// The time of the clock: 2025-01-02T03:04:05Z.
pub(crate) const NOW: u64 = 1_735_787_045;

impl Clock {
    pub(crate) fn new(timers: bool) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self { timers, slept: Mutex::default() })
    }
}

impl Runtime for Clock {
    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.slept.lock().unwrap().push(duration);
        match self.timers {
            true => Box::pin(std::future::ready(())),
            false => Box::pin(std::future::pending()),
        }
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// Asserts that neither form of an error has one of these texts.
pub(crate) fn assert_hidden(error: &crate::error::Error, secrets: &[&str]) {
    let printed = format!("{error} {error:?}");
    for secret in secrets {
        assert!(!printed.contains(secret), "{printed}");
    }
}
