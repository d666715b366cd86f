//! The gateway that the entry `bedrock-chat/gateway` calls. It is a separate module, so that only programs that use it
//! load it. Files that both modules have are in `wasm/src`.

mod body;
mod counter;
#[path = "../../src/builder.rs"]
mod builder;
#[path = "../../src/credentials.rs"]
mod credentials;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/members.rs"]
mod members;
#[path = "../../src/memory.rs"]
mod memory;
#[path = "../../src/options.rs"]
mod options;
#[path = "../../src/read.rs"]
mod read;
#[path = "../../src/task.rs"]
mod task;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;

use bedrock_chat::gateway::{self, GatewayRequest, GatewaySettings, KeyUse};
use bedrock_chat::json::{Kind, Writer};
use bedrock_chat::{AiMessage, ByteStream, Error, ErrorKind, Headers, HttpResponse, Json, Method, Result};
use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use body::Incoming;
use counter::Counter;
use error::thrown;
use members::Members;
use task::Task;

/// The model of the chat whose credentials and connections the others share. It is not called. Its id has no region.
const FIRST: &str = "amazon.nova-lite-v1:0";

/// A gateway.
#[wasm_bindgen]
pub struct Gateway {
    gateway: gateway::Gateway,
}

#[wasm_bindgen]
impl Gateway {
    /// Creates a gateway.
    ///
    /// - `settings` is JSON with the models and keys.
    /// - `config` is JSON with the fields of a chat, but the model.
    /// - `fetch` is used instead of the global one.
    /// - `credentials` returns a promise of credentials as JSON.
    /// - `on_call` receives each call that has ended, as JSON. It must not throw.
    /// - `admit` and `record` count the use of keys in another place. The first returns a promise of a key's use as JSON,
    ///   and both have no effect alone.
    #[wasm_bindgen(constructor)]
    pub fn new(
        settings: &str,
        config: &str,
        fetch: Option<Function>,
        credentials: Option<Function>,
        on_call: Option<Function>,
        admit: Option<Function>,
        record: Option<Function>,
    ) -> core::result::Result<Gateway, JsValue> {
        let gateway = created(settings, config, fetch, credentials).map_err(thrown)?;
        let gateway = match on_call {
            Some(function) => gateway.on_call(move |call| {
                // An exception that passes through the module would break it.
                let _ = function.call1(&JsValue::UNDEFINED, &call.to_json().as_str().into());
            }),
            None => gateway,
        };
        let gateway = match (admit, record) {
            (Some(admit), Some(record)) => gateway.counted_by(Counter { admit, record }),
            _ => gateway,
        };
        Ok(Self { gateway })
    }

    /// Answers a request. `target` is the path with the query, `headers` is a JSON list of names and values. `body` is
    /// an object with two functions: `read` returns a promise of the next bytes, or of nothing at the end, and `cancel`
    /// ends it. The promise is that of an [`Answer`].
    pub fn handle(
        &self,
        method: &str,
        target: String,
        headers: &str,
        body: Option<Incoming>,
    ) -> core::result::Result<Task, JsValue> {
        let request = request(method, target, headers, body).map_err(thrown)?;
        let gateway = self.gateway.clone();
        Ok(Task::new(Box::pin(async move { Ok(Answer::new(gateway.handle(request).await).into()) })))
    }

    /// Returns what a key has used, as JSON.
    pub fn used(&self, key: &str) -> String {
        write_use(&self.gateway.used(key))
    }

    /// Sets what a key has used, from the JSON of [`used`](Self::used).
    pub fn restore(&self, key: &str, used: &str) -> core::result::Result<(), JsValue> {
        self.gateway.restore(key, read_use(used).map_err(thrown)?);
        Ok(())
    }

    /// Counts a call of a key, unless it exceeds a limit of the key. Returns what the key had used before, as JSON.
    pub fn admit(&self, key: &str) -> core::result::Result<String, JsValue> {
        self.gateway.admit(key).map(|used| write_use(&used)).map_err(thrown)
    }

