//! Time limits: on a whole call, on one wait, and on silence within a body.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Resend, Result};
use crate::platform::{BoxFuture, Runtime};
use crate::transport::ByteStream;

/// Runs a future under a time limit.
pub(super) async fn limited<T>(
    runtime: &dyn Runtime,
    limit: Option<Duration>,
    what: &str,
    mut work: BoxFuture<'_, Result<T>>,
) -> Result<T> {
    let mut timer = limit.map(|limit| (runtime.sleep(limit), limit));
    poll_fn(|context| match (work.as_mut().poll(context), &mut timer) {
        (Poll::Pending, Some((timer, limit))) => timer.as_mut().poll(context).map(|()| Err(too_long(what, *limit))),
        (done, _) => done,
    })
    .await
}

fn milliseconds(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
}

fn too_long(what: &str, limit: Duration) -> Error {
    Error::of(ErrorKind::Timeout, format_args!("waited {} ms for {what}", milliseconds(limit)))
}

/// The limit on a whole call: its attempts, the pauses between them, and its stream. One timer.
pub(crate) struct Deadline {
    timer: BoxFuture<'static, ()>,
    limit: Duration,
    at: Duration,
}

impl Deadline {
    pub(super) fn new(runtime: &dyn Runtime, limit: Duration) -> Self {
        Self { timer: runtime.sleep(limit), limit, at: runtime.now().saturating_add(limit) }
    }

    /// Returns when the call ends, since 1970-01-01T00:00:00Z.
    pub(super) fn ends(&self) -> Duration {
        self.at
    }

    /// Returns whether a pause from now on would end after the deadline.
    pub(super) fn is_before(&self, now: Duration, pause: Duration) -> bool {
        self.at <= now.saturating_add(pause)
    }

    /// Returns the deadline's error once the deadline has passed.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        self.timer.as_mut().poll(context).map(|()| {
            // A fallback has its own limit and may still answer; this call is over.
            Error::of(
                ErrorKind::Timeout,
                format_args!("the whole call took longer than its limit of {} ms", milliseconds(self.limit)),
            )
            .with_resend(Resend::Later)
        })
    }
}

/// Runs a future until the deadline, if there is one.
pub(super) async fn within<T>(deadline: &mut Option<Deadline>, work: impl Future<Output = T>) -> Result<T> {
    let mut work = pin!(work);
    poll_fn(|context| match (work.as_mut().poll(context), &mut *deadline) {
        (Poll::Ready(done), _) => Poll::Ready(Ok(done)),
        (Poll::Pending, Some(deadline)) => deadline.poll(context).map(Err),
        (Poll::Pending, None) => Poll::Pending,
    })
    .await
}

/// Same as [`within`], for a future that may fail by itself.
pub(super) async fn in_time<T>(deadline: &mut Option<Deadline>, work: impl Future<Output = Result<T>>) -> Result<T> {
    within(deadline, work).await.and_then(|done| done)
}

/// A body with a limit on its silence. Silence starts when the reader waits for a piece that has not arrived.
///
/// One timer serves the whole body. A piece does not reset it. If the timer fires and a piece has arrived since it
/// was set, it is set again for the rest of the current silence.
pub(crate) struct Body {
    bytes: ByteStream,
    runtime: Arc<dyn Runtime>,
    limit: Option<Duration>,
    timer: Option<BoxFuture<'static, ()>>,
    /// Whether a piece has arrived since the timer was set.
    heard: bool,
    /// When the current silence began.
    silent_since: Option<Duration>,
    /// The end of the whole call, for a body that is passed on.
    #[cfg(feature = "gateway")]
    deadline: Option<Deadline>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Body {
    pub(super) fn new(bytes: ByteStream, runtime: Arc<dyn Runtime>, limit: Option<Duration>) -> Self {
        Self {
            bytes,
            runtime,
            limit,
            timer: None,
            heard: false,
            silent_since: None,
            #[cfg(feature = "gateway")]
            deadline: None,
        }
    }

    /// Sets the end of the whole call, for a reader that has no other limit.
    #[cfg(feature = "gateway")]
    pub(super) fn until(self, deadline: Option<Deadline>) -> Self {
        Self { deadline, ..self }
    }

    /// Returns the next piece, or an error if none arrived in time.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        #[cfg(feature = "gateway")]
        if let Some(Poll::Ready(late)) = self.deadline.as_mut().map(|deadline| deadline.poll(context)) {
            return Poll::Ready(Some(Err(late)));
        }
        if let Poll::Ready(piece) = self.bytes.as_mut().poll_next(context) {
            self.heard = true;
            self.silent_since = None;
            return Poll::Ready(piece);
        }
        let Some(limit) = self.limit else { return Poll::Pending };
        let runtime = &self.runtime;
        let since = *self.silent_since.get_or_insert_with(|| runtime.now());
        loop {
            let heard = &mut self.heard;
            let timer = self.timer.get_or_insert_with(|| {
                // A clock that is set forward must not end a stream at once.
                let left = limit.saturating_sub(runtime.now().saturating_sub(since)).max(limit / 32);
                *heard = false;
                runtime.sleep(left)
            });
            match timer.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) if self.heard => self.timer = None,
                Poll::Ready(()) => return Poll::Ready(Some(Err(too_long("the next piece of the answer", limit)))),
            }
        }
    }

    /// Reads the body up to a size, and returns it with the error that broke it off.
    pub(super) async fn collect(&mut self, most: usize) -> (Vec<u8>, Option<Error>) {
        let mut all = Vec::new();
        while all.len() < most {
            match poll_fn(|context| self.poll_piece(context)).await {
                Some(Ok(piece)) => all.extend_from_slice(&piece),
                Some(Err(error)) => return (all, Some(error)),
                None => break,
            }
        }
        all.truncate(most);
        (all, None)
    }
}
