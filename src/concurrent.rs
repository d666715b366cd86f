//! A stream that runs a limited number of futures at a time, for batches and toolboxes.
//!
//! The npm module does not link it. `buffer_unordered` of futures-util would do the same, and add five crates to
//! the dependencies without features.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::platform::BoxFuture;

/// A stream of the results of futures, each with the position of its future, as soon as it is ready. Futures
/// start in their order, at most `limit` at a time. The limit may change; 0 counts as 1.
pub(crate) struct Concurrent<'a, T> {
    waiting: VecDeque<BoxFuture<'a, T>>,
    running: Vec<(usize, BoxFuture<'a, T>)>,
    started: usize,
    limit: Arc<AtomicUsize>,
}

impl<'a, T> Concurrent<'a, T> {
    pub(crate) fn new(futures: impl IntoIterator<Item = BoxFuture<'a, T>>, limit: usize) -> Self {
        Self::with_limit(futures, Arc::new(AtomicUsize::new(limit)))
    }

    pub(crate) fn with_limit(futures: impl IntoIterator<Item = BoxFuture<'a, T>>, limit: Arc<AtomicUsize>) -> Self {
        let waiting = futures.into_iter().collect();
        Self { waiting, running: Vec::new(), started: 0, limit }
    }

    /// Returns how many futures are not done.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.running.len()
    }

    /// Returns the next result, with the position of its future.
    pub(crate) async fn next(&mut self) -> Option<(usize, T)> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns all results, in the order of the futures.
    pub(crate) async fn all(mut self) -> Vec<T> {
        let mut done: Vec<(usize, T)> = Vec::with_capacity(self.waiting.len());
        while let Some(result) = self.next().await {
            done.push(result);
        }
        done.sort_by_key(|(position, _)| *position);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

// Futures are boxed, so moving this stream does not move them.
impl<T> Unpin for Concurrent<'_, T> {}

impl<T> Stream for Concurrent<'_, T> {
    type Item = (usize, T);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.running.len() < this.limit.load(Ordering::Relaxed).max(1) {
            let Some(next) = this.waiting.pop_front() else { break };
            this.running.push((this.started, next));
            this.started += 1;
        }
        if this.running.is_empty() {
            return Poll::Ready(None);
        }
        let ready = this.running.iter_mut().enumerate().find_map(|(at, (_, future))| {
            match Future::poll(future.as_mut(), context) {
                Poll::Ready(result) => Some((at, result)),
                Poll::Pending => None,
            }
        });
        // The next future starts when the caller polls again.
        match ready {
            Some((at, result)) => Poll::Ready(Some((this.running.swap_remove(at).0, result))),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn concurrent_results_keep_order_and_the_limit() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let futures = (0..20u64).map(|n| -> BoxFuture<'_, u64> {
            let (running, most) = (running.clone(), most.clone());
            Box::pin(async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_millis(20 - n)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                n
            })
        });
        assert_eq!(Concurrent::new(futures, 4).all().await, (0..20).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), 4);
    }
}
