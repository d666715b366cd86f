//! A gateway: clients of OpenAI's, Anthropic's and Bedrock's own APIs reach every model on Bedrock through it.
//!
//! | path | clients |
//! |---|---|
//! | `POST /v1/messages`, `/v1/messages/count_tokens` | Anthropic's SDKs, Claude Code |
//! | `POST /v1/chat/completions`, `/v1/responses` | OpenAI's SDKs, agent frameworks, Codex |
//! | `GET /v1/models` | all of them |
//! | `POST /model/{id}/converse`, `converse-stream`, `invoke`, `invoke-with-response-stream`, `count-tokens` | AWS's SDKs, with one of the gateway's keys as `AWS_BEARER_TOKEN_BEDROCK` |
//! | `GET /inference-profiles`, `/foundation-models` | the same |
//!
//! A request for a model that speaks the client's API itself passes on byte for byte: Claude's over InvokeModel, GPT's
//! over OpenAI's APIs. Requests for all other models are translated. Parts that a model does not accept and that do not
//! change the answer are left out, and the header `x-gateway-removed` names them. Everything else that cannot be sent is
//! an error.
//!
//! [`Gateway::handle`] answers one request. A server or a Worker passes on what it receives. The
//! [guide](crate::guide::serve) has the settings, the tables of removed parts, and a server.

#![allow(clippy::result_large_err, reason = "an error is created at most once for each request")]

mod access;
mod anthropic;
mod answer;
mod call;
mod chat_completions;
mod cors;
mod dialect;
mod effort;
mod failure;
mod fit;
mod forward;
mod keys;
mod ledger;
mod lists;
mod metadata;
mod openai;
mod record;
mod request;
mod respond;
mod responses;
mod settings;
mod tally;

pub use anthropic::AnthropicSse;
pub use keys::{BudgetPeriod, KeySettings};
pub use ledger::{KeyCounter, KeyUse};
pub use record::GatewayCall;
pub use request::GatewayRequest;
pub use settings::{GatewaySettings, ModelSettings, Price};

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use self::ledger::{Ledger, Strangers};
use crate::chat::{BedrockChat, BedrockChatBuilder};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::{MaybeSend, MaybeSync, Runtime};
use crate::transport::HttpResponse;

/// The number of chats that are kept, one for each model. Clients may ask for any id, so that there must be an end.
const MAX_CHATS: usize = 256;

/// A gateway. It is cheap to clone.
///
/// ```
/// use bedrock_chat::gateway::{Gateway, GatewayRequest, GatewaySettings, KeySettings};
/// use bedrock_chat::{BedrockChat, Headers, Method};
/// # use bedrock_chat::{Credentials, testing::{MemoryTransport, Reply}};
/// # futures_executor::block_on(async {
/// let settings = GatewaySettings::default()
///     .with_model("nova", "us.amazon.nova-lite-v1:0")
///     .with_key("alice", KeySettings::new("gw-0123456789"));
/// let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0").region("us-east-1");
/// # let reply = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Hello!"}]}},"stopReason":"end_turn"}"#;
/// # let chat = chat.credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(MemoryTransport::new([Reply::json(200, reply)]));
/// let gateway = Gateway::new(chat, settings)?.on_call(|call| println!("{}", call.to_json()));
///
/// // A server makes this of what it receives:
/// let mut headers = Headers::new();
/// headers.push("authorization", "Bearer gw-0123456789");
/// let body = r#"{"model": "nova", "messages": [{"role": "user", "content": "Hello?"}]}"#;
/// let request = GatewayRequest::new(Method::Post, "/v1/chat/completions", headers, bedrock_chat::gateway::body(body));
/// let response = gateway.handle(request).await;
/// assert_eq!(response.status, 200);
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

/// A function that is called at the end of each call.
trait OnCall: MaybeSend + MaybeSync {
    fn ended(&self, call: &GatewayCall);
}

impl<F: Fn(&GatewayCall) + MaybeSend + MaybeSync> OnCall for F {
    fn ended(&self, call: &GatewayCall) {
        self(call);
    }
}

#[derive(Clone)]
struct Inner {
    settings: Arc<GatewaySettings>,
    /// The settings of all chats.
    builder: Arc<BedrockChatBuilder>,
    /// The chat of the builder's own model, whose connections and credentials the others share.
    first: Arc<BedrockChat>,
    /// The chats by their ids. A list takes less code than a map, and is short.
    chats: Arc<Mutex<Vec<(String, BedrockChat)>>>,
    ledger: Arc<Ledger>,
    strangers: Arc<Strangers>,
    counter: Option<Arc<dyn KeyCounter>>,
    on_call: Option<Arc<dyn OnCall>>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("settings", &self.inner.settings)
            .field("chat", &self.inner.first)
            .finish_non_exhaustive()
    }
}

