//! The number of open connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count of connections that clients hold open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<AtomicUsize>);

impl Connections {
    /// Counts a connection until the returned value is dropped.
    pub(crate) fn opened(&self) -> Opened {
        self.0.fetch_add(1, Ordering::SeqCst);
        Opened(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// One open connection of a client. It is counted until it is dropped.
#[derive(Debug)]
pub struct Opened(Connections);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
