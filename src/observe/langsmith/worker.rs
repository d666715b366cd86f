//! The sender of runs: a separate thread on targets with threads, otherwise callers of `flush`.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::queue::{Item, Queue};
use super::run::{Ended, Hide, Post, Started, post};
use super::send::Sender;
use crate::error::{Error, ErrorKind, Result};
use crate::platform::in_background;

/// Maximum number of operations in one request.
const MAX_ITEMS: usize = 100;

/// A function that receives errors that no caller waits for.
pub(super) type OnError = dyn Fn(&Error) + Send + Sync;

/// The state that calls, flushes and the worker share.
pub(super) struct Shared {
    pub(super) sender: Sender,
    pub(super) project: String,
    pub(super) hide: Hide,
    /// How long runs are collected before they are sent together.
    pub(super) interval: Duration,
    pub(super) on_error: Option<Box<OnError>>,
    pub(super) state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: Queue,
    worker: Worker,
    /// The waker of the worker while it waits.
    waker: Option<Waker>,
    /// The numbers of requested and of completed flushes.
    asked: u64,
    served: u64,
    waiting: Vec<Waker>,
    /// Whether all handles that could begin a run are dropped.
    closed: bool,
    /// The first error since the last flush.
    failure: Option<Error>,
}

#[derive(Debug, PartialEq)]
enum Worker {
    NotYet,
    Runs,
    /// There are no threads on this target, or the worker has panicked.
    Gone,
}

impl State {
    pub(super) fn new(queue: Queue) -> Self {
        Self {
            queue,
            worker: Worker::NotYet,
            waker: None,
            asked: 0,
            served: 0,
            waiting: Vec::new(),
            closed: false,
            failure: None,
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(self: &Arc<Self>, run: Arc<Started>) {
        self.queued(|queue| queue.begin(run));
    }

    pub(super) fn end(self: &Arc<Self>, run: Arc<Started>, ended: Ended) {
        self.queued(|queue| queue.end(run, ended));
    }

    fn queued(self: &Arc<Self>, change: impl FnOnce(&mut Queue)) {
        let mut state = self.state();
        change(&mut state.queue);
        state.wake();
        if state.worker == Worker::NotYet {
            // The state is set before the thread runs, so that no other call starts a second thread.
            state.worker = Worker::Runs;
            drop(state);
            let guard = Guard(Arc::clone(self));
            let work = async move { guard.0.work().await };
            in_background("bedrock-chat-langsmith", Box::pin(work));
        }
    }

    /// Marks the queue as closed: the worker sends the remaining runs and exits.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.wake();
    }

    /// Waits until all runs in the queue are sent, or have failed.
    pub(super) async fn flush(&self) -> Result<()> {
        let ticket = {
            let mut state = self.state();
            state.asked += 1;
            state.wake();
            state.asked
        };
        let by_worker = poll_fn(|context| {
            let mut state = self.state();
            if state.worker != Worker::Runs {
                return Poll::Ready(false);
            }
            if state.served >= ticket {
                return Poll::Ready(true);
            }
            state.waiting.push(context.waker().clone());
            Poll::Pending
        });
        if !by_worker.await {
            self.drain().await;
        }
        self.state().failure.take().map_or(Ok(()), Err)
    }

    /// Runs the worker until it exits.
    async fn work(&self) {
        loop {
            let closed = poll_fn(|context| {
                let mut state = self.state();
                if state.queue.len() > 0 || state.asked > state.served || state.closed {
                    return Poll::Ready(state.closed);
                }
                state.waker = Some(context.waker().clone());
                Poll::Pending
            });
            let closed = closed.await;
            self.collect().await;
            let asked = self.state().asked;
            self.drain().await;
            let mut state = self.state();
            state.served = asked;
            state.waiting.drain(..).for_each(Waker::wake);
            if closed && state.queue.len() == 0 {
                return;
            }
        }
    }

    /// Waits for more runs, unless a flush waits for the queued ones.
    async fn collect(&self) {
        let mut timer = self.sender.runtime.sleep(self.interval);
        poll_fn(|context| {
            let mut state = self.state();
            if state.asked > state.served || state.closed || state.queue.len() >= MAX_ITEMS {
                return Poll::Ready(());
            }
            state.waker = Some(context.waker().clone());
            drop(state);
            timer.as_mut().poll(context)
        })
        .await;
    }

    /// Sends the items that are in the queue now. Items that arrive meanwhile wait for the next time.
    async fn drain(&self) {
        let mut left = self.state().queue.len();
        while left > 0 {
            let items = self.state().queue.take(left.min(MAX_ITEMS));
            if items.is_empty() {
                return;
            }
            left -= items.len();
            // A flush may be dropped half-way on targets without a worker. All of its items then count as lost.
            let mut taken = Taken { shared: self, items };
            let (posts, places) = self.written(&mut taken.items);
            let failed = self.sender.send(&posts).await;
            let sent = std::mem::take(&mut taken.items);
            self.lost(failed.iter().filter_map(|(at, _)| sent.get(*places.get(*at)?)));
            // Items that failed for the same reason are reported once.
            let mut last: Option<&Arc<Error>> = None;
            for (_, error) in &failed {
                if last.is_none_or(|last| !Arc::ptr_eq(last, error)) {
                    self.report(error);
                }
                last = Some(error);
            }
        }
    }

    /// Returns the items as they are posted, each with its position. The caller's function takes part, and an item is
    /// not sent if that function panics.
    fn written(&self, items: &mut [Item]) -> (Vec<Post>, Vec<usize>) {
        let mut written = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for (place, item) in items.iter().enumerate() {
            // The beginning of the run may have been lost after its end was queued.
            let create = item.create || item.run.lost.load(Ordering::Relaxed);
            let write = || post(&item.run, create, item.ended.as_ref(), &self.project, &self.hide);
            match catch_unwind(AssertUnwindSafe(write)) {
                Ok(post) => {
                    written.0.push(post);
                    written.1.push(place);
                }
                Err(_) => {
                    self.lost([item]);
                    self.report(&Error::new(
                        ErrorKind::Encode,
                        "the redaction function panicked; its run was not sent",
                    ));
                }
            }
        }
        written
    }

    fn lost<'a>(&self, items: impl IntoIterator<Item = &'a Item>) {
        let mut state = self.state();
        for item in items {
            item.lose();
            state.queue.dropped += 1;
        }
    }

    fn report(&self, error: &Error) {
        if let Some(on_error) = &self.on_error {
            // A panic of the function must not end the worker.
            let _ = catch_unwind(AssertUnwindSafe(|| on_error(error)));
        }
        let copy = Error::new(error.kind(), error.message()).with_retryable(error.is_retryable());
        self.state().failure.get_or_insert(copy);
    }
}

/// Items that are being sent. If they are dropped before they have arrived, they count as lost.
struct Taken<'a> {
    shared: &'a Shared,
    items: Vec<Item>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.shared.lost(&self.items);
    }
}

/// A guard that reports the end of the worker, also after a panic, so that no caller waits for it.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.worker = Worker::Gone;
        state.waiting.drain(..).for_each(Waker::wake);
    }
}
