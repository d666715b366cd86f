//! Bodies under a limit on silence.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::platform::{BoxFuture, Runtime};
use crate::transport::ByteStream;

/// A future under a time limit.
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

fn too_long(what: &str, limit: Duration) -> Error {
    Error::of(
        ErrorKind::Timeout,
        format_args!("waited {} ms for {what}", u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
    )
}

/// A body whose silence is limited. One timer serves the whole body: it is set
/// anew only when it goes off, however many pieces came in between.
pub(crate) struct Body {
    bytes: ByteStream,
    runtime: Arc<dyn Runtime>,
    limit: Option<Duration>,
    timer: Option<BoxFuture<'static, ()>>,
    heard: bool,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Body {
    pub(super) fn new(bytes: ByteStream, runtime: Arc<dyn Runtime>, limit: Option<Duration>) -> Self {
        Self { bytes, runtime, limit, timer: None, heard: false }
    }

    /// The next piece, or the error that there was none in time.
    pub(super) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if let Poll::Ready(piece) = self.bytes.as_mut().poll_next(context) {
            self.heard = true;
            return Poll::Ready(piece);
        }
        let Some(limit) = self.limit else { return Poll::Pending };
        loop {
            let timer = self.timer.get_or_insert_with(|| {
                self.heard = false;
                self.runtime.sleep(limit)
            });
            match Pin::new(timer).poll(context) {
                Poll::Pending => return Poll::Pending,
                // It went off, but since it was set there was a piece: silence has to begin anew.
                Poll::Ready(()) if self.heard => self.timer = None,
                Poll::Ready(()) => return Poll::Ready(Some(Err(too_long("the next piece of the answer", limit)))),
            }
        }
    }

    /// All of it, or as much as comes up to a size; and what broke it off before.
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
