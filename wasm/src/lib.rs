//! The functions that the npm package's JavaScript calls. Values are passed as JSON, which engines read
//! faster than a module can build objects; the package's `js/` converts it to LangChain's names.

mod builder;
mod config;
mod credentials;
mod error;
mod events;
mod limiter;
mod members;
mod memory;
mod options;
mod read;
mod structured;
mod task;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use bedrock_chat::json::Writer;
use bedrock_chat::{
    AdaptiveConcurrency, AiMessage, BedrockChat, ChatStream, CircuitBreaker, Fallbacks, Json, ModelId, Service,
    codec_for, interop, short_term_api_key,
};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use error::thrown;
use events::Batch;
use limiter::RateLimiter;
use task::Task;

/// A chat model.
#[wasm_bindgen]
pub struct Chat {
    chat: BedrockChat,
    /// The circuit breaker, if it is a target of fallbacks.
    breaker: Option<CircuitBreaker>,
    /// How many calls may run at a time, if they belong to a batch.
    concurrency: Option<AdaptiveConcurrency>,
}

#[wasm_bindgen]
impl Chat {
    /// Makes a chat model. `config` is JSON with the constructor's fields; `fetch` is used instead of
    /// the global one; `credentials` returns a promise of credentials as JSON. The limiter is consumed.
    #[wasm_bindgen(constructor)]
    pub fn new(
        config: &str,
        fetch: Option<Function>,
        credentials: Option<Function>,
        limiter: Option<RateLimiter>,
    ) -> Result<Chat, JsValue> {
        let (chat, breaker) =
            config::chat(config, fetch, credentials, limiter.map(|limiter| limiter.0)).map_err(thrown)?;
        Ok(Self { chat, breaker, concurrency: None })
    }

    /// Adds a chat that answers when the ones before it fail. `when` gets an error as JSON, and returns whether the
    /// chat answers after it; if it throws, the chat does not.
    #[wasm_bindgen(js_name = fallBack)]
    pub fn fall_back(&mut self, other: &Chat, when: Option<Function>) {
        // Both have their own circuit breakers. This one keeps the one that it has.
        let with_own = |chat: &BedrockChat, breaker| chat.with_fallbacks(Fallbacks::new([]).circuit_breaker(breaker));
        let mut fallbacks = Fallbacks::from([with_own(&other.chat, other.breaker)]).circuit_breaker(None);
        if let Some(when) = when {
            let holds = move |error: &_| when.call1(&JsValue::UNDEFINED, &error::text(error));
            fallbacks = fallbacks.when(move |error| holds(error).is_ok_and(|holds| holds == true));
        }
        self.chat = with_own(&self.chat, self.breaker).with_fallbacks(fallbacks);
    }

    /// Returns the same chat for the calls of one batch, of which at most `max` run at a time.
    pub fn batch(&self, max: Option<usize>) -> Chat {
        let (chat, concurrency) = self.chat.adaptive_concurrency(max);
        Self { chat, breaker: self.breaker, concurrency: Some(concurrency) }
    }

    /// The number of calls of a batch that may run now; 0 for a chat that [`batch`](Self::batch) did not return.
    #[wasm_bindgen(getter)]
    pub fn limit(&self) -> usize {
        self.concurrency.as_ref().map_or(0, AdaptiveConcurrency::limit)
    }

    /// Returns the model's capabilities under the options of a call, as a JSON object of booleans. Unknown ones
    /// are left out.
    pub fn capabilities(&self, options: &str) -> Result<String, JsValue> {
        let chat = config::with_options(&self.chat, options).map_err(thrown)?;
        Ok(config::write_capabilities(chat.capabilities()))
    }

    /// Returns the plan by which the model must follow a schema, as JSON: `{method, isMember}`. `spec` and `options`
    /// are JSON, `spec` in the form of a call's option `structured`.
    pub fn structured(&self, spec: &str, options: &str) -> Result<String, JsValue> {
        structured::plan(&self.chat, spec, options).map_err(thrown)
    }

