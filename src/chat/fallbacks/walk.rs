//! One call that goes from target to target.

use super::{BedrockChat, Target};
use crate::client::ChatStream;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Writer};
use crate::message::AiMessage;
use crate::platform::{MaybeSend, MaybeSync};

/// The key of the metadata of replies and runs.
pub(super) const KEY: &str = "fallback";

/// The targets of one call, one after the other. A chat without fallbacks is its only target.
pub(crate) struct Walk {
    chat: BedrockChat,
    steps: Option<Box<dyn Steps>>,
}

/// Steps from target to target, behind a trait, so that programs without fallbacks do not link them.
pub(super) trait Steps: MaybeSend + MaybeSync {
    /// Returns the target to call after an error.
    ///
    /// # Errors
    /// The error, extended with the other targets that failed, if no further target may be called for it.
    fn next(&mut self, error: Error) -> Result<BedrockChat>;

    /// Notes that the present target has answered. Returns what had failed before.
    fn answered(&mut self) -> Option<Json>;
}

impl Walk {
    pub(super) fn new(chat: BedrockChat, steps: Box<dyn Steps>) -> Self {
        Self { chat, steps: Some(steps) }
    }

    // Separate from `new`: with one function for both, LLVM passes the vtable of `Course` here too, and links it.
    pub(super) fn alone(chat: BedrockChat) -> Self {
        Self { chat, steps: None }
    }

    /// Returns the target to call.
    pub(crate) fn chat(&self) -> &BedrockChat {
        &self.chat
    }

    /// Goes on to the next target after an error.
    ///
    /// # Errors
    /// The error, if there is no other target for it.
    pub(crate) fn failed(&mut self, error: Error) -> Result<()> {
        match &mut self.steps {
            Some(steps) => self.chat = steps.next(error)?,
            None => return Err(error),
        }
        Ok(())
    }

    /// Notes that the target has answered. Returns the metadata of its reply, if other targets failed before.
    fn answered(&mut self) -> Option<(&'static str, Json)> {
        Some((KEY, self.steps.as_mut()?.answered()?))
    }

    /// Same as [`Walk::answered`], and adds the metadata to the stream.
    pub(crate) fn answered_by_stream(&mut self, stream: ChatStream) -> ChatStream {
        match self.answered() {
            Some((key, value)) => stream.with_metadata(key, value),
            None => stream,
        }
    }

    /// Same as [`Walk::answered`], and adds the metadata to the reply.
    pub(crate) fn answered_by(&mut self, mut reply: AiMessage) -> AiMessage {
        if let Some((key, value)) = self.answered() {
            reply.set_metadata(key, value);
        }
        reply
    }
}

/// The steps of one call.
pub(super) struct Course {
    /// The first target is the chat itself, without a condition.
    targets: Vec<Target>,
    at: usize,
    failures: Vec<Failure>,
    /// Whether circuit breakers are ignored: if all targets would be skipped, all are called.
    all_open: bool,
}

/// A target that failed or was skipped.
struct Failure {
    target: usize,
    kind: ErrorKind,
    attempts: u32,
    skipped: bool,
}

impl Course {
    /// Starts a call. Returns the first target that its circuit breaker lets through.
    pub(super) fn begin(first: Target, others: &[Target]) -> (BedrockChat, Self) {
        let chat = first.chat.clone();
        let targets = std::iter::once(first).chain(others.iter().cloned()).collect();
        let mut course = Self { targets, at: 0, failures: Vec::new(), all_open: false };
        match course.search(0, None) {
            Some(at) => course.at = at,
            None => {
                course.all_open = true;
                course.failures.clear();
            }
        }
        (course.present().unwrap_or(chat), course)
    }

    /// Returns the first target from `start` on whose condition holds for the error and whose breaker is closed. A
    /// target that is skipped counts as failed with the error that opened its breaker.
    fn search(&mut self, start: usize, cause: Option<&Error>) -> Option<usize> {
        let mut skipped = None;
        for (at, target) in self.targets.iter().enumerate().skip(start) {
            if let Some(cause) = skipped.as_ref().or(cause)
                && !target.when.holds(cause)
            {
                continue;
            }
            let breaker = target.breaker.as_ref().filter(|_| !self.all_open);
            let Some(error) = breaker.and_then(|breaker| breaker.refuses(target.chat.client.runtime.now())) else {
                return Some(at);
            };
            self.failures.push(Failure { target: at, kind: error.kind(), attempts: 0, skipped: true });
            skipped = Some(error);
        }
        None
    }

    /// Returns the chat to call. Its observers learn from the metadata of its run what had failed before.
    fn present(&self) -> Option<BedrockChat> {
        let Target { chat, .. } = self.targets.get(self.at)?;
        let Some(note) = self.note() else { return Some(chat.clone()) };
        let mut config = chat.config().clone();
        config.metadata.push((KEY.to_owned(), note));
        // The run of an earlier target has the id.
        if self.failures.iter().any(|failure| !failure.skipped) {
            config.id = None;
        }
        Some(chat.with_config(config))
    }

    /// Returns what failed so far, as JSON.
    fn note(&self) -> Option<Json> {
        if self.failures.is_empty() {
            return None;
        }
        let mut w = Writer::new();
        w.begin_object();
        w.key("target").u64(self.at as u64);
        w.key("failed").begin_array();
        for failure in &self.failures {
            w.begin_object();
            if let Some(Target { chat, .. }) = self.targets.get(failure.target) {
                w.field("model", chat.model().as_str());
                w.opt_field("region", chat.client.region.as_deref());
                w.field("api", chat.client.codec.api().as_str());
            }
            w.field("kind", failure.kind.as_str());
            match failure.skipped {
                true => w.key("skipped").bool(true),
                false => w.key("attempts").u64(failure.attempts.into()),
            }
            w.end_object();
        }
        w.end_array();
        w.end_object();
        Some(Json::written(w))
    }

    /// Returns the final error, which names the other targets that failed.
    fn explained(&self, error: Error) -> Error {
        let mut advice = String::new();
        for failure in self.failures.iter().filter(|failure| failure.target != self.at) {
            let Some(Target { chat, .. }) = self.targets.get(failure.target) else { continue };
            let before = if advice.is_empty() { "the other targets failed too: " } else { ", " };
            let region = chat.client.region.as_deref().unwrap_or_default();
            let place = if region.is_empty() { "" } else { " in " };
            let skipped = if failure.skipped { ", skipped)" } else { ")" };
            let parts = [before, chat.model().as_str(), place, region, " (", failure.kind.as_str(), skipped];
            advice.push_str(&parts.concat());
        }
        if advice.is_empty() { error } else { error.with_advice(&advice) }
    }
}

impl Steps for Course {
    fn next(&mut self, error: Error) -> Result<BedrockChat> {
        if let Some(Target { chat, breaker: Some(breaker), .. }) = self.targets.get(self.at) {
            breaker.failed(&error, chat.client.runtime.now());
        }
        let (kind, attempts) = (error.kind(), error.attempts());
        self.failures.push(Failure { target: self.at, kind, attempts, skipped: false });
        let found = self.search(self.at + 1, Some(&error));
        self.at = found.unwrap_or(self.at);
        found.and_then(|_| self.present()).ok_or_else(|| self.explained(error))
    }

    fn answered(&mut self) -> Option<Json> {
        if let Some(Target { breaker: Some(breaker), .. }) = self.targets.get(self.at) {
            breaker.succeeded();
        }
        self.note()
    }
}
