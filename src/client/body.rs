//! Bodies under a limit on silence.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
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
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(limit) = limit else { return work.await };
    let mut work = pin!(work);
    let mut timer = runtime.sleep(limit);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        timer.as_mut().poll(context).map(|()| Err(too_long(what, limit)))
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

    /// All of it.
    pub(super) async fn collect(&mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(piece) = poll_fn(|context| self.poll_piece(context)).await {
            all.extend_from_slice(&piece?);
        }
        Ok(all)
    }

    /// As much of it as comes, up to a size: enough to say what went wrong.
    pub(super) async fn collect_some(&mut self, most: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < most {
            match poll_fn(|context| self.poll_piece(context)).await {
                Some(Ok(piece)) => all.extend_from_slice(&piece),
                Some(Err(_)) | None => break,
            }
        }
        all.truncate(most);
        all
    }
}
