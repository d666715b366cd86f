//! One call, sent until it succeeds, cannot succeed, or has no attempts left.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Client;
use super::body::{Body, Deadline, limited, within};
use super::check::check_path;
use super::received::{Head, MAX_ERROR_BODY, Response, Sent};
use super::sign::check_transport_security;
use crate::capabilities::Capability;
use crate::credentials::{Credentials, Parts};
use crate::error::{Error, ErrorKind, Result};
use crate::limiter::{CallSlot, no_slot};
use crate::observe::Runs;
use crate::platform::BoxFuture;
use crate::provider::{Call, Mode, forms, refusals};
use crate::request::ChatRequest;
use crate::sigv4::AmzDate;
use crate::transport::HttpRequest;

/// Advice for the error of a call that the quota does not allow to send again.
const QUOTA_IS_EMPTY: &str = "it was not sent again, as the client's quota of retries is empty; call less often";

/// The attempts at one call. Every one has credentials, a date and a new signature.
pub(super) struct Attempts<'a> {
    client: &'a Arc<Client>,
    pub(super) call: Call,
    /// Observers. Notified of each failed attempt and of the final error.
    pub(super) runs: Runs,
    /// The limit on the whole call.
    pub(super) deadline: Option<Deadline>,
    /// The body's hash, once a signature needed it.
    hash: Option<[u8; 32]>,
    pub(super) last: Sent,
    /// Whether the provider of credentials has not answered yet.
    awaits_credentials: bool,
    /// How often in a row the provider of credentials has failed.
    unprovided: u32,
    /// The service's error about them, if it reported that they have expired.
    expired: Option<Error>,
    refreshed: bool,
    corrected: bool,
    /// How long to wait before the next attempt.
    delay: Option<Duration>,
    /// The slot of the call, if there is a rate limiter.
    pub(super) slot: Option<Box<dyn CallSlot>>,
    /// The tokens of the retry quota that the last retry took.
    quota: Option<u32>,
    /// The number of attempts, including attempts that failed before sending, for lack of credentials.
    tries: u32,
    /// The body of the last response that was an error.
    pub(super) refusal: Vec<u8>,
    /// The request, if the service may refuse a form of it that has another.
    pub(super) adaptable: Option<Box<(ChatRequest, Mode)>>,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(client: &'a Arc<Client>, call: Call, runs: Runs) -> Self {
        Self {
            client,
            call,
            runs,
            deadline: client.timeouts.total.map(|limit| Deadline::new(&*client.runtime, limit)),
            hash: None,
            last: Sent::default(),
            awaits_credentials: false,
            unprovided: 0,
            expired: None,
            refreshed: false,
            corrected: false,
            delay: None,
            slot: None,
            quota: None,
            tries: 0,
            refusal: Vec::new(),
            adaptable: None,
        }
    }

    /// Sends until there is a response with status 200, whose body is still to be read.
    ///
    /// # Errors
    /// The last attempt's, where it is final.
    pub(super) fn next(&mut self) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            loop {
                // Taken out of `self`, as the attempt borrows all of it.
                let mut deadline = self.deadline.take();
                let ends = deadline.as_ref().map(Deadline::ends);
                let answer = within(&mut deadline, self.pause_and_attempt(ends)).await;
                self.deadline = deadline;
                match answer.and_then(|answer| answer) {
                    Ok(response) => return Ok(response),
                    Err(error) => self.failed(error)?,
                }
            }
        })
    }

    /// Waits for the delay of a retry and for the slot of the call, which ends by itself at `ends`, and sends once.
    async fn pause_and_attempt(&mut self, ends: Option<Duration>) -> Result<Response> {
        if let Some(delay) = self.delay.take() {
            self.client.runtime.sleep(delay).await;
        }
        self.wait(ends).await?;
        self.attempt().await
    }

    /// Waits for the slot of the call, if there is a rate limiter.
    ///
    /// # Errors
    /// `Timeout`, if the slot begins only after `ends`.
    pub(super) async fn wait(&mut self, ends: Option<Duration>) -> Result<()> {
        let runtime = &self.client.runtime;
        if let Some(slot) = &mut self.slot {
            while let Some(wait) = slot.wait(runtime.now()) {
                if ends.is_some_and(|ends| ends <= runtime.now().saturating_add(wait)) {
                    return Err(no_slot());
                }
                runtime.sleep(wait).await;
            }
        }
        Ok(())
    }

    /// Sends once, and reads the body of an error.
    async fn attempt(&mut self) -> Result<Response> {
        let (head, mut body) = self.send().await?;
        if head.status != 200 {
            self.refusal = body.collect(MAX_ERROR_BODY).await.0;
            return Err(head.error(&self.refusal));
        }
        Ok(Response { head, body, sent: self.last.clone() })
    }

    /// Sends once, and waits for the headers of the response.
    pub(super) async fn send(&mut self) -> Result<(Head, Body)> {
        let client = self.client;
        self.tries += 1;
        self.awaits_credentials = true;
        let provided = client.credentials.0.credentials().await;
        self.awaits_credentials = false;
        self.unprovided = if provided.is_ok() { 0 } else { self.unprovided + 1 };
        let credentials = provided.map_err(|error| error.with_causes_in_message().before_sending())?;
        // Only signatures need a hash of the body.
        if self.hash.is_none() && matches!(credentials.parts(), Parts::Keys { .. }) {
            self.hash = Some(client.runtime.sha256(&self.call.body).await);
        }
        let request = self.request(credentials)?;
        self.last.attempts += 1;
        let sent = client.transport.send(request);
        let response = limited(&*client.runtime, client.timeouts.first_byte, "the response headers", sent).await;
        let response = response.inspect_err(|error| {
            if error.kind().is_before_sending() {
                self.last.attempts -= 1;
            }
        })?;
        let kept = Arc::new(response.headers.shown());
        let at = client.runtime.now().as_secs();
        let head = Head { status: response.status, headers: response.headers, kept, at };
        Ok((head, Body::new(response.body, Arc::clone(&client.runtime), client.timeouts.idle)))
    }

    /// Returns the call, signed with these credentials for now.
    fn request(&mut self, credentials: Credentials) -> Result<HttpRequest> {
        let (client, call) = (self.client, &self.call);
        credentials.check()?;
        if !call.method.takes_body() && !call.body.is_empty() {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!("a {} request has a body; leave it empty, or use another method", call.method),
            ));
        }
        if let Some(error) = self.expired.take().filter(|_| self.last.credentials.as_ref() == Some(&credentials)) {
            return Err(error);
        }
        let endpoint = match call.service == client.codec.service() {
            true => &client.endpoint,
            false => &client.endpoint.of_service(call.service)?,
        };
        check_path(&call.path)?;
        let path = format!("{}{}", endpoint.prefix(), call.path);
        let base = client.gateway.as_ref().map_or(endpoint, |gateway| &gateway.endpoint);
        check_transport_security(base, &credentials, &client.headers)?;
        if let Some(gateway) = &client.gateway {
            gateway.check(call.service)?;
        }
        let headers = client.authorized(call, endpoint, &path, self.hash.unwrap_or_default(), &credentials)?;
        self.last.credentials = Some(credentials);
        let mut url = format!("{}{}", base.url(), call.path);
        if !call.query.is_empty() {
            url.extend(["?", &call.query]);
        }
        Ok(HttpRequest { method: call.method, url, headers, body: call.body.clone() })
    }

    /// Records that an attempt failed, and sets the pause before the next one.
    ///
    /// # Errors
    /// The error itself, with what is known of the call, where it is final.
    pub(super) fn failed(&mut self, error: Error) -> Result<()> {
        let client = self.client;
        let error = self.explained(error);
        let error = match self.corrected(error) {
            None => return Ok(()),
            Some(error) => error,
        };
        let error = match refusals::of(&error) {
            Some((lacks, _)) if self.adapt(lacks) => {
                self.tries -= 1;
                self.runs.retry(self.last.attempts, &error, Duration::ZERO);
                return Ok(());
            }
            Some((_, advice)) => error.with_advice(advice),
            None => error,
        };
        let delay = client.retry.delay(self.tries, &error, client.runtime.random());
        // A pause that outlasts the call's own limit would only hide the error behind a timeout.
        self.delay = delay.filter(|delay| {
            self.deadline.as_ref().is_none_or(|deadline| !deadline.is_before(client.runtime.now(), *delay))
        });
        let Some(delay) = self.delay else { return Err(self.given_up(error)) };
        let Some(cost) = client.retry_quota.take(&error) else {
            return Err(self.given_up(error.with_advice(QUOTA_IS_EMPTY)));
        };
        self.quota = Some(cost);
        self.runs.retry(self.last.attempts, &error, delay);
        Ok(())
    }

    /// Adds what is known of the endpoint, and removes secrets. If the call was still waiting for credentials, the error
    /// says so.
    pub(super) fn explained(&self, error: Error) -> Error {
        let client = self.client;
        let error = match self.awaits_credentials {
            true => error.with_advice(&no_credentials_yet(client.credentials.0.waiting_for())),
            false => error,
        };
        let reached = client.gateway.as_ref().map_or(&client.endpoint, |gateway| &gateway.endpoint);
        self.last.concealed(client, reached.explain(error))
    }

    /// Corrects the clock or the credentials, if the error is about one of them and was not corrected before. Then the
    /// call can be sent again, and the error is gone.
    pub(super) fn corrected(&mut self, error: Error) -> Option<Error> {
        let client = self.client;
        if let Some(skew) = AmzDate::skew(error.message(), client.runtime.now().as_secs()).filter(|_| !self.corrected) {
            // Once: the clock's difference is kept for all calls.
            self.corrected = true;
            client.skew.store(skew, Ordering::Relaxed);
            self.runs.retry(self.last.attempts, &error, Duration::ZERO);
            return None;
        }
        if error.kind() == ErrorKind::ExpiredCredentials && !self.refreshed {
            // Once: the provider may have new credentials by now.
            self.refreshed = true;
            self.runs.retry(self.last.attempts, &error, Duration::ZERO);
            if let Some(used) = &self.last.credentials {
                client.credentials.0.forget(used);
            }
            self.expired = Some(error);
            return None;
        }
        Some(error)
    }

    /// Returns the final error, with what is known of the call. Observers are notified.
    fn given_up(&mut self, error: Error) -> Error {
        let client = self.client;
        // The limit in the message is that of one request.
        let error = match self.unprovided {
            0 | 1 => error,
            times => error.with_advice(&["credentials were requested ", &times.to_string(), " times"].concat()),
        };
        let error = error.with_call(client.model.as_str(), client.region.as_deref(), self.last.attempts);
        self.runs.error(&error);
        error
    }

    /// Returns the tokens of the last retry to the quota.
    pub(super) fn succeeded(&self) {
        self.client.retry_quota.give_back(self.quota);
    }

    /// Writes the call without a form that the service refused. Returns whether that is another call.
    fn adapt(&mut self, lacks: Capability) -> bool {
        let Some((request, mode)) = self.adaptable.as_deref_mut() else { return false };
        if request.options.capabilities.lacks(lacks) {
            return false;
        }
        forms::without(request, lacks);
        match self.client.encode(request, *mode) {
            Ok(call) if (&call.path, &call.body) != (&self.call.path, &self.call.body) => {
                self.runs.adapted(
                    &["the service refused a form of the call, which is sent without it: ", lacks.as_str()].concat(),
                );
                (self.call, self.hash) = (call, None);
                true
            }
            _ => false,
        }
    }
}

/// Returns what to say about a call that ends while its provider of credentials has not answered.
fn no_credentials_yet(waiting_for: Option<String>) -> String {
    match waiting_for {
        Some(source) => {
            format!("it was still waiting for credentials from {source}; check that source, or raise `Timeouts::total`")
        }
        None => "it was still waiting for credentials; check their source, or raise `Timeouts::total`".to_owned(),
    }
}
