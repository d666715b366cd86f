//! Calls of the gateway whose answers are forwarded without being decoded.

use std::sync::Arc;

use super::Client;
use super::attempts::Attempts;
use super::body::{Body, Deadline, in_time};
use super::received::{MAX_ERROR_BODY, Response};
use crate::error::{Error, Result};
use crate::headers::Headers;
use crate::observe::Runs;
use crate::provider::Call;

/// The answer of the service: its status and headers, and its body, which is still being received.
pub(crate) struct Passing {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: PassingBody,
    /// The observer of the rate limiter, if there is one.
    pub(crate) runs: Runs,
}

/// The answer of the service with status 200: its headers, its body, which is still being received, and the observer of
/// the rate limiter, if there is one.
pub(crate) type Opening = (Headers, Body, Runs);

/// A body that is forwarded in pieces, or the whole body of an error with the error that it means.
pub(crate) enum PassingBody {
    Pieces(Body),
    Refusal(Vec<u8>, Error),
}

impl Client {
    /// Begins a call that passes on. It waits for the rate limiter, if there is one.
    fn passing(self: &Arc<Self>, call: Call) -> Attempts<'_> {
        let limited = self.limiter.as_ref().map(|limiter| limiter.pass(&call.body, Arc::clone(&self.runtime)));
        let mut attempts = Attempts::new(self, call, Runs::default());
        if let Some((slot, run)) = limited {
            attempts.slot = Some(slot);
            attempts.runs.push(run);
        }
        attempts
    }

    /// Sends a call until there is a response with status 200, whose body is still to be read.
    ///
    /// # Errors
    /// The last attempt's, where it is final, with the body of its response.
    pub(crate) async fn open(self: &Arc<Self>, call: Call) -> Result<Opening, (Error, Vec<u8>)> {
        let mut attempts = self.passing(call);
        match attempts.next().await {
            Ok(Response { head, body, .. }) => {
                attempts.succeeded();
                Ok((head.headers, body.until(attempts.deadline.take()), std::mem::take(&mut attempts.runs)))
            }
            // A body that repeats a secret is not passed on.
            Err(error) if attempts.last.repeats_a_secret(self, &attempts.refusal) => Err((error, Vec::new())),
            Err(error) => Err((error, attempts.refusal)),
        }
    }

    /// Sends a call once and returns the response with any status, for clients that send again by themselves. A call
    /// whose credentials have expired or whose clock is wrong is sent once more, as the client does not know these. A call
    /// with `is_limited` waits for the rate limiter, if there is one.
    ///
    /// # Errors
    /// Errors without a response, such as those of the connection.
    pub(crate) async fn forward(self: &Arc<Self>, call: Call, is_limited: bool) -> Result<Passing> {
        let mut attempts = if is_limited { self.passing(call) } else { Attempts::new(self, call, Runs::default()) };
        loop {
            let mut deadline = attempts.deadline.take();
            let ends = deadline.as_ref().map(Deadline::ends);
            let sent = in_time(&mut deadline, async {
                attempts.wait(ends).await?;
                attempts.send().await
            });
            let sent = sent.await;
            attempts.deadline = deadline;
            let (head, mut body) = sent.map_err(|error| attempts.explained(error))?;
            if head.status == 200 {
                let body = PassingBody::Pieces(body.until(attempts.deadline.take()));
                let runs = std::mem::take(&mut attempts.runs);
                return Ok(Passing { status: head.status, headers: head.headers, body, runs });
            }
            let whole = body.collect(MAX_ERROR_BODY).await.0;
            let error = attempts.explained(head.error(&whole));
            if let Some(error) = attempts.corrected(error) {
                attempts.runs.error(&error);
                if attempts.last.repeats_a_secret(self, &whole) {
                    return Err(error);
                }
                let body = PassingBody::Refusal(whole, error);
                return Ok(Passing { status: head.status, headers: head.headers, body, runs: Runs::default() });
            }
        }
    }
}
