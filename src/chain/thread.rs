//! Work that blocks, on its own thread.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

struct Shared<T> {
    result: Option<T>,
    ended: bool,
    waker: Option<Waker>,
}

/// Marks the work as ended, also if it panics.
struct End<T>(Arc<Mutex<Shared<T>>>);

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        let waker = {
            let mut shared = lock(&self.0);
            shared.ended = true;
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs work on its own thread, with every async runtime. `None` if no thread can be started or the work panics.
/// Dropping the future does not stop the work.
pub(super) async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let shared = Arc::new(Mutex::new(Shared { result: None, ended: false, waker: None }));
    let end = End(Arc::clone(&shared));
    let run = move || {
        let result = work();
        lock(&end.0).result = Some(result);
    };
    // If no thread can be started, `end` is dropped with the closure.
    let _ = std::thread::Builder::new().name("bedrock-chat-credentials".to_owned()).spawn(run);
    poll_fn(|context| {
        let mut shared = lock(&shared);
        if shared.ended {
            return Poll::Ready(shared.result.take());
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    })
    .await
}
