//! One call, sent until it succeeds, cannot succeed, or has been sent often enough.

use bytes::Bytes;

use super::Client;
use super::body::limited;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::observe::Runs;
use crate::provider::Call;
use crate::transport::{HttpRequest, HttpResponse};

/// The attempts at one call. Every one has credentials, a date and a signature of its own.
pub(super) struct Attempts<'a> {
    client: &'a Client,
    call: &'a Call,
    body: Bytes,
    hash: [u8; 32],
    /// The credentials of the last attempt.
    used: Option<Credentials>,
    /// What the service said of them, if it said that they have expired.
    expired: Option<Error>,
    refreshed: bool,
    /// How often was tried, also where it came to no sending for want of credentials.
    tries: u32,
    count: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(client: &'a Client, call: &'a Call) -> Self {
        let body = call.body.clone();
        let hash = crate::platform::sha256(&body);
        Self { client, call, body, hash, used: None, expired: None, refreshed: false, tries: 0, count: 0 }
    }

    /// How often the call was sent.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Signs and sends once more; waits for the head of the answer.
    pub(super) async fn send(&mut self) -> Result<HttpResponse> {
        let client = self.client;
        self.tries += 1;
        let credentials = client.credentials.0.credentials().await?;
        credentials.check()?;
        if let Some(error) = self.expired.take().filter(|_| self.used.as_ref() == Some(&credentials)) {
            return Err(error);
        }
        self.count += 1;
        let endpoint = match self.call.control_plane {
            true => &client.endpoint.control_plane()?,
            false => &client.endpoint,
        };
        let path = format!("{}{}", endpoint.prefix(), self.call.path);
        let headers = client.authorised(self.call, endpoint, &path, self.hash, &credentials)?;
        self.used = Some(credentials);
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
        let error = match &self.used {
            Some(used) => error.concealing(used.secrets()),
            None => error,
        };
        if error.kind() == ErrorKind::ExpiredCredentials && !self.refreshed {
            // Once: their provider may have others by now.
            self.refreshed = true;
            if let Some(used) = &self.used {
                client.credentials.0.forget(used);
            }
            self.expired = Some(error);
            return Ok(());
        }
        match client.retry.delay(self.tries, &error, client.runtime.random()) {
            Some(delay) => {
                runs.retry(self.count, &error, delay);
                client.runtime.sleep(delay).await;
                Ok(())
            }
            None => Err(error.with_call(client.model.as_str(), client.region.as_deref(), self.count)),
        }
    }
}
