//! A promise that can be cancelled, and that counts its requests.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bedrock_chat::{BoxFuture, Error, ErrorKind, FetchTransport, HttpRequest, HttpResponse, Transport};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::thrown;

thread_local! {
    /// The number of requests that the current task has sent.
    static SENT: Cell<u32> = const { Cell::new(0) };
}

/// A transport that counts its requests for the task that sends them: a call that is cancelled is
/// dropped, and its own count with it.
#[derive(Debug)]
pub(crate) struct Counted(pub(crate) FetchTransport);

impl Transport for Counted {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, Error>> {
        SENT.set(SENT.get() + 1);
        self.0.send(request)
    }
}

#[derive(Default)]
struct Switch {
    cancelled: bool,
    sent: u32,
    waker: Option<Waker>,
}

/// A running task: a promise of its result, and a way to cancel it.
#[wasm_bindgen]
pub struct Task {
    promise: Promise,
    switch: Rc<RefCell<Switch>>,
}

impl Task {
    pub(crate) fn new(work: BoxFuture<'static, Result<JsValue, Error>>) -> Self {
        let switch = Rc::new(RefCell::new(Switch::default()));
        let work = Cancellable { work: Some(work), switch: Rc::clone(&switch) };
        Self { promise: future_to_promise(work), switch }
    }
}

#[wasm_bindgen]
impl Task {
    /// The promise.
    #[wasm_bindgen(getter)]
    pub fn promise(&self) -> Promise {
        self.promise.clone()
    }

    /// The requests that were sent so far.
    #[wasm_bindgen(getter)]
    pub fn sent(&self) -> u32 {
        self.switch.borrow().sent
    }

    /// Cancels the task: its connection is closed, and the promise is rejected.
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

struct Cancellable {
    work: Option<BoxFuture<'static, Result<JsValue, Error>>>,
    switch: Rc<RefCell<Switch>>,
}

impl Future for Cancellable {
    type Output = Result<JsValue, JsValue>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let cancelled = {
            let mut switch = this.switch.borrow_mut();
            switch.waker = Some(context.waker().clone());
            switch.cancelled
        };
        if cancelled {
            // Dropped outside of the borrow: closing a connection may call JavaScript that cancels again.
            this.work = None;
        }
        match &mut this.work {
            Some(work) => {
                // `fetch` may call JavaScript, but no other task is polled meanwhile: promises settle later.
                SENT.set(0);
                let result = work.as_mut().poll(context);
                this.switch.borrow_mut().sent += SENT.take();
                result.map_err(thrown)
            }
            None => Poll::Ready(Err(thrown(Error::new(ErrorKind::Cancelled, "the call was cancelled")))),
        }
    }
}