    /// Runs an operation. `"invoke"` and `"complete"` return the reply in LangChain's form. `"countTokens"` returns a
    /// number. `"stream"` returns a stream once its first event has arrived. Others return the service's JSON.
    /// `input` is a conversation, or a raw prompt for `"complete"`. `options` are the options of the call.
    pub fn call(&self, operation: String, input: String, options: String) -> Task {
        let chat = config::with_options(&self.chat, &options);
        Task::new(Box::pin(async move {
            let chat = chat?;
            let service = match operation.as_str() {
                "getControlPlane" => Some(Service::ControlPlane),
                "getMantle" => Some(Service::Mantle),
                _ => None,
            };
            if let Some(service) = service {
                return Ok(chat.get_json(service, &input).await?.as_str().into());
            }
            let structured = structured::of(&chat, &options)?;
            if operation == "complete" {
                return Ok(reply_text(&chat.complete(input).await?).into());
            }
            let messages = config::messages(&input)?;
            if let Some(structured) = structured {
                return Ok(match operation.as_str() {
                    "stream" => Stream::new(structured.events(messages).await?).into(),
                    _ => reply_text(&structured.reply(messages).await?).into(),
                });
            }
            Ok(match operation.as_str() {
                "stream" => Stream::new(chat.stream(messages).await?).into(),
                "countTokens" => chat.count_tokens(messages).await?.to_string().into(),
                _ => reply_text(&chat.invoke(messages).await?).into(),
            })
        }))
    }
}

/// Returns the known capabilities of a model over this API, as a JSON object of booleans. The default API is the one
/// that the library chooses.
#[wasm_bindgen]
pub fn capabilities(model: &str, api: Option<String>) -> Result<String, JsValue> {
    let known = ModelId::parse(model).and_then(|model| {
        let api = api.as_deref().map(read::api_of).transpose()?;
        Ok(codec_for(&model, api, None)?.capabilities(&model))
    });
    known.map(config::write_capabilities).map_err(thrown)
}

/// Makes a short-term API key. `credentials` are JSON; `now` is in milliseconds since 1970.
#[wasm_bindgen(js_name = mintApiKey)]
pub fn mint_api_key(credentials: &str, region: &str, seconds: u32, now: f64) -> Result<String, JsValue> {
    let credentials =
        Json::parse(credentials).map_err(error::json).and_then(|json| credentials::read_credentials(json.view()));
    let now = Duration::from_millis(now as u64);
    credentials
        .and_then(|credentials| short_term_api_key(&credentials, region, Duration::from_secs(seconds.into()), now))
        .map_err(thrown)
}

/// Returns the message that had arrived before an error, in LangChain's form.
fn partial(message: &AiMessage) -> Option<Json> {
    Some(interop::reply_to_langchain(message))
}

/// Returns a JSON list of the reply in LangChain's form and of the response headers, if there are any.
fn reply_text(reply: &AiMessage) -> String {
    let mut w = Writer::new();
    w.begin_array();
    w.raw(interop::reply_to_langchain(reply).view());
    if let Some(headers) = reply.response_headers() {
        error::write_headers(&mut w, headers);
    }
    w.end_array();
    w.finish()
}

/// An answer that is still arriving.
#[wasm_bindgen]
pub struct Stream {
    stream: Rc<RefCell<ChatStream>>,
}

impl Stream {
    fn new(stream: ChatStream) -> Self {
        Self { stream: Rc::new(RefCell::new(stream)) }
    }
}

#[wasm_bindgen]
impl Stream {
    /// Returns the next events: a JSON list of all that have arrived, so that one call into JavaScript passes many.
    /// The empty list is the end.
    pub fn next(&self) -> Task {
        let cell = Rc::clone(&self.stream);
        Task::new(Box::pin(async move {
            let mut batch = Batch::new();
            // The stream is borrowed while it is polled, not while it waits, so that `soFar` can be called meanwhile.
            if let Err(error) = poll_fn(|context| batch.poll_fill(&mut cell.borrow_mut(), context)).await {
                if batch.is_empty() {
                    return Err(error);
                }
                // Events before the error are delivered first; the error is the last event.
                batch.fail(&error);
            }
            Ok(batch.finish().into())
        }))
    }

    /// The message as far as it was delivered, in LangChain's form.
    #[wasm_bindgen(js_name = soFar)]
    pub fn so_far(&self) -> Option<String> {
        // A caller's `fetch` may call this while the stream is polled. There is then no message to return.
        self.stream.try_borrow().ok().map(|stream| reply_text(&stream.so_far()))
    }

    /// AWS's id of the request.
    #[wasm_bindgen(getter, js_name = requestId)]
    pub fn request_id(&self) -> Option<String> {
        self.stream.borrow().request_id().map(str::to_owned)
    }
}
