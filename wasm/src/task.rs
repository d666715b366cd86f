//! A promise that can be cancelled.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bedrock_chat::{Error, ErrorKind};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::thrown;

#[derive(Default)]
struct Switch {
    cancelled: bool,
    waker: Option<Waker>,
}

/// Work under way: a promise of its result, and a way to give it up.
#[wasm_bindgen]
pub struct Task {
    promise: Promise,
    switch: Rc<RefCell<Switch>>,
}

impl Task {
    pub(crate) fn new(work: impl Future<Output = Result<String, Error>> + 'static) -> Self {
        Self::of_value(async move { work.await.map(JsValue::from) })
    }

    pub(crate) fn of_value(work: impl Future<Output = Result<JsValue, Error>> + 'static) -> Self {
        let switch = Rc::new(RefCell::new(Switch::default()));
        let work = Cancellable { work: Some(Box::pin(work)), switch: Rc::clone(&switch) };
        Self { promise: future_to_promise(async move { work.await.map_err(thrown) }), switch }
    }
}

#[wasm_bindgen]
impl Task {
    /// The promise.
    #[wasm_bindgen(getter)]
    pub fn promise(&self) -> Promise {
        self.promise.clone()
    }

    /// Gives the work up: its connection is closed, and the promise is rejected.
    pub fn cancel(&self) {
        let waker = {
            let mut switch = self.switch.borrow_mut();
            switch.cancelled = true;
            switch.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

type Work = Pin<Box<dyn Future<Output = Result<JsValue, Error>>>>;

struct Cancellable {
    work: Option<Work>,
    switch: Rc<RefCell<Switch>>,
}

impl Future for Cancellable {
    type Output = Result<JsValue, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let cancelled = {
            let mut switch = this.switch.borrow_mut();
            switch.waker = Some(context.waker().clone());
            switch.cancelled
        };
        if cancelled {
            // Not while the switch is borrowed: closing a connection may call JavaScript that cancels again.
            this.work = None;
            return Poll::Ready(Err(Error::new(ErrorKind::Cancelled, "the call was cancelled")));
        }
        match &mut this.work {
            Some(work) => work.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}
