//! The time limits of Node's own `fetch`.
//!
//! Node's `fetch` is undici. It gives up after 300 seconds without response headers, and after 300 seconds of silence
//! within a body. A model may take longer, and the crate has separate limits. undici's global dispatcher may be the
//! caller's: a proxy, a mock, a pool with certificates. The dispatcher is kept, and each request switches its limits
//! off.

use js_sys::{Function, Object, Reflect, Symbol};
use wasm_bindgen::prelude::*;

use super::failure::member;

thread_local! {
    /// One function for all requests: wasm-bindgen would leak one for each.
    static DISPATCH: JsValue = Closure::<dyn Fn(Object, JsValue) -> Result<JsValue, JsValue>>::new(dispatch).into_js_value();
}

/// Returns the dispatcher for Node's own `fetch`; `None` in other runtimes, and where undici's dispatcher cannot be
/// reached. A `vm` context, such as Jest's, has a separate global object without it. Node's limits hold there.
pub(super) fn unlimited() -> Option<JsValue> {
    let global = js_sys::global();
    member(&member(&member(&global, "process")?, "versions")?, "undici")?;
    // Node loads undici, which sets the dispatcher, when its first class is used.
    member(&global, "Headers")?;
    global_dispatcher("1").or_else(|| global_dispatcher("2"))?;
    let dispatcher = Object::new();
    DISPATCH.with(|dispatch| Reflect::set(&dispatcher, &"dispatch".into(), dispatch)).ok()?;
    // `fetch` asks the dispatcher whether its requests are mocked, and passes the body in another form if they are.
    if let Some(mocked) = global_dispatcher("1").and_then(|global| member(&global, MOCKED)) {
        Reflect::set(&dispatcher, &MOCKED.into(), &mocked).ok()?;
    }
    Some(dispatcher.into())
}

const MOCKED: &str = "isMockActive";

fn dispatch(options: Object, handler: JsValue) -> Result<JsValue, JsValue> {
    let options = Object::assign(&Object::new(), &options);
    for limit in ["headersTimeout", "bodyTimeout"] {
        Reflect::set(&options, &limit.into(), &0.into())?;
    }
    // From undici 8 on, a dispatcher expects another form of handlers, and has a separate global.
    let global =
        member(&handler, "onRequestStart").and_then(|_| global_dispatcher("2")).or_else(|| global_dispatcher("1"));
    let global = global.unwrap_or_default();
    let dispatch: Function = Reflect::get(&global, &"dispatch".into())?.unchecked_into();
    dispatch.call2(&global, &options, &handler)
}

/// Returns undici's global dispatcher: Node's default, or the caller's.
fn global_dispatcher(version: &str) -> Option<JsValue> {
    let place = Symbol::for_(&["undici.globalDispatcher.", version].concat());
    Reflect::get(&js_sys::global(), &place).ok().filter(JsValue::is_object)
}
