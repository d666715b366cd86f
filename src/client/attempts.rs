//! One call, sent until it succeeds, cannot succeed, or has been sent often enough.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::Client;
use super::body::limited;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::observe::Runs;
use crate::provider::Call;
use crate::sigv4::AmzDate;
use crate::text::split_once;
use crate::transport::{HttpRequest, HttpResponse};

/// What an answer has to know of the attempt that it answers.
#[derive(Clone, Default)]
pub(super) struct Sent {
    credentials: Option<Credentials>,
    /// How often the call was sent.
    pub(super) attempts: u32,
}

impl Sent {
    /// The same error without the secrets that it may repeat.
    pub(super) fn concealed(&self, error: Error) -> Error {
        match &self.credentials {
            Some(used) => error.concealing(used.secrets()),
            None => error,
        }
    }
}

/// The attempts at one call. Every one has credentials, a date and a signature of its own.
pub(super) struct Attempts<'a> {
    client: &'a Client,
    call: &'a Call,
    body: Bytes,
    hash: [u8; 32],
    last: Sent,
    /// What the service said of them, if it said that they have expired.
    expired: Option<Error>,
    refreshed: bool,
    corrected: bool,
    /// How often was tried, also where it came to no sending for want of credentials.
    tries: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(client: &'a Client, call: &'a Call) -> Self {
        let body = call.body.clone();
        let hash = crate::platform::sha256(&body);
        let last = Sent::default();
        Self { client, call, body, hash, last, expired: None, refreshed: false, corrected: false, tries: 0 }
    }

    /// The last attempt.
    pub(super) fn sent(&self) -> Sent {
        self.last.clone()
    }

    /// Signs and sends once more; waits for the head of the answer.
    pub(super) async fn send(&mut self) -> Result<HttpResponse> {
        let client = self.client;
        self.tries += 1;
        let credentials = client.credentials.0.credentials().await?;
        credentials.check()?;
        if let Some(error) = self.expired.take().filter(|_| self.last.credentials.as_ref() == Some(&credentials)) {
            return Err(error);
        }
        self.last.attempts += 1;
        let endpoint = match self.call.control_plane {
            true => &client.endpoint.control_plane()?,
            false => &client.endpoint,
        };
        let path = format!("{}{}", endpoint.prefix(), self.call.path);
        let headers = client.authorised(self.call, endpoint, &path, self.hash, &credentials)?;
        self.last.credentials = Some(credentials);
        let base = client.gateway.as_ref().map_or(endpoint, |gateway| &gateway.endpoint);
        let url = format!("{}{}", base.url(), self.call.path);
        let request = HttpRequest { method: self.call.method, url, headers, body: self.body.clone() };
        let sent = client.transport.send(request);
        limited(&*client.runtime, client.timeouts.first_byte, "the head of the answer", sent).await
    }

    /// Waits until the call may be sent again.
    ///
    /// # Errors
    /// The error itself, with what is known of the call, where it is final.
    pub(super) async fn again(&mut self, error: Error, runs: &mut Runs) -> Result<()> {
        let client = self.client;
        let error = self.last.concealed(error);
        if let Some(skew) = skew(&error, client.runtime.now().as_secs()).filter(|_| !self.corrected) {
            // Once: who is wrong by minutes is so in all calls, and the next one knows.
            self.corrected = true;
            client.skew.store(skew, Ordering::Relaxed);
            runs.retry(self.last.attempts, &error, Duration::ZERO);
            return Ok(());
        }
        if error.kind() == ErrorKind::ExpiredCredentials && !self.refreshed {
            // Once: their provider may have others by now.
            self.refreshed = true;
            if let Some(used) = &self.last.credentials {
                client.credentials.0.forget(used);
            }
            self.expired = Some(error);
            return Ok(());
        }
        match client.retry.delay(self.tries, &error, client.runtime.random()) {
            Some(delay) => {
                runs.retry(self.last.attempts, &error, delay);
                client.runtime.sleep(delay).await;
                Ok(())
            }
            None => Err(error.with_call(client.model.as_str(), client.region.as_deref(), self.last.attempts)),
        }
    }
}

/// By how many seconds the service's clock is ahead of ours, where an error says that a signature is too
/// old or of the future. It names its own time in brackets: `(20250102T030405Z - 5 min.)`. Pages in
/// browsers, to which other sites' `date` headers are not shown, learn it too.
fn skew(error: &Error, now: u64) -> Option<i64> {
    let message = error.message();
    if !(message.starts_with("Signature expired") || message.starts_with("Signature not yet current")) {
        return None;
    }
    let (_, theirs) = split_once(message, "(")?;
    let theirs = AmzDate::seconds_of(theirs.get(..16)?)?;
    i64::try_from(theirs).ok()?.checked_sub(i64::try_from(now).ok()?)
}
