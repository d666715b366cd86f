//! A future that several calls wait for, and that each of them can drive.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};

use crate::platform::BoxFuture;

/// A future with its waiters. It must not depend on the call that began it. An example is the loop
/// `while let Some(reply) = batch.next().await { chat.invoke(..).await }`. It does not poll the calls of the batch while
/// its body waits for another call. Therefore, each wake-up wakes all waiters, and the first one that is polled drives the
/// future. It is dropped with its last waiter.
pub(super) struct Flight<T> {
    /// `None` after the answer. A waiter holds the lock while it polls.
    future: Mutex<Option<BoxFuture<'static, T>>>,
    wakers: Arc<Wakers>,
    waiters: AtomicU64,
}

/// The wakers of all waiters that are not awake.
#[derive(Default)]
struct Wakers {
    waiting: Mutex<BTreeMap<u64, Waker>>,
    /// Whether the future was woken since its last poll began.
    woken: AtomicBool,
}

impl Wakers {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        // The lock is not held while they wake: a waker may run other code.
        let waiting = std::mem::take(&mut *self.waiting());
        waiting.into_values().for_each(Waker::wake);
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.wake_all();
    }
}

impl<T> Flight<T> {
    pub(super) fn new(future: BoxFuture<'static, T>) -> Arc<Self> {
        Arc::new(Self { future: Mutex::new(Some(future)), wakers: Arc::default(), waiters: AtomicU64::new(0) })
    }
}

/// The result of a poll that does not have to wait.
pub(super) enum Landed<T> {
    /// The answer. Only one waiter receives it.
    Answer(T),
    /// The future panicked, in another waiter.
    Crashed,
}

/// One of the calls that wait for a future.
pub(super) struct Waiter<T> {
    flight: Arc<Flight<T>>,
    id: u64,
}

impl<T> Waiter<T> {
    pub(super) fn new(flight: Arc<Flight<T>>) -> Self {
        let id = flight.waiters.fetch_add(1, Ordering::SeqCst);
        Self { flight, id }
    }

    pub(super) fn flight(&self) -> &Arc<Flight<T>> {
        &self.flight
    }

    /// Sets the waker of this waiter.
    pub(super) fn register(&self, waker: &Waker) {
        let mut waiting = self.flight.wakers.waiting();
        let replaced = match waiting.get(&self.id) {
            Some(known) if known.will_wake(waker) => None,
            _ => waiting.insert(self.id, waker.clone()),
        };
        // Dropping a waker may run other code, too.
        drop(waiting);
        drop(replaced);
    }

    /// Drives the future, unless another thread does so now. Call [`Waiter::register`] before.
    pub(super) fn poll(&self) -> Poll<Landed<T>> {
        let wakers = &self.flight.wakers;
        let polled = match self.flight.future.try_lock() {
            // The thread that has the lock wakes this waiter if the future makes progress.
            Err(TryLockError::WouldBlock) => return Poll::Pending,
            Err(TryLockError::Poisoned(_)) => return Poll::Ready(Landed::Crashed),
            Ok(mut slot) => {
                // The waiter that received the answer wakes this one as soon as the answer is stored.
                let Some(mut future) = slot.take() else { return Poll::Pending };
                let waking = WakeOnPanic(wakers);
                wakers.woken.store(false, Ordering::SeqCst);
                let waker = Waker::from(Arc::clone(wakers));
                let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
                if polled.is_pending() {
                    *slot = Some(future);
                }
                std::mem::forget(waking);
                polled
            }
        };
        if polled.is_pending() && wakers.woken.load(Ordering::SeqCst) {
            // Waiters that were woken during the poll found the lock taken.
            wakers.wake_all();
        }
        polled.map(Landed::Answer)
    }

    /// Wakes the other waiters, after the answer was stored.
    pub(super) fn wake_others(&self) {
        self.flight.wakers.wake_all();
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        let removed = self.flight.wakers.waiting().remove(&self.id);
        drop(removed);
    }
}

/// Wakes the waiters of a future that panics.
struct WakeOnPanic<'a>(&'a Wakers);

impl Drop for WakeOnPanic<'_> {
    fn drop(&mut self) {
        self.0.wake_all();
    }
}