    /// Counts the tokens and the cost of a call of a key that has ended.
    pub fn record(&self, key: &str, tokens: f64, cost: f64) -> core::result::Result<(), JsValue> {
        self.gateway.record(key, tokens as u64, cost).map_err(thrown)
    }
}

/// Returns the use of a key as JSON. By hand, as serde's code for it is 3 KB of WebAssembly.
fn write_use(used: &KeyUse) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.key("at").u64(used.at);
    w.key("requests").f64(used.requests);
    w.key("tokens").f64(used.tokens);
    w.key("spent").f64(used.spent);
    w.key("period").u64(used.period);
    w.end_object();
    w.finish()
}

/// Reads the use of a key. Members that are absent are 0.
fn read_use(used: &str) -> Result<KeyUse> {
    let json = Json::parse(used).map_err(error::json)?;
    let view = json.view();
    if view.kind() != Kind::Object {
        return Err(wrong_use("it is not an object"));
    }
    let number = |name: &str| match view.get(name) {
        None => Ok(0.0),
        Some(value) => value.f64().ok_or_else(|| wrong_use(&["`", name, "` is not a number"].concat())),
    };
    let mut used = KeyUse::default();
    (used.at, used.period) = (number("at")? as u64, number("period")? as u64);
    (used.requests, used.tokens, used.spent) = (number("requests")?, number("tokens")?, number("spent")?);
    Ok(used)
}

/// Returns the error for the use of a key that cannot be read.
fn wrong_use(what: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        ["invalid use of a key: ", what, "; pass a value that `used` or `admit` returned"].concat(),
    )
}

fn created(
    settings: &str,
    config: &str,
    fetch: Option<Function>,
    credentials: Option<Function>,
) -> Result<gateway::Gateway> {
    let settings = GatewaySettings::from_json(&Json::parse(settings).map_err(error::json)?)?;
    let config = Json::parse(config).map_err(error::json)?;
    let builder = builder::builder(&Members::of(config.view()), FIRST, fetch, credentials)?;
    gateway::Gateway::new(builder, settings)
}

fn request(method: &str, target: String, headers: &str, body: Option<Incoming>) -> Result<GatewayRequest> {
    let Some(method) = Method::parse(method) else {
        return Err(Error::new(ErrorKind::Unsupported, ["no path takes this method: ", method].concat()));
    };
    let mut all = Headers::new();
    for pair in Json::parse(headers).map_err(error::json)?.view().items() {
        let mut texts = pair.items().filter_map(|text| text.string());
        if let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            all.push(&name, value);
        }
    }
    let body = match body {
        Some(body) => body::stream(body),
        None => gateway::body(""),
    };
    Ok(GatewayRequest::new(method, target, all, body))
}

/// The answer to a request.
#[wasm_bindgen]
pub struct Answer {
    status: u16,
    headers: Headers,
    body: Rc<RefCell<ByteStream>>,
}

impl Answer {
    fn new(response: HttpResponse) -> Self {
        Self { status: response.status, headers: response.headers, body: Rc::new(RefCell::new(response.body)) }
    }
}

#[wasm_bindgen]
impl Answer {
    /// The status.
    #[wasm_bindgen(getter)]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers, as a JSON list of names and values.
    #[wasm_bindgen(getter)]
    pub fn headers(&self) -> String {
        let mut w = Writer::new();
        w.begin_array();
        for (name, value) in self.headers.iter() {
            w.begin_array();
            w.string(name);
            w.string(value);
            w.end_array();
        }
        w.end_array();
        w.finish()
    }

    /// Returns the next bytes of the body, or nothing at its end. When a task is cancelled and this object is freed, the
    /// call ends.
    pub fn next(&self) -> Task {
        let body = Rc::clone(&self.body);
        Task::new(Box::pin(async move {
            match poll_fn(|context| body.borrow_mut().as_mut().poll_next(context)).await {
                Some(piece) => Ok(Uint8Array::from(&*piece?).into()),
                None => Ok(JsValue::UNDEFINED),
            }
        }))
    }
}

/// Returns the message that had arrived before an error. Errors of a gateway are in its answers.
fn partial(_: &AiMessage) -> Option<Json> {
    None
}
