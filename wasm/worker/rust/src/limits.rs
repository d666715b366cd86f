//! Limits of keys that hold for the whole Worker. The Durable Object of a key counts its calls, and all isolates ask it.

use bedrock_chat::gateway::{KeyCounter, KeyUse};
use bedrock_chat::json::{View, Writer};
use bedrock_chat::{BoxFuture, Error, ErrorKind, Json, Result};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Promise;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{
    DurableObject, Env, Method, ObjectNamespace, Request, RequestInit, Response, State, Stub, console_error,
    durable_object,
};

use crate::gateway;

/// The name of the binding of the objects.
const BINDING: &str = "LIMITS";

/// The name of the value in the storage of an object.
const USE: &str = "use";

/// The use of one key. There is one object for each key that has a limit or a budget. It keeps nothing in memory, so it
/// may end at any time. The calls to Bedrock are not made here. An object has one thread and six connections, and it is
/// billed for as long as it has a request.
#[durable_object(fetch)]
pub struct KeyLimits {
    state: State,
    env: Env,
}

impl DurableObject for KeyLimits {
    fn new(state: State, env: Env) -> Self {
        Self { state, env }
    }

    /// Counts a call, or the tokens and the cost of a call that has ended. Returns what the key had used before.
    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let asked = request.text().await?;
        let storage = self.state.storage();
        // The runtime delivers no other request while it waits for storage, so that none is counted in between.
        let stored: Option<String> = storage.get(USE).await?;
        let (before, after) = self.count(&asked, stored.as_deref()).map_err(failed)?;
        // A refused call changes nothing, and storing costs.
        if let Some(after) = after {
            storage.put(USE, &after).await?;
        }
        Response::ok(before)
    }
}

impl KeyLimits {
    /// Returns the use before a count and, if it was counted, after it. Both are JSON.
    fn count(&self, asked: &str, stored: Option<&str>) -> Result<(String, Option<String>)> {
        let asked = parsed(asked)?;
        let (asked, gateway) = (asked.view(), gateway::counting(&self.env)?);
        let key = asked.get("key").and_then(View::string).unwrap_or_default();
        gateway.restore(&key, stored.map(read_use).transpose()?.unwrap_or_default());
        let Some(tokens) = asked.get("tokens").and_then(View::u64) else {
            let (before, after) = (gateway.admit(&key)?, gateway.used(&key));
            let after = (after.requests > before.requests).then(|| write_use(&after)).transpose()?;
            return Ok((write_use(&before)?, after));
        };
        let before = gateway.used(&key);
        gateway.record(&key, tokens, asked.get("cost").and_then(View::f64).unwrap_or_default())?;
        Ok((write_use(&before)?, Some(write_use(&gateway.used(&key))?)))
    }
}

/// Asks the object of a key.
pub(crate) struct Counter(ObjectNamespace);

impl Counter {
    /// Returns a counter, if there is the binding `LIMITS`. Without it, each isolate counts separately.
    pub(crate) fn of(env: &Env) -> Option<Self> {
        env.durable_object(BINDING).ok().map(Self)
    }

    fn ask(&self, key: &str, spent: Option<(u64, f64)>) -> worker::Result<(Stub, Request)> {
        let mut w = Writer::new();
        w.begin_object();
        w.field("key", key);
        if let Some((tokens, cost)) = spent {
            w.key("tokens").u64(tokens);
            w.key("cost").f64(cost);
        }
        w.end_object();
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(w.finish().into()));
        // The name of the host is not used.
        Ok((self.0.get_by_name(key)?, Request::new_with_init("https://limits", &init)?))
    }
}

/// Returns the text of an object's answer.
async fn answer(asked: worker::Result<(Stub, Request)>) -> worker::Result<String> {
    let (stub, request) = asked?;
    stub.fetch_with_request(request).await?.text().await
}

impl KeyCounter for Counter {
    fn admit<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<KeyUse>> {
        Box::pin(async move {
            let broken = |error: worker::Error| Error::new(ErrorKind::Interrupted, format!("`{BINDING}`: {error}"));
            read_use(&answer(self.ask(key, None)).await.map_err(broken)?)
        })
    }

    fn record(&self, key: &str, tokens: u64, cost: f64) {
        let asked = self.ask(key, Some((tokens, cost)));
        let recorded = future_to_promise(async {
            if let Err(error) = answer(asked).await {
                console_error!("`{BINDING}`: {error}");
            }
            Ok(JsValue::UNDEFINED)
        });
        // The client has its answer, or has left. Without this, the Worker would end before the object has the numbers.
        if let Err(error) = wait_until(&recorded) {
            console_error!("waitUntil: {error:?}");
        }
    }
}

#[wasm_bindgen(module = "cloudflare:workers")]
extern "C" {
    /// Keeps the current request's context alive until a promise is settled.
    #[wasm_bindgen(catch, js_name = waitUntil)]
    fn wait_until(promise: &Promise) -> core::result::Result<(), JsValue>;
}

fn read_use(text: &str) -> Result<KeyUse> {
    parsed(text)?.read_as().map_err(|error| Error::new(ErrorKind::Config, format!("the use of a key: {error}")))
}

fn write_use(used: &KeyUse) -> Result<String> {
    let json = Json::from_serialize(used);
    let json = json.map_err(|error| Error::new(ErrorKind::Config, format!("the use of a key: {error}")))?;
    Ok(json.as_str().to_owned())
}

fn parsed(text: &str) -> Result<Json> {
    Json::parse(text).map_err(|error| Error::new(ErrorKind::Config, format!("`{BINDING}`: {error}")))
}

fn failed(error: Error) -> worker::Error {
    worker::Error::RustError(error.to_string())
}
