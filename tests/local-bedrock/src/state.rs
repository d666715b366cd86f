//! The state that all requests of a server share.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::builder::Builder;
use crate::clock::Clock;
use crate::connections::Connections;
use crate::faults::Faults;
use crate::identity;
use crate::model::PromptCache;
use crate::recorded::Log;
use crate::stored::Responses;

/// The state of a server.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Builder,
    pub(crate) clock: Clock,
    pub(crate) log: Log,
    pub(crate) connections: Connections,
    pub(crate) faults: Faults,
    pub(crate) cache: PromptCache,
    pub(crate) responses: Responses,
    pub(crate) identity: identity::State,
    next_id: AtomicU64,
}

impl State {
    pub(crate) fn new(mut settings: Builder) -> Self {
        // A builder can be cloned; the keys that its servers issue are not shared.
        settings.rules.issued = identity::Issued::default();
        Self {
            clock: Clock::new(settings.fixed_clock, settings.clock_offset),
            log: Log::default(),
            connections: Connections::default(),
            faults: Faults::default(),
            cache: PromptCache::default(),
            responses: Responses::default(),
            identity: identity::State::new(settings.identity.clone(), settings.rules.issued.clone()),
            next_id: AtomicU64::new(1),
            settings,
        }
    }

    /// Returns a request id in the service's form, unique for each server.
    pub(crate) fn request_id(&self) -> String {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        format!("10ca1bed-{:04x}-4000-8000-{number:012x}", self.settings.port)
    }

    pub(crate) fn clear(&self) {
        self.log.clear();
        self.faults.clear();
        self.cache.clear();
        self.responses.clear();
        self.identity.clear(&self.settings.identity);
    }
}