impl Gateway {
    /// Creates a gateway. The builder has the region, credentials, retries, time limits and rate limiter of all calls. Its
    /// options hold for requests that are translated. The guardrail and project also hold for
    /// requests that pass on, and the service tier and latency for those of InvokeModel.
    ///
    /// # Errors
    /// `Config`, for wrong settings, and the errors of [`BedrockChatBuilder::build`].
    pub fn new(builder: BedrockChatBuilder, settings: GatewaySettings) -> Result<Self> {
        settings.check()?;
        let first = builder.clone().build()?;
        let inner = Inner {
            settings: Arc::new(settings),
            builder: Arc::new(builder.shared_with(&first)),
            first: Arc::new(first),
            chats: Arc::default(),
            ledger: Arc::default(),
            strangers: Arc::default(),
            counter: None,
            on_call: None,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Calls a function at the end of each call of a client, for logs and metrics. Defaults to none.
    ///
    /// It is also called for requests without a known key, with an empty [`key`](GatewayCall::key). As anyone can send
    /// these, at most 10 a minute are reported. The error of the next one then says how many were not reported.
    #[must_use]
    pub fn on_call(self, ended: impl Fn(&GatewayCall) + MaybeSend + MaybeSync + 'static) -> Self {
        Self { inner: Arc::new(Inner { on_call: Some(Arc::new(ended)), ..(*self.inner).clone() }) }
    }

    /// Sets a counter that several gateways share, for the calls of keys with a limit or a budget. Defaults to the memory of
    /// this gateway.
    #[must_use]
    pub fn counted_by(self, counter: impl KeyCounter + 'static) -> Self {
        Self { inner: Arc::new(Inner { counter: Some(Arc::new(counter)), ..(*self.inner).clone() }) }
    }

    /// Answers a request. The response has an error's status and body in the form of the API that was called. The body of
    /// a streamed answer arrives as the model writes it; dropping it ends the call.
    pub async fn handle(&self, request: GatewayRequest) -> HttpResponse {
        respond::handle(&self.inner, request).await
    }

    /// Returns what a key has used, by its name. Limits and budgets are kept in memory: store this after each
    /// [call](Self::on_call) and [restore](Self::restore) it, to keep budgets over a restart. Use that is
    /// [counted elsewhere](Self::counted_by) is not here.
    pub fn used(&self, key: &str) -> KeyUse {
        self.inner.ledger.used(key)
    }

    /// Sets what a key has used, by its name.
    pub fn restore(&self, key: &str, used: KeyUse) {
        self.inner.ledger.restore(key, used);
    }

    /// Counts a call of a key for [another gateway](Self::counted_by), unless it exceeds a limit of the key. Returns what
    /// the key had used before. [`used`](Self::used) has the use after it.
    ///
    /// # Errors
    /// `Config`, if the settings do not have the key.
    pub fn admit(&self, key: &str) -> Result<KeyUse> {
        let settings = self.inner.key(key)?;
        Ok(self.inner.ledger.admit_and_tell(key, settings, self.inner.runtime().now()))
    }

    /// Counts the tokens and the cost of a call of a key that [another gateway](Self::counted_by) has answered.
    ///
    /// # Errors
    /// `Config`, if the settings do not have the key.
    pub fn record(&self, key: &str, tokens: u64, cost: f64) -> Result<()> {
        let settings = self.inner.key(key)?;
        self.inner.ledger.record(key, settings, tokens, cost, self.inner.runtime().now());
        Ok(())
    }
}

impl Inner {
    fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.first.client().runtime
    }

    /// Returns the chat of a model.
    fn chat(&self, id: &str) -> Result<BedrockChat> {
        let mut chats = self.chats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, chat)) = chats.iter().find(|(known, _)| known == id) {
            return Ok(chat.clone());
        }
        let chat = self.builder.build_for(id)?;
        if chats.len() >= MAX_CHATS {
            chats.clear();
        }
        chats.push((id.to_owned(), chat.clone()));
        Ok(chat)
    }

    /// Returns the settings of a key.
    ///
    /// # Errors
    /// `Config`, if the settings do not have the key.
    fn key(&self, name: &str) -> Result<&KeySettings> {
        let unknown = || Error::of(ErrorKind::Config, format_args!("no key has this name: `{name}`; add it to `keys`"));
        self.settings.keys.get(name).ok_or_else(unknown)
    }

    /// Counts a call of a key, unless the limits of the key forbid it. It is called when nothing but these can stop the
    /// call: requests that the gateway refuses itself cost nothing, and do not count.
    ///
    /// # Errors
    /// Same as [`KeyUse::admit`], and `Overloaded` if the use is counted elsewhere and is not known.
    async fn admit(&self, name: &str) -> Result<(), failure::Failure> {
        let key = self.key(name)?;
        match &self.counter {
            Some(counter) if key.is_limited() => ledger::admit_at(&**counter, name, key).await,
            _ => self.ledger.admit(name, key, self.runtime().now()),
        }
    }

    /// Counts and reports a call that has ended.
    fn ended(&self, call: &GatewayCall) {
        if let Some(key) = self.settings.keys.get(&call.key) {
            let (tokens, cost) = (call.usage.total_tokens(), call.cost.unwrap_or_default());
            match &self.counter {
                Some(counter) if key.is_limited() && (tokens > 0 || cost > 0.0) => {
                    counter.record(&call.key, tokens, cost);
                }
                _ => self.ledger.record(&call.key, key, tokens, cost, self.runtime().now()),
            }
        }
        if let Some(on_call) = &self.on_call {
            on_call.ended(call);
        }
    }
}

/// Returns a body that is in memory as a whole.
pub fn body(bytes: impl Into<bytes::Bytes>) -> crate::transport::ByteStream {
    Box::pin(request::Whole(Some(bytes.into())))
}
