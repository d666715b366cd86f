//! What the npm package's JavaScript calls. Text goes over the border as JSON, which the engines
//! read faster than a module can build objects; the package's `js/` turns it into LangChain's names.

mod config;
mod error;
mod events;
mod task;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bedrock_chat::{BedrockChat, ChatStream, Json, interop, short_term_api_key};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use error::thrown;
use task::Task;

/// A third of the code of the standard library's allocator. Its pages grow into one pool, as pictures
/// and long answers are larger than a page.
#[global_allocator]
static MEMORY: rlsf::GlobalTlsf<Memory> = rlsf::GlobalTlsf::new();

struct Memory;

impl rlsf::GlobalTlsfOptions for Memory {
    const COALESCE_POOLS: bool = true;
    // 0.3 KB compressed: memory of wasm never shrinks, so growing in place keeps its peak down.
    const ENABLE_REALLOCATION: bool = true;
}

/// A chat model.
#[wasm_bindgen]
pub struct Chat {
    chat: BedrockChat,
}

#[wasm_bindgen]
impl Chat {
    /// Makes a chat model. `config` is JSON with the constructor's fields; `fetch` is used in place of
    /// the global one; `credentials` gives a promise of credentials as JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, fetch: Option<Function>, credentials: Option<Function>) -> Result<Chat, JsValue> {
        let chat = config::chat(config, fetch, credentials).map_err(thrown)?;
        Ok(Self { chat })
    }

    /// Whether the model can be made to call a tool, and whether it can be held to a JSON Schema, as bits 1 and 2.
    pub fn capabilities(&self) -> u8 {
        let can = self.chat.capabilities();
        u8::from(can.forced_tools) | u8::from(can.json_schema) << 1
    }

    /// Sends a conversation; the task gives the reply in LangChain's form.
    pub fn invoke(&self, messages: String, options: String) -> Task {
        let chat = self.chat.clone();
        Task::new(async move {
            let chat = config::with_options(&chat, &options)?;
            let reply = chat.invoke(config::messages(&messages)?).await?;
            Ok(reply_text(&reply))
        })
    }

    /// Sends a conversation; the task gives a stream once the first event is there.
    pub fn stream(&self, messages: String, options: String) -> Task {
        let chat = self.chat.clone();
        Task::of_value(async move {
            let chat = config::with_options(&chat, &options)?;
            let stream = chat.stream(config::messages(&messages)?).await?;
            Ok(Stream::new(stream).into())
        })
    }

    /// Completes a raw prompt.
    pub fn complete(&self, prompt: String, options: String) -> Task {
        let chat = self.chat.clone();
        Task::new(async move {
            let chat = config::with_options(&chat, &options)?;
            Ok(reply_text(&chat.complete(prompt).await?))
        })
    }

    /// Counts the tokens of a conversation.
    #[wasm_bindgen(js_name = countTokens)]
    pub fn count_tokens(&self, messages: String, options: String) -> Task {
        let chat = self.chat.clone();
        Task::new(async move {
            let chat = config::with_options(&chat, &options)?;
            Ok(chat.count_tokens(config::messages(&messages)?).await?.to_string())
        })
    }
}

/// Makes a short-term API key. `credentials` are JSON; `now` is in milliseconds since 1970.
#[wasm_bindgen(js_name = mintApiKey)]
pub fn mint_api_key(credentials: &str, region: &str, seconds: u32, now: f64) -> Result<String, JsValue> {
    let credentials = Json::parse(credentials).map_err(error::json).and_then(|json| config::credentials(json.view()));
    let now = Duration::try_from_secs_f64(now / 1000.0).unwrap_or_default();
    credentials
        .and_then(|credentials| short_term_api_key(&credentials, region, Duration::from_secs(seconds.into()), now))
        .map_err(thrown)
}

fn reply_text(reply: &bedrock_chat::AiMessage) -> String {
    interop::reply_to_langchain(reply).as_str().to_owned()
}

/// An answer that is still coming.
#[wasm_bindgen]
pub struct Stream {
    /// Taken out while a `next` is under way.
    stream: Rc<RefCell<Option<ChatStream>>>,
}

impl Stream {
    fn new(stream: ChatStream) -> Self {
        Self { stream: Rc::new(RefCell::new(Some(stream))) }
    }
}

#[wasm_bindgen]
impl Stream {
    /// The next events: a JSON list of all that are there, so that the border is crossed once for
    /// many. The empty list is the end.
    pub fn next(&self) -> Task {
        let cell = Rc::clone(&self.stream);
        Task::new(async move {
            let Some(mut stream) = cell.borrow_mut().take() else { return Ok("[]".to_owned()) };
            let mut batch = events::Batch::new();
            let first = stream.next().await;
            let mut item = first;
            let failed = loop {
                match item {
                    Some(Ok(event)) => batch.push(&event),
                    Some(Err(error)) => break Some(error),
                    None => break None,
                }
                // What has come meanwhile goes with it; nobody waits for more.
                let mut next = std::pin::pin!(stream.next());
                let ready = poll_fn(|context| Poll::Ready(Pin::new(&mut next).as_mut().poll(context))).await;
                match ready {
                    Poll::Ready(next) => item = next,
                    Poll::Pending => break None,
                }
            };
            match failed {
                Some(error) if batch.is_empty() => Err(error),
                Some(error) => {
                    // The events before it first; the error is what the next call gives.
                    batch.fail(&error);
                    Ok(batch.finish())
                }
                None => {
                    cell.borrow_mut().replace(stream);
                    Ok(batch.finish())
                }
            }
        })
    }

    /// The message as far as it was delivered, in LangChain's form.
    #[wasm_bindgen(js_name = soFar)]
    pub fn so_far(&self) -> Option<String> {
        self.stream.borrow().as_ref().map(|stream| reply_text(&stream.so_far()))
    }

    /// AWS's id of the request.
    #[wasm_bindgen(getter, js_name = requestId)]
    pub fn request_id(&self) -> Option<String> {
        self.stream.borrow().as_ref().and_then(|stream| stream.request_id().map(str::to_owned))
    }
}
