//! The source that a search for credentials waits for.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The name of the source, if a search runs or was dropped while it waited.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Option<String>>);

impl Waiting {
    fn name(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a source of this name. Sources may be within other sources. If the future is dropped, the name stays:
    /// the call has reached its own time limit, and its error has the name.
    pub(super) async fn on<T>(&self, source: String, work: impl Future<Output = T>) -> T {
        let outer = self.name().replace(source);
        let done = work.await;
        *self.name() = outer;
        done
    }

    /// Forgets the name, as a new search begins.
    pub(super) fn clear(&self) {
        *self.name() = None;
    }

    pub(super) fn source(&self) -> Option<String> {
        self.name().clone()
    }
}
