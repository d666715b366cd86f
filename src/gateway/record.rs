//! Records of calls, for logs, metrics and budgets.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::Inner;
use super::cors::MAX_HEADER;
use super::failure::Failure;
use super::settings::Price;
use super::tally::Used;
use crate::json::Json;
use crate::message::{AiMessage, Usage};
use crate::observe::Runs;

/// A call of a client that has ended, for a log line or a metric. Refused calls are included, also those without a known
/// key: see [`Gateway::on_call`](super::Gateway::on_call). It contains neither keys nor parts of the conversation. As
/// JSON, it has the names of its fields in camel case; the members of `usage` have the names of [`Usage`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GatewayCall {
    /// When the call began, in milliseconds since 1970-01-01T00:00:00Z.
    pub began_at: u64,
    /// The name of the client's key; empty for a request without a known key.
    pub key: String,
    /// The model's name, as the client wrote it.
    pub model: String,
    /// The model on Bedrock that was called last: an id, a profile or an ARN.
    pub model_id: String,
    /// The path, without the query; its first 200 characters for a request without a known key.
    pub path: String,
    /// The parts of the request that were left out, as the header `x-gateway-removed` names them, up to 2,000 bytes. In
    /// JSON, it is there only if something was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// The status that the client received; 499, if the client left before it.
    pub status: u16,
    /// Whether the answer was a stream.
    pub streamed: bool,
    /// The tokens used, those of the cache and of reasoning included.
    pub usage: Usage,
    /// Whether tokens in `usage` are estimated, as the answer ended before the service reported them. The estimate is
    /// 1 token for 4 bytes of the request, or of the text that had arrived. In JSON, it is there only if it is `true`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub usage_estimated: bool,
    /// The cost, if the settings have the model's price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Milliseconds from the request's headers to the first byte of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
    /// Milliseconds from the request's headers to the end of the answer.
    pub duration_ms: u64,
    /// AWS's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why the call failed, with what only the operator may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl GatewayCall {
    /// Returns the call as a line of JSON, without a line break.
    pub fn to_json(&self) -> Json {
        // The fields are numbers and texts, which are always JSON.
        Json::from_serialize(self).unwrap_or_else(|_| Json::empty_object())
    }
}

/// The record of a call that has not ended.
pub(super) struct Recorder {
    inner: Arc<Inner>,
    pub(super) call: GatewayCall,
    began: Duration,
    pub(super) price: Option<Price>,
    /// The tokens of the input, estimated for calls whose usage does not arrive.
    pub(super) estimate: u64,
    /// The observer of the rate limiter for a call that passes on, if there is one.
    pub(super) runs: Runs,
    ended: bool,
}

impl Recorder {
    /// Creates a record of a request that is not a call: nothing is counted or reported.
    pub(super) fn unnoticed(inner: Arc<Inner>) -> Self {
        let began = inner.runtime().now();
        Self {
            inner,
            call: GatewayCall::default(),
            began,
            price: None,
            estimate: 0,
            runs: Runs::default(),
            ended: true,
        }
    }

    pub(super) fn new(inner: Arc<Inner>, call: GatewayCall, began: Duration) -> Self {
        Self { inner, call, began, price: None, estimate: 0, runs: Runs::default(), ended: false }
    }

    /// Records that the answer begins.
    pub(super) fn begin(&mut self, status: u16) {
        self.call.status = status;
        self.call.first_byte_ms.get_or_insert(self.milliseconds());
    }

    /// Ends the record: it is counted and reported once.
    pub(super) fn end(&mut self, used: Used, error: Option<String>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let Used { mut usage, mut is_estimated } = used;
        // Otherwise a client could leave each stream before its end and use no tokens.
        if usage.input_tokens == 0 && self.call.status == 200 {
            usage.input_tokens = self.estimate;
            is_estimated |= self.estimate > 0;
        }
        // After an error the limiter keeps its own estimate.
        if error.is_none() && usage != Usage::default() {
            self.runs.end(&AiMessage { usage: Some(usage), ..AiMessage::default() });
        }
        self.call.duration_ms = self.milliseconds();
        (self.call.usage, self.call.usage_estimated, self.call.error) = (usage, is_estimated, error);
        // Rounded to 12 decimals: the digits after them are floating-point error.
        self.call.cost = self.price.map(|price| (price.cost(&usage) * 1e12).round() / 1e12);
        self.inner.ended(&self.call);
    }

    /// Takes the record out, for the body that ends it.
    pub(super) fn taken(&mut self) -> Self {
        std::mem::replace(self, Self::unnoticed(Arc::clone(&self.inner)))
    }

    /// Records what was left out of the request.
    pub(super) fn remove(&mut self, removed: &[String]) {
        // A client may name thousands of features.
        let mut length = 0;
        let fits = |name: &&String| {
            length += name.len();
            length <= MAX_HEADER
        };
        self.call.removed = removed.iter().take_while(fits).cloned().collect();
    }

    /// Records the model that failed and the id of its request.
    pub(super) fn blame(&mut self, failure: &Failure) {
        if !failure.removed.is_empty() {
            self.remove(&failure.removed);
        }
        if let Some(id) = &failure.model_id {
            self.call.model_id.clone_from(id);
        }
        self.call.request_id = failure.request_id.clone().or(self.call.request_id.take());
    }

    /// Ends the record of a request that is refused with this status.
    pub(super) fn refuse(&mut self, failure: &Failure, status: u16) {
        self.blame(failure);
        self.begin(status);
        self.end(Used::default(), Some(failure.text_for_operator().to_owned()));
    }

    fn milliseconds(&self) -> u64 {
        let now = self.inner.runtime().now();
        u64::try_from(now.saturating_sub(self.began).as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Recorder {
    /// The server drops the request of a client that leaves.
    fn drop(&mut self) {
        if !self.ended {
            if self.call.status == 0 {
                self.call.status = 499;
            }
            self.end(Used::default(), Some("the client left before the answer".to_owned()));
        }
    }
}
